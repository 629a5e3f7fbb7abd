"""
A text that is not strict JSON -> the true reason, its line and column, and how to fix it; pure.

1. One reason a text: the first that a reader of JSON stumbles on.
2. The reason names the mistake (a comment, a trailing comma, single quotes), not what a parser expected instead.
3. Nothing of the text is quoted but the name of a member that stands twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

BOM: Final = b"\xef\xbb\xbf"


SIGNS: Final = (
    (b"\xff\xfe\0\0", "UTF-32; save it as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32; save it as UTF-8"),
    (b"\xff\xfe", "UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16; save it as UTF-8"),
    (b"\x1f\x8b", "compressed (gzip); unpack it first"),
    (b"(\xb5/\xfd", "compressed (zstd); unpack it first"),
    (b"BZh", "compressed (bzip2); unpack it first"),
    (b"\xfd7zXZ\0", "compressed (xz); unpack it first"),
    (b"PK\x03\x04", "an archive (zip); unpack it first"),
    (b"SQLite format 3\0", "a database; export what it holds as HAR or JSON lines"),
)
"""First bytes of a file, and what it is."""


MISTAKES: Final = tuple(
    (re.compile(pattern), told)
    for pattern, told in (
        (r"//|/\*|#", "a comment, which JSON does not have; remove it"),
        (r",\s*[}\]]", "a comma before the closing bracket; remove it"),
        (r"['\u2018\u2019\u201c\u201d`]", 'quotes other than "; JSON texts stand in double quotes'),
        (r"[-+]?(?:NaN|Infinity)\b", "NaN or Infinity, which is no JSON number; use null or leave it out"),
        (r"(?:True|False|None)\b", "a value as Python writes it; JSON has true, false and null"),
        (r"undefined\b", "undefined, which is no JSON value; use null or leave it out"),
        (r"\ufeff", "a byte order mark; save it without one"),
        (r"[\u00a0\u2000-\u200b\u202f\u3000]", "a space that is no JSON white space; replace it by a plain one"),
        (r"\.\.\.", "an ellipsis where a value was left out; fill it in"),
        (r"\+|\.|(?<=[0-9])[0-9._xXoObB]", "a number as JSON does not write it, such as +1, .5, 1., 01 or 0x1F"),
        (r"[A-Za-z_$][\w$-]*\s*:", "a member name without double quotes"),
    )
)
"""What stands where the reading stopped, tried in this order."""


STOPPED: Final = (
    ("Unterminated string", "a text that has no closing quote; the file may be cut off"),
    (
        "Invalid control character",
        "a line break, tab or control character in a text; write an escape, such as \\n",
    ),
    ("Invalid \\", "a backslash that starts no JSON escape; double it, or write \\uXXXX"),
)
"""Beginnings of Python's messages that say enough."""


EXPECTED: Final = (
    ("Extra data", "more text after the value; give one value a line, or a list"),
    ("Expecting ','", "no comma between two members or items; add one"),
    (
        "Expecting value",
        "nothing that starts a JSON value; give a text in double quotes, a number, {, [, true, false or null",
    ),
)
"""Beginnings of Python's messages, and what they mean where no mistake is known by its look."""


TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|-?[A-Za-z]+|[{}\[\]:,]', re.DOTALL)


MOST_DIGITS: Final = 4_300
"""Digits of an integer that Python converts; more cost time that grows with their square."""


DEEPEST: Final = 200
"""Levels of a value that are judged; validators end at 255."""


BRACKET: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= MOST_DIGITS else 0


LENIENT: Final = json.JSONDecoder(parse_int=_integer)
"""Reads any syntax that is JSON's, numbers of any length included, to find out where values start and end."""


def kind_of_file(start: bytes) -> str:
    """
    What a file that cannot be JSON is, by its first bytes; "" for one that may be.
    """
    for sign, told in SIGNS:
        if start.startswith(sign):
            return told
    if b"\0" in start[:4]:
        return "UTF-16 or UTF-32 without a byte order mark, or no text; save it as UTF-8"
    head = start.removeprefix(BOM).lstrip()[:64].lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "HTML or XML; give the JSON that was asked for"
    if head.startswith(b"http/"):
        return "a response with its status line and headers; give the body alone, or a HAR file"
    return ""


