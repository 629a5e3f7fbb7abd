"""
A response with what is promised about it, read once for all checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from rtkcontract.contract.expectation import Oracle, sources_of
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import NotStrictJson, at, dumps, loads, pointer
from rtkcontract.json_schema.validator import Violation
from rtkcontract.json_schema.values import ABSENT, ITEM, Place, taken
from rtkcontract.model import Answered, Case, Contract, Declared, Finding, Json, Operation, Outcome, Response
from rtkcontract.openapi import media_types
from rtkcontract.openapi.references import located, resolve

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
        self._oracles: dict[int, Oracle] = {}
        self.tolerated = {entry["status"]: entry for entry in operation.tolerated}
        self.promises = tuple(_promises(contract, operation))
        self.echoed = {one.place: one for one in self.promises if one.echoed and ITEM not in one.place}
        self.secret = tuple(one for one in self.promises if one.secret)
        self.defaulted = tuple(one for one in self.echoed.values() if one.default is not ABSENT and one.default_decided)
        self._public: dict[str, bool] = {}

    @property
    def makes(self) -> bool:
        """
        Whether each accepted request makes an object of its own, whose members are those that it sent or defaults.

        An action on no object counts: a document of one operation does not say what its paths have in common.
        """
        return self.operation.role == "create" or (self.operation.role == "action" and not self.operation.makers)

    @property
    def keeps(self) -> bool:
        """
        Whether an accepted request says what its object holds, so that what was sent comes back.
        """
        return self.makes or self.operation.role in ("replace", "update")

    @property
    def fills(self) -> bool:
        """
        Whether a member that was left out gets its default: an update leaves it as it was.
        """
        return self.makes or self.operation.role == "replace"

    def fixed(self, place: Place) -> bool:
        """
        Whether the response's schema lists the values of a member, so that the server does not make them up.
        """
        return any(told == place and ("enum" in node or "const" in node) for told, node in self.told)

    @cached_property
    def told(self) -> tuple[tuple[Place, Json], ...]:
        """
        Each member of the data with a schema that speaks of it.
        """
        found = _walk(self.contract.document, self.operation.data_schema, (), "")
        return tuple((place, node) for place, node, _ in found)

    def cited(self, *ids: str) -> tuple[str, ...]:
        """
        Those of the sources that the contract has; the document itself where it has none of them.
        """
        return tuple(name for name in ids if name in self.contract.sources) or self.document_source

    def declared(self, status: int) -> Declared | None:
        """
        What the document declares for a status; a tolerated one comes as that which it stands for.
        """
        success = self.operation.success(status)
        if success is None and status in self.tolerated:
            return self.operation.success(self.operation.success_status)
        return success or self.operation.declared(status)

    def accepts(self, status: int) -> bool:
        """
        Whether a status says that the request was accepted.
        """
        return status in self.tolerated or self.operation.success(status) is not None

    def body_of(self, status: int) -> Oracle:
        """
        The validator of the body that comes with a status; one that takes everything where no JSON is declared.
        """
        return self._oracle(self.declared(status), status)

    def refusal_of(self, status: int) -> Declared | None:
        """
        What the document declares for a refusal; what refusals look like for one with a status that accepts.
        """
        if not self.accepts(status):
            return self.operation.declared(status)
        schema = self.operation.error_schema
        return Declared(media={media_types.JSON: schema}) if schema not in ({}, None) else None

    def error_of(self, status: int) -> Oracle:
        """
        The validator of the body of a refusal.
        """
        return self._oracle(self.refusal_of(status), -status)

    @cached_property
    def errors(self) -> Oracle:
        """
        The validator of a refusal of which only the body is known.
        """
        return Oracle(self.contract.document, self.operation.error_schema)

    def _oracle(self, declared: Declared | None, key: int) -> Oracle:
        if key not in self._oracles:
            schema = {} if declared is None or declared.json is None else declared.json
            self._oracles[key] = Oracle(self.contract.document, schema)
        return self._oracles[key]

    @cached_property
    def document_source(self) -> tuple[str, ...]:
        """
        The source to cite for what the document says as a whole: the vendor's own document, its first source.
        """
        known = self.contract.sources
        return ("oas",) if "oas" in known else tuple(known)[:1]

    @cached_property
    def request(self) -> Oracle:
        return Oracle(self.contract.document, self.operation.request_schema)

    @cached_property
    def success_statuses(self) -> str:
        return " or ".join(name for name in self.operation.successes if name != "DEFAULT") or "2xx"

    def looked_for(self, secrets: tuple[str, ...], sent: bytes) -> tuple[str, ...]:
        """
        The secrets that are looked for: a word of the contract, or of the body that was sent, may come back.
        """
        for secret in secrets:
            if secret not in self._public:
                self._public[secret] = secret in dumps(self.contract.document)
        return tuple(secret for secret in secrets if not self._public[secret] and secret.encode() not in sent)


@lru_cache(maxsize=128)
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


def _walk(
    document: Json, schema: Json, place: Place, written: str, passed: tuple[str, ...] = ()
) -> Iterator[tuple[Place, Json, str]]:
    """
    Each member of a schema with its node and the pointer of that node, unions left out; a schema inside itself is
    followed once.
    """
    while isinstance(schema, dict) and "$ref" in schema and len(schema) == 1:
        written = schema["$ref"].removeprefix("#")
        passed = (*passed, written)
        schema = resolve(document, {"$ref": schema["$ref"]}) if passed.count(written) < 3 else None
    schema = resolve(document, schema)
    if not isinstance(schema, dict) or len(place) > 12:
        return
    if place:
        yield place, schema, written
    for name, part in schema.get("properties", {}).items():
        yield from _walk(document, part, (*place, name), f"{written}/properties/{name}", passed)
    if isinstance(schema.get("items"), dict):
        yield from _walk(document, schema["items"], (*place, ITEM), f"{written}/items", passed)
    for index, part in enumerate(schema.get("allOf", ())):
        yield from _walk(document, part, place, f"{written}/allOf/{index}", passed)


def _promises(contract: Contract, operation: Operation) -> Iterator[Promise]:
    answered = {place: node for place, node, _ in _walk(contract.document, operation.data_schema, (), "")}
    for place, node, written in _walk(contract.document, operation.request_schema, (), ""):
        undecided = {entry.get("keyword") for entry in node.get("x-unspecified", ())}
        yield Promise(
            place=place,
            echoed=place in answered and not node.get("writeOnly"),
            secret=bool(node.get("writeOnly")),
            default=node.get("default", ABSENT),
            default_decided="default" not in undecided,
            sources=sources_of(node, "type"),
            schema_at=located(written, contract.document),
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

    @property
    def method(self) -> str:
        """
        The method that was sent.
        """
        return self.case.overrides.method or self.judged.operation.method

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
        oracle = self.judged.body_of(self.response.status)
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
        return tuple(_echoes(self)) if self.paired and self.judged.keeps else ()

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

    def at_data(self, place: Sequence[str | int] = ()) -> str:
        """
        JSON Pointer into the body of a place in the data.
        """
        return self.judged.operation.data_at + pointer(place)

    def got(self, place: Place) -> Json:
        """
        What stands at a place of `data`; ABSENT where nothing does.
        """
        return self.told[place] if place in self.told else taken(self.data, place)

    def finding(
        self, check: str, where: str, expected: str, observed: str, sources: Iterable[str] = (), **more: Any
    ) -> Finding:
        """
        A finding about this response; `more` are further members of a Finding.
        """
        return Finding(
            check=check,
            case_id=self.case.id,
            where=where,
            expected=expected,
            observed=observed,
            sources=tuple(sources),
            **more,
        )


Check: TypeAlias = Callable[[Answer], Iterator[Finding]]


def confirmed(answer: Answer, *, accepted: bool) -> None:
    """
    Raises CannotTell where the reference implementation does not agree that the sent body is valid, or is not.
    """
    sent = _parsed(answer.case.content)[0]
    request = answer.judged.request
    if sent is not ABSENT and request.valid(sent) == accepted:
        from rtkcontract.json_schema.reference import doubt  # asked before a finding only, and takes long to import

        if differing := doubt(request, sent, valid=accepted):
            raise CannotTell(f"two validators disagree about the request body: {differing}")


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
    if judged.accepts(status):
        edge = isinstance(body, dict) and body.get("success") is False and isinstance(body.get("errors"), list)
        return "rejected" if edge and status == 200 else "accepted"
    return "rejected" if 400 <= status < 500 else "unspecified"


def _echoes(answer: Answer) -> Iterator[tuple[Promise, Json, Json]]:
    """
    Each sent value that is promised back, with what came: leaves only, and lists as a whole.
    """
    for place, sent in answer.asked.items():
        promise = answer.judged.echoed.get(place)
        if promise is not None and sent is not None and not excused(answer.case, place):
            yield promise, sent, answer.got(place)


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


def excused(case: Case, place: Place) -> bool:
    """
    Whether no source decides what comes back at this place for this body.
    """
    if not case.echo_unspecified:
        return False
    name = ".".join(place)
    return any(name == path or name.startswith(f"{path}.") for path in case.echo_unspecified)


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
        data=_data(body, judged.operation.data_at) if outcome == "accepted" else ABSENT,
        max_latency_s=max_latency_s,
        secrets=judged.looked_for(known, case.content),
    )


def _data(body: Json, data_at: str) -> Json:
    try:
        return body if body is ABSENT else at(body, data_at)
    except LookupError:
        return ABSENT


@lru_cache(maxsize=4_096)
def _parsed(content: bytes) -> tuple[Json, str]:
    if not content:
        return ABSENT, "an empty body"
    try:
        return loads(content), ""
    except NotStrictJson as error:
        return ABSENT, f"{error} ({len(content)} bytes)"
