"""
The terminal text is understood by a stranger, can be copied, and is coloured only for a terminal.
"""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest

import samples
from rtkcontract.engine import run_file
from rtkcontract.engine.run_file import Run
from rtkcontract.model import Answered, Finding, Response, Result, Target, Unanswered
from rtkcontract.reports import compare_runs, summary
from rtkcontract.reports import text as text_report


@pytest.fixture
def clean(tmp_path: Path) -> Run:
    return samples.saved(tmp_path / "clean.jsonl", samples.results())


@pytest.fixture
def broken(tmp_path: Path) -> Run:
    return samples.saved(tmp_path / "broken.jsonl", samples.results(samples.takes_59))


def test_the_first_line_of_a_clean_run_is_the_verdict(clean: Run) -> None:
    """Operation, verdict, counts, who was judged."""
    first = text_report.text(clean).splitlines()[0]

    assert (
        "create_meeting keeps its contract: 19 cases, 0 findings, 0 warnings (judged: the emulator, not the vendor)"
        == first
    )
    assert 0 == summary.exit_code(clean)


def test_a_finding_tells_sent_expected_got_source_and_the_command(broken: Run) -> None:
    """Two cases of one bound are one group; each line of it is there."""
    text = text_report.text(broken)

    assert text.startswith("create_meeting breaks its contract in 1 way: 19 cases, 2 findings, 0 warnings")
    assert f"1. {samples.KEEP_ALIVE} 59, 59.999: accepted with 201, must be refused (minimum)  2 cases\n" in text
    assert f"     sent       {samples.KEEP_ALIVE} = 59\n" in text
    assert f"   + expected   a 4xx: {samples.KEEP_ALIVE}: minimum 60\n" in text
    assert "   - got        201 in 3.0 ms\n" in text
    assert "source     Cloudflare's published OpenAPI document, RealtimeKit (oas), dated 2026-08-14" in text
    assert "also       create_meeting/session_keep_alive_time_in_secs/below-minimum-by-a-fraction\n" in text
    assert (
        f"rtkcontract send create_meeting/{samples.KEEP_ALIVE}/below-minimum --target emulator --plan smoke\n" in text
    )
    assert "Traceback" not in text
    assert 1 == summary.exit_code(broken)


def test_text_is_plain_unless_colour_is_asked_for(broken: Run) -> None:
    """The same words with and without escape sequences."""
    coloured = text_report.text(broken, colour=True)

    assert "\x1b" not in text_report.text(broken)
    assert "\x1b[" in coloured
    assert text_report.text(broken).splitlines()[0] in coloured


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(stream: io.StringIO, environment: dict[str, str], expected: bool) -> None:
    """NO_COLOR counts when it is not empty."""
    assert expected == text_report.wants_colour(stream, environment)


def test_commands_and_differences_are_never_wrapped(broken: Run) -> None:
    """At forty columns prose is wrapped and the command is not."""
    lines = text_report.text(broken, width=40).splitlines()

    assert any(line.rstrip().endswith("--target emulator --plan smoke") and len(line) > 80 for line in lines)
    assert len(lines[0]) <= 40


def test_an_id_that_is_longer_than_a_line_stays_whole(tmp_path: Path) -> None:
    """What is cut in the middle can be neither copied nor searched for."""
    long = f"create_meeting/{'w' * 70}"
    left_out = {"left_out": [long]}
    run = samples.saved(tmp_path / "r.jsonl", samples.results(), account=left_out)

    assert long in text_report.text(run, width=40)


def test_an_answer_cannot_move_the_cursor(tmp_path: Path) -> None:
    """Escape sequences and direction marks of an answer are shown, not sent to the terminal."""
    result = samples.results()[0]
    finding = Finding(
        check="echo", case_id=result.case.id, where="/data/a", expected="a\x1b[2J", observed="b\u202e\x07"
    )
    run = samples.saved(tmp_path / "r.jsonl", [dataclasses.replace(result, findings=(finding,), status="fail")])
    text = text_report.text(run)

    assert "a\\u001b[2J" in text
    assert "b\\u202e\\u0007" in text
    assert not set(text) & {"\x1b", "\u202e", "\x07"}


