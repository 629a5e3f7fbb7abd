"""
References inside a document and between files, and where each part of a bundled document was written.

1. A reference is resolved as JSON Schema 2020-12 and RFC 3986 say: against the nearest `$id`, else the file; its
   fragment is percent-encoded, and is a JSON Pointer or an anchor.
2. Documents that take `$id` for a name alone are understood too: what is not found at the `$id` is looked for in the
   file.
3. Neither `referencing` nor the `Registry` of jsonschema-rs tells the place that a reference leads to, and both want
   whole documents; places are what reports cite, and a document of 17 MB is read in pieces.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, TypeAlias
from urllib.parse import unquote, urljoin

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import NotStrictJson, at, loads, pointer
from rtkcontract.json_schema.structure import CONSTRAINTS, LITERALS, NAMES, rebuilt, references
from rtkcontract.model import Json
from rtkcontract.openapi.large_document import Slices

Read: TypeAlias = Callable[[str], bytes | None]
"""Relative path with slashes to the file's bytes, or None where there is no such file."""
ORIGINS: Final = "x-origins"
"""Member of a bundled document: a JSON Pointer into it -> the `file#/pointer` that this part was read from."""
DEEPEST: Final = 20
"""Levels of `allOf` that are followed; a schema that refers to itself there goes on for ever."""
CIRCLE: Final = "x-circle"
"""Member of a schema that was replaced: the reference to it, where it leads back to itself."""
MARKS: Final = ("$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor")


def read_json(read: Read, name: str, where: str) -> Json:
    """
    One JSON file. Raises CannotTell naming the file and the place where it stops being JSON.
    """
    content = read(name)
    if content is None:
        raise CannotTell(f"{where} has no {name}; name the folder that holds openapi.json")
    try:
        return loads(content)
    except NotStrictJson as error:
        raise CannotTell(f"{posixpath.join(where, name)} is not JSON: {error}; the file may be cut off") from None


@dataclass(frozen=True, slots=True)
class Spot:
    """
    A value, the file that it was read from, and the JSON Pointer that leads to it there.
    """

    value: Json
    file: str
    at: str

    def member(self, name: str | int) -> Spot:
        """
        The member of an object or the item of a list; None as the value where there is none.
        """
        try:
            value = self.value[name]
        except (LookupError, TypeError):
            value = None
        return Spot(value, self.file, self.at + pointer([name]))


@dataclass(frozen=True, slots=True)
class _Marks:
    """
    Where a file has `$id`s and anchors: pointer to URI, and (pointer of the resource, name) to pointer.
    """

    resources: Mapping[str, str]
    anchors: Mapping[tuple[str, str], str]

    def resource(self, place: str) -> str:
        """
        The pointer of the nearest `$id` around a place; "" for the file itself.
        """
        around = (head for head in self.resources if head in ("", place) or place.startswith(head + "/"))
        return max(around, key=len, default="")


def _marked(node: Json, place: str, resource: str, named: bool = False) -> Iterator[tuple[str, str, str, str]]:
    """
    (resource, keyword, value, pointer) of each `$id` and anchor at or below a node.
    """
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _marked(item, f"{place}/{index}", resource)
    if not isinstance(node, dict):
        return
    if not named:
        if isinstance(node.get("$id"), str) and not node["$id"].startswith("#"):
            resource = place
        for mark in MARKS:
            if mark in node:
                yield resource, mark, node[mark], place
    for key, value in node.items():
        if named or (key not in LITERALS and not key.startswith("x-")):
            yield from _marked(value, place + pointer([key]), resource, not named and key in NAMES)


