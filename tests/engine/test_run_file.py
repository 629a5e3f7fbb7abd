"""
A saved run can be read back as it was, tells when it was cut off, and keeps no credential.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import samples
from rtkcontract.contract.load import data_folder
from rtkcontract.engine import run_file
from rtkcontract.errors import CannotTell
from rtkcontract.model import Answered, Finding, Operation, Response, Result, Unanswered


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Cases, expectations, answers and findings come back; only long or broken bodies change."""
    found = samples.results(samples.takes_59)
    run = samples.saved(tmp_path / "run.jsonl", found, account={"pairs": {"covered": 1, "possible": 2}})
    readable = [(a, b.result) for a, b in zip(found, run.entries, strict=True) if a.case.side != "protocol"]

    assert len(samples.CASES) == len(run.entries)
    assert len(readable) == 17
    for before, after in readable:
        assert before.case == after.case
        assert before.findings == after.findings
        assert before.status == after.status
        assert _answer(before).status == _answer(after).status
        assert _answer(before).content == _answer(after).content
    assert {"pairs": {"covered": 1, "possible": 2}} == run.accounts[samples.OPERATION.name]
    assert samples.FINISHED == (run.footer and run.footer.finished)
    assert () == run.problems


def _answer(result: Result) -> Response:
    assert isinstance(result.observation, Answered)
    return result.observation.response


def test_the_header_holds_sources_and_numeric_fields() -> None:
    """A report needs no contract: bounds, defaults and sources stand in the header; the keep-alive comes first."""
    head = samples.header()
    first = head.fields[0]

    assert set(samples.CONTRACT.sources) == set(head.sources)
    assert (samples.KEEP_ALIVE, 60, 600, 60) == (first.field, first.minimum, first.maximum, first.default)
    assert ("oas", "seed", "faq") == first.sources
    assert head.fields[-1].minimum is None


def test_exclusive_bounds_and_unions_are_told() -> None:
    """An exclusive bound stands with its side; members of a union count."""
    schema = {
        "properties": {
            "a": {"type": "integer", "exclusiveMinimum": 1, "maximum": 4},
            "b": {"anyOf": [{"properties": {"c": {"type": ["number", "null"]}}}, {"type": "null"}, True]},
        }
    }
    found = run_file.numeric_fields({}, schema)

    assert ["a", "b.c"] == [each.field for each in found]
    assert (1, 4, ("minimum",), "integer") == (found[0].minimum, found[0].maximum, found[0].exclusive, found[0].type)


