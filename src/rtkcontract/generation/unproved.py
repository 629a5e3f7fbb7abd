"""
(plan's cases, space) -> what of the schemas the plan cannot prove; pure.

A plan without one valid request proves nothing, whatever is refused. A field that no valid request holds, a rule that
no request breaks, and a word that no validator knows are told one by one; the rest of the plan counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rtkcontract.generation.partitions import MOST_ITEMS, MOST_TEXT, WHOLE, Field
from rtkcontract.generation.request_space import Bodies
from rtkcontract.json_schema import structure
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.samples import FORMATS
from rtkcontract.json_schema.values import ABSENT, dotted
from rtkcontract.model import Case, Json, Unproved
from rtkcontract.openapi.references import located

ANNOTATIONS: Final = frozenset(
    ["title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "externalDocs"]
).union(["xml", "discriminator", "contentMediaType", "contentSchema", "definitions", "nullable"])
MOST_SENT: Final = {
    **dict.fromkeys(("minLength", "maxLength"), MOST_TEXT),
    **dict.fromkeys(("minItems", "maxItems", "minProperties", "maxProperties"), MOST_ITEMS),
}
NOTHING: Final = "no valid request could be made"


def unproved(bodies: Bodies, cases: Iterable[Case]) -> tuple[Unproved, ...]:
    """
    What no case proves, the gravest first.
    """
    cases = list(cases)
    return (*_nothing(bodies, cases), *_unreached(bodies), *_unbroken(bodies, cases), *_unknown(bodies))


def _nothing(bodies: Bodies, cases: list[Case]) -> Iterator[Unproved]:
    valid = (case for case in cases if case.side == "valid" and case.expect.outcome != "rejected")
    if any(bodies.oracle.valid(bodies.value(case)) for case in valid):
        return
    for factor in bodies.factors:
        needed = any(factor.place[-1] in node.get("required", ()) for node in bodies.firm(factor.place[:-1]))
        if needed and all(level.value is ABSENT for level in factor.levels):
            yield _without_value(factor.field, whole=True)
            return
    minimal = next((case for case in cases if case.id.endswith("/minimal")), None)
    broken = bodies.oracle.violations(bodies.value(minimal)) if minimal is not None else ()
    for violation in broken[:1]:
        yield Unproved(
            place=dotted(violation.path),
            keyword=violation.keyword,
            reason=f"{NOTHING}: {violation.message}" + (f", {violation.name}" if violation.name else ""),
            schema_at=located(violation.schema_pointer, bodies.document),
            whole=True,
        )


def _without_value(field: Field, *, whole: bool) -> Unproved:
    rules = {key: node[key] for node in field.nodes for key in node if key in structure.CONSTRAINTS}
    keyword = next((key for key in rules if key != "type"), "type")
    told = " and ".join(f"{key} {dumps(value)}"[:80] for key, value in rules.items()) or "its schema"
    start = f"{NOTHING}: " if whole else ""
    return Unproved(
        place=field.name,
        keyword=keyword,
        reason=f"{start}no value of {field.name} was found that fits {told}",
        whole=whole,
    )


def _unreached(bodies: Bodies) -> Iterator[Unproved]:
    """
    Fields that no valid request holds, those left out that are forbidden in so many words.
    """
    ever = bodies.valid.fresh.domain if bodies.valid.fresh else 0
    for number, factor in enumerate(bodies.factors):
        present = bodies.valid.mask[number] & ~(1 << bodies.valid.start[number])
        if ever and not present & ever and {"not": {}} not in factor.field.nodes:
            yield _without_value(factor.field, whole=False)


def _unbroken(bodies: Bodies, cases: list[Case]) -> Iterator[Unproved]:
    """
    Rules about a whole list or object that no refused request breaks.
    """
    refused = [case for case in cases if case.expect.outcome == "rejected"]
    for field in bodies.fields:
        for keyword in (*WHOLE, "not", "dependentSchemas"):
            if not any(keyword in node for node in field.nodes):
                continue
            at = f"/{keyword}"
            if not any(case.keyword == keyword or at in case.expect.schema_at for case in refused):
                yield Unproved(place=field.name, keyword=keyword, reason=f"no request breaks {keyword} alone")


def _unknown(bodies: Bodies) -> Iterator[Unproved]:
    seen: set[str] = set()
    for field in bodies.fields:
        for node in field.nodes:
            for keyword, word, reason in _strange(node):
                if word not in seen:
                    seen.add(word)
                    yield Unproved(place=field.name, keyword=keyword, reason=reason)


def _strange(node: Json) -> Iterator[tuple[str, str, str]]:
    for keyword in node:
        if keyword not in structure.CONSTRAINTS | ANNOTATIONS and not keyword.startswith(("x-", "$")):
            yield keyword, keyword, f"{keyword} is no keyword of JSON Schema, so that it decides nothing"
    for keyword, most in MOST_SENT.items():
        if node.get(keyword, 0) > most:
            told = f"{keyword} {node[keyword]:,}"
            yield keyword, told, f"nothing as large as {told} is sent"
    name = node.get("format")
    if isinstance(name, str) and name not in FORMATS:
        yield "format", f"format {name}", f"no validator knows the format {name}, so that it decides nothing"
