"""
Objects that cases need are made and shared, written down, and taken away; nothing else is.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.engine import resources, selection, targets
from rtkcontract.engine.loop import Exchange
from rtkcontract.errors import CannotTell
from rtkcontract.generation import plan as plans
from rtkcontract.model import Answered, Case, Made, Observation, Overrides, Request, Response, Unanswered
from rtkcontract.network.server import in_process, serve

CONTRACT = load.load_contract()
TARGET = dataclasses.replace(targets.target_of("emulator", {}), base_url=targets.IN_PROCESS)
OTHER = dataclasses.replace(TARGET, app_id="24a396e7-ca44-4937-bf1f-050a69118543")


class Server:
    """
    An emulator that notes each request.
    """

    def __init__(self) -> None:
        self.respond = targets.responder(
            CONTRACT, token=TARGET.token, account_id=TARGET.account_id, app_id=TARGET.app_id
        )
        self.seen: list[tuple[str, str]] = []

    def __call__(self, request: Request) -> Response:
        self.seen.append((request.method, request.url.partition("/meetings")[2]))
        return self.respond(request)

    def meetings(self, base_url: str = targets.IN_PROCESS) -> list[str]:
        """
        The statuses of all meetings, without a note of the request.
        """
        operation = CONTRACT.operations["get_all_meetings"]
        case = dataclasses.replace(plain(operation.name), overrides=Overrides(query=(("per_page", "100"),)))
        target = dataclasses.replace(TARGET, base_url=base_url)
        data = json.loads(self.respond(request_of(operation, case, target)).content)["data"]
        return [meeting["status"] for meeting in data]


def plain(operation: str) -> Case:
    """
    The smallest case of an operation.
    """
    made = plans.make(CONTRACT, CONTRACT.operations[operation], "smoke")
    return next(case for case in made.cases if case.partition == "minimal")


def exchange(server: Callable[[Request], Response], ledger: Path | None = None, **more: object) -> Exchange:
    asking = targets.Asking(target=TARGET, send=in_process(server), limits=(), through="process")
    return Exchange(CONTRACT, asking, ledger, **more)  # type: ignore[arg-type]


def _status(observation: Observation) -> int:
    assert isinstance(observation, Answered), observation
    return observation.response.status


def test_an_object_is_made_once_and_shared() -> None:
    server = Server()
    own = exchange(server)
    first, second = (own.send(plain("get_meeting_participant")) for _ in range(2))

    assert (200, 200) == (_status(first), _status(second))
    assert ["POST", "POST", "GET", "GET"] == [method for method, _ in server.seen]
    assert server.seen[2] == server.seen[3]


def test_what_a_case_ends_is_its_own() -> None:
    """
    Two deletes end two participants of one meeting, and the shared one can still be read.
    """
    server = Server()
    own = exchange(server)
    sent = [own.send(plain(name)) for name in ("get_meeting_participant", *["delete_meeting_participant"] * 2)]
    again = own.send(plain("get_meeting_participant"))
    deleted = [url for method, url in server.seen if method == "DELETE"]

    assert {200} == {_status(each) for each in (*sent, again)}
    assert 2 == len(set(deleted))
    assert 1 == len({url.split("/")[1] for _, url in server.seen if url})


def test_an_ordinary_case_gives_what_others_need() -> None:
    server = Server()
    own = exchange(server)
    own.send(plain("create_meeting"))
    own.send(plain("get_meeting"))

    assert ["POST", "GET"] == [method for method, _ in server.seen]
    assert 0 == own.resources.requests


def test_what_cannot_be_made_is_no_verdict() -> None:
    refusing = exchange(lambda _: Response(status=500, headers=(), content=b""))
    failed = refusing.send(plain("get_meeting"))
    forbidden = exchange(Server(), forbidden={"start_recording"}).send(plain("get_one_recording"))

    assert isinstance(failed, Unanswered)
    assert "create_meeting was to give an id that this case needs, and answered with 500" == failed.reason
    assert not failed.missing
    assert isinstance(forbidden, Unanswered)
    assert forbidden.missing
    assert "--allow" in forbidden.reason


def test_an_id_of_an_earlier_step_is_filled_in() -> None:
    own = exchange(Server())
    made = Made(operation="create_meeting", pointer="/data/id", case="a/step")
    case = dataclasses.replace(plain("get_meeting"), overrides=Overrides(path_parameters={"meeting_id": made}))
    missing = own.send(case)
    answer = own.send(plain("create_meeting"))
    assert isinstance(answer, Answered)
    own.resources.steps["a/step"] = answer.response.content

    assert isinstance(missing, Unanswered)
    assert 200 == _status(own.send(case))


# --- the ledger -----------------------------------------------------------------------------------------------------


def test_all_that_was_made_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    server = Server()
    exchange(server).send(plain("create_meeting"))  # somebody else's
    own = exchange(server, tmp_path / "ledger")
    for name in ("create_meeting", "addWebhook", "post-presets", "get_meeting_participant"):
        assert _status(own.send(plain(name))) < 300
    text = (tmp_path / "ledger").read_text()
    left = own.clean_up()

    assert () == left
    assert ["ACTIVE", "INACTIVE"] == sorted(server.meetings())
    assert not (tmp_path / "ledger").exists()
    assert not any(secret in text for secret in (TARGET.token, TARGET.account_id, TARGET.app_id))


def test_what_stays_is_told_with_its_reason(tmp_path: Path) -> None:
    server = Server()
    own = exchange(server, tmp_path / "ledger")
    own.send(plain("create_meeting"))
    own.send(plain("create_livestream"))
    broken = exchange(lambda _: Response(status=503, headers=(), content=b""))
    first = resources.cleaned(tmp_path / "ledger", TARGET, broken.asking.send)
    second = own.clean_up()

    assert ["the contract names no operation that takes it away", "PATCH answered with 503"] == [
        each.reason for each in first
    ]
    assert ["the contract names no operation that takes it away"] == [each.reason for each in second]
    assert f"rtkcontract clean {tmp_path / 'ledger'}" in resources.left_text(second, tmp_path / "ledger")


@pytest.mark.parametrize(
    ("text", "said"),
    [("{\n", "line 1 is no line of a ledger"), ('{"a":1}\n', "line 1 is no line of a ledger")],
)
def test_a_file_that_is_no_ledger_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "ledger").write_text(text)
    with pytest.raises(CannotTell, match=said):
        resources.cleaned(tmp_path / "ledger", TARGET, exchange(Server()).asking.send)


def test_a_ledger_of_another_app_takes_nothing_away(tmp_path: Path) -> None:
    server = Server()
    own = exchange(server, tmp_path / "ledger")
    own.send(plain("create_meeting"))
    assert own.ledger is not None
    own.ledger.close()
    with pytest.raises(CannotTell, match="objects in another app"):
        resources.cleaned(tmp_path / "ledger", OTHER, in_process(server))

    assert ["ACTIVE"] == server.meetings()


def test_what_costs_money_is_sent_only_when_it_is_named() -> None:
    operations = selection.operations_of(CONTRACT)
    kept, costly = selection.allowed(operations, ("start_recording",))

    assert {"create_app", "KickAllParticipants"} <= set(costly)
    assert {"create_meeting", "start_recording"} <= set(kept)
    with pytest.raises(CannotTell, match="add --allow create_app"):
        selection.allowed({"create_app": operations["create_app"]}, ())


KILLED = """
import os, signal, sys
from pathlib import Path
from rtkcontract.contract import load
from rtkcontract.engine import targets
from rtkcontract.engine.loop import Exchange
from rtkcontract.generation import plan as plans
import dataclasses

