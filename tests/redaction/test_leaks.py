"""
No planted secret reaches a file or a terminal: a recording run with failing tests, JUnit, a page, logs and locals.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recorded import HIDINGS, SECRETS, contract_and_operation, redactor
from rtkcontract.contract import load
from rtkcontract.recordings import cassette
from rtkcontract.recordings import folder as cassette_folder
from rtkcontract.redaction.scanner import Gate, scan

PLACES = (
    "path", "header of the request", "body of the request", "member name", "body of the answer", "message",
    "compressed answer", "header of the answer", "cookie", "page",
)  # fmt: skip
CODED = ("gzip", "deflate", "br", "zstd", "br, zstd", "zstd, gzip, br")
SHOUTED = 12
"""Every so many tests fail in the run below, with the secrets among their locals."""

CONFTEST = """
import sys
sys.path.insert(0, {tests!r})
import atexit, json, os
OPENED = set()

def audit(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path, mode, flags = arguments
        if (mode and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)):
            OPENED.add(os.path.abspath(os.fsdecode(path)))
    if event == "os.rename":
        OPENED.add(os.path.abspath(os.fsdecode(arguments[1])))

sys.addaudithook(audit)
atexit.register(lambda: sys.__stdout__.write("AUDIT " + json.dumps(sorted(OPENED)) + "\\n"))

import logging
import pytest
from recorded import contract_and_operation, redactor
from rtkcontract.redaction import logs

CONTRACT, OPERATION = contract_and_operation()
REDACTOR = redactor(CONTRACT)
LOGS = logs.redacted_logs(REDACTOR.text)

def pytest_configure(config):
    LOGS.__enter__()

@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    logs.redact_report(outcome.get_result(), REDACTOR.text)
"""

PLANTED = """
import json, logging, pathlib
from dataclasses import replace
import httpx
import pytest
from recorded import *
from redaction.test_leaks import CODED, PLACES, SHOUTED
from rtkcontract.checks.judge import judge
from rtkcontract.engine import run_file
from rtkcontract.recordings import record
from rtkcontract.reports import html as page
from rtkcontract.errors import CannotTell
from rtkcontract.model import Answered, Overrides
from rtkcontract.redaction.redactor import PLACEHOLDERS

CONTRACT, OPERATION = contract_and_operation()
REDACTOR = redactor(CONTRACT)
FOLDER = pathlib.Path({folder!r})
# Every fourth, in turn: each place, secret and way to hide comes often.
ALL = [
    (place, name, secret, hiding)
    for p, place in enumerate(PLACES)
    for n, (name, secret) in enumerate(SECRETS)
    for h, hiding in enumerate(HIDINGS)
    if (p + n + h) % 4 == 0
]
RESULTS = []

def planted(place, hidden, number):
    overrides, content, response = Overrides(), b'{{"title":"rtkcontract %d"}}' % number, answer(created())
    if place == "path":
        overrides = Overrides(path_parameters={{"app_id": hidden}})
    elif place == "header of the request":
        overrides = Overrides(headers={{"x-auth-key": hidden}})
    elif place == "body of the request":
        content = json.dumps({{"title": hidden}}).encode()
    elif place == "member name":
        response = answer(created(**{{hidden: 1}}))
    elif place == "body of the answer":
        response = answer(created(recording_config={{"storage_config": {{"host": hidden}}}}))
    elif place == "message":
        told = {{"success": False, "errors": [{{"code": 1, "message": "no " + hidden}}]}}
        response = answer(json.dumps(told), status=400)
    elif place == "compressed answer":
        codings = CODED[number % len(CODED)]
        response = answer(packed(created(note=hidden).encode(), codings), ("content-encoding", codings))
    elif place == "header of the answer":
        response = answer(created(), ("location", "https://example.com/?q=" + hidden))
    elif place == "cookie":
        response = answer(created(), ("set-cookie", "__cf_bm=" + hidden), ("cf-ray", "8e1f2a3b4c5d6e7f-AMS"))
    elif place == "page":
        response = answer("<html>" + hidden + "</html>", status=400)
    return overrides, content, response

@pytest.mark.parametrize("number", range(len(ALL)))
def test_planted(number, record_property):
    place, name, secret, hiding = ALL[number]
    hidden = HIDINGS[hiding](secret)
    overrides, content, response = planted(place, hidden, number)
    case = replace(case_of(content, f"planted-{{number}}"), overrides=overrides)
    logging.getLogger("planted").debug("sending %s for %s", secret, hidden)
    logging.getLogger("httpx").info("POST %s", secret)
    own = session(FOLDER, sending(lambda request: response))
    record_property("secret", secret)
    refused = ""
    try:
        done = record.record(own, [case], again=True)
        refused = "; ".join(reason for _, reason in done.unsettled)
    except CannotTell as error:
        refused = str(error)
    RESULTS.append(refused)
    if number % SHOUTED == 0:
        print("captured", secret, hidden)
        request = record.request_of(OPERATION, case, own.target)
        if number:
            del own  # it holds the contract, two megabytes in the locals: shown once
        raise AssertionError(f"planted {{secret}} as {{hidden}} at {{request.url}}")

