"""
Recordings are judged by today's contract, made within a budget, and kept through the growth of the schema.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from recorded import (
    NOON,
    STORED,
    TOKEN,
    answer,
    case_of,
    contract_and_operation,
    created,
    redactor,
    responder,
    sending,
    session,
    target_at,
)
from rtkcontract.contract import load
from rtkcontract.engine.loop import Exchange
from rtkcontract.engine.targets import Asking
from rtkcontract.errors import CannotTell
from rtkcontract.generation import plan as plans
from rtkcontract.json_schema.json_text import dumps, loads
from rtkcontract.model import Case, Contract, Observation, Operation, Request, Response, Unanswered
from rtkcontract.recordings import cassette
from rtkcontract.recordings import folder as cassette_folder
from rtkcontract.recordings import record as recording
from rtkcontract.recordings import replay as replaying
from rtkcontract.recordings.record import Budget
from rtkcontract.redaction.redactor import Redactor, redactor_of

CONTRACT, OPERATION = contract_and_operation()
SMOKE = plans.make(CONTRACT, OPERATION, "smoke").cases
Json = Any


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    The smoke plan recorded from the emulator.
    """
    folder = tmp_path_factory.mktemp("shelf")
    done = recording.record(session(folder), SMOKE)

    assert len(SMOKE) == done.written > 50
    return folder


@pytest.fixture
def own(shelf: Path, tmp_path: Path) -> Path:
    """
    A copy of the recordings that a test may spoil.
    """
    return Path(shutil.copytree(shelf, tmp_path / "own"))


def _judged(folder: Path, **options: Json) -> replaying.Report:
    cases, now = options.pop("cases", SMOKE), options.pop("now", NOON)
    return replaying.judge_folder(CONTRACT, OPERATION, cases, folder, now=now, **options)


def _of(report: replaying.Report, state: str) -> list[replaying.Entry]:
    return [entry for entry in report.entries if state in entry.states]


def test_fresh_recordings_are_ok_and_say_that_no_vendor_answered(shelf: Path) -> None:
    report = _judged(shelf)

    assert len(SMOKE) == report.counts["ok"] == report.counts["not from the vendor"]
    assert f"{len(SMOKE)} not from the vendor" in replaying.text(report)
    assert replaying.exit_code(report) == 0 == replaying.exit_code(report, release=True)


def test_an_empty_folder_is_all_missing_and_judges_nothing(tmp_path: Path) -> None:
    report = _judged(tmp_path)
    lines = replaying.text(report).splitlines()

    assert len(SMOKE) == report.counts["missing"] == len(report.entries)
    assert replaying.exit_code(report) == 2 == replaying.exit_code(report, release=True)
    assert lines[-1].startswith("no recording of create_meeting was found, so nothing was judged")
    assert "`rtkcontract record --target live`" in lines[-1]


def test_one_recording_is_enough_to_be_judged(shelf: Path, tmp_path: Path) -> None:
    path = cassette_folder.files(shelf)[0]
    (tmp_path / path.relative_to(shelf)).parent.mkdir(parents=True)
    shutil.copy(path, tmp_path / path.relative_to(shelf))
    report = _judged(tmp_path)

    assert (1, len(SMOKE) - 1) == (report.recorded, report.counts["missing"])
    assert replaying.exit_code(report) == 0
    assert replaying.exit_code(report, release=True) == 1
    assert "nothing was judged" not in replaying.text(report)


@pytest.mark.parametrize(("gone", "more"), [(10, ""), (11, "  … and 1 more"), (13, "  … and 3 more")])
def test_ten_entries_of_a_state_are_listed_and_the_rest_is_counted(own: Path, gone: int, more: str) -> None:
    for path in cassette_folder.files(own)[:gone]:
        path.unlink()
    lines = replaying.text(_judged(own)).splitlines()
    listed = [line for line in lines if line.startswith("  create_meeting/")]

    assert lines[0].startswith(f"missing (warning): {gone}. ")
    assert len(listed) == 10
    assert [more] * bool(more) == [line for line in lines if line.startswith("  …")]


def test_a_recording_without_a_case_is_orphaned_and_judged(shelf: Path) -> None:
    report = _judged(shelf, cases=SMOKE[1:])

    assert SMOKE[0].id in [entry.case for entry in _of(report, "orphaned")]
    assert 1 == report.counts["orphaned"]


