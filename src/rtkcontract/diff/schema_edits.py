"""
(old schema, new schema) -> the single edits that lead from one to the other, each with its name.

1. An edit is about one keyword of one level. `after` is the old level with this one edit made, so that each edit can be
   judged by itself.
2. `effect` is what the keyword alone proves: "narrower" when an edit can only take values away, "wider" when it can
   only add some, "unknown" when it may do either. It holds for the level, and through `properties`, `items` and the
   like for everything above; levels inside unions, conditions and `not` are never entered, so nothing turns round.
3. Both levels are flat (`subschemas.flat`) and bare: remarks are compared elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.structure import bare
from rtkcontract.model import Json

Effect: TypeAlias = Literal["narrower", "wider", "unknown"]


_GONE: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """
    `old` and `new` are short texts for people; `about` are the members that it concerns.
    """

    kind: str
    after: Json
    effect: Effect
    old: str = ""
    new: str = ""
    about: tuple[str, ...] = ()
    union: bool = False


def _put(node: Json, **words: Json) -> Json:
    """
    The level with keywords set, or taken away where the value is `_GONE`.
    """
    made = {**node, **words}
    return {key: value for key, value in made.items() if value is not _GONE}


def told(value: Json, most: int = 60) -> str:
    """
    A value as a short text; lists without brackets.
    """
    parts = value if isinstance(value, list | tuple) else [value]
    text = ", ".join(part if isinstance(part, str) else dumps(part) for part in parts)
    return text if len(text) <= most else text[: most - 1] + "…"


def _key(value: Json) -> str:
    """
    Equal JSON values to equal texts: 1 and 1.0 are one value, true is another.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return dumps(value, sort=True)


# --- type, enum, const ---------------------------------------------------------------------------------------------

_ALL: Final = ("string", "number", "boolean", "null", "array", "object")


def _types(node: Json) -> set[str] | None:
    kinds = node.get("type")
    return None if kinds is None else {kinds} if isinstance(kinds, str) else set(kinds)


def _takes_null(node: Json) -> bool:
    kinds, listed = _types(node), node.get("enum")
    return (kinds is None or "null" in kinds) and (listed is None or None in listed)


def _with_null(node: Json, yes: bool) -> Json:
    kinds, listed = _types(node), node.get("enum")
    made = dict(node)
    if kinds is not None:
        made["type"] = sorted(kinds | {"null"} if yes else kinds - {"null"})
    if listed is not None:
        made["enum"] = [*(value for value in listed if value is not None), *([None] if yes else [])]
    return made


def _null(o: Json, n: Json) -> Iterator[Edit]:
    headed = all("type" in node or "enum" in node for node in (o, n))
    if headed and _takes_null(o) != _takes_null(n) and _types(o) != {"null"} != _types(n):
        yes = _takes_null(n)
        yield Edit(
            kind="null.allowed" if yes else "null.forbidden",
            after=_with_null(o, yes),
            effect="wider" if yes else "narrower",
            old="not null" if yes else "or null",
            new="or null" if yes else "not null",
        )


def _inside(one: set[str], two: set[str]) -> bool:
    return all(kind in two or (kind == "integer" and "number" in two) for kind in one)


def _type(o: Json, n: Json) -> Iterator[Edit]:
    old, new = _types(o), _types(n)
    if old is None and new is None:
        return
    if old is None or new is None:
        kind, effect = ("type.introduced", "narrower") if old is None else ("type.dropped", "wider")
    else:
        old_rest, new_rest = old - {"null"}, new - {"null"}
        if old_rest == new_rest:
            return
        if old_rest and new_rest and "null" in old ^ new:
            # null is told by a rule of its own
            new = new | {"null"} if "null" in old else new - {"null"} if _takes_null(n) else new
        narrower, wider = _inside(new, old), _inside(old, new)
        if narrower and wider:
            return
        kind, effect = (
            ("type.narrowed", "narrower")
            if narrower
            else ("type.widened", "wider")
            if wider
            else ("type.changed", "unknown")
        )
    apart = old is not None and new is not None and not (old - {"null"}) & (new - {"null"}) and effect == "unknown"
    yield Edit(
        kind=kind,
        after=n if apart else _put(o, type=_GONE if new is None else sorted(new)),
        effect=effect,  # type: ignore[arg-type]  # one of the three words above
        old=told(sorted(old or {"any"})),
        new=told(sorted(new or {"any"})),
    )


