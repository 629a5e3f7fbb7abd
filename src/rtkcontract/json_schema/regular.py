"""
Patterns as regular languages: whether every text that one set of demands takes is taken by another, or a text that
tells them apart.

1. A pattern of the ECMA dialect becomes an expression, and `narrow and not wide` is explored by Brzozowski derivatives:
   where no text is left, wide contains narrow; else the shortest text found is the proof of the opposite.
2. Characters are taken by classes that no set of the two expressions tells apart, so `[a-z]` costs as much as `a`.
3. Lookaheads are intersections. Back references, lookbehinds, word boundaries and flags are not regular or not
   modelled: such a pattern is `NotRegular`. After `MOST` expressions the question stays open.
4. The library greenery was measured first: it has no anchors and no lookaheads, and takes minutes for `[a-z]{1,255}`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Sorted first and last code points of characters."""
Node: TypeAlias = tuple[Any, ...]
"""An expression: its kind and its parts, which are numbers of expressions, ranges or counts."""

MOST: Final = 3000
"""Expressions that are explored before a question stays open; about a second."""


MOST_REPEATED: Final = 100_000


class NotRegular(ValueError):
    """
    The pattern is broken, or it is outside the dialect that is modelled.
    """


# --- characters ----------------------------------------------------------------------------------------------------

_LAST: Final = 0x10FFFF
_ANY: Final[Ranges] = ((0, 0xD7FF), (0xE000, _LAST))
"""Every character; halves of surrogate pairs are no text of JSON."""


def _joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    made: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if made and low <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], high))
        else:
            made.append((low, high))
    return tuple(made)


def others(ranges: Ranges) -> Ranges:
    """
    Every character outside the ranges.
    """
    made, start = [], 0
    for low, high in ranges:
        made.append((start, low - 1))
        start = high + 1
    made.append((start, _LAST))
    kept = ((max(low, first), min(high, last)) for low, high in made for first, last in _ANY)
    return tuple((low, high) for low, high in kept if low <= high)


def _of(characters: str) -> Ranges:
    return _joined((ord(character), ord(character)) for character in characters)


_DIGITS: Final = _joined([(48, 57)])
_WORDS: Final = _joined([(48, 57), (65, 90), (95, 95), (97, 122)])
_LINES: Final = _of("\n\r\u2028\u2029")
_SPACES: Final = _joined([*_of("\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"), (0x2000, 0x200A)])
_CLASSES: Final = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_LONG_NAMES: Final = {
    "Letter": "L",
    "Lowercase_Letter": "Ll",
    "Uppercase_Letter": "Lu",
    "Number": "N",
    "Decimal_Number": "Nd",
    "Punctuation": "P",
    "Symbol": "S",
    "Separator": "Z",
    "Mark": "M",
    "Other": "C",
}


@functools.cache
def category(name: str) -> Ranges:
    """
    The characters of a general category such as `L` or `Lu`.
    """
    name = _LONG_NAMES.get(name, name)
    if name == "Any":
        return _ANY
    if name == "ASCII":
        return ((0, 127),)
    if not re.fullmatch(r"[LMNPSZC][a-z]?", name):
        raise NotRegular(f"the property {name}")
    points = (point for low, high in _ANY for point in range(low, high + 1))
    inside = (point for point in points if unicodedata.category(chr(point)).startswith(name))
    made: list[tuple[int, int]] = []
    for point in inside:
        if made and made[-1][1] == point - 1:
            made[-1] = (made[-1][0], point)
        else:
            made.append((point, point))
    return tuple(made)


# --- patterns ------------------------------------------------------------------------------------------------------