@pytest.mark.parametrize(
    ("days", "state"), [(29, "ok"), (30, "ageing"), (89, "ageing"), (90, "expired"), (500, "expired")]
)
def test_age_is_told_by_the_recording(shelf: Path, days: int, state: str) -> None:
    """
    A copied folder has file times of today, and its recordings keep their age.
    """
    report = _judged(shelf, now=NOON + timedelta(days=days))

    assert len(SMOKE) == report.counts[state]
    assert replaying.exit_code(report) == 0
    assert int(state == "expired") == replaying.exit_code(report, release=True)


def test_the_ages_can_be_set(shelf: Path) -> None:
    report = _judged(shelf, now=NOON + timedelta(days=5), warn_days=1, expire_days=4)

    assert len(SMOKE) == report.counts["expired"]


def test_an_edit_is_told_beside_its_effect(own: Path) -> None:
    path = next(path for path in cassette_folder.files(own) if path.name.startswith("minimal"))
    path.write_text(path.read_text(encoding="utf-8").replace("code: 201", "code: 400"), encoding="utf-8")
    report = _judged(own)
    entry = next(entry for entry in report.entries if entry.path.endswith(path.name))

    assert {"edited by hand", "finding", "not from the vendor"} == set(entry.states)
    assert replaying.exit_code(report) == 1


def test_no_provenance_is_told(own: Path) -> None:
    path = cassette_folder.files(own)[0]
    one = cassette.read(path)
    path.write_text(cassette.to_text(replace(one, provenance=None)), encoding="utf-8")
    report = _judged(own)

    assert 1 == report.counts["no provenance"]
    assert len(SMOKE) == report.counts["not from the vendor"]


def test_a_broken_file_hides_nothing_of_the_others(own: Path) -> None:
    first, second = cassette_folder.files(own)[:2]
    first.write_text("interactions: [", encoding="utf-8")
    second.write_bytes(second.read_bytes()[:200])
    report = _judged(own)

    assert 2 == report.counts["unreadable"] == report.counts["missing"]
    assert len(SMOKE) - 2 == report.counts["ok"]
    assert replaying.exit_code(report) == 2
    assert first.name in replaying.text(report)


def test_a_promise_broken_in_a_recording_is_a_finding(tmp_path: Path) -> None:
    bad = sending(lambda _: answer(created(id="no uuid")))
    recording.record(session(tmp_path, bad), [case_of()])
    report = _judged(tmp_path, cases=[case_of()])

    assert 1 == report.counts["finding"]
    assert "body_schema /data/id" in replaying.text(report)
    assert replaying.exit_code(report) == 1


def test_ids_that_repeat_are_seen_in_the_recordings(tmp_path: Path) -> None:
    """
    Redaction gives one id one stand-in wherever it comes.
    """
    same = sending(lambda _: answer(created()))
    cases = [case_of(b'{"title":"rtkcontract a"}', "a"), case_of(b'{"title":"rtkcontract b"}', "b")]
    recording.record(session(tmp_path, same), cases)
    report = _judged(tmp_path, cases=cases)

    assert "unique_ids" in replaying.text(report)


def _changed(folder: Path, change: Callable[[Json], None], rows: tuple[Json, ...] = ()) -> tuple[Contract, Operation]:
    """
    A copy of the schemas with one edit of the request schema.
    """
    shutil.copytree(load.data_folder("schemas"), folder, dirs_exist_ok=True)
    path = folder / "create_meeting" / "request.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    change(schema)
    path.write_text(json.dumps(schema), encoding="utf-8")
    if rows:
        text = "".join(dumps(row) + "\n" for row in rows)
        (folder / "create_meeting" / "rows.jsonl").write_text(text, encoding="utf-8")
    contract = load.load_contract(folder)
    return contract, contract.operations["create_meeting"]


def _maximum(limit: int) -> Callable[[Json], None]:
    def change(schema: Json) -> None:
        schema["properties"]["session_keep_alive_time_in_secs"]["maximum"] = limit

    return change


def test_a_narrower_limit_names_what_is_invalid_missing_and_orphaned(shelf: Path, tmp_path: Path) -> None:
    """
    The keep-alive maximum goes from 600 to 300: told offline, by case and with the body.
    """
    contract, operation = _changed(tmp_path / "schemas", _maximum(300))
    cases = plans.make(contract, operation, "smoke").cases
    report = replaying.judge_folder(contract, operation, cases, shelf, now=NOON)
    invalid = _of(report, "accepted then, invalid now")

    assert invalid
    assert all("session_keep_alive_time_in_secs: maximum 300" in entry.notes[0] for entry in invalid)
    assert "create_meeting/session_keep_alive_time_in_secs/at-maximum" in [entry.case for entry in invalid]
    assert 'body {"session_keep_alive_time_in_secs":600}' in replaying.text(report)
    assert report.counts["missing"] > 0
    assert report.counts["orphaned"] > 0
    assert replaying.exit_code(report) == 0
    assert replaying.exit_code(report, release=True) == 1