def _enum(o: Json, n: Json) -> Iterator[Edit]:
    old, new = o.get("enum"), n.get("enum")
    if old is None and new is None:
        return
    if old is None or new is None:
        one = len(new if old is None else old) == 1
        kind = (
            ("const.added" if one else "enum.introduced") if old is None else "const.removed" if one else "enum.dropped"
        )
        yield Edit(
            kind=kind,
            after=_put(o, enum=_GONE if new is None else new),
            effect="narrower" if old is None else "wider",
            old=told(old or ["any value"]),
            new=told(new or ["any value"]),
        )
        return
    old_keys, new_keys = {_key(v): v for v in old if v is not None}, {_key(v): v for v in new if v is not None}
    gone = [value for key, value in old_keys.items() if key not in new_keys]
    come = [value for key, value in new_keys.items() if key not in old_keys]
    if len(old_keys) == len(new_keys) == 1 and gone:
        yield Edit(kind="const.changed", after=_put(o, enum=new), effect="unknown", old=told(old), new=told(new))
        return
    if gone:
        rest = [value for value in old if value not in gone or value is None]
        yield Edit(
            kind="enum.value.removed", after=_put(o, enum=rest), effect="narrower", old=told(gone), new="not listed"
        )
    if come:
        kinds = _types(o)
        after = _put(o, enum=[*old, *come], type=_GONE if kinds is None else sorted(kinds | (_types(n) or set())))
        yield Edit(kind="enum.value.added", after=after, effect="wider", old="not listed", new=told(come))


# --- bounds --------------------------------------------------------------------------------------------------------


def _bound(node: Json, low: bool) -> tuple[float, bool] | None:
    """
    The stricter of the inclusive and the exclusive bound: (limit, exclusive).
    """
    names = ("minimum", "exclusiveMinimum") if low else ("maximum", "exclusiveMaximum")
    found = [(node[name], index == 1) for index, name in enumerate(names) if name in node]
    if not found:
        return None
    return max(found) if low else min(found, key=lambda bound: (bound[0], not bound[1]))


def _limits(low: bool) -> Callable[[Json, Json], Iterator[Edit]]:
    plain, exclusive = ("minimum", "exclusiveMinimum") if low else ("maximum", "exclusiveMaximum")
    side = "min" if low else "max"

    def find(o: Json, n: Json) -> Iterator[Edit]:
        old, new = _bound(o, low), _bound(n, low)
        if old == new:
            return
        if old is None or new is None:
            kind, narrower = ("bound.set", True) if old is None else ("bound.unset", False)
        elif old[0] == new[0]:
            kind, narrower = ("bound.exclusive", True) if new[1] else ("bound.inclusive", False)
        else:
            raised = new[0] > old[0]
            kind, narrower = f"{side}.{'raised' if raised else 'lowered'}", raised == low
        after = _put(o, **{plain: n.get(plain, _GONE), exclusive: n.get(exclusive, _GONE)})
        yield Edit(
            kind=kind,
            after=after,
            effect="narrower" if narrower else "wider",
            old=_bound_told(old, low),
            new=_bound_told(new, low),
        )

    return find


def _bound_told(bound: tuple[float, bool] | None, low: bool) -> str:
    if bound is None:
        return f"no {'minimum' if low else 'maximum'}"
    return f"{'>' if low else '<'}{'' if bound[1] else '='} {bound[0]}"


def _multiple(o: Json, n: Json) -> Iterator[Edit]:
    old, new = o.get("multipleOf"), n.get("multipleOf")
    if old == new:
        return
    effect: Effect = "unknown"
    if old is None or new is None:
        kind, effect = ("multipleOf.set", "narrower") if old is None else ("multipleOf.unset", "wider")
    elif float(new / old).is_integer():
        kind, effect = "multipleOf.tightened", "narrower"
    elif float(old / new).is_integer():
        kind, effect = "multipleOf.loosened", "wider"
    else:
        kind = "multipleOf.changed"
    yield Edit(
        kind=kind,
        after=_put(o, multipleOf=new if new is not None else _GONE),
        effect=effect,
        old=told(old),
        new=told(new),
    )