def test_one_cause_is_one_group(tmp_path: Path) -> None:
    """A missing id in every success answer is one way to break the contract."""
    run = samples.saved(tmp_path / "r.jsonl", samples.results(samples.forgets_ids))
    found = summary.groups(run, "finding")

    assert 1 == len(found)
    assert len(found[0].cases) == sum(entry.result.status == "fail" for entry in run.entries) > 5


def test_a_server_that_refuses_everything_is_one_group(tmp_path: Path) -> None:
    """A wrong token gives the same 401 to every valid case: one cause, not one a field."""

    def refuses(each: samples.Case, response: Response) -> Response:
        bare = next(case for case in samples.CASES if case.partition == "no-credential")
        refused = samples.respond()(samples.request_of(samples.OPERATION, bare, samples.TARGET))
        return refused if response.status == 201 else response

    run = samples.saved(tmp_path / "r.jsonl", samples.results(refuses))
    found = summary.groups(run, "finding")

    assert 1 == len(found)
    assert "refused with 400 what must be accepted" == found[0].title


def test_server_faults_are_one_group_and_come_before_the_rest(tmp_path: Path) -> None:
    """A 500 for any field is one cause; leaks come before it, larger groups before smaller ones."""

    def fails(each: samples.Case, response: Response) -> Response:
        if each.field == samples.CHANNEL:
            return samples.with_status(response, 500)
        if each.partition == "combination":
            return samples.with_data(response, recording_config={"storage_config": {"secret": "shown"}})
        return samples.takes_59(each, response)

    run = samples.saved(tmp_path / "r.jsonl", samples.results(fails))
    checks = [group.items[0][1].check for group in summary.groups(run, "finding")]

    assert ["secrets", "status", "status"] == checks
    assert "answered with 500" == summary.groups(run, "finding")[1].title


def test_a_named_cause_is_the_title(tmp_path: Path) -> None:
    """Findings that name a cause are grouped by it, whatever their place."""
    found = samples.results()[:3]
    marked = [
        dataclasses.replace(
            each,
            status="fail",
            findings=(
                Finding(
                    check=f"c{place}",
                    case_id=each.case.id,
                    where=f"/{place}",
                    expected="",
                    observed="",
                    cause="a=1 with b=2",
                ),
            ),
        )
        for place, each in enumerate(found)
    ]
    groups = summary.groups(samples.saved(tmp_path / "r.jsonl", marked))

    assert ["a=1 with b=2"] == [group.title for group in groups]
    assert 3 == len(groups[0].cases)


def test_more_than_ten_groups_are_listed_in_short(tmp_path: Path) -> None:
    """Two hundred findings about two hundred fields: ten in full, the others a line each."""
    found = samples.results(samples.accepts_two_in_five, samples.many_cases(500))
    run = samples.saved(tmp_path / "r.jsonl", found, samples.header(planned=500))
    text = text_report.text(run)

    assert text.startswith("create_meeting breaks its contract in 200 ways: 500 cases, 200 findings")
    assert 10 == text.count("send again")
    assert "And 190 more ways, each in full in the HTML page of the saved run" in text


