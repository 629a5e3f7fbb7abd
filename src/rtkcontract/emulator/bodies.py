"""
The body of a request: which media types an operation takes, and what a body says.
"""

from __future__ import annotations

import fnmatch
import re
from typing import Final
from urllib.parse import parse_qsl

from rtkcontract.contract.expectation import Oracle
from rtkcontract.emulator.parameters import Known
from rtkcontract.emulator.refusals import headers_named, service
from rtkcontract.emulator.routing import Served
from rtkcontract.emulator.shape import Place
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import Json, Request

DEEPEST: Final = 200
"""Levels of lists and objects in a body; far beyond any contract, and far below where readers give up."""
_MOST_RULES: Final = 3
_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")


def body_of(served: Served, request: Request) -> Json:
    """
    The body that was sent; {} where the operation takes none, or it may be left out.

    Raises RefusalError with 415 for another media type and with 400 for a body that does not fit.
    """
    if served.oracle is None or not (request.content or served.body_required):
        return {}
    kinds = [value.partition(";")[0].strip().lower() for value in headers_named(request, "content-type")]
    taken = _taken(served)
    if len(kinds) != 1 or not any(fnmatch.fnmatchcase(kinds[0], kind) for kind in taken):
        raise service(415, f"UNSUPPORTED_MEDIA_TYPE: content-type is not {' or '.join(taken)}")
    if kinds[0] == "application/x-www-form-urlencoded":
        return _form(served, request.content)
    if "json" not in kinds[0]:
        return {}
    return _valid(served.oracle, request.content)


def _taken(served: Served) -> list[str]:
    kinds = served.request_body.get("content", {}) or [served.operation.media_type]
    return [kind.partition(";")[0].strip().lower() for kind in kinds]


def _form(served: Served, content: bytes) -> Json:
    """
    The fields of a form, each read by its declared type.
    """
    texts: dict[str, list[str]] = {}
    for name, text in parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True):
        texts.setdefault(name, []).append(text)
    members = Place(served.document, [served.request_schema]).members
    fields = {name: Known(served.document, _field(name, members[name])) for name in texts if name in members}
    return {name: fields[name].value(found) if name in fields else found[0] for name, found in texts.items()}


def _field(name: str, place: Place) -> dict[str, Json]:
    return {"name": name, "in": "query", "schema": place.nodes[0]}


def _valid(oracle: Oracle, content: bytes) -> Json:
    try:
        if _deep(content):
            raise service(400, f"BAD_REQUEST: the body is nested too deeply, beyond {DEEPEST} levels")
        sent = loads(content)
        broken = oracle.violations(sent)
    except NotStrictJson as error:
        raise service(400, f"BAD_REQUEST: the body is not JSON: {error}") from None
    except ValueError:
        # An integer beyond Python's limit of digits, or a member name that is no Unicode text.
        raise service(400, "BAD_REQUEST: the body holds a number or a text that cannot be read") from None
    if broken:
        rules = "; ".join(violation.message for violation in broken[:_MOST_RULES])
        raise service(400, f"BAD_REQUEST: {rules}")
    return sent


def _deep(content: bytes) -> bool:
    """
    Whether lists and objects stand in one another beyond the limit; what stands in texts does not count.
    """
    if content.count(b"[") + content.count(b"{") <= DEEPEST:
        return False
    level = 0
    for bracket in _BRACKET.findall(_TEXT.sub(b"", content)):
        level += 1 if bracket in b"[{" else -1
        if level > DEEPEST:
            return True
    return False
