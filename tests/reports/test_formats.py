"""
JUnit, Markdown and SARIF: valid under their published schemas, small enough, and safe whatever an answer holds.
"""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as Xml
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema

import samples
from rtkcontract.contract.load import data_folder, folder_reader
from rtkcontract.engine.run_file import Run
from rtkcontract.model import Finding, Result, Unanswered
from rtkcontract.reports import compare_runs, junit, markdown, sarif, summary

DATA = Path(__file__).parents[1] / "data"
HOSTILE = (
    'a"b<c>&]]>\x00\x0b\x1b[31m\ufffe\ud800`|@everyone [x](http://example.com) <img src=x onerror=alert(1)> ' + "`" * 7
)
READ = folder_reader(data_folder("schemas"))


def _hostile(path: Path) -> Run:
    """
    A run whose every free text holds what the formats forbid.
    """
    found = []
    for result in samples.results(samples.takes_59):
        finding = Finding(
            check="echo",
            case_id=result.case.id,
            where=f"/data/{HOSTILE}",
            expected=HOSTILE,
            observed=HOSTILE,
            cause=HOSTILE,
        )
        note = dataclasses.replace(finding, severity="note", cause="")
        found.append(dataclasses.replace(result, status="fail", findings=(*result.findings, finding, note)))
    found[0] = dataclasses.replace(
        found[0], status="error", findings=(), reason=HOSTILE, observation=Unanswered(reason=HOSTILE)
    )
    found[1] = dataclasses.replace(
        found[1], status="skip", findings=(), reason=HOSTILE, observation=Unanswered(reason="")
    )
    return samples.saved(path / "hostile.jsonl", found, samples.header(plan=HOSTILE))


def _clean(path: Path) -> Run:
    return samples.saved(path / "clean.jsonl", samples.results())


def _broken(path: Path) -> Run:
    return samples.saved(path / "broken.jsonl", samples.results(samples.takes_59))


def _unfinished(path: Path) -> Run:
    return samples.saved(path / "part.jsonl", samples.results(samples.takes_59)[:4], finished=False)


def _empty(path: Path) -> Run:
    return samples.saved(path / "empty.jsonl", [])


def _big(path: Path) -> Run:
    found = samples.results(samples.accepts_two_in_five, samples.many_cases(500))
    return samples.saved(path / "big.jsonl", found, samples.header(planned=500))


EVERY = [_clean, _broken, _unfinished, _empty, _hostile, _big]
Make = Callable[[Path], Run]


@pytest.fixture(scope="module")
def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(DATA / "junit-10.xsd")


@pytest.fixture(scope="module")
def sarif_schema() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(json.loads((DATA / "sarif-2.1.0.json").read_bytes()))


@pytest.mark.parametrize("make", EVERY)
def test_junit_fits_its_published_schema(tmp_path: Path, junit_schema: xmlschema.XMLSchema, make: Make) -> None:
    """The document parses, fits the schema of the Jenkins plugin, and its counts are those of its elements."""
    run = make(tmp_path)
    content = junit.document(run)
    junit_schema.validate(content.decode())
    suite = Xml.fromstring(content).find("testsuite")

    assert suite is not None
    cases = suite.findall("testcase")
    assert len(run.entries) + (run.footer is None) == len(cases) == int(suite.attrib["tests"])
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert sum(each.find(tag) is not None for each in cases) == int(suite.attrib[kind])


def test_junit_names_case_operation_side_and_target(tmp_path: Path) -> None:
    """A failure holds everything needed to act; properties say who was judged against what."""
    root = Xml.fromstring(junit.document(_broken(tmp_path)))
    case = root.find(f".//testcase[@name='create_meeting/{samples.KEEP_ALIVE}/below-minimum']")
    properties = {each.attrib["name"]: each.attrib["value"] for each in root.iter("property")}

    assert case is not None
    assert "create_meeting.invalid" == case.attrib["classname"]
    failure = case.find("failure")
    assert failure is not None
    assert failure.text
    for part in (
        "sent: session_keep_alive_time_in_secs = 59",
        "+ expected: a 4xx",
        "- got: 201",
        "send again: rtkcontract send",
    ):
        assert part in failure.text
    assert samples.CONTRACT.digest == properties["contract_digest"]
    assert "the emulator, not the vendor" == properties["judged"]


def test_junit_shows_forbidden_characters_as_escapes(tmp_path: Path) -> None:
    """NUL and its like cannot stand in XML 1.0, not even escaped."""
    text = junit.document(_hostile(tmp_path)).decode()

    assert "\\u0000" in text
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)


@pytest.mark.parametrize("make", EVERY)
def test_sarif_fits_its_published_schema(tmp_path: Path, sarif_schema: jsonschema.Draft4Validator, make: Make) -> None:
    """Each log fits the SARIF 2.1.0 schema and holds one result a finding."""
    run = make(tmp_path)
    log = json.loads(sarif.document(run, READ, {"status": "Is the status of the class that is promised?"}))

    assert [] == [f"{error.json_path}: {error.message[:200]}" for error in sarif_schema.iter_errors(log)]
    assert sum(len(entry.result.findings) for entry in run.entries) == len(log["runs"][0]["results"])


