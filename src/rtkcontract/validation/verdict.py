"""
What can be said of one body, response or exchange, in words and as JSON; and of all of them together; pure.

1. Exit codes: 1 something outside the contract, else 2 something that could not be told, else 0. Nothing judged is 2.
2. Of many verdicts with one cause the first few are shown, and the rest is counted. Nothing that grows with the input
   is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from rtkcontract.model import Json, Outcome, Severity, Source

Kind = Literal["body", "answer", "exchange"]


Form = Literal["auto", "body", "answer"]


Part = Literal["request", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """
    One rule and what broke it. `field` is a path as `keywords[0]`, "" for the whole body; `rule` goes on from "it".
    """

    part: Part
    field: str
    value: str
    rule: str
    keyword: str
    """The schema keyword; in an answer, the check."""
    sources: tuple[Source, ...] = ()
    schema_at: str = ""
    severity: Severity = "finding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What can be said of one item. "accepted": within the contract; "rejected": outside; "unspecified": no source tells;
    "unreadable": it cannot be read, or has more than one meaning; "not kept": its file keeps neither body; "other": an
    exchange of no operation here.
    """

    number: int
    kind: Kind
    outcome: Outcome | Literal["unreadable", "not kept", "other"]
    operation: str = ""
    line: int = 0
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()
    status: int | None = None
    """Of the answer of an exchange."""
    partly: bool = False
    """Whether one half of an exchange alone was judged, since the file does not keep the other."""


# ---- the whole


@dataclass(slots=True)
class Tally:
    """
    Counts of verdicts while they come; holds no verdict, so that its size does not grow.
    """

    counts: dict[str, int] = field(default_factory=dict)

    partly: int = 0
    """Exchanges of which one half alone was judged."""

    def add(self, verdict: Verdict) -> Verdict:
        self.counts[verdict.outcome] = self.counts.get(verdict.outcome, 0) + 1
        self.partly += verdict.partly
        return verdict

    @property
    def judged(self) -> int:
        return sum(self.counts.get(name, 0) for name in ("accepted", "rejected", "unspecified"))

    @property
    def exit_code(self) -> int:
        """
        1 where something is outside the contract, else 2 where something could not be read or nothing was judged.
        """
        if self.counts.get("rejected"):
            return 1
        return 2 if self.counts.get("unreadable") or not self.judged else 0

    def text(self) -> str:
        """
        One line for the end.
        """
        told = [f"{self.counts[name]:,} {word}" for name, word in COUNTED.items() if self.counts.get(name)]
        head = "" if self.judged or self.counts.get("unreadable") else "nothing was judged: "
        tail = f"; of {self.partly:,} the file does not keep all" if self.partly else ""
        return head + ", ".join(told) + tail

    def as_json(self) -> Json:
        return {
            "kind": "summary",
            "judged": self.judged,
            "exit_code": self.exit_code,
            "partly": self.partly,
            **dict(sorted(self.counts.items())),
        }


COUNTED: Final = {
    "accepted": "within the contract",
    "rejected": "outside",
    "unspecified": "undecided by the sources",
    "unreadable": "could not be read",
    "not kept": "without bodies in the file, not judged",
    "other": "of other operations, not judged",
}
"""Outcome -> what the last line says of it."""


HEADS: Final = {
    "accepted": "within the contract",
    "rejected": "outside the contract",
    "unspecified": "undecided: no source tells whether it is accepted",
    "unreadable": "cannot be read",
    "not kept": "not judged: the file keeps neither body",
    "other": "of another operation, not judged",
}
"""Outcome -> the first line of a verdict."""


def where(verdict: Verdict) -> str:
    """
    `line 3`, `exchange 2`.
    """
    return f"line {verdict.line}" if verdict.line else f"{verdict.kind} {verdict.number}"


