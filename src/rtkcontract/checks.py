"""
(operation, case, answer) -> findings; pure. One check is one function, and `CHECKS` lists them.

1. A check that does not apply yields nothing. None of them raises for anything that a target may answer.
2. Each finding cites the sources of the promise that was broken.
3. What the sources leave open is judged as a note at most.
4. `judge` looks at one answer, `judge_run` at all of them together: ids, memory, relations and dropped members.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from rtkcontract.bodies import taken
from rtkcontract.catalog import located, resolve
from rtkcontract.jsontext import NotStrictJson, dumps, loads, pointer
from rtkcontract.model import (
    Answered,
    Case,
    Contract,
    Finding,
    Headers,
    Json,
    Observation,
    Operation,
    Outcome,
    Response,
    Result,
    Severity,
)
from rtkcontract.oracle import Oracle, Violation, source_ids, sources_of
from rtkcontract.partitions import ABSENT, CANARY, ITEM, MARK, Place, dotted, same

READABLE = 300
"""Characters of a value that a finding shows."""
SURROGATE = re.compile(rb"\\u[dD]")
"""Where nothing matches, JSON holds no half of a surrogate pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """
    One member of the request as far as the answer is concerned.
    """

    place: Place
    echoed: bool
    secret: bool
    default: Json
    default_decided: bool
    sources: tuple[str, ...]
    schema_at: str


class Judged:
    """
    One operation prepared for judging: its validators are compiled once.
    """

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self.contract, self.operation = contract, operation
        self.errors = Oracle(contract.document, operation.error_schema)
        self.success = {
            status: Oracle(contract.document, schema) for status, schema in operation.success_schemas.items()
        }
        self.any_success = next(iter(self.success.values()), Oracle(contract.document, {}))
        self.tolerated = {entry["status"]: entry for entry in operation.tolerated}
        self.promises = tuple(_promises(contract, operation))
        self.echoed = {one.place: one for one in self.promises if one.echoed and ITEM not in one.place}
        self.secret = tuple(one for one in self.promises if one.secret)
        self.defaulted = tuple(one for one in self.echoed.values() if one.default is not ABSENT and one.default_decided)

    def success_of(self, status: int) -> Oracle:
        return self.success.get(status, self.any_success)

    @cached_property
    def success_statuses(self) -> str:
        return " or ".join(str(status) for status in self.success) or "2xx"


@lru_cache(maxsize=8)
def prepared(contract: _ById, operation: str) -> Judged:
    """
    The validators of an operation, once a contract.
    """
    return Judged(contract.contract, contract.contract.operations[operation])


@dataclass(frozen=True)
class _ById:
    """
    A contract told apart by identity, so that it can be a key.
    """

    contract: Contract

    def __hash__(self) -> int:
        return id(self.contract)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.contract is self.contract


def judged(contract: Contract, operation: Operation) -> Judged:
    """
    The prepared operation of a contract.
    """
    return prepared(_ById(contract), operation.name)


def _walk(document: Json, schema: Json, place: Place, at: str) -> Iterator[tuple[Place, Json, str]]:
    """
    Each member of a schema with its node and the pointer of that node, unions left out.
    """
    while isinstance(schema, dict) and "$ref" in schema and len(schema) == 1:
        at = schema["$ref"].removeprefix("#")
        schema = resolve(document, schema)
    schema = resolve(document, schema)
    if not isinstance(schema, dict) or len(place) > 12:
        return
    if place:
        yield place, schema, at
    for name, part in schema.get("properties", {}).items():
        yield from _walk(document, part, (*place, name), f"{at}/properties/{name}")
    if isinstance(schema.get("items"), dict):
        yield from _walk(document, schema["items"], (*place, ITEM), f"{at}/items")
    for index, part in enumerate(schema.get("allOf", ())):
        yield from _walk(document, part, place, f"{at}/allOf/{index}")


