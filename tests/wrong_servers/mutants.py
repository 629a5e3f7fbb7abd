"""
What a mutant is, the small functions that make one, and how a mutant shows itself.

1. A mutant is data: a name, the operations it touches, the promise it breaks and a hook that changes one step of a
   server. A lawful variant is the same, and its promise says what leaves it open.
2. `shows` are calls after which a mutated server has said something else than a correct one. They prove that a mutant
   is alive; no engine has to send these.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

from wrong_servers import rules
from wrong_servers.operations import BASE, OPERATIONS, ROUTES, Operation
from wrong_servers.second_server import ACCOUNT, APP, TOKEN, Json, Request, Response, Server

Hook = Callable[[Server], None]
Source = Literal["documents", "standards", "practice"]


class Gone:
    """
    The member is not there, or no body is sent.
    """


GONE = Gone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One request to an operation. In ids, query and body a text such as "$0.data.id" stands for a value of the first
    response. `raw` replaces the body's bytes, `suffix` stands behind the path, a header of None is left out.
    """

    operation: str
    body: Json = GONE
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    raw: bytes | None = None
    method: str = ""
    suffix: str = ""


Calls = tuple["Call | tuple[Call, ...]", ...]
"""In order; the calls of an inner tuple are sent at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """
    One way to be wrong, or lawfully different.

    `promise` says what is broken, with its source, or what leaves a variant open. `source` is what kind of promise it
    is. `visible` tells from the responses to `shows` that the fault is there, where threads make their bytes differ.
    """

    name: str
    family: str
    operations: tuple[str, ...]
    description: str
    promise: str
    hook: Hook
    shows: Calls
    source: Source = "documents"
    visible: Callable[[list[Response]], bool] | None = None


def call(operation: str, body: Json = GONE, /, **ids: str) -> Call:
    """
    A call with path ids by name.
    """
    return Call(operation=operation, body=body, ids=ids)


def with_query(operation: str, query: Mapping[str, str], /, **ids: str) -> Call:
    """
    A call with query parameters.
    """
    return Call(operation=operation, query=query, ids=ids)


# --- hooks ----------------------------------------------------------------------------------------------------------


def step(method: str, change: Callable[..., Any], *operations: str) -> Hook:
    """
    A step of the server with `change(server, original, operation, *arguments)` in its place, for some operations or
    for all.
    """

    def hook(server: Server) -> None:
        original = getattr(server, method)

        def changed(operation: Operation, *arguments: Any) -> Any:
            if operations and operation.name not in operations:
                return original(operation, *arguments)
            return change(server, original, operation, *arguments)

        setattr(server, method, changed)

    return hook


def both(*hooks: Hook) -> Hook:
    def hook(server: Server) -> None:
        for one in hooks:
            one(server)

    return hook


def rule(operation: str, place: str, **changes: Any) -> Hook:
    """
    The body's rule with other keywords at a dotted place.
    """

    def hook(server: Server) -> None:
        server.bodies[operation] = rules.altered(server.bodies[operation], place, **changes)

    return hook


def parameter(operation: str, name: str, **changes: Any) -> Hook:
    """
    A query parameter's rule with other keywords.
    """

    def hook(server: Server) -> None:
        server.queries[operation][name] = replace(server.queries[operation][name], **changes)

    return hook


Effect = Callable[[Server, Request, Json, Response], Response]
"""(server, request, the body as sent or GONE, response) -> response."""


def success(effect: Effect, *operations: str) -> Hook:
    """
    An effect on every success of some operations, or of all.
    """
    return step("finish", lambda server, original, o, q, s, r: effect(server, q, s, original(o, q, s, r)), *operations)


def operation_of(request: Request) -> Operation | None:
    """
    The operation that a request is meant for, whatever else is wrong with it.
    """
    path = urlsplit(request.target).path
    method = "GET" if request.method == "HEAD" else request.method
    matching = (o for o in ROUTES if o.method == method and o.pattern.fullmatch(path))
    return next(matching, None)


def response(effect: Effect, *operations: str) -> Hook:
    """
    An effect on every response, refusals too, of some operations or to anything.
    """

    def hook(server: Server) -> None:
        original = server.respond

        def changed(request: Request) -> Response:
            made = original(request)
            meant = operation_of(request)
            if operations and (meant is None or meant.name not in operations):
                return made
            return effect(server, request, parsed(request.content), made)

        server.respond = changed  # type: ignore[method-assign]

    return hook


def request(change: Callable[[Server, Request], Request], *operations: str) -> Hook:
    """
    The server sees another request than the one that was sent.
    """

    def hook(server: Server) -> None:
        original = server.respond

        def changed(sent: Request) -> Response:
            meant = operation_of(sent)
            if operations and (meant is None or meant.name not in operations):
                return original(sent)
            return original(change(server, sent))

        server.respond = changed  # type: ignore[method-assign]

    return hook


def when(matches: Callable[[Request, Json, Response], bool], effect: Effect) -> Effect:
    """
    The effect where request, body and response are such.
    """

    def chosen(server: Server, sent: Request, body: Json, made: Response) -> Response:
        return effect(server, sent, body, made) if matches(sent, body, made) else made

    return chosen


def refused(_: Request, __: Json, made: Response) -> bool:
    return 400 <= made.status < 500


def accepted(_: Request, __: Json, made: Response) -> bool:
    return 200 <= made.status < 300


# --- effects --------------------------------------------------------------------------------------------------------


def parsed(content: bytes) -> Any:
    """
    The JSON value, GONE for what is none.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return GONE


