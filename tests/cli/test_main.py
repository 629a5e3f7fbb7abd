"""
The command line: what each verb says of itself, and which of its three exit codes it ends with.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import small
from rtkcontract import __version__
from rtkcontract.cli.main import main
from rtkcontract.contract import load
from rtkcontract.engine.targets import VARIABLES
from rtkcontract.network.server import serve
from wrong_servers import emulated as faults

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "rtkcontract"]
NOBODY = dict.fromkeys((*VARIABLES.values(), "CLOUDFLARE_BASE_URL"))
SOMEBODY = {
    VARIABLES["token"]: faults.TOKEN,
    VARIABLES["account_id"]: faults.ACCOUNT,
    VARIABLES["app_id"]: faults.APP,
    "CLOUDFLARE_BASE_URL": None,
}

Said = Callable[..., Result]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Said:
    """
    Calls the command line in an empty folder; whatever it does, it shows no traceback.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*argv: str, code: int, stdin: str | None = None, env: dict[str, str | None] = NOBODY) -> Result:
        result = CliRunner().invoke(main, argv, input=stdin, env=env)
        assert code == result.exit_code, result.output
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return call


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> str:
    """
    A small contract in a folder.
    """
    return str(small.schemas(tmp_path_factory.mktemp("schemas")))


def _verbs(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(CONTEXT):
        command = group.get_command(CONTEXT, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from _verbs(command, (*path, name))


CONTEXT = click.Context(main)
VERBS = tuple(_verbs(main))
NAMED = ("check", "validate", "cases", "send", "serve", "replay", "record", "hunt", "report", "schema", "completion")


# --- help -----------------------------------------------------------------------------------------------------------


def test_the_verbs_are_there() -> None:
    """The verbs that the pages speak of exist."""
    assert set() == set(NAMED) - {verb[0] for verb in VERBS}


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_ends_with_examples(verb: tuple[str, ...], said: Said) -> None:
    """The help of each verb shows how it is called, with examples of itself."""
    told = said(*verb, "--help", code=0).output
    examples = told.partition("Examples:")[2].strip().splitlines()

    assert [] != examples
    assert [] == [line for line in examples if f"rtkcontract {' '.join(verb)}" not in line]


def test_the_list_of_verbs_cuts_no_sentence(said: Said) -> None:
    """Each verb is told in a whole sentence, in a narrow terminal too."""
    told = said("--help", code=0).output

    assert "..." not in told.partition("Commands:")[2]


def test_help_of_check_names_each_option_of_the_run(said: Said) -> None:
    """What pytest's own help tells of our options stands there, and the other way round."""
    ours = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "rtkcontract.plugins.pytest_plugin", "--help"],
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
    ).stdout
    group = re.split(r"\n(?=\S)", ours[ours.index("\ncontract tests of RealtimeKit:") + 1 :])[0]
    options = set(re.findall(r"^  (--[a-z-]+)", group, re.MULTILINE))

    told = set(re.findall(r"^ +(--[a-z-]+)", said("check", "--help", code=0).output, re.MULTILINE)) - {"--help"}
    passed_on = {"--hypothesis-seed", "--hypothesis-profile"}  # the names that hypothesis gives them

    assert len(options) >= 10
    assert passed_on <= options
    assert told == options - passed_on


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_says_what_a_verb_does(verb: tuple[str, ...], said: Said) -> None:
    """The help of each verb, and of each below it, begins with a sentence."""
    told = said(*verb, "-h", code=0).output

    assert re.search(r"^  [A-Z].*", told.split("\n\n")[1], re.MULTILINE)


def test_examples_of_the_help_can_be_parsed() -> None:
    """Each example of each help page has verbs, options and choices that exist."""
    told = [line for verb in VERBS for line in _examples(verb)]
    found = [line.split() for line in told if line.startswith("rtkcontract ")]

    assert len(found) >= len(NAMED)
    for words in found:
        parse(words[1:])


def _examples(verb: tuple[str, ...]) -> list[str]:
    command: click.Command = main
    for name in verb:
        command = command.get_command(CONTEXT, name)  # type: ignore[attr-defined]
    lines = (command.epilog or "").splitlines()
    return [re.sub(r"\s+(#|>|\|).*", "", line).strip() for line in lines]


