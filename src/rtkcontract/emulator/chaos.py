"""
Trouble on request, so that clients can try their retries: which requests go wrong, and how.

A script is data: `{"seed": 7, "rules": [{"fault": "throttled", "first": 2, "operations": ["create_meeting"]}]}`. The
first rule that applies to a request decides. A rule counts the requests that it could apply to, so that the same
requests in the same order meet the same trouble; `chance` is drawn from the seed and that count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from rtkcontract.emulator.refusals import SIGNATURE, edge, service
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import encode
from rtkcontract.model import Delivery, Json, Request, Response

Respond = Callable[[Request], Response]

JSON: Final = ("content-type", "application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One kind of trouble, and which requests meet it.
    """

    fault: str
    operations: tuple[str, ...] = ()
    """Names of operations; all where there are none."""
    methods: tuple[str, ...] = ()
    after: int = 0
    """How many requests pass unharmed before the rule begins."""
    first: int | None = None
    """How many requests it harms, and then no more."""
    every: int = 1
    chance: float = 1.0
    retry_after_s: int | None = None
    """Of `throttled`: the header Retry-After; none where it is not given."""
    seconds: float = 2.0
    """Of `slow`: how late the response is."""

    def fits(self, operation: str, method: str) -> bool:
        return operation in (self.operations or (operation,)) and method in (self.methods or (method,))

    def strikes(self, number: int, seed: str) -> bool:
        """
        Whether the request with this number, from zero, among those that fit meets the trouble.
        """
        turn = number - self.after
        if turn < 0 or (self.first is not None and turn >= self.first) or (turn + 1) % self.every:
            return False
        drawn = hashlib.sha256(f"{seed} {self.fault} {number}".encode()).digest()[:4]
        return int.from_bytes(drawn, "big") < self.chance * 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """
    The rules, the first that applies first.
    """

    rules: tuple[Rule, ...]
    seed: int = 0


_FIELDS: Final[Mapping[str, tuple[type, ...]]] = {
    "fault": (str,),
    "operations": (list,),
    "methods": (list,),
    "after": (int,),
    "first": (int,),
    "every": (int,),
    "chance": (int, float),
    "retry_after_s": (int,),
    "seconds": (int, float),
}


def script_of(value: Json, where: str, operations: Mapping[str, object]) -> Script:
    """
    The script that a JSON value states. Raises CannotTell with one line that names the place.
    """
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("rules"), list)
        or value.keys() - {"rules", "seed", "title"}
    ):
        raise CannotTell(
            f'{where} is no chaos script; it has the form {{"seed": 0, "rules": [{{"fault": "throttled"}}]}}'
        )
    if type(value.get("seed", 0)) is not int:
        raise CannotTell(f"{where}: seed is a whole number")
    rules = tuple(_rule(rule, f"{where}: rule {number}", operations) for number, rule in enumerate(value["rules"], 1))
    return Script(rules=rules, seed=value.get("seed", 0))


def _rule(value: Json, where: str, operations: Mapping[str, object]) -> Rule:
    if not isinstance(value, dict) or value.get("fault") not in FAULTS:
        raise CannotTell(f"{where} names no fault; the faults are {', '.join(FAULTS)}")
    for name, member in value.items():
        if name not in _FIELDS:
            raise CannotTell(f"{where} has {name!r}; a rule has {', '.join(_FIELDS)}")
        if not isinstance(member, _FIELDS[name]) or isinstance(member, bool) or (name != "fault" and _negative(member)):
            raise CannotTell(f"{where}: {name} is of another type, or below zero")
    unknown = [name for name in value.get("operations", ()) if name not in operations]
    if unknown:
        raise CannotTell(f"{where}: there is no operation {unknown[0]}; the contract has {', '.join(operations)}")
    lists = {name: tuple(map(str, value[name])) for name in ("operations", "methods") if name in value}
    return Rule(**{**value, "every": max(1, value.get("every", 1)), **lists})


def _negative(value: Json) -> bool:
    return isinstance(value, int | float) and value < 0


# ---- the faults


def _throttled(rule: Rule, _request: Request, _respond: Respond) -> Delivery:
    """
    429 from the gateway, which has not passed the request on.
    """
    refused = edge(429, {"code": 971, "message": "Please wait and consider throttling your request speed"})
    headers = () if rule.retry_after_s is None else (("retry-after", str(rule.retry_after_s)),)
    return Delivery(response=Response(status=429, headers=(SIGNATURE, JSON, *headers), content=encode(refused.body)))


def _failed(_rule: Rule, _request: Request, _respond: Respond) -> Delivery:
    """
    500, and nothing is stored.
    """
    body = encode(service(500, "INTERNAL_SERVER_ERROR").body)
    return Delivery(response=Response(status=500, headers=(SIGNATURE, JSON), content=body))


def _failed_after_storing(rule: Rule, request: Request, respond: Respond) -> Delivery:
    """
    500, although the object is stored: a retry makes a second one.
    """
    respond(request)
    return _failed(rule, request, respond)


def _html(_rule: Rule, _request: Request, _respond: Respond) -> Delivery:
    """
    502 of a proxy, as HTML.
    """
    page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return Delivery(response=Response(status=502, headers=(SIGNATURE, ("content-type", "text/html")), content=page))


def _slow(rule: Rule, request: Request, respond: Respond) -> Delivery:
    """
    The right response, late.
    """
    return Delivery(response=respond(request), delay_s=rule.seconds)


def _cut_off(_rule: Rule, request: Request, respond: Respond) -> Delivery:
    """
    Half the right response; then the connection ends.
    """
    response = respond(request)
    return Delivery(response=response, cut_after=len(response.content) // 2)


def _out_of_order(_rule: Rule, request: Request, respond: Respond) -> Delivery:
    """
    The right response, after that of a later request on another connection.
    """
    return Delivery(response=respond(request), overtaken=True)


FAULTS: Final[Mapping[str, Callable[[Rule, Request, Respond], Delivery]]] = {
    "throttled": _throttled,
    "failed": _failed,
    "failed-after-storing": _failed_after_storing,
    "html": _html,
    "slow": _slow,
    "cut-off": _cut_off,
    "out-of-order": _out_of_order,
}


@dataclass(slots=True)
class Chaos:
    """
    A script at work: `respond` answers as a server does, `operation_of` names the operation of a request.
    """

    script: Script
    respond: Respond
    operation_of: Callable[[Request], str]
    seen: list[int] = field(default_factory=list)

    def __call__(self, request: Request) -> Delivery:
        self.seen = self.seen or [0] * len(self.script.rules)
        operation = self.operation_of(request)
        struck: Rule | None = None
        for place, rule in enumerate(self.script.rules if operation else ()):
            if not rule.fits(operation, request.method):
                continue
            number, self.seen[place] = self.seen[place], self.seen[place] + 1
            if struck is None and rule.strikes(number, f"{self.script.seed} {place}"):
                struck = rule
        if struck is None:
            return Delivery(response=self.respond(request))
        delivery = FAULTS[struck.fault](struck, request, self.respond)
        headers = (*delivery.response.headers, ("x-rtkcontract-chaos", struck.fault))
        return replace(delivery, response=replace(delivery.response, headers=headers))
