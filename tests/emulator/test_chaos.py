"""
Trouble comes when a script says so, in the form it says, and the same each time.
"""

from __future__ import annotations

import concurrent.futures
import json
import time
from collections.abc import Iterator
from importlib import resources
from typing import Any

import httpx
import pytest

from emulator.boxes import CONTRACT, TOKEN, Client
from rtkcontract.emulator.chaos import FAULTS, Chaos, script_of
from rtkcontract.emulator.routing import Routes
from rtkcontract.errors import CannotTell
from rtkcontract.model import Request
from rtkcontract.network.server import serve

# Offline is the rule of a plain run; these tests need loopback, and nothing else.
pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

PRESETS = json.loads(resources.files("rtkcontract.emulator").joinpath("chaos.json").read_bytes())
NAME_OF = Routes(CONTRACT).name_of


def _chaos(*rules: dict[str, Any], seed: int = 0) -> tuple[Chaos, Client]:
    client = Client()
    script = script_of({"seed": seed, "rules": list(rules)}, "a test", CONTRACT.operations)
    return Chaos(script, client.respond, NAME_OF), client


@pytest.fixture
def asked() -> Iterator[Any]:
    """
    Serves rules, and gives a client for them and the emulator behind.
    """
    with httpx.Client(headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=10) as http:
        servers = []

        def start(*rules: dict[str, Any]) -> tuple[httpx.Client, Client]:
            chaos, client = _chaos(*rules)
            server = serve(chaos)
            http.base_url = httpx.URL(server.__enter__())
            servers.append(server)
            return http, client

        yield start
        for server in servers:
            server.__exit__(None, None, None)


@pytest.mark.parametrize(("more", "header"), [({}, None), ({"retry_after_s": 3}, "3")])
def test_the_first_requests_are_throttled(asked: Any, more: dict[str, Any], header: str | None) -> None:
    """429 for the first two that fit, with or without Retry-After; nothing is stored, and others pass."""
    http, client = asked({"fault": "throttled", "first": 2, "operations": ["make_box"], **more})
    read = http.get("/boxes")
    refused = [http.post("/boxes", json={"name": "a"}) for _ in range(2)]

    assert 200 == read.status_code
    assert [(429, header)] * 2 == [(one.status_code, one.headers.get("retry-after")) for one in refused]
    assert 0 == client.store.count
    assert 201 == http.post("/boxes", json={"name": "a"}).status_code


def test_500_after_storing_leaves_an_object(asked: Any) -> None:
    """A retry makes a second one."""
    http, client = asked({"fault": "failed-after-storing", "first": 1, "methods": ["POST"]})
    statuses = [http.post("/boxes", json={"name": "a"}).status_code for _ in range(2)]

    assert [500, 201] == statuses
    assert 2 == client.store.count


def test_500_and_502_store_nothing(asked: Any) -> None:
    """A 500 of the service is JSON, a 502 of a proxy is HTML."""
    http, client = asked({"fault": "html", "every": 2}, {"fault": "failed"})
    responses = [http.post("/boxes", json={"name": "a"}) for _ in range(2)]

    assert [(500, "application/json"), (502, "text/html")] == [
        (one.status_code, one.headers["content-type"]) for one in responses
    ]
    assert 0 == client.store.count


def test_slow_is_late_and_right(asked: Any) -> None:
    """The response is the right one, after the seconds that the rule says."""
    http, _ = asked({"fault": "slow", "seconds": 0.3})
    start = time.monotonic()

    assert 200 == http.get("/boxes").status_code
    assert time.monotonic() - start >= 0.3


def test_cut_off_ends_in_the_middle(asked: Any) -> None:
    """The connection ends before the announced length; the object is stored."""
    http, client = asked({"fault": "cut-off"})

    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/boxes", json={"name": "a"})
    assert 1 == client.store.count


def test_out_of_order_is_overtaken(asked: Any) -> None:
    """The first response comes after the second, or alone after a while."""
    http, _ = asked({"fault": "out-of-order", "first": 1})
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(http.get, "/boxes")
        time.sleep(0.2)
        assert not first.done()
        assert 200 == http.get("/boxes").status_code
        assert 200 == first.result(timeout=1).status_code


def test_chance_is_the_same_each_time() -> None:
    """One seed gives one course, another seed another, and the share is about the chance."""

    def course(seed: int) -> list[int]:
        chaos, _ = _chaos({"fault": "failed", "chance": 0.2}, seed=seed)
        request = Request(
            method="GET", url="http://127.0.0.1/boxes", headers=(("authorization", f"Bearer {TOKEN}"),), content=b""
        )
        return [chaos(request).response.status for _ in range(300)]

    assert course(1) == course(1) != course(2)
    assert 30 < course(1).count(500) < 90


def test_the_presets_are_scripts() -> None:
    """Each fault has a preset, and each preset can be read."""
    scripts = [script_of(preset, name, CONTRACT.operations) for name, preset in PRESETS.items()]

    assert set(FAULTS) - {"failed"} == {rule.fault for script in scripts for rule in script.rules}
    assert all(preset["title"].endswith(".") for preset in PRESETS.values())


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([], "is no chaos script"),
        ({"rules": [], "more": 1}, "is no chaos script"),
        ({"rules": [], "seed": "x"}, "seed is a whole number"),
        ({"rules": [{"fault": "flood"}]}, "rule 1 names no fault; the faults are throttled"),
        ({"rules": [{"fault": "slow", "times": 2}]}, "rule 1 has 'times'"),
        ({"rules": [{"fault": "slow"}, {"fault": "slow", "seconds": "1"}]}, "rule 2: seconds is of another type"),
        ({"rules": [{"fault": "slow", "first": -1}]}, "first is of another type, or below zero"),
        ({"rules": [{"fault": "slow", "operations": ["make_hat"]}]}, "there is no operation make_hat"),
    ],
)
def test_a_bad_script_is_one_line(script: Any, said: str) -> None:
    """The place in the script, what is wrong, and what there is."""
    with pytest.raises(CannotTell) as caught:
        script_of(script, "trouble.json", CONTRACT.operations)

    assert said in str(caught.value)
    assert str(caught.value).startswith("trouble.json")
    assert "\n" not in str(caught.value)
