"""
(one edit of a schema, who it is for) -> safe with a proof, breaking with a witness, or undecided.

1. A sender keeps to OLD and is refused by NEW: a request breaks when some value that fits OLD does not fit NEW. A
   reader keeps to OLD and is given NEW: an answer breaks when some value that fits NEW does not fit OLD.
2. Objects are open, and yet nobody sends what is not declared: where only one of the two revisions declares a member,
   the other is read as if it refused that member. Without this, each new optional member of a request would break it.
3. Safe takes a proof: "structure" (the keyword can only act one way) or "algebra" (set inclusion). Breaking takes a
   witness that was judged under both whole schemas. Everything else is undecided, with the number of values tried.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rtkcontract.diff.counterexamples import EXTRA, size, smaller, smallest, values
from rtkcontract.diff.schema_edits import Edit, told
from rtkcontract.json_schema.inclusion import covers, meaning, without_cycles
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.structure import forbidding, in_place, unknown_to
from rtkcontract.json_schema.validator import Validator, Violation
from rtkcontract.model import Json

_Missed: TypeAlias = "dict[int, frozenset[tuple[str, str]]]"


Side: TypeAlias = Literal["request", "answer"]


MOST_TRIED_ABOVE: Final = 12


MOST_CARRIED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    `proof` is "structure", "algebra", "witness" or "" (undecided); `tried` counts the values that were judged.
    """

    breaks: bool
    proof: str
    witnesses: tuple[tuple[Json, str], ...] = ()
    """(whole body, why it no longer fits), smallest first."""
    tried: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """
    One object or array on the way from the whole body to an edit.
    """

    old: Json
    new: Json
    step: str


def _and(*schemas: Json) -> Json:
    parts = [schema for schema in schemas if schema is not True]
    return parts[0] if len(parts) == 1 else {"allOf": parts} if parts else True


def sending(old: Json, new: Json, side: Side) -> Json:
    """
    What may be sent: bodies of OLD without members that only NEW knows, or the answers of NEW.
    """
    giver, other = (old, new) if side == "request" else (new, old)
    return _and(giver, forbidding(unknown_to(giver, other)))


def accepting(old: Json, new: Json, side: Side) -> Json:
    """
    What is taken: bodies of NEW without members that only OLD knew, or the answers of OLD.
    """
    if side == "answer":
        return old
    return _and(new, forbidding(unknown_to(new, old)))


def equal(old: Json, new: Json) -> bool:
    """
    Whether it is proven that both declare the same members and fit the same values.
    """
    return (
        not any(unknown_to(old, new).values())
        and not any(unknown_to(new, old).values())
        and covers(old, new)
        and covers(new, old)
    )


@functools.lru_cache(maxsize=2048)
def _judge(text: str, *, beyond: bool) -> Validator:
    return Validator(without_cycles(meaning(json.loads(text)), beyond))


def judge(schema: Json, *, beyond: bool = True) -> Validator:
    """
    A validator of the schema, made once; `beyond` says whether anything or nothing fits where a cycle goes round.

    A value that fits where nothing does, and breaks where anything fits, tells two cycles apart however they go on.
    """
    return _judge(dumps(schema), beyond=beyond)


