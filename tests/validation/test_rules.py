"""
Bodies, answers and exchanges against the contract: what is told, and how a file is read.
"""

from __future__ import annotations

import base64
import copy
import gzip
import io
import itertools
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.requests import written
from rtkcontract.errors import CannotTell
from rtkcontract.generation import plan as plans
from rtkcontract.json_schema.json_text import NotStrictJson, dumps, loads
from rtkcontract.validation import rules
from rtkcontract.validation.rules import Rules
from rtkcontract.validation.verdict import Form, Tally, Verdict, as_json, text

CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
RULES = Rules(CONTRACT, OPERATION)
URL = "https://api.cloudflare.com/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/realtime/kit/an-app/meetings"
MOMENT = "2026-01-31T12:00:00.000Z"
MEETING = {"id": "3b241101-e2bb-4255-8caf-4136c566a962", "created_at": MOMENT, "updated_at": MOMENT}
CREATED = {"success": True, "data": MEETING}
FORBIDDEN = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}
STORED = "a-credential-of-the-user"


def _verdicts(content: bytes | str, form: Form = "auto") -> list[Verdict]:
    data = content.encode() if isinstance(content, str) else content
    found = list(rules.verdicts(CONTRACT, OPERATION, io.BytesIO(data), name="the file", form=form))

    assert found
    return found


def _one(value: Any, form: Form = "auto") -> Verdict:
    (found,) = _verdicts(json.dumps(value), form)
    return found


def _outcomes(content: bytes | str) -> list[str]:
    return [verdict.outcome for verdict in _verdicts(content)]


def _entry(body: str, status: int = 201, answer: Any = CREATED, url: str = URL, method: str = "POST") -> dict[str, Any]:
    return {
        "startedDateTime": MOMENT,
        "time": 1,
        "request": {
            "method": method,
            "url": url,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "postData": {"mimeType": "application/json", "text": body},
        },
        "response": {
            "status": status,
            "headers": [],
            "content": {"size": 1, "mimeType": "application/json", "text": json.dumps(answer)},
        },
    }


def _har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": list(entries)}}, indent=2)


# ---- what is told


def test_a_keep_alive_of_30_is_told_with_field_value_limit_and_source() -> None:
    """Five lines, each for a reader who has not seen the contract."""
    verdict = _one({"session_keep_alive_time_in_secs": 30})

    assert [
        "line 1: outside the contract (create_meeting, request body)",
        "  session_keep_alive_time_in_secs is 30",
        "    it must be at least 60 (60 to 600)",
        "    source: Cloudflare's published OpenAPI document, RealtimeKit, read 2026-11-22, and 2 more",
        "    schema: create_meeting/request.json#/properties/session_keep_alive_time_in_secs/minimum",
    ] == text(verdict).splitlines()


def test_the_json_form_says_the_same() -> None:
    told = as_json(_one({"session_keep_alive_time_in_secs": 601}))
    (broken,) = told["broken"]

    assert "rejected" == told["outcome"]
    assert ("session_keep_alive_time_in_secs", "601", "maximum") == (
        broken["field"],
        broken["value"],
        broken["keyword"],
    )
    assert "must be at most 600 (60 to 600)" == broken["rule"]
    assert {"id", "title", "where", "read"} == set(broken["sources"][0])
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({"title": 3}, "title", "must be a text or null"),
        ({"ai_config": {"summarization": {"word_limit": 149}}}, "ai_config.summarization.word_limit", "at least 150"),
        ({"ai_config": {"transcription": {"keywords": ["a", 3]}}}, "ai_config.transcription.keywords[1]", "a text"),
        ({"recording_config": {"audio_config": {"codec": "mp3"}}}, "recording_config.audio_config.codec", "MP3, AAC"),
        ({"recording_config": {"realtimekit_bucket_config": {}}}, "realtimekit_bucket_config.enabled", "is required"),
        ({"recording_config": {"storage_config": {"type": "aws"}}}, "storage_config", "lacks access_key, region"),
        ({"recording_config": {"storage_config": {"type": "sftp"}}}, "storage_config", "lacks private_key"),
        ([], "", "must be an object"),
    ],
)
def test_the_rule_is_told_in_words(body: Any, field: str, rule: str) -> None:
    if isinstance(body, list):
        body, form = [body], "body"
    else:
        form = "auto"
    verdict = _one(body, form)  # type: ignore[arg-type]
    told = [one for one in verdict.broken if one.field.endswith(field) and rule in one.rule]

    assert "rejected" == verdict.outcome
    assert told
    assert told[0].sources
    assert told[0].schema_at


