"""
Walks: sequences of requests to objects of one collection, each with what must hold of what came before; pure.

A walk is written as one word, such as `c00u01r00`: for each step the role (create, read, update, replace as p, delete,
list), which object, and which of a few bodies. The word is a part of the scenario's id, so that the id says the walk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from rtkcontract.generation.collections import Collection
from rtkcontract.generation.scenarios import DELETED, PATCHED, REPLACED, SUCCEEDED, Story, gone, opened
from rtkcontract.model import Scenario

ROLES: Final = {"c": "create", "r": "read", "u": "update", "p": "replace", "d": "delete", "l": "list"}
WORD: Final = re.compile(r"(?:[crupdl]\d\d)+")
PREFIX: Final = "walk-"


class Move(NamedTuple):
    """
    One step: the letter of its role, the number of the object, the turn of the body.
    """

    letter: str
    which: int
    turn: int


@dataclass(slots=True)
class _Object:
    """
    An object of the walk: the case that made it, the last one whose response shows it, the last one that sent what a
    search finds it by, and whether it was deleted.
    """

    created: str
    last: str
    named: str
    gone: bool = False


def moves_of(word: str) -> list[Move]:
    """
    The steps of a word.
    """
    return [Move(word[at], int(word[at + 1]), int(word[at + 2])) for at in range(0, len(word), 3)]


def walk(of: Collection, moves: Iterable[Move]) -> Scenario:
    """
    The scenario of a walk. A step that the collection has no operation for is left out.
    """
    moves = list(moves)
    word = "".join(f"{move.letter}{move.which}{move.turn}" for move in moves)
    story = Story(of, f"{PREFIX}{word}", "a walk over the operations of one collection")
    story.own_parent()
    objects: list[_Object] = []
    for number, move in enumerate(moves):
        role = ROLES[move.letter]
        if role == "create" or not objects:
            created = story.create(f"{number}-create", turn=move.turn)
            objects.append(_Object(created=created, last=created, named=created))
        elif role in of.others:
            _moved(story, f"{number}-{role}", role, objects[move.which % len(objects)], move.turn)
    return story.scenario()


def _moved(story: Story, name: str, role: str, one: _Object, turn: int) -> None:
    of = story.of
    if role == "list":
        _listed(story, name, one)
        return
    body, changed = _body(story, name, role, turn)
    if role in ("update", "replace") and body is None:
        return
    expect = opened("no source says how what is gone is deleted") if role == "delete" else gone(DELETED)
    more = {} if body is None else {"body": body}
    case_id = story.on(role, one.created, name, **more, **({"expect": expect} if one.gone else {}))
    if one.gone:
        return
    if role == "delete":
        one.gone = True
        return
    if role == "read":
        story.same(one.last, SUCCEEDED)
    else:
        story.holds(case_id, PATCHED if role == "update" else REPLACED)
        if role == "update" and "read" in of.others:
            story.same(one.last, PATCHED, set(of.members(of.others["read"])) - changed)
        story.identity(one.created, "id and time of creation never change")
    one.last = case_id
    if body is not None and story.found(case_id):
        one.named = case_id


def _body(story: Story, name: str, role: str, turn: int) -> tuple[object, set[str]]:
    """
    The body of a change, and the members that it changes.
    """
    if role == "replace":
        return story.of.bodies(story.of.others["replace"]).full(turn, f"{story.id} {name}"), set()
    if role == "update":
        known = set(story.bodies.tops)
        changes = list(story.of.bodies(story.of.others["update"]).changes({}, f"{story.id} {name}", known))
        chosen = dict(changes[turn % len(changes) :][:1]) if changes else None
        return chosen, set(chosen or ())
    return None, set()


def _listed(story: Story, name: str, one: _Object) -> None:
    if story.of.items_at is not None:
        story.list(name, *story.found(one.named))
        story.shows(one.created, DELETED if one.gone else SUCCEEDED, missing=one.gone, like=one.last)


def walks(of: Collection, words: Iterable[str]) -> Iterator[Scenario]:
    """
    The scenarios of words; a word that is none is left out.
    """
    return (walk(of, moves_of(word)) for word in words if WORD.fullmatch(word))
