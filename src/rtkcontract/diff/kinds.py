"""
The kinds of change as data: `kinds.json`, one row a kind, each row with the examples that prove it.
"""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from rtkcontract.contract.revisions import Revision, document
from rtkcontract.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """
    One old and one new document in one direction, with the finding that comparing them gives.

    `schemas` are the plain schemas where the example is one of values; None for examples of a whole operation.
    """

    kind: str
    side: Literal["request", "answer"]
    klass: str
    reported: str
    old: Revision
    new: Revision
    schemas: tuple[Json, Json] | None


@functools.cache
def _data() -> Json:
    return json.loads(resources.files("rtkcontract.diff").joinpath("kinds.json").read_text(encoding="utf-8"))


def kinds() -> Mapping[str, Json]:
    """
    Id of a kind to its row.
    """
    return _kinds()


@functools.cache
def _kinds() -> Mapping[str, Json]:
    return {row["id"]: row for row in _data()["kinds"]}


def merged(value: Json, patch: Json) -> Json:
    """
    The value with a JSON Merge Patch (RFC 7396) applied.
    """
    if not isinstance(patch, dict):
        return patch
    made = dict(value) if isinstance(value, dict) else {}
    for name, part in patch.items():
        if part is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), part)
    return made


def _filled(patch: Json, beside: Json) -> Json:
    """
    The patch with each text `@NAME` replaced by a copy of the member NAME of the place that it patches.
    """
    if not isinstance(patch, dict):
        return patch
    members = beside if isinstance(beside, dict) else {}
    return {
        name: copy.deepcopy(members[part[1:]])
        if isinstance(part, str) and part.startswith("@")
        else _filled(part, members.get(name))
        for name, part in patch.items()
    }


def _revision(example: Json, which: Literal["old", "new"], side: Literal["request", "answer"]) -> Revision:
    if which in example:
        return document(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **example[which]}, label=which, sides=side
        )
    base = _data()["base"]
    return document(merged(base, _filled(example[f"{which}_operation"], base)), label=which)


def examples() -> Iterator[Example]:
    """
    Every example in every direction that it is about.
    """
    for kind, row in kinds().items():
        for example in row["examples"]:
            for side in ("request", "answer"):
                if example[side] is not None:
                    yield _example(kind, example, side)


def _example(kind: str, example: Json, side: Literal["request", "answer"]) -> Example:
    return Example(
        kind=kind,
        side=side,
        klass=example[side],
        reported=example.get(f"kind_{side}", example.get("kind", kind)),
        old=_revision(example, "old", side),
        new=_revision(example, "new", side),
        schemas=(example["old"], example["new"]) if "old" in example else None,
    )


def equivalents() -> Iterator[tuple[str, Revision, Revision]]:
    """
    (what was rewritten, old, new) of rewritings that change nothing.
    """
    for row in _data()["equivalent"]:
        for old, new in ((row["old"], row["new"]), (row["new"], row["old"])):
            yield row["what"], *(document({"$schema": "2020-12", **schema}, label=row["what"]) for schema in (old, new))


def rewritings() -> tuple[Json, ...]:
    """
    Pairs of schemas that say the same: what, old, new.
    """
    return tuple(_data()["equivalent"])
