"""
What can be proven about two JSON Schemas: whether each value of one fits the other; formats count.

1. `covers` answers True only with a proof. Anything else, "no" included, is no proof of the opposite: that takes a
   value, and a value is judged by `Validator`.
2. jsonschema-rs proves what it can model. Before it is asked, formats and encodings that are sets of values are put
   into keywords (`meaning`), and what a pattern implies is written beside it (`_with_implied`).
3. Unions that it gives up on are taken apart by branch, and by the member that tells their branches apart.
4. A `$ref` that is left in a schema stands for the same schema once more: a cycle. Proofs go by coinduction: both
   sides may take the same name for the same set, which holds where everything above it is proven.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

import jsonschema_rs
from jsonschema_rs import canonical

from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.regular import Demands, contains
from rtkcontract.json_schema.structure import flat, rebuilt
from rtkcontract.model import Json

_FLOAT: Final = 3.4028234663852886e38
NUMBER_FORMATS: Final[Mapping[str, tuple[float, float]]] = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
    "uint16": (0, 2**16 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "float": (-_FLOAT, _FLOAT),
}
"""Formats of OpenAPI's registry that are a range of numbers."""


REMARKS: Final = ("double", "password")
"""Formats that take no value away: a double is any number that JSON tools keep."""


ENCODINGS: Final[Mapping[str, str]] = {
    "base64": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    "base64url": "^[A-Za-z0-9_-]*={0,2}$",
    "base32": "^[A-Z2-7]*={0,6}$",
    "base16": "^(?:[0-9A-Fa-f]{2})*$",
}
"""Values of `contentEncoding` that are a set of texts (RFC 4648)."""


DEEPEST_SPLIT: Final = 6


MOST_BRANCHES: Final = 8
"""Branches of a union that the library is asked about as a whole; its time grows with their product."""


def meaning(node: Json) -> Json:
    """
    The schema with what formats of numbers and encodings of texts mean in keywords.
    """
    if not isinstance(node, dict):
        return node
    made = rebuilt(node, meaning)
    more: list[Json] = []
    kind = str(node.get("format", ""))
    if kind in NUMBER_FORMATS:
        low, high = NUMBER_FORMATS[kind]
        more.append({"minimum": low, "maximum": high})
    if kind in NUMBER_FORMATS or kind in REMARKS:
        del made["format"]
    encoding = ENCODINGS.get(node.get("contentEncoding", "base64" if kind == "byte" else ""))
    if encoding:
        more.append({"pattern": encoding})
    return {**made, "allOf": [*made.get("allOf", ()), *more]} if more else made


# --- cycles --------------------------------------------------------------------------------------------------------


def _atom(name: str) -> Json:
    """
    A set of values that stands for whatever a name means.
    """
    mark = f"\0{name}"
    return {"anyOf": [{"type": "object", "required": [mark]}, {"type": "array", "contains": {"const": mark}}]}


def without_cycles(node: Json, put: bool | None) -> Json:
    """
    The schema with each `$ref` that is left replaced: by anything (True), by nothing (False), or for None by a set that
    stands for its name.

    What stands beside a reference is the type of what it names, and as `const` a value that is known to fit that.
    Anything keeps the type; nothing still takes the value.
    """
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return rebuilt(node, lambda part: without_cycles(part, put))
    made = {"type": node["type"]} if "type" in node else {}
    if put is True:
        return made
    if put is False and ("const" in node or "enum" in node):  # one level may be flat already
        return {key: node[key] for key in ("const", "enum") if key in node}
    return {**made, "allOf": [_atom(node["$ref"]) if put is None else False]}


# --- texts ---------------------------------------------------------------------------------------------------------

_TEXT_WORDS: Final = ("pattern", "minLength", "maxLength")
MOST_LISTED: Final = 100
"""Listed texts that are compared with a pattern."""
_ALL_TEXTS: Final[Demands] = ((), 0, None)


def _demands(node: Json) -> Demands:
    patterns = (node["pattern"],) if isinstance(node.get("pattern"), str) else ()
    most = node.get("maxLength")
    return patterns, int(node.get("minLength", 0)), None if most is None else int(most)


def text_demands(node: Json) -> Demands:
    """
    What a schema and the parts of its `allOf` demand of a text.
    """
    own = _demands(node)
    for part in filter(lambda part: isinstance(part, dict), node.get("allOf", ())):
        more = text_demands(part)
        limits = [most for most in (own[2], more[2]) if most is not None]
        own = (*own[0], *more[0]), max(own[1], more[1]), min(limits, default=None)
    return own


def _parts(node: Json) -> Iterator[Json]:
    """
    Every schema at or inside a node.
    """
    found: list[Json] = []
    rebuilt(node, lambda part: found.append(part) or part)  # type: ignore[func-returns-value]  # visits, changes nothing
    yield node
    for part in found:
        yield from _parts(part)


def _single_demands(node: Json) -> dict[str, Demands]:
    """
    Each demand on texts in a schema by itself, as the keyword it is written as; listed texts are a demand, too.
    """
    parts = [part for part in _parts(node) if isinstance(part, dict)]
    lists = [part["enum"] for part in parts if 0 < len(part.get("enum", ())) <= MOST_LISTED]
    return {
        dumps({word: part[word]}): _demands({word: part[word]})
        for part in parts
        for word in _TEXT_WORDS
        if word in part
    } | {
        dumps({"enum": texts}): _demands({"pattern": f"^(?:{'|'.join(map(re.escape, texts))})$"})
        for texts in lists
        if all(isinstance(text, str) for text in texts)
    }


