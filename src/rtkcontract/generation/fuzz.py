"""
Operation -> generated bodies, and the hunt through them; the only module that knows hypothesis and schemathesis.

1. Bodies are drawn by schemathesis from the bundled document, in memory: no file and no configuration of a project
   around us is read.
2. A drawn body is tidied: members that no schema declares are taken out, since no source tells what they do, and
   strings in writeOnly places become canaries.
3. The oracle decides what a body is: the valid side holds bodies that fit the schema, the invalid side bodies that do
   not. A side that yields nothing is an error, never a quiet success.
4. One body is sent once. The answer is remembered while a failure is shrunk, so a hunt is as steady as its seed even
   when the target is not.
5. Nothing stays behind: hypothesis keeps what it reads in the modules around it, and a token may stand there.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import itertools
import json
import random
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias, get_args

import hypothesis
import hypothesis.errors
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, configuration
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.errors import InvalidSchema

from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.fake_data import CANARY
from rtkcontract.errors import CannotTell
from rtkcontract.generation import bounded, walks
from rtkcontract.generation.collections import Collection
from rtkcontract.generation.instances import Instances
from rtkcontract.generation.parameters import own_parameters, undecided
from rtkcontract.generation.profiles import PROFILES, Profile, Side, profile_of
from rtkcontract.json_schema.json_text import canonical, encode, loads
from rtkcontract.model import Case, Contract, Expectation, Finding, Json, Operation, Progress, Scenario
from rtkcontract.openapi.references import resolve

Judge: TypeAlias = Callable[[Case], Iterable[Finding]]
"""Sends the case and tells what it broke; findings that are only warnings or notes are no failure."""


Cause: TypeAlias = tuple[str, str, str]


MODES: Final = {"valid": GenerationMode.POSITIVE, "invalid": GenerationMode.NEGATIVE}


def _registered(profile: Profile) -> hypothesis.settings:
    """
    Settings that take nothing from the profile that happens to be loaded. The deadline is off, for the time of a
    response has its own check; what is found goes to corpus.jsonl, so no example database is kept.
    """
    return hypothesis.settings(
        max_examples=profile.max_examples,
        derandomize=profile.derandomize,
        print_blob=not profile.derandomize,
        deadline=None,
        database=None,
    )


# Drawing from a large schema takes milliseconds a body, which is slow by the library's measure and fine by ours.
SLOW_IS_FINE: Final = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


REQUESTS_PER_EXAMPLE: Final = 4
"""Room for shrinking beside the bodies of the search; a shrink of this operation's bodies took 30 to 120 requests."""


