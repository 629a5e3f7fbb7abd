"""
Pairs of requests whose responses must agree: member order, spacing, and defaults that are sent or left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rtkcontract.generation.negatives import Derived
from rtkcontract.generation.request_space import Bodies
from rtkcontract.json_schema.json_text import dumps, encode, loads
from rtkcontract.model import Case, Json


def relations(derived: Derived, rich: Case, minimal: Case) -> Iterator[Case]:
    """
    Cases whose answer must agree with that of an earlier one.

    Each is told from its original by the Accept header, since its body has the same canonical form.
    """
    name = derived.operation.name
    value = loads(rich.content, as_written=True)

    def related(label: str, original: Case, content: bytes, accept: str, note: str) -> Case:
        return replace(
            original,
            id=f"{name}/relations/{label}",
            side="relation",
            partition=label,
            content=content,
            overrides=replace(original.overrides, headers={**original.overrides.headers, "accept": accept}),
            same_answer_as=original.id,
            note=note,
        )

    yield related("same-body-again", rich, rich.content, "*/*", "the same bytes make a second object")
    yield related(
        "members-reversed", rich, encode(_reversed(value)), "application/*", "the order of members has no meaning"
    )
    spaced = dumps(value, space=" \n\t").encode()
    yield related("white-space", rich, spaced, "application/json, */*", "white space between tokens has no meaning")
    yield related("minimal-again", minimal, minimal.content, "*/*", "nothing is remembered from the requests before")
    explicit = _explicit_defaults(derived.bodies)
    if explicit:
        body = encode(explicit)
        expect = derived.bodies.oracle.expectation(explicit)
        case = related(
            "defaults-spelled-out", minimal, body, "application/json", "a documented default says what absence means"
        )
        yield replace(case, expect=expect)


def _reversed(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return value


def _explicit_defaults(bodies: Bodies) -> Json:
    """
    The body that spells out every documented default of a top-level member.
    """
    body = {}
    for factor in bodies.factors:
        for node in bodies.firm(factor.place):
            if "default" in node and len(factor.place) == 1:
                body[factor.place[0]] = node["default"]
    return body
