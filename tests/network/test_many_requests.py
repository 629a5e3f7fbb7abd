"""
The emulator under requests that nobody in their senses sends: no 5xx, no growing memory, no descriptor left open.

Some here; RTKCONTRACT_NIGHTLY makes it 100,000 and prints what they took (`-s`).
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rtkcontract.engine import targets

REQUESTS = 100_000 if os.environ.get("RTKCONTRACT_NIGHTLY") else 600
MOST_GROWTH_KB = 40_000
PATHS = ("/", "/client/v4", "/client/v4/accounts/{}/realtime/kit/{}/meetings", "/client/v4/%2e%2e/{}?{}", "/{}\t{}")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW", "post", "")
BODIES = (b"", b"{}", b"[" * 900, b'{"title":' + b'"x"' * 9, b"\xff\xfe\x00", b'{"a":1e999}', b'{"title":"x"}', b"null")

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


def _bytes(chance: random.Random) -> tuple[bytes, bool]:
    """
    One request, in order but for its body or broken anywhere, and whether it is whole.
    """
    orderly = chance.random() < 0.5
    ids = (targets.EMULATOR_ACCOUNT, targets.EMULATOR_APP)
    odd = (chance.randbytes(4).hex(), chance.choice(("x", "0" * 32, "%C3%A9", "%00")))
    path = PATHS[2].format(*ids) if orderly else chance.choice(PATHS).format(*odd)
    body = chance.choice(BODIES) + (chance.randbytes(chance.randrange(40)) if chance.random() < 0.3 else b"")
    token = targets.EMULATOR_TOKEN if orderly else "A" * chance.randrange(3_000)
    heads = [
        f"{'POST' if orderly else chance.choice(METHODS)} {path} HTTP/1.1",
        "host: x",
        f"authorization: Bearer {token}" if orderly or chance.random() < 0.8 else ":",
        f"content-length: {len(body)}" if orderly or chance.random() < 0.8 else "transfer-encoding: chunked",
        "content-type: application/json",
        "connection: close",
    ]
    raw = "\r\n".join(heads).encode("utf-8") + b"\r\n\r\n" + body
    whole = orderly or chance.random() < 0.7
    return (raw, True) if whole else (raw[: chance.randrange(len(raw))], False)


def _state(process: int) -> tuple[int, int]:
    """
    Resident memory in kB, and open descriptors.
    """
    told = Path(f"/proc/{process}/status").read_text()
    memory = re.search(r"VmRSS:\s+(\d+)", told)
    return int(memory[1]) if memory else 0, len(list(Path(f"/proc/{process}/fd").iterdir()))


def _answer(port: int, raw: bytes, whole: bool) -> bytes:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as line:
        line.sendall(raw)
        if not whole:
            line.shutdown(socket.SHUT_WR)
        return line.recv(200)
    return b""


def test_no_request_breaks_the_emulator() -> None:
    chance = random.Random(7)
    with subprocess.Popen(
        [sys.executable, "-m", "rtkcontract", "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, b"")
            port = next(int(found[1]) for line in lines if (found := re.search(rb"http://127\.0\.0\.1:(\d+)", line)))
            os.set_blocking(process.stdout.fileno(), False)
            statuses: dict[bytes, int] = {}
            for number in range(REQUESTS):
                if number == REQUESTS // 6:
                    before = _state(process.pid)
                if number % 50 == 0:  # what is logged is read, so that the pipe does not fill
                    process.stdout.read()
                status = _answer(port, *_bytes(chance))[9:12]
                statuses[status] = statuses.get(status, 0) + 1
            after = _state(process.pid)
        finally:
            process.kill()
    sys.stdout.write(f"{REQUESTS} requests: {statuses}; kB and descriptors: {before} before, {after} after\n")

    assert [status for status in statuses if status.startswith(b"5") and status != b"501"] == []
    assert len(statuses) >= 3
    assert after[0] - before[0] < MOST_GROWTH_KB
    assert after[1] <= before[1] + 2
