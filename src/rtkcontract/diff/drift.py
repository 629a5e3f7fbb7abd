"""
Our contract against the vendor's own sources: the types of the `cloudflare` package, or its OpenAPI document.

1. Both directions are asked: what do only we take, what does only the source take. Each difference carries a value that
   one side fits and the other does not.
2. A source is held to what it can say. Types of Python say members, types, listed values, what is required and, in a
   request, whether null may be sent; they say nothing of bounds, lengths, patterns and formats, and in an answer
   `Optional` means "may be left out", so null is not compared there.
3. Differences that are known stand in `known_drift.json`, each with a reason, evidence, the versions it holds for and a
   day on which it ends. One that has ended fails, and so does one that no longer happens.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rtkcontract.contract.load import data_folder
from rtkcontract.contract.revisions import schema_revision
from rtkcontract.diff.changes import Body, Change, body_changes
from rtkcontract.diff.kinds import kinds
from rtkcontract.diff.operation_changes import terms
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.structure import rebuilt
from rtkcontract.model import Json, Operation
from rtkcontract.openapi.large_document import parse

UNSAID: Final = frozenset(
    [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "default",
        "title",
        "description",
        "examples",
    ]
)
"""Keywords that types of Python do not carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    One place where our contract and a source disagree.

    `only` is "ours" (a value or member that only we have), "theirs", or "differs" for what is no value, such as a path.
    """

    operation: str
    side: str
    where: str
    only: str
    what: str
    old: str
    new: str
    value: str
    """A value that one side fits and the other does not, as JSON; "" where there is none."""
    why: str
    known: str = ""
    """The reason in `known_drift.json`; empty for a difference that nobody explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """
    What comparing with one source found. `problems` are entries of `known_drift.json` that ended or no longer happen.
    """

    source: str
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not self.problems and all(difference.known for difference in self.differences)


# --- the types of the package --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Types:
    """
    The request and the answer of one operation as an installed package types them.
    """

    version: str
    request: Json
    answer: Json


def sdk_types(params: str, response: str, module: str = "cloudflare.types.realtime_kit") -> Types:
    """
    The types of an operation in the installed `cloudflare` package, as JSON Schemas that pydantic makes.

    Raises CannotTell where the package, or these types in it, are missing.
    """
    package = module.partition(".")[0]
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise CannotTell(
            f"the package {package} is not installed; install it, for example: pip install 'cloudflare>=5.7'"
        ) from None
    try:
        found = importlib.import_module(module)
        wanted = [getattr(found, name) for name in (params, response)]
    except (ImportError, AttributeError) as error:
        raise CannotTell(
            f"{package} {version} has no {params} in {module} ({error}); 5.0.0 and later have it"
        ) from None
    except Exception as error:  # whatever a broken installation raises while it is imported
        raise CannotTell(
            f"{module} of {package} {version} cannot be imported: {type(error).__name__}: {error}; install it anew"
        ) from None
    pydantic = importlib.import_module("pydantic")
    schemas = [pydantic.TypeAdapter(kind).json_schema() for kind in wanted]
    return Types(version=version, request=schemas[0], answer=schemas[1])


def _without_null(schema: Json) -> Json:
    """
    The schema without null beside other types.
    """
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    if isinstance(made.get("type"), list) and len(made["type"]) > 1:
        made["type"] = [kind for kind in made["type"] if kind != "null"]
    for key in ("anyOf", "oneOf"):
        rest = [part for part in made.get(key, ()) if not (isinstance(part, dict) and part.get("type") == "null")]
        if key in made and rest:
            made[key] = rest
    return made


def sayable(schema: Json, *, null: bool) -> Json:
    """
    The schema cut down to what a type of Python can say; without `null`, members that may be left out are never null.
    """
    if not isinstance(schema, dict):
        return schema
    made = rebuilt(
        {key: value for key, value in schema.items() if key not in UNSAID}, lambda part: sayable(part, null=null)
    )
    if made.get("additionalProperties") is True:
        del made["additionalProperties"]
    if not null and "properties" in made:
        demanded = made.get("required", ())
        made["properties"] = {
            name: part if name in demanded else _without_null(part) for name, part in made["properties"].items()
        }
    return made


def _without_path(schema: Json, surface: Operation) -> Json:
    """
    The parameters of the package's method without those that stand in the path.
    """
    names = {item.name for item in surface.parameters if item.where == "path"}
    members = {name: part for name, part in schema.get("properties", {}).items() if name not in names}
    demanded = [name for name in schema.get("required", ()) if name not in names]
    return {**schema, "properties": members, "required": demanded}


