"""
The fault zoo is what it says: each fault shows at its own requests, and a lawful variant nowhere.

The whole of it is asked by `nox -s faults`; here goes what is quick.
"""

from __future__ import annotations

import collections
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtkcontract.checks import across
from rtkcontract.checks import judge as judging
from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.engine import run_file
from rtkcontract.generation import plan as plans
from rtkcontract.model import Answered, Case, Result
from rtkcontract.network import client
from rtkcontract.network import server as servers
from wrong_servers import emulated as zoo

ROOT = Path(__file__).parents[2]
CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
NOWHERE = zoo.target("http://127.0.0.1:1")
SMOKE = plans.make(CONTRACT, OPERATION, "smoke").cases

ALONE = [fault for fault in zoo.FAULTS if fault.edit is None and not fault.untold]
EDITED = [fault for fault in zoo.FAULTS if fault.edit is not None]
"""A server over an edited document takes a while to make, so that each tenth goes here."""


def _judge(respond: zoo.Respond, case: Case, limit_s: float | None) -> Result:
    started = time.perf_counter()
    response = respond(request_of(OPERATION, case, NOWHERE))
    observation = Answered(response=response, elapsed_s=time.perf_counter() - started)
    return judging.judge(CONTRACT, OPERATION, case, observation, max_latency_s=limit_s, secrets=(zoo.TOKEN,))


def _findings(respond: zoo.Respond, cases: tuple[Case, ...], limit_s: float | None = None) -> list[str]:
    results = across.judge_run(CONTRACT, OPERATION, [_judge(respond, case, limit_s) for case in cases])
    return [
        f"{result.case.id} {finding.check} {finding.expected} {finding.observed}"
        for result in results
        for finding in result.findings
        if finding.severity == "finding"
    ]


def _shown(fault: zoo.Fault) -> tuple[Case, ...]:
    return tuple(zoo.case_of(CONTRACT, OPERATION, number, asked) for number, asked in enumerate(fault.shows))


def _named(fault: zoo.Fault) -> str:
    return f"{fault.group}: {fault.name}"


@pytest.mark.parametrize("group", list(dict.fromkeys(fault.group for fault in ALONE)))
def test_a_fault_shows_at_its_own_requests(group: str) -> None:
    """
    The checks object to the fault, and to nothing that the correct server answers to the same.
    """
    mine = [fault for fault in ALONE if fault.group == group]
    silent = [fault.name for fault in mine if not _findings(fault.server(CONTRACT), _shown(fault), fault.max_latency_s)]
    unlawful = [fault.name for fault in mine if _findings(zoo.correct(CONTRACT), _shown(fault))]

    assert mine
    assert [] == silent
    assert [] == unlawful


@pytest.mark.parametrize("fault", EDITED[::10], ids=_named)
def test_a_misread_document_shows_at_its_own_requests(fault: zoo.Fault) -> None:
    """
    A server that misreads one constraint is told from a correct one.
    """
    assert _findings(fault.server(CONTRACT), _shown(fault))
    assert [] == _findings(zoo.correct(CONTRACT), _shown(fault))


def test_the_zoo_is_large_and_each_fault_has_a_name_of_its_own() -> None:
    """
    More than a hundred faults of one field, twenty of two, eight of three, and fifteen lawful variants.
    """
    names = collections.Counter(map(_named, zoo.FAULTS))
    fields = collections.Counter(fault.fields for fault in zoo.FAULTS)

    assert 1 == max(names.values())
    assert fields[1] >= 100
    assert fields[2] >= 20
    assert fields[3] >= 8
    assert len({variant.name for variant in zoo.VARIANTS}) == len(zoo.VARIANTS) >= 15


@pytest.mark.parametrize("variant", zoo.VARIANTS[::8], ids=lambda variant: variant.name)
def test_a_lawful_variant_is_left_alone(variant: zoo.Variant) -> None:
    """
    The smoke plan finds nothing in a server that differs in what the sources allow or leave open.
    """
    assert len(SMOKE) > 50
    assert [] == _findings(variant.server(CONTRACT), SMOKE)


ON_THE_WIRE = ("HTTP/1.0", "in chunks", "closed after each answer", "compressed", "throttled once", "more headers")


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_a_lawful_way_to_speak_http_is_left_alone(name: str) -> None:
    """
    Over a real socket each answer arrives and is correct.
    """
    variant = next(variant for variant in zoo.VARIANTS if variant.name == name)
    cases = SMOKE[:20]
    with variant.serve(variant.server(CONTRACT)) as origin, client.sender(timeout_s=10.0) as send:
        target = zoo.target(origin)
        results = [
            judging.judge(CONTRACT, OPERATION, case, send(request_of(OPERATION, case, target)), secrets=(zoo.TOKEN,))
            for case in cases
        ]

    assert ["pass"] * len(cases) == [result.status for result in results]


def _command(server: zoo.Fault | zoo.Variant, path: Path) -> subprocess.CompletedProcess[str]:
    names = {"CLOUDFLARE_API_TOKEN": zoo.TOKEN, "CLOUDFLARE_ACCOUNT_ID": zoo.ACCOUNT, "REALTIMEKIT_APP_ID": zoo.APP}
    with servers.serve(server.server(CONTRACT)) as origin:
        line = [sys.executable, "-m", "pytest", "contract_tests", "-q", "-p", "no:cacheprovider", "--target", "live"]
        line += ["--base-url", f"{origin}/client/v4", "--rate", "0", "--plan", "smoke", "--max-requests", "20"]
        line += ["--run-file", str(path), "--operation", "create_meeting"]
        return subprocess.run(
            line, cwd=ROOT, env={**os.environ, **names}, capture_output=True, text=True, check=False, timeout=120
        )


def test_the_command_reports_a_fault_and_exits_with_1(tmp_path: Path) -> None:
    """
    A success that says "true" in quotes is told with its case, what came and the source.
    """
    fault = next(fault for fault in zoo.FAULTS if fault.name == 'success "true"')
    done = _command(fault, tmp_path / "run.jsonl")
    found = [
        finding.check
        for entry in run_file.read(tmp_path / "run.jsonl").entries
        for finding in entry.result.findings
        if finding.severity == "finding"
    ]

    assert 1 == done.returncode, done.stdout + done.stderr
    assert {"envelope"} == set(found)
    assert zoo.TOKEN not in done.stdout + done.stderr


def test_the_command_leaves_a_lawful_variant_alone_and_exits_with_0(tmp_path: Path) -> None:
    """
    200 in place of 201 is a warning.
    """
    variant = next(variant for variant in zoo.VARIANTS if variant.name == "200 in place of 201")
    done = _command(variant, tmp_path / "run.jsonl")

    assert 0 == done.returncode, done.stdout + done.stderr


def test_an_answer_cut_short_is_not_told_and_exits_with_2(tmp_path: Path) -> None:
    """
    Where no whole answer comes, the run does not say that all is well.
    """
    fault = zoo.Fault(
        name="cut short",
        group="protocol",
        shows=zoo.MANY,
        wrap=zoo.says(
            lambda q, s, r: zoo.header("content-length", str(len(r.content) + 9))(q, s, r),
            when=lambda _, sent, r: r.status == 400,
        ),
    )
    done = _command(fault, tmp_path / "run.jsonl")

    assert 2 == done.returncode, done.stdout + done.stderr
