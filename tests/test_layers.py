"""
Imports only go down, each outside library has its place, and pure modules stay pure.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import rtkcontract

FOLDER = Path(rtkcontract.__file__).parent
TREES = {path.stem: ast.parse(path.read_text()) for path in sorted(FOLDER.glob("*.py"))}

FLOORS: tuple[tuple[str, str], ...] = (
    ("data", "__init__ model errors hush covering versions"),
    ("text", "jsontext subschemas yamltext leaks progress beside"),
    ("reading", "catalog identity items algebra slices wire surface edits"),
    ("meaning", "oracle partitions revisions"),
    ("bodies", "bodies cases emulator explore redact witness taxonomy"),
    ("order", "order"),
    ("plans and checks", "plan checks cassettes explain runs targets terms proof export"),
    ("accounts", "coverage recordings summary changes described vcrhooks validate"),
    ("reports", "compare record junit sarif drift outdated change_report transports"),
    ("pages", "page markdown verdict pytest_fixture pytest_recorder"),
    ("fronts", "cli pytest_plugin"),
    ("door", "__main__"),
)
"""A module may import from the floors above it in this table, and from none beside or below it."""
FLOOR = {name: number for number, (_, names) in enumerate(FLOORS) for name in names.split()}

LIBRARIES: dict[str, set[str]] = {
    "_pytest": {"pytest_plugin", "pytest_recorder"},
    "brotli": {"leaks"},
    "click": {"cli"},
    "harfile": {"export"},
    "httptools": {"wire"},
    "httpx": {"wire", "transports"},  # transports is an httpx transport, made for the client of a user's test
    "hypothesis": {"explore"},
    "jinja2": {"page"},
    "jsonschema": {"catalog"},
    # algebra asks for canonical forms, oracle for verdicts, catalog whether a schema is one
    "jsonschema_rs": {"oracle", "algebra", "catalog"},
    "markupsafe": {"page"},
    # cli starts it, and the fixture module is its entry point
    "pytest": {"pytest_plugin", "pytest_fixture", "pytest_recorder", "cli"},
    "rich": {"verdict", "progress"},
    "schemathesis": {"explore"},
    "uvicorn": {"wire"},
    "vcr": {"vcrhooks"},
    "yaml": {"yamltext", "cassettes"},  # cassettes have their own strict reader and writer
    "zstandard": {"leaks"},
}

PURE = [
    "model",
    "errors",
    "covering",
    "jsontext",
    "subschemas",
    "leaks",
    "identity",
    "items",
    "algebra",
    "surface",
    "edits",
    "oracle",
    "partitions",
    "cases",
    "bodies",
    "emulator",
    "witness",
    "plan",
    "checks",
    "explain",
    "terms",
    "proof",
    "coverage",
    "described",
    "compare",
    "junit",
    "page",
]
OUTSIDE = {
    "os",
    "sys",
    "io",
    "pathlib",
    "shutil",
    "tempfile",
    "socket",
    "ssl",
    "http",
    "urllib.request",
    "subprocess",
    "threading",
    "asyncio",
    "multiprocessing",
    "time",
    "random",
    "secrets",
    "logging",
    "locale",
    "glob",
}
CLOCKS = {"now", "today", "utcnow", "getenv", "uuid4", "uuid1", "urandom"}


def imports(tree: ast.AST) -> set[str]:
    """
    Every module that is imported anywhere in a module, inside functions too.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert 0 == node.level, "imports are absolute"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names if node.module == "rtkcontract")
    return found


def own(tree: ast.AST) -> set[str]:
    """
    The modules of this package among the imports.
    """
    parts = [name.split(".") for name in imports(tree)]
    return {part[1] for part in parts if part[0] == "rtkcontract" and len(part) > 1 and part[1] in TREES}


def outside(tree: ast.AST) -> set[str]:
    """
    The libraries among the imports, by their top name.
    """
    tops = {name.partition(".")[0] for name in imports(tree)}
    return tops - set(sys.stdlib_module_names) - {"rtkcontract", ""}


def test_every_module_has_a_floor() -> None:
    assert len(TREES) > 30
    assert set(TREES) == set(FLOOR), "tell the floor of a new module in FLOORS"


@pytest.mark.parametrize("name", TREES)
def test_imports_only_go_down(name: str) -> None:
    higher = {other for other in own(TREES[name]) if FLOOR.get(other, 99) >= FLOOR.get(name, -1)}

    assert set() == higher


@pytest.mark.parametrize("name", TREES)
def test_an_outside_library_stands_in_its_own_module(name: str) -> None:
    strangers = {library for library in outside(TREES[name]) if name not in LIBRARIES.get(library, set())}

    assert set() == strangers


def test_the_table_of_libraries_has_no_dead_row() -> None:
    used = {library for tree in TREES.values() for library in outside(tree)}
    named_only = {"httptools"}  # uvicorn finds it by its name

    assert set(LIBRARIES) - used <= named_only


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_touch_nothing_outside(name: str) -> None:
    """
    No file, clock, network, environment or randomness: those are handed in.
    """
    tree = TREES[name]
    calls = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    opened = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}

    assert set() == imports(tree) & OUTSIDE
    assert set() == calls & CLOCKS
    assert set() == opened & {"open", "print", "input"}


def test_the_names_of_imports_are_read() -> None:
    """
    The reader itself sees every form of import.
    """
    tree = ast.parse(
        "import rtkcontract.model\nfrom rtkcontract import wire\nfrom rtkcontract.plan import make\n"
        "def f():\n    import httpx\n    from os import path\n"
    )

    assert {"model", "wire", "plan"} == own(tree)
    assert {"httpx"} == outside(tree)
    assert "os" in imports(tree)
