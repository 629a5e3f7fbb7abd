"""
A saved run: JSON lines with a header, one line a result, an account of the coverage, and a footer.

1. A line is written and flushed as soon as it is known, so that a killed run can be read as far as it came.
2. Every string goes through the redaction that is handed in before it is written; credentials never reach it.
3. A later line of the same case stands for the earlier one: findings that need several answers come after them.
4. Without a footer a run is unfinished; its last line may be cut off and is then dropped and told.
5. `schemas/meta/run.json` describes a line, and every line that is read is held against it.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final, Self

from rtkcontract.contract import credentials
from rtkcontract.contract.expectation import Oracle, sources_of
from rtkcontract.contract.load import data_folder, folder_reader
from rtkcontract.contract.requests import request_of
from rtkcontract.engine.files import sweep
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import (
    Answered,
    Case,
    Contract,
    Expectation,
    Finding,
    Headers,
    Json,
    Operation,
    Response,
    Result,
    Source,
    Target,
    Unanswered,
)
from rtkcontract.openapi.references import read_json, resolve

FORMAT: Final = 2
"""1 had one operation a run, and no fields for what findings say of each other."""


MOST_CHARACTERS: Final = 100_000
"""What is kept of one body: ten times the longest value that a plan sends."""


REPEATED: Final = 200
"""Characters up to which a text is likely to come again: names, headers, reasons."""


NOWHERE: Final = Target(kind="live", base_url="", account_id="{account_id}", app_id="{app_id}", token="")
"""Fills a path template with its own parameters and sends no credential."""


FIELD: Final = ("field", "type", "operation", "minimum", "maximum", "default")


MORE_OF_FINDING: Final = ("schema_at", "cause", "about", "status", "other_case", "allowed_s")


COUNTED: Final = ("cases", "pass", "fail", "error", "skip", "findings", "warnings", "notes")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericField:
    """
    A numeric field of the request body and its documented bounds; None where there is none.
    """

    field: str
    type: str
    operation: str = ""
    minimum: float | None = None
    maximum: float | None = None
    exclusive: tuple[str, ...] = ()
    """The bounds that are themselves outside: "minimum", "maximum"."""
    default: float | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """
    What was judged, by what, against which revision.

    `observed` is what answered: "vendor", "emulator", "server" (someone else's) or "recording". `started` is RFC 3339.
    """

    versions: Mapping[str, str]
    kind: str
    observed: str
    base_url: str
    through: str
    """How it was reached: "sockets", "process" (the emulator in the process of the run) or "recordings"."""
    revision: str
    digest: str
    operations: Mapping[str, tuple[str, str]]
    """Name to method and path."""
    plan: str
    started: str
    planned: int
    sources: Mapping[str, Source]
    fields: tuple[NumericField, ...] = ()

    @property
    def subject(self) -> str:
        """
        What was judged: the name of the operation, or how many there are.
        """
        return next(iter(self.operations)) if len(self.operations) == 1 else f"{len(self.operations)} operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One result with the request as it was sent, less its credentials.

    `recorded_at` (RFC 3339) and `recorded_from` ("vendor", "emulator", "documentation", "unknown") tell of a replay.
    """

    result: Result
    method: str
    path: str
    headers: Headers
    recorded_at: str = ""
    recorded_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """
    The end of a run: when (RFC 3339), and the counts that its lines must add up to.
    """

    finished: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    One run as saved. `footer` is None when it was not finished; `problems` tells what was dropped in reading.
    """

    header: Header
    entries: tuple[Entry, ...]
    accounts: Mapping[str, Json] = field(default_factory=dict)
    """Operation to the account of its coverage."""
    footer: Footer | None = None
    problems: tuple[str, ...] = ()
    name: str = field(default="")
    """Where it was read from, for messages."""


def numeric_fields(document: Json, schema: Json) -> tuple[NumericField, ...]:
    """
    The numeric fields of a request schema; the bounded ones first, then the least deep, else in the schema's order.
    """
    found: dict[str, NumericField] = {}
    for item in _numbers(document, schema, ()):
        found.setdefault(item.field, item)
    return tuple(sorted(found.values(), key=lambda each: (each.minimum is None, each.field.count("."))))


def _numbers(document: Json, schema: Json, place: tuple[str, ...]) -> Iterator[NumericField]:
    node = resolve(document, schema)
    if not isinstance(node, dict):
        return
    kinds = node.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if place and kinds & {"number", "integer"}:
        yield _number(node, ".".join(place), "number" if "number" in kinds else "integer")
    for name, part in node.get("properties", {}).items():
        yield from _numbers(document, part, (*place, name))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in node.get(keyword, ()):
            yield from _numbers(document, part, place)


def _number(node: Json, name: str, kind: str) -> NumericField:
    exclusive = tuple(side for side in ("minimum", "maximum") if f"exclusive{side.capitalize()}" in node)
    cited = [source for keyword in ("minimum", "maximum") for source in sources_of(node, keyword)]
    return NumericField(
        field=name,
        type=kind,
        minimum=node.get("exclusiveMinimum", node.get("minimum")),
        maximum=node.get("exclusiveMaximum", node.get("maximum")),
        exclusive=exclusive,
        default=node.get("default"),
        sources=tuple(dict.fromkeys(cited)),
    )


def header_of(
    contract: Contract,
    operations: Iterable[Operation],
    target: Target,
    *,
    observed: str,
    through: str = "sockets",
    plan: str,
    started: str,
    planned: int,
    versions: Mapping[str, str],
) -> Header:
    """
    The header of a run; holds every source, so that a report needs no contract.
    """
    operations = tuple(operations)
    return Header(
        versions=versions,
        kind=target.kind,
        observed=observed,
        base_url=target.base_url if through == "sockets" else "",
        through=through,
        revision=contract.revision,
        digest=contract.digest,
        operations={each.name: (each.method, each.path) for each in operations},
        plan=plan,
        started=started,
        planned=planned,
        sources=contract.sources,
        fields=tuple(
            replace(one, operation=each.name)
            for each in operations
            for one in numeric_fields(contract.document, each.request_schema)
        ),
    )


def entry_of(operation: Operation, result: Result, *, recorded_at: str = "", recorded_from: str = "") -> Entry:
    """
    A result with its request: the path stays a template, but for parameters that the case itself replaces.
    """
    request = request_of(operation, result.case, NOWHERE)
    return Entry(
        result=result,
        method=request.method,
        path=request.url.replace("%7B", "{").replace("%7D", "}"),
        headers=request.headers,
        recorded_at=recorded_at,
        recorded_from=recorded_from,
    )


def _body(content: bytes) -> Json:
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"text": content.decode("utf-8", "backslashreplace"), "escaped": True}


def _headers(headers: Headers) -> list[list[str]]:
    return [[name, _credential(value) if name.lower() in credentials.HEADERS else value] for name, value in headers]


def _credential(value: str) -> str:
    scheme = value.split(" ", 1)[0] if " " in value or value == "Bearer" else ""
    return f"{scheme} [removed]".lstrip()


def _filled(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value not in ("", None, [], ())}


def _finding_line(finding: Finding) -> Json:
    always = {name: getattr(finding, name) for name in ("check", "where", "expected", "observed", "severity")}
    further = {name: getattr(finding, name) for name in MORE_OF_FINDING}
    return always | _filled({"sources": list(finding.sources), "missing": list(finding.missing), **further})


def _answer_line(entry: Entry) -> Json:
    observation = entry.result.observation
    if isinstance(observation, Unanswered):
        return None
    response, elapsed = observation.response, observation.elapsed_s
    return {
        "status": response.status,
        "headers": _headers(response.headers),
        "body": _body(response.content),
        "elapsed_s": None if elapsed is None else round(elapsed, 6),
    }


def _result_line(entry: Entry) -> Json:
    result = entry.result
    case, expect = result.case, result.case.expect
    unanswered = result.observation.reason if isinstance(result.observation, Unanswered) else ""
    return {
        "kind": "result",
        "case": {
            name: getattr(case, name) for name in ("id", "operation", "side", "partition", "field", "keyword", "note")
        },
        "expect": {"outcome": expect.outcome, "reason": expect.reason, "sources": list(expect.sources)}
        | _filled({"rejection": expect.rejection, "statuses": list(expect.statuses), "schema_at": expect.schema_at}),
        "request": {
            "method": entry.method,
            "path": entry.path,
            "headers": _headers(entry.headers),
            "body": _body(case.content),
        },
        "answer": _answer_line(entry),
        "status": result.status,
        "reason": result.reason or unanswered,
        "findings": [_finding_line(finding) for finding in result.findings],
        **_filled({"recorded_at": entry.recorded_at, "recorded_from": entry.recorded_from}),
    }


def _header_line(header: Header) -> Json:
    return {
        "kind": "header",
        "format": FORMAT,
        "versions": dict(header.versions),
        "target": {"kind": header.kind, "observed": header.observed, "base_url": header.base_url}
        | _filled({"through": header.through}),
        "contract": {"revision": header.revision, "digest": header.digest},
        "operations": [{"name": name, "method": m, "path": path} for name, (m, path) in header.operations.items()],
        "plan": header.plan,
        "started": header.started,
        "planned": header.planned,
        "sources": {
            key: {name: getattr(source, name) for name in ("title", "where", "dated", "read")}
            for key, source in header.sources.items()
        },
        "fields": [
            _filled(
                {name: getattr(each, name) for name in ("field", "type", "operation", "minimum", "maximum", "default")}
            )
            | _filled({"exclusive": list(each.exclusive), "sources": list(each.sources)})
            for each in header.fields
        ],
    }


def as_json(run: Run) -> Json:
    """
    The whole run as one JSON object: its header, results, accounts and footer, as the lines of its file have them.
    """
    footer = run.footer and {"finished": run.footer.finished, "counts": dict(run.footer.counts)}
    return {
        "header": _header_line(run.header),
        "results": [_result_line(entry) for entry in run.entries],
        "accounts": dict(run.accounts),
        "footer": footer,
        "problems": list(run.problems),
    }


def _redacted(value: Json, redact: Callable[[str], str]) -> Json:
    """
    A copy with each string redacted and then made writable: a lone surrogate becomes its escape.
    """
    if isinstance(value, str):
        return redact(value).encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_redacted(name, redact): _redacted(item, redact) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item, redact) for item in value]
    return value


def _cut(line: Json) -> Json:
    """
    The line with bodies no longer than MOST_CHARACTERS; cut after redaction, so that no half of a secret is left.
    """
    for side in ("request", "answer"):
        body = (line.get(side) or {}).get("body")
        if body and len(body["text"]) > MOST_CHARACTERS:
            body |= {"length": len(body["text"]), "text": body["text"][:MOST_CHARACTERS]}
    return line


def _text(line: Json, redact: Callable[[str], str]) -> str:
    return json.dumps(_cut(_redacted(line, redact)), allow_nan=False, separators=(",", ":")) + "\n"


def counts_of(results: Iterable[Result]) -> dict[str, int]:
    """
    How many cases there are of each status and how many findings of each severity, under the names of COUNTED.
    """
    counts = dict.fromkeys(COUNTED, 0)
    for result in results:
        counts["cases"] += 1
        counts[result.status] += 1
        for finding in result.findings:
            counts[f"{finding.severity}s"] += 1
    return counts


def _remembering(redact: Callable[[str], str]) -> Callable[[str], str]:
    """
    The same function, which redacts a short text once: most of a line stands in every line.
    """
    short = functools.lru_cache(maxsize=4_096)(redact)
    return lambda text: short(text) if len(text) <= REPEATED else redact(text)


class Writer:
    """
    Writes one run to one file, line by line; a context manager.

    An earlier run in the file stays until the target has answered: till then the lines stand in a temporary file beside
    it. So two runs never mix. Raises CannotTell where the file cannot be written, once; what comes later is dropped.
    """

    def __init__(self, path: Path, redact: Callable[[str], str]) -> None:
        self.path, self._redact = path, _remembering(redact)
        self._tallies: dict[str, Result] = {}
        self._temporary, self._lost = "", False
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not path.is_file():
                self._file: IO[str] = path.open("w", encoding="utf-8", newline="\n")
                return
            sweep(path.parent, ".*-*.part")
            handle, self._temporary = tempfile.mkstemp(prefix=f".{os.getpid()}-", suffix=".part", dir=path.parent)
            self._file = os.fdopen(handle, "w", encoding="utf-8", newline="\n")
            Path(self._temporary).chmod(0o644)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """
        Turns a refusal of the file system into one clear line.
        """
        try:
            yield
        except OSError as error:
            self._lost = True
            raise CannotTell(
                f"the run cannot be written to {self.path}: {error.strerror or error}; name another file"
            ) from None

    def header(self, header: Header) -> None:
        self._write(_header_line(header))

    def result(self, entry: Entry) -> None:
        """
        Write one result; again for the same case when more has been found out about it.
        """
        self._tallies[entry.result.case.id] = entry.result
        self._write(_result_line(entry))
        if isinstance(entry.result.observation, Answered):
            self._settle()

    def account(self, operation: str, account: Json) -> None:
        """
        Write what of one operation was exercised: a JSON object.
        """
        self._write({"kind": "account", "operation": operation, "account": account})

    def footer(self, finished: str) -> None:
        """
        Write the footer; `finished` is RFC 3339.
        """
        self._write({"kind": "footer", "finished": finished, "counts": counts_of(self._tallies.values())})

    def _write(self, line: Json) -> None:
        if self._lost:
            return
        with self._told():
            self._file.write(_text(line, self._redact))
            self._file.flush()

    def _settle(self) -> None:
        """
        Take the place of an earlier run.
        """
        if self._temporary and not self._lost:
            with self._told():
                os.replace(self._temporary, self.path)  # noqa: PTH105 - the rename is the point
            self._temporary = ""

    def close(self) -> None:
        if self._temporary and not self.path.exists():  # nobody answered, and there is no earlier run
            self._settle()
        if self._temporary:
            with contextlib.suppress(OSError):
                os.unlink(self._temporary)  # noqa: PTH108
            self._temporary = ""
        with contextlib.suppress(OSError) if self._lost else self._told():
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@functools.cache
def _lines_oracle() -> Oracle:
    folder = data_folder("schemas")
    return Oracle({}, read_json(folder_reader(folder), "meta/run.json", str(folder)))


def read(path: Path) -> Run:
    """
    The run in a file.

    Raises CannotTell with the line number for a broken file; a last line that was cut off is dropped and reported.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CannotTell(
            f"the run {path} cannot be read: {error.strerror}; name a file that a check has saved"
        ) from None
    return parse(content, str(path))


def parse(content: bytes, name: str) -> Run:
    """
    The run in the bytes of a file; `name` stands in messages.
    """
    lines = [(number, line) for number, line in enumerate(content.splitlines(keepends=True), 1) if line.strip()]
    problems: list[str] = []
    held: list[tuple[int, Json]] = []
    for number, line in lines:
        try:
            held.append((number, loads(line)))
        except NotStrictJson as error:
            if number != lines[-1][0] or line.endswith(b"\n"):
                raise CannotTell(
                    f"{name}, line {number} is not JSON: {error}; the file is damaged, run the check again"
                ) from None
            problems.append(f"line {number} was cut off and is left out")
    if not held:
        raise CannotTell(f"{name} holds no run; its first line must be the header that a check writes")
    for number, line in held:
        _check_line(number, line, name)
    return _run(held, name, tuple(problems))


def _check_line(number: int, line: Json, name: str) -> None:
    written = line.get("format", FORMAT) if isinstance(line, dict) else FORMAT
    if isinstance(written, int) and written > FORMAT:
        raise CannotTell(f"{name} has run format {written}, this version reads {FORMAT}; use a newer rtkcontract")
    for violation in _lines_oracle().violations(line):
        raise CannotTell(f"{name}, line {number} is no line of a run: {violation.message}")


def _run(lines: list[tuple[int, Json]], name: str, problems: tuple[str, ...]) -> Run:
    _check_order(lines, name)
    header = _header(lines[0][1])
    end = lines[-1][1] if lines[-1][1]["kind"] == "footer" else None
    alone = header.subject  # what older files say of no case
    entries = {line["case"]["id"]: entry_from(line, alone) for _, line in lines if line["kind"] == "result"}
    accounts = {line.get("operation", alone): line["account"] for _, line in lines if line["kind"] == "account"}
    run = Run(
        header=replace(header, observed=who(header.observed, (entry.result for entry in entries.values()))),
        entries=tuple(entries.values()),
        accounts=accounts,
        footer=Footer(finished=end["finished"], counts=end["counts"]) if end else None,
        problems=problems,
        name=name,
    )
    _check_counts(run)
    return run


def who(told: str, results: Iterable[Result]) -> str:
    """
    Who answered: another server whose first answer is signed by the emulator is the emulator.
    """
    answers = (result.observation.response for result in results if isinstance(result.observation, Answered))
    first = next(answers, None)
    signed = told == "server" and first is not None and first.header("server") == "rtkcontract-emulator"
    return "emulator" if signed else told


def _check_order(lines: list[tuple[int, Json]], name: str) -> None:
    for place, (number, line) in enumerate(lines):
        if (line["kind"] == "header") != (place == 0):
            raise CannotTell(f"{name}, line {number}: the header, and only it, is the first line of a run")
        if line["kind"] == "footer" and place != len(lines) - 1:
            raise CannotTell(f"{name}, line {number} is a footer and not the last line; one file holds one run")


def _check_counts(run: Run) -> None:
    counted = counts_of(entry.result for entry in run.entries)
    for key, count in run.footer.counts.items() if run.footer else ():
        if count != counted[key]:
            raise CannotTell(f"{run.name}: the footer tells of {count} {key}, the lines hold {counted[key]}")


def _header(line: Json) -> Header:
    return Header(
        versions=line["versions"],
        **{"through": "recordings" if line["target"]["kind"] == "cassettes" else "sockets", **line["target"]},
        **line["contract"],
        operations={
            each["name"]: (each["method"], each["path"]) for each in line.get("operations") or [line["operation"]]
        },
        plan=line["plan"],
        started=line["started"],
        planned=line["planned"],
        sources={key: Source(id=key, **value) for key, value in line["sources"].items()},
        fields=tuple(
            NumericField(
                **{**each, "exclusive": tuple(each.get("exclusive", ())), "sources": tuple(each.get("sources", ()))}
            )
            for each in line["fields"]
        ),
    )


def _content(body: Json) -> bytes:
    text: str = body["text"]
    if "length" in body:
        text += f"\n… and {body['length'] - len(text):,} more characters"
    return text.encode()


def _pairs(headers: Json) -> Headers:
    return tuple((name, value) for name, value in headers)


def line_of(entry: Entry, redact: Callable[[str], str]) -> Json:
    """
    A result as plain JSON, redacted, as another process can be handed it.
    """
    return _redacted(_result_line(entry), redact)


def entry_from(line: Json, operation: str = "") -> Entry:
    """
    What `line_of` was given; `operation` is that of a line that names none.
    """
    case, expect, request, answer = line["case"], line["expect"], line["request"], line["answer"]
    observation: Answered | Unanswered = Unanswered(reason=line["reason"])
    if answer is not None:
        response = Response(
            status=answer["status"], headers=_pairs(answer["headers"]), content=_content(answer["body"])
        )
        observation = Answered(response=response, elapsed_s=answer["elapsed_s"])
    tuples = {"sources": tuple(expect["sources"]), "statuses": tuple(expect.get("statuses", ()))}
    return Entry(
        result=Result(
            case=Case(
                content=_content(request["body"]),
                expect=Expectation(**{**expect, **tuples}),
                **{"operation": operation, **case},
            ),
            status=line["status"],
            findings=tuple(
                Finding(
                    **{
                        **each,
                        "case_id": case["id"],
                        "sources": tuple(each.get("sources", ())),
                        "missing": tuple(each.get("missing", ())),
                    }
                )
                for each in line["findings"]
            ),
            observation=observation,
            reason=line["reason"],
        ),
        method=request["method"],
        path=request["path"],
        headers=_pairs(request["headers"]),
        recorded_at=line.get("recorded_at", ""),
        recorded_from=line.get("recorded_from", ""),
    )
