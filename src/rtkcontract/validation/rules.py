"""
A body, an answer or an exchange -> is it within the contract, and if not, which rule of which source it breaks; pure.

1. A body is outside the contract where it breaks a rule that a source decides. What no source decides is a note.
2. An answer is judged by the checks that judge the contract tests, with the expectation that the sent body gives.
3. A refusal that speaks of credentials, the address or the rate says nothing about the body.
4. No credential is shown: neither a writeOnly member nor anything that is named or looks like one.
5. What a recording did not keep is not judged. What has more than one meaning, or is in no form of the contract, could
   not be told.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, Literal, NoReturn
from urllib.parse import urlsplit

from rtkcontract.checks import answer as answers
from rtkcontract.checks import judge as judging
from rtkcontract.checks import secrets as secret_checks
from rtkcontract.contract.credentials import is_credential
from rtkcontract.contract.expectation import Clause, Oracle, source_ids
from rtkcontract.json_schema.json_problems import BOM, problem, too_deep
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
    Source,
)
from rtkcontract.openapi.references import located, resolve
from rtkcontract.redaction.exchange import credentials_in
from rtkcontract.redaction.redactor import REDACTED, Redactor, write_only
from rtkcontract.validation import inputs
from rtkcontract.validation.exchange import Exchange, header
from rtkcontract.validation.inputs import Item
from rtkcontract.validation.verdict import Broken, Form, Kind, Verdict

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
    known: Literal["yes", "ambiguous", "not kept", "none"] = "yes"
    """Whether there was a body to judge: one with a single meaning, one that was not kept, none that is taken."""


class Shown:
    """
    What may be shown under a contract, worked out once: the redactor, and the names of `writeOnly` members.
    """

    def __init__(self, contract: Contract) -> None:
        self.redactor, self.hidden = Redactor(contract), write_only(contract)


class Rules:
    """
    One operation, prepared for judging any number of bodies, answers and exchanges.
    """

    def __init__(self, contract: Contract, operation: Operation, shown: Shown | None = None) -> None:
        """
        `shown` is what several operations of a contract can share.
        """
        self.contract, self.operation = contract, operation
        self.oracle = Oracle(contract.document, operation.request_schema)
        self.takes_body = operation.request_schema != {}
        self._shown = shown or Shown(contract)
        self._branches: dict[str, Oracle] = {}

    # ---- words

    @property
    def redactor(self) -> Redactor:
        return self._shown.redactor

    @property
    def _hidden(self) -> frozenset[str]:
        return self._shown.hidden

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
            if not self.operation.body_required:
                return Half(value=None, expect=Expectation(outcome="accepted", reason="no body is required"))
            return self._unread("the request body is required", decided=True)
        if deep := too_deep(content):
            return self._unread(deep, decided=False)
        try:
            return self.value(loads(content))
        except NotStrictJson as error:
            return self._unread(problem(content) or str(error), decided=not _read_by_some(content))

    def _unread(self, why: str, *, decided: bool) -> Half:
        """
        A body without one JSON value; parsers are known to take some that the grammar refuses.
        """
        if not decided:
            told = f"the body has more than one meaning, or none: {why}"
            expect = Expectation(outcome="unspecified", reason=told)
            return Half(value=None, expect=expect, notes=(told,), known="ambiguous")
        told = f"not JSON with a single meaning: {why}"
        rule = f"must be JSON: {why}"
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
        cited = self.oracle.cited(violation.schema_pointer)
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
            if response.headers or finding.check != "content_type"  # a file without any header did not keep them
            for one in self._found(finding, known=asked is not None)
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

    def _found(self, finding: Finding, *, known: bool) -> Iterator[Broken]:
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
        for name in finding.missing:
            yield replace(one, field=_field((*path, name)), value="missing", rule="a required member")
        if not finding.missing:
            yield one

    def exchange(self, exchange: Exchange) -> tuple[Half, Half | None]:
        """
        The verdicts on the request and on the response, where one came and was kept.
        """
        request, response = exchange.request, exchange.response
        asked = self.request(request)
        if exchange.request_lost:
            lost, note = _not_kept("request", exchange.request_lost), self._undeclared(request)
            asked = replace(lost, notes=(*lost.notes, note)) if note else lost
        if not self.takes_body:
            asked = NO_BODY
        if response is None or _unjudged(exchange):
            return asked, None
        token = _token(header(request.headers, "authorization"))
        return asked, self.answer(response, asked=asked, content=request.content, token=token)

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
            return NO_BODY
        note = self._undeclared(request)
        undecided = Expectation(outcome="unspecified", reason=note)
        if note and header(request.headers, "content-type") and request.content and not _is_json(request.content):
            return Half(value=None, expect=undecided, notes=(note,))
        asked = self.body(request.content)
        if not note or asked.broken or not request.content:
            return asked
        return replace(asked, expect=undecided, notes=(*asked.notes, note))

    def _undeclared(self, request: Request) -> str:
        """
        That a request is of another media type than the one that is declared; "" for one that is not, or whose headers
        were not kept.
        """
        told = header(request.headers, "content-type")
        if not request.headers or told.partition(";")[0].strip().lower() == self.operation.media_type.lower():
            return ""
        return f"content-type is {told or 'missing'}; only {self.operation.media_type} is declared"


NO_BODY: Final = Half(value=None, expect=Expectation(outcome="accepted", reason="no body is taken"), known="none")


def _not_kept(side: str, why: str) -> Half:
    told = f"the body of the {side} was not judged: {why}"
    return Half(value=None, expect=Expectation(outcome="unspecified", reason=told), notes=(told,), known="not kept")


def _unjudged(exchange: Exchange) -> str:
    """
    Why the response of an exchange cannot be judged; "" where it can.
    """
    if exchange.response is None:
        return ""
    if exchange.response.status == 304:
        return "304 says that the client's own copy is still good"
    return exchange.response_lost or too_deep(exchange.response.content)


class Operations:
    """
    The rules of each operation of a contract, prepared when they are first needed.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract, self._shown = contract, Shown(contract)
        self._rules: dict[str, Rules] = {}
        servers = {server for operation in contract.operations.values() for server in operation.servers}
        self._bases = {urlsplit(server).path.rstrip("/") for server in servers or {""}}
        self._paths = {name: _path_pattern(operation.path) for name, operation in contract.operations.items()}

    def named(self, name: str) -> Rules:
        if name not in self._rules:
            self._rules[name] = Rules(self.contract, self.contract.operations[name], self._shown)
        return self._rules[name]

    def of(self, method: str, url: str) -> Rules | None:
        """
        The rules of the operation that a request is of by its method and the end of its path, on whatever host and
        below whatever base; None where it is of none. Of several, the one that names more of the path.
        """
        try:
            path = urlsplit(url).path.rstrip("/") or "/"
        except ValueError:
            return None
        found: list[tuple[int, bool, int, str]] = []
        for name, operation in self.contract.operations.items():
            match = self._paths[name].fullmatch(path) if operation.method == method.upper() else None
            if match is not None:
                parts = operation.path.strip("/").split("/")
                literal = sum("{" not in part for part in parts if part)
                known = match[1] in self._bases
                found += [(literal, known, len(parts), name)] if known or literal else []
        return self.named(max(found)[3]) if found else None


