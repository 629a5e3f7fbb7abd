"""A user's own test with stock pytest-recording: no planted secret reaches the cassette, and it replays."""

from __future__ import annotations

import os
import random
import string
import subprocess
import sys
from pathlib import Path

import pytest
import vcr.request
import yaml
from vcr.serializers import yamlserializer

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.model import Request, Response
from rtkcontract.network.server import serve
from rtkcontract.recordings.vcr_adapter import vcr_config

DRAWN = random.Random(15)
HEADERS = (
    "Authorization",
    "X-Auth-Key",
    "X-Auth-Email",
    "X-Auth-User-Service-Key",
    "X-Api-Key",
    "Cookie",
    "X-Amz-Security-Token",
)
MEMBERS = ("secret", "password", "access_key", "private_key", "token", "api_key", "client_secret", "authToken")


def planted(count: int) -> list[str]:
    return [
        "".join(DRAWN.choices(string.ascii_letters + string.digits, k=DRAWN.choice((12, 24, 40)))) for _ in range(count)
    ]


SENT_HEADERS, SENT_MEMBERS, IN_QUERY = planted(len(HEADERS)), planted(24), planted(3)
GOT_MEMBERS, COOKIES, STREAM = planted(20), planted(3), planted(3)
SECRETS = [*SENT_HEADERS, *SENT_MEMBERS, *IN_QUERY, *GOT_MEMBERS, *COOKIES, *STREAM]

TEST = """
import httpx, pytest
from rtkcontract.recordings.vcr_adapter import vcr_config as redacting

@pytest.fixture
def vcr_config():
    return redacting()

@pytest.mark.vcr
def test_mine():
    for body, query in {exchanges!r}:
        answer = httpx.post({url!r} + query, headers={headers!r}, json=body)
        assert 201 == answer.status_code
        assert answer.json()["data"]["title"] == "mine"
"""


def exchanges() -> list[tuple[dict[str, object], str]]:
    """
    Three exchanges, each with eight secrets in the body and one in the query.
    """
    made = []
    for number in range(3):
        own = SENT_MEMBERS[number * 8 : number * 8 + 8]
        body = {"title": "mine", "recording_config": {"storage_config": dict(zip(MEMBERS, own, strict=True))}}
        made.append((body, f"?api_key={IN_QUERY[number]}"))
    return made


def respond(request: Request) -> Response:
    """
    Tells what it was sent, and secrets of its own.
    """
    data = {
        "title": "mine",
        "echo": request.content.decode(),
        "keys": [{name: value} for name, value in zip(MEMBERS * 3, GOT_MEMBERS, strict=False)],
        "streams": [f"rtmps://live.example.com/app/{value}" for value in STREAM],
        "authorization": dict(request.headers).get("authorization", ""),
    }
    headers = [("content-type", "application/json"), *(("set-cookie", f"session={value}; Path=/") for value in COOKIES)]
    return Response(status=201, headers=tuple(headers), content=dumps({"success": True, "data": data}).encode())


def run(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDFLARE_", "REALTIMEKIT_"))}
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:schemathesis", "-c", os.devnull, "--rootdir", str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *argv, str(folder / "test_mine.py")],
        cwd=folder, env=kept, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_no_planted_secret_reaches_a_users_cassette(tmp_path: Path) -> None:
    headers = {
        name: f"Bearer {value}" if name == "Authorization" else value
        for name, value in zip(HEADERS, SENT_HEADERS, strict=True)
    }
    headers["Cookie"] = f"session={headers['Cookie']}"
    with serve(respond) as origin:
        (tmp_path / "test_mine.py").write_text(
            TEST.format(exchanges=exchanges(), url=f"{origin}/v1/meetings", headers=headers)
        )
        recorded = run(tmp_path, "--record-mode=once")
    assert 0 == recorded.returncode, recorded.stdout
    (cassette,) = (tmp_path / "cassettes").rglob("*.yaml")
    text = cassette.read_text()

    assert 60 == len(set(SECRETS))
    assert [] == [secret for secret in SECRETS if secret in text]
    assert 3 == len(yaml.safe_load(text)["interactions"])
    assert 0 == run(tmp_path, "--record-mode=none", "--block-network").returncode, "the server is gone"


def test_a_cassette_with_a_secret_is_refused(tmp_path: Path) -> None:
    """What redaction has not seen is found before the file is made, and named without its value."""
    hidden = "correct-horse-battery-staple-15"
    persister = vcr_config(secrets={"MINE": hidden}, environment={})["persister"]
    request = vcr.request.Request("GET", f"http://127.0.0.1/{hidden.encode().hex()}", None, {})
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}

    with pytest.raises(CannotTell, match=r"mine.yaml is not written, for it would hold mine.yaml: MINE") as error:
        persister.save_cassette(
            tmp_path / "mine.yaml", {"requests": [request], "responses": [response]}, yamlserializer
        )
    assert hidden not in str(error.value)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", ["rewrite", "once", "new_episodes", "all"])
def test_contract_tests_refuse_to_record(mode: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "contract_tests", f"--record-mode={mode}", "-p", "no:cacheprovider", "-q"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert 2 == done.returncode, done.stdout
    assert f"--record-mode={mode} is not for contract tests, which replay; `rtkcontract record` records" in done.stdout
