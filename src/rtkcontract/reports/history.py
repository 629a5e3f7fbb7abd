"""
Many runs of one target -> when each cause came and when it went, for the terminal, Markdown, HTML and JSON.

1. A cause is what the reports call it, so a later run that says the same means the same.
2. A cause is kept in a run only where one of its cases was judged there; otherwise that run does not tell.
3. Runs of another target than that of the latest are counted and left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import urlsplit

from rtkcontract.engine.run_file import Run
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.model import Json
from rtkcontract.reports import summary

BROKEN: Final = "x"

KEPT: Final = "."

UNTOLD: Final = "?"

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.3rem .5rem;text-align:left;vertical-align:top;"
    "border-bottom:1px solid #8885}code{letter-spacing:.15em}svg{width:100%;height:7rem}"
    "rect{fill:#b3261e}rect.none{fill:#2e7d32}figure{margin:1rem 0}main{overflow-x:auto}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """
    One cause over the runs: `states` has one of BROKEN, KEPT and UNTOLD per run, the earliest first.
    """

    title: str
    states: str

    @property
    def broken_now(self) -> bool:
        """
        Whether the last run that tells of it found it.
        """
        return self.states.rstrip(UNTOLD)[-1:] == BROKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """
    The runs of one target by their start, and the causes: those that are broken now first.
    """

    runs: tuple[Run, ...]
    causes: tuple[Cause, ...]
    left_out: int

    @property
    def headline(self) -> str:
        """
        How many runs, from when to when, and what is broken now.
        """
        now = sum(cause.broken_now for cause in self.causes)
        first, last = self.runs[0], self.runs[-1]
        others = f"; {summary.counted(self.left_out, 'run')} of another target left out" if self.left_out else ""
        return (
            f"{summary.counted(len(self.runs), 'run')} from {summary.day_and_time(first.header.started)} to "
            f"{summary.day_and_time(last.header.started)}: {summary.counted(now, 'cause')} broken now, "
            f"{len(self.causes) - now} gone (judged: {summary.judged(last)}{others})"
        )


def of(runs: Sequence[Run]) -> History:
    """
    The history of runs in any order. Raises CannotTell for none.
    """
    if not runs:
        raise CannotTell("a history needs at least one saved run, a file that ends with .jsonl")
    ordered = sorted(runs, key=lambda run: run.header.started)
    target = _target(ordered[-1])
    same = tuple(run for run in ordered if _target(run) == target)
    broken = [{group.title: set(group.cases) for group in summary.groups(run, "finding")} for run in same]
    judged = [{each.result.case.id for each in run.entries if each.result.status in ("pass", "fail")} for run in same]
    cases: dict[str, set[str]] = {}
    for groups in broken:
        for title, ids in groups.items():
            cases.setdefault(title, set()).update(ids)
    causes = [
        Cause(
            title=title,
            states="".join(
                BROKEN if title in groups else KEPT if ids & seen else UNTOLD
                for groups, seen in zip(broken, judged, strict=True)
            ),
        )
        for title, ids in cases.items()
    ]
    causes.sort(key=lambda cause: not cause.broken_now)
    return History(runs=same, causes=tuple(causes), left_out=len(ordered) - len(same))


def _target(run: Run) -> tuple[str, str | None]:
    return run.header.observed, urlsplit(run.header.base_url).hostname  # a free port differs from run to run


def _when(history: History, cause: Cause) -> str:
    """
    "since …" for what is broken now, "from … , gone …" for what is not, by the runs that tell.
    """
    started = [summary.day_and_time(run.header.started) for run in history.runs]
    last = cause.states.rindex(BROKEN)
    if cause.broken_now:
        told = [number for number, state in enumerate(cause.states) if state == KEPT]
        since = cause.states.index(BROKEN, told[-1] if told else 0)
        return f"broken since {started[since]}" + ("" if told else " or before")
    gone = cause.states.index(KEPT, last)
    return f"broken from {started[cause.states.index(BROKEN)]}, gone on {started[gone]}"


def _counts(history: History) -> list[int]:
    return [sum(cause.states[number] == BROKEN for cause in history.causes) for number in range(len(history.runs))]


def text(history: History) -> str:
    """
    For the terminal: a line of states and a sentence per cause.
    """
    lines = [history.headline]
    if history.causes:
        lines += ["", f"{BROKEN} broken, {KEPT} kept, {UNTOLD} not judged; one sign per run, the latest last"]
    for number, cause in enumerate(history.causes, 1):
        lines += ["", f"{number}. {cause.title}", f"   {cause.states}  {_when(history, cause)}"]
    return "\n".join(lines) + "\n"


def markdown(history: History) -> str:
    """
    For a summary of a job: a table of the causes.
    """
    rows = [f"| {_cell(cause.title)} | `{cause.states}` | {_when(history, cause)} |" for cause in history.causes]
    head = ["", f"| cause | runs ({BROKEN} broken, {KEPT} kept, {UNTOLD} not judged) | when |", "| --- | --- | --- |"]
    return "\n".join([f"## {_cell(history.headline)}", *(head if rows else []), *rows]) + "\n"


def _cell(told: str) -> str:
    return "".join(f"\\{char}" if char in "\\`*_[]<>|" else char for char in told)


def as_json(history: History) -> Json:
    """
    The same as data: the start of each run, and each cause with its states.
    """
    return {
        "runs": [run.header.started for run in history.runs],
        "causes": [{"title": cause.title, "states": cause.states} for cause in history.causes],
        "left_out": history.left_out,
    }


def html(history: History) -> str:
    """
    One page without anything from the network: a bar per run, as high as its causes, and the table.
    """
    rows = "".join(
        f"<tr><td>{escape(cause.title)}</td><td><code>{cause.states}</code></td>"
        f"<td>{escape(_when(history, cause))}</td></tr>"
        for cause in history.causes
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>History</title><style>{STYLE}</style></head><body><main><h1>History</h1>"
        f"<p>{escape(history.headline)}</p>{_chart(history)}"
        f"<table><thead><tr><th>cause</th><th>{BROKEN} broken, {KEPT} kept, {UNTOLD} not judged</th><th>when</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></main></body></html>\n"
    )


def _chart(history: History) -> str:
    counts = _counts(history)
    most, width = max((*counts, 1)), 100 / len(counts)
    bars = []
    for number, count in enumerate(counts):
        height = max(60 * count / most, 1.5)
        when = summary.day_and_time(history.runs[number].header.started)
        kind = "" if count else ' class="none"'
        bars.append(
            f'<rect{kind} x="{number * width:.3f}" y="{62 - height:.2f}" width="{width * 0.8:.3f}"'
            f' height="{height:.2f}"><title>{escape(when)}: {count}</title></rect>'
        )
    label = f"Causes per run, at most {most}"
    return (
        f'<figure><svg viewBox="0 0 100 62" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"{''.join(bars)}</svg><figcaption>{label}; a green line is a run without any.</figcaption></figure>"
    )


def rendered(history: History, form: str) -> str:
    """
    The history as "text", "markdown", "html" or "json". Raises CannotTell for another format.
    """
    if form == "json":
        return dumps(as_json(history)) + "\n"
    if form not in ("text", "markdown", "html"):
        raise CannotTell(f"a history cannot be written as {form}; use text, markdown, html or json")
    return {"text": text, "markdown": markdown, "html": html}[form](history)
