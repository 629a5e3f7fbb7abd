"""
httpx transports and fixtures for a user's own tests, over real loopback sockets, with the vendor's SDK.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from rtkcontract.contract import load
from rtkcontract.emulator.answers import emulator
from rtkcontract.model import Request, Response
from rtkcontract.network.server import serve
from rtkcontract.plugins.httpx_transport import AsyncContractTransport, BrokenContract, ContractTransport

cloudflare = pytest.importorskip("cloudflare", reason="the vendor's SDK is not installed: pip install cloudflare")

TOKEN = "canary-token-of-the-emulator-not-a-secret"
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
APP = "14a396e7-ca44-4937-bf1f-050a69118543"
IDS = {"account_id": ACCOUNT, "app_id": APP}
ROOT = Path(__file__).parents[2]

Liar = Callable[[Response], Response]


@dataclass(slots=True)
class Server:
    """
    The emulator on a socket; keeps what reached it, and lies when it is told to.
    """

    origin: str = ""
    reached: list[Request] = field(default_factory=list)
    lie: Liar | None = None

    @property
    def base_url(self) -> str:
        return f"{self.origin}/client/v4"

    @property
    def meetings(self) -> str:
        return f"{self.base_url}/accounts/{ACCOUNT}/realtime/kit/{APP}/meetings"


@pytest.fixture
def server() -> Iterator[Server]:
    ids = (str(uuid.UUID(int=number, version=4)) for number in itertools.count(1))
    answer = emulator(
        load.load_contract(),
        token=TOKEN,
        account_id=ACCOUNT,
        app_id=APP,
        now=lambda: datetime.now(UTC),
        new_id=lambda: next(ids),
    )
    made = Server()

    def respond(request: Request) -> Response:
        made.reached.append(request)
        return made.lie(answer(request)) if made.lie else answer(request)

    with serve(respond) as made.origin:
        yield made


def _without_id(response: Response) -> Response:
    value = json.loads(response.content)
    del value["data"]["id"]
    return replace(response, content=json.dumps(value).encode())


def _sdk(server: Server, transport: ContractTransport, **options: Any) -> Any:
    http_client = cloudflare.DefaultHttpxClient(transport=transport)
    return cloudflare.Cloudflare(api_token=TOKEN, base_url=server.base_url, http_client=http_client, **options)


def _async_sdk(server: Server, transport: AsyncContractTransport) -> Any:
    http_client = httpx.AsyncClient(transport=transport)
    return cloudflare.AsyncCloudflare(api_token=TOKEN, base_url=server.base_url, http_client=http_client)


# ---- with the vendor's SDK


def test_a_good_call_of_the_sdk_passes(server: Server) -> None:
    transport = ContractTransport()
    with _sdk(server, transport) as client:
        answer = client.realtime_kit.meetings.create(**IDS, title="Stand-up", session_keep_alive_time_in_secs=600)

    assert "Stand-up" == answer.data.title
    assert 1 == len(server.reached)
    assert [] == transport.findings


def test_a_bad_body_of_the_sdk_fails_before_it_leaves(server: Server) -> None:
    """The SDK's retries see nothing of it, and nothing reaches the server."""
    transport = ContractTransport()
    with _sdk(server, transport) as client, pytest.raises(BrokenContract) as caught:
        client.realtime_kit.meetings.create(**IDS, session_keep_alive_time_in_secs=30)

    assert [] == server.reached
    assert 1 == len(transport.findings)
    assert [
        "the request is outside the contract; nothing was sent",
        "  session_keep_alive_time_in_secs is 30",
        "    it must be at least 60 (60 to 600)",
        "    source: Cloudflare's published OpenAPI document, RealtimeKit, read 2026-11-22, and 2 more",
        "    schema: create_meeting/request.json#/properties/session_keep_alive_time_in_secs/minimum",
    ] == str(caught.value).splitlines()


def test_an_answer_that_breaks_the_contract_fails_after(server: Server) -> None:
    """Once: a second request could create a second meeting."""
    server.lie = _without_id
    transport = ContractTransport()
    with _sdk(server, transport) as client, pytest.raises(BrokenContract, match="the answer is outside") as caught:
        client.realtime_kit.meetings.create(**IDS, title="Stand-up")

    assert 1 == len(server.reached)
    assert "id" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_the_async_sdk_is_checked_in_the_same_way(server: Server) -> None:
    async def calls() -> list[str]:
        told = []
        async with _async_sdk(server, AsyncContractTransport()) as client:
            answer = await client.realtime_kit.meetings.create(**IDS, title="Stand-up")
            told.append(answer.data.title)
            for keep_alive, lie in ((30, None), (60, _without_id)):
                server.lie = lie
                with pytest.raises(BrokenContract) as caught:
                    await client.realtime_kit.meetings.create(**IDS, session_keep_alive_time_in_secs=keep_alive)
                told.append(str(caught.value).splitlines()[0])
        return told

    assert [
        "Stand-up",
        "the request is outside the contract; nothing was sent",
        "the answer is outside the contract",
    ] == asyncio.run(calls())
    assert 2 == len(server.reached)


