"""
Reads the contract; the only module that knows where `schemas/` is and what its files are called.

1. `openapi.json` is the front door, and a file of any name can be one. `openapi` reads it and what it refers to.
2. The folder is found beside the installed package first, then in the checkout.
3. A file is read through a function, so that a revision can come from a folder, a git revision or memory.
4. A document that cites no source is its own: `sources.json` beside it, or an `x-source` in it, makes it one that
   cites.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

from rtkcontract.contract.expectation import OWN_SOURCE
from rtkcontract.contract.profile import data_folder as data_folder  # noqa: PLC0414  # many ask for it here
from rtkcontract.contract.standards import STANDARDS
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import loads
from rtkcontract.model import Contract, Json, Operation, Source
from rtkcontract.openapi.operations import Operations
from rtkcontract.openapi.reader import Reader
from rtkcontract.openapi.references import Files, Read, read_json

DOCUMENTS = ("openapi.json", "openapi.yaml", "openapi.yml")
"""What the OpenAPI document of a folder is called."""


def folder_reader(folder: Path) -> Read:
    """
    Reads files below one folder.
    """

    def read(name: str) -> bytes | None:
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CannotTell(f"{folder / name} cannot be read: {error.strerror}") from None

    return read


def _lines(read: Read, name: str) -> tuple[Json, ...]:
    content = read(name) or b""
    return tuple(loads(line, as_written=True) for line in content.splitlines() if line.strip())


def _tuple(read: Read, name: str, where: str) -> tuple[Json, ...]:
    return tuple(read_json(read, name, where)) if read(name) is not None else ()


def _beside(operation: Operation, document: Json, profile: Json, read: Read, where: str) -> Operation:
    """
    The operation with what document and profile say of every operation, and what stands in the folder of its name.
    """
    name = operation.name
    tolerated = (entry for entry in profile.get("tolerated", ()) if entry["as"] in operation.responses)
    operation = replace(
        operation,
        tolerated=(*tolerated, *operation.tolerated),
        unspecified=(*document.get("x-unspecified", ()), *operation.unspecified),
        rate_limits=(*profile.get("rates", ()), *operation.rate_limits),
    )
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", name):
        return operation
    return replace(
        operation,
        written_cases=_written(operation, read, where),
        rows=_lines(read, f"{name}/rows.jsonl"),
        corpus=_lines(read, f"{name}/corpus.jsonl"),
        deviations=_tuple(read, f"{name}/deviations.json", where),
    )


def _written(operation: Operation, read: Read, where: str) -> tuple[Json, ...]:
    """
    The cases that are written for the operation, and those for every operation that apply to it: such as without a
    credential, where one is asked for. An entry {"common": NAME} of the first says where one of the others stands.
    """
    common = {entry["name"]: entry for entry in _tuple(read, "common_cases.json", where)}
    own = _tuple(read, f"{operation.name}/cases.json", where)
    named = {entry["common"] for entry in own if "common" in entry}
    own = tuple(common[entry["common"]] if "common" in entry else entry for entry in own)
    others = (
        entry
        for name, entry in common.items()
        if name not in named
        and (operation.security or "authorization" not in entry.get("headers", {}))
        and all("{" + parameter + "}" in operation.path for parameter in entry.get("path_parameters", {}))
    )
    return (*others, *own)


def _fingerprint(files: Files) -> str:
    """
    Twelve hex digits of the SHA-256 of what the files say, whatever their layout.
    """
    text = json.dumps(files.data(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _contract(files: Files, read: Read, where: str) -> Contract:
    reader = Reader(files)
    written = read("sources.json")
    sources = read_json(read, "sources.json", where) if written is not None else {}
    if written is None and not files.main.holds("x-source"):
        reader.document[OWN_SOURCE] = True
    profile = read_json(read, "profile.json", where) if read("profile.json") is not None else {}
    operations = Operations(reader, lambda operation: _beside(operation, reader.document, profile, read, where))
    if not reader.paths:
        next(iter(operations))  # which says that there is none
    info = reader.document.get("info")
    return Contract(
        document=reader.document,
        operations=operations,
        sources={**{key: Source(id=key, **value) for key, value in sources.items()}, **STANDARDS},
        revision=str(info.get("version", "")) if isinstance(info, dict) else "",
        fingerprint=lambda: _fingerprint(files),
    )


def read_contract(read: Read, name: str, where: str) -> Contract:
    """
    The contract that a document and the files beside it state, read through a function.
    """
    return _contract(Files(read, name, where), read, where)


def contract_of(document: Json, read: Read, where: str) -> Contract:
    """
    The contract that a document in memory and the files beside it state.
    """
    return _contract(Files(read, "openapi.json", where, main=document), read, where)


def notes_of(contract: Contract) -> tuple[str, ...]:
    """
    What a user should know of the operations that were read so far: which were refused, and which lost their id.
    """
    if not isinstance(contract.operations, Operations):
        return ()
    refused = (f"{name} is left out: {reason}" for name, reason in contract.operations.refused.items())
    doubled = (f"an operation goes by {name}: its operationId is taken" for name in contract.operations.doubled)
    return (*refused, *doubled)


def place_of(place: Path) -> tuple[Path, str]:
    """
    The folder and the name of the document that a folder or a file means.
    """
    if place.is_file():
        return place.parent, place.name
    return place, next((name for name in DOCUMENTS if (place / name).is_file()), DOCUMENTS[0])


def load_contract(place: Path | None = None) -> Contract:
    """
    The contract in a folder or a file; without one, the contract that ships with this package.

    Raises CannotTell with one line for a missing, cut-off or contradictory file.
    """
    folder, name = place_of(place or data_folder("schemas"))
    return read_contract(folder_reader(folder), name, str(folder))