def test_warnings_and_gaps_are_told(tmp_path: Path) -> None:
    """A tolerated status is a warning; what got no answer, was not sent or not met stands under not covered."""

    def labels_200(_: object, response: Response) -> Response:
        return samples.with_status(response, 200) if response.status == 201 else response

    found = samples.results(labels_200)
    found[1] = samples.judged(samples.CASES[1], Unanswered(reason="timed out after 30 s"))
    found[2] = Result(
        case=samples.CASES[2], status="skip", findings=(), observation=Unanswered(reason=""), reason="over the budget"
    )
    account = {
        "constraints": [{"field": "title", "keyword": "type", "partition": "emoji", "case": None, "outcome": None}],
        "pairs": {"covered": 5, "possible": 9},
        "impossible": ["a=1 with b=2"],
        "left_out": [{"case": "create_meeting/x"}, ["a", "b"]],
    }
    run = samples.saved(tmp_path / "r.jsonl", found, samples.header(planned=30), account=account)
    text = text_report.text(run)

    assert text.startswith("create_meeting could not be judged, 1 of 19 cases got no verdict:")
    assert "Warnings, which break no promise:\n - status 200 (" in text
    assert "Covered: 0 of 1 partition, 5 of 9 pairs." in text.replace("partitions", "partition")
    for line in (
        " - 11 planned cases not sent: they were left out of the run",
        f" - 1 case without a verdict: timed out after 30 s (as create_meeting/{samples.KEEP_ALIVE}/below-minimum)",
        " - 1 case not sent: over the budget (as",
        " - 1 partition: no answered case exercised it (as title type emoji)",
        " - 1 combination: no valid body can hold it (as a=1 with b=2)",
        " - 2 cases: left out of this plan (as case create_meeting/x)",
        " - 4 of 9 pairs of values: no answered case held them together",
    ):
        assert line in text
    assert 2 == summary.exit_code(run)


def test_an_unfinished_run_says_so(tmp_path: Path) -> None:
    """Whatever was found until then stands; the exit code is 2."""
    part = samples.saved(tmp_path / "r.jsonl", samples.results(samples.takes_59)[:5], finished=False)
    text = text_report.text(part)

    assert text.startswith("create_meeting was judged only in part, the run was not finished, 1 way to break")
    assert "14 planned cases not sent: the run was not finished" in text
    assert text.endswith("What was found stands, and what was not sent is open. Run the check again, to its end.\n")
    assert "Nothing can be said yet." in text_report.text(dataclasses.replace(part, entries=part.entries[:1]))
    assert 2 == summary.exit_code(part)


def test_a_run_without_cases_judges_nothing(tmp_path: Path) -> None:
    """Nothing sent is not clean."""
    run = samples.saved(tmp_path / "r.jsonl", [])

    assert text_report.text(run).startswith("create_meeting was not judged: no case was sent")
    assert 2 == summary.exit_code(run)


@pytest.mark.parametrize(
    ("observed", "recorded", "expected"),
    [
        ("vendor", ("", ""), "the vendor"),
        ("server", ("", ""), "a server that is not known to be the vendor's"),
        ("recording", ("2026-11-20T10:00:00Z", "emulator"), "recordings of the emulator, not the vendor, 2 days old"),
        ("recording", ("2026-11-21T18:41:03Z", "vendor"), "recordings of the vendor, 1 day old"),
        ("recording", ("", ""), "recordings of an unknown server, age unknown"),
    ],
)
def test_who_was_judged_is_told(tmp_path: Path, observed: str, recorded: tuple[str, str], expected: str) -> None:
    """The age is counted to the start of the run."""
    run = samples.saved(tmp_path / "r.jsonl", samples.results(), samples.header(observed=observed), recorded=recorded)

    assert expected == summary.judged(run)
    assert text_report.text(run).splitlines()[0].endswith(f"(judged: {expected})")


def test_a_case_without_a_recording_is_judged_by_nobody(tmp_path: Path) -> None:
    """It counts neither among the judged cases nor for the maker of the recordings."""
    head = samples.header(observed="recording")
    run = samples.saved(tmp_path / "r.jsonl", samples.results()[:5], head, recorded=("2026-11-20T10:00:00Z", "vendor"))
    skipped = tuple(
        dataclasses.replace(
            entry, recorded_at="", recorded_from="", result=dataclasses.replace(entry.result, status="skip")
        )
        for entry in run.entries[3:]
    )
    told = summary.headline(dataclasses.replace(run, entries=run.entries[:3] + skipped))

    assert "3 of 5 cases, 0 findings" in told
    assert told.endswith("(judged: recordings of the vendor, 2 days old)")


def test_another_server_is_named_in_the_command(tmp_path: Path) -> None:
    """The command that sends a case again goes to the same server."""
    target = Target(kind="live", base_url="http://127.0.0.1:9/client/v4", account_id="a", app_id="b", token="c")
    head = samples.header(target=target, observed="server")
    run = samples.saved(tmp_path / "r.jsonl", samples.results(samples.takes_59), head)

    assert "--target live --base-url http://127.0.0.1:9/client/v4 --plan smoke\n" in text_report.text(run)