def test_a_refusal_of_the_token_is_no_finding(server: Server) -> None:
    """The SDK's user gets the SDK's own error."""
    with _sdk(server, ContractTransport()) as client, pytest.raises(cloudflare.AuthenticationError):
        client.with_options(api_token="u" * 40).realtime_kit.meetings.create(**IDS)

    assert 1 == len(server.reached)


# ---- with httpx alone


def test_what_is_not_ours_passes_untouched() -> None:
    """Another path and another method of ours: not read, not judged, and streamed as it comes."""

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"not json", headers={"x-method": request.method})

    with httpx.Client(transport=ContractTransport(httpx.MockTransport(handle))) as client:
        other = client.post("https://example.com/meetings", content=b"{broken")
        got = client.delete(f"https://api.cloudflare.com/client/v4/accounts/{ACCOUNT}/realtime/kit/{APP}/meetings")

    assert (b"not json", "POST") == (other.content, other.headers["x-method"])
    assert 200 == got.status_code


def _client(server: Server, **options: Any) -> httpx.Client:
    return httpx.Client(transport=ContractTransport(**options), headers={"authorization": f"Bearer {TOKEN}"})


def _chunks() -> Iterator[bytes]:
    yield b'{"title": "in '
    yield b'pieces"}'


async def _async_chunks() -> AsyncIterator[bytes]:
    for chunk in _chunks():
        yield chunk


JSON = {"content-type": "application/json"}


def test_a_streamed_body_is_read_and_sent_whole(server: Server) -> None:
    with _client(server) as client:
        answer = client.post(server.meetings, content=_chunks(), headers=JSON)

    assert b'{"title": "in pieces"}' == server.reached[0].content
    assert "in pieces" == answer.json()["data"]["title"]


def test_an_async_streamed_body_is_read_and_sent_whole(server: Server) -> None:
    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=AsyncContractTransport()) as client:
            headers = {**JSON, "authorization": f"Bearer {TOKEN}"}
            return await client.post(server.meetings, content=_async_chunks(), headers=headers)

    assert "in pieces" == asyncio.run(call()).json()["data"]["title"]
    assert b'{"title": "in pieces"}' == server.reached[0].content


def test_a_compressed_answer_is_judged_plain_and_handed_on_as_it_came(server: Server) -> None:
    server.lie = lambda response: Response(
        status=response.status,
        headers=(*response.headers, ("content-encoding", "gzip")),
        content=gzip.compress(response.content),
    )
    with _client(server) as client, client.stream("POST", server.meetings, json={"title": "a"}) as answer:
        raw = b"".join(answer.iter_raw())

    assert "a" == json.loads(gzip.decompress(raw))["data"]["title"]


def test_an_answer_that_is_no_json_is_told(server: Server) -> None:
    server.lie = lambda response: replace(response, content=b"<html>")
    with _client(server) as client, pytest.raises(BrokenContract, match="a JSON body"):
        client.post(server.meetings, json={})


def test_an_answer_that_cannot_be_unpacked_is_told(server: Server) -> None:
    server.lie = lambda response: replace(
        response, headers=(*response.headers, ("content-encoding", "gzip")), content=b"\x1f"
    )
    with _client(server) as client, pytest.raises(BrokenContract, match="a JSON body"):
        client.post(server.meetings, json={})


def test_what_is_not_ours_passes_untouched_through_the_async_one() -> None:
    async def call() -> httpx.Response:
        wrapped = httpx.MockTransport(lambda _: httpx.Response(200, content=b"not json"))
        async with httpx.AsyncClient(transport=AsyncContractTransport(wrapped)) as client:
            return await client.post("https://example.com/meetings", content=b"{broken")

    assert b"not json" == asyncio.run(call()).content


def test_a_body_that_is_no_json_does_not_leave(server: Server) -> None:
    with _client(server) as client, pytest.raises(BrokenContract, match="must be JSON"):
        client.post(server.meetings, content=b"{title", headers=JSON)

    assert [] == server.reached


def test_findings_can_be_collected(server: Server) -> None:
    """With "collect" a bad body is sent; with "ignore" that half is not looked at."""
    transport = ContractTransport(on_request="collect", on_answer="collect")
    ignoring = ContractTransport(on_request="ignore")
    for each in (transport, ignoring):
        with httpx.Client(transport=each, headers={"authorization": f"Bearer {TOKEN}"}) as client:
            assert 400 == client.post(server.meetings, json={"title": 3}).status_code
    server.lie = _without_id
    with _client(server, on_answer="ignore") as client:
        assert 201 == client.post(server.meetings, json={}).status_code

    assert ["title"] == [verdict.broken[0].field for verdict in transport.findings]
    assert [] == ignoring.findings
    assert 3 == len(server.reached)


