"""
One level of an older JSON Schema, or of a schema of OpenAPI 3.0 -> the words of 2020-12.

1. What 2020-12 says in the same words stays; what an older dialect ignores, such as members beside a `$ref`, goes.
2. `nullable` counts beside a `type` (OpenAPI 3.0.3). Beside a `$ref` or a union its writers mean null, and the
   document says nothing: null fits there, and `x-unspecified` says that no source decides it.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from rtkcontract.model import Json

Dialect: TypeAlias = Literal["3.0", "4", "6", "7", "2019-09", "2020-12"]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
UNIONS: Final = ("$ref", "allOf", "anyOf", "oneOf")


def dialect_of(uri: Json, otherwise: Dialect) -> Dialect:
    """
    The dialect that a `$schema` or `jsonSchemaDialect` names; an unknown one is taken for `otherwise`.
    """
    match = re.search(r"draft[-/]0?(4|6|7|2019-09|2020-12)\b", uri) if isinstance(uri, str) else None
    return match[1] if match else otherwise  # type: ignore[return-value]  # one of the names in the pattern


def modern(node: dict[str, Json], dialect: Dialect) -> dict[str, Json]:
    """
    The schema in the words of 2020-12; the schemas inside it stay as they are.
    """
    if dialect == "2020-12":
        return node
    made = dict(node)
    nullable = dialect == "3.0" and made.pop("nullable", None) is True
    if isinstance(made.get("$ref"), str) and dialect != "2019-09":
        made = {"$ref": made["$ref"]}
    if dialect in ("3.0", "4"):
        _bounds(made)
    if dialect != "3.0":
        _tuples(made)
        _dependencies(made)
    if nullable:
        made = _nullable(made)
    return made


def _bounds(made: dict[str, Json]) -> None:
    """
    Boolean exclusive bounds as numbers.
    """
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(made.get(exclusive), bool) and made.pop(exclusive) and bound in made:
            made[exclusive] = made.pop(bound)


def _tuples(made: dict[str, Json]) -> None:
    """
    `items` as a list with `additionalItems`.
    """
    rest = made.pop("additionalItems", None)
    if isinstance(made.get("items"), list):
        made["prefixItems"] = made.pop("items")
        if rest is not None:
            made["items"] = rest


def _dependencies(made: dict[str, Json]) -> None:
    """
    `dependencies`, which holds lists of names and schemas side by side.
    """
    old = made.pop("dependencies", None)
    if not isinstance(old, dict):
        return
    for key, wanted in (("dependentRequired", list), ("dependentSchemas", dict | bool)):
        if found := {name: value for name, value in old.items() if isinstance(value, wanted)}:
            made[key] = {**found, **made.get(key, {})}


def _nullable(made: dict[str, Json]) -> dict[str, Json]:
    """
    Null as a type; an `enum` has to list null itself.
    """
    kinds = made.get("type")
    if kinds is not None:
        return {**made, "type": [*(kinds if isinstance(kinds, list) else [kinds]), "null"]}
    inner = {key: made[key] for key in UNIONS if key in made}
    if not inner:
        return made
    outer = {key: value for key, value in made.items() if key not in inner}
    undecided = {
        "when": {"type": "null"},
        "reason": "nullable without a type says nothing in OpenAPI 3.0, and is often meant",
        "source": [],
    }
    clauses = [*made.get("x-unspecified", ()), undecided]
    return {**outer, "anyOf": [inner, {"type": "null"}], "x-unspecified": clauses}
