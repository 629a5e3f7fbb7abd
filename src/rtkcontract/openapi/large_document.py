"""
A large JSON or YAML document, read piece by piece: only the parts that are asked for become Python objects.

1. The text is cut at the members of the root, of `paths`, of `components` and of each of its sections. One pass finds
   where they start and end; nothing else is parsed.
2. YAML is cut by indentation, which YAML itself guarantees for block mappings: whatever belongs to a member stands
   deeper than its name. A document in flow style, or with anchors across pieces, is read whole.
3. A text of less than a mebibyte is read whole as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema import yaml_text
from rtkcontract.json_schema.json_text import NotStrictJson, at, dumps, loads, pointer
from rtkcontract.model import Json

WHOLE_BELOW: Final = 1 << 20


Span = tuple[int, int]


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def parse(text: str, name: str) -> Json:
    """
    The data in a JSON or YAML text. Raises CannotTell naming the file and the place.
    """
    try:
        return loads(text) if _is_json(text) else yaml_text.loads(text)
    except NotStrictJson as error:
        raise CannotTell(f"{name} is not JSON: {error}; the file may be cut off") from None
    except yaml_text.NotYaml as error:
        raise CannotTell(f"{name} is neither JSON nor YAML: {error}") from None


def _yaml_members(text: str, span: Span) -> Iterator[tuple[str, Span]]:
    """
    Name and span (of the whole entry) of each member of the block mapping in a span.
    """
    start, end = span
    first = re.compile(r"^( *)[^\s#-]", re.MULTILINE).search(text, start, end)
    if first is None:
        return
    line = re.compile(
        rf"^ {{{len(first[1])}}}(?P<name>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s#\-'\"][^\n]*?)\s*:(?=\s|$)",
        re.MULTILINE,
    )
    found = list(line.finditer(text, start, end))
    for here, after in zip(found, [*found[1:], None], strict=True):
        name = here["name"]
        plain = str(yaml_text.loads(name)) if name[0] in "\"'" else name
        yield plain, (here.start(), after.start() if after else end)


def _yaml_inside(text: str, span: Span) -> Span:
    """
    What follows the first line of an entry, where its value stands in block style.
    """
    newline = text.find("\n", *span)
    return (newline + 1 if newline >= 0 else span[1], span[1])


_SPACE: Final = re.compile(r"[ \t\r\n,:]*")


def _json_members(text: str, span: Span) -> Iterator[tuple[str, Span]]:
    """
    Name and span (of the value) of each member of the JSON object in a span; values are passed over one by one.
    """
    decoder = json.JSONDecoder()
    position = _skip(text, span[0])
    if text[position : position + 1] != "{":
        return
    position = _skip(text, position + 1)
    while text[position : position + 1] not in ("}", ""):
        name, position = decoder.raw_decode(text, position)
        start = _skip(text, position)
        _, position = decoder.raw_decode(text, start)
        yield name, (start, position)
        position = _skip(text, position)


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


class Slices:
    """
    One document behind JSON Pointers.
    """

    @classmethod
    def of(cls, value: Json, name: str) -> Slices:
        """
        A document that is data already.
        """
        made = cls("", name)
        made._kept[""] = value
        return made

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.json = _is_json(text)
        self._kept: dict[str, Json] = {}
        self._spans: dict[str, Span] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        if len(text) >= WHOLE_BELOW:
            try:
                self._cut("", (0, len(text)), 0)
            except (json.JSONDecodeError, RecursionError) as error:
                raise CannotTell(f"{name} is not JSON: {error}; the file may be cut off") from None
        if "/paths" not in self._spans:
            self._spans.clear()
            self._kept[""] = parse(text, name) if text else None

    def _cut(self, place: str, span: Span, depth: int) -> None:
        members = _json_members if self.json else _yaml_members
        for key, inner in members(self.text, span):
            below = place + pointer([key])
            if below in self._spans:
                line = self.text.count("\n", 0, inner[0]) + 1
                raise CannotTell(f"{self.name} has the member {below} twice, the second at line {line}")
            self._spans[below] = inner
            if below in ("/paths", "/components") or (depth == 1 and place == "/components"):
                self._cut(below, inner if self.json else _yaml_inside(self.text, inner), depth + 1)

    def names(self, place: str) -> tuple[str, ...]:
        """
        Names of the members at `""` or `/paths`, in their order.
        """
        if "" in self._kept:
            try:
                value = self.find(place)
            except LookupError:
                return ()
            return tuple(map(str, value)) if isinstance(value, dict) else ()
        if place not in self._names:
            depth = place.count("/") + 1
            inside = (key for key in self._spans if key.startswith(place + "/") and key.count("/") == depth)
            self._names[place] = tuple(key.rsplit("/", 1)[1].replace("~1", "/").replace("~0", "~") for key in inside)
        return self._names[place]

    def mentions(self, place: str, word: str) -> bool:
        """
        Whether the text of a piece holds a word; True where the document was not cut.
        """
        return self.text.find(word, *self._spans[place]) >= 0 if place in self._spans else True

    def holds(self, word: str) -> bool:
        """
        Whether the text of the document holds a word.
        """
        return word in (self.text or dumps(self._kept.get("")))

    def pieces(self, words: Iterable[str]) -> Iterator[tuple[str, Json]]:
        """
        Pointer and value of each piece whose text holds one of the words; of a document that was not cut, the whole.
        """
        if "" in self._kept:
            if not self.text or any(word in self.text for word in words):
                yield "", self._kept[""]
            return
        words = [word for word in words if word in self.text]
        for place in list(self._spans) if words else ():
            inner = any(other.startswith(place + "/") for other in self._spans) if place.count("/") < 3 else False
            if not inner and any(self.mentions(place, word) for word in words):
                yield place, self.find(place)

    def data(self) -> Json:
        """
        The whole value; the text of a document that was cut.
        """
        return self._kept.get("", self.text)

    def find(self, place: str) -> Json:
        """
        The value at a JSON Pointer. Raises LookupError where there is none.
        """
        if "" in self._kept:
            return at(self._kept[""], place)
        parts = place.split("/")
        for length in range(min(len(parts), 4), 1, -1):
            head = "/".join(parts[:length])
            if head in self._spans:
                return at(self._piece(head), "".join("/" + part for part in parts[length:]))
        raise LookupError(f"nothing at {place}")

    def _piece(self, place: str) -> Json:
        if place not in self._kept:
            start, end = self._spans[place]
            try:
                value = parse(self.text[start:end], self.name)
                self._kept[place] = value if self.json else next(iter(value.values()))
            except CannotTell as problem:
                if "alias" not in str(problem):
                    raise
                self._kept = {"": parse(self.text, self.name)}
                return at(self._kept[""], place)
        return self._kept[place]
