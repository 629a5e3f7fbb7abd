"""
The fault zoo: ways in which a server can be wrong, and lawful ways in which it can differ; data and small functions.

1. A fault is a correct server with one thing changed: a constraint of its document edited, its requests read in
   another way before they reach it, or its answers changed on their way back.
2. Each has requests at which it shows, so that a fault that nobody finds is known to be one.
3. Faults are what real servers get wrong. None was chosen by looking at what a plan sends.
4. A variant does what the sources allow or leave open; a finding about it is a false alarm.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import dataclasses
import gzip
import html
import json
import re
import threading
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


# --- requests and bodies --------------------------------------------------------------------------------------------


def body(*parts: Mapping[str, Json]) -> dict[str, Any]:
    """
    The object whose members are given by dotted paths.
    """
    made: dict[str, Any] = {}
    for place, value in (item for part in parts for item in part.items()):
        _put(made, place, value)
    return made


def _put(holder: dict[str, Any], place: str, value: Json) -> None:
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


# --- servers --------------------------------------------------------------------------------------------------------


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

    document = copy.deepcopy(contract.document)
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


# --- ways to be wrong -----------------------------------------------------------------------------------------------


def node(document: Json, place: str) -> Json:
    """
    The schema of a member of the request.
    """
    found = document["components"]["schemas"]["create_meeting.request"]
    for name in place.split(".") if place else ():
        found = found["items"] if name == "[]" else found["properties"][name]
    return found


def rule(place: str, **keywords: Json) -> Edit:
    """
    The document with other keywords at a place; GONE takes one out.
    """

    def edit(document: Json) -> None:
        for name, value in keywords.items():
            if value is GONE:
                node(document, place).pop(name, None)
            else:
                node(document, place)[name] = value

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
        _put(sent, place, convert(value))
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
            _put(told, place, convert(value))

    return data(change)


def has(place: str, value: Json) -> Wrap:
    """
    A member of the answer has this value, whether it was there or not.
    """
    return data(lambda _, told: _put(told, place, value))


def echoes(place: str, convert: Convert) -> Wrap:
    """
    A member that was sent comes back as something else; one that was not is left as it is.
    """

    def change(sent: Json, told: dict[str, Any]) -> None:
        if get(sent, place) not in (GONE, None) and get(told, place) is not GONE:
            _put(told, place, convert(get(told, place)))

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
    return telling(lambda _, told: _put(told, place, value))


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


# --- the zoo --------------------------------------------------------------------------------------------------------


def _boundaries() -> Iterator[Fault]:
    """
    Bounds off by one, inclusive for exclusive, forgotten, copied from another member, or compared after rounding.
    """
    rows: tuple[tuple[str, str, dict[str, Json], Json], ...] = (
        ("keep-alive from 59", K, {"minimum": 59}, 59),
        ("keep-alive from 61", K, {"minimum": 61}, 60),
        ("keep-alive above 60 only", K, {"exclusiveMinimum": 60}, 60),
        ("keep-alive without a minimum", K, {"minimum": GONE}, -5),
        ("keep-alive from 0", K, {"minimum": 0}, 0),
        ("keep-alive from 1", K, {"minimum": 1}, 30),
        ("keep-alive to 601", K, {"maximum": 601}, 601),
        ("keep-alive to 599", K, {"maximum": 599}, 600),
        ("keep-alive below 600 only", K, {"exclusiveMaximum": 600}, 600),
        ("keep-alive without a maximum", K, {"maximum": GONE}, 5_000),
        ("keep-alive to an hour", K, {"maximum": 3_600}, 3_600),
        ("keep-alive in minutes", K, {"minimum": 1, "maximum": 10}, 60),
        ("keep-alive in whole minutes", K, {"multipleOf": 60}, 61),
        ("words from 149", WORDS, {"minimum": 149}, 149),
        ("words above 150 only", WORDS, {"exclusiveMinimum": 150}, 150),
        ("words without a minimum", WORDS, {"minimum": GONE}, 0),
        ("words to 1001", WORDS, {"maximum": 1_001}, 1_001),
        ("words below 1000 only", WORDS, {"exclusiveMaximum": 1_000}, 1_000),
        ("words to 999", WORDS, {"maximum": 999}, 1_000),
        ("words in tens", WORDS, {"multipleOf": 10}, 151),
        ("seconds from 59", SECONDS, {"minimum": 59}, 59),
        ("seconds above 60 only", SECONDS, {"exclusiveMinimum": 60}, 60),
        ("seconds to 86401", SECONDS, {"maximum": 86_401}, 86_401),
        ("seconds to 86399", SECONDS, {"maximum": 86_399}, 86_400),
        ("seconds without a maximum", SECONDS, {"maximum": GONE}, 100_000),
        ("seconds to an hour", SECONDS, {"maximum": 3_600}, 7_200),
        ("video height from 0", HEIGHT, {"minimum": 0}, 0),
        ("video height to 1921", HEIGHT, {"maximum": 1_921}, 1_921),
        ("video height to 1080", HEIGHT, {"maximum": 1_080}, 1_920),
        ("video height from 2", HEIGHT, {"minimum": 2}, 1),
        ("video width without a minimum", WIDTH, {"minimum": GONE}, -1),
        ("video width to 1919", WIDTH, {"maximum": 1_919}, 1_920),
        ("video width in even numbers", WIDTH, {"multipleOf": 2}, 1_919),
        ("watermark height from 0", f"{WM}.size.height", {"minimum": 0}, 0),
        ("watermark width without a minimum", f"{WM}.size.width", {"minimum": GONE}, -1),
        ("watermark width as bounded as the video", f"{WM}.size.width", {"maximum": 1_920}, 3_000),
        ("watermark height above 1 only", f"{WM}.size.height", {"exclusiveMinimum": 1}, 1),
        ("port above 0 only", f"{ST}.port", {"exclusiveMinimum": 0}, 0),
    )
    for name, place, keywords, shown in rows:
        beside = SFTP_WORD if place.startswith(ST) else {}
        yield Fault(name=name, group="boundaries", shows=(asks(beside, {place: shown}),), edit=rule(place, **keywords))
    readings: tuple[tuple[str, str, Convert, Json], ...] = (
        ("keep-alive rounded up before it is compared", K, lambda v: -(-v // 1) if _number(v) else v, 59.5),
        ("keep-alive cut before it is compared", K, lambda v: int(v) if _number(v) and v > 60 else v, 600.5),
        ("seconds cut before they are compared", SECONDS, lambda v: int(v) if _number(v) and v > 60 else v, 86_400.5),
        ("keep-alive clamped", K, lambda v: min(max(v, 60), 600) if _number(v) else v, 1_000),
        ("words clamped", WORDS, lambda v: min(max(v, 150), 1_000) if _number(v) else v, 10),
        ("keep-alive of zero is the default", K, lambda v: v if v or v is False else GONE, 0),
        ("words of zero are the default", WORDS, lambda v: v if v or v is False else GONE, 0),
        ("keep-alive without its sign", K, lambda v: abs(v) if _number(v) else v, -60),
        ("words in 32 bits", WORDS, lambda v: v % 2**32 if isinstance(v, int) and v >= 2**32 else v, 2**32 + 500),
    )
    for name, place, convert, shown in readings:
        yield Fault(name=name, group="boundaries", shows=(asks({place: shown}),), wrap=takes(place, convert))


def _number(value: Any) -> bool:
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


def _enums() -> Iterator[Fault]:  # noqa: C901  # one small function a looseness
    """
    Members forgotten, enumerations not checked, compared loosely, or filled in for what they do not know.
    """
    whole: dict[Json, dict[str, Json]] = {"azure": AZURE, "KEY": SFTP_KEY, "digitalocean": OCEAN, "PASSWORD": SFTP_WORD}
    forgotten = (
        (LANGUAGE, "el"),
        (LANGUAGE, "nl"),
        (LANGUAGE, "en-IN"),
        (SUMMARY, "client_check_in"),
        (SUMMARY, "code_review"),
        (FORMAT, "plain_text"),
        (f"{AU}.channel", "mono"),
        (f"{AU}.codec", "MP3"),
        (f"{VI}.codec", "VP9"),
        (f"{VI}.codec", "VP8"),
        (POSITION, "right bottom"),
        (TYPE, "digitalocean"),
        (TYPE, "azure"),
        (AUTH, "KEY"),
        (AUTH, "PASSWORD"),
    )
    for place, member in forgotten:
        shown = asks(whole.get(member, {}), {place: member})
        yield Fault(name=f"{_leaf(place)} without {member}", group="enums", shows=(shown,), edit=without(place, member))
    for place in (SUMMARY, FORMAT, f"{AU}.channel", f"{VI}.codec", POSITION):
        shown = asks({place: "no_such_member"})
        yield Fault(name=f"{_leaf(place)} not checked", group="enums", shows=(shown,), edit=rule(place, enum=GONE))
    yield Fault(
        name="storage type not checked where there is a key",
        group="enums",
        shows=(asks(SFTP_KEY, {TYPE: "ftp", AUTH: GONE}),),
        edit=rule(TYPE, enum=GONE),
    )

    def folded(place: str) -> Convert:
        members = {member.lower(): member for member in ENUMS[place]}
        return lambda value: members.get(value.lower(), value) if isinstance(value, str) else value

    def trimmed(value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    def begun(place: str) -> Convert:
        """
        A pattern without an end: H264 and whatever follows.
        """
        return lambda value: next((m for m in ENUMS[place] if isinstance(value, str) and value.startswith(m)), value)

    def contained(place: str) -> Convert:
        """
        A pattern with neither start nor end.
        """
        return lambda value: next((m for m in ENUMS[place] if isinstance(value, str) and m in value), value)

    def filled(place: str) -> Convert:
        """
        What is no member becomes the first one.
        """
        return lambda value: value if not isinstance(value, str) or value in ENUMS[place] else ENUMS[place][0]

    def numbered(place: str) -> Convert:
        return lambda value: ENUMS[place][value % len(ENUMS[place])] if _number(value) and value >= 0 else value

    def emptied(value: Any) -> Any:
        return GONE if value == "" else value

    def listed(value: Any) -> Any:
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    loose: tuple[tuple[str, str, Convert, Json], ...] = (
        ("summary type in any case", SUMMARY, folded(SUMMARY), "LECTURE"),
        ("video codec in any case", f"{VI}.codec", folded(f"{VI}.codec"), "vp9"),
        ("channel in any case", f"{AU}.channel", folded(f"{AU}.channel"), "Mono"),
        ("position in any case", POSITION, folded(POSITION), "Left Top"),
        ("text format with spaces around", FORMAT, trimmed, "markdown "),
        ("audio codec with spaces around", f"{AU}.codec", trimmed, " AAC"),
        ("position with spaces around", POSITION, trimmed, "right top "),
        ("video codec by its start", f"{VI}.codec", begun(f"{VI}.codec"), "H264 high"),
        ("summary type by its start", SUMMARY, begun(SUMMARY), "general purpose"),
        ("text format contained", FORMAT, contained(FORMAT), "my markdown text"),
        ("channel contained", f"{AU}.channel", contained(f"{AU}.channel"), "rather mono"),
        ("unknown summary type taken for the first", SUMMARY, filled(SUMMARY), "no_such_type"),
        ("unknown video codec taken for the first", f"{VI}.codec", filled(f"{VI}.codec"), "AV1"),
        ("unknown channel taken for the first", f"{AU}.channel", filled(f"{AU}.channel"), "surround"),
        ("summary type by number", SUMMARY, numbered(SUMMARY), 3),
        ("video codec by number", f"{VI}.codec", numbered(f"{VI}.codec"), 1),
        ("empty summary type is the default", SUMMARY, emptied, ""),
        ("empty position is the default", POSITION, emptied, ""),
        ("channel in a list", f"{AU}.channel", listed, ["mono"]),
    )
    for name, place, convert, value in loose:
        yield Fault(name=name, group="enums", shows=(asks({place: value}),), wrap=takes(place, convert))
    yield Fault(
        name="auth method in any case",
        group="enums",
        shows=(asks(SFTP_KEY, {AUTH: "key"}),),
        wrap=takes(AUTH, folded(AUTH)),
    )
    yield Fault(
        name="storage type in any case",
        group="enums",
        shows=(asks(AWS, {TYPE: "AWS"}),),
        wrap=takes(TYPE, folded(TYPE)),
    )


def _leaf(place: str) -> str:
    return " ".join(place.split(".")[-2:]).replace("_", " ")


def to_number(value: Any) -> Any:
    """
    Text that reads as a number becomes one.
    """
    try:
        return json.loads(value) if isinstance(value, str) and _number(json.loads(value)) else value
    except ValueError:
        return value


def to_text(value: Any) -> Any:
    return value if isinstance(value, str) or value is None else json.dumps(value)


def only(kinds: type | tuple[type, ...], convert: Convert) -> Convert:
    """
    A conversion of values of one kind; booleans are no numbers here.
    """
    return lambda value: (
        convert(value) if isinstance(value, kinds) and (kinds is bool or not isinstance(value, bool)) else value
    )


def single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _coercions() -> Iterator[Fault]:
    """
    Values of a wrong type converted in place of refused.
    """
    word_to_truth = only(str, lambda v: {"true": True, "false": False}.get(v, v))
    rows: tuple[tuple[str, str, Convert, Json], ...] = (
        ("keep-alive from text", K, to_number, "60"),
        ("keep-alive from a list of one", K, single, [60]),
        ("keep-alive from empty text", K, only(str, lambda v: v or GONE), ""),
        ("keep-alive from true", K, lambda v: 60 if v is True else v, True),
        ("keep-alive from an object", K, lambda v: 60 if v == {} else v, {}),
        ("keep-alive from an empty list", K, lambda v: 60 if v == [] else v, []),
        ("words from text", WORDS, to_number, "150"),
        ("words from a fraction", WORDS, only(float, int), 150.5),
        ("words from true", WORDS, lambda v: 150 if v is True else v, True),
        ("seconds from text", SECONDS, to_number, "60"),
        ("seconds from a list of one", SECONDS, single, [60]),
        ("video height from text", HEIGHT, to_number, "720"),
        ("video height from a fraction", HEIGHT, only(float, round), 720.4),
        ("video width from true", WIDTH, only(bool, int), True),
        ("watermark width from text", f"{WM}.size.width", to_number, "10"),
        ("watermark height from a fraction", f"{WM}.size.height", only(float, int), 1.5),
        ("record on start from text", "record_on_start", word_to_truth, "true"),
        ("persist chat from text, false too", "persist_chat", word_to_truth, "false"),
        ("transcribe on end true for any text", "transcribe_on_end", only(str, bool), "false"),
        ("live stream from 1 and 0", "live_stream_on_start", only(int, bool), 1),
        (
            "summarize on end true for what is truthy",
            "summarize_on_end",
            lambda v: bool(v) if v is not None else v,
            "yes",
        ),
        ("persist chat from 0", "persist_chat", lambda v: False if _number(v) and v == 0 else v, 0),
        ("persist chat from empty text", "persist_chat", lambda v: False if v == "" else v, ""),
        ("record on start from a list", "record_on_start", single, [True]),
        ("profanity filter from text", PROFANITY, word_to_truth, "true"),
        ("bucket enabled from text", ENABLED, word_to_truth, "true"),
        ("bucket enabled from 1", ENABLED, only(int, bool), 1),
        ("audio export from 0 and 1", f"{AU}.export_file", only(int, bool), 0),
        ("video export from text", f"{VI}.export_file", word_to_truth, "false"),
        ("title from a number", "title", only((int, float), to_text), 7),
        ("title from true", "title", only(bool, to_text), True),
        ("title from a list", "title", only(list, lambda v: ", ".join(map(str, v))), ["a"]),
        ("title from an object", "title", only(dict, lambda _: "[object Object]"), {}),
        ("file prefix from a number", PREFIX, only((int, float), to_text), 7),
        ("stream address from a list", URL, single, ["rtmp://a.example.com/live"]),
        ("keywords from text", KEYWORDS, only(str, lambda v: [v]), "one"),
        ("keywords from an object", KEYWORDS, only(dict, lambda v: list(map(str, v.values()))), {"0": "a"}),
        ("keywords from numbers", KEYWORDS, only(list, lambda v: list(map(to_text, v))), [7]),
        ("transcription from true", TR, lambda v: {} if v is True else v, True),
        ("transcription from text", TR, only(str, lambda _: {}), "on"),
        ("ai config from an empty list", "ai_config", lambda v: {} if v == [] else v, []),
        ("recording config from an empty list", RC, lambda v: {} if v == [] else v, []),
        ("recording config from empty text", RC, lambda v: {} if v == "" else v, ""),
        ("ai config from text", "ai_config", only(str, lambda _: {}), "rtkcontract"),
        ("watermark from text", WM, only(str, lambda v: {}), "https://example.com/a.png"),
        ("video config from true", VI, lambda v: {} if v is True else v, True),
        ("audio config from text", AU, only(str, lambda _: {}), "AAC"),
        ("bucket config from a boolean", BU, only(bool, lambda v: {"enabled": v}), True),
    )
    for name, place, convert, shown in rows:
        yield Fault(name=name, group="coercions", shows=(asks({place: shown}),), wrap=takes(place, convert))
    stored: tuple[tuple[str, str, Convert, Json], ...] = (
        ("port from text", "port", to_number, "22"),
        ("port from true", "port", only(bool, int), True),
        ("user name from a number", "username", only((int, float), to_text), 7),
        ("host from a list", "host", single, ["sftp.example.com"]),
    )
    for name, leaf, convert, shown in stored:
        place = f"{ST}.{leaf}"
        yield Fault(name=name, group="coercions", shows=(asks(SFTP_WORD, {place: shown}),), wrap=takes(place, convert))
    yield Fault(
        name="keep-alive of 60.0 refused",
        group="coercions",
        shows=(sends(b'{"session_keep_alive_time_in_secs": 60.0}', expect="accepted"),),
        wrap=lambda respond: _refusing(respond, rb'"session_keep_alive_time_in_secs":\s*[0-9]+\.0\b'),
    )
    yield Fault(
        name="keep-alive with an exponent refused",
        group="coercions",
        shows=(sends(b'{"session_keep_alive_time_in_secs": 6e1}', expect="accepted"),),
        wrap=lambda respond: _refusing(respond, rb'"session_keep_alive_time_in_secs":\s*[0-9]+e'),
    )


def _refusing(respond: Respond, pattern: bytes) -> Respond:
    """
    The server with every request refused whose bytes match.
    """

    def answer(request: Request) -> Response:
        response = respond(request)
        return REFUSAL(request, GONE, response) if re.search(pattern, request.content) else response

    return answer


def _no_null(instead: Any) -> Convert:
    return lambda value: instead if value is None else value


def _nulls() -> Iterator[Fault]:
    """
    Null accepted where the type has none, and refused where it has.
    """
    for place in ("title", "live_stream_on_start", "record_on_start"):
        kind = "string" if place == "title" else "boolean"
        yield Fault(name=f"{place} null refused", group="nulls", shows=(asks({place: None}),), edit=types(place, kind))
    yield Fault(name="storage null refused", group="nulls", shows=(asks({ST: None}),), edit=types(ST, "object"))
    places = (K, "persist_chat", "summarize_on_end", "transcribe_on_end", WORDS, SECONDS, KEYWORDS, "ai_config", RC)
    for place in (*places, SUMMARY, POSITION, f"{VI}.codec", HEIGHT, URL, WM, BU, ENABLED, PREFIX):
        yield Fault(
            name=f"{_leaf(place)} null taken for absent" if place != ENABLED else "bucket enabled null taken for false",
            group="nulls",
            shows=(asks({place: None}),),
            wrap=takes(place, _no_null(False if place == ENABLED else GONE)),
        )
    yield Fault(
        name="null among the keywords",
        group="nulls",
        shows=(asks({KEYWORDS: [None]}),),
        wrap=takes(KEYWORDS, only(list, lambda v: [item for item in v if item is not None])),
    )
    yield Fault(
        name="null for the whole body",
        group="nulls",
        shows=(sends(b"null", expect="rejected"),),
        wrap=reads_content(lambda content: b"{}" if content.strip() == b"null" else content),
    )


def _conditionals() -> Iterator[Fault]:
    """
    The storage union and required members, with one rule dropped or one more.
    """
    needs = "access_key", "region"
    dropped: tuple[tuple[str, Edit, dict[str, Json]], ...] = (
        ("aws without access_key", union(1, required=["region"]), {**AWS, f"{ST}.access_key": GONE}),
        ("aws without region", union(1, required=["access_key"]), {**AWS, f"{ST}.region": GONE}),
        ("azure without access_key", _first(["azure"], needs[1:]), {**AZURE, f"{ST}.access_key": GONE}),
        ("digitalocean without region", _first(["digitalocean"], needs[:1]), {**OCEAN, f"{ST}.region": GONE}),
        ("digitalocean without anything", _first(["digitalocean"], ()), {TYPE: "digitalocean"}),
        ("aws with an empty access_key", _filled("access_key"), {**AWS, f"{ST}.access_key": ""}),
        ("aws with an empty region", _filled("region"), {**AWS, f"{ST}.region": ""}),
        ("sftp without a key or a password", _first(["sftp"], ()), {TYPE: "sftp"}),
        ("sftp KEY without private_key", union(2, required=[]), {TYPE: "sftp", AUTH: "KEY"}),
        ("sftp PASSWORD without password", union(3, required=[]), {TYPE: "sftp", AUTH: "PASSWORD"}),
        ("sftp KEY with a password only", union(3, properties={}), {**SFTP_WORD, AUTH: "KEY"}),
        ("sftp PASSWORD with a key only", union(2, properties={}), {**SFTP_KEY, AUTH: "PASSWORD"}),
        ("the whole union", rule(ST, anyOf=GONE), {TYPE: "sftp"}),
        ("bucket without enabled", rule(BU, required=GONE), {BU: {}}),
    )
    for name, edit, shown in dropped:
        yield Fault(name=f"accepted: {name}", group="conditionals", shows=(asks(shown),), edit=edit)
    tightened: tuple[tuple[str, dict[str, Json], str], ...] = (
        ("sftp needs host", {"type": "sftp"}, "host"),
        ("sftp needs user name", {"type": "sftp"}, "username"),
        ("sftp needs port", {"type": "sftp"}, "port"),
        ("sftp KEY needs password", {"type": "sftp", "auth_method": "KEY"}, "password"),
        ("sftp needs auth_method", {"type": "sftp"}, "auth_method"),
        ("azure needs secret", {"type": "azure"}, "secret"),
        ("azure needs bucket", {"type": "azure"}, "bucket"),
        ("aws needs path", {"type": "aws"}, "path"),
        ("gcs needs access_key", {"type": "gcs"}, "access_key"),
        ("digitalocean needs host", {"type": "digitalocean"}, "host"),
    )
    plain = {"sftp": SFTP_WORD, "azure": AZURE, "aws": AWS, "gcs": GCS, "digitalocean": OCEAN}
    for name, when, needed in tightened:
        shown = plain[when["type"]] if needed != "password" else SFTP_KEY
        if needed == "auth_method":
            shown = {**SFTP_WORD, AUTH: GONE}
        condition = {"properties": {key: {"const": value} for key, value in when.items()}, "required": list(when)}
        edit = rule(ST, **{"if": condition, "then": {"required": [needed]}})
        yield Fault(name=f"refused: {name}", group="conditionals", shows=(asks(shown),), edit=edit)
    required: tuple[tuple[str, str, dict[str, Json]], ...] = (
        ("title", "", {}),
        ("keep-alive", "", {}),
        ("bucket config", RC, {SECONDS: 60}),
        ("watermark url", WM, {POSITION: "left top"}),
        ("watermark size width", f"{WM}.size", {f"{WM}.size.height": 10}),
        ("summary type", SU, {TR: {}, WORDS: 200}),
        ("language", TR, {KEYWORDS: ["rtkcontract"]}),
        ("stream address", LS, {LS: {}}),
    )
    leaves = {"keep-alive": K, "bucket config": "realtimekit_bucket_config", "watermark url": "url"}
    leaves |= {"watermark size width": "width", "stream address": "rtmp_url", "summary type": "summary_type"}
    for name, place, shown in required:
        yield Fault(
            name=f"refused: without {name}",
            group="conditionals",
            shows=(asks(shown),),
            edit=rule(place, required=[leaves.get(name, name)]),
        )
    for place in ("ai_config", RC, TR, AU, WM):
        yield Fault(
            name=f"refused: {_leaf(place)} without a member",
            group="conditionals",
            shows=(asks({place: {}}),),
            edit=rule(place, minProperties=1),
        )
    yield Fault(
        name="refused: no keywords",
        group="conditionals",
        shows=(asks({KEYWORDS: []}),),
        edit=rule(KEYWORDS, minItems=1),
    )
    yield Fault(
        name="refused: the same keyword twice",
        group="conditionals",
        shows=(asks({KEYWORDS: ["a", "a"]}),),
        edit=rule(KEYWORDS, uniqueItems=True),
    )
    yield Fault(
        name="refused: more than one keyword",
        group="conditionals",
        shows=(asks({KEYWORDS: ["a", "b"]}),),
        edit=rule(KEYWORDS, maxItems=1),
    )
    yield Fault(
        name="refused: an empty title",
        group="conditionals",
        shows=(asks({"title": ""}),),
        edit=rule("title", minLength=1),
    )
    yield Fault(
        name="refused: a title of more than 100",
        group="conditionals",
        shows=(asks({"title": "rtkcontract " * 10}),),
        edit=rule("title", maxLength=100),
    )
    yield Fault(
        name="refused: a title beyond ASCII",
        group="conditionals",
        shows=(asks({"title": "Prüfung"}),),
        edit=rule("title", pattern="^[ -~\\s]*$"),
    )
    yield Fault(
        name="refused: a stream address of rtmp",
        group="conditionals",
        shows=(asks({URL: "rtmp://a.rtmp.youtube.com/live2"}),),
        edit=rule(URL, pattern="^https?://"),
    )


def _first(kinds: list[str], needed: tuple[str, ...] | list[str]) -> Edit:
    """
    One more member of the union, in front: these types with these members are enough.
    """

    def edit(document: Json) -> None:
        member = {"properties": {"type": {"enum": kinds}}, "required": ["type", *needed]}
        node(document, ST)["anyOf"].insert(0, member)

    return edit


def _filled(name: str) -> Edit:
    """
    The union without the minimum length of one member.
    """

    def edit(document: Json) -> None:
        node(document, ST)["anyOf"][1]["properties"].pop(name)

    return edit


MANY = (asks({"title": "rtkcontract"}),)
BAD = (asks({K: 59}),)


def _envelopes() -> Iterator[Fault]:
    """
    The envelope of a success or of a refusal, bent.
    """
    successes: tuple[tuple[str, Wrap], ...] = (
        ('success "true"', answers(lambda _, w: {**w, "success": "true"})),
        ("success 1", answers(lambda _, w: {**w, "success": 1})),
        ("success null", answers(lambda _, w: {**w, "success": None})),
        ("success missing", answers(lambda _, w: {"data": w["data"]})),
        ("success false", answers(lambda _, w: {**w, "success": False})),
        ("v4 envelope", answers(lambda _, w: {"success": True, "errors": [], "messages": [], "result": w["data"]})),
        ("data missing", answers(lambda _, __: {"success": True})),
        ("data null", answers(lambda _, w: {**w, "data": None})),
        ("data in a list", answers(lambda _, w: {**w, "data": [w["data"]]})),
        ("data as text", answers(lambda _, w: {**w, "data": json.dumps(w["data"])})),
        ("data in data", answers(lambda _, w: {**w, "data": {"meeting": w["data"]}})),
        ("data without an envelope", answers(lambda _, w: w["data"])),
        ("envelope in a list", answers(lambda _, w: [w])),
        ("a page for a success", says(page(201), when=created)),
        ("an empty success", says(lambda _, __, r: dataclasses.replace(r, content=b""), when=created)),
        ("a success cut off", says(lambda _, __, r: dataclasses.replace(r, content=r.content[:-1]), when=created)),
        ("two answers in one", says(lambda _, __, r: dataclasses.replace(r, content=r.content * 2), when=created)),
        (
            "text behind a success",
            says(lambda _, __, r: dataclasses.replace(r, content=r.content + b"OK"), when=created),
        ),
        ("a callback round it", says(lambda _, __, r: dataclasses.replace(r, content=b"cb(" + r.content + b")"))),
        ("a byte order mark", says(lambda _, __, r: dataclasses.replace(r, content=b"\xef\xbb\xbf" + r.content))),
        ("a success in Latin-1", says(_latin, when=created)),
        ("success only with a title", says(_bare, when=lambda _, s, r: r.status == 201 and get(s, "title") is GONE)),
        ("NaN in a success", says(_not_a_number, when=created)),
    )
    for name, wrap in successes:
        shows = (asks({"title": "é"}),) if "Latin" in name else (asks({}),) if "only with" in name else MANY
        yield Fault(name=name, group="envelope", shows=shows, wrap=wrap)
    refusals: tuple[tuple[str, Effect], ...] = (
        ("errors as texts", lambda _, __, r: replaced(r, {"success": False, "errors": ["keep-alive is too small"]})),
        ("no errors", lambda _, __, r: replaced(r, {"success": False, "errors": []})),
        ("error as text", lambda _, __, r: replaced(r, {"success": False, "error": "keep-alive is too small"})),
        ("error without message", lambda _, __, r: replaced(r, {"success": False, "error": {"code": 400}})),
        (
            "error code as text",
            lambda _, __, r: replaced(r, {"success": False, "error": {"code": "400", "message": ""}}),
        ),
        (
            "refused with success",
            lambda _, __, r: replaced(r, {"success": True, "error": {"code": 400, "message": ""}}),
        ),
        ("refused with data", lambda _, __, r: replaced(r, {"success": True, "data": {}})),
        ("refused with success null", lambda _, __, r: replaced(r, {**parsed(r.content), "success": None})),
        ("the framework's own", lambda _, __, r: replaced(r, {"detail": [{"loc": ["body"], "msg": "bad"}]})),
        ("problem details", lambda _, __, r: replaced(r, {"title": "Bad Request", "status": 400})),
        ("a page for a refusal", page(400, "<html><body>Bad Request</body></html>")),
        ("plain text for a refusal", lambda _, __, r: dataclasses.replace(r, content=b"Bad Request")),
        ("an empty refusal", lambda _, __, r: dataclasses.replace(r, content=b"")),
        ("a null refusal", lambda _, __, r: replaced(r, None)),
        ("a list of errors", lambda _, __, r: replaced(r, [{"code": 400, "message": "bad"}])),
    )
    for name, effect in refusals:
        yield Fault(name=name, group="envelope", shows=BAD, wrap=says(effect, when=refused))
    yield Fault(
        name="a page for broken JSON",
        group="envelope",
        shows=(sends(b"{", expect="rejected"),),
        wrap=says(page(400), when=lambda _, sent, response: response.status == 400 and sent is GONE),
    )
    yield Fault(
        name="a page for missing credentials",
        group="envelope",
        shows=(Asked(headers={"authorization": None}, expect="rejected"),),
        wrap=says(page(401), when=lambda request, _, __: not any(n == "authorization" for n, _ in request.headers)),
    )
    yield Fault(
        name="a page for an unknown path",
        group="envelope",
        shows=(Asked(path={"account_id": "0" * 33}, expect="rejected"),),
        wrap=says(page(404), when=lambda _, __, response: response.status == 404),
    )
    yield Fault(
        name="a bare list of rules for a broken union",
        group="envelope",
        shows=(asks({TYPE: "sftp"}),),
        wrap=says(
            lambda _, __, r: replaced(r, {"errors": ["storage_config"]}),
            when=lambda _, s, r: r.status == 400 and isinstance(get(s, TYPE), str),
        ),
    )


def _latin(_: Request, __: Json, response: Response) -> Response:
    text = json.dumps(parsed(response.content), ensure_ascii=False)
    return dataclasses.replace(response, content=text.encode("latin-1", "replace"))


def _bare(_: Request, __: Json, response: Response) -> Response:
    return replaced(response, {"data": parsed(response.content)["data"]})


def _not_a_number(_: Request, __: Json, response: Response) -> Response:
    return dataclasses.replace(response, content=response.content[:-1] + b',"took":NaN}')


def _types() -> Iterator[Fault]:
    """
    Members of an answer missing, of another type or of another form.
    """
    now = "2026-01-31T23:59:59.000Z"
    rows: tuple[tuple[str, Wrap], ...] = (
        ("id missing", has("id", GONE)),
        ("id a number", has("id", 17)),
        ("id empty", has("id", "")),
        ("id null", has("id", None)),
        ("id no uuid", returns("id", lambda v: v[:8])),
        ("id without dashes", returns("id", lambda v: v.replace("-", ""))),
        ("id in braces", returns("id", lambda v: "{" + v + "}")),
        ("id under another name", data(lambda _, d: d.__setitem__("meeting_id", d.pop("id")))),
        ("created_at missing", has("created_at", GONE)),
        ("created_at in seconds", has("created_at", 1_767_225_600)),
        ("created_at as text of seconds", has("created_at", "1767225600")),
        ("created_at without a zone", returns("created_at", lambda v: v[:-1])),
        ("created_at with a space", returns("created_at", lambda v: v.replace("T", " ")[:-1])),
        ("created_at a date", returns("created_at", lambda v: v[:10])),
        ("created_at in a 13th month", returns("created_at", lambda v: v[:5] + "13" + v[7:])),
        ("created_at null", has("created_at", None)),
        ("updated_at missing", has("updated_at", GONE)),
        ("updated_at empty", has("updated_at", "")),
        (
            "updated_at before created_at",
            data(lambda _, d: d.update(created_at=now, updated_at="2026-01-31T23:59:58Z")),
        ),
        (
            "updated_at before created_at by a zone",
            data(lambda _, d: d.update(created_at=now, updated_at=now[:-1] + "+02:00")),
        ),
        ("status in small letters", has("status", "active")),
        ("status unknown", has("status", "LIVE")),
        ("status true", has("status", True)),
        ("record on start as text", returns("record_on_start", lambda v: str(v).lower())),
        ("persist chat as 0 and 1", returns("persist_chat", int)),
        ("live stream as null text", returns("live_stream_on_start", lambda v: v or "null")),
        ("keep-alive as text", returns(K, str)),
        ("keep-alive in milliseconds", returns(K, lambda v: v * 1000)),
        ("keep-alive zero when left out", data(lambda s, d: _put(d, K, get(s, K) if get(s, K) is not GONE else 0))),
        ("title a number where it looks like one", returns("title", to_number)),
        ("title in a list", returns("title", lambda v: [v])),
        ("keywords as text", returns(KEYWORDS, ",".join)),
        ("keywords as an object", returns(KEYWORDS, lambda v: {str(i): item for i, item in enumerate(v)})),
        ("ai config as text", returns("ai_config", json.dumps)),
        ("recording config in a list", returns(RC, lambda v: [v])),
        ("empty objects as lists", data(lambda _, d: _php(d))),
        ("video height as text", returns(HEIGHT, str)),
        ("words with a fraction", returns(WORDS, lambda v: v + 0.5)),
        ("audio codec in small letters", returns(f"{AU}.codec", str.lower)),
        ("position with a dash", returns(POSITION, lambda v: v.replace(" ", "-"))),
        ("summary type in camel case", returns(SUMMARY, lambda v: re.sub("_(.)", lambda m: m[1].upper(), v))),
        ("stream address without a scheme", returns(URL, lambda v: v.split("://")[-1])),
        ("storage type unknown to the enum", returns(TYPE, lambda v: {"aws": "s3"}.get(v, v))),
        ("port as text", returns(f"{ST}.port", str)),
        ("transcription null", returns(TR, lambda _: None)),
        ("video export as text", returns(f"{VI}.export_file", lambda v: "true" if v else "false")),
    )
    shown = asks(
        {"title": "12", KEYWORDS: ["a", "b"], HEIGHT: 700, WORDS: 200, f"{AU}.codec": "MP3", POSITION: "right top"},
        {SUMMARY: "sales_call", URL: "rtmp://a.example.com/live", LS + ".x": 1, f"{AU}.channel": "mono"},
        {f"{VI}.export_file": False},
    )
    for name, wrap in rows:
        beside = (
            asks(AWS)
            if "storage type" in name
            else asks(SFTP_WORD, {f"{ST}.port": 22})
            if name == "port as text"
            else shown
        )
        if "empty objects" in name:
            beside = asks({TR: {}, LS: {}})
        yield Fault(name=name, group="types and formats", shows=(beside, asks({})), wrap=wrap)


def _php(value: Json) -> None:
    """
    Every empty object below becomes an empty list.
    """
    for name, inner in list(value.items()):
        if inner == {}:
            value[name] = []
        elif isinstance(inner, dict):
            _php(inner)


def _swap(one: str, other: str) -> Wrap:
    def change(_: Json, told: dict[str, Any]) -> None:
        left, right = get(told, one), get(told, other)
        if GONE not in (left, right):
            _put(told, one, right)
            _put(told, other, left)

    return data(change)


def _echoes() -> Iterator[Fault]:
    """
    Values that come back other than they were sent.
    """
    rows: tuple[tuple[str, str, Convert, Json], ...] = (
        ("title in small letters", "title", str.lower, "Planning"),
        ("title in capitals", "title", str.upper, "planning"),
        ("title in title case", "title", str.title, "all hands"),
        ("title trimmed", "title", str.strip, " planning "),
        ("title trimmed on the right", "title", str.rstrip, "planning "),
        ("title cut at 50", "title", lambda v: v[:50], "p" * 60),
        ("title cut at 100", "title", lambda v: v[:100], "p" * 120),
        ("title cut at 128 bytes", "title", lambda v: v.encode()[:128].decode(errors="ignore"), "p" * 140),
        ("title cut at 200", "title", lambda v: v[:200], "p" * 220),
        ("title cut at 254", "title", lambda v: v[:254], "p" * 255),
        ("title composed (NFC)", "title", lambda v: unicodedata.normalize("NFC", v), "e\u0301"),
        ("title decomposed (NFD)", "title", lambda v: unicodedata.normalize("NFD", v), "\u00e9"),
        ("title for compatibility (NFKC)", "title", lambda v: unicodedata.normalize("NFKC", v), "\U0001d52f"),
        ("title escaped for HTML", "title", html.escape, "a <b> & c"),
        ("title without its markup", "title", lambda v: re.sub("<[^>]*>", "", v), "a <b>c</b>"),
        ("title unescaped from HTML", "title", html.unescape, "a &amp; b"),
        ("title with escaped quotes", "title", lambda v: v.replace("'", "\\'"), "it's"),
        ("title without backslashes", "title", lambda v: v.replace("\\", ""), "a\\b"),
        ("title in ASCII", "title", lambda v: v.encode("ascii", "replace").decode(), "Prüfung"),
        ("title without what UTF-16 needs two units for", "title", _basic, "a \U0001f3a5"),
        ("title read as Latin-1", "title", lambda v: v.encode().decode("latin-1"), "é"),
        ("title with one kind of line break", "title", lambda v: v.replace("\r\n", "\n"), "a\r\nb"),
        ("title with blanks collapsed", "title", lambda v: re.sub(r"\s+", " ", v), "a  b"),
        (
            "title without marks of direction",
            "title",
            lambda v: re.sub("[\u200e\u200f\u202a-\u202e]", "", v),
            "a \u202bb\u202c",
        ),
        ("empty title named", "title", lambda v: v or "Untitled", ""),
        ("blank title emptied", "title", lambda v: v if v.strip() else "", "  "),
        ("title without leading zeros", "title", lambda v: v.lstrip("0"), "007"),
        ("title null taken for none", "title", lambda v: GONE if v == "null" else v, "null"),
        ("title with a template filled in", "title", lambda v: v.replace("{{7*7}}", "49"), "a {{7*7}}"),
        ("keep-alive one more", K, lambda v: v + 1, 90),
        ("keep-alive one less above the minimum", K, lambda v: v - 1 if v > 60 else v, 90),
        ("keep-alive always the default", K, lambda _: 60, 90),
        ("keep-alive at most 300", K, lambda v: min(v, 300), 600),
        ("keep-alive in whole minutes", K, lambda v: v // 60 * 60, 90),
        ("keep-alive in 16 steps", K, lambda v: v // 16 * 16 if v > 64 else v, 100),
        ("words in steps of ten", WORDS, lambda v: round(v, -1), 151),
        ("words always the default", WORDS, lambda _: 500, 200),
        ("words one less", WORDS, lambda v: v - 1 if v > 150 else v, 200),
        ("seconds one less at the maximum", SECONDS, lambda v: min(v, 86_399), 86_400),
        ("seconds in whole hours when long", SECONDS, lambda v: v // 3600 * 3600 if v > 7200 else v, 10_000),
        ("video height at most 1080", HEIGHT, lambda v: min(v, 1080), 1920),
        ("video width of even numbers", WIDTH, lambda v: v // 2 * 2 or 2, 1919),
        ("video width always the default", WIDTH, lambda _: 1280, 640),
        ("watermark height at most 255", f"{WM}.size.height", lambda v: min(v, 255), 1000),
        ("position always the default", POSITION, lambda _: "left top", "right bottom"),
        ("position of one corner", POSITION, lambda v: "left bottom" if v == "right bottom" else v, "right bottom"),
        ("VP9 comes back as VP8", f"{VI}.codec", lambda v: "VP8" if v == "VP9" else v, "VP9"),
        ("audio codec always AAC", f"{AU}.codec", lambda _: "AAC", "MP3"),
        ("channel always stereo", f"{AU}.channel", lambda _: "stereo", "mono"),
        ("text format always markdown", FORMAT, lambda _: "markdown", "plain_text"),
        ("summary type always general", SUMMARY, lambda _: "general", "lecture"),
        ("one summary type taken for another", SUMMARY, lambda v: "interview" if v == "lecture" else v, "lecture"),
        ("language without its region", LANGUAGE, lambda v: v.split("-")[0], "en-US"),
        ("en-IN comes back as en-US", LANGUAGE, lambda v: "en-US" if v == "en-IN" else v, "en-IN"),
        ("keywords sorted", KEYWORDS, sorted, ["b", "a"]),
        ("keywords reversed", KEYWORDS, lambda v: v[::-1], ["b", "a"]),
        ("keywords once each", KEYWORDS, lambda v: list(dict.fromkeys(v)), ["a", "a"]),
        ("keywords in small letters", KEYWORDS, lambda v: [item.lower() for item in v], ["A"]),
        ("only the first keyword", KEYWORDS, lambda v: v[:1], ["a", "b"]),
        ("keywords without empty ones", KEYWORDS, lambda v: [item for item in v if item], [""]),
        ("keywords split at blanks", KEYWORDS, lambda v: [w for item in v for w in item.split(" ")], ["a b"]),
        ("record on start always false", "record_on_start", lambda _: False, True),
        ("persist chat turned round", "persist_chat", lambda v: not v, True),
        ("transcribe on end always false", "transcribe_on_end", lambda _: False, True),
        ("profanity filter always false", PROFANITY, lambda _: False, True),
        ("audio export always true", f"{AU}.export_file", lambda _: True, False),
        ("video export turned round", f"{VI}.export_file", lambda v: not v, False),
        ("bucket always enabled", ENABLED, lambda _: True, False),
        ("file prefix with a time", PREFIX, lambda v: f"{v}_2026", "rtkcontract"),
        ("file prefix in small letters", PREFIX, str.lower, "Rtkcontract"),
        ("stream address without its query", URL, lambda v: v.split("?")[0], "rtmp://a.example.com/live?key=1"),
        ("stream address without its fragment", URL, lambda v: v.split("#")[0], "https://example.com/a#b"),
        (
            "stream address without its port",
            URL,
            lambda v: re.sub(r":\d+(?=/|$)", "", v),
            "rtmp://a.example.com:1935/x",
        ),
        ("watermark address with a slash behind", MARK_URL, lambda v: v.rstrip("/") + "/", "https://example.com/a"),
    )
    for name, place, convert, value in rows:
        beside = AZURE if place == ENABLED else {}
        shows = (asks(beside, {place: value}), asks({"title": "rtkcontract", K: 90}))
        yield Fault(name=name, group="echo", shows=shows, wrap=echoes(place, convert))
    stored: tuple[tuple[str, str, Convert, Json, dict[str, Json]], ...] = (
        ("bucket in small letters", "bucket", str.lower, "Bucket", AWS),
        ("region in capitals", "region", str.upper, "us-east-1", AWS),
        ("path with a slash in front", "path", lambda v: "/" + v.lstrip("/"), "a/b", AWS),
        ("port always 22", "port", lambda _: 22, 2200, SFTP_WORD),
        ("port zero lost", "port", lambda v: v or GONE, 0, SFTP_WORD),
        ("user name lost", "username", lambda _: GONE, "rtkcontract", SFTP_WORD),
        ("host empty", "host", lambda _: "", "sftp.example.com", SFTP_WORD),
        ("auth method lost", "auth_method", lambda _: GONE, "KEY", SFTP_KEY),
        (
            "digitalocean comes back as aws",
            "type",
            lambda v: "aws" if v == "digitalocean" else v,
            "digitalocean",
            OCEAN,
        ),
    )
    for name, leaf, convert, value, whole in stored:
        place = f"{ST}.{leaf}"
        yield Fault(name=name, group="echo", shows=(asks(whole, {place: value}),), wrap=echoes(place, convert))
    size = f"{WM}.size"
    others: tuple[tuple[str, Wrap, dict[str, Json]], ...] = (
        ("height and width swapped", _swap(HEIGHT, WIDTH), {HEIGHT: 1, WIDTH: 2}),
        ("watermark size swapped", _swap(f"{size}.height", f"{size}.width"), {f"{size}.height": 1, f"{size}.width": 2}),
        ("record and live stream swapped", _swap("record_on_start", "live_stream_on_start"), {"record_on_start": True}),
        ("export files swapped", _swap(f"{AU}.export_file", f"{VI}.export_file"), {f"{AU}.export_file": False, VI: {}}),
        ("title lost", has("title", GONE), {"title": "rtkcontract"}),
        ("transcription lost", has(TR, GONE), {LANGUAGE: "de"}),
        ("watermark lost", has(WM, GONE), {POSITION: "left top"}),
        ("watermark size lost", has(size, GONE), {f"{size}.height": 3}),
        ("storage lost", has(ST, GONE), AZURE),
        ("bucket config lost", has(BU, GONE), {ENABLED: True}),
        ("file prefix lost", has(PREFIX, GONE), {PREFIX: "rtkcontract"}),
        ("stream address null", returns(URL, lambda _: None), {URL: "rtmp://a.example.com/live"}),
        ("title null", returns("title", lambda _: None), {"title": "rtkcontract"}),
        ("false left out", data(lambda _, d: _prune(d, lambda v: v is False)), {"record_on_start": False}),
        (
            "zero left out",
            data(lambda _, d: _prune(d, lambda v: v == 0 and v is not False)),
            {**SFTP_WORD, f"{ST}.port": 0},
        ),
        ("the last keyword lost", echoes(KEYWORDS, lambda v: v[:-1]), {KEYWORDS: ["a"]}),
        ("nested members of a sftp store lost", on({TYPE: "sftp"}, loses(TYPE)), SFTP_WORD),
        ("members in camel case", data(_camel), {HEIGHT: 7, FORMAT: "plain_text", PREFIX: "rtkcontract"}),
    )
    for name, wrap, shown in others:
        yield Fault(name=name, group="echo", shows=(asks(shown), asks({"title": "rtkcontract", K: 90})), wrap=wrap)


def _basic(text: str) -> str:
    """
    The text with every character beyond the basic plane replaced, as an old database does.
    """
    return "".join(character if ord(character) < 0x10000 else "?" for character in text)


def _prune(value: Json, goes: Callable[[Json], bool]) -> None:
    for name, inner in list(value.items()):
        if isinstance(inner, dict):
            _prune(inner, goes)
        elif goes(inner):
            del value[name]


def _camel(_: Json, told: dict[str, Any]) -> None:
    """
    Members below the first level are renamed.
    """
    for part in (RC, "ai_config"):
        if isinstance(told.get(part), dict):
            told[part] = _renamed(told[part])


def _renamed(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return {re.sub("_(.)", lambda m: m[1].upper(), name): _renamed(inner) for name, inner in value.items()}


def _defaults() -> Iterator[Fault]:
    """
    Another value than the documented one for a member that was left out.
    """
    rows: tuple[tuple[str, Json, dict[str, Json]], ...] = (
        (K, 61, {}),
        (K, 300, {}),
        (K, 600, {}),
        ("record_on_start", True, {}),
        ("live_stream_on_start", True, {}),
        ("persist_chat", True, {}),
        ("summarize_on_end", True, {}),
        ("transcribe_on_end", True, {}),
        (PROFANITY, True, {TR: {}}),
        (SUMMARY, "team_meeting", {TR: {}, SU: {}}),
        (FORMAT, "plain_text", {TR: {}, SU: {}}),
        (WORDS, 150, {TR: {}, SU: {}}),
        (f"{AU}.codec", "MP3", {AU: {}}),
        (f"{AU}.channel", "mono", {AU: {}}),
        (f"{AU}.export_file", False, {AU: {}}),
        (f"{VI}.codec", "VP8", {VI: {}}),
        (f"{VI}.export_file", False, {VI: {}}),
        (HEIGHT, 1080, {VI: {}}),
        (WIDTH, 1920, {VI: {}}),
        (POSITION, "right top", {WM: {}}),
    )
    for place, value, shown in rows:
        yield Fault(
            name=f"{_leaf(place)} {json.dumps(value)}",
            group="defaults",
            shows=(asks(shown),),
            edit=rule(place, default=value),
        )
    yield Fault(
        name="height and width of a portrait",
        group="defaults",
        shows=(asks({VI: {}}),),
        edit=both(rule(HEIGHT, default=1280), rule(WIDTH, default=720)),
    )
    yield Fault(
        name="keep-alive zero in an answer to an empty body",
        group="defaults",
        shows=(asks({}),),
        wrap=on({K: GONE, "title": GONE}, tells(K, 0)),
    )


def _secret_in(sent: Json) -> str:
    """
    The first credential of a body; empty where there is none.
    """
    stored = get(sent, ST)
    found = (stored.get(name) for name in SECRETS) if isinstance(stored, dict) else ()
    return next((value for value in found if isinstance(value, str) and value), "")


def _leaking(show: Callable[[Response, str], Response], *, kinds: tuple[str, ...] = ()) -> Wrap:
    """
    The answer shows the first credential of the body, whatever its status.
    """

    def change(_: Request, sent: Json, response: Response) -> Response:
        secret = _secret_in(sent)
        return show(response, secret) if secret and (not kinds or get(sent, TYPE) in kinds) else response

    return says(change)


def _in_data(name: str, form: Callable[[str], Json]) -> Callable[[Response, str], Response]:
    def show(response: Response, secret: str) -> Response:
        whole = parsed(response.content)
        if response.status == 201:
            _put(whole["data"], name, form(secret))
        return replaced(response, whole)

    return show


def _in_header(name: str, form: Callable[[str], str] = str) -> Callable[[Response, str], Response]:
    return lambda response, secret: header(name, form(secret))(_NO_REQUEST, GONE, response)


_NO_REQUEST = Request(method="", url="", headers=(), content=b"")


def _echoing(place: str, kind: str = "") -> Wrap:
    """
    A credential comes back where it was, for every store or for one kind.
    """

    def change(sent: Json, told: dict[str, Any]) -> None:
        if get(sent, place) not in (GONE, None) and (not kind or get(sent, TYPE) == kind):
            _put(told, place, get(sent, place))

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
        wrap=says(quoted, when=lambda _, s, r: r.status == 400 and _secret_in(s) != ""),
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
            kept[0] = _secret_in(parsed(request.content)) or kept[0]
            return told

        return answer

    yield Fault(name="secret of an earlier request", group="leaks", shows=(asks(AZURE), *MANY), wrap=earlier)


def _statuses() -> Iterator[Fault]:
    """
    Statuses that neither accept nor refuse, for everything or for one value.
    """
    for code in (202, 204, 206, 207, 302, 303, 304, 500, 503):
        yield Fault(
            name=f"{code} for a success", group="statuses", shows=MANY, wrap=says(bare_or_not(code), when=created)
        )
    for code in (500, 501, 502, 302, 203):
        yield Fault(name=f"{code} for a refusal", group="statuses", shows=BAD, wrap=says(status(code), when=refused))
    yield Fault(
        name="refused with 200 in the service's envelope",
        group="statuses",
        shows=BAD,
        wrap=says(status(200), when=lambda _, __, r: r.status == 400 and b'"error":' in r.content),
    )
    yield Fault(name="refused with 201", group="statuses", shows=BAD, wrap=says(status(201), when=refused))
    one: tuple[tuple[str, dict[str, Any], dict[str, Json]], ...] = (
        ("an empty title", {"title": ""}, {}),
        (
            "a title beyond the basic plane",
            {"title": lambda v: v is not None and any(ord(c) > 0xFFFF for c in v)},
            {"title": "\U0001f3a5"},
        ),
        ("a title with a quote", {"title": lambda v: v is not None and "'" in v}, {"title": "it's"}),
        ("a blank title", {"title": lambda v: v is not None and v != "" and v.isspace()}, {"title": " "}),
        ("a title of 200", {"title": lambda v: v is not None and len(v) > 199}, {"title": "p" * 200}),
        ("a title with a line break", {"title": lambda v: v is not None and "\n" in v}, {"title": "a\nb"}),
        ("a null title", {"title": None}, {}),
        ("the longest keep-alive", {K: 600}, {}),
        ("no keywords", {KEYWORDS: []}, {}),
        ("the same keyword twice", {KEYWORDS: lambda v: len(set(v)) < len(v)}, {KEYWORDS: ["a", "a"]}),
        ("VP9", {f"{VI}.codec": "VP9"}, {}),
        ("one_on_one_meeting", {SUMMARY: "one_on_one_meeting"}, {}),
        ("a video of one line", {HEIGHT: 1}, {}),
        ("null for the storage", {ST: None}, {}),
        ("sftp with a key", {AUTH: "KEY"}, SFTP_KEY),
        ("an empty watermark", {WM: {}}, {}),
        ("an empty recording config", {RC: {}}, {}),
        ("live stream on start", {"live_stream_on_start": True}, {}),
        ("the largest watermark", {f"{WM}.size.width": lambda v: v > 1_920}, {f"{WM}.size.width": 2_000}),
    )
    for name, wanted, shown in one:
        plain = shown or {place: value for place, value in wanted.items() if not callable(value)}
        yield Fault(name=f"500 upon {name}", group="statuses", shows=(asks(plain),), wrap=on(wanted, CRASH))
    bad: tuple[tuple[str, Callable[[Request, Json], bool], Asked], ...] = (
        ("broken JSON", lambda q, s: s is GONE and bool(q.content.strip()), sends(b"{", expect="rejected")),
        ("an empty body", lambda q, _: not q.content, sends(b"", expect="rejected")),
        ("a list for the body", lambda _, s: isinstance(s, list), sends(b"[]", expect="rejected")),
        ("a number for the body", lambda _, s: _number(s), sends(b"1", expect="rejected")),
        ("null for the body", lambda q, _: q.content.strip() == b"null", sends(b"null", expect="rejected")),
        ("text for the keep-alive", lambda _, s: isinstance(get(s, K), str), asks({K: "x"})),
        ("null for the keep-alive", lambda _, s: get(s, K) is None, asks({K: None})),
        ("a list for a boolean", lambda _, s: isinstance(get(s, "persist_chat"), list), asks({"persist_chat": []})),
        ("text for an object", lambda _, s: isinstance(get(s, RC), str), asks({RC: "x"})),
        ("null for an object", lambda _, s: get(s, "ai_config") is None, asks({"ai_config": None})),
        ("a list for the storage", lambda _, s: isinstance(get(s, ST), list), asks({ST: []})),
        ("an object for text", lambda _, s: isinstance(get(s, "title"), dict), asks({"title": {}})),
        ("text for the keywords", lambda _, s: isinstance(get(s, KEYWORDS), str), asks({KEYWORDS: "x"})),
        (
            "an unknown codec",
            lambda _, s: get(s, f"{VI}.codec") not in (GONE, "H264", "VP8", "VP9"),
            asks({f"{VI}.codec": "x"}),
        ),
        ("an unknown store", lambda _, s: get(s, TYPE) not in (GONE, *ENUMS[TYPE]), asks({TYPE: "x"})),
        ("a store with no key", lambda _, s: get(s, ST) == {"type": "sftp"}, asks({TYPE: "sftp"})),
        ("a huge number", lambda _, s: _number(get(s, K)) and get(s, K) > 1e300, asks({K: 1e308})),
        (
            "a title of 10,000",
            lambda _, s: isinstance(get(s, "title"), str) and len(get(s, "title")) > 5_000,
            asks({"title": "p" * 10_000}),
        ),
        (
            "NUL in a title",
            lambda _, s: isinstance(get(s, "title"), str) and "\0" in get(s, "title"),
            asks({"title": "a\0"}),
        ),
        ("deep nesting", lambda q, _: q.content.count(b"[") > 60, sends(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}")),
        ("bytes that are no UTF-8", lambda q, _: _broken(q.content), sends(b'{"title": "\xff"}', expect="rejected")),
        (
            "an unknown member",
            lambda _, s: isinstance(s, dict) and any("unknown" in n for n in s),
            asks({"unknown": 1}),
        ),
        (
            "a member twice",
            lambda q, s: isinstance(s, dict) and q.content.count(b'"title"') > 1,
            sends(b'{"title":"a","title":"b"}', "unspecified"),
        ),
    )
    for name, breaks, asked in bad:
        yield Fault(name=f"500 upon {name}", group="statuses", shows=(asked,), wrap=says(CRASH, when=_upon(breaks)))
    addressed: tuple[tuple[str, Callable[[Request], bool], Asked], ...] = (
        (
            "no credentials",
            lambda q: _of(q, "authorization") is None,
            Asked(headers={"authorization": None}, expect="rejected"),
        ),
        (
            "another scheme",
            lambda q: str(_of(q, "authorization")).startswith("Basic"),
            Asked(headers={"authorization": "Basic eDp5"}, expect="rejected"),
        ),
        (
            "no content type",
            lambda q: _of(q, "content-type") is None,
            Asked(headers={"content-type": None}, expect="unspecified"),
        ),
        (
            "plain text",
            lambda q: "text/plain" in str(_of(q, "content-type")),
            Asked(headers={"content-type": "text/plain"}, expect="unspecified"),
        ),
        ("DELETE", lambda q: q.method == "DELETE", Asked(method="DELETE", expect="rejected")),
        ("an unknown account", lambda q: ACCOUNT not in q.url, Asked(path={"account_id": "x"}, expect="rejected")),
        ("an unknown app", lambda q: APP not in q.url, Asked(path={"app_id": "x"}, expect="rejected")),
    )
    for name, matches, asked in addressed:
        yield Fault(
            name=f"500 upon {name}", group="statuses", shows=(asked,), wrap=says(CRASH, when=_whenever(matches))
        )


def _upon(breaks: Callable[[Request, Json], bool]) -> Callable[[Request, Json, Response], bool]:
    """
    When the body was looked at and has this in it.
    """
    return lambda request, sent, response: response.status in (201, 400) and breaks(request, sent)


def _whenever(
    matches: Callable[[Request], bool], *, accepted: bool = False
) -> Callable[[Request, Json, Response], bool]:
    """
    When the request is such, and, where that matters, was accepted.
    """
    return lambda request, _, response: matches(request) and (not accepted or response.status == 201)


def _typed(value: str) -> Callable[[Request], bool]:
    return lambda request: _of(request, "content-type") == value


def _writes(matches: Callable[[bytes], bool]) -> Callable[[Request], bool]:
    return lambda request: matches(request.content)


def _broken(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


def _of(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers if key.lower() == name), None)


GOOD = ("authorization", f"Bearer {TOKEN}")


def _credentials() -> Iterator[Fault]:
    """
    Each kind of credential that is none, accepted; and ids of a wrong form.
    """

    def let_in(matches: Callable[[str | None, Request], bool]) -> Wrap:
        def change(request: Request) -> Request:
            if not matches(_of(request, "authorization"), request):
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
        wrap=let_in(lambda v, q: v is None and _of(q, "x-auth-key") is not None),
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


def _headers() -> Iterator[Fault]:
    """
    The content type and what else stands above an answer.
    """
    rows: tuple[tuple[str, Wrap, tuple[Asked, ...]], ...] = (
        ("no content type", says(header("content-type", None)), MANY),
        ("text/html", says(header("content-type", "text/html; charset=utf-8")), MANY),
        ("text/plain for a success", says(header("content-type", "text/plain"), when=created), MANY),
        ("application/octet-stream", says(header("content-type", "application/octet-stream")), MANY),
        ("text/plain for a refusal", says(header("content-type", "text/plain"), when=refused), BAD),
        ("no content type for a refusal", says(header("content-type", None), when=refused), BAD),
        ("text/javascript", says(header("content-type", "text/javascript"), when=created), MANY),
        ("problem+json for a refusal", says(header("content-type", "application/problem+json"), when=refused), BAD),
        (
            "text/html for missing credentials",
            says(header("content-type", "text/html"), when=lambda q, _, __: _of(q, "authorization") is None),
            (Asked(headers={"authorization": None}, expect="rejected"),),
        ),
    )
    for name, wrap, shows in rows:
        yield Fault(name=name, group="headers", shows=shows, wrap=wrap)
    for name, value in (("a charset", "application/json; charset=utf-8"), ("capitals", "Application/JSON")):
        yield Fault(
            name=f"refused: a content type with {name}",
            group="headers",
            shows=(Asked(headers={"content-type": value}, expect="accepted"),),
            wrap=says(
                service_error(415, "UNSUPPORTED_MEDIA_TYPE"),
                when=_whenever(_typed(value), accepted=True),
            ),
        )


class _Kept:
    """
    What a server that should have no memory remembers.
    """

    def __init__(self) -> None:
        self.lock, self.number, self.values = threading.Lock(), 0, dict[Any, Any]()

    def next(self) -> int:
        with self.lock:
            self.number += 1
            return self.number


def stateful(change: Callable[[_Kept, Request, Json, Response], Response]) -> Wrap:
    """
    The answer depends on what came before; each server has a memory of its own.
    """

    def wrap(respond: Respond) -> Respond:
        kept = _Kept()

        def answer(request: Request) -> Response:
            return change(kept, request, parsed(request.content), respond(request))

        return answer

    return wrap


def _told(response: Response, place: str, value: Json) -> Response:
    whole = parsed(response.content)
    _put(whole["data"], place, value)
    return replaced(response, whole)


def _remembers(place: str) -> Wrap:
    """
    A member that is not sent comes back as it was sent before.
    """

    def change(kept: _Kept, _: Request, sent: Json, response: Response) -> Response:
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

    def ids(identity: Callable[[_Kept, Json], str | None]) -> Wrap:
        def change(kept: _Kept, _: Request, sent: Json, response: Response) -> Response:
            if response.status != 201:
                return response
            made = identity(kept, sent)
            return _told(response, "id", made) if made else response

        return stateful(change)

    def first_of(key: Callable[[Json], str]) -> Callable[[_Kept, Json], str]:
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
            name=f"{_leaf(place)} of an earlier request",
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
            name=f"{_leaf(place)} of an earlier request",
            group="state",
            shows=(asks({}), asks(whole), asks({})),
            wrap=_remembers_readable(place),
        )

    def grows(kept: _Kept, _: Request, sent: Json, response: Response) -> Response:
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

    def late(kept: _Kept, _: Request, __: Json, response: Response) -> Response:
        before, kept.values["last"] = kept.values.get("last"), response
        return before or response

    yield Fault(
        name="the answer to the request before",
        group="state",
        shows=(asks({"title": "a"}), asks({"title": "b"}), *BAD),
        wrap=stateful(late),
    )

    def stuck(kept: _Kept, q: Request, s: Json, response: Response) -> Response:
        before, kept.values["bad"] = kept.values.get("bad"), refused(q, s, response)
        return REFUSAL(q, s, response) if before else response

    yield Fault(name="refused after a refusal", group="state", shows=(*BAD, *MANY), wrap=stateful(stuck))

    def cached(kept: _Kept, _: Request, sent: Json, response: Response) -> Response:
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
            wrap=says(REFUSAL, when=_whenever(_writes(matches), accepted=True)),
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


def _in_turn(kept: _Kept, _: Request, __: Json, response: Response) -> Response:
    if response.status != 201 or kept.next() % 2:
        return response
    return replaced(response, {"success": True, "result": parsed(response.content)["data"]})


def _remembers_readable(place: str) -> Wrap:
    """
    An object that is not sent comes back as the answer had it before.
    """

    def change(kept: _Kept, _: Request, sent: Json, response: Response) -> Response:
        if response.status != 201:
            return response
        told = get(parsed(response.content)["data"], place)
        if get(sent, place) is GONE:
            return _told(response, place, kept.values[place]) if place in kept.values else response
        if isinstance(told, dict) and told:
            kept.values[place] = told
        return response

    return stateful(change)


SLOW_S = 0.9
LATENCY_S = 0.6


def _latency() -> Iterator[Fault]:
    """
    Slow for one value.
    """
    rows: tuple[tuple[str, dict[str, Any], dict[str, Json]], ...] = (
        ("the longest keep-alive", {K: 600}, {K: 600}),
        ("a null title", {"title": None}, {"title": None}),
        ("the largest video", {HEIGHT: 1_920, WIDTH: 1_920}, {HEIGHT: 1_920, WIDTH: 1_920}),
    )
    for name, wanted, shown in rows:
        yield Fault(
            name=f"slow upon {name}",
            group="latency",
            shows=(asks(shown),),
            wrap=on(wanted, slow(SLOW_S)),
            fields=len(wanted),
            max_latency_s=LATENCY_S,
        )


def _text(value: str) -> Convert:
    return lambda _: value


def _pairs() -> Iterator[Fault]:
    """
    Two members that go wrong together only.
    """
    rows: tuple[tuple[str, dict[str, Any], Effect, dict[str, Json]], ...] = (
        ("crash: recorded at once into gcs", {"record_on_start": True, TYPE: "gcs"}, CRASH, GCS),
        ("crash: recorded and streamed", {"record_on_start": True, "live_stream_on_start": True}, CRASH, {}),
        ("chat kept: keep-alive lost at its maximum", {"persist_chat": True, K: 600}, tells(K, 60), {}),
        ("refusal: German transcribed at the end", {"transcribe_on_end": True, LANGUAGE: "de"}, REFUSAL, {}),
        (
            "a lecture in plain text comes back in markdown",
            {SUMMARY: "lecture", FORMAT: "plain_text"},
            tells(FORMAT, "markdown"),
            {TR: {}},
        ),
        ("crash: VP9 without a file", {f"{VI}.codec": "VP9", f"{VI}.export_file": False}, CRASH, {}),
        ("refusal: the largest video", {HEIGHT: 1_920, WIDTH: 1_920}, REFUSAL, {}),
        (
            "MP3 in mono comes back in stereo",
            {f"{AU}.codec": "MP3", f"{AU}.channel": "mono"},
            tells(f"{AU}.channel", "stereo"),
            {},
        ),
        (
            "a watermark with an address moves",
            {POSITION: "right bottom", MARK_URL: ANY},
            tells(POSITION, "left top"),
            {MARK_URL: "https://example.com/a"},
        ),
        ("refusal: azure with the bucket off", {TYPE: "azure", ENABLED: False}, REFUSAL, AZURE),
        ("crash: recorded without a title", {"title": None, "record_on_start": True}, CRASH, {}),
        ("crash: Greek without keywords", {KEYWORDS: [], LANGUAGE: "el"}, CRASH, {}),
        ("keep-alive lost with transcription", {K: 60, "transcribe_on_end": True}, loses(K), {}),
        (
            "several keywords switch the filter off",
            {KEYWORDS: lambda v: len(v) > 1, PROFANITY: True},
            tells(PROFANITY, False),
            {KEYWORDS: ["a", "b"]},
        ),
        ("refusal: recorded at once for a day", {SECONDS: 86_400, "record_on_start": True}, REFUSAL, {}),
        ("an interview of a thousand words is cut", {WORDS: 1_000, SUMMARY: "interview"}, tells(WORDS, 500), {TR: {}}),
        ("port zero lost with a key", {AUTH: "KEY", f"{ST}.port": 0}, loses(f"{ST}.port"), SFTP_KEY),
        (
            "stream address lost where nothing is streamed",
            {URL: ANY, "live_stream_on_start": False},
            loses(URL),
            {URL: "rtmp://a.example.com/x"},
        ),
        (
            "file prefix with a slash in digitalocean",
            {PREFIX: ANY, TYPE: "digitalocean"},
            tells(PREFIX, "/rtkcontract"),
            {**OCEAN, PREFIX: "rtkcontract"},
        ),
        ("refusal: no file at all", {f"{AU}.export_file": False, f"{VI}.export_file": False}, REFUSAL, {}),
        ("crash: a watermark of one pixel", {f"{WM}.size.height": 1, f"{WM}.size.width": 1}, CRASH, {}),
        (
            "an empty title named where chat is not kept",
            {"title": "", "persist_chat": False},
            tells("title", "Untitled"),
            {},
        ),
        (
            "summary switched off",
            {"summarize_on_end": True, "transcribe_on_end": True},
            tells("summarize_on_end", False),
            {},
        ),
        ("crash: two nulls", {"record_on_start": None, "live_stream_on_start": None}, CRASH, {}),
        (
            "access_key of azure with the bucket on",
            {TYPE: "azure", ENABLED: True},
            telling(lambda s, d: _put(d, "trace", _secret_in(s))),
            AZURE,
        ),
        (
            "password beside the user name",
            {AUTH: "PASSWORD", f"{ST}.username": ANY},
            telling(lambda s, d: _put(d, "log", _secret_in(s))),
            {**SFTP_WORD, f"{ST}.username": "rtkcontract"},
        ),
        (
            "204 upon a short markdown",
            {WORDS: 150, FORMAT: "markdown"},
            lambda _, __, r: dataclasses.replace(r, status=204, content=b""),
            {TR: {}},
        ),
        (
            "bucket in front of the path",
            {f"{ST}.bucket": ANY, f"{ST}.path": ANY},
            telling(lambda s, d: _put(d, f"{ST}.path", f"{get(s, f'{ST}.bucket')}/{get(s, f'{ST}.path')}")),
            {**AWS, f"{ST}.path": "a"},
        ),
        (
            "a default of its own for H264 with AAC",
            {f"{VI}.codec": "H264", f"{AU}.codec": "AAC", HEIGHT: GONE},
            tells(HEIGHT, 1080),
            {},
        ),
        (
            "Dutch without a summary comes back in English",
            {LANGUAGE: "nl", "summarize_on_end": False},
            tells(LANGUAGE, "en-US"),
            {},
        ),
        ("crash: two empty objects", {"ai_config": {}, RC: {}}, CRASH, {}),
        ("another keep-alive for aws", {TYPE: "aws", K: GONE}, tells(K, 600), AWS),
        ("crash: Hindi in plain text", {LANGUAGE: "hi", FORMAT: "plain_text"}, CRASH, {}),
        ("refusal: a small video with a wide one's words", {HEIGHT: 1, WORDS: 1_000}, REFUSAL, {TR: {}}),
        (
            "VP8 loses its watermark address",
            {f"{VI}.codec": "VP8", MARK_URL: ANY},
            loses(MARK_URL),
            {MARK_URL: "https://example.com/a"},
        ),
        ("crash: an empty title in a sales call", {"title": "", SUMMARY: "sales_call"}, CRASH, {TR: {}}),
        (
            "audio file comes back with MP3 to sftp",
            {f"{AU}.codec": "MP3", TYPE: "sftp"},
            tells(f"{AU}.codec", "AAC"),
            SFTP_WORD,
        ),
        ("refusal: storage null and live", {ST: None, "live_stream_on_start": True}, REFUSAL, {}),
    )
    for name, wanted, effect, shown in rows:
        yield Fault(name=name, group="two fields", shows=(_shown(wanted, shown),), wrap=on(wanted, effect), fields=2)


def _shown(wanted: Mapping[str, Any], beside: Mapping[str, Json]) -> Asked:
    plain = {
        place: value
        for place, value in wanted.items()
        if value is not ANY and value is not GONE and not callable(value)
    }
    return asks(beside, plain)


def _triples() -> Iterator[Fault]:
    """
    Three members that go wrong together only.
    """
    rows: tuple[tuple[str, dict[str, Any], Effect, dict[str, Json]], ...] = (
        ("crash: recorded at once into gcs, kept long", {"record_on_start": True, TYPE: "gcs", K: 600}, CRASH, GCS),
        (
            "refusal: recorded, streamed, chat kept",
            {"record_on_start": True, "live_stream_on_start": True, "persist_chat": True},
            REFUSAL,
            {},
        ),
        (
            "a long sales call in plain text is cut",
            {SUMMARY: "sales_call", FORMAT: "plain_text", WORDS: 1_000},
            tells(WORDS, 999),
            {TR: {}},
        ),
        ("crash: VP9 in the largest video", {f"{VI}.codec": "VP9", HEIGHT: 1_920, WIDTH: 1_920}, CRASH, {}),
        (
            "MP3 in mono without a file",
            {f"{AU}.codec": "MP3", f"{AU}.channel": "mono", f"{AU}.export_file": False},
            tells(f"{AU}.channel", "stereo"),
            {},
        ),
        (
            "refusal: Russian, filtered, at the end",
            {"transcribe_on_end": True, LANGUAGE: "ru", PROFANITY: True},
            REFUSAL,
            {},
        ),
        (
            "access_key of a recorded azure",
            {TYPE: "azure", ENABLED: True, "record_on_start": True},
            telling(lambda s, d: _put(d, "trace", _secret_in(s))),
            AZURE,
        ),
        ("crash: no title, chat kept, shortest", {"title": None, "persist_chat": True, K: 60}, CRASH, {}),
        (
            "crash: sftp on port 0 with the bucket off",
            {AUTH: "PASSWORD", f"{ST}.port": 0, ENABLED: False},
            CRASH,
            SFTP_WORD,
        ),
        (
            "a narrow watermark moves in H264",
            {POSITION: "right top", f"{WM}.size.width": 1, f"{VI}.codec": "H264"},
            tells(POSITION, "left top"),
            {},
        ),
        ("seconds lost", {SECONDS: 60, f"{AU}.codec": "AAC", "live_stream_on_start": None}, loses(SECONDS), {}),
        (
            "202 upon a summary in plain text",
            {"summarize_on_end": True, "transcribe_on_end": True, FORMAT: "plain_text"},
            status(202),
            {TR: {}},
        ),
        ("crash: French without keywords, short", {KEYWORDS: [], LANGUAGE: "fr", WORDS: 150}, CRASH, {}),
        (
            "stream address lost in a stream unrecorded",
            {URL: ANY, "live_stream_on_start": True, "record_on_start": False},
            loses(URL),
            {URL: "rtmp://a.example.com/x"},
        ),
        (
            "file prefix changed in digitalocean without video",
            {PREFIX: ANY, TYPE: "digitalocean", f"{VI}.export_file": False},
            tells(PREFIX, "changed"),
            {**OCEAN, PREFIX: "rtkcontract"},
        ),
        (
            "refusal: VP8, tall, at the bottom",
            {f"{VI}.codec": "VP8", HEIGHT: 1_920, POSITION: "left bottom"},
            REFUSAL,
            {},
        ),
    )
    for name, wanted, effect, shown in rows:
        yield Fault(name=name, group="three fields", shows=(_shown(wanted, shown),), wrap=on(wanted, effect), fields=3)


def _mismeasured(extra: int) -> Effect:
    """
    The answer with a wrong Content-Length.
    """

    def change(request: Request, sent: Json, response: Response) -> Response:
        return header("content-length", str(len(response.content) + extra))(request, sent, response)

    return change


def _protocol() -> Iterator[Fault]:  # noqa: C901  # one small function a reading
    """
    Bodies that are no JSON, or no object, taken for one.
    """

    def quotes(content: bytes) -> bytes:
        return content.replace(b"'", b'"') if content.startswith(b"{'") else content

    def opened(content: bytes) -> bytes:
        """
        What is cut off is closed.
        """
        if parsed(content) is not GONE or not content.startswith(b"{"):
            return content
        ends = (b'"}', b"}", b'""}', b'":null}')
        return next((content + end for end in ends if isinstance(parsed(content + end), dict)), content)

    def read_to_the_end_of_a_value(content: bytes) -> bytes:
        try:
            text = content.decode()
            value, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return content
        return json.dumps(value).encode() if parsed(content) is GONE else content

    def first_item(content: bytes) -> bytes:
        value = parsed(content)
        return json.dumps(value[0]).encode() if isinstance(value, list) and value else content

    def unpacked(content: bytes) -> bytes:
        value = parsed(content)
        return value.encode() if isinstance(value, str) else content

    def nothing(*contents: bytes) -> Callable[[bytes], bytes]:
        return lambda content: b"{}" if content.strip() in contents else content

    def form(content: bytes) -> bytes:
        return b"{}" if parsed(content) is GONE and re.fullmatch(rb"\w+=\w*", content) else content

    rows: tuple[tuple[str, Callable[[bytes], bytes], bytes], ...] = (
        ("a comma too many", lambda c: re.sub(rb",\s*([}\]])", rb"\1", c), b'{"title": "a",}'),
        ("single quotes", quotes, b"{'title': 'a'}"),
        ("names without quotes", lambda c: re.sub(rb"^\{\s*(\w+)\s*:", rb'{"\1":', c), b'{title: "a"}'),
        ("comments", lambda c: re.sub(rb"/\*.*?\*/", b"", c), b'{"title": "a" /* b */}'),
        ("what was cut off", opened, b'{"title": "a'),
        ("text behind", read_to_the_end_of_a_value, b'{"title": "a"} b'),
        ("a list of one body", first_item, b"[{}]"),
        ("an empty list", nothing(b"[]", b"[{}]"), b"[{}]"),
        ("a body in text", unpacked, b'"{}"'),
        ("null", nothing(b"null"), b"null"),
        ("a number", nothing(b"0", b"1", b"7", b"42", b"60"), b"60"),
        ("true", nothing(b"true", b"false"), b"true"),
        ("an empty body", lambda c: c or b"{}", b""),
        ("a blank body", lambda c: c if c.strip() else b"{}", b"  "),
        ("a form", form, b"title=a"),
        ("anything that does not parse", lambda c: b"{}" if parsed(c) is GONE else c, b"{"),
    )
    for name, change, shown in rows:
        yield Fault(
            name=f"accepted: {name}",
            group="protocol",
            shows=(sends(shown, expect="rejected"),),
            wrap=reads_content(change),
        )
    for name, extra in (("cut short of its length", 10), ("longer than its length", -10)):
        yield Fault(
            name=f"an answer {name}",
            group="protocol",
            shows=MANY,
            wrap=says(
                _mismeasured(extra),
                when=lambda _, s, r: r.status == 201 and get(s, K) == 600,
            ),
            untold=True,
        )


GROUPS: tuple[Callable[[], Iterator[Fault]], ...] = (
    _boundaries,
    _enums,
    _coercions,
    _nulls,
    _conditionals,
    _envelopes,
    _types,
    _echoes,
    _defaults,
    _leaks,
    _statuses,
    _credentials,
    _headers,
    _state,
    _latency,
    _protocol,
    _pairs,
    _triples,
)
FAULTS: tuple[Fault, ...] = tuple(fault for group in GROUPS for fault in group())


# --- lawful variants ------------------------------------------------------------------------------------------------


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


def edge(code: int, number: int = 1000, message: str = "Invalid request") -> Effect:
    """
    The edge's error envelope in place of the answer.
    """
    told = {"success": False, "errors": [{"code": number, "message": message}], "messages": [], "result": None}
    return lambda _, __, response: dataclasses.replace(response, status=code, content=json.dumps(told).encode())


def gateway(code: int) -> Effect:
    """
    The legacy gateway's envelope in place of the answer.
    """
    return lambda _, __, r: dataclasses.replace(r, status=code, content=b'{"message": "Unauthorized"}')


def _of_body(_: Request, __: Json, response: Response) -> bool:
    return response.status == 400 and b'"error"' in response.content


def _unauthenticated(request: Request, _: Json, __: Response) -> bool:
    return GOOD not in request.headers


def _status_is(*codes: int) -> Callable[[Request, Json, Response], bool]:
    return lambda _, __, response: response.status in codes


def _each(value: Json, change: Callable[[Json], Json]) -> Json:
    """
    The value with every scalar below changed.
    """
    if isinstance(value, dict):
        return {name: _each(inner, change) for name, inner in value.items()}
    return [_each(item, change) for item in value] if isinstance(value, list) else change(value)


def _reordered(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _reordered(value[name]) for name in reversed(value)}
    return value


def _like_floats(value: Json) -> Json:
    return float(value) if _number(value) else value


def _nulls_kept(sent: Json, told: dict[str, Any]) -> None:
    for name in ("title", "record_on_start", "live_stream_on_start", ST):
        if get(sent, name) is None:
            _put(told, name, None)


def _nulls_out(sent: Json, told: dict[str, Any]) -> None:
    for name in ("title", "record_on_start", "live_stream_on_start"):
        if get(sent, name) is None:
            told.pop(name, None)


def _only_sent(sent: Json, told: Json) -> Json:
    """
    The answer without any member that was not sent.
    """
    if not isinstance(sent, dict) or not isinstance(told, dict):
        return told
    return {name: _only_sent(sent[name], value) for name, value in told.items() if name in sent}


def _no_defaults(sent: Json, told: dict[str, Any]) -> None:
    made = {name: told[name] for name in ("id", "created_at", "updated_at")}
    kept = _only_sent(sent, told)
    told.clear()
    told.update({**made, **kept})


def _all_defaults(sent: Json, told: dict[str, Any]) -> None:
    """
    Defaults at every depth, whether the object was sent or not.
    """
    rows: dict[str, Json] = {
        PROFANITY: False,
        SUMMARY: "general",
        FORMAT: "markdown",
        WORDS: 500,
        LANGUAGE: "en-US",
        f"{AU}.codec": "AAC",
        f"{AU}.channel": "stereo",
        f"{AU}.export_file": True,
        f"{VI}.codec": "H264",
        f"{VI}.export_file": True,
        HEIGHT: 720,
        WIDTH: 1280,
        POSITION: "left top",
    }
    for place, value in rows.items():
        if get(told, place) is GONE:
            _put(told, place, value)
    if get(told, ST) is GONE:
        _put(told, ST, None)


def _without_empty(_: Json, told: dict[str, Any]) -> None:
    """
    Objects in which nothing is left are left out.
    """
    for name, inner in list(told.items()):
        if isinstance(inner, dict):
            _without_empty(_, inner)
            if not inner:
                del told[name]


def _quiet_audio(sent: Json, told: dict[str, Any]) -> None:
    if get(sent, f"{VI}.codec") in ("VP8", "VP9"):
        _put(told, AU, GONE)


def _plain_audio(sent: Json, told: dict[str, Any]) -> None:
    if get(sent, f"{VI}.codec") in ("VP8", "VP9") and get(told, AU) is not GONE:
        _put(told, AU, {"codec": "AAC", "channel": "stereo", "export_file": True})


def _ignored(request: Request) -> Request:
    """
    A body of another content type is not looked at.
    """
    kind = _of(request, "content-type")
    if kind is not None and kind.partition(";")[0].strip().lower() == "application/json":
        return request
    kept = tuple(item for item in request.headers if item[0].lower() != "content-type")
    return dataclasses.replace(request, headers=(*kept, ("content-type", "application/json")), content=b"{}")


def _read_anyway(request: Request) -> Request:
    """
    A body of any content type is read as JSON.
    """
    kept = tuple(item for item in request.headers if item[0].lower() != "content-type")
    return dataclasses.replace(request, headers=(*kept, ("content-type", "application/json")))


def _lenient(content: bytes) -> bytes:
    """
    JSON as Python reads it by itself: a member twice, NaN, a mark in front, bytes that are no UTF-8.
    """
    text = content.decode("utf-8-sig", "replace")
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        return content
    odd = {"nan": 60, "inf": 1e308}
    clean = _each(sent, lambda v: odd.get(str(v), v) if isinstance(v, float) else v)
    return json.dumps(clean).encode() if isinstance(clean, dict) else content


def _first_wins(content: bytes) -> bytes:
    def kept(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        return dict(reversed(pairs))

    try:
        sent = json.loads(content, object_pairs_hook=kept)
    except (ValueError, RecursionError):
        return content
    return json.dumps(sent).encode() if isinstance(sent, dict) and content.count(b'"title"') > 1 else content


def _closed(document: Json) -> None:
    """
    Every object of the request refuses members that it does not know.
    """

    def close(schema: Json) -> None:
        if isinstance(schema, dict):
            if "properties" in schema and "object" in (schema.get("type") or ()):
                schema["additionalProperties"] = False
            for inner in schema.get("properties", {}).values():
                close(inner)

    close(document["components"]["schemas"]["create_meeting.request"])


def _one_of(document: Json) -> None:
    stored = node(document, ST)
    stored["oneOf"] = [{"type": "null"}, *({"type": "object", **member} for member in stored.pop("anyOf"))]


def _needs(kind: str, *names: str) -> Edit:
    """
    One more condition on stores of a type: these members, and not empty.
    """

    def edit(document: Json) -> None:
        condition = {"properties": {"type": {"const": kind}}, "required": ["type"]}
        then = {"required": list(names), "properties": {name: {"minLength": 1} for name in names}}
        node(document, ST).setdefault("allOf", []).append({"if": condition, "then": then})

    return edit


def _without_default(place: str) -> Edit:
    return rule(place, default=GONE)


def _if_then(place: str, condition: Json, then: Json) -> Edit:
    def edit(document: Json) -> None:
        node(document, place).setdefault("allOf", []).append({"if": condition, "then": then})

    return edit


def _extra_store(document: Json) -> None:
    """
    R2: a type that no enumeration lists, with an account.
    """
    stored = node(document, ST)
    stored["properties"]["type"]["enum"].append("cloudflare")
    stored["properties"]["account_id"] = {"type": "string"}
    stored["anyOf"].append({"properties": {"type": {"enum": ["cloudflare"]}}, "required": ["type"]})


def _azure(document: Json) -> None:
    azure = {"type": {"enum": ["azure"]}, "access_key": {"minLength": 1}}
    node(document, ST)["anyOf"].append({"properties": azure, "required": ["type", "access_key", "region"]})


def _throttled(times: int, *, empty: bool = False) -> Wrap:
    """
    The first requests of a run are answered 429.
    """
    told = edge(429, 971, "Please wait and consider throttling your request speed")

    def change(kept: _Kept, request: Request, sent: Json, response: Response) -> Response:
        if kept.next() in range(5, 5 + times):
            held = header("retry-after", "0")(request, sent, told(request, sent, response))
            return dataclasses.replace(held, content=b"") if empty else held
        return response

    return stateful(change)


def _gzipped(_: Request, __: Json, response: Response) -> Response:
    packed = dataclasses.replace(response, content=gzip.compress(response.content))
    return header("content-encoding", "gzip")(_NO_REQUEST, GONE, packed)


def _written(**options: Any) -> Wrap:
    """
    The same answer, written in another way.
    """
    return says(lambda _, __, r: dataclasses.replace(r, content=json.dumps(parsed(r.content), **options).encode()))


def _framed(before: bytes, behind: bytes) -> Wrap:
    return says(lambda _, __, r: dataclasses.replace(r, content=before + r.content + behind))


def _times(form: Callable[[datetime], str], *, apart_ms: int = 0) -> Wrap:
    def change(_: Json, told: dict[str, Any]) -> None:
        moment = datetime.fromisoformat(told["created_at"])
        told["created_at"] = form(moment)
        told["updated_at"] = form(moment + timedelta(milliseconds=apart_ms))

    return data(change)


def _moved(moment: datetime) -> str:
    return moment.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(timespec="milliseconds")


@contextlib.contextmanager
def _by_http_1_0(respond: Respond) -> Iterator[str]:
    """
    The server of the standard library: HTTP/1.0, one connection a request, its own capital letters.
    """

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = Request(
                method=self.command,
                url=f"http://{self.headers['host']}{self.path}",
                headers=tuple((name.lower(), value) for name, value in self.headers.items()),
                content=content,
            )
            response = respond(request)
            self.send_response(response.status)
            for name, value in response.headers:
                self.send_header(name.title(), value)
            self.end_headers()
            self.wfile.write(response.content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _variants() -> Iterator[Variant]:
    whole = "integer"
    video = {"properties": {"video_config": {"properties": {"codec": {"enum": ["VP8", "VP9"]}}, "required": ["codec"]}}}
    rows: tuple[tuple[str, Wrap | None, Edit | None], ...] = (
        ("the emulator as it is", None, None),
        # statuses and envelopes
        ("422 for a body", says(status(422), when=_of_body), None),
        ("422 for a body with its code", says(service_error(422, "UNPROCESSABLE"), when=_of_body), None),
        ("409 for a body", says(status(409), when=_of_body), None),
        ("413 for a body", says(edge(413), when=_of_body), None),
        ("200 in place of 201", says(status(200), when=created), None),
        ("the edge refuses bodies", says(edge(400), when=_of_body), None),
        ("the gateway refuses bodies", says(gateway(400), when=_of_body), None),
        ("401 for every credential", says(edge(401, 10_000), when=_unauthenticated), None),
        ("403 for every credential", says(edge(403, 9_109), when=_unauthenticated), None),
        ("400 for every credential", says(edge(400, 6_003), when=_unauthenticated), None),
        ("the gateway refuses credentials", says(gateway(401), when=_unauthenticated), None),
        ("the service refuses credentials", says(service_error(403, "FORBIDDEN"), when=_unauthenticated), None),
        ("the edge refuses credentials with 200", says(edge(200, 10_000), when=_unauthenticated), None),
        ("errors without messages and result", says(lambda _, __, r: replaced(r, _short(r)), when=refused), None),
        (
            "messages null",
            says(lambda _, __, r: replaced(r, {**parsed(r.content), "messages": None}), when=refused),
            None,
        ),
        (
            "more members in an error",
            says(lambda _, __, r: replaced(r, {**parsed(r.content), "ray": "a1"}), when=refused),
            None,
        ),
        (
            "a service code of its own",
            says(
                lambda _, __, r: replaced(r, {"success": False, "error": {"code": 1001, "message": "no"}}),
                when=_of_body,
            ),
            None,
        ),
        ("400 for a wrong account", says(edge(400, 7_003), when=_status_is(404)), None),
        (
            "403 for a wrong account",
            says(edge(403, 9_109), when=lambda q, _, r: r.status == 404 and ACCOUNT not in q.url),
            None,
        ),
        ("the service has no such account", says(service_error(404, "NOT_FOUND"), when=_status_is(404)), None),
        (
            "400 for an unknown app",
            says(service_error(400, "BAD_REQUEST: no such app"), when=lambda q, _, __: APP not in q.url),
            None,
        ),
        ("403 for an unknown app", says(edge(403, 10_000), when=lambda q, _, __: APP not in q.url), None),
        ("any app", reads(lambda q: dataclasses.replace(q, url=re.sub("/kit/[^/]+/", f"/kit/{APP}/", q.url))), None),
        ("404 for another method", says(edge(404, 7_000), when=_status_is(405)), None),
        ("400 for another method", says(edge(400, 7_001), when=_status_is(405)), None),
        ("405 without Allow", says(header("allow", None)), None),
        ("400 for another content type", says(service_error(400, "BAD_REQUEST: no JSON"), when=_status_is(415)), None),
        ("throttled once", _throttled(1), None),
        ("throttled once with nothing to say", _throttled(1, empty=True), None),
        # what an answer holds
        ("only what the server made", data(lambda _, d: _prune_to(d, ("id", "created_at", "updated_at"))), None),
        ("no defaults", data(_no_defaults), None),
        ("defaults at every depth", data(_all_defaults), None),
        ("no default language", None, _without_default(LANGUAGE)),
        ("the language found out", has_where_unsent(LANGUAGE, "de"), None),
        ("nulls echoed", data(_nulls_kept), None),
        ("nulls left out", data(_nulls_out), None),
        (
            "a null title replaced",
            data(lambda s, d: _put(d, "title", "Meeting") if get(s, "title") is None else None),
            None,
        ),
        ("a title made up", has_where_unsent("title", "Meeting of today"), None),
        ("an empty title left out", data(lambda _, d: d.pop("title") if d.get("title") == "" else None), None),
        ("empty texts and lists left out", data(lambda _, d: _prune(d, lambda v: v in ("", []))), None),
        ("empty objects left out", data(_without_empty), None),
        ("no storage is null", data(lambda _, d: _put(d, ST, None) if get(d, ST) is GONE else None), None),
        ("more members", data(lambda _, d: d.update(is_large=False, waiting_room=False, links={"self": "/"})), None),
        ("more members beside data", answers(lambda _, w: {**w, "paging": None, "took": 12.5}), None),
        (
            "unknown members echoed",
            data(lambda s, d: d.update({n: v for n, v in s.items() if n not in d and v is not None})),
            None,
        ),
        ("no status", has("status", GONE), None),
        ("inactive", has("status", "INACTIVE"), None),
        ("an id in capitals", returns("id", str.upper), None),
        ("ids of another version", data(lambda _, d: d.update(id=str(uuid.uuid1()))), None),
        ("whole numbers with a fraction of zero", answers(lambda _, w: _each(w, _like_floats)), None),
        ("other times", _times(_moved), None),
        ("times with +00:00", _times(lambda m: m.isoformat()), None),
        ("times without a fraction", _times(lambda m: m.strftime("%Y-%m-%dT%H:%M:%SZ")), None),
        ("times in nanoseconds", _times(lambda m: m.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"), None),
        ("updated a little later", _times(lambda m: m.isoformat(), apart_ms=12), None),
        ("audio left out beside VP8 and VP9", data(_quiet_audio), None),
        ("audio unchanged beside VP8 and VP9", data(_plain_audio), None),
        # how it is written
        ("another order of members", answers(lambda _, w: _reordered(w)), None),
        ("indented", _written(indent=2), None),
        ("beyond ASCII", _written(ensure_ascii=False), None),
        (
            "slashes escaped",
            says(lambda _, __, r: dataclasses.replace(r, content=r.content.replace(b"/", b"\\/"))),
            None,
        ),
        ("white space around", _framed(b"\n ", b"\r\n"), None),
        ("a charset", says(header("content-type", "application/json; charset=utf-8")), None),
        ("a content type in capitals", says(header("content-type", "Application/JSON;charset=UTF-8")), None),
        ("more headers", says(_more_headers), None),
        ("a location", says(header("location", "/meetings/1"), when=created), None),
        ("in chunks", says(header("transfer-encoding", "chunked")), None),
        ("closed after each answer", says(header("connection", "close")), None),
        ("compressed", says(_gzipped), None),
        # what is taken
        ("unknown members refused", None, _closed),
        ("the storage union by oneOf", None, _one_of),
        ("storage needs its type", None, rule(ST, required=["type"])),
        (
            "aws needs secret and bucket",
            None,
            both(_needs("aws", "secret", "bucket"), _needs("digitalocean", "secret", "bucket")),
        ),
        ("gcs needs secret, bucket and region", None, _needs("gcs", "secret", "bucket", "region")),
        ("azure with an empty region", None, _azure),
        ("storage of R2", None, _extra_store),
        ("any language", None, rule(LANGUAGE, enum=GONE)),
        ("more languages", None, rule(LANGUAGE, enum=[*ENUMS[LANGUAGE], "en", "es", "ja", "multi"])),
        (
            "fractions refused",
            None,
            both(rule(K, type=whole), rule(SECONDS, type=whole), rule(f"{ST}.port", type=whole)),
        ),
        ("fractions rounded", chain(takes(K, _rounded), takes(SECONDS, _rounded)), None),
        ("ports from 0 to 65535", None, rule(f"{ST}.port", minimum=0, maximum=65_535, type=whole)),
        ("titles to 255", None, rule("title", maxLength=255)),
        ("longer titles cut", takes("title", only(str, lambda v: v[:255])), None),
        ("file prefixes of letters, digits and underscore", None, rule(PREFIX, pattern="^[A-Za-z0-9_]+$")),
        (
            "audio refused beside VP8 and VP9",
            None,
            _if_then(RC, {**video, "required": ["video_config"]}, {"not": {"required": ["audio_config"]}}),
        ),
        ("a summary needs a transcript", None, _if_then("", _const("summarize_on_end"), _const("transcribe_on_end"))),
        (
            "summary settings need transcription settings",
            None,
            rule("ai_config", dependentRequired={"summarization": ["transcription"]}),
        ),
        (
            "a recording needs a place",
            None,
            _if_then(
                RC, _off(), {"required": ["storage_config"], "properties": {"storage_config": {"type": "object"}}}
            ),
        ),
        (
            "auth_method for sftp only",
            None,
            _if_then(ST, {"required": ["auth_method"], "type": "object"}, _const("type", "sftp")),
        ),
        (
            "150.0 is no integer",
            lambda respond: _refusing(respond, rb'"(word_limit|height|width)":\s*[0-9]+\.0\b'),
            None,
        ),
        ("a member twice: the last one counts", reads_content(_lenient), None),
        ("a member twice: the first one counts", reads_content(_first_wins), None),
        ("any content type read as JSON", reads(_read_anyway), None),
        ("another content type ignored", reads(_ignored), None),
        ("no NUL in a text", lambda respond: _refusing(respond, rb"\\u0000"), None),
        ("bodies to 8 kB", lambda respond: _refusing(respond, rb"(?s).{8192}"), None),
        (
            "watermarks to what 32 bits hold",
            None,
            both(*(rule(f"{WM}.size.{n}", maximum=2**31 - 1) for n in ("height", "width"))),
        ),
        ("addresses not checked", None, both(rule(URL, format=GONE), rule(MARK_URL, format=GONE))),
    )
    for name, wrap, edit in rows:
        yield Variant(name=name, wrap=wrap, edit=edit)
    yield Variant(name="HTTP/1.0", serve=_by_http_1_0)
    yield Variant(name="slow within limits", wrap=on({"record_on_start": True}, slow(0.03)), max_latency_s=5)


def _rounded(value: Any) -> Any:
    return round(value) if isinstance(value, float) and 60 <= value <= 600 else value


def _const(name: str, value: Json = True) -> Json:
    return {"properties": {name: {"const": value}}, "required": [name]}


def _off() -> Json:
    return {
        "properties": {"realtimekit_bucket_config": _const("enabled", value=False)},
        "required": ["realtimekit_bucket_config"],
    }


def _short(response: Response) -> Json:
    return {name: value for name, value in parsed(response.content).items() if name not in ("messages", "result")}


def _prune_to(told: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in [name for name in told if name not in names]:
        del told[name]


def has_where_unsent(place: str, value: Json) -> Wrap:
    """
    A member that was not sent has a value of the server's own, where the object around it is in the answer.
    """
    above, _, _ = place.rpartition(".")

    def change(sent: Json, told: dict[str, Any]) -> None:
        if get(sent, place) is GONE and (not above or get(told, above) is not GONE):
            _put(told, place, value)

    return data(change)


def _more_headers(_: Request, __: Json, response: Response) -> Response:
    more = (
        ("date", "Sun, 22 Nov 2026 12:00:00 GMT"),
        ("cf-ray", "8f0000000000abcd-FRA"),
        ("ratelimit", '"default";r=50;t=30'),
        ("ratelimit-policy", '"burst";q=100;w=60'),
        ("set-cookie", "__cf_bm=a; path=/; HttpOnly"),
        ("set-cookie", "_cfuvid=b; path=/"),
        ("vary", "Origin"),
        ("strict-transport-security", "max-age=31536000"),
    )
    return dataclasses.replace(response, headers=(*response.headers, *more))


VARIANTS: tuple[Variant, ...] = tuple(_variants())
