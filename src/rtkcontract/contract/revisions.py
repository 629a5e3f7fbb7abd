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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from rtkcontract.contract.load import DOCUMENTS, data_folder, folder_reader, place_of
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import at, dumps
from rtkcontract.json_schema.structure import CONSTRAINTS
from rtkcontract.model import Declared, Json, Operation, Parameter
from rtkcontract.openapi.large_document import parse
from rtkcontract.openapi.operations import Operations
from rtkcontract.openapi.reader import Reader, of_schema
from rtkcontract.openapi.references import Files, Inliner, Read, Spot

DATE: Final = re.compile(r"^@(\d{4}-\d{2}-\d{2})$")


Sides: TypeAlias = Literal["both", "request", "answer"]
"""Which sides a plain JSON Schema describes."""


MAIN: Final = ("main", "origin/main", "master", "origin/master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """
    `label` names it in reports; `operations` holds its operations by name, without any reference in their schemas.
    """

    label: str
    operations: Mapping[str, Operation]


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


def _of_files(files: Files, operation: str, sides: Sides) -> Mapping[str, Operation]:
    """
    The operations of a document, or the one named, with every reference replaced.
    """
    roots = files.main.names("")
    where = files.told(Spot(None, files.name, "")).removesuffix("#")
    if "openapi" not in roots and "swagger" not in roots:
        root = files.main.find("") if "paths" not in roots else {}
        if not (isinstance(root, dict) and (set(root) & (CONSTRAINTS | {"$schema", "$ref", "$defs"}))):
            raise CannotTell(f"{where} is neither an OpenAPI 3 document (no member openapi) nor a JSON Schema")
        name = operation or posixpath.basename(files.name).split(".")[0]
        return {name: _of_schema(*of_schema(files), where, name, sides)}
    operations = Operations(Reader(files, clauses=False))
    if operation:
        found = operations.named(operation)
        return {operation: _inlined(found, Inliner(operations.reader.document, where), name=operation)}
    inliner = Inliner(operations.reader.document, where)
    every = {name: _inlined(found, inliner) for name, found in operations.items()}
    for problem in operations.refused.values():  # half a document cannot be called unchanged
        raise CannotTell(problem)
    return every


def _of_schema(schema: Json, document: Json, where: str, name: str, sides: Sides) -> Operation:
    """
    A plain JSON Schema as an operation: the body of a request, the data of a response, or both.
    """
    media = {"application/json": Inliner(document, where).schema(schema)}
    return Operation(
        name=name,
        body=media if sides != "answer" else None,
        responses={"": Declared(media=media)} if sides != "request" else {},
    )


def schema_revision(schema: Json, *, name: str = "schema", sides: Sides = "both") -> Operation:
    """
    A plain JSON Schema in memory as an operation, for comparing.
    """
    files = Files(lambda _: None, "schema.json", name, main=schema)
    return _of_schema(*of_schema(files), name, name, sides)


def _inlined(operation: Operation, inliner: Inliner, name: str = "") -> Operation:
    def media(schemas: Mapping[str, Json]) -> dict[str, Json]:
        return {kind: inliner.schema(schema) for kind, schema in schemas.items()}

    def parameter(item: Parameter) -> Parameter:
        return replace(item, schema=inliner.schema(item.schema))

    return replace(
        operation,
        name=name or operation.name,
        parameters=tuple(map(parameter, operation.parameters)),
        body=None if operation.body is None else media(operation.body),
        responses={
            status: Declared(
                media=media(response.media),
                headers={header: parameter(item) for header, item in response.headers.items()},
            )
            for status, response in operation.responses.items()
        },
    )


def document(value: Json, *, label: str = "document", operation: str = "", sides: Sides = "both") -> Revision:
    """
    A revision of data that is already read: an OpenAPI document or a JSON Schema without references to other files.
    """
    files = Files(lambda _: None, "document.json", label, main=value)
    return Revision(label=label, operations=_of_files(files, operation, sides))


def from_reader(read: Read, *, label: str, operation: str = "", name: str = "openapi.json") -> Revision:
    """
    A revision whose files come from a function: relative path to bytes, or None.
    """
    return Revision(label=label, operations=_of_files(Files(read, name, label), operation, "both"))


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
        for data in [parse(file.read_text("utf-8"), str(file))]
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
        value = parse(content.decode(), name)
        for step in steps:
            value = patched(value, step.undo.get(name, ()))
        return dumps(value).encode()

    operations: dict[str, Operation] = {}
    for operation in _with_history(folder):
        operations |= from_reader(read, label=label, operation=operation).operations
    return Revision(label=label, operations=operations)


def _with_history(folder: Path) -> tuple[str, ...]:
    """
    The operations whose past is known; nothing can be said of the others on an earlier day.
    """
    return tuple(sorted(history.parent.name for history in folder.glob("*/history")))


def _from_path(path: Path, operation: str, sides: Sides) -> Revision:
    folder, name = place_of(path)
    files = Files(folder_reader(folder), name, str(folder))
    return Revision(label=str(path), operations=_of_files(files, operation, sides))


def _from_git(folder: Path, revision: str, path: str, operation: str, sides: Sides) -> Revision:
    label = f"{revision}:{path}"
    listed = _git(folder, "cat-file", "-t", f"{revision}:./{path}")
    if listed is None:
        raise CannotTell(f"git has no {path} at {revision}; paths are relative to {folder}")
    if listed.strip() == b"tree":
        read = git_reader(folder, revision, path)
        name = next((name for name in DOCUMENTS if read(name) is not None), DOCUMENTS[0])
        return from_reader(read, label=label, operation=operation, name=name)
    base, name = posixpath.split(path)
    files = Files(git_reader(folder, revision, base), name, f"{revision}:{base}")
    return Revision(label=label, operations=_of_files(files, operation, sides))


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
        return Revision(label=name, operations=made.operations)
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
    kept = {name: revision.operations[name] for name in operations if name in revision.operations}
    return Revision(label=revision.label, operations=kept or revision.operations)
