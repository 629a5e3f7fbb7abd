"""
A run as one HTML page that needs nothing else: no network, no second file; the only module that knows jinja2.

1. Everything that came from outside is escaped by the template engine or stands in a JSON block; nothing is executed
   but the one script that ships here, and the content security policy of the page says so.
2. Colour is never the only sign: each outcome has a mark of its own.
3. The page stays small: bodies are shortened to a budget, and what is left out is counted.
4. Without a script all of it can still be read; the script adds the panel of the map, the filters and the arrow keys.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import jinja2
from markupsafe import Markup

from rtkcontract.engine.run_file import Entry, NumericField, Run
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import Answered, Json
from rtkcontract.reports import compare_runs, summary

BODIES: Final = 140_000
"""Characters that request and answer bodies of findings may take together."""


NAMES: Final = 1_500
"""Further cases that the groups may name together."""


MOST_GROUPS: Final = 200


MOST_BODIES: Final = 100


MOST_FURTHER: Final = 200


MOST_REMARKS: Final = 25


PANEL: Final = 100_000
"""Characters of all bodies, of either side, that the panel of the map can show; a quarter of it on a crowded page."""


CROWDED: Final = 60


MOST_ROWS: Final = 1_500


MOST_PANEL: Final = 3_000
"""Cases that the panel of the map can show."""


PLAIN_SIGNS: Final = frozenset({"accepted", "refused", "open", "skip"})
"""Signs of cases that went as promised."""


MOST_MARKS: Final = 400


MOST_GAPS: Final = 60


MARKS: Final = {
    "accepted": ("●", "accepted, as promised"),
    "refused": ("○", "refused, as promised"),
    "open": ("◇", "answered; no source promises how"),
    "finding": ("✕", "finding: a promise is broken"),
    "warning": ("▲", "warning"),
    "error": ("?", "no verdict"),
    "skip": ("-", "not sent"),
    "unmet": ("·", "not exercised"),
}


COLUMNS: Final = {
    "type": ("type",),
    "values": ("enum", "const"),
    "minimum": ("minimum", "exclusiveMinimum"),
    "maximum": ("maximum", "exclusiveMaximum", "multipleOf"),
    "text": ("format", "pattern", "minLength", "maxLength"),
    "items": ("items", "minItems", "maxItems", "uniqueItems"),
    "presence": (
        "required",
        "properties",
        "additionalProperties",
        "dependentRequired",
        "minProperties",
        "maxProperties",
    ),
    "union": ("anyOf", "oneOf", "allOf", "not", "if", "then", "else"),
}
"""The columns of the map and their keywords: what a value is, then how much, then what belongs together."""


COLUMN_OF: Final = {keyword: column for column, keywords in COLUMNS.items() for keyword in keywords}


A_LINE: Final = 6
"""Marks beside each other in a cell, so that the whole map fits a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """
    One sign of the map: which case, with what outcome, in words.
    """

    index: int
    """Place of the case in the page's data; -1 where no case exercised it."""
    outcome: str
    sign: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One field of the map; a cell holds the marks of one keyword.
    """

    field: str
    name: str
    depth: int
    cells: tuple[tuple[tuple[Mark, ...], ...], ...]
    """Columns, lines, marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """
    Cases that are about no single field, one mark each.
    """

    name: str
    marks: tuple[Mark, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    The map of one operation.
    """

    operation: str
    address: str
    """Method and path."""
    columns: tuple[tuple[str, str], ...]
    """Name of a column and its keywords."""
    rows: tuple[Row, ...]
    strips: tuple[Strip, ...]
    told: str
    """What came of the operation, in words."""
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """
    One value that was sent, at its place on a number line (in pixels).
    """

    x: float
    y: float
    text: str
    outcome: str
    label: str
    cases: int
    text_y: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberLine:
    """
    The values sent in one numeric field; `low` and `high` are the places of the documented bounds.
    """

    field: str
    bounds: str
    points: tuple[Point, ...]
    others: tuple[tuple[str, str, str], ...]
    """Values that are no number: text, outcome, label."""
    width: float
    height: float
    axis_y: float
    low: float | None
    high: float | None
    low_text: str
    high_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """
    One step of the histogram, in pixels.
    """

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    One group of findings as the page shows it.
    """

    title: str
    severity: str
    story: summary.Story
    check: str
    case: str
    request: str
    answer: str
    """With the request "" where the page has no room for them."""
    cases: tuple[str, ...]
    more: int
    reproduce: str
    since: str
    new: bool
    open: bool


def html(run: Run, earlier: Run | None = None) -> str:
    """
    The page; with an earlier run, findings that it did not hold are marked as new.
    """
    environment = _environment()
    style, script = (_part(environment, name) for name in ("report.css", "report.js"))
    return environment.get_template("report.html").render(
        _facts(run, earlier),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_digest(style),
        script_hash=_digest(script),
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("rtkcontract.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        t=_text, ms=summary.milliseconds, counted=summary.counted, when=summary.day_and_time, px="{:.5g}".format
    )
    return environment


def _part(environment: jinja2.Environment, name: str) -> str:
    loader = environment.loader or jinja2.DictLoader({})
    return loader.get_source(environment, name)[0]


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(value: str) -> Markup:
    """
    For the inside of an element, never of an attribute: quotes stay, which keeps JSON bodies small.
    """
    return Markup(value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))  # noqa: S704 - escaped here


def _facts(run: Run, earlier: Run | None) -> dict[str, object]:
    panel = _in_panel(run)
    order = {entry.result.case.id: index for index, entry in enumerate(panel)}
    found = summary.groups(run, "finding")
    missing = summary.gaps(run)
    remarks = [group for group in summary.groups(run) if group.severity != "finding"]
    return {
        "run": run,
        "header": run.header,
        "counts": summary.counts(run),
        "sent": summary.cases_sent(run),
        "verdict": compare_runs.headline(earlier, run).partition(" (judged")[0]
        if earlier
        else summary.verdict_words(run),
        "colour": compare_runs.exit_code(earlier, run) if earlier else summary.exit_code(run),
        "code": summary.exit_code(run),
        "judged": summary.judged(run),
        "duration": summary.duration(run),
        "advice": summary.advice(run),
        "since": compare_runs.since_all(run, earlier),
        "groups": tuple(
            _shown(run, group, place, len(found), earlier) for place, group in enumerate(found[:MOST_GROUPS])
        ),
        "further": tuple((group.title, len(group.cases)) for group in found[MOST_GROUPS : MOST_GROUPS + MOST_FURTHER]),
        "ways": len(found),
        "remarks": tuple(_shown(run, group, 0, NAMES, None) for group in remarks[:MOST_REMARKS]),
        "more_remarks": len(remarks) - MOST_REMARKS,
        "earlier": earlier,
        "fixed": compare_runs.between(earlier, run).fixed if earlier else (),
        "marks": MARKS,
        "parts": tuple(_part_of(run, line, order) for line in summary.by_operation(run)),
        "lines": tuple(line for each in run.header.fields if (line := number_line(run, each))),
        "latency": summary.latency(run),
        "bars": _bars(summary.latency(run)),
        "gaps": missing[:MOST_GAPS],
        "more_gaps": len(missing) - MOST_GAPS,
        "covered": summary.covered(run),
        "generated": summary.generated(run),
        "entries": tuple(_listed(entry, order) for entry in panel[:MOST_ROWS]),
        "more_entries": len(run.entries) - MOST_ROWS,
        "cited": _cited(run),
        "data": Markup(_data(run, panel)),  # noqa: S704 - JSON with every "<" escaped
    }


def _in_panel(run: Run) -> tuple[Entry, ...]:
    """
    The entries that the panel of the map can show: all of them, or on a crowded page those that are not as promised,
    and the first others.
    """
    if len(run.entries) <= MOST_PANEL:
        return run.entries
    room = MOST_PANEL - sum(_sign(entry) not in PLAIN_SIGNS for entry in run.entries)
    kept = []
    for entry in run.entries:
        plain = _sign(entry) in PLAIN_SIGNS
        room -= plain
        if not plain or room >= 0:
            kept.append(entry)
    return tuple(kept)


def _part_of(run: Run, line: summary.Line, order: dict[str, int]) -> Part:
    entries = tuple(entry for entry in run.entries if entry.result.case.operation == line.operation)
    columns, rows = _map(entries, run.accounts.get(line.operation) or {}, order)
    return Part(
        operation=line.operation,
        address=" ".join(run.header.operations[line.operation]),
        columns=tuple((column, ", ".join(COLUMNS.get(column, ()))) for column in columns),
        rows=rows,
        strips=tuple(_strips(entries, order)),
        told=f"{line.verdict}, {summary.counted(line.cases, 'case')}, {summary.counted(line.findings, 'finding')}",
        open=len(run.header.operations) == 1 or line.verdict == "breaks",
    )


def _cited(run: Run) -> tuple[str, ...]:
    cited: dict[str, None] = {}
    for entry in run.entries:
        cited.update(dict.fromkeys(entry.result.case.expect.sources))
        for finding in entry.result.findings:
            cited.update(dict.fromkeys(finding.sources))
    return tuple(key for key in run.header.sources if key in cited)


def _shown(run: Run, group: summary.Group, place: int, groups: int, earlier: Run | None) -> Shown:
    entry, finding = group.items[0]
    since = compare_runs.since(earlier, group)
    named = max(3, min(40, NAMES // groups))
    most = min(4_000, max(300, BODIES // (2 * groups)))
    return Shown(
        title=group.title,
        severity=group.severity,
        story=summary.story(run, entry, finding),
        check=finding.check,
        case=finding.case_id,
        request=summary.shortened(_request(entry), most) if place < MOST_BODIES else "",
        answer=summary.shortened(_answer(entry), most) if place < MOST_BODIES else "",
        cases=group.cases[1 : named + 1],
        more=len(group.cases) - named - 1,
        reproduce=summary.reproduce(run, finding),
        since=since.text,
        new=earlier is not None and since.kind != "broken",
        open=place < 3 and group.severity == "finding",
    )


def _request(entry: Entry) -> str:
    head = [f"{entry.method} {entry.path}", *(f"{name}: {value}" for name, value in entry.headers)]
    return summary.visible("\n".join(head)) + "\n\n" + (summary.pretty(entry.result.case.content) or "(no body)")


def _answer(entry: Entry) -> str:
    observation = entry.result.observation
    if not isinstance(observation, Answered):
        return summary.got(entry)
    response = observation.response
    head = [str(response.status), *(f"{name}: {value}" for name, value in response.headers)]
    return summary.visible("\n".join(head)) + "\n\n" + (summary.pretty(response.content) or "(no body)")


def _sign(entry: Entry) -> str:
    """
    The key of MARKS for a case.
    """
    outcome = summary.outcome_of(entry)
    if outcome in MARKS and outcome not in ("accepted", "refused"):
        return outcome
    return "open" if entry.result.case.expect.outcome == "unspecified" or outcome not in MARKS else outcome


def _sign_of_field(entry: Entry, field: str) -> str:
    """
    The key of MARKS for one field of a case: what is wrong elsewhere in the answer is not held against it.
    """
    own = entry.result.case.field == field
    mine = ("status", "/data/" + field.replace(".", "/"))
    if own or any(finding.where in mine for finding in entry.result.findings):
        return _sign(entry)
    answer = summary.answer_of(entry)
    return answer if answer in MARKS else "error"


def _mark(entry: Entry, index: int, partition: str, field: str = "") -> Mark:
    outcome = _sign_of_field(entry, field) if field else _sign(entry)
    sign, words = MARKS[outcome]
    return Mark(index=index, outcome=outcome, sign=sign, label=f"{partition}: {summary.got(entry)}, {words}")


def _map(entries: Sequence[Entry], account: Json, order: dict[str, int]) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """
    The columns (kinds of keyword) and the rows (fields) of the map; the account adds what combinations exercised.
    """
    cells: dict[tuple[str, str], dict[tuple[str, str], Mark]] = {}
    by_id = {entry.result.case.id: entry for entry in entries}
    for field, keyword, partition, case in (*_own(entries), *_constraints(account)):
        named = f"{keyword} {partition}".strip()
        mark = _mark(by_id[case], order.get(case, -1), named, field) if case in by_id else _unmet(named)
        cells.setdefault((field, _column(keyword)), {}).setdefault((partition, case), mark)
    met = {column for _, column in cells}
    columns = tuple(column for column in (*COLUMNS, "other") if column in met)
    return columns, tuple(_row(field, columns, cells) for field in sorted({field for field, _ in cells}, key=_parts))


def _own(entries: Iterable[Entry]) -> Iterator[tuple[str, str, str, str]]:
    """
    (field, keyword, partition, id) of the cases that are about one field.
    """
    for entry in entries:
        case = entry.result.case
        if case.field and case.side != "protocol":
            yield case.field, case.keyword, case.partition, case.id


def _constraints(account: Json) -> Iterator[tuple[str, str, str, str]]:
    """
    The same of an account, without a case where none exercised it; what has another shape is passed over.
    """
    for each in account.get("constraints") or ():
        if isinstance(each, dict) and each.get("field"):
            field, keyword, partition = (str(each.get(name) or "") for name in ("field", "keyword", "partition"))
            yield field, keyword, partition, str(each.get("case") or "")


def _column(keyword: str) -> str:
    return COLUMN_OF.get(keyword, "other")


def _parts(field: str) -> list[str]:
    return field.split(".")


def _row(field: str, columns: Sequence[str], cells: dict[tuple[str, str], dict[tuple[str, str], Mark]]) -> Row:
    parts = _parts(field)
    found = (sorted(cells.get((field, column), {}).values(), key=_order)[:MOST_MARKS] for column in columns)
    return Row(
        field=field,
        name=parts[-1],
        depth=min(len(parts) - 1, 5),
        cells=tuple(tuple(tuple(line) for line in batched(marks)) for marks in found),
    )


def batched(marks: Sequence[Mark]) -> Iterator[Sequence[Mark]]:
    """
    The marks, A_LINE at a time.
    """
    for start in range(0, len(marks), A_LINE):
        yield marks[start : start + A_LINE]


def _order(mark: Mark) -> int:
    """
    What is accepted stands first in a cell, what is not exercised last.
    """
    return {"accepted": 0, "unmet": 2}.get(mark.outcome, 1)


def _unmet(partition: str) -> Mark:
    sign, words = MARKS["unmet"]
    return Mark(index=-1, outcome="unmet", sign=sign, label=f"{partition}: {words}")


def _strips(all_entries: Iterable[Entry], order: dict[str, int]) -> Iterator[Strip]:
    sorted_out: dict[str, list[Entry]] = {}
    for entry in all_entries:
        case = entry.result.case
        if case.side == "protocol":
            sorted_out.setdefault(f"protocol: {case.keyword or case.partition}", []).append(entry)
        elif not case.field:
            names = {"valid": "combinations of valid values", "relation": "relations between answers"}
            sorted_out.setdefault(names.get(case.side, f"whole body: {case.side}"), []).append(entry)
    for name, entries in sorted_out.items():
        marks = (
            _mark(entry, order.get(entry.result.case.id, -1), entry.result.case.partition)
            for entry in entries[:MOST_MARKS]
        )
        yield Strip(name=name, marks=tuple(marks), more=len(entries) - MOST_MARKS)


def _listed(entry: Entry, order: dict[str, int]) -> dict[str, object]:
    result = entry.result
    outcome = _sign(entry)
    return {
        "index": order[result.case.id],
        "id": result.case.id,
        "expected": result.case.expect.outcome,
        "got": summary.got(entry),
        "outcome": outcome,
        "sign": MARKS[outcome][0],
        "words": MARKS[outcome][1],
    }


def _data(run: Run, panel: Sequence[Entry]) -> str:
    """
    What the panel of the map shows of each case, as JSON that can stand inside a script element.
    """
    crowded = len(summary.groups(run, "finding")) > CROWDED
    most = max(60, min(300, PANEL // (4 if crowded else 1) // (1 + len(panel))))
    cases = [_told(entry, most, 120 if crowded else 300) for entry in panel]
    return (
        json.dumps(cases, ensure_ascii=False, separators=(",", ":"))
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
    )


def _told(entry: Entry, most: int, most_wrong: int) -> list[str]:
    result, observation = entry.result, entry.result.observation
    expect = result.case.expect
    answer = ""
    if isinstance(observation, Answered):
        answer = summary.one_line(observation.response.content.decode("utf-8", "backslashreplace"), most)
    wrong = "; ".join(f"{each.check}: expected {each.expected}, got {each.observed}" for each in result.findings)
    return [
        result.case.id,
        MARKS[_sign(entry)][1],
        summary.one_line(f"{expect.outcome}: {expect.reason}", 200),
        summary.shortened(summary.sent(entry), most),
        summary.got(entry),
        answer,
        summary.one_line(wrong or result.reason, most_wrong),
    ]


def _bars(latency: summary.Latency | None) -> tuple[Bar, ...]:
    """
    The histogram in a box of 720 by 160.
    """
    if latency is None:
        return ()
    highest, step, wide = max(latency.bins), latency.limit / len(latency.bins), 720 / len(latency.bins)
    return tuple(
        Bar(
            x=index * wide + 1,
            y=160 - 150 * count / highest,
            width=wide - 2,
            height=150 * count / highest,
            label=f"{summary.milliseconds(index * step)} to {summary.milliseconds((index + 1) * step)}"
            f"{' and above' if index == len(latency.bins) - 1 else ''}: {summary.counted(count, 'case')}",
        )
        for index, count in enumerate(latency.bins)
    )


def number_line(run: Run, field: NumericField) -> NumberLine | None:
    """
    The values that were sent in one numeric field, in order, against its documented range.

    The distance between two values grows with the logarithm of their difference, so that 59.999 and 60 stay apart.
    None where no case sent a number.
    """
    numbers, others = _values(run, field)
    if not numbers:
        return None
    bounds = [each for each in (field.minimum, field.maximum) if each is not None]
    places = _places(sorted({*(value for value, _ in numbers), *bounds}), bounds)
    points = tuple(_points(numbers, places, field.field))
    top = max(len([each for each in points if each.x == point.x]) for point in points)
    axis = 34.0 + 22 * top
    width = max(places.values()) + 60
    several = len(run.header.operations) > 1
    return NumberLine(
        field=f"{field.operation}: {field.field}" if several else field.field,
        bounds=_bounds(field),
        points=tuple(_settled(points, axis)),
        others=tuple((text, _joint(entries, field.field), _tally(text, entries)) for text, entries in others.items()),
        width=width,
        height=axis + 62,
        axis_y=axis,
        low=places.get(field.minimum) if field.minimum is not None else None,
        high=places.get(field.maximum) if field.maximum is not None else None,
        low_text=_short(field.minimum),
        high_text=_short(field.maximum),
    )


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _bounds(field: NumericField) -> str:
    kind = "integer" if field.type == "integer" else "number"
    low, high = _short(field.minimum), _short(field.maximum)
    opened = [f"{side} itself outside" for side in field.exclusive]
    span = (
        f"{low} to {high}" if low and high else f"{low} or more" if low else f"{high} or less" if high else "no bounds"
    )
    default = f", default {_short(field.default)}" if field.default is not None else ""
    return ", ".join([f"{kind}, {span}{default}", *opened])


def _values(
    run: Run, about: NumericField
) -> tuple[list[tuple[float, tuple[str, list[Entry]]]], dict[str, list[Entry]]]:
    """
    Numbers in ascending order, each with its text and the cases that sent it, and the same of values that are none.
    """
    sent: dict[str, list[Entry]] = {}
    field = about.field
    for entry in run.entries:
        case = entry.result.case
        if about.operation not in ("", case.operation):
            continue
        own = case.field == field
        if own or (case.side in ("valid", "generated", "corpus") and case.expect.outcome == "accepted"):
            text = summary.value_at(case.content, field)
            if text is not None:
                sent.setdefault(text, []).append(entry)
    numbers = sorted(
        ((float(text), (text, entries)) for text, entries in sent.items() if _is_number(text)), key=_by_value
    )
    own_only = {
        summary.one_line(text, 40): mine
        for text, entries in sent.items()
        if not _is_number(text) and (mine := [entry for entry in entries if entry.result.case.field == field])
    }
    return numbers, own_only


def _by_value(item: tuple[float, tuple[str, list[Entry]]]) -> tuple[float, str]:
    return item[0], item[1][0]


def _is_number(text: str) -> bool:
    try:
        value: Json = loads(text)
    except NotStrictJson:
        return False
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _places(values: Sequence[float], bounds: Sequence[float]) -> dict[float, float]:
    """
    The place in pixels of each value, in their order.
    """
    places = {values[0]: 60.0}
    for before, value in pairwise(values):
        gap = 30 + 14 * math.log10(1 + min(1e9, abs(value - before)) * 10)
        least = 44 if value in bounds or before in bounds else 38
        places[value] = places[before] + min(110, max(least, gap))
    return places


def _points(
    numbers: Iterable[tuple[float, tuple[str, list[Entry]]]], places: dict[float, float], field: str
) -> Iterator[Point]:
    for value, (text, entries) in numbers:
        yield Point(
            x=places[value],
            y=0,
            text=text,
            outcome=_joint(entries, field),
            label=_tally(text, entries),
            cases=len(entries),
        )


def _settled(points: Sequence[Point], axis: float) -> Iterator[Point]:
    """
    The points with heights: several ways to write one number stand above each other, labels take turns.
    """
    turn, height, last = 0, 0, -1.0
    for point in points:
        turn, height = (turn, height + 1) if point.x == last else (turn + 1, 0)
        last = point.x
        yield Point(
            x=point.x,
            y=axis - 14 - 22 * height,
            text=point.text,
            outcome=point.outcome,
            label=point.label,
            cases=point.cases,
            text_y=0 if height else axis + (22 if turn % 2 else 38),
        )


def _joint(entries: Sequence[Entry], field: str) -> str:
    """
    The outcome that counts among several cases: the gravest that is theirs.
    """
    outcomes = {_sign_of_field(entry, field) for entry in entries}
    return next(
        each for each in ("finding", "warning", "error", "skip", "open", "refused", "accepted") if each in outcomes
    )


def _tally(text: str, entries: Sequence[Entry]) -> str:
    answers: dict[str, int] = {}
    for entry in entries:
        answers[summary.answer_of(entry)] = answers.get(summary.answer_of(entry), 0) + 1
    names = {"none": "no answer", "fault": "answered with a fault"}
    return f"{text}: " + ", ".join(
        f"{names.get(answer, answer)} in {summary.counted(count, 'case')}" for answer, count in sorted(answers.items())
    )