def _count(keyword: str) -> Callable[[Json, Json], Iterator[Edit]]:
    low = keyword.startswith("min")

    def find(o: Json, n: Json) -> Iterator[Edit]:
        old, new = ((node.get(keyword) or None) if low else node.get(keyword) for node in (o, n))
        if old == new:
            return
        if old is None or new is None:
            kind, narrower = ("set", True) if old is None else ("unset", False)
        else:
            kind, narrower = ("raised", low) if new > old else ("lowered", not low)
        yield Edit(
            kind=f"{keyword}.{kind}",
            after=_put(o, **{keyword: n.get(keyword, _GONE)}),
            effect="narrower" if narrower else "wider",
            old=told(old) if old is not None else "no limit",
            new=told(new) if new is not None else "no limit",
        )

    return find


# --- keywords that are there, not there, or different --------------------------------------------------------------


def _plain(
    keyword: str,
    added: str,
    removed: str,
    changed: str,
    *,
    others: tuple[str, ...] = (),
    neutral: tuple[Json, ...] = (),
) -> Callable[[Json, Json], Iterator[Edit]]:
    """
    A keyword that narrows by being there. `others` belong to it and change with it.
    """

    def find(o: Json, n: Json) -> Iterator[Edit]:
        words = (keyword, *others)
        old, new = ({key: node[key] for key in words if key in node and node[key] not in neutral} for node in (o, n))
        if bare(old) == bare(new):
            return
        here, there = keyword in old, keyword in new
        kind = changed if here and there else added if there else removed
        effect: Effect = "unknown" if here and there else "narrower" if there else "wider"
        yield Edit(
            kind=kind,
            after=_put(o, **{key: n.get(key, _GONE) for key in words}),
            effect=effect,
            old=told(old.get(keyword, "none")),
            new=told(new.get(keyword, "none")),
            union=keyword in ("if", "not"),
        )

    return find


def _entries(keyword: str, added: str, removed: str, changed: str) -> Callable[[Json, Json], Iterator[Edit]]:
    """
    A keyword with one entry a member; each entry narrows by being there.
    """

    def find(o: Json, n: Json) -> Iterator[Edit]:
        old, new = o.get(keyword, {}), n.get(keyword, {})
        for name in dict.fromkeys([*old, *new]):
            a, b = old.get(name, _GONE), new.get(name, _GONE)
            if a == b or (isinstance(a, list) and isinstance(b, list) and set(a) == set(b)):
                continue
            made = {key: value for key, value in {**old, name: b}.items() if value is not _GONE}
            kind = added if a is _GONE else removed if b is _GONE else changed
            effect: Effect = "narrower" if a is _GONE else "wider" if b is _GONE else "unknown"
            if keyword == "patternProperties" and o.get("additionalProperties", True) not in (True, {}):
                effect = "unknown"  # a pattern also opens what additionalProperties closes
            texts = (told("none" if value is _GONE else value) for value in (a, b))
            yield Edit(
                kind=kind,
                after=_put(o, **{keyword: made}),
                effect=effect,
                about=(name,),
                old=next(texts),
                new=next(texts),
            )

    return find


# --- objects -------------------------------------------------------------------------------------------------------


def _is_open(node: Json) -> bool:
    return node.get("additionalProperties", True) in (True, {}) and not node.get("patternProperties")


def _set_property(node: Json, name: str, schema: Json, required: bool) -> Json:
    members = {key: value for key, value in {**node.get("properties", {}), name: schema}.items() if value is not _GONE}
    demanded = [key for key in node.get("required", ()) if key != name] + ([name] if required else [])
    return _put(node, properties=members or _GONE, required=demanded or _GONE)


def _there(node: Json, name: str) -> bool:
    """
    Whether a member is declared and may occur.
    """
    return node.get("properties", {}).get(name, False) is not False


def _renamed(o: Json, n: Json) -> dict[str, str]:
    """
    Old name to new name of members that went and came with the same schema, where that is the only pair.
    """
    gone = [name for name in o.get("properties", {}) if _there(o, name) and not _there(n, name)]
    come = [name for name in n.get("properties", {}) if _there(n, name) and not _there(o, name)]
    found: dict[str, str] = {}
    for name in gone:
        twins = [other for other in come if bare(n["properties"][other]) == bare(o["properties"][name])]
        rivals = [other for other in gone if bare(o["properties"][other]) == bare(o["properties"][name])]
        both = name in o.get("required", ()), bool(twins) and twins[0] in n.get("required", ())
        alike = len(gone) == len(come) == 1 or _same_words(name, twins[0] if twins else "")
        if len(twins) == len(rivals) == 1 and both[0] == both[1] and alike:
            found[name] = twins[0]
    return found


