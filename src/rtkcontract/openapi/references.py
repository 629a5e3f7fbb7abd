"""
References inside a document and between files.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import TypeAlias

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import NotStrictJson, at, loads
from rtkcontract.json_schema.structure import rebuilt
from rtkcontract.model import Json

Read: TypeAlias = Callable[[str], bytes | None]
"""Relative path with slashes to the file's bytes, or None where there is no such file."""


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


def _key(name: str) -> str:
    return name.removesuffix(".json").replace("/", ".")


class _Bundle:
    """
    The files met so far while references are followed.
    """

    def __init__(self, read: Read, where: str) -> None:
        self.read, self.where = read, where
        self.files: dict[str, Json] = {}

    def rewritten(self, node: Json, name: str, top: str) -> Json:
        """
        A copy of the node in which each reference points into the bundled document.
        """
        if isinstance(node, list):
            return [self.rewritten(item, name, top) for item in node]
        if not isinstance(node, dict):
            return node
        return {
            key: self.reference(value, name, top)
            if key == "$ref" and isinstance(value, str)
            else self.rewritten(value, name, top)
            for key, value in node.items()
            if not (key == "$schema" and name != top)
        }

    def reference(self, ref: str, name: str, top: str) -> str:
        file, _, fragment = ref.partition("#")
        if "://" in file:
            raise CannotTell(f"{posixpath.join(self.where, name)} refers to {ref}; only files beside it can be read")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), file)) if file else name
        if target == top:
            return f"#{fragment}"
        if target not in self.files:
            self.files[target] = None
            self.files[target] = self.rewritten(read_json(self.read, target, self.where), target, top)
        return f"#/components/schemas/{_key(target)}{fragment}"


def references(node: Json) -> Iterator[str]:
    """
    Every `$ref` at or below a node.
    """
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references(item)


def bundle(read: Read, name: str, where: str) -> Json:
    """
    One OpenAPI document with each file that it refers to under `components.schemas`.

    Raises CannotTell for a file that is missing or broken and for a reference that leads nowhere.
    """
    files = _Bundle(read, where)
    document = files.rewritten(read_json(read, name, where), name, name)
    if not isinstance(document, dict):
        raise CannotTell(f"{posixpath.join(where, name)} is no JSON object, so no OpenAPI document")
    if files.files:
        components = document.setdefault("components", {}).setdefault("schemas", {})
        components.update({_key(file): schema for file, schema in sorted(files.files.items())})
    for ref in references(document):
        try:
            at(document, ref.removeprefix("#"))
        except LookupError as error:
            raise CannotTell(
                f"{posixpath.join(where, name)} has a reference {ref} that leads nowhere: {error}"
            ) from None
    return document


def located(pointer: str, _document: Json) -> str:
    """
    `file#/pointer` in `schemas/` of a pointer into the bundled document.
    """
    parts = pointer.split("/")
    if parts[1:3] == ["components", "schemas"] and len(parts) > 3:
        return parts[3].replace(".", "/") + ".json#" + "".join(f"/{part}" for part in parts[4:])
    return f"openapi.json#{pointer}"


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


Find: TypeAlias = Callable[[str, str], Json]
"""(file, JSON Pointer) -> what stands there; the file "" is the document itself. Raises LookupError."""


def _elsewhere(file: str, ref: str) -> tuple[str, str]:
    target, _, fragment = ref.partition("#")
    if "://" in target:
        raise CannotTell(f"the reference {ref} leads out of the document; only files beside it can be read")
    if target:
        file = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
    return file, fragment


class Whole:
    """
    Replaces references; what was replaced once is kept.
    """

    def __init__(self, find: Find, where: str, old_words: bool) -> None:
        self.find, self.where, self.old_words = find, where, old_words
        self._known: dict[tuple[str, str], Json] = {}
        self._open: list[tuple[str, str]] = []

    def behind(self, node: Json, file: str) -> tuple[Json, str]:
        """
        What a reference object of OpenAPI (a parameter, a response) stands for, and the file that it stands in.
        """
        for _ in range(50):
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                return node, file
            file, fragment = _elsewhere(file, node["$ref"])
            node = self._found(file, fragment, node["$ref"])
        raise CannotTell(f"{self.where}: the reference {node['$ref']} leads back to itself")

    def _found(self, file: str, fragment: str, ref: str) -> Json:
        try:
            if fragment and not fragment.startswith("/"):
                raise LookupError("only JSON Pointers can be followed, not anchors")
            return self.find(file, fragment)
        except LookupError as error:
            reason = str(error).strip("'")
            raise CannotTell(f"{self.where}: the reference {ref} leads nowhere ({reason})") from None

    def schema(self, node: Json, file: str = "") -> Json:
        """
        The schema with every reference replaced.
        """
        if isinstance(node, bool):
            return node
        if not isinstance(node, dict):
            raise CannotTell(f"{self.where}: a schema is an object or a boolean, here stands {str(node)[:40]}")
        for key in ("$dynamicRef", "$recursiveRef"):
            if key in node:
                raise CannotTell(f"{self.where}: {key} cannot be compared; write a plain $ref")
        if isinstance(node.get("$ref"), str):
            return self._replaced(node, file)
        return self._in_new_words(rebuilt(node, lambda part: self.schema(part, file)))

    def _replaced(self, node: Json, file: str) -> Json:
        target, fragment = _elsewhere(file, node["$ref"])
        key = (target, fragment)
        if key in self._open:
            loop = " -> ".join(f"{name}#{at}" for name, at in [*self._open[self._open.index(key) :], key])
            raise CannotTell(
                f"{self.where}: the reference {node['$ref']} leads back to itself ({loop}); a cycle cannot be compared"
            )
        if key not in self._known:
            self._open.append(key)
            self._known[key] = self.schema(self._found(target, fragment, node["$ref"]), target)
            self._open.pop()
        behind = self._known[key]
        beside = {name: value for name, value in node.items() if name != "$ref"}
        if not beside or self.old_words:
            return behind
        beside = self.schema(beside, file)
        if isinstance(behind, dict) and not set(behind) & set(beside) - {"description", "title", "summary"}:
            return {**behind, **beside}
        return {**beside, "allOf": [behind, *beside.get("allOf", ())]}

    def _in_new_words(self, node: Json) -> Json:
        made = {key: value for key, value in node.items() if key not in ("$defs", "definitions", "$schema", "$id")}
        if not self.old_words:
            return made
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(made.get(exclusive), bool) and made.pop(exclusive) and bound in made:
                made[exclusive] = made.pop(bound)
        if made.pop("nullable", False) is True:
            made = _with_null(made)
        return made


def _with_null(node: Json) -> Json:
    """
    Null as a type; `nullable` counts only beside a `type`, and an `enum` has to list null itself.
    """
    kinds = node.get("type")
    if kinds is None:
        return node
    return {**node, "type": [*(kinds if isinstance(kinds, list) else [kinds]), "null"]}
