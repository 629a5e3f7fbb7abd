"""
`serve` says what to export, logs each request without a value of it, and takes chaos by name or by file.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

# Offline is the rule of a plain run; these tests need loopback, and nothing else.
pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

ACCOUNT, OTHER = "023e105f4ecef8ad9ca31a8372d0c353", "f" * 32
APP = "14a396e7-ca44-4937-bf1f-050a69118543"


@contextlib.contextmanager
def _served(*argv: str) -> Iterator[tuple[dict[str, str], list[str], subprocess.Popen[str]]]:
    """
    A running `serve`: what it exports, the other lines that it printed, and the process.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "rtkcontract", "serve", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    exported: dict[str, str] = {}
    others: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            name, equals, value = line.strip().removeprefix("export ").partition("=")
            if line.startswith("export ") and equals:
                exported[name] = value
            else:
                others.append(line.strip())
            if name == "REALTIMEKIT_APP_ID":
                break
        yield exported, others, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def _post(exported: dict[str, str], token: str, account: str, *, body: str = "{}") -> httpx.Response:
    url = f"{exported['CLOUDFLARE_BASE_URL']}/accounts/{account}/realtime/kit/{APP}/meetings"
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return httpx.post(url, headers=headers, content=body, trust_env=False, timeout=10)


def test_without_options_any_account_will_do() -> None:
    """What it exports works, so does another account, and the log holds neither id nor token nor value."""
    with _served() as (exported, others, process):
        token = exported["CLOUDFLARE_API_TOKEN"]
        statuses = [_post(exported, token, account).status_code for account in (ACCOUNT, OTHER, "no-account")]
        refused = _post(exported, token, ACCOUNT, body='{"title": 71828}')
        process.terminate()
        logged = process.communicate(timeout=20)[1]

    assert [201, 201, 404] == statuses
    assert 400 == refused.status_code
    assert any("any account id" in line for line in others)
    lines = logged.splitlines()
    assert 4 == len(lines)
    assert lines[0].startswith("POST create_meeting 201 ")
    assert "title: type" in lines[3]
    assert not any(secret in logged for secret in (token, ACCOUNT, OTHER, APP, "71828"))


def test_pinned_ids_and_a_token_are_kept_to(tmp_path: Path) -> None:
    """Another account is refused, the given token is not printed, and --quiet logs nothing."""
    script = tmp_path / "trouble.json"
    script.write_text('{"rules": [{"fault": "html", "first": 1}]}')
    token = "canary_token_of_the_serve_test_not_a_secret"
    with _served("--token", token, "--account-id", ACCOUNT, "--chaos", str(script), "-q") as (
        exported,
        others,
        process,
    ):
        statuses = [_post(exported, token, account).status_code for account in (ACCOUNT, ACCOUNT, OTHER)]
        process.terminate()
        logged = process.communicate(timeout=20)[1]

    assert [502, 201, 403] == statuses
    assert "" == logged
    assert not any(token in line for line in (*exported.values(), *others))


def test_an_unknown_preset_is_one_line() -> None:
    """Exit code 2, with the presets that there are."""
    told = subprocess.run(
        [sys.executable, "-m", "rtkcontract", "serve", "--chaos", "storm"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert 2 == told.returncode
    assert "--chaos storm: No such file or directory; name a file, or one of throttled, " in told.stderr
    assert 1 == told.stderr.count("\n")
