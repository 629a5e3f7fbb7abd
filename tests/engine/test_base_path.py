"""
Requests go to the path that the document names, wherever its servers stand.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from rtkcontract.contract import load
from rtkcontract.contract.requests import base_path, request_of
from rtkcontract.engine import targets
from rtkcontract.generation import plan as plans
from rtkcontract.model import Answered

SERVERS: list[tuple[Any, str]] = [
    (None, ""),
    ([{"url": "https://rooms.example/v1"}], "/v1"),
    ([{"url": "https://rooms.example"}, {"url": "/b"}], ""),
    ([{"url": "/api/v2/"}], "/api/v2"),
    ([{"url": "{scheme}://rooms.example/{base}", "variables": {"base": {"default": "v3"}}}], "/v3"),
]


@pytest.mark.parametrize(("servers", "base"), SERVERS)
@pytest.mark.parametrize("level", ["document", "path", "operation"])
def test_the_emulator_is_asked_below_the_servers_path(servers: Any, base: str, level: str) -> None:
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    spec = {"operationId": "make", "requestBody": body, "responses": {"201": {"description": "", **body}}}
    item: dict[str, Any] = {"post": spec}
    document: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/rooms": item}}
    {"document": document, "path": item, "operation": spec}[level]["servers"] = servers
    contract = load.read_contract({"openapi.json": json.dumps(document).encode()}.get, "openapi.json", "memory")
    operation = contract.operations["make"]
    case = next(case for case in plans.make(contract, operation, "smoke").cases if case.expect.outcome == "accepted")

    assert base == base_path(contract)
    with targets.asking(contract, targets.target_of("emulator", {}), sockets=False) as asking:
        assert asking.target.base_url.endswith(f".invalid{base}")
        observation = asking.send(request_of(operation, case, asking.target))
    assert isinstance(observation, Answered)
    assert 201 == observation.response.status
