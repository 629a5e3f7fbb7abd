"""
A byte stream -> the JSON values and exchanges in it: JSON, JSON lines, HAR or a cassette; pure.

1. The form is told by the content, never by a file's name. A JSON document of a layout that holds neither is refused.
2. JSON lines and the items of a list are judged one at a time, so that memory does not grow with their number. A HAR
   file or a cassette is read whole, and a limit keeps a file from taking all memory.
3. A list at the top is a list of values. Values that follow one another without a comma are values too.
4. What is no JSON among values is an item with its problem; a file that is none of the forms raises CannotTell.
5. Each problem says the true reason, its line and column, and how to fix it; none quotes the file.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_problems import BOM, LENIENT, kind_of_file, problem
from rtkcontract.model import Json
from rtkcontract.validation import har, interactions
from rtkcontract.validation.exchange import Exchange, Unreadable
from rtkcontract.validation.layouts import refused

FORMS: Final = "JSON, JSON lines, a HAR file or a cassette"


MOST_BYTES: Final = 256_000_000
"""Bytes of a file that has to be read whole: a HAR file, a cassette, a list."""


MOST_BYTES_OF_A_VALUE: Final = 4_000_000
"""Bytes of one JSON value; as Python objects it may take a hundred times as much."""


MOST_SIGNS: Final = 20_000_000
"""Commas and brackets of a file that has to be read whole; each may stand for an object of a hundred bytes."""


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


def read(stream: BinaryIO, name: str, *, guess: bool = True) -> Iterator[Item]:
    """
    The items of a file or a pipe; `name` is what errors call it.

    With `guess`, a document that is known to be something else than a body is refused; without, a value is a value.
    Raises CannotTell.
    """
    rows = _rows(stream, name)
    filled = ((number, row) for number, row in rows if row.strip())
    number, first = next(filled, (0, b""))
    if not first:
        raise CannotTell(f"{name} is empty; give {FORMS}")
    if told := kind_of_file(first):
        raise CannotTell(f"{name} is {told}")
    if number == 1:
        first = first.removeprefix(BOM)
    second = next(filled, None)
    if second is not None and (_is_value(first) or (not _unfinished(first) and _is_value(second[1]))):
        return _lines(itertools.chain([(number, first), second], filled), name, guess)
    between = b"\n" * (second[0] - number - 1) if second else b""
    rest = _reading(name, lambda: stream.read(MOST_BYTES + 1))
    content = b"\n" * (number - 1) + first + between + (second[1] if second else b"") + rest
    if len(content) > MOST_BYTES:
        raise CannotTell(
            f"{name} has more than {MOST_BYTES // 1_000_000} MB and has to be read whole; keep the exchanges of one "
            "host in it, or give the bodies as JSON lines"
        )
    return _whole(content, name, guess)


def _reading(name: str, function: Callable[[], bytes]) -> bytes:
    try:
        return function()
    except OSError as error:
        raise CannotTell(f"{name} cannot be read: {error.strerror}; copy it, or make it again") from None


def _rows(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    for number in itertools.count(1):
        row = _reading(name, lambda: stream.readline(MOST_BYTES + 1))
        if not row:
            return
        if len(row) > MOST_BYTES:
            raise CannotTell(f"line {number} of {name} has more than {MOST_BYTES // 1_000_000} MB; split it")
        yield number, row


# ---- JSON lines


def _value(content: bytes) -> Json:
    return LENIENT.decode(content.decode())


def _is_value(line: bytes) -> bool:
    try:
        _value(line)
    except (ValueError, RecursionError):
        return False
    return True


def _unfinished(line: bytes) -> bool:
    """
    Whether a line is the beginning of a value that goes on in the next one.
    """
    try:
        text = line.decode().rstrip()
        LENIENT.decode(text)
    except json.JSONDecodeError as error:
        return text.lstrip()[:1] in ("{", "[") and error.pos >= len(text)
    except (ValueError, RecursionError):
        return False
    return False


def _lines(lines: Iterable[tuple[int, bytes]], name: str, guess: bool) -> Iterator[Item]:
    for index, (number, line) in enumerate(lines, 1):
        content = line.strip()
        if index == 1 and guess and _is_value(content) and (told := refused(_value(content))):
            raise CannotTell(f"{name} {told}")
        yield _item(index, number, content)


def _item(number: int, line: int, content: bytes) -> Item:
    too_large = len(content) > MOST_BYTES_OF_A_VALUE
    told = f"it has more than {MOST_BYTES_OF_A_VALUE // 1_000_000} MB, the most that is judged" if too_large else ""
    return Item(number=number, line=line, content=b"" if too_large else content, problem=told)


# ---- one document


def _whole(content: bytes, name: str, guess: bool) -> Iterator[Item]:
    start = content.lstrip()[:1]
    if start not in (b"{", b"[") and YAML.search(content):
        return _recording(_yaml(content, name), name)
    rows = content.split(b"\n") if start == b"{" and not _is_value(content) else []
    if any(row.startswith(b"{") and _is_value(row) for row in rows):
        return _lines(((n, row) for n, row in enumerate(rows, 1) if row.strip()), name, guess)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise CannotTell(f"{name} cannot be read: {problem(content)}") from None
    return _document(text, name, guess)


def _document(text: str, name: str, guess: bool) -> Iterator[Item]:
    opening = _skip(text, 0)
    recorded = any(f'"{member}"' in text for member in ("entries", *interactions.LISTS))
    if text[opening] != "[" and (recorded or len(text) <= MOST_BYTES_OF_A_VALUE):
        if sum(map(text.count, ",{[")) > MOST_SIGNS:
            raise CannotTell(f"{name} has more than {MOST_SIGNS:,} values; keep the exchanges of one host in it")
        try:
            value, end = LENIENT.raw_decode(text, opening)
        except (ValueError, RecursionError):
            raise CannotTell(_not_json(text, name)) from None
        if _skip(text, end) == len(text) and (found := _known(value, name, guess)):
            return found
        del value
    spans = _members(text, opening) if text[opening] == "[" else _following(text, opening)
    return _numbered(text, spans, name, guess)


def _not_json(text: str, name: str) -> str:
    told = problem(text)
    start = text.lstrip()[:1]
    if re.match(r"\s*(?:---|%YAML|[\w$-]+:(?:\s|$))", text):
        return f"{name} is YAML, of which cassettes alone are read; give {FORMS}"
    hint = f"; give {FORMS}" if start not in ("{", "[") and not told.partition(": ")[2].startswith("a comment") else ""
    return f"{name} is not JSON: {told}{hint}"


def _known(value: Json, name: str, guess: bool) -> Iterator[Item] | None:
    """
    The exchanges of a document; None for one that is a value to be judged itself. Raises CannotTell.
    """
    log = value.get("log") if isinstance(value, dict) else None
    if isinstance(log, dict) and isinstance(log.get("entries"), list):
        if not log["entries"]:
            raise CannotTell(f"{name} is a HAR file without an entry; export it again with the traffic in it")
        return _items(log["entries"], har.exchange)
    pact = isinstance(value, dict) and {"consumer", "provider"} <= set(value)
    if not pact and interactions.interactions(value) is not None:
        return _recording(value, name)
    if guess and (told := refused(value)):
        raise CannotTell(f"{name} {told}; if it is a request body, say --as body")
    return None


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _following(text: str, position: int) -> Iterator[tuple[int, int]]:
    """
    Start and end of each value in a text. Raises ValueError or RecursionError.
    """
    while position < len(text):
        _, end = LENIENT.raw_decode(text, position)
        yield position, end
        position = _skip(text, end)


def _members(text: str, opening: int) -> Iterator[tuple[int, int]]:
    """
    Start and end of each item of a list, one at a time, so that the list itself is never there.
    """
    position = _skip(text, opening + 1)
    more = text[position : position + 1] != "]"
    while more:
        _, end = LENIENT.raw_decode(text, position)
        yield position, end
        position = _skip(text, end)
        more = text[position : position + 1] == ","
        position = _skip(text, position + 1) if more else position
    if text[position : position + 1] != "]" or _skip(text, position + 1) < len(text):
        raise ValueError("the list goes on with something else")


def _numbered(text: str, spans: Iterator[tuple[int, int]], name: str, guess: bool) -> Iterator[Item]:
    line, counted, number = 1, 0, 0
    try:
        for number, (start, end) in enumerate(spans, 1):
            line += text.count("\n", counted, start)
            counted = start
            content = text[start:end].encode("utf-8", "surrogatepass")
            listed = text[_skip(text, 0)] == "["
            if number == 1 and guess and listed and (told := refused([LENIENT.decode(text[start:end])])):
                raise CannotTell(f"{name} {told}")
            yield _item(number, line, content)
    except (ValueError, RecursionError):
        if not number:
            raise CannotTell(_not_json(text, name)) from None
        yield Item(number=number + 1, line=line, problem=f"the rest cannot be read: {problem(text)}")
    if not number:
        raise CannotTell(f"{name} is an empty list; give {FORMS}")


def _items(entries: list[Json], exchange: Callable[[Json], Exchange]) -> Iterator[Item]:
    for number, entry in enumerate(entries, 1):
        try:
            yield Item(number=number, exchange=exchange(entry))
        except Unreadable as error:
            yield Item(number=number, problem=str(error))


# ---- cassettes


YAML: Final = re.compile(rb"(?m)^[ \t]*(?:-[ \t]+)?(?:!\S+[ \t]+)?(?:interactions|http_interactions|request)[ \t]*:")
"""A line of YAML that speaks of recorded requests."""


def _yaml(content: bytes, name: str) -> Json:
    try:
        return interactions.loads(content.decode())
    except ValueError as error:
        told = problem(content) if isinstance(error, UnicodeDecodeError) else str(error)
        raise CannotTell(f"{name} is a cassette that cannot be read: {told}; record it again") from None


def _recording(value: Json, name: str) -> Iterator[Item]:
    """
    The interactions of a cassette, of which there may be any number. Raises CannotTell.
    """
    found = interactions.interactions(value)
    if found is None:
        raise CannotTell(f"{name} {refused(value) or f'cannot be read; give {FORMS}'}")
    if not found:
        raise CannotTell(f"{name} is a cassette without an interaction; record it again")
    return _items(found, interactions.exchange)