class Files:
    """
    One document with the files that it refers to, each read once, when it is needed.
    """

    def __init__(self, read: Read, name: str, folder: str, main: Json = None) -> None:
        """
        `name` is relative to the folder, which is a label of messages; `main` is the document where it is known.
        """
        self.read, self.name, self.folder = read, name, folder
        self._slices: dict[str, Slices] = {}
        self._marks: dict[str, _Marks] = {}
        if main is not None:
            self._slices[name] = Slices.of(main, name)
        elif not self.knows(name):
            raise CannotTell(f"{folder} has no {name}; name the folder that holds openapi.json, or the file")

    @property
    def main(self) -> Slices:
        """
        The document itself.
        """
        return self._slices[self.name]

    @property
    def names(self) -> tuple[str, ...]:
        """
        The files read so far.
        """
        return tuple(self._slices)

    def knows(self, file: str) -> bool:
        """
        Whether there is such a file; it is read.
        """
        if file not in self._slices:
            content = self.read(file)
            if content is None:
                return False
            shown = self.told(Spot(None, file, "")).removesuffix("#")
            try:
                self._slices[file] = Slices(content.decode("utf-8-sig"), shown)
            except UnicodeDecodeError as error:
                raise CannotTell(f"{shown} is not text: byte {error.start} is not UTF-8") from None
        return True

    def told(self, spot: Spot) -> str:
        """
        A place as a message names it.
        """
        return f"{posixpath.join('' if self.folder == '.' else self.folder, spot.file)}#{spot.at}"

    def origin(self, spot: Spot) -> str:
        """
        `file#/pointer`, relative to the folder; of a document that is bundled already, where it was read from.
        """
        if spot.file == self.name and ORIGINS in self.main.names(""):
            return located(spot.at, {ORIGINS: self.main.find(f"/{ORIGINS}")}, self.name)
        return f"{spot.file}#{spot.at}"

    def spot(self, file: str, place: str) -> Spot:
        """
        What stands at a place. Raises LookupError.
        """
        return Spot(self._slices[file].find(place), file, place)

    def marks(self, file: str) -> _Marks:
        """
        The `$id`s and anchors of a file.
        """
        if file not in self._marks:
            found = [mark for place, value in self._slices[file].pieces(MARKS) for mark in _marked(value, place, "")]
            self._marks[file] = _Marks(
                {place: value for _, mark, value, place in found if mark == "$id" and isinstance(value, str)},
                {
                    (resource, value.removeprefix("#")): place
                    for resource, mark, value, place in found
                    if isinstance(value, str) and (mark != "$id" or value.startswith("#"))
                },
            )
        return self._marks[file]

    def target(self, ref: str, here: Spot) -> Spot:
        """
        What a reference that stands at a place leads to. Raises CannotTell where it leads nowhere.
        """
        for file, root in self._documents(ref, here):
            for fragment in dict.fromkeys((unquote(ref.partition("#")[2]), ref.partition("#")[2])):
                found = self._inside(file, root, fragment)
                if found is not None:
                    return found
        raise CannotTell(f"{self.told(here)}: the reference {ref} leads nowhere")

    def _documents(self, ref: str, here: Spot) -> Iterator[tuple[str, str]]:
        """
        (file, pointer) of each document that the part of a reference before `#` may name, the likeliest first.
        """
        name = ref.partition("#")[0]
        marks = self.marks(here.file)
        if not name:
            yield from dict.fromkeys(((here.file, marks.resource(here.at)), (here.file, "")))
            return
        yield from self._identified(name, here)
        outside = "://" in name or name.startswith("/")
        beside = posixpath.join(posixpath.dirname(here.file), name)
        paths = [] if outside else [posixpath.normpath(path) for path in dict.fromkeys((unquote(beside), beside))]
        known = [path for path in paths if self.knows(path)]
        yield from ((path, "") for path in known)
        if outside and not any(self._identified(name, here)):
            raise CannotTell(
                f"{self.told(here)}: the reference {ref} leads out of the document; only files beside it can be read"
            )
        if not known and not any(self._identified(name, here)):
            raise CannotTell(f"{self.told(here)}: the reference {ref} leads nowhere: {self.folder} has no {paths[0]}")

    def _identified(self, name: str, here: Spot) -> Iterator[tuple[str, str]]:
        """
        The schemas of the files read so far whose `$id` is what a name means at a place.
        """
        marks = self.marks(here.file)
        base = marks.resources.get(marks.resource(here.at), "")
        wanted = urljoin(urljoin(marks.resources.get("", ""), base), name)
        for file in self.names:
            outer = self.marks(file).resources.get("", "")
            for place, uri in self.marks(file).resources.items():
                if urljoin(outer, uri).rstrip("#") in (wanted, name):
                    yield file, place

    def _inside(self, file: str, root: str, fragment: str) -> Spot | None:
        marks = self.marks(file)
        if fragment and not fragment.startswith("/"):
            place = marks.anchors.get((root, fragment))
            return None if place is None else self.spot(file, place)
        try:
            return self.spot(file, root + fragment)
        except LookupError:
            return None

    def behind(self, spot: Spot) -> Spot:
        """
        What a reference object of OpenAPI (a parameter, a response) stands for; members beside the `$ref` win.
        """
        seen: list[str] = []
        while isinstance(spot.value, dict) and isinstance(spot.value.get("$ref"), str):
            place = self.told(spot)
            if place in seen:
                raise CannotTell(f"{place}: the reference {spot.value['$ref']} leads back to itself")
            seen.append(place)
            beside = {key: value for key, value in spot.value.items() if key != "$ref"}
            spot = self.target(spot.value["$ref"], spot)
            if beside and isinstance(spot.value, dict):
                spot = replace(spot, value={**spot.value, **beside})
        return spot

    def data(self) -> dict[str, Json]:
        """
        File name to what it holds, of the document and every file that it mentions; of a large one its text.
        """
        queue = [self.name]
        found: dict[str, Json] = {}
        while queue:
            file = queue.pop()
            if file in found or not self.knows(file):
                continue
            found[file] = self._slices[file].data()
            for ref in references(found[file]):
                name = unquote(ref.partition("#")[0])
                if name and "://" not in name:
                    queue.append(posixpath.normpath(posixpath.join(posixpath.dirname(file), name)))
        return found


