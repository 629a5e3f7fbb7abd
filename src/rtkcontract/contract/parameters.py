"""
Parameters on the wire: (parameter, value) -> texts by `style` and `explode`, and back; pure.

1. The styles are those of OpenAPI 3.1, 4.8.12.4. On the wire everything is text: the integer 5 and the string "5" are
   one request, and null, an empty list and an object without members are not sent at all.
2. What arrives is read by the schema: a text is a number or a boolean where the schema takes one and no string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from rtkcontract.json_schema.json_text import dumps, loads
from rtkcontract.json_schema.values import ABSENT, type_of, types_of
from rtkcontract.model import Json, Parameter
from rtkcontract.openapi.references import resolve

Pairs: TypeAlias = tuple[tuple[str, str], ...]


PLACES: Final = ("path", "query", "header", "cookie")


DEFAULT_STYLES: Final = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}


BETWEEN: Final = {"spaceDelimited": " ", "pipeDelimited": "|", "label": ".", "matrix": ";"}
"""What stands between the parts of a list: in a path only where they are taken apart. Elsewhere a comma does."""


NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def style_of(parameter: Parameter) -> tuple[str, bool]:
    """
    The style and whether lists and objects are taken apart, with the defaults that OpenAPI gives.
    """
    style = parameter.style or DEFAULT_STYLES.get(parameter.where, "simple")
    return style, style in ("form", "deepObject") if parameter.explode is None else parameter.explode


def _nothing(value: Json) -> bool:
    """
    Whether a value is not sent at all.
    """
    return value is ABSENT or value is None or value in ([], {})


def plain(value: Json) -> str:
    """
    A single value as text: a string as it is, anything else as JSON writes it.
    """
    return value if isinstance(value, str) else dumps(value)


# --- to the wire ----------------------------------------------------------------------------------------------------


def pairs_of(parameter: Parameter, value: Json) -> Pairs:
    """
    Names and values of a query or cookie parameter, not yet percent-encoded; () for what is not sent.
    """
    style, explode = style_of(parameter)
    if _nothing(value):
        return ()
    if isinstance(value, dict):
        members = [(name, plain(member)) for name, member in value.items()]
        if style == "deepObject":
            return tuple((f"{parameter.name}[{name}]", text) for name, text in members)
        if explode:
            return tuple(members)
        parts = [part for member in members for part in member]
    else:
        parts = list(map(plain, value)) if isinstance(value, list) else [plain(value)]
        if explode:
            return tuple((parameter.name, part) for part in parts)
    return ((parameter.name, BETWEEN.get(style, ",").join(parts)),)


def text_of(parameter: Parameter, value: Json) -> str | None:
    """
    A path or header parameter as text, not yet percent-encoded; None for what is not sent.
    """
    style, explode = style_of(parameter)
    if _nothing(value):
        return None
    if isinstance(value, dict):
        sign = "=" if explode else ","
        parts = [f"{name}{sign}{plain(member)}" for name, member in value.items()]
    else:
        parts = list(map(plain, value)) if isinstance(value, list) else [plain(value)]
    if style == "matrix":
        if explode and isinstance(value, dict):
            return "".join(f";{part}" for part in parts)
        return "".join(f";{parameter.name}={part}" for part in (parts if explode else [",".join(parts)]))
    between = BETWEEN[style] if explode and style == "label" else ","
    return ("." if style == "label" else "") + between.join(parts)


# --- and back -------------------------------------------------------------------------------------------------------


def read(
    document: Json,
    parameters: Iterable[Parameter],
    *,
    path: Mapping[str, str] | None = None,
    query: Iterable[tuple[str, str | None]] = (),
    headers: Mapping[str, str] | None = None,
    cookies: Iterable[tuple[str, str]] = (),
) -> dict[str, dict[str, Json]]:
    """
    What a request says: place ("query") to name to value, decoded already; without what was not sent.

    Header names come in lower case. A name without a value is an empty text.
    """
    pairs = {"query": [(name, value or "") for name, value in query], "cookie": list(cookies)}
    texts = {"path": path or {}, "header": headers or {}}
    said: dict[str, dict[str, Json]] = {place: {} for place in PLACES}
    for parameter in parameters:
        if parameter.where in pairs:
            value = _of_pairs(document, parameter, pairs[parameter.where])
        else:
            name = parameter.name.lower() if parameter.where == "header" else parameter.name
            text = texts[parameter.where].get(name)
            value = ABSENT if text is None else _of_text(document, parameter, text)
        if value is not ABSENT:
            said[parameter.where][parameter.name] = value
    return said


def _of_pairs(document: Json, parameter: Parameter, pairs: list[tuple[str, str]]) -> Json:
    style, explode = style_of(parameter)
    nodes = nodes_of(document, parameter.schema)
    kinds = types_of(nodes)
    texts = [text for name, text in pairs if name == parameter.name]
    if "object" in kinds:
        return _object(document, parameter, pairs, texts)
    if not texts:
        return ABSENT
    if "array" not in kinds:
        return typed(kinds, texts[0])
    items = types_of([inner for node in nodes for inner in nodes_of(document, node.get("items"))])
    parts = texts if explode else texts[0].split(BETWEEN.get(style, ","))
    return [typed(items, part) for part in parts]


def _object(document: Json, parameter: Parameter, pairs: list[tuple[str, str]], texts: list[str]) -> Json:
    style, explode = style_of(parameter)
    members = {
        name: part for node in nodes_of(document, parameter.schema) for name, part in node.get("properties", {}).items()
    }
    if style == "deepObject":
        found = [(name[len(parameter.name) + 1 : -1], text) for name, text in pairs if name.endswith("]")]
        found = [entry for entry in found if (f"{parameter.name}[{entry[0]}]", entry[1]) in pairs]
    elif explode:
        found = [(name, text) for name, text in pairs if name in members]
    else:
        parts = texts[0].split(BETWEEN.get(style, ",")) if texts else []
        found = list(zip(parts[::2], parts[1::2], strict=False))
    value = {name: typed(types_of(nodes_of(document, members.get(name))), text) for name, text in found}
    return value or ABSENT


def _of_text(document: Json, parameter: Parameter, text: str) -> Json:
    """
    The value of a path or header parameter.
    """
    style, explode = style_of(parameter)
    nodes = nodes_of(document, parameter.schema)
    kinds = types_of(nodes)
    if style == "label":
        text = text.removeprefix(".")
    elif style == "matrix":
        text = re.sub(rf"(^|;){re.escape(parameter.name)}=", r"\1", text).removeprefix(";")
    if not {"array", "object"} & set(kinds):
        return typed(kinds, text)
    parts = text.split({"label": ".", "matrix": ";"}.get(style, ",") if explode else ",")
    if "array" in kinds:
        items = types_of([inner for node in nodes for inner in nodes_of(document, node.get("items"))])
        return [typed(items, part) for part in parts]
    members = {name: part for node in nodes for name, part in node.get("properties", {}).items()}
    found = [part.partition("=")[::2] for part in parts] if explode else zip(parts[::2], parts[1::2], strict=False)
    return {name: typed(types_of(nodes_of(document, members.get(name))), value) for name, value in found}


def nodes_of(document: Json, schema: Json) -> list[Json]:
    """
    The schema and every schema that a combinator lays over the same value.
    """
    return list(_laid(document, schema, 0))


def _laid(document: Json, schema: Json, depth: int) -> Iterator[Json]:
    node = resolve(document, schema) if schema is not None else None
    if not isinstance(node, dict) or depth > 8:
        return
    yield node
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in node.get(keyword, ()):
            yield from _laid(document, part, depth + 1)


def typed(kinds: tuple[str, ...], text: str) -> Json:
    """
    The value that a text stands for, where one of these JSON types is asked for.
    """
    if "string" in kinds:
        return text
    if {"number", "integer"} & set(kinds) and NUMBER.fullmatch(text):
        value = loads(text)
        return value if type_of(value) == "number" else text
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    return text
