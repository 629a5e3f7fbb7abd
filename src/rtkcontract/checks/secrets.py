"""
A response contains no credential and no value that is only written.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

from rtkcontract.checks.answer import Answer
from rtkcontract.contract.fake_data import CANARY
from rtkcontract.json_schema.json_text import NotStrictJson, loads, pointer
from rtkcontract.json_schema.values import ABSENT, dotted, taken
from rtkcontract.model import Finding, Headers


def secrets(answer: Answer) -> Iterator[Finding]:
    """
    No writeOnly member and no credential stands anywhere in the answer, whatever its status, in any encoding.
    """
    if answer.data is not ABSENT:
        for promise in answer.judged.secret:
            got = taken(answer.data, promise.place)
            if got is not ABSENT and got is not None:
                yield answer.finding(
                    "secrets",
                    "/data" + pointer(promise.place),
                    "a writeOnly member does not come back",
                    "it came back",
                    promise.sources,
                    schema_at=promise.schema_at + "/writeOnly",
                    cause=f"secret {dotted(promise.place)}",
                )
                return
    where, kind = "body", leaked(answer.response.content, answer.secrets)
    if not kind:
        where, kind = _leaked_headers(answer.response.headers, answer.secrets)
    if kind:
        yield answer.finding(
            "secrets", where, "no credential in an answer", kind, ("docref", "sdk-5.7"), cause=f"leak {kind}"
        )


def leaked(content: bytes, known: Iterable[str] = ()) -> str:
    """
    The kind of credential that stands in the content, plain or encoded; empty for none. It is never quoted.
    """
    variants = _spellings(content)
    if any(_canary_in(text) for text in variants):
        return "a stored credential that was sent"
    for secret in known:
        if len(secret) >= 8 and any(text.find(form) >= 0 for form in _forms(secret) for text in variants[:1]):
            return "the token of this run"
    return ""


@lru_cache(maxsize=1_024)
def _leaked_headers(headers: Headers, known: tuple[str, ...]) -> tuple[str, str]:
    """
    The first header with a credential, and its kind; empty for none. Many answers have the same headers.
    """
    for name, value in headers:
        if kind := leaked(value.encode(), known):
            return f"header {name}", kind
    return "", ""


def _canary_in(text: bytes) -> bool:
    for form in _forms(CANARY):  # noqa: SIM110  # `any` would take three times as long, for each answer of each run
        if form in text:
            return True
    return False


@lru_cache(maxsize=64)
def _forms(secret: str) -> tuple[bytes, ...]:
    """
    A secret as it is, in capitals, reversed, in hex, percent-encoded and in base64 at each alignment.
    """
    raw = secret.encode()
    forms = {raw, raw.upper(), raw[::-1], binascii.hexlify(raw), quote(secret, safe="").encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        forms.add(encoded[4 if shift else 0 : -4] if len(encoded) > 12 else encoded)
    return tuple(sorted(forms))


def _spellings(content: bytes) -> tuple[bytes, ...]:
    """
    The content as it came, and with its JSON escapes resolved where one may stand for a sign of a credential.
    """
    if b"\\u" not in content and b"\\/" not in content:
        return (content,)
    try:
        return content, str(loads(content)).encode("utf-8", "replace")
    except NotStrictJson:
        return (content,)