class Proof:
    """
    Judges the edits of one body in one direction.
    """

    def __init__(self, old: Json, new: Json, side: Side) -> None:
        self.side: Side = side
        self.sender, self.taker = judge(sending(old, new, side), beyond=False), judge(accepting(old, new, side))

    def safe(self, old: Json, new: Json) -> bool:
        """
        Whether set inclusion is proven for two levels.
        """
        return covers(accepting(old, new, self.side), sending(old, new, self.side))

    def verdict(self, level: tuple[Json, Json], before: Json, edit: Edit, above: Sequence[Level]) -> Verdict:
        """
        `level` is old and new of the level as a whole, `before` the level that this edit starts from.
        """
        harmless = "wider" if self.side == "request" else "narrower"
        dropped = self.side == "request" and any(unknown_to(edit.after, before).values())
        if edit.effect == harmless and not dropped:
            return Verdict(breaks=False, proof="structure")
        if self.safe(before, edit.after):
            return Verdict(breaks=False, proof="algebra")
        return self._searched(level, before, edit, above)

    def _searched(self, level: tuple[Json, Json], before: Json, edit: Edit, above: Sequence[Level]) -> Verdict:
        giver = judge(sending(*level, self.side), beyond=False)
        sender = judge(sending(before, edit.after, self.side), beyond=False)
        taker = judge(accepting(before, edit.after, self.side))

        def tells(value: Json) -> bool:
            return giver.valid_plain(value) and sender.valid_plain(value) and not taker.valid_plain(value)

        made = values([_trimmed(schema, edit.about) for schema in (before, edit.after, *level)])
        found = sorted(filter(tells, made), key=size)
        refusing = edit.after if self.side == "request" else before
        chosen = (
            causes(refusing, found, tells)
            if edit.union
            else [smallest(value, tells) for value in found[:MOST_TRIED_ABOVE]]
        )
        whole: dict[str, tuple[Json, str]] = {}
        for value in chosen:
            for body in self.embedded(value, above):
                whole.setdefault(dumps(body), (body, why(refusing, taker, value, edit)))
            if whole and not edit.union:
                break
        return Verdict(
            breaks=bool(whole), proof="witness" if whole else "", witnesses=tuple(whole.values()), tried=len(made)
        )

    def embedded(self, value: Json, above: Sequence[Level]) -> Iterator[Json]:
        """
        One whole body round the value that may be sent and is not taken; nothing where none was found.
        """
        carried = [value]
        for level in reversed(above):
            fits = judge(sending(level.old, level.new, self.side), beyond=False).valid_plain
            giver = level.old if self.side == "request" else level.new
            hosts = (host for inner in carried for host in _hosts(giver, level.step, inner))
            carried = list(itertools.islice(filter(fits, hosts), MOST_CARRIED))
        told = (body for body in carried if self.sender.valid_plain(body) and not self.taker.valid_plain(body))
        yield from itertools.islice(told, 1)


def _trimmed(schema: Json, about: tuple[str, ...]) -> Json:
    """
    The schema with only those members that the edit is about or that are demanded; less to combine.
    """
    if not about or not isinstance(schema, dict) or "properties" not in schema:
        return schema
    wanted = {*about, *(name for part in in_place(schema) for name in part.get("required", ()))}
    return {**schema, "properties": {name: part for name, part in schema["properties"].items() if name in wanted}}


def _hosts(schema: Json, step: str, value: Json) -> Iterator[Json]:
    """
    Objects or arrays that hold the value at a step, the barest first.
    """
    if step == "*" or step.startswith("["):
        count = int(step[1:-1]) if step != "*" else 0
        rows = [values([part])[0] for part in schema.get("prefixItems", ())]
        before = (rows + ["a"] * count)[: count if step != "*" else len(rows)]
        yield [*before, value]
        yield [*before, value, value]
        return
    name = EXTRA if step == "{}" else step
    yield {name: value}
    bare_host = _trimmed(schema, (name,))
    if isinstance(bare_host, dict) and name in bare_host.get("properties", {}):
        bare_host = {**bare_host, "properties": {**bare_host["properties"], name: True}}
    for host in values([bare_host]):
        if isinstance(host, dict):
            yield {**host, name: value}


# --- why a value does not fit --------------------------------------------------------------------------------------


def _branches(schema: Json) -> list[Json]:
    for key in ("anyOf", "oneOf"):
        if isinstance(schema, dict) and key in schema:
            return list(schema[key])
    return []


def _broken_by_branch(schema: Json, value: Json) -> _Missed:
    """
    Union member to (keyword, place) broken, for members that the value can be meant for: no listed value contradicts.
    """
    found: _Missed = {}
    for index, branch in enumerate(_branches(schema)):
        broken = judge(branch).violations_plain(value)
        if not any(item.keyword in ("enum", "const", "type") for item in broken):
            found[index] = frozenset((item.keyword, ".".join(map(str, item.path)) + ":" + item.name) for item in broken)
    return found


