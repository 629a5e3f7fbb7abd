"""
Secrets that are shown, and credentials that are none.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from rtkcontract.model import Json, Request, Response
from wrong_servers.emulated.faults import (
    ACCOUNT,
    AWS,
    AZURE,
    BAD,
    GCS,
    GONE,
    GOOD,
    MANY,
    NO_REQUEST,
    SFTP_KEY,
    SFTP_WORD,
    ST,
    TOKEN,
    TYPE,
    Asked,
    Fault,
    Respond,
    Wrap,
    asks,
    created,
    data,
    get,
    header,
    header_of,
    parsed,
    put,
    reads,
    refused,
    replaced,
    says,
    secret_in,
    status,
)


def _leaking(show: Callable[[Response, str], Response], *, kinds: tuple[str, ...] = ()) -> Wrap:
    """
    The answer shows the first credential of the body, whatever its status.
    """

    def change(_: Request, sent: Json, response: Response) -> Response:
        secret = secret_in(sent)
        return show(response, secret) if secret and (not kinds or get(sent, TYPE) in kinds) else response

    return says(change)


def _in_data(name: str, form: Callable[[str], Json]) -> Callable[[Response, str], Response]:
    def show(response: Response, secret: str) -> Response:
        whole = parsed(response.content)
        if response.status == 201:
            put(whole["data"], name, form(secret))
        return replaced(response, whole)

    return show


def _in_header(name: str, form: Callable[[str], str] = str) -> Callable[[Response, str], Response]:
    return lambda response, secret: header(name, form(secret))(NO_REQUEST, GONE, response)


def _echoing(place: str, kind: str = "") -> Wrap:
    """
    A credential comes back where it was, for every store or for one kind.
    """

    def change(sent: Json, told: dict[str, Any]) -> None:
        if get(sent, place) not in (GONE, None) and (not kind or get(sent, TYPE) == kind):
            put(told, place, get(sent, place))

    return data(change)


def _leaks() -> Iterator[Fault]:
    """
    Credentials in an answer: where they were, elsewhere, encoded, in headers or in the text of an error.
    """
    for name, whole in (("access_key", AZURE), ("secret", GCS), ("password", SFTP_WORD), ("private_key", SFTP_KEY)):
        place = f"{ST}.{name}"
        yield Fault(
            name=f"{name} echoed",
            group="leaks",
            shows=(asks(whole),),
            wrap=_echoing(place),
        )
    for kind, whole, leaf in (("gcs", GCS, "secret"), ("sftp", SFTP_WORD, "password"), ("azure", AZURE, "access_key")):
        yield Fault(
            name=f"{leaf} echoed for {kind} only",
            group="leaks",
            shows=(asks(whole),),
            wrap=_echoing(f"{ST}.{leaf}", kind),
        )
    encoded: tuple[tuple[str, Callable[[Response, str], Response]], ...] = (
        ("in base64", _in_data("storage_token", lambda v: base64.b64encode(v.encode()).decode())),
        ("in base64 with a user", _in_data("credentials", lambda v: base64.b64encode(f"user:{v}".encode()).decode())),
        ("in hex", _in_data("storage_token", lambda v: v.encode().hex())),
        ("in capitals", _in_data("storage_token", str.upper)),
        ("in JSON in text", _in_data("debug", lambda v: json.dumps({"storage": {"key": v}}))),
        ("in an address", _in_data("upload_url", lambda v: f"sftp://user:{v}@example.com/")),
        ("under another name", _in_data("storageSecret", str)),
        ("deep in a list", _in_data("audit", lambda v: [{"change": ["storage", v]}])),
        ("as a member name", _in_data("keys", lambda v: {v: 1})),
        ("in a header", _in_header("x-debug-storage")),
        ("in a header in base64", _in_header("x-storage", lambda v: base64.b64encode(v.encode()).decode())),
        ("in a cookie", _in_header("set-cookie", lambda v: f"storage={v}; Path=/")),
        ("in the address of the object", _in_header("location", lambda v: f"/meetings?key={v}")),
    )
    for name, show in encoded:
        shows = (asks(AZURE), asks(SFTP_KEY))
        yield Fault(name=f"secret {name}", group="leaks", shows=shows, wrap=_leaking(show))
    yield Fault(
        name="secret in a header for gcs only",
        group="leaks",
        shows=(asks(GCS),),
        wrap=_leaking(_in_header("x-a"), kinds=("gcs",)),
    )

    def quoted(_: Request, sent: Json, response: Response) -> Response:
        text = f"BAD_REQUEST: cannot use {json.dumps(get(sent, ST))}"
        return replaced(response, {"success": False, "error": {"code": 400, "message": text}})

    yield Fault(
        name="secret in the text of an error",
        group="leaks",
        shows=(asks(AWS, {f"{ST}.region": GONE}),),
        wrap=says(quoted, when=lambda _, s, r: r.status == 400 and secret_in(s) != ""),
    )

    def token_of(request: Request) -> str:
        return next((value for name, value in request.headers if name == "authorization"), "")

    yield Fault(
        name="token in a header",
        group="leaks",
        shows=MANY,
        wrap=says(lambda q, s, r: header("x-echo", token_of(q))(q, s, r)),
    )
    yield Fault(
        name="token in a success",
        group="leaks",
        shows=MANY,
        wrap=says(
            lambda q, s, r: replaced(r, {**parsed(r.content), "request": {"authorization": token_of(q)}}), when=created
        ),
    )
    yield Fault(
        name="token in the text of an error",
        group="leaks",
        shows=BAD,
        wrap=says(
            lambda q, _, r: replaced(
                r, {"success": False, "error": {"code": 400, "message": f"{token_of(q)} sent no"}}
            ),
            when=refused,
        ),
    )

    def earlier(respond: Respond) -> Respond:
        kept = [""]

        def answer(request: Request) -> Response:
            response = respond(request)
            told = header("x-previous", kept[0])(request, GONE, response) if kept[0] else response
            kept[0] = secret_in(parsed(request.content)) or kept[0]
            return told

        return answer

    yield Fault(name="secret of an earlier request", group="leaks", shows=(asks(AZURE), *MANY), wrap=earlier)


def _credentials() -> Iterator[Fault]:
    """
    Each kind of credential that is none, accepted; and ids of a wrong form.
    """

    def let_in(matches: Callable[[str | None, Request], bool]) -> Wrap:
        def change(request: Request) -> Request:
            if not matches(header_of(request, "authorization"), request):
                return request
            kept = tuple(item for item in request.headers if item[0].lower() != "authorization")
            return dataclasses.replace(request, headers=(*kept, GOOD))

        return reads(change)

    rows: tuple[tuple[str, Callable[[str | None, Request], bool], str | None], ...] = (
        ("none", lambda v, _: v is None, None),
        ("an empty header", lambda v, _: v is not None and not v.strip(), ""),
        ("a scheme alone", lambda v, _: v is not None and v.strip() == "Bearer", "Bearer"),
        ("any bearer token", lambda v, _: str(v).startswith("Bearer "), "Bearer x"),
        ("any long token", lambda v, _: re.fullmatch(r"Bearer [\w-]{40,}", str(v)) is not None, "Bearer " + "z" * 40),
        ("any malformed token", lambda v, _: re.fullmatch(r"Bearer .*[^\w -].*", str(v)) is not None, "Bearer a/b!"),
        ("basic credentials", lambda v, _: str(v).startswith("Basic "), "Basic dXNlcjpwYXNz"),
        ("the token without a scheme", lambda v, _: v == TOKEN, TOKEN),
        ("the token under another scheme", lambda v, _: v is not None and v.endswith(f" {TOKEN}"), f"Token {TOKEN}"),
        (
            "the start of the token",
            lambda v, _: v is not None and len(v) > 30 and f"Bearer {TOKEN}".startswith(v),
            f"Bearer {TOKEN[:-1]}",
        ),
        ("the token and more", lambda v, _: v is not None and v.startswith(f"Bearer {TOKEN}"), f"Bearer {TOKEN}x"),
        (
            "the token in capitals",
            lambda v, _: v is not None and v.lower() == f"bearer {TOKEN}".lower(),
            f"Bearer {TOKEN.upper()}",
        ),
    )
    for name, matches, value in rows:
        shown = Asked(headers={"authorization": value}, expect="rejected")
        yield Fault(name=f"accepted: {name}", group="credentials", shows=(shown,), wrap=let_in(matches))
    shown = Asked(
        headers={"authorization": None, "x-auth-email": "a@example.com", "x-auth-key": "key"}, expect="rejected"
    )
    yield Fault(
        name="accepted: key headers",
        group="credentials",
        shows=(shown,),
        wrap=let_in(lambda v, q: v is None and header_of(q, "x-auth-key") is not None),
    )
    for name, given in (("an account id of 33", "0" * 33), ("an account id of another form", "no-account")):
        yield Fault(
            name=f"accepted: {name}",
            group="credentials",
            shows=(Asked(path={"account_id": given}, expect="rejected"),),
            wrap=reads(
                lambda q: dataclasses.replace(q, url=re.sub("/accounts/[^/]+/", f"/accounts/{ACCOUNT}/", q.url))
            ),
        )
    shown = Asked(headers={"authorization": None}, expect="rejected", statuses=(400, 401, 403))
    for code in (404, 500, 302):
        yield Fault(
            name=f"refused with {code}",
            group="credentials",
            shows=(shown,),
            wrap=says(status(code), when=lambda q, _, __: GOOD not in q.headers),
        )


FAULTS: tuple[Fault, ...] = (
    *_leaks(),
    *_credentials(),
)
