"""
Each kind of change is classed right in each direction, with a proof or a witness, and rewritings yield nothing.
"""

from __future__ import annotations

import functools
import json

import jsonschema
import pytest

from rtkcontract.contract import revisions
from rtkcontract.contract.load import data_folder
from rtkcontract.diff import kinds as kinds_table
from rtkcontract.diff.accepts import answer_refusals, request_refusals
from rtkcontract.diff.changes import Change, exit_code
from rtkcontract.diff.compatibility import accepting, sending
from rtkcontract.diff.counterexamples import values
from rtkcontract.diff.documents import compare
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.structure import bare, seen_from
from rtkcontract.json_schema.validator import Validator
from rtkcontract.reports import contract_changes

EXAMPLES = tuple(kinds_table.examples())
NAMES = [f"{example.kind}-{example.side}-{index}" for index, example in enumerate(EXAMPLES)]
EQUIVALENTS = tuple(kinds_table.equivalents())
STEPS = revisions.history()


@functools.cache
def found(index):
    """
    The changes of an example, compared once.
    """
    return compare(EXAMPLES[index].old, EXAMPLES[index].new)


def only(revision):
    return next(iter(revision.operations.values()))


def schema(of, *, side="request", name="thing"):
    return revisions.document({"$schema": "2020-12", **of}, label=name, sides=side)


def test_the_examples_are_many():
    """More than a hundred verdicts, in both directions, for every kind of the table."""
    assert len(EXAMPLES) > 300
    assert {"request", "answer"} == {example.side for example in EXAMPLES}
    assert {"combined", "op.unread"} == set(kinds_table.kinds()) - {example.kind for example in EXAMPLES}


@pytest.mark.parametrize("index", range(len(EXAMPLES)), ids=NAMES)
def test_an_example_has_its_class_and_nothing_else(index):
    """A pair with a single change yields exactly that change, with the class of the table."""
    example = EXAMPLES[index]

    assert [(example.reported, example.klass)] == [(change.kind, change.klass) for change in found(index)]


def test_an_undecided_example_says_how_many_values_were_tried():
    """What could not be decided is never called safe, and every other verdict names its proof."""
    changes = [change for index in range(len(EXAMPLES)) for change in found(index)]

    assert {change.klass == "undecided" for change in changes} == {True, False}
    assert [] == [change for change in changes if (change.klass == "undecided") != (change.proof == "")]
    searched = [change for change in changes if change.klass == "undecided" and change.kind != "part.unread"]
    assert [] == [change for change in searched if change.tried < 10]


def breaking():
    """
    (old, new, change) for each breaking change of the examples and of the history, forwards and backwards.
    """
    pairs = [(example.old, example.new, found(index)) for index, example in enumerate(EXAMPLES)]
    for step in STEPS:
        old, new = revisions.before(step), revisions.after(step)
        pairs += [(old, new, compare(old, new)), (new, old, compare(new, old))]
    return [(old, new, change) for old, new, changes in pairs for change in changes if change.klass == "breaking"]


BESIDE = ("content.", "event.", "auth.address.", "server.variable.")
"""Kinds without a witness: no request or answer of the operation shows them."""


def test_each_breaking_change_has_a_witness_that_was_described_and_is_not():
    """A request fits OLD and not NEW; an answer fits NEW and not OLD."""
    rows = breaking()

    assert len(rows) > 150
    assert [] == [change for _, _, change in rows if not change.witnesses and not change.kind.startswith(BESIDE)]
    for old, new, change in rows:
        before, after = only(old), only(new)
        for witness in change.witnesses:
            if witness.request is not None:
                assert () == request_refusals(before, witness.request, after), change
                assert change.kind == "op.removed" or () != request_refusals(after, witness.request, before), change
            else:
                assert () == answer_refusals(after, witness.answer, before), change
                assert () != answer_refusals(before, witness.answer), change


def closed(node):
    """
    The schema with each object closed that says nothing about further members.
    """
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: closed(value) for key, value in node.items()}
    if "properties" in made:
        made.setdefault("additionalProperties", False)
    return made


UNJUDGED = ("format", "encoding", "readOnly", "writeOnly")
"""Kinds that a plain validator does not look at."""


