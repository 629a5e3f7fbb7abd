"""
Runs schemathesis' own command line on the same document and server, so that ratios are measured side by side.

1. The command is `st --config-file EMPTY run openapi.json --url BASE --header "Authorization: Bearer TOKEN" --seed 1`,
   in an empty folder; every other setting is its default: all checks, all phases, both modes, 100 examples, one worker.
   `--no-color` and `--report ndjson` change what it writes and nothing that it sends (551 requests with and without).
2. The document is the bundled contract. Only the `example` of the two path parameters is replaced, by the ids of the
   server, since random ids never get past its door. Of the ways tried, this one gets most bodies accepted: 223 of 551
   requests, against 181 of 553 with `[parameters]` in schemathesis.toml and 222 of 562 with an enum of one value.
3. It takes only 401 and 403 for a refused credential, where the sources also know 400. `as_it_expects` answers 401, one
   of the lawful statuses, so that no check of it has to be switched off; without it a correct server makes two false
   alarms (ignored_auth, missing_required_header) and a default run ends after 7 requests.
4. By default a phase ends at its first failure; `keep_going` adds `--continue-on-failure`.
5. The index of a failure is that of the first request whose answer failed a check, counted from 1 as the server counts,
   with the probes that schemathesis sends first.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rtkcontract.contract import load
from rtkcontract.emulator.answers import emulator
from rtkcontract.model import Contract, Json, Request, Response
from rtkcontract.network.server import serve

Respond = Callable[[Request], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRun:
    """
    One run. `failures` maps the name of a check to the index of the request that first failed it.
    """

    command: str
    exit_code: int
    requests: int
    accepted: int
    wall_s: float
    failures: dict[str, int]
    output: str

    @property
    def found(self) -> bool:
        return bool(self.failures)

    @property
    def first(self) -> int | None:
        """
        The index of the first request that showed anything.
        """
        return min(self.failures.values(), default=None)


class Counted:
    """
    A server that counts what reaches it.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond, self.requests = respond, 0

    def __call__(self, request: Request) -> Response:
        self.requests += 1
        return self.respond(request)


def as_it_expects(respond: Respond, token: str) -> Respond:
    """
    The same server with 401 for every refused credential.
    """

    def answer(request: Request) -> Response:
        response = respond(request)
        refused = response.status == 400 and ("authorization", f"Bearer {token}") not in request.headers
        return dataclasses.replace(response, status=401) if refused else response

    return answer


def alone(contract: Contract) -> Contract:
    """
    The contract with its first operation alone and without links, which lead to operations that are not there.
    """
    operation = next(iter(contract.operations.values()))
    item = copy.deepcopy(contract.document["paths"][operation.path][operation.method.lower()])
    for response in item["responses"].values():
        response.pop("links", None)
    document = {**contract.document, "paths": {operation.path: {operation.method.lower(): item}}}
    return load.contract_of(document, load.folder_reader(load.data_folder("schemas")), "memory")


def with_ids(document: Json, ids: dict[str, str]) -> Json:
    """
    A copy of the document whose path parameters have the ids as their examples.
    """
    document = copy.deepcopy(document)
    operations = [spec for item in document["paths"].values() for spec in item.values() if isinstance(spec, dict)]
    for parameter in (found for spec in operations for found in spec.get("parameters", ())):
        if parameter.get("in") == "path":
            parameter["example"] = ids[parameter["name"]]
    return document


def run(
    base_url: str,
    document: Json,
    *,
    token: str,
    ids: dict[str, str],
    served: Callable[[], int] | None = None,
    keep_going: bool = False,
    seed: int = 1,
    timeout_s: float = 300.0,
) -> PeerRun:
    """
    One run against a server that is up. `served` tells how many requests it has had; without it the report is counted.

    Raises subprocess.TimeoutExpired when the run does not end in time.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "openapi.json").write_text(json.dumps(with_ids(document, ids)))
        (folder / "schemathesis.toml").touch()
        options = ["--url", base_url, "--header", f"Authorization: Bearer {token}", "--seed", str(seed)]
        options += ["--no-color", "--report", "ndjson", "--report-ndjson-path", "events.ndjson"]
        options += ["--continue-on-failure"] * keep_going
        command = ["st", "--config-file", "schemathesis.toml", "run", "openapi.json", *options]
        before = served() if served else 0
        started = time.perf_counter()
        done = subprocess.run(
            [str(Path(sys.executable).with_name("st")), *command[1:]],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        wall_s = time.perf_counter() - started
        report = folder / "events.ndjson"
        seen = list(exchanges(report.read_text().splitlines())) if report.exists() else []
    requests = served() - before if served else len(seen)
    return PeerRun(
        command=" ".join(command).replace(token, "TOKEN"),
        exit_code=done.returncode,
        requests=requests,
        accepted=sum(200 <= status < 300 for status, _ in seen),
        wall_s=wall_s,
        failures=first_failures(seen, offset=max(0, requests - len(seen))),
        output=done.stdout + done.stderr,
    )


def exchanges(lines: list[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """
    Status and failed checks of each request of an ndjson report, in the order of sending; status 0 where none came.
    """
    for line in lines:
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for case_id, exchange in recorder.get("interactions", {}).items():
            checks = recorder["checks"].get(case_id, ())
            status = (exchange["response"] or {}).get("status_code", 0)
            yield status, tuple(check["name"] for check in checks if check["status"] == "failure")


def first_failures(seen: list[tuple[int, tuple[str, ...]]], offset: int) -> dict[str, int]:
    """
    The index of the first request that failed each check.
    """
    first: dict[str, int] = {}
    for index, (_, checks) in enumerate(seen, offset + 1):
        for check in checks:
            first.setdefault(check, index)
    return first


def against(respond: Respond, document: Json, *, token: str, ids: dict[str, str], keep_going: bool = False) -> PeerRun:
    """
    One run against a server that is started for it.
    """
    counted = Counted(respond)
    with serve(counted) as origin:
        url = f"{origin}/client/v4"
        served = lambda: counted.requests  # noqa: E731 - one expression, used once
        return run(url, document, token=token, ids=ids, served=served, keep_going=keep_going)


def main() -> None:
    """
    The default run and the one that keeps going, on the correct server as it is and as schemathesis expects it.
    """
    contract = alone(load.load_contract())
    token, ids = "T" * 40, {"account_id": "0123456789abcdef" * 2, "app_id": "14a396e7-ca44-4937-bf1f-050a69118543"}
    correct = emulator(contract, token=token, **ids, now=lambda: datetime.now(UTC), new_id=lambda: str(uuid.uuid4()))
    for name, respond in (("emulator", correct), ("emulator, 401", as_it_expects(correct, token))):
        for keep_going in (False, True):
            done = against(respond, contract.document, token=token, ids=ids, keep_going=keep_going)
            print(f"{name:14} {'keeps going' if keep_going else 'default':12} exit {done.exit_code}", end="  ")
            print(f"{done.requests} requests, {done.accepted} accepted, {done.wall_s:.1f} s  {done.failures}")


if __name__ == "__main__":
    main()
