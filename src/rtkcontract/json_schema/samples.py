"""
Texts that match a format or a pattern, and texts that nearly do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from rtkcontract.model import Json

FORMATS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "uri": (("https://example.com/rtkcontract?a=b#c", "rtmp://media.example.com:1935/live2"), "no uri at all"),
    "uri-reference": (("/rtkcontract/a", "https://example.com/"), "http://[no-uri"),
    "uuid": (("3b241101-e2bb-4255-8caf-4136c566a962",), "3b241101-e2bb-4255-8caf"),
    "date-time": (("2026-01-31T23:59:59.999Z", "2026-06-01T12:00:00+02:00"), "2026-01-31 at noon"),
    "date": (("2026-01-31", "2024-02-29"), "2026-02-30"),
    "time": (("23:59:59Z",), "25:00"),
    "duration": (("P1DT2H",), "one day"),
    "email": (("rtkcontract@example.com",), "no address"),
    "idn-email": (("rtkcontract@example.com",), "no address"),
    "hostname": (("rtkcontract.example.com",), "-no-host-"),
    "idn-hostname": (("rtkcontract.example.com",), "-no-host-"),
    "ipv4": (("192.0.2.1",), "192.0.2.256"),
    "ipv6": (("2001:db8::1",), "2001:db8::g"),
    "regex": (("^a+$",), "(unclosed"),
    "json-pointer": (("/a/b",), "a/b"),
    "int32": ((), ""),
    "int64": ((), ""),
    "float": ((), ""),
    "double": ((), ""),
    "password": ((), ""),
    "byte": (("cnRrY29udHJhY3Q=",), ""),
    "binary": ((), ""),
}


STRETCHED: Final[dict[str, tuple[str, str]]] = {
    "uri": ("https://example.com/", ""),
    "uri-reference": ("/", ""),
    "email": ("m@", ".example.com"),
    "idn-email": ("m@", ".example.com"),
    "hostname": ("m", ".example.com"),
    "idn-hostname": ("m", ".example.com"),
}
"""What stands before and behind the filler of a text that shall have a format and a length."""


def labels(size: int) -> str:
    """
    A filler that may stand in a host name: at most 60 letters between two dots, none at the end.
    """
    return "".join("." if number % 60 == 59 and number < size - 1 else "m" for number in range(size))


def matching(pattern: str) -> tuple[str, ...]:
    """
    One or two short texts that a pattern matches, from the pattern's own parts; none where that cannot be told.
    """
    return tuple(dict.fromkeys(samples(pattern, 0)))


def samples(pattern: str, size: int) -> Iterator[str]:
    """
    Texts that a pattern matches: the shortest, one with each repeat taken once more, one grown towards `size`.
    """
    try:
        parsed = re._parser.parse(pattern)  # no public parser exists
    except (re.error, RecursionError):
        return
    shortest = "".join(_sample(parsed, 0, []))
    grown = _sample(parsed, 0, [size - len(shortest)]) if size else _sample(parsed, 1, [])
    for text in (shortest, "".join(grown)):
        if re.search(pattern, text):
            yield text


def _sample(parsed: Iterable[tuple[object, Json]], extra: int, spare: list[int]) -> Iterator[str]:
    """
    The parts of a text. Each repeat is taken `extra` times more than it must; the characters in `spare` are used up
    by the first repeats that can take them.
    """
    for op, argument in parsed:
        name = str(op)
        if name == "LITERAL":
            yield chr(argument)
        elif name in ("NOT_LITERAL", "ANY"):
            yield "x" if name == "ANY" or argument != ord("x") else "y"
        elif name == "IN":
            yield _member_of(argument)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            yield _repeated(argument, extra, spare)
        elif name == "SUBPATTERN":
            yield from _sample(argument[3], extra, spare)
        elif name == "BRANCH":
            yield from _sample(argument[1][min(extra, len(argument[1]) - 1)], extra, spare)


def _repeated(argument: Json, extra: int, spare: list[int]) -> str:
    low, high, inner = int(argument[0]), int(argument[1]), argument[2]
    one = "".join(_sample(inner, extra, []))
    count = min(low + extra, high)
    more = min(spare[0] // len(one), high - count) if spare and one else 0
    if more > 0 and low == 0:  # an optional group brings its own fixed parts: grow inside it
        inside = [spare[0] - len(one)] if high == 1 and spare[0] >= len(one) else []
        if inside:
            spare[0] = 0
            return "".join(_sample(inner, extra, inside))
    if more > 0:
        spare[0] -= more * len(one)
        count += more
    return one * count


def _member_of(parts: Json) -> str:
    """
    A character of a set such as `[A-Z0-9_]` or `[^x]`.
    """
    if str(parts[0][0]) == "NEGATE":
        refused = {value for kind, value in parts[1:] if str(kind) == "LITERAL"}
        return next(c for c in "x0_ -" if ord(c) not in refused)
    kind, value = parts[0]
    if str(kind) == "RANGE":
        return chr(value[0])
    if str(kind) == "CATEGORY":
        return {"CATEGORY_DIGIT": "7", "CATEGORY_WORD": "w", "CATEGORY_SPACE": " "}.get(str(value), "-")
    return chr(value)
