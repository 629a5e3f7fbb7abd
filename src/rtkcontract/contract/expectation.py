"""
(schema, value) -> what the sources say about it; what they decide and what they leave open.

1. The schema is the oracle: a body that conforms is accepted, one that does not is rejected.
2. `x-unspecified` in a schema says what no source decides: `when` names values, `keyword` names a constraint whose
   violation is undecided, `excuses` says that the values named may break the rules at and below this place, and
   `echo` names members whose echo is undecided.
3. A broken constraint without `x-source` decides nothing, and neither does `format`: JSON Schema 2020-12 makes it an
   annotation that a validator may ignore.
4. A document that cites nothing anywhere is its own source: each constraint decides, cited by its place.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rtkcontract.json_schema.json_text import at, pointer
from rtkcontract.json_schema.validator import Path, Validator, Violation
from rtkcontract.json_schema.validator import plain as plain_value
from rtkcontract.model import Expectation, Json
from rtkcontract.openapi.references import located, resolve

OWN_SOURCE: Final = "x-own-source"
"""Member of a bundled document that is its own source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """
    One entry of an `x-unspecified` that applies to a value.
    """

    path: Path
    reason: str
    sources: tuple[str, ...]
    keyword: str
    excuses: bool
    echo: tuple[str, ...]
    note: str

    def undecides(self, violation: Violation) -> bool:
        """
        Whether the sources contradict each other on this broken rule.
        """
        if self.keyword:
            return (self.path, self.keyword) == (violation.path, violation.keyword)
        return self.excuses and violation.path[: len(self.path)] == self.path


def source_ids(value: Json) -> tuple[str, ...]:
    """
    The ids in an `x-source` or `source` member: a string or a list of strings.
    """
    return (value,) if isinstance(value, str) else tuple(value or ())


def sources_of(node: Json, keyword: str) -> tuple[str, ...]:
    """
    The sources of one keyword of a schema node: its own entry in `x-source`, else those of the type.
    """
    cited = node.get("x-source") if isinstance(node, dict) else None
    if isinstance(cited, dict):
        cited = cited.get(keyword, cited.get("type"))
    return source_ids(cited)


class Oracle(Validator):
    """
    Judges values under one schema of one bundled document, and knows what no source decides.
    """

    def __init__(self, document: Json, schema: Json) -> None:
        super().__init__(schema, document)
        self._whens: dict[int, Validator] = {}
        self._last: tuple[Json, tuple[Clause, ...]] | None = None
        self._opens: dict[int, bool] = {}
        """By the identity of a schema, whether it or a part of it has clauses."""

    def node(self, schema_pointer: str) -> Json:
        """
        The schema node that holds the keyword at a pointer; {} where there is none.
        """
        try:
            return at(self.document, schema_pointer.rpartition("/")[0])
        except LookupError:
            return {}

    def cited(self, schema_pointer: str) -> tuple[str, ...]:
        """
        The sources of the keyword at a pointer; its place in the file where the document is its own source.
        """
        cited = sources_of(self.node(schema_pointer), schema_pointer.rpartition("/")[2])
        if cited or not self.document.get(OWN_SOURCE):
            return cited
        return (located(schema_pointer, self.document),)

    def clauses(self, value: Json) -> tuple[Clause, ...]:
        """
        Each `x-unspecified` entry that applies to the value, conditions included; keyword entries always apply.
        """
        return self._clauses_of(value, None)

    def _clauses_of(self, value: Json, plain: Json) -> tuple[Clause, ...]:
        if self._last is None or self._last[0] is not value:
            plain = plain_value(value) if plain is None else plain
            self._last = (value, tuple(self._clauses(self.schema, plain, ())))
        return self._last[1]

    def _has_clauses(self, schema: Json) -> bool:
        """
        Whether there is a clause in a schema or in its parts, so that most of a document need not be walked.
        """
        key = id(schema)
        if key not in self._opens:
            self._opens[key] = True  # a schema that refers to itself is walked
            node = resolve(self.document, schema)
            self._opens[key] = isinstance(node, dict) and (
                "x-unspecified" in node
                or any(map(self._has_clauses, node.get("properties", {}).values()))
                or self._has_clauses(node.get("items"))
                or any(map(self._has_clauses, node.get("allOf", ())))
            )
        return self._opens[key]

    def _clauses(self, schema: Json, value: Json, path: Path) -> Iterator[Clause]:
        if not self._has_clauses(schema):
            return
        schema = resolve(self.document, schema)
        for entry in schema.get("x-unspecified", ()):
            if "keyword" in entry or self._applies(entry, value):
                yield Clause(
                    path=path,
                    reason=entry["reason"],
                    sources=source_ids(entry["source"]),
                    keyword=entry.get("keyword", ""),
                    excuses=entry.get("excuses", False),
                    echo=tuple(entry.get("echo", ())),
                    note=entry.get("note", ""),
                )
        if isinstance(value, dict):
            parts = schema.get("properties", {})
            for name in [name for name in parts if name in value]:
                yield from self._clauses(parts[name], value[name], (*path, name))
        if isinstance(value, list) and isinstance(schema.get("items"), dict):
            for index, item in enumerate(value):
                yield from self._clauses(schema["items"], item, (*path, index))
        for part in schema.get("allOf", ()):
            yield from self._clauses(part, value, path)

    def _applies(self, entry: Json, value: Json) -> bool:
        key = id(entry)
        if key not in self._whens:
            self._whens[key] = Validator(entry["when"], self.document)
        return self._whens[key].valid_plain(value)

    def expectation(self, value: Json, *, plain: bool = False) -> Expectation:
        """
        What the sources say about a request body: accepted, rejected as invalid, or unspecified.

        `plain` says that the value holds no number of ours and no half surrogate pair.
        """
        return self._expectation(value, value if plain else plain_value(value))

    def _expectation(self, value: Json, plain: Json) -> Expectation:
        clauses = self._clauses_of(value, plain)
        broken = self.violations_plain(plain)
        for violation in broken:
            cited = self.cited(violation.schema_pointer)
            if cited and violation.keyword != "format" and not any(clause.undecides(violation) for clause in clauses):
                return Expectation(
                    outcome="rejected",
                    rejection="invalid",
                    reason=violation.message,
                    sources=cited,
                    schema_at=located(violation.schema_pointer, self.document),
                )
        for clause in clauses:
            if not clause.keyword or any(clause.undecides(violation) for violation in broken):
                return Expectation(outcome="unspecified", reason=clause.reason, sources=clause.sources)
        if broken:
            return Expectation(outcome="unspecified", reason=f"nothing decides it: {broken[0].message}")
        return Expectation(outcome="accepted", reason="the body fits the schema", sources=self._root_sources)

    @functools.cached_property
    def _root_sources(self) -> tuple[str, ...]:
        cited = sources_of(resolve(self.document, self.schema), "type")
        if cited or not self.document.get(OWN_SOURCE):
            return cited
        ref = self.schema.get("$ref") if isinstance(self.schema, dict) else None
        return (located(ref[1:] if isinstance(ref, str) else pointer(self._place), self.document),)
