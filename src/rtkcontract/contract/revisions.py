"""
Reads one revision of a contract: from a path, from a git revision, or as it was known on a day.

1. `PATH` is an OpenAPI 3 document, a JSON Schema file, or a folder with `openapi.json`; JSON or YAML.
2. `REV:PATH` is the same at a git revision, `REV` alone its `schemas/`, and `A..B` two revisions.
3. `@2026-08-14` is this package's contract with the known history (`history/*.json`) taken back to the end of that day.
4. Without a name, OLD is the merge base with `main` and NEW is the working tree.
"""

from __future__ import annotations

import copy
import posixpath
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtkcontract.contract.load import data_folder, folder_reader
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import at, dumps, pointer
from rtkcontract.json_schema.structure import CONSTRAINTS
from rtkcontract.model import Json
from rtkcontract.openapi.large_document import Slices, parse
from rtkcontract.openapi.operation import METHODS, Sides, Surface
from rtkcontract.openapi.reader import Reader, of_schema
from rtkcontract.openapi.references import Read

DATE: Final = re.compile(r"^@(\d{4}-\d{2}-\d{2})$")


MAIN: Final = ("main", "origin/main", "master", "origin/master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """
    `label` names it in reports; `surfaces` holds its operations by name.
    """

    label: str
    surfaces: Mapping[str, Surface]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One dated change of the contract. `undo` maps a file to the JSON Patch that takes the change back.
    """

    date: str
    what: str
    source: str
    undo: Mapping[str, Json]
    expect: tuple[Json, ...]
    """The findings that comparing before with after yields: kind, side, path, class."""


def patched(value: Json, operations: Iterable[Json]) -> Json:
    """
    A copy of the value with JSON Patch operations (RFC 6902: add, remove, replace, move) applied in order.

    Raises CannotTell for an operation whose place is not there.
    """
    value = copy.deepcopy(value)
    for operation in operations:
        try:
            if operation["op"] == "move":
                _set(value, operation["path"], _removed(value, operation["from"]))
            elif operation["op"] == "remove":
                _removed(value, operation["path"])
            else:
                if operation["op"] == "replace":
                    at(value, operation["path"])
                _set(value, operation["path"], copy.deepcopy(operation["value"]))
        except LookupError as error:
            raise CannotTell(
                f"a step of the history does not fit the contract: {operation['op']} {operation['path']}: {error}"
            ) from None
    return value


def _holder(value: Json, place: str) -> tuple[Json, str | int]:
    above, _, name = place.rpartition("/")
    holder = at(value, above)
    name = name.replace("~1", "/").replace("~0", "~")
    return holder, int(name) if isinstance(holder, list) else name


def _removed(value: Json, place: str) -> Json:
    holder, name = _holder(value, place)
    return holder.pop(name)


def _set(value: Json, place: str, part: Json) -> None:
    holder, name = _holder(value, place)
    holder[name] = part


def _git(folder: Path, *words: str) -> bytes | None:
    """
    What git prints, or None where it refuses. Raises CannotTell where there is no git.
    """
    try:
        ran = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False, timeout=60)  # noqa: S603, S607  # no shell; the name comes from PATH on purpose
    except FileNotFoundError:
        raise CannotTell("git is not installed, and a git revision was asked for; name files instead") from None
    return ran.stdout if ran.returncode == 0 else None


