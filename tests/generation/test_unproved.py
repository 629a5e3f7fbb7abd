"""
A plan says what it cannot prove, and a plan that proves nothing never looks clean.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from generation.test_schema_forms import plan_of
from rtkcontract.cli.main import main

NOWHERE = {"type": "string", "pattern": "^(?=a)b$"}


def needed(**members: Any) -> Any:
    return {"type": "object", "required": list(members), "properties": members}


IMPOSSIBLE: dict[str, tuple[Any, str]] = {
    "a pattern that nothing matches": (needed(code=NOWHERE), "code"),
    "a pattern below": (needed(inner=needed(code=NOWHERE)), "inner.code"),
    "a format longer than it may be": (needed(day={"type": "string", "format": "date", "maxLength": 4}), "day"),
    "two patterns": (needed(x={"allOf": [{"pattern": "^a$"}, {"pattern": "^b$"}], "type": "string"}), "x"),
    "bounds that cross": (needed(n={"type": "integer", "minimum": 5, "maximum": 4}), "n"),
    "a member that may not be there": ({"type": "object", "required": ["x"], "additionalProperties": False}, "x"),
    "a false schema": (needed(x=False), "x"),
    "an item of a body": ({"type": "array", "items": NOWHERE, "minItems": 1}, "body"),
}


@pytest.mark.parametrize(("schema", "place"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_plan_without_a_valid_request_proves_nothing_and_names_the_place(schema: Any, place: str) -> None:
    plan, judge = plan_of(schema)
    first = plan.unproved[0]

    assert first.whole
    assert place in f"{first.place} {first.reason}"
    sent = [json.loads(case.content) for case in plan.cases if case.side == "valid" and case.content]
    assert not any(map(judge.is_valid, sent))


@pytest.mark.parametrize(
    ("schema", "place", "keyword"),
    [
        ({"type": "object", "properties": {"a": NOWHERE, "b": {"type": "boolean"}}}, "a", "pattern"),
        ({"type": "object", "properties": {"a": {"type": "string", "format": "iban"}}}, "a", "format"),
        ({"type": "object", "properties": {"a": {"type": "integer", "minimun": 3}}}, "a", "minimun"),
        ({"type": "object", "properties": {"a": {"type": "string", "maxLength": 10**7}}}, "a", "maxLength"),
        ({"type": "object", "properties": {"a": {"type": "array", "maxItems": 10**7}}}, "a", "maxItems"),
        ({"type": "object", "properties": {"a": {"type": "array", "contains": True, "minItems": 1}}}, "a", "contains"),
    ],
)
def test_what_is_not_proved_is_named_and_the_rest_goes_on(schema: Any, place: str, keyword: str) -> None:
    plan, _ = plan_of(schema)

    assert [(place, keyword, False)] == [(one.place, one.keyword, one.whole) for one in plan.unproved]
    assert any(case.expect.outcome == "accepted" for case in plan.cases)


def test_a_plan_that_proves_everything_says_nothing() -> None:
    assert () == plan_of(needed(a={"type": "string", "minLength": 1}, b={"type": "array", "items": True}))[0].unproved


@pytest.mark.parametrize(
    "command",
    [
        ["check", "--target", "emulator", "-q", "-p", "no:cacheprovider"],
        ["hunt", "--target", "emulator", "--side", "invalid", "--max-examples", "5"],
        ["record", "--target", "emulator", "--cassettes", "recordings"],
    ],
)
def test_the_verbs_cannot_tell(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "codes", "version": "1"},
        "paths": {
            "/codes": {
                "post": {
                    "operationId": "add_code",
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": needed(code=NOWHERE)}},
                    },
                    "responses": {"201": {"description": "made"}},
                }
            }
        },
    }
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, [*command, "--schemas", str(tmp_path)])

    assert 2 == done.exit_code, done.output
    assert "no valid request could be made" in done.output


def test_a_pattern_that_schemathesis_cannot_read_is_hunted_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = needed(code={"type": "string", "pattern": r"^\u{1F3A5}$"})
    content = {"application/json": {"schema": schema}}
    operation = {
        "operationId": "add_code",
        "requestBody": {"required": True, "content": content},
        "responses": {"201": {"description": "made"}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "codes", "version": "1"},
        "paths": {"/codes": {"post": operation}},
    }
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    words = ["hunt", "--target", "emulator", "--max-examples", "5", "--schemas", str(tmp_path)]
    done = CliRunner().invoke(main, words)

    assert 0 == done.exit_code, done.output
    assert "valid: " in done.output
