"""
What every report says about a run, as plain data: the verdict, who was judged, the groups, the latency, the gaps.

1. Findings with one cause are one group: the cause that the checks name, else what their cases have in common.
2. Groups come worst first: findings before warnings before notes, leaks, then server faults, then the larger group.
3. The same run gives the same words on every machine; ages are counted to the start of the run, never to today.
4. Text that came from outside is made visible: a control character is shown as its escape and does nothing.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import json
import math
import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rtkcontract.engine.run_file import Entry, Run, counts_of
from rtkcontract.engine.run_file import as_json as run_as_json
from rtkcontract.json_schema.json_text import NotStrictJson, dumps, loads
from rtkcontract.model import Answered, Case, Finding, Json, Made, Severity, Unanswered

SEVERITIES: Final[tuple[Severity, ...]] = ("finding", "warning", "note")


UTC: Final = datetime.UTC


HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


SYSTEMIC: Final = 0.5
"""From this share of the cases with the same expectation on, one answer to all of them is one cause."""


SYSTEMIC_LEAST: Final = 5


DEFAULT_PLAN: Final = "standard"
"""What the commands take without --plan."""


CAUSES: Final = {
    "echo": "{} comes back other than it was sent",
    "default": "{} was left out, and the answer holds another value than the documented default",
    "secret": "{} is a secret and comes back in the answer",
    "leak": "the answer holds {}",
    "dropped": "{} was sent and is missing from the answer",
    "memory": "{} holds what an earlier request sent",
    "relation": "{} differs between two answers to the same request",
    "tolerated": "status {}",
    "known deviation": "known deviation: {}",
    "narrowed down": "{}",
    "suspected": "suspected, {}",
    "ids repeat": "one id was given out twice",
    "latency": "an answer took longer than was allowed",
    "deviation gone": "a known deviation no longer happens",
}
"""What a cause means, with what it is about; a cause that is not here stands as it is."""


CLEAN: Final = {
    "vendor": "Nothing. Keep the saved run, so that the next one can be compared with it.",
    "server": "Nothing. To judge the vendor: rtkcontract check --target live.",
}
"""What a reader does after a clean run, by who was judged."""


BROKEN: Final = {
    "vendor": "Send the first one again with its command. If it comes again, report it to the vendor and write it into"
    " deviations.json until it is gone.",
    "server": "Send the first one again with its command. If it comes again, correct the server, or find out whether"
    " the vendor answers like this, too.",
    "emulator": "The emulator answers from the same documents, so look for the fault in the schemas or in this"
    " toolkit.",
    "recording": "Send the first one again, to the live API: a recording tells of the day on which it was made.",
}
"""The same after findings."""


UNTOLD: Final = (
    "Nothing can be said yet. Read what got no verdict and why, then run the check again.",
    "What was found stands, and what was not sent is open. Run the check again, to its end.",
)
"""The same where it could not be told, without and with findings until then."""


REASONS: Final = {
    "vendor": "the vendor",
    "emulator": "the emulator, not the vendor",
    "server": "a server that is not known to be the vendor's",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """
    Findings with one cause: the one with the smallest request first, then the others in the order of the run.
    """

    title: str
    severity: Severity
    items: tuple[tuple[Entry, Finding], ...]

    @property
    def cases(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.case_id for _, finding in self.items))


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """
    One finding as a reader needs it; all texts are visible and short.
    """

    sent: str
    expected: str
    because: str
    """Why the case is answered like this, by the sources."""
    sources: tuple[str, ...]
    got: str
    diff: tuple[str, ...]
    """Where both sides are JSON containers: lines that start with "-" (came) or "+" (promised)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """
    Seconds to the whole answer, of the cases that were answered and not replayed.
    """

    count: int
    p50: float
    p90: float
    p99: float
    most: float
    bins: tuple[int, ...]
    """Cases in each of the equal steps from 0 to `limit`; the last one holds what took longer, too."""
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """
    Something that the run does not tell, and why.
    """

    what: str
    why: str
    cases: tuple[str, ...] = ()


