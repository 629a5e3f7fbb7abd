"""
What the pages state and a machine can know: tables and findings that are generated, and commands with their outputs.

1. `<!-- generated: NAME -->` to `<!-- end -->` holds what `GENERATED[NAME]` returns.
2. A `console` block holds commands behind `$ ` and what they print. They are run, in an empty folder a page.
3. A `sh` block holds commands that are not run: they ask the vendor, need a checkout or make whole environments. Their
   verbs, options and sessions must exist.
4. Figures that differ from run to run, such as times and ports, are compared as placeholders.

`python tests/documented.py` writes what is true now into README.md and docs/.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path

from rtkcontract.checks import across
from rtkcontract.checks import judge as judges
from rtkcontract.contract import deviations, load
from rtkcontract.contract.requests import request_of
from rtkcontract.emulator.answers import emulator
from rtkcontract.engine import run_file, targets
from rtkcontract.generation import plan as generation_plan
from rtkcontract.model import Answered, Case, Contract, Json, Operation, Request, Response, Result
from rtkcontract.openapi import references
from rtkcontract.recordings import replay as replaying
from rtkcontract.reports import text as text_report
from wrong_servers import emulated as faults

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
WIDTH = "100"


# --- commands and their outputs -------------------------------------------------------------------------------------

FENCE = re.compile(r"^```(?P<info>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
VARIABLE = (
    (re.compile(r"\d+(?:\.\d+)? ?m?s\b"), "N s"),
    (re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z| UTC)"), "MOMENT"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"20\d\d-\d\d-\d\dT[\d:.]+Z"), "MOMENT"),
    (re.compile(r"/\S*contract_tests"), "contract_tests"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "DIGEST"),
    (re.compile(r"\s+"), " "),  # lines are wrapped by what stands in them
)
AWAY = ("CLOUDFLARE_", "REALTIMEKIT_", "GITHUB_", "PYTEST_", "HYPOTHESIS_", "NOX_", "CI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """
    One fenced block of a page; `start` and `end` are the offsets of its text.
    """

    page: Path
    info: str
    text: str
    start: int
    end: int

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.page.read_text()[: self.start].count(chr(10)) + 1}"


def blocks(page: Path) -> tuple[Block, ...]:
    """
    The fenced blocks of a page, in order.
    """
    return tuple(
        Block(page=page, info=found["info"], text=found["text"], start=found.start("text"), end=found.end("text"))
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
    )


def commands(block: Block) -> tuple[str, ...]:
    """
    The commands of a block, without comments and without what `console` blocks show of their output.
    """
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.info == "console":
        return tuple(line[2:] for line in lines if line.startswith("$ "))
    return tuple(told for line in lines if (told := re.sub(r"(^|\s)#.*", "", line).strip()))


def environment() -> dict[str, str]:
    """
    This environment without a terminal, colours, credentials and what a CI sets, and with this Python's commands first.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(AWAY)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "COLUMNS": WIDTH, "NO_COLOR": "1", "TERM": "dumb"}


def ran(command: str, folder: Path, before: int = 0) -> tuple[str, int]:
    """
    What a command prints, errors included, and its exit code; `$?` is that of the command before it.
    """
    script = f"set -o pipefail\n(exit {before})\n{command}\n"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout, done.returncode


def replayed(page: Path) -> Iterator[tuple[Block, str]]:
    """
    Each `console` block of a page with the text that it has now.
    """
    with tempfile.TemporaryDirectory() as name:
        code = 0
        for block in (block for block in blocks(page) if block.info == "console"):
            lines = []
            for command in commands(block):
                output, code = ran(command, Path(name), code)
                lines += [f"$ {command}", *(line.rstrip() for line in output.splitlines())]
            yield block, "\n".join(lines) + "\n"


def steady(text: str) -> str:
    """
    The text with what differs from run to run as placeholders.
    """
    for pattern, placeholder in VARIABLE:
        text = pattern.sub(placeholder, text)
    return text


# --- generated parts ------------------------------------------------------------------------------------------------

PART = re.compile(r"<!-- generated: (?P<name>[a-z-]+) -->\n(?P<text>.*?)<!-- end -->", re.DOTALL)


