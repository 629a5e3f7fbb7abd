"""
A response as its schema allows it: what does not fit is made anew, place by place, then as a whole.
"""

from __future__ import annotations

from typing import Final

from rtkcontract.contract.expectation import Oracle
from rtkcontract.emulator.refusals import RefusalError
from rtkcontract.emulator.routing import Served, media_of
from rtkcontract.emulator.samples import Attempt, attempts
from rtkcontract.emulator.shape import Place
from rtkcontract.json_schema.validator import Violation
from rtkcontract.model import Json

_ROUNDS: Final = 4
_OTHERS: Final = {400: (422, 409), 404: (410, 403), 415: (400, 422), 401: (403,)}
"""What an API may say in place of a status that it does not declare."""
_EXTRA: Final = frozenset(("additionalProperties", "unevaluatedProperties", "properties", "false"))


def lawful(served: Served, body: Json, attempt: Attempt) -> Json:
    """
    The body, changed where it does not fit the declared schema of the success.
    """
    oracle = served.success
    if oracle is None or oracle.valid(body):
        return body
    for _ in range(_ROUNDS):
        broken = oracle.violations(body)
        if not broken:
            return body
        for violation in broken:
            body = _mended(served.whole, body, violation, attempt)
    return body if oracle.valid(body) else fitting(served.whole, oracle, attempt, body)


def fitting(place: Place, oracle: Oracle, first: Attempt, otherwise: Json) -> Json:
    """
    The first sample that fits, else what stands for it where none does.
    """
    for attempt in attempts(first):
        value = place.sample(attempt)
        if oracle.valid(value):
            return value
    return otherwise


def refusal(served: Served, refused: RefusalError, attempt: Attempt) -> RefusalError:
    """
    The refusal with a status that the document declares for its kind, and a body that fits what is declared there.
    """
    others = [status for status in _OTHERS.get(refused.status, ()) if str(status) in served.responses]
    status = refused.status if served.response_at(refused.status) or not others else others[0]
    media = media_of(served.response_at(status))
    if media is None:
        return RefusalError(status, refused.body, refused.headers)
    oracle = served.oracle_of(media[1])
    if oracle.valid(refused.body):
        return RefusalError(status, refused.body, refused.headers)
    body = fitting(Place(served.document, [media[1]]), oracle, attempt, refused.body)
    media_type = media[0] if "json" in media[0] and "*" not in media[0] else "application/json"
    return RefusalError(status, body, refused.headers, media_type)


def _mended(whole: Place, body: Json, violation: Violation, attempt: Attempt) -> Json:
    """
    The body with a sample at the place of a violation; a member of which nothing is said goes.
    """
    place, steps = whole, violation.path
    for step in steps:
        place = place.items if isinstance(step, int) else place.members.get(step) or Place(whole.document, ())
    if not steps:
        return _better(place, body, violation, attempt)
    try:
        holder = body
        for step in steps[:-1]:
            holder = holder[step]
        if place.nodes:
            holder[steps[-1]] = _better(place, holder[steps[-1]], violation, attempt)
        else:
            del holder[steps[-1]]
    except LookupError:  # an earlier one of the same round took it away
        pass
    return body


def _better(place: Place, value: Json, violation: Violation, attempt: Attempt) -> Json:
    sampled = place.sample(attempt)
    if isinstance(value, dict) and isinstance(sampled, dict):
        if violation.keyword in _EXTRA:
            return {**sampled, **{name: part for name, part in value.items() if name in place.members}}
        if violation.keyword in ("required", "minProperties", "dependentRequired"):
            return {**sampled, **value}
    return sampled
