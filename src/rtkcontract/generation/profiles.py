"""
The exploration profiles by their names: how many bodies a search draws, and whether they are the same each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from rtkcontract.errors import CannotTell

Side: TypeAlias = Literal["valid", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    `max_examples` is the length of one search; a derandomized one has seed 0.
    """

    max_examples: int
    derandomize: bool = False


PROFILES: Final = {
    "dev": Profile(max_examples=50),
    "ci": Profile(max_examples=40, derandomize=True),
    "nightly": Profile(max_examples=1_000),
}


PARTS: Final = {"smoke": 0, "standard": 4, "thorough": 1}
"""A plan searches the length of the profile divided by this; 0 is no search."""


def profile_of(name: str) -> Profile:
    """
    The profile of a name. Raises CannotTell for a name that is none.
    """
    if name not in PROFILES:
        raise CannotTell(f"no exploration profile is called {name}; there are {', '.join(PROFILES)}")
    return PROFILES[name]


def examples_of(plan: str, profile: Profile) -> int:
    """
    The length of the search of each side of an operation in a plan.
    """
    part = PARTS.get(plan, 0)
    return -(-profile.max_examples // part) if part else 0