def visible(text: str) -> str:
    """
    The text with each character that shows nothing, or moves the cursor, as an escape; line ends and tabs stay.
    """
    if text.isascii():
        return CONTROL.sub(lambda found: _escape(found[0]), text)
    return "".join(_escape(char) if char not in "\n\t" and _hidden(char) else char for char in text)


def _hidden(char: str) -> bool:
    return unicodedata.category(char) in HIDDEN


def _escape(char: str) -> str:
    return json.dumps(char).strip('"') if ord(char) != 0x7F else "\\u007f"


def shortened(text: str, most: int) -> str:
    """
    The text, or its beginning and how much more there is.
    """
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most:,} more characters)"


def one_line(text: str, most: int = 160) -> str:
    """
    The text on one line, visible and shortened.
    """
    return shortened(" ".join(visible(text).split()), most)


def pretty(content: bytes) -> str:
    """
    A body for reading: JSON indented with numbers as written, else the text as it is.
    """
    text = content.decode("utf-8", "backslashreplace")
    try:
        return visible(_indented(loads(text, as_written=True)))
    except NotStrictJson:
        return visible(text)


def _indented(value: Json, pad: str = "") -> str:
    """
    As json.dumps(indent=2), but for numbers, which stay as written.
    """
    inner = pad + "  "
    if isinstance(value, dict) and value:
        return (
            "{\n"
            + ",\n".join(f"{inner}{_quoted(name)}: {_indented(item, inner)}" for name, item in value.items())
            + f"\n{pad}}}"
        )
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"{inner}{_indented(item, inner)}" for item in value) + f"\n{pad}]"
    return _quoted(value) if isinstance(value, str) else dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def counted(count: int, word: str) -> str:
    """
    "1 case", "412 cases", "1,000 cases".
    """
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def counts(run: Run) -> dict[str, int]:
    """
    How many cases of each status and findings of each severity.
    """
    return counts_of(entry.result for entry in run.entries)


def exit_code(run: Run) -> int:
    """
    0 clean, 1 findings, 2 could not tell: unfinished, nothing judged, or a case without an answer.
    """
    count = counts(run)
    if run.footer is None or count["pass"] + count["fail"] + count["error"] == 0:
        return 2
    return 1 if count["fail"] or count["findings"] else 2 if count["error"] or proved_nothing(run) else 0


def proved_nothing(run: Run) -> dict[str, str]:
    """
    Operation to the reason why no valid request of it could be made, so that nothing of it is proved.
    """
    return {
        name: one["reason"]
        for name, account in run.accounts.items()
        for one in account.get("unproved") or ()
        if isinstance(one, dict) and one.get("whole")
    }


def moment(text: str) -> datetime.datetime | None:
    """
    An RFC 3339 time; None where it cannot be read.
    """
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def day_and_time(text: str) -> str:
    """
    "2026-11-22 18:41 UTC", or the text itself where it is no time.
    """
    when = moment(text)
    return f"{when.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC" if when else text


def ages(run: Run) -> tuple[int, ...]:
    """
    The ages in days of the recordings, at the start of the run.
    """
    start = moment(run.header.started)
    times = [moment(entry.recorded_at) for entry in run.entries if entry.recorded_at]
    return tuple(sorted(max(0, (start - when).days) for when in times if when and start))


def judged(run: Run) -> str:
    """
    Who was judged: "the emulator, not the vendor", or whose recordings and how old they are.
    """
    if run.header.observed != "recording":
        return REASONS.get(run.header.observed, run.header.observed)
    # A case without a recording was judged by nobody.
    makers = Counter(entry.recorded_from or "unknown" for entry in run.entries if entry.result.status != "skip")
    whose = " and ".join(_maker(maker, makers) for maker in sorted(makers)) or "nobody"
    days = ages(run)
    if not days:
        return f"recordings of {whose}, age unknown"
    span = counted(days[-1], "day") if days[0] == days[-1] else f"{days[0]} to {counted(days[-1], 'day')}"
    return f"recordings of {whose}, {span} old"


