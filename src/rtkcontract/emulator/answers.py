"""
The emulator proves our tools, not the vendor: it answers from the same schemas, so its agreement means nothing.

(Request) -> Response as the documents describe it; no socket, clock or randomness of its own.

1. Everything is derived from the operations of a contract; another operation is data.
2. A request is refused by the first of these that applies: path, form of the account id, credentials, method,
   account, app, parameters, an id that names nothing, media type, JSON, schema. The edge refuses with `errors`, the
   service with `error`; where the document declares another form of refusal, that form is taken.
3. A success answers with what the server makes (id, times, status), the readable part of what was sent, and defaults:
   at the top always, further down in objects that were sent. It fits the declared schema.
4. A member is echoed when the request and the response both know it. Null and writeOnly members never come back, and
   neither does a value in an error text.
5. Whatever is sent to an operation of the contract, the response is no 5xx, and it is signed:
   `server: rtkcontract-emulator`. An operation that the contract does not have is 501, in the emulator's own words.
6. `GET /health`, `GET /openapi.json` and `POST /reset` are the emulator's own, unless the contract has such a path.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from rtkcontract.emulator.bodies import body_of
from rtkcontract.emulator.lawful import refusal
from rtkcontract.emulator.objects import Call, Objects
from rtkcontract.emulator.parameters import Asked
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
from rtkcontract.emulator.routing import OWNER, Routes, Served, allowed, operation_on
from rtkcontract.emulator.samples import Attempt
from rtkcontract.emulator.store import Store
from rtkcontract.model import Contract, Headers, Json, Request, Response

_MOST_RULES = 3


def emulator(
    contract: Contract,
    *,
    token: str,
    account_id: str | None = None,
    app_id: str | None = None,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    store: Store | None = None,
    key_will_do: bool = False,
) -> Callable[[Request], Response]:
    """
    A server with one token; with one account and one app where they are given, else with any that are well formed.

    `now` gives aware datetimes, `new_id` uuids. What it remembers stands in `store`, one of its own by default. With
    `key_will_do` the gateway's older credential, a key with an address, is taken beside the token.
    """
    memory = Store() if store is None else store
    return _Emulator(
        contract, Routes(contract), memory, (token, key_will_do), (account_id, app_id), now, new_id
    ).respond


class _Emulator:
    """
    What an emulator knows: the operations of its contract, its objects, and who may ask.
    """

    def __init__(
        self,
        contract: Contract,
        routes: Routes,
        memory: Store,
        credential: tuple[str, bool],
        owner: tuple[str | None, str | None],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self.contract, self.routes, self.memory = contract, routes, memory
        self.token, self.key_will_do = credential
        self.account_id, self.app_id = owner
        self.clock, self.new_id = now, new_id
        self.objects = Objects(routes, memory)

    def respond(self, request: Request) -> Response:
        try:
            response = _own(request, self.contract, self.routes, self.memory) or self._handled(request)
        except RefusalError as refused:
            response = _json(refused.status, refused.body, refused.headers, refused.media_type)
        except RecursionError:
            deep = service(400, "BAD_REQUEST: the body is nested too deeply")
            response = _json(deep.status, deep.body)
        if headers_named(request, "origin"):
            response = _with_headers(response, ("access-control-allow-origin", "*"))
        return _without_body(response) if request.method == "HEAD" else response

    def _handled(self, request: Request) -> Response:
        matching, values = self.routes.on(request)
        served = operation_on(matching, request.method)
        path = dict(zip((served or matching[0]).names, values, strict=True))  # each method has its own names for them
        if served is None and request.method == "OPTIONS":
            return _options(request, allowed(matching))
        self._check_account_form(matching[0], path.get("account_id"))
        try:
            if self.routes.owned or (served or matching[0]).demands_credentials:
                check_credentials(request, self.token, key_will_do=self.key_will_do)
            if served is None:
                allow = ("allow", allowed(matching))
                raise service(405, "METHOD_NOT_ALLOWED: this path knows other methods", (allow,))
            self._check_owner(served, path)
            return _success(served, self.objects.body(self._call(served, path, request)))
        except RefusalError as refused:
            raise refusal(served, refused, self._attempt()) if served else refused from None

    def _check_account_form(self, served: Served, account: str | None) -> None:
        examples = [text for one in served.parameters if one.name == "account_id" for text in one.examples]
        known = (self.account_id, None, *examples)
        if self.routes.owned and account not in known and not ACCOUNT_ID.fullmatch(str(account)):
            raise edge(404, UNROUTED)

    def _check_owner(self, served: Served, path: Mapping[str, str]) -> None:
        """
        Refuses another account and another app than those that are pinned; an app that the path is about is an object.
        """
        if self.account_id is not None and path.get("account_id", self.account_id) != self.account_id:
            raise edge(403, UNAUTHENTICATED)
        about = "app_id" in {parameter for _, parameter in self.routes.above(served)}
        if not about and self.app_id is not None and path.get("app_id", self.app_id) != self.app_id:
            raise service(404, "NOT_FOUND: no app has this id")

    def _attempt(self) -> Attempt:
        return Attempt(moment=_moment(self.clock()), new_id=self.new_id)

    def _call(self, served: Served, path: Mapping[str, str], request: Request) -> Call:
        parameters = [one for one in served.parameters if not (self.routes.owned and one.name in OWNER)]
        asked = Asked(parameters, path, urlsplit(request.url).query)
        if asked.problems:
            raise service(400, f"BAD_REQUEST: {'; '.join(asked.problems[:_MOST_RULES])}")
        call = Call(served=served, asked=asked, sent={}, attempt=self._attempt())
        self.objects.check(call)
        return replace(call, sent=body_of(served, request))


def _json(status: int, body: Json, headers: Headers = (), media_type: str = "application/json") -> Response:
    content = json.dumps(body, separators=(",", ":")).encode()
    return Response(status=status, headers=(SIGNATURE, ("content-type", media_type), *headers), content=content)


def _success(served: Served, body: Json) -> Response:
    if served.media is None:
        return Response(status=served.status, headers=(SIGNATURE,), content=b"")
    media_type = served.media[0]
    if "json" in media_type.lower() or "*" in media_type:
        return _json(served.status, body, (), "application/json" if "*" in media_type else media_type)
    content = (body if isinstance(body, str) else json.dumps(body)).encode("utf-8", "replace")
    return Response(status=served.status, headers=(SIGNATURE, ("content-type", media_type)), content=content)


def _with_headers(response: Response, *more: tuple[str, str]) -> Response:
    return Response(status=response.status, headers=(*response.headers, *more), content=response.content)


def _without_body(response: Response) -> Response:
    """
    The response to HEAD: the headers of GET, which say how long the body would have been.
    """
    headers = (*response.headers, ("content-length", str(len(response.content))))
    return Response(status=response.status, headers=headers, content=b"")


def _moment(now: datetime) -> str:
    """
    The form that the vendor's responses have: 2025-11-02T13:36:33.590Z.
    """
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---- what every server does


def _options(request: Request, methods: str) -> Response:
    """
    What a path allows, and to a browser's preflight that it may send its request.
    """
    known = f"{methods}, HEAD, OPTIONS" if "GET" in methods else f"{methods}, OPTIONS"
    headers: Headers = (SIGNATURE, ("allow", known))
    if headers_named(request, "access-control-request-method"):
        asked = ", ".join(headers_named(request, "access-control-request-headers")) or "authorization, content-type"
        headers += (
            ("access-control-allow-methods", known),
            ("access-control-allow-headers", asked),
            ("access-control-max-age", "600"),
        )
    return Response(status=204, headers=headers, content=b"")


def _own(request: Request, contract: Contract, routes: Routes, memory: Store) -> Response | None:
    """
    The emulator's own paths; None for any other, and where the contract has a path of that name.
    """
    path = urlsplit(request.url).path
    if path not in _OWN or any(one.pattern.fullmatch(path) for one in routes.served):
        return None
    if request.method == "OPTIONS":
        return _options(request, _OWN[path])
    if request.method not in (_OWN[path], "HEAD"):
        return _json(405, {"error": "another method"}, (("allow", _OWN[path]),))
    if path == "/openapi.json":
        at = urlsplit(request.url)
        here = {"servers": [{"url": f"{at.scheme}://{at.netloc}{routes.base}"}]}
        return _json(200, {**contract.document, **here})
    if path == "/reset" and request.method == "POST":
        memory.reset()
    return _json(200, {"status": "ok", "operations": len(routes.served), "objects": memory.count, "bytes": memory.size})


_OWN = {"/health": "GET", "/openapi.json": "GET", "/reset": "POST"}