def test_a_wider_limit_names_what_is_valid_now(shelf: Path, tmp_path: Path) -> None:
    contract, operation = _changed(tmp_path / "schemas", _maximum(601))
    cases = plans.make(contract, operation, "smoke").cases
    report = replaying.judge_folder(contract, operation, cases, shelf, now=NOON)
    found = _of(report, "refused then, valid now")

    assert found
    assert any("601" in note for entry in found for note in entry.notes)


# Growth.


def _new_member(schema: Json) -> None:
    schema["properties"]["waiting_room"] = {"type": "boolean", "x-source": "oas"}


def _new_nested(schema: Json) -> None:
    video = schema["properties"]["recording_config"]["properties"]["video_config"]
    video["properties"]["frame_rate"] = {"type": "integer", "minimum": 1, "maximum": 60, "x-source": "oas"}


def _new_object(schema: Json) -> None:
    schema["properties"]["chat_config"] = {
        "type": "object",
        "x-source": "oas",
        "properties": {"persist_days": {"type": "integer", "minimum": 1, "maximum": 90, "x-source": "oas"}},
    }


def _new_enum_value(schema: Json) -> None:
    schema["properties"]["recording_config"]["properties"]["audio_config"]["properties"]["codec"]["enum"].append("OPUS")


def _new_annotations(schema: Json) -> None:
    schema["properties"]["title"]["description"] = "Another description."
    schema["description"] = "Another one."


def _lost_enum_value(schema: Json) -> None:
    schema["properties"]["ai_config"]["properties"]["summarization"]["properties"]["summary_type"]["enum"].remove(
        "lecture"
    )


GROWTH = {
    "one optional member more": (_new_member, 1.0),
    "one nested optional member more": (_new_nested, 1.0),
    "one optional object more": (_new_object, 1.0),
    "one value more in an enumeration": (_new_enum_value, 0.98),
    "other descriptions": (_new_annotations, 1.0),
    "another maximum": (_maximum(900), 0.95),
    "one value less in an enumeration": (_lost_enum_value, 0.9),
}


@pytest.fixture(scope="module")
def standard() -> tuple[tuple[Json, ...], frozenset[str]]:
    """
    The rows of the standard plan, and the keys of all its cases once the rows are stored.
    """
    cases = plans.make(CONTRACT, OPERATION, "standard").cases
    rows = tuple(loads(case.content, as_written=True) for case in cases if case.partition == "combination")
    stored = replace(OPERATION, rows=rows)
    again = plans.make(CONTRACT, stored, "standard").cases

    assert len(rows) > 20
    return rows, frozenset(_keys(CONTRACT, stored, again))


def _keys(contract: Contract, operation: Operation, cases: tuple[Case, ...]) -> set[str]:
    return set(replaying.keyed(contract, cases, Redactor(contract)))


@pytest.mark.parametrize("name", GROWTH)
def test_growth_keeps_the_recordings(
    name: str, standard: tuple[tuple[Json, ...], frozenset[str]], tmp_path: Path
) -> None:
    """
    The share of recorded cases that the plan of the changed contract still has.
    """
    change, least = GROWTH[name]
    rows, before = standard
    contract, operation = _changed(tmp_path / "schemas", change, rows)
    after = _keys(contract, operation, plans.make(contract, operation, "standard").cases)
    kept = len(before & after) / len(before)
    print(f"{name}: {kept:.1%} of {len(before)} kept, {len(after - before)} new")  # noqa: T201

    assert kept >= least


# Recording.


def test_a_second_recording_sends_nothing(own: Path) -> None:
    asked: list[Request] = []

    def send(request: Request) -> Observation:
        asked.append(request)
        return Unanswered(reason="not to be asked")

    done = recording.record(session(own, send), SMOKE)

    assert (0, len(SMOKE)) == (done.due, done.kept)
    assert asked == []


