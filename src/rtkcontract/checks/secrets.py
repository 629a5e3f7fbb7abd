"""
A response contains no credential and no value that is only written.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from rtkcontract.checks.answer import Answer
from rtkcontract.contract.fake_data import CANARY
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.json_schema.values import ABSENT, dotted, taken
from rtkcontract.model import Finding, Headers

LEAST_DERIVED: Final = 16
"""Characters of a credential whose digests and halves are looked for; shorter ones are met by chance."""


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
                    answer.at_data(promise.place),
                    "a writeOnly member does not come back",
                    "it came back",
                    promise.sources,
                    schema_at=promise.schema_at + "/writeOnly",
                    cause="secret",
                    about=dotted(promise.place),
                )
                return
    where, kind = "body", leaked(answer.response.content, answer.secrets) or _derived(answer)
    if not kind:
        where, kind = _leaked_headers(answer.response.headers, answer.secrets)
    if kind:
        yield answer.finding(
            "secrets", where, "no credential in an answer", kind, ("docref", "sdk-5.7"), cause="leak", about=kind
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


def _derived(answer: Answer) -> str:
    """
    What stands in the body that was made of a credential of this request: a digest, its second half, its end behind a
    mask; empty for nothing.
    """
    sent = (taken(answer.sent, promise.place) for promise in answer.judged.secret) if answer.sent is not ABSENT else ()
    for secret in (*(value for value in sent if isinstance(value, str)), *answer.secrets):
        if len(secret) >= LEAST_DERIVED:
            beside = answer.case.content.replace(secret.encode("utf-8", "surrogatepass"), b"")
            for kind, form in _traces(secret):
                if form in answer.response.content and form not in beside:
                    return kind
            if _masked(secret).search(answer.response.content):
                return "a credential behind a mask"
    return ""


@lru_cache(maxsize=1_024)
def _traces(secret: str) -> tuple[tuple[str, bytes], ...]:
    raw = secret.encode("utf-8", "surrogatepass")
    digests = [hashlib.new(name, raw, usedforsecurity=False) for name in ("md5", "sha1", "sha256", "sha512")]
    return (
        *((f"the {digest.name} of a credential", digest.hexdigest().encode()) for digest in digests),
        *((f"the {digest.name} of a credential", base64.b64encode(digest.digest())) for digest in digests),
        ("half of a credential", raw[len(raw) // 2 :]),
        ("half of a credential", raw[: len(raw) // 2]),
    )


@lru_cache(maxsize=1_024)
def _masked(secret: str) -> re.Pattern[bytes]:
    raw = secret.encode("utf-8", "surrogatepass")
    mask = rb"(?:\*{3,}|(?:\xe2\x80\xa2){3,}|(?:\\u2022){3,}|[xX]{4,})"
    return re.compile(mask + re.escape(raw[-4:]) + rb"|" + re.escape(raw[:4]) + mask)


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