def parse(words: list[str]) -> None:
    """
    Raises click.UsageError for words that the command line would not take.
    """
    command: click.Command = main
    context: click.Context | None = None
    while isinstance(command, click.Group):
        # The parents are given along: a command keeps the names of its help option from where it is first called.
        context = click.Context(command, context, command.name, **command.context_settings)
        name, words = words[0], words[1:]
        if name.startswith("-"):
            return
        inner = command.get_command(context, name)
        if inner is None:
            raise click.UsageError(f"there is no {name}")
        command = inner
    command.make_context(command.name, list(words), parent=context)


def test_version_is_the_package_s(said: Said) -> None:
    """`--version` names the program and its version."""
    assert f"rtkcontract, version {__version__}\n" == said("--version", code=0).output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, said: Said) -> None:
    """The completion script of each shell names the program."""
    told = said("completion", shell, code=0).output

    assert "rtkcontract" in told
    assert "_RTKCONTRACT_COMPLETE" in told


# --- clean ----------------------------------------------------------------------------------------------------------


def test_a_body_within_the_contract_is_clean(said: Said) -> None:
    """An empty body is within the contract: exit code 0."""
    assert "1 within the contract\n" == said("validate", "-", stdin="{}", code=0).output


def test_a_case_can_be_sent_to_the_emulator(said: Said, box: str) -> None:
    """`send` shows request, answer and verdict."""
    told = said("send", "make_box/minimal", "--schemas", box, code=0).output

    assert "> POST /accounts/{account_id}/realtime/kit/{app_id}/boxes" in told
    assert "< 201" in told
    assert told.endswith("within the contract\n")


def test_cases_are_listed_in_their_order(said: Said, box: str) -> None:
    """`cases list` prints one line a case, `--ids` the ids alone."""
    ids = said("cases", "list", "--ids", "--schemas", box, code=0).stdout.split()
    lines = said("cases", "list", "--schemas", box, code=0).stdout.splitlines()

    assert len(ids) > 10
    assert ids == [line.split()[1] for line in lines]
    assert {"accepted", "rejected"} <= {line.split()[0] for line in lines}


def test_a_case_tells_its_source(said: Said, box: str) -> None:
    """`cases show` says what is sent, what is expected and where that comes from."""
    told = said("cases", "show", "make_box/size/below-minimum", "--schemas", box, code=0).output

    assert "expected   rejected: size: minimum 1" in told
    assert "source     a made-up vendor" in told
    assert '"size":0' in told


@pytest.mark.parametrize(("form", "first"), [("jsonl", "id"), ("har", "log"), ("postman", "info")])
def test_cases_can_be_exported(form: str, first: str, said: Said, box: str) -> None:
    """Each format of an export is JSON that begins as it should."""
    told = said("cases", "export", "--format", form, "--schemas", box, code=0).stdout

    assert first == next(iter(json.loads(told.splitlines()[0] if form == "jsonl" else told)))


@pytest.mark.parametrize("which", ["openapi", "request", "answer", "error"])
def test_schemas_are_printed(which: str, said: Said) -> None:
    """Each schema is one JSON object."""
    assert isinstance(json.loads(said("schema", which, code=0).stdout), dict)


def test_what_was_recorded_can_be_replayed(said: Said, box: str, tmp_path: Path) -> None:
    """`record` writes a recording a case, goes on where it was, and `replay` finds all of them good."""
    where = ("--schemas", box, "--cassettes", str(tmp_path / "mine"))

    assert (
        "stopped: the budget of 3 requests is used up" in said("record", *where, "--max-requests", "3", code=0).output
    )
    assert ", 3 kept as they were" in said("record", *where, code=0).output
    told = said("replay", *where, code=0).output
    count = len(list((tmp_path / "mine").rglob("*.yaml")))

    assert count > 10
    assert f"make_box: {count} recordings under contract" in told
    assert f"{count} ok" in told
    assert "10 recordings compared: 0 findings" in said("record", *where, "--compare", code=0).output


