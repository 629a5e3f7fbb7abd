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

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rtkcontract.contract.expectation import Oracle
from rtkcontract.emulator.refusals import (
    ACCOUNT_ID,
    SIGNATURE,
    UNAUTHENTICATED,
    UNROUTED,
    RefusalError,
    check_credentials,
    edge,
    headers_named,
    service,
)
from rtkcontract.emulator.routing import Served, all_served, chosen_operation, routed
from rtkcontract.emulator.shape import Place, required
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import Contract, Headers, Json, Request, Response

_MOST_RULES = 3


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
    served = all_served(contract)

    def handled(request: Request) -> Response:
        matching, parameters = routed(served, request)
        account = parameters.get("account_id", account_id)
        if account != account_id and not ACCOUNT_ID.fullmatch(account):
            raise edge(404, UNROUTED)
        check_credentials(request, token)
        chosen = chosen_operation(matching, request.method)
        if account != account_id:
            raise edge(403, UNAUTHENTICATED)
        if parameters.get("app_id", app_id) != app_id:
            raise service(404, "NOT_FOUND: no app has this id")
        sent = _body(chosen, request)
        minted = _Minted(moment=_moment(now()), new_id=new_id)
        return _answer(chosen.status, _success(chosen, sent, parameters, minted))

    def respond(request: Request) -> Response:
        try:
            response = handled(request)
        except RefusalError as refused:
            response = _answer(refused.status, refused.body, refused.headers)
        except RecursionError:
            deep = service(400, "BAD_REQUEST: the body is nested too deeply")
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


# ---- what a request says


def _body(served: Served, request: Request) -> Json:
    """
    The body that was sent; {} where the operation takes none or it may be left out.
    """
    if served.oracle is None or not (request.content or served.body_required):
        return {}
    kinds = [value.partition(";")[0].strip().lower() for value in headers_named(request, "content-type")]
    if kinds != [served.operation.media_type.lower()]:
        raise service(415, f"UNSUPPORTED_MEDIA_TYPE: content-type is not {served.operation.media_type}")
    return _valid(served.oracle, request.content)


def _valid(oracle: Oracle, content: bytes) -> Json:
    try:
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


def _echo(place: Place, sent: Json) -> Json:
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


def _hides(places: Mapping[str, Place], name: str) -> bool:
    return name in places and places[name].hidden


def _member(place: Place, sent: Json) -> Json:
    """
    What one member comes back as; None where it does not.
    """
    if place.hidden:
        return None
    return place.default if sent is None else _echo(place, sent)


def _success(served: Served, sent: Json, parameters: Mapping[str, str], minted: _Minted) -> Json:
    """
    The whole answer, or None for a status that has no body.
    """
    if served.status == 204:  # No Content
        return None
    answer = {name: _sample(served.answer.members[name], minted) for name in served.beside_data}
    if served.operation.data_schema == {}:
        return {**answer, "success": True}
    return {**answer, "success": True, "data": _data(served, sent, parameters, minted)}


def _data(served: Served, sent: Json, parameters: Mapping[str, str], minted: _Minted) -> Json:
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


def _sample(place: Place, minted: _Minted) -> Json:
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


def _smallest(place: Place, minted: _Minted) -> Json:
    kind = next((kind for part in place.told for kind in _kinds(part)), "object")
    limits = {name: value for part in reversed(place.told) for name, value in part.items()}
    if kind == "object":
        return {name: _sample(place.members[name], minted) for name in required(place)}
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
