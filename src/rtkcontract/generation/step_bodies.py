"""
(operation) -> a few bodies for scenarios: small, full, other, changed, refused; pure.

1. A full body holds each member that can be held with the others; another turn takes other values.
2. Plain texts are labels, one of a kind in a run, so that a search finds one object and no key is given twice.
3. Every body is judged by the schema: one that it does not surely accept, or surely refuse, is not used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property

from rtkcontract.contract.fake_data import MARK
from rtkcontract.generation.covering_array import bits
from rtkcontract.generation.parameters import own_parameters
from rtkcontract.generation.request_space import Bodies, Factor
from rtkcontract.json_schema.json_text import encode, loads
from rtkcontract.json_schema.values import ABSENT, MEMBERS, same
from rtkcontract.model import Expectation, Json, Operation, Overrides

LAST: tuple[str, ...] = ("null", "empty", "negative", "zero", "huge", "large")
"""Classes that a full body takes only where nothing else fits."""


def label(text: str) -> str:
    """
    A word that nothing else in a run holds: letters, small and capital, and digits, so that every kind of search finds
    it whole.
    """
    return MARK.capitalize() + hashlib.sha256(text.encode()).hexdigest()[:10].upper()


class StepBodies:
    """
    The bodies of one operation; none where it takes no JSON object.
    """

    def __init__(self, document: Json, operation: Operation) -> None:
        self.operation = operation
        self.empty = operation.request_schema in ({}, None)
        self._bodies = Bodies(document, {"type": "object"} if self.empty else operation.request_schema)
        self.base = _base(document, operation)
        """What every request needs beside its body and the ids of its path."""

    def expectation(self, body: Json) -> Expectation:
        """
        What the sources say of a body.
        """
        return self._bodies.oracle.expectation(loads(encode(body)))

    def unechoed(self, body: Json) -> tuple[str, ...]:
        """
        Dotted paths whose echo a clause leaves open.
        """
        clauses = self._bodies.oracle.clauses(loads(encode(body)))
        return tuple(".".join((*map(str, clause.path), name)) for clause in clauses for name in clause.echo)

    def _accepted(self, body: Json) -> bool:
        return self.expectation(body).outcome == "accepted"

    @cached_property
    def tops(self) -> dict[str, Factor]:
        """
        The members at the top.
        """
        return {factor.place[0]: factor for factor in self._bodies.factors if len(factor.place) == 1}

    def small(self, name: str = "") -> Json:
        """
        The smallest body that is accepted, with labels of that name.
        """
        row = self._bodies.smallest(())
        return self.labelled(self._bodies.body(row) if row is not None else {}, name)

    def full(self, turn: int, name: str) -> Json:
        """
        A body with as many members as go together; the turn chooses among their values.
        """
        space = self._bodies.accepted
        state, chosen = space.fresh, dict[int, Json]()
        for number, factor in enumerate(self._bodies.factors if state is not None else ()):
            literals = [one for one in bits(space.mask[number]) if one != space.start[number]]
            usual = [one for one in literals if self._bodies.told(one)[1].partition not in LAST]
            usual.sort(key=self._has_default)
            turned = [*usual[turn % max(len(usual), 1) :], *usual[: turn % max(len(usual), 1)]]
            for literal in (*turned, *(one for one in literals if one not in usual)):
                after = space.assign(state, literal) if state is not None else None
                if after is not None:
                    state, values = after, self._bodies.told(literal)[1].values
                    if values[0] is not MEMBERS:
                        chosen[literal] = values[turn % len(values)] if factor.field.nodes else values[0]
                    break
        body = self._bodies.body(space.row_of(state), chosen) if state is not None else {}
        if not self._accepted(body):
            body = self._bodies.body(space.row_of(state)) if state is not None else {}
        return self.labelled(body if self._accepted(body) else self.small(), name)

    def _has_default(self, literal: int) -> bool:
        """
        Whether a level is the documented default, which a server that loses the member would show as well.
        """
        factor, level = self._bodies.told(literal)
        values = [node["default"] for node in factor.field.nodes if "default" in node]
        return any(level.value is not MEMBERS and same(value, level.value) for value in values)

    def labelled(self, body: Json, name: str) -> Json:
        """
        The body with labels in its plain texts, where the schema takes them.
        """
        for member in self.texts if name else ():
            if member in body:
                changed = {**body, member: label(f"{name} {member}")}
                body = changed if self._accepted(changed) else body
        return body

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """
        Members at the top that hold any text.
        """
        return tuple(
            name
            for name, factor in self.tops.items()
            if any(level.partition == "typical" and isinstance(level.value, str) for level in factor.levels)
            and not any({"format", "pattern", "enum"} & node.keys() for node in factor.field.nodes)
        )

    def changes(self, before: Json, name: str, allowed: set[str]) -> Iterator[tuple[str, Json]]:
        """
        Members at the top that hold no members, each with a value that differs from the one before.
        """
        for member, factor in self.tops.items():
            if member not in allowed or any(level.value is MEMBERS for level in factor.levels):
                continue
            if member in self.texts:
                tried: list[Json] = [label(f"{name} {member} changed")]
            else:
                usual = [one for one in factor.levels if one.partition not in LAST and one.value is not ABSENT]
                tried = [value for level in usual for value in level.values]
            for value in tried:
                if value != before.get(member, ABSENT) and self._accepted({member: value}):
                    yield member, value
                    break

    def refused(self, good: Json) -> Json:
        """
        A body that holds good members and one fault behind them, surely refused; None where there is none.
        """
        for member, factor in self.tops.items():
            for candidate in factor.others if member not in good else ():
                body = {**good, member: candidate.value}
                if self.expectation(body).outcome == "rejected":
                    return body
        return None

    def is_default(self, member: str, value: Json) -> bool:
        """
        Whether a member at the top has its documented default.
        """
        return any(same(node["default"], value) for node in self.tops[member].field.nodes if "default" in node)

    def states(self, known: set[str]) -> Iterator[tuple[str, list[Json]]]:
        """
        Members that only this operation sets, with the values of their enumeration: the states of an object.
        """
        for member, factor in self.tops.items():
            levels = (level for level in factor.levels if level.keyword == "enum")
            values = [level.value for level in levels if isinstance(level.value, str)]
            if member not in known and len(values) > 1 and all(self._accepted({member: value}) for value in values):
                yield member, values


def _base(document: Json, operation: Operation) -> Overrides:
    """
    The required parameters of an operation with plain values.
    """
    if not any(one.required for one in own_parameters(operation)):
        return Overrides()
    bodies = Bodies.of(document, operation)
    row = bodies.smallest(())
    sent = bodies.wire.sent(bodies.body(row)) if bodies.wire is not None and row is not None else None
    return sent[1] if sent is not None else Overrides()