def test_a_case_judged_from_a_recording_is_sent_again_live(tmp_path: Path) -> None:
    """A recording cannot be sent to, and the placeholder address of such a run is not named."""
    target = Target(kind="cassettes", base_url="https://x.example/v4", account_id="a", app_id="b", token="c")
    head = samples.header(target=target, observed="recording")
    run = samples.saved(tmp_path / "r.jsonl", samples.results(samples.takes_59), head)

    again = f"rtkcontract send create_meeting/{samples.KEEP_ALIVE}/below-minimum --target live --plan smoke\n"
    assert again in text_report.text(run)


@pytest.mark.parametrize(
    ("check", "more", "command"),
    [
        (
            "relations",
            {"other_case": "create_meeting/minimal"},
            "send create_meeting/minimal create_meeting/n/00 --target emulator",
        ),
        (
            "unique_ids",
            {"other_case": "create_meeting/minimal"},
            "send create_meeting/minimal create_meeting/n/00 --target emulator",
        ),
        ("dropped", {}, "check --target emulator --operation create_meeting"),
        ("memory", {}, "check --target emulator --operation create_meeting"),
        ("latency", {"allowed_s": 0.25}, "send create_meeting/n/00 --target emulator --max-latency 0.25"),
        ("echo", {}, "send create_meeting/n/00 --target emulator"),
    ],
)
def test_what_several_answers_tell_is_reproduced_with_all_of_them(
    tmp_path: Path, check: str, more: dict[str, Any], command: str
) -> None:
    """One case alone does not show that an id came twice; a limit of its own is handed on; standard is the default."""
    run = samples.saved(tmp_path / "r.jsonl", _marked(1, check=check, **more), samples.header(plan="standard"))

    assert f"rtkcontract {command}" == summary.reproduce(run, run.entries[0].result.findings[0])


@pytest.mark.parametrize(
    ("check", "where", "cause", "about", "title"),
    [
        ("echo", "/data/title", "echo", "title", "title comes back other than it was sent"),
        (
            "secrets",
            "body",
            "leak",
            "a stored credential that was sent",
            "the answer holds a stored credential that was sent",
        ),
        ("secrets", "/data/a/b", "secret", "a.b", "a.b is a secret and comes back in the answer"),
        (
            "relations",
            "/data/a",
            "relation",
            "a (white-space)",
            "a (white-space) differs between two answers to the same request",
        ),
        ("unique_ids", "/data/id", "ids repeat", "", "one id was given out twice"),
        ("body_schema", "/data/id", "", "", "data.id in the answer: format uuid is promised"),
        ("envelope", "/success", "", "", "success in the answer: type boolean is promised"),
        ("envelope", "", "", "", "the answer: a JSON body is promised"),
    ],
)
def test_a_title_is_in_plain_words(tmp_path: Path, check: str, where: str, cause: str, about: str, title: str) -> None:
    """A reader need not know how a check is called."""
    promises = {"/data/id": "data.id: format uuid", "/success": "success: type boolean", "": "a JSON body"}
    found = _marked(2, check=check, where=where, cause=cause, about=about, expected=promises.get(where, "1"))
    run = samples.saved(tmp_path / "r.jsonl", found)

    assert [title] == [group.title for group in summary.groups(run)]


def test_the_member_that_is_missing_is_named(tmp_path: Path) -> None:
    """Not the list of all that is required."""
    run = samples.saved(tmp_path / "r.jsonl", samples.results(samples.forgets_ids))
    group = summary.groups(run, "finding")[0]
    entry, finding = group.items[0]
    told = summary.story(run, entry, finding)
    assert "data.id is missing from the answer" == group.title
    assert "data.id: required" == told.expected
    assert told.got.startswith("no data.id, in a 201")
    assert ("id",) == finding.missing


