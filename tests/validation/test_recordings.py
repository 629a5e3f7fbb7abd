"""
Recordings that other tools write: what a file did not keep is not judged, and every layout and encoding is read alike.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import yaml

from exchanges import BYTES, CAME, ENCODERS, JSON_TYPE, LAYOUTS, MOMENT, NOT_KEPT, SENT, URL, entry, har, vcrpy
from rtkcontract.contract import load
from rtkcontract.validation import rules
from rtkcontract.validation.exchange import Unreadable, decoded
from rtkcontract.validation.rules import Operations
from rtkcontract.validation.verdict import Tally, Verdict, text

Json = Any
CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]


def _verdicts(content: bytes | str) -> list[Verdict]:
    data = content.encode() if isinstance(content, str) else content
    return list(rules.verdicts(CONTRACT, OPERATION, io.BytesIO(data), name="the file"))


def _only(content: bytes | str) -> Verdict:
    (found,) = _verdicts(content)
    return found


def _code(*found: Verdict) -> int:
    tally = Tally()
    for one in found:
        tally.add(one)
    return tally.exit_code


# ---- HAR


def test_a_whole_entry_is_judged_on_both_sides() -> None:
    whole = _only(har(lambda asked, got: None))
    odd = _only(har(lambda asked, got: got["content"].update(text=CAME.replace("Rehearsal", "Recital"), size=0)))

    assert ("accepted", False, ()) == (whole.outcome, whole.partly, whole.notes)
    assert ["echo"] == [one.keyword for one in odd.broken]


REQUEST_NOT_KEPT: dict[str, Callable[[Json, Json], object]] = {
    "no postData": lambda asked, got: asked.pop("postData"),
    "postData is null": lambda asked, got: asked.update(postData=None),
    "postData without text": lambda asked, got: asked["postData"].pop("text"),
    "text is null": lambda asked, got: asked["postData"].update(text=None),
    "text is empty, the size is not": lambda asked, got: asked["postData"].update(text=""),
    "params are empty": lambda asked, got: asked.update(postData={"mimeType": "application/json", "params": []}),
    "size is not known": lambda asked, got: (asked.pop("postData"), asked.update(bodySize=-1)),
    "no size at all": lambda asked, got: (asked.pop("postData"), asked.pop("bodySize")),
    "the exporter says zero, the header does not": lambda asked, got: (
        asked.pop("postData"),
        asked.update(bodySize=0, headers=[JSON_TYPE, {"name": "content-length", "value": "22"}]),
    ),
    "chunked": lambda asked, got: (
        asked.pop("postData"),
        asked.update(bodySize=0, headers=[JSON_TYPE, {"name": "transfer-encoding", "value": "chunked"}]),
    ),
    "a remark of the exporter": lambda asked, got: asked.update(
        postData={"comment": "Request bodies are not included."}
    ),
    "cut off": lambda asked, got: asked["postData"].update(text=SENT[:9]),
    "cut off and marked": lambda asked, got: asked["postData"].update(text=SENT[:9], _isTruncated=True),
    "cut off with dots": lambda asked, got: (asked["postData"].update(text=SENT[:9] + "…"), asked.pop("bodySize")),
    "parsed": lambda asked, got: asked["postData"].update(text={"title": "Rehearsal"}),
    "files of a form": lambda asked, got: asked.update(
        postData={"mimeType": "multipart/form-data", "params": [{"name": "a", "fileName": "a.png"}]}
    ),
    "marked as base64": lambda asked, got: asked["postData"].update(encoding="base64"),
}


@pytest.mark.parametrize("how", REQUEST_NOT_KEPT)
def test_a_request_body_that_was_not_kept_is_not_judged(how: str) -> None:
    found = _only(har(REQUEST_NOT_KEPT[how]))

    assert ("accepted", True, ()) == (found.outcome, found.partly, found.broken)
    assert found.notes[0].startswith("the body of the request was not judged: ")
    assert "as far as the file keeps it" in text(found)
    assert 0 == _code(found)


RESPONSE_NOT_KEPT: dict[str, Callable[[Json, Json], object]] = {
    "content without text": lambda asked, got: got["content"].pop("text"),
    "content without text and size": lambda asked, got: got.update(content={"mimeType": "application/json"}),
    "no content": lambda asked, got: got.pop("content"),
    "content is null": lambda asked, got: got.update(content=None),
    "text is null": lambda asked, got: got["content"].update(text=None),
    "text is empty, the size is not": lambda asked, got: got["content"].update(text=""),
    "text is empty, the body's size is not": lambda asked, got: got["content"].update(text="", size=0),
    "size 0 against content-length": lambda asked, got: got.update(
        content={"size": 0, "mimeType": "x-unknown"}, bodySize=-1, headers=[{"name": "Content-Length", "value": "175"}]
    ),
    "size 0 and nothing else": lambda asked, got: got.update(content={"size": 0}, bodySize=-1),
    "beside the file": lambda asked, got: got.update(content={"size": -1, "_file": "0a1b.json"}, bodySize=-1),
    "a remark of the exporter": lambda asked, got: got.update(content={"size": 0, "comment": "Body length exceeded"}),
    "an error of the exporter": lambda asked, got: (got["content"].pop("text"), got.update(_error="net::ERR_FAILED")),
    "cut off": lambda asked, got: got["content"].update(text=CAME[:60]),
    "cut off and marked": lambda asked, got: got["content"].update(text=CAME[:60], size=60, truncated=True),
    "cut off with words": lambda asked, got: got["content"].update(text=CAME[:60] + " [truncated]", size=60),
    "plain text as base64": lambda asked, got: got["content"].update(encoding="base64"),
    "a text of base64's letters that is not": lambda asked, got: got["content"].update(text="null", encoding="base64"),
    "a word of base64's letters": lambda asked, got: got["content"].update(text="Accepted", encoding="base64"),
    "base64 without its end": lambda asked, got: got["content"].update(
        text=base64.b64encode(CAME.encode()).decode()[:-3], encoding="base64"
    ),
    "a copy of the client": lambda asked, got: got.update(status=304, content={"size": 0}),
    "a copy of the client that is shown": lambda asked, got: got.update(status=304),
    "nested too deeply": lambda asked, got: got["content"].update(text="[" * 300 + "]" * 300),
    "spoiled by the exporter": lambda asked, got: (
        got["content"].update(text=gzip.compress(CAME.encode()).decode("utf-8", "replace")),
        got["headers"].append({"name": "Content-Encoding", "value": "gzip"}),
    ),
    "an encoding that nobody opens": lambda asked, got: (
        got["content"].update(text=base64.b64encode(b"\x1f\x9d\x90" + b"\xc3\x28" * 9).decode(), encoding="base64"),
        got["headers"].append({"name": "Content-Encoding", "value": "compress"}),
    ),
}


@pytest.mark.parametrize("how", RESPONSE_NOT_KEPT)
def test_a_response_body_that_was_not_kept_is_not_judged(how: str) -> None:
    found = _only(har(RESPONSE_NOT_KEPT[how]))

    assert ("accepted", True, ()) == (found.outcome, found.partly, found.broken)
    assert found.notes[0].startswith("the body of the response was not judged: ")
    assert 0 == _code(found)


@pytest.mark.parametrize(
    "how", ["plain text as base64", "a text of base64's letters that is not", "base64 without its end"]
)
def test_base64_is_strict_and_its_absence_is_told(how: str) -> None:
    assert "marked as base64 and is not base64" in _only(har(RESPONSE_NOT_KEPT[how])).notes[0]


def test_base64_may_be_broken_into_lines_and_written_in_capitals() -> None:
    coded = base64.encodebytes(CAME.encode()).decode()
    found = _only(har(lambda asked, got: got["content"].update(text=coded, encoding="BASE64")))

    assert ("accepted", False) == (found.outcome, found.partly)


def test_what_is_there_is_judged_although_the_other_half_is_not() -> None:
    def bad_request(asked: Json, got: Json) -> None:
        asked["postData"]["text"] = '{"title": 5}'
        got.pop("content")

    def bad_response(asked: Json, got: Json) -> None:
        asked.pop("postData")
        got["content"]["text"] = CAME.replace(MOMENT, "yesterday")

    assert ["request"] == [one.part for one in _only(har(bad_request)).broken]
    assert {"answer"} == {one.part for one in _only(har(bad_response)).broken}


def test_an_exchange_of_which_nothing_was_kept_is_not_judged() -> None:
    found = _only(har(lambda asked, got: (asked.pop("postData"), got.pop("content"))))

    assert ("not kept", ()) == (found.outcome, found.broken)
    assert 2 == _code(found)
    assert 0 == _code(found, *_verdicts(har(lambda asked, got: None)))


@pytest.mark.parametrize(
    "change",
    [
        lambda asked, got: asked.update(postData={"mimeType": "application/json", "text": ""}, bodySize=0),
        lambda asked, got: (asked.pop("postData"), asked.update(bodySize=0)),
        lambda asked, got: (
            asked.pop("postData"),
            asked.update(bodySize=-1, headers=[JSON_TYPE, {"name": "content-length", "value": "0"}]),
        ),
    ],
)
def test_a_body_that_was_sent_empty_is_judged(change: Callable[[Json, Json], object]) -> None:
    (request, *_) = _only(har(change)).broken

    assert ("request", "must be JSON: the request body is required") == (request.part, request.rule)


def test_a_form_is_another_media_type_and_not_a_missing_body() -> None:
    kind = "application/x-www-form-urlencoded"

    def form(asked: Json, got: Json) -> None:
        asked["headers"] = [{"name": "content-type", "value": f"{kind}; charset=utf-8"}]
        asked["postData"] = {"mimeType": kind, "params": [{"name": "title", "value": "Rehearsal"}]}

    found = _only(har(form))

    assert ("unspecified", ()) == (found.outcome, found.broken)
    assert f"content-type is {kind}; charset=utf-8; only application/json is declared" in found.notes


def test_a_form_with_files_is_another_media_type_and_is_not_kept() -> None:
    def form(asked: Json, got: Json) -> None:
        asked["headers"] = [{"name": "content-type", "value": "multipart/form-data; boundary=a"}]
        asked["postData"] = {"mimeType": "multipart/form-data", "params": [{"name": "a", "fileName": "a.png"}]}

    found = _only(har(form))

    assert (True, ()) == (found.partly, found.broken)
    assert "multipart/form-data; boundary=a; only application/json is declared" in found.notes[1]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({}, "request is missing"),
        ({"request": 3}, "request is missing or no object"),
        ({"request": {"url": URL}}, "request.method is missing"),
        ({"request": {"method": "POST", "url": 7}}, "request.url is missing or no text"),
        ({"request": {"method": "POST", "url": URL, "headers": {}}}, ""),
        ({"request": {"method": "POST", "url": URL, "headers": "x"}}, "headers are no list"),
        ({**entry(), "response": "none"}, "response is missing or no object"),
        ({**entry(), "response": {"status": "created"}}, "response.status is no number"),
        (None, "request is missing"),
    ],
)
def test_an_entry_without_what_is_needed_is_named(broken: Json, told: str) -> None:
    found = _only(json.dumps({"log": {"entries": [broken]}}))

    assert (found.outcome == "unreadable") == bool(told)
    assert told in found.notes[0]


@pytest.mark.parametrize("response", [None, {"status": 0}, {"status": 0, "content": {}, "_error": "net::ERR_ABORTED"}])
def test_a_request_without_a_response_is_judged_alone(response: Json) -> None:
    found = _only(json.dumps({"log": {"entries": [{**entry(), "response": response}]}}))

    assert "accepted" == found.outcome
    assert ("there is no response, so the request alone was judged",) == found.notes


# ---- cassettes


@pytest.mark.parametrize(
    ("name", "write"),
    [
        (name, write)
        for name in LAYOUTS
        for write in (yaml.safe_dump, json.dumps)
        if (name, write) != (BYTES, json.dumps)
    ],
)
def test_every_layout_of_a_cassette_is_read(name: str, write: Callable[[Json], str]) -> None:
    content = write(LAYOUTS[name])
    found = _only(content)

    assert ("create_meeting", False, 201) == (found.operation, found.partly, found.status)
    assert ("accepted", (), ()) == (found.outcome, found.broken, found.notes)


TAGGED = f"""interactions:
- request:
    body: %s
    headers: {{content-type: [%s]}}
    method: POST
    uri: {URL}
  response:
    body: {{string: %s}}
    headers: {{content-type: [application/json]}}
    status: {{code: 201, message: Created}}
