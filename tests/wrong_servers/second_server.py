"""
A second correct server for the whole API, written from the documents alone; it shares no code with the emulator.

1. A request goes through `route`, `authorise`, `read` and one handler; each step is a method of its own that takes the
   operation first, so that a mutant changes one step for some operations and leaves the rest as it is.
2. Objects are rows in memory, by app and collection, each below its parent. Everything happens under one lock.
3. Where the documents leave something open, it does one lawful thing: pages count from one, a page's last item is
   counted in, the newest comes first, nested defaults are not filled in, a partial update merges objects.
4. An app holds samples that no REST call can make: a meeting in session, its session, recording and livestream.
"""

from __future__ import annotations

import copy
import json
import random
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from wrong_servers import rules
from wrong_servers.operations import OPERATIONS, ROUTES, Operation

Json = Any

TOKEN = "zoo_token_not_a_secret_" + "0" * 20
ACCOUNT = "0123456789abcdef0123456789abcdef"
OTHER_ACCOUNT = "fedcba9876543210fedcba9876543210"
APP = "14a396e7-ca44-4937-bf1f-050a69118543"
SECOND_APP = "2b7c1f0e-93d2-4c58-8a61-7d0f3e5b9a24"
LIVE_MEETING = "5a1b7a52-9d53-4c52-8a3e-0c1d2e3f4a5b"
SESSION = "6c0de3f1-2b4a-4d6c-9e8f-1a2b3c4d5e6f"
PEER = "7d1ef402-3c5b-4e7d-8f90-2b3c4d5e6f70"
RECORDING = "8e2f0513-4d6c-4f8e-90a1-3c4d5e6f7081"
LIVESTREAM = "9f301624-5e7d-4090-a1b2-4d5e6f708192"
STREAM_SESSION = "a0412735-6f8e-41a1-b2c3-5e6f708192a3"
SAMPLE_TIME = "2026-01-05T10:00:00.000Z"
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    A request as it came: `target` is path and query, header names are in small letters.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """
    A response. `raw` are the bytes to send in place of what the other members say; `close` ends the connection.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    reason: str | None = None
    raw: bytes | None = None
    close: bool = False


@dataclass(slots=True, kw_only=True)
class Row:
    """
    A stored object. `parent` is the id of the object above it, "" where there is none; `order` counts creations.
    """

    kind: str
    app: str
    parent: str
    id: str
    order: int
    data: dict[str, Any] = field(default_factory=dict)


class RefusalError(Exception):
    """
    Ends a request with an error response.
    """

    def __init__(self, status: int, body: Json, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


def edge(status: int, code: int, message: str, **more: Json) -> RefusalError:
    """
    The error envelope of the vendor's edge.
    """
    errors = [{"code": code, "message": message, **more}]
    return RefusalError(status, {"success": False, "errors": errors, "messages": [], "result": None})


def service(status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> RefusalError:
    """
    The error envelope of the service; its code is the status.
    """
    return RefusalError(status, {"success": False, "error": {"code": status, "message": message}}, headers)


JSON_TYPE = ("content-type", "application/json")
REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}
REASONS |= {404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 413: "Content Too Large"}
REASONS |= {415: "Unsupported Media Type", 422: "Unprocessable Content", 429: "Too Many Requests"}
REASONS |= {500: "Internal Server Error", 202: "Accepted", 502: "Bad Gateway", 503: "Service Unavailable"}

HIDDEN_BODY = (204, 304)


def encoded(response: Response, *, method: str = "GET") -> bytes:
    """
    The bytes of a response in HTTP/1.1.
    """
    if response.raw is not None:
        return response.raw
    reason = REASONS.get(response.status, "Unknown") if response.reason is None else response.reason
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    headers = list(response.headers)
    measured = any(name in ("content-length", "transfer-encoding") for name, _ in headers)
    if not measured and response.status not in HIDDEN_BODY:
        headers.append(("content-length", str(len(response.content))))
    if response.close:
        headers.append(("connection", "close"))
    lines += [f"{name}: {value}" for name, value in headers]
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if method == "HEAD" else head + response.content


Step = Callable[..., Any]


class Server:
    """
    One server with its own memory. `now` gives aware datetimes; `seed` makes the ids the same in every run.
    """

    def __init__(self, *, now: Callable[[], datetime] | None = None, seed: int | None = None) -> None:
        self.now = now or (lambda: datetime.now(UTC))
        self.random = random.Random(seed)  # SystemRandom cannot be seeded; None takes the system's
        self.lock = threading.RLock()
        self.rows: dict[tuple[str, str], dict[str, Row]] = {}
        self.bodies = dict(rules.BODIES)
        self.queries = {name: dict(known) for name, known in rules.QUERIES.items()}
        self.count = 0
        self.kept: dict[Any, Any] = {}
        """What a mutant remembers."""
        self._fill()

    # --- the way of a request

    def respond(self, request: Request) -> Response:
        """
        The response to a request; what goes wrong inside is a 500 of the service.
        """
        try:
            response = self.handle(request)
        except RefusalError as refusal:
            response = self.answer(refusal.status, refusal.body, refusal.headers)
        except RecursionError:
            refusal = service(400, "BAD_REQUEST: the body is nested too deeply")
            response = self.answer(refusal.status, refusal.body)
        if request.method == "HEAD" and response.raw is None:
            length = ("content-length", str(len(response.content)))
            response = replace(response, headers=(*response.headers, length), content=b"")
        return response

    def handle(self, request: Request) -> Response:
        """
        Routes, authorises, reads and handles a request; raises RefusalError.
        """
        on_path = self.on_path(request)
        if request.method == "OPTIONS":
            return Response(status=204, headers=(("allow", self.allowed(on_path)), self.date()))
        operation, ids = self.route(request, on_path)
        self.authorise(operation, request, ids)
        with self.lock:
            self.check_app(operation, ids)
        query = self.read_query(operation, request)
        body = self.read_body(operation, request)
        with self.lock:
            status, whole = self.run(operation, ids, query, body)
            return self.finish(operation, request, body, self.answer(status, whole))

    def finish(self, operation: Operation, request: Request, body: Json, response: Response) -> Response:
        """
        The last look at a success; a place for mutants.
        """
        return response

    def answer(self, status: int, body: Json, headers: tuple[tuple[str, str], ...] = ()) -> Response:
        """
        A JSON response with its date.
        """
        content = json.dumps(body, separators=(",", ":")).encode()
        return Response(status=status, headers=(JSON_TYPE, self.date(), *headers), content=content)

    def date(self) -> tuple[str, str]:
        return "date", format_datetime(self.now().astimezone(UTC), usegmt=True)

    def moment(self, operation: Operation) -> str:
        """
        Now, as the vendor writes it: 2025-11-02T13:36:33.590Z.
        """
        return written(self.now())

    def new_id(self, operation: Operation) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def new_token(self, operation: Operation) -> str:
        return f"rtk_{self.random.getrandbits(160):040x}"

    # --- where a request goes, and whether it may

    def on_path(self, request: Request) -> list[tuple[Operation, dict[str, str]]]:
        """
        The operations on the path of a request with its path ids; raises RefusalError where there is none.
        """
        path = urlsplit(request.target).path
        found: list[tuple[Operation, dict[str, str]]] = []
        for operation in ROUTES:
            match = operation.pattern.fullmatch(path)
            if match and (not found or operation.path == found[0][0].path):
                values = map(unquote, match.groups())
                found.append((operation, dict(zip(operation.ids, values, strict=True))))
        if not found:
            raise edge(404, 7003, "Could not route to this path", error_chain=[{"code": 7000, "message": "No route"}])
        return found

    def allowed(self, on_path: list[tuple[Operation, dict[str, str]]]) -> str:
        """
        The value of Allow.
        """
        methods = {operation.method for operation, _ in on_path}
        return ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))

    def route(
        self, request: Request, on_path: list[tuple[Operation, dict[str, str]]]
    ) -> tuple[Operation, dict[str, str]]:
        """
        The operation of a request and its path ids.
        """
        method = "GET" if request.method == "HEAD" else request.method
        for operation, ids in on_path:
            if operation.method == method:
                return operation, ids
        allow = (("allow", self.allowed(on_path)),)
        raise service(405, "METHOD_NOT_ALLOWED: this path has other methods", allow)

    def authorise(self, operation: Operation, request: Request, ids: Mapping[str, str]) -> None:
        """
        Missing and malformed credentials are 400, unknown ones 401, another account is 403.
        """
        if not re.fullmatch("[0-9a-f]{32}", ids["account_id"]):
            raise edge(404, 7003, "Could not route to this account")
        given = [value for name, value in request.headers if name == "authorization"]
        if not given:
            raise edge(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        scheme, _, credential = given[0].partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not re.fullmatch(r"[\w-]{40,}", credential, re.ASCII):
            chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
            raise edge(400, 6003, "Invalid request headers", error_chain=chain)
        if credential != TOKEN:
            raise edge(401, 10000, "Authentication error")
        if ids["account_id"] != ACCOUNT:
            raise edge(403, 10000, "Authentication error")

    def check_app(self, operation: Operation, ids: Mapping[str, str]) -> None:
        """
        The app must exist.
        """
        if operation.kind != "apps" and ids["app_id"] not in self.table("", "apps"):
            raise service(404, "NOT_FOUND: there is no app with this id")

    # --- what a request says

    def read_query(self, operation: Operation, request: Request) -> dict[str, Any]:
        """
        The query parameters that have a meaning here; unknown ones are ignored, of repeated ones the first counts.
        """
        known = self.queries.get(operation.name, {})
        found: dict[str, Any] = {}
        for name, value in parse_qsl(urlsplit(request.target).query, keep_blank_values=True):
            if name in known and name not in found:
                try:
                    found[name] = rules.converted(name, known[name], value)
                except rules.RefusedParameterError as refused:
                    raise service(400, f"BAD_REQUEST: {refused}") from None
        return {name: value for name, value in found.items() if value is not None}

    def read_body(self, operation: Operation, request: Request) -> Json:
        """
        The valid body of a request; {} where the operation has none.
        """
        rule = self.bodies.get(operation.name)
        if rule is None:
            return {}
        if len(request.content) > MOST_BYTES:
            raise service(413, "CONTENT_TOO_LARGE: the body is too large")
        self.check_media_type(operation, request)
        sent = self.parse(operation, request.content)
        broken = self.broken(operation, rule, sent)
        if broken:
            raise service(400, "BAD_REQUEST: " + "; ".join(broken[:3]))
        return sent

    def check_media_type(self, operation: Operation, request: Request) -> None:
        kinds = [value.partition(";")[0].strip().lower() for name, value in request.headers if name == "content-type"]
        if kinds != ["application/json"]:
            raise service(415, "UNSUPPORTED_MEDIA_TYPE: the content type must be application/json")

    def parse(self, operation: Operation, content: bytes) -> Json:
        """
        The JSON value of a body.
        """
        try:
            return json.loads(content.decode(), parse_constant=_no_constant, parse_float=_finite)
        except ValueError:
            raise service(400, "BAD_REQUEST: the body is not JSON") from None

    def broken(self, operation: Operation, rule: rules.Rule, sent: Json) -> list[str]:
        """
        What is wrong with a body.
        """
        return list(rules.problems(rule, sent))

    # --- the memory

    def table(self, app: str, kind: str) -> dict[str, Row]:
        return self.rows.setdefault((app, kind), {})

    def scope(self, operation: Operation, ids: Mapping[str, str]) -> tuple[str, str]:
        """
        The app and the parent that an operation works below.
        """
        if operation.kind == "apps":
            return "", ""
        parents = {"participants": "meeting_id", "peers": "session_id"}
        return ids["app_id"], ids.get(parents.get(operation.kind, ""), "")

    def find(self, operation: Operation, app: str, kind: str, parent: str, own_id: str) -> Row:
        """
        The row with an id below a parent; raises RefusalError.
        """
        if not rules.UUID.fullmatch(own_id):
            raise service(400, 'BAD_REQUEST: "id" must be a valid GUID')
        row = self.table(app, kind).get(own_id)
        if row is None or row.parent != parent:
            raise service(404, f"NOT_FOUND: there is no such object in {kind}")
        return row

    def check_parent(self, operation: Operation, app: str, parent: str) -> None:
        """
        The object above must exist.
        """
        above = {"participants": "meetings", "peers": "sessions"}.get(operation.kind)
        if above:
            self.find(operation, app, above, "", parent)

    def insert(self, operation: Operation, app: str, kind: str, parent: str, data: dict[str, Any]) -> Row:
        """
        Stores a new object with an id and its times.
        """
        self.count += 1
        at = self.moment(operation)
        row = Row(kind=kind, app=app, parent=parent, id=self.new_id(operation), order=self.count)
        row.data = {"id": row.id, "created_at": at, "updated_at": at, **data}
        self.table(app, kind)[row.id] = row
        return row

    def write(self, operation: Operation, row: Row, data: dict[str, Any]) -> None:
        """
        Stores the new state of an object; its id and creation stay, its time of update moves on.
        """
        row.data = {
            **data,
            "id": row.id,
            "created_at": row.data["created_at"],
            "updated_at": self.later(operation, row),
        }

    def later(self, operation: Operation, row: Row) -> str:
        """
        Now, and after the last update of the row.
        """
        last = rules.moment(row.data["updated_at"])
        return max(self.moment(operation), written(last + timedelta(milliseconds=1)))

    def remove(self, operation: Operation, row: Row) -> None:
        del self.table(row.app, row.kind)[row.id]

    def below(self, operation: Operation, app: str, kind: str, parent: str) -> list[Row]:
        """
        All rows of a collection below a parent, oldest first.
        """
        return sorted((row for row in self.table(app, kind).values() if row.parent == parent), key=_order)

    # --- what is done

    def run(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> tuple[int, Json]:
        """
        Status and body of a success.
        """
        handler: Step = getattr(self, f"do_{operation.role}")
        whole: Json = handler(operation, ids, query, body)
        return operation.status, whole

    def do_list(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        app, parent = self.scope(operation, ids)
        self.check_parent(operation, app, parent)
        rows = [row for row in self.below(operation, app, operation.kind, parent) if self.fits(operation, row, query)]
        chosen, paging = self.page(operation, self.sort(operation, rows, query), query)
        items = [self.show(operation, row) for row in chosen]
        return self.listed(operation, items, paging)

    def listed(self, operation: Operation, items: list[Json], paging: Json) -> Json:
        """
        The envelope of a list.
        """
        if operation.kind == "sessions":
            return {"success": True, "data": {"sessions": items}, "paging": paging}
        if operation.kind == "peers":
            return {"success": True, "data": {"participants": items}}
        if operation.kind == "webhooks":
            return {"success": True, "data": items}
        if operation.kind == "livestreams":
            return {"success": True, "data": {**(items[0] if items else {}), "paging": paging}}
        return {"success": True, "data": items, "paging": paging}

    def fits(self, operation: Operation, row: Row, query: Mapping[str, Any]) -> bool:
        """
        Whether a row is among those that the filters ask for.
        """
        return all(self.fits_one(operation, row, name, value) for name, value in query.items())

    def fits_one(self, operation: Operation, row: Row, name: str, value: Any) -> bool:
        """
        Whether a row fits one filter; parameters that are none fit every row.
        """
        test = FILTERS.get(name)
        return test is None or test(row.data, value)

    def sort(self, operation: Operation, rows: list[Row], query: Mapping[str, Any]) -> list[Row]:
        """
        The newest first, or as `sort_by` and `sort_order` say.
        """
        members = {"minutesConsumed": "minutes_consumed", "duration": "duration", "joinedAt": "joined_at"}
        member = members.get(query.get("sort_by", ""))
        ordered = sorted(rows, key=lambda row: (row.data[member], row.order) if member else row.order)
        return ordered if query.get("sort_order") == "ASC" else ordered[::-1]

    def page(self, operation: Operation, rows: list[Row], query: Mapping[str, Any]) -> tuple[list[Row], Json]:
        """
        One page and where it stands; pages count from one, and page 0 is the first.
        """
        size = self.size(operation, query)
        first = (max(query.get("page_no", 1), 1) - 1) * size
        chosen = rows[first : first + size]
        start = first + 1 if chosen else 0
        end = first + len(chosen) if chosen else 0
        return chosen, {"total_count": len(rows), "start_offset": start, "end_offset": end}

    def size(self, operation: Operation, query: Mapping[str, Any]) -> int:
        """
        How many items a page has; webhooks have no pages.
        """
        if operation.kind == "webhooks":
            return 1_000_000
        asked = query.get("per_page", 0)
        return asked if asked > 0 else 20

    def do_create(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        app, parent = self.scope(operation, ids)
        self.check_parent(operation, app, parent)
        self.check_new(operation, app, body)
        row = self.insert(operation, app, operation.kind, parent, self.made(operation, body))
        shown = self.show(operation, row)
        return {"success": True, "data": {"app": shown} if operation.kind == "apps" else shown}

    def check_new(self, operation: Operation, app: str, body: Json) -> None:
        """
        A preset's name is unique in its app, as was seen live.
        """
        taken = (row.data["name"] for row in self.table(app, "presets").values())
        if operation.kind == "presets" and body["name"] in taken:
            raise service(409, "CONFLICT: there is a preset with this name")

    def made(self, operation: Operation, body: Json) -> dict[str, Any]:
        """
        The members of a new object, or of one that is replaced.
        """
        rule = self.bodies[operation.name]
        data = {**rules.defaults(rule), **rules.kept(rule, body)}
        if operation.kind == "meetings":
            data.setdefault("status", "ACTIVE")
        if operation.kind == "participants":
            data = {"name": None, "picture": None, **data}
        if operation.kind == "livestreams":
            data = self.stream_data(operation, data.get("name"), "")
        return data

    def do_read(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.row(operation, ids)
        shown = self.show(operation, row)
        return {"success": True, "data": {"participant": shown} if operation.kind == "peers" else shown}

    def row(self, operation: Operation, ids: dict[str, str]) -> Row:
        """
        The object that the path names.
        """
        app, parent = self.scope(operation, ids)
        self.check_parent(operation, app, parent)
        return self.find(operation, app, operation.kind, parent, ids[operation.own_id])

    def do_replace(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.row(operation, ids)
        self.write(operation, row, self.replaced(operation, row, body))
        return {"success": True, "data": self.show(operation, row)}

    def replaced(self, operation: Operation, row: Row, body: Json) -> dict[str, Any]:
        """
        The state after a replacement; the status is no member of the body, so it stays.
        """
        data = self.made(operation, body)
        return {**data, "status": row.data["status"]} if operation.kind == "meetings" else data

    def do_update(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.row(operation, ids)
        self.write(operation, row, self.updated(operation, row, body))
        return {"success": True, "data": self.show(operation, row)}

    def updated(self, operation: Operation, row: Row, body: Json) -> dict[str, Any]:
        """
        The state after a partial update: objects are merged, null clears a name or a picture.
        """
        data: dict[str, Any] = merged(row.data, rules.kept(self.bodies[operation.name], body))
        for name in ("name", "picture"):
            if operation.kind == "participants" and body.get(name, "") is None:
                data[name] = None
        return data

    def do_delete(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.row(operation, ids)
        shown = self.show(operation, row)
        self.remove(operation, row)
        return {"success": True, "data": shown}

    def show(self, operation: Operation, row: Row) -> Json:
        """
        What an operation shows of an object.
        """
        data = copy.deepcopy(row.data)
        shown = {name: value for name, value in data.items() if not name.startswith("_")}
        if operation.name == "get_all_meetings":
            shown.pop("ai_config", None)
        if operation.name == "get-presets":
            shown = {name: shown[name] for name in ("id", "name", "created_at", "updated_at")}
        if operation.kind == "apps":
            shown.pop("updated_at", None)
        if operation.kind == "livestreams":
            shown = self.show_stream(operation, shown)
        if operation.name == "delete_meeting_participant":
            return self.show_gone(operation, row)
        if operation.kind == "participants" and operation.role in ("create", "replace", "update"):
            shown["token"] = self.new_token(operation)
        return shown

    def show_gone(self, operation: Operation, row: Row) -> Json:
        """
        A participant that was deleted.
        """
        presets = self.table(row.app, "presets").values()
        preset = next((preset.id for preset in presets if preset.data["name"] == row.data["preset_name"]), None)
        kept = {name: row.data[name] for name in ("custom_participant_id", "created_at", "updated_at")}
        return {**kept, "preset_id": preset or str(uuid.uuid5(uuid.UUID(row.app), row.data["preset_name"]))}

    def do_token(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        app, parent = self.scope(operation, ids)
        self.check_parent(operation, app, parent)
        self.find(operation, app, "participants", parent, ids["participant_id"])
        return {"success": True, "data": {"token": self.new_token(operation)}}

    def do_events(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        return {"success": True, "data": list(rules.EVENTS)}

    # --- recordings

    def do_record(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        meeting = self.find(operation, ids["app_id"], "meetings", "", body["meeting_id"])
        config = body.get("storage_config")
        data = {
            "audio_download_url": None,
            "download_url": None,
            "download_url_expiry": None,
            "file_size": None,
            "session_id": None,
            "invoked_time": self.moment(operation),
            "output_file_name": f"{body.get('file_name_prefix', meeting.id)}.mp4",
            "recording_duration": 0,
            "started_time": None,
            "stopped_time": None,
            "status": "INVOKED",
            "start_reason": {"reason": "API_CALL"},
            "_meeting": meeting.id,
        }
        if config:
            data["storage_config"] = rules.kept(rules.STORAGE, config)
        row = self.insert(operation, ids["app_id"], "recordings", "", data)
        shown = self.show(operation, row)
        whole = {"recording": shown} if operation.name == "startTrackRecordingForAMeeting" else shown
        return {"success": True, "data": whole}

    def do_act(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.row(operation, ids)
        if row.data["status"] not in ("INVOKED", "RECORDING", "PAUSED"):
            raise service(400, "BAD_REQUEST: the recording is over")
        status = {"stop": "UPLOADING", "pause": "PAUSED", "resume": "RECORDING"}[body["action"]]
        stopped = {"stopped_time": self.moment(operation)} if status == "UPLOADING" else {}
        self.write(operation, row, {**row.data, **stopped, "status": status})
        return {"success": True, "data": self.show(operation, row)}

    def do_active_recording(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        self.find(operation, ids["app_id"], "meetings", "", ids["meeting_id"])
        for row in reversed(self.below(operation, ids["app_id"], "recordings", "")):
            running = row.data["status"] in ("INVOKED", "RECORDING", "PAUSED")
            if running and row.data["_meeting"] == ids["meeting_id"]:
                return {"success": True, "data": self.show(operation, row)}
        raise service(404, "NOT_FOUND: nothing is being recorded")

    # --- livestreams

    def stream_data(self, operation: Operation, name: str | None, meeting: str) -> dict[str, Any]:
        key = self.new_id(operation)
        return {
            "name": name or "",
            "meeting_id": meeting or None,
            "status": "IDLE" if not meeting else "LIVE",
            "disabled": False,
            "ingest_server": "rtmps://live.example.com:443/live/",
            "playback_url": f"https://live.example.com/{key}/manifest/video.m3u8",
            "stream_key": key,
        }

    def show_stream(self, operation: Operation, shown: dict[str, Any]) -> dict[str, Any]:
        """
        A livestream, as the document types it for each operation.
        """
        if operation.name == "create_livestream":
            return {name: value for name, value in shown.items() if name not in ("created_at", "updated_at")}
        if operation.name == "start-livestreaming":
            return {name: shown[name] for name in ("id", "ingest_server", "playback_url", "status", "stream_key")}
        return {**shown, "disabled": "false", "meeting_id": shown["meeting_id"] or ""}

    def running(self, operation: Operation, ids: Mapping[str, str]) -> Row | None:
        """
        The livestream of a meeting that is on.
        """
        self.find(operation, ids["app_id"], "meetings", "", ids["meeting_id"])
        streams = self.below(operation, ids["app_id"], "livestreams", "")
        mine = (row for row in streams if row.data["meeting_id"] == ids["meeting_id"] and row.data["status"] == "LIVE")
        return next(mine, None)

    def do_start_stream(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        if self.running(operation, ids):
            raise service(400, "BAD_REQUEST: the meeting is already live")
        data = self.stream_data(operation, body.get("name"), ids["meeting_id"])
        return {
            "success": True,
            "data": self.show(operation, self.insert(operation, ids["app_id"], "livestreams", "", data)),
        }

    def do_stop_stream(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.running(operation, ids)
        if row is None:
            raise service(400, "BAD_REQUEST: the meeting is not live")
        self.write(operation, row, {**row.data, "status": "IDLE"})
        return {"success": True, "data": {"message": "The livestream was stopped"}}

    def do_active_stream(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.running(operation, ids)
        if row is None:
            raise service(404, "NOT_FOUND: the meeting is not live")
        return {"success": True, "data": self.shown_stream(operation, row)}

    def shown_stream(self, operation: Operation, row: Row) -> dict[str, Any]:
        return self.show_stream(operation, {k: v for k, v in copy.deepcopy(row.data).items() if k[0] != "_"})

    def do_livestream(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.find(operation, ids["app_id"], "livestreams", "", ids["livestream_id"])
        sessions = int(row.id == LIVESTREAM)
        paging = {"total_count": sessions, "start_offset": sessions, "end_offset": sessions}
        data = {"livestream": self.shown_stream(operation, row), "paging": paging}
        if sessions:
            data["session"] = _stream_session()
        return {"success": True, "data": data}

    def do_active_stream_session(
        self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json
    ) -> Json:
        row = self.find(operation, ids["app_id"], "livestreams", "", ids["livestream_id"])
        if row.data["status"] != "LIVE":
            raise service(404, "NOT_FOUND: nothing is streamed")
        session = {**_stream_session(), "ingest_seconds": "60", "viewer_seconds": "120", "livestream_id": row.id}
        return {"success": True, "data": {"livestream": self.shown_stream(operation, row), "session": session}}

    def do_stream_session(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        if ids["livestream-session-id"] != STREAM_SESSION:
            raise service(404, "NOT_FOUND: there is no such livestream session")
        return {"success": True, "data": _stream_session()}

    def do_meeting_streams(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        self.find(operation, ids["app_id"], "meetings", "", ids["meeting_id"])
        rows = [
            row
            for row in self.below(operation, ids["app_id"], "livestreams", "")
            if row.data["meeting_id"] == ids["meeting_id"]
        ]
        chosen, paging = self.page(operation, rows[::-1], query)
        shown = [{**self.shown_stream(operation, row), "disabled": False} for row in chosen]
        return {"success": True, "data": {"livestreams": shown, "paging": paging, "sessions": {}}}

    def do_session_streams(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        self.find(operation, ids["app_id"], "sessions", "", ids["session_id"])
        paging = {"total_count": 0, "start_offset": 0, "end_offset": 0}
        return {"success": True, "data": {"paging": paging}}

    # --- sessions and analytics: samples

    def live_session(self, operation: Operation, ids: Mapping[str, str]) -> Row:
        """
        The running session of a meeting; raises RefusalError.
        """
        self.find(operation, ids["app_id"], "meetings", "", ids["meeting_id"])
        for row in self.below(operation, ids["app_id"], "sessions", ""):
            if row.data["status"] == "LIVE" and row.data["associated_id"] == ids["meeting_id"]:
                return row
        raise service(404, "NOT_FOUND: the meeting has no session")

    def do_active_session(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        return {"success": True, "data": copy.deepcopy(self.live_session(operation, ids).data)}

    def do_people(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        session = self.live_session(operation, ids)
        verb = "kick" if operation.name == "KickPartcipants" else "mute"
        named = {*body["participant_ids"], *body["custom_participant_ids"]}
        peers = self.below(operation, ids["app_id"], "peers", session.id)
        people = [
            {
                "id": row.id,
                "name": row.data["display_name"],
                "created_at": row.data["created_at"],
                "updated_at": row.data["updated_at"],
            }
            for row in peers
            if named & {row.id, row.data["custom_participant_id"]}
        ]
        return {"success": True, "data": {"action": verb, "participants": people}}

    def do_everybody(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        self.live_session(operation, ids)
        kicked = operation.name == "KickAllParticipants"
        count = {"kicked_participants_count" if kicked else "muted_participants_count": 1}
        return {"success": True, "data": {"action": "kick" if kicked else "mute", **count}}

    def do_poll(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        self.live_session(operation, ids)
        poll = {
            "id": self.new_id(operation),
            "question": body["question"],
            "options": [{"text": option, "count": 0, "votes": []} for option in body["options"]],
            "anonymous": body.get("anonymous", False),
            "hide_votes": body.get("hide_votes", False),
            "created_by": "",
            "voted": [],
        }
        return {"success": True, "data": {"action": "create", "poll": poll}}

    def do_chat(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        self.row(operation, ids)
        url, until = _download("chat.csv"), "2026-02-05T10:00:00.000Z"
        return {"success": True, "data": {"chat_download_url": url, "chat_download_url_expiry": until}}

    def do_summary(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.row(operation, ids)
        url, until = _download("summary.md"), "2026-02-05T10:00:00.000Z"
        data = {"sessionId": row.id, "summaryDownloadUrl": url, "summaryDownloadUrlExpiry": until}
        return {"success": True, "data": data}

    def do_summarise(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        return {"success": True, "data": {"session_id": self.row(operation, ids).id, "status": "IN_PROGRESS"}}

    def do_transcript(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.row(operation, ids)
        url = _download(f"transcript.{query.get('format', 'CSV').lower()}")
        until = "2026-02-05T10:00:00.000Z"
        data = {"sessionId": row.id, "transcript_download_url": url, "transcript_download_url_expiry": until}
        return {"success": True, "data": data}

    def do_peer(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        row = self.table(ids["app_id"], "peers").get(ids["peer_id"])
        if row is None:
            raise service(404, "NOT_FOUND: there is no such peer")
        shown = {name: value for name, value in self.show(operation, row).items() if name != "preset_name"}
        report = {"metadata": {"events": []}}
        return {"success": True, "data": {"participant": {**shown, "session_id": row.parent, "peer_report": report}}}

    def do_analytics(self, operation: Operation, ids: dict[str, str], query: dict[str, Any], body: Json) -> Json:
        return {"success": True, "data": copy.deepcopy(ANALYTICS[operation.name])}

    # --- samples

    def _fill(self) -> None:
        """
        Two apps, and the objects of the first that only a live session makes.
        """
        apps = ((APP, "Contract tests"), (SECOND_APP, "Another app"))
        self._put("", "apps", "", *((own_id, {"name": name}) for own_id, name in apps))
        meeting = {**rules.defaults(rules.MEETING), "title": "Standing call", "status": "ACTIVE"}
        self._put(APP, "meetings", "", (LIVE_MEETING, meeting))
        self._put(APP, "sessions", "", (SESSION, SAMPLE_SESSION))
        self._put(APP, "peers", SESSION, (PEER, SAMPLE_PEER))
        self._put(APP, "recordings", "", (RECORDING, SAMPLE_RECORDING))
        stream = {
            **self.stream_data(OPERATIONS["create_livestream"], "standing", LIVE_MEETING),
            "stream_key": "0" * 32,
            "playback_url": "https://live.example.com/standing/manifest/video.m3u8",
        }
        self._put(APP, "livestreams", "", (LIVESTREAM, stream))

    def _put(self, app: str, kind: str, parent: str, *things: tuple[str, dict[str, Any]]) -> None:
        for own_id, data in things:
            self.count += 1
            row = Row(kind=kind, app=app, parent=parent, id=own_id, order=self.count)
            row.data = {"id": own_id, "created_at": SAMPLE_TIME, "updated_at": SAMPLE_TIME, **copy.deepcopy(data)}
            self.table(app, kind)[own_id] = row


def written(moment: datetime) -> str:
    """
    A moment in UTC with three digits of a second.
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def merged(old: Json, new: Json) -> Json:
    """
    The old object with the members of the new one, at every depth.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{name: merged(old.get(name), value) for name, value in new.items()}}


def _made(data: Mapping[str, Any]) -> datetime:
    return rules.moment(data.get("invoked_time") or data["created_at"])


_SEARCHED = ("title", "name", "meeting_display_name", "display_name", "output_file_name", "id")
FILTERS: Mapping[str, Callable[[Mapping[str, Any], Any], bool]] = {
    "search": lambda data, value: any(value.lower() in str(data.get(word) or "").lower() for word in _SEARCHED),
    "start_time": lambda data, value: _made(data) >= value,
    "end_time": lambda data, value: _made(data) <= value,
    "status": lambda data, value: data["status"] in (value if isinstance(value, list) else [value]),
    "meeting_id": lambda data, value: data["_meeting"] == value,
    "associated_id": lambda data, value: data["associated_id"] == value,
    "expired": lambda _, value: not value,  # no sample expires before 2099
    "exclude_meetings": lambda data, value: not (value and data["meeting_id"]),
    "participants": lambda _, value: PEER in value.split(","),
}
"""Whether an object fits a filter's value."""


