"""
Walks over the operations of a collection: a word says one, and the shortest that shows a fault is found.
"""

from __future__ import annotations

import pets
from rtkcontract.generation import fuzz
from rtkcontract.generation.collections import collections
from rtkcontract.generation.walks import WORD, moves_of, walk
from rtkcontract.model import Finding, Scenario

(PETS,) = collections(pets.contract())


def roles(scenario: Scenario) -> list[str]:
    return [step.case.id.rpartition("-")[2] for step in scenario.steps]


def test_a_word_is_a_walk() -> None:
    scenario = walk(PETS, moves_of("c00u01r00d00r00l00"))

    assert "add_pet/scenarios/walk-c00u01r00d00r00l00" == scenario.id
    assert ["create", "update", "read", "delete", "read", "list"] == roles(scenario)
    assert "rejected" == scenario.steps[4].case.expect.outcome
    assert WORD.fullmatch("c00u01")
    assert not WORD.fullmatch("c0")


def test_the_first_step_makes_an_object() -> None:
    assert ["create", "read"] == roles(walk(PETS, moves_of("r00r00")))


def test_the_shortest_walk_with_a_fault_is_found_each_time() -> None:
    """
    A server that fails once something was deleted and then listed: two objects or none, nothing else matters.
    """

    def play(scenario: Scenario) -> list[Finding]:
        done = roles(scenario)
        bad = "delete" in done and "list" in done[done.index("delete") :]
        return [Finding(check="lifecycle", case_id="x", where="", expected="", observed="")] if bad else []

    found = [fuzz.explored(PETS, play, examples=60, seed=7) for _ in range(2)]

    assert found[0] is not None
    assert found[0] == found[1]
    assert ["create", "delete", "list"] == roles(found[0])
    assert fuzz.explored(PETS, lambda _: [], examples=10, seed=7) is None