class Parser:
    """
    Reads a pattern into nested tuples: set, seq, alt, rep, start, end, look.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at, self.depth = pattern, 0, 0

    def whole(self) -> Node:
        made = self.alternatives()
        if self.at < len(self.pattern):
            raise NotRegular("a parenthesis that nothing opens")
        return made

    def takes(self, text: str) -> bool:
        if self.pattern.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def match(self, expression: str) -> re.Match[str] | None:
        found = re.compile(expression).match(self.pattern, self.at)
        if found:
            self.at = found.end()
        return found

    def next(self) -> str:
        if self.at >= len(self.pattern):
            raise NotRegular("the pattern ends too soon")
        self.at += 1
        return self.pattern[self.at - 1]

    def alternatives(self) -> Node:
        self.depth += 1
        if self.depth > 100:
            raise NotRegular("more than 100 nested groups")
        made = [self.sequence()]
        while self.takes("|"):
            made.append(self.sequence())
        self.depth -= 1
        return made[0] if len(made) == 1 else ("alt", *made)

    def sequence(self) -> Node:
        made = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            made.append(self.repeated(self.atom()))
        return ("seq", *made)

    def repeated(self, one: Node) -> Node:
        found = self.match(r"([*+?])\??|\{(\d+)(,(\d*))?\}\??")
        if not found:
            return one
        if one[0] in ("start", "end", "look"):
            raise NotRegular("a repeated assertion")
        if found[1]:
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[1]]
        else:
            low = int(found[2])
            high = low if found[3] is None else int(found[4]) if found[4] else None
        if max(low, high or 0) > MOST_REPEATED or (high is not None and high < low):
            raise NotRegular("a repeat out of bounds")
        return ("rep", one, low, high)

    def atom(self) -> Node:
        character = self.next()
        if character == "(":
            return self.group()
        if character == "[":
            return ("set", self.characters())
        if character == "\\":
            return ("set", self.escape(in_set=False))
        if character in "*+?":
            raise NotRegular("nothing to repeat")
        return {"^": ("start",), "$": ("end",), ".": ("set", others(_LINES))}.get(
            character, ("set", _joined([(ord(character), ord(character))]))
        )

    def group(self) -> Node:
        made: Node
        if self.takes("?=") or self.takes("?!"):
            refused = self.pattern[self.at - 1] == "!"
            made = ("look", self.alternatives(), refused)
        else:
            if not self.match(r"\?:|\?P?<(?![=!])\w+>") and self.takes("?"):
                raise NotRegular("a lookbehind or a flag")
            made = self.alternatives()
        if not self.takes(")"):
            raise NotRegular("a parenthesis that nothing closes")
        return made

    def characters(self) -> Ranges:
        refused = self.takes("^")
        found: list[tuple[int, int]] = []
        while not self.takes("]"):
            low = self.member()
            if self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at):
                self.at += 1
                high = self.member()
                if len(low) != 1 or len(high) != 1 or low[0][0] > high[0][1]:
                    raise NotRegular("a range of characters without an order")
                low = ((low[0][0], high[0][1]),)
            found.extend(low)
        return self.among(found, refused=refused)

    def among(self, found: list[tuple[int, int]], *, refused: bool) -> Ranges:
        """
        The characters of a set, or all others.
        """
        return others(_joined(found)) if refused else _joined(found)

    def member(self) -> Ranges:
        character = self.next()
        return self.escape(in_set=True) if character == "\\" else ((ord(character), ord(character)),)

    def escape(self, *, in_set: bool) -> Ranges:
        letter = self.next()
        if letter.lower() in _CLASSES:
            ranges = _CLASSES[letter.lower()]
            return others(ranges) if letter.isupper() else ranges
        if letter in "pP":
            found = self.match(r"\{(?:(?:gc|General_Category)=)?(\w+)\}")
            if not found:
                raise NotRegular("a property without a name, or of a script")
            ranges = category(found[1])
            return others(ranges) if letter == "P" else ranges
        return ((point := self.point(letter, in_set), point),)

    def point(self, letter: str, in_set: bool) -> int:
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter in "xu" and (
            found := self.match(
                r"\{([0-9A-Fa-f]+)\}"
                if self.pattern.startswith("{", self.at)
                else r"([0-9A-Fa-f]{2})"
                if letter == "x"
                else r"([0-9A-Fa-f]{4})"
            )
        ):
            return int(found[1], 16)
        if letter == "c" and (found := self.match(r"[A-Za-z]")):
            return ord(found[0]) % 32
        if letter == "b" and in_set:
            return 8
        if letter == "0":
            return 0
        if letter in "bBk123456789":
            raise NotRegular("a word boundary or a back reference")
        return ord(letter)


# --- expressions ---------------------------------------------------------------------------------------------------


class _Expressions:
    """
    Expressions by number, each made once, with their derivatives.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.numbers: dict[Node, int] = {}
        self.derived: dict[tuple[int, int, bool], int] = {}
        self.empty: dict[tuple[int, bool, bool], bool] = {}
        self.none, self.nothing = self.made("set", ()), self.made("eps")
        self.one = self.made("set", _ANY)
        self.everything = self.made("rep", self.one, 0, None)

    def made(self, *node: object) -> int:
        if node not in self.numbers:
            self.numbers[node] = len(self.nodes)
            self.nodes.append(node)
        return self.numbers[node]

    def both(self, *parts: int) -> int:
        return self._set("and", parts, self.none, self.everything)

    def either(self, *parts: int) -> int:
        return self._set("alt", parts, self.everything, self.none)

    def _set(self, kind: str, parts: Iterable[int], wins: int, idle: int) -> int:
        found: set[int] = set()
        for part in parts:
            node = self.nodes[part]
            found.update(node[1:] if node[0] == kind else (part,))
        found.discard(idle)
        if wins in found or any(self.other(part) in found for part in found if self.nodes[part][0] == "not"):
            return wins
        return self.made(kind, *sorted(found)) if len(found) > 1 else next(iter(found), idle)

    def other(self, part: int) -> int:
        """
        What the expression does not take.
        """
        node = self.nodes[part]
        if node[0] == "not":
            inner: int = node[1]
            return inner
        return {self.none: self.everything, self.everything: self.none}.get(part) or self.made("not", part)

    def then(self, first: int, second: int) -> int:
        if self.none in (first, second):
            return self.none
        if first == self.nothing:
            return second
        node = self.nodes[first]
        if node[0] == "cat":
            return self.then(node[1], self.then(node[2], second))
        if first == second == self.everything or second == self.nothing:
            return first
        return self.made("cat", first, second)

    def repeated(self, part: int, low: int, high: int | None) -> int:
        if high == 0 or part == self.nothing:
            return self.nothing
        if part == self.none:
            return self.nothing if low == 0 else self.none
        if low == high == 1:
            return part
        return self.made("rep", part, low, high)

    def build(self, node: Node, rest: int) -> int:
        """
        The expression of a parsed pattern followed by `rest`.
        """
        kind, parts = node[0], node[1:]
        if kind == "seq":
            return functools.reduce(lambda after, part: self.build(part, after), reversed(parts), rest)
        if kind == "alt":
            return self.either(*(self.build(part, rest) for part in parts))
        if kind == "rep":
            if _looks(parts[0]):
                raise NotRegular("a repeated lookahead")
            return self.then(self.repeated(self.build(parts[0], self.nothing), parts[1], parts[2]), rest)
        if kind == "look":
            ahead = self.build(parts[0], self.everything)
            return self.both(self.other(ahead) if parts[1] else ahead, rest)
        return self.then(self.made(*node), rest)

    def ends(self, part: int, start: bool, end: bool) -> bool:
        """
        Whether the empty text fits, at the start or the end of the whole text or not.
        """
        key = (part, start, end)
        if key not in self.empty:
            self.empty[key] = self._ends(self.nodes[part], start, end)
        return self.empty[key]

    def _ends(self, node: Node, start: bool, end: bool) -> bool:
        kind, parts = node[0], node[1:]
        fits = (self.ends(part, start, end) for part in parts if isinstance(part, int))
        if kind in ("cat", "and"):
            return all(fits)
        if kind == "rep":
            return parts[1] == 0 or next(fits)
        return {"eps": True, "set": False, "start": start, "end": end}.get(str(kind), False) or (
            any(fits) if kind == "alt" else kind == "not" and not next(fits)
        )

    def after(self, part: int, point: int, start: bool) -> int:
        """
        What may follow once a character was read; `start` says that it was the first.
        """
        key = (part, point, start)
        if key not in self.derived:
            self.derived[key] = self._after(self.nodes[part], point, start)
        return self.derived[key]

    def _after(self, node: Node, point: int, start: bool) -> int:
        kind = node[0]
        if kind == "set":
            inside = any(low <= point <= high for low, high in node[1])
            return self.nothing if inside else self.none
        if kind in ("eps", "start", "end"):
            return self.none
        if kind == "rep":
            one, low, high = node[1:]
            rest = self.repeated(one, max(low - 1, 0), None if high is None else high - 1)
            return self.then(self.after(one, point, start), rest)
        if kind == "cat":
            first, second = node[1], node[2]
            straight = self.then(self.after(first, point, start), second)
            skipped = self.after(second, point, start) if self.ends(first, start, False) else self.none
            return self.either(straight, skipped)
        each = [self.after(one, point, start) for one in node[1:]]
        if kind == "not":
            return self.other(each[0])
        return self.either(*each) if kind == "alt" else self.both(*each)

    def points(self) -> tuple[int, ...]:
        """
        One character of each class that no set tells apart, letters and digits before others.
        """
        sets = [node[1] for node in self.nodes if node[0] == "set"]
        cuts = sorted({edge for ranges in sets for low, high in ranges for edge in (low, high + 1)} | set(b"a0A_ -"))
        found: dict[tuple[bool, ...], int] = {}
        for point in sorted((cut for cut in cuts if cut <= _LAST), key=_plainness):
            sign = tuple(any(low <= point <= high for low, high in ranges) for ranges in sets)
            if any(sign):
                found.setdefault(sign, point)
        return tuple(found.values())