# --- a bundled document ---------------------------------------------------------------------------------------------


def located(place: str, document: Json, name: str = "openapi.json") -> str:
    """
    `file#/pointer` of a pointer into the bundled document.
    """
    origins: Mapping[str, str] = document.get(ORIGINS, {})
    head = place
    while head:
        if head in origins:
            return origins[head] + place[len(head) :]
        head = head.rpartition("/")[0]
    return f"{name}#{place}"


def resolve(document: Json, node: Json) -> Json:
    """
    The node behind a chain of `$ref`s; members beside a `$ref` win over those behind it.
    """
    seen: set[str] = set()
    while isinstance(node, dict) and "$ref" in node:
        ref = node["$ref"]
        if ref in seen:
            raise CannotTell(f"the reference {ref} leads back to itself")
        seen.add(ref)
        beside = {key: value for key, value in node.items() if key != "$ref"}
        behind = at(document, ref.removeprefix("#"))
        node = {**behind, **beside} if isinstance(behind, dict) else behind
    return node


def parts_of(document: Json, schema: Json, depth: int = 0) -> Iterator[Mapping[str, Json]]:
    """
    A schema and the parts of its `allOf`, references followed.
    """
    node = resolve(document, schema)
    if isinstance(node, dict) and depth < DEEPEST:
        yield node
        for part in node.get("allOf", ()):
            yield from parts_of(document, part, depth + 1)


class Inliner:
    """
    Replaces each `$ref` by what it names, for those who compare; what was replaced once is kept.

    The document must hold all that will be asked for.

    A schema that leads back to itself is replaced once: inside it, each `$ref` to such a schema stays, with the types
    of what it names beside it.
    """

    def __init__(self, document: Json) -> None:
        self.document = document
        self._known: dict[tuple[str, bool], Json] = {}

    @cached_property
    def circular(self) -> frozenset[str]:
        """
        The references to schemas that lead back to themselves, and those between two such schemas.
        """
        schemas = self.document.get("components", {}).get("schemas", {})
        leads = {f"#/components/schemas/{name}": set(references(schema)) for name, schema in schemas.items()}
        while True:
            left = {ref for refs in leads.values() for ref in refs}
            kept = {ref: refs & leads.keys() for ref, refs in leads.items() if ref in left and refs & leads.keys()}
            if kept.keys() == leads.keys():
                return frozenset(kept)
            leads = kept

    def schema(self, node: Json, inside: bool = False) -> Json:
        """
        The schema with references replaced; `inside` says that it stands in a schema that leads back to itself.
        """
        if not isinstance(node, dict):
            return node
        if not isinstance(node.get("$ref"), str):
            return rebuilt(node, lambda part: self.schema(part, inside))
        behind = self._behind(node["$ref"], inside)
        own = {name: value for name, value in node.items() if name != "$ref"}
        beside = rebuilt(own, lambda part: self.schema(part, inside))
        if not beside:
            return behind
        if isinstance(behind, dict) and not set(behind) & set(beside) & CONSTRAINTS:
            return {**behind, **beside}
        return {**beside, "allOf": [behind, *beside.get("allOf", ())]}

    def _behind(self, ref: str, inside: bool) -> Json:
        if inside and ref in self.circular:
            return {"$ref": ref, **_outline(at(self.document, ref.removeprefix("#")))}
        if (ref, inside) not in self._known:
            circular = ref in self.circular
            made = self.schema(at(self.document, ref.removeprefix("#")), inside or circular)
            self._known[ref, inside] = {**made, CIRCLE: ref} if circular and isinstance(made, dict) else made
        return self._known[ref, inside]


_PLAIN: Final = {"string": "a", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
_SILENT: Final = frozenset(("type", "properties", "items", "required", "additionalProperties"))
"""Keywords of an object that a small value is easily found for."""


def _outline(node: Json) -> dict[str, Json]:
    """
    The type of a schema and, as `const`, a small value that is known to fit it.
    """
    if not isinstance(node, dict) or "type" not in node:
        return {}
    small = _small(node)
    return {"type": node["type"], **({} if small is None else {"const": small})}


def _small(node: Json) -> Json:
    """
    A value of a schema that says nothing but types, and which members there must be; None where it says more.
    """
    if not isinstance(node, dict) or (set(node) & CONSTRAINTS) - _SILENT or str(node.get("type")) not in _PLAIN:
        return None
    members = {name: _small(node.get("properties", {}).get(name)) for name in node.get("required", ())}
    if None in members.values():
        return None
    return members if node["type"] == "object" else _PLAIN[node["type"]]
