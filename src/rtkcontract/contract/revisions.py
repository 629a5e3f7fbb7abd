"""
Reads one revision of a contract: from a path, from a git revision, or as it was known on a day.

1. `PATH` is an OpenAPI 3 document, a JSON Schema file, or a folder with `openapi.json`; JSON or YAML.
2. `REV:PATH` is the same at a git revision, `REV` alone its `schemas/`, and `A..B` two revisions.
3. `@2026-08-14` is this package's contract with the known history (`history/*.json`) taken back to the end of that day.
4. Without a name, OLD is the merge base with `main` and NEW is the working tree.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import posixpath
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from rtkcontract.contract.load import DOCUMENTS, data_folder, folder_reader, place_of
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import at, dumps
from rtkcontract.json_schema.structure import CONSTRAINTS
from rtkcontract.model import Declared, Json, Operation, Parameter
from rtkcontract.openapi.large_document import parse
from rtkcontract.openapi.operations import Operations
from rtkcontract.openapi.reader import Call, Reader, of_schema
from rtkcontract.openapi.references import Files, Inliner, Read, Spot

DATE: Final = re.compile(r"^@(\d{4}-\d{2}-\d{2})$")


Sides: TypeAlias = Literal["both", "request", "answer"]
"""Which sides a plain JSON Schema describes."""


MAIN: Final = ("main", "origin/main", "master", "origin/master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """
    `label` names it in reports; `operations` holds its operations by name, without references in their schemas, but for
    those inside a schema that leads back to itself.
    """

    label: str
    operations: Mapping[str, Operation]
    refused: Mapping[str, str] = field(default_factory=dict)
    """Name of an operation, or a path, that cannot be read -> why."""
    events: Mapping[str, Operation] = field(default_factory=dict)
    """Webhooks and callbacks by name, seen by those who receive them: what is sent to them is the response."""
    beside: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Operation, or "" for the document -> what else it declares: server variables, links, encodings, schemes."""
    circular: Mapping[str, Json] = field(default_factory=dict)
    """Reference -> the schema, of those that lead back to themselves."""
    lacks: str = ""
    """Why there is no operation, where one was asked for that the document does not have."""


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


def _of_files(files: Files, operation: str, sides: Sides, label: str) -> Revision:
    """
    A document, or one operation of it, with references replaced.
    """
    roots = files.main.names("")
    where = files.told(Spot(None, files.name, "")).removesuffix("#")
    if "openapi" not in roots and "swagger" not in roots:
        root = files.main.find("") if "paths" not in roots else {}
        if not (isinstance(root, dict) and (set(root) & (CONSTRAINTS | {"$schema", "$ref", "$defs"}))):
            raise CannotTell(f"{where} is neither an OpenAPI 3 document (no member openapi) nor a JSON Schema")
        name = operation or posixpath.basename(files.name).split(".")[0]
        schema, document = of_schema(files)
        inliner = Inliner(document)
        found = _of_schema(inliner.schema(schema), name, sides)
        return Revision(label=label, operations={name: found}, circular=_circular(inliner))
    operations = Operations(Reader(files, clauses=False))
    call = operations.call(operation) if operation else None
    if operation and call is None:
        return Revision(label=label, operations={}, lacks=operations.unknown(operation))
    calls = [(operation, call)] if call else list(operations.calls())
    return _of_calls(operations, calls, label, webhooks=not operation)


def _of_calls(operations: Operations, calls: Iterable[tuple[str, Call]], label: str, *, webhooks: bool) -> Revision:
    reader, refused = operations.reader, operations.refused
    read: dict[str, Operation] = {}
    events: dict[str, Operation] = {}
    beside: dict[str, Mapping[str, Json]] = {}
    for name, call in calls:
        with _noted(refused, name):
            read[name] = reader.operation(call, name)
            beside[name] = reader.beside(call)
            events.update(_events(reader, reader.callbacks(call)))
    if webhooks:
        with _noted(refused, "webhooks"):
            events.update(_events(reader, reader.webhooks()))
    inliner = Inliner(reader.document)
    return Revision(
        label=label,
        operations={name: mapped(found, inliner.schema) for name, found in read.items()},
        refused=refused,
        events={name: mapped(found, inliner.schema) for name, found in events.items()},
        beside={**beside, "": reader.document.get("components", {}).get("securitySchemes", {})},
        circular=_circular(inliner),
    )


@contextlib.contextmanager
def _noted(refused: dict[str, str], name: str) -> Iterator[None]:
    """
    Keeps why something could not be read, and goes on.
    """
    try:
        yield
    except CannotTell as problem:
        refused[name] = str(problem)
    except RecursionError:
        refused[name] = "it is nested too deeply to be read"