def parts(page: Path) -> tuple[tuple[str, str], ...]:
    """
    (name, text) of each generated part of a page.
    """
    return tuple((found["name"], found["text"]) for found in PART.finditer(page.read_text(encoding="utf-8")))


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """
    A Markdown table.
    """
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


@cache
def contract() -> tuple[Contract, Operation]:
    """
    The contract of this checkout, with its first operation.
    """
    found = load.load_contract(ROOT / "schemas")
    return found, next(iter(found.operations.values()))


@cache
def smoke() -> generation_plan.Plan:
    return generation_plan.make(*contract(), "smoke")


def states() -> str:
    """
    What can be said of a recording, and what it weighs.
    """
    rows = ((state.name, state.meaning, state.pull_request, state.release) for state in replaying.STATES)
    return table(("state", "meaning", "pull request", "release"), rows)


def sources() -> str:
    """
    Every source with its date and the number of constraints that cite it.
    """
    found, operation = contract()
    cited = list(_cited([found.document, *operation.written_cases, *operation.deviations]))
    rows = (
        (f"`{source.id}`", source.title, source.where, source.dated, cited.count(source.id))
        for source in found.sources.values()
    )
    return table(("id", "source", "where", "dated", "cited"), rows)


def _cited(value: Json) -> Iterator[str]:
    """
    Each source id that a schema cites, as often as it does.
    """
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("x-source", "source"):
                yield from _ids(item)
            else:
                yield from _cited(item)
    elif isinstance(value, list):
        for item in value:
            yield from _cited(item)


