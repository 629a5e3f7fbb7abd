"""
Two runs -> what is new, what is fixed, what is unchanged, and which cases only one of them has.

1. A finding is the same in both when case, check and place are the same; what came may differ.
2. Findings are compared, warnings and notes are not: they decide nothing.
3. A finding is fixed only when the later run judged its case; otherwise it is untold.
4. A finding of a case that the earlier run did not hold is new: nobody has read it before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from rtkcontract.engine.run_file import Entry, Run
from rtkcontract.model import Finding, Json
from rtkcontract.reports import summary

Key: TypeAlias = tuple[str, str, str]


Item: TypeAlias = tuple[Entry, Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    The findings of two runs, in the order of the run that holds them, and the ids of cases that only one run holds.
    """

    new: tuple[Item, ...]
    fixed: tuple[Item, ...]
    unchanged: tuple[Item, ...]
    untold: tuple[Item, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def key_of(finding: Finding) -> Key:
    """
    What makes a finding the same in two runs.
    """
    return finding.case_id, finding.check, finding.where


def _findings(run: Run) -> dict[Key, Item]:
    return {
        key_of(finding): (entry, finding)
        for entry in run.entries
        for finding in entry.result.findings
        if finding.severity == "finding"
    }


class Since(NamedTuple):
    """
    Since when a promise is broken. `kind`: "broken", "kept" or "not judged" in the earlier run, "recorded" where only
    a recording tells, "" where nothing does.
    """

    kind: str
    when: str

    @property
    def text(self) -> str:
        words = {"broken": "broken already on", "kept": "kept on", "not judged": "not judged on"}
        return f"{words.get(self.kind, 'recorded on')} {summary.day_and_time(self.when)}" if self.kind else ""


def since(earlier: Run | None, group: summary.Group) -> Since:
    """
    Since when the promise is broken, as far as an earlier run or the age of the recordings tells.
    """
    if earlier is not None:
        known = _findings(earlier)
        if any(key_of(finding) in known for _, finding in group.items):
            return Since("broken", earlier.header.started)
        judged = {entry.result.case.id for entry in earlier.entries if entry.result.status in ("pass", "fail")}
        return Since("kept" if judged & set(group.cases) else "not judged", earlier.header.started)
    days = sorted(entry.recorded_at for entry, _ in group.items if entry.recorded_at)
    return Since("recorded", days[0]) if days else Since("", "")


def since_all(run: Run, earlier: Run | None) -> str:
    """
    The same in one sentence for the whole run; "" where nothing is broken.
    """
    found = [since(earlier, group) for group in summary.groups(run, "finding")]
    if not found:
        return ""
    if earlier is not None:
        new = sum(told.kind != "broken" for told in found)
        when = summary.day_and_time(earlier.header.started)
        return f"{new} of {summary.counted(len(found), 'way')} new since {when}, {len(found) - new} broken already then"
    recorded = [told for told in found if told.kind]
    if recorded:
        return f"{min(recorded, key=lambda told: told.when).text} or before; a recording tells no more"
    return "unknown from a single run; compare two: rtkcontract report EARLIER LATER"


def between(before: Run, after: Run) -> Comparison:
    """
    What changed from the earlier run to the later one.
    """
    old, now = _findings(before), _findings(after)
    earlier = {entry.result.case.id: entry for entry in before.entries}
    later = {entry.result.case.id: entry for entry in after.entries}
    judged = {case for case, entry in later.items() if entry.result.status in ("pass", "fail")}
    gone = [item for key, item in old.items() if key not in now]
    return Comparison(
        new=tuple(item for key, item in now.items() if key not in old),
        fixed=tuple(item for item in gone if item[1].case_id in judged),
        unchanged=tuple(item for key, item in now.items() if key in old),
        untold=tuple(item for item in gone if item[1].case_id not in judged),
        only_before=tuple(case for case in earlier if case not in later),
        only_after=tuple(case for case in later if case not in earlier),
    )


def exit_code(before: Run, after: Run) -> int:
    """
    1 when something is new, 2 when the later run could not tell, else 0, findings that stayed included.
    """
    if between(before, after).new:
        return 1
    return 2 if summary.exit_code(after) == 2 else 0


def headline(before: Run, after: Run) -> str:
    """
    The comparison in one sentence.
    """
    found = between(before, after)
    tallies = ", ".join(
        f"{len(items):,} {word}"
        for items, word in (
            (found.new, "new"),
            (found.fixed, "fixed"),
            (found.unchanged, "unchanged"),
            (found.untold, "no longer told"),
        )
        if items or word != "no longer told"
    )
    when = summary.day_and_time(before.header.started)
    verb, they = ("break", "they") if len(after.header.operations) > 1 else ("breaks", "it")
    words = f"{verb} promises that {they} kept" if found.new else f"{verb} no promise that {they} kept"
    return f"{after.header.subject} {words} on {when}: {tallies} (judged: {summary.judged(after)})"


def remarks(before: Run, after: Run) -> tuple[str, ...]:
    """
    What a reader must know before trusting the comparison: other contract, other target, unfinished runs.
    """
    return tuple(_remarks(before, after))


def _remarks(before: Run, after: Run) -> Iterator[str]:
    if set(before.header.operations) != set(after.header.operations):
        yield f"The runs judge different operations: {_difference(before, after)}."
    if before.header.digest != after.header.digest:
        yield f"The contract changed in between: {_revision(before)}, then {_revision(after)}."
    if summary.judged(before) != summary.judged(after):
        yield f"Different targets were judged: {summary.judged(before)}; then {summary.judged(after)}."
    for run, name in ((before, "earlier"), (after, "later")):
        if run.footer is None:
            yield f"The {name} run was not finished."


def _difference(before: Run, after: Run) -> str:
    """
    "create_meeting and get_meeting", or which of many only one run has.
    """
    old, new = before.header.operations, after.header.operations
    if len(old) == len(new) == 1:
        return f"{before.header.subject} and {after.header.subject}"
    parts = [
        f"only the {name} one has {', '.join(own[:5])}" + (f" and {len(own) - 5} more" if own[5:] else "")
        for name, own in (
            ("earlier", [each for each in old if each not in new]),
            ("later", [each for each in new if each not in old]),
        )
        if own
    ]
    return "; ".join(parts)


def _revision(run: Run) -> str:
    return f"{run.header.revision} ({run.header.digest})"


def as_json(before: Run, after: Run) -> Json:
    """
    The comparison as one JSON object.
    """
    found = between(before, after)
    return {
        "headline": headline(before, after),
        "remarks": list(remarks(before, after)),
        "exit_code": exit_code(before, after),
        **{name: _items(getattr(found, name)) for name in ("new", "fixed", "unchanged", "untold")},
        "only_before": list(found.only_before),
        "only_after": list(found.only_after),
    }


def _items(items: Sequence[Item]) -> list[Json]:
    names = ("case_id", "check", "where", "expected", "observed")
    return [{name: getattr(finding, name) for name in names} for _, finding in items]
