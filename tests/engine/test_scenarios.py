"""
Scenarios are played over sockets, and a step that fails can be sent again with what it needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from rtkcontract.contract.load import load_contract
from rtkcontract.engine.scenarios import at_once, groups, named
from rtkcontract.errors import CannotTell
from rtkcontract.model import Observation, Unanswered
from wrong_servers import zoo
from wrong_servers.mutants import Mutant
from wrong_servers.second_server import ACCOUNT, APP, TOKEN
from wrong_servers.serving import serving

CONTRACT = load_contract()


def sent(identity: str, mutant: Mutant | None = None) -> subprocess.CompletedProcess[str]:
    """
    What `rtkcontract send` says of a scenario on the second server.
    """
    names = {"CLOUDFLARE_API_TOKEN": TOKEN, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "REALTIMEKIT_APP_ID": APP}
    with serving(mutant) as url:
        line = [sys.executable, "-m", "rtkcontract", "send", identity, "--target", "live", "--base-url", url]
        return subprocess.run(
            [*line, "--rate", "0"],
            env={**os.environ, **names},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def mutant_named(name: str) -> Mutant:
    (found,) = [each for each in zoo.STATEFUL if each.name == name]
    return found


def test_a_correct_server_keeps_what_a_scenario_asks() -> None:
    done = sent("addWebhook/scenarios/delete-then-read")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert done.stdout.count("within the contract") > 8


@pytest.mark.parametrize(
    ("name", "identity", "expected"),
    [
        ("webhook is listed after it was deleted", "addWebhook/scenarios/delete-then-read", "DELETE removes"),
        ("webhook is updated in the response only", "addWebhook/scenarios/update-then-read/read-after", "a later GET"),
    ],
)
def test_a_fault_between_operations_is_found(name: str, identity: str, expected: str) -> None:
    done = sent(identity, mutant_named(name))

    assert 1 == done.returncode, done.stdout + done.stderr
    assert "finding: lifecycle" in done.stdout
    assert expected in done.stdout


def test_a_step_is_sent_with_what_it_needs_alone() -> None:
    short = named(CONTRACT, "addWebhook/scenarios/delete-then-read/read-deleted")

    assert ["create", "delete", "read-deleted"] == [step.case.id.rpartition("/")[2] for step in short.steps]


def test_an_unknown_scenario_names_those_that_are_known() -> None:
    with pytest.raises(CannotTell, match="the scenarios of addWebhook are: read-after-create"):
        named(CONTRACT, "addWebhook/scenarios/nothing")


def test_steps_together_are_one_group() -> None:
    scenario = named(CONTRACT, "addWebhook/scenarios/creates-at-once")

    assert [3, 1, 1, 1, 1] == [len(group) for group in groups(scenario.steps)]


def test_calls_at_once_begin_together_and_keep_their_order() -> None:
    begun: list[float] = []
    lock = threading.Lock()

    def call(name: str) -> Observation:
        with lock:
            begun.append(time.monotonic())
        time.sleep(0.05)
        return Unanswered(reason=name)

    found = at_once([lambda: call("one"), lambda: call("two")])

    assert ["one", "two"] == [each.reason for each in found if isinstance(each, Unanswered)]
    assert abs(begun[0] - begun[1]) < 0.05


def test_what_is_told_and_not_stored_is_found_by_reading_it_back() -> None:
    """
    The response to the create is right, and the object that can be read later is not.
    """
    identity = "addWebhook/minimal/read-back/read"
    done = sent(identity, mutant_named("webhook is not stored"))

    assert 1 == done.returncode, done.stdout + done.stderr
    assert 0 == sent(identity).returncode
