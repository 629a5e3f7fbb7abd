"""
Files of every form: what they are taken for, what is refused by its name, and what a broken or huge one costs.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from rtkcontract.contract import load
from rtkcontract.errors import CannotTell
from rtkcontract.validation import rules
from rtkcontract.validation.inputs import MOST_BYTES_OF_A_VALUE, read
from rtkcontract.validation.verdict import Form, Listing, Tally, Verdict, text

Json = Any
CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
VALIDATE = [sys.executable, "-m", "rtkcontract", "validate"]
MOMENT = "2026-05-04T08:15:30.250Z"
MEETING = {"id": "0b5f1c1e-8a44-4a6a-9a57-3d3a7a0b2f11", "created_at": MOMENT, "updated_at": MOMENT, "title": "a"}
CREATED = json.dumps({"success": True, "data": MEETING})


def _verdicts(content: bytes | str, form: Form = "auto") -> list[Verdict]:
    data = content.encode() if isinstance(content, str) else content
    return list(rules.verdicts(CONTRACT, OPERATION, io.BytesIO(data), name="the file", form=form))


def _code(content: bytes | str) -> int:
    tally = Tally()
    for one in _verdicts(content):
        tally.add(one)
    return tally.exit_code


# ---- documents of another layout

ENTRY = {"startedDateTime": MOMENT, "request": {"method": "POST", "url": "https://example.com/"}, "response": {}}
DOCUMENTS: dict[str, tuple[Json, str]] = {
    "HAR without entries": ({"log": {}}, "HAR file without a list"),
    "HAR with entries of text": ({"log": {"entries": "no"}}, "HAR file without a list"),
    "HAR with nothing in it": ({"log": {"entries": []}}, "without an entry"),
    "entries alone": ({"entries": [ENTRY]}, "without `log` around it"),
    "one entry": (ENTRY, "one entry of a HAR file"),
    "a list of entries": ([ENTRY], "one entry of a HAR file"),
    "cassette before 1.0": ([{"request": {"method": "GET", "host": "x"}, "response": {"body": ""}}], "vcr.migration"),
    "interactions of text": ({"interactions": "no", "version": 1}, "interactions are no list"),
    "no interaction": ({"http_interactions": [], "recorded_with": "x"}, "without an interaction"),
    "Postman": ({"info": {"name": "a", "_postman_id": "b"}, "item": []}, "Postman collection"),
    "Postman, wrapped": ({"collection": {"info": {}, "item": []}}, "Postman collection"),
    "Insomnia": ({"_type": "export", "__export_format": 4, "resources": []}, "Insomnia"),
    "Pact": ({"consumer": {"name": "a"}, "provider": {"name": "b"}, "interactions": [{"request": {}}]}, "Pact"),
    "Pact 4": ({"consumer": {}, "provider": {}, "metadata": {}, "messages": []}, "Pact"),
    "WireMock": ({"mappings": [{"request": {}, "response": {}}], "meta": {"total": 1}}, "WireMock"),
    "one mapping": ({"id": "a", "uuid": "a", "request": {"url": "/"}, "response": {"status": 200}}, "WireMock"),
    "Hoverfly": ({"data": {"pairs": [{"request": {}}]}, "meta": {"schemaVersion": "v5"}}, "Hoverfly"),
    "mountebank": ({"imposters": [{"port": 1}]}, "mountebank"),
    "nock": ([{"scope": "https://example.com", "method": "POST", "path": "/", "status": 201}], "nock"),
    "request and response": ({"request": {"body": {"title": 5}}, "response": {}}, "no layout of a cassette"),
    "OpenAPI": ({"openapi": "3.1.0", "info": {"title": "a"}, "paths": {}}, "OpenAPI document"),
    "Swagger": ({"swagger": "2.0", "info": {"title": "a"}, "paths": {}}, "Swagger 2"),
    "AsyncAPI": ({"asyncapi": "3.0.0", "info": {"title": "a"}}, "AsyncAPI"),
    "JSON Schema": ({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "a"}, "JSON Schema"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 1])
def test_a_document_of_another_layout_is_refused_by_its_name(name: str, indent: int | None) -> None:
    value, told = DOCUMENTS[name]
    with pytest.raises(CannotTell, match=r"^the file ") as caught:
        _verdicts(json.dumps(value, indent=indent) + "\n")

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["openapi: 3.1.0\npaths: {}\n", "---\ntitle: a\n", "title: a", "%YAML 1.2\n---\n{}"]
)
def test_yaml_that_is_no_cassette_is_called_yaml(content: str) -> None:
    with pytest.raises(CannotTell, match="is YAML, of which cassettes alone are read; give JSON"):
        _verdicts(content)


@pytest.mark.parametrize("value", [{"name": "a", "version": "1"}, {"level": "info", "msg": "a"}, {"foo": {"title": 5}}])
def test_an_object_of_which_nothing_is_declared_is_no_body(value: Json) -> None:
    (found,) = _verdicts(json.dumps(value))
    (as_body,) = _verdicts(json.dumps(value), "body")

    assert ("unreadable", 2) == (found.outcome, _code(json.dumps(value)))
    assert f"none of its members ({', '.join(value)}) is one of the request body of create_meeting" in found.notes[0]
    assert "unspecified" == as_body.outcome


def test_a_body_of_another_operation_is_told_which() -> None:
    (found,) = _verdicts('{"preset_name": "host"}')

    assert "unreadable" == found.outcome
    assert "--operation" in found.notes[0]


@pytest.mark.parametrize(
    "content", ["{}", '{"titel": "a"}', '{"title": "a", "name": "b"}', '{"title": "a", "log": {}}']
)
def test_what_is_or_is_nearly_a_body_is_one(content: str) -> None:
    (found,) = _verdicts(content, "body" if "log" in content else "auto")

    assert "body" == found.kind
    assert found.outcome in ("accepted", "unspecified")


# ---- responses without their envelope


@pytest.mark.parametrize("value", [MEETING, [MEETING], {"meeting": MEETING}, {"id": "a"}, {}, "created", None])
def test_a_response_without_its_envelope_is_told_so(value: Json) -> None:
    """A list is a list of responses."""
    (found,) = _verdicts(json.dumps(value), "answer")

    assert "rejected" == found.outcome
    assert "the envelope is missing: a success has `success` and `data`" in found.notes[0]
    assert not any("three known error envelopes" in one.rule for one in found.broken)


@pytest.mark.parametrize("value", [{"success": True, "data": MEETING}, {"success": False, "errors": [{"code": 1}]}])
def test_a_response_with_an_envelope_is_not(value: Json) -> None:
    (found,) = _verdicts(json.dumps(value), "answer")

    assert not any("envelope" in note for note in found.notes)


# ---- one rule for a body in a file and a body in an exchange

AMBIGUOUS = [
    '{"title": "a", "title": "b"}',
    '{"title": NaN}',
    '{"session_keep_alive_time_in_secs": 1e999}',
    '{"title": "a", "x": ' + "[" * 300 + "]" * 300 + "}",
    '{"session_keep_alive_time_in_secs": ' + "6" * 5_000 + "}",
]


@pytest.mark.parametrize("body", AMBIGUOUS)
def test_a_body_with_more_than_one_meaning_could_not_be_told_wherever_it_stands(body: str) -> None:
    asked = {
        "method": "POST",
        "url": "https://api.cloudflare.com/client/v4" + OPERATION.path.replace("{", "").replace("}", ""),
        "headers": [{"name": "content-type", "value": "application/json"}],
        "postData": {"mimeType": "application/json", "text": body},
    }
    got = {
        "status": 201,
        "headers": [],
        "content": {"mimeType": "application/json", "text": CREATED},
    }
    (in_file,) = _verdicts(body)
    (in_lines, _) = _verdicts(body + "\n{}")
    (sent,) = _verdicts(json.dumps({"log": {"entries": [{"request": asked, "response": got}]}}))
    outcomes = {in_file.outcome, in_lines.outcome, sent.outcome}

    assert outcomes == ({"unreadable", "rejected"} if "NaN" in body else {"unreadable"})


def test_findings_come_before_what_could_not_be_told() -> None:
    codes = {
        "{}": 0,
        '{"title": 5}': 1,
        "{}\n{": 2,
        '{}\n{"title": "a", "title": "b"}': 2,
        '{"title": 5}\n{"title": "a", "title": "b"}': 1,
        '[{}, {"title": 5}, ]': 1,
        "[{}, ]": 2,
    }

    assert codes == {content: _code(content) for content in codes}


# ---- many verdicts


def test_equal_causes_are_shown_three_times_and_counted() -> None:
    listing = Listing()
    lines = [{"session_keep_alive_time_in_secs": number % 59} for number in range(2_000)] + [{"title": 5}]
    shown = [one for one in _verdicts("\n".join(map(json.dumps, lines))) if listing.shows(one)]

    assert [1, 2, 3, 2_001] == [one.line for one in shown]
    assert [
        "… and 1,997 more: outside the contract: session_keep_alive_time_in_secs: it must be at least 60 (60 to 600)",
        "--every shows each of them",
    ] == listing.text().splitlines()


def test_places_in_lists_and_values_make_no_causes_of_their_own() -> None:
    listing = Listing()
    for number in range(50):
        (found,) = _verdicts(json.dumps({"title": "a", f"stranger{number}": 1}))
        listing.shows(found)

    assert 1 == len(listing.counts)


def test_every_shows_all_and_a_bound_keeps_causes_few() -> None:
    every, bounded = Listing(every=True), Listing()
    found = Verdict(number=1, kind="body", outcome="unreadable", notes=("broken",))

    assert [True] * 9 == [every.shows(found) for _ in range(9)]
    assert "" == every.text()
    for number in range(300):
        bounded.shows(Verdict(number=1, kind="body", outcome="unreadable", notes=("broken " + "x" * number,)))
    assert len(bounded.counts) <= 101
    assert "of other causes" in bounded.text()


@pytest.mark.parametrize("name", ["\ud800", "\x1b[31mred", "::error::no", "a\nb", "\u202etxt", "a.b[0] c"])
def test_a_name_is_shown_so_that_it_does_nothing(name: str) -> None:
    (found,) = _verdicts(json.dumps({"title": 5, name: 1}))
    told = text(found)

    assert told == told.encode("utf-8").decode()
    assert not any(line.lstrip().startswith("::") for line in told.splitlines())
    assert all(sign == "\n" or sign.isprintable() for sign in told)


# ---- bounds


def test_a_value_that_is_too_large_is_told_and_the_next_is_judged() -> None:
    huge = '{"title": "' + "a" * MOST_BYTES_OF_A_VALUE + '"}'
    found = _verdicts(f'{{}}\n{huge}\n{{"title": 5}}\n')

    assert ["accepted", "unreadable", "rejected"] == [one.outcome for one in found]
    assert "more than 4 MB" in found[1].notes[0]
    assert ["unreadable"] == [one.outcome for one in _verdicts(huge)]


def test_a_long_list_is_read_item_by_item() -> None:
    content = b"[" + b",".join([b"{}"] * 300_000) + b"]"
    tracemalloc.start()
    count = sum(1 for _ in read(io.BytesIO(content), "the file"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 300_000 == count
    assert peak < 8 * len(content)


def _run(*argv: str, **how: Json) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*VALIDATE, *argv], capture_output=True, text=True, timeout=60, check=False, **how)


def test_a_closed_input_an_input_error_and_a_folder_are_one_line(tmp_path: Path) -> None:
    closed = subprocess.run(
        ["/bin/sh", "-c", f"exec {' '.join(VALIDATE)} - <&-"], capture_output=True, text=True, timeout=60, check=False
    )
    for done in (closed, _run("/proc/self/mem"), _run(str(tmp_path)), _run(str(tmp_path / "none"))):
        assert (2, "") == (done.returncode, done.stdout)
        assert 1 == len(done.stderr.splitlines()), done.stderr
        assert "; " in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_stdout_takes_what_is_told(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "bodies.jsonl"
    path.write_text('{"\\ud800": 1, "title": 5, "Gr\u00fc\u00dfe \U0001f389": 2}\n' * 5, encoding="utf-8")
    done = _run(str(path), env={**os.environ, "PYTHONIOENCODING": encoding})

    assert (1, "") == (done.returncode, done.stderr)