def _results(run: Run) -> list[Any]:
    found = json.loads(sarif.document(run, READ))["runs"][0]["results"]
    assert isinstance(found, list)
    return found


def test_sarif_points_at_the_line_of_the_promise(tmp_path: Path) -> None:
    """59 accepted points at the line with the minimum of the keep-alive."""
    place = _results(_broken(tmp_path))[0]["locations"][0]["physicalLocation"]
    lines = (data_folder("schemas") / "create_meeting" / "request.json").read_text().splitlines()

    assert "schemas/create_meeting/request.json" == place["artifactLocation"]["uri"]
    assert '"minimum": 60,' == lines[place["region"]["startLine"] - 1].strip()
    assert any(
        samples.KEEP_ALIVE in line for line in lines[place["region"]["startLine"] - 5 : place["region"]["startLine"]]
    )


def test_sarif_points_at_the_front_door_where_no_place_is_named(tmp_path: Path) -> None:
    """A finding without a place, or in a file that is not there, still has a line."""
    result = samples.results()[0]
    bare = Finding(check="latency", case_id=result.case.id, where="", expected="1 s", observed="2 s")
    gone = dataclasses.replace(bare, schema_at="gone.json#/a")
    run = samples.saved(tmp_path / "r.jsonl", [dataclasses.replace(result, status="fail", findings=(bare, gone))])
    places = [each["locations"][0]["physicalLocation"] for each in _results(run)]

    assert ["schemas/openapi.json", "schemas/gone.json"] == [each["artifactLocation"]["uri"] for each in places]
    assert [1, 1] == [each["region"]["startLine"] for each in places]


def test_sarif_fingerprints_stay(tmp_path: Path) -> None:
    """Two runs give one finding one fingerprint; two checks of one case give two."""
    first, second = (_results(_broken(tmp_path)) for _ in range(2))
    marks = [each["partialFingerprints"]["caseAndCheck/v1"] for each in first]

    assert marks == [each["partialFingerprints"]["caseAndCheck/v1"] for each in second]
    assert 4 == len(first) == len(set(marks))


def test_sarif_tells_rules_with_help_and_sources(tmp_path: Path) -> None:
    """A rule is a check; its help names where the promise stands."""
    log = json.loads(
        sarif.document(_broken(tmp_path), READ, {"status": "Is the status right?", "echo": "Is it echoed?"})
    )
    rules = log["runs"][0]["tool"]["driver"]["rules"]

    assert ["echo", "status"] == [rule["id"] for rule in rules]
    assert "Is the status right?" == rules[1]["fullDescription"]["text"]
    assert (
        "Source: RealtimeKit FAQ on the keep-alive (faq), dated 2026-09-11, read 2026-11-22."
        in rules[1]["help"]["text"]
    )
    assert log["runs"][0]["invocations"][0]["executionSuccessful"]


def test_sarif_says_that_a_run_was_not_finished(tmp_path: Path) -> None:
    """An unfinished run is no successful execution, and what is missing is a notification."""
    told = json.loads(sarif.document(_unfinished(tmp_path), READ))["runs"][0]["invocations"][0]

    assert not told["executionSuccessful"]
    assert any("15 planned cases not sent" in each["message"]["text"] for each in told["toolExecutionNotifications"])


def test_markdown_of_a_clean_run_is_short(tmp_path: Path) -> None:
    """Under forty lines, the verdict first, and the emulator named."""
    text = markdown.text(_clean(tmp_path))

    assert text.startswith("## ✅ create\\_meeting keeps its contract\n")
    assert len(text.splitlines()) < 40
    assert "not the vendor" in text


def test_markdown_tells_warnings_coverage_and_many_gaps(tmp_path: Path) -> None:
    """A tolerated status, the account, ten gaps and how many more; a replay has no latency."""
    warned = [
        samples.judged(each.case, dataclasses.replace(each.observation, elapsed_s=None))  # type: ignore[call-arg]
        for each in samples.results(lambda _, found: samples.with_status(found, 200) if found.status == 201 else found)
    ]
    skipped = [
        dataclasses.replace(
            each, case=dataclasses.replace(each.case, id=f"s{place}"), status="skip", reason=f"why {place}", findings=()
        )
        for place, each in enumerate(warned[:12])
    ]
    account = {"pairs": {"covered": 3, "possible": 3}}
    text = markdown.text(samples.saved(tmp_path / "r.jsonl", [*warned, *skipped], account=account))

    assert "**Warnings**, which break no promise:\n\n- status 200 (" in text
    assert "| covered | 3 of 3 pairs |" in text
    assert "- and 2 more\n" in text
    assert "| latency |" not in text


def test_markdown_of_a_finding_has_a_diff_and_the_command(tmp_path: Path) -> None:
    """GitHub colours the block; the command stands in a block of its own."""
    text = markdown.text(_broken(tmp_path))

    assert f"```diff\n  sent      {samples.KEEP_ALIVE} = 59\n+ expected  a 4xx" in text
    assert "```sh\nrtkcontract send create_meeting/" in text