def test_a_lost_connection_is_the_clients_own_error() -> None:
    with _client(Server()) as client, pytest.raises(httpx.ConnectError):
        client.post(f"http://127.0.0.1:9/client/v4/accounts/{ACCOUNT}/realtime/kit/{APP}/meetings", json={})


# ---- fixtures, in a pytest of their own


def _pytest(folder: Path, *arguments: str, server: Server) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "CLOUDFLARE_BASE_URL": server.base_url,
        "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
        "REALTIMEKIT_APP_ID": APP,
        "NO_COLOR": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


TESTS = """
    import os

    import httpx
    import pytest

    URL = os.environ["CLOUDFLARE_BASE_URL"] + "/accounts/{account}/realtime/kit/{app}/meetings"
    HEADERS = {{"authorization": "Bearer " + os.environ["CLOUDFLARE_API_TOKEN"]}}


    def test_good(rtkcontract_transport):
        with httpx.Client(transport=rtkcontract_transport, headers=HEADERS) as client:
            assert client.post(URL, json={{"title": "a"}}).status_code == 201


    def test_bad(rtkcontract_transport):
        with httpx.Client(transport=rtkcontract_transport, headers=HEADERS) as client:
            client.post(URL, json={{"session_keep_alive_time_in_secs": 30}})


    def test_swallowed(rtkcontract_transport):
        try:
            with httpx.Client(transport=rtkcontract_transport, headers=HEADERS) as client:
                client.post(URL, json={{"title": 3}})
        except BaseException:
            pass


    def test_expected(rtkcontract_transport):
        from rtkcontract.plugins.httpx_transport import BrokenContract

        with httpx.Client(transport=rtkcontract_transport) as client, pytest.raises(BrokenContract):
            client.post(URL, json={{"title": 3}})
        rtkcontract_transport.findings.clear()


    def test_async(rtkcontract_async_transport):
        import asyncio

        async def call():
            async with httpx.AsyncClient(transport=rtkcontract_async_transport, headers=HEADERS) as client:
                return await client.post(URL, json={{}})

        assert asyncio.run(call()).status_code == 201
"""


def test_the_fixtures_check_and_tell_what_was_swallowed(tmp_path: Path, server: Server) -> None:
    """Found by the entry point alone: no conftest, no option."""
    text = textwrap.dedent(TESTS).format(account=ACCOUNT, app=APP)
    (tmp_path / "test_theirs.py").write_text(text)
    done = _pytest(tmp_path, server=server)

    assert 1 == done.returncode, done.stdout
    assert "1 failed, 4 passed, 1 error" in done.stdout
    assert "BrokenContract: the request is outside the contract; nothing was sent" in done.stdout
    assert "it must be at least 60 (60 to 600)" in done.stdout
    assert "ERROR test_theirs.py::test_swallowed - Failed: the code under test caught" in done.stdout
    assert "transports.py:" not in done.stdout
    assert 2 == len(server.reached)


def test_the_fixture_module_imports_nothing_heavy() -> None:
    """A project that installs us and uses no fixture pays for no import of ours."""
    code = (
        "import sys, pytest; old = set(sys.modules); import rtkcontract.plugins.pytest_fixture;"
        " print(*set(sys.modules) - old)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert {"rtkcontract", "rtkcontract.plugins", "rtkcontract.plugins.pytest_fixture"} == {
        n for n in done.stdout.split() if "." not in n or "rtk" in n
    }


def test_the_example_runs(tmp_path: Path, server: Server) -> None:
    example = ROOT / "examples" / "test_my_app.py"
    (tmp_path / "test_my_app.py").write_text(example.read_text())
    done = _pytest(tmp_path, server=server)

    assert 0 == done.returncode, done.stdout
    assert "1 passed" in done.stdout
    assert 1 == len(server.reached)


def test_the_lines_of_the_readme_run(tmp_path: Path, server: Server) -> None:
    """As they stand there; with 30 seconds nothing leaves, and the failure names the field and its limit."""
    lines = (ROOT / "README.md").read_text().partition("```python\n")[2].partition("```")[0]
    (tmp_path / "test_readme.py").write_text(lines)
    good = _pytest(tmp_path, server=server)
    (tmp_path / "test_readme.py").write_text(lines.replace('title="Weekly"', "session_keep_alive_time_in_secs=30"))
    bad = _pytest(tmp_path, server=server)

    assert len(lines.splitlines()) <= 10
    assert 0 == good.returncode, good.stdout
    assert 1 == bad.returncode
    assert "session_keep_alive_time_in_secs is 30\n" in bad.stdout
    assert "it must be at least 60 (60 to 600)" in bad.stdout
    assert 1 == len(server.reached)
