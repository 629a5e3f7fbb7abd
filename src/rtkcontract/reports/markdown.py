"""
A run as Markdown for the page of a CI job.

1. A clean run is short; a run with findings shows ten groups and counts the rest.
2. Text from outside stands in code spans, so that it can neither format nor link nor mention anyone.
3. The whole stays under the limit of GitHub's job summaries, 1 MiB; what does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtkcontract.engine.run_file import Run
from rtkcontract.reports import compare_runs, summary

MOST_BYTES: Final = 1_000_000
"""A little under 1 MiB (1,048,576), above which GitHub refuses the whole summary of a step."""


SHOWN: Final = 10


SIGNS: Final = {0: "✅", 1: "❌", 2: "⚠️"}


def text(run: Run) -> str:
    """
    The verdict, a table of what was judged, the groups, what was not covered.
    """
    return _fitted([*_head(run), *_groups(run), *_rest(run)])


def comparison(before: Run, after: Run) -> str:
    """
    What is new, fixed and unchanged between two runs.
    """
    return _fitted([*_compared(before, after)])


def _fitted(blocks: list[str]) -> str:
    """
    The blocks joined as long as they fit; the number of those that do not stands at the end.
    """
    kept: list[str] = []
    size = 0
    for block in blocks:
        size += len(block.encode()) + 1
        if size > MOST_BYTES - 200:
            break
        kept.append(block)
    if len(kept) < len(blocks):
        kept.append(f"\n*{summary.counted(len(blocks) - len(kept), 'more block')} left out to stay under 1 MiB.*")
    return "\n".join(kept) + "\n"


def code(words: str, most: int = 200) -> str:
    """
    A code span that any text can stand in, in table cells too.
    """
    words = summary.one_line(words, most).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in _ticks(words)), default=0))
    pad = " " if words.startswith("`") or words.endswith("`") or not words else ""
    return f"{fence}{pad}{words}{pad}{fence}"


def _ticks(words: str) -> list[str]:
    return "".join(char if char == "`" else " " for char in words).split()


def plain(words: str, most: int = 300) -> str:
    """
    Text in which Markdown, HTML and mentions mean nothing.
    """
    words = summary.one_line(words, most)
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace("@", "@\u200b")
    return "".join(f"\\{char}" if char in "\\`*_{}[]|#~" else char for char in words)


def _block(lines: list[str], kind: str = "") -> str:
    fence = "`" * (3 + max((len(run) for line in lines for run in _ticks(line)), default=0))
    return "\n".join([f"{fence}{kind}", *(summary.visible(line) for line in lines), fence])


def _head(run: Run) -> Iterator[str]:
    header, count = run.header, summary.counts(run)
    yield f"## {SIGNS[summary.exit_code(run)]} {plain(summary.verdict_words(run))}\n"
    if header.observed == "emulator":
        yield "> Judged: the **emulator**, not the vendor. This tells nothing about the vendor's service.\n"
    cases = ", ".join(f"{count[status]:,} {status}" for status in ("pass", "fail", "error", "skip"))
    found = ", ".join(summary.counted(count[f"{word}s"], word) for word in ("finding", "warning", "note"))
    rows = [
        ("judged", plain(summary.judged(run))),
        ("cases", f"{count['cases']:,} of {header.planned:,} planned: {cases}"),
        ("findings", found),
        ("contract", f"{code(header.revision)} {code(header.digest)}"),
        ("plan", f"{code(header.plan)}, started {plain(summary.day_and_time(header.started))}"),
    ]
    if summary.covered(run):
        rows.append(("covered", plain(summary.covered(run))))
    measured = summary.latency(run)
    if measured:
        times = (summary.milliseconds(each) for each in (measured.p50, measured.p90, measured.p99))
        rows.append(("latency", "median {}, 90 % within {}, 99 % within {}".format(*times)))
    yield "\n".join(
        [f"| {plain(header.subject)} | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]
    )
    yield from _operations(run)
    yield from (f"\n{plain(problem)}" for problem in run.problems)
    if summary.exit_code(run):
        yield f"\n**What to do:** {plain(summary.advice(run))}"
    if since := compare_runs.since_all(run, None):
        yield f"\n**Since when:** {plain(since)}."


def _operations(run: Run) -> Iterator[str]:
    """
    A row for each operation of several; those that keep their contract are counted.
    """
    lines = summary.by_operation(run) if len(run.header.operations) > 1 else ()
    told = [line for line in lines if line.verdict != "keeps"]
    if told:
        yield "\n| operation | verdict | cases | findings | warnings |\n| --- | --- | --- | --- | --- |"
    for line in told:
        yield f"| {code(line.operation)} | {line.verdict} | {line.cases:,} | {line.findings:,} | {line.warnings:,} |"
    if told and len(told) < len(lines):
        yield f"| {summary.counted(len(lines) - len(told), 'more')} | keep | | | |"


def _groups(run: Run) -> Iterator[str]:
    found = summary.groups(run, "finding")
    for number, group in enumerate(found[:SHOWN], 1):
        yield from _group(run, number, group)
    yield from _further(found)


def _further(found: tuple[summary.Group, ...]) -> Iterator[str]:
    """
    A row for each group that is not shown in full.
    """
    if found[SHOWN:]:
        yield "\n| further way | cases |\n| --- | --- |"
    for group in found[SHOWN:]:
        yield f"| {code(group.title)} | {len(group.cases):,} |"


def _group(run: Run, number: int, group: summary.Group, earlier: Run | None = None) -> Iterator[str]:
    entry, finding = group.items[0]
    told = summary.story(run, entry, finding)
    yield f"\n### {number}. {plain(group.title)} ({summary.counted(len(group.cases), 'case')})\n"
    yield f"{code(finding.case_id)}, check {code(finding.check)}\n"
    yield _block(
        [f"  sent      {told.sent}", f"+ expected  {told.expected}", f"- got       {told.got}", *told.diff], "diff"
    )
    yield from (f"- source: {plain(source)}" for source in told.sources)
    if told.because:
        yield f"- because: {plain(told.because)}"
    if since := compare_runs.since(earlier, group).text:
        yield f"- since: {plain(since)}"
    yield "\nSend it again:\n"
    yield _block([summary.reproduce(run, finding)], "sh")
    if group.cases[1:]:
        cases = ", ".join(code(case) for case in group.cases[1:21])
        more = f" and {len(group.cases) - 21:,} more" if group.cases[21:] else ""
        yield f"\nAlso: {cases}{more}"


def _rest(run: Run) -> Iterator[str]:
    warned = summary.groups(run, "warning")
    if warned:
        yield "\n**Warnings**, which break no promise:\n"
    yield from (f"- {plain(group.title)} ({summary.counted(len(group.cases), 'case')})" for group in warned[:SHOWN])
    missing = summary.gaps(run)
    if missing:
        yield "\n**Not covered:**\n"
    yield from (f"- {plain(gap.what)}: {plain(gap.why)}" for gap in missing[:SHOWN])
    if missing[SHOWN:]:
        yield f"- and {len(missing) - SHOWN:,} more"


def _compared(before: Run, after: Run) -> Iterator[str]:
    found = compare_runs.between(before, after)
    yield f"## {SIGNS[compare_runs.exit_code(before, after)]} {plain(compare_runs.headline(before, after), 600)}\n"
    yield from (f"> {plain(told, 600)}\n" for told in compare_runs.remarks(before, after))
    new = summary.grouped(after, found.new)
    if new:
        yield f"\n## New ({summary.counted(len(found.new), 'finding')})"
    for number, group in enumerate(new[:SHOWN], 1):
        yield from _group(after, number, group, before)
    yield from _further(new)
    for title, run, items in (
        ("Fixed", before, found.fixed),
        ("Unchanged", after, found.unchanged),
        ("No longer told, for the later run did not judge the case", before, found.untold),
    ):
        if items:
            yield f"\n## {title} ({summary.counted(len(items), 'finding')})\n"
            yield "| what | cases | as |\n| --- | --- | --- |"
        for group in summary.grouped(run, items):
            yield f"| {code(group.title)} | {len(group.cases):,} | {code(group.cases[0])} |"
    for name, cases in (("earlier", found.only_before), ("later", found.only_after)):
        if cases:
            more = f" and {len(cases) - 10:,} more" if cases[10:] else ""
            yield f"\nOnly in the {name} run: {', '.join(code(case) for case in cases[:10])}{more}"