def test_shards_of_a_recording_are_parts_of_it(said: Said, box: str, tmp_path: Path) -> None:
    """Two shards together record what a whole recording does."""
    where = ("record", "--schemas", box, "--cassettes")
    for shard in ("1/2", "2/2"):
        said(*where, str(tmp_path / "parts"), "--shard", shard, code=0)
    said(*where, str(tmp_path / "whole"), code=0)
    names = {part: {path.name for path in (tmp_path / part).rglob("*.yaml")} for part in ("parts", "whole")}

    assert len(names["whole"]) > 10
    assert names["whole"] == names["parts"]


# --- findings -------------------------------------------------------------------------------------------------------


def test_a_body_outside_the_contract_is_a_finding(said: Said) -> None:
    """A keep-alive of 30 is named with its field, its value, the limit and the source: exit code 1."""
    told = said("validate", "-", stdin='{"session_keep_alive_time_in_secs": 30}', code=1).output

    assert "session_keep_alive_time_in_secs is 30" in told
    assert "it must be at least 60 (60 to 600)" in told
    assert "source: Cloudflare's published OpenAPI document" in told
    assert told.endswith("1 outside\n")


def test_validate_speaks_json(said: Said, tmp_path: Path) -> None:
    """`--json` writes one object a value, and the counts at the end."""
    (tmp_path / "bodies.jsonl").write_text('{}\n{"title": 5}\n')
    found = [json.loads(line) for line in said("validate", "--json", "bodies.jsonl", code=1).stdout.splitlines()]

    assert ["accepted", "rejected"] == [line["outcome"] for line in found[:2]]
    assert ["title"] == [broken["field"] for broken in found[1]["broken"]]
    assert {"judged": 2, "exit_code": 1, "accepted": 1, "rejected": 1}.items() <= found[2].items()


@contextlib.contextmanager
def lying() -> Iterator[str]:
    """
    A server on loopback that takes what it should refuse: its base URL.
    """
    fault = next(fault for fault in faults.FAULTS if fault.name == "keep-alive from 59")
    with serve(fault.server(load.load_contract())) as origin:
        yield f"{origin}/client/v4"


def test_a_broken_promise_is_a_finding(said: Said) -> None:
    """`send` to a server that takes 59 seconds says what was expected and what came, and keeps the token to itself."""
    with lying() as address:
        told = said(
            "send",
            "create_meeting/session_keep_alive_time_in_secs/below-minimum",
            *("--target", "live", "--base-url", address, "--plan", "smoke"),
            env=SOMEBODY,
            code=1,
        ).output

    assert "finding: status: expected a 4xx: session_keep_alive_time_in_secs: minimum 60; got 201" in told
    assert told.endswith("breaks the contract\n")
    assert faults.TOKEN not in told
    assert faults.ACCOUNT not in told


# --- could not tell -------------------------------------------------------------------------------------------------


def test_a_missing_file_is_told(said: Said) -> None:
    """A file that is not there is named, with what can be given in its place."""
    assert (
        "rtkcontract: nowhere.json cannot be read: No such file or directory; give a file, or - for standard input\n"
        == said("validate", "nowhere.json", code=2).stderr
    )


def test_a_schema_that_is_cut_off_is_told(said: Said, tmp_path: Path) -> None:
    """A schema file that ends in the middle is named with the place."""
    folder = small.schemas(tmp_path / "cut")
    path = folder / "make_box" / "request.json"
    path.write_bytes(path.read_bytes()[:-20])
    told = said("schema", "--schemas", str(folder), code=2).stderr

    assert "make_box/request.json" in told
    assert 1 == told.count("\n")


def test_an_unknown_target_is_told_with_those_there_are(said: Said, box: str) -> None:
    """A target that does not exist is answered with the list of targets."""
    told = said("send", "make_box/minimal", "--schemas", box, "--target", "moon", code=2).stderr

    assert "there is no target 'moon'; the targets are cassettes, emulator, live" in told


@pytest.mark.parametrize("name", VARIABLES.values())
def test_a_missing_variable_is_named(name: str, said: Said, box: str) -> None:
    """Of the three variables, exactly the missing one is named."""
    told = said(
        "send", "make_box/minimal", "--schemas", box, "--target", "live", env={**SOMEBODY, name: None}, code=2
    ).stderr

    assert f"--target live needs {name} in the environment" in told
    assert {name} == {other for other in VARIABLES.values() if other in told}


