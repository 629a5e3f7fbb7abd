"""
Parameters as they are sent: texts in a URL or a header, and not JSON values.

1. `sent` turns a declared parameter into the schema of what goes over the wire: a list of the texts that come under its
   name, or an object where an object is spread over several names. Two declarations are compared as these.
2. Only where types, `style`, `explode` or `allowEmptyValue` differ: otherwise the values themselves are compared, which
   knows bounds exactly.
3. What is not modelled, such as an object inside an array, has no schema here, and the change stays undecided.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtkcontract.diff.compatibility import judge
from rtkcontract.diff.counterexamples import size, values
from rtkcontract.diff.schema_edits import told
from rtkcontract.json_schema.inclusion import covers
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.structure import bare, flat
from rtkcontract.json_schema.values import ABSENT, type_of
from rtkcontract.model import Json, Parameter

_WHOLE: Final = "(?:0|[1-9][0-9]*)"
_PATTERNS: Final = {"integer": f"-?{_WHOLE}", "number": rf"-?{_WHOLE}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"}
_SCALARS: Final = ("string", "number", "boolean")
_TEXT_WORDS: Final = ("minLength", "maxLength", "pattern", "format", "contentEncoding")
_COMMAS: Final = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|", "label": ",", "matrix": ","}
_PREFIXED: Final = ("label", "matrix")


class NotModelled(ValueError):
    """
    No schema of texts says what is sent.
    """


def form(item: Parameter) -> tuple[str, bool]:
    """
    Style and explode, with the defaults of OpenAPI.
    """
    style = item.style or ("form" if item.where in ("query", "cookie") else "simple")
    return style, style in ("form", "cookie") if item.explode is None else item.explode


def _types(node: Json) -> frozenset[str]:
    found = node.get("type", [type_of(value) for value in node.get("enum", ())])
    kinds = [found] if isinstance(found, str) else found
    return frozenset("number" if kind == "integer" else kind for kind in kinds)


def _kinds(node: Json) -> Json:
    """
    The types of a schema, of its items and its members, to tell whether two are sent alike.
    """
    node = flat(node)
    members = {name: _kinds(part) for name, part in sorted(node.get("properties", {}).items())}
    branches = [_kinds(part) for key in ("anyOf", "oneOf") for part in node.get(key, ())]
    return sorted(_types(node)), _kinds(node["items"]) if "items" in node else None, members, branches


def sent_alike(old: Parameter, new: Parameter) -> bool:
    """
    Whether both send equal values as equal texts, so that their values can be compared.
    """
    kinds = _kinds(old.schema), _kinds(new.schema)
    plain = all(set(kind[0]) <= {*_SCALARS, "null"} and not kind[3] and kind[0] for kind in kinds)
    forms = form(old), form(new)
    same_form = forms[0] == forms[1] or (plain and not {forms[0][0], forms[1][0]} & set(_PREFIXED))
    return kinds[0] == kinds[1] and same_form and old.allow_empty_value == new.allow_empty_value


# --- texts ---------------------------------------------------------------------------------------------------------


def text_of(value: Json) -> str:
    """
    The text that a scalar is sent as.
    """
    return value if isinstance(value, str) else dumps(value)


def _text(schema: Json) -> Json:
    """
    The schema of the text that a scalar is sent as.
    """
    node = flat(bare(schema))
    for key in ("anyOf", "oneOf"):
        if key in node:
            return {"anyOf": [_text(part) for part in node[key]]}
    if "allOf" in node or "not" in node or "if" in node or "$ref" in node:
        raise NotModelled
    if "enum" in node:
        return {"enum": [text_of(value) for value in node["enum"] if judge(node).valid(value)]}
    types = node.get("type", list(_SCALARS))
    parts = [_of_type(kind, node) for kind in ([types] if isinstance(types, str) else types)]
    return parts[0] if len(parts) == 1 else {"anyOf": parts}


def _of_type(kind: str, node: Json) -> Json:
    if kind == "string":
        return {"type": "string", **{word: node[word] for word in _TEXT_WORDS if word in node}}
    if kind in _PATTERNS:
        pattern = _PATTERNS[kind]
        least = node.get("minimum", node.get("exclusiveMinimum", -1))
        return {"type": "string", "pattern": f"^{pattern.removeprefix('-?') if least >= 0 else pattern}$"}
    if kind == "boolean":
        return {"enum": ["true", "false"]}
    if kind == "null":
        return {"enum": ["", "null"]}
    raise NotModelled


def _one(text: Json) -> Json:
    return {"type": "array", "items": text, "minItems": 1, "maxItems": 1}


def _joined(node: Json, comma: str) -> Json:
    """
    The schema of the one text that a list is joined to.
    """
    inner = _text(node.get("items", True))
    body = _expression(inner)
    if body is None:
        if inner != {"type": "string"} or node.get("minItems", 0) > 1 or "maxItems" in node:
            raise NotModelled
        return {"type": "string"}
    least, most = max(node.get("minItems", 1) - 1, 0), node.get("maxItems")
    count = f"{{{least},{'' if most is None else max(most - 1, 0)}}}"
    mark = "\\" + comma if comma == "|" else comma
    return {"type": "string", "pattern": f"^{body}(?:{mark}{body}){count}$"}


def _expression(text: Json) -> str | None:
    """
    The regular expression of a schema of texts without its anchors; None where it is not one of those made here.
    """
    if "enum" in text and all(value.isalnum() for value in text["enum"]):
        return f"(?:{'|'.join(text['enum'])})"
    if set(text) == {"type", "pattern"} and text["pattern"][1:-1] in {*_PATTERNS.values(), _WHOLE}:
        return f"(?:{text['pattern'][1:-1]})"
    return None


def _list(node: Json, item: Parameter) -> Json:
    style, explode = form(item)
    if explode and item.where in ("query", "cookie"):
        most = {"maxItems": node["maxItems"]} if "maxItems" in node else {}
        least = {"minItems": max(1, node.get("minItems", 1))}
        return {"type": "array", "items": _text(node.get("items", True)), **least, **most}
    return _one(_joined(node, _COMMAS.get(style, ",")))


def _object(node: Json, item: Parameter) -> Json:
    style, explode = form(item)
    members: dict[str, Json] = {
        "type": "object",
        "properties": {name: _text(part) for name, part in node.get("properties", {}).items()},
        **{key: node[key] for key in ("required", "additionalProperties") if key in node and node[key] is not True},
    }
    if isinstance(members.get("additionalProperties"), dict):
        members["additionalProperties"] = _text(members["additionalProperties"])
    if style == "deepObject":
        members["minProperties"] = 1  # an empty object sends nothing
        return {"type": "object", "properties": {"[]": members}, "required": ["[]"], "additionalProperties": False}
    if explode:
        return {**members, "properties": {**members["properties"], "[]": False}}
    return _one({"type": "string", "pattern": "^[^,]*,"})


def _forms(item: Parameter) -> Iterator[Json]:
    node = flat(bare(item.schema))
    types = _types(node) or frozenset(_SCALARS)
    scalars = [kind for kind in types if kind not in ("array", "object")]
    if scalars:
        yield _one(_text({**node, "type": sorted(scalars)} if types & {"array", "object"} else node))
    if "array" in types:
        yield _list(node, item)
    if "object" in types:
        yield _object(node, item)
    if item.allow_empty_value and item.where == "query":
        yield _one({"const": ""})


def sent(item: Parameter) -> Json:
    """
    The schema of what is sent under the name of a parameter. Raises NotModelled.
    """
    parts = list(_forms(item))
    made = parts[0] if len(parts) == 1 else {"anyOf": parts}
    style, _ = form(item)
    if style in _PREFIXED:
        return {"type": "object", "properties": {style: made}, "required": [style], "additionalProperties": False}
    return made


def _comma(item: Parameter) -> str:
    """
    What stands between the items of a list in one text; "" for what is no such list.
    """
    style, explode = form(item)
    node = flat(bare(item.schema))
    several = _types(node) == {"array"} and node.get("maxItems", 2) > 1
    return _COMMAS.get(style, ",") if several and not (explode and item.where in ("query", "cookie")) else ""


def compared(old: Parameter, new: Parameter) -> tuple[bool | None, Json, str, int]:
    """
    (whether something that OLD sends is not taken, what, why, values tried); None where that stays open.
    """
    try:
        narrow, wide = sent(old), sent(new)
    except NotModelled:
        return None, None, "", 0
    commas = _comma(old), _comma(new)
    if "" not in commas and commas[0] != commas[1]:
        return True, [f"a{commas[0]}b"], "its items are read as one", 0
    if covers(wide, narrow):
        return False, None, "", 0
    gives, takes = judge(narrow, beyond=False), judge(wide)
    tried = values([narrow, wide])
    telling = (value for value in tried if gives.valid_plain(value) and not takes.valid_plain(value))
    found = min(telling, key=lambda value: ('""' in dumps(value), *size(value)), default=ABSENT)
    if found is ABSENT:
        return None, None, "", len(tried)
    return True, found, f"{old.where} {old.name} does not fit", len(tried)


def as_told(item: Parameter) -> str:
    """
    A parameter in a few words: its types, and its style where that is not the usual one.
    """
    node = flat(bare(item.schema))
    kinds = node.get("type", "any value")
    words = [told(kinds)]
    style, explode = form(item)
    if set(_types(node)) & {"array", "object"}:
        words.append(f"{style}{', exploded' if explode else ''}")
    if item.allow_empty_value:
        words.append("or empty")
    return " ".join(words)


def written(name: str, value: Json) -> str:
    """
    What `sent` describes as it stands in a URL: `ids=1&ids=2`, `filter[a]=1`.
    """
    if isinstance(value, list):
        return "&".join(f"{name}={text}" for text in value)
    for style, before in (("matrix", f";{name}="), ("label", ".")):
        if isinstance(value.get(style), list):
            return before + ",".join(value[style])
    inner = value.get("[]")
    if isinstance(inner, dict):
        return "&".join(f"{name}[{key}]={text}" for key, text in inner.items()) or name
    pairs = ((key, part if isinstance(part, list) else [part]) for key, part in value.items())
    return "&".join(f"{key}={text}" for key, texts in pairs for text in texts) or name