def test_taking_a_call_without_credentials_comes_first(tmp_path: Path) -> None:
    """A server that accepts everything: what it opens to anybody is a group of its own."""
    run = samples.saved(tmp_path / "r.jsonl", samples.results(lambda _, __: samples.created()))
    titles = [group.title for group in summary.groups(run, "finding")]

    assert "no-credential: accepted with 201, must be refused" == titles[0]
    assert "accepted with 201 what must be refused" in titles


@pytest.mark.parametrize(
    ("observed", "words"),
    [
        ("vendor", "report it to the vendor"),
        ("server", "correct the server"),
        ("emulator", "look for the fault in the schemas or in this toolkit"),
        ("recording", "to the live API"),
    ],
)
def test_what_to_do_is_told(tmp_path: Path, observed: str, words: str) -> None:
    """It depends on who was judged; after a clean run the terminal says nothing of it."""
    head = samples.header(observed=observed)
    text = text_report.text(samples.saved(tmp_path / "r.jsonl", samples.results(samples.takes_59), head))

    assert words in text.splitlines()[-1]
    assert "What to do" not in text_report.text(samples.saved(tmp_path / "c.jsonl", samples.results(), head))


def test_a_recording_tells_since_when(tmp_path: Path) -> None:
    """At least since the day of the recording; one live run tells nothing of it."""
    head = samples.header(observed="recording")
    found = samples.results(samples.takes_59)
    replayed = samples.saved(tmp_path / "r.jsonl", found, head, recorded=("2026-10-23T18:00:00Z", "vendor"))

    assert "     since      recorded on 2026-10-23 18:00 UTC\n" in text_report.text(replayed)
    assert "Since when: recorded on 2026-10-23 18:00 UTC or before; a recording" in text_report.text(replayed)
    assert "Since when: unknown from a single run" in text_report.text(samples.saved(tmp_path / "s.jsonl", found))


def test_two_json_containers_are_compared_member_by_member() -> None:
    """The diff shows what came and what was promised."""
    lines = list(summary.diff('{"a": 1, "b": 60.0}', '{"a": 1, "b": 61}'))

    assert ['   "a": 1,', '-  "b": 61', '+  "b": 60.0', " }"] == lines
    assert [] == list(summary.diff("60", "61"))


def test_two_runs_are_compared(clean: Run, broken: Run) -> None:
    """What is new is told with its command, and the exit code is 1; the other way round it is fixed."""
    text = text_report.comparison(clean, broken)
    back = text_report.comparison(broken, clean)

    assert text.startswith(
        "create_meeting breaks promises that it kept on 2026-11-22 18:41 UTC: 2 new, 0 fixed, 0 unchanged"
    )
    assert "     since      kept on 2026-11-22 18:41 UTC\n" in text
    assert "     send again rtkcontract send" in text
    assert (1, 0) == (compare_runs.exit_code(clean, broken), compare_runs.exit_code(broken, clean))
    assert "0 new, 2 fixed, 0 unchanged" in back
    assert "Fixed:\n - session_keep_alive_time_in_secs 59, 59.999: accepted with 201" in back


def test_an_unchanged_finding_is_no_news(broken: Run) -> None:
    """The same run twice: nothing new, exit code 0."""
    assert "0 new, 0 fixed, 2 unchanged" in text_report.comparison(broken, broken)
    assert 0 == compare_runs.exit_code(broken, broken)
    assert "     since      broken already on 2026-11-22 18:41 UTC\n" in text_report.text(broken, earlier=broken)


def test_a_finding_whose_case_was_not_judged_again_is_not_fixed(tmp_path: Path, broken: Run) -> None:
    """Leaving a case out does not mend it; cases of one run only are told."""
    later = samples.saved(tmp_path / "later.jsonl", samples.results()[3:], finished=False)
    found = compare_runs.between(broken, later)
    text = text_report.comparison(broken, later)

    assert (0, 0, 2) == (len(found.new), len(found.fixed), len(found.untold))
    assert "2 no longer told" in text
    assert "No longer told, for the later run did not judge the case:\n - session_keep_alive" in text
    assert "Only in the earlier run: create_meeting/body/minimal, create_meeting/session_keep" in text
    assert "The later run was not finished." in text
    assert 2 == compare_runs.exit_code(broken, later)