def _order(row: Row) -> int:
    return row.order


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _finite(written_number: str) -> float:
    value = float(written_number)
    if value in (float("inf"), float("-inf")):
        raise ValueError(written_number)
    return value


def _download(name: str) -> str:
    return f"https://files.example.com/{name}"


def _stream_session() -> dict[str, Any]:
    return {
        "id": STREAM_SESSION,
        "livestream_id": LIVESTREAM,
        "created_at": SAMPLE_TIME,
        "updated_at": SAMPLE_TIME,
        "started_time": SAMPLE_TIME,
        "stopped_time": "2026-01-05T10:01:00.000Z",
        "err_message": "",
        "ingest_seconds": 60,
        "viewer_seconds": 120,
    }


SAMPLE_SESSION = {
    "associated_id": LIVE_MEETING,
    "live_participants": 1,
    "max_concurrent_participants": 2,
    "meeting_display_name": "Standing call",
    "minutes_consumed": 12.5,
    "organization_id": APP,
    "started_at": SAMPLE_TIME,
    "status": "LIVE",
    "type": "meeting",
}
SAMPLE_PEER = {
    "custom_participant_id": "guest-1",
    "display_name": "Guest",
    "duration": 12.5,
    "joined_at": SAMPLE_TIME,
    "left_at": "2026-01-05T10:12:30.000Z",
    "preset_name": "group_call_host",
    "user_id": "b1523846-7090-42b2-83d4-6f708192a3b4",
}
SAMPLE_RECORDING = {
    "audio_download_url": _download("audio.mp3"),
    "download_url": _download("recording.mp4"),
    "download_url_expiry": "2099-01-12T10:00:00.000Z",
    "file_size": 1024,
    "session_id": SESSION,
    "invoked_time": SAMPLE_TIME,
    "output_file_name": "standing_call.mp4",
    "recording_duration": 60,
    "started_time": SAMPLE_TIME,
    "stopped_time": "2026-01-05T10:01:00.000Z",
    "status": "UPLOADED",
    "start_reason": {"reason": "API_CALL"},
    "_meeting": LIVE_MEETING,
}
_DAY = {"day": "2026-01-05", "total_recording_minutes": 1, "total_recordings": 1}
ANALYTICS: Mapping[str, Json] = {
    "get-org-analytics": {
        "recording_stats": {"day_stats": [_DAY], "recording_count": 1, "recording_minutes_consumed": 1},
        "session_stats": {
            "day_stats": [{"day": "2026-01-05", "total_session_minutes": 12.5, "total_sessions": 1}],
            "sessions_count": 1,
            "sessions_minutes_consumed": 12.5,
        },
    },
    "get-livestream-analytics-daywise": [
        {"count": 1, "date": "2026-01-05", "total_ingest_seconds": 60, "total_viewer_seconds": 120}
    ],
    "get-livestream-analytics-complete": {"count": 1, "total_ingest_seconds": 60, "total_viewer_seconds": 120},
}
