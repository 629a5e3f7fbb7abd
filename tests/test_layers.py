"""
The ladder: imports only go down, each outside library has its place, and pure packages stay pure.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

import rtkcontract

FOLDER = Path(rtkcontract.__file__).parent

LADDER = (
    "model errors",
    "json_schema",
    "openapi network",
    "contract",
    "generation emulator checks diff redaction",
    "engine validation",
    "reports recordings",
    "plugins",
    "cli",
)
"""A package imports from the lines above its own and from itself, never from a sister on its own line."""
RUNG = {name: number for number, line in enumerate(LADDER) for name in line.split()}

LIBRARIES: dict[str, set[str]] = {
    "_pytest": {"plugins.pytest_plugin"},
    "brotli": {"redaction.scanner"},
    "click": {"cli"},
    "harfile": {"reports.export"},
    "httptools": {"network.server"},
    "httpx": {
        "network.client",
        "network.destination",
        "plugins.httpx_transport",
    },  # a transport is made for the client of a user's test
    "hypothesis": {"generation.fuzz"},
    "jinja2": {"reports.html"},
    "jsonschema": {"json_schema.reference"},
    # inclusion asks for canonical forms, validator for verdicts, load whether a schema is one
    "jsonschema_rs": {"contract.load", "json_schema.inclusion", "json_schema.validator"},
    "markupsafe": {"reports.html"},
    "pytest": {"plugins.pytest_plugin", "plugins.pytest_fixture", "plugins.pytest_bar", "cli.check"},
    "rich": {"reports.text", "reports.progress"},
    "schemathesis": {"generation.fuzz"},
    "uvicorn": {"network.server"},
    "vcr": {"recordings.vcr_adapter"},
    "yaml": {"json_schema.yaml_text"},
    "zstandard": {"redaction.scanner"},
}
"""Library -> the modules, or the whole package, that may import it."""

PURE = ("model", "errors", "json_schema", "openapi", "generation", "emulator", "checks")
"""Packages that touch no file, clock, network, environment or randomness, nor import a module that does."""
IMPURE_BY_PURPOSE = {
    "generation.fuzz": "hypothesis runs the requests of its examples",
}
OUTSIDE = {
    *("os", "sys", "io", "pathlib", "shutil", "tempfile", "socket", "ssl", "http", "urllib.request", "subprocess"),
    *("threading", "asyncio", "multiprocessing", "time", "random", "secrets", "logging", "locale", "glob"),
}
CLOCKS = {"now", "today", "utcnow", "getenv", "uuid4", "uuid1", "urandom"}


def modules(folder: Path) -> dict[str, ast.Module]:
    """
    Dotted name below the package -> its syntax tree; a package goes by its own name.
    """
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text())
    return found


TREES = modules(FOLDER)


def imports(tree: ast.AST) -> set[str]:
    """
    Every module and every name of a module that is imported anywhere, inside functions too.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert 0 == node.level, "imports are absolute"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def own(tree: ast.AST, known: Iterable[str] = TREES) -> set[str]:
    """
    The modules of this package among the imports.
    """
    names = {name.removeprefix("rtkcontract").lstrip(".") for name in imports(tree) if name.startswith("rtkcontract")}
    return {name for name in names if name and name in set(known)}


def outside(tree: ast.AST) -> set[str]:
    """
    The libraries among the imports, by their top name.
    """
    tops = {name.partition(".")[0] for name in imports(tree)}
    return tops - set(sys.stdlib_module_names) - {"rtkcontract", ""}


def upward(trees: Mapping[str, ast.AST]) -> set[tuple[str, str]]:
    """
    Imports that do not go down: (importing module, imported module).
    """
    return {
        (name, other)
        for name, tree in trees.items()
        for other in own(tree, trees)
        if _package(name) in RUNG
        and _package(other) != _package(name)
        and RUNG.get(_package(other), len(LADDER)) >= RUNG[_package(name)]
    }


def touched(tree: ast.AST) -> set[str]:
    """
    What a module touches outside itself: modules, clocks and calls that open or print.
    """
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    functions = {call.id for call in calls if isinstance(call, ast.Name)}
    return imports(tree) & OUTSIDE | methods & CLOCKS | functions & {"open", "print", "input"}


def reached(name: str, trees: Mapping[str, ast.AST]) -> set[str]:
    """
    A module with everything that it imports, directly or through others.
    """
    found: set[str] = set()
    waiting = [name]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting.extend(own(trees[at], trees))
    return found


def _package(name: str) -> str:
    return name.partition(".")[0]


def test_every_module_has_a_rung() -> None:
    assert len(TREES) > 60
    assert set(RUNG) | {"", "__main__"} == {_package(name) for name in TREES}


def test_imports_only_go_down() -> None:
    assert set() == upward(TREES)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("json_schema.values", "from rtkcontract.openapi import references"),
        ("checks.answer", "from rtkcontract.emulator.answers import emulator"),
        ("engine.targets", "def f():\n    from rtkcontract.reports import summary"),
    ],
)
def test_an_added_import_is_seen(name: str, line: str) -> None:
    """
    An import that goes up, or to a sister, fails the test above.
    """
    body = [*TREES[name].body, *ast.parse(line).body]

    assert {name} == {source for source, _ in upward({**TREES, name: ast.Module(body=body, type_ignores=[])})}


def test_no_cycle_inside_a_package() -> None:
    cycles = {name for name in TREES for other in own(TREES[name]) if name in reached(other, TREES) and other != name}

    assert set() == cycles


@pytest.mark.parametrize("name", TREES)
def test_an_outside_library_has_its_own_module(name: str) -> None:
    strangers = {
        library for library in outside(TREES[name]) if not {name, _package(name)} & LIBRARIES.get(library, set())
    }

    assert set() == strangers


def test_the_table_of_libraries_has_no_dead_row() -> None:
    used = {library for tree in TREES.values() for library in outside(tree)}
    named_only = {"httptools"}  # uvicorn finds it by its name

    assert set(LIBRARIES) - used <= named_only


@pytest.mark.parametrize("name", [name for name in TREES if _package(name) in PURE and name not in IMPURE_BY_PURPOSE])
def test_pure_modules_touch_nothing_outside(name: str) -> None:
    """
    No file, clock, network, environment or randomness: those are handed in.
    """
    assert {} == {other: found for other in reached(name, TREES) if (found := touched(TREES[other]))}


def test_the_names_of_imports_are_read() -> None:
    """
    The reader sees every form of import.
    """
    tree = ast.parse(
        "import rtkcontract.model\nfrom rtkcontract.network import client\n"
        "from rtkcontract.generation.plan import make\n"
        "def f():\n    import httpx\n    from os import path\n"
    )

    assert {"model", "network", "network.client", "generation.plan"} == own(tree)
    assert {"httpx"} == outside(tree)
    assert "os" in imports(tree)
