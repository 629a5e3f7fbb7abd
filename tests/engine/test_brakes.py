"""
What ends a run before its plan does, counted at a server on loopback.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorded import case_of
from rtkcontract.engine.brakes import GIVE_UP, Brake, Budget, Stop
from rtkcontract.model import Answered, Case, Expectation, Observation, Request, Response, Unanswered
from rtkcontract.network.client import sender
from rtkcontract.network.server import serve

JSON = (("content-type", "application/json"),)
CREATED = Response(status=201, headers=JSON, content=b'{"success":true,"data":{"id":"x"}}')
REFUSED = Response(status=422, headers=JSON, content=b'{"success":false,"error":{"code":422,"message":"no"}}')
EDGE = b'{"success":false,"errors":[{"code":6003,"message":"Invalid request headers"}]}'


NO_LIMIT = Budget()


@contextlib.contextmanager
def braked(*responses: Response, budget: Budget = NO_LIMIT) -> Iterator[tuple[Brake, list[Request], str]]:
    """
    A brake before a server that gives each response in turn and the last one for ever; what came to it; its origin.
    """
    came: list[Request] = []

    def respond(request: Request) -> Response:
        came.append(request)
        return responses[min(len(came), len(responses)) - 1]

    with serve(respond) as origin, sender(retries=0, timeout_s=2.0) as send:
        yield Brake(send, budget), came, origin


def _request(origin: str, method: str = "POST") -> Request:
    return Request(method=method, url=origin, headers=(), content=b"{}")


def _case(outcome: str = "accepted") -> Case:
    expect = Expectation(outcome=outcome, reason="made for a test")  # type: ignore[arg-type]
    return Case(
        id="create_meeting/x", operation="create_meeting", side="corpus", partition="x", content=b"{}", expect=expect
    )


def _sent(brake: Brake, origin: str, most: int = 50, case: Case | None = None) -> Stop | None:
    for _ in range(most):
        try:
            brake.send(_request(origin), case)
        except Stop as stop:
            return stop
    return None


@pytest.mark.parametrize("most", [0, 1, 7])
def test_no_more_requests_than_allowed(most: int) -> None:
    with braked(CREATED, budget=Budget(max_requests=most)) as (brake, came, origin):
        stop = _sent(brake, origin)
        again = _sent(brake, origin)

    assert len(came) == most
    assert stop is not None
    assert stop.spent
    assert again is not None
    assert str(stop) == f"the budget of {most} requests is used up"


@pytest.mark.parametrize("most", [0, 1, 3])
def test_no_more_objects_than_allowed(most: int) -> None:
    """What is to be refused, and what makes nothing, goes on; an object made against all expectation ends that, too."""
    with braked(*[CREATED] * most, REFUSED, budget=Budget(max_meetings=most)) as (brake, came, origin):
        stop = _sent(brake, origin)
        made = len(came)
        brake.send(_request(origin), _case("rejected"))
        brake.send(_request(origin, "GET"))
    with braked(CREATED, budget=Budget(max_meetings=most)) as (lying, given_away, origin):
        _sent(lying, origin, case=_case("rejected"))

    assert stop is not None
    assert stop.spent
    assert made == most
    assert len(given_away) == most + 1


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (
            Response(status=401, headers=JSON, content=b"{}"),
            "refuses the first well-formed request with 401: check CLOUD",
        ),
        (Response(status=403, headers=JSON, content=b"{}"), "with 403: check CLOUDFLARE_API_TOKEN"),
        (Response(status=404, headers=JSON, content=b"{}"), "with 404: .* and the base URL"),
        (Response(status=400, headers=JSON, content=EDGE), "with 400: check CLOUDFLARE_API_TOKEN"),
        (Response(status=302, headers=(("location", "/login"),), content=b""), "redirects the first request"),
        (Response(status=200, headers=(("content-type", "text/html; charset=utf-8"),), content=b"<p>"), "no such API"),
    ],
)
def test_the_first_well_formed_request_shows_who_is_there(response: Response, told: str) -> None:
    with braked(REFUSED, response) as (brake, came, origin):
        brake.send(_request(origin), _case("rejected"))
        with pytest.raises(Stop, match=told):
            brake.send(_request(origin), _case())
        with pytest.raises(Stop, match=told):
            brake.send(_request(origin), _case("rejected"))

    assert len(came) == 2


@pytest.mark.parametrize("response", [CREATED, REFUSED, Response(status=500, headers=JSON, content=b"{}")])
def test_an_api_that_answers_is_judged_and_not_stopped(response: Response) -> None:
    with braked(REFUSED, response) as (brake, came, origin):
        assert _sent(brake, origin, 20, _case()) is None

    assert len(came) == 20


@pytest.mark.parametrize("status", [429, 502, 503, 504, 522])
def test_a_target_that_is_down_is_left_alone(status: int) -> None:
    with braked(CREATED, CREATED, Response(status=status, headers=(), content=b"")) as (brake, came, origin):
        stop = _sent(brake, origin)

    assert len(came) == 2 + GIVE_UP
    assert stop is not None
    assert not stop.spent


def test_a_service_that_fails_from_the_start_is_left_alone() -> None:
    with braked(Response(status=500, headers=JSON, content=b"{}")) as (brake, came, origin):
        assert "it answers 500" in str(_sent(brake, origin))

    assert len(came) == GIVE_UP


def test_a_dead_port_is_left_alone() -> None:
    with serve(lambda _: CREATED) as origin:
        pass
    with sender(timeout_s=1.0) as send:
        brake = Brake(send)
        stop = _sent(brake, origin)
        first = Brake(send)
        with pytest.raises(Stop, match="the target does not answer: "):
            first.send(_request(origin), _case())

    assert brake.requests == GIVE_UP
    assert "requests in a row got no answer" in str(stop)


def test_a_long_wait_ends_at_once() -> None:
    throttled = Response(status=429, headers=(("retry-after", "100000"),), content=b"")
    with braked(CREATED, throttled) as (brake, came, origin):
        stop = _sent(brake, origin)

    assert len(came) == 2
    assert "asks to wait 100000 s" in str(stop)


def test_hanging_answers_share_one_budget() -> None:
    """Every third request hangs for 30 s: not five in a row, but no run waits for hours."""
    clock = [0.0]

    def send(request: Request) -> Observation:
        if json.loads(request.content) % 3:
            return Answered(response=CREATED, elapsed_s=0.1)
        clock[0] += 30.0
        return Unanswered(reason="gave no whole answer within 30 s")

    brake = Brake(send, clock=lambda: clock[0])
    requests = [Request(method="POST", url="http://x", headers=(), content=str(n).encode()) for n in range(500)]
    with pytest.raises(Stop, match="120 s were spent on answers that do not come"):
        list(map(brake, requests))

    assert clock[0] == 120


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([CREATED, REFUSED, Response(status=503, headers=(), content=b"")]), max_size=40),
    st.none() | st.integers(0, 12),
    st.none() | st.integers(0, 5),
)
def test_no_order_of_answers_goes_beyond_a_budget(
    answers: list[Response], max_requests: int | None, max_meetings: int | None
) -> None:
    left = iter(answers)
    sent: list[Response] = []

    def send(_: Request) -> Observation:
        sent.append(next(left))
        return Answered(response=sent[-1], elapsed_s=0.0)

    brake = Brake(send, Budget(max_requests=max_requests, max_meetings=max_meetings))
    with contextlib.suppress(Stop, StopIteration, RuntimeError):
        while True:
            brake.send(_request("http://x"), case_of())

    assert max_requests is None or len(sent) <= max_requests
    assert max_meetings is None or sum(each is CREATED for each in sent) <= max_meetings
    assert brake.requests in (len(sent), len(sent) + 1)
