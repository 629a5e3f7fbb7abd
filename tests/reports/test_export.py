"""
Cases as JSON lines, HAR and a Postman collection: nothing is lost, and no real value stands in them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of, written
from rtkcontract.generation import plan as plans
from rtkcontract.model import Case, Target
from rtkcontract.reports import export

CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
CASES = tuple(
    {case.id: case for case in (*plans.make(CONTRACT, OPERATION, "smoke").cases, *written(OPERATION))}.values()
)
TARGET = Target(kind="live", base_url="B", account_id="A", app_id="P", token="T")
VARIABLES = {
    "{{base_url}}": "B",
    "{{account_id}}": "A",
    "{{app_id}}": "P",
    "{{token}}": "T",
    "{{token_cut}}": "",
    "{{token_in_other_case}}": "t",
}
BYTES = [case for case in CASES if export._text(case.content) is None]


def _filled(text: str) -> str:
    for variable, value in VARIABLES.items():
        text = text.replace(variable, value)
    return text


def _sent(case: Case) -> tuple[str, str, dict[str, str]]:
    request = request_of(OPERATION, case, TARGET)
    return request.method, request.url, dict(request.headers)


def _requests(collection: Any) -> Iterator[Any]:
    for item in collection["item"]:
        yield from _requests(item) if "item" in item else [item]


def test_the_cases_hold_what_is_hard_to_export() -> None:
    assert len(CASES) > 100
    assert BYTES
    assert any(case.overrides.headers for case in CASES)
    assert any(case.overrides.path_parameters for case in CASES)
    assert {"valid", "invalid", "protocol"} <= {case.side for case in CASES}


def test_a_line_says_all_of_a_case() -> None:
    rows = [json.loads(line) for line in export.lines(CASES).splitlines()]

    assert [case.id for case in CASES] == [row["id"] for row in rows]
    for case, row in zip(CASES, rows, strict=True):
        content = base64.b64decode(row["content_base64"]) if "content_base64" in row else row["content"].encode()

        assert case.content == content
        assert case.expect.outcome == row["expect"]["outcome"]
        assert dict(case.overrides.headers) == row.get("headers", {})
        assert case.overrides.method == row.get("method")


def test_har_has_the_members_that_the_format_requires() -> None:
    log = json.loads(export.har(CONTRACT.operations, CASES, base_url="{{base_url}}"))["log"]
    entry = {"startedDateTime", "time", "request", "response", "cache", "timings"}
    asked = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
    got = {
        "status",
        "statusText",
        "httpVersion",
        "cookies",
        "headers",
        "content",
        "redirectURL",
        "headersSize",
        "bodySize",
    }

    assert "1.2" == log["version"]
    assert {"name", "version"} <= set(log["creator"])
    assert len(CASES) == len(log["entries"])
    for case, one in zip(CASES, log["entries"], strict=True):
        assert entry <= set(one)
        assert asked <= set(one["request"])
        assert got <= set(one["response"])
        assert {"send", "wait", "receive"} <= set(one["timings"])
        assert one["comment"].startswith(case.id)


def test_har_and_postman_send_what_the_case_sends() -> None:
    """With the variables filled in, method, address, headers and body are those of the toolkit."""
    entries = json.loads(export.har(CONTRACT.operations, CASES, base_url="{{base_url}}"))["log"]["entries"]
    for case, entry in zip(CASES, entries, strict=True):
        request = entry["request"]
        headers = {header["name"]: _filled(header["value"]) for header in request["headers"]}
        posted = request.get("postData", {"text": ""})
        content = base64.b64decode(posted["text"]) if "comment" in posted else posted["text"].encode()

        assert _sent(case) == (request["method"], _filled(request["url"]), headers)
        assert case.content == content

    told = {item["name"]: item["request"] for item in _requests(json.loads(export.postman(CONTRACT.operations, CASES)))}
    assert len(CASES) - len(BYTES) == len(told)
    for case in CASES:
        if case in BYTES:
            continue
        request = told[case.id.partition("/")[2]]
        method, url, headers = _sent(case)
        headers.pop("accept-encoding", None)

        assert (method, url) == (request["method"], _filled(request["url"]["raw"]))
        assert headers == {header["key"]: _filled(header["value"]) for header in request["header"]}
        assert case.content.decode() == request.get("body", {"raw": ""})["raw"]


def test_a_postman_collection_has_its_required_members() -> None:
    collection = json.loads(export.postman(CONTRACT.operations, CASES))

    assert {"info", "item"} <= set(collection)
    assert {"name", "schema"} <= set(collection["info"])
    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert f"Left out: {len(BYTES)} cases" in collection["info"]["description"]
    assert {"base_url", "account_id", "app_id", "token"} == {one["key"] for one in collection["variable"]}
    assert [""] * 3 == [one["value"] for one in collection["variable"][1:]]
    for item in _requests(collection):
        assert {"name", "request"} <= set(item)
        assert (
            "/".join(item["request"]["url"]["host"] + item["request"]["url"]["path"]) == item["request"]["url"]["raw"]
        )


def test_each_request_of_a_collection_tests_the_status() -> None:
    items = {item["name"]: item for item in _requests(json.loads(export.postman(CONTRACT.operations, CASES)))}
    by_outcome: dict[str, list[str]] = {}
    for case in CASES:
        if case not in BYTES:
            events = items[case.id.partition("/")[2]].get("event", [])
            by_outcome.setdefault(case.expect.outcome, []).append("".join(e["script"]["exec"][1] for e in events))

    assert {"accepted", "rejected", "unspecified"} == set(by_outcome)
    assert all("within(200, 299)" in script for script in by_outcome["accepted"])
    assert all("within(400, 499)" in script or "oneOf" in script for script in by_outcome["rejected"])
    assert {""} == set(by_outcome["unspecified"])


@pytest.mark.parametrize("form", ["lines", "har", "postman"])
def test_no_real_or_stand_in_value_is_exported(form: str) -> None:
    """The token, the account and the app are variables, and the same cases give the same text."""

    def made() -> str:
        return export.lines(CASES) if form == "lines" else getattr(export, form)(CONTRACT.operations, CASES)

    text = made()

    assert made() == text
    assert not re.search(r"rtkcontract-(account|app|token)|Bearer TOKEN|ACCOUNT_ID|APP_ID", text)
    assert form == "lines" or "{{token}}" in text


def test_only_json_is_called_json_in_a_postman_collection() -> None:
    """The client takes comments out of a body that is called JSON, and then another case is sent."""
    collection = json.loads(export.postman(CONTRACT.operations, CASES))
    bodies = [item["request"]["body"] for item in _requests(collection) if "body" in item["request"]]
    named = {"json": [], "text": []}
    for body in bodies:
        named[body["options"]["raw"]["language"]].append(body["raw"])

    assert named["json"]
    assert named["text"]
    for text in named["json"]:
        json.loads(text)
    for text in named["text"]:
        with pytest.raises(ValueError, match=r"."):
            json.loads(text)