def _same_words(one: str, two: str) -> bool:
    return bool(set(one.lower().split("_")[1:]) & set(two.lower().split("_")[1:]))


def _members(o: Json, n: Json) -> Iterator[Edit]:
    renamed = _renamed(o, n)
    for old, new in renamed.items():
        demanded = old in o.get("required", ())
        after = _set_property(_set_property(o, old, _GONE, False), new, n["properties"][new], demanded)
        kind = "prop.renamed.required" if demanded else "prop.renamed"
        yield Edit(kind=kind, after=after, effect="unknown", about=(old, new), old=old, new=new)
    for name in dict.fromkeys(
        [*o.get("properties", {}), *n.get("properties", {}), *o.get("required", ()), *n.get("required", ())]
    ):
        if name not in renamed and name not in renamed.values():
            yield from _member(o, n, name)


def _member(o: Json, n: Json, name: str) -> Iterator[Edit]:
    was, is_ = _there(o, name), _there(n, name)
    demanded = name in o.get("required", ()), name in n.get("required", ())
    if was and not is_:
        kind = "prop.removed.required" if demanded[0] else "prop.removed.optional"
        after = _set_property(o, name, n.get("properties", {}).get(name, _GONE), False)
        if "additionalProperties" not in o and n.get("additionalProperties", False) in (True, {}):
            after["additionalProperties"] = True  # said in words, it means that the member may still come
        yield Edit(kind=kind, after=after, effect="unknown", about=(name,), old=_shape(o, name), new="not declared")
    elif is_ and not was:
        # A demand for a name that was not declared stays for now; lifting it is an edit of its own.
        kind = "prop.added.required" if demanded[1] and not demanded[0] else "prop.added.optional"
        after = _set_property(o, name, n["properties"][name], any(demanded))
        effect: Effect = "narrower" if _is_open(o) and name not in o.get("properties", {}) else "unknown"
        yield Edit(kind=kind, after=after, effect=effect, about=(name,), old="not declared", new=_shape(n, name))
    elif demanded[0] != demanded[1]:
        after = _set_property(o, name, o.get("properties", {}).get(name, _GONE), demanded[1])
        yield Edit(
            kind="required.added" if demanded[1] else "required.removed",
            after=after,
            effect="narrower" if demanded[1] else "wider",
            about=(name,),
            old="optional" if demanded[1] else "required",
            new="required" if demanded[1] else "optional",
        )


def _shape(node: Json, name: str) -> str:
    schema = node["properties"][name]
    if not isinstance(schema, dict):
        return "any value"
    if "enum" in schema:
        return told(schema["enum"])
    kinds = schema.get("type")
    return (
        told(kinds)
        if kinds is not None
        else next((f"{key} of {len(schema[key])}" for key in ("anyOf", "oneOf") if key in schema), "any value")
    )


def _additional(o: Json, n: Json) -> Iterator[Edit]:
    old, new = (node.get("additionalProperties", True) for node in (o, n))
    old, new = (True if value == {} else value for value in (old, new))
    if old == new or (isinstance(old, dict) and isinstance(new, dict)):
        return
    kind = (
        ("object.closed" if new is False else "object.opened")
        if False in (old, new)
        else ("additional.typed" if old is True else "additional.untyped")
    )
    effect: Effect = "narrower" if kind in ("object.closed", "additional.typed") else "wider"
    after = _put(o, additionalProperties=n.get("additionalProperties", _GONE))
    yield Edit(kind=kind, after=after, effect=effect, old=_named(old), new=_named(new))


def _named(value: Json) -> str:
    return {True: "open", False: "closed"}[value] if isinstance(value, bool) else "of one schema"


