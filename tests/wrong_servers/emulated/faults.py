"""
What a fault of the emulator is, and the small functions that make one.

1. A fault is a correct server with one thing changed: a constraint of its document edited, its requests read in
   another way before they reach it, or its answers changed on their way back.
2. Each has requests at which it shows, so that a fault that nobody finds is known to be one.
3. Faults are what real servers get wrong. None was chosen by looking at what a plan sends.
4. A variant does what the sources allow or leave open; a finding about it is a false alarm.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rtkcontract.contract.expectation import Oracle
from rtkcontract.emulator.answers import emulator
from rtkcontract.model import (
    Case,
    Contract,
    Expectation,
    Headers,
    Json,
    Operation,
    Outcome,
    Overrides,
    Request,
    Response,
    Target,
)
from rtkcontract.network.server import serve

Respond = Callable[[Request], Response]


Edit = Callable[[Json], None]


Wrap = Callable[[Respond], Respond]


Convert = Callable[[Any], Any]


Effect = Callable[[Request, Json, Response], Response]


TOKEN = "zoo_token_not_a_secret_" + "0" * 20


ACCOUNT = "0123456789abcdef0123456789abcdef"


APP = "14a396e7-ca44-4937-bf1f-050a69118543"


class Gone:
    """
    The member is not there.
    """


GONE = Gone()


K = "session_keep_alive_time_in_secs"


TR, SU = "ai_config.transcription", "ai_config.summarization"


RC = "recording_config"


AU, VI, ST = f"{RC}.audio_config", f"{RC}.video_config", f"{RC}.storage_config"


WM, BU, LS = f"{VI}.watermark", f"{RC}.realtimekit_bucket_config", f"{RC}.live_streaming_config"


LANGUAGE, KEYWORDS, PROFANITY = f"{TR}.language", f"{TR}.keywords", f"{TR}.profanity_filter"


SUMMARY, FORMAT, WORDS = f"{SU}.summary_type", f"{SU}.text_format", f"{SU}.word_limit"


SECONDS, PREFIX, URL, MARK_URL = f"{RC}.max_seconds", f"{RC}.file_name_prefix", f"{LS}.rtmp_url", f"{WM}.url"


HEIGHT, WIDTH, POSITION = f"{VI}.height", f"{VI}.width", f"{WM}.position"


TYPE, AUTH, ENABLED = f"{ST}.type", f"{ST}.auth_method", f"{BU}.enabled"


SECRETS = ("access_key", "secret", "password", "private_key")


def body(*parts: Mapping[str, Json]) -> dict[str, Any]:
    """
    The object whose members are given by dotted paths.
    """
    made: dict[str, Any] = {}
    for place, value in (item for part in parts for item in part.items()):
        put(made, place, value)
    return made


def put(holder: dict[str, Any], place: str, value: Json) -> None:
    *above, last = place.split(".")
    for name in above:
        below = holder.get(name)
        if not isinstance(below, dict):
            below = holder[name] = {}
        holder = below
    if value is GONE:
        holder.pop(last, None)
    else:
        holder[last] = value


def get(value: Json, place: str) -> Any:
    """
    What stands at a dotted path; GONE where nothing does.
    """
    for name in place.split("."):
        if not isinstance(value, dict) or name not in value:
            return GONE
        value = value[name]
    return value


def parsed(content: bytes) -> Any:
    """
    The JSON value, GONE for what is none.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return GONE


def _stored(kind: str, *names: str) -> dict[str, Json]:
    values = {name: f"rtkcontract_canary_{name}" if name in SECRETS else f"rtkcontract_{name}" for name in names}
    return {TYPE: kind, **{f"{ST}.{name}": value for name, value in values.items()}}


AWS = _stored("aws", "access_key", "secret", "bucket", "region")


AZURE = _stored("azure", "access_key", "region")


OCEAN = _stored("digitalocean", "access_key", "secret", "bucket", "region")


GCS = _stored("gcs", "secret", "bucket", "region")


SFTP_KEY = {**_stored("sftp", "private_key"), AUTH: "KEY"}


