"""
The one loop: cases in, results out, through whatever answers; and the run that they make together.

1. A case is sent with the objects that it needs (`resources`), judged by itself and kept; what a run file holds is on
   disk before the next case is sent.
2. At the end the responses of each operation are judged together, what failed is narrowed down, and the coverage is
   counted.
3. What ends a run before its plan does is said by `brakes`.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from rtkcontract.checks import across
from rtkcontract.checks import judge as judging
from rtkcontract.contract import deviations
from rtkcontract.contract.requests import request_of
from rtkcontract.engine import generated, minimise, plan_cache, run_file, scenarios, targets
from rtkcontract.engine.brakes import NO_LIMIT, Brake, Budget, Stop
from rtkcontract.engine.resources import Ledger, Left, Resources, Unmade, cleaned, stand_ins
from rtkcontract.engine.versions import tool_versions
from rtkcontract.errors import CannotTell
from rtkcontract.generation import contract_coverage
from rtkcontract.generation.collections import Collection, collections
from rtkcontract.generation.plan import Plan
from rtkcontract.generation.profiles import Side
from rtkcontract.generation.scenarios import read_back, readable
from rtkcontract.generation.step_bodies import StepBodies
from rtkcontract.json_schema.json_text import encode, loads
from rtkcontract.model import (
    Answered,
    Case,
    Contract,
    Finding,
    Json,
    Made,
    Observation,
    Operation,
    Request,
    Result,
    Scenario,
    Target,
    Unanswered,
)
from rtkcontract.network import rate as network_rate

if TYPE_CHECKING:
    from rtkcontract.generation import fuzz

EXPLAINING: Final = 40
"""Requests that may be spent on narrowing down what failed, in the whole run."""


MAKERS: Final = {"live": "vendor", "emulator": "emulator", "documentation": "documentation"}
"""The folder of a recording -> whose response it holds, as reports say it."""


Open = Callable[[], AbstractContextManager[targets.Asking]]


class Exchange:
    """
    An open target: sends cases of any operation of a contract, with the objects that they need.
    """

    def __init__(
        self,
        contract: Contract,
        asking: targets.Asking,
        ledger: Path | None = None,
        forbidden: Container[str] = (),
        budget: Budget = NO_LIMIT,
    ) -> None:
        self.contract, self.asking = contract, asking
        self.ledger = None if ledger is None else Ledger(ledger)
        self._bodies: dict[str, StepBodies] = {}
        self._numbers = itertools.count(1)
        self.brake = Brake(asking.send, budget, looks=asking.target.kind == "live")
        self.resources = Resources(contract, asking.target, self.brake, self._minimal, self.ledger, forbidden)

    def clean_up(self) -> tuple[Left, ...]:
        """
        Take away what was made, as far as the ledger and the contract know how; what stays. No budget holds this up.
        """
        if self.ledger is None:
            return ()
        self.ledger.close()
        return cleaned(self.ledger.path, self.asking.target, self.asking.send)

    def ids_of(self, case: Case) -> dict[Made, str]:
        """
        What stands in the places of ids: those of objects of this run, or what recordings have for them. Raises Unmade.
        """
        operation = self.contract.operations[case.operation]
        return (
            stand_ins(operation, case)
            if self.asking.through == "recordings"
            else self.resources.ids_of(operation, case)
        )

    def send(self, case: Case) -> Observation:
        """
        The response to a case. Raises Stop, and CannotTell where the ledger cannot be written.
        """
        return self.sent(case)[1]

    def sent(self, case: Case) -> tuple[Request | None, Observation]:
        """
        The request of a case as it was sent, None where it could not be made, and the response.
        """
        operation = self.contract.operations[case.operation]
        try:
            ids = self.ids_of(case)
        except Unmade as error:
            return None, Unanswered(reason=str(error), missing=error.absent)
        request = request_of(operation, case, self.asking.target, ids)
        if self.asking.through == "recordings":
            return request, self.asking.send(request)
        observation = self.brake.send(request, case)
        self.resources.keep(operation, case, observation, ids)
        return request, observation

    def send_together(self, cases: Sequence[Case]) -> list[Observation]:
        """
        The responses to cases that are sent at once; what they need is made before. Their bodies are kept for later
        steps of a scenario.
        """
        requests: list[Request | Unanswered] = []
        ids: list[dict[Made, str]] = []
        for case in cases:
            operation = self.contract.operations[case.operation]
            try:
                ids.append(self.ids_of(case))
                requests.append(request_of(operation, case, self.asking.target, ids[-1]))
            except Unmade as error:
                ids.append({})
                requests.append(Unanswered(reason=str(error), missing=True))
        observations = self._at_once(requests)
        for case, made, observation in zip(cases, ids, observations, strict=True):
            if isinstance(observation, Answered):
                self.resources.keep(self.contract.operations[case.operation], case, observation, made)
                self.resources.steps[case.id] = observation.response.content
        return observations

    def _at_once(self, requests: Sequence[Request | Unanswered]) -> list[Observation]:
        """
        The emulator in this process knows one request at a time.
        """
        calls = [functools.partial(self._sent, request) for request in requests]
        if len(calls) == 1 or self.asking.through != "sockets":
            return [call() for call in calls]
        return scenarios.at_once(calls)

    def _sent(self, request: Request | Unanswered) -> Observation:
        return request if isinstance(request, Unanswered) else self.brake(request)

    def _minimal(self, operation: Operation) -> Case | None:
        """
        The smallest case that is accepted, or the plain request of an operation that may have nothing to give. Plain
        texts in it are given once, since a server may refuse a second object of one name.
        """
        cases = plan_cache.planned(self.contract, operation, "standard").cases
        plain = [case for case in cases if case.side == "valid" and case.expect.outcome != "rejected"]
        case = next((case for case in plain if case.expect.outcome == "accepted"), next(iter(plain), None))
        if case is None or operation.role != "create" or not case.content:
            return case
        if operation.name not in self._bodies:
            self._bodies[operation.name] = StepBodies(self.contract.document, operation)
        bodies = self._bodies[operation.name]
        name = f"{operation.name} object {next(self._numbers)}"
        return replace(case, content=encode(bodies.labelled(loads(case.content), name)))


class Loop:
    """
    One run of some plans. `open_target` opens what answers, at the first case; a context manager.

    `ledger` is where what is made is written down, to be taken away when the run is closed; what is `forbidden` makes
    nothing. `redact` removes what a run file must not hold. With `max_latency_s` a slower response is a finding.
    """

    def __init__(
        self,
        contract: Contract,
        plans: Mapping[str, Plan],
        target: Target,
        open_target: Open,
        *,
        plan: str = "",
        max_latency_s: float | None = None,
        redact: Callable[[str], str] = str,
        file: Path | None = None,
        ledger: Path | None = None,
        forbidden: Container[str] = (),
        budget: Budget = NO_LIMIT,
        through: targets.Through = "sockets",
        scenarios: Sequence[Scenario] = (),
        search: generated.Search | None = None,
    ) -> None:
        self.contract, self.plans, self.target, self.plan = contract, plans, target, plan
        self.max_latency_s, self.redact, self.through = max_latency_s, redact, through
        self.cases = {case.id: case for each in plans.values() for case in each.cases}
        self.scenarios = {each.id: each for each in scenarios}
        self.search = search or generated.Search()
        self.generated: list[generated.Sent] = []
        self._readers: dict[str, Collection | None] = {}
        self.entries: dict[str, run_file.Entry] = {}
        self.started = _now()
        self._open, self._exits = open_target, contextlib.ExitStack()
        self._exchange: Exchange | None = None
        self.ledger, self._forbidden, self._budget = ledger, forbidden, budget
        self.left: tuple[Left, ...] = ()
        """What the run made and could not take away, once it is closed."""
        self._writer: run_file.Writer | None = None
        self._headed = False
        self._explained = 0
        if file is not None:
            self._writer = self._exits.enter_context(run_file.Writer(file, redact))

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Close what was opened; the run file stays as it is.
        """
        self._exits.close()

    @property
    def operations(self) -> dict[str, Operation]:
        """
        The operations of the run, by name.
        """
        return {name: self.contract.operations[name] for name in self.plans}

    @property
    def requests(self) -> int:
        """
        The cases, the steps of scenarios, and what reads back what accepted creates make.
        """
        steps = sum(len(each.steps) for each in self.scenarios.values())
        return len(self.cases) + steps + sum(self._read_by(case) is not None for case in self.cases.values())

    @property
    def unrecorded(self) -> tuple[str, ...]:
        """
        Ids of the cases that have no recording, where recordings are judged.
        """
        if self.through != "recordings":
            return ()
        return tuple(name for name, entry in self.entries.items() if entry.result.status == "skip")

    @property
    def edited(self) -> tuple[str, ...]:
        """
        Ids of the cases whose recording was edited by hand.
        """
        seen = ((name, entry.result.observation) for name, entry in self.entries.items())
        return tuple(name for name, observation in seen if isinstance(observation, Answered) and observation.edited)

    def exchange(self) -> Exchange:
        """
        The target, opened at its first use.
        """
        if self._exchange is None:
            asking = self._exits.enter_context(self._open())
            self._exchange = Exchange(self.contract, asking, self.ledger, self._forbidden, self._budget)
            self._exits.callback(self._clean_up)
            self.target, self.through = asking.target, asking.through
        return self._exchange

    def _clean_up(self) -> None:
        if self._exchange is not None:
            self.left = self._exchange.clean_up()

    def judge(self, case: Case) -> Result:
        """
        Send one case and judge the response by itself.
        """
        return self.verdict(case, self.exchange().send(case))

    def verdict(self, case: Case, observation: Observation) -> Result:
        """
        Judge one response by itself.
        """
        if isinstance(observation, Unanswered) and observation.missing:
            return Result(case=case, status="skip", findings=(), observation=observation, reason=observation.reason)
        operation = self.contract.operations[case.operation]
        if isinstance(observation, Answered) and observation.recorded_from:
            operation = deviations.of_maker(operation, observation.recorded_from)
        secrets = (self.target.token,) if self.through != "recordings" else ()
        return judging.judge(
            self.contract, operation, case, observation, max_latency_s=self.max_latency_s, secrets=secrets
        )

    def ask(self, case: Case) -> Result:
        """
        Send, judge and keep one case; one beyond the budget is skipped. Raises Stop where the run ends here.
        """
        try:
            result = self.judge(case)
        except Stop as stop:
            if not stop.spent:
                self.keep(_unjudged(case, "error", str(stop)))
                raise
            result = _unjudged(case, "skip", str(stop))
        self.keep(result)
        return result

    def play(self, scenario: Scenario) -> list[Result]:
        """
        Send, judge and keep the steps of a scenario.
        """
        exchange = self.exchange()
        exchange.resources.steps.clear()
        results = []
        try:
            for result in scenarios.played(scenario, exchange.send_together, self.verdict):
                self.keep(result)
                results.append(result)
        except Stop as stop:
            if not stop.spent:
                raise
            left = [step.case for step in scenario.steps if step.case.id not in self.entries]
            results += [_unjudged(case, "skip", str(stop)) for case in left]
            for result in results[-len(left) :] if left else ():
                self.keep(result)
        return results

    def explore(self, *, examples: int, seed: int) -> list[Scenario]:
        """
        Walk over the operations of each collection that the run asks whole; the shortest walk of each that breaks a
        promise. Its results are kept.
        """
        from rtkcontract.generation import fuzz  # brings hypothesis, which takes long

        exchange = self.exchange()

        def played(scenario: Scenario) -> list[Finding]:
            exchange.resources.steps.clear()
            try:
                results = list(scenarios.played(scenario, exchange.send_together, self.verdict))
            except Stop as stop:
                if not stop.spent:
                    raise
                return []
            return [finding for result in results for finding in result.findings]

        whole = [of for of in collections(self.contract) if of.names() <= self.plans.keys() and "read" in of.others]
        found = [fuzz.explored(of, played, examples=examples, seed=seed) for of in whole]
        broken = [each for each in found if each is not None]
        for each in broken:
            self.play(each)
        return broken

    def lost(self, ids: Iterable[str]) -> None:
        """
        Enter that no result came of some cases: the process that had them died.
        """
        for name in ids:
            if name in self.cases and name not in self.entries:
                self.keep(_unjudged(self.cases[name], "error", "no result came: the process that had it died"))

    def read_back(self, result: Result) -> Result | None:
        """
        Read what an accepted create has made, so that what is told and not stored is found; one request.

        None where nothing was made, in the plan `smoke`, and where the run does not ask the operation that reads.
        """
        of = self._read_by(result.case)
        if of is None or not isinstance(result.observation, Answered) or result.observation.response.status // 100 != 2:
            return None
        scenario = read_back(of, result.case)
        step = scenario.steps[1].case
        exchange = self.exchange()
        exchange.resources.steps = {result.case.id: result.observation.response.content}
        try:
            (observation,) = exchange.send_together([step])
        except Stop as stop:
            if stop.spent:
                return None
            raise
        seen = {result.case.id: result.observation, step.id: observation}
        read = scenarios.judged(scenario, self.verdict(step, observation), seen)
        self.keep(read)
        return read

    def reading(self, case: Case) -> list[Scenario]:
        """
        The scenario that sends a case of a create and reads what it made; none where nothing reads it.
        """
        of = readable(self.contract, self.contract.operations[case.operation])
        return [] if of is None else [read_back(of, case)]

    def _read_by(self, case: Case) -> Collection | None:
        """
        The collection whose objects a case makes and the run reads.
        """
        if self.plan == "smoke" or self.through == "recordings" or case.expect.outcome != "accepted":
            return None
        if case.operation not in self._readers:
            of = readable(self.contract, self.contract.operations[case.operation]) if len(self.plans) > 1 else None
            asked = of is not None and of.others["read"].name in self.plans
            self._readers[case.operation] = of if asked else None
        return self._readers[case.operation]

    def run(self) -> Iterator[Result]:
        """
        Ask all cases, operation by operation, and play the scenarios.
        """
        for plan in self.plans.values():
            for case in plan.cases:
                yield (result := self.ask(case))
                if (read := self.read_back(result)) is not None:
                    yield read
        for scenario in self.scenarios.values():
            yield from self.play(scenario)

    def generate(self, operation: Operation, side: Side) -> tuple[generated.Sent, list[Result]]:
        """
        Send the generated bodies of one side that belong to the run; the results of those that a finding needs.

        Raises CannotTell where a body gets no verdict.
        """
        search = self.search
        known = {case.content: self.judge(case) for case in search.cases(self.contract, operation, side)}
        sent, seed = len(known), 0
        broken: list[Result] = []
        if not known or any(result.status != "pass" for result in known.values()):
            limits = search.limits(self.contract, operation)
            hunted, broken = self.hunt(operation, side, known=known, **limits)
            sent, seed = hunted.sent, hunted.seed
        told = generated.Sent(
            operation=operation.name, side=side, sent=sent, broken=len(broken), seed=seed, profile=search.profile
        )
        self.generated.append(told)
        return told, broken

    def hunt(
        self, operation: Operation, side: Side, *, known: Mapping[bytes, Result] | None = None, **limits: Any
    ) -> tuple[fuzz.Hunt, list[Result]]:
        """
        Send generated bodies of one side, within the limits of `fuzz.hunt`; the results of its counterexamples. A body
        with a known result is not sent again.

        Raises CannotTell where a body gets no verdict and nothing was found before.
        """
        from rtkcontract.generation import fuzz  # brings hypothesis, which takes long

        results: dict[str, Result] = {}

        def judged(case: Case) -> list[Finding]:
            results[case.id] = result = (known or {}).get(case.content) or self.judge(case)
            if result.status not in ("pass", "fail"):
                raise CannotTell(result.reason)
            return [finding for finding in result.findings if finding.severity == "finding"]

        hunted = fuzz.hunt(self.contract, operation, judged, side=side, **limits)
        return hunted, [results[example.case.id] for example in hunted.counterexamples]

    def keep(self, result: Result) -> None:
        """
        Take a result into the run, in place of an earlier one of its case.
        """
        observation = result.observation
        answered = observation if isinstance(observation, Answered) else None
        self._enter(
            run_file.entry_of(
                self.contract.operations[result.case.operation],
                result,
                recorded_at=answered.recorded_at if answered else "",
                recorded_from=MAKERS.get(answered.recorded_from, "unknown")
                if answered and answered.recorded_at
                else "",
            )
        )

    def take(self, line: Json) -> None:
        """
        Take in a result that another process has sent, as `run_file.line_of` gave it.
        """
        entry = run_file.entry_from(line)
        own = self.cases.get(entry.result.case.id, entry.result.case)
        self._enter(replace(entry, result=replace(entry.result, case=own)))

    def _enter(self, entry: run_file.Entry) -> None:
        self.entries[entry.result.case.id] = entry
        if self._writer is not None:
            self._head(self._writer)
            self._writer.result(entry)

    def _head(self, writer: run_file.Writer) -> None:
        """
        Write the header, once: by the first result it is known what is planned.
        """
        if not self._headed:
            self._headed = True
            writer.header(self.header())

    # The end of a run.

    def finish(self, *, interrupted: bool = False, explain: bool = True) -> run_file.Run:
        """
        Judge all responses together, narrow down what failed, complete the run file, and close.
        """
        with self._exits:
            asks = explain and not interrupted and self.through != "recordings" and self._exchange is not None
            budget = EXPLAINING
            for name, plan in self.plans.items():
                results = self._results(name)
                judged = across.judge_run(self.contract, self.contract.operations[name], results)
                found = minimise.explained(plan.bodies, judged, self._tried if asks and budget > 0 else None, budget)
                budget -= sum(explanation.requests for explanation in found)
                for before, after in zip(results, minimise.with_causes(judged, found), strict=True):
                    if before != after:
                        self._enter(replace(self.entries[after.case.id], result=after))
            accounts = {
                name: contract_coverage.account(plan, self._results(name)) | generated.account(self.generated, name)
                for name, plan in self.plans.items()
            }
            finished = _now()
            if self._writer is not None:
                self._head(self._writer)
                for name, account in accounts.items():
                    self._writer.account(name, account)
                if not interrupted:
                    self._writer.footer(finished)
        entries = self._ordered(self.entries.values())
        counts = run_file.counts_of(entry.result for entry in entries)
        return run_file.Run(
            header=self.header(),
            entries=entries,
            accounts=accounts,
            footer=None if interrupted else run_file.Footer(finished=finished, counts=counts),
        )

    def _tried(self, case: Case) -> Result:
        """
        One more case, of which nothing is told where the run has ended.
        """
        self._explained += 1
        if self._explained > EXPLAINING:
            return _unjudged(case, "error", f"{EXPLAINING} requests were spent on narrowing down")
        try:
            return self.judge(case)
        except Stop as stop:
            return _unjudged(case, "error", str(stop))

    def _results(self, operation: str) -> list[Result]:
        mine = (
            entry
            for entry in self.entries.values()
            if entry.result.case.operation == operation and entry.result.case.side != "scenario"
        )
        return [entry.result for entry in self._ordered(mine)]

    def _ordered(self, entries: Iterable[run_file.Entry]) -> tuple[run_file.Entry, ...]:
        """
        In the order of the plans; processes that share a run finish in any order.
        """
        order = {name: place for place, name in enumerate(self.cases)}

        def place(entry: run_file.Entry) -> tuple[int, str]:
            case = entry.result.case
            return order.get(case.id, len(order)), case.id if case.side == "generated" else ""

        return tuple(sorted(entries, key=place))

    def header(self) -> run_file.Header:
        """
        What is judged, as far as it is known now.
        """
        target = self.target
        if target.kind == "emulator" and self._exchange is None:  # its address is known once it is started
            target = replace(target, base_url="")
        return run_file.header_of(
            self.contract,
            self.operations.values(),
            target,
            observed=self._observed(),
            through=self.through,
            plan=self.plan,
            started=self.started,
            planned=self.requests,
            versions=tool_versions(),
        )

    def _observed(self) -> str:
        """
        Who answers: told by the address and the signature of the responses, not by what was asked for.
        """
        if self.target.kind != "live":
            return {"cassettes": "recording", "emulator": "emulator"}[self.target.kind]
        told = "vendor" if self.target.base_url == targets.DEFAULT_BASE_URL else "server"
        return run_file.who(told, (entry.result for entry in self.entries.values()))

    def announcement(self, limits: tuple[Json, ...], folder: Path) -> list[str]:
        """
        What the run is about to do, in lines, before the first request.
        """
        where = {
            "sockets": f"live, {urlsplit(self.target.base_url).hostname}",
            "process": "the emulator in this process, which proves this toolkit and not the vendor",
            "recordings": f"recordings in {folder.name}/, offline",
        }[self.through]
        if self.target.kind == "emulator" and self.through == "sockets":
            where = "the emulator on loopback, which proves this toolkit and not the vendor"
        left_out = sum(len(plan.left_out) for plan in self.plans.values())
        subject = self.header().subject
        lines = [
            f"target: {where}",
            f"contract: {subject}, revision {self.contract.revision} ({self.contract.digest})",
            f"plan: {self.plan}, {self.requests} requests" + (f", {left_out} left out" if left_out else ""),
        ]
        bodies, more = self._to_generate()
        lines += [bodies] if bodies else []
        if self.target.kind == "live":
            rates = " and ".join(f"{limit['requests']} in {limit['period_s']} s" for limit in limits) or "no limit"
            seconds = network_rate.estimate_s(self.requests + more, limits)
            lines.append(
                f"it may create {self.creates} objects; rate kept under {rates}; about {seconds:.0f} s at that rate"
            )
        return lines

    def _to_generate(self) -> tuple[str, int]:
        """
        The line of the plan about generated bodies, and how many there will be without failures.
        """
        search = self.search
        chosen = [operation for operation in self.operations.values() if operation.request_schema]
        if not search.examples or not chosen:
            return "", 0
        valid, invalid = (
            sum(search.count(self.contract, operation, side) for operation in chosen) for side in generated.SIDES
        )
        least = "" if search.repeats else "at least "
        where = chosen[0].name if len(chosen) == 1 else f"{len(chosen)} operations"
        told = f"{least}{valid} valid and {invalid} invalid bodies for {where}, {search.told()}"
        return f"generated by hypothesis: {told}", valid + invalid

    @property
    def creates(self) -> int:
        """
        The most objects that the cases of the run may make.
        """
        roles = {name: operation.role for name, operation in self.operations.items()}
        makers = [name for name in self.plans if roles[name] == "create"]
        drawn = sum(self.search.count(self.contract, self.operations[name], "valid") for name in makers)
        return sum(self.plans[name].meetings for name in makers) + drawn


def _unjudged(case: Case, status: Literal["skip", "error"], reason: str) -> Result:
    return Result(case=case, status=status, findings=(), observation=Unanswered(reason=reason), reason=reason)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