def test_no_credential_is_shown() -> None:
    """A writeOnly member, its value of a wrong type, and whatever is called a secret stay out of text and JSON."""
    storage = {"type": "aws", "secret": STORED, "access_key": 47114711, "private_key": [STORED], "my_token": STORED}
    storage["auth_method"] = "PASSWORD"
    verdict = _one({"title": 3, "recording_config": {"storage_config": storage}})
    told = text(verdict) + dumps(as_json(verdict))

    assert 4 == len(verdict.broken)
    assert STORED not in told
    assert "47114711" not in told
    assert "(not shown)" in told


def test_what_no_source_decides_is_a_note() -> None:
    verdict = _one({"ai_config": {"transcription": {"language": "en"}}})

    assert "unspecified" == verdict.outcome
    assert ["note"] == [one.severity for one in verdict.broken]
    assert "note: ai_config.transcription.language is" in text(verdict)


def test_a_body_that_fits_two_members_of_a_union_has_its_note() -> None:
    storage = {"type": "gcs", "secret": "s", "bucket": "b", "region": "r", "auth_method": "KEY", "private_key": "p"}
    verdict = _one({"recording_config": {"storage_config": storage}})

    assert "unspecified" == verdict.outcome
    assert any("fits more than one member of the storage union" in note for note in verdict.notes)


def test_a_misspelt_member_is_told_with_the_one_that_is_meant() -> None:
    verdict = _one({"session_keepalive_time_in_secs": 30})

    assert "unspecified" == verdict.outcome
    assert "is session_keep_alive_time_in_secs meant?" in verdict.notes[0]


def test_bodies_of_the_plan_get_the_expectation_of_the_oracle() -> None:
    """Each derived body has the same outcome here and in the plan."""
    oracle = Oracle(CONTRACT.document, OPERATION.request_schema)
    seen = []
    for case in plans.make(CONTRACT, OPERATION, "standard").cases:
        if case.side in ("valid", "invalid"):
            told = RULES.body(case.content)
            seen.append(told.expect.outcome)
            expected = oracle.expectation(loads(case.content)).outcome

            assert (case.id, expected) == (case.id, told.expect.outcome)
            assert ("rejected" == expected) == any(one.severity == "finding" for one in told.broken)
    assert {"accepted", "rejected", "unspecified"} == set(seen)
    assert len(seen) > 50


def test_broken_json_of_the_written_cases_is_told_apart() -> None:
    """
    What is no JSON is outside; what the grammar leaves to parsers is undecided, and never more than the case says.
    """
    outcomes = {}
    for case in written(OPERATION):
        try:
            loads(case.content)
        except NotStrictJson:
            if case.overrides.method is None:
                outcomes[case.id] = (case.expect.outcome, RULES.body(case.content).expect.outcome)

    assert len(outcomes) > 10
    assert {("rejected", "rejected"), ("unspecified", "unspecified")} <= set(outcomes.values())
    assert ["create_meeting/json/infinite-number"] == [name for name, pair in outcomes.items() if len(set(pair)) > 1]


# ---- answers


def test_an_answer_is_told_apart_from_a_body() -> None:
    assert ["answer", "answer", "body"] == [_one(value).kind for value in (CREATED, FORBIDDEN, {"title": "data"})]
    assert "body" == _one(CREATED, "body").kind
    assert "answer" == _one({}, "answer").kind


def test_an_answer_that_breaks_the_contract_is_outside() -> None:
    verdict = _one({"success": True, "data": {**MEETING, "id": "7", "status": "GONE", "title": None}})

    assert "rejected" == verdict.outcome
    assert {("data.id", "finding"), ("data.status", "finding"), ("data.title", "note")} == {
        (one.field, one.severity) for one in verdict.broken
    }
    assert '  data.status: "GONE"' in text(verdict)


@pytest.mark.parametrize("value", [CREATED, FORBIDDEN, {"success": False, "error": {"code": 404, "message": "none"}}])
def test_a_lawful_answer_is_within(value: Any) -> None:
    assert "accepted" == _one(value).outcome


# ---- exchanges