SFTP_WORD = {**_stored("sftp", "password"), AUTH: "PASSWORD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    A request at which a fault shows. `expect` says what the sources do where the schema does not.
    """

    content: bytes = b"{}"
    headers: Mapping[str, str | None] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    method: str | None = None
    expect: Outcome | None = None
    statuses: tuple[int, ...] = ()


def asks(*parts: Mapping[str, Json]) -> Asked:
    """
    A well-addressed request with a body; a summary comes with transcription, as the prose wants.
    """
    made = body(*parts)
    if get(made, SU) is not GONE:
        made["ai_config"].setdefault("transcription", {})
    return Asked(content=json.dumps(made).encode())


def sends(content: bytes, expect: Outcome | None = None) -> Asked:
    """
    A well-addressed request with these very bytes.
    """
    return Asked(content=content, expect=expect)


def case_of(contract: Contract, operation: Operation, number: int, asked: Asked) -> Case:
    """
    The case that a request stands for, expected as the schema says.
    """
    if asked.expect is None:
        expect = Oracle(contract.document, operation.request_schema).expectation(json.loads(asked.content))
    else:
        expect = Expectation(outcome=asked.expect, reason="said so", sources=("oas",), statuses=asked.statuses)
    return Case(
        id=f"{operation.name}/shown/{number}",
        operation=operation.name,
        side="valid",
        partition="shown",
        content=asked.content,
        expect=expect,
        overrides=Overrides(method=asked.method, path_parameters=asked.path, headers=asked.headers),
    )


def target(origin: str) -> Target:
    """
    The server at an origin as a live target.
    """
    return Target(kind="live", base_url=f"{origin}/client/v4", account_id=ACCOUNT, app_id=APP, token=TOKEN)


_CORRECT: dict[str, Respond] = {}
"""Servers without a fault have no state, so one a contract is enough."""


def correct(contract: Contract, edit: Edit | None = None) -> Respond:
    """
    A server that answers as the document says; `edit` changes its copy of the document.
    """
    if edit is not None:
        return _emulated(_edited(contract, edit))
    if contract.digest not in _CORRECT:
        _CORRECT[contract.digest] = _emulated(contract)
    return _CORRECT[contract.digest]


def _emulated(contract: Contract) -> Respond:
    return emulator(
        contract,
        token=TOKEN,
        account_id=ACCOUNT,
        app_id=APP,
        now=lambda: datetime.now(UTC),
        new_id=lambda: str(uuid.uuid4()),
    )


def _edited(contract: Contract, edit: Edit) -> Contract:
    from rtkcontract.contract import load  # the zoo is data first

    document = copy.deepcopy(contract.whole)
    edit(document)
    return load.contract_of(document, lambda _: None, "the edited document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    One way to be wrong, as a change of a correct server. `fields` counts the members that must come together.

    `untold`: no answer comes, so a run cannot tell (exit code 2) and may not say that all is well.
    """

    name: str
    group: str
    shows: tuple[Asked, ...]
    edit: Edit | None = None
    wrap: Wrap | None = None
    fields: int = 1
    max_latency_s: float | None = None
    untold: bool = False

    def server(self, contract: Contract) -> Respond:
        """
        A fresh server with the fault.
        """
        respond = correct(contract, self.edit)
        return self.wrap(respond) if self.wrap else respond


def node(document: Json, place: str) -> Json:
    """
    The schema of a member of the request.
    """
    found = document["components"]["schemas"]["create_meeting.request"]
    for name in place.split(".") if place else ():
        found = found["items"] if name == "[]" else found["properties"][name]
    return found


def copies(document: Json, place: str) -> Iterator[Json]:
    """
    The schema of a member of the request, and those that the response takes from it as components of their own.
    """
    yield node(document, place)
    above, names = "create_meeting.request", place.split(".")
    for position, name in enumerate(names):
        above += f".properties.{name}"
        found = document["components"]["schemas"].get(above)
        for below in names[position + 1 :]:
            found = (found or {}).get("properties", {}).get(below)
        if isinstance(found, dict):
            yield found


def rule(place: str, **keywords: Json) -> Edit:
    """
    The document with other keywords at a place; GONE takes one out.
    """

    def edit(document: Json) -> None:
        for found in copies(document, place):
            for name, value in keywords.items():
                if value is GONE:
                    found.pop(name, None)
                else:
                    found[name] = value

    return edit


def types(place: str, *names: str) -> Edit:
    """
    The document with other types at a place.
    """
    return rule(place, type=list(names))


def without(place: str, member: str) -> Edit:
    """
    The document with one member less in an enumeration.
    """

    def edit(document: Json) -> None:
        node(document, place)["enum"].remove(member)

    return edit


def union(number: int, **keywords: Json) -> Edit:
    """
    The document with other keywords in one member of the storage union.
    """

    def edit(document: Json) -> None:
        node(document, ST)["anyOf"][number].update(keywords)

    return edit


def both(*edits: Edit) -> Edit:
    def edit(document: Json) -> None:
        for one in edits:
            one(document)

    return edit


def reads(change: Callable[[Request], Request]) -> Wrap:
    """
    The server sees another request than the one that was sent.
    """
    return lambda respond: lambda request: respond(change(request))


def reads_content(change: Callable[[bytes], bytes]) -> Wrap:
    return reads(lambda request: dataclasses.replace(request, content=change(request.content)))


def takes(place: str, convert: Convert) -> Wrap:
    """
    The server converts a member before it looks at it; GONE leaves the member out.
    """

    def change(content: bytes) -> bytes:
        sent = parsed(content)
        value = get(sent, place)
        if value is GONE:
            return content
        put(sent, place, convert(value))
        return json.dumps(sent).encode()

    return reads_content(change)


def replaced(response: Response, value: Json) -> Response:
    return dataclasses.replace(response, content=json.dumps(value).encode())


def says(change: Effect, *, when: Callable[[Request, Json, Response], bool] | None = None) -> Wrap:
    """
    The server changes its answer; it sees the body that was sent, GONE where that is no JSON.
    """

    def wrap(respond: Respond) -> Respond:
        def answer(request: Request) -> Response:
            response, sent = respond(request), parsed(request.content)
            return response if when and not when(request, sent, response) else change(request, sent, response)

        return answer

    return wrap


def created(_request: Request, _sent: Json, response: Response) -> bool:
    return response.status == 201


def refused(_request: Request, _sent: Json, response: Response) -> bool:
    return 400 <= response.status < 500


def answers(change: Callable[[Json, Json], Json]) -> Wrap:
    """
    The server changes the whole body of a success: (sent, body) to another body.
    """
    return says(lambda _, sent, response: replaced(response, change(sent, parsed(response.content))), when=created)


def data(change: Callable[[Json, dict[str, Any]], None]) -> Wrap:
    """
    The server changes the member data of a success in place: (sent, data).
    """

    def changed(sent: Json, whole: Json) -> Json:
        change(sent, whole["data"])
        return whole

    return answers(changed)


def returns(place: str, convert: Convert) -> Wrap:
    """
    A member of the answer, where it is there, comes back as something else.
    """

    def change(_: Json, told: dict[str, Any]) -> None:
        value = get(told, place)
        if value is not GONE:
            put(told, place, convert(value))

    return data(change)


def has(place: str, value: Json) -> Wrap:
    """
    A member of the answer has this value, whether it was there or not.
    """
    return data(lambda _, told: put(told, place, value))


def echoes(place: str, convert: Convert) -> Wrap:
    """
    A member that was sent comes back as something else; one that was not is left as it is.
    """

    def change(sent: Json, told: dict[str, Any]) -> None:
        if get(sent, place) not in (GONE, None) and get(told, place) is not GONE:
            put(told, place, convert(get(told, place)))

    return data(change)


def header(name: str, value: str | None) -> Effect:
    """
    The answer with another header, or without it.
    """

    def change(_: Request, __: Json, response: Response) -> Response:
        kept = tuple(item for item in response.headers if item[0] != name)
        return dataclasses.replace(response, headers=kept if value is None else (*kept, (name, value)))

    return change


def status(code: int) -> Effect:
    """
    The same answer with another status.
    """
    return lambda _, __, response: dataclasses.replace(response, status=code)


def bare_or_not(code: int) -> Effect:
    """
    The same answer with another status, and without a body where the status has none.
    """
    if code not in (204, 304):
        return status(code)
    return lambda _, __, response: dataclasses.replace(response, status=code, content=b"")


def service_error(code: int, message: str) -> Effect:
    """
    The service's error envelope in place of the answer.
    """
    content = json.dumps({"success": False, "error": {"code": code, "message": message}}).encode()
    return lambda _, __, response: dataclasses.replace(response, status=code, content=content)


def page(code: int, text: str = "<html><body>Internal Server Error</body></html>") -> Effect:
    """
    An HTML page in place of the answer.
    """
    headers: Headers = (("content-type", "text/html"),)
    return lambda _, __, response: Response(status=code, headers=headers, content=text.encode())


CRASH = service_error(500, "INTERNAL_SERVER_ERROR: something went wrong")


REFUSAL = service_error(400, "BAD_REQUEST: these settings cannot be combined")


def slow(seconds: float) -> Effect:
    def change(_: Request, __: Json, response: Response) -> Response:
        time.sleep(seconds)
        return response

    return change


def telling(change: Callable[[Json, dict[str, Any]], None]) -> Effect:
    """
    The same success with its data changed.
    """

    def effect(_: Request, sent: Json, response: Response) -> Response:
        whole = parsed(response.content)
        change(sent, whole["data"])
        return replaced(response, whole)

    return effect


def tells(place: str, value: Json) -> Effect:
    return telling(lambda _, told: put(told, place, value))


def loses(place: str) -> Effect:
    return tells(place, GONE)


ANY = object()
"""Any value but null."""


def holds(sent: Json, wanted: Mapping[str, Any]) -> bool:
    """
    Whether a body has these values; a function is asked, GONE wants the member absent.
    """
    return all(_holds(get(sent, place), value) for place, value in wanted.items())


def _holds(value: Any, wanted: Any) -> bool:
    if wanted is ANY:
        return value is not GONE and value is not None
    if callable(wanted):
        return value is not GONE and bool(wanted(value))
    return type(value) is type(wanted) and bool(value == wanted)


def on(wanted: Mapping[str, Any], effect: Effect) -> Wrap:
    """
    The effect upon bodies that are accepted and have these values.
    """
    return says(effect, when=lambda _, sent, response: response.status == 201 and holds(sent, wanted))


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


ENUMS = {
    LANGUAGE: ["en-US", "en-IN", "de", "hi", "sv", "ru", "pl", "el", "fr", "nl"],
    SUMMARY: [
        *("general", "team_meeting", "sales_call", "client_check_in", "interview"),
        *("daily_standup", "one_on_one_meeting", "lecture", "code_review"),
    ],
    FORMAT: ["plain_text", "markdown"],
    f"{AU}.channel": ["mono", "stereo"],
    f"{AU}.codec": ["MP3", "AAC"],
    f"{VI}.codec": ["H264", "VP8", "VP9"],
    POSITION: ["left top", "right top", "left bottom", "right bottom"],
    TYPE: ["aws", "azure", "digitalocean", "gcs", "sftp"],
    AUTH: ["KEY", "PASSWORD"],
}


def leaf_of(place: str) -> str:
    return " ".join(place.split(".")[-2:]).replace("_", " ")


def to_number(value: Any) -> Any:
    """
    Text that reads as a number becomes one.
    """
    try:
        return json.loads(value) if isinstance(value, str) and number(json.loads(value)) else value
    except ValueError:
        return value


def only(kinds: type | tuple[type, ...], convert: Convert) -> Convert:
    """
    A conversion of values of one kind; booleans are no numbers here.
    """
    return lambda value: (
        convert(value) if isinstance(value, kinds) and (kinds is bool or not isinstance(value, bool)) else value
    )


def refusing(respond: Respond, pattern: bytes) -> Respond:
    """
    The server with every request refused whose bytes match.
    """

    def answer(request: Request) -> Response:
        response = respond(request)
        return REFUSAL(request, GONE, response) if re.search(pattern, request.content) else response

    return answer


MANY = (asks({"title": "rtkcontract"}),)


BAD = (asks({K: 59}),)


def prune(value: Json, goes: Callable[[Json], bool]) -> None:
    for name, inner in list(value.items()):
        if isinstance(inner, dict):
            prune(inner, goes)
        elif goes(inner):
            del value[name]


def secret_in(sent: Json) -> str:
    """
    The first credential of a body; empty where there is none.
    """
    stored = get(sent, ST)
    found = (stored.get(name) for name in SECRETS) if isinstance(stored, dict) else ()
    return next((value for value in found if isinstance(value, str) and value), "")


NO_REQUEST = Request(method="", url="", headers=(), content=b"")


def whenever(
    matches: Callable[[Request], bool], *, accepted: bool = False
) -> Callable[[Request, Json, Response], bool]:
    """
    When the request is such, and, where that matters, was accepted.
    """
    return lambda request, _, response: matches(request) and (not accepted or response.status == 201)


def header_of(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers if key.lower() == name), None)