def _ids(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _ids(item)


def unknown() -> str:
    """
    Everything that no source decides: the `x-unspecified` entries of the operation and of its members.
    """
    found, operation = contract()
    rows = [(f"the operation: {entry['about']}", entry["reason"], entry["source"]) for entry in operation.unspecified]
    for place, entry in _unspecified(operation.request_schema, found.document):
        about = f"`{place}`" if place else "the whole body"
        rows.append((f"{about}{_aspect(entry)}", entry["reason"], entry["source"]))
    told = ((about, reason, ", ".join(f"`{name}`" for name in _ids(source))) for about, reason, source in rows)
    return table(("about", "what is not known", "source"), dict.fromkeys(told))


def _aspect(entry: Json) -> str:
    if "keyword" in entry:
        return f", its {entry['keyword']}"
    return ", what comes back" if "echo" in entry else ", some values"


def _unspecified(schema: Json, document: Json, place: str = "") -> Iterator[tuple[str, Json]]:
    node = references.resolve(document, schema)
    if not isinstance(node, dict):
        return
    for entry in node.get("x-unspecified", ()):
        yield place, entry
    for name, part in node.get("properties", {}).items():
        yield from _unspecified(part, document, f"{place}.{name}".lstrip("."))


# --- a sample finding for each check --------------------------------------------------------------------------------

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """
    How a server must be wrong for a check to speak: a fault of the zoo, or slowness, or an outdated deviation.
    """

    words: str
    fault: str = ""
    elapsed_s: float = 0.02
    deviation: Json = None


LIES = {
    "status": Lie(words="takes a keep-alive below the minimum and rounds it up", fault="keep-alive clamped"),
    "content_type": Lie(words="calls its JSON HTML", fault="text/html"),
    "envelope": Lie(words="answers in the envelope of another API", fault="v4 envelope"),
    "body_schema": Lie(words="gives out ids that are no UUIDs", fault="id no uuid"),
    "echo": Lie(words="keeps the default in place of what was sent", fault="keep-alive always the default"),
    "defaults": Lie(words="keeps a word limit when none was sent", fault="words of 300"),
    "secrets": Lie(words="sends a stored credential back", fault="secret echoed"),
    "times": Lie(words="dates the change before the creation", fault="updated_at before created_at"),
    "latency": Lie(words="takes seven seconds", elapsed_s=7.0),
    "unique_ids": Lie(words="gives the same id to every meeting", fault="one id for all"),
    "dropped": Lie(words="sends some members back and forgets another", fault="title lost"),
    "memory": Lie(words="answers with what an earlier request said", fault="title of an earlier request"),
    "relations": Lie(
        words="reads a body by the order of its members", fault="keep-alive lost where title stands behind it"
    ),
    "nulls": Lie(words="stores a null as the word None", fault="null as a word"),
    "protocol": Lie(words="says that its JSON is Latin-1", fault="charset of its own"),
    "disclosure": Lie(words="shows its stack trace in a refusal", fault="stack trace"),
    "clock": Lie(words="always tells the same time", fault="time stands still"),
    "allowed": Lie(words="leaves out of Allow what it has just accepted", fault="Allow without POST"),
    "deviation": Lie(
        words="has mended what a deviation excuses",
        deviation={
            "case": "create_meeting/session_keep_alive_time_in_secs/below-minimum",
            "check": "status",
            "reason": "59 seconds are taken, reported to the vendor",
        },
    ),
}


def _words(sent: Json, told: dict[str, Json]) -> None:
    """
    A default of its own for the word limit of a summary.
    """
    if faults.get(sent, faults.SU) is not faults.GONE and faults.get(sent, faults.WORDS) is faults.GONE:
        told["ai_config"]["summarization"]["word_limit"] = 300


def _null_words(sent: Json, told: dict[str, Json]) -> None:
    if isinstance(sent, dict) and sent.get("title", "") is None:
        told["title"] = "None"


def _dated() -> Callable[[Request, Json, Response], Response]:
    """
    A date that goes on by a second with each response.
    """
    seconds = itertools.count()

    def change(_: Request, __: Json, response: Response) -> Response:
        date = format_datetime(NOON + timedelta(seconds=next(seconds) % 300), usegmt=True)
        return dataclasses.replace(response, headers=(*response.headers, ("date", date)))

    return change


def _status(code: int) -> Callable[[Request, Json, Response], bool]:
    return lambda _, __, response: response.status == code


TRACE = 'Traceback (most recent call last): File "/srv/rooms/api.py", line 31, in create'
CHECK_NAMES = {"allowed": "protocol"}
"""The function of a check, where its findings go by the name of another."""
OWN_FAULTS = {
    "words of 300": faults.data(_words),
    "null as a word": faults.data(_null_words),
    "charset of its own": faults.says(faults.header("content-type", "application/json; charset=iso-8859-1")),
    "stack trace": faults.says(faults.service_error(400, TRACE), when=_status(400)),
    "time stands still": faults.says(_dated()),
    "Allow without POST": faults.says(faults.header("allow", "GET"), when=_status(405)),
}


def _server(lie: Lie) -> Callable[[Request], Response]:
    """
    The emulator with the lie; its clock stands and its ids count up, so that it answers the same each time.
    """
    found, _ = contract()
    numbers = itertools.count(1)
    honest = emulator(
        found,
        token=faults.TOKEN,
        account_id=faults.ACCOUNT,
        app_id=faults.APP,
        now=lambda: NOON,
        new_id=lambda: str(uuid.UUID(int=0xE0000000_0000_4000_8000_000000000000 + next(numbers))),
    )
    zoo = {fault.name: fault.wrap for fault in faults.FAULTS} | OWN_FAULTS
    wrap = zoo[lie.fault] if lie.fault else None
    return wrap(honest) if wrap else honest


def _run(operation: Operation, results: Iterable[Result]) -> run_file.Run:
    """
    A run of results as a file would hold it, by a clock that stands.
    """
    found, _ = contract()
    entries = tuple(run_file.entry_of(operation, result) for result in results)
    header = run_file.header_of(
        found,
        [operation],
        faults.target("http://127.0.0.1:8080"),
        observed="server",
        plan="smoke",
        started="2026-11-22T12:00:00Z",
        planned=len(entries),
        versions={},
    )
    footer = run_file.Footer(
        finished="2026-11-22T12:00:09Z", counts=run_file.counts_of(entry.result for entry in entries)
    )
    return run_file.Run(header=header, entries=entries, footer=footer)


@cache
def _methods() -> tuple[Case, ...]:
    """
    The cases with another method, which the smoke plan leaves out.
    """
    return tuple(case for case in generation_plan.make(*contract()).cases if case.overrides.method)


def _results(operation: Operation, answer: Callable[[Request], Response], elapsed_s: float) -> tuple[Result, ...]:
    """
    The verdicts on a server's answers to the smoke plan.
    """
    found, _ = contract()
    target = faults.target("https://api.cloudflare.com")
    observed = (
        (case, Answered(response=answer(request_of(operation, case, target)), elapsed_s=elapsed_s))
        for case in (*smoke().cases, *_methods())
    )
    judging = (judges.judge(found, operation, case, answered, max_latency_s=5.0) for case, answered in observed)
    return across.judge_run(found, operation, tuple(judging))


def judged(name: str, lie: Lie) -> tuple[Operation, Result]:
    """
    The case with the shortest body in which the check speaks, with the verdict that holds that one finding.
    """
    _, operation = contract()
    if lie.deviation:
        operation = dataclasses.replace(operation, deviations=(lie.deviation,))
    spoken = [
        dataclasses.replace(result, findings=(finding,))
        for result in _results(operation, _server(lie), lie.elapsed_s)
        for finding in result.findings
        if finding.check == CHECK_NAMES.get(name, name) and finding.severity in ("finding", "warning")
    ]
    if not spoken:
        raise LookupError(f"the check {name} finds nothing in a server that {lie.words}")
    return operation, min(spoken, key=lambda result: len(result.case.content))


def _alone(name: str) -> tuple[Operation, tuple[Result, ...]]:
    operation, result = judged(name, LIES[name])
    return operation, (result,)


def sample(name: str) -> str:
    """
    A sample finding of a check as the terminal shows it.
    """
    run = _run(*_alone(name))
    run = dataclasses.replace(
        run, header=dataclasses.replace(run.header, base_url=targets.DEFAULT_BASE_URL, observed="vendor")
    )
    told = text_report.text(run)
    start = told.index("\n1. ") if "\n1. " in told else told.index("\nWarnings")
    return told[start + 1 :].split("\n\n")[0].rstrip() + "\n"


def finding() -> str:
    """
    The verdict on a server that takes 59 seconds.
    """
    found, operation = contract()
    fault = next(fault for fault in faults.FAULTS if fault.name == "keep-alive from 59")
    results = _results(operation, fault.server(found), 0.004)
    told = text_report.text(_run(operation, results)).split("\n\nCovered")[0]
    return f"```text\n{told.rstrip()}\n```\n"


def plans() -> str:
    """
    The plans with their strength and their requests.
    """
    found, operation = contract()
    standard = generation_plan.make(found, operation, "standard")
    rows = (
        ("`smoke`", "each value: the start of `standard`", len(smoke().cases)),
        (
            "`standard`, the default",
            "each pair of values, and hypothesis",
            f"{len(standard.cases)}, and about 30 generated",
        ),
        ("`thorough`", "each triple, and more of hypothesis", "about 2,000"),
    )
    return table(("plan", "strength", "requests"), rows)


def checks_page() -> str:
    """
    Each check: what it asks, in the words of its docstring, and a sample finding.
    """
    asked = {check.__name__: check.__doc__ or "" for check in (*judges.CHECKS, *across.RUN_CHECKS)}
    asked["deviation"] = deviations.gone.__doc__ or ""
    told = []
    for name, words in asked.items():
        text = "\n\n".join(" ".join(part.split()) for part in words.strip().split("\n\n"))
        told.append(f"### {name}\n\n{text}\n\nA server that {LIES[name].words}:\n\n```text\n{sample(name)}```\n")
    return "\n" + "\n".join(told) + "\n"


GENERATED: dict[str, Callable[[], str]] = {
    "states": states,
    "sources": sources,
    "unknown": unknown,
    "checks": checks_page,
    "finding": finding,
    "plans": plans,
}


def written(page: Path) -> str:
    """
    The text of a page with its generated parts and its outputs as they are now.
    """
    text = page.read_text(encoding="utf-8")
    for block, now in reversed([(block, now) for block, now in replayed(page) if steady(now) != steady(block.text)]):
        text = text[: block.start] + now + text[block.end :]
    return PART.sub(
        lambda found: f"<!-- generated: {found['name']} -->\n{GENERATED[found['name']]()}<!-- end -->", text
    )


if __name__ == "__main__":
    for path in (Path(name).resolve() for name in sys.argv[1:]) if sys.argv[1:] else PAGES:
        path.write_text(written(path), encoding="utf-8")
    json.dump([str(path.relative_to(ROOT)) for path in PAGES], sys.stdout)
