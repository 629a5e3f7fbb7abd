"""
A value -> the schema keywords that it breaks; the only module that validates with jsonschema-rs.

jsonschema-rs is fast and judges every value. `reference` asks the reference implementation before anybody is blamed.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TypeAlias

import jsonschema_rs

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import at, pointer
from rtkcontract.json_schema.structure import reached
from rtkcontract.model import Json

Path: TypeAlias = tuple[str | int, ...]

_WHOLE = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """
    One broken keyword: where in the value, and where in the document.
    """

    path: Path
    keyword: str
    schema_pointer: str
    message: str
    """Names the rule and never quotes the value."""
    name: str = ""
    """The member that is missing or unwanted, if that is the matter."""
    limit: Json = None
    """What the keyword allows, such as the number of a `minimum`; None where it has no single limit."""
    unwanted: bool = False
    """Whether the schema of the place is `false`: no value may stand there."""


def plain(value: Json) -> Json:
    """
    The value as the validator wants it: numbers of the builtin types only, and a question mark for half a surrogate
    pair.
    """
    text = _WHOLE.encode(value)
    return json.loads(text if text.isascii() else text.encode("utf-8", "replace"))


def compiled(schema: Json) -> jsonschema_rs.Draft202012Validator:
    """
    Raises CannotTell for a schema that is none. A back reference by name, which jsonschema-rs does not know, is one by
    number to it.
    """
    try:
        try:
            return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        except jsonschema_rs.ValidationError:
            numbered = _numbered(schema)
            if numbered == schema:
                raise
            return jsonschema_rs.Draft202012Validator(numbered, validate_formats=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise CannotTell(f"a schema cannot be used: {str(error).splitlines()[0]}") from None


_GROUP = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|\((?!\?)|\(\?<(?![=!])(\w+)>")
_BY_NAME = re.compile(r"\\k<(\w+)>")


def _numbered(node: Json) -> Json:
    """
    The schema whose patterns name their groups by number.
    """
    if isinstance(node, list):
        return [_numbered(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _numbered(value) for key, value in node.items()}
    if isinstance(made.get("pattern"), str):
        made["pattern"] = _by_number(made["pattern"])
    if isinstance(made.get("patternProperties"), dict):
        made["patternProperties"] = {_by_number(name): part for name, part in made["patternProperties"].items()}
    return made


def _by_number(pattern: str) -> str:
    r"""
    `(?<q>a)\k<q>` as `(?<q>a)\1`.
    """
    groups = [found[1] for found in _GROUP.finditer(pattern) if found[0].startswith("(")]

    def number(found: re.Match[str]) -> str:
        return rf"(?:\{groups.index(found[1]) + 1})" if found[1] in groups else found[0]

    return _BY_NAME.sub(number, pattern)


def is_schema(value: Json) -> bool:
    """
    Whether a value is a JSON Schema 2020-12; what its references name is not looked at.
    """
    return bool(jsonschema_rs.meta.is_valid(value))


def _place(node: Json, wanted: Json) -> tuple[str, ...] | None:
    """
    Where a document holds this very object; None where it does not.
    """
    if node is wanted:
        return ()
    for name, member in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(member, dict | list) and (below := _place(member, wanted)) is not None:
            return (str(name), *below)
    return None


class Validator:
    """
    Judges values under one schema. With a `document`, references of the schema lead into it.
    """

    def __init__(self, schema: Json, document: Json = None) -> None:
        self.schema, self.document = schema, schema if document is None else document
        self._validator = compiled(self.rooted(schema))

    def rooted(self, schema: Json) -> Json:
        """
        A schema that stands by itself: with those components of the document that it reaches.
        """
        if schema is self.document:
            return schema
        return {"allOf": [schema], "components": {"schemas": reached(self.document, schema)}}

    @functools.cached_property
    def _place(self) -> tuple[str, ...]:
        """
        Where the schema stands in the document, when it stands there itself and not by a reference; () for nowhere.
        """
        return _place(self.document, self.schema) or ()

    def valid(self, value: Json) -> bool:
        return self.valid_plain(plain(value))

    def violations(self, value: Json) -> tuple[Violation, ...]:
        """
        Every broken keyword, in the validator's order.
        """
        return self.violations_plain(plain(value))

    def valid_plain(self, value: Json) -> bool:
        """
        As `valid`, for a value without `Written` numbers and without halves of surrogate pairs; it is not copied.
        """
        return bool(self._validator.is_valid(value))

    def violations_plain(self, value: Json) -> tuple[Violation, ...]:
        """
        As `violations`, under the conditions of `valid_plain`.
        """
        return tuple(map(self._violation, self._validator.iter_errors(value)))

    def _violation(self, error: jsonschema_rs.ValidationError) -> Violation:
        parts = [str(part) for part in error.schema_path]
        if parts[:2] == ["allOf", "0"] and self.schema is not self.document:
            parts = [*self._place, *parts[2:]]
        unwanted = error.kind.name == "falseSchema"
        if unwanted and parts[-2:-1] == ["properties"]:
            parts = parts[:-1]  # the member may not be there: that is what `properties` says
        keyword = parts[-1] if parts else ""
        path = tuple(error.instance_path)
        where = ".".join(map(str, path)) or "the body"
        said = error.kind.as_dict()
        limits = ("limit", "options", "expected_value", "format", "types", "pattern")
        return Violation(
            path=path,
            keyword=keyword,
            schema_pointer=pointer(parts),
            message=f"{where}: {keyword} {self._limit(parts)}".rstrip(),
            name=str(said.get("property") or (said.get("unexpected") or [""])[0]),
            limit=next((said[key] for key in limits if key in said), None),
            unwanted=unwanted,
        )

    def _limit(self, parts: list[str]) -> str:
        """
        The keyword's value as a short text; unions are told by the titles of their members.
        """
        try:
            value = at(self.document, pointer(parts))
        except LookupError:
            return ""
        if isinstance(value, list) and value and parts[-1] in ("anyOf", "oneOf"):
            return "of " + " | ".join(
                str(item.get("title", item) if isinstance(item, dict) else item) for item in value
            )
        return str(value) if value is not None and not isinstance(value, dict) else ""