def doubled(content: bytes) -> bool:
    """
    Whether an object of a JSON text has a member twice.
    """
    found = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        found.append(len(names) != len(set(names)))
        return dict(items)

    try:
        json.loads(content, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return False
    return any(found)


def told(change: Callable[[Json, dict[str, Any]], None]) -> Effect:
    """
    The member data of a success changed in place: (sent, data). The app of create_app is its data.
    """

    def effect(_: Server, __: Request, sent: Json, made: Response) -> Response:
        whole = parsed(made.content)
        data = whole.get("data") if isinstance(whole, dict) else None
        if isinstance(data, dict) and made.status < 300:
            change(sent, data.get("app", data))
            return replace(made, content=json.dumps(whole, separators=(",", ":")).encode())
        return made

    return effect


def comes_back(place: str, convert: Callable[[Any], Any]) -> Effect:
    """
    A member that was sent comes back as something else; one that was not is left as it is.
    """

    def change(sent: Json, data: dict[str, Any]) -> None:
        if get(sent, place) not in (GONE, None) and get(data, place) is not GONE:
            put(data, place, convert(get(data, place)))

    return told(change)


def says(place: str, value: Json) -> Effect:
    """
    A member of the data has this value.
    """
    return told(lambda _, data: put(data, place, value))


def header(name: str, *values: str) -> Effect:
    """
    Other values for a header; none takes it out, several stand in lines of their own.
    """

    def effect(_: Server, __: Request, ___: Json, made: Response) -> Response:
        others = tuple(item for item in made.headers if item[0] != name)
        return replace(made, headers=(*others, *((name, value) for value in values)))

    return effect


def status(code: int) -> Effect:
    return lambda _, __, ___, made: replace(made, status=code)


def error(code: int, message: str, **more: Json) -> Effect:
    """
    The service's error envelope in place of the response.
    """
    whole = {"success": False, "error": {"code": code, "message": message}, **more}
    content = json.dumps(whole).encode()
    return lambda _, __, ___, made: replace(made, status=code, content=content)


CRASH = error(500, "INTERNAL_SERVER_ERROR: something went wrong")
REFUSAL = error(400, "BAD_REQUEST: these settings cannot be combined")


def get(value: Json, place: str) -> Any:
    """
    What stands at a dotted path; GONE where nothing does. A number is a position in a list.
    """
    for name in place.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return GONE
    return value


def put(holder: Any, place: str, value: Json) -> None:
    """
    Puts a value at a dotted path and makes the objects on the way; GONE takes the member out.
    """
    *above, last = place.split(".")
    for name in above:
        holder = holder[int(name)] if isinstance(holder, list) else holder.setdefault(name, {})
    if isinstance(holder, list):
        holder[int(last)] = value
    elif value is GONE:
        holder.pop(last, None)
    else:
        holder[last] = value


def body(*parts: Mapping[str, Json]) -> dict[str, Any]:
    """
    The object whose members are given by dotted paths.
    """
    made: dict[str, Any] = {}
    for place, value in (item for part in parts for item in part.items()):
        put(made, place, value)
    return made


# --- showing --------------------------------------------------------------------------------------------------------


def request_of(one: Call, responses: Sequence[Response]) -> Request:
    """
    The request of a call, after these responses.
    """
    operation = OPERATIONS[one.operation]
    ids = {"account_id": ACCOUNT, "app_id": APP, **one.ids}
    path = BASE + operation.path
    for name in operation.ids:
        path = path.replace(f"{{{name}}}", quote(str(_filled(ids.get(name, "unnamed"), responses)), safe="%"))
    query = urlencode({name: str(_filled(value, responses)) for name, value in one.query.items()})
    content = one.raw if one.raw is not None else b""
    headers: dict[str, str | None] = {"host": "127.0.0.1", "authorization": f"Bearer {TOKEN}"}
    if one.raw is not None or one.body is not GONE:
        headers["content-type"] = "application/json"
    if one.raw is None and one.body is not GONE:
        content = json.dumps(_filled(one.body, responses)).encode()
    headers |= one.headers
    return Request(
        method=one.method or operation.method,
        target=path + one.suffix + (f"?{query}" if query else ""),
        headers=tuple((name, value) for name, value in headers.items() if value is not None),
        content=content,
    )


def _filled(value: Json, responses: Sequence[Response]) -> Json:
    if isinstance(value, dict):
        return {name: _filled(inner, responses) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, responses) for inner in value]
    if not isinstance(value, str) or not value.startswith("$") or not value[1:2].isdigit():
        return value
    number, _, place = value[1:].partition(".")
    found = get(parsed(responses[int(number)].content), place)
    return "unresolved" if found is GONE else found


