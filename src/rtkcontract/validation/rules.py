"""
A body, an answer or an exchange -> is it within the contract, and if not, which rule of which source it breaks; pure.

1. A body is outside the contract where it breaks a rule that a source decides. What no source decides is a note.
2. An answer is judged by the checks that judge the contract tests, with the expectation that the sent body gives.
3. A refusal that speaks of credentials, the address or the rate says nothing about the body.
4. No credential is shown: neither a writeOnly member nor anything that is named or looks like one.
5. Exit codes: 0 all within, 1 something outside, 2 could not tell.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final, Literal, NoReturn
from urllib.parse import urlsplit

from rtkcontract.checks import answer as answers
from rtkcontract.checks import judge as judging
from rtkcontract.checks import secrets as secret_checks
from rtkcontract.contract.credentials import is_credential
from rtkcontract.contract.expectation import Clause, Oracle, lacking, source_ids, sources_of
from rtkcontract.json_schema.json_text import NotStrictJson, dumps, loads
from rtkcontract.json_schema.validator import Path, Violation
from rtkcontract.model import (
    Answered,
    Case,
    Contract,
    Expectation,
    Finding,
    Json,
    Operation,
    Outcome,
    Request,
    Response,
    Severity,
    Source,
)
from rtkcontract.openapi.references import located, resolve
from rtkcontract.redaction.exchange import credentials_in
from rtkcontract.redaction.redactor import REDACTED, Redactor, write_only
from rtkcontract.validation import inputs
from rtkcontract.validation.inputs import Exchange, Item

Kind = Literal["body", "answer", "exchange"]


Form = Literal["auto", "body", "answer"]


Part = Literal["request", "answer"]


HIDDEN: Final = "(not shown)"


ABOUT_THE_BODY: Final = (400, 422)
"""Statuses with which the service refuses a body; the edge's envelope with one of them is about something else."""


SHORTEST_CREDENTIAL: Final = 12
"""Characters from which on a stored credential is looked for in an answer; shorter ones may stand there by chance."""


WORDS: Final = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


RULES: Final = {
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "exclusiveMinimum": "be more than {}",
    "exclusiveMaximum": "be less than {}",
    "multipleOf": "be a multiple of {}",
    "minLength": "have at least {} characters",
    "maxLength": "have at most {} characters",
    "pattern": "match {}",
    "format": "be a valid {}",
    "minItems": "have at least {} items",
    "maxItems": "have at most {} items",
    "minProperties": "have at least {} members",
    "maxProperties": "have at most {} members",
    "const": "be {}",
}


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
    What can be said of one item. "accepted": within the contract; "rejected": outside; "unreadable": it is no JSON;
    "other": an exchange of no operation here.
    """

    number: int
    kind: Kind
    outcome: Outcome | Literal["unreadable", "other"]
    operation: str = ""
    line: int = 0
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()
    status: int | None = None
    """Of the answer of an exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """
    What the sources say of one half of an exchange: the request with its body, or the answer.
    """

    value: Json
    expect: Expectation
    broken: tuple[Broken, ...] = ()
    notes: tuple[str, ...] = ()
    echo_unspecified: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    """The credentials in it."""


