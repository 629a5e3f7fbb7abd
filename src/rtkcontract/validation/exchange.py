"""
One request and its response as a recording has them, and what the recording did not keep; pure.

1. A body is absent, empty or there. What a file did not keep is said, with the reason, and is not judged.
2. A content-encoding is undone: gzip, deflate with and without the head of zlib, br, zstd, and several of them. Many
   exporters undo it themselves and leave the header, so content that is JSON already stays as it is.
3. A body that is no JSON and shorter than its own file announces was cut off by the exporter.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Final

from rtkcontract.model import Headers, Json, Request, Response
from rtkcontract.redaction.redactor import CODINGS, is_text
from rtkcontract.redaction.scanner import unpack

MOST_BYTES: Final = 64_000_000
"""Bytes of one body that are judged, compressed or not."""


BODILESS: Final = (204, 205, 304)


ELLIPSIS: Final = re.compile(rb"(?:\.\.\.|\xe2\x80\xa6|[\[(<]truncated[^\n]{0,40}[\])>])\s*\Z", re.IGNORECASE)
"""How exporters end a text that they cut off."""


NOT_KEPT: Final = "the file does not keep it"


class Unreadable(ValueError):
    """
    An entry of a recording lacks something that is needed; the text says what, and never quotes the entry.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """
    One request and what came back; `response` is None where nothing came.

    `request_lost` and `response_lost` say why a body is not known; "" where it is.
    """

    request: Request
    response: Response | None
    request_lost: str = ""
    response_lost: str = ""


def sendable(text: str) -> str:
    """
    A text as it can have gone over the wire: a question mark for half a surrogate pair.
    """
    return text.encode("utf-8", "replace").decode()


def header(headers: Headers, name: str) -> str:
    """
    The first value of a header; "" where it is missing.
    """
    return next((value for key, value in headers if key == name), "")


def announced(headers: Headers, size: Json = None) -> int | None:
    """
    The bytes that a body had by its content-length, else by the file's own count; None where neither tells.
    """
    length = header(headers, "content-length").strip()
    if length.isascii() and length.isdigit():
        return int(length[:18])
    if size == 0 and header(headers, "transfer-encoding"):
        return None
    return size if isinstance(size, int) and size >= 0 and not isinstance(size, bool) else None


def from_base64(text: str, *, textual: bool = False) -> bytes:
    """
    Strict base64, but for white space. Raises Unreadable for text that is marked so and is something else, such as
    JSON; with `textual`, whatever does not decode to text is something else.
    """
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        content = None
    if content is None or ((textual or _is_json(text.encode("utf-8", "replace"))) and not is_text(content)):
        raise Unreadable("it is marked as base64 and is not base64")
    return content


def settled(content: bytes | None, headers: Headers, length: int | None, *, whole: int | None = None) -> bytes:
    """
    The body without its content-encodings. `content` is None where the file has none; `length` is what it had on the
    wire, `whole` what it has without encodings, None where the file does not tell.

    Raises Unreadable with the reason for a body that was not kept.
    """
    if not content:
        if length == 0 or (content == b"" and not length and not whole):
            return b""
        raise Unreadable(NOT_KEPT + (f" (it had {length or whole:,} bytes)" if length or whole else ""))
    if len(content) > MOST_BYTES:
        raise Unreadable(f"it has more than {MOST_BYTES // 1_000_000} MB")
    told = ",".join(value for name, value in headers if name == "content-encoding").lower()
    codings = [coding for part in told.split(",") if (coding := part.strip()) not in ("", "identity")]
    plain = decoded(content, codings)
    expected = whole if codings else max(whole or 0, length or 0)
    if (len(plain) < (expected or 0) or ELLIPSIS.search(plain)) and not _is_json(plain):
        of = f" of {expected:,}" if expected else ""
        raise Unreadable(f"it was cut off in the file: {len(plain):,}{of} bytes are there")
    return plain


def decoded(content: bytes, codings: list[str]) -> bytes:
    """
    The content without its codings, of which the last is undone first; as it is where an exporter undid them already.

    Raises Unreadable for what cannot be opened.
    """
    for coding in reversed(codings):
        if _is_json(content):
            return content
        found = [text for name, text in unpack(content, MOST_BYTES) if name in CODINGS.get(coding, ())]
        if found and len(found[0]) >= MOST_BYTES:
            raise Unreadable(f"it opens up into more than {MOST_BYTES // 1_000_000} MB")
        if not found and (not is_text(content) or "\ufffd".encode() in content):
            raise Unreadable(f"its content-encoding ({coding[:20]}) cannot be undone; the file may have spoiled it")
        content = found[0] if found else content
    return content


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
