"""
Derived plans, and generated bodies, kept under the user's cache folder, so that an unchanged contract is planned once.

1. A file's name is a digest of all that a plan depends on: the contract, the name of the plan, and the source text of
   the packages that derive it. An edit of any of them makes another name.
2. A file holds the digest of its own content. One that does not fit, or cannot be read, counts as absent.
3. The folder can be deleted at any time. `RTKCONTRACT_NO_CACHE=1` neither reads nor writes it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import rtkcontract
from rtkcontract import model
from rtkcontract.engine.files import write_whole
from rtkcontract.errors import CannotTell
from rtkcontract.generation import plan as plans
from rtkcontract.generation.profiles import Side
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.structure import reached
from rtkcontract.model import Case, Contract, Json, Operation, Progress
from rtkcontract.openapi.references import ORIGINS

OFF: Final = "RTKCONTRACT_NO_CACHE"


KEPT: Final = 500
"""Files that stay in the folder; the ones read or written longest ago go first."""


DERIVING: Final = ("errors.py", "model.py", "json_schema", "openapi", "contract", "generation")
"""What plans are derived by, below the package's folder."""


def planned(
    contract: Contract,
    operation: Operation,
    name: str = "standard",
    *,
    most: int | None = None,
    progress: Progress | None = None,
) -> plans.Plan:
    """
    The named plan of an operation, from the cache or derived now. Raises CannotTell as `plan.make` does.
    """
    folder = folder_of(os.environ)
    if folder is None or name not in plans.PLANS:
        return plans.make(contract, operation, name, most=most, progress=progress)
    path = folder / f"{operation.name[:80]}.{name}.{_key(contract, operation, f'{name} {most}')}.json"
    members = _read(path)
    if members is not None:
        return plans.Plan(**members, bodies=plans.bodies_of(contract, operation))
    plan = plans.make(contract, operation, name, most=most, progress=progress)
    with contextlib.suppress(CannotTell, OSError, TypeError):  # a folder that cannot be written costs time only
        _write(path, {each.name: getattr(plan, each.name) for each in fields(plan) if each.name != "bodies"})
    return plan


def drawn(
    contract: Contract, operation: Operation, side: Side, draw: Callable[[], tuple[Case, ...]], examples: int
) -> tuple[Case, ...]:
    """
    The cases that a derandomized search of some length draws, from the cache or drawn now.
    """
    folder = folder_of(os.environ)
    if folder is None:
        return draw()
    libraries = " ".join(f"{name} {metadata.version(name)}" for name in ("hypothesis", "schemathesis"))
    path = folder / f"{operation.name[:80]}.{side}.{_key(contract, operation, f'{side} {examples} {libraries}')}.json"
    members = _read(path)
    if members is not None:
        return tuple(members["cases"])
    cases = draw()
    with contextlib.suppress(CannotTell, OSError, TypeError):
        _write(path, {"cases": cases})
    return cases


def folder_of(environment: Mapping[str, str]) -> Path | None:
    """
    The folder of the plans: below XDG_CACHE_HOME, else below ~/.cache; None where the cache is off.
    """
    if environment.get(OFF):
        return None
    home = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111  # raises nothing
    return Path(home) / "rtkcontract" / "plans" if os.path.isabs(home) else None  # noqa: PTH117


def _key(contract: Contract, operation: Operation, name: str) -> str:
    own = (operation.name, operation.written_cases, operation.rows, operation.corpus)
    parts = (engine_digest(), _stated(contract, operation), name, dumps(own))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@functools.cache
def engine_digest() -> str:
    """
    The SHA-256 of the source text that derives plans, in hex.
    """
    root, digest = Path(rtkcontract.__file__).parent, hashlib.sha256()
    for part in DERIVING:
        place = root / part
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _stated(contract: Contract, operation: Operation) -> str:
    """
    What the document says about an operation, with every schema that it reaches, and what it says of itself.
    """
    written = contract.document.get("paths", {}).get(operation.path, {}).get(operation.method.lower())
    stated = [written, operation.request_schema, operation.data_schema, operation.error_schema]
    itself = {key: value for key, value in contract.document.items() if key not in ("paths", "components")}
    itself.pop(ORIGINS, None)
    return dumps([stated, reached(contract.document, stated), itself])


def _write(path: Path, members: Mapping[str, object]) -> None:
    payload = json.dumps(_plain(members), separators=(",", ":"))
    write_whole(path, f"{_digest(payload)}\n{payload}\n".encode())
    files = sorted(path.parent.glob("*.json"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in files[KEPT:]:
        old.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        digest, _, payload = path.read_text("utf-8").rstrip("\n").partition("\n")
    except (OSError, ValueError):
        return None
    if digest != _digest(payload):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    members: dict[str, Any] = _typed(json.loads(payload))
    return members


def _digest(payload: str) -> str:
    return hashlib.sha256(payload.encode()).hexdigest()


def _plain(value: object) -> Json:
    """
    Plain data as JSON: each container with its kind, so that it comes back as what it was. Raises TypeError.
    """
    if value is None or isinstance(value, str | int) or type(value) is float:
        return value
    if isinstance(value, bytes):
        return ["bytes", value.decode("utf-8", "surrogateescape")]
    if isinstance(value, tuple):
        return ["tuple", *map(_plain, value)]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if is_dataclass(value) and getattr(model, type(value).__name__, None) is type(value):
        set_here = [each for each in fields(value) if getattr(value, each.name) != each.default]
        return [type(value).__name__, {each.name: _plain(getattr(value, each.name)) for each in set_here}]
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _typed(value: Json) -> Any:
    """
    What `_plain` was given.
    """
    if isinstance(value, dict):
        return {name: _typed(item) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    kind, *rest = value
    if kind == "tuple":
        return tuple(map(_typed, rest))
    if kind == "bytes":
        return rest[0].encode("utf-8", "surrogateescape")
    return getattr(model, kind)(**_typed(rest[0]))