def _promises(contract: Contract, operation: Operation) -> Iterator[Promise]:
    answered = {place: node for place, node, _ in _walk(contract.document, operation.data_schema, (), "")}
    for place, node, at in _walk(contract.document, operation.request_schema, (), ""):
        undecided = {entry.get("keyword") for entry in node.get("x-unspecified", ())}
        yield Promise(
            place=place,
            echoed=place in answered and not node.get("writeOnly"),
            secret=bool(node.get("writeOnly")),
            default=node.get("default", ABSENT),
            default_decided="default" not in undecided,
            sources=sources_of(node, "type"),
            schema_at=located(at, contract.document),
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    What a check looks at: one case and its answer, parsed once.
    """

    judged: Judged
    case: Case
    response: Response
    elapsed_s: float | None
    body: Json
    """The answer's body as a value; ABSENT when it is no JSON."""
    unreadable: str
    outcome: Outcome
    data: Json
    """The member `data` of a success answer; ABSENT where there is none."""
    max_latency_s: float | None
    secrets: tuple[str, ...]

    @cached_property
    def sent(self) -> Json:
        """
        The body of the request as a value; ABSENT when it is no JSON object with a single meaning.
        """
        value = _parsed(self.case.content)[0]
        return value if isinstance(value, dict) else ABSENT

    @property
    def paired(self) -> bool:
        """
        Whether an object was sent and one came back in `data`, so that their members can be compared.
        """
        return isinstance(self.data, dict) and isinstance(self.sent, dict)

    @cached_property
    def violations(self) -> tuple[Violation, ...]:
        """
        What the body breaks of the success schema of its status.
        """
        oracle = self.judged.success_of(self.response.status)
        return oracle.violations(self.body) if self.surrogates else oracle.violations_plain(self.body)

    @property
    def surrogates(self) -> bool:
        """
        Whether a text of the body may be one that the validator cannot take.
        """
        return SURROGATE.search(self.response.content) is not None

    @cached_property
    def echoes(self) -> tuple[tuple[Promise, Json, Json], ...]:
        """
        Each sent value that is promised back, with what came; empty where nothing was accepted.
        """
        return tuple(_echoes(self)) if self.paired else ()

    @cached_property
    def asked(self) -> Mapping[Place, Json]:
        """
        Place to value of what was sent, objects left out.
        """
        return dict(_leaves(self.sent))

    @cached_property
    def told(self) -> Mapping[Place, Json]:
        """
        Place to value of what stands in `data`, objects left out.
        """
        return dict(_leaves(self.data))

    def got(self, place: Place) -> Json:
        """
        What stands at a place of `data`; ABSENT where nothing does.
        """
        return self.told[place] if place in self.told else taken(self.data, place)

    def finding(
        self,
        check: str,
        where: str,
        expected: str,
        observed: str,
        sources: Iterable[str] = (),
        *,
        severity: Severity = "finding",
        schema_at: str = "",
        cause: str = "",
    ) -> Finding:
        return Finding(
            check=check,
            case_id=self.case.id,
            where=where,
            expected=expected,
            observed=observed,
            sources=tuple(sources),
            severity=severity,
            schema_at=schema_at,
            cause=cause,
        )


Check: TypeAlias = Callable[[Answer], Iterator[Finding]]


def shown(value: Json) -> str:
    """
    A value as a short text.
    """
    if value is ABSENT:
        return "nothing"
    text = dumps(value)
    return text if len(text) <= READABLE else f"{text[:READABLE]}… ({len(text)} characters)"


def outcome_of(judged: Judged, status: int, body: Json) -> Outcome:
    """
    Whether an answer accepts or rejects; "unspecified" for one that does neither, such as a 5xx or a redirect.

    The edge is known to send its error envelope with a 200 in rare cases, which rejects.
    """
    if status in judged.success or status in judged.tolerated:
        edge = isinstance(body, dict) and body.get("success") is False and isinstance(body.get("errors"), list)
        return "rejected" if edge and status == 200 else "accepted"
    return "rejected" if 400 <= status < 500 else "unspecified"


# --- checks of one answer -------------------------------------------------------------------------------------------


def status(answer: Answer) -> Iterator[Finding]:
    """
    The status class is the one that the expectation names; a tolerated status is a warning; a 5xx never is right.
    """
    expect, got = answer.case.expect, answer.response.status
    where = expect.schema_at
    if answer.outcome == "unspecified":
        yield answer.finding(
            "status",
            "status",
            "an answer that accepts or refuses (2xx or 4xx)",
            _told_status(answer),
            expect.sources or ("oas",),
            schema_at=where,
        )
    elif expect.outcome == "accepted" and answer.outcome == "rejected":
        yield answer.finding(
            "status",
            "status",
            f"{answer.judged.success_statuses}: {expect.reason}",
            _told_status(answer),
            expect.sources,
            schema_at=where,
        )
    elif expect.outcome == "rejected" and answer.outcome == "accepted":
        yield answer.finding(
            "status", "status", f"a 4xx: {expect.reason}", _told_status(answer), expect.sources, schema_at=where
        )
    elif expect.outcome == "rejected" and expect.statuses and got not in (*expect.statuses, 200):
        listed = ", ".join(map(str, expect.statuses))
        yield answer.finding(
            "status",
            "status",
            f"one of {listed}: {expect.reason}",
            _told_status(answer),
            expect.sources,
            schema_at=where,
        )
    if answer.outcome == "accepted" and got in answer.judged.tolerated:
        entry = answer.judged.tolerated[got]
        yield answer.finding(
            "status",
            "status",
            f"{entry['as']}: {entry['reason']}",
            _told_status(answer),
            source_ids(entry["source"]),
            severity="warning",
            cause=f"status {got}",
        )
    if answer.outcome == "rejected" and got == 200:
        yield answer.finding(
            "status",
            "status",
            "a 4xx beside an error envelope",
            _told_status(answer),
            ("v4-errors",),
            severity="warning",
            cause="error envelope with 200",
        )
    if got == 405 and answer.response.header("allow") is None:
        yield answer.finding(
            "status",
            "header allow",
            "405 names the methods that are allowed",
            "no Allow header",
            ("http",),
            severity="warning",
            cause="405 without Allow",
        )


def _told_status(answer: Answer) -> str:
    text = _error_text(answer.body)
    return f"{answer.response.status}" + (f" ({text})" if text else "")


def _error_text(body: Json) -> str:
    """
    The message of an error envelope, shortened.
    """
    if not isinstance(body, dict):
        return ""
    parts = [body.get("error"), *(body["errors"] if isinstance(body.get("errors"), list) else ()), body]
    texts = [part.get("message") for part in parts if isinstance(part, dict)]
    return next((text[:160] for text in texts if isinstance(text, str)), "")


def content_type(answer: Answer) -> Iterator[Finding]:
    """
    A JSON answer says that it is JSON; a charset beside it is fine.
    """
    if answer.outcome == "unspecified" or (not answer.response.content and answer.outcome != "accepted"):
        return  # a 5xx or a redirect is told by the status
    told = answer.response.header("content-type") or ""
    if told.split(";")[0].strip().lower() != "application/json":
        yield answer.finding("content_type", "header content-type", "application/json", told or "no header", ("oas",))


def envelope(answer: Answer) -> Iterator[Finding]:
    """
    The envelope of the outcome: success and data, or one of the known error envelopes.
    """
    if answer.response.status == 429:
        return  # may be empty or no JSON, says distilled
    if answer.outcome == "unspecified":
        return  # told by the status already
    if answer.body is ABSENT:
        yield answer.finding("envelope", "", "a JSON body", answer.unreadable, ("oas",))
        return
    if answer.outcome == "rejected":
        errors = answer.judged.errors
        if not (errors.valid(answer.body) if answer.surrogates else errors.valid_plain(answer.body)):
            known = "one of the three known error envelopes"
            yield answer.finding(
                "envelope",
                "",
                known,
                shown(answer.body),
                ("v4-errors", "service-errors"),
                schema_at="error.json#/anyOf",
            )
        elif isinstance(answer.body.get("error"), dict) and answer.body["error"].get("code") != answer.response.status:
            yield answer.finding(
                "envelope",
                "/error/code",
                f"the status, {answer.response.status}",
                shown(answer.body["error"].get("code")),
                ("service-errors",),
                severity="warning",
                cause="error code is not the status",
            )
        return
    yield from _schema(answer, "envelope", lambda path: path[:1] != ("data",) or len(path) == 0)


def body_schema(answer: Answer) -> Iterator[Finding]:
    """
    Types, enumerations, bounds and formats of the members of `data`.

    What a sent null comes back as is not decided, so a null where a null was sent is no finding. Neither is a value
    that comes back as it was sent where the body should have been refused, or may have been: the status tells that.
    """
    if answer.outcome == "accepted" and answer.body is not ABSENT:
        yield from _schema(answer, "body_schema", lambda path: path[:1] == ("data",))


def _schema(answer: Answer, check: str, mine: Callable[[tuple[str | int, ...]], bool]) -> Iterator[Finding]:
    oracle = answer.judged.success_of(answer.response.status)
    document = answer.judged.contract.document
    told: set[tuple[str | int, ...]] = set()
    for violation in answer.violations:
        if not mine(violation.path) or violation.path in told:
            continue
        told.add(violation.path)  # one finding a place: a wrong type breaks its other rules too
        found = _at(answer.body, violation.path)
        sent = taken(answer.sent, _place(violation.path[1:]))
        if found is None and sent is None:
            continue
        if answer.case.expect.outcome != "accepted" and sent is not ABSENT and same(found, sent):
            continue
        node = oracle.node(violation.schema_pointer)
        yield answer.finding(
            check,
            pointer(violation.path),
            violation.message,
            shown(found),
            sources_of(node, violation.keyword) or ("oas",),
            schema_at=located(violation.schema_pointer, document),
        )


def _at(value: Json, path: tuple[str | int, ...]) -> Json:
    for part in path:
        value = value[part]
    return value


def _place(path: Iterable[str | int]) -> Place:
    return tuple(ITEM if isinstance(part, int) else part for part in path)


def echo(answer: Answer) -> Iterator[Finding]:
    """
    A sent member that comes back has the value that was sent; nulls and writeOnly members are not asked for.
    """
    for promise, sent, got in answer.echoes:
        if not _plainly_same(sent, got) and got is not ABSENT and got is not None and not same(sent, got):
            yield answer.finding(
                "echo",
                "/data" + pointer(promise.place),
                f"{shown(sent)}, as sent",
                shown(got),
                promise.sources,
                severity="finding" if answer.case.expect.outcome == "accepted" else "note",
                schema_at=promise.schema_at,
                cause=f"echo {dotted(promise.place)}",
            )


def _echoes(answer: Answer) -> Iterator[tuple[Promise, Json, Json]]:
    """
    Each sent value that is promised back, with what came: leaves only, and lists as a whole.
    """
    for place, sent in answer.asked.items():
        promise = answer.judged.echoed.get(place)
        if promise is not None and sent is not None and not _excused(answer.case, place):
            yield promise, sent, answer.got(place)


def _plainly_same(left: Json, right: Json) -> bool:
    """
    Whether two values are the same and can be seen to be: all but lists, objects and numbers of two kinds.
    """
    return type(left) is type(right) and isinstance(left, str | int) and left == right


def _leaves(value: Json, above: Place = ()) -> list[tuple[Place, Json]]:
    """
    Each value of an object that is no object itself, with its place.
    """
    found: list[tuple[Place, Json]] = []
    for name, member in value.items():
        if isinstance(member, dict):
            found += _leaves(member, (*above, name))
        else:
            found.append(((*above, name), member))
    return found


def _excused(case: Case, place: Place) -> bool:
    if not case.echo_unspecified:
        return False
    name = ".".join(place)
    return any(name == path or name.startswith(f"{path}.") for path in case.echo_unspecified)


def defaults(answer: Answer) -> Iterator[Finding]:
    """
    A member that was left out and comes back has its documented default.
    """
    if not answer.paired:
        return
    for promise in answer.judged.defaulted:
        if promise.place in answer.asked or _excused(answer.case, promise.place):
            continue
        parent = answer.sent if len(promise.place) == 1 else taken(answer.sent, promise.place[:-1])
        if not isinstance(parent, dict) or promise.place[-1] in parent:
            continue
        got = answer.got(promise.place)
        if got is not ABSENT and got is not None and not same(promise.default, got):
            yield answer.finding(
                "defaults",
                "/data" + pointer(promise.place),
                f"{shown(promise.default)}, the documented default of a member that was left out",
                shown(got),
                promise.sources,
                severity="finding" if answer.case.expect.outcome == "accepted" else "note",
                schema_at=promise.schema_at,
                cause=f"default {dotted(promise.place)}",
            )


def secrets(answer: Answer) -> Iterator[Finding]:
    """
    No writeOnly member and no credential stands anywhere in the answer, whatever its status, in any encoding.
    """
    if answer.data is not ABSENT:
        for promise in answer.judged.secret:
            got = taken(answer.data, promise.place)
            if got is not ABSENT and got is not None:
                yield answer.finding(
                    "secrets",
                    "/data" + pointer(promise.place),
                    "a writeOnly member does not come back",
                    "it came back",
                    promise.sources,
                    schema_at=promise.schema_at + "/writeOnly",
                    cause=f"secret {dotted(promise.place)}",
                )
                return
    where, kind = "body", leaked(answer.response.content, answer.secrets)
    if not kind:
        where, kind = _leaked_headers(answer.response.headers, answer.secrets)
    if kind:
        yield answer.finding(
            "secrets", where, "no credential in an answer", kind, ("docref", "sdk-5.7"), cause=f"leak {kind}"
        )


def leaked(content: bytes, known: Iterable[str] = ()) -> str:
    """
    The kind of credential that stands in the content, plain or encoded; empty for none. It is never quoted.
    """
    variants = _spellings(content)
    if any(_canary_in(text) for text in variants):
        return "a stored credential that was sent"
    for secret in known:
        if len(secret) >= 8 and any(text.find(form) >= 0 for form in _forms(secret) for text in variants[:1]):
            return "the token of this run"
    return ""


@lru_cache(maxsize=1_024)
def _leaked_headers(headers: Headers, known: tuple[str, ...]) -> tuple[str, str]:
    """
    The first header with a credential, and its kind; empty for none. Many answers have the same headers.
    """
    for name, value in headers:
        if kind := leaked(value.encode(), known):
            return f"header {name}", kind
    return "", ""


def _canary_in(text: bytes) -> bool:
    for form in _forms(CANARY):  # noqa: SIM110  # `any` would take three times as long, for each answer of each run
        if form in text:
            return True
    return False


@lru_cache(maxsize=64)
def _forms(secret: str) -> tuple[bytes, ...]:
    """
    A secret as it is, in capitals, reversed, in hex, percent-encoded and in base64 at each alignment.
    """
    raw = secret.encode()
    forms = {raw, raw.upper(), raw[::-1], binascii.hexlify(raw), quote(secret, safe="").encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        forms.add(encoded[4 if shift else 0 : -4] if len(encoded) > 12 else encoded)
    return tuple(sorted(forms))


def _spellings(content: bytes) -> tuple[bytes, ...]:
    """
    The content as it came, and with its JSON escapes resolved where one may stand for a sign of a credential.
    """
    if b"\\u" not in content and b"\\/" not in content:
        return (content,)
    try:
        return content, str(loads(content)).encode("utf-8", "replace")
    except NotStrictJson:
        return (content,)


def times(answer: Answer) -> Iterator[Finding]:
    """
    An object is not updated before it was created.
    """
    if not isinstance(answer.data, dict):
        return
    created, updated = (_moment(answer.data.get(name)) for name in ("created_at", "updated_at"))
    if created is not None and updated is not None and updated < created:
        yield answer.finding(
            "times",
            "/data/updated_at",
            f"not before created_at, {answer.data['created_at']}",
            str(answer.data["updated_at"]),
            ("oas",),
        )


def _moment(text: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def latency(answer: Answer) -> Iterator[Finding]:
    """
    The answer came within the time that the user allows; no source promises one.
    """
    if answer.max_latency_s is not None and answer.elapsed_s is not None and answer.elapsed_s > answer.max_latency_s:
        yield answer.finding(
            "latency",
            "elapsed_s",
            f"an answer within {answer.max_latency_s:g} s (--max-latency)",
            f"{answer.elapsed_s:.2f} s",
            cause="latency",
        )


CHECKS: tuple[Check, ...] = (status, content_type, envelope, body_schema, echo, defaults, secrets, times, latency)


# --- judging --------------------------------------------------------------------------------------------------------


def answer_of(
    judged: Judged,
    case: Case,
    observation: Answered,
    *,
    max_latency_s: float | None = None,
    known: tuple[str, ...] = (),
) -> Answer:
    """
    The answer with both bodies parsed.
    """
    body, unreadable = _parsed(observation.response.content)
    outcome = outcome_of(judged, observation.response.status, body)
    return Answer(
        judged=judged,
        case=case,
        response=observation.response,
        elapsed_s=observation.elapsed_s,
        body=body,
        unreadable=unreadable,
        outcome=outcome,
        data=body.get("data", ABSENT) if outcome == "accepted" and isinstance(body, dict) else ABSENT,
        max_latency_s=max_latency_s,
        secrets=known,
    )


@lru_cache(maxsize=4_096)
def _parsed(content: bytes) -> tuple[Json, str]:
    if not content:
        return ABSENT, "an empty body"
    try:
        return loads(content), ""
    except NotStrictJson as error:
        return ABSENT, f"{error} ({len(content)} bytes)"


def judge(
    contract: Contract,
    operation: Operation,
    case: Case,
    observation: Observation,
    *,
    max_latency_s: float | None = None,
    secrets: tuple[str, ...] = (),
    parsed: Answer | None = None,
) -> Result:
    """
    The verdict on one answer by itself. `secrets` are values that no answer may hold, such as the token; `parsed` is
    the answer where it has been parsed already.

    No answer, or one of a throttled target, is an error: it could not be told.
    """
    if not isinstance(observation, Answered):
        return Result(case=case, status="error", findings=(), observation=observation, reason=observation.reason)
    if observation.response.status == 429:
        reason = "the target throttles (429); run later, or lower --rate"
        return Result(case=case, status="error", findings=(), observation=observation, reason=reason)
    answer = parsed or answer_of(
        judged(contract, operation), case, observation, max_latency_s=max_latency_s, known=secrets
    )
    found = [finding for check in CHECKS for finding in check(answer)]
    return _result(case, observation, _known(operation, found))


def of_maker(operation: Operation, maker: str) -> Operation:
    """
    The operation with the deviations that are about recordings of one maker, such as "documentation".
    """
    about = tuple(
        {name: value for name, value in entry.items() if name != "observed"}
        for entry in operation.deviations
        if entry.get("observed", maker) == maker
    )
    return replace(operation, deviations=about)


def _known(operation: Operation, found: Iterable[Finding]) -> list[Finding]:
    """
    Findings that a deviation explains become warnings; one with `observed` is about recordings of that maker alone.
    """
    found = list(found)
    if not found:
        return found
    entries = [entry for entry in operation.deviations if "observed" not in entry]
    told = {(entry["case"], entry["check"], entry.get("where", "")): entry for entry in entries}
    result = []
    for finding in found:
        entry = told.get((finding.case_id, finding.check, finding.where)) or told.get(
            (finding.case_id, finding.check, "")
        )
        result.append(
            finding
            if entry is None
            else replace(finding, severity="warning", cause=f"known deviation: {entry['reason']}")
        )
    return result


def _result(case: Case, observation: Observation, found: Iterable[Finding], before: Result | None = None) -> Result:
    findings = (*(before.findings if before else ()), *found)
    failed = any(finding.severity == "finding" for finding in findings)
    return Result(case=case, status="fail" if failed else "pass", findings=findings, observation=observation)


# --- checks of a whole run ------------------------------------------------------------------------------------------


def unique_ids(answers: list[Answer]) -> Iterator[Finding]:
    """
    Each accepted create makes an object of its own.
    """
    first: dict[str, str] = {}
    for answer in answers:
        data = answer.data
        identity = data.get("id") if isinstance(data, dict) else None
        if not isinstance(identity, str):
            continue
        if identity in first:
            yield answer.finding(
                "unique_ids",
                "/data/id",
                f"an id of its own; {first[identity]} has this one",
                identity,
                ("oas",),
                cause="ids repeat",
            )
        first.setdefault(identity, answer.case.id)


def dropped(answers: list[Answer]) -> Iterator[Finding]:
    """
    A target that sends back what was sent does so for each member; one that never does breaks no promise.
    """
    if not any(got is not ABSENT for answer in answers if _decided(answer) for _, _, got in answer.echoes):
        return
    for answer in answers:
        if not _decided(answer):
            continue
        for promise, sent, got in answer.echoes:
            if got is ABSENT and sent not in ("", []):
                yield answer.finding(
                    "dropped",
                    "/data" + pointer(promise.place),
                    f"{shown(sent)}, as sent",
                    "the member is missing",
                    promise.sources,
                    schema_at=promise.schema_at,
                    cause=f"dropped {dotted(promise.place)}",
                )


def _decided(answer: Answer) -> bool:
    return answer.case.expect.outcome == "accepted" and answer.paired


def memory(answers: list[Answer]) -> Iterator[Finding]:
    """
    No member comes back that was not sent now but was sent before; what the first answer already had is no memory.
    """
    telling = [answer for answer in answers if answer.paired]
    unsent = [tuple(_unsent(answer)) for answer in telling]
    earlier: dict[Place, _Seen] = {}
    for answer, members in zip(telling, unsent, strict=True) if any(unsent) else ():
        for promise, got in members:
            remembered = promise.place in earlier and earlier[promise.place].holds(got)
            if remembered and not same(got, taken(telling[0].data, promise.place)):
                yield answer.finding(
                    "memory",
                    "/data" + pointer(promise.place),
                    "nothing from an earlier request",
                    shown(got),
                    promise.sources,
                    schema_at=promise.schema_at,
                    cause=f"memory {dotted(promise.place)}",
                )
        for place, sent in answer.asked.items():
            if isinstance(sent, str | list) and sent and place in answer.judged.echoed:
                earlier.setdefault(place, _Seen()).add(sent)


def _unsent(answer: Answer) -> Iterator[tuple[Promise, Json]]:
    """
    Texts and lists of our making that came back without being sent; they stand at leaves alone.
    """
    for place, got in answer.told.items():
        if MARK in (got if isinstance(got, str) else dumps(got) if isinstance(got, list) else "").lower():
            promise = answer.judged.echoed.get(place)
            if promise and taken(answer.sent, place) is ABSENT:
                yield promise, got


class _Seen:
    """
    Texts and lists; the texts are found at once, however many there are.
    """

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._lists: list[Json] = []

    def add(self, value: Json) -> None:
        if isinstance(value, str):
            self._texts.add(value)
        else:
            self._lists.append(value)

    def holds(self, value: Json) -> bool:
        return value in (self._texts if isinstance(value, str) else self._lists)


VOLATILE = ("id", "created_at", "updated_at")


def relations(answers: list[Answer]) -> Iterator[Finding]:
    """
    Cases that mean the same get the same answer, but for ids and times.
    """
    by_id = {answer.case.id: answer for answer in answers}
    for answer in answers:
        other = by_id.get(answer.case.same_answer_as)
        if (
            other is None
            or answer.case.expect.outcome != "accepted"
            or not isinstance(other.data, dict)
            or not isinstance(answer.data, dict)
        ):
            continue
        for path, one, two in differences(other.data, answer.data):
            if path[0] in VOLATILE or (ABSENT in (one, two) and answer.case.partition == "defaults-spelled-out"):
                continue
            yield answer.finding(
                "relations",
                "/data" + pointer(path),
                f"{shown(one)}, as in the answer to {other.case.id}: {answer.case.note}",
                shown(two),
                answer.case.expect.sources,
                cause=f"relation {answer.case.partition} {dotted(path)}",
            )


def differences(one: Json, two: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json, Json]]:
    """
    Each place at which two answers differ, with both values.
    """
    if isinstance(one, dict) and isinstance(two, dict):
        for name in dict.fromkeys((*one, *two)):
            yield from differences(one.get(name, ABSENT), two.get(name, ABSENT), (*path, name))
    elif one is ABSENT or two is ABSENT or not same(one, two):
        yield path, one, two


RUN_CHECKS: tuple[Callable[[list[Answer]], Iterator[Finding]], ...] = (unique_ids, dropped, memory, relations)


def judge_run(contract: Contract, operation: Operation, results: Iterable[Result]) -> tuple[Result, ...]:
    """
    The results with what only several answers together show, and with deviations that no longer happen.

    Results come in the order in which the cases were sent.
    """
    results = tuple(results)
    prepared = judged(contract, operation)
    answers = [
        answer_of(prepared, result.case, result.observation)
        for result in results
        if isinstance(result.observation, Answered)
        and result.status != "error"
        and result.observation.response.status != 429
    ]
    ran = {result.case.id: result.findings for result in results if result.status != "error"}
    found = across(operation, ran, answers)
    return tuple(
        _result(result.case, result.observation, found[result.case.id], result) if result.case.id in found else result
        for result in results
    )


def across(
    operation: Operation, ran: Mapping[str, tuple[Finding, ...]], answers: list[Answer]
) -> dict[str, list[Finding]]:
    """
    Case to what only several answers together show, and deviations that no longer happen.

    `ran` has the findings of each case by itself. `answers` come in the order in which the cases were sent; those that
    have nothing to do with others (`compared`) may be left out.
    """
    found: dict[str, list[Finding]] = {}
    for finding in (*itertools.chain.from_iterable(check(answers) for check in RUN_CHECKS), *_gone(operation, ran)):
        found.setdefault(finding.case_id, []).append(finding)
    return {case: _known(operation, findings) for case, findings in found.items()}


class Traits(NamedTuple):
    """
    What one answer with `data` has to do with others.
    """

    case: str
    same_answer_as: str
    identity: str | None
    echoes: bool
    """Whether a member came back as it was sent."""
    lacks: bool
    """Whether a member that was sent is missing."""
    recalls: bool
    """Whether text of our making came back that was not sent."""


def traits(answer: Answer) -> Traits:
    """
    Raises nothing for an answer without `data`: it has to do with no other.
    """
    identity = answer.data.get("id") if isinstance(answer.data, dict) else None
    decided = _decided(answer)
    return Traits(
        case=answer.case.id,
        same_answer_as=answer.case.same_answer_as,
        identity=identity if isinstance(identity, str) else None,
        echoes=decided and any(got is not ABSENT for _, _, got in answer.echoes),
        lacks=decided and any(got is ABSENT for _, _, got in answer.echoes),
        recalls=answer.paired and any(True for _ in _unsent(answer)),
    )


def compared(every: Sequence[Traits]) -> list[int]:
    """
    The places of the answers that `across` has to see so as to find what it would find in all.
    """
    if any(one.recalls for one in every):
        return list(range(len(every)))
    same = {one.same_answer_as for one in every} - {""}
    ids = Counter(one.identity for one in every)
    echoing = next((place for place, one in enumerate(every) if one.echoes), None)
    return [
        place
        for place, one in enumerate(every)
        if one.lacks
        or place == echoing
        or one.same_answer_as
        or one.case in same
        or (one.identity is not None and ids[one.identity] > 1)
    ]


def _gone(operation: Operation, ran: Mapping[str, tuple[Finding, ...]]) -> Iterator[Finding]:
    """
    A deviation whose case ran and showed nothing is out of date.
    """
    for entry in (entry for entry in operation.deviations if "observed" not in entry):
        findings = ran.get(entry["case"])
        if findings is not None and not any(finding.check == entry["check"] for finding in findings):
            yield Finding(
                check="deviation",
                case_id=entry["case"],
                where=entry.get("where", ""),
                expected=f"the known deviation: {entry['reason']}",
                observed="it no longer happens; take it out of deviations.json",
                cause="deviation gone",
            )
