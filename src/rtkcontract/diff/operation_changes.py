"""
What two revisions of an operation say beside the values of their bodies: the call, its credentials, its answers' names.

1. Each rule compares one such thing and yields terms; a term names its kind, and `kinds.json` gives the class.
2. The witness of a breaking term is a whole request that OLD describes and NEW does not, or a whole answer of NEW that
   OLD does not describe; `described` is the judge of that.
3. A path parameter that only changed its name is the same path: callers send values, not names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from rtkcontract.diff.compatibility import judge
from rtkcontract.diff.counterexamples import size, values
from rtkcontract.diff.schema_edits import told
from rtkcontract.model import Credential, Declared, Json, Operation, Parameter
from rtkcontract.openapi.media_types import chosen, covers


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
    fits = judge(schema, beyond=False).valid_plain
    return min(filter(fits, values([schema])), key=size, default=None)


_SMALLEST: dict[int, tuple[Operation, Json]] = {}
"""Requests by the identity of their operation, which is kept so that an identity stays its own."""


def smallest_request(surface: Operation) -> Json:
    """
    A request with nothing in it that the revision does not demand.
    """
    if id(surface) not in _SMALLEST:
        if len(_SMALLEST) > 64:
            _SMALLEST.clear()
        _SMALLEST[id(surface)] = (surface, _smallest(surface))
    return _SMALLEST[id(surface)][1]


def _smallest(surface: Operation) -> Json:
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


def shape(path: str) -> str:
    """
    A path template without the names of its parameters, which nobody sends.
    """
    return re.sub(r"\{[^}]*\}", "{}", path)


def _call(old: Operation, new: Operation) -> Iterator[Term]:
    if old.method != new.method:
        yield Term(
            kind="method.changed",
            side="call",
            where="method",
            old=old.method,
            new=new.method,
            request=smallest_request(old),
            why="the method is another",
        )
    if shape(old.path) != shape(new.path):
        yield Term(
            kind="path.changed",
            side="call",
            where="path",
            old=old.path,
            new=new.path,
            request=smallest_request(old),
            why="the path is another",
        )
    if old.operation_id != new.operation_id:
        yield Term(kind="opid.changed", side="call", where="operationId", old=old.operation_id, new=new.operation_id)
    yield from _servers(old, new)
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


def _servers(old: Operation, new: Operation) -> Iterator[Term]:
    """
    Servers that are named for the first time move nothing, unless they add a path to the default one.
    """
    gone = [server for server in old.servers if server not in new.servers]
    come = [server for server in new.servers if server not in old.servers]
    if gone == [""]:
        at_root = [server for server in come if not urlsplit(server).path.strip("/")]
        if at_root:
            yield Term(kind="server.named", side="call", where="servers", old="none", new=told(come))
            return
    if gone:
        yield Term(
            kind="server.changed",
            side="call",
            where="servers",
            old=told(gone) or "none",
            new=told(list(new.servers)) or "none",
            request={**smallest_request(old), "server": gone[0]},
            why="the server is gone",
        )
    elif come:
        yield Term(kind="server.added", side="call", where="servers", old=told(list(old.servers)), new=told(come))


def _enough(one: tuple[Credential, ...], two: tuple[Credential, ...]) -> bool:
    """
    Whether whoever has what one alternative asks for has what the other asks for.
    """
    return all(any(item.told == own.told and item.scopes <= own.scopes for own in one) for item in two)


def _credentials_told(alternative: tuple[Credential, ...]) -> str:
    return (
        " + ".join(
            f"{item.told} ({', '.join(sorted(item.scopes))})" if item.scopes else item.told for item in alternative
        )
        or "nothing"
    )


def _security(old: Operation, new: Operation) -> Iterator[Term]:
    if old.security == new.security:
        return
    open_old, open_new = (not item.security or () in item.security for item in (old, new))
    texts = tuple(" | ".join(map(_credentials_told, item.security)) or "nothing" for item in (old, new))
    if open_old and not open_new:
        yield Term(
            kind="auth.required",
            side="request",
            where="credentials",
            old="none",
            new=texts[1],
            request={key: value for key, value in smallest_request(old).items() if key != "credentials"},
            why="no credential is sent",
        )
    elif open_new and not open_old:
        yield Term(kind="auth.dropped", side="request", where="credentials", old=texts[0], new="none")
    elif not open_old:
        yield from _alternatives(old, new, texts)


def _alternatives(old: Operation, new: Operation, texts: tuple[str, ...]) -> Iterator[Term]:
    gone = [one for one in old.security if not any(_enough(one, two) for two in new.security)]
    come = [two for two in new.security if not any(_enough(two, one) or _enough(one, two) for one in old.security)]
    eased = [one for one in old.security if one not in gone and not any(_enough(two, one) for two in new.security)]
    for one in gone:
        told_now = [item.told for item in one]
        raised = any(sorted(told_now) == sorted(item.told for item in two) for two in new.security)
        kind = "auth.alternative.removed" if len(gone) < len(old.security) else "auth.scheme.changed"
        scopes = sorted({scope for item in one for scope in item.scopes})
        yield Term(
            kind="scope.raised" if raised else kind,
            side="request",
            where="credentials",
            old=_credentials_told(one),
            new=texts[1],
            request={**smallest_request(old), "credentials": told_now, "scopes": scopes},
            why="the credential is no longer taken",
        )
    for kind, found in (("auth.eased", eased), ("auth.alternative.added", come)):
        if found and not gone:
            yield Term(kind=kind, side="request", where="credentials", old=texts[0], new=texts[1])


def _parameters(old: Operation, new: Operation) -> Iterator[Term]:
    before, after = ({(item.where, item.name): item for item in surface.parameters} for surface in (old, new))
    same_path = shape(old.path) == shape(new.path)
    for key, item in before.items():
        if key not in after and not (item.where == "path" and same_path):
            yield _parameter("param.removed", old, item, "declared", "not declared")
    for key, item in after.items():
        if item.where == "path" and (same_path or shape(old.path) != shape(new.path)):
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
    if old.body and not new.body and old.method:
        kind, schema = next(iter(old.body.items()))
        sent = {**smallest_request(old), "media_type": kind, "body": sample(schema)}
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
            request={key: value for key, value in smallest_request(old).items() if key not in ("body", "media_type")},
            why="the body is missing",
        )
    if old.body and new.body and (old.body_required, new.body_required) == (True, False):
        yield Term(kind="body.optional", side="request", where="body", old="required", new="optional")
    for kind in old.body or {}:
        if chosen(new.body or {}, kind) is None:
            sent = {**smallest_request(old), "media_type": kind, "body": sample((old.body or {})[kind])}
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
        if old.body and chosen(old.body, kind) is None:
            yield Term(kind="media.request.added", side="request", where="body", old=told(list(old.body)), new=kind)


def _is_success(status: str) -> bool:
    return status[:1] in ("2", "3", "1")


def declared(surface: Operation, status: str) -> Declared | None:
    """
    What a revision declares for a status or a range: by its name, by the range around it, by the default.

    The default stands for refusals, and for successes only where no other is declared.
    """
    names = [status, f"{status[:1]}XX"]
    if not _is_success(status) or not any(map(_is_success, surface.responses)):
        names.append("DEFAULT")
    return next((surface.responses[name] for name in names if name in surface.responses), None)


def _comes(status: str, surface: Operation) -> bool:
    """
    Whether a status, or one of a range, can come.
    """
    inside = status.endswith("XX") and any(name[:1] == status[:1] for name in surface.responses)
    return inside or declared(surface, status) is not None


def _statuses(old: Operation, new: Operation) -> Iterator[Term]:
    gone = [status for status in old.responses if status not in ("", "DEFAULT") and not _comes(status, new)]
    come = [status for status in new.responses if status not in ("", "DEFAULT") and declared(old, status) is None]
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
    answer = declared(surface, status)
    if answer is None:
        return made
    demanded = [item for item in answer.headers.values() if item.required]
    if demanded:
        made["headers"] = {item.name.lower(): sample(item.schema) for item in demanded}
    if answer.media:
        kind, schema = next(iter(answer.media.items()))
        made.update(media_type=kind, body=sample(schema))
    return made


def answers(old: Operation, new: Operation) -> Iterator[tuple[str, Declared, Declared]]:
    """
    (status, what OLD declares for it, what NEW declares for it) for each status that both declare somehow.
    """
    seen: set[tuple[int, int]] = set()
    for status in dict.fromkeys((*old.responses, *new.responses)):
        before, after = declared(old, status), declared(new, status)
        if before is not None and after is not None and (id(before), id(after)) not in seen:
            seen.add((id(before), id(after)))
            yield status, before, after


def _answers(old: Operation, new: Operation) -> Iterator[Term]:
    for status, before, after in answers(old, new):
        for kind in before.media:
            if not any(covers(kind, now) or covers(now, kind) for now in after.media):
                yield Term(
                    kind="media.response.removed",
                    side="answer",
                    where=status,
                    old=kind,
                    new=next(iter(after.media), "none"),
                    request={**smallest_request(old), "accept": kind},
                    why=f"{kind} no longer comes",
                )
        for kind in after.media:
            if chosen(before.media, kind) is None and set(before.media) <= set(after.media):
                yield Term(
                    kind="media.response.added", side="answer", where=status, old=told(list(before.media)), new=kind
                )
        yield from _headers(before, after, new, status)


def _headers(old: Declared, new: Declared, surface: Operation, status: str) -> Iterator[Term]:
    """
    `surface` is NEW as a whole.
    """
    for name in dict.fromkeys([*old.headers, *new.headers]):
        was, is_ = old.headers.get(name), new.headers.get(name)
        where = f"{status} {name}"
        if was and not is_:
            kind = "header.response.required.removed" if was.required else "header.response.optional.removed"
            yield Term(
                kind=kind,
                side="answer",
                where=where,
                old=_demand(was),
                new="not described",
                answer=_answer(surface, status),
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
                answer=_answer(surface, status),
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


# --- what is declared beside operations ----------------------------------------------------------------------------


def server_terms(old: Sequence[Json], new: Sequence[Json]) -> Iterator[Term]:
    """
    Changes of the values that variables of servers can take; `server.changed` tells of the addresses themselves.
    """
    after = {str(_member(server, "url")): _member(server, "variables") for server in new}
    for server in old:
        url = str(_member(server, "url"))
        for name, variable in _members(_member(server, "variables")) if url in after else ():
            was, is_ = (_member(part, "enum") or [] for part in (variable, _member(after[url], name)))
            gone = [value for value in was if value not in is_] if is_ else []
            come = [value for value in is_ if value not in was] if was else []
            where = f"servers {url} {name}"
            if gone or (is_ and not was):
                kind, texts = "server.variable.removed", (told(gone or "any value"), told(is_))
            elif come or (was and not is_):
                kind, texts = "server.variable.added", (told(was), told(is_ or "any value"))
            else:
                continue
            yield Term(kind=kind, side="call", where=where, old=texts[0], new=texts[1])


def scheme_terms(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Term]:
    """
    Changes of where credentials come from: flows of OAuth with their addresses and scopes, and OpenID Connect.
    """
    for name, scheme in old.items():
        before, after = _addresses(scheme), _addresses(new.get(name, {}))
        if name not in new or scheme.get("type") != new[name].get("type"):
            continue  # told by what the operations ask for
        for place in dict.fromkeys([*before, *after]):
            was, is_ = before.get(place, "none"), after.get(place, "none")
            if was != is_:
                verb = "added" if was == "none" else "removed" if is_ == "none" else "changed"
                where = f"{name} {place}"
                yield Term(kind=f"auth.address.{verb}", side="call", where=where, old=was, new=is_)


def _addresses(scheme: Json) -> dict[str, str]:
    """
    Place to address or scope of a scheme.
    """
    found = {"openIdConnectUrl": str(scheme["openIdConnectUrl"])} if "openIdConnectUrl" in scheme else {}
    for name, flow in _members(scheme.get("flows")):
        found |= {f"{name} {key}": str(address) for key, address in _members(flow) if key in _URLS}
        found |= {f"{name} scope {scope}": "offered" for scope, _ in _members(_member(flow, "scopes"))}
    return found


def _member(value: Json, name: str) -> Json:
    """
    A member of what should be an object; None where there is none.
    """
    return value.get(name) if isinstance(value, dict) else None


def _members(value: Json) -> Iterator[tuple[str, Json]]:
    """
    The members of what should be an object; none where it is something else.
    """
    yield from value.items() if isinstance(value, dict) else ()


_URLS: Final = ("authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl")
