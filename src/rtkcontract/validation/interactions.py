"""
One interaction of a cassette -> an exchange, in every layout that common tools write; pure.

| written by | list | address | status | body |
| --- | --- | --- | --- | --- |
| vcrpy 1 to 9 | `interactions` | `uri` | `status.code` | text, or `string`, or `base64_string` |
| vcrpy 4 to 7 with httpx | `interactions` | `uri` | `status_code` | `content` in the response |
| Ruby's VCR, betamax, schemathesis | `http_interactions` | `uri` | `status.code` | `string` or `base64_string` |
| go-vcr | `interactions` | `url` | `code` beside a text `status` | text |

A body that has no member in the file was not kept; so was one that a serializer keeps parsed, since its bytes are gone.
A request body of null is none in vcrpy.
"""

from __future__ import annotations

import re
from typing import Final

from rtkcontract.json_schema.json_problems import LENIENT, problem
from rtkcontract.model import Headers, Json, Request, Response
from rtkcontract.validation.exchange import BODILESS, Exchange, Unreadable, announced, from_base64, sendable, settled

LISTS: Final = ("interactions", "http_interactions")
"""Members that hold the interactions of a cassette."""


def loads(text: str) -> Json:
    """
    The data of a cassette in YAML or JSON. Raises ValueError with the reason and its place.
    """
    if text.lstrip()[:1] == "{":
        try:
            return LENIENT.decode(text)
        except (ValueError, RecursionError):
            raise ValueError(problem(text)) from None
    from rtkcontract.json_schema import yaml_text  # cassettes of our own need none of it

    return yaml_text.loads(text)


def interactions(value: Json) -> list[Json] | None:
    """
    The interactions of a cassette; None for a value that is none.
    """
    found = next((value[name] for name in LISTS if name in value), None) if isinstance(value, dict) else None
    return found if isinstance(found, list) else None


def exchange(node: Json) -> Exchange:
    """
    The exchange of an interaction. Raises Unreadable naming the member that is missing or of the wrong type.
    """
    asked = _object(node, "request")
    sent = headers(asked.get("headers"))
    request_lost = response_lost = ""
    try:
        content = settled(_body(asked, sent=True), sent, announced(sent))
    except Unreadable as error:
        content, request_lost = b"", str(error)
    request = Request(method=_method(asked), url=_url(asked), headers=sent, content=content)
    if node.get("response") is None and "response" in node:
        return Exchange(request=request, response=None, request_lost=request_lost)
    got = _object(node, "response")
    received, status = headers(got.get("headers")), _status(got)
    try:
        if got.get("truncated_from") is not None:
            raise Unreadable("the file says that it was cut off")
        content = settled(_body(got, sent=False), received, 0 if status in BODILESS else announced(received))
    except Unreadable as error:
        content, response_lost = b"", str(error)
    response = Response(status=status, headers=received, content=content)
    return Exchange(request=request, response=response, request_lost=request_lost, response_lost=response_lost)


def _object(node: Json, name: str) -> dict[str, Json]:
    if not isinstance(node, dict) or not isinstance(node.get(name), dict):
        raise Unreadable(f"the interaction has no {name}")
    found: dict[str, Json] = node[name]
    return found


def _method(asked: Json) -> str:
    method = asked.get("method")
    if not isinstance(method, str) or not method:
        raise Unreadable("the request has no method")
    return sendable(method).lstrip(":").upper()  # a symbol of Ruby


def _url(asked: Json) -> str:
    url = asked.get("uri") or asked.get("url")
    if not isinstance(url, str):
        raise Unreadable("the request has no uri")
    return sendable(url)


def _status(got: Json) -> int:
    told = got.get("status_code", got.get("code", got.get("status")))
    code = told.get("code") if isinstance(told, dict) else told
    match = re.match(r"\s*([1-9]\d\d)(?!\d)", str(code))
    if isinstance(code, bool) or match is None:
        raise Unreadable("the response has no status of three digits")
    return int(match[1])


def headers(node: Json) -> Headers:
    """
    Headers in lower case, from a mapping to a text or a list, a list of pairs, or a list of lines.
    """
    if node is None:
        return ()
    if isinstance(node, dict):
        pairs = [(name, value) for name, values in node.items() for value in _several(values)]
    elif isinstance(node, list | tuple):
        pairs = [_pair(one) for one in node]
    else:
        raise Unreadable("headers are neither a mapping nor a list")
    return tuple((_text(name).lower(), _text(value)) for name, value in pairs)


def _several(values: Json) -> list[Json]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _pair(one: Json) -> tuple[Json, Json]:
    if isinstance(one, list | tuple) and len(one) == 2:
        return one[0], one[1]
    name, colon, value = _text(one).partition(":")
    if not colon or isinstance(one, dict | list | tuple):
        raise Unreadable("headers are a list of something else than names with values")
    return name.strip(), value.strip()


def _text(value: Json) -> str:
    if value is None:
        return ""
    return value.decode("latin-1") if isinstance(value, bytes) else sendable(str(value))


def _body(half: Json, *, sent: bool) -> bytes | None:
    """
    The body as it is in the file; None where it is not there.
    """
    body = half["body"] if "body" in half else half.get("content")
    if body is None:
        return b"" if sent and "body" in half else None
    if isinstance(body, dict):
        if isinstance(body.get("base64_string"), str | bytes):
            return from_base64(_text(body["base64_string"]))
        body = body.get("string")
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if body is None or isinstance(body, bytes):
        return body
    raise Unreadable("the file keeps it in another form than its bytes")
