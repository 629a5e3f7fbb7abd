"""
Keywords make partitions: on and beside each limit, both sides, and never in silence.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

import made
from rtkcontract.contract import load
from rtkcontract.generation import partitions
from rtkcontract.generation.partitions import Field
from rtkcontract.json_schema import samples
from rtkcontract.json_schema import values as json_values
from rtkcontract.json_schema.json_text import Written, dumps
from rtkcontract.json_schema.values import ABSENT, MEMBERS
from rtkcontract.openapi import references


def _none(_place: json_values.Place) -> list[Any]:
    return ["a", "b", "c"]


def _field(schema: Any) -> Field:
    """
    The field `x` of an object that has no other.
    """
    found = partitions.fields({}, {"type": "object", "properties": {"x": schema}}, _none)
    assert 2 == len(found)
    return found[1]


def _values(schema: Any) -> dict[str, Any]:
    """
    The first value of each level, as it is written.
    """
    return {level.partition: dumps(level.value) for level in _field(schema).levels if level.value is not MEMBERS}


BOUNDS = [
    ({"type": "integer", "minimum": 150, "maximum": 1000}, ["149", "150", "151", "999", "1000", "1001"]),
    ({"type": "number", "minimum": 60, "maximum": 600}, ["59", "59.999", "60", "61", "599", "600", "600.001", "601"]),
    ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, ["-0.001", "0", "0.5", "1", "1.001"]),
    (
        {"type": "integer", "minimum": 512, "maximum": 2048, "multipleOf": 256},
        ["256", "512", "768", "2048", "2304", "640"],
    ),
    ({"type": "string", "minLength": 2}, ['"m"', '"mm"', '"mmm"', '""']),
    ({"type": "string", "maxLength": 3}, ['"mm"', '"mmm"', '"mmmm"']),
    ({"type": "boolean"}, ["true", "false"]),
    ({"type": ["string", "null"]}, ["null", '""']),
    ({"enum": ["a", 7, None]}, ['"a"', "7", "null"]),
    ({"const": 2}, ["2"]),
    ({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 3}, ["[]"]),
]


@pytest.mark.parametrize(("schema", "expected"), BOUNDS)
def test_values_on_and_beside_a_limit_are_candidates(schema: Any, expected: list[str]) -> None:
    """
    One step inside, on, and outside of each bound.
    """
    found = {dumps(candidate.value) for candidate in _field(schema).candidates}

    assert set() == set(expected) - found


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "minimum": 1503681668603, "maximum": 1999999999999}, ["1503681668603", "1999999999999"]),
        ({"type": "integer", "maximum": 2**63 - 1}, ["9223372036854775807", "9223372036854775808"]),
        ({"type": "integer", "minimum": -(2**63)}, ["-9223372036854775808", "-9223372036854775809"]),
        ({"type": "number", "minimum": 0.1, "maximum": 0.3}, ["0.1", "0.3", "0.2", "0.099", "0.301"]),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.01}, ["0.005"]),
        ({"type": "integer", "minimum": 0.5, "maximum": 2.5}, ["1", "2", "0", "3"]),
        ({"type": "integer", "minimum": 10**15 + 1, "multipleOf": 1000}, [str(10**15 + 1000), str(10**15)]),
        ({"type": "number", "minimum": 1234567890123.45}, ["1234567890123.45", "1234567890122.45"]),
    ],
)
def test_limits_are_exact_at_any_size(schema: Any, expected: list[str]) -> None:
    found = {dumps(candidate.value) for candidate in _field(schema).candidates}

    assert set() == set(expected) - found


def test_sizes_of_a_list_stand_on_and_beside_each_limit() -> None:
    field = _field({"type": "array", "items": {"type": "string"}, "minItems": 5, "maxItems": 9})
    sizes = {candidate.partition: len(candidate.value) for candidate in field.candidates}

    assert (5, 4, 6) == (sizes["at-minItems"], sizes["outside-minItems"], sizes["inside-minItems"])
    assert (9, 10, 8) == (sizes["at-maxItems"], sizes["outside-maxItems"], sizes["inside-maxItems"])
    assert (2, 3, 0) == (sizes["duplicate-items"], sizes["several-items"], sizes["empty"])


def test_a_bound_is_written_in_three_ways() -> None:
    """
    60, 60.0 and 6e1 are one number and three requests.
    """
    (level,) = [level for level in _field({"type": "number", "minimum": 60}).levels if level.partition == "at-minimum"]

    assert ["60", "60.0", "6e1"] == [dumps(value) for value in level.values]


def test_an_integer_with_a_fraction_of_zero_is_undecided_text() -> None:
    field = _field({"type": ["integer", "null"], "minimum": 1})
    (whole,) = [c for c in field.breaking if c.partition == partitions.WHOLE_FRACTION]

    assert isinstance(whole.value, Written)
    assert "1.0" == whole.value.text


def test_texts_that_servers_get_wrong_are_variants_of_the_typical_text() -> None:
    (typical,) = [level for level in _field({"type": "string"}).levels if level.partition == "typical"]
    texts = list(typical.values)

    assert {"X", "   ", "  RtkContract  ", "0123", "123", "null"} <= set(texts)
    assert 256 == max(map(len, texts))
    assert any(ord(letter) > 0xFFFF for text in texts for letter in text)
    assert any("\u202b" in text for text in texts)


def test_texts_near_a_member_break_an_enumeration() -> None:
    """
    Another case, spaces round it, nothing, and no member at all.
    """
    values = {candidate.partition: candidate.value for candidate in _field({"enum": ["mono", "stereo"]}).breaking}

    assert "MONO" == values["member-in-other-case"]
    assert " mono " == values["member-padded"]
    assert ["mono"] == values["wrong-type-array"]
    assert {"empty", "not-a-member", "wrong-type-null", "wrong-type-number"} <= set(values)


@pytest.mark.parametrize("kind", ["string", "number", "integer", "boolean", "array", "object"])
def test_each_type_is_broken_by_every_other(kind: str) -> None:
    schema = {"object": {"type": "object", "properties": {}}}.get(kind, {"type": kind})
    wrong = [candidate.value for candidate in _field(schema).breaking if candidate.keyword == "type"]
    kinds = {json_values.type_of(value) for value in wrong if not isinstance(value, Written)}

    assert {"null", "array"} - {kind} <= kinds
    assert ("number" if kind == "integer" else kind) not in kinds
    assert len(wrong) >= 4


def test_numbers_are_broken_by_their_own_text() -> None:
    """
    "60" for 60 is what a lenient server converts.
    """
    field = _field({"type": "number", "minimum": 60})

    assert "60" in [candidate.value for candidate in field.breaking]


def test_items_of_the_wrong_type_and_near_a_member_are_tried() -> None:
    field = _field({"type": "array", "items": {"enum": ["food", "fuel"]}})
    tried = {candidate.partition: candidate.value for candidate in field.candidates}

    assert [7] == tried["item-wrong-type-number"]
    assert ["FOOD"] == tried["item-member-in-other-case"]


def test_members_without_names_of_their_own_are_tried() -> None:
    schema = {"type": "object", "minProperties": 2, "maxProperties": 5, "additionalProperties": {"type": "string"}}
    tried = {candidate.partition: candidate.value for candidate in _field(schema).candidates}

    assert (2, 1) == (len(tried["at-minProperties"]), len(tried["one-member"]))
    assert (5, 6) == (len(tried["at-maxProperties"]), len(tried["outside-maxProperties"]))
    assert [7] == list(tried["member-wrong-type-number"].values())


def test_secrets_are_canaries_of_each_length() -> None:
    """
    Nothing that could be a real secret is sent, at whatever length the schema wants.
    """
    field = _field({"type": "string", "writeOnly": True, "minLength": 8, "maxLength": 72})
    texts = [candidate.value for candidate in field.candidates if candidate.value]

    assert {7, 8, 9, 71, 72, 73} <= set(map(len, texts))
    assert all(text.startswith("rtkcont") for text in texts)


SAMPLED = [
    ("^[A-Z0-9 ]+$", 22),
    ("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", 63),
    ("^[0-9]{12,19}$", 15),
    ("^(RRULE|EXDATE):", 30),
    (r"^[A-Za-z]\w{2,14}$", 5),
    ("^[^x]{4}$", 4),
    ("a|bc", 2),
    (r"^\d{3}(-\d{2})?$", 6),
]


@pytest.mark.parametrize(("pattern", "size"), SAMPLED)
def test_texts_that_match_a_pattern_are_found_in_the_wanted_size(pattern: str, size: int) -> None:
    texts = samples.matching(pattern)

    assert texts
    assert all(re.search(pattern, text) for text in texts)
    sized = {c.value for c in _field({"type": "string", "pattern": pattern, "maxLength": size}).candidates}
    assert any(re.search(pattern, text) and len(text) == size for text in sized)


def test_a_pattern_that_cannot_be_read_gives_no_text() -> None:
    assert () == samples.matching("(unclosed")


@pytest.mark.parametrize("name", sorted(samples.FORMATS))
def test_every_format_is_known_on_both_sides_or_is_an_annotation(name: str) -> None:
    good, bad = samples.FORMATS[name]
    tried = {candidate.partition for candidate in _field({"type": "string", "format": name}).candidates}

    assert ("not-of-the-format" in tried) == bool(bad)
    assert "typical" in tried
    assert bool(good) >= bool(bad)


def test_recursive_schemas_are_taken_twice() -> None:
    """
    A comment, its replies, and theirs; then the fields end.
    """
    contract, operation = made.named("post_comment")
    names = [field.name for field in partitions.fields(contract.document, operation.request_schema, _none)]

    assert {"text", "replies", "replies.[].text", "replies.[].replies"} <= set(names)
    assert len(names) == len(set(names))
    assert not any(name.count("[]") > 2 for name in names)


def test_a_value_belongs_to_one_level() -> None:
    field = _field({"type": "number", "minimum": 60, "maximum": 600})
    levels = [level.partition for level in field.levels]

    def told(value: Any) -> str | None:
        index = partitions.level_of(field, value)
        return None if index is None else levels[index]

    assert "at-minimum" == told(60.0)
    assert "at-maximum" == told(600)
    assert "inside" == told(123)
    assert told("60") is None
    assert told(True) is None


def test_equality_is_that_of_json() -> None:
    assert json_values.same(60, 60.0)
    assert not json_values.same(True, 1)
    assert json_values.same({"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0})
    assert not json_values.same([1, 2], [2, 1])
    assert not json_values.same([1], {"0": 1})
    assert not json_values.same({"a": 1}, [1])
    assert json_values.same({"a": 1, "b": None}, {"b": None, "a": 1})
    assert "ABSENT" == repr(ABSENT)
    assert "MEMBERS" == repr(MEMBERS)


def test_every_field_of_the_meeting_is_found() -> None:
    """
    Held against a walk over `properties` alone.
    """
    contract = load.load_contract()
    schema = contract.operations["create_meeting"].request_schema
    names = {field.name for field in partitions.fields(contract.document, schema, _none)}

    def walked(node: Any, above: str) -> set[str]:
        node = references.resolve(contract.document, node)
        inner = [walked(part, above) for part in (*node.get("anyOf", ()), *node.get("allOf", ()))]
        for name, part in node.get("properties", {}).items():
            inner.append({f"{above}{name}"} | walked(part, f"{above}{name}."))
        return set().union(*inner)

    assert walked(schema, "") == names - {""}
    assert 50 < len(names)