def test_a_member_that_is_missing_from_an_answer_is_told_by_its_name() -> None:
    """One rule a member, and not the list of all that is required."""
    told = text(_one({"success": True, "data": {"id": CREATED["data"]["id"]}}))

    assert "  data.created_at: missing\n    expected a required member\n" in told
    assert "  data.updated_at: missing\n" in told
    assert "data.id" not in told


def test_each_exchange_of_a_har_file_is_judged_and_others_are_counted() -> None:
    tally = Tally()
    entries = (
        _entry('{"title": "a"}', answer={"success": True, "data": {**MEETING, "title": "a"}}),
        _entry('{"title": "a"}', answer={"success": True, "data": {**MEETING, "title": "b"}}),
        _entry(
            '{"session_keep_alive_time_in_secs": 30}', 400, {"success": False, "error": {"code": 400, "message": "no"}}
        ),
        _entry("", url="https://example.com/index.html", method="GET"),
        _entry("{}", method="OPTIONS"),
    )
    found = [tally.add(verdict) for verdict in _verdicts(_har(*entries))]

    assert ["accepted", "rejected", "rejected", "other", "other"] == [verdict.outcome for verdict in found]
    assert [("answer", "echo")] == [(one.part, one.keyword) for one in found[1].broken]
    assert [("request", "minimum")] == [(one.part, one.keyword) for one in found[2].broken]
    assert "the target refused the request with 400" in found[2].notes
    assert 1 == tally.exit_code
    assert "1 within the contract, 2 outside, 2 of other operations, not judged" == tally.text()
    assert "023e105f4ecef8ad9ca31a8372d0c353" not in "".join(map(text, found))


def test_a_file_without_an_exchange_of_ours_cannot_be_told() -> None:
    tally = Tally()
    for verdict in _verdicts(_har(_entry("", url="https://example.com/", method="GET"))):
        tally.add(verdict)

    assert 2 == tally.exit_code
    assert "nothing was judged: 1 of other operations, not judged" == tally.text()


def test_an_accepted_body_that_should_be_refused_is_told_on_both_sides() -> None:
    (verdict,) = _verdicts(_har(_entry('{"session_keep_alive_time_in_secs": 30}')))

    assert ["request", "answer"] == [one.part for one in verdict.broken]
    assert "a 4xx" in verdict.broken[1].rule


@pytest.mark.parametrize(
    ("status", "outcome"), [(401, "accepted"), (403, "accepted"), (400, "accepted"), (429, "unspecified")]
)
def test_a_refusal_by_the_edge_says_nothing_of_the_body(status: int, outcome: str) -> None:
    (verdict,) = _verdicts(_har(_entry("{}", status, FORBIDDEN)))

    assert outcome == verdict.outcome
    assert any("not of the body" in note for note in verdict.notes)


def test_a_refusal_by_the_service_of_a_good_body_is_outside() -> None:
    (verdict,) = _verdicts(_har(_entry("{}", 400, {"success": False, "error": {"code": 400, "message": "no"}})))

    assert ["status"] == [one.keyword for one in verdict.broken]


def test_a_stored_credential_in_an_answer_is_told_and_not_shown() -> None:
    body = {"recording_config": {"storage_config": {"type": "gcs", "secret": STORED, "bucket": "b", "region": "r"}}}
    leaky = {"success": True, "data": {**MEETING, "note": f"kept {STORED}"}}
    (verdict,) = _verdicts(_har(_entry(json.dumps(body), answer=leaky)))

    assert ["secrets"] == [one.keyword for one in verdict.broken]
    assert STORED not in text(verdict)


def test_an_answer_that_the_file_left_out_is_not_judged() -> None:
    entry = _entry("{}")
    del entry["response"]["content"]["text"]
    (left_out,) = _verdicts(_har(entry))
    (never,) = _verdicts(_har({**_entry("{}"), "response": {"status": 0}}))

    assert ["accepted", "accepted"] == [left_out.outcome, never.outcome]
    assert ("the body of the response was not judged: the file does not keep it (it had 1 bytes)",) == left_out.notes
    assert ("there is no response, so the request alone was judged",) == never.notes
    assert "not answered" in text(never)


def test_entries_that_are_no_har_are_problems() -> None:
    assert ["unreadable", "unreadable", "accepted"] == _outcomes(_har({}, {"request": 3}, _entry("{}")))


