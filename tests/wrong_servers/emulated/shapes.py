"""
Envelopes, types and formats of responses that are not as the schema says.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator

from rtkcontract.model import Json, Request, Response
from wrong_servers.emulated.faults import (
    AU,
    AWS,
    BAD,
    GONE,
    HEIGHT,
    KEYWORDS,
    LS,
    MANY,
    POSITION,
    RC,
    SFTP_WORD,
    ST,
    SUMMARY,
    TR,
    TYPE,
    URL,
    VI,
    WORDS,
    Asked,
    Effect,
    Fault,
    K,
    Wrap,
    answers,
    asks,
    created,
    data,
    get,
    has,
    page,
    parsed,
    put,
    refused,
    replaced,
    returns,
    says,
    sends,
    to_number,
)


def _envelopes() -> Iterator[Fault]:
    """
    The envelope of a success or of a refusal, bent.
    """
    successes: tuple[tuple[str, Wrap], ...] = (
        ('success "true"', answers(lambda _, w: {**w, "success": "true"})),
        ("success 1", answers(lambda _, w: {**w, "success": 1})),
        ("success null", answers(lambda _, w: {**w, "success": None})),
        ("success missing", answers(lambda _, w: {"data": w["data"]})),
        ("success false", answers(lambda _, w: {**w, "success": False})),
        ("v4 envelope", answers(lambda _, w: {"success": True, "errors": [], "messages": [], "result": w["data"]})),
        ("data missing", answers(lambda _, __: {"success": True})),
        ("data null", answers(lambda _, w: {**w, "data": None})),
        ("data in a list", answers(lambda _, w: {**w, "data": [w["data"]]})),
        ("data as text", answers(lambda _, w: {**w, "data": json.dumps(w["data"])})),
        ("data in data", answers(lambda _, w: {**w, "data": {"meeting": w["data"]}})),
        ("data without an envelope", answers(lambda _, w: w["data"])),
        ("envelope in a list", answers(lambda _, w: [w])),
        ("a page for a success", says(page(201), when=created)),
        ("an empty success", says(lambda _, __, r: dataclasses.replace(r, content=b""), when=created)),
        ("a success cut off", says(lambda _, __, r: dataclasses.replace(r, content=r.content[:-1]), when=created)),
        ("two answers in one", says(lambda _, __, r: dataclasses.replace(r, content=r.content * 2), when=created)),
        (
            "text behind a success",
            says(lambda _, __, r: dataclasses.replace(r, content=r.content + b"OK"), when=created),
        ),
        ("a callback round it", says(lambda _, __, r: dataclasses.replace(r, content=b"cb(" + r.content + b")"))),
        ("a byte order mark", says(lambda _, __, r: dataclasses.replace(r, content=b"\xef\xbb\xbf" + r.content))),
        ("a success in Latin-1", says(_latin, when=created)),
        ("success only with a title", says(_bare, when=lambda _, s, r: r.status == 201 and get(s, "title") is GONE)),
        ("NaN in a success", says(_not_a_number, when=created)),
    )
    for name, wrap in successes:
        shows = (asks({"title": "é"}),) if "Latin" in name else (asks({}),) if "only with" in name else MANY
        yield Fault(name=name, group="envelope", shows=shows, wrap=wrap)
    refusals: tuple[tuple[str, Effect], ...] = (
        ("errors as texts", lambda _, __, r: replaced(r, {"success": False, "errors": ["keep-alive is too small"]})),
        ("no errors", lambda _, __, r: replaced(r, {"success": False, "errors": []})),
        ("error as text", lambda _, __, r: replaced(r, {"success": False, "error": "keep-alive is too small"})),
        ("error without message", lambda _, __, r: replaced(r, {"success": False, "error": {"code": 400}})),
        (
            "error code as text",
            lambda _, __, r: replaced(r, {"success": False, "error": {"code": "400", "message": ""}}),
        ),
        (
            "refused with success",
            lambda _, __, r: replaced(r, {"success": True, "error": {"code": 400, "message": ""}}),
        ),
        ("refused with data", lambda _, __, r: replaced(r, {"success": True, "data": {}})),
        ("refused with success null", lambda _, __, r: replaced(r, {**parsed(r.content), "success": None})),
        ("the framework's own", lambda _, __, r: replaced(r, {"detail": [{"loc": ["body"], "msg": "bad"}]})),
        ("problem details", lambda _, __, r: replaced(r, {"title": "Bad Request", "status": 400})),
        ("a page for a refusal", page(400, "<html><body>Bad Request</body></html>")),
        ("plain text for a refusal", lambda _, __, r: dataclasses.replace(r, content=b"Bad Request")),
        ("an empty refusal", lambda _, __, r: dataclasses.replace(r, content=b"")),
        ("a null refusal", lambda _, __, r: replaced(r, None)),
        ("a list of errors", lambda _, __, r: replaced(r, [{"code": 400, "message": "bad"}])),
    )
    for name, effect in refusals:
        yield Fault(name=name, group="envelope", shows=BAD, wrap=says(effect, when=refused))
    yield Fault(
        name="a page for broken JSON",
        group="envelope",
        shows=(sends(b"{", expect="rejected"),),
        wrap=says(page(400), when=lambda _, sent, response: response.status == 400 and sent is GONE),
    )
    yield Fault(
        name="a page for missing credentials",
        group="envelope",
        shows=(Asked(headers={"authorization": None}, expect="rejected"),),
        wrap=says(page(401), when=lambda request, _, __: not any(n == "authorization" for n, _ in request.headers)),
    )
    yield Fault(
        name="a page for an unknown path",
        group="envelope",
        shows=(Asked(path={"account_id": "0" * 33}, expect="rejected"),),
        wrap=says(page(404), when=lambda _, __, response: response.status == 404),
    )
    yield Fault(
        name="a bare list of rules for a broken union",
        group="envelope",
        shows=(asks({TYPE: "sftp"}),),
        wrap=says(
            lambda _, __, r: replaced(r, {"errors": ["storage_config"]}),
            when=lambda _, s, r: r.status == 400 and isinstance(get(s, TYPE), str),
        ),
    )


def _latin(_: Request, __: Json, response: Response) -> Response:
    text = json.dumps(parsed(response.content), ensure_ascii=False)
    return dataclasses.replace(response, content=text.encode("latin-1", "replace"))


def _bare(_: Request, __: Json, response: Response) -> Response:
    return replaced(response, {"data": parsed(response.content)["data"]})


def _not_a_number(_: Request, __: Json, response: Response) -> Response:
    return dataclasses.replace(response, content=response.content[:-1] + b',"took":NaN}')


def _types() -> Iterator[Fault]:
    """
    Members of an answer missing, of another type or of another form.
    """
    now = "2026-01-31T23:59:59.000Z"
    rows: tuple[tuple[str, Wrap], ...] = (
        ("id missing", has("id", GONE)),
        ("id a number", has("id", 17)),
        ("id empty", has("id", "")),
        ("id null", has("id", None)),
        ("id no uuid", returns("id", lambda v: v[:8])),
        ("id without dashes", returns("id", lambda v: v.replace("-", ""))),
        ("id in braces", returns("id", lambda v: "{" + v + "}")),
        ("id under another name", data(lambda _, d: d.__setitem__("meeting_id", d.pop("id")))),
        ("created_at missing", has("created_at", GONE)),
        ("created_at in seconds", has("created_at", 1_767_225_600)),
        ("created_at as text of seconds", has("created_at", "1767225600")),
        ("created_at without a zone", returns("created_at", lambda v: v[:-1])),
        ("created_at with a space", returns("created_at", lambda v: v.replace("T", " ")[:-1])),
        ("created_at a date", returns("created_at", lambda v: v[:10])),
        ("created_at in a 13th month", returns("created_at", lambda v: v[:5] + "13" + v[7:])),
        ("created_at null", has("created_at", None)),
        ("updated_at missing", has("updated_at", GONE)),
        ("updated_at empty", has("updated_at", "")),
        (
            "updated_at before created_at",
            data(lambda _, d: d.update(created_at=now, updated_at="2026-01-31T23:59:58Z")),
        ),
        (
            "updated_at before created_at by a zone",
            data(lambda _, d: d.update(created_at=now, updated_at=now[:-1] + "+02:00")),
        ),
        ("status in small letters", has("status", "active")),
        ("status unknown", has("status", "LIVE")),
        ("status true", has("status", True)),
        ("record on start as text", returns("record_on_start", lambda v: str(v).lower())),
        ("persist chat as 0 and 1", returns("persist_chat", int)),
        ("live stream as null text", returns("live_stream_on_start", lambda v: v or "null")),
        ("keep-alive as text", returns(K, str)),
        ("keep-alive in milliseconds", returns(K, lambda v: v * 1000)),
        ("keep-alive zero when left out", data(lambda s, d: put(d, K, get(s, K) if get(s, K) is not GONE else 0))),
        ("title a number where it looks like one", returns("title", to_number)),
        ("title in a list", returns("title", lambda v: [v])),
        ("keywords as text", returns(KEYWORDS, ",".join)),
        ("keywords as an object", returns(KEYWORDS, lambda v: {str(i): item for i, item in enumerate(v)})),
        ("ai config as text", returns("ai_config", json.dumps)),
        ("recording config in a list", returns(RC, lambda v: [v])),
        ("empty objects as lists", data(lambda _, d: _php(d))),
        ("video height as text", returns(HEIGHT, str)),
        ("words with a fraction", returns(WORDS, lambda v: v + 0.5)),
        ("audio codec in small letters", returns(f"{AU}.codec", str.lower)),
        ("position with a dash", returns(POSITION, lambda v: v.replace(" ", "-"))),
        ("summary type in camel case", returns(SUMMARY, lambda v: re.sub("_(.)", lambda m: m[1].upper(), v))),
        ("stream address without a scheme", returns(URL, lambda v: v.split("://")[-1])),
        ("storage type unknown to the enum", returns(TYPE, lambda v: {"aws": "s3"}.get(v, v))),
        ("port as text", returns(f"{ST}.port", str)),
        ("transcription null", returns(TR, lambda _: None)),
        ("video export as text", returns(f"{VI}.export_file", lambda v: "true" if v else "false")),
    )
    shown = asks(
        {"title": "12", KEYWORDS: ["a", "b"], HEIGHT: 700, WORDS: 200, f"{AU}.codec": "MP3", POSITION: "right top"},
        {SUMMARY: "sales_call", URL: "rtmp://a.example.com/live", LS + ".x": 1, f"{AU}.channel": "mono"},
        {f"{VI}.export_file": False},
    )
    for name, wrap in rows:
        beside = (
            asks(AWS)
            if "storage type" in name
            else asks(SFTP_WORD, {f"{ST}.port": 22})
            if name == "port as text"
            else shown
        )
        if "empty objects" in name:
            beside = asks({TR: {}, LS: {}})
        yield Fault(name=name, group="types and formats", shows=(beside, asks({})), wrap=wrap)


def _php(value: Json) -> None:
    """
    Every empty object below becomes an empty list.
    """
    for name, inner in list(value.items()):
        if inner == {}:
            value[name] = []
        elif isinstance(inner, dict):
            _php(inner)


FAULTS: tuple[Fault, ...] = (
    *_envelopes(),
    *_types(),
)