def test_only_the_missing_and_the_expired_are_recorded(own: Path) -> None:
    for path in cassette_folder.files(own)[:5]:
        path.unlink()
    missing = recording.record(session(own), SMOKE)
    expired = recording.record(session(own, now=NOON + timedelta(days=90)), SMOKE)
    again = recording.record(session(own, now=NOON + timedelta(days=90)), SMOKE[:3], again=True)

    assert missing.written == 5
    assert len(SMOKE) == expired.written
    assert again.written == 3


def test_the_budget_of_requests_is_kept_and_the_next_goes_on(tmp_path: Path) -> None:
    first = recording.record(session(tmp_path), SMOKE, budget=Budget(max_requests=7))
    second = recording.record(session(tmp_path), SMOKE)

    assert (7, 7) == (first.sent, first.written)
    assert "7 requests" in first.stopped
    assert len(SMOKE) - 7 == second.written


def test_the_budget_of_meetings_is_kept_and_refusals_go_first(tmp_path: Path) -> None:
    done = recording.record(session(tmp_path), SMOKE, budget=Budget(max_meetings=3))
    refused = sum(case.expect.outcome == "rejected" for case in SMOKE)

    assert done.meetings == 3
    assert done.written >= refused + 3 - 1
    assert "3 meetings" in done.stopped


def test_no_answer_records_nothing(tmp_path: Path) -> None:
    done = recording.record(session(tmp_path, lambda _: Unanswered(reason=f"refused, {TOKEN}")), SMOKE[:4])

    assert len(done.unsettled) == 4
    assert done.written == 0
    assert TOKEN not in str(done)
    assert cassette_folder.files(tmp_path) == ()


def test_a_target_that_is_down_ends_the_recording(tmp_path: Path) -> None:
    """
    Five in a row are enough; one that answers in between begins the count anew.
    """
    down = recording.record(session(tmp_path, lambda _: Unanswered(reason="refused")), SMOKE)
    respond, turns = sending(responder(CONTRACT)), iter(range(10_000))

    def fitful(request: Request) -> Observation:
        return respond(request) if next(turns) % 5 == 4 else Unanswered(reason="late")

    shaky = recording.record(session(tmp_path, fitful), SMOKE[:20])

    assert (5, 0, 2) == (down.sent, down.written, recording.exit_code(down))
    assert "5 requests in a row got no answer" in down.stopped
    assert (20, 4, "") == (shaky.sent, shaky.written, shaky.stopped)


