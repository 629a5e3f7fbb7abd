"""
The schema is the oracle; clauses and missing sources leave a body undecided.
"""

from __future__ import annotations

from typing import Any

import pytest

import made
from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle, source_ids, sources_of
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import Written

CITED: dict[str, Any] = {
    "type": "object",
    "x-source": "vendor",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 5, "x-source": {"type": "vendor", "maxLength": ["vendor", "guide"]}},
        "loose": {"type": "string", "maxLength": 5},
        "mail": {"type": "string", "format": "email", "x-source": "vendor"},
        "size": {
            "type": "integer",
            "minimum": 1,
            "x-source": "vendor",
            "x-unspecified": [{"keyword": "minimum", "reason": "sources differ", "source": "guide"}],
        },
        "text": {
            "type": "string",
            "x-source": "vendor",
            "x-unspecified": [
                {"when": {"minLength": 100}, "reason": "no limit is known", "source": "guide", "echo": ["text"]}
            ],
        },
        "old": {
            "type": "object",
            "x-source": "vendor",
            "required": ["a"],
            "x-unspecified": [{"when": {"required": ["b"]}, "reason": "b excuses", "source": "guide", "excuses": True}],
        },
        "list": {"type": "array", "items": {"$ref": "#/components/schemas/item"}, "x-source": "vendor"},
        "gone": False,
    },
}
DOCUMENT = {
    "components": {
        "schemas": {
            "cited": CITED,
            "item": {
                "type": "object",
                "x-source": "vendor",
                "x-unspecified": [{"when": {"required": ["odd"]}, "reason": "odd items", "source": "guide"}],
            },
        }
    }
}
ORACLE = Oracle(DOCUMENT, {"$ref": "#/components/schemas/cited"})

EXPECTED: list[tuple[Any, str, tuple[str, ...]]] = [
    ({"name": "short"}, "accepted", ("vendor",)),
    ({}, "rejected", ("vendor",)),
    ({"name": "too long"}, "rejected", ("vendor", "guide")),
    ({"name": 7}, "rejected", ("vendor",)),
    ([], "rejected", ("vendor",)),
    ({"name": "a", "loose": "too long"}, "unspecified", ()),
    ({"name": "a", "mail": "no address"}, "unspecified", ()),
    ({"name": "a", "size": 0}, "unspecified", ("guide",)),
    ({"name": "a", "size": "1"}, "rejected", ("vendor",)),
    ({"name": "a", "size": 1.0}, "accepted", ("vendor",)),
    ({"name": "a", "text": "x" * 100}, "unspecified", ("guide",)),
    ({"name": "a", "text": "x" * 99}, "accepted", ("vendor",)),
    ({"name": "a", "old": {}}, "rejected", ("vendor",)),
    ({"name": "a", "old": {"b": 1}}, "unspecified", ("guide",)),
    ({"name": "a", "list": [{}]}, "accepted", ("vendor",)),
    ({"name": "a", "list": [{}, {"odd": 1}]}, "unspecified", ("guide",)),
    ({"name": "a", "list": [7]}, "rejected", ("vendor",)),
    ({"name": "a", "gone": 1}, "rejected", ("vendor",)),
]


@pytest.mark.parametrize(("value", "outcome", "sources"), EXPECTED)
def test_a_body_is_accepted_rejected_or_undecided(value: Any, outcome: str, sources: tuple[str, ...]) -> None:
    expectation = ORACLE.expectation(value)

    assert outcome == expectation.outcome, expectation.reason
    assert sources == expectation.sources
    assert expectation.reason


def test_a_refusal_names_the_rule_and_its_place_and_never_the_value() -> None:
    expectation = ORACLE.expectation({"name": "far too long a name"})

    assert "invalid" == expectation.rejection
    assert "name: maxLength 5" == expectation.reason
    assert "openapi.json#/components/schemas/cited/properties/name/maxLength" == expectation.schema_at


def test_a_member_that_may_not_be_there_breaks_properties() -> None:
    (violation,) = ORACLE.violations({"name": "a", "gone": 1})

    assert ("properties", ("gone",)) == (violation.keyword, violation.path)


def test_a_union_is_told_by_the_titles_of_its_members() -> None:
    schema = made.cited({"title": "t", "anyOf": [{"title": "text", "required": ["a"]}, {"required": ["b"]}]})
    document = {"components": {"schemas": {"u": schema}}}
    (violation,) = Oracle(document, {"$ref": "#/components/schemas/u"}).violations({})

    assert "the body: anyOf of text | " in violation.message


def test_clauses_tell_whose_echo_is_open() -> None:
    (clause,) = [clause for clause in ORACLE.clauses({"name": "a", "text": "x" * 100}) if not clause.keyword]

    assert (("text",), ("text",), "no limit is known") == (clause.path, clause.echo, clause.reason)
    assert 1 == len(ORACLE.clauses({"size": 3}))


def test_written_numbers_are_numbers() -> None:
    assert ORACLE.valid({"name": "a", "size": Written("1.0")})
    assert not ORACLE.valid({"name": "a", "size": Written("1.5")})
    assert ORACLE.valid({"name": "a", "list": [{"x": Written("6e1")}]})


def test_sources_of_a_keyword_fall_back_to_those_of_the_type() -> None:
    node = {"x-source": {"type": "one", "maximum": ["two", "three"]}}

    assert ("two", "three") == sources_of(node, "maximum")
    assert ("one",) == sources_of(node, "minimum")
    assert ("all",) == sources_of({"x-source": "all"}, "minimum")
    assert () == sources_of({}, "minimum") == sources_of(False, "minimum") == source_ids(None)


def test_a_schema_that_cannot_be_used_is_one_clear_line() -> None:
    with pytest.raises(CannotTell, match="cannot be used"):
        Oracle({}, {"type": "strng"})
    with pytest.raises(CannotTell, match="cannot be used"):
        Oracle({}, {"$ref": "#/components/schemas/nowhere"})


def test_every_refusal_of_the_meeting_cites_a_source_that_exists() -> None:
    contract = load.load_contract()
    oracle = Oracle(contract.document, contract.operations["create_meeting"].request_schema)
    bodies: list[Any] = [
        {"session_keep_alive_time_in_secs": 59},
        {"recording_config": {"realtimekit_bucket_config": {}}},
        {"recording_config": {"storage_config": {"type": "sftp"}}},
        {"persist_chat": None},
    ]
    told = [oracle.expectation(body) for body in bodies]

    assert ["rejected"] * 4 == [expectation.outcome for expectation in told]
    assert all(set(expectation.sources) <= set(contract.sources) and expectation.sources for expectation in told)


def test_a_schema_that_stands_in_the_document_itself_has_its_place_there() -> None:
    """A success envelope without `data` points at the line of the answer's schema, and cites its sources."""
    contract = load.load_contract()
    schema = contract.operations["create_meeting"].success_schemas[201]
    oracle = Oracle(contract.document, schema)
    violation = next(one for one in oracle.violations({"success": True}) if one.keyword == "required")

    assert "the body: required ['data']" == violation.message
    assert violation.schema_pointer.endswith("/responses/201/content/application~1json/schema/required")
    assert schema["x-source"] == oracle.node(violation.schema_pointer)["x-source"]
