"""
(operation, case, answer) -> findings; pure. One check is one function, and `CHECKS` lists them.

1. A check that does not apply yields nothing. None of them raises for anything that a target may answer.
2. Each finding cites the sources of the promise that was broken.
3. What the sources leave open is judged as a note at most.
   A finding about a schema needs the reference implementation to agree; else it cannot be told.
4. `judge` looks at one answer, `judge_run` at all of them together: ids, memory, relations and dropped members.
"""

from __future__ import annotations

from rtkcontract.checks.across import result_with
from rtkcontract.checks.answer import Answer, Check, answer_of, judged
from rtkcontract.checks.disclosure import disclosure
from rtkcontract.checks.protocol import protocol
from rtkcontract.checks.secrets import secrets
from rtkcontract.checks.shape import body_schema, content_type, envelope
from rtkcontract.checks.status import latency, status
from rtkcontract.checks.values import defaults, echo, nulls, times
from rtkcontract.contract.deviations import known_deviation
from rtkcontract.errors import CannotTell
from rtkcontract.model import Answered, Case, Contract, Observation, Operation, Result

CHECKS: tuple[Check, ...] = (
    *(status, content_type, envelope, body_schema, echo, defaults, nulls, secrets, times, protocol, disclosure),
    latency,
)


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
    try:
        found = [finding for check in CHECKS for finding in check(answer)]
    except CannotTell as differing:
        return Result(case=case, status="error", findings=(), observation=observation, reason=str(differing))
    return result_with(case, observation, known_deviation(operation, found))