def _plainness(point: int) -> tuple[int, int]:
    character = chr(point)
    order = ("a" <= character <= "z", "0" <= character <= "9", "A" <= character <= "Z", " " < character <= "~")
    return next((index for index, fits in enumerate(order) if fits), 5 if point > 0x7F else 4), point


def _looks(node: object) -> bool:
    return isinstance(node, tuple) and (node[:1] == ("look",) or any(map(_looks, node[1:])))


@functools.lru_cache(maxsize=4096)
def _parsed(pattern: str) -> Node:
    return Parser(pattern).whole()


Demands: TypeAlias = tuple[tuple[str, ...], int, int | None]
"""Patterns that must all be found in a text, its least length, and its greatest; lengths count characters."""


@functools.lru_cache(maxsize=4096)
def told_apart(narrow: Demands, wide: Demands) -> str | bool | None:
    """
    A text that `narrow` takes and `wide` does not; True where it is proven that there is none; None where that stays
    open, for example since a pattern is not regular.
    """
    made = _Expressions()
    try:
        start = made.both(_expression(made, narrow), made.other(_expression(made, wide)))
        points = made.points()
        return _shortest(made, start, points)
    except (NotRegular, RecursionError, OverflowError):
        return None


def _expression(made: _Expressions, demands: Demands) -> int:
    patterns, least, most = demands
    lengths = made.repeated(made.one, least, most)
    found = (made.then(made.everything, made.build(_parsed(pattern), made.everything)) for pattern in patterns)
    return made.both(lengths, *found)


def _shortest(made: _Expressions, start: int, points: Sequence[int]) -> str | bool | None:
    before: dict[tuple[int, bool], tuple[tuple[int, bool], int] | None] = {(start, True): None}
    queue = deque(before)
    while queue:
        state = queue.popleft()
        if made.ends(state[0], state[1], True):
            return "".join(reversed(tuple(_read(before, state))))
        for point in points:
            after = (made.after(state[0], point, state[1]), False)
            if after[0] != made.none and after not in before:
                before[after] = (state, point)
                queue.append(after)
        if len(before) > MOST or len(made.nodes) > 20 * MOST:
            return None
    return True


def _read(
    before: dict[tuple[int, bool], tuple[tuple[int, bool], int] | None], state: tuple[int, bool]
) -> Iterator[str]:
    while (step := before[state]) is not None:
        state, point = step
        yield chr(point)


def matching(demands: Demands) -> str | None:
    """
    The shortest text that meets the demands; None where none was found.
    """
    found = told_apart(demands, ((r"(?!)",), 0, None))
    return found if isinstance(found, str) else None


def contains(wide: Demands, narrow: Demands) -> bool:
    """
    Whether it is proven that every text of `narrow` is one of `wide`.
    """
    return told_apart(narrow, wide) is True