def _is_revision(folder: Path, name: str) -> bool:
    return (
        bool(name)
        and not name.startswith("-")
        and _git(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") is not None
    )


def git_reader(folder: Path, revision: str, base: str) -> Read:
    """
    Reads files below `base` (relative to `folder`) as they stand at a git revision.
    """

    def read(name: str) -> bytes | None:
        return _git(folder, "show", f"{revision}:./{posixpath.join(base, name)}")

    return read


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotTell(f"{name} is not text: byte {error.start} is not UTF-8") from None


class _Files:
    """
    The document and the files beside it, read once each.
    """

    def __init__(self, read: Read, name: str, where: str) -> None:
        self.read, self.name, self.where = read, name, where
        content = read(name)
        if content is None:
            raise CannotTell(f"{where} does not exist or cannot be read")
        self.main = Slices(_text(content, where), where)
        self._others: dict[str, Json] = {}

    def find(self, file: str, place: str) -> Json:
        """
        What stands at a place; `file` is relative to the document's folder, "" for the document itself.
        """
        if file in ("", self.name):
            return self.main.find(place)
        if file not in self._others:
            content = self.read(file)
            if content is None:
                raise LookupError(f"there is no file {file}")
            self._others[file] = Slices(_text(content, file), file)
        found = self._others[file]
        return found.find(place)


def _document(files: _Files, operation: str, sides: Sides) -> Mapping[str, Surface]:
    where = files.where
    roots = files.main.names("")
    if "openapi" in roots:
        version = str(files.main.find("/openapi"))
        if not re.match(r"3\.[012]", version):
            raise CannotTell(f"{where} says openapi: {version}; versions 3.0 to 3.2 can be read")
        return _operations(files, operation)
    if "swagger" in roots:
        raise CannotTell(f"{where} is an OpenAPI 2 document (swagger); convert it to OpenAPI 3 first")
    root = files.main.find("") if "paths" not in roots else {}
    if isinstance(root, dict) and (set(root) & (CONSTRAINTS | {"$schema", "$ref", "$defs"})):
        name = operation or posixpath.basename(files.name).split(".")[0]
        return {name: of_schema(root, files.find, where, name, sides)}
    raise CannotTell(f"{where} is neither an OpenAPI 3 document (no member openapi) nor a JSON Schema")


def _operations(files: _Files, operation: str) -> Mapping[str, Surface]:
    roots = files.main.names("")
    head: dict[str, Json] = {
        key: files.main.find(pointer([key])) for key in ("openapi", "servers", "security") if key in roots
    }
    reader = Reader(head, files.find, files.where)
    found: dict[str, Surface] = {}
    seen: list[str] = []
    for path in files.main.names("/paths") if "paths" in roots else ():
        if operation and not _may_hold(files.main, path, operation):
            continue
        item, _ = reader.whole.behind(files.main.find(pointer(["paths", path])), "")
        for method in METHODS:
            if not isinstance(item, dict) or method not in item:
                continue
            told = item[method].get("operationId", "") if isinstance(item[method], dict) else ""
            seen.append(told or f"{method.upper()} {path}")
            if operation in ("", told, f"{method.upper()} {path}"):
                surface = reader.surface(path, method, item, operation)
                found[surface.name] = surface
    if not found:
        known = files.main.names("/paths") if "paths" in roots else ()
        asked = f"has no operation {operation}" if operation else "has no operation under paths"
        near = [
            name for name in known if operation.partition(" ")[2] and name.endswith(operation.partition(" ")[2][-20:])
        ]
        told = ", ".join((near or seen)[:5])
        hint = f"; it has {told}" if told else f"; it has {len(known)} paths" if known else ""
        raise CannotTell(f"{files.where} {asked}{hint}; name it by operationId or as 'POST /path'")
    return found


def _may_hold(slices: Slices, path: str, operation: str) -> bool:
    """
    Whether the text of a path item can hold the operation; spares the parsing of a thousand others.
    """
    method, _, asked = operation.partition(" ")
    if asked and method.lower() in METHODS:
        return asked == path
    return slices.mentions(pointer(["paths", path]), operation)


def document(value: Json, *, label: str = "document", operation: str = "", sides: Sides = "both") -> Revision:
    """
    A revision of data that is already read: an OpenAPI document or a JSON Schema without references to other files.
    """
    read: Read = lambda name: dumps(value).encode() if name == "document.json" else None  # noqa: E731
    return Revision(label=label, surfaces=_document(_Files(read, "document.json", label), operation, sides))


def from_reader(read: Read, *, label: str, operation: str = "", name: str = "openapi.json") -> Revision:
    """
    A revision whose files come from a function: relative path to bytes, or None.
    """
    return Revision(label=label, surfaces=_document(_Files(read, name, label), operation, "both"))


def history(folder: Path | None = None) -> tuple[Step, ...]:
    """
    The dated changes that are known, newest first.
    """
    folder = folder or data_folder("schemas")
    files = sorted(folder.glob("*/history/*.json"), reverse=True)
    return tuple(
        Step(
            date=data["date"],
            what=data["what"],
            source=data["source"],
            undo=data["undo"],
            expect=tuple(data["expect"]),
        )
        for file in files
        for data in [parse(_text(file.read_bytes(), str(file)), str(file))]
    )


def after(step: Step, folder: Path | None = None) -> Revision:
    """
    The contract just after a dated change.
    """
    return _taken_back(f"after {step.date}", lambda date: date > step.date, folder)


def before(step: Step, folder: Path | None = None) -> Revision:
    """
    The contract just before a dated change.
    """
    return _taken_back(f"before {step.date}", lambda date: date >= step.date, folder)


def on(date: str, folder: Path | None = None) -> Revision:
    """
    The contract as it was known at the end of a day (YYYY-MM-DD).
    """
    return _taken_back(f"@{date}", lambda changed: changed > date, folder)


def _taken_back(label: str, undone: Callable[[str], bool], folder: Path | None) -> Revision:
    folder = folder or data_folder("schemas")
    plain = folder_reader(folder)
    steps = [step for step in history(folder) if undone(step.date)]

    def read(name: str) -> bytes | None:
        content = plain(name)
        if content is None:
            return None
        value = parse(_text(content, name), name)
        for step in steps:
            value = patched(value, step.undo.get(name, ()))
        return dumps(value).encode()

    surfaces: dict[str, Surface] = {}
    for operation in _with_history(folder):
        surfaces |= from_reader(read, label=label, operation=operation).surfaces
    return Revision(label=label, surfaces=surfaces)


def _with_history(folder: Path) -> tuple[str, ...]:
    """
    The operations whose past is known; nothing can be said of the others on an earlier day.
    """
    return tuple(sorted(history.parent.name for history in folder.glob("*/history")))


def _from_path(path: Path, operation: str, sides: Sides) -> Revision:
    if path.is_dir():
        if not (path / "openapi.json").is_file():
            raise CannotTell(f"{path} has no openapi.json; name the folder that holds it, or a file")
        return from_reader(folder_reader(path), label=str(path), operation=operation)
    read = folder_reader(path.parent)
    return Revision(label=str(path), surfaces=_document(_Files(read, path.name, str(path)), operation, sides))


def _from_git(folder: Path, revision: str, path: str, operation: str, sides: Sides) -> Revision:
    label = f"{revision}:{path}"
    listed = _git(folder, "cat-file", "-t", f"{revision}:./{path}")
    if listed is None:
        raise CannotTell(f"git has no {path} at {revision}; paths are relative to {folder}")
    if listed.strip() == b"tree":
        read = git_reader(folder, revision, path)
        if read("openapi.json") is None:
            raise CannotTell(f"{label} has no openapi.json")
        return from_reader(read, label=label, operation=operation)
    read = git_reader(folder, revision, posixpath.dirname(path))
    return Revision(label=label, surfaces=_document(_Files(read, posixpath.basename(path), label), operation, sides))


def read(name: str, *, operation: str = "", folder: Path | None = None, sides: Sides = "both") -> Revision:
    """
    One revision by the name that a user gives it; relative paths and git start at `folder`.

    Raises CannotTell with one line for a name that is no path and no revision, and for a document that is broken.
    """
    folder = folder or Path()
    if dated := DATE.match(name):
        return on(dated[1])
    if (folder / name).exists():
        made = _from_path(folder / name, operation, sides)
        return Revision(label=name, surfaces=made.surfaces)
    revision, colon, path = name.partition(":")
    if _is_revision(folder, revision):
        return _from_git(folder, revision, path if colon else "schemas", operation, sides)
    raise CannotTell(
        f"{name} is neither a file or folder nor a git revision in {folder.resolve()}; "
        "say PATH, REV, REV:PATH or @YYYY-MM-DD"
    )


def _merge_base(folder: Path) -> str:
    for name in MAIN:
        if _is_revision(folder, name):
            found = _git(folder, "merge-base", name, "HEAD")
            if found:
                return found.decode().strip()[:12]
    raise CannotTell("there is no branch main to compare with; name OLD and NEW, such as v1.0..HEAD or two files")


def pair(
    old: str = "", new: str = "", *, operation: str = "", folder: Path | None = None, sides: Sides = "both"
) -> tuple[Revision, Revision]:
    """
    OLD and NEW by the names that a user gives: two names, `A..B`, one name (NEW is the working tree), or none.
    """
    folder = folder or Path()
    if ".." in old and not new and not (folder / old).exists():
        old, _, new = old.replace("...", "..").partition("..")
    old = old or _merge_base(folder)
    if not new:
        path = old.partition(":")[2] or "schemas"
        new = path if (folder / path).exists() else str(data_folder("schemas"))
    found = tuple(read(name, operation=operation, folder=folder, sides=sides) for name in (old, new))
    if DATE.match(old) or DATE.match(new):
        found = tuple(_only(revision, _with_history(data_folder("schemas"))) for revision in found)
    return found[0], found[1]


def _only(revision: Revision, operations: Iterable[str]) -> Revision:
    """
    The revision with those of the operations that it has; the whole revision where it has none of them.
    """
    kept = {name: revision.surfaces[name] for name in operations if name in revision.surfaces}
    return Revision(label=revision.label, surfaces=kept or revision.surfaces)
