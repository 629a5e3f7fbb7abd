"""
A run with made-up secrets, and ways to hide them: what the tests of recordings share.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import html
import itertools
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import brotli
import zstandard

from rtkcontract.contract import load
from rtkcontract.emulator.answers import emulator
from rtkcontract.engine.loop import Exchange
from rtkcontract.engine.targets import Asking
from rtkcontract.model import (
    Answered,
    Case,
    Contract,
    Expectation,
    Observation,
    Operation,
    Request,
    Response,
    Send,
    Target,
)
from rtkcontract.recordings import record as recording
from rtkcontract.redaction.redactor import API, Redactor, redactor_of

TOKEN = "Zk3v9QpL7xWb2RtY8sHdN4mJc6UeGa1oTf5i0KqB"
ACCOUNT = "9b1c7e5f3a2d4b6c8e0f1a3b5c7d9e2f"
APP = "0e2d9c53-77aa-4f2e-9c41-5b1e8a3f6d21"
STORED = (
    ("COOKIE", "pQ8sLw2nVx5yRb7kTz3cMj9hGd4fAe6u"),
    ("ACCESS_KEY", "AKQ7M2X9PL4WZ8TB3NVC"),
    ("PASSWORD", "tr0ub4dor-Kestrel-93"),
    ("STREAM_SECRET", "live_73519_Qm8Xw2Lp9Vb4"),
)
SECRETS = (("TOKEN", TOKEN), ("ACCOUNT_ID", ACCOUNT), ("APP_ID", APP), *STORED)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SERVER = "rtkcontract-emulator"

Hide = Callable[[str], str]


def _split(secret: str) -> str:
    return json.dumps([secret[at : at + 5] for at in range(0, len(secret), 5)])


HIDINGS: dict[str, Hide] = {
    "plain": str,
    "capitals": str.upper,
    "backwards": lambda secret: secret[::-1],
    "half": lambda secret: secret[: max(10, len(secret) // 2)],
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64-behind-one": lambda secret: base64.urlsafe_b64encode(b"x" + secret.encode()).decode(),
    "base64-behind-two": lambda secret: base64.b64encode(b"xy" + secret.encode()).decode(),
    "hex": lambda secret: secret.encode().hex(),
    "percent": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "escapes": lambda secret: "".join(f"\\u{ord(sign):04x}" for sign in secret),
    "entities": lambda secret: "".join(f"&#{ord(sign)};" for sign in secret),
    "json-in-json": lambda secret: json.dumps(json.dumps({"a": [secret]})),
    "split": _split,
    "spaced": " ".join,
    "zero-width": "\u200b".join,
    "soft-hyphens-in-json": lambda secret: json.dumps("\u00ad".join(secret)),
    "no-break-spaces-in-json": lambda secret: json.dumps("\u00a0".join(secret)),
    "line-breaks-in-json": lambda secret: json.dumps("\n".join(secret)),
    "zero-width-in-json-in-json": lambda secret: json.dumps(json.dumps("\u200d".join(secret))),
    "percent-of-percent": lambda secret: "".join(f"%25{byte:02x}" for byte in secret.encode()),
    "percent-of-joiners": "%25E2%2580%258B".join,
    "gzip": lambda secret: base64.b64encode(gzip.compress(secret.encode(), mtime=0)).decode(),
    "br": lambda secret: base64.b64encode(brotli.compress(secret.encode())).decode(),
    "zstd": lambda secret: base64.b64encode(zstandard.compress(secret.encode())).decode(),
    "zstd-in-br-in-gzip": lambda secret: base64.b64encode(
        gzip.compress(brotli.compress(zstandard.compress(secret.encode())), mtime=0)
    ).decode(),
    "deflate": lambda secret: base64.b64encode(zlib.compress(secret.encode())).decode(),
    "sha256": lambda secret: hashlib.sha256(secret.encode()).hexdigest(),
    "html": lambda secret: html.escape(f"<b>{secret}</b>"),
}


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
"""Content-codings; "br, zstd" is brotli first."""


def packed(content: bytes, codings: str) -> bytes:
    for coding in codings.split(", "):
        content = PACKERS[coding](content)
    return content


def target_at(base_url: str = API) -> Target:
    return Target(kind="emulator", base_url=base_url, account_id=ACCOUNT, app_id=APP, token=TOKEN)


@functools.cache
def contract_and_operation() -> tuple[Contract, Operation]:
    contract = load.load_contract()
    return contract, contract.operations["create_meeting"]


def numbered() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"5f0c2d1e-9a4b-4c3d-8e7f-{next(numbers):012x}"


def responder(contract: Contract) -> Callable[[Request], Response]:
    return emulator(contract, token=TOKEN, account_id=ACCOUNT, app_id=APP, now=lambda: NOON, new_id=numbered())


def sending(respond: Callable[[Request], Response]) -> Send:
    def send(request: Request) -> Observation:
        return Answered(response=respond(request), elapsed_s=0.01)

    return send


@functools.cache
def _redactor() -> Redactor:
    return redactor_of(contract_and_operation()[0], target_at(), STORED)


def redactor(contract: Contract) -> Redactor:
    return _redactor() if contract is contract_and_operation()[0] else redactor_of(contract, target_at(), STORED)


def session(folder: Path, send: Send | None = None, now: datetime = NOON) -> recording.Session:
    contract, _ = contract_and_operation()
    asking = Asking(target=target_at(), send=send or sending(responder(contract)), limits=(), through="process")
    return recording.Session(
        exchange=Exchange(contract, asking),
        folder=folder,
        redactor=redactor(contract),
        now=lambda: now,
    )


def case_of(content: bytes = b"{}", name: str = "made") -> Case:
    return Case(
        id=f"create_meeting/{name}",
        operation="create_meeting",
        side="corpus",
        partition="made",
        content=content,
        expect=Expectation(outcome="accepted", reason="made for a test"),
    )


def answer(content: bytes | str, *headers: tuple[str, str], status: int = 201) -> Response:
    body = content.encode() if isinstance(content, str) else content
    return Response(
        status=status, headers=(("content-type", "application/json"), ("server", SERVER), *headers), content=body
    )


def created(**members: object) -> str:
    data = {"id": APP, "created_at": "2026-11-22T12:00:00.590Z", "updated_at": "2026-11-22T12:00:00.590Z", **members}
    return json.dumps({"success": True, "data": data})