def _items(o: Json, n: Json) -> Iterator[Edit]:
    old, new = o.get("items", True), n.get("items", True)
    old, new = (True if value == {} else value for value in (old, new))
    if old == new or (isinstance(old, dict) and isinstance(new, dict)):
        return
    narrower = old is True or new is False
    kind = "items.introduced" if narrower else "items.dropped"
    yield Edit(
        kind=kind,
        after=_put(o, items=n.get("items", _GONE)),
        effect="narrower" if narrower else "wider",
        old=_named(old),
        new=_named(new),
    )


def _prefix(o: Json, n: Json) -> Iterator[Edit]:
    if len(o.get("prefixItems", ())) != len(n.get("prefixItems", ())):
        yield Edit(
            kind="prefixItems.changed",
            after=_put(o, prefixItems=n.get("prefixItems", _GONE)),
            effect="unknown",
            old=f"{len(o.get('prefixItems', ()))} positions",
            new=f"{len(n.get('prefixItems', ()))} positions",
        )


# --- unions --------------------------------------------------------------------------------------------------------


def _union(keyword: str) -> Callable[[Json, Json], Iterator[Edit]]:
    def find(o: Json, n: Json) -> Iterator[Edit]:
        old, new = o.get(keyword, _GONE), n.get(keyword, _GONE)
        if old is _GONE and new is _GONE:
            return
        other = {"anyOf": "oneOf", "oneOf": "anyOf"}.get(keyword, "")
        if other and (
            word := keyword if _swapped(o, n, keyword, other) else other if _swapped(o, n, other, keyword) else ""
        ):
            yield from _other_word(o, n, word, other if word == keyword else keyword)
            return
        if old is _GONE or new is _GONE:
            kind = "union.introduced" if old is _GONE else "union.dropped"
            kind = kind if other else f"allOf.{'added' if old is _GONE else 'removed'}"
            yield _union_edit(o, n, keyword, kind, "narrower" if old is _GONE else "wider")
            return
        yield from _branches(o, n, keyword)

    return find


def _swapped(o: Json, n: Json, keyword: str, other: str) -> bool:
    return keyword in o and other in n and keyword not in n and other not in o


def _other_word(o: Json, n: Json, keyword: str, other: str) -> Iterator[Edit]:
    same = {_key(bare(part)) for part in o[keyword]} == {_key(bare(part)) for part in n[other]}
    effect: Effect = "unknown" if not same else "narrower" if other == "oneOf" else "wider"
    after = _put(o, **{keyword: _GONE, other: n[other]})
    yield Edit(kind="union.word", after=after, effect=effect, old=keyword, new=other, union=True)


def _union_edit(o: Json, n: Json, keyword: str, kind: str, effect: Effect) -> Edit:
    texts = tuple(f"{keyword} of {len(node[keyword])}" if keyword in node else "no union" for node in (o, n))
    about = tuple(
        dict.fromkeys(
            name
            for part in n.get(keyword, o.get(keyword))
            if isinstance(part, dict)
            for name in (*part.get("properties", {}), *part.get("required", ()))
        )
    )
    return Edit(
        kind=kind,
        after=_put(o, **{keyword: n.get(keyword, _GONE)}),
        effect=effect,
        about=about,
        old=texts[0],
        new=texts[1],
        union=True,
    )


def _branches(o: Json, n: Json, keyword: str) -> Iterator[Edit]:
    old, new = ({_key(bare(part)) for part in node[keyword]} for node in (o, n))
    if old == new and keyword != "oneOf":
        return
    if old == new and len(o[keyword]) == len(n[keyword]):
        return
    verb = "added" if old < new else "removed" if new < old else ""
    if keyword == "allOf":
        effects: dict[str, Effect] = {"added": "narrower", "removed": "wider"}
    elif keyword == "anyOf":
        effects = {"added": "wider", "removed": "narrower"}
    else:
        effects = {}
    kind = (
        (f"allOf.{verb}" if keyword == "allOf" else f"{keyword}.branch.{verb}")
        if verb
        else "allOf.changed"
        if keyword == "allOf"
        else "union.changed"
    )
    yield _union_edit(o, n, keyword, kind, effects.get(verb, "unknown"))