CAUSES: Final = 12
"""Causes that one hunt shrinks; a target that fails each body in its own way would keep it busy for hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """
    A shrunk body with everything that its answer broke.
    """

    body: Json
    case: Case
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """
    What a hunt sent and found. `cut_short`: the requests or the causes ran out, so there may be more.
    """

    side: Side
    seed: int
    sent: int
    valid: int
    invalid: int
    counterexamples: tuple[Counterexample, ...]
    cut_short: bool
    stopped: str = ""
    """Why the judge could not go on; empty where it could."""


def profiles() -> tuple[str, ...]:
    """
    The names dev, ci and nightly, after hypothesis has been told what they mean.
    """
    for name, profile in PROFILES.items():
        hypothesis.settings.register_profile(name, _registered(profile))
    return tuple(PROFILES)


def is_registered(name: str) -> bool:
    """
    Whether hypothesis knows a profile of the name, ours or another.
    """
    try:
        hypothesis.settings.get_profile(name)
    except hypothesis.errors.InvalidArgument:
        return False
    return True


def use_profile(name: str) -> None:
    """
    Makes a profile the default of this process. Raises CannotTell for a name that is none.
    """
    profile_of(name)
    profiles()
    hypothesis.settings.load_profile(name)


def strategy(contract: Contract, operation: Operation, side: Side) -> st.SearchStrategy[Json]:
    """
    Bodies on one side of the request schema, as JSON values that can be encoded: as schemathesis draws them, and those
    with a number on its bound or one step outside.
    """
    oracle = Oracle(contract.document, operation.request_schema)
    wanted = side == "valid"
    drawn = _drawn(contract, operation, side)
    found = _bounds(contract, operation, side)
    if found:
        drawn = st.one_of(
            drawn, st.builds(bounded.placed, _drawn(contract, operation, "valid"), st.sampled_from(found))
        )
    return drawn.filter(lambda body: _sayable(body) and oracle.valid(body) is wanted)


def _bounds(contract: Contract, operation: Operation, side: Side) -> tuple[bounded.Bound, ...]:
    """
    The bounds that may belong to a side: a number outside never fits, and one on an exclusive bound does not either.
    """
    found = bounded.bounds(contract.document, operation.request_schema)
    return tuple(bound for bound in found if side == "invalid" or bound.partition.startswith("at-"))


def bound_bodies(
    contract: Contract, operation: Operation, side: Side, holders: Sequence[Json] = ()
) -> tuple[Json, ...]:
    """
    Bodies of one side that hold each bound of each bounded number, or a value one step outside; `holders` are bodies
    that fit the schema and give the other members.
    """
    oracle = Oracle(contract.document, operation.request_schema)
    make = bounded.valid_bodies if side == "valid" else bounded.invalid_bodies
    return make(oracle, _bounds(contract, operation, side), [body for body in holders if oracle.valid(body)])


def cases(contract: Contract, operation: Operation, side: Side) -> st.SearchStrategy[Case]:
    """
    Cases on one side of the request schema: the bodies of `strategy` with what the oracle expects of them.
    """
    make = maker(contract, operation)
    return strategy(contract, operation, side).map(make)


def maker(contract: Contract, operation: Operation) -> Callable[[Json], Case]:
    """
    What makes a case of a body. Where no source says that a valid request is accepted, none does of these either.
    """
    oracle = Oracle(contract.document, operation.request_schema)
    opened = undecided(contract, operation)
    needed = [one.name for one in own_parameters(operation) if one.required]
    if needed and opened is None:
        opened = Expectation(
            outcome="unspecified", reason=f"the required {needed[0]} is not sent with a generated body"
        )

    def make(body: Json) -> Case:
        case = case_of(oracle, operation, body)
        return replace(case, expect=opened) if opened and case.expect.outcome == "accepted" else case

    return make


def case_of(oracle: Oracle, operation: Operation, body: Json) -> Case:
    """
    The case that sends a body; its id holds eight hex digits of the body's canonical form, so it never changes.
    """
    content = encode(body)
    value = loads(content)
    broken = oracle.violations(value)
    return Case(
        id=f"{operation.name}/generated/{hashlib.sha256(canonical(content)).hexdigest()[:8]}",
        operation=operation.name,
        side="generated",
        partition="invalid" if broken else "valid",
        content=content,
        expect=oracle.expectation(value),
        field=".".join(map(str, broken[0].path)) if broken else "",
        keyword=broken[0].keyword if broken else "",
        echo_unspecified=tuple(
            ".".join(map(str, (*clause.path, name))) for clause in oracle.clauses(value) for name in clause.echo
        ),
    )


def _drawn(contract: Contract, operation: Operation, side: Side) -> st.SearchStrategy[Json]:
    """
    Tidied bodies as schemathesis draws them, before the oracle has seen them.

    The body stands alone under a path of its own: parameters and credentials would be made invalid in its place.
    """
    if side not in get_args(Side):
        raise CannotTell(f"no side of a schema is called {side}; there are valid and invalid")
    schema = operation.request_schema
    if not resolve(contract.document, schema):
        raise CannotTell(f"{operation.name} has no schema for its request body, so there is nothing to explore")
    path, content = "/body", {operation.media_type: {"schema": schema}}
    alone = {"requestBody": {"required": True, "content": content}, "responses": {"default": {"description": "any"}}}
    document = {**contract.document, "security": [], "paths": {**contract.document["paths"], path: {"post": alone}}}
    loaded = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    drawn = loaded[path]["POST"].as_strategy(generation_mode=MODES[side])
    tidied = drawn.map(lambda case: _tidied(contract.document, (schema,), case.body))
    return _drawn_or_else(tidied, _plainly(contract.document, schema, side))


@st.composite
def _drawn_or_else(draw: st.DrawFn, drawn: st.SearchStrategy[Json], other: st.SearchStrategy[Json]) -> Json:
    """
    A body as schemathesis draws it, or another where it cannot read the schema, such as a pattern of the ECMA dialect.
    """
    try:
        return draw(drawn)
    except InvalidSchema:
        return draw(other)


def _plainly(document: Json, schema: Json, side: Side) -> st.SearchStrategy[Json]:
    """
    Values that fit a schema as the plans make them, or any value of another form.
    """
    if side == "invalid":
        return st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.just([]), st.just({}))
    fitting = Instances(document).of(schema)
    return st.sampled_from(fitting) if fitting else st.nothing()


def _sayable(body: Json) -> bool:
    """
    Whether JSON in UTF-8 can hold the value; schemathesis also draws raw bytes, NaN and a missing body.
    """
    try:
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _applied(document: Json, schema: Json) -> Iterator[Json]:
    """
    The schema node and each node that a combinator lays over the same place.
    """
    node = resolve(document, schema)
    if not isinstance(node, dict):
        return
    yield node
    over = [part for name in ("allOf", "anyOf", "oneOf") for part in node.get(name, ())]
    over += [node[name] for name in ("if", "then", "else") if name in node]
    over += node.get("dependentSchemas", {}).values()
    for part in over:
        yield from _applied(document, part)


def _declared(nodes: list[Json]) -> frozenset[str] | None:
    """
    The member names that the nodes speak of; None where they speak of any name, or of none.
    """
    if any(name in node for node in nodes for name in ("patternProperties", "additionalProperties", "propertyNames")):
        return None
    return frozenset(name for node in nodes for key in ("properties", "required") for name in node.get(key, ())) or None


def _tidied(document: Json, schemas: tuple[Json, ...], value: Json, name: str = "body") -> Json:
    """
    The value with declared members only and a canary for every string in a writeOnly place.
    """
    nodes = [node for schema in schemas for node in _applied(document, schema)]
    if any(node.get("writeOnly") is True for node in nodes):
        return _masked(value, name)
    if isinstance(value, dict):
        names = _declared(nodes)
        return {
            key: _tidied(
                document, tuple(n["properties"][key] for n in nodes if key in n.get("properties", ())), item, key
            )
            for key, item in value.items()
            if names is None or key in names
        }
    if isinstance(value, list):
        items = tuple(node["items"] for node in nodes if "items" in node)
        return [_tidied(document, items, item, name) for item in value]
    return value


def _masked(value: Json, name: str) -> Json:
    if isinstance(value, dict):
        return {key: _masked(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, name) for item in value]
    return f"{CANARY}_{name}_not_a_secret" if isinstance(value, str) and value else value


class _BrokenError(Exception):
    """
    A case whose answer broke a promise; one subclass for each cause, for that is how hypothesis tells causes apart.
    """

    def __init__(self, case: Case, cause: Cause) -> None:
        self.case, self.cause = case, cause


class _Spent(BaseException):
    """
    The search cannot go on: the requests are spent or the judge failed. Hypothesis would shrink a mere Exception.
    """


def _causes(findings: Iterable[Finding]) -> list[Cause]:
    return [(found.check, found.where, found.cause) for found in findings if found.severity == "finding"]


class _Ledger:
    """
    What was sent and what came of it; the judge is asked once for each body and never beyond the budget.
    """

    def __init__(self, judge: Judge, budget: int, on_progress: Progress) -> None:
        self.judge, self.budget, self.on_progress = judge, budget, on_progress
        self.findings: dict[bytes, tuple[Finding, ...]] = {}
        self.valid = 0
        self.cut_short = False
        self.failure: Exception | KeyboardInterrupt | None = None
        self.known: set[Cause] = set()
        self.kinds: dict[Cause, type[_BrokenError]] = {}
        self.shortest: dict[Cause, _BrokenError] = {}

    def causes(self, case: Case) -> list[Cause]:
        """
        What the case broke. Raises _Spent when it was not sent and cannot be.
        """
        if case.content not in self.findings:
            self._send(case)
        return _causes(self.findings[case.content])

    def breaks(self, case: Case, cause: Cause) -> bool:
        """
        Whether the case has the cause; False when that cannot be asked any more.
        """
        try:
            return cause in self.causes(case)
        except _Spent:
            return False

    def _send(self, case: Case) -> None:
        if self.failure is not None or len(self.findings) >= self.budget:
            self.cut_short = True
            raise _Spent
        try:
            self.findings[case.content] = tuple(self.judge(case))
        except (Exception, KeyboardInterrupt) as error:
            self.failure, self.cut_short = error, True
            raise _Spent from error
        self.valid += case.partition == "valid"
        self.on_progress(len(self.findings), self.budget)

    def unknown(self, cases: Iterable[Case]) -> Iterator[_BrokenError]:
        """
        What the cases that were sent broke and is not known yet, one cause after the other.
        """
        for case in cases:
            for cause in _causes(self.findings.get(case.content, ())):
                if cause not in self.known and len(self.known) < CAUSES:
                    yield _BrokenError(case, cause)

    def ask(self, case: Case) -> None:
        """
        Raises the subclass of _BrokenError that stands for the first cause that is not known yet.
        """
        new = [cause for cause in self.causes(case) if cause not in self.known]
        if not new:
            return
        if new[0] not in self.kinds and len(self.kinds) == CAUSES:
            self.cut_short = True
            return
        broken = self.kinds.setdefault(new[0], type("_BrokenError", (_BrokenError,), {}))(case, new[0])
        best = self.shortest.setdefault(new[0], broken)
        if len(case.content) < len(best.case.content):
            self.shortest[new[0]] = broken
        raise broken


@contextlib.contextmanager
def _leaving_nothing() -> Iterator[None]:
    """
    A home for hypothesis that is gone afterwards. What UTF-8 can say lies there already: to find it out takes a second.
    """
    with tempfile.TemporaryDirectory(prefix="rtkcontract-") as place:
        configuration.set_hypothesis_home_dir(place)
        table = Path(place, "unicode_data", unicodedata.unidata_version, "codec-v2-utf-8.json.gz")
        table.parent.mkdir(parents=True)
        table.write_bytes(gzip.compress(json.dumps([[[0, 0xD7FF], [0xE000, 0x10FFFF]], []]).encode()))
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(None)


@_leaving_nothing()
def hunt(
    contract: Contract,
    operation: Operation,
    judge: Judge,
    *,
    side: Side = "valid",
    holders: Sequence[Json] = (),
    max_examples: int | None = None,
    max_requests: int | None = None,
    seed: int | None = None,
    on_progress: Progress = lambda _sent, _budget: None,
) -> Hunt:
    """
    Sends generated bodies and shrinks one for each distinct cause of failure: check, where and cause of a finding.

    The bodies of `bound_bodies` come first. `max_examples` is the length of one search behind them and defaults to that
    of the loaded profile; `max_requests` bounds all requests, those of shrinking included. The same seed, library
    versions and loaded modules give the same bodies; without a seed it is 0 under a derandomized profile and a fresh
    one elsewhere. `on_progress` takes the requests sent and the most that may be. Where the judge raises, what was
    found by then is kept and `stopped` says why; where nothing was, its error is raised. Raises CannotTell when no body
    could be made.
    """
    examples = _settings().max_examples if max_examples is None else max_examples
    seed = _seed() if seed is None else seed
    bodies = cases(contract, operation, side)
    make = maker(contract, operation)
    first = [make(body) for body in bound_bodies(contract, operation, side, holders)]
    budget = len(first) + examples * REQUESTS_PER_EXAMPLE if max_requests is None else max_requests
    ledger = _Ledger(judge, budget, on_progress)
    shrunk: dict[bytes, Counterexample] = {}
    with contextlib.suppress(_Spent):
        for case in first:
            ledger.causes(case)
    # A search goes past what earlier ones found, so that a common fault does not hide a rare one; what only the first
    # bodies met comes last, since a search shrinks better.
    found = iter(lambda: [] if ledger.cut_short else _search(bodies, ledger, examples, seed), [])
    for error in itertools.chain(itertools.chain.from_iterable(found), ledger.unknown(first)):
        case = _reduced(make, ledger, error)
        findings = ledger.findings[case.content]
        shrunk[case.content] = Counterexample(body=loads(case.content), case=case, findings=findings)
        ledger.known.update(_causes(findings), [error.cause])
    if ledger.failure is not None and not shrunk:
        raise ledger.failure
    if not ledger.findings:
        raise CannotTell(f"no {side} body of {operation.name} was generated and sent, so nothing was explored")
    return Hunt(
        side=side,
        seed=seed,
        sent=len(ledger.findings),
        valid=ledger.valid,
        invalid=len(ledger.findings) - ledger.valid,
        counterexamples=tuple(shrunk.values()),
        cut_short=ledger.cut_short,
        stopped=(str(ledger.failure) or "interrupted") if ledger.failure is not None else "",
    )


def _settings() -> hypothesis.settings:
    return hypothesis.settings.default or _registered(PROFILES["dev"])


def _seed() -> int:
    return 0 if _settings().derandomize else random.SystemRandom().getrandbits(32)


def _search(drawn: st.SearchStrategy[Case], ledger: _Ledger, examples: int, seed: int) -> list[_BrokenError]:
    """
    One hypothesis run outside pytest: the shrunk failure of each cause, or the shortest met where the run was cut.
    """

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=True,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=SLOW_IS_FINE,
    )
    @hypothesis.given(drawn)
    def search(case: Case) -> None:
        ledger.ask(case)

    try:
        search()
    except _BrokenError as broken:
        return [broken]
    except ExceptionGroup as group:
        return [broken for broken in group.exceptions if isinstance(broken, _BrokenError)]
    except (_Spent, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt):
            ledger.failure, ledger.cut_short = error, True
        return [broken for cause, broken in ledger.shortest.items() if cause not in ledger.known]
    except (hypothesis.errors.Unsatisfiable, hypothesis.errors.FailedHealthCheck) as error:
        raise CannotTell(f"no bodies could be generated: {str(error).splitlines()[0]}") from None
    return []


def _reduced(make: Callable[[Json], Case], ledger: _Ledger, broken: _BrokenError) -> Case:
    """
    The case without the members and items that its failure does not need.

    Hypothesis shrinks what was drawn, choice by choice, and often cannot drop a member that an early choice made.
    """
    case, again = broken.case, True
    while again:
        again = False
        for body in _smaller(loads(case.content)):
            tried = make(body)
            if tried.partition == case.partition and ledger.breaks(tried, broken.cause):
                case, again = tried, True
                break
    return case


def _smaller(value: Json) -> Iterator[Json]:
    """
    The value with one member or item less, the largest cuts first.
    """
    if isinstance(value, dict):
        yield from ({key: item for key, item in value.items() if key != gone} for gone in value)
        yield from ({**value, key: less} for key in value for less in _smaller(value[key]))
    if isinstance(value, list):
        yield from (value[:index] + value[index + 1 :] for index in range(len(value)))
        yield from ([*value[:i], less, *value[i + 1 :]] for i in range(len(value)) for less in _smaller(value[i]))


# --- walks over operations ------------------------------------------------------------------------------------------

Play: TypeAlias = Callable[[Scenario], Iterable[Finding]]
"""Sends the steps of a scenario and tells what they broke."""


MOVES: Final = st.lists(
    st.builds(walks.Move, st.sampled_from(tuple(walks.ROLES)), st.integers(0, 2), st.integers(0, 2)),
    min_size=2,
    max_size=8,
)


def explored(of: Collection, play: Play, *, examples: int, seed: int) -> Scenario | None:
    """
    The shortest walk over a collection that breaks a promise; None where `examples` walks break none.

    At most four times as many walks are played while one is shrunk.
    """
    failing: list[Scenario] = []
    played: dict[str, bool] = {}

    def breaks(scenario: Scenario) -> bool:
        if scenario.id not in played:
            if len(played) >= examples * REQUESTS_PER_EXAMPLE:
                return False
            played[scenario.id] = any(finding.severity == "finding" for finding in play(scenario))
        return played[scenario.id]

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        print_blob=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=SLOW_IS_FINE,
    )
    @hypothesis.given(MOVES)
    def search(moves: list[walks.Move]) -> None:
        scenario = walks.walk(of, moves)
        if breaks(scenario):
            failing.append(scenario)
            raise AssertionError(scenario.id)

    with _leaving_nothing(), contextlib.suppress(AssertionError, hypothesis.errors.HypothesisException):
        search()
    return min(failing, key=lambda each: (len(each.steps), each.id), default=None)
