"""
What any HTTP server does: OPTIONS, HEAD, preflight, and the emulator's own paths.
"""

from __future__ import annotations

import json

import pytest

from emulator.boxes import CONTRACT, TOKEN, Client, answer, contract_of, given
from rtkcontract.model import Request


def test_options_says_what_a_path_allows() -> None:
    """204 with Allow, without a credential; a preflight gets what a browser wants to know."""
    client = Client()
    plain = client.send("OPTIONS", "/boxes", authorization="")
    asked = {"origin": "https://app.example", "access_control_request_method": "POST"}
    preflight = client.send("OPTIONS", "/boxes", access_control_request_headers="x-mine", **asked)

    assert (204, "GET, POST, HEAD, OPTIONS") == (plain.status, plain.header("allow"))
    assert {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST, HEAD, OPTIONS",
        "access-control-allow-headers": "x-mine",
    } == {name: value for name, value in preflight.headers if name.startswith("access-control-allow")}


@pytest.mark.parametrize(("path", "status"), [("/boxes", 200), ("/lids", 501)])
def test_a_browser_may_read_any_response(path: str, status: int) -> None:
    """With Origin, a success and a refusal say that anyone may read them."""
    response = Client().send("GET", path, origin="https://app.example")

    assert (status, "*") == (response.status, response.header("access-control-allow-origin"))


def test_its_own_paths_need_no_credential() -> None:
    """Health counts what is remembered; the document names this server; another method is refused."""
    client = Client()
    client.data("POST", "/boxes", {"name": "a"})
    served = json.loads(client.send("GET", "/openapi.json", authorization="").content)

    assert {"status": "ok", "operations": 13, "objects": 1} == {
        name: value for name, value in client.ask("GET", "/health")[1].items() if name != "bytes"
    }
    assert ([{"url": "http://127.0.0.1:1"}], sorted(CONTRACT.document["paths"])) == (
        served["servers"],
        sorted(served["paths"]),
    )
    assert (405, "GET") == (client.send("PUT", "/health").status, client.send("PUT", "/health").header("allow"))
    assert (204, 200) == (client.send("OPTIONS", "/reset").status, client.send("HEAD", "/health").status)


def test_a_path_of_the_contract_comes_first() -> None:
    """A contract that has /health of its own is served with it."""
    contract = contract_of({"/health": {"get": {"operationId": "it", "responses": answer({"const": "fine"})}}})

    assert (200, "fine") == Client(contract).ask("GET", "/health")


def test_the_base_path_may_be_left_out() -> None:
    """As other mock servers do it, a path is served with and without the base path of the document."""
    paths = {"/it": {"get": {"operationId": "it", "responses": answer({"const": 1})}}}
    client = Client(contract_of(paths, servers=[{"url": "https://vendor.test/v4"}]))

    assert [200, 200, 501, 404] == [client.ask("GET", path)[0] for path in ("/v4/it", "/it", "/v4/no", "/v3/it")]


def test_methods_of_one_path_name_their_parameters_as_they_like() -> None:
    """Two operations on one path take the same place under two names."""
    paths = {
        "/a/{one}": {"get": {"operationId": "read", "responses": answer({"const": 1})}},
        "/a/{other}": {
            "delete": {
                "operationId": "drop",
                "parameters": [given("other", {"type": "integer"}, "path")],
                "responses": {"204": {"description": "gone"}},
            }
        },
    }
    client = Client(contract_of(paths))

    assert [204, 400] == [client.ask("DELETE", f"/a/{value}")[0] for value in ("1", "x")]


@pytest.mark.parametrize(("key", "status"), [(True, 200), (False, 400)])
def test_a_key_with_an_address_is_taken_where_that_is_said(key: bool, status: int) -> None:
    """The gateway's older credential is for the tests of the SDK; a checked emulator refuses it."""
    contract = contract_of(
        {"/it": {"get": {"operationId": "it", "security": [{"token": []}], "responses": answer({"const": 1})}}},
        components={"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    )
    headers = (("x-auth-key", "k"), ("x-auth-email", "a@example.com"))
    respond = Client(contract, key_will_do=key).respond
    response = respond(Request(method="GET", url="http://127.0.0.1:1/it", headers=headers, content=b""))

    assert status == response.status
    assert TOKEN.encode() not in response.content