def test_page():
    judged = []
    for number in range(0, len(ALL), 40):
        place, name, secret, hiding = ALL[number]
        overrides, content, response = planted(place, HIDINGS[hiding](secret), number)
        case = replace(case_of(content, f"planted-{{number}}"), overrides=overrides)
        judged.append(judge(CONTRACT, OPERATION, case, Answered(response=response, elapsed_s=0.1)))
    writer = run_file.Writer(FOLDER / "run.jsonl", REDACTOR.text)
    told = dict(observed="emulator", plan="smoke", started="2026-11-22T12:00:00Z", planned=len(judged), versions={{}})
    writer.header(run_file.header_of(CONTRACT, [OPERATION], target_at(), **told))
    for result in judged:
        writer.result(run_file.entry_of(OPERATION, result))
    writer.footer("2026-11-22T12:00:01Z")
    writer.close()
    (FOLDER / "page.html").write_text(REDACTOR.text(page.html(run_file.read(FOLDER / "run.jsonl"))), encoding="utf-8")
    assert len(judged) > 20

def test_told():
    refused = [text for text in RESULTS if text]
    pathlib.Path({told!r}).write_text(json.dumps([len(ALL), len(refused)]), encoding="utf-8")
    assert not [text for text in refused for _, secret in SECRETS if secret[:8] in text]
"""


def _run(folder: Path) -> subprocess.CompletedProcess[bytes]:
    tests = str(Path(__file__).parents[1])
    (folder / "shelf").mkdir()
    (folder / "conftest.py").write_text(CONFTEST.format(tests=tests), encoding="utf-8")
    (folder / "test_planted.py").write_text(
        PLANTED.format(folder=str(folder / "shelf"), told=str(folder / "told.json")), encoding="utf-8"
    )
    options = (
        "-vv --showlocals -rA --junitxml=junit.xml -o junit_logging=all -o log_level=DEBUG --log-file=log.txt "
        "--log-file-level=DEBUG --log-cli-level=DEBUG -p no:cacheprovider -p no:schemathesis -p no:rtkcontract"
    )
    command = [sys.executable, "-m", "pytest", *options.split(), "--rootdir", str(folder), "test_planted.py"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=570, check=False, env=environment)


def _shown(text: bytes) -> list[str]:
    """
    Which planted secrets stand in a text, as they are, hidden in any of the ways, or in pieces.
    """
    found = [
        f"{name} as {hiding}"
        for name, secret in SECRETS
        for hiding, hide in HIDINGS.items()
        if hide(secret).encode() in text
    ]
    return found + [str(leak) for leak in scan(text, Gate(secrets=SECRETS), look="text")]


def test_the_check_of_this_test_sees_what_it_looks_for() -> None:
    missed = [
        (name, hiding)
        for name, secret in SECRETS
        for hiding, hide in HIDINGS.items()
        if not _shown(f"x {hide(secret)} y".encode())
    ]

    assert missed == []


def test_no_planted_secret_reaches_a_file_or_the_terminal(tmp_path: Path) -> None:
    done = _run(tmp_path)
    output = done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(b"AUDIT ")]

    assert done.returncode == 1, output[-4000:].decode("utf-8", "replace")
    assert len(lines) == 1
    opened = [Path(name) for name in json.loads(lines[0][6:])]
    written = {path: path.read_bytes() for path in opened if path.is_file() and not str(path).startswith("/dev/")}
    plants, refused = json.loads((tmp_path / "told.json").read_bytes())
    held = cassette_folder.files(tmp_path / "shelf")

    assert plants >= 300
    assert 0 < refused < plants
    assert len(held) > 30
    assert {"junit.xml", "log.txt", "page.html", "run.jsonl"} <= {path.name for path in written}
    assert set(held) <= set(written)
    assert b"AssertionError: planted" in written[tmp_path / "junit.xml"]
    assert b" = Session(exchange=" in output
    leaking = {path.name: _shown(text) for path, text in written.items()}

    assert {name: found for name, found in leaking.items() if found} == {}
    assert _shown(output) == []


def test_the_shipped_recordings_pass_the_gate() -> None:
    """
    Not one false alarm.
    """
    contract, _ = contract_and_operation()
    held = cassette_folder.files(load.data_folder("cassettes"))
    if not held:
        pytest.skip("no recordings ship yet")
    gate = redactor(contract).gate
    found = [(path.name, leak) for path in held for leak in cassette_folder.leaks(cassette.read(path), gate)]

    assert found == []