version: 1
"""


@pytest.mark.parametrize(
    ("sent", "kind", "came"),
    [
        (f"!!python/unicode '{SENT}'", "!!python/unicode 'application/json'", f"!!python/unicode '{CAME}'"),
        (f"!!python/str '{SENT}'", "!!python/str application/json", f"!!python/str '{CAME}'"),
        (f"!!binary {base64.b64encode(SENT.encode()).decode()}", "application/json", f"'{CAME}'"),
        (f"!binary {base64.b64encode(SENT.encode()).decode()}", "application/json", f"'{CAME}'"),
        (f"!ruby/string:String '{SENT}'", "!ruby/sym application/json", f"'{CAME}'"),
        (
            f"!!python/object/new:_io.BytesIO {{state: !!python/tuple ['{SENT}', 0, null]}}",
            "application/json",
            f"'{CAME}'",
        ),
    ],
)
def test_tags_on_plain_texts_are_read_as_what_they_hold(sent: str, kind: str, came: str) -> None:
    found = _only(TAGGED % (sent, kind, came))

    assert ("accepted", (), ()) == (found.outcome, found.broken, found.notes)


@pytest.mark.parametrize("how", NOT_KEPT)
def test_a_body_that_a_cassette_did_not_keep_is_not_judged(how: str) -> None:
    found = _only(yaml.safe_dump(vcrpy(NOT_KEPT[how])))

    assert ("not kept", ()) == (found.outcome, found.broken)
    assert 2 == _code(found)


def test_a_request_body_of_null_was_sent_empty() -> None:
    found = _only(yaml.safe_dump(vcrpy(lambda asked, got: asked.update(body=None))))

    assert "must be JSON: the request body is required" == found.broken[0].rule


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda asked, got: asked.pop("method"), "the request has no method"),
        (lambda asked, got: asked.pop("uri"), "the request has no uri"),
        (lambda asked, got: got.pop("status"), "the response has no status"),
        (lambda asked, got: got.update(status={"code": "x"}), "the response has no status"),
        (lambda asked, got: asked.update(headers=3), "headers are neither"),
        (lambda asked, got: asked.update(headers=[3]), "headers are a list of something else"),
    ],
)
def test_an_interaction_without_what_is_needed_is_named(change: Callable[[Json, Json], object], told: str) -> None:
    found = _only(json.dumps(vcrpy(change)))

    assert "unreadable" == found.outcome
    assert told in found.notes[0]


@pytest.mark.parametrize("headers", [None, {}, []])
def test_headers_that_were_not_kept_are_not_judged(headers: Json) -> None:
    """No response comes without any header."""
    found = _only(json.dumps(vcrpy(lambda asked, got: (asked.update(headers=headers), got.update(headers=headers)))))
    partly = _only(json.dumps(vcrpy(lambda asked, got: got.update(headers={"x-date": "today"}))))

    assert ("accepted", (), ()) == (found.outcome, found.broken, found.notes)
    assert ["content_type"] == [one.keyword for one in partly.broken]


# ---- encodings

RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(CAME.encode()) + RAW.flush()


@pytest.mark.parametrize("coding", ENCODERS)
@pytest.mark.parametrize("undone", [False, True], ids=["as sent", "undone by the exporter"])
def test_content_encodings_are_undone_in_har_and_cassettes(coding: str, undone: bool) -> None:
    packed = CAME.encode() if undone else ENCODERS[coding](CAME.encode())

    def of_har(asked: Json, got: Json) -> None:
        got["content"].update(text=base64.b64encode(packed).decode(), encoding="base64")
        got["headers"].append({"name": "Content-Encoding", "value": coding.upper()})

    def of_cassette(asked: Json, got: Json) -> None:
        got.update(
            body={"string": packed}, headers={"content-type": ["application/json"], "Content-Encoding": [coding]}
        )

    for content in (har(of_har), yaml.safe_dump(vcrpy(of_cassette))):
        found = _only(content)

        assert ("accepted", False, ()) == (found.outcome, found.partly, found.broken)


def test_deflate_without_a_head_and_encoded_requests_are_undone() -> None:
    assert CAME.encode() == decoded(RAW_DEFLATE, ["deflate"])

    def sent(asked: Json, got: Json) -> None:
        packed = gzip.compress(b'{"title": 5}')
        asked.update(body=packed, headers={"content-type": ["application/json"], "content-encoding": ["gzip"]})

    found = _only(yaml.safe_dump(vcrpy(sent)))

    assert ("request", "title") == (found.broken[0].part, found.broken[0].field)


def test_a_page_that_was_decoded_stays_and_what_cannot_be_opened_is_told() -> None:
    assert b"<html>no</html>" == decoded(b"<html>no</html>", ["br"])
    for content in (b"\x1f\x8b\x08" + b"\xff" * 9, "caf\ufffd".encode(), brotli.compress(CAME.encode())[:40]):
        with pytest.raises(Unreadable, match="cannot be undone"):
            decoded(content, ["br"])


# ---- operations


@pytest.mark.parametrize(
    "base",
    [
        "https://api.cloudflare.com/client/v4",
        "http://127.0.0.1:8080/client/v4",
        "http://localhost:3000",
        "https://gateway.example.com/team/a/cloudflare/v4",
    ],
)
def test_every_operation_is_recognised_by_method_and_path(base: str) -> None:
    operations = Operations(CONTRACT)
    wrong = {}
    for name, operation in CONTRACT.operations.items():
        path = operation.path
        for parameter in operation.parameters:
            path = path.replace("{" + parameter.name + "}", "3d0f8c52-7d0a-4f2b-a6b0-0a3c1d2e4f55")
        for url in (f"{base}{path}", f"{base}{path}/?page_no=1&per_page=2"):
            found = operations.of(operation.method.lower(), url)
            if found is None or found.operation.name != name:
                wrong[url] = (name, found and found.operation.name)

    assert {} == wrong


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://[", "", "/", "https://api.cloudflare.com/client/v4/zones"]
)
def test_what_is_of_no_operation_is_not(url: str) -> None:
    assert Operations(CONTRACT).of("POST", url) is None