RULES: Final[tuple[Callable[[Json, Json], Iterator[Edit]], ...]] = (
    _type,
    _null,
    _enum,
    _limits(True),
    _limits(False),
    _multiple,
    *map(_count, ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")),
    _plain("pattern", "pattern.added", "pattern.removed", "pattern.changed"),
    _plain("format", "format.added", "format.removed", "format.changed"),
    _plain("contentEncoding", "encoding.added", "encoding.removed", "encoding.changed"),
    _plain("uniqueItems", "uniqueItems.on", "uniqueItems.off", "uniqueItems.on", neutral=(False,)),
    _plain("contains", "contains.added", "contains.removed", "contains.changed", others=("minContains", "maxContains")),
    _plain(
        "propertyNames", "propertyNames.added", "propertyNames.removed", "propertyNames.changed", neutral=(True, {})
    ),
    _plain(
        "unevaluatedProperties", "unevaluated.added", "unevaluated.removed", "unevaluated.changed", neutral=(True, {})
    ),
    _plain("unevaluatedItems", "unevaluated.added", "unevaluated.removed", "unevaluated.changed", neutral=(True, {})),
    _plain("not", "not.added", "not.removed", "not.changed"),
    _plain("if", "conditional.added", "conditional.removed", "conditional.changed", others=("then", "else")),
    _entries("dependentRequired", "dependentRequired.added", "dependentRequired.removed", "dependentRequired.changed"),
    _entries("dependentSchemas", "dependentSchemas.added", "dependentSchemas.removed", "dependentSchemas.changed"),
    _entries("patternProperties", "patternProperties.added", "patternProperties.removed", "patternProperties.changed"),
    _members,
    _additional,
    _items,
    _prefix,
    *map(_union, ("anyOf", "oneOf", "allOf")),
)


def next_edit(o: Json, n: Json) -> Edit | None:
    """
    The first edit from one flat level towards another; what stands in parts that both have is left to `shared`.
    """
    loose = any("unevaluatedProperties" in node or "unevaluatedItems" in node for node in (o, n))
    for rule in RULES:
        for edit in rule(o, n):
            if edit.after != o:
                return dataclasses.replace(edit, effect="unknown") if loose else edit
    return None


def _or_null(node: Json, inner: Json) -> bool:
    """
    Whether the node is a union of what the inner one refers to and null.
    """
    parts = node.get("anyOf", node.get("oneOf", []))
    refs = [part.get("$ref") for part in parts if isinstance(part, dict) and bare(part) != {"type": "null"}]
    return len(parts) == 2 and refs == [inner.get("$ref", "")]


def _round(node: Json) -> str:
    return told(node.get("$ref", "") or _shape({"properties": {"": node}}, ""))


def edits(o: Json, n: Json) -> Iterator[tuple[Json, Edit]]:
    """
    (level before, edit) one after the other: each edit starts where the one before it ended.

    Where a circle goes round on one side there is one edit, since nothing is known of what the `$ref` names.
    """
    if "$ref" in o or "$ref" in n:
        if o != n:
            kind = "null.allowed" if _or_null(n, o) else "null.forbidden" if _or_null(o, n) else "combined"
            yield o, Edit(kind=kind, after=n, effect="unknown", old=_round(o), new=_round(n))
        return
    for _ in range(1000):
        edit = next_edit(o, n)
        if edit is None:
            return
        yield o, edit
        o = edit.after


def shared(o: Json, n: Json) -> Iterator[tuple[str, Json, Json]]:
    """
    (step, old part, new part) of the parts that describe one member or item in both.
    """
    for name, part in o.get("properties", {}).items():
        if _there(o, name) and _there(n, name):
            yield name, part, n["properties"][name]
    for key, step in (("items", "*"), ("additionalProperties", "{}")):
        if isinstance(o.get(key), dict) and isinstance(n.get(key), dict) and o[key] and n[key]:
            yield step, o[key], n[key]
    if len(o.get("prefixItems", ())) == len(n.get("prefixItems", ())):
        for index, (one, two) in enumerate(zip(o.get("prefixItems", ()), n.get("prefixItems", ()), strict=True)):
            yield f"[{index}]", one, two


def put(node: Json, step: str, part: Json) -> Json:
    """
    The level with the part at a step replaced.
    """
    if step in ("*", "{}"):
        return {**node, ("items" if step == "*" else "additionalProperties"): part}
    if step.startswith("[") and "prefixItems" in node:
        items = list(node["prefixItems"])
        items[int(step[1:-1])] = part
        return {**node, "prefixItems": items}
    return {**node, "properties": {**node.get("properties", {}), step: part}}