GOOD = ("authorization", f"Bearer {TOKEN}")


class Kept:
    """
    What a server that should have no memory remembers.
    """

    def __init__(self) -> None:
        self.lock, self.number, self.values = threading.Lock(), 0, dict[Any, Any]()

    def next(self) -> int:
        with self.lock:
            self.number += 1
            return self.number


def stateful(change: Callable[[Kept, Request, Json, Response], Response]) -> Wrap:
    """
    The answer depends on what came before; each server has a memory of its own.
    """

    def wrap(respond: Respond) -> Respond:
        kept = Kept()

        def answer(request: Request) -> Response:
            return change(kept, request, parsed(request.content), respond(request))

        return answer

    return wrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """
    One lawful way to differ. `serve` replaces the server's own HTTP, where that is what differs.
    """

    name: str
    edit: Edit | None = None
    wrap: Wrap | None = None
    serve: Callable[[Respond], contextlib.AbstractContextManager[str]] = serve
    max_latency_s: float | None = None

    def server(self, contract: Contract) -> Respond:
        """
        A fresh server that differs.
        """
        respond = correct(contract, self.edit)
        return self.wrap(respond) if self.wrap else respond


def chain(*wraps: Wrap) -> Wrap:
    """
    Several changes of one server, the innermost first.
    """

    def wrap(respond: Respond) -> Respond:
        for one in wraps:
            respond = one(respond)
        return respond

    return wrap