def _plain(schema: Json, name: str) -> Json:
    """
    The schema with every reference inside it replaced.
    """
    return (schema_revision(schema, name=name, sides="request").body or {})["application/json"]


def _pairs_of_types(surface: Operation, types: Types) -> Iterator[tuple[str, Json, Json, str]]:
    theirs = _without_path(_plain(types.request, "request"), surface)
    for schema in list((surface.body or {}).values())[:1]:
        yield "request", sayable(schema, null=True), sayable(theirs, null=True), "readOnly"
    success = next((status for status in surface.responses if status[:1] == "2"), "")
    for schema in list(surface.responses[success].media.values())[:1] if success else ():
        yield "answer", sayable(schema, null=False), sayable(_plain(types.answer, "answer"), null=False), "writeOnly"


# --- both directions -----------------------------------------------------------------------------------------------


def _both_ways(
    operation: str, side: str, lead: tuple[str, ...], ours: Json, theirs: Json, flag: str
) -> Iterator[Difference]:
    for only, old, new in (("ours", ours, theirs), ("theirs", theirs, ours)):
        body = Body(operation=operation, side="request", lead=(), old=old, new=new, flag=flag)
        for _, change in body_changes(body):
            if change.klass in ("breaking", "undecided"):
                yield _difference(change, operation, side, lead, only)


def _difference(change: Change, operation: str, side: str, lead: tuple[str, ...], only: str) -> Difference:
    witness = change.witnesses[0] if change.witnesses else None
    texts = (change.old, change.new) if only == "ours" else (change.new, change.old)
    return Difference(
        operation=operation,
        side=side,
        where=" ".join(part for part in (*lead, change.where) if part) or "the whole",
        only=only,
        what=kinds()[change.kind]["what"]
        if change.klass == "breaking"
        else f"undecided, no witness in {change.tried} cases",
        old=texts[0],
        new=texts[1],
        value=dumps(witness.body) if witness else "",
        why=witness.why if witness else "",
    )


def against_types(surface: Operation, types: Types) -> tuple[Difference, ...]:
    """
    Where our operation and the package's types disagree.
    """
    found: list[Difference] = []
    for side, ours, theirs, flag in _pairs_of_types(surface, types):
        found.extend(_both_ways(surface.name, side, (), ours, theirs, flag))
    return tuple(found)


def against_document(  # noqa: C901 - one loop for each part of an operation
    ours: Operation, theirs: Operation
) -> tuple[Difference, ...]:
    """
    Where our operation and the same operation of the vendor's document disagree; texts and defaults are left out.
    """
    found: list[Difference] = []
    for kind, schema in (ours.body or {}).items():
        if kind in (theirs.body or {}):
            found.extend(_both_ways(ours.name, "request", (), schema, (theirs.body or {})[kind], "readOnly"))
    for one in ours.parameters:
        for two in theirs.parameters:
            if (one.where, one.name) == (two.where, two.name):
                found.extend(
                    _both_ways(ours.name, "request", (f"{one.where} {one.name}",), one.schema, two.schema, "readOnly")
                )
    for status, answer in ours.responses.items():
        for kind, schema in answer.media.items():
            other = theirs.responses.get(status)
            if other and kind in other.media:
                found.extend(_both_ways(ours.name, "answer", (status,), schema, other.media[kind], "writeOnly"))
    for term in terms(ours, theirs):
        if term.kind not in ("text.only", "limit.changed"):
            what = kinds()[term.kind]["what"]
            found.append(
                Difference(
                    operation=ours.name,
                    side=term.side,
                    where=term.where,
                    only="differs",
                    what=what,
                    old=term.old,
                    new=term.new,
                    value="",
                    why=term.why,
                )
            )
    return tuple(found)


# --- known differences ---------------------------------------------------------------------------------------------


def known_drift(operation: str, folder: Path | None = None) -> Json:
    """
    `known_drift.json` of an operation: the names of its types in the package, and the explained differences.
    """
    file = (folder or data_folder("schemas")) / operation / "known_drift.json"
    if not file.is_file():
        return {"sdk": {}, "known": []}
    return parse(file.read_text(encoding="utf-8"), str(file))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _holds_for(entry: Mapping[str, Json], source: str, version: str) -> bool:
    if entry["source"] != source:
        return False
    own = _version(version)
    return not (
        ("from" in entry and own and own < _version(entry["from"]))
        or ("before" in entry and own and own >= _version(entry["before"]))
    )


def _is_about(entry: Mapping[str, Json], difference: Difference) -> bool:
    own = (difference.side, difference.where, difference.only)
    return own in {(entry["side"], where, entry["only"]) for where in entry["where"]}