def test_bytes_in_a_har_file_may_be_base64() -> None:
    entry = _entry("{}")
    text = entry["response"]["content"]["text"]
    entry["response"]["content"] |= {"text": base64.b64encode(text.encode()).decode(), "encoding": "base64"}

    assert ["accepted"] == _outcomes(_har(entry))


CASSETTE = f"""interactions:
- request:
    body: '{{"title": "a"}}'
    headers:
      Content-Type: [application/json]
    method: POST
    uri: {URL}
  response:
    body: {{string: '{json.dumps({"success": True, "data": {**MEETING, "title": "a"}})}'}}
    headers:
      Content-Type: [application/json]
    status: {{code: 201, message: Created}}
- request: {{body: '{{"title": 7}}', headers: {{content-type: [application/json]}}, method: POST, uri: "{URL}"}}
  response:
    body: {{string: !!binary {base64.b64encode(gzip.compress(json.dumps(CREATED).encode())).decode()}}}
    headers: {{content-type: [application/json], content-encoding: [gzip]}}
    status: {{code: 201, message: Created}}
- request: {{body: null, headers: {{}}, method: GET, uri: 'https://example.com/'}}
  response: {{body: {{string: ''}}, headers: {{}}, status: {{code: 200, message: OK}}}}
- {{}}
version: 1
"""


def test_each_interaction_of_a_cassette_is_judged() -> None:
    """One of stock vcrpy, with any number of interactions and a compressed answer."""
    found = _verdicts(CASSETTE)

    assert ["accepted", "rejected", "other", "unreadable"] == [verdict.outcome for verdict in found]
    assert ["request", "answer"] == [one.part for one in found[1].broken]


def test_a_cassette_may_be_json_with_base64() -> None:
    answer = {"base64_string": base64.b64encode(json.dumps(CREATED).encode()).decode()}
    node = {
        "request": {"method": "POST", "uri": URL, "body": "{}", "headers": {"Content-Type": "application/json"}},
        "response": {"status": {"code": 201}, "headers": {"content-type": ["application/json"]}, "body": answer},
    }

    assert ["accepted"] == _outcomes(json.dumps({"version": 1, "interactions": [node]}))


def test_another_media_type_leaves_the_body_undecided() -> None:
    entry = _entry("{}")
    entry["request"]["headers"] = [{"name": "Content-Type", "value": "text/plain"}]
    (verdict,) = _verdicts(_har(entry))

    assert "unspecified" == verdict.outcome
    assert ("content-type is text/plain; only application/json is declared",) == verdict.notes


def test_an_exchange_is_judged_by_the_operation_that_it_matches() -> None:
    """A second operation that takes no body: what a request sends with it is not judged."""
    document = copy.deepcopy(CONTRACT.document)
    item = document["paths"][OPERATION.path]
    item["get"] = {**item["post"], "operationId": "list_meetings"}
    del item["get"]["requestBody"]
    listing = replace(OPERATION, name="list_meetings", method="GET", request_schema={})
    contract = replace(CONTRACT, document=document, operations={OPERATION.name: OPERATION, "list_meetings": listing})
    har = _har(_entry("", method="GET"), _entry("{}"), _entry("{}", method="PUT")).encode()
    found = list(rules.verdicts(contract, OPERATION, io.BytesIO(har)))

    assert ["list_meetings", "create_meeting", ""] == [verdict.operation for verdict in found]
    assert ["accepted", "accepted", "other"] == [verdict.outcome for verdict in found]


def test_a_rule_without_words_of_its_own_is_told_by_its_keyword() -> None:
    document = copy.deepcopy(CONTRACT.document)
    schema = document["components"]["schemas"]["create_meeting.request"]
    schema["additionalProperties"] = False
    schema["x-source"] = {"type": "oas", "additionalProperties": "oas"}
    contract = replace(CONTRACT, document=document)
    found = list(rules.verdicts(contract, OPERATION, io.BytesIO(b'{"colour": "red"}'), form="body"))

    assert ["must keep additionalProperties false"] == [one.rule for verdict in found for one in verdict.broken]


def test_a_body_nested_too_deeply_is_undecided() -> None:
    assert "unspecified" == RULES.body(b"[" * 100_000).expect.outcome


# ---- forms of files


