"""
The emulator proves our tools, not the vendor: it answers from the same schemas, so its agreement means nothing.

(Request) -> Response as the documents describe it; no socket, clock or randomness of its own.

1. Everything is derived from the operations of a contract; another operation is data.
2. A request is refused by the first of these that applies: path, form of the account id, credentials, method,
   account, app, media type, JSON, schema. The edge refuses with `errors`, the service with `error`.
3. A success answers with what the server makes (id, times, status), the readable part of what was sent, and defaults:
   at the top always, further down in objects that were sent.
4. A member is echoed when the request and the answer both know it. Null and writeOnly members never come back, and
   neither does a value in an error text.
5. Whatever is sent, the answer is no 5xx, and it is signed: `server: rtkcontract-emulator`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from rtkcontract.catalog import resolve
from rtkcontract.jsontext import NotStrictJson, loads
from rtkcontract.model import Contract, Headers, Json, Operation, Request, Response
from rtkcontract.oracle import Oracle

SIGNATURE = ("server", "rtkcontract-emulator")

# The account id of the reference's sample has this form, and so has a token that the vendor hands out.
_ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,}")

_MOST_RULES = 3

Parts: TypeAlias = tuple[Mapping[str, Json], ...]
"""A schema taken apart: the node behind its references, then every member of its allOf, anyOf and oneOf."""


class _RefusalError(Exception):
    def __init__(self, status: int, body: Json, headers: Headers = ()) -> None:
        self.status, self.body, self.headers = status, body, headers


def _edge(status: int, *errors: Json) -> _RefusalError:
    return _RefusalError(status, {"success": False, "errors": list(errors), "messages": [], "result": None})


def _service(status: int, message: str, headers: Headers = ()) -> _RefusalError:
    return _RefusalError(status, {"success": False, "error": {"code": status, "message": message}}, headers)


_UNROUTED = {"code": 7003, "message": "Could not route to this path; an object identifier in it may be invalid"}
_NO_ROUTE = {"code": 7000, "message": "No route for that URI"}
_MISSING = {"code": 9106, "message": "Missing X-Auth-Key, X-Auth-Email or Authorization headers"}
_MALFORMED = {
    "code": 6003,
    "message": "Invalid request headers",
    "error_chain": [{"code": 6111, "message": "Invalid format for Authorization header"}],
}
_UNAUTHENTICATED = {"code": 10000, "message": "Authentication error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """
    An operation with what is worked out once.
    """

    operation: Operation
    shape: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    oracle: Oracle | None
    """None where the operation takes no body."""
    body_required: bool
    status: int
    answer: _Place
    beside_data: tuple[str, ...]
    """Members of the envelope that an answer needs next to success and data."""
    data: _Place
    server_made: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Minted:
    """
    What the server makes up for one answer.
    """

    moment: str
    new_id: Callable[[], str]


def emulator(
    contract: Contract,
    *,
    token: str,
    account_id: str,
    app_id: str,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
) -> Callable[[Request], Response]:
    """
    A server with one token, one account and one app. `now` gives aware datetimes, `new_id` uuids.
    """
    served = _all_served(contract)

    def handled(request: Request) -> Response:
        matching, parameters = _routed(served, request)
        account = parameters.get("account_id", account_id)
        if account != account_id and not _ACCOUNT_ID.fullmatch(account):
            raise _edge(404, _UNROUTED)
        _check_credentials(request, token)
        chosen = _chosen(matching, request.method)
        if account != account_id:
            raise _edge(403, _UNAUTHENTICATED)
        if parameters.get("app_id", app_id) != app_id:
            raise _service(404, "NOT_FOUND: no app has this id")
        sent = _body(chosen, request)
        minted = _Minted(moment=_moment(now()), new_id=new_id)
        return _answer(chosen.status, _success(chosen, sent, parameters, minted))

    def respond(request: Request) -> Response:
        try:
            response = handled(request)
        except _RefusalError as refused:
            response = _answer(refused.status, refused.body, refused.headers)
        except RecursionError:
            deep = _service(400, "BAD_REQUEST: the body is nested too deeply")
            response = _answer(deep.status, deep.body)
        return _without_body(response) if request.method == "HEAD" else response

    return respond


def _answer(status: int, body: Json, headers: Headers = ()) -> Response:
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    return Response(status=status, headers=(SIGNATURE, ("content-type", "application/json"), *headers), content=content)


def _without_body(response: Response) -> Response:
    return Response(status=response.status, headers=response.headers, content=b"")


def _moment(now: datetime) -> str:
    """
    The form that the vendor's answers have: 2025-11-02T13:36:33.590Z.
    """
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---- where a request goes


def _all_served(contract: Contract) -> tuple[_Served, ...]:
    """
    The operations of a contract; a path without parameters is met before one with.
    """
    servers = contract.document.get("servers") or [{"url": ""}]
    base = urlsplit(servers[0].get("url", "")).path.rstrip("/")
    found = [_served(contract, operation, base) for operation in contract.operations.values()]
    return tuple(sorted(found, key=lambda served: len(served.names)))


def _served(contract: Contract, operation: Operation, base: str) -> _Served:
    item = contract.document.get("paths", {}).get(operation.path, {}).get(operation.method.lower(), {})
    body = resolve(contract.document, item.get("requestBody", {"required": True}))
    pieces = re.split(r"\{([^{}]*)\}", base + operation.path)
    success: Json = next(iter(operation.success_schemas.values()), {})
    answer = _Place(contract.document, _parts(contract.document, success), ())
    data = _Place(
        contract.document,
        _parts(contract.document, operation.data_schema),
        _parts(contract.document, operation.request_schema),
    )
    return _Served(
        operation=operation,
        shape="{}".join(pieces[::2]),
        pattern=re.compile("([^/]+)".join(map(re.escape, pieces[::2]))),
        names=tuple(pieces[1::2]),
        oracle=Oracle(contract.document, operation.request_schema) if operation.request_schema != {} else None,
        body_required=body.get("required", False),
        status=next(iter(operation.success_schemas), 200),
        answer=answer,
        beside_data=tuple(name for name in _required(answer) if name not in ("success", "data")),
        data=data,
        server_made=_server_made(data),
    )


def _routed(served: tuple[_Served, ...], request: Request) -> tuple[tuple[_Served, ...], dict[str, str]]:
    """
    The operations on the path of a request, and what its parameters are.
    """
    path = urlsplit(request.url).path
    for one in served:
        if match := one.pattern.fullmatch(path):
            values = map(unquote, match.groups())
            return tuple(other for other in served if other.shape == one.shape), dict(
                zip(one.names, values, strict=True)
            )
    raise _edge(404, _UNROUTED, _NO_ROUTE)


def _chosen(matching: tuple[_Served, ...], method: str) -> _Served:
    for one in matching:
        if one.operation.method == method:
            return one
    allowed = ", ".join(sorted({one.operation.method for one in matching}))
    raise _service(405, "METHOD_NOT_ALLOWED: this path knows other methods", (("allow", allowed),))


def _headers(request: Request, name: str) -> list[str]:
    return [value for key, value in request.headers if key.lower() == name]


def _check_credentials(request: Request, token: str) -> None:
    given = _headers(request, "authorization")
    if not given:
        raise _edge(400, _MISSING)
    scheme, _, credential = given[0].partition(" ")
    bearer = len(given) == 1 and scheme.lower() == "bearer"
    if bearer and credential == token:
        return
    if bearer and _TOKEN.fullmatch(credential):
        raise _edge(401, _UNAUTHENTICATED)
    raise _edge(400, _MALFORMED)


# ---- what a request says


def _body(served: _Served, request: Request) -> Json:
    """
    The body that was sent; {} where the operation takes none or it may be left out.
    """
    if served.oracle is None or not (request.content or served.body_required):
        return {}
    kinds = [value.partition(";")[0].strip().lower() for value in _headers(request, "content-type")]
    if kinds != [served.operation.media_type.lower()]:
        raise _service(415, f"UNSUPPORTED_MEDIA_TYPE: content-type is not {served.operation.media_type}")
    return _valid(served.oracle, request.content)


def _valid(oracle: Oracle, content: bytes) -> Json:
    try:
        sent = loads(content)
        broken = oracle.violations(sent)
    except NotStrictJson as error:
        raise _service(400, f"BAD_REQUEST: the body is not JSON: {error}") from None
    except ValueError:
        # An integer beyond Python's limit of digits, or a member name that is no Unicode text.
        raise _service(400, "BAD_REQUEST: the body holds a number or a text that cannot be read") from None
    if broken:
        rules = "; ".join(violation.message for violation in broken[:_MOST_RULES])
        raise _service(400, f"BAD_REQUEST: {rules}")
    return sent


# ---- what a success says


class _Place:
    """
    One place in the answer with the same place in the request; what is worked out about it is kept.
    """

    def __init__(self, document: Json, told: Parts, asked: Parts) -> None:
        self.document, self.told, self.asked = document, told, asked

    @functools.cached_property
    def hidden(self) -> bool:
        return any(part.get("writeOnly") for part in (*self.told, *self.asked))

    @functools.cached_property
    def default(self) -> Json:
        """
        None where there is no default.
        """
        return next((part["default"] for part in (*self.told, *self.asked) if part.get("default") is not None), None)

    @functools.cached_property
    def members(self) -> dict[str, _Place]:
        answers, requests = _members(self.told), _members(self.asked)
        return {name: self._inner(nodes, requests.get(name, ())) for name, nodes in answers.items()}

    @functools.cached_property
    def settable(self) -> frozenset[str]:
        """
        Members that a request may set; all, where the request declares none.
        """
        requests = _members(self.asked) or self.members
        return frozenset(name for name in requests if not any(part.get("readOnly") for part in self._told(name)))

    @functools.cached_property
    def items(self) -> _Place:
        told, asked = ([part["items"] for part in parts if "items" in part] for parts in (self.told, self.asked))
        return self._inner(told, asked)

    @functools.cached_property
    def undeclared(self) -> dict[str, _Place]:
        """
        Where the answer declares no member: what the request knows about them.
        """
        return {name: self._inner((), nodes) for name, nodes in _members(self.asked).items()}

    def _told(self, name: str) -> Parts:
        return self.members[name].told if name in self.members else ()

    def _inner(self, told: Iterable[Json], asked: Iterable[Json]) -> _Place:
        return _Place(self.document, _flat(self.document, told), _flat(self.document, asked))


def _parts(document: Json, node: Json) -> Parts:
    node = resolve(document, node)
    if not isinstance(node, dict):
        return ()
    inner = (part for keyword in ("allOf", "anyOf", "oneOf") for part in node.get(keyword, ()))
    return (node, *(found for part in inner for found in _parts(document, part)))


def _flat(document: Json, nodes: Iterable[Json]) -> Parts:
    return tuple(part for node in nodes for part in _parts(document, node))


def _members(parts: Parts) -> dict[str, list[Json]]:
    """
    Each declared member with every schema that speaks of it, in the order of declaration.
    """
    members: dict[str, list[Json]] = {}
    for part in parts:
        for name, node in part.get("properties", {}).items():
            members.setdefault(name, []).append(node)
    return members


def _echo(place: _Place, sent: Json) -> Json:
    """
    The readable part of what was sent, with defaults; an object of which nothing is declared comes back whole.
    """
    if isinstance(sent, list):
        return [_echo(place.items, item) for item in sent]
    if not isinstance(sent, dict):
        return sent
    if not place.members:
        return {name: item for name, item in sent.items() if not _hides(place.undeclared, name) and item is not None}
    kept = (
        (name, _member(inner, sent.get(name) if name in place.settable else None))
        for name, inner in place.members.items()
    )
    return {name: value for name, value in kept if value is not None}


def _hides(places: Mapping[str, _Place], name: str) -> bool:
    return name in places and places[name].hidden


def _member(place: _Place, sent: Json) -> Json:
    """
    What one member comes back as; None where it does not.
    """
    if place.hidden:
        return None
    return place.default if sent is None else _echo(place, sent)


def _success(served: _Served, sent: Json, parameters: Mapping[str, str], minted: _Minted) -> Json:
    """
    The whole answer, or None for a status that has no body.
    """
    if served.status == 204:  # No Content
        return None
    answer = {name: _sample(served.answer.members[name], minted) for name in served.beside_data}
    if served.operation.data_schema == {}:
        return {**answer, "success": True}
    return {**answer, "success": True, "data": _data(served, sent, parameters, minted)}


def _data(served: _Served, sent: Json, parameters: Mapping[str, str], minted: _Minted) -> Json:
    place = served.data
    if not place.members:
        return _sample(place, minted)
    echoed = _echo(place, sent if isinstance(sent, dict) else {})
    made = {name: _sample(place.members[name], minted) for name in served.server_made if name not in echoed}
    if "id" in made and served.operation.path.endswith("}"):
        # A path that ends in a parameter names the object that the answer is about.
        made["id"] = parameters[served.names[-1]]
    filled = {**made, **echoed}
    return {name: filled[name] for name in place.members if name in filled}


def _required(place: _Place) -> tuple[str, ...]:
    """
    The members that must be there and are declared.
    """
    names = dict.fromkeys(name for part in place.told for name in part.get("required", ()))
    return tuple(name for name in names if name in place.members)


def _server_made(place: _Place) -> tuple[str, ...]:
    """
    Members that an answer needs, and states (an enum) that a request cannot set.
    """
    states = (
        name
        for name, inner in place.members.items()
        if name not in _members(place.asked) and any("enum" in part for part in inner.told)
    )
    return (*_required(place), *states)


def _sample(place: _Place, minted: _Minted) -> Json:
    """
    A plain value for a place: what its schema fixes or prefers, else the smallest of its type.
    """
    for keyword in ("const", "default"):
        for part in place.told:
            if keyword in part:
                return part[keyword]
    for part in place.told:
        for value in (*part.get("enum", ()), *part.get("examples", ())):
            return value
    return _smallest(place, minted)


def _smallest(place: _Place, minted: _Minted) -> Json:
    kind = next((kind for part in place.told for kind in _kinds(part)), "object")
    limits = {name: value for part in reversed(place.told) for name, value in part.items()}
    if kind == "object":
        return {name: _sample(place.members[name], minted) for name in _required(place)}
    if kind == "array":
        return [_sample(place.items, minted) for _ in range(limits.get("minItems", 0))]
    if kind == "string":
        return _smallest_text(limits, minted)
    return {"boolean": False, "null": None}.get(kind, limits.get("minimum", 0))


def _kinds(part: Mapping[str, Json]) -> list[str]:
    kind = part.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _smallest_text(limits: Mapping[str, Json], minted: _Minted) -> str:
    if limits.get("format") == "uuid":
        return minted.new_id()
    if limits.get("format") == "date-time":
        return minted.moment
    return "emulated".ljust(limits.get("minLength", 0), "-")