address, ledger = sys.argv[1], Path(sys.argv[2])
contract = load.load_contract()
target = dataclasses.replace(targets.target_of("emulator", {}), kind="live", base_url=address)
names = ("create_meeting", "get_meeting_participant", "addWebhook", "delete_meeting_participant", "update_meeting")
cases = [case for name in names for case in plans.make(contract, contract.operations[name], "smoke").cases[:6]]
for moment in map(int, sys.argv[3:]):
    child = os.fork()
    if child == 0:
        with targets.asking(contract, target, rate=0) as asking:
            count = 0
            def send(request, send=asking.send):
                global count
                count += 1
                if count == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
                return send(request)
            own = Exchange(contract, dataclasses.replace(asking, send=send), ledger.with_name(f"{moment}.jsonl"))
            for case in cases:
                own.send(case)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""


def test_a_run_that_is_killed_leaves_nothing_that_can_be_taken_away(tmp_path: Path) -> None:
    """
    Killed before the request that comes next, at twenty moments; cleaning up finishes what each began.
    """
    server = Server()
    moments = range(2, 22)
    with serve(server) as origin:
        address = f"{origin}/client/v4"
        subprocess.run(
            [sys.executable, "-c", KILLED, address, str(tmp_path / "ledger"), *map(str, moments)],
            check=True,
            timeout=120,
            env=dict(os.environ),
        )
        before = server.meetings(address)
        target = dataclasses.replace(TARGET, kind="live", base_url=address)
        with targets.asking(CONTRACT, target, rate=0) as asking:
            left = [resources.cleaned(tmp_path / f"{moment}.jsonl", asking.target, asking.send) for moment in moments]
        after = server.meetings(address)

    assert "ACTIVE" in before
    assert [()] * len(moments) == left
    assert {"INACTIVE"} == set(after)
    assert [] == list(tmp_path.iterdir())
