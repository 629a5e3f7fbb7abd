"""
A byte stream -> the JSON values and exchanges in it: JSON, JSON lines, HAR or a cassette; pure.

1. The form is told by the content, never by a file's name.
2. JSON lines are read one at a time, so memory does not grow with the file. Every other form is read whole.
3. A list at the top is a list of values. Values that follow one another without a comma are values too.
4. What is no JSON inside JSON lines is an item with its problem; a file that is none of the forms raises CannotTell.
5. An exchange keeps the bytes that went over the wire, as far as the file has them.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema import yaml_text
from rtkcontract.model import Headers, Json, Request, Response
from rtkcontract.redaction.scanner import unpack

BOM: Final = b"\xef\xbb\xbf"


SIGNS: Final = {
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
    b"\x1f\x8b": "is compressed; unpack it first",
    b"PK\x03\x04": "is an archive; unpack it first",
    b"(\xb5/\xfd": "is compressed; unpack it first",
}


FORMS: Final = "JSON, JSON lines, a HAR file or a cassette"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """
    One request and what came back. `response` is None where none came; `answer_kept` is false where the file told
    that there was a body and left it out.
    """

    request: Request
    response: Response | None
    answer_kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """
    One thing to judge: a JSON text, an exchange, or the problem that kept it from being read. `number` counts from 1;
    `line` is 0 where a line says nothing.
    """

    number: int
    line: int = 0
    content: bytes = b""
    exchange: Exchange | None = None
    problem: str = ""


def read(stream: BinaryIO, name: str) -> Iterator[Item]:
    """
    The items of a file or a pipe; `name` is what errors call it.
    """
    lines = enumerate(iter(stream), 1)
    filled = ((number, line) for number, line in lines if line.strip())
    number, first = next(filled, (0, b""))
    if not first:
        raise CannotTell(f"{name} is empty; give {FORMS}")
    for sign, problem in SIGNS.items():
        if first.startswith(sign):
            raise CannotTell(f"{name} {problem}")
    if number == 1:
        first = first.removeprefix(BOM)
    second = next(filled, None)
    if second is not None and (_is_value(first) or (not _unfinished(first) and _is_value(second[1]))):
        return _lines(itertools.chain([(number, first), second], filled), name)
    between = b"\n" * (second[0] - number - 1) if second else b""
    return _whole(b"\n" * (number - 1) + first + between + (second[1] if second else b"") + stream.read(), name)


# ---- JSON lines


def _is_value(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _unfinished(line: bytes) -> bool:
    """
    Whether a line is the beginning of a value that goes on in the next one.
    """
    try:
        text = line.decode().rstrip()
        json.loads(text)
    except json.JSONDecodeError as error:
        return text.lstrip()[:1] in ("{", "[") and error.pos >= len(text)
    except (ValueError, RecursionError):
        return False
    return False


def _lines(lines: Iterable[tuple[int, bytes]], name: str) -> Iterator[Item]:
    for index, (number, line) in enumerate(lines, 1):
        content = line.strip()
        if index == 1:
            _refuse_run(content, name)
        yield Item(number=index, line=number, content=content)


def _refuse_run(content: bytes, name: str) -> None:
    if content.startswith(b'{"kind"') and b'"planned"' in content:
        raise CannotTell(f"{name} is a saved run of contract tests; `rtkcontract report` reads it")


# ---- one document


def _whole(content: bytes, name: str) -> Iterator[Item]:
    start = content.lstrip()[:1]
    if start not in (b"{", b"[") and not _is_value(content):
        return _cassette(_yaml(content, name), name)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CannotTell(f"{name} is not UTF-8 at line {line}; save it as UTF-8") from None
    try:
        spans = list(_spans(text))
    except json.JSONDecodeError as error:
        rows = content.split(b"\n")
        if any(row.startswith(b"{") and _is_value(row) for row in rows):
            return _lines(((n, row) for n, row in enumerate(rows, 1) if row.strip()), name)
        told = f"line {error.lineno}, column {error.colno}"
        raise CannotTell(f"{name} is not JSON: {error.msg.lower()} at {told}; the file may be cut off") from None
    except RecursionError:
        raise CannotTell(f"{name} is nested too deeply to be read") from None
    return _document(text, spans, name)


def _spans(text: str) -> Iterator[tuple[int, int, Json]]:
    """
    Start, end and value of each JSON value in a text.
    """
    decoder = json.JSONDecoder()
    position = _skip(text, 0)
    while position < len(text):
        value, end = decoder.raw_decode(text, position)
        yield position, end, value
        position = _skip(text, end)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _document(text: str, spans: list[tuple[int, int, Json]], name: str) -> Iterator[Item]:
    value = spans[0][2]
    if len(spans) == 1 and isinstance(value, dict):
        log = value.get("log")
        if isinstance(log, dict) and isinstance(log.get("entries"), list):
            return _har(log["entries"])
        if isinstance(value.get("interactions"), list) and "version" in value:
            return _cassette(value, name)
    if len(spans) == 1 and isinstance(value, list):
        if not value:
            raise CannotTell(f"{name} is an empty list; give {FORMS}")
        spans = [(start, end, None) for start, end in _members(text, spans[0][0])]
    return _numbered(text, [(start, end) for start, end, _ in spans])


def _members(text: str, opening: int) -> Iterator[tuple[int, int]]:
    """
    Start and end of each item of a list that was read before.
    """
    decoder = json.JSONDecoder()
    position = _skip(text, opening + 1)
    while text[position] != "]":
        _, end = decoder.raw_decode(text, position)
        yield position, end
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)


def _numbered(text: str, spans: list[tuple[int, int]]) -> Iterator[Item]:
    line, counted = 1, 0
    for number, (start, end) in enumerate(spans, 1):
        line += text.count("\n", counted, start)
        counted = start
        yield Item(number=number, line=line, content=text[start:end].encode("utf-8", "surrogatepass"))


# ---- HAR


def _har(entries: list[Json]) -> Iterator[Item]:
    for number, entry in enumerate(entries, 1):
        try:
            exchange = _har_exchange(entry)
        except (AttributeError, KeyError, TypeError, ValueError):
            yield Item(number=number, problem="the entry has no request and response as HAR 1.2 describes them")
        else:
            yield Item(number=number, exchange=exchange)


def _har_exchange(entry: Json) -> Exchange:
    asked, got = entry["request"], entry.get("response") or {}
    posted = asked.get("postData") or {}
    request = Request(
        method=str(asked["method"]),
        url=str(asked["url"]),
        headers=_named(asked.get("headers"), "content-type", posted.get("mimeType")),
        content=_bytes(posted.get("text"), posted.get("encoding")),
    )
    status = int(got.get("status") or 0)
    if not status:  # blocked, or never answered
        return Exchange(request=request, response=None)
    content = got.get("content") or {}
    headers = _named(got.get("headers"), "content-type", content.get("mimeType"))
    answer = Response(status=status, headers=headers, content=_bytes(content.get("text"), content.get("encoding")))
    kept = "text" in content or not content.get("size", 0)
    return Exchange(request=request, response=answer, answer_kept=kept)


def _named(headers: Json, also: str, told: Json) -> Headers:
    """
    The headers of a HAR entry; its own note of the media type where the header is missing.
    """
    found = tuple((str(header["name"]).lower(), str(header["value"])) for header in headers or ())
    return found if not told or any(name == also for name, _ in found) else (*found, (also, str(told)))


def _bytes(text: Json, encoding: Json) -> bytes:
    if not isinstance(text, str):
        return b""
    if encoding == "base64":
        return base64.b64decode(text)
    return text.encode("utf-8", "surrogatepass")


# ---- cassettes


def _yaml(content: bytes, name: str) -> Json:
    try:
        value = yaml_text.loads(content.decode()) if b"interactions" in content else None
    except (UnicodeDecodeError, yaml_text.NotYaml) as error:
        raise CannotTell(f"{name} is a cassette that cannot be read: {error}; it may be cut off") from None
    if not isinstance(value, dict) or not isinstance(value.get("interactions"), list):
        raise CannotTell(f"{name} cannot be read; give {FORMS}")
    return value


def _cassette(value: Json, name: str) -> Iterator[Item]:
    """
    The interactions of a cassette in the layout of vcrpy, which may hold any number of them.
    """
    if not value["interactions"]:
        raise CannotTell(f"{name} is a cassette without an interaction")
    return map(_interaction, itertools.count(1), value["interactions"])


def _interaction(number: int, node: Json) -> Item:
    try:
        asked, got = node["request"], node["response"]
        request = Request(
            method=str(asked["method"]),
            url=str(asked["uri"]),
            headers=_pairs(asked.get("headers")),
            content=_recorded(asked.get("body")),
        )
        headers = _pairs(got.get("headers"))
        answer = Response(status=int(got["status"]["code"]), headers=headers, content=_recorded(got.get("body")))
    except (AttributeError, KeyError, TypeError, ValueError):
        return Item(number=number, problem="the interaction has no request and response as vcrpy writes them")
    return Item(number=number, exchange=Exchange(request=request, response=_unpacked(answer)))


def _pairs(headers: Json) -> Headers:
    return tuple(
        (str(name).lower(), str(value))
        for name, values in (headers or {}).items()
        for value in (values if isinstance(values, list) else [values])
    )


def _recorded(body: Json) -> bytes:
    if isinstance(body, dict):
        if "base64_string" in body:
            return base64.b64decode(body["base64_string"])
        body = body.get("string")
    return body if isinstance(body, bytes) else str(body or "").encode("utf-8", "surrogatepass")


def _unpacked(response: Response) -> Response:
    """
    The answer without its content-encoding, which stock vcrpy keeps.
    """
    if response.header("content-encoding") in (None, "identity"):
        return response
    content = next((plain for _, plain in unpack(response.content)), response.content)
    return Response(status=response.status, headers=response.headers, content=content)