def _names(node: Json) -> tuple[str, ...]:
    """
    The patterns of names of members in a schema.
    """
    parts = filter(lambda part: isinstance(part, dict), _parts(node))
    return tuple(dict.fromkeys(name for part in parts for name in part.get("patternProperties", {})))


def _with_implied(node: Json, wanted: Mapping[str, Demands], names: tuple[str, ...]) -> Json:
    """
    An equal schema in which each place says which of the wanted demands its own demands imply.

    What it says of members by a pattern it says of those by each narrower one of `names`, too.
    """
    if not isinstance(node, dict):
        return node
    made = rebuilt(node, lambda part: _with_implied(part, wanted, names))
    members = made.get("patternProperties", {})
    for name in names if members else ():
        wider = [part for own, part in members.items() if own == name or _name_inside(name, own)]
        if wider:
            made["patternProperties"] = {**made["patternProperties"], name: {"allOf": wider}}
    own = _demands(node)
    only_texts = node.get("type") in ("string", ["string"])  # a list says something of other values, too
    known = [(json.loads(text), demand) for text, demand in wanted.items() if own[0] and demand != own]
    implied = [word for word, demand in known if (only_texts or "enum" not in word) and contains(demand, own)]
    return {**made, "allOf": [*made.get("allOf", ()), *implied]} if implied else made


def _name_inside(one: str, two: str) -> bool:
    return contains(((two,), 0, None), ((one,), 0, None))


def _without_idle(node: Json) -> Json:
    """
    An equal schema without patterns that every text matches.
    """
    if not isinstance(node, dict):
        return node
    made = rebuilt(node, _without_idle)
    if isinstance(node.get("pattern"), str) and contains(_demands({"pattern": node["pattern"]}), _ALL_TEXTS):
        del made["pattern"]
    return made


# --- proofs --------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def _form(text: str) -> jsonschema_rs.CanonicalSchema | None:
    """
    A schema in the form that proofs are made on; None where the library cannot model it.
    """
    try:
        return jsonschema_rs.canonicalize(json.loads(text), validate_formats=True)
    except (canonical.CanonicalizationError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        return None


def _by_library(wide: Json, narrow: Json) -> bool:
    parts = [part for schema in (wide, narrow) for part in _parts(schema) if isinstance(part, dict)]
    if any("pattern" in part or "patternProperties" in part for part in parts):
        wide, narrow = _without_idle(wide), _without_idle(narrow)
        narrow = _with_implied(narrow, _single_demands(wide), _names(wide))
    forms = _form(dumps(wide)), _form(dumps(narrow))
    if forms[0] is None or forms[1] is None:
        return False
    try:
        return forms[0].covers(forms[1]) == canonical.Containment.YES
    except (canonical.CanonicalizationError, ValueError):
        return False


def covers(wide: Json, narrow: Json) -> bool:
    """
    Whether it is proven that every value that fits `narrow` fits `wide`.
    """
    return wide == narrow or wide is True or _covers(dumps(wide), dumps(narrow))


@functools.lru_cache(maxsize=8192)
def _covers(wide: str, narrow: str) -> bool:
    made = [without_cycles(meaning(json.loads(text)), None) for text in (wide, narrow)]
    return _split(made[0], made[1], 0)


def _split(wide: Json, narrow: Json, depth: int) -> bool:
    """
    The proof by the library, or else by the branches of one of the two; for a large union by its branches alone.
    """
    large = any(len(_union(node)[1]) > MOST_BRANCHES for node in (wide, narrow))
    if not large and _by_library(wide, narrow):
        return True
    if depth > DEEPEST_SPLIT:
        return False
    narrow = flat(narrow)
    base, branches = _union(narrow)
    if branches:
        parts = (flat({**base, "allOf": [*base.get("allOf", ()), part]}) for part in branches)
        return all(_split(wide, part, depth + 1) for part in parts)
    wide = flat(wide)
    base, branches = _union(wide)
    fitting = branches if "anyOf" in wide else _meant(branches, narrow)
    return any(_split(part, narrow, depth + 1) for part in fitting) and _split(base, narrow, depth + 1)


def _union(node: Json) -> tuple[Json, list[Json]]:
    """
    What stands beside a union, and its branches; no branches where there is none.
    """
    for key in ("anyOf", "oneOf"):
        if isinstance(node, dict) and key in node:
            return {name: value for name, value in node.items() if name != key}, node[key]
    return node, []


def listed(node: Json, name: str) -> frozenset[str] | None:
    """
    The values, as texts, of a member that the schema demands and lists the values of; None where it does not.
    """
    node = flat(node)
    part = flat(node.get("properties", {}).get(name, True))
    if name not in node.get("required", ()) or "enum" not in part:
        return None
    return frozenset(dumps(value) for value in part["enum"])


def _meant(branches: list[Json], value: Json) -> list[Json]:
    """
    The one branch that can take what `value` describes, where a demanded member with listed values tells; else none.
    """
    for name in value.get("required", ()) if value.get("type") in ("object", ["object"]) else ():
        own = listed(value, name)
        tags = [listed(part, name) for part in branches]
        if own is not None and None not in tags:
            fitting = [part for part, tag in zip(branches, tags, strict=True) if tag and tag & own]
            if len(fitting) == 1:
                return fitting
    return []
