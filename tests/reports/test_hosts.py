"""
What code hosts read (annotations, code quality, a badge), and the history of many runs.
"""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

import documented
from rtkcontract.engine import run_file
from rtkcontract.errors import CannotTell
from rtkcontract.model import Result
from rtkcontract.reports import annotations, history


def run_of(name: str, *, day: int = 1, base_url: str = "http://127.0.0.1:8080") -> run_file.Run:
    """
    A run with the finding of one check, or one in which its case is kept.
    """
    operation, result = documented.judged(name, documented.LIES[name])
    return dated(documented._run(operation, [result]), day, base_url)


def kept(run: run_file.Run, day: int) -> run_file.Run:
    entries = tuple(
        dataclasses.replace(entry, result=dataclasses.replace(entry.result, findings=(), status="pass"))
        for entry in run.entries
    )
    return dated(dataclasses.replace(run, entries=entries), day)


def dated(run: run_file.Run, day: int, base_url: str = "http://127.0.0.1:8080") -> run_file.Run:
    header = dataclasses.replace(run.header, started=f"2026-11-{day:02}T12:00:00Z", base_url=base_url)
    return dataclasses.replace(run, header=header)


def test_a_finding_is_one_workflow_command_at_its_rule() -> None:
    """The place is that of the rule; no character of the finding ends the command or a property early."""
    seen = []

    def place(schema_at: str) -> tuple[str, int]:
        seen.append(schema_at)
        return "api/a,b:c.json", 7

    (line,) = annotations.github(run_of("status"), place).splitlines()

    assert line.startswith("::error title=session_keep_alive_time_in_secs")
    properties = line.removeprefix("::error ").partition("::")[0]
    assert {"title", "file", "line"} == {each.partition("=")[0] for each in properties.split(",")}
    assert "file=api/a%2Cb%3Ac.json,line=7" in properties
    assert "%0ASend again: rtkcontract send " in line
    assert ["create_meeting/request.json#/properties/session_keep_alive_time_in_secs/minimum"] == seen


def test_a_contract_elsewhere_has_no_place() -> None:
    """No file is named that the repository does not have; GitLab, which demands one, gets the run."""
    run = dataclasses.replace(run_of("secrets"), name="run.jsonl")

    (issue,) = json.loads(annotations.code_quality(run, lambda _: None))

    assert "file=" not in annotations.github(run, lambda _: None)
    assert {"path": "run.jsonl", "lines": {"begin": 1}} == issue["location"]
    assert "blocker" == issue["severity"]
    assert re.fullmatch("[0-9a-f]{64}", issue["fingerprint"])


def test_a_badge_says_who_was_judged() -> None:
    """Green for the emulator does not look like green for the vendor."""
    broken = run_of("status")
    vendor = dataclasses.replace(broken, header=dataclasses.replace(broken.header, observed="vendor"))
    unfinished = dataclasses.replace(broken, entries=(), footer=None)

    told = [json.loads(annotations.badge(run)) for run in (kept(broken, 1), broken, vendor, unfinished)]

    assert ["kept (server)", "broken in 1 way (server)", "broken in 1 way", "could not tell (server)"] == [
        each["message"] for each in told
    ]
    assert ["brightgreen", "red", "red", "lightgrey"] == [each["color"] for each in told]
    assert "::error title=rtkcontract could not tell::" in annotations.github(unfinished, lambda _: None)


def test_causes_come_and_go() -> None:
    """Kept, broken, kept again: gone; broken to the end: broken now; a run that did not send the case tells nothing."""
    first, second = run_of("status", day=2), run_of("secrets", day=3)
    runs = [kept(first, 1), first, second, kept(first, 4)]

    found = history.of(runs[::-1])

    assert ["??x?", ".x?."] == [cause.states for cause in found.causes]
    assert [True, False] == [cause.broken_now for cause in found.causes]
    assert "1 cause broken now, 1 gone" in found.headline
    told = history.text(found)
    assert "broken since 2026-11-03 12:00 UTC or before" in told
    assert "broken from 2026-11-02 12:00 UTC, gone on 2026-11-04 12:00 UTC" in told
    assert 2 == history.markdown(found).count("| broken ")


def test_runs_of_another_target_are_left_out() -> None:
    """A free port does not make another target, another host does."""
    runs = [run_of("status", day=1, base_url="http://127.0.0.1:9"), run_of("status", day=2)]
    other = run_of("status", day=1, base_url="https://elsewhere.example")

    found = history.of([*runs, other])

    assert (2, 1) == (len(found.runs), found.left_out)
    assert "1 run of another target left out" in found.headline


def test_the_page_has_a_bar_per_run_and_fetches_nothing() -> None:
    """What a run says is text there, never markup."""
    run = run_of("status")
    (entry,) = run.entries
    finding = dataclasses.replace(entry.result.findings[0], cause="<script>alert(1)</script>")
    result: Result = dataclasses.replace(entry.result, findings=(finding,))
    run = dataclasses.replace(run, entries=(dataclasses.replace(entry, result=result),))

    page = history.rendered(history.of([run, kept(run, 2)]), "html")

    assert 2 == page.count("<rect")
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://127.0.0.1", "")


def test_a_history_needs_runs_and_a_format() -> None:
    """Neither is guessed."""
    with pytest.raises(CannotTell, match="at least one saved run"):
        history.of([])
    with pytest.raises(CannotTell, match="cannot be written as junit"):
        history.rendered(history.of([run_of("status")]), "junit")
