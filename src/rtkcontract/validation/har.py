"""
One entry of a HAR file -> an exchange, as Chrome, Firefox, Safari, Playwright, Charles, Fiddler and mitmproxy write it.

1. HAR 1.2 says what an entry has; exporters leave out bodies by size, option or time, each in its own way. What is
   missing although its size, its content-length or its media type says that it was there is not kept.
2. An exporter's own remark (`comment`, `_error`, a file beside the HAR) is such a way.
3. `params` without `text` is a form; one with files, or without values, is not kept.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from rtkcontract.model import Headers, Json, Request, Response
from rtkcontract.validation.exchange import (
    BODILESS,
    NOT_KEPT,
    Exchange,
    Unreadable,
    announced,
    from_base64,
    header,
    sendable,
    settled,
)

FORM: Final = "application/x-www-form-urlencoded"


def exchange(entry: Json) -> Exchange:
    """
    The exchange of an entry. Raises Unreadable naming the member that is missing or of the wrong type.
    """
    asked, got = _object(entry, "request"), _object(entry, "response", needed=False)
    posted, kept = _object(asked, "postData", needed=False), _object(got, "content", needed=False)
    sent = _headers(asked, posted)
    content, request_lost = _request_body(asked, posted, sent)
    request = Request(method=_text(asked, "method"), url=_text(asked, "url"), headers=sent, content=content)
    status = got.get("status")
    if isinstance(status, bool) or not isinstance(status, int | float | str | None):
        raise Unreadable("response.status is no number")
    try:
        code = int(status or 0)
    except (ValueError, OverflowError):
        raise Unreadable("response.status is no number") from None
    if code <= 0:  # blocked, cancelled, or never answered
        return Exchange(request=request, response=None, request_lost=request_lost)
    headers = _headers(got, kept)
    content, response_lost = _response_body(got, kept, headers, code)
    response = Response(status=code, headers=headers, content=content)
    return Exchange(request=request, response=response, request_lost=request_lost, response_lost=response_lost)


def _object(node: Json, name: str, *, needed: bool = True) -> dict[str, Json]:
    found = node.get(name) if isinstance(node, dict) else None
    if found is None and not needed:
        return {}
    if not isinstance(found, dict):
        raise Unreadable(f"{name} is missing or no object; HAR 1.2 needs it")
    return found


def _text(node: Json, name: str) -> str:
    if not isinstance(node.get(name), str) or not node[name]:
        raise Unreadable(f"request.{name} is missing or no text; HAR 1.2 needs it")
    return sendable(node[name])


def _headers(node: Json, body: Json) -> Headers:
    """
    The headers in lower case; the body's own note of its media type where the header is missing.
    """
    listed = node.get("headers") or []
    if not isinstance(listed, list):
        raise Unreadable("headers are no list; HAR 1.2 has a list of names and values")
    pairs = [(one.get("name"), one.get("value")) for one in listed if isinstance(one, dict)]
    found = tuple(
        (sendable(name).lower(), sendable(str(value or ""))) for name, value in pairs if isinstance(name, str)
    )
    kind = body.get("mimeType")
    missing = isinstance(kind, str) and kind and kind != "x-unknown" and not header(found, "content-type")
    return (*found, ("content-type", sendable(kind))) if missing else found


def _bytes(node: Json, encoded: str) -> bytes | None:
    """
    The text of a body as bytes; None where there is none. `encoded` is its content-encoding.
    """
    text = node.get("text")
    if not isinstance(text, str):
        return None
    if str(node.get("encoding") or "").lower() == "base64":
        textual = re.search(r"json|text|xml|^$|unknown", str(node.get("mimeType") or "").lower()) is not None
        return from_base64(text, textual=textual and not encoded)
    return text.encode("utf-8", "surrogatepass")


def _refuse_cut(*nodes: Json) -> None:
    """
    Raises Unreadable where an exporter marks a body as there in part: `_truncated`, `isTruncated`, …
    """
    if any("truncated" in name.lower() and value for node in nodes for name, value in node.items()):
        raise Unreadable("the file says that it was cut off")


def _request_body(asked: Json, posted: Json, headers: Headers) -> tuple[bytes, str]:
    """
    The body and, where it was not kept, the reason.
    """
    try:
        content = _bytes(posted, header(headers, "content-encoding"))
        _refuse_cut(posted)
        params = posted.get("params")
        if not content and isinstance(params, list) and params:
            return _form(params, header(headers, "content-type")), ""
        return settled(content, headers, announced(headers, asked.get("bodySize"))), ""
    except Unreadable as error:
        return b"", str(error)


def _form(params: list[Json], kind: str) -> bytes:
    """
    The body of a form that a file keeps as names and values alone.
    """
    pairs = [(str(one.get("name")), one.get("value")) for one in params if isinstance(one, dict)]
    if len(pairs) < len(params) or not all(isinstance(value, str) for _, value in pairs):
        raise Unreadable(NOT_KEPT)
    if kind.partition(";")[0].strip().lower() not in ("", FORM):
        raise Unreadable(NOT_KEPT + " but as the parameters of a form")
    return urlencode(pairs, errors="replace").encode()


def _response_body(got: Json, kept: Json, headers: Headers, status: int) -> tuple[bytes, str]:
    """
    The body and, where it was not kept, the reason.
    """
    try:
        content, size = _bytes(kept, header(headers, "content-encoding")), kept.get("size")
        length = 0 if status in BODILESS else announced(headers, got.get("bodySize") or None)
        whole = announced((), size)
        _refuse_cut(kept, got)
        if not content and (kept.get("comment") or got.get("_error")) and status not in BODILESS:
            raise Unreadable(NOT_KEPT)
        return settled(content, headers, length, whole=whole), ""
    except Unreadable as error:
        return b"", str(error)