def too_deep(content: bytes) -> str:
    """
    That a JSON text is nested more deeply than validators go; "" for one that is not.
    """
    if content.count(b"[") + content.count(b"{") <= DEEPEST:
        return ""
    depth = deepest = 0
    for match in BRACKET.finditer(content):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(match[0], 0)
        deepest = max(deepest, depth)
    return f"it is nested more than {DEEPEST} levels deep, too deep to be judged" if deepest > DEEPEST else ""


def problem(content: bytes | str, *, line: int = 1) -> str:
    """
    Why a text is not one JSON value with a single meaning, where, and how to fix it; "" where it is one.

    `line` is the number of the first line.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        LENIENT.decode(text)
    except UnicodeDecodeError as error:
        if told := kind_of_file(error.object):
            return f"it is {told}"
        place = _place(error.object[: error.start].decode(), error.start, line)
        return f"{place}: a byte that is not UTF-8; save it as UTF-8"
    except json.JSONDecodeError as error:
        return _syntax(error.doc, error, line)
    except RecursionError:
        return "it is nested too deeply to be read"
    return next((f"{_place(text, start, line)}: {what}" for start, what in _ambiguous(text)), "")


def _place(text: str, position: int, line: int) -> str:
    position = min(position, len(text))
    start = text.rfind("\n", 0, position) + 1
    return f"line {line + text.count(chr(10), 0, position)}, column {position - start + 1}"


def _syntax(text: str, error: json.JSONDecodeError, line: int) -> str:
    if not text.strip():
        return "it is empty"
    position = _skip(text, error.pos)
    comma = text.rfind(",", 0, position)
    if comma >= 0 and text[position : position + 1] in ("}", "]") and not text[comma + 1 : position].strip():
        position = comma  # where the reading of older Pythons did not stop yet
    return f"{_place(text, position, line)}: {_mistake(text, position, error.msg)}"


def _mistake(text: str, position: int, message: str) -> str:
    if position >= len(text) and not message.startswith("Unterminated"):
        return "the end, in the middle of a value; the file may be cut off"
    told = next((told for start, told in STOPPED if message.startswith(start)), "")
    told = told or next((told for pattern, told in MISTAKES if pattern.match(text, position)), "")
    told = told or next((told for start, told in EXPECTED if message.startswith(start)), "")
    return told or message[0].lower() + message[1:]


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _ambiguous(text: str) -> Iterator[tuple[int, str]]:
    """
    Where a text of the right syntax has more than one meaning or none: a member twice, a number that is none or too
    large.
    """
    names: list[set[str] | None] = []
    """The members of each open object; None for a list."""
    expects_name = False
    for match in TOKEN.finditer(text):
        part = match[0]
        if part in ("{", "["):
            names.append(set() if part == "{" else None)
        elif part in ("}", "]"):
            names.pop()
        elif part[0] == '"' and expects_name and names and (known := names[-1]) is not None:
            name = json.loads(part)
            if name in known:
                yield match.start(), f"a member that stands twice in one object{_shown(name)}; keep one of them"
            known.add(name)
        elif told := _number(part):
            yield match.start(), told
        expects_name = part in ("{", ",")


def _shown(name: str) -> str:
    return f" ({name})" if re.fullmatch(r"[A-Za-z_.-]{1,40}", name) else ""


def _number(token: str) -> str:
    digits = token.lstrip("-")
    if digits in ("NaN", "Infinity"):
        return "NaN or Infinity, which is no JSON number; use null or leave it out"
    if digits.isdigit():
        return (
            f"a number of more than {MOST_DIGITS:,} digits, too long to be judged" if len(token) > MOST_DIGITS else ""
        )
    too_large = digits[0].isdigit() and float(digits) == float("inf")
    return "a number too large for a double, so that readers differ on it" if too_large else ""
