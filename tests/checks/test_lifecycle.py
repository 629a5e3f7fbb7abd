"""
Each relation holds where it should, and is found broken where it does not.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from rtkcontract.checks.lifecycle import RELATIONS, judge_step
from rtkcontract.model import Answered, Case, Expectation, Finding, Relation, Response, Scenario, Step

OBJECT = {"at": "", "of_at": "", "members": ["id", "name", "tags", "when"]}
LIST = {"items_at": "/items", "total_at": "/total", "key": "id", "id_at": "/id"}
ONE = {"id": "1", "name": "a", "tags": ["x", "y"], "when": "2026-01-01T00:00:00.123Z"}


def case(name: str, content: Any = None) -> Case:
    return Case(
        id=name,
        operation="make",
        side="scenario",
        partition="x",
        content=b"" if content is None else json.dumps(content).encode(),
        expect=Expectation(outcome="accepted", reason=""),
    )


def answered(body: Any, status: int = 200) -> Answered:
    return Answered(response=Response(status=status, headers=(), content=json.dumps(body).encode()), elapsed_s=0.0)


def judged(
    name: str, now: Any, *before: Any, sources: tuple[str, ...] = ("http",), status: int = 200, **arguments: Any
) -> tuple[Finding, ...]:
    """
    What a relation says of a response, given earlier ones: (sent, response) each.
    """
    earlier = [case(f"step-{number}", sent) for number, (sent, _) in enumerate(before)]
    relation = Relation(
        name=name, reason="why", of=tuple(each.id for each in earlier), sources=sources, arguments=arguments
    )
    last = Step(case=case("last"), relations=(relation,))
    scenario = Scenario(
        id="s", operation="make", kind="k", note="", steps=(*(Step(case=each) for each in earlier), last)
    )
    seen = {each.id: answered(body) for each, (_, body) in zip(earlier, before, strict=True)}
    return judge_step(scenario, "last", {**seen, "last": answered(now, status)})


def listed(*ids: str, total: int | None = None) -> dict[str, Any]:
    return {"items": [{"id": one} for one in ids], "total": len(ids) if total is None else total}


@pytest.mark.parametrize(
    ("name", "now", "before", "arguments"),
    [
        ("same", ONE, [(None, ONE)], OBJECT),
        ("same", {**ONE, "tags": ["y", "x"]}, [(None, ONE)], OBJECT),
        ("same", {**ONE, "when": "2026-01-01T01:00:00.123+01:00"}, [(None, ONE)], OBJECT),
        ("same", {"id": "1"}, [({}, ONE)], OBJECT),
        ("holds", ONE, [({"name": "a", "other": 1}, {})], OBJECT),
        ("holds", {"id": "1"}, [({"name": "a"}, {})], OBJECT),
        ("one-of", ONE, [({"name": "b"}, {}), ({"name": "a"}, {})], OBJECT),
        ("forgets", {"name": ""}, [({"name": "a"}, {})], OBJECT),
        ("moves", {"when": "2026-01-01T00:00:00.200Z"}, [(None, ONE)], {**OBJECT, "member": "when"}),
        (
            "moves",
            {"when": "2026-01-01T00:00:00Z"},
            [(None, {"when": "2026-01-01T00:00:00Z"})],
            {"at": "", "of_at": "", "member": "when"},
        ),
        ("distinct", {"id": "2"}, [(None, ONE)], {"at": "/id"}),
        ("shows", listed("3", "1"), [(None, ONE)], LIST),
        ("shows", listed("3", total=9), [(None, ONE)], {**LIST, "paged": True}),
        ("hides", listed("3"), [(None, ONE)], LIST),
        ("item", {"items": [{"id": "1", "name": "a"}]}, [(None, ONE)], {**LIST, "of_at": "", "members": ["name"]}),
        ("total", listed("1", "2", total=5), [(None, listed("1", "2", "3", "4", "5"))], {**LIST, "size": 2}),
        (
            "divides",
            listed("3"),
            [(None, listed("1", "2", "3")), (None, listed("1", "2")), (None, listed("3"))],
            {**LIST, "size": 2},
        ),
        (
            "divides",
            listed("3"),
            [(None, listed("1", "2", "3")), (None, listed("3")), (None, listed())],
            {**LIST, "size": 2},
        ),
        ("same-list", listed("1", "2"), [(None, listed("1", "2"))], LIST),
        ("fits", {"items": [{"kind": "cat"}, {}]}, [], {"items_at": "/items", "member": "kind", "value": "cat"}),
        ("ordered", listed("1", "2"), [(None, {"id": "1"}), (None, {"id": "2"})], {**LIST, "descending": False}),
    ],
)
def test_a_relation_that_holds_says_nothing(name: str, now: Any, before: list[Any], arguments: dict[str, Any]) -> None:
    assert () == judged(name, now, *before, **arguments)


@pytest.mark.parametrize(
    ("name", "now", "before", "arguments", "where"),
    [
        ("same", {**ONE, "name": "b"}, [(None, ONE)], OBJECT, "/name"),
        ("same", {"id": "1", "tags": ["x", "y"], "when": ONE["when"]}, [({"name": "a"}, ONE)], OBJECT, "/name"),
        ("holds", {"name": "b"}, [({"name": "a"}, {})], OBJECT, "/name"),
        (
            "one-of",
            {"name": "a", "tags": [2]},
            [({"name": "a", "tags": [1]}, {}), ({"name": "b", "tags": [2]}, {})],
            OBJECT,
            "",
        ),
        ("forgets", ONE, [({"name": "a"}, {})], OBJECT, "/name"),
        ("moves", ONE, [(None, ONE)], {**OBJECT, "member": "when"}, "/when"),
        ("distinct", ONE, [(None, ONE)], {"at": "/id"}, "/id"),
        ("shows", listed("3"), [(None, ONE)], LIST, "/items"),
        ("shows", listed("1", "1"), [(None, ONE)], LIST, "/items"),
        ("hides", listed("1"), [(None, ONE)], LIST, "/items"),
        (
            "item",
            {"items": [{"id": "1", "name": "b"}]},
            [(None, ONE)],
            {**LIST, "of_at": "", "members": ["name"]},
            "/items/…/name",
        ),
        ("total", listed("1", "2", "3"), [], {**LIST, "size": 2}, "/items"),
        ("total", listed("1", "2", total=1), [], LIST, "/total"),
        ("total", listed("1", total=4), [(None, listed("1", "2", "3", "4", "5"))], LIST, "/total"),
        (
            "divides",
            listed(),
            [(None, listed("1", "2", "3")), (None, listed("1", "2")), (None, listed("2", "3"))],
            {**LIST, "size": 2},
            "/items",
        ),
        (
            "divides",
            listed(),
            [(None, listed("1", "2", "3", "4")), (None, listed("1", "2")), (None, listed("4"))],
            {**LIST, "size": 2},
            "/items",
        ),
        (
            "divides",
            listed(),
            [(None, listed("1", "2", "3", total=4)), (None, listed("1", "2")), (None, listed("3"))],
            {**LIST, "size": 2},
            "/items",
        ),
        ("same-list", listed("2", "1"), [(None, listed("1", "2"))], LIST, "/items"),
        (
            "fits",
            {"items": [{"kind": "dog"}]},
            [],
            {"items_at": "/items", "member": "kind", "value": "cat"},
            "/items/0/kind",
        ),
        (
            "ordered",
            listed("2", "1"),
            [(None, {"id": "1"}), (None, {"id": "2"})],
            {**LIST, "descending": False},
            "/items",
        ),
    ],
)
def test_a_broken_relation_is_found(
    name: str, now: Any, before: list[Any], arguments: dict[str, Any], where: str
) -> None:
    (finding, *_) = judged(name, now, *before, **arguments)

    assert ("lifecycle", "last", where, "finding") == (finding.check, finding.case_id, finding.where, finding.severity)
    assert "why" in finding.expected


def test_what_no_source_decides_is_a_note() -> None:
    (finding,) = judged("distinct", ONE, (None, ONE), sources=(), at="/id")

    assert "note" == finding.severity


def test_a_refusal_is_for_the_status_to_judge() -> None:
    assert () == judged("distinct", ONE, (None, ONE), status=404, at="/id")


def test_every_relation_is_tried_above() -> None:
    assert 14 == len(RELATIONS)
