"""
Faults of what a response must not say: secrets in any form, in refusals as well, the insides of the server, and null
written as a word.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote

from wrong_servers.examples import STORAGE, sending
from wrong_servers.mutants import (
    GONE,
    Call,
    Calls,
    Effect,
    Json,
    Mutant,
    accepted,
    get,
    header,
    parsed,
    put,
    refused,
    response,
    success,
    told,
    when,
)
from wrong_servers.second_server import Request, Response, Server

ST = "recording_config.storage_config"
WRITE_ONLY = "access_key, secret, password and private_key are writeOnly: the vendor's SDK since September 2026"
INSIDE = "an error does not show the insides of the server: CWE-209, OWASP API8:2023"

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "as an md5 digest": lambda v: hashlib.md5(v.encode(), usedforsecurity=False).hexdigest(),
    "as a sha1 digest": lambda v: hashlib.sha1(v.encode(), usedforsecurity=False).hexdigest(),
    "as a sha256 digest": lambda v: hashlib.sha256(v.encode()).hexdigest(),
    "in base64": lambda v: base64.b64encode(v.encode()).decode(),
    "in URL-safe base64": lambda v: base64.urlsafe_b64encode(v.encode()).decode().rstrip("="),
    "in hexadecimal": lambda v: v.encode().hex(),
    "backwards": lambda v: v[::-1],
    "by its first half": lambda v: v[: len(v) // 2],
    "by its last half": lambda v: v[len(v) // 2 :],
    "masked but for four at each end": lambda v: f"{v[:4]}{'*' * 8}{v[-4:]}",
    "masked but for the last eight": lambda v: "*" * 8 + v[-8:],
    "in capitals": str.upper,
    "percent-escaped": lambda v: "".join(f"%{byte:02X}" for byte in v.encode()),
    "with blanks between": " ".join,
    "as a JSON text in a text": lambda v: json.dumps({"key": v}),
}
SECRETS = ("access_key", "secret", "password", "private_key")


def secret_in(content: bytes, name: str) -> str | None:
    """
    The value of a secret in a body, JSON or not.
    """
    match = re.search(rf'"{name}"\s*:\s*"((?:[^"\\]|\\.)+)"'.encode(), content)
    return match[1].decode("utf-8", "replace") if match else None


def _stored(name: str) -> dict[str, Json]:
    """
    A store that holds this secret.
    """
    sent: dict[str, Json] = {**STORAGE, name: f"rtkcontract_canary_{name}"}
    if name in ("password", "private_key"):
        sent = {"type": "sftp", name: f"rtkcontract_canary_{name}"}
        sent["auth_method"] = {"password": "PASSWORD", "private_key": "KEY"}[name]
    return {ST: sent}


def _message(name: str, form: str) -> Effect:
    """
    The refusal names the value that it was sent.
    """

    def effect(_: Server, request: Request, __: Json, made: Response) -> Response:
        value = secret_in(request.content, name)
        whole = parsed(made.content)
        if value is None or not isinstance(whole, dict):
            return made
        place = "error.message" if "error" in whole else "errors.0.message"
        put(whole, place, f"{get(whole, place)} (got {FORMS[form](value)})")
        return replace(made, content=json.dumps(whole).encode())

    return effect


def _member(name: str, form: str, place: str) -> Effect:
    """
    The success has the value somewhere.
    """

    def change(sent: Json, data: dict[str, Json]) -> None:
        value = get(sent, f"{ST}.{name}")
        if isinstance(value, str):
            put(data, place, FORMS[form](value))

    return told(change)


def _in_header(name: str, form: str, line: str) -> Effect:
    def effect(server: Server, request: Request, sent: Json, made: Response) -> Response:
        value = secret_in(request.content, name)
        return header(line, quote(FORMS[form](value)))(server, request, sent, made) if value else made

    return effect


def _whole_body(_: Server, request: Request, __: Json, made: Response) -> Response:
    """
    The refusal gives the whole body back.
    """
    whole = parsed(made.content)
    if not isinstance(whole, dict) or not request.content:
        return made
    whole["received"] = request.content.decode("utf-8", "replace")
    return replace(made, content=json.dumps(whole).encode())


def _secrets() -> Iterator[Mutant]:
    bad: dict[str, Json] = {"session_keep_alive_time_in_secs": 1}
    forms = tuple(FORMS)
    for number, form in enumerate(forms):
        name = SECRETS[number % 4]
        yield _leak(
            f"{name} in a refusal {form}",
            response(when(_is(400), _message(name, form)), "create_meeting"),
            sending("create_meeting", _stored(name), bad),
        )
    for number, form in enumerate(forms[1:]):
        name = SECRETS[(number + 1) % 4]
        place = ("trace", f"{ST}.fingerprint", f"{ST}.{name}", "recording_config.note")[number % 4]
        yield _leak(
            f"{name} in a success {form}",
            success(_member(name, form, place), "create_meeting"),
            sending("create_meeting", _stored(name)),
        )
    for name, form, line in (
        ("secret", "as it is", "x-debug"),
        ("access_key", "in base64", "etag"),
        ("password", "as an md5 digest", "x-request-id"),
    ):
        yield _leak(
            f"{name} in the header {line} {form}",
            response(when(accepted, _in_header(name, form, line)), "create_meeting"),
            sending("create_meeting", _stored(name)),
        )
    yield _leak(
        "secret in the header of a refusal",
        response(when(refused, _in_header("secret", "as it is", "x-error")), "create_meeting"),
        sending("create_meeting", _stored("secret"), bad),
    )
    content = b'{"recording_config":{"storage_config":{"type":"gcs","secret":"rtkcontract_canary_secret"}'
    sound = content + b"}}"
    wire: tuple[tuple[str, Call], ...] = (
        ("broken JSON", Call(operation="create_meeting", raw=content)),
        ("another media type", Call(operation="create_meeting", raw=sound, headers={"content-type": "text/plain"})),
        ("missing credentials", Call(operation="create_meeting", raw=sound, headers={"authorization": None})),
        ("an unknown app", Call(operation="create_meeting", raw=sound, ids={"app_id": "2" * 36})),
        ("another account", Call(operation="create_meeting", raw=sound, ids={"account_id": "f" * 32})),
    )
    for what, one in wire:
        code = {"broken JSON": 400, "another media type": 415, "missing credentials": 400, "an unknown app": 404}
        matches = _is(code.get(what, 403))
        yield _leak(
            f"the whole body in the refusal of {what}",
            response(when(_only(matches, what), _whole_body), "create_meeting"),
            (one,),
        )
    for operation in ("update_meeting", "replace_meeting"):
        yield _leak(
            f"secret in a refusal of {operation}",
            response(when(refused, _message("secret", "as it is")), operation),
            sending(operation, {f"{ST}": STORAGE}, bad),
            operation,
        )
    yield _leak(
        "secret in a refusal of start_recording",
        response(when(refused, _message("secret", "as it is")), "start_recording"),
        sending("start_recording", {"storage_config": STORAGE, "max_seconds": 1}),
        "start_recording",
    )


def _only(matches: Callable[[Request, Json, Response], bool], what: str) -> Callable[[Request, Json, Response], bool]:
    """
    Refusals of broken JSON and of missing credentials have the same status.
    """

    def chosen(request: Request, sent: Json, made: Response) -> bool:
        if what == "broken JSON" and sent is not GONE:
            return False
        if what == "missing credentials" and request.header("authorization"):
            return False
        return matches(request, sent, made)

    return chosen


def _is(status: int) -> Callable[[Request, Json, Response], bool]:
    return lambda _, __, made: made.status == status


def _leak(name: str, hook: Callable[[Server], None], shows: Calls, operation: str = "create_meeting") -> Mutant:
    return Mutant(
        name=f"shown: {name}",
        family="leaks",
        operations=(operation,),
        description=f"The response shows {name}.",
        promise=WRITE_ONLY,
        hook=hook,
        shows=shows,
    )


# --- the token ------------------------------------------------------------------------------------------------------


def _token(form: str) -> Effect:
    def effect(_: Server, request: Request, __: Json, made: Response) -> Response:
        value = (request.header("authorization") or "").partition(" ")[2]
        whole = parsed(made.content)
        if not value or not isinstance(whole, dict):
            return made
        whole["messages"] = [{"code": 1, "message": f"token {FORMS[form](value)}"}]
        return replace(made, content=json.dumps(whole).encode())

    return effect


def _cookie(_: Server, request: Request, __: Json, made: Response) -> Response:
    value = (request.header("authorization") or "").partition(" ")[2]
    return replace(made, headers=(*made.headers, ("set-cookie", f"session={value}; Path=/"))) if value else made


def _tokens() -> Iterator[Mutant]:
    wrong = {"authorization": "Bearer " + "z" * 40}
    promise = "a response does not repeat credentials: CWE-209 and OWASP API2:2023"
    rows: tuple[tuple[str, Effect, Callable[[Request, Json, Response], bool], dict[str, str | None]], ...] = (
        ("the token in a success", _token("as it is"), accepted, {}),
        ("the token in base64 in a success", _token("in base64"), accepted, {}),
        ("the digest of the token in a success", _token("as a sha256 digest"), accepted, {}),
        ("the end of the token in a success", _token("by its last half"), accepted, {}),
        ("the token in a refusal of the body", _token("as it is"), _is(400), {}),
        ("the token in a cookie", _cookie, accepted, {}),
        ("an unknown token in its refusal", _token("as it is"), _is(401), wrong),
    )
    for name, effect, matches, headers in rows:
        sent: Json = {"title": 7} if "refusal of the body" in name else {}
        yield Mutant(
            name=f"shown: {name}",
            family="leaks",
            operations=("create_meeting",),
            description=f"The response shows {name}.",
            promise=promise,
            source="practice",
            hook=response(when(matches, effect), "create_meeting"),
            shows=(Call(operation="create_meeting", body=sent, headers=headers),),
        )


# --- insides --------------------------------------------------------------------------------------------------------

SIGNS: tuple[tuple[str, str], ...] = (
    (
        "a Python trace",
        'Traceback (most recent call last):\n  File "/srv/app/views.py", line 88, in create\nKeyError: 1',
    ),
    ("a Java trace", "java.lang.NullPointerException\n\tat com.example.Meetings.create(Meetings.java:42)"),
    ("a Node trace", "TypeError: x is undefined\n    at create (/usr/src/app/dist/meetings.js:10:5)"),
    ("a Go trace", "goroutine 17 [running]:\nmain.create(0xc000010000)\n\t/go/src/app/main.go:31 +0x1d"),
    ("an SQL statement", "ERROR: duplicate key: INSERT INTO meetings (id, title) VALUES ($1, $2)"),
    ("a SQL error", 'SQLSTATE[23505]: Unique violation: relation "meetings_pkey"'),
    ("a path of the file system", "open /var/lib/realtimekit/store.db: permission denied"),
    ("an address inside", "dial tcp 10.0.3.17:5432: connect: connection refused"),
    ("a connection string", "postgres://service:hunter2@db.internal:5432/kit is not reachable"),
    ("an environment variable", "DATABASE_URL is not set (env: {'HOME': '/root', 'PWD': '/app'})"),
)


def _told_in(sign: str) -> Effect:
    """
    The message of a refusal ends with a sign of the insides.
    """

    def effect(_: Server, __: Request, ___: Json, made: Response) -> Response:
        whole = parsed(made.content)
        place = "error.message" if get(whole, "error") is not GONE else "errors.0.message"
        put(whole, place, f"{get(whole, place)}: {sign}")
        return replace(made, content=json.dumps(whole).encode())

    return effect


def _insides() -> Iterator[Mutant]:
    bad = sending("create_meeting", {"title": 7})
    gone: Calls = (Call(operation="get_meeting", ids={"meeting_id": "00000000-0000-4000-8000-000000000000"}),)
    for number, (name, sign) in enumerate(SIGNS):
        missing = number % 3 == 2
        yield Mutant(
            name=f"shown: {name} in a refusal {'of what is missing' if missing else 'of a body'}",
            family="leaks",
            operations=("get_meeting" if missing else "create_meeting",),
            description=f"The message of a refusal holds {name}.",
            promise=INSIDE,
            source="practice",
            hook=response(when(refused, _told_in(sign)), "get_meeting" if missing else "create_meeting"),
            shows=gone if missing else bad,
        )


# --- null as a word -------------------------------------------------------------------------------------------------


def _nulls() -> Iterator[Mutant]:
    rows: tuple[tuple[str, str, str, Json], ...] = (
        ("create_meeting", "title", "None", "None"),
        ("create_meeting", "title", "null", "null"),
        ("replace_meeting", "title", "undefined", "undefined"),
        ("add_participant", "name", "null", "null"),
        ("add_participant", "picture", "an empty text", ""),
        ("edit_participant", "name", "None", "None"),
        ("create_livestream", "name", "undefined", "undefined"),
    )
    for operation, place, word, value in rows:
        yield Mutant(
            name=f"null for {place} of {operation} comes back as {word}",
            family="null as a word",
            operations=(operation,),
            description=f"null for {place} comes back as {word}.",
            promise="null is no text (RFC 8259 3), and name and picture may be null: the vendor's document",
            source="documents" if "participant" in operation else "practice",
            hook=success(_word(place, value), operation),
            shows=sending(operation, {place: None}),
        )


def _word(place: str, value: Json) -> Effect:
    def change(sent: Json, data: dict[str, Json]) -> None:
        if get(sent, place) is None:
            put(data, place, value)

    return told(change)


MUTANTS: tuple[Mutant, ...] = (*_secrets(), *_tokens(), *_insides(), *_nulls())