def test_a_host_that_does_not_answer_is_no_finding(said: Said, box: str) -> None:
    """Nobody listens: the verdict is that it could not be told."""
    with serve(lambda _: pytest.fail("nothing is sent")) as origin:
        pass
    told = said(
        *("send", "make_box/minimal", "--schemas", box, "--target", "live", "--base-url", f"{origin}/client/v4"),
        env=SOMEBODY,
        code=2,
    ).output

    assert "the target does not answer: " in told
    assert "cannot be reached" in told


def test_a_token_does_not_go_over_plain_http(said: Said, box: str) -> None:
    """An address beyond loopback without TLS is refused before anything is sent."""
    argv = ("send", "make_box/minimal", "--schemas", box, "--target", "live", "--base-url", "http://192.0.2.1/v4")
    told = said(*argv, env=SOMEBODY, code=2).stderr

    assert "https" in told
    assert faults.TOKEN not in told


def test_a_cassette_that_is_no_yaml_is_told(said: Said, box: str, tmp_path: Path) -> None:
    """One broken cassette is named and makes the exit code 2; the others are still judged."""
    where = ("--schemas", box, "--cassettes", str(tmp_path))
    said("record", *where, code=0)
    broken = sorted(tmp_path.rglob("*.yaml"))[0]
    broken.write_text("interactions: [\n")
    told = said("replay", *where, code=2).output

    assert "unreadable (error): 1." in told
    assert broken.name in told
    assert re.search(r"\d\d ok", told)


def test_a_folder_that_is_not_there_is_told(said: Said, box: str) -> None:
    """`replay` does not list all cases as missing because a name was misspelt."""
    told = said("replay", "--schemas", box, "--cassettes", "nowhere", code=2)

    assert "rtkcontract: there is no folder nowhere; name the one that holds the recordings" in told.stderr
    assert "" == told.stdout


def test_every_recording_is_named_when_asked_for(said: Said, box: str, tmp_path: Path) -> None:
    """Ten of a state are named, and all of them with `--every`."""
    where = ("--schemas", box, "--cassettes", str(tmp_path))
    short, long = said("replay", *where, code=2).stdout, said("replay", *where, "--every", code=2).stdout

    assert 10 == short.count("\n  make_box/")
    assert int(re.findall(r"missing \(warning\): (\d+)", long)[0]) == long.count("\n  make_box/")
    assert re.search(r"… and \d+ more", short)
    assert "… and" not in long


@pytest.mark.parametrize(
    "argv",
    [("record", "--max-requests", "-1"), ("record", "--max-meetings", "-1"), ("replay", "--expire-days", "-1")],
)
def test_less_than_nothing_is_bad_input(argv: tuple[str, ...], said: Said) -> None:
    """A budget and an age cannot be negative."""
    assert "is not in the range x>=0" in said(*argv, code=2).stderr


def test_an_unknown_case_is_told_with_the_nearest(said: Said, box: str) -> None:
    """A case id with a slip is answered with ids that are close to it."""
    told = said("send", "make_box/size/below-minimun", "--schemas", box, code=2).stderr

    assert "there is no case make_box/size/below-minimun in the plan standard; close to it: " in told
    assert "make_box/size/below-minimum" in told.partition("close to it")[2]


def test_an_unknown_operation_is_told_with_those_there_are(said: Said, box: str) -> None:
    """An operation that does not exist is answered with the list."""
    told = said("schema", "--schemas", box, "--operation", "make_bax", code=2).stderr

    assert "rtkcontract: there is no operation make_bax; the contract has make_box\n" == told


def test_an_unknown_plan_is_told(said: Said, box: str) -> None:
    """A plan that does not exist is answered with the three there are."""
    told = said("cases", "list", "--schemas", box, "--plan", "huge", code=2).stderr

    assert {"smoke", "standard", "thorough"} <= set(re.findall(r"\w+", told))