def test_what_makes_a_comparison_doubtful_is_told(tmp_path: Path, clean: Run) -> None:
    """Another operation, another contract, another target."""
    head = dataclasses.replace(
        clean.header, operations={"other": ("GET", "/other")}, digest="0" * 12, observed="vendor"
    )
    other = dataclasses.replace(clean, header=head)
    told = compare_runs.remarks(clean, other)

    assert 3 == len(told)
    assert "The runs judge different operations: create_meeting and other." == told[0]


def test_an_earlier_run_tells_since_when(clean: Run, broken: Run) -> None:
    """Whether the earlier run saw the promise kept, or did not look."""
    unseen = dataclasses.replace(clean, entries=clean.entries[:1])
    told = text_report.text(broken, earlier=clean)

    assert "     since      kept on 2026-11-22 18:41 UTC\n" in told
    assert "Since when: 1 of 1 way new since 2026-11-22 18:41 UTC, 0 broken already then.\n" in told
    assert "     since      not judged on 2026-11-22 18:41 UTC\n" in text_report.text(broken, earlier=unseen)


def test_latency_is_told_as_a_distribution(clean: Run) -> None:
    """Nearest-rank percentiles of 2, 3 … 20 ms; replays have none."""
    found = summary.latency(clean)
    replayed = [
        dataclasses.replace(
            entry,
            result=dataclasses.replace(
                entry.result, observation=dataclasses.replace(entry.result.observation, elapsed_s=None)
            ),
        )
        for entry in clean.entries
        if isinstance(entry.result.observation, Answered)
    ]

    assert found
    assert (19, 0.011, 0.019, 0.02, 0.02) == (found.count, found.p50, found.p90, found.p99, found.most)
    assert 19 == sum(found.bins)
    assert summary.latency(dataclasses.replace(clean, entries=tuple(replayed))) is None


def _marked(count: int, *, severity: str = "finding", **changed: object) -> list[Result]:
    """
    Results with one finding each, in places of their own.
    """
    each = samples.results()[0]
    return [
        dataclasses.replace(
            each,
            case=dataclasses.replace(each.case, id=f"create_meeting/n/{number:02}"),
            status="fail" if severity == "finding" else "pass",
            reason="",
            findings=(
                Finding(
                    case_id=f"create_meeting/n/{number:02}",
                    severity=severity,  # type: ignore[arg-type]
                    **{
                        "check": "echo",
                        "where": f"/data/m{number:02}",
                        "expected": "1",
                        "observed": "2",
                        "sources": ("oas",),
                    }
                    | changed,  # type: ignore[arg-type]
                ),
            ),
        )
        for number in range(count)
    ]


def test_long_lists_are_cut_and_counted(tmp_path: Path) -> None:
    """Kinds of warnings, gaps, cases of a group: ten or three, then how many more."""
    warned = _marked(14, severity="warning")
    skipped = [
        Result(
            case=dataclasses.replace(each, id=f"s{place}"),
            status="skip",
            findings=(),
            observation=Unanswered(reason=""),
            reason=f"why {place}",
        )
        for place, each in enumerate(samples.CASES[:12])
    ]
    together = dataclasses.replace(samples.header(), planned=0)
    text = text_report.text(samples.saved(tmp_path / "r.jsonl", [*warned, *skipped], together))
    group = text_report.text(samples.saved(tmp_path / "g.jsonl", _marked(7, where="/data/a")))

    assert " - and 4 more kinds\n" in text
    assert " - and 2 more\n" in text
    assert "also       create_meeting/n/01\n" in group
    assert "and 3 more cases\n" in group


def test_a_difference_and_a_reason_are_shown(tmp_path: Path) -> None:
    """Two objects are compared line by line; without sources of its own a finding shows why the case is answered so."""
    run = samples.saved(
        tmp_path / "r.jsonl", _marked(1, expected='{"a": [1, "x"]}', observed='{"a": [2, "x"]}', sources=())
    )
    text = text_report.text(run)

    assert "     -    2,\n     +    1,\n" in text
    assert "     because    the body fits the schema\n" in text


