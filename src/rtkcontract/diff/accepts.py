"""
Whether a revision of an operation describes a request or an answer: the judge of witnesses and of recordings.

1. A request or answer is plain data. Request: method, path, server, credentials, scopes, accept, media_type, body,
   parameters such as `{"query limit": 10}`, and texts as they are sent, such as `{"query ids": ["1", "2"]}`. Answer:
   status, media_type, headers, body. What is left out is not judged, but for what a revision demands.
2. Objects are open, but a member that only the `other` revision declares is not described.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rtkcontract.diff.compatibility import judge, said
from rtkcontract.diff.operation_changes import declared, shape
from rtkcontract.diff.parameter_texts import NotModelled, sent
from rtkcontract.json_schema.structure import bare, forbidding, seen_from, unknown_to
from rtkcontract.json_schema.validator import Validator, Violation
from rtkcontract.model import Json, Operation, Parameter
from rtkcontract.openapi.media_types import chosen

_MADE: dict[tuple[int, int, str], tuple[Json, Json | None, tuple[Validator, ...]]] = {}
"""Judges by the identity of the two schemas, which are kept so that an identity stays theirs."""


def _judges(schema: Json, other: Json | None, flag: str) -> tuple[Validator, ...]:
    key = (id(schema), id(other), flag)
    if key not in _MADE:
        if len(_MADE) > 256:
            _MADE.clear()
        _MADE[key] = (schema, other, tuple(_made(schema, other, flag)))
    return _MADE[key][2]


def _made(schema: Json, other: Json | None, flag: str) -> Iterator[Validator]:
    own = seen_from(schema, flag)
    yield judge(own)
    if other is not None:
        hidden = forbidding(unknown_to(own, seen_from(other, flag)))
        if hidden is not True:
            yield judge(hidden)


def body_refusals(schema: Json, body: Json, flag: str, other: Json | None = None) -> tuple[Violation, ...]:
    """
    The keywords that a body breaks; `flag` is "readOnly" for a request and "writeOnly" for an answer.
    """
    return tuple(broken for one in _judges(schema, other, flag) for broken in one.violations_plain(body))


def _media(media: Mapping[str, Json] | None, kind: str | None) -> Json | None:
    """
    The schema for a media type; the first one where the type was left out.
    """
    if not media:
        return None
    if kind is None:
        return next(iter(media.values()))
    known = chosen(media, kind)
    return None if known is None else media[known]


def request_refusals(surface: Operation, request: Json, other: Operation | None = None) -> tuple[str, ...]:
    """
    Why the revision does not describe the request, in short texts; () where it does.
    """
    return tuple(_request(surface, request, other))


def _request(surface: Operation, request: Json, other: Operation | None) -> Iterator[str]:
    if "method" in request:
        if request["method"] != surface.method:
            yield f"method {request['method']}"
        if shape(request["path"]) != shape(surface.path):
            yield f"path {request['path']}"
        if request["server"] not in surface.servers:
            yield f"server {request['server']}"
        if not _admitted(surface, request):
            yield "credentials"
    yield from _parameters(surface.parameters, request.get("parameters", {}), request.get("texts", {}))
    if "accept" in request and not any(
        chosen(answer.media, request["accept"]) for status, answer in surface.responses.items() if status[:1] == "2"
    ):
        yield f"accept {request['accept']}"
    yield from _request_body(surface, request, other)


def _admitted(surface: Operation, request: Json) -> bool:
    sent, scopes = set(request.get("credentials", ())), request.get("scopes")
    return not surface.security or any(
        all(item.told in sent and (scopes is None or item.scopes <= set(scopes)) for item in alternative)
        for alternative in surface.security
    )


def _parameters(declared: tuple[Parameter, ...], sent: Mapping[str, Json], texts: Mapping[str, Json]) -> Iterator[str]:
    known = {f"{item.where} {item.name}": item for item in declared}
    for name, value in (*sent.items(), *texts.items()):
        if name not in known:
            if not name.startswith("path "):
                yield f"{name} is not declared"
        elif not (_fits_as_sent if name in texts else _fits)(known[name], value):
            yield f"{name} does not fit"
    yield from (
        f"no {name}"
        for name, item in known.items()
        if item.required and item.where != "path" and name not in sent and name not in texts
    )


def _fits(item: Parameter, value: Json) -> bool:
    return judge(bare(item.schema)).valid_plain(value)


def _fits_as_sent(item: Parameter, value: Json) -> bool:
    try:
        return judge(sent(item)).valid_plain(value)
    except NotModelled:
        return True


def _request_body(surface: Operation, request: Json, other: Operation | None) -> Iterator[str]:
    if "body" not in request:
        if surface.body_required:
            yield "no body"
        return
    schema = _media(surface.body, request.get("media_type"))
    if schema is None:
        yield f"a body of type {request.get('media_type')}" if surface.body else "a body"
        return
    beside = _media(other.body, request.get("media_type")) if other else None
    yield from map(said, body_refusals(schema, request["body"], "readOnly", beside))


def answer_refusals(surface: Operation, answer: Json, other: Operation | None = None) -> tuple[str, ...]:
    """
    Why the revision does not describe the answer, in short texts; () where it does.
    """
    return tuple(_answer(surface, answer, other))


def _answer(surface: Operation, answer: Json, other: Operation | None) -> Iterator[str]:
    status = answer["status"]
    told = declared(surface, status)
    if told is None:
        yield f"status {status}"
        return
    sent = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    if "body" in answer or "media_type" in answer:
        yield from (
            f"no header {name}" for name, header in told.headers.items() if header.required and name not in sent
        )
    yield from (
        f"header {name} does not fit"
        for name, value in sent.items()
        if name in told.headers and not judge(bare(told.headers[name].schema)).valid_plain(value)
    )
    if "body" in answer:
        schema = _media(told.media, answer.get("media_type"))
        if schema is None:
            yield f"a body of type {answer.get('media_type')}"
            return
        there = declared(other, status) if other else None
        beside = _media(there.media, answer.get("media_type")) if there else None
        yield from map(said, body_refusals(schema, answer["body"], "writeOnly", beside))