class Clock:
    """
    A clock that goes on by three milliseconds at each look.
    """

    def __init__(self) -> None:
        self.ticks = itertools.count()

    def __call__(self) -> datetime:
        return datetime(2026, 11, 27, 12, 0, tzinfo=UTC) + timedelta(milliseconds=3 * next(self.ticks))


def fresh(mutant: Mutant | None = None) -> Server:
    """
    A server that says the same in every run.
    """
    server = Server(now=Clock(), seed=0)
    if mutant:
        mutant.hook(server)
    return server


def responses_to(server: Server, calls: Calls) -> list[Response]:
    """
    The responses of a server to calls, those of a burst in the order of its calls.
    """
    responses: list[Response] = []
    for one in calls:
        requests = [request_of(each, responses) for each in (one if isinstance(one, tuple) else (one,))]
        responses += _at_once(server, requests) if len(requests) > 1 else [server.respond(requests[0])]
    return responses


def _at_once(server: Server, requests: list[Request]) -> list[Response]:
    made: dict[int, Response] = {}
    ready = threading.Barrier(len(requests))

    def send(number: int) -> None:
        ready.wait()
        made[number] = server.respond(requests[number])

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [made[number] for number in sorted(made)]


def values(responses: list[Response], place: str) -> Iterator[Any]:
    """
    What stands at a path of each response that has it.
    """
    for one in responses:
        found = get(parsed(one.content), place)
        if found is not GONE:
            yield found
