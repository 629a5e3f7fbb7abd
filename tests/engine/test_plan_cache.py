"""
A plan from the cache is the plan that would be derived, and nothing else is taken for one.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

import made
from rtkcontract.engine import plan_cache
from rtkcontract.generation import contract_coverage
from rtkcontract.generation import plan as plans
from rtkcontract.model import Answered, Contract, Operation, Response, Result

MEMBERS = [each.name for each in dataclasses.fields(plans.Plan) if each.name != "bodies"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    An empty cache folder.
    """
    monkeypatch.delenv(plan_cache.OFF, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "rtkcontract" / "plans"


def _hook(contract: str = "create_webhook") -> tuple[Contract, Operation]:
    return made.named(contract)


@pytest.mark.parametrize("name", plans.PLANS)
def test_a_kept_plan_is_the_derived_one(cache: Path, name: str) -> None:
    contract, operation = _hook()
    first, second = (plan_cache.planned(contract, operation, name) for _ in range(2))
    fresh = plans.make(contract, operation, name)

    assert 1 == len(list(cache.iterdir()))
    for member in MEMBERS:
        assert getattr(first, member) == getattr(second, member) == getattr(fresh, member)
    results = [
        Result(
            case=case,
            status="pass",
            findings=(),
            observation=Answered(response=Response(status=201, headers=(), content=b""), elapsed_s=None),
        )
        for case in fresh.cases
    ]
    assert contract_coverage.account(fresh, results) == contract_coverage.account(second, results)


def test_a_kept_plan_is_not_derived_again(cache: Path) -> None:
    """
    What stands in the file is what comes back, where its digest fits.
    """
    contract, operation = _hook()
    plan_cache.planned(contract, operation, "smoke")
    (path,) = cache.iterdir()
    payload = path.read_text().partition("\n")[2].rstrip("\n").replace("only what is required", "kept")
    path.write_text(f"{hashlib.sha256(payload.encode()).hexdigest()}\n{payload}\n")

    assert "kept" == plan_cache.planned(contract, operation, "smoke").cases[0].note


@pytest.mark.parametrize("damage", [b"", b"{}", b"0\n{}\n", b"\xff\xfe"])
def test_a_damaged_file_counts_as_absent(cache: Path, damage: bytes) -> None:
    contract, operation = _hook()
    plan = plan_cache.planned(contract, operation, "smoke")
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    for content in (damage, whole[:-20] + b"\n", whole.replace(b"valid", b"inval", 1)):
        path.write_bytes(content)
        assert plan.cases == plan_cache.planned(contract, operation, "smoke").cases
        assert whole == path.read_bytes()


def test_an_edited_contract_or_engine_has_a_plan_of_its_own(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, operation = _hook()
    plan_cache.planned(contract, operation, "smoke")
    schema = made.schema_of("create_webhook")
    schema["properties"]["more"] = {"type": "boolean"}
    plan_cache.planned(*made.made("create_webhook", schema), "smoke")
    plan_cache.planned(contract, dataclasses.replace(operation, corpus=({"name": "a", "body": {}},)), "smoke")
    monkeypatch.setattr(plan_cache, "DERIVING", ("model.py",))
    plan_cache.engine_digest.cache_clear()
    plan_cache.planned(contract, operation, "smoke")
    plan_cache.engine_digest.cache_clear()

    assert 4 == len(list(cache.iterdir()))


def test_the_cache_can_be_off_and_cannot_be_written(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contract, operation = _hook()
    plan = plan_cache.planned(contract, operation, "smoke")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert plan.cases == plan_cache.planned(contract, operation, "smoke").cases
    for path in cache.iterdir():
        path.unlink()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(plan_cache.OFF, "1")

    assert plan.cases == plan_cache.planned(contract, operation, "smoke").cases
    assert [] == list(cache.iterdir())


def test_old_files_go(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_cache, "KEPT", 2)
    for name in ("create_webhook", "create_flag", "create_label"):
        plan_cache.planned(*_hook(name), "smoke")

    assert 2 == len(list(cache.iterdir()))


def test_the_folder_is_the_users() -> None:
    assert Path("/c/rtkcontract/plans") == plan_cache.folder_of({"XDG_CACHE_HOME": "/c"})
    assert plan_cache.folder_of({"XDG_CACHE_HOME": "below"}) is None
    assert plan_cache.folder_of({"XDG_CACHE_HOME": "/c", plan_cache.OFF: "1"}) is None