class Rules:
    """
    One operation, prepared for judging any number of bodies, answers and exchanges.
    """

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self.contract, self.operation = contract, operation
        self.oracle = Oracle(contract.document, operation.request_schema)
        self.takes_body = operation.request_schema != {}
        self._path = re.compile(".*" + re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(operation.path)) + "/?")
        self._hidden = write_only(contract)
        self._branches: dict[str, Oracle] = {}

    # ---- words

    @functools.cached_property
    def redactor(self) -> Redactor:
        return Redactor(self.contract)

    @functools.cached_property
    def members(self) -> frozenset[str]:
        """
        The names that a request body may have at its top.
        """
        return frozenset(self._declared(self.operation.request_schema))

    def _credential(self, name: str | int) -> bool:
        return isinstance(name, str) and (name in self._hidden or is_credential(name))

    def _cleared(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {
                name: REDACTED if self._credential(name) and item is not None else self._cleared(item)
                for name, item in value.items()
            }
        return [self._cleared(item) for item in value] if isinstance(value, list) else value

    def shown(self, path: Path, value: Json) -> str:
        """
        A value as a short text, without credentials.
        """
        if any(map(self._credential, path)) and value not in (None, ""):
            return HIDDEN
        return self.redactor.text(answers.shown(self._cleared(value)))

    def sources(self, ids: tuple[str, ...]) -> tuple[Source, ...]:
        return tuple(self.contract.sources[name] for name in ids if name in self.contract.sources)

    def cited(self, ids: tuple[str, ...]) -> str:
        titles = [source.title for source in self.sources(ids)]
        return f" ({titles[0]})" if titles else ""

    # ---- a body

    def body(self, content: bytes) -> Half:
        """
        The verdict of the sources on the bytes of a request body.
        """
        if not content.strip() and self.takes_body:
            return self._unread("the request body is required", decided=self._required)
        try:
            return self.value(loads(content))
        except NotStrictJson as error:
            return self._unread(str(error), decided=not _read_by_some(content))

    @property
    def _required(self) -> bool:
        item = self.contract.document["paths"][self.operation.path][self.operation.method.lower()]
        return bool(resolve(self.contract.document, item.get("requestBody", {})).get("required"))

    def _unread(self, problem: str, *, decided: bool) -> Half:
        """
        A body without one JSON value; parsers are known to take some that the grammar refuses.
        """
        told = f"not JSON with a single meaning: {problem}"
        if not decided:
            return Half(
                value=None, expect=Expectation(outcome="unspecified", reason=told), notes=(f"the body is {told}",)
            )
        rule = f"must be JSON: {problem}"
        broken = Broken(
            part="request", field="", value="no JSON", rule=rule, keyword="json", sources=self.sources(("oas",))
        )
        return Half(
            value=None,
            expect=Expectation(outcome="rejected", rejection="invalid", reason=told, sources=("oas",)),
            broken=(broken,),
        )

    def value(self, value: Json) -> Half:
        """
        The verdict of the sources on a request body.
        """
        violations = () if self.oracle.valid(value) else self.oracle.violations(value)
        clauses = self.oracle.clauses(value)
        broken = tuple(dict.fromkeys(found for v in violations for found in self._broken(value, v, clauses)))
        decided = [one for one in broken if one.severity == "finding"]
        notes = [self._told(clause) for clause in clauses if not clause.keyword]
        notes += self._unknown(value)
        return Half(
            value=value,
            expect=self._expected(value, decided, notes),
            broken=broken,
            notes=tuple(dict.fromkeys(notes)),
            echo_unspecified=tuple(".".join((*map(str, c.path), name)) for c in clauses for name in c.echo),
            stored=tuple(self._stored(value)),
        )

    def _expected(self, value: Json, decided: list[Broken], notes: list[str]) -> Expectation:
        expect = self.oracle.expectation(value) if not notes or decided else None
        return expect or Expectation(outcome="unspecified", reason=notes[0])

    def _told(self, clause: Clause) -> str:
        note = f"{clause.note}: " if clause.note else ""
        return f"{_field(clause.path) or 'the body'}: {note}{clause.reason}{self.cited(clause.sources)}"

    def _broken(self, value: Json, violation: Violation, clauses: tuple[Clause, ...]) -> Iterator[Broken]:
        """
        The broken keyword in words; one for each member that is missing.
        """
        node = self.oracle.node(violation.schema_pointer)
        cited = sources_of(node, violation.keyword)
        undecided = next((clause for clause in clauses if clause.undecides(violation)), None)
        decided = bool(cited) and violation.keyword != "format" and undecided is None
        found = _at(value, violation.path)
        rule = self._rule(node, violation, found)
        if undecided is not None:
            rule += f"; but {undecided.reason}{self.cited(undecided.sources)}"
        places = [(violation.path, self.shown(violation.path, found))]
        if violation.keyword == "required" and isinstance(found, dict):
            places = [((*violation.path, name), "missing") for name in node["required"] if name not in found]
        for path, told in places:
            yield Broken(
                part="request",
                field=_field(path),
                value=told,
                rule=rule,
                keyword=violation.keyword,
                sources=self.sources(cited),
                schema_at=located(violation.schema_pointer, self.contract.document),
                severity="finding" if decided else "note",
            )

    def _rule(self, node: Json, violation: Violation, found: Json) -> str:
        keyword = violation.keyword
        limit: Json = node.get(keyword) if isinstance(node, dict) else None
        if keyword == "required":
            return "is required"
        if keyword == "type":
            kinds = limit if isinstance(limit, list) else [limit]
            return "must be " + " or ".join(WORDS.get(str(kind), str(kind)) for kind in kinds)
        if keyword == "enum" and isinstance(limit, list):
            return "must be one of " + ", ".join(item if isinstance(item, str) else dumps(item) for item in limit)
        if keyword in ("anyOf", "oneOf") and isinstance(limit, list):
            return self._union(violation, limit, found)
        if keyword in RULES:
            text = RULES[keyword].format(limit if isinstance(limit, str) else dumps(limit))
            both = keyword in ("minimum", "maximum") and "minimum" in node and "maximum" in node
            return f"must {text}" + (f" ({dumps(node['minimum'])} to {dumps(node['maximum'])})" if both else "")
        return f"must keep {keyword}" + (f" {dumps(limit)}" if not isinstance(limit, dict | list | None) else "")

    def _union(self, violation: Violation, members: list[Json], found: Json) -> str:
        """
        The members of a union, and what is missing to the one that comes closest.
        """
        names = [
            str(resolve(self.contract.document, member).get("title", f"{violation.keyword}/{index}"))
            for index, member in enumerate(members)
        ]
        rule = "must fit one of: " + " | ".join(names)
        misses = [
            self._misses(f"{violation.schema_pointer}/{index}", member, found) for index, member in enumerate(members)
        ]
        ranks = [self._rank(member, found, missed) for member, missed in zip(members, misses, strict=True)]
        for name, rank, missed in zip(names, ranks, misses, strict=True):
            if rank == min(ranks) and missed:
                rule += f"; {name!r} lacks {', '.join(dict.fromkeys(self._wants(missed, found)))}"
        return rule

    def _rank(self, member: Json, found: Json, missed: tuple[Violation, ...]) -> tuple[int, int]:
        """
        How far a value is from a member of a union, lowest first: a member whose enumerations fit is meant.
        """
        tags = [
            name
            for name, node in self._declared(member).items()
            if isinstance(found, dict) and name in found and {"enum", "const"} & set(node)
        ]
        wrong = {violation.path for violation in missed if violation.keyword in ("enum", "const")}
        return len(wrong), -sum((name,) not in wrong for name in tags)

    def _misses(self, at: str, member: Json, found: Json) -> tuple[Violation, ...]:
        if at not in self._branches:
            inside = at.startswith("/components/")
            self._branches[at] = Oracle(self.contract.document, {"$ref": f"#{at}"} if inside else member)
        return self._branches[at].violations(found)

    def _wants(self, violations: tuple[Violation, ...], found: Json) -> Iterator[str]:
        """
        What a value lacks: names of members, or a place with its rule.
        """
        for violation in violations:
            node = self.oracle.node(violation.schema_pointer)
            if violation.keyword == "required" and not violation.path and isinstance(found, dict):
                yield from (name for name in node.get("required", ()) if name not in found)
            else:
                rule = self._rule(node, violation, _at(found, violation.path))
                yield f"{_field(violation.path) or 'it'} ({rule})"

    # ---- members that nobody declares

    def _declared(self, schema: Json) -> dict[str, Json]:
        node = resolve(self.contract.document, schema)
        if not isinstance(node, dict):
            return {}
        found = dict(node.get("properties", {}))
        for keyword in ("allOf", "anyOf", "oneOf"):
            for part in node.get(keyword, ()):
                found = {**self._declared(part), **found}
        return found

    def _unknown(self, value: Json) -> list[str]:
        told: Json = next(
            (entry for entry in self.operation.unspecified if entry.get("about") == "unknown members"), {}
        )
        reason = told.get("reason", "no source tells what a member does that is not declared")
        cited = self.cited(source_ids(told.get("source")))
        return [f"{name} ({reason}{cited})" for name in self._strangers(self.operation.request_schema, value, ())]

    def _strangers(self, schema: Json, value: Json, path: Path) -> Iterator[str]:
        node = resolve(self.contract.document, schema)
        if isinstance(value, list) and isinstance(node, dict) and isinstance(node.get("items"), dict):
            for index, item in enumerate(value):
                yield from self._strangers(node["items"], item, (*path, index))
        declared = self._declared(schema) if isinstance(value, dict) else {}
        if not declared:
            return
        for name, item in value.items():
            if name in declared:
                yield from self._strangers(declared[name], item, (*path, name))
                continue
            near = difflib.get_close_matches(name, declared, n=1)
            meant = f"; is {near[0]} meant?" if near else ""
            yield f"{_field((*path, self.redactor.text(name)))} is not in the contract{meant}"

    def _stored(self, value: Json, *, inside: bool = False) -> Iterator[str]:
        """
        The writeOnly values of a body.
        """
        if isinstance(value, dict):
            for name, item in value.items():
                yield from self._stored(item, inside=inside or name in self._hidden)
        elif isinstance(value, list):
            for item in value:
                yield from self._stored(item, inside=inside)
        elif inside and isinstance(value, str) and len(value) >= SHORTEST_CREDENTIAL:
            yield value

    # ---- an answer

    def matches(self, method: str, url: str) -> bool:
        return method.upper() == self.operation.method and self._path.fullmatch(urlsplit(url).path) is not None

    def answer(self, response: Response, *, asked: Half | None = None, content: bytes = b"", token: str = "") -> Half:
        """
        The verdict of the checks on an answer, in the shape of the verdict on a body; without `asked` the request is
        not known. `token` may not stand in the answer.
        """
        sent = asked.expect if asked else Expectation(outcome="unspecified", reason="the request is not known")
        about_the_body = _about_the_body(response)
        if not about_the_body and sent.outcome == "accepted":
            sent = Expectation(outcome="unspecified", reason="the refusal is not about the body")
        case = Case(
            id=f"{self.operation.name}/exchange",
            operation=self.operation.name,
            side="corpus",
            partition="exchange",
            content=content,
            expect=sent,
            echo_unspecified=asked.echo_unspecified if asked else (),
        )
        secrets = (token,) if token else ()
        answered = Answered(response=response, elapsed_s=None)
        result = judging.judge(self.contract, self.operation, case, answered, secrets=secrets)
        broken = [
            one
            for finding in result.findings
            for one in self._found(finding, response.content, known=asked is not None)
        ]
        if asked is not None and not any(one.keyword == "secrets" for one in broken):
            broken += _leaks(response, asked.stored)
        notes = [result.reason] if result.reason else []
        if asked is not None and not about_the_body:
            notes.append(f"{response.status} speaks of credentials, address or rate, not of the body")
        outside = any(one.severity == "finding" for one in broken)
        outcome: Outcome = "rejected" if outside else "unspecified" if result.status == "error" else "accepted"
        expect = Expectation(outcome=outcome, reason=result.reason)
        return Half(value=None, expect=expect, broken=tuple(broken), notes=tuple(notes))

    def _found(self, finding: Finding, content: bytes, *, known: bool) -> Iterator[Broken]:
        """
        A finding in the words of this page; one for each member that is missing.
        """
        path = tuple(finding.where.split("/")[1:])
        at = _field(path) if path else finding.where or "the whole body"
        hidden = any(map(self._credential, path)) and finding.check != "secrets"
        # A null that was sent may come back; without the request nobody knows.
        maybe_sent = not known and finding.check == "body_schema" and finding.observed == "null"
        rule = HIDDEN if hidden and finding.check == "echo" else finding.expected.removeprefix(".".join(path) + ": ")
        one = Broken(
            part="answer",
            field=at,
            value=HIDDEN if hidden else self.redactor.text(_bare(finding.observed)),
            rule=self.redactor.text(rule),
            keyword=finding.check,
            sources=self.sources(finding.sources),
            schema_at=finding.schema_at,
            severity="note" if maybe_sent else finding.severity,
        )
        absent = lacking(content, finding.where, finding.expected)
        for name in absent:
            yield replace(one, field=_field((*path, name)), value="missing", rule="a required member")
        if not absent:
            yield one

    def exchange(self, exchange: Exchange) -> tuple[Half, Half | None]:
        """
        The verdicts on the request and on the answer, where one came and was kept.
        """
        request, response = exchange.request, exchange.response
        asked = self.request(request)
        if response is None or not exchange.answer_kept:
            return asked, None
        token = next((value for name, value in request.headers if name.lower() == "authorization"), "")
        return asked, self.answer(response, asked=asked, content=request.content, token=_token(token))

    def safe(self, verdict: Verdict, exchange: Exchange) -> Verdict:
        """
        The verdict without the credentials that the exchange itself carries, wherever they come again.
        """
        if not verdict.broken and not verdict.notes:
            return verdict
        hide = self.redactor.knowing(credentials_in(exchange.request, exchange.response, self._hidden)).text
        broken = [
            replace(one, field=hide(one.field), value=hide(one.value), rule=hide(one.rule)) for one in verdict.broken
        ]
        return replace(verdict, broken=tuple(broken), notes=tuple(map(hide, verdict.notes)))

    def request(self, request: Request) -> Half:
        """
        The verdict on the body of a request; what another media type does is not known.
        """
        if not self.takes_body:
            return Half(value=None, expect=Expectation(outcome="accepted", reason="no body is taken"))
        asked = self.body(request.content)
        told = next((value for name, value in request.headers if name.lower() == "content-type"), "")
        if told.partition(";")[0].strip().lower() == self.operation.media_type.lower() or asked.broken:
            return asked
        note = f"content-type is {told or 'missing'}; only {self.operation.media_type} is declared"
        return replace(asked, expect=Expectation(outcome="unspecified", reason=note), notes=(*asked.notes, note))


# ---- helpers


def _leaks(response: Response, stored: tuple[str, ...]) -> Iterator[Broken]:
    """
    A credential of the request anywhere in the answer.
    """
    if secret_checks.leaked(response.content, stored):
        rule = "that a stored credential which was sent does not come back"
        yield Broken(part="answer", field="body", value="it came back", rule=rule, keyword="secrets")


def _at(value: Json, path: Path) -> Json:
    for part in path:
        value = value[part]
    return value


def _field(path: Path) -> str:
    """
    `recording_config.storage_config.type`, `keywords[0]`.
    """
    text = "".join(f"[{part}]" if isinstance(part, int) or part.isdigit() else f".{part}" for part in path)
    return text.removeprefix(".")


def _bare(text: str) -> str:
    return text if len(text) <= answers.READABLE else f"{text[: answers.READABLE]}…"


def _read_by_some(content: bytes) -> bool:
    """
    Whether the grammar leaves it to parsers: a member twice, a number out of range, a byte order mark, broken UTF-8.
    """
    try:
        json.loads(content.removeprefix(inputs.BOM).decode("utf-8", "replace"), parse_constant=_no_json)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True


def _no_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _about_the_body(response: Response) -> bool:
    if response.status < 400:
        return not (response.status == 200 and b'"errors"' in response.content and _edge(response.content))
    return response.status >= 500 or (response.status in ABOUT_THE_BODY and not _edge(response.content))


def _edge(content: bytes) -> bool:
    """
    Whether an answer has the envelope of the edge, which knows nothing of bodies.
    """
    try:
        value = loads(content)
    except NotStrictJson:
        return False
    return isinstance(value, dict) and isinstance(value.get("errors"), list) and value.get("success") is False


def _token(authorization: str) -> str:
    scheme, _, credential = authorization.partition(" ")
    return credential.strip() if scheme.lower() in ("bearer", "basic") else ""


# ---- a stream


def verdicts(
    contract: Contract, operation: Operation, stream: BinaryIO, *, name: str = "the input", form: Form = "auto"
) -> Iterator[Verdict]:
    """
    One verdict an item, as they are read. JSON values are of `operation`; an exchange is of whichever operation of the
    contract its method and path match.

    Raises CannotTell, before the first verdict where it can be known by then, for what cannot be read at all.
    """
    rules = {operation.name: Rules(contract, operation)}

    def of(exchange: Exchange) -> Rules | None:
        for other in contract.operations.values():
            if other.name not in rules:
                rules[other.name] = Rules(contract, other)
            if rules[other.name].matches(exchange.request.method, exchange.request.url):
                return rules[other.name]
        return None

    for item in inputs.read(stream, name):
        if item.exchange is not None:
            yield exchange_verdict(of(item.exchange), item.exchange, item.number)
        else:
            yield _value_verdict(rules[operation.name], item, form)


def _value_verdict(rules: Rules, item: Item, form: Form) -> Verdict:
    kind: Kind = "answer" if form == "answer" else "body"
    common = {"number": item.number, "line": item.line, "operation": rules.operation.name}
    try:
        value = loads(item.content) if not item.problem else None
    except NotStrictJson as error:
        item = Item(number=item.number, line=item.line, problem=f"no JSON with a single meaning: {error}")
    if item.problem:
        return Verdict(kind=kind, outcome="unreadable", notes=(item.problem,), **common)  # type: ignore[arg-type]
    if form == "answer" or (form == "auto" and _is_answer(rules, value)):
        kind, told = "answer", rules.answer(_assumed(rules.operation, value, item.content))
    else:
        told = rules.value(value)
    return Verdict(kind=kind, outcome=told.expect.outcome, broken=told.broken, notes=told.notes, **common)  # type: ignore[arg-type]


def _is_answer(rules: Rules, value: Json) -> bool:
    if not isinstance(value, dict) or rules.members & set(value):
        return False
    enveloped = isinstance(value.get("success"), bool) or isinstance(value.get("data"), dict)
    return enveloped or answers.judged(rules.contract, rules.operation).errors.valid(value)


def _assumed(operation: Operation, value: Json, content: bytes) -> Response:
    """
    An answer that came without its status: the one that its envelope goes with.
    """
    status = next(iter(operation.success_schemas), 200)
    refused = isinstance(value, dict) and (value.get("success") is False or not {"success", "data"} & set(value))
    if refused:
        error = value.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 400
    return Response(status=status, headers=(("content-type", "application/json"),), content=content)


def exchange_verdict(rules: Rules | None, exchange: Exchange, number: int = 1) -> Verdict:
    """
    The verdict on a whole exchange; `rules` is None where no operation matches.
    """
    if rules is None:
        return Verdict(number=number, kind="exchange", outcome="other")
    asked, answer = rules.exchange(exchange)
    notes = [*asked.notes, *(answer.notes if answer else ["the answer is not there, so the request alone was judged"])]
    status = exchange.response.status if exchange.response else None
    if asked.expect.outcome == "rejected" and status and 400 <= status < 500:
        notes.append(f"the target refused the request with {status}")
    outcomes = {asked.expect.outcome, answer.expect.outcome if answer else "accepted"}
    verdict = Verdict(
        number=number,
        kind="exchange",
        outcome="rejected" if "rejected" in outcomes else "unspecified" if "unspecified" in outcomes else "accepted",
        operation=rules.operation.name,
        broken=(*asked.broken, *(answer.broken if answer else ())),
        notes=tuple(dict.fromkeys(notes)),
        status=status,
    )
    return rules.safe(verdict, exchange)


# ---- the whole


@dataclass(slots=True)
class Tally:
    """
    Counts of verdicts while they come; holds no verdict, so that its size does not grow.
    """

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> Verdict:
        self.counts[verdict.outcome] = self.counts.get(verdict.outcome, 0) + 1
        return verdict

    @property
    def judged(self) -> int:
        return sum(self.counts.get(name, 0) for name in ("accepted", "rejected", "unspecified"))

    @property
    def exit_code(self) -> int:
        """
        2 where nothing could be judged; an unreadable value among readable ones is outside the contract.
        """
        if not self.judged:
            return 2
        return int(bool(self.counts.get("rejected") or self.counts.get("unreadable")))

    def text(self) -> str:
        """
        One line for the end.
        """
        if not self.judged and not self.counts.get("unreadable"):
            return f"nothing to judge: none of {self.counts.get('other', 0):,} exchanges is one of this contract"
        told = [
            f"{self.counts[name]:,} {word}"
            for name, word in (
                ("accepted", "within the contract"),
                ("rejected", "outside"),
                ("unspecified", "undecided by the sources"),
                ("unreadable", "no JSON"),
                ("other", "of other operations, not judged"),
            )
            if self.counts.get(name)
        ]
        return ", ".join(told)

    def as_json(self) -> Json:
        return {
            "kind": "summary",
            "judged": self.judged,
            "exit_code": self.exit_code,
            **dict(sorted(self.counts.items())),
        }


HEADS: Final = {
    "accepted": "within the contract",
    "rejected": "outside the contract",
    "unspecified": "undecided: no source tells whether it is accepted",
    "unreadable": "no JSON",
    "other": "of another operation, not judged",
}


def where(verdict: Verdict) -> str:
    """
    `line 3`, `exchange 2`.
    """
    return f"line {verdict.line}" if verdict.line else f"{verdict.kind} {verdict.number}"


def text(verdict: Verdict) -> str:
    """
    The verdict in a few lines: for each broken rule the field, its value, the rule and where that comes from.
    """
    told = f"{where(verdict)}: {HEADS[verdict.outcome]}"
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