def text(verdict: Verdict) -> str:
    """
    The verdict in a few lines: for each broken rule the field, its value, the rule and where that comes from.
    """
    told = f"{where(verdict)}: {HEADS[verdict.outcome]}" + (", as far as the file keeps it" if verdict.partly else "")
    if verdict.operation:
        part = {"body": "request body", "answer": "answer", "exchange": f"answered {verdict.status}"}[verdict.kind]
        told += f" ({verdict.operation}, {part if verdict.kind != 'exchange' or verdict.status else 'not answered'})"
    lines = [told]
    for one in verdict.broken:
        if one.severity == "finding":
            lines += _broken_lines(one, verdict)
    for one in verdict.broken:
        if one.severity != "finding":
            subject = f"{one.field or 'the body'} is {one.value}"
            lines.append(
                f"  note: {subject}; " + (f"it {one.rule}" if one.part == "request" else f"expected {one.rule}")
            )
    return "\n".join([*lines, *(f"  note: {note}" for note in verdict.notes)])


def _broken_lines(one: Broken, verdict: Verdict) -> Iterator[str]:
    side = f"{one.part}: " if verdict.kind == "exchange" else ""
    yield f"  {side}{one.field or 'the body'}" + (f" is {one.value}" if one.part == "request" else f": {one.value}")
    yield f"    it {one.rule}" if one.part == "request" else f"    expected {one.rule}"
    if one.sources:
        more = f", and {len(one.sources) - 1} more" if one.sources[1:] else ""
        yield f"    source: {one.sources[0].title}, read {one.sources[0].read}{more}"
    if one.schema_at:
        yield f"    schema: {one.schema_at}"


def as_json(verdict: Verdict) -> Json:
    """
    The verdict as a JSON value; one a line makes JSON lines.
    """
    return {
        "kind": verdict.kind,
        "number": verdict.number,
        **({"line": verdict.line} if verdict.line else {}),
        **({"status": verdict.status} if verdict.status else {}),
        **({"partly": True} if verdict.partly else {}),
        "operation": verdict.operation,
        "outcome": verdict.outcome,
        "broken": [_broken_json(one) for one in verdict.broken],
        "notes": list(verdict.notes),
    }


def _broken_json(one: Broken) -> Json:
    return {
        "part": one.part,
        "field": one.field,
        "value": one.value,
        "rule": one.rule,
        "keyword": one.keyword,
        "severity": one.severity,
        "sources": [
            {"id": source.id, "title": source.title, "where": source.where, "read": source.read}
            for source in one.sources
        ],
        "schema_at": one.schema_at,
    }


# ---- many verdicts


SHOWN: Final = 3
"""Verdicts of one cause that are shown in full."""


CAUSES: Final = 100
"""Causes that are told apart; further ones are counted together."""


POSITION: Final = re.compile(r"\[\d+\]")


@dataclass(slots=True)
class Listing:
    """
    Which verdicts of many are shown: the first of each cause. `every` shows all.
    """

    every: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    """Cause, in words, to the number of its verdicts."""

    def shows(self, verdict: Verdict) -> bool:
        """
        Whether a verdict is to be shown now; what is clean never is.
        """
        if verdict.outcome in ("accepted", "other") and not verdict.notes:
            return False
        cause = _cause(verdict)
        if cause not in self.counts and len(self.counts) >= CAUSES:
            cause = "of other causes"
        self.counts[cause] = self.counts.get(cause, 0) + 1
        return self.every or self.counts[cause] <= SHOWN

    def text(self) -> str:
        """
        One line for each cause of which some were not shown, the most frequent first; "" for none.
        """
        left = {cause: count - SHOWN for cause, count in self.counts.items() if count > SHOWN and not self.every}
        lines = [f"… and {count:,} more: {cause}" for cause, count in sorted(left.items(), key=lambda one: -one[1])]
        return "\n".join([*lines, "--every shows each of them"] if lines else [])


def _cause(verdict: Verdict) -> str:
    """
    What verdicts of one cause have in common: the broken rules with their places, without list positions and values.
    """
    decided = [one for one in verdict.broken if one.severity == "finding"] or verdict.broken
    told = [f"{POSITION.sub('[]', one.field) or 'the body'}: {_rule(one)}" for one in decided]
    told = told or [re.sub(r"[\d,]*\d", "N", note) for note in verdict.notes[:1]]
    return f"{HEADS[verdict.outcome]}: {'; '.join(dict.fromkeys(told))[:300]}"


def _rule(one: Broken) -> str:
    return f"it {one.rule}" if one.part == "request" else f"expected {one.rule}"