def _events(reader: Reader, calls: Iterable[Call]) -> Iterator[tuple[str, Operation]]:
    for call in calls:
        name = call.path if call.method == "POST" else f"{call.path} {call.method}"
        yield name, _received(reader.operation(call, name))


def _received(event: Operation) -> Operation:
    """
    An event as its receiver sees it: the request comes to them, and what they respond with is what they send.
    """
    headers = {item.name: item for item in event.parameters if item.where == "header"}
    success = next(iter(event.successes), "")
    sent = event.responses[success].media if success else {}
    return Operation(
        name=event.name,
        body=sent or None,
        responses={"": Declared(media=event.body or {}, headers=headers)},
        texts=event.texts,
        deprecated=event.deprecated,
    )


def _circular(inliner: Inliner) -> dict[str, Json]:
    return {ref: inliner.schema({"$ref": ref}) for ref in sorted(inliner.circular)}


def _of_schema(schema: Json, name: str, sides: Sides) -> Operation:
    """
    A plain JSON Schema as an operation: the body of a request, the data of a response, or both.
    """
    media = {"application/json": schema}
    return Operation(
        name=name,
        body=media if sides != "answer" else None,
        responses={"": Declared(media=media)} if sides != "request" else {},
    )


def schema_revision(schema: Json, *, name: str = "schema", sides: Sides = "both") -> Operation:
    """
    A plain JSON Schema in memory as an operation, for comparing.
    """
    read, document = of_schema(Files(lambda _: None, "schema.json", name, main=schema))
    return _of_schema(Inliner(document).schema(read), name, sides)


def mapped(operation: Operation, change: Callable[[Json], Json]) -> Operation:
    """
    An operation with each schema of its bodies, parameters and headers changed.
    """

    def media(schemas: Mapping[str, Json]) -> dict[str, Json]:
        return {kind: change(schema) for kind, schema in schemas.items()}

    def parameter(item: Parameter) -> Parameter:
        return replace(item, schema=change(item.schema))

    return replace(
        operation,
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
    return _of_files(files, operation, sides, label)


def from_reader(read: Read, *, label: str, operation: str = "", name: str = "openapi.json") -> Revision:
    """
    A revision whose files come from a function: relative path to bytes, or None.
    """
    return _of_files(Files(read, name, label), operation, "both", label)


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
    return _of_files(files, operation, sides, str(path))


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
    return _of_files(files, operation, sides, label)


def read(name: str, *, operation: str = "", folder: Path | None = None, sides: Sides = "both") -> Revision:
    """
    One revision by the name that a user gives it; relative paths and git start at `folder`.

    Raises CannotTell with one line for a name that is no path and no revision, and for a document that is broken or
    lacks the operation.
    """
    found = _named(name, operation, folder or Path(), sides)
    if found.lacks or (operation and not found.operations):
        raise CannotTell(found.lacks or next(iter(found.refused.values())))
    return found


def _named(name: str, operation: str, folder: Path, sides: Sides) -> Revision:
    if dated := DATE.match(name):
        return on(day(dated[1], name))
    if (folder / name).exists():
        return replace(_from_path(folder / name, operation, sides), label=name)
    revision, colon, path = name.partition(":")
    if _is_revision(folder, revision):
        return _from_git(folder, revision, path if colon else "schemas", operation, sides)
    raise CannotTell(
        f"{name} is neither a file or folder nor a git revision in {folder.resolve()}; "
        "say PATH, REV, REV:PATH or @YYYY-MM-DD"
    )


def day(text: str, asked: str) -> str:
    """
    A date as YYYY-MM-DD. Raises CannotTell for what is none; `asked` is what the user wrote.
    """
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise CannotTell(f"{asked} is no date; write YYYY-MM-DD, such as 2026-08-14") from None


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
    found = tuple(_of_side(side, name, operation, folder, sides) for side, name in (("OLD", old), ("NEW", new)))
    if found[0].lacks and found[1].lacks:
        raise CannotTell(found[0].lacks)
    if DATE.match(old) or DATE.match(new):
        found = tuple(_only(revision, _with_history(data_folder("schemas"))) for revision in found)
    return found[0], found[1]


def _only(revision: Revision, operations: Iterable[str]) -> Revision:
    """
    The revision with those of the operations that it has; the whole revision where it has none of them.
    """
    kept = {name: revision.operations[name] for name in operations if name in revision.operations}
    return replace(revision, operations=kept, refused={}, events={}, beside={}) if kept else revision


def _of_side(side: str, name: str, operation: str, folder: Path, sides: Sides) -> Revision:
    """
    A revision; what is wrong with it is told with its side.
    """
    try:
        return _named(name, operation, folder, sides)
    except RecursionError:
        raise CannotTell(f"{side}: {name} is nested too deeply to be read") from None
    except CannotTell as problem:
        raise CannotTell(f"{side}: {problem}") from None