@pytest.mark.parametrize("content", [b"", b"{", b'{"kind": "header"}\n', b"\xff\xfe\n", b"[]\n"])
def test_a_broken_run_file_is_told(content: bytes, said: Said, tmp_path: Path) -> None:
    """What is no saved run is named, in one line."""
    (tmp_path / "run.jsonl").write_bytes(content)
    told = said("report", "run.jsonl", code=2).stderr

    assert told.startswith("rtkcontract: run.jsonl")
    assert 1 == told.count("\n")


def test_three_runs_cannot_be_compared(said: Said) -> None:
    """`report` takes one run or two."""
    assert "report takes one run or two, not 3" in said("report", "a", "b", "c", code=2).stderr


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b"])
def test_an_impossible_shard_is_told(shard: str, said: Said, box: str, tmp_path: Path) -> None:
    """A shard that does not exist is quoted."""
    argv = ("record", "--schemas", box, "--cassettes", str(tmp_path), "--shard", shard)

    assert shard in said(*argv, code=2).stderr


@pytest.mark.parametrize("argv", [("send", "x", "--target", "cassettes"), ("record", "--target", "cassettes")])
def test_recordings_answer_no_new_request(argv: tuple[str, ...], said: Said, tmp_path: Path) -> None:
    """Verbs that send say which targets can answer."""
    box = str(small.schemas(tmp_path / "schemas"))
    name = ("send", "make_box/minimal") if argv[0] == "send" else ("record",)
    told = said(*name, *argv[-2:], "--schemas", box, code=2).stderr

    assert "use --target emulator or --target live" in told


def test_a_word_that_is_no_verb_is_bad_input(said: Said) -> None:
    """An unknown verb and an unknown option end with 2, as everything that could not be done."""
    said("chek", code=2)
    said("replay", "--nothing", code=2)


# --- from end to end ------------------------------------------------------------------------------------------------


def test_the_program_runs_by_itself() -> None:
    """`python -m rtkcontract` in a process of its own gives the verdict and the exit code."""
    done = subprocess.run(
        [*COMMAND, "validate", "-"],
        input='{"title": "Stand-up"}',
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
        cwd="/",
        env={**os.environ, "NO_COLOR": "1"},
    )

    assert (0, "", "1 within the contract\n") == (done.returncode, done.stderr, done.stdout)


def test_a_reader_that_goes_early_makes_nothing_clean() -> None:
    """A pipe that is closed early ends the program with one line and 2: not all was told."""
    writing = subprocess.Popen([*COMMAND, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert writing.stdout is not None
    assert writing.stderr is not None
    with writing.stdout, writing.stderr:
        first = writing.stdout.read(1)
        writing.stdout.close()
        told = writing.stderr.read()
        code = writing.wait(timeout=60)

    assert b"{" == first
    assert b"rtkcontract: the output cannot be written: its reader has gone; nothing can be told\n" == told
    assert 2 == code


def test_a_wrong_option_of_pytest_is_not_told_as_anything_else() -> None:
    """It ends with 4 there and with 5 without a test; here both could not tell."""
    for option in ("--no-such-option", "--collect-only"):
        done = subprocess.run(
            [*COMMAND, "check", "--target", "emulator", "--plan", "smoke", "-k", "nothing at all", option],
            capture_output=True,
            check=False,
        )

        assert 2 == done.returncode


def test_lines_stand_above_the_progress_bar(tmp_path: Path) -> None:
    """On a terminal each line of the answer begins at its beginning, while the bar goes on below."""
    (tmp_path / "bodies.jsonl").write_text('{"session_keep_alive_time_in_secs": 30}\n' * 300)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "validate", "--every", str(tmp_path / "bodies.jsonl")],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "300"},
    ) as process:
        os.close(theirs)
        told = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(ours, 65_536):
                told += part
    os.close(ours)
    lines = [line for line in told.decode().splitlines() if "outside the contract" in line]

    assert 1 == process.returncode
    assert 300 == len(lines)
    # What stands before a line takes the bar away: carriage returns and escape sequences.
    assert [] == [line for line in lines if not re.match(r"(?:\r|\x1b\[[0-9;?]*[A-Za-z])*line \d+: outside", line)]


def test_a_hunt_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "hunt", "--target", "emulator", "--side", "valid", "--max-examples", "20"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "bodies sent" in done.stdout
    assert not list(tmp_path.iterdir())