def _path_pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.*)" + re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(template.rstrip("/") or "/")))


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
    `recording_config.storage_config.type`, `keywords[0]`; other names than plain ones as JSON texts.
    """
    text = "".join(f"[{part}]" if isinstance(part, int) or part.isdigit() else f".{_name(part)}" for part in path)
    return text.removeprefix(".")


def _name(name: str) -> str:
    return name if re.fullmatch(r"[\w$@#/ -]+(?:\.[\w-]+)*", name) and name.isprintable() else dumps(name)


def _bare(text: str) -> str:
    return text if len(text) <= answers.READABLE else f"{text[: answers.READABLE]}…"


def _is_json(content: bytes) -> bool:
    try:
        loads(content)
    except NotStrictJson:
        return False
    return True


def _read_by_some(content: bytes) -> bool:
    """
    Whether the grammar leaves it to parsers: a member twice, a number out of range, a byte order mark, broken UTF-8.
    """
    try:
        json.loads(content.removeprefix(BOM).decode("utf-8", "replace"), parse_constant=_no_json, parse_int=len)
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
    rules = Operations(contract)
    for item in inputs.read(stream, name, guess=form == "auto"):
        if item.exchange is not None:
            request = item.exchange.request
            yield exchange_verdict(rules.of(request.method, request.url), item.exchange, item.number)
        else:
            yield _value_verdict(rules, rules.named(operation.name), item, form)


def _value_verdict(operations: Operations, rules: Rules, item: Item, form: Form) -> Verdict:
    kind: Kind
    told = item.problem or too_deep(item.content)
    if not told and not _is_json(item.content):
        told = problem(item.content, line=item.line) or "it is no JSON with a single meaning"
    if told:
        kind = "answer" if form == "answer" else "body" if item.line else "exchange"
        return Verdict(number=item.number, line=item.line, kind=kind, outcome="unreadable", notes=(told,))
    value = loads(item.content)
    if form == "answer" or (form == "auto" and _is_answer(rules, value)):
        kind, half = "answer", rules.answer(_assumed(rules, value, item.content))
        half = replace(half, notes=(BARE, *half.notes)) if _bare_data(value) else half
    elif form == "auto" and (unknown := _unknown_layout(operations, rules, value)):
        return Verdict(number=item.number, line=item.line, kind="body", outcome="unreadable", notes=(unknown,))
    else:
        kind, half = "body", rules.value(value)
    verdict = Verdict(
        number=item.number,
        line=item.line,
        kind=kind,
        outcome=half.expect.outcome,
        operation=rules.operation.name,
        broken=half.broken,
        notes=half.notes,
    )
    return rules.safe(
        verdict, Exchange(request=Request(method="", url="", headers=(), content=item.content), response=None)
    )


BARE: Final = "the envelope is missing: a success has `success` and `data`, a refusal one of the known error envelopes"


def _bare_data(value: Json) -> bool:
    """
    Whether a response is without any envelope.
    """
    return not isinstance(value, dict) or not {"success", "data", "error", "errors"} & set(value)


def _unknown_layout(operations: Operations, rules: Rules, value: Json) -> str:
    """
    Why an object is not taken for a request body: nothing in it is, or is nearly, a member that the contract declares.
    """
    known = rules.members
    if not isinstance(value, dict) or not value or not known:
        return ""
    if any(name in known or difflib.get_close_matches(name, known, n=1) for name in value):
        return ""
    names = [rules.redactor.text(_name(name[:30])) for name in list(value)[:3]]
    more = ", …" if value.keys() - set(list(value)[:3]) else ""
    others = [name for name in operations.contract.operations if value.keys() <= operations.named(name).members]
    fix = f"it may be one of {', '.join(others[:3])}: name it with --operation" if others else "if it is, say --as body"
    return f"none of its members ({', '.join(names)}{more}) is one of the request body of {rules.operation.name}; {fix}"


def _is_answer(rules: Rules, value: Json) -> bool:
    if not rules.takes_body:
        return True
    if not isinstance(value, dict) or rules.members & set(value):
        return False
    enveloped = isinstance(value.get("success"), bool) or isinstance(value.get("data"), dict)
    return enveloped or answers.judged(rules.contract, rules.operation).errors.valid(value)


def _assumed(rules: Rules, value: Json, content: bytes) -> Response:
    """
    A response that came without its status: the one that its envelope goes with.
    """
    status = next(iter(rules.operation.success_schemas), 200)
    if isinstance(value, dict) and (value.get("success") is False or not {"success", "data"} & set(value)):
        error = value.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        refused = code if isinstance(code, int) and 400 <= code < 600 else 400
        status = status if _bare_data(value) else refused
    return Response(status=status, headers=(("content-type", "application/json"),), content=content)


def exchange_verdict(rules: Rules | None, exchange: Exchange, number: int = 1) -> Verdict:
    """
    The verdict on a whole exchange; `rules` is None where no operation matches.
    """
    if rules is None:
        return Verdict(number=number, kind="exchange", outcome="other")
    asked, answer = rules.exchange(exchange)
    status = exchange.response.status if exchange.response else None
    if answer is not None:
        notes = [*asked.notes, *answer.notes]
    elif exchange.response is None:
        notes = [*asked.notes, "there is no response, so the request alone was judged"]
    else:
        notes = [*asked.notes, *_not_kept("response", _unjudged(exchange)).notes]
    if asked.expect.outcome == "rejected" and status and 400 <= status < 500:
        notes.append(f"the target refused the request with {status}")
    outcome = _outcome(asked, answer)
    lost = asked.known == "not kept" or (answer is None and exchange.response is not None)
    verdict = Verdict(
        number=number,
        kind="exchange",
        outcome=outcome,
        partly=lost and outcome != "not kept",
        operation=rules.operation.name,
        broken=(*asked.broken, *(answer.broken if answer else ())),
        notes=tuple(dict.fromkeys(notes)),
        status=status,
    )
    return rules.safe(verdict, exchange)


def _outcome(asked: Half, answer: Half | None) -> Outcome | Literal["unreadable", "not kept"]:
    """
    Of both halves, as far as they were there: outside, then not to be told, then undecided, then within.
    """
    judged = [half.expect.outcome for half in (asked, answer) if half is not None and half.known == "yes"]
    if "rejected" in judged:
        return "rejected"
    if asked.known == "ambiguous":
        return "unreadable"
    if not judged:
        return "not kept"
    return "unspecified" if "unspecified" in judged else "accepted"