def _maker(maker: str, makers: Counter[str]) -> str:
    words = {"vendor": "the vendor", "emulator": "the emulator, not the vendor", "documentation": "the documentation"}
    named = words.get(maker, "an unknown server")
    return named if len(makers) == 1 else f"{named} ({makers[maker]})"


def outcome_of(entry: Entry) -> str:
    """
    "finding", "warning", "error", "skip", else how the answer was: "accepted", "refused", "fault" or "none".
    """
    result = entry.result
    severities = {finding.severity for finding in result.findings}
    if result.status == "fail" or "finding" in severities:
        return "finding"
    if result.status in ("error", "skip"):
        return str(result.status)
    return "warning" if "warning" in severities else answer_of(entry)


def answer_of(entry: Entry) -> str:
    """
    "accepted" (2xx), "refused" (4xx), "fault" (any other status) or "none".
    """
    observation = entry.result.observation
    if isinstance(observation, Unanswered):
        return "none"
    return {2: "accepted", 4: "refused"}.get(observation.response.status // 100, "fault")


def got(entry: Entry) -> str:
    """
    The answer in a few words: "201 in 12 ms", "400", "no answer: connection refused".
    """
    observation = entry.result.observation
    if isinstance(observation, Unanswered):
        return one_line(f"no answer: {observation.reason or 'not sent'}")
    elapsed = observation.elapsed_s
    return f"{observation.response.status}" + ("" if elapsed is None else f" in {milliseconds(elapsed)}")


def milliseconds(seconds: float) -> str:
    """
    "0.8 ms", "12 ms", "1.25 s".
    """
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def headline(run: Run) -> str:
    """
    The verdict in one sentence that needs no knowledge of this toolkit.
    """
    count = counts(run)
    name = run.header.subject
    tail = ", ".join([cases_sent(run), *(counted(count[f"{word}s"], word) for word in ("finding", "warning"))])
    return (
        f"{verdict_words(run)}: {tail} (judged: {judged(run)})"
        if run.entries
        else f"{name} {_were(run)} not judged: no case was sent"
    )


def as_json(run: Run) -> Json:
    """
    The run as one JSON object, with the verdict first.
    """
    return {
        "headline": headline(run),
        "exit_code": exit_code(run),
        "judged": judged(run),
        "operations": {line.operation: dataclasses.asdict(line) for line in by_operation(run)},
        **run_as_json(run),
    }


def cases_sent(run: Run) -> str:
    """
    "150 cases", or "5 of 150 cases" where some were not sent or have no recording.
    """
    count = counts(run)
    told = counted(count["cases"], "case")
    return f"{count['cases'] - count['skip']:,} of {told}" if count["skip"] else told


def verdict_words(run: Run) -> str:
    """
    "create_meeting keeps its contract", "… breaks its contract in 2 ways", "… could not be judged", unfinished or not.
    """
    name, count, found = run.header.subject, counts(run), groups(run, "finding")
    several = len(run.header.operations) > 1
    if run.footer is None:
        ways = f", {counted(len(found), 'way')} to break the contract so far" if found else ", nothing found so far"
        return f"{name} {_were(run)} judged only in part, the run was not finished{ways}"
    if found and several:
        broken = len(broken_operations(run))
        words = f"{broken} of {name} {'break their' if broken > 1 else 'breaks its'}"
        return f"{words} contract in {counted(len(found), 'way')}"
    if found:
        return f"{name} breaks its contract in {counted(len(found), 'way')}"
    if not count["error"] and (unproved := proved_nothing(run)):
        return f"{name} could not be judged, {'; '.join(f'{each}: {why}' for each, why in unproved.items())}"
    if exit_code(run) == 2:
        return f"{name} could not be judged, {count['error']} of {counted(count['cases'], 'case')} got no verdict"
    return f"{name} keep their contract" if several else f"{name} keeps its contract"


def _were(run: Run) -> str:
    return "were" if len(run.header.operations) > 1 else "was"


def broken_operations(run: Run) -> tuple[str, ...]:
    """
    The operations with findings, in the order of the run.
    """
    broken = {entry.result.case.operation for entry in run.entries if outcome_of(entry) == "finding"}
    return tuple(name for name in run.header.operations if name in broken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One operation of a run in short.
    """

    operation: str
    verdict: str
    """"keeps", "breaks", "could not be judged" or "not judged"."""
    cases: int
    findings: int
    warnings: int
    skipped: int


def by_operation(run: Run) -> tuple[Line, ...]:
    """
    What came of each operation, in the order of the run.
    """
    lines = []
    for name in run.header.operations:
        count = counts_of(entry.result for entry in run.entries if entry.result.case.operation == name)
        verdict = (
            "breaks"
            if count["fail"] or count["findings"]
            else "could not be judged"
            if count["error"]
            else "keeps"
            if count["pass"]
            else "not judged"
        )
        lines.append(
            Line(
                operation=name,
                verdict=verdict,
                cases=count["cases"],
                findings=count["findings"],
                warnings=count["warnings"],
                skipped=count["skip"],
            )
        )
    return tuple(lines)


def _status(entry: Entry) -> int:
    observation = entry.result.observation
    return observation.response.status if isinstance(observation, Answered) else 0


def _alike(run: Run) -> Callable[[Entry, Finding], bool]:
    """
    Whether most cases with the same expectation got the same answer and object to it: one cause, not many.
    """
    of_kind: Counter[str] = Counter(entry.result.case.expect.outcome for entry in run.entries if _status(entry))
    same: dict[tuple[str, str, int], set[str]] = {}
    for entry in run.entries:
        for finding in entry.result.findings:
            same.setdefault((finding.check, entry.result.case.expect.outcome, _status(entry)), set()).add(
                finding.case_id
            )

    def alike(entry: Entry, finding: Finding) -> bool:
        outcome = entry.result.case.expect.outcome
        return len(same[finding.check, outcome, _status(entry)]) >= max(SYSTEMIC_LEAST, SYSTEMIC * of_kind[outcome])

    return alike


def _key(entry: Entry, finding: Finding, *, alike: bool) -> tuple[str, ...]:
    """
    What the findings of one group share.
    """
    if finding.cause:
        return (finding.severity, "cause", finding.cause, finding.about)
    if finding.where != "status":
        return (finding.severity, finding.check, _place(finding.where), *absent(finding))
    status, case = _status(entry), entry.result.case
    if status >= 500:
        return (finding.severity, finding.check, str(status))
    if alike:
        return (finding.severity, finding.check, str(status), case.expect.outcome, case.expect.rejection)
    return (finding.severity, finding.check, str(status), case.field, case.keyword or case.partition)


def _place(where: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in where.split("/"))


def groups(run: Run, severity: Severity | None = None) -> tuple[Group, ...]:
    """
    The findings of one severity, or all, grouped by cause, worst first.
    """
    return grouped(
        run,
        (
            (entry, finding)
            for entry in run.entries
            for finding in entry.result.findings
            if severity in (None, finding.severity)
        ),
    )


def grouped(run: Run, items: Iterable[tuple[Entry, Finding]]) -> tuple[Group, ...]:
    """
    Some of the findings of a run, grouped by cause, worst first.
    """
    alike = _alike(run)
    found: dict[tuple[str, ...], list[tuple[Entry, Finding]]] = {}
    for entry, finding in items:
        found.setdefault(_key(entry, finding, alike=alike(entry, finding)), []).append((entry, finding))
    made = [
        Group(title=_title(items), severity=items[0][1].severity, items=_simplest_first(items))
        for items in found.values()
    ]
    return tuple(sorted(made, key=lambda group: (*_weight(group), group.title, group.cases)))


def _simplest_first(items: list[tuple[Entry, Finding]]) -> tuple[tuple[Entry, Finding], ...]:
    best = min(items, key=lambda item: len(item[0].result.case.content))
    return (best, *(item for item in items if item is not best))


def _weight(group: Group) -> tuple[int, int, int]:
    entry, finding = group.items[0]
    opened = (
        finding.where == "status"
        and entry.result.case.expect.rejection == "unauthenticated"
        and answer_of(entry) == "accepted"
    )
    grave = 0 if finding.check == "secrets" or opened else 1 if _status(entry) >= 500 else 2
    return SEVERITIES.index(group.severity), grave, -len(group.cases)


def _title(items: Sequence[tuple[Entry, Finding]]) -> str:
    """
    What happened, in words that need no knowledge of this toolkit.
    """
    entry, finding = items[0]
    if finding.cause:
        return one_line(CAUSES.get(finding.cause, finding.cause).format(finding.about))
    if finding.where != "status":
        return one_line(_promise(items))
    case, about = entry.result.case, _about(items)
    subject = f"{about}: " if about else ""
    if answer_of(entry) == "fault":
        return one_line(f"{subject}answered with {_status(entry)}")
    what = "" if about else "what "
    words = {"rejected": f"{what}must be refused", "accepted": f"{what}must be accepted"}
    told = words.get(case.expect.outcome, finding.check.replace("_", " "))
    rule = f" ({case.keyword})" if case.field and case.keyword and case.field in about else ""
    return one_line(f"{subject}{answer_of(entry)} with {_status(entry)}{',' if about else ''} {told}{rule}")


def _promise(items: Sequence[tuple[Entry, Finding]]) -> str:
    """
    "data.id is missing from the answer", "success in the answer: type boolean is promised".
    """
    finding = items[0][1]
    names = absent(finding)
    if names:
        return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing from the answer"
    where = _dotted(_place(finding.where))
    promises = {one_line(each.expected.removeprefix(f"{_dotted(each.where)}: "), 80) for _, each in items}
    subject = f"{where} in the answer" if where else "the answer"
    return f"{subject}: {promises.pop()} is promised" if len(promises) == 1 else f"{subject} is not as promised"


def absent(finding: Finding) -> tuple[str, ...]:
    """
    The required members that an answer lacks, as `data.id`; () for a finding of another kind.
    """
    where = _dotted(finding.where)
    return tuple(f"{where}.{name}" if where else name for name in finding.missing)


def _dotted(where: str) -> str:
    return where.removeprefix("/").replace("/", ".")


def _about(items: Sequence[tuple[Entry, Finding]]) -> str:
    """
    What the cases of a group have in common: the field and its values, the partition or the kind; "" for nothing.
    """
    cases = {entry.result.case.id: entry.result.case for entry, _ in items}
    if len({(case.field, case.side == "protocol") for case in cases.values()}) > 1 or _status(items[0][0]) >= 500:
        return ""
    case = next(iter(cases.values()))
    if not case.field:
        partitions, kinds = ({getattr(each, name) for each in cases.values()} for name in ("partition", "keyword"))
        return case.partition if len(partitions) == 1 else case.keyword if len(kinds) == 1 else ""
    values = [one_line(field_sent(each) or "left out", 40) for each in cases.values()]
    distinct = list(dict.fromkeys(values))
    return f"{case.field} {', '.join(distinct[:3])}" + (f" and {len(distinct) - 3} more" if distinct[3:] else "")


def story(run: Run, entry: Entry, finding: Finding) -> Story:
    """
    What was sent, what was promised by whom, and what came.
    """
    expect = entry.result.case.expect
    ids = finding.sources or expect.sources
    return Story(
        sent=_member_sent(entry, finding) or sent(entry),
        expected=_expected(finding),
        because="" if expect.reason in finding.expected or finding.sources else one_line(expect.reason, 300),
        sources=tuple(source_line(run, key) for key in ids),
        got=_came(entry, finding),
        diff=tuple(diff(finding.expected, finding.observed)),
    )


def _expected(finding: Finding) -> str:
    names = absent(finding)
    return f"{', '.join(names)}: required" if names else one_line(finding.expected, 400)


def _came(entry: Entry, finding: Finding) -> str:
    """
    "201 in 12 ms" for a status, "30 at /data/word_limit, in a 201 in 12 ms" for anything else.
    """
    names = absent(finding)
    if names:
        return f"no {' and no '.join(names)}, in a {got(entry)}"
    observed = one_line(finding.observed, 400)
    if finding.where == "status":
        return got(entry) if observed == str(_status(entry)) else f"{observed}, {got(entry)}"
    return f"{observed}{place_of(finding)}, in a {got(entry)}"


def place_of(finding: Finding) -> str:
    """
    " at /data/id" for a place in the answer, "" for its status.
    """
    return "" if finding.where == "status" else f" at {one_line(finding.where) or 'the whole answer'}"


def source_line(run: Run, key: str) -> str:
    """
    "Cloudflare's published OpenAPI document (oas), dated 2026-08-14, read 2026-11-22", or the bare id.
    """
    source = run.header.sources.get(key)
    return f"{source.title} ({key}), dated {source.dated}, read {source.read}" if source else key


def sent(entry: Entry) -> str:
    """
    What matters of the request, on one line: the member in question, else the body; odd headers and paths with it.
    """
    case = entry.result.case
    value = field_sent(case) if case.field else None
    body = one_line(case.content.decode("utf-8", "backslashreplace"), 200) or "no body"
    if case.side != "protocol":
        return body if value is None else f"{case.field} = {one_line(value, 120)}"
    headers = ", ".join(f"{name}: {text}" for name, text in entry.headers if not name.startswith("accept"))
    return one_line(f"{entry.method} {entry.path} ({headers or 'no headers'}) {body}", 400)


def _member_sent(entry: Entry, finding: Finding) -> str:
    """
    The sent member that a finding in `data` is about, where it is not what the case is about.
    """
    name = finding.where.removeprefix("/data/").replace("/", ".")
    content = entry.result.case.content
    value = value_at(content, name) if finding.where.startswith("/data/") else None
    return "" if value is None else f"{name} = {one_line(value, 120)}, in a body of {counted(len(content), 'byte')}"


def field_sent(case: Case) -> str | None:
    """
    What the field of a case holds: a member of its body, or a parameter; None where it is left out.
    """
    where, _, name = case.field.partition(".")
    places: dict[str, list[str | Made | None]] = {
        "path": [case.overrides.path_parameters.get(name)],
        "query": [value for key, value in case.overrides.query if key == name],
        "header": [case.overrides.headers.get(name.lower())],
    }
    values = [f'"{_said(value)}"' for value in places.get(where, []) if value is not None]
    return ", ".join(values) or value_at(case.content, case.field.removeprefix("body."))


def _said(value: str | Made) -> str:
    return value if isinstance(value, str) else value.form or f"the id that {value.operation} gives"


def value_at(content: bytes, dotted: str) -> str | None:
    """
    The value at a dotted path of a JSON body as it is written, `[]` being the first item; None where there is none.
    """
    try:
        value = loads(content, as_written=True)
        for part in dotted.replace(".[]", "[]").replace("[]", ".[]").removeprefix(".").split("."):
            value = value[0] if part == "[]" else value[part]
    except (NotStrictJson, LookupError, TypeError):
        return None
    return dumps(value)


def diff(expected: str, observed: str) -> Iterator[str]:
    """
    Lines of a small diff of two JSON containers, member by member; nothing where a side is none.
    """
    before, after = _containers(expected), _containers(observed)
    if before and after:
        lines = list(difflib.unified_diff(after, before, n=1, lineterm=""))[3:]
        yield from (shortened(line, 200) for line in lines[:40])


def _containers(text: str) -> list[str]:
    try:
        value = loads(text, as_written=True)
    except NotStrictJson:
        return []
    return visible(_indented(value)).split("\n") if isinstance(value, dict | list) else []


def reproduce(run: Run, finding: Finding) -> str:
    """
    The command that sends a case again, to the target of the run, or live where recordings were judged.

    A finding that several answers made needs them all: the other case, or the whole plan.
    """
    header = run.header
    verb = ["send", finding.case_id]
    if finding.other_case:
        verb = ["send", finding.other_case, finding.case_id]
    elif finding.check in ("dropped", "memory"):
        verb = ["check"]
    # A recording answers nothing but what was recorded.
    words = ["rtkcontract", *verb, "--target", "live" if header.kind == "cassettes" else header.kind]
    if header.kind == "live" and header.observed != "vendor" and header.base_url:
        words += ["--base-url", header.base_url]
    if header.plan != DEFAULT_PLAN:
        words += ["--plan", header.plan]
    if verb == ["check"]:
        words += ["--operation", finding.case_id.partition("/")[0]]
    if finding.allowed_s is not None:
        words += ["--max-latency", f"{finding.allowed_s:g}"]
    return visible(shlex.join(words))


def advice(run: Run) -> str:
    """
    What a reader does next, in one or two sentences.
    """
    code = exit_code(run)
    if code == 2 and proved_nothing(run) and not counts(run)["error"]:
        return "Nothing can be said. Mend the schema at the place that is named, or give it an example that fits."
    if code == 2:
        return UNTOLD[bool(groups(run, "finding"))]
    known = BROKEN if code else CLEAN
    return known.get(run.header.observed, known["server"])


def duration(run: Run) -> float | None:
    """
    Seconds from start to end; None for an unfinished run.
    """
    start = moment(run.header.started)
    end = moment(run.footer.finished) if run.footer else None
    return (end - start).total_seconds() if start and end else None


def latency(run: Run, steps: int = 24) -> Latency | None:
    """
    How long the answers took; None where nothing was measured, as in a replay.
    """
    times = sorted(
        observation.elapsed_s
        for entry in run.entries
        if isinstance(observation := entry.result.observation, Answered) and observation.elapsed_s is not None
    )
    if not times:
        return None
    limit = _round_up(percentile(times, 99) * 1.05)
    tally = Counter(min(steps - 1, int(each / limit * steps)) for each in times)
    return Latency(
        count=len(times),
        p50=percentile(times, 50),
        p90=percentile(times, 90),
        p99=percentile(times, 99),
        most=times[-1],
        bins=tuple(tally[step] for step in range(steps)),
        limit=limit,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """
    The nearest-rank percentile of values in ascending order.
    """
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def _round_up(value: float) -> float:
    if value <= 0:
        return 0.001
    step: float = 10 ** math.floor(math.log10(value)) / 5
    return math.ceil(value / step) * step


def gaps(run: Run) -> tuple[Gap, ...]:
    """
    What was not covered and why: cases not sent, cases without a verdict, constraints never met, what is impossible.
    """
    missing = run.header.planned - len(run.entries)
    found = [Gap(what="the end of the file", why=problem) for problem in run.problems]
    if missing > 0:
        why = "the run was not finished" if run.footer is None else "they were left out of the run"
        found.append(Gap(what=f"{counted(missing, 'planned case')} not sent", why=why))
    for status, word in (("error", "without a verdict"), ("skip", "not sent")):
        found += _by_reason((entry for entry in run.entries if entry.result.status == status), word)
    return (*found, *_account_gaps(run))


def _by_reason(entries: Iterable[Entry], word: str) -> Iterator[Gap]:
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        reasons.setdefault(one_line(entry.result.reason, 300) or "no reason given", []).append(entry.result.case.id)
    for reason, cases in reasons.items():
        yield Gap(what=f"{counted(len(cases), 'case')} {word}", why=reason, cases=tuple(cases))


def _account_gaps(run: Run) -> Iterator[Gap]:
    """
    What the accounts say was not met; one entry a kind, its members in `cases`.
    """
    several = len(run.header.operations) > 1
    members: dict[str, list[str]] = {"unmet": [], "impossible": [], "unreached": [], "left_out": [], "unproved": []}
    for name, account in run.accounts.items():
        constraints = [each for each in account.get("constraints") or () if isinstance(each, dict)]
        named = ("field", "keyword", "partition")
        unmet = [[each.get(part) for part in named] for each in constraints if not each.get("case")]
        for kind in members:
            each_of = unmet if kind == "unmet" else account.get(kind) or ()
            if kind == "unproved":
                entries = [one for one in account.get(kind) or () if isinstance(one, dict)]
                each_of = [f"{one.get('place') or 'the body'}: {one.get('reason')}" for one in entries]
            own = several and kind != "left_out"  # the id of a case names its operation
            members[kind] += [f"{name}: {_told(each)}" if own else _told(each) for each in each_of]
    words = {
        "unmet": ("partition", "no answered case exercised it"),
        "impossible": ("combination", "no valid body can hold it"),
        "unreached": ("combination", "not reached within the search"),
        "left_out": ("case", "left out of this plan"),
        "unproved": ("constraint", "no case of the plan proves it"),
    }
    for kind, (word, why) in words.items():
        if members[kind]:
            yield Gap(what=counted(len(members[kind]), word), why=why, cases=tuple(members[kind]))
    for name in ("pairs", "triples"):
        met, possible = _tuples(run, name)
        if met < possible:
            missed = f"{possible - met:,} of {possible:,} {name} of values"
            yield Gap(what=missed, why="no answered case held them together")


def _tuples(run: Run, name: str) -> tuple[int, int]:
    """
    How many pairs or triples were covered and are possible, over all operations.
    """
    told = [count for account in run.accounts.values() if (count := account.get(name))]
    return sum(count.get("covered", 0) for count in told), sum(count.get("possible", 0) for count in told)


def covered(run: Run) -> str:
    """
    The account in one line; "" without one.
    """
    constraints = [
        each for account in run.accounts.values() for each in account.get("constraints") or () if isinstance(each, dict)
    ]
    parts = (
        [f"{sum(bool(each.get('case')) for each in constraints):,} of {len(constraints):,} partitions"]
        if constraints
        else []
    )
    parts += [
        f"{met:,} of {possible:,} {name}"
        for name in ("pairs", "triples")
        for met, possible in [_tuples(run, name)]
        if possible
    ]
    return ", ".join(parts)


def generated(run: Run) -> str:
    """
    What hypothesis generated, in one line: how many bodies of each side, what draws them again; "" for none.
    """
    drawn = [each for account in run.accounts.values() for each in account.get("generated") or ()]
    if not drawn:
        return ""
    counts = {side: sum(each["sent"] for each in drawn if each["side"] == side) for side in ("valid", "invalid")}
    broken = sum(each["broken"] for each in drawn)
    seeds = ", ".join(sorted({f"seed {each['seed']}" for each in drawn}))
    told = counted(broken, "counterexample") if broken else "no finding"
    sides = " and ".join(f"{count} {side}" for side, count in counts.items())
    return f"{sides} bodies, {seeds}, profile {drawn[0]['profile']}: {told}"


def _told(value: Json) -> str:
    """
    An entry of the account in words: its own text, or its members one after the other.
    """
    if isinstance(value, dict):
        value = [f"{name} {_told(item)}" for name, item in value.items() if item not in ("", None)]
    if isinstance(value, list):
        return one_line(" ".join(_told(item) for item in value if item not in ("", None)), 300)
    return one_line(value if isinstance(value, str) else dumps(value), 300)