def test_a_second_validator_agrees_about_each_witness():
    """Python's jsonschema, which shares no code with ours, sees each witness break."""
    judged = 0
    for index, example in enumerate(EXAMPLES):
        if example.schemas is None or example.kind.startswith(UNJUDGED):
            continue
        wanted = (True, False) if example.side == "request" else (False, True)
        for witness in (witness for change in found(index) for witness in change.witnesses):
            plain = tuple(jsonschema.Draft202012Validator(part).is_valid(witness.body) for part in example.schemas)
            shut = tuple(
                jsonschema.Draft202012Validator(closed(bare(part))).is_valid(witness.body) for part in example.schemas
            )
            judged += 1

            assert wanted in (plain, shut), (example.kind, witness)
            assert plain in (wanted, (True, True)), (example.kind, witness)
    assert judged > 100


def test_no_proof_is_contradicted_by_a_value():
    """Of all values at the boundaries, none breaks a change that was proven safe."""
    proven = 0
    for index, example in enumerate(EXAMPLES):
        if example.schemas is None or any(change.witnesses or not change.proof for change in found(index)):
            continue
        flag = "readOnly" if example.side == "request" else "writeOnly"
        old, new = (seen_from(part, flag) for part in example.schemas)
        sender, taker = Validator(sending(old, new, example.side)), Validator(accepting(old, new, example.side))
        tried = values([old, new])
        proven += 1

        assert len(tried) >= 5
        assert [] == [value for value in tried if sender.valid_plain(value) and not taker.valid_plain(value)], (
            example.kind
        )
    assert proven > 100


def test_the_rewritings_are_many():
    assert len(EQUIVALENTS) >= 40


@pytest.mark.parametrize("row", EQUIVALENTS, ids=lambda row: row[0])
def test_a_rewriting_that_changes_nothing_yields_nothing(row):
    _, old, new = row

    assert () == compare(old, new)


def told(changes):
    return sorted((change.kind, change.side, change.where, change.klass) for change in changes)


def test_the_history_is_there():
    assert len(STEPS) >= 16


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.date)
def test_the_known_history_is_classed_as_known(step):
    """Every dated change is found with its class, and none is invented."""
    found = compare(revisions.before(step), revisions.after(step))

    assert sorted((item["kind"], item["side"], item["where"], item["class"]) for item in step.expect) == told(found)


def september():
    step = next(step for step in STEPS if step.date == "2026-09-03")
    return revisions.before(step), revisions.after(step)


def test_the_storage_union_breaks_in_every_way_that_is_known():
    """An aws without region, KEY without private_key, sftp without either: each has a body that was valid before."""
    union = next(change for change in compare(*september()) if change.kind == "union.introduced")
    bodies = [witness.body["recording_config"]["storage_config"] for witness in union.witnesses]

    assert "breaking" == union.klass
    assert any(body["type"] == "aws" and "access_key" in body and "region" not in body for body in bodies)
    assert any(body.get("auth_method") == "KEY" and "private_key" not in body for body in bodies)
    assert any(body.get("auth_method") == "PASSWORD" and "password" not in body for body in bodies)
    assert {"type": "sftp"} in bodies


def test_a_contract_compared_with_itself_has_no_change():
    same = revisions.read(str(data_folder("schemas")))

    assert () == compare(same, same)


def test_the_same_revisions_give_the_same_report():
    old, new = september()

    assert contract_changes.as_json(compare(old, new), "a", "b") == contract_changes.as_json(
        compare(old, new), "a", "b"
    )


def test_a_change_behind_a_reference_is_found_once_for_each_place():
    """One definition used twice changes at two places."""

    def two(limit):
        return schema(
            {
                "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"type": "array", "items": {"$ref": "#/$defs/x"}}},
                "$defs": {"x": {"type": "string", "maxLength": limit}},
            }
        )

    found = compare(two(9), two(5))

    assert [("maxLength.lowered", "a"), ("maxLength.lowered", "b[]")] == [
        (change.kind, change.where) for change in found
    ]
    assert [{"a": "a" * 6}, {"b": ["a" * 6]}] == [change.witnesses[0].body for change in found]


