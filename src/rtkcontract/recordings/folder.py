"""
The folder of the cassettes: names, finding, and writes that are whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from rtkcontract.engine.files import write_whole
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.model import Answered, Json, Observation, Request, Send, Unanswered
from rtkcontract.recordings.cassette import Interaction, Observed, read, to_text, untouched
from rtkcontract.recordings.key import key_of
from rtkcontract.redaction.redactor import Redactor
from rtkcontract.redaction.scanner import Gate, Leak, Look, scan

T = TypeVar("T")


# The gate.

_SCANNED: Final = 2_000_000


def leaks(interaction: Interaction, gate: Gate) -> list[Leak]:
    """
    Everything in an interaction that may not be written.
    """
    request, response, told = interaction.request, interaction.response, interaction.provenance
    sent = request.content.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):
        sent += "\n" + dumps(json.loads(sent)) + "\n" + "\n".join(_leaf_texts(json.loads(sent)))
    parts: list[tuple[str, bytes, Look]] = [
        ("method", request.method.encode(), "everything"),
        ("url", request.url.encode(), "everything"),
        ("body of the request", request.content, "ours"),
        ("body of the answer", response.content, "everything"),
    ]
    parts += [(f"header {name} of the request", value.encode(), "everything") for name, value in request.headers]
    parts += [(f"header {name} of the answer", value.encode(), "everything") for name, value in response.headers]
    if told:
        texts = (told.recorded_at, told.target, told.contract, told.case, told.expected, dumps(dict(told.tools)))
        parts += [("provenance", "\n".join(texts).encode(), "ours")]
    parts += [("file", to_text(interaction).encode(), "text")]
    return [leak for place, data, look in parts for leak in scan(data, gate, place=place, known=sent, look=look)]


def _leaf_texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaf_texts(item)


class Refused(CannotTell):
    """
    A recording that would hold what may not be written; the next one may be clean.
    """


def write(path: Path, interaction: Interaction, gate: Gate) -> None:
    """
    The one way to disk. Raises Refused when something is found (place and kind are named, the thing is not), and
    CannotTell where the file cannot be written; what was there stays.
    """
    found = leaks(interaction, gate)
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        case = interaction.provenance.case if interaction.provenance else "a case"
        raise Refused(
            f"the recording of {case} was not written: it would hold {found[0].kind} in the {found[0].place}{more}"
        )
    write_whole(path, to_text(interaction).encode())


def put(folder: Path, target: Observed, operation: str, interaction: Interaction, gate: Gate) -> Path:
    """
    Writes a recording where it belongs; one of the same request under another name makes room for it.
    """
    key = key_of(interaction.request)
    case = interaction.provenance.case if interaction.provenance else ""
    path = path_of(folder, target, operation, case, key)
    write(path, interaction, gate)
    for other in path.parent.glob(f"*.{key}.yaml"):
        if other != path:
            with contextlib.suppress(OSError):
                other.unlink()
    return path


# The folder.


ENDINGS: Final = (".yaml", ".yml", ".json")
"""Of cassettes; what is written here ends with the first."""


def files(folder: Path) -> tuple[Path, ...]:
    """
    Every cassette at and below a folder, in order of their paths; none where there is no folder.
    """
    found = []
    for place, _, names in os.walk(folder):
        there = Path(place)
        kept = [name for name in names if name.endswith(ENDINGS) and not name.startswith(".")]
        found += [((*there.parts, name), there / name) for name in kept]
    return tuple(path for _, path in sorted(found))


def recorded(folder: Path, operations: Mapping[str, T]) -> dict[str, T]:
    """
    The operations that have a recording below a folder, by name; all of them where none has.
    """
    names = {path.parent.name for path in files(folder)}
    return {name: operation for name, operation in operations.items() if name in names} or dict(operations)


def path_of(folder: Path, target: Observed, operation: str, case: str, key: str) -> Path:
    """
    Where the recording of a case belongs.
    """
    return folder / target / operation / file_name(case, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """
    A file with what it holds: an interaction and its key, or the reason why it cannot be read.
    """

    path: Path
    interaction: Interaction | None = None
    key: str = ""
    problem: str = ""


def recording(path: Path, keys: Mapping[Request, str] | None = None) -> Recording:
    """
    A file with its key worked out from the request, or with its problem. `keys` are those of requests that are known.
    """
    try:
        interaction = read(path)
    except CannotTell as error:
        return Recording(path=path, problem=str(error))
    key = keys.get(interaction.request) if keys else None
    return Recording(path=path, interaction=interaction, key=key or key_of(interaction.request))


def misnamed(one: Recording) -> str:
    """
    Why a file that was found by the key in its name says nothing of that key; "" where its request has it.
    """
    if one.key == one.path.stem.rpartition(".")[2]:
        return ""
    return f"the cassette {one.path} holds another request than its name says; take it back from version control"


def by_key(folder: Path) -> dict[str, Recording]:
    """
    Key to recording; of several with one key the one recorded last. Broken files have no key and are left out.
    """
    found: dict[str, Recording] = {}
    for path in files(folder):
        one = recording(path)
        if one.key and _recorded_at(one) >= _recorded_at(found.get(one.key)):
            found[one.key] = one
    return found


def _recorded_at(one: Recording | None) -> str:
    told = one.interaction.provenance if one and one.interaction else None
    return told.recorded_at if told else ""


def replayer(folder: Path, redactor: Redactor) -> Send:
    """
    Answers from the cassettes below a folder, each request from its own, the vendor's before others.

    A request without its recording is Unanswered, and so is one whose file cannot be read or holds another request.
    """
    ranked = sorted(files(folder), key=lambda path: path.parent.parent.name != "live", reverse=True)
    names = {path.stem.rpartition(".")[2]: path for path in ranked}

    def send(request: Request) -> Observation:
        path = names.get(key_of(redactor.request(request)))
        if path is None:
            return Unanswered(reason="no recording; `rtkcontract record` makes one", missing=True)
        one = recording(path)
        problem = one.problem or misnamed(one)
        if problem or one.interaction is None:
            return Unanswered(reason=problem)
        told = one.interaction.provenance
        return Answered(
            response=one.interaction.response,
            elapsed_s=None,
            recorded_at=told.recorded_at if told else "",
            recorded_from=path.parent.parent.name,
            edited=told is not None and not untouched(one.interaction),
        )

    return send


NAME_LENGTH: Final = 120
"""Characters of a case id in a file name; with the key and the ending the name stays below 200."""


def file_name(case: str, key: str) -> str:
    """
    The id without its operation, other signs than letters, digits, `_`, `.` and `-` replaced, then the key.

    The key alone tells recordings apart; the rest is for people. `a/b` and `a.b` differ in the key.
    """
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", case.partition("/")[2].replace("/", ".") or case)
    return f"{name[:NAME_LENGTH].strip('.') or 'case'}.{key}.yaml"
