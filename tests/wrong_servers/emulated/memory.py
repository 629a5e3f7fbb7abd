"""
Responses that depend on the requests before.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator

from rtkcontract.model import Json, Request, Response
from wrong_servers.emulated.faults import (
    BAD,
    CRASH,
    GONE,
    KEYWORDS,
    MANY,
    PREFIX,
    RC,
    REFUSAL,
    SFTP_WORD,
    ST,
    Fault,
    K,
    Kept,
    Wrap,
    asks,
    get,
    leaf_of,
    parsed,
    put,
    refused,
    replaced,
    says,
    sends,
    stateful,
    tells,
    whenever,
)


def _writes(matches: Callable[[bytes], bool]) -> Callable[[Request], bool]:
    return lambda request: matches(request.content)


def _told(response: Response, place: str, value: Json) -> Response:
    whole = parsed(response.content)
    put(whole["data"], place, value)
    return replaced(response, whole)


def _remembers(place: str) -> Wrap:
    """
    A member that is not sent comes back as it was sent before.
    """

    def change(kept: Kept, _: Request, sent: Json, response: Response) -> Response:
        if response.status != 201:
            return response
        value = get(sent, place)
        if value is GONE:
            return _told(response, place, kept.values[place]) if place in kept.values else response
        if value is not None:
            kept.values[place] = value
        return response

    return stateful(change)


def _state() -> Iterator[Fault]:  # noqa: C901  # one small function a memory
    """
    Answers that depend on the requests before, or on how the same thing is written.
    """
    fixed = "00000000-0000-4000-8000-000000000000"

    def ids(identity: Callable[[Kept, Json], str | None]) -> Wrap:
        def change(kept: Kept, _: Request, sent: Json, response: Response) -> Response:
            if response.status != 201:
                return response
            made = identity(kept, sent)
            return _told(response, "id", made) if made else response

        return stateful(change)

    def first_of(key: Callable[[Json], str]) -> Callable[[Kept, Json], str]:
        return lambda kept, sent: kept.values.setdefault(key(sent), str(uuid.uuid4()))

    same = json.dumps
    rows: tuple[tuple[str, Wrap, int], ...] = (
        ("one id for all", ids(lambda _, __: fixed), 2),
        ("every other id the same", ids(lambda kept, _: fixed if kept.next() % 2 else None), 3),
        ("ids repeat after ten", ids(lambda kept, _: str(uuid.UUID(int=kept.next() % 10, version=4))), 11),
        ("ids repeat after a hundred", ids(lambda kept, _: str(uuid.UUID(int=kept.next() % 100, version=4))), 101),
        ("one id for the same body", ids(first_of(same)), 2),
        ("one id for the same title", ids(first_of(lambda sent: str(get(sent, "title")))), 2),
        ("500 for every other request", stateful(lambda k, q, s, r: CRASH(q, s, r) if k.next() % 2 == 0 else r), 2),
        ("500 for every tenth request", stateful(lambda k, q, s, r: CRASH(q, s, r) if k.next() % 10 == 0 else r), 10),
        (
            "500 for every fiftieth request",
            stateful(lambda k, q, s, r: CRASH(q, s, r) if k.next() % 50 == 0 else r),
            50,
        ),
        ("500 after a hundred requests", stateful(lambda k, q, s, r: CRASH(q, s, r) if k.next() > 100 else r), 101),
        ("refused after sixty requests", stateful(lambda k, q, s, r: REFUSAL(q, s, r) if k.next() > 60 else r), 61),
        ("201 and 200 in turn with v4 envelopes", stateful(_in_turn), 2),
    )
    for name, wrap, times in rows:
        yield Fault(name=name, group="state", shows=MANY * times, wrap=wrap)
    full = asks(
        {"title": "rtkcontract one", KEYWORDS: ["rtkcontract"], PREFIX: "rtkcontract", K: 300, "persist_chat": True}
    )
    for place in ("title", KEYWORDS, PREFIX, "persist_chat", K):
        yield Fault(
            name=f"{leaf_of(place)} of an earlier request",
            group="state",
            shows=(asks({}), full, asks({})),
            wrap=_remembers(place),
        )
    for place, whole in (
        (RC, {PREFIX: "rtkcontract"}),
        ("ai_config", {KEYWORDS: ["rtkcontract"]}),
        (ST, {**SFTP_WORD, f"{ST}.host": "rtkcontract.example.com"}),
    ):
        yield Fault(
            name=f"{leaf_of(place)} of an earlier request",
            group="state",
            shows=(asks({}), asks(whole), asks({})),
            wrap=_remembers_readable(place),
        )

    def grows(kept: Kept, _: Request, sent: Json, response: Response) -> Response:
        words = get(sent, KEYWORDS)
        if response.status != 201 or not isinstance(words, list) or not words:
            return response
        kept.values["words"] = [*kept.values.get("words", ()), *words]
        return _told(response, KEYWORDS, kept.values["words"])

    yield Fault(
        name="keywords pile up",
        group="state",
        shows=(asks({KEYWORDS: ["a"]}), asks({KEYWORDS: ["b"]})),
        wrap=stateful(grows),
    )

    def late(kept: Kept, _: Request, __: Json, response: Response) -> Response:
        before, kept.values["last"] = kept.values.get("last"), response
        return before or response

    yield Fault(
        name="the answer to the request before",
        group="state",
        shows=(asks({"title": "a"}), asks({"title": "b"}), *BAD),
        wrap=stateful(late),
    )

    def stuck(kept: Kept, q: Request, s: Json, response: Response) -> Response:
        before, kept.values["bad"] = kept.values.get("bad"), refused(q, s, response)
        return REFUSAL(q, s, response) if before else response

    yield Fault(name="refused after a refusal", group="state", shows=(*BAD, *MANY), wrap=stateful(stuck))

    def cached(kept: Kept, _: Request, sent: Json, response: Response) -> Response:
        key = json.dumps(sent, sort_keys=True) if isinstance(sent, dict) else uuid.uuid4()
        before: Response = kept.values.setdefault(key, response)
        return before

    yield Fault(name="the same body answered from a cache", group="state", shows=MANY * 2, wrap=stateful(cached))
    orders: tuple[tuple[str, Callable[[bytes], bool], bytes], ...] = (
        ("refused: white space between tokens", lambda c: re.match(rb"\{\s*\n", c) is not None, b'{\n "title": "a"}'),
        ("refused: a tab between tokens", lambda c: re.search(rb"[{,:]\s*\t", c) is not None, b'{\t"title": "a"}'),
        ("refused: ai_config behind recording_config", _behind, b'{"recording_config": {}, "ai_config": {}}'),
        ("refused: an escaped letter", lambda c: b"\\u00e9" in c, b'{"title": "\\u00e9"}'),
    )
    for name, matches, shown in orders:
        yield Fault(
            name=name,
            group="state",
            shows=(sends(shown),),
            wrap=says(REFUSAL, when=whenever(_writes(matches), accepted=True)),
        )
    yield Fault(
        name="keep-alive lost where title stands behind it",
        group="state",
        shows=(asks({"title": "a", K: 70}), asks({K: 70, "title": "a"})),
        wrap=says(tells(K, 60), when=lambda _, s, r: r.status == 201 and _order(s, K, "title") and get(s, K) != 60),
    )


def _order(sent: Json, one: str, other: str) -> bool:
    names = list(sent) if isinstance(sent, dict) else []
    return one in names and other in names and names.index(one) < names.index(other)


def _behind(content: bytes) -> bool:
    return _order(parsed(content), RC, "ai_config")


def _in_turn(kept: Kept, _: Request, __: Json, response: Response) -> Response:
    if response.status != 201 or kept.next() % 2:
        return response
    return replaced(response, {"success": True, "result": parsed(response.content)["data"]})


def _remembers_readable(place: str) -> Wrap:
    """
    An object that is not sent comes back as the answer had it before.
    """

    def change(kept: Kept, _: Request, sent: Json, response: Response) -> Response:
        if response.status != 201:
            return response
        told = get(parsed(response.content)["data"], place)
        if get(sent, place) is GONE:
            return _told(response, place, kept.values[place]) if place in kept.values else response
        if isinstance(told, dict) and told:
            kept.values[place] = told
        return response

    return stateful(change)


FAULTS: tuple[Fault, ...] = (*_state(),)
