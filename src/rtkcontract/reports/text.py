"""
A run as terminal text: the verdict first, then each group of findings, then the rest in short; the rich printer.

1. The first line is the verdict, and it says who was judged.
2. A group shows one case in full: sent, expected and why, got, the difference, the command that reproduces it.
3. Colour marks severities and the two sides of a difference and nothing else; without it no word is lost.
4. Commands and differences are never wrapped, so that they can be copied.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from rtkcontract.engine.run_file import Run
from rtkcontract.model import Finding
from rtkcontract.reports import compare_runs, summary

STYLES: Final = {"finding": "bold red", "warning": "yellow", "note": "cyan"}


VERDICTS: Final = {0: "bold green", 1: "bold red", 2: "bold yellow"}


WORD: Final = re.compile(r"\S+")


SHOWN: Final = 10
"""Groups shown in full; the others keep one line each."""


def wants_colour(stream: IO[str], environment: Mapping[str, str]) -> bool:
    """
    Whether a stream is a terminal that may be coloured: NO_COLOR and TERM=dumb say no.
    """
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def text(run: Run, *, colour: bool = False, width: int | None = None, earlier: Run | None = None) -> str:
    """
    The whole verdict; with an earlier run, since when each promise is broken. Without a width nothing is wrapped.
    """
    return _printed(_lines(run, earlier), colour=colour, width=width)


def comparison(before: Run, after: Run, *, colour: bool = False, width: int | None = None) -> str:
    """
    What is new, fixed and unchanged between two runs.
    """
    return _printed(_compared(before, after), colour=colour, width=width)


def _printed(lines: Iterator[Text], *, colour: bool, width: int | None) -> str:
    stream = io.StringIO()
    system = "standard" if colour else None
    console = Console(
        file=stream,
        width=width or 10_000,
        force_terminal=colour,
        color_system=system,  # type: ignore[arg-type] # a literal that mypy widens
        no_color=not colour,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    for line in lines:
        for part in _wrapped(line, width) if width and not line.no_wrap else (line,):
            console.print(part, soft_wrap=True)
    return stream.getvalue()


def _wrapped(line: Text, width: int) -> Iterator[Text]:
    """
    The line in parts that end between words: an id that is longer than a line stays whole, so that it can be copied.
    """
    offsets, start = [], 0
    for word in WORD.finditer(line.plain):
        if start < word.start() and cell_len(line.plain[start : word.end()]) > width:
            start = word.start()
            offsets.append(start)
    for part in line.divide(offsets):
        part.rstrip()
        yield part


def _line(words: str = "", style: str = "", *, whole: bool = False) -> Text:
    return Text(words, style=style, no_wrap=whole)


def _pair(name: str, words: str, style: str = "") -> Text:
    return Text.assemble((f"   {name:<13}", "dim"), (words, style), no_wrap=True)


def _lines(run: Run, earlier: Run | None) -> Iterator[Text]:
    yield _line(summary.headline(run), VERDICTS[summary.exit_code(run)])
    yield _line(_about(run), "dim")
    for problem in run.problems:
        yield _line(f"{run.name}: {problem}", "yellow")
    yield from _operations(run)
    found = summary.groups(run, "finding")
    for number, group in enumerate(found[:SHOWN], 1):
        yield _line()
        yield from _group(run, number, group, earlier)
    yield from _further(found)
    for severity in ("warning", "note"):
        yield from _short(run, severity)
    yield from _missing(run)
    yield from _next(run, earlier)


def _operations(run: Run) -> Iterator[Text]:
    """
    Of several operations, those that do not keep their contract, one line each.
    """
    lines = summary.by_operation(run) if len(run.header.operations) > 1 else ()
    told = [line for line in lines if line.verdict != "keeps"]
    if not told:
        return
    yield _line()
    for line in told:
        words = f" - {line.operation}: {line.verdict}, {summary.counted(line.findings, 'finding')}, "
        skipped = f", {line.skipped:,} not sent" if line.skipped else ""
        yield _line(f"{words}{summary.counted(line.cases, 'case')}{skipped}")
    if len(told) < len(lines):
        yield _line(f" - {summary.counted(len(lines) - len(told), 'other')}: keep their contract")


def _further(found: tuple[summary.Group, ...]) -> Iterator[Text]:
    """
    One line for each group that is not shown in full.
    """
    if not found[SHOWN:]:
        return
    yield _line()
    more = summary.counted(len(found) - SHOWN, "more way")
    yield _line(f"And {more}, each in full in the HTML page of the saved run (--run-file, then report --format html):")
    for number, group in enumerate(found[SHOWN:], SHOWN + 1):
        yield _line(f"{number:>3}. {group.title} ({summary.counted(len(group.cases), 'case')})", whole=True)


def _next(run: Run, earlier: Run | None) -> Iterator[Text]:
    """
    Since when, and what to do; nothing after a clean run.
    """
    if summary.exit_code(run) == 0:
        return
    yield _line()
    told = compare_runs.since_all(run, earlier)
    if told:
        yield _line(f"Since when: {told}.")
    yield _line(f"What to do: {summary.advice(run)}")


def _about(run: Run) -> str:
    header = run.header
    took = summary.duration(run)
    parts = [
        f"contract {header.revision} ({header.digest})",
        f"plan {header.plan}",
        f"started {summary.day_and_time(header.started)}",
        *([f"took {took:.0f} s"] if took is not None else []),
        *([f"at {header.base_url}"] if header.base_url else []),
    ]
    return summary.visible(", ".join(parts))


def _group(run: Run, number: int, group: summary.Group, earlier: Run | None) -> Iterator[Text]:
    entry, finding = group.items[0]
    since = compare_runs.since(earlier, group).text
    told = summary.story(run, entry, finding)
    title = Text.assemble(
        f"{number}. ",
        (group.title, STYLES[group.severity]),
        f"  {summary.counted(len(group.cases), 'case')}",
    )
    yield title
    yield _line(f"   {entry.result.case.id}  FAIL  {finding.check}", whole=True)
    yield _pair("  sent", told.sent)
    yield _pair("+ expected", told.expected, "green")
    yield _pair("- got", told.got, "red")
    for line in told.diff:
        yield _line(f"     {line}", {"-": "red", "+": "green"}.get(line[:1], ""), whole=True)
    if told.because:
        yield _pair("  because", told.because)
    if since:
        yield _pair("  since", since)
    for index, source in enumerate(told.sources):
        yield _pair("" if index else "  source", source)
    yield from _others(group)
    yield _pair("  send again", summary.reproduce(run, finding), "bold")


def _others(group: summary.Group) -> Iterator[Text]:
    rest = group.cases[1:]
    for index, case in enumerate(rest[:3]):
        yield _pair("" if index else "  also", case)
    if rest[3:]:
        yield _pair("", f"and {summary.counted(len(rest) - 3, 'more case')}")


def _short(run: Run, severity: str) -> Iterator[Text]:
    found = [group for group in summary.groups(run) if group.severity == severity]
    if not found:
        return
    yield _line()
    yield _line(f"{severity.capitalize()}s, which break no promise:", STYLES[severity])
    for group in found[:SHOWN]:
        _, finding = group.items[0]
        yield _line(f" - {_in_short(finding, group)}")
    if found[SHOWN:]:
        yield _line(f" - and {summary.counted(len(found) - SHOWN, 'more kind')}")


def _in_short(finding: Finding, group: summary.Group) -> str:
    how_many = summary.counted(len(group.cases), "case")
    expected, observed = summary.one_line(finding.expected, 120), summary.one_line(finding.observed, 120)
    return f"{group.title} ({how_many}, as {group.cases[0]}): expected {expected}; got {observed}"


def _missing(run: Run) -> Iterator[Text]:
    found = summary.gaps(run)
    if summary.covered(run):
        yield _line()
        yield _line(f"Covered: {summary.covered(run)}.")
    if summary.generated(run):
        yield _line(f"Generated by hypothesis: {summary.generated(run)}.")
    if not found:
        return
    yield _line()
    yield _line("Not covered:", "bold")
    for gap in found[:SHOWN]:
        yield _line(f" - {gap.what}: {gap.why}" + (f" (as {gap.cases[0]})" if gap.cases else ""))
    if found[SHOWN:]:
        yield _line(f" - and {len(found) - SHOWN:,} more")


def _compared(before: Run, after: Run) -> Iterator[Text]:
    found = compare_runs.between(before, after)
    yield _line(compare_runs.headline(before, after), VERDICTS[compare_runs.exit_code(before, after)])
    for told in compare_runs.remarks(before, after):
        yield _line(told, "yellow")
    new = summary.grouped(after, found.new)
    if new:
        yield _line()
        yield _line("New:", "bold red")
    for number, group in enumerate(new[:SHOWN], 1):
        yield _line()
        yield from _group(after, number, group, before)
    yield from _further(new)
    for title, run, items, style in (
        ("Fixed", before, found.fixed, "bold green"),
        ("Unchanged", after, found.unchanged, "bold"),
        ("No longer told, for the later run did not judge the case", before, found.untold, "bold yellow"),
    ):
        yield from _listed(run, title, items, style)
    for name, cases in (("the earlier", found.only_before), ("the later", found.only_after)):
        if cases:
            yield _line()
            more = f" and {len(cases) - 3:,} more" if cases[3:] else ""
            yield _line(f"Only in {name} run: {', '.join(cases[:3])}{more}")


def _listed(run: Run, title: str, items: Sequence[compare_runs.Item], style: str) -> Iterator[Text]:
    """
    One line a group, which tells what came of it.
    """
    if not items:
        return
    yield _line()
    yield _line(f"{title}:", style)
    groups = summary.grouped(run, items)
    for group in groups[: SHOWN * 2]:
        yield _line(f" - {group.title} ({summary.counted(len(group.cases), 'case')}, as {group.cases[0]})")
    if groups[SHOWN * 2 :]:
        yield _line(f" - and {len(groups) - SHOWN * 2:,} more")