def explained(source: str, version: str, differences: Iterable[Difference], known: Sequence[Json], today: str) -> Drift:
    """
    The differences with the reasons that are known for them, and what is wrong with those reasons.

    `source` is "sdk" or "openapi"; `version` chooses entries; `today` (YYYY-MM-DD) decides which have ended.
    """
    held = [entry for entry in known if _holds_for(entry, source, version)]
    used: set[str] = set()
    found: list[Difference] = []
    for difference in differences:
        entry = next((entry for entry in held if _is_about(entry, difference)), None)
        if entry is not None:
            used.add(entry["id"])
            difference = dataclasses.replace(difference, known=entry["reason"])  # noqa: PLW2901 # the same, with its reason
        found.append(difference)
    problems = [
        f"known drift {entry['id']} ended on {entry['expires']}: look at it again and set a new day, or fix it"
        for entry in held
        if entry["expires"] < today
    ]
    problems += [
        f"known drift {entry['id']} no longer happens with {source} {version}: take it out"
        for entry in held
        if entry["id"] not in used
    ]
    return Drift(source=f"{source} {version}".strip(), differences=tuple(found), problems=tuple(problems))


def with_sdk(surface: Operation, today: str, folder: Path | None = None) -> Drift:
    """
    Our operation against the installed `cloudflare` package.
    """
    data = known_drift(surface.name, folder)
    if not data["sdk"]:
        raise CannotTell(
            f"schemas/{surface.name}/known_drift.json does not name the package's types (sdk.params, sdk.response)"
        )
    types = sdk_types(**data["sdk"])
    return explained("sdk", types.version, against_types(surface, types), data["known"], today)


def with_document(
    ours: Operation, theirs: Operation, today: str, version: str = "", folder: Path | None = None
) -> Drift:
    """
    Our operation against the same operation of the vendor's OpenAPI document; `version` is a date where it is known.
    """
    data = known_drift(ours.name, folder)
    return explained("openapi", version, against_document(ours, theirs), data["known"], today)


# --- reports -------------------------------------------------------------------------------------------------------

_HEADS: Final = {"ours": "only we take", "theirs": "only they take", "differs": "differs"}


def text(drift: Drift) -> str:
    """
    For a terminal: what is not explained first, then the known differences in one line each.
    """
    new = [difference for difference in drift.differences if not difference.known]
    counts = f"{len(new)} unexplained, {len(drift.differences) - len(new)} known, {len(drift.problems)} stale"
    lines = [f"drift against {drift.source}: {counts}"]
    for item in new:
        lines.append("")
        lines.append(f"{item.side:<8} {item.where}: {_HEADS[item.only]}{'' if item.value else f' ({item.what})'}")
        lines.append(f"{'':<9}ours: {item.old or 'as documented'}; theirs: {item.new or 'otherwise'}")
        if item.value:
            lines.append(f"{'':<9}{item.value}   {item.why}")
    if drift.problems:
        lines += ["", *drift.problems]
    reasons: dict[str, list[str]] = {}
    for item in drift.differences:
        if item.known:
            reasons.setdefault(item.known, []).append(item.where)
    lines += [""] if reasons else []
    for reason, where in reasons.items():
        named = ", ".join(dict.fromkeys(where))
        lines.append(f"known    {named if len(named) <= 90 else named[:89] + '…'}: {reason}")
    return "\n".join(lines) + "\n"


def as_json(drift: Drift) -> str:
    """
    Everything, as indented JSON.
    """
    return (
        json.dumps({"format": 1, **dataclasses.asdict(drift), "clean": drift.clean}, indent=2, ensure_ascii=False)
        + "\n"
    )


def markdown(drift: Drift) -> str:
    """
    For a pull request: a table of what is not explained.
    """
    new = [difference for difference in drift.differences if not difference.known]
    lines = [f"### Drift against {drift.source}: {len(new)} unexplained, {len(drift.differences) - len(new)} known"]
    if new:
        lines += ["", "| side | where | who | what |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {item.side} | `{item.where}` | {_HEADS[item.only]} | "
            + (f"`{item.value}` " if item.value else "")
            + f"{item.why or item.what} |"
            for item in new
        ]
    return "\n".join([*lines, *(f"\n- {problem}" for problem in drift.problems)]) + "\n"


def exit_code(drifts: Iterable[Drift]) -> int:
    """
    0 when every difference is explained by an entry that still holds, else 1.
    """
    return 0 if all(drift.clean for drift in drifts) else 1
