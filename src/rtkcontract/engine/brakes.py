"""
What ends a run before its plan does: a budget that is used up, or a target that refuses, is something else, throttles
or dies. One brake stands before everything that is sent, whatever it is sent for.

1. A budget is kept to the request: what would go beyond it is not sent.
2. The first well-formed request shows whether the variables and the address are right.
3. GIVE_UP requests in a row without an answer, or HANGING_S in all of waiting for none, are a target that is down; so
   are as many 5xx from the start. Later on a 5xx is an answer to its case.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rtkcontract.engine.targets import VARIABLES
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import Answered, Case, Observation, Request, Response, Send, Unanswered
from rtkcontract.network.rate import retry_after_s

GIVE_UP: Final = 5
"""Requests in a row without an answer of the service after which the target is taken to be down."""


HANGING_S: Final = 100.0
"""Seconds that a run waits in all for answers that do not come."""


LONGEST_WAIT_S: Final = 60.0
"""A target that asks to wait longer ends the run."""


REFUSED: Final = (401, 403, 404)


GATEWAY: Final = frozenset({502, 503, 504, *range(520, 531)})
"""Statuses with which what stands before a service says that the service is down."""


class Stop(CannotTell):
    """
    The run ends here; what was judged stands. `spent`: because its budget is used up.
    """

    def __init__(self, reason: str, *, spent: bool = False) -> None:
        super().__init__(reason)
        self.spent = spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """
    The most that a run may send and create; None is no limit.
    """

    max_requests: int | None = None
    max_meetings: int | None = None


NO_LIMIT: Final = Budget()


class Brake:
    """
    A Send that raises Stop instead of sending, once there is a reason to; every later request raises it again.

    With `looks` the first well-formed request is to show that the right target is there.
    """

    def __init__(
        self,
        send: Send,
        budget: Budget = NO_LIMIT,
        *,
        looks: bool = True,
        hanging_s: float = HANGING_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send, self.budget, self._hanging_s, self._clock = send, budget, hanging_s, clock
        self._lock = threading.Lock()
        self.requests = 0
        self.created = 0
        """Answers to POST that say something was created."""
        self._silent = 0
        self._works = False
        self._waited_s = 0.0
        self._reached = not looks
        self._stopped: Stop | None = None

    def __call__(self, request: Request) -> Observation:
        return self.send(request)

    def send(self, request: Request, case: Case | None = None) -> Observation:
        """
        Send a request, of a case or of none. Raises Stop.
        """
        with self._lock:  # steps of a scenario may be sent at once
            self._check(request, case)
            self.requests += 1
        started = self._clock()
        observation = self._send(request)
        with self._lock:
            self._note(request, observation, self._clock() - started)
        if case is not None and not self._reached and case.expect.outcome == "accepted":
            self._reached = True
            self._check_reached(observation)
        return observation

    def stop(self, reason: str, *, spent: bool = False) -> Stop:
        """
        The error that ends the run, from now on.
        """
        self._stopped = Stop(reason, spent=spent)
        return self._stopped

    def _check(self, request: Request, case: Case | None) -> None:
        if self._stopped is not None and not self._stopped.spent:
            raise self._stopped
        most, created = self.budget.max_requests, self.budget.max_meetings
        if most is not None and self.requests >= most:
            raise self.stop(f"the budget of {most} requests is used up", spent=True)
        creates = request.method == "POST" and (case is None or case.expect.outcome != "rejected")
        if created is not None and (self.created > created or (creates and self.created >= created)):
            raise self.stop(f"the budget of {created} meetings is used up", spent=True)

    def _note(self, request: Request, observation: Observation, elapsed_s: float) -> None:
        """
        Count what came; what it means for the next request is said there.
        """
        if isinstance(observation, Unanswered):
            self._waited_s += elapsed_s
            self._down(observation.reason)
            return
        response = observation.response
        self.created += request.method == "POST" and 200 <= response.status < 300
        if response.status == 429:
            asked_s = retry_after_s(response.header("retry-after"), datetime.now(UTC))
            if asked_s is not None and asked_s > LONGEST_WAIT_S:
                self.stop(f"the target throttles (429) and asks to wait {asked_s:.0f} s; go on then")
            self._down("the target throttles (429)")
        elif response.status in GATEWAY or (response.status >= 500 and not self._works):
            self._down(f"it answers {response.status}")
        else:
            self._silent, self._works = 0, True

    def _down(self, reason: str) -> None:
        self._silent += 1
        if self._silent >= GIVE_UP:
            self.stop(f"{self._silent} requests in a row got no answer that can be judged: {reason}")
        elif self._waited_s >= self._hanging_s:
            self.stop(f"{self._waited_s:.0f} s were spent on answers that do not come: {reason}")

    def _check_reached(self, observation: Observation) -> None:
        """
        Raises Stop where the first well-formed request shows wrong variables, another kind of server, or none.
        """
        if not isinstance(observation, Answered):
            raise self.stop(f"the target does not answer: {observation.reason}; nothing else was sent")
        problem = _misdirected(observation.response)
        if problem:
            raise self.stop(f"the target {problem}; nothing else was sent")


def _misdirected(response: Response) -> str:
    """
    Why an answer to a well-formed request says that not the API is at fault; "" where it does not.
    """
    status, kind = response.status, (response.header("content-type") or "").partition(";")[0].strip().lower()
    if status in REFUSED or (status == 400 and _of_the_edge(response.content)):
        where = " and the base URL" if status == 404 else ""
        return f"refuses the first well-formed request with {status}: check {', '.join(VARIABLES.values())}{where}"
    if 300 <= status < 400:
        return f"redirects the first request ({status}): check the base URL"
    if kind in ("text/html", "application/xhtml+xml") and status < 500:
        return f"answers the first request with a page ({status}, {kind}) and is no such API: check the base URL"
    return ""


def _of_the_edge(content: bytes) -> bool:
    """
    Whether a refusal has the envelope of what stands before the service and knows nothing of bodies.
    """
    try:
        value = loads(content)
    except NotStrictJson:
        return False
    return isinstance(value, dict) and isinstance(value.get("errors"), list) and value.get("success") is False