def test_every_line_fits_its_schema(tmp_path: Path) -> None:
    """schemas/meta/run.json is a valid schema, and an independent validator accepts each line."""
    schema = json.loads((data_folder("schemas") / "meta" / "run.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    samples.saved(tmp_path / "run.jsonl", samples.results(samples.forgets_ids), account={})
    lines = (tmp_path / "run.jsonl").read_text().splitlines()
    validator = jsonschema.Draft202012Validator(schema)

    assert len(samples.CASES) + 3 == len(lines)
    assert [] == [error.message for line in lines for error in validator.iter_errors(json.loads(line))]


def test_no_credential_is_written(tmp_path: Path) -> None:
    """The token, the account and the app stand nowhere in the file; cookies are removed."""

    def with_cookie(_: object, response: Response) -> Response:
        headers = (*response.headers, ("set-cookie", "session=canary_of_a_cookie"))
        return dataclasses.replace(response, headers=headers)

    samples.saved(tmp_path / "run.jsonl", samples.results(with_cookie))
    text = (tmp_path / "run.jsonl").read_text()

    assert text.count("Bearer [removed]") == len(samples.CASES) - 1
    assert text.count('["set-cookie","[removed]"]') == len(samples.CASES)
    for secret in (samples.TARGET.token, samples.TARGET.account_id, samples.TARGET.app_id, "canary_of_a_cookie"):
        assert secret not in text


def test_every_string_is_redacted(tmp_path: Path) -> None:
    """What the given function replaces stands nowhere: bodies, findings, header, account."""
    path = tmp_path / "run.jsonl"
    with run_file.Writer(path, lambda text: text.replace("mono", "****")) as writer:
        writer.header(samples.header(plan="mono"))
        for result in samples.results():
            writer.result(run_file.entry_of(samples.OPERATION, result))
        writer.account(samples.OPERATION.name, {"mono": ["mono"]})
        writer.footer(samples.FINISHED)

    assert "mono" not in path.read_text()
    assert "****" == run_file.read(path).header.plan
    assert {"****": ["****"]} == run_file.read(path).accounts[samples.OPERATION.name]


def test_a_body_is_redacted_before_it_is_cut(tmp_path: Path) -> None:
    """A secret that the cut would halve is gone as a whole, and the length is told."""
    long = b"x" * (run_file.MOST_CHARACTERS - 3) + b"secret" + b"y" * 1000
    answer = Answered(response=Response(status=500, headers=(), content=long), elapsed_s=None)
    result = samples.judged(samples.CASES[0], answer)
    path = tmp_path / "run.jsonl"
    with run_file.Writer(path, lambda text: text.replace("secret", "[gone]")) as writer:
        writer.header(samples.header())
        writer.result(run_file.entry_of(samples.OPERATION, result))
    text = _answer(run_file.read(path).entries[0].result).content.decode()

    assert "sec" not in path.read_text().split('"findings"')[0].split('"answer"')[1].replace('"elapsed_s"', "")
    assert text.endswith("… and 1,003 more characters")


def test_bytes_that_are_no_text_are_shown_as_escapes(tmp_path: Path) -> None:
    """A byte that no text holds stands as its number, and the line says so."""
    run = samples.saved(tmp_path / "run.jsonl", samples.results())

    assert '"escaped":true' in (tmp_path / "run.jsonl").read_text()
    assert rb'{"title": "\xff\xfe"}' == run.entries[-1].result.case.content


def test_a_lone_surrogate_can_be_written(tmp_path: Path) -> None:
    """A value that JSON can escape and UTF-8 cannot hold does not stop the run."""
    finding = Finding(check="echo", case_id=samples.CASES[0].id, where="/data", expected="\ud800", observed="b")
    result = dataclasses.replace(samples.results()[0], findings=(finding,), status="fail")
    run = samples.saved(tmp_path / "run.jsonl", [result])

    assert "\\ud800" == run.entries[0].result.findings[0].expected


def test_a_later_line_of_a_case_stands(tmp_path: Path) -> None:
    """Findings that need several answers come in a second line, and the counts follow it."""
    before, after = samples.results()[0], samples.results(samples.forgets_ids)[0]
    run = samples.saved(tmp_path / "run.jsonl", [before, after])

    assert len((tmp_path / "run.jsonl").read_text().splitlines()) == 4
    assert ["fail"] == [entry.result.status for entry in run.entries]
    assert (1, 1) == (run.footer and run.footer.counts["cases"], run.footer and run.footer.counts["fail"])


def test_an_unanswered_case_keeps_its_reason(tmp_path: Path) -> None:
    """No answer is no finding: the result is an error, with the reason."""
    result = samples.judged(samples.CASES[0], Unanswered(reason="connection refused"))
    run = samples.saved(tmp_path / "run.jsonl", [result])

    assert "error" == run.entries[0].result.status
    assert Unanswered(reason="connection refused") == run.entries[0].result.observation


def test_replaced_path_parameters_and_headers_are_shown() -> None:
    """The path is the template but for what the case replaces; a header that is left out is missing."""
    operation: Operation = samples.OPERATION
    plain = run_file.entry_of(operation, samples.results()[0])
    bare = run_file.entry_of(
        operation, next(each for each in samples.results() if each.case.partition == "no-credential")
    )

    assert "/accounts/{account_id}/realtime/kit/{app_id}/meetings" == plain.path
    assert "authorization" in dict(plain.headers)
    assert "authorization" not in dict(bare.headers)


def test_a_cut_off_last_line_is_dropped_and_told(tmp_path: Path) -> None:
    """At each of its last 400 bytes a file that stops is still read; a whole line is never lost."""
    path = tmp_path / "run.jsonl"
    samples.saved(path, samples.results(), finished=False)
    content = path.read_bytes()
    lines = content.count(b"\n")
    for cut in range(1, 400, 13):
        run = run_file.parse(content[:-cut], "cut")

        assert run.footer is None
        assert lines - 1 - (cut > 1) == len(run.entries)
        assert (cut > 1) == bool(run.problems)


def test_a_killed_run_can_be_read(tmp_path: Path) -> None:
    """What was written before SIGKILL is whole."""
    script = (
        "import os, pathlib, samples\nfrom rtkcontract.engine import run_file\n"
        f"writer = run_file.Writer(pathlib.Path({str(tmp_path / 'run.jsonl')!r}), str)\n"
        "writer.header(samples.header())\n"
        "for result in samples.results()[:5]:\n    writer.result(run_file.entry_of(samples.OPERATION, result))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[1], check=False, timeout=60)
    run = run_file.read(tmp_path / "run.jsonl")

    assert -9 == done.returncode
    assert 5 == len(run.entries)
    assert run.footer is None


LINES = ["header", "result", "account", "footer"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [], "holds no run"),
        (lambda lines: lines[1:], "line 1: the header"),
        (lambda lines: [*lines, lines[0]], "line 22 is a footer"),
        (lambda lines: [*lines[:-1], lines[-1], lines[1]], "line 22 is a footer and not the last line"),
        (lambda lines: [lines[0], "{", *lines[1:]], "line 2 is not JSON"),
        (lambda lines: [lines[0], "[]", *lines[1:]], "line 2 is no line of a run"),
        (lambda lines: [lines[0], '{"kind":"other"}'], "line 2 is no line of a run: kind"),
        (lambda lines: [lines[0].replace('"format":2', '"format":3'), *lines[1:]], "use a newer rtkcontract"),
        (lambda lines: [lines[0], lines[1].replace('"status":"pass"', '"status":7'), *lines[2:]], "line 2 is no line"),
        (lambda lines: [lines[0], *lines[2:]], "the footer tells of 19 cases, the lines hold 18"),
        (lambda lines: [lines[0], "\x00" * 40], "line 2 is not JSON"),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, change: object, told: str) -> None:
    """One clear line with file and line number, never a traceback."""
    samples.saved(tmp_path / "run.jsonl", samples.results(), account={})
    lines = (tmp_path / "run.jsonl").read_text().splitlines()
    changed = change(lines)  # type: ignore[operator]
    (tmp_path / "broken.jsonl").write_text("".join(f"{line}\n" for line in changed))

    assert 22 == len(lines)
    with pytest.raises(CannotTell, match=told) as caught:
        run_file.read(tmp_path / "broken.jsonl")
    assert "broken.jsonl" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """The message names the file and what is needed."""
    with pytest.raises(CannotTell, match=r"none.jsonl cannot be read: No such file"):
        run_file.read(tmp_path / "none.jsonl")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A folder in place of the file gives one line."""
    with pytest.raises(CannotTell, match=r"cannot be written to .*: Is a directory; name another file"):
        run_file.Writer(tmp_path, samples.same_text)


def test_a_full_disk_is_told() -> None:
    """A write that the system refuses gives one line."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    with (
        pytest.raises(CannotTell, match="No space left on device"),
        run_file.Writer(Path("/dev/full"), samples.same_text) as writer,
    ):
        writer.header(samples.header())


def test_reading_fits_many_cases(tmp_path: Path) -> None:
    """A run of two thousand cases comes back whole."""
    found = samples.results(cases=samples.many_cases(2_000))
    run = samples.saved(tmp_path / "run.jsonl", found)

    assert 2_000 == len(run.entries) == (run.footer and run.footer.counts["cases"])


def test_an_answer_that_the_emulator_signed_is_its_own(tmp_path: Path) -> None:
    """A run against another address is told as the emulator's where its answers say so."""
    run = samples.saved(tmp_path / "r.jsonl", samples.results(), samples.header(observed="server"))
    signed = samples.saved(tmp_path / "s.jsonl", samples.results(), samples.header(observed="emulator"))

    assert "server" == run.header.observed == run_file.who("server", [entry.result for entry in run.entries])
    assert "emulator" == run_file.who("server", [entry.result for entry in signed.entries])
    assert "vendor" == run_file.who("vendor", [entry.result for entry in signed.entries])
