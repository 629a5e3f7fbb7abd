"""
What is shipped: the package with its data, and nothing else that lies about in a checkout.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STRAY = (
    ".env", "src/rtkcontract/.env", "schemas/.env.local", "cassettes/live/create_meeting/.12-abc.part",
    "cassettes/half.part", "src/rtkcontract/model.py~", "schemas/.openapi.json.swp", "src/rtkcontract/cli/#main.py#",
    "contract_tests/run.log", "notes-of-mine.txt", "run.jsonl", "schemas/own.pem", "traffic.har",
)  # fmt: skip


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """
    The names in the sdist and the wheel of a checkout in which stray files lie.
    """
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("src", "schemas", "contract_tests", "docs", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "noxfile.py", ".gitignore"):
        shutil.copy(ROOT / name, folder / name)
    for name in (*STRAY, "cassettes/live/create_meeting/kept.yaml", "tests/test_x.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("TOKEN=canary\n")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", "out"], cwd=folder, check=True, capture_output=True
    )
    (sdist,), (wheel,) = (folder / "out").glob("*.tar.gz"), (folder / "out").glob("*.whl")
    with tarfile.open(sdist) as packed, zipfile.ZipFile(wheel) as zipped:
        return {
            "sdist": {name.partition("/")[2] for name in packed.getnames()},
            "wheel": set(zipped.namelist()),
        }


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_no_stray_file_is_shipped(kind: str, shipped: dict[str, set[str]]) -> None:
    names = {name.rpartition("/")[2] for name in shipped[kind]}

    assert {Path(name).name for name in STRAY} & names == set()


def test_what_belongs_to_the_package_is_shipped(shipped: dict[str, set[str]]) -> None:
    assert {
        "rtkcontract/model.py",
        "rtkcontract/py.typed",
        "rtkcontract/diff/kinds.json",
        "rtkcontract/schemas/openapi.json",
        "rtkcontract/schemas/meta/run.json",
        "rtkcontract/contract_tests/check.ini",
        "rtkcontract/cassettes/live/create_meeting/kept.yaml",
    } <= shipped["wheel"]
    assert {"src/rtkcontract/model.py", "schemas/openapi.json", "pyproject.toml", "LICENSE"} <= shipped["sdist"]
    assert not any(name.startswith(("tests/", "schemas/", "src/")) for name in shipped["wheel"])