def causes(schema: Json, found: list[Json], tells: Callable[[Json], bool]) -> list[Json]:
    """
    One small witness for each way of missing every member of a union.

    Values are grouped by the union members that they can be meant for; of a group stay those that miss one by least. A
    group stays when it misses a member in a way not yet seen, or when no other group speaks of fewer members.
    """
    groups: dict[frozenset[int], list[tuple[_Missed, Json]]] = {}
    for value in found:
        broken = _broken_by_branch(schema, value)
        groups.setdefault(frozenset(broken), []).append((broken, value))
    kept: list[Json] = []
    seen: set[tuple[int, frozenset[tuple[str, str]]]] = set()
    for meant in sorted(groups, key=lambda meant: size(groups[meant][0][1])):
        least = _least(groups[meant])
        new = [value for broken, value in least if any((index, rules) not in seen for index, rules in broken.items())]
        first = groups[meant][0][1]
        if not new and any(other < meant and other for other in groups) and any(map(tells, smaller(first))):
            continue
        kept.extend(new or [first])
        seen.update((index, rules) for broken, _ in groups[meant] for index, rules in broken.items())
    return kept or [smallest(value, tells) for value in found[:MOST_TRIED_ABOVE]]


def _least(group: list[tuple[_Missed, Json]]) -> list[tuple[_Missed, Json]]:
    """
    For each union member the smallest value of each way to miss it that holds no other way.
    """
    picked: list[tuple[_Missed, Json]] = []
    ways = {index: {broken[index] for broken, _ in group} for index in group[0][0]}
    least = {index: [way for way in found if not any(other < way for other in found)] for index, found in ways.items()}
    for index in sorted(least, key=lambda index: -len(least[index])):
        for way in sorted(least[index], key=sorted):
            if not any(broken[index] == way for broken, _ in picked):
                picked.append(next(item for item in group if item[0][index] == way))
    return sorted(picked, key=lambda item: size(item[1]))


def _place(item: Violation, name: str = "") -> str:
    return ".".join(str(part) for part in (*item.path, *([name] if name else [])))


_WORDS: Final[dict[str, Callable[[Violation], str]]] = {
    "required": lambda item: f"no {_place(item, item.name)}",
    "false": lambda item: f"{_place(item)} is not allowed",
    "additionalProperties": lambda item: f"{_place(item, item.name)} is not declared",
    "unevaluatedProperties": lambda item: f"{_place(item, item.name)} is not declared",
    "type": lambda item: f"{_place(item) or 'it'} is not of type {told(item.limit)}",
    "enum": lambda item: f"{_place(item) or 'it'} is none of {told(item.limit)}",
    "const": lambda item: f"{_place(item) or 'it'} is not {told(item.limit)}",
    "minLength": lambda item: f"{_place(item) or 'it'} is shorter than {item.limit}",
    "maxLength": lambda item: f"{_place(item) or 'it'} is longer than {item.limit}",
    "minimum": lambda item: f"{_place(item) or 'it'} is below {item.limit}",
    "maximum": lambda item: f"{_place(item) or 'it'} is above {item.limit}",
    "format": lambda item: f"{_place(item) or 'it'} is no {item.limit}",
    "pattern": lambda item: f"{_place(item) or 'it'} does not match {told(item.limit)}",
}


def said(item: Violation) -> str:
    """
    A broken keyword in a few words; never the value itself.
    """
    keyword = "false" if item.unwanted else item.keyword
    words = None if item.limit is None and keyword == "pattern" else _WORDS.get(keyword)
    return (
        words(item)
        if words
        else f"{_place(item) or 'it'} breaks {item.keyword}"
        + (f" {told(item.limit)}" if item.limit is not None else "")
    )


def why(schema: Json, taker: Validator, value: Json, edit: Edit) -> str:
    """
    In few words, why the value does not fit.
    """
    branches = _broken_by_branch(schema, value) if edit.union else {}
    if edit.union and _branches(schema):
        each = [_said_all(judge(_branches(schema)[index]).violations_plain(value)) for index in branches]
        if not any(branches.values()) and branches:
            return f"fits {len(branches)} members of the union"
        return ", or ".join(dict.fromkeys(text for text in each if text)) or "fits no member of the union"
    broken = taker.violations_plain(value)
    return _said_all(broken[:2]) or "does not fit"


def _said_all(broken: Iterable[Violation]) -> str:
    return " and ".join(dict.fromkeys(map(said, broken)))
