r"""
Texts that match a format or a pattern, and texts that nearly do.

1. A pattern of the ECMA dialect is read into a tree, and texts are made of its parts. What they must be besides, such
   as a lookahead, a length or a format, is looked for among the texts of all demands, where they are regular.
2. Every text is judged by the validator before it is given out: the validator's dialect is the one that counts.
3. `exrex`, `rstr` and `hypothesis.strategies.from_regex` read the dialect of Python: no `\p`, no `\u{}`, `\d` of any
   script, and no lengths.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema import regular
from rtkcontract.json_schema.regular import Node, NotRegular, Parser, Ranges
from rtkcontract.json_schema.validator import Validator

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


STRETCHED: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "uri": (("https://example.com/", ""), ("m:", "")),
    "uri-reference": (("/", ""),),
    "email": (("m@", ".example.com"), ("m@", ".io"), ("m@", "")),
    "idn-email": (("m@", ".example.com"), ("m@", ".io"), ("m@", "")),
    "hostname": (("m", ".example.com"), ("m", "")),
    "idn-hostname": (("m", ".example.com"), ("m", "")),
}
"""What stands before and behind the filler of a text that shall have a format and a length, the usual first."""


_DAY: Final = "20[0-2][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-2]):[0-5][0-9])"
_BYTE: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_HEX: Final = "[0-9a-f]"


REGULAR_FORMATS: Final[dict[str, str]] = {
    "date": f"^{_DAY}$",
    "time": f"^{_TIME}$",
    "date-time": f"^{_DAY}T{_TIME}$",
    "duration": "^P([1-9][0-9]*D)?(T[1-9][0-9]*H)?$",
    "email": r"^[A-Za-z0-9]([._+-]?[A-Za-z0-9])*@[A-Za-z][A-Za-z0-9]*([.-][A-Za-z][A-Za-z0-9]*)*$",
    "hostname": r"^[A-Za-z][A-Za-z0-9]{0,40}(\.[A-Za-z][A-Za-z0-9]{0,40})*$",
    "ipv4": rf"^({_BYTE}\.){{3}}{_BYTE}$",
    "ipv6": f"^(({_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}|::({_HEX}{{1,4}})?)$",
    "uuid": f"^{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}$",
    "uri": r"^[a-z]+:(//[a-z][a-z0-9]*([.-][a-z0-9]+)*(:[1-9][0-9]{1,3})?)?(/[A-Za-z0-9._-]*)*(\?[a-z0-9=&]*)?$",
    "uri-reference": "^[A-Za-z0-9/._-]*$",
    "json-pointer": "^(/[A-Za-z0-9]*)*$",
    "byte": "^([A-Za-z0-9+/]{4})*$",
}
"""A part of each format that is a regular language, so that a text can have a pattern and a length as well."""


def labels(size: int) -> str:
    """
    A filler that may stand in a host name: at most 60 letters between two dots, none at the end.
    """
    return "".join("." if number % 60 == 59 and number < size - 1 else "m" for number in range(size))


# --- patterns ------------------------------------------------------------------------------------------------------

_FAVOURITES: Final = "x0_- "
"""What is taken where a pattern says only which characters it does not want."""
_TYPICAL: Final = {"d": "7", "w": "w", "s": " "}
_PROPERTIES: Final = {
    "Alphabetic": "L",
    "Uppercase": "Lu",
    "Lowercase": "Ll",
    "Emoji": "So",
    "Emoji_Presentation": "So",
}
_TRIES: Final = 200
_MOST_REGULAR: Final = 600
"""The longest text that is looked for among all that meet some demands."""


class _Tree(Parser):
    """
    Reads a pattern to make texts of it: keeps groups and back references, and sets in the order in which they stand.
    """

    groups = 0

    def atom(self) -> Node:
        if self.match(r"\\[bB]"):
            return ("seq",)
        if found := self.match(r"\\(?:([1-9]\d?)|k<(\w+)>)"):
            return ("again", found[1] or found[2])
        any_character = self.pattern.startswith(".", self.at)
        node = super().atom()
        return ("set", _favourite(node[1])) if any_character else node

    def group(self) -> Node:
        if found := self.match(r"\?(?:(=|!)|<?[=!])"):
            inner = self.alternatives()
            node: Node = ("look", inner, found[1] != "=")
        else:
            name = self.match(r"\?(?::|P?<(\w+)>)")
            self.groups += name is None or name[1] is not None
            names = (str(self.groups), name[1] if name else None) if name is None or name[1] else ()
            node = ("group", names, self.alternatives())
        if not self.takes(")"):
            raise NotRegular("a parenthesis that nothing closes")
        return node

    def among(self, found: list[tuple[int, int]], *, refused: bool) -> Ranges:
        return _favourite(super().among(found, refused=True)) if refused else tuple(found)

    def escape(self, *, in_set: bool) -> Ranges:
        letter = self.pattern[self.at : self.at + 1]
        if letter in _TYPICAL:
            point = ord(_TYPICAL[letter])
            return ((point, point), *super().escape(in_set=in_set))
        if letter in "pP" and (found := self.match(r"[pP]\{(?:(?:Script|sc|Script_Extensions|scx)=)?(\w{3,})\}")):
            ranges = _named(found[1])
            return regular.others(ranges) if letter == "P" else ranges
        ranges = super().escape(in_set=in_set)
        return _favourite(ranges) if letter in "DWS" else ranges


def _favourite(ranges: Ranges) -> Ranges:
    """
    The ranges with a plain character in front.
    """
    point = next((ord(c) for c in _FAVOURITES if any(low <= ord(c) <= high for low, high in ranges)), None)
    return ranges if point is None else ((point, point), *ranges)


@functools.cache
def _named(name: str) -> Ranges:
    """
    Characters of a property, or of a script by the names of its characters: near enough for samples.
    """
    try:
        return regular.category(_PROPERTIES.get(name, name))
    except NotRegular:
        start = {"HAN": "CJK UNIFIED"}.get(name.upper(), name.upper()) + " "
    found = [(point, point) for point in range(0x30000) if unicodedata.name(chr(point), "").startswith(start)]
    letters = [(low, high) for low, high in found if chr(low).isalpha()]
    if not found:
        raise NotRegular(f"the property {name}")
    return tuple(letters or found)


class _Dice:
    """
    Throws that are the same in each run.
    """

    state = 1

    def __call__(self, sides: int) -> int:
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return (self.state >> 8) % sides


class _Text:
    """
    One text of a pattern. Each repeat is taken `extra` times more than it must; the characters in `spare` are used up
    by the first repeats that can take them; `dice` choose at random.
    """

    def __init__(self, extra: int, dice: _Dice | None = None) -> None:
        self.extra, self.dice, self.groups = extra, dice, dict[str, str]()

    def of(self, node: Node, spare: list[int]) -> str:
        kind = node[0]
        if kind == "seq":
            return "".join(self.of(part, spare) for part in node[1:])
        if kind == "set":
            return self._character(node[1])
        if kind == "alt":
            parts = node[1:]
            return self.of(parts[self.dice(len(parts)) if self.dice else min(self.extra, len(parts) - 1)], spare)
        if kind == "rep":
            return self._repeated(node[1], node[2], node[3], spare)
        if kind == "group":
            text = self.of(node[2], spare)
            self.groups.update(dict.fromkeys(filter(None, node[1]), text))
            return text
        return self.groups.get(node[1], "") if kind == "again" else ""

    def _character(self, ranges: Ranges) -> str:
        if not ranges:
            raise NotRegular("a set without a character")
        low, high = ranges[self.dice(len(ranges)) if self.dice else 0]
        return chr(low + self.dice(min(high - low, 50) + 1) if self.dice else low)

    def _repeated(self, inner: Node, low: int, high: int | None, spare: list[int]) -> str:
        most = low + 1000 if high is None else high
        if self.dice:
            return "".join(self.of(inner, spare) for _ in range(low + self.dice(min(most - low, 3) + 1)))
        one = self.of(inner, [])
        count = min(low + self.extra, most)
        longest = 10**9 if high is None else high
        more = min(spare[0] // len(one), longest - count) if spare and one else 0
        if more > 0 and low == 0:  # an optional group brings its own fixed parts: grow inside it
            inside = [spare[0] - len(one)] if high == 1 and spare[0] >= len(one) else []
            if inside:
                spare[0] = 0
                return self.of(inner, inside)
        if more > 0:
            spare[0] -= more * len(one)
            count += more
        return one * count


@functools.lru_cache(maxsize=1024)
def _tree(pattern: str) -> Node | None:
    try:
        return _Tree(pattern).whole()
    except (NotRegular, RecursionError):
        return None


@functools.lru_cache(maxsize=256)
def _judge(schema: tuple[tuple[str, object], ...]) -> Validator | None:
    try:
        return Validator({"type": "string", "allOf": [{keyword: value} for keyword, value in schema]})
    except CannotTell:
        return None


def _fits(text: str, *rules: tuple[str, object]) -> bool:
    judge = _judge(rules)
    return judge is not None and judge.valid(text)


def matches(pattern: str, text: str) -> bool:
    """
    Whether the validator finds a pattern in a text.
    """
    return _fits(text, ("pattern", pattern))


def matching(pattern: str) -> tuple[str, ...]:
    """
    One or two short texts that a pattern matches, from the pattern's own parts; none where that cannot be told.
    """
    return tuple(dict.fromkeys(samples(pattern, 0))) or texts((pattern,))


def samples(pattern: str, size: int) -> Iterator[str]:
    """
    Texts that a pattern matches: the shortest, one with each repeat taken once more, one grown towards `size`.
    """
    tree = _tree(pattern)
    if tree is None:
        return
    try:
        shortest = _Text(0).of(tree, [])
        grown = _Text(0).of(tree, [size - len(shortest)]) if size else _Text(1).of(tree, [])
    except NotRegular:
        return
    for text in (shortest, grown):
        if _fits(text, ("pattern", pattern)):
            yield text


def texts(
    patterns: tuple[str, ...], formats: tuple[str, ...] = (), least: int = 0, most: int | None = None
) -> tuple[str, ...]:
    """
    Texts that meet all patterns, formats and lengths; none where there is none, or where none was found.
    """
    rules: list[tuple[str, object]] = [*(("pattern", one) for one in patterns), *(("format", one) for one in formats)]
    rules += [("minLength", least), *([] if most is None else [("maxLength", most)])]
    found = (text for text in _tried(patterns, formats, least, most) if _fits(text, *rules))
    first = next(found, None)
    return () if first is None else (first,)


def _tried(patterns: tuple[str, ...], formats: tuple[str, ...], least: int, most: int | None) -> Iterator[str]:
    if not patterns and not formats:
        yield "m" * least
    for name in formats:
        yield from FORMATS.get(name, ((), ""))[0]
        for size in dict.fromkeys((least, *([] if most is None else [most]))):
            yield from stretched(name, size)
    for pattern in patterns:
        yield from samples(pattern, least)
    if least <= _MOST_REGULAR:
        demands = (*patterns, *(REGULAR_FORMATS[name] for name in formats if name in REGULAR_FORMATS))
        ceiling = most if most is None or most <= _MOST_REGULAR else None
        if (text := regular.matching((demands, least, ceiling))) is not None:
            yield text
    dice = _Dice()
    for tree in filter(None, map(_tree, patterns)):
        try:
            for _ in range(_TRIES):
                yield _Text(0, dice).of(tree, [])
        except NotRegular:
            return


def stretched(name: str, size: int) -> Iterator[str]:
    """
    Texts of a format that have a length.
    """
    for head, tail in STRETCHED.get(name, ()):
        if size > len(head + tail):
            yield head + labels(size - len(head + tail)) + tail


def sized(size: int, patterns: Iterable[str], formats: Iterable[str]) -> str:
    """
    A text of `size` characters: of the format, else of the pattern, else a run of one letter.
    """
    patterns, formats = tuple(patterns), tuple(formats)
    for name in formats:
        for text in stretched(name, size):
            if all(_fits(text, ("pattern", pattern)) for pattern in patterns):
                return text
    for pattern in patterns:
        for text in samples(pattern, size):
            padded = text + "m" * (size - len(text))
            if len(padded) == size and _fits(padded, ("pattern", pattern)):
                return padded
    return next(iter(texts(patterns, formats, size, size) if patterns or formats else ()), "m" * size)