def test_another_server_is_recorded_once(tmp_path: Path) -> None:
    """
    Its recordings lie with the emulator's, and are found there when they are asked for again and compared.
    """
    server = replace(target_at("http://127.0.0.1:8080/client/v4"), kind="live")
    asking = Asking(target=server, send=sending(responder(CONTRACT)), limits=(), through="sockets")
    redacting = redactor_of(CONTRACT, server, STORED)
    own = replace(session(tmp_path), exchange=Exchange(CONTRACT, asking), redactor=redacting)
    first, second = recording.record(own, SMOKE), recording.record(own, SMOKE)

    assert (len(SMOKE), ()) == (first.written, first.elsewhere)
    assert (0, len(SMOKE)) == (second.due, second.kept)
    assert 10 == len(recording.compare(own, SMOKE).sample)
    assert {"emulator"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_fault_of_the_service_is_no_recording(status: int, tmp_path: Path) -> None:
    done = recording.record(session(tmp_path, sending(lambda _: answer("<html>", status=status))), SMOKE[:4])

    assert 4 == len(done.unsettled) == done.sent
    assert cassette_folder.files(tmp_path) == ()


@pytest.mark.parametrize(
    ("status", "words"), [(429, "throttles"), (401, "refuses the token"), (403, "refuses the token")]
)
def test_an_answer_that_says_nothing_of_its_case_ends_the_recording(status: int, words: str, tmp_path: Path) -> None:
    done = recording.record(session(tmp_path, sending(lambda _: answer("{}", status=status))), SMOKE)

    assert done.sent == 1
    assert words in done.stopped
    assert cassette_folder.files(tmp_path) == ()


def test_a_refused_write_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    respond = responder(CONTRACT)
    turns = iter(range(10_000))

    def leaky(request: Request) -> Response:
        # Hidden so that redaction cannot see it.
        return answer(json.dumps(list(TOKEN))) if next(turns) == 5 else respond(request)

    done = recording.record(session(tmp_path, sending(leaky)), SMOKE)
    again = recording.record(session(tmp_path), SMOKE)

    assert [reason.partition(":")[2].split()[3] for _, reason in done.unsettled] == ["TOKEN"]
    assert (done.written, done.stopped, recording.exit_code(done)) == (len(SMOKE) - 1, "", 2)
    assert (again.sent, recording.exit_code(again)) == (1, 0)
    assert TOKEN not in recording.recorded_text(done)


def test_a_recording_of_the_future_is_told_and_recorded_again(tmp_path: Path) -> None:
    recording.record(session(tmp_path, now=NOON + timedelta(days=400)), SMOKE[:3])
    told = replaying.text(_judged(tmp_path, cases=SMOKE[:3], now=NOON), release=False)
    again = recording.record(session(tmp_path), SMOKE[:3])

    assert "recorded_at lies in the future" in told
    assert (again.sent, again.kept) == (3, 0)


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    recording.record(session(tmp_path), SMOKE[:6], progress=lambda done, of: steps.append((done, of)))

    assert [(number, 6) for number in range(1, 7)] == steps


# Comparing.


def _with(change: Callable[[Json], None]) -> recording.Session:
    respond = responder(CONTRACT)

    def changed(request: Request) -> Response:
        response = respond(request)
        body = json.loads(response.content)
        if "data" in body:
            change(body["data"])
        return replace(response, content=json.dumps(body).encode())

    return session(Path(), sending(changed))


@pytest.mark.parametrize(
    ("change", "kind", "severity"),
    [
        (lambda data: data.update(is_large=False), "added", "note"),
        (lambda data: data.pop("status"), "removed", "finding"),
        (lambda data: data.update(session_keep_alive_time_in_secs="60"), "retyped", "finding"),
        (lambda data: data.update(new={"a": {"b": 1}}), "added", "note"),
    ],
)
def test_comparing_tells_what_changed_in_shape(
    shelf: Path, change: Callable[[Json], None], kind: str, severity: str
) -> None:
    compared = recording.compare(replace(_with(change), folder=shelf), SMOKE, sample=40)

    assert len(compared.sample) == 40
    assert compared.differences
    assert {(kind, severity)} == {(one.kind, one.severity) for one in compared.differences}


def test_comparing_an_unchanged_target_finds_nothing(shelf: Path) -> None:
    compared = recording.compare(replace(_with(lambda _: None), folder=shelf), SMOKE, sample=40)
    fewer = recording.compare(replace(_with(lambda _: None), folder=shelf), SMOKE[::-1], sample=10)

    assert compared.differences == ()
    assert compared.sample[:10] == fewer.sample
    assert 5 == sum(case.expect.outcome != "rejected" for case in SMOKE if case.id in fewer.sample)
    assert "40 recordings compared: 0 findings, 0 notes" in recording.compared_text(compared)


def test_comparing_without_recordings_cannot_tell(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match="record first"):
        recording.compare(session(tmp_path), SMOKE)


# Promoting.


def test_a_found_body_becomes_a_case(tmp_path: Path) -> None:
    shutil.copytree(load.data_folder("schemas"), tmp_path, dirs_exist_ok=True)
    path = tmp_path / "create_meeting" / "corpus.jsonl"
    body = b'{"record_on_start": true, "session_keep_alive_time_in_secs": 433.0}'
    name = recording.promote(path, body, "found by exploration", redactor(CONTRACT))
    again = recording.promote(path, body, "found by exploration", redactor(CONTRACT))
    contract = load.load_contract(tmp_path)
    cases = plans.make(contract, contract.operations["create_meeting"], "smoke").cases
    found = [case for case in cases if case.side == "corpus"]

    assert name == again
    assert len(path.read_bytes().splitlines()) == 1
    assert [f"create_meeting/corpus/{name}"] == [case.id for case in found]
    assert b"433.0" in found[0].content


@pytest.mark.parametrize(
    ("body", "words"), [(b'{"a":1,"a":2}', "one meaning"), (json.dumps({"title": TOKEN}).encode(), "TOKEN")]
)
def test_what_cannot_be_promoted_is_told(body: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match=words) as told:
        recording.promote(tmp_path / "corpus.jsonl", body, "", redactor(CONTRACT))

    assert TOKEN not in str(told.value)
    assert not list(tmp_path.iterdir())


def test_each_state_has_a_weight_and_a_meaning() -> None:
    names = [state.name for state in replaying.STATES]

    assert len(names) == len(set(names)) == 12
    assert all(state.meaning for state in replaying.STATES)


def test_verdicts_come_in_the_order_of_the_plan(shelf: Path) -> None:
    report = _judged(shelf)

    assert [case.id for case in SMOKE] == [entry.case for entry in report.entries]
