"""
Plans cover every keyword on both sides, judge rightly, stay the same, and grow without losing a case.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import itertools
import operator
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import made
from generation.test_request_space import SMALL
from rtkcontract.contract import load
from rtkcontract.contract.fake_data import HOSTILE
from rtkcontract.errors import CannotTell
from rtkcontract.generation import plan as plans
from rtkcontract.generation.covering_array import bits
from rtkcontract.generation.partitions import UNDECIDED
from rtkcontract.generation.plan import Plan
from rtkcontract.generation.request_space import Bodies
from rtkcontract.json_schema.json_text import Written, dumps, encode, loads
from rtkcontract.json_schema.values import ABSENT, MEMBERS, taken
from rtkcontract.model import Case

KEYWORDS = {
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "required",
    "properties",
    "additionalProperties",
    "anyOf",
    "oneOf",
    "allOf",
    "if",
    "then",
    "else",
    "dependentRequired",
    "$ref",
}


def _plan(name: str, kind: str = "standard") -> Plan:
    return plans.make(*made.named(name), kind)


PLANS = {name: _plan(name) for name in made.NAMES}
"""Each plan is made once and only read."""


def _bodies_of(one: Plan, outcome: str) -> list[tuple[Case, Any]]:
    return [(case, loads(case.content)) for case in one.cases if case.expect.outcome == outcome]


def test_the_schemas_together_use_every_keyword() -> None:
    """
    Thirteen requests, type lists, nested objects, lists of objects and recursion among them.
    """
    schemas = [made.schema_of(name) for name in made.NAMES]
    nodes = [node for schema in schemas for node in made.subschemas(schema)]

    assert len(schemas) >= 10
    assert set() == KEYWORDS - {keyword for node in nodes for keyword in node}
    assert any(isinstance(node.get("type"), list) for node in nodes)
    assert any("properties" in node.get("items", {}) for node in nodes)
    assert any(node.get("$ref") == "#" for node in nodes)


@pytest.mark.parametrize("name", made.NAMES)
def test_every_keyword_is_kept_and_broken(name: str) -> None:
    """
    Noted by the second judge while it validates what would be sent, each keyword at its own place in the schema.
    """
    judge = made.Judge(made.schema_of(name))
    for case in PLANS[name].cases:
        judge.noted(loads(case.content))

    assert len(judge.keywords()) > 20
    assert set() == judge.unmet()


@pytest.mark.parametrize("name", made.NAMES)
def test_two_judges_agree_with_every_expectation(name: str) -> None:
    """
    `jsonschema` and jsonschema-rs accept each body that shall be accepted and refuse each that shall be refused.
    """
    schema = made.schema_of(name)
    second, first = made.Judge(schema), jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    accepted = [
        (case.id, second.noted(body), first.is_valid(body)) for case, body in _bodies_of(PLANS[name], "accepted")
    ]
    rejected = [
        (case.id, second.noted(body), first.is_valid(body)) for case, body in _bodies_of(PLANS[name], "rejected")
    ]

    assert len(accepted) > 30
    assert len(rejected) > 30
    assert [] == [told for told in accepted if told[1:] != (True, True)]
    assert [] == [told for told in rejected if told[1:] != (False, False)]


@pytest.mark.parametrize("name", made.NAMES)
def test_what_is_undecided_says_why(name: str) -> None:
    """
    Only texts that no source promises to take, formats, and 1.0 for an integer are left open in these schemas.
    """
    opened = [case for case in PLANS[name].cases if case.expect.outcome == "unspecified"]

    assert all(case.expect.reason for case in opened)
    assert all(case.partition in {*UNDECIDED, *dict(HOSTILE)} or "format" in case.expect.reason for case in opened)


@pytest.mark.parametrize("name", made.NAMES)
def test_a_fault_is_one_fault(name: str) -> None:
    """
    What a faulty body breaks lies at its field, above it or below it, and nowhere else.
    """
    bodies = PLANS[name].bodies
    checked = 0
    for case, body in _bodies_of(PLANS[name], "rejected"):
        place = [part for part in case.field.split(".") if part]
        for violation in bodies.oracle.violations(body):
            path = ["[]" if isinstance(part, int) else part for part in violation.path]
            shorter = min(len(place), len(path))
            assert place[:shorter] == path[:shorter], case.id
            checked += 1

    assert checked > 30


def _leaf_pairs(bodies: Bodies) -> set[tuple[int, int]]:
    factor = bodies.valid.factor
    pairs = itertools.combinations(bits(bodies.leaves), 2)
    return {(one, two) for one, two in pairs if factor[one] != factor[two]}


def _held(bodies: Bodies, cases: tuple[Case, ...]) -> set[tuple[int, int]]:
    rows = [bodies.row(loads(case.content)) for case in cases if case.expect.outcome == "accepted"]
    leaves = bodies.leaves
    kept = [sorted(literal for literal in row if literal >= 0 and leaves >> literal & 1) for row in rows]
    return {pair for row in kept for pair in itertools.combinations(row, 2)}


def _names(bodies: Bodies, *literals: int) -> str:
    return " with ".join(f"{factor.field.name}={level.partition}" for factor, level in map(bodies.told, literals))


@pytest.mark.parametrize("name", made.NAMES)
def test_every_pair_is_covered_or_listed_as_impossible(name: str) -> None:
    """
    Counted from the bytes; no pair vanishes and none is called both.
    """
    one = PLANS[name]
    pairs, held = _leaf_pairs(one.bodies), _held(one.bodies, one.cases)
    listed = set(one.impossible)

    def impossible(pair: tuple[int, int]) -> bool:
        return bool({_names(one.bodies, *pair), _names(one.bodies, *pair[::-1]), *map(_name(one), pair)} & listed)

    assert () == one.unreached
    assert len(pairs) > 200
    assert [] == [_names(one.bodies, *pair) for pair in pairs - held if not impossible(pair)]
    assert [] == [_names(one.bodies, *pair) for pair in pairs & held if impossible(pair)]


def _name(one: Plan) -> Callable[[int], str]:
    return lambda literal: _names(one.bodies, literal)


@pytest.mark.parametrize("name", ["dependent", "condition", "union", "nested", "either"])
def test_impossible_pairs_are_impossible_by_trying_all(name: str) -> None:
    """
    Every body of a small schema is judged: the pairs that no valid one holds are the pairs that are listed.
    """
    one = plans.make(*made.made("small", SMALL[name]))
    bodies, judge = one.bodies, made.Judge(SMALL[name])
    sizes = [range(start, start + size) for start, size in zip(bodies.valid.start, bodies.valid.sizes, strict=False)]
    found: set[tuple[int, int]] = set()
    for row in itertools.product(*sizes):
        body = bodies.body(row)
        if row == bodies.row(body) and judge.noted(loads(dumps(body))):
            found.update(itertools.combinations([literal for literal in row if bodies.leaves >> literal & 1], 2))
    never = _leaf_pairs(bodies) - found
    alone = {literal for literal in bits(bodies.leaves) if _names(bodies, literal) in one.impossible}

    assert found
    assert never == {
        pair
        for pair in _leaf_pairs(bodies)
        if set(pair) & alone or {_names(bodies, *pair), _names(bodies, *pair[::-1])} & set(one.impossible)
    }


@pytest.mark.parametrize("name", made.NAMES)
def test_every_level_and_every_variant_is_sent(name: str) -> None:
    """
    60, 60.0 and 6e1 stand in some accepted body each, and so does each text.
    """
    one = PLANS[name]
    texts = [loads(case.content, as_written=True) for case in one.cases if case.expect.outcome == "accepted"]
    sent: dict[int, set[str]] = {}
    for body in texts:
        for literal, value in _literals(one.bodies, body):
            sent.setdefault(literal, set()).add(dumps(value))
    domain = one.bodies.accepted.fresh.domain if one.bodies.accepted.fresh else 0
    missing = []
    for literal in bits(domain):
        factor, level = one.bodies.told(literal)
        plain = level.value is not ABSENT and level.value is not MEMBERS
        wanted = {dumps(value) for value in level.values} if plain else set()
        missing.extend((factor.field.name, value) for value in wanted - sent.get(literal, set()))

    assert sent
    assert [] == missing


def _literals(bodies: Bodies, body: Any) -> list[tuple[int, Any]]:
    row = bodies.row(body)
    held = [(literal, taken(body, bodies.told(literal)[0].place)) for literal in row if literal >= 0]
    return [(literal, value) for literal, value in held if value is not ABSENT]


def test_required_members_and_closed_objects_are_broken() -> None:
    ids = {case.id.partition("/")[2] for case in PLANS["sign_up"].cases}

    assert {"terms/missing-required", "body/unknown-member", "body/wrong-type-array", "password/above-maxLength"} <= ids


def test_what_a_branch_alone_forbids_is_broken_inside_that_branch() -> None:
    """
    A wallet may carry any number; a card may not.
    """
    (case,) = [case for case in PLANS["create_payment"].cases if case.id.endswith("/method.number/wrong-type-number")]

    assert "card" == loads(case.content)["method"]["kind"]
    assert "rejected" == case.expect.outcome


@pytest.mark.parametrize("kind", ["smoke", "thorough"])
def test_other_strengths_judge_rightly_too(kind: str) -> None:
    one = _plan("create_webhook", kind)
    judge = made.Judge(made.schema_of("create_webhook"))

    assert {True} == {judge.noted(body) for _, body in _bodies_of(one, "accepted")}
    assert {False} == {judge.noted(body) for _, body in _bodies_of(one, "rejected")}
    assert {"smoke": 1, "thorough": 3}[kind] == one.strength
    assert (len(one.cases) < len(PLANS["create_webhook"].cases)) == (kind == "smoke")


def test_smoke_holds_every_level_once() -> None:
    for name in ("create_issue", "search_places"):
        one = _plan(name, "smoke")
        held = {
            literal
            for case in one.cases
            if case.expect.outcome == "accepted"
            for literal in one.bodies.row(loads(case.content))
        }
        domain = one.bodies.accepted.fresh.domain if one.bodies.accepted.fresh else 0

        assert set(bits(domain)) <= held


def test_triples_are_covered_by_the_thorough_plan() -> None:
    one = _plan("create_webhook", "thorough")
    rows = [one.bodies.row(loads(case.content)) for case in one.cases if case.expect.outcome == "accepted"]
    held = {triple for row in rows for triple in itertools.combinations(sorted(row), 3)}
    space, leaves = one.bodies.accepted, list(bits(one.bodies.leaves))
    triples = [
        triple
        for triple in itertools.combinations(leaves, 3)
        if len({space.factor[literal] for literal in triple}) == 3 and space.taking(triple) is not None
    ]

    assert len(triples) > 500
    assert [] == [triple for triple in triples if triple not in held]


# --- the same plan everywhere ---------------------------------------------------------------------------------------

DIGEST = """
import hashlib, sys
sys.path.insert(0, {tests!r})
import made
from rtkcontract.generation import plan
for name in {names!r}:
    cases = plan.make(*made.named(name)).cases
    print(name, hashlib.sha256(repr(cases).encode()).hexdigest())
