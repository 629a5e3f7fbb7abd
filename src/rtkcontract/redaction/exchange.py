"""
The credentials that an exchange itself carries: what stands where a credential belongs is a secret; pure.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from rtkcontract.contract.credentials import HEADERS, is_credential, is_message
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import Headers, Json, Request, Response
from rtkcontract.redaction.scanner import Secrets

NAME: Final = "CREDENTIAL"
"""What takes the place of each."""


def credentials_in(request: Request | None, response: Response | None, hidden: frozenset[str]) -> Secrets:
    """
    Each value of a credential header, parameter or body member, on both sides, as (NAME, value); `hidden` are names of
    `writeOnly` members.
    """
    found: dict[str, None] = {}
    for one in (request, response):
        if one is not None:
            found.update(dict.fromkeys(_in_headers(one.headers)))
            found.update(dict.fromkeys(_in_body(one.content, hidden)))
    if request is not None:
        found.update(dict.fromkeys(_in_url(request.url)))
    return tuple((NAME, value) for value in found if not is_message(value))


def _in_headers(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        if "cookie" in name.lower():
            first, *_ = value.split(";") if name.lower() == "set-cookie" else (value,)
            yield from (part.partition("=")[2].strip() for part in first.split(";"))
        elif name.lower() in HEADERS or is_credential(name):
            scheme, _, rest = value.strip().partition(" ")
            yield rest.strip() or scheme
            if scheme.lower() == "basic":
                yield from _user_and_password(rest)
        elif name.lower() == "location":
            yield from _in_url(value)


def _user_and_password(coded: str) -> Iterator[str]:
    try:
        text = base64.b64decode(coded.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return
    yield text
    yield text.partition(":")[2]


def _in_url(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query)
    except ValueError:
        return
    yield from (value for name, value in query if is_credential(name))
    if "@" in parts.netloc:
        user = parts.netloc.rpartition("@")[0]
        yield user
        yield user.partition(":")[2]


def _in_body(content: bytes, hidden: frozenset[str]) -> Iterator[str]:
    try:
        value = loads(content)
    except NotStrictJson:
        return
    yield from _members(value, hidden, inside=False)


def _members(value: Json, hidden: frozenset[str], *, inside: bool) -> Iterator[str]:
    if isinstance(value, dict):
        told = value.get("name", value.get("key"))
        paired = isinstance(told, str) and is_credential(told)
        for name, item in value.items():
            named = name in hidden or is_credential(name) or (paired and name == "value")
            yield from _members(item, hidden, inside=inside or named)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item, hidden, inside=inside)
    elif inside and isinstance(value, str):
        yield value
