"""
The schemas that operations use, from any number of files -> one document whose references stay inside it.

1. Only what is asked for is read: a schema is copied to `components.schemas` when a reference reaches it, so an
   invalid one matters only to those who use it.
2. What is copied is plain JSON Schema 2020-12: older words are replaced, and `$id`, anchors, `$defs` and dynamic
   references are gone, since each schema that is referred to has a name of its own.
3. A `$dynamicRef` is bound as the specification says, to the outermost schema on the way that has the anchor; a schema
   that is reached on two ways with different bindings is copied twice.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.dialects import Dialect, dialect_of, modern
from rtkcontract.json_schema.structure import CONSTRAINTS, LISTS, MAPS, SINGLES, reached
from rtkcontract.json_schema.validator import is_schema
from rtkcontract.model import Json
from rtkcontract.openapi.references import ORIGINS, Files, Spot

GONE: Final = frozenset(
    ("$schema", "$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$defs", "definitions", "$vocabulary")
)
"""Keywords that name schemas, which have names of their own in a bundled document."""
DYNAMIC: Final = ("$dynamicRef", "$recursiveRef")
SCHEMAS: Final = "/components/schemas/"

Bindings: TypeAlias = tuple[tuple[str, str, str], ...]
"""(anchor, file, pointer) of each dynamic anchor on the way to a schema, the outermost of a name only."""


@dataclass(frozen=True, slots=True)
class _Context:
    """
    How the schemas around a place are written, and which dynamic anchors lie on the way to it.
    """

    dialect: Dialect
    bindings: Bindings = ()


class Bundle:
    """
    A document that grows with what is asked for.
    """

    def __init__(
        self, files: Files, document: dict[str, Json], dialect: Dialect = "2020-12", *, clauses: bool = True
    ) -> None:
        """
        Without `clauses`, what `x-unspecified` refers to is not looked for.
        """
        self.files, self.document, self.dialect, self.clauses = files, document, dialect, clauses
        self.schemas: dict[str, Json] = document.setdefault("components", {}).setdefault("schemas", {})
        self.origins: dict[str, str] = document.setdefault(ORIGINS, {})
        self._keys: dict[tuple[str, str, Bindings], str] = {}
        self._queue: deque[tuple[str, Spot, _Context]] = deque()
        self.problems: dict[str, str] = {}
        """Name of a schema -> why it cannot be used."""

    def schema(self, spot: Spot) -> Json:
        """
        A schema of an operation, whose references point into the document. Raises CannotTell where one cannot be used.
        """
        context = _Context(self._dialect(spot))
        made = self._rewritten(spot, self._bound(spot, context))
        self._check(made, spot)
        self._follow()
        for name in reached(self.document, made) if self.problems else ():
            if name in self.problems:
                raise CannotTell(self.problems[name])
        return made

    def _dialect(self, spot: Spot) -> Dialect:
        """
        The dialect of the file that a schema stands in; the schema may name another.
        """
        own: Dialect = self.dialect
        if spot.file != self.files.name:
            with contextlib.suppress(LookupError):
                own = dialect_of(self.files.spot(spot.file, "/$schema").value, own)
        return dialect_of(spot.value.get("$schema"), own) if isinstance(spot.value, dict) else own

    def _bound(self, spot: Spot, context: _Context) -> _Context:
        """
        The context with the dynamic anchors of a schema, where none of the name lies further out.
        """
        names = {name for name, *_ in context.bindings}
        fresh = [(name, spot.file, place) for name, place in _anchors(spot.value, spot.at) if name not in names]
        return _Context(context.dialect, (*context.bindings, *fresh)) if fresh else context

    def _follow(self) -> None:
        """
        Copies every schema that a reference has reached, and what it reaches in turn.
        """
        made: list[str] = []
        while self._queue:
            name, spot, context = self._queue.popleft()
            made.append(name)
            try:
                self.schemas[name] = self._rewritten(spot, context)
                self._check(self.schemas[name], spot)
            except CannotTell as problem:
                self.schemas[name] = True
                self.problems[name] = str(problem)
        for name in made:
            self._refuse_circle(name)

    def _refuse_circle(self, name: str) -> None:
        seen = [name]
        node = self.schemas[name]
        while isinstance(node, dict) and set(node) & CONSTRAINTS == set() and isinstance(node.get("$ref"), str):
            following = node["$ref"].removeprefix("#" + SCHEMAS)
            if following in seen:
                self.problems[name] = f"{self.origins[SCHEMAS + name]}: the reference leads back to itself"
                return
            seen.append(following)
            node = self.schemas[following]

    def _check(self, schema: Json, spot: Spot) -> None:
        if is_schema(schema):
            return
        from rtkcontract.json_schema.reference import schema_problem  # says best where, and takes long to import

        if problem := schema_problem(schema):
            place, reason = problem
            raise CannotTell(f"{self.files.told(Spot(None, spot.file, spot.at + place))}: {reason[:200]}")

    def _rewritten(self, spot: Spot, context: _Context) -> Json:
        if isinstance(spot.value, bool):
            return spot.value
        if not isinstance(spot.value, dict):
            shown = "null" if spot.value is None else str(spot.value)[:40]
            raise CannotTell(f"{self.files.told(spot)}: a schema is an object or a boolean, not {shown}")
        node = modern(spot.value, context.dialect)
        spot = Spot(node, spot.file, spot.at)
        made = {key: self._member(spot, key, context) for key in node if key not in GONE and key not in DYNAMIC}
        if isinstance(node.get("discriminator"), dict):
            made["discriminator"] = self._discriminator(spot, context)
        for key in DYNAMIC:
            if isinstance(node.get(key), str):
                also = {"$ref": self._dynamic(node[key], spot, context)}
                made = {**made, **also} if "$ref" not in made else {**made, "allOf": [also, *made.get("allOf", ())]}
        return _apart(made)

    def _member(self, spot: Spot, key: str, context: _Context) -> Json:
        value = spot.value[key]
        if key == "$ref" and isinstance(value, str):
            return self._reference(self.files.target(value, spot), context)
        inner = spot.member(key)
        if key in MAPS and isinstance(value, dict):
            return {name: self._inner(inner.member(name), context) for name in value}
        if key in LISTS and isinstance(value, list):
            return [self._inner(inner.member(index), context) for index in range(len(value))]
        if key == "x-unspecified" and isinstance(value, list) and self.clauses:
            return [self._clause(inner.member(index), context) for index in range(len(value))]
        return self._inner(inner, context) if key in SINGLES else value

    def _inner(self, spot: Spot, context: _Context) -> Json:
        if isinstance(spot.value, dict) and ("$dynamicAnchor" in spot.value or "$schema" in spot.value):
            dialect = dialect_of(spot.value.get("$schema"), context.dialect)
            context = self._bound(spot, _Context(dialect, context.bindings))
        return self._rewritten(spot, context)

    def _clause(self, spot: Spot, context: _Context) -> Json:
        """
        An entry of `x-unspecified`; its `when` is a schema.
        """
        if not isinstance(spot.value, dict) or "when" not in spot.value:
            return spot.value
        return {**spot.value, "when": self._rewritten(spot.member("when"), context)}

    def _discriminator(self, spot: Spot, context: _Context) -> Json:
        """
        The mapping of a discriminator, whose values are names of components or references.
        """
        node = spot.value["discriminator"]
        mapping = node.get("mapping")
        if not isinstance(mapping, dict):
            return node
        return {**node, "mapping": {value: self._mapped(ref, spot, context) for value, ref in mapping.items()}}

    def _mapped(self, ref: Json, spot: Spot, context: _Context) -> Json:
        for form in (f"#{SCHEMAS}{ref}", ref) if isinstance(ref, str) else ():
            try:
                return self._reference(self.files.target(form, spot), context)
            except CannotTell:
                continue
        return ref

    def _dynamic(self, ref: str, spot: Spot, context: _Context) -> str:
        name = ref.partition("#")[2]
        bound = next(((file, place) for anchor, file, place in context.bindings if anchor == name), None)
        target = self.files.spot(*bound) if bound else self.files.target(ref, spot)
        return self._reference(target, context)

    def _reference(self, target: Spot, context: _Context) -> str:
        """
        The reference to a schema inside the document; a schema that is met for the first time will be copied.
        """
        inner = self._bound(target, _Context(self._dialect(target), context.bindings))
        known = (target.file, target.at, inner.bindings)
        if known not in self._keys:
            name = self._name(target)
            self._keys[known] = name
            self.schemas[name] = True
            self.origins[SCHEMAS + name] = self.files.origin(target)
            self._queue.append((name, target, inner))
        return f"#{SCHEMAS}{self._keys[known]}"

    def _name(self, target: Spot) -> str:
        """
        The name of a component, else one made of file and pointer.
        """
        place = target.at.removeprefix(SCHEMAS[:-1] if target.file == self.files.name else "")
        file = "" if target.file == self.files.name else re.sub(r"\.(json|ya?ml)$", "", target.file)
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{file}{place}".replace("~1", "_").replace("/", ".")).strip("._")
        number, fresh = 1, name or "document"
        while fresh in self.schemas:
            number += 1
            fresh = f"{name}-{number}"
        return fresh


def _anchors(node: Json, place: str) -> Iterator[tuple[str, str]]:
    """
    Name and pointer of the dynamic anchors of a schema: its own, and those of its definitions.
    """
    if not isinstance(node, dict):
        return
    if isinstance(node.get("$dynamicAnchor"), str):
        yield node["$dynamicAnchor"], place
    if node.get("$recursiveAnchor") is True:
        yield "", place
    inner = node.get("$defs")
    for name, part in inner.items() if isinstance(inner, dict) else ():
        if isinstance(part, dict) and isinstance(part.get("$dynamicAnchor"), str):
            yield part["$dynamicAnchor"], f"{place}/$defs/{name.replace('~', '~0').replace('/', '~1')}"


def _apart(node: dict[str, Json]) -> dict[str, Json]:
    """
    Constraints beside a `$ref` hold together with it, and so are never taken for a replacement of it.
    """
    if "$ref" not in node or not set(node) & CONSTRAINTS:
        return node
    made = {key: value for key, value in node.items() if key != "$ref"}
    return {**made, "allOf": [{"$ref": node["$ref"]}, *made.get("allOf", ())]}