"""


def test_plans_are_the_same_bytes_in_another_process() -> None:
    """
    Another hash seed changes nothing: not a case, not the order, not a byte.
    """
    names = ["create_flag", "create_vm", "send_email"]
    script = DIGEST.format(tests=str(Path(__file__).parents[1]), names=names)
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        ).stdout
        for seed in ("1", "2")
    ]
    own = "".join(f"{name} {hashlib.sha256(repr(PLANS[name].cases).encode()).hexdigest()}\n" for name in names)

    assert [own, own] == told


@pytest.mark.parametrize("name", made.NAMES)
def test_ids_and_contents_are_unique(name: str) -> None:
    cases = PLANS[name].cases
    plain = [case for case in cases if case.side != "relation"]

    assert len(cases) == len({case.id for case in cases})
    assert len(plain) == len({case.content for case in plain})
    assert all(case.id.startswith(f"{name}/") for case in cases)


# --- growth ---------------------------------------------------------------------------------------------------------


def _stored(one: Plan) -> bytes:
    """
    The rows of a plan as they are kept beside the contract.
    """
    return b"".join(case.content + b"\n" for case in one.cases if case.id.split("/")[1] == "combinations")


Edit = Callable[[Any], Any]


def _inserted(schema: Any, place: str, part: Any, at: int) -> None:
    """
    A new property at a position among the old ones, in the object at a dotted place.
    """
    node = schema
    for name in place.split(".") if place else ():
        node = node["properties"][name]
    members = list(node["properties"].items())
    members.insert(at, ("zz_new", part))
    node["properties"] = dict(members)


GROWTH: dict[str, tuple[str, Edit, set[str]]] = {
    "a property at the top": ("create_invoice", lambda s: _inserted(s, "", {"type": "boolean"}, 99), set()),
    "a nested property": ("create_invoice", lambda s: _inserted(s, "customer", {"type": "boolean"}, 99), set()),
    "a property in the middle": ("create_vm", lambda s: _inserted(s, "", {"type": "integer", "minimum": 1}, 2), set()),
    "a property before all others": ("create_event", lambda s: _inserted(s, "", {"enum": ["u", "v"]}, 0), set()),
    "a text at the top": ("sign_up", lambda s: _inserted(s, "", {"type": "string"}, 3), {"strings"}),
    "a member of an enumeration": ("create_event", lambda s: s["properties"]["visibility"]["enum"].append("x"), set()),
    "a wider bound": ("sign_up", lambda s: s["properties"]["age"].update(maximum=150), {"age"}),
    "an object": (
        "create_label",
        lambda s: _inserted(s, "parcel", {"type": "object", "properties": {"a": {"type": "boolean"}}}, 1),
        set(),
    ),
    "another description": ("create_event", lambda s: s["properties"]["summary"].update(description="new"), set()),
    "a new list of objects": (
        "search_places",
        lambda s: _inserted(
            s, "", {"type": "array", "items": {"type": "object", "properties": {"a": {"const": 1}}}}, 2
        ),
        set(),
    ),
}
"""Schema edits that take nothing away, with the fields whose own cases may change."""


@dataclass(frozen=True)
class Growth:
    kept: set[str]
    changed: set[str]
    gone: set[str]
    new: set[str]


def _grown(name: str, edit: Edit) -> Growth:
    schema = made.schema_of(name)
    rows = _stored(PLANS[name])
    edited = copy.deepcopy(schema)
    edit(edited)
    old = {case.id: case.content for case in PLANS[name].cases}
    new = {case.id: case.content for case in plans.make(*made.made(name, edited, rows)).cases}
    both = old.keys() & new.keys()
    kept = {identity for identity in both if old[identity] == new[identity]}
    return Growth(kept, both - kept, old.keys() - new.keys(), new.keys() - old.keys())


@pytest.mark.parametrize("name", made.NAMES)
def test_a_plan_with_its_own_rows_stored_is_the_same_plan(name: str) -> None:
    again = plans.make(*made.made(name, made.schema_of(name), _stored(PLANS[name])))
    old = {case.id: case.content for case in PLANS[name].cases}

    assert old == {case.id: case.content for case in again.cases}


@pytest.mark.parametrize("edit", GROWTH)
def test_old_cases_keep_their_ids_and_bytes_when_a_schema_grows(edit: str) -> None:
    """
    Recordings stay usable: what an edit does not touch is sent as before, byte for byte.
    """
    name, change, touched = GROWTH[edit]
    growth = _grown(name, change)
    fields = {identity.split("/")[1] for identity in growth.changed}

    assert set() == growth.gone
    assert fields <= touched
    assert len(growth.kept) > 100
    assert (len(growth.new) > 0) == (edit != "another description")
    assert len(growth.new) < 0.5 * len(growth.kept)


SHRUNK: dict[str, tuple[str, Edit, str, Callable[[Any], bool]]] = {
    "a narrower bound": (
        "sign_up",
        lambda s: s["properties"]["age"].update(maximum=120),
        "age",
        lambda body: body.get("age", 0) > 120,
    ),
    "one member of an enumeration less": (
        "create_event",
        lambda s: s["properties"]["visibility"]["enum"].remove("public"),
        "visibility",
        lambda body: body.get("visibility") == "public",
    ),
}


@pytest.mark.parametrize("edit", SHRUNK)
def test_only_what_a_narrower_schema_touches_changes(edit: str) -> None:
    """
    Rows that are no longer valid go, cases of the field itself change, the rest stays.
    """
    name, change, field, broken = SHRUNK[edit]
    bodies = {case.id: loads(case.content) for case in PLANS[name].cases}
    growth = _grown(name, change)
    own = {identity for identity in growth.changed | growth.gone if identity.split("/")[1] == field}

    assert all(broken(bodies[identity]) for identity in (growth.gone | growth.changed) - own)
    assert len(growth.kept) > 0.85 * len(bodies)
    assert {"combinations", field, "relations"} >= {identity.split("/")[1] for identity in growth.new}


# --- the plan as an object ------------------------------------------------------------------------------------------


def test_a_budget_takes_from_the_end_and_says_what() -> None:
    one = PLANS["create_issue"]
    capped = one.capped(25)

    assert one.cases[:25] == capped.cases
    assert one.cases[25:] == capped.left_out
    assert one is one.capped(None) is one.capped(10_000)
    assert 20 == len(capped.capped(5).left_out) - (len(one.cases) - 25)
    assert one.meetings >= capped.meetings > 0


def test_an_unknown_plan_is_an_error_that_lists_the_names() -> None:
    with pytest.raises(CannotTell, match="smoke, standard, thorough"):
        _plan("create_issue", "quick")


def test_found_bodies_join_the_plan_as_they_are() -> None:
    """
    A body that exploration kept is sent first, under its name.
    """
    files = made.files_of("create_issue", made.schema_of("create_issue"))
    found = {"name": "odd-title", "body": {"title": "odd", "draft": True}, "note": "met in exploration"}
    files["create_issue/corpus.jsonl"] = encode(found)
    one = plans.make(*made.contract_of(files))
    (case,) = [case for case in one.cases if case.side == "corpus"]

    assert "create_issue/corpus/odd-title" == case.id
    assert b'{"title":"odd","draft":true}' == case.content
    assert case in one.cases[:4]


def test_progress_is_told_while_rows_are_dealt() -> None:
    heard: list[int] = []
    plans.make(*made.named("create_issue"), progress=lambda done, possible: heard.append(done))

    assert heard == sorted(heard)
    assert len(heard) > 10


def test_a_request_without_a_body_is_sent_as_it_is() -> None:
    files = made.files_of("list_issues", {"type": "object"})
    files["openapi.json"] = files["openapi.json"].replace(b'"requestBody"', b'"x-old"').replace(b'"post"', b'"get"')
    contract, operation = made.contract_of(files)

    assert ("GET", {}) == (operation.method, operation.request_schema)
    assert [b"", b""] == [case.content for case in plans.make(contract, operation).cases]


def test_relations_follow_the_cases_that_they_repeat() -> None:
    for one in PLANS.values():
        position = {case.id: number for number, case in enumerate(one.cases)}
        related = [case for case in one.cases if case.same_answer_as]

        assert len(related) >= 3
        assert all(position[case.same_answer_as] < position[case.id] for case in related)


def test_numbers_are_sent_as_they_were_written() -> None:
    """
    6e1 reaches the wire as 6e1.
    """
    contents = b" ".join(case.content for case in PLANS["create_webhook"].cases)

    assert b'"delay_s":0.5' in contents
    assert '{"a":6e1}' == dumps({"a": Written("6e1")})


def test_five_hundred_fields_are_planned_at_strength_two() -> None:
    kinds: list[Any] = [{"type": "boolean"}, {"enum": ["a", "b"]}, {"enum": [1, 2, 3]}]
    schema = {"type": "object", "properties": {f"field_{number:03}": kinds[number % 3] for number in range(500)}}
    one = plans.make(*made.made("wide", schema))
    rows = [case for case in one.cases if case.id.split("/")[1] == "combinations"]

    assert 500 == len(one.bodies.factors)
    assert () == one.unreached
    assert 16 <= len(rows) <= 120
    masks = [sum(1 << literal for literal in one.bodies.row(loads(case.content))) for case in rows]
    space = one.bodies.accepted
    for literal in bits(space.all):
        beside = functools.reduce(operator.or_, (mask for mask in masks if mask >> literal & 1))
        assert space.all & ~space.refused[literal] == beside


# --- operations by data alone ---------------------------------------------------------------------------------------


def test_the_plan_of_the_meeting_covers_every_keyword() -> None:
    """
    The body's own type is broken by the written cases.
    """
    contract = load.load_contract()
    operation = contract.operations["create_meeting"]
    one = plans.make(contract, operation)
    schema = loads((load.data_folder("schemas") / "create_meeting" / "request.json").read_bytes())
    judge = made.Judge(schema)
    for case in one.cases:
        try:
            judge.noted(loads(case.content))
        except ValueError:
            assert "protocol" == case.side

    assert set() == judge.unmet()
    assert () == one.unreached
