"""
A live target is where the contract's own server is, and needs only what the contract's paths name.
"""

from __future__ import annotations

from typing import Any

import pytest

from rtkcontract.contract.load import contract_of, load_contract
from rtkcontract.engine.targets import DEFAULT_BASE_URL, VARIABLES, target_of
from rtkcontract.errors import CannotTell
from rtkcontract.model import Contract, Json

TOKEN = VARIABLES["token"]
ENOUGH = dict.fromkeys(VARIABLES.values(), "x")


def contract(servers: Json, path: str = "/boxes") -> Contract:
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "boxes", "version": "1"},
        "servers": servers,
        "paths": {path: {"get": {"operationId": "list_boxes", "responses": {"200": {"description": "them"}}}}},
    }
    return contract_of(document, lambda _: None, "memory")


def test_the_vendors_contract_goes_to_the_vendor() -> None:
    assert DEFAULT_BASE_URL == target_of("live", ENOUGH, None, load_contract()).base_url


def test_another_contract_never_goes_to_the_vendor() -> None:
    """
    It goes to the server that it names, or nowhere without an address.
    """
    named = contract([{"url": "https://boxes.example/v2/"}])

    assert "https://boxes.example/v2" == target_of("live", {TOKEN: "x"}, None, named).base_url
    assert "http://127.0.0.1:1/x" == target_of("live", {TOKEN: "x"}, "http://127.0.0.1:1/x", named).base_url
    for servers in ([], [{"url": "/v2"}], [{"url": ""}]):
        with pytest.raises(CannotTell, match="names no server with a host"):
            target_of("live", ENOUGH, None, contract(servers))


def test_only_what_the_contract_needs_is_asked_for() -> None:
    servers = [{"url": "https://boxes.example"}]

    assert "" == target_of("live", {TOKEN: "x"}, None, contract(servers)).account_id
    with pytest.raises(CannotTell, match=f"needs {TOKEN} in the environment"):
        target_of("live", {}, None, contract(servers))
    with pytest.raises(CannotTell, match=VARIABLES["account_id"]):
        target_of("live", {TOKEN: "x"}, None, contract(servers, path="/accounts/{account_id}/boxes"))
