"""
The parameters of a request: read as their style says, and checked by their schemas.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from rtkcontract.contract.expectation import Oracle
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.json_schema.values import types_of
from rtkcontract.model import Json
from rtkcontract.openapi.references import resolve

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_SEPARATORS: Final = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


class Known:
    """
    One declared parameter of a path or a query.
    """

    def __init__(self, document: Json, node: Mapping[str, Json]) -> None:
        self.document, self.node = document, node
        self.name, self.where = str(node["name"]), str(node["in"])
        self.required = node.get("required") is True
        self.schema: Json = resolve(document, node.get("schema", {}))

    @functools.cached_property
    def examples(self) -> tuple[str, ...]:
        """
        The values that the document shows, as texts.
        """
        shown = [self.node[key] for key in ("example",) if key in self.node]
        shown += [resolve(self.document, entry).get("value") for entry in self.node.get("examples", {}).values()]
        if isinstance(self.schema, dict):
            shown += [self.schema["example"]] if "example" in self.schema else []
            shown += self.schema.get("examples", ())
        return tuple(str(value) for value in shown if isinstance(value, str | int))

    @functools.cached_property
    def oracle(self) -> Oracle | None:
        """
        None where the document shows a value that its own schema refuses: then the schema decides nothing.
        """
        oracle = Oracle(self.document, self.schema)
        return oracle if all(oracle.valid(self.value([text])) for text in self.examples) else None

    @functools.cached_property
    def types(self) -> tuple[str, ...]:
        parts = [self.schema] if isinstance(self.schema, dict) else []
        inner = [part for key in ("allOf", "anyOf", "oneOf") for node in parts for part in node.get(key, ())]
        return types_of([*parts, *(node for node in (resolve(self.document, part) for part in inner) if node)])

    @property
    def _separator(self) -> str | None:
        """
        What stands between the items of a list in one text; None where each item is a parameter of its own.
        """
        style = self.node.get("style") or ("form" if self.where == "query" else "simple")
        explode = self.node.get("explode", style == "form")
        return None if explode and self.where == "query" else _SEPARATORS.get(style)

    def value(self, texts: list[str]) -> Json:
        """
        The value that the texts stand for; a text that is no value of the type stays one.
        """
        if "array" in self.types:
            items = texts if self._separator is None else texts[0].split(self._separator)
            inner = self.schema.get("items", {}) if isinstance(self.schema, dict) else {}
            kinds = types_of([resolve(self.document, inner)] if isinstance(inner, dict) else [])
            return [_read(text, kinds) for text in items]
        return _read(texts[0], self.types)

    def broken(self, texts: list[str]) -> tuple[str, ...]:
        """
        What is wrong with the texts, one short message each, which never quotes them.
        """
        if "object" in self.types or self.oracle is None:
            return ()
        found = self.oracle.violations(self.value(texts))
        return tuple(f"the parameter {self.name}: {rule.message.removeprefix('the body: ')}" for rule in found)


def _read(text: str, kinds: Iterable[str]) -> Json:
    kinds = set(kinds)
    if "string" in kinds:
        return text
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    if kinds & {"number", "integer"} and _NUMBER.fullmatch(text):
        try:
            return loads(text)
        except NotStrictJson:
            return text
    return None if "null" in kinds and text in ("", "null") else text


def known(document: Json, nodes: Iterable[Json]) -> tuple[Known, ...]:
    """
    The path and query parameters among the nodes; a later one replaces an earlier one of the same name and place.
    """
    found = {(node["in"], node["name"]): node for node in (resolve(document, node) for node in nodes)}
    return tuple(Known(document, node) for (where, _), node in found.items() if where in ("path", "query"))


class Asked:
    """
    The parameters of one request, by name: those of the path, and those of the query that the document knows.
    """

    def __init__(self, declared: Iterable[Known], path: Mapping[str, str], query: str) -> None:
        self.path = path
        self.query: dict[str, Json] = {}
        self.problems: list[str] = []
        self.defaults: dict[str, Json] = {}
        sent: dict[str, list[str]] = {}
        for name, text in parse_qsl(query, keep_blank_values=True, errors="replace"):
            sent.setdefault(name, []).append(text)
        for one in declared:
            self._take(one, [path[one.name]] if one.where == "path" and one.name in path else sent.get(one.name, []))

    def _take(self, one: Known, texts: list[str]) -> None:
        if isinstance(one.schema, dict) and "default" in one.schema:
            self.defaults[one.name] = one.schema["default"]
        if texts == [""] and one.node.get("allowEmptyValue"):
            texts = []
        elif not texts and one.required and one.where == "query":
            self.problems.append(f"the parameter {one.name}: required")
        if texts:
            self.problems += () if texts[0] in one.examples else one.broken(texts)
            if one.where == "query":
                self.query[one.name] = one.value(texts)

    def get(self, names: Iterable[str]) -> Json:
        """
        The first of the query parameters with one of these names, else the default of one; None for none.
        """
        given = [self.query[name] for name in names if name in self.query]
        return next(iter([*given, *(self.defaults[name] for name in names if name in self.defaults)]), None)