def test_a_bound_that_another_bound_hides_breaks_nothing():
    """A lower maximum above every listed value takes nothing away."""
    old = schema({"properties": {"a": {"enum": [1, 2], "maximum": 10}}})
    new = schema({"properties": {"a": {"enum": [1, 2], "maximum": 5}}})

    assert () == compare(old, new)


def test_two_changes_at_one_place_are_two_findings():
    old = schema({"properties": {"a": {"type": "number", "minimum": 1, "maximum": 9}}})
    new = schema({"properties": {"a": {"type": "number", "minimum": 0, "maximum": 5}}})

    assert [("max.lowered", "breaking"), ("min.lowered", "compatible")] == [
        (c.kind, c.klass) for c in compare(old, new)
    ]


def test_a_path_parameter_with_another_name_is_the_same_parameter():
    """Its name is not sent, its value is: a narrower schema still breaks."""

    def call(name, limit):
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string", "maxLength": limit}}
        operation = {"operationId": "get", "parameters": [parameter], "responses": {"200": {"description": ""}}}
        return revisions.document({"openapi": "3.1.0", "paths": {f"/things/{{{name}}}": {"get": operation}}})

    assert () == compare(call("id", 9), call("thing", 9))
    assert [("param.schema", "breaking")] == [
        (change.kind, change.klass) for change in compare(call("id", 9), call("thing", 5))
    ]


def test_nothing_is_safe_without_proof():
    """Where neither proof nor witness is found, the report says so with the number of values."""
    old = schema({"properties": {"a": {"type": "string", "pattern": r"^(a+)-\1$"}}})
    new = schema({"properties": {"a": {"type": "string", "pattern": r"^(a*)-\1$"}}})
    found = compare(old, new)

    assert ["undecided"] == [change.klass for change in found]
    assert "undecided, no witness in" in contract_changes.text(found, "a", "b")
    assert 2 == exit_code(found, "breaking")


def change(klass):
    return Change(
        operation="o", kind="max.lowered", side="request", where="a", klass=klass, old="", new="", whom="", proof="rule"
    )


@pytest.mark.parametrize(
    ("klass", "codes"),
    [
        ("breaking", (1, 1, 1, 0)),
        ("strict", (0, 1, 1, 0)),
        ("compatible", (0, 0, 1, 0)),
        ("documentation", (0, 0, 1, 0)),
        ("undecided", (2, 2, 2, 0)),
    ],
)
def test_the_exit_code_follows_fail_on(klass, codes):
    assert codes == tuple(exit_code([change(klass)], fail_on) for fail_on in ("breaking", "strict", "any", "none"))


def test_an_unknown_fail_on_is_an_error():
    with pytest.raises(CannotTell, match="say one of breaking, strict, any, none"):
        exit_code([], "everything")


def test_the_text_says_what_changed_whom_it_breaks_and_the_witness():
    text = contract_changes.text(compare(*september()), "before", "after")

    assert text.startswith("before -> after: 1 breaking, 5 strict, 2 compatible\n")
    assert "breaks: senders of a value that fits no member" in text
    assert '{"recording_config":{"storage_config":{"type":"sftp"}}}' in text
    assert len(text.splitlines()) < 45


def test_the_json_report_holds_every_change_with_whole_requests():
    data = json.loads(contract_changes.as_json(compare(*september()), "before", "after"))
    breaking = data["changes"][0]

    assert {"breaking": 1, "undecided": 0, "strict": 5, "compatible": 2, "documentation": 0} == data["counts"]
    assert "POST" == breaking["witnesses"][0]["request"]["method"]
    assert "application/json" == breaking["witnesses"][0]["request"]["media_type"]


def test_the_markdown_report_is_a_table_with_the_witnesses_below():
    text = contract_changes.markdown(compare(*september()), "before", "after")

    assert "| **breaking** | request | `recording_config.storage_config` |" in text
    assert "```json" in text
    assert len(text.splitlines()) < 45


def test_nothing_changed_says_so():
    assert "a -> b: nothing changed\n" == contract_changes.text((), "a", "b")


def test_the_calls_of_a_moved_operation_are_shown_as_calls():
    old, new = revisions.on("2025-05-13"), revisions.on("2026-01-01")

    assert "POST https://api.dyte.io/v2/meetings, with http basic" in contract_changes.text(compare(old, new), "a", "b")