def test_markdown_gives_the_reason_of_a_finding_without_sources(tmp_path: Path) -> None:
    """Why the case is answered like this; a vendor's run carries no remark on the emulator."""
    result = samples.results()[0]
    bare = Finding(check="latency", case_id=result.case.id, where="", expected="1 s", observed="2 s")
    head = samples.header(observed="vendor")
    run = samples.saved(tmp_path / "r.jsonl", [dataclasses.replace(result, status="fail", findings=(bare,))], head)

    assert "- because: the body fits the schema\n" in markdown.text(run)
    assert "emulator**" not in markdown.text(run)


def test_markdown_stays_under_the_limit(tmp_path: Path) -> None:
    """However much there is, the summary of a CI job is at most 1 MiB, and what is left out is counted."""
    one = samples.results()[1]
    huge = [
        dataclasses.replace(
            one,
            case=dataclasses.replace(one.case, id=f"create_meeting/{number}/" + "long" * 120),
            status="fail",
            findings=(
                Finding(
                    check="echo", case_id="", where=f"/data/{'w' * 150}{number:05}", expected="x" * 400, observed="y"
                ),
            ),
        )
        for number in range(6_000)
    ]
    marked: list[Result] = [
        dataclasses.replace(each, findings=(dataclasses.replace(each.findings[0], case_id=each.case.id),))
        for each in huge
    ]
    run = samples.saved(tmp_path / "r.jsonl", marked, samples.header(planned=6_000))
    assert len(markdown.text(run).encode()) < 1_048_576
    text = markdown.comparison(_clean(tmp_path), run)

    assert 900_000 < len(text.encode()) < 1_048_576
    assert re.search(r"\*[\d,]+ more blocks left out to stay under 1 MiB\.\*\n$", text)


def test_markdown_neutralises_what_comes_from_outside(tmp_path: Path) -> None:
    """No HTML, no mention, no link, no broken table or fence."""
    text = markdown.text(_hostile(tmp_path))
    outside = re.sub(r"(?s)(`{3,})(?:diff|sh)\n.*?\n\1(?!`)", "", text)
    outside = re.sub(r"(?s)(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)

    assert "onerror" in text
    assert "<img" not in outside
    assert "@everyone" not in outside
    assert "](" not in outside.replace("\\]", "")
    assert "\x1b" not in text


@pytest.mark.parametrize("words", ["`", "``a``", "a|b", "", "a`b``c"])
def test_a_code_span_holds_any_text(words: str) -> None:
    """The fence is longer than any run of backticks inside."""
    span = markdown.code(words)
    fence = re.match(r"`+", span)

    assert fence
    assert span.endswith(fence[0])
    assert fence[0] not in span.strip("`").strip()
    assert "|" not in span.replace("\\|", "")


def test_a_comparison_tells_each_new_cause_in_full(tmp_path: Path) -> None:
    """New findings first; the headline says what changed since when."""
    text = markdown.comparison(_clean(tmp_path), _broken(tmp_path))

    assert text.startswith("## ❌ create\\_meeting breaks promises that it kept on 2026-11-22 18:41 UTC: 2 new")
    assert "## New (2 findings)\n\n### 1. session\\_keep\\_alive\\_time\\_in\\_secs 59, 59.999: accepted" in text
    assert "- since: kept on 2026-11-22 18:41 UTC\n" in text
    assert f"`create_meeting/{samples.KEEP_ALIVE}/below-minimum`" in text


def test_what_is_fixed_is_a_table(tmp_path: Path) -> None:
    """One row a cause, with a case to look at."""
    text = markdown.comparison(_broken(tmp_path), _clean(tmp_path))

    assert "## Fixed (2 findings)\n\n| what | cases | as |\n| --- | --- | --- |\n| `session_keep" in text


def test_cases_of_one_run_only_are_named(tmp_path: Path) -> None:
    """A plan that grew or shrank is no change of the service."""
    text = markdown.comparison(_broken(tmp_path), _unfinished(tmp_path))

    assert "Only in the earlier run: `create_meeting/session_keep_alive_time_in_secs/integer" in text
    assert "and 5 more" in text


def test_a_comparison_is_json(tmp_path: Path) -> None:
    """Machines get the same facts."""
    found = compare_runs.as_json(_clean(tmp_path), _broken(tmp_path))

    assert json.loads(json.dumps(found)) == found
    assert (1, 2, 0) == (found["exit_code"], len(found["new"]), len(found["unchanged"]))
    assert {"case_id", "check", "where", "expected", "observed"} == set(found["new"][0])


@pytest.mark.parametrize("make", EVERY)
def test_the_same_run_gives_the_same_reports(tmp_path: Path, make: Make) -> None:
    """Nothing depends on the clock, the machine or the order of a set."""
    first, second = make(tmp_path), make(tmp_path)

    assert junit.document(first) == junit.document(second)
    assert markdown.text(first) == markdown.text(second)
    assert sarif.document(first, READ) == sarif.document(second, READ)
    assert summary.groups(first) == summary.groups(second)
