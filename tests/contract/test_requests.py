"""
Requests made of cases: addresses, values that earlier responses give, queries.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from rtkcontract.contract.load import load_contract
from rtkcontract.contract.requests import request_of
from rtkcontract.model import Case, Expectation, Made, Operation, Overrides, Target

MAKER = Made(operation="create_thing", pointer="/data/id")
TARGET = Target(kind="live", base_url="http://127.0.0.1:1/v1", account_id="a", app_id="b", token="t")


def operation() -> Operation:
    shipped = next(iter(load_contract().operations.values()))
    return replace(shipped, name="get_thing", method="GET", path="/things/{thing_id}", makers={"thing_id": MAKER})


def case(overrides: Overrides) -> Case:
    expect = Expectation(outcome="accepted", reason="")
    return Case(
        id="get_thing/x",
        operation="get_thing",
        side="valid",
        partition="x",
        content=b"",
        expect=expect,
        overrides=overrides,
    )


@pytest.mark.parametrize(
    ("overrides", "made", "path"),
    [
        (Overrides(), {}, "/things/{thing_id}"),
        (Overrides(), {MAKER: "7/8"}, "/things/7%2F8"),
        (Overrides(path_parameters={"thing_id": "."}), {MAKER: "7"}, "/things/."),
        (Overrides(path_parameters={"thing_id": replace(MAKER, fresh=True)}), {MAKER: "7"}, "/things/{thing_id}"),
        (Overrides(query=(("a", "1 2"), ("a", ""), ("b&", None))), {}, "/things/{thing_id}?a=1%202&a=&b%26"),
    ],
)
def test_the_address_of_a_case(overrides: Overrides, made: dict[Made, str], path: str) -> None:
    assert f"http://127.0.0.1:1/v1{path}" == request_of(operation(), case(overrides), TARGET, made).url