def test_what_was_cut_off_is_told(tmp_path: Path) -> None:
    """The name of the file and the line that is left out."""
    path = tmp_path / "r.jsonl"
    samples.saved(path, samples.results(), finished=False)
    text = text_report.text(run_file.parse(path.read_bytes()[:-9], "run.jsonl"))

    assert "\nrun.jsonl: line 20 was cut off and is left out\n" in text
    assert " - the end of the file: line 20 was cut off and is left out\n" in text


def _kept(run: Run) -> tuple[run_file.Entry, ...]:
    """
    The entries as if each promise had been kept.
    """
    return tuple(
        dataclasses.replace(entry, result=dataclasses.replace(entry.result, status="pass", findings=()))
        for entry in run.entries
    )


def test_many_changes_between_runs_are_cut_and_counted(tmp_path: Path) -> None:
    """Twenty are shown; the others are counted."""
    before = samples.saved(tmp_path / "a.jsonl", samples.results())
    after = samples.saved(tmp_path / "b.jsonl", _marked(25))
    text = text_report.comparison(before, after)

    assert "\nNew:\n" in text
    assert "\nAnd 15 more ways, " in text
    assert "Fixed:\n" in (back := text_report.comparison(after, dataclasses.replace(after, entries=_kept(after))))
    assert " - and 5 more\n" in back
    assert "Only in the later run: create_meeting/n/00, create_meeting/n/01, create_meeting/n/02 and 22 more" in text


def test_groups_of_several_partitions_are_told_by_their_kind(tmp_path: Path) -> None:
    """Bodies without a field in common have the keyword in common."""
    found = [
        dataclasses.replace(each, case=dataclasses.replace(each.case, partition=f"p{place}", keyword="json"))
        for place, each in enumerate(_marked(2, where="status", expected="201", observed="404"))
    ]
    run = samples.saved(tmp_path / "r.jsonl", found)

    assert ["json: accepted with 201, must be accepted"] == [group.title for group in summary.groups(run)]


@pytest.mark.parametrize(
    ("content", "dotted", "expected"),
    [
        (b'{"a": {"b": 60.0}}', "a.b", "60.0"),
        (b'{"a": [{"b": 6e1}]}', "a[].b", "6e1"),
        (b'{"a": []}', "a[]", None),
        (b'{"a": 1}', "a.b", None),
        (b"no json", "a", None),
    ],
)
def test_the_value_of_a_field_is_shown_as_it_was_written(content: bytes, dotted: str, expected: str | None) -> None:
    """60.0 stays 60.0."""
    assert expected == summary.value_at(content, dotted)


def test_bodies_are_shown_for_reading() -> None:
    """JSON is indented with its numbers as written; anything else is shown as it is, and visibly."""
    assert '{\n  "a": [\n    6e1,\n    "é",\n    {}\n  ]\n}' == summary.pretty('{"a": [6e1, "é", {}]}'.encode())
    assert "<h1>\\u0007" == summary.pretty(b"<h1>\x07")
    assert "\\u007f" == summary.visible("\x7f")


@pytest.mark.parametrize(("seconds", "expected"), [(0.0004, "0.4 ms"), (0.0123, "12 ms"), (1.25, "1.25 s")])
def test_times_have_a_fitting_unit(seconds: float, expected: str) -> None:
    """Three ranges."""
    assert expected == summary.milliseconds(seconds)


def test_answers_that_took_no_time_have_a_latency(clean: Run) -> None:
    """Zero is measured, too; times that cannot be read are left as they are."""
    entry = clean.entries[0]
    quick = dataclasses.replace(entry.result.observation, elapsed_s=0.0)  # type: ignore[call-arg]
    result = dataclasses.replace(entry.result, observation=quick)
    found = summary.latency(dataclasses.replace(clean, entries=(dataclasses.replace(entry, result=result),)))

    assert found
    assert (0.0, 0.001) == (found.most, found.limit)
    assert "yesterday" == summary.day_and_time("yesterday")