@pytest.mark.parametrize(
    ("content", "outcomes", "lines"),
    [
        ('{"title": "a"}', ["accepted"], [1]),
        ('\n\n{\n  "title": "a"\n}\n', ["accepted"], [3]),
        ('{"title": "a"}\n{"title": 1}\n\n{"title": "b"}', ["accepted", "rejected", "accepted"], [1, 2, 4]),
        ('{"title": "a"}\r\n{"title": 1}\r\n', ["accepted", "rejected"], [1, 2]),
        ('{"title": \n{"title": 1}\n{}', ["unreadable", "rejected", "accepted"], [1, 2, 3]),
        ('{"title": "a\n{}\n', ["unreadable", "accepted"], [1, 2]),
        ('{}\n{"title": NaN}\n{"a": 1, "a": 2}', ["accepted", "unreadable", "unreadable"], [1, 2, 3]),
        ("garbage\n{}\n", ["unreadable", "accepted"], [1, 2]),
        ('[\n {"title": "a"},\n {"title": 1},\n 3\n]', ["accepted", "rejected", "rejected"], [2, 3, 4]),
        ('[{"title": "a"}, {}]', ["accepted", "accepted"], [1, 1]),
        ('{\n"title": 1\n}\n{\n"title": "b"\n}', ["rejected", "accepted"], [1, 4]),
        ('\ufeff{"title": "a"}', ["accepted"], [1]),
        ("3", ["rejected"], [1]),
    ],
)
def test_the_form_is_told_by_the_content(content: str, outcomes: list[str], lines: list[int]) -> None:
    found = _verdicts(content)

    assert outcomes == [verdict.outcome for verdict in found]
    assert lines == [verdict.line for verdict in found]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"[]", "empty list"),
        (b'{"title": "a"', "not JSON: line 1, column 14: .* cut off"),
        (b'{\n "title": }', "not JSON: line 2, column 11: nothing that starts a JSON value"),
        (b"hello", "not JSON: .*; give JSON"),
        (b"- interactions\n- of: yaml", "not JSON: .*; give JSON"),
        (b"interactions: [", "cassette that cannot be read"),
        (b"interactions: []\nversion: 1", "without an interaction"),
        ('{"title": "a"}'.encode("utf-16"), "UTF-16"),
        (gzip.compress(b"{}", mtime=0), "compressed"),
        (b'{\n"title": "\xff"}', "line 2, column 11: a byte that is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"kind": "header", "planned": 3}\n{"kind": "result"}\n', "rtkcontract report"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(content: bytes, told: str) -> None:
    with pytest.raises(CannotTell, match=told) as caught:
        list(rules.verdicts(CONTRACT, OPERATION, io.BytesIO(content), name="the file"))

    assert str(caught.value).startswith("the file ")
    assert "\n" not in str(caught.value)


def test_exit_codes_are_0_within_1_outside_2_could_not_tell() -> None:
    def code(content: str) -> int:
        tally = Tally()
        for verdict in _verdicts(content):
            tally.add(verdict)
        return tally.exit_code

    assert 0 == code("{}")
    assert 0 == code('{"ai_config": {"transcription": {"language": "en"}}}')
    assert 1 == code('{"title": 1}')
    assert 2 == code("{}\nbroken")
    assert 1 == code('{"title": 1}\nbroken')
    assert 2 == code('{"a": 1, "a": 2}')


class _Endless(io.RawIOBase):
    """
    A pipe of JSON lines that counts what was read from it.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.lines, self.given = lines, 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self.given += 1
        return next(self.lines, b"")


def test_json_lines_are_judged_as_they_come() -> None:
    """The third verdict is there before the fifth line is read, and nothing is kept of 10,000 lines."""
    line = b'{"title": "Stand-up", "session_keep_alive_time_in_secs": 30}\n'
    pipe = _Endless(itertools.repeat(line, 10_000))
    stream = rules.verdicts(CONTRACT, OPERATION, pipe)  # type: ignore[arg-type]
    tally = Tally()
    for verdict in itertools.islice(stream, 3):
        tally.add(verdict)

    assert pipe.given <= 4

    for verdict in itertools.islice(stream, 9_000):
        tally.add(verdict)
    tracemalloc.start()
    for verdict in stream:
        tally.add(verdict)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 10_000 == tally.counts["rejected"] == tally.judged
    assert peak < 1_000_000
