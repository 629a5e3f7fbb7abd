"""
What two revisions of an operation say beside the values of their bodies: the call, its credentials, its answers' names.

1. Each rule compares one such thing and yields terms; a term names its kind, and `kinds.json` gives the class.
2. The witness of a breaking term is a whole request that OLD describes and NEW does not, or a whole answer of NEW that
   OLD does not describe; `described` is the judge of that.
3. A path parameter that only changed its name is the same path: callers send values, not names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rtkcontract.diff.counterexamples import size, values
from rtkcontract.diff.schema_edits import told
from rtkcontract.json_schema.validator import Validator
from rtkcontract.model import Credential, Json, Operation, Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """
    One difference beside the bodies. `request` or `answer` is the witness, as `described` reads them.
    """

    kind: str
    side: Literal["request", "answer", "call"]
    where: str
    old: str
    new: str
    request: Json | None = None
    answer: Json | None = None
    why: str = ""


def sample(schema: Json) -> Json:
    """
    A small value that fits; None where none was found.
    """
    judge = Validator(schema)
    return min((value for value in values([schema]) if judge.valid_plain(value)), key=size, default=None)


def smallest_request(surface: Operation) -> Json:
    """
    A request with nothing in it that the revision does not demand.
    """
    made: dict[str, Json] = {}
    if surface.method:
        made.update(method=surface.method, path=surface.path, server=(surface.servers or ("",))[0])
    if surface.security:
        made["credentials"] = [credential.told for credential in surface.security[0]]
    demanded = [item for item in surface.parameters if item.required]
    if demanded:
        made["parameters"] = {f"{item.where} {item.name}": sample(item.schema) for item in demanded}
    if surface.body and (surface.body_required or not surface.method):
        kind, schema = next(iter(surface.body.items()))
        made.update(media_type=kind, body=sample(schema))
    return made


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _call(old: Operation, new: Operation) -> Iterator[Term]:
    request = smallest_request(old)
    if old.method != new.method:
        yield Term(
            kind="method.changed",
            side="call",
            where="method",
            old=old.method,
            new=new.method,
            request=request,
            why="the method is another",
        )
    if _shape(old.path) != _shape(new.path):
        yield Term(
            kind="path.changed",
            side="call",
            where="path",
            old=old.path,
            new=new.path,
            request=request,
            why="the path is another",
        )
    if old.operation_id != new.operation_id:
        yield Term(kind="opid.changed", side="call", where="operationId", old=old.operation_id, new=new.operation_id)
    gone = [server for server in old.servers if server not in new.servers]
    come = [server for server in new.servers if server not in old.servers]
    if gone:
        with_server = {**request, "server": gone[0]}
        yield Term(
            kind="server.changed",
            side="call",
            where="servers",
            old=told(gone),
            new=told(new.servers),
            request=with_server,
            why="the server is gone",
        )
    elif come:
        yield Term(kind="server.added", side="call", where="servers", old=told(old.servers), new=told(come))
    if old.deprecated != new.deprecated:
        yield Term(
            kind="deprecated.set", side="call", where="operation", old=str(old.deprecated), new=str(new.deprecated)
        )
    for key in sorted({*old.texts, *new.texts}):
        if old.texts.get(key) != new.texts.get(key):
            yield Term(
                kind="text.only",
                side="call",
                where=key,
                old=told(old.texts.get(key, "none")),
                new=told(new.texts.get(key, "none")),
            )


def _same(one: tuple[Credential, ...], two: tuple[Credential, ...]) -> bool:
    """
    Whether whoever can use one alternative can use the other.
    """
    return sorted(item.told for item in one) == sorted(item.told for item in two) and all(
        any(item.told == other.told and other.scopes <= item.scopes for other in two) for item in one
    )


def _credentials_told(alternative: tuple[Credential, ...]) -> str:
    return (
        " + ".join(
            f"{item.told} ({', '.join(sorted(item.scopes))})" if item.scopes else item.told for item in alternative
        )
        or "nothing"
    )


def _security(old: Operation, new: Operation) -> Iterator[Term]:
    open_old, open_new = (not item.security or () in item.security for item in (old, new))
    texts = tuple(" | ".join(map(_credentials_told, item.security)) or "nothing" for item in (old, new))
    request = smallest_request(old)
    if open_old and not open_new:
        request = {key: value for key, value in request.items() if key != "credentials"}
        yield Term(
            kind="auth.required",
            side="request",
            where="credentials",
            old="none",
            new=texts[1],
            request=request,
            why="no credential is sent",
        )
    elif open_new and not open_old:
        yield Term(kind="auth.dropped", side="request", where="credentials", old=texts[0], new="none")
    elif not open_old:
        yield from _alternatives(old, new, request, texts)


def _alternatives(old: Operation, new: Operation, request: Json, texts: tuple[str, ...]) -> Iterator[Term]:
    gone = [one for one in old.security if not any(_same(one, two) for two in new.security)]
    come = [two for two in new.security if not any(_same(one, two) for one in old.security)]
    for one in gone:
        kept = any(_same(other, two) for other in old.security for two in new.security)
        told_now = [item.told for item in one]
        raised = any(sorted(told_now) == sorted(item.told for item in two) for two in new.security)
        kind = "scope.raised" if raised else "auth.alternative.removed" if kept else "auth.scheme.changed"
        sent = {**request, "credentials": told_now, "scopes": sorted({scope for item in one for scope in item.scopes})}
        yield Term(
            kind=kind,
            side="request",
            where="credentials",
            old=_credentials_told(one),
            new=texts[1],
            request=sent,
            why="the credential is no longer taken",
        )
    if come and not gone:
        yield Term(
            kind="auth.alternative.added",
            side="request",
            where="credentials",
            old=texts[0],
            new=_credentials_told(come[0]),
        )


def _parameters(old: Operation, new: Operation) -> Iterator[Term]:
    before, after = ({(item.where, item.name): item for item in surface.parameters} for surface in (old, new))
    same_path = _shape(old.path) == _shape(new.path)
    for key, item in before.items():
        if key not in after and not (item.where == "path" and same_path):
            yield _parameter("param.removed", old, item, "declared", "not declared")
    for key, item in after.items():
        if item.where == "path" and (same_path or _shape(old.path) != _shape(new.path)):
            continue
        if key not in before:
            yield _parameter(
                f"param.added.{'required' if item.required else 'optional'}", old, item, "not declared", "declared"
            )
        elif item.required != before[key].required:
            kind = "param.required" if item.required else "param.optional"
            words = ("optional", "required") if item.required else ("required", "optional")
            yield _parameter(kind, old, item, *words)


def _parameter(kind: str, old: Operation, item: Parameter, was: str, is_: str) -> Term:
    request = smallest_request(old)
    named = f"{item.where} {item.name}"
    sent = dict(request.get("parameters", {}))
    if kind == "param.removed":
        sent[named] = sample(item.schema)
    else:
        sent.pop(named, None)
    why = f"{named} is not declared" if kind == "param.removed" else f"{named} is missing"
    return Term(
        kind=kind, side="request", where=named, old=was, new=is_, request={**request, "parameters": sent}, why=why
    )


def _body(old: Operation, new: Operation) -> Iterator[Term]:
    request = smallest_request(old)
    without = {key: value for key, value in request.items() if key not in ("body", "media_type")}
    if old.body and not new.body and old.method:
        kind, schema = next(iter(old.body.items()))
        sent = {**request, "media_type": kind, "body": sample(schema)}
        yield Term(
            kind="body.removed",
            side="request",
            where="body",
            old="a body",
            new="no body",
            request=sent,
            why="a body is not described",
        )
        return
    if old.method and (old.body_required, new.body_required) == (False, True):
        yield Term(
            kind="body.required",
            side="request",
            where="body",
            old="optional",
            new="required",
            request=without,
            why="the body is missing",
        )
    if old.body and new.body and (old.body_required, new.body_required) == (True, False):
        yield Term(kind="body.optional", side="request", where="body", old="required", new="optional")
    for kind in old.body or {}:
        if kind not in (new.body or {}):
            sent = {**request, "media_type": kind, "body": sample((old.body or {})[kind])}
            yield Term(
                kind="media.request.removed",
                side="request",
                where="body",
                old=kind,
                new=told(list(new.body or {})),
                request=sent,
                why=f"{kind} is not taken",
            )
    for kind in new.body or {}:
        if old.body and kind not in old.body:
            yield Term(kind="media.request.added", side="request", where="body", old=told(list(old.body)), new=kind)


def _is_success(status: str) -> bool:
    return status[:1] in ("2", "3", "1")


def _covered(status: str, surface: Operation) -> bool:
    return status in surface.responses or f"{status[:1]}XX" in surface.responses


def _statuses(old: Operation, new: Operation) -> Iterator[Term]:
    gone = [status for status in old.responses if status and status != "DEFAULT" and not _covered(status, new)]
    come = [status for status in new.responses if status and status != "DEFAULT" and not _covered(status, old)]
    lost, won = ([status for status in found if _is_success(status)] for found in (gone, come))
    if lost and won:
        yield Term(
            kind="status.success.changed",
            side="answer",
            where=won[0],
            old=told(lost),
            new=told(won),
            answer=_answer(new, won[0]),
            why=f"status {won[0]} is not described",
        )
    elif lost:
        yield Term(kind="status.success.removed", side="answer", where=lost[0], old=told(lost), new="no longer comes")
    elif won:
        yield Term(kind="status.success.added", side="answer", where=won[0], old="not described", new=told(won))
    for status in come:
        if not _is_success(status):
            yield Term(kind="status.error.added", side="answer", where=status, old="not described", new=status)
    for status in gone:
        if not _is_success(status):
            yield Term(kind="status.error.removed", side="answer", where=status, old=status, new="not described")


def _answer(surface: Operation, status: str) -> Json:
    """
    A small answer with this status.
    """
    made: dict[str, Json] = {"status": status}
    answer = surface.responses.get(status)
    if answer is None:
        return made
    demanded = [item for item in answer.headers.values() if item.required]
    if demanded:
        made["headers"] = {item.name.lower(): sample(item.schema) for item in demanded}
    if answer.media:
        kind, schema = next(iter(answer.media.items()))
        made.update(media_type=kind, body=sample(schema))
    return made


def _answers(old: Operation, new: Operation) -> Iterator[Term]:
    for status, before in old.responses.items():
        after = new.responses.get(status)
        if after is None:
            continue
        for kind in before.media:
            if kind not in after.media and (after.media or before.media):
                now = next(iter(after.media), "none")
                asking = {**smallest_request(old), "accept": kind}
                yield Term(
                    kind="media.response.removed",
                    side="answer",
                    where=status,
                    old=kind,
                    new=now,
                    request=asking,
                    why=f"{kind} no longer comes",
                )
        for kind in after.media:
            if kind not in before.media and set(before.media) <= set(after.media):
                yield Term(
                    kind="media.response.added", side="answer", where=status, old=told(list(before.media)), new=kind
                )
        yield from _headers(old, new, status)


def _headers(old: Operation, new: Operation, status: str) -> Iterator[Term]:
    before, after = old.responses[status].headers, new.responses[status].headers
    for name in dict.fromkeys([*before, *after]):
        was, is_ = before.get(name), after.get(name)
        where = f"{status} {name}"
        answer = _answer(new, status)
        if was and not is_:
            kind = "header.response.required.removed" if was.required else "header.response.optional.removed"
            yield Term(
                kind=kind,
                side="answer",
                where=where,
                old=_demand(was),
                new="not described",
                answer=answer,
                why=f"header {name} is missing",
            )
        elif is_ and not was:
            yield Term(kind="header.response.added", side="answer", where=where, old="not described", new=_demand(is_))
        elif was and is_ and was.required and not is_.required:
            yield Term(
                kind="header.response.optional",
                side="answer",
                where=where,
                old="required",
                new="optional",
                answer=answer,
                why=f"header {name} is missing",
            )
        elif was and is_ and is_.required and not was.required:
            yield Term(kind="header.response.required", side="answer", where=where, old="optional", new="required")


def _demand(item: Parameter) -> str:
    return "required" if item.required else "optional"


def _limits(old: Operation, new: Operation) -> Iterator[Term]:
    before, after = (
        sorted(
            f"{item.get('requests')} in {item.get('period_s')} s ({item.get('scope', '')})"
            for item in surface.rate_limits
        )
        for surface in (old, new)
    )
    if before != after:
        yield Term(
            kind="limit.changed",
            side="call",
            where="rate limits",
            old=told(before) or "none",
            new=told(after) or "none",
        )


def terms(old: Operation, new: Operation) -> Iterator[Term]:
    """
    Every term in which two revisions differ.
    """
    for rule in (_call, _security, _parameters, _body, _statuses, _answers, _limits):
        yield from rule(old, new)
