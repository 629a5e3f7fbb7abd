"""
The bodies that hypothesis generates for a run: how many, drawn from which seed, what came of them.

Of an unchanged contract a derandomized search draws the same bodies, which are kept beside the plans; then hypothesis
is needed only where one of them fails and has to be shrunk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from rtkcontract.engine import plan_cache
from rtkcontract.errors import CannotTell
from rtkcontract.generation.profiles import Side, examples_of, profile_of
from rtkcontract.json_schema.json_text import loads
from rtkcontract.model import Case, Contract, Finding, Json, Operation

SIDES: Final[tuple[Side, ...]] = ("valid", "invalid")


HOLDERS: Final = 10
"""Bodies of the plan that lend their members to the bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """
    What the options ask of the search of each side of an operation. No `examples`: nothing is generated.
    """

    profile: str = "ci"
    examples: int = 0
    seed: int | None = None

    @classmethod
    def of(cls, plan: str, profile: str, seed: int | None) -> Search:
        """
        Raises CannotTell for a profile that is none.
        """
        return cls(profile=profile, examples=examples_of(plan, profile_of(profile)), seed=seed)

    @property
    def repeats(self) -> bool:
        """
        Whether the same bodies come each time without being asked for by a seed.
        """
        return self.seed is None and profile_of(self.profile).derandomize

    def told(self) -> str:
        """
        What draws the same bodies again.
        """
        return f"seed {self.seed or 0}, profile {self.profile}"

    def count(self, contract: Contract, operation: Operation, side: Side) -> int:
        """
        How many bodies of a side will be sent where none fails; 0 where none can be made.
        """
        if not self.examples or not operation.request_schema:
            return 0
        try:
            return len(self.cases(contract, operation, side)) or self.examples
        except CannotTell:  # told when its turn comes
            return 0

    def limits(self, contract: Contract, operation: Operation) -> dict[str, Any]:
        """
        The search as arguments of `fuzz.hunt`.
        """
        seed = 0 if self.repeats else self.seed
        return {"holders": holders(contract, operation), "max_examples": self.examples, "seed": seed}

    def cases(self, contract: Contract, operation: Operation, side: Side) -> tuple[Case, ...]:
        """
        The bodies of a derandomized search; none of another. Raises CannotTell where none can be made.
        """
        if not self.repeats:
            return ()

        def draw() -> tuple[Case, ...]:
            from rtkcontract.generation import fuzz  # brings hypothesis, which takes long

            met: list[Case] = []

            def meet(case: Case) -> tuple[Finding, ...]:
                met.append(case)
                return ()

            fuzz.hunt(contract, operation, meet, side=side, **self.limits(contract, operation))
            return tuple(met)

        return plan_cache.drawn(contract, operation, side, draw, self.examples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """
    What the generated bodies of one side of an operation came to; `seed` and `profile` draw the same ones again.
    """

    operation: str
    side: Side
    sent: int
    broken: int
    seed: int
    profile: str


def holders(contract: Contract, operation: Operation) -> list[Json]:
    """
    The fullest bodies of the valid side of the plan.
    """
    cases = plan_cache.planned(contract, operation, "standard").cases
    good = [case for case in cases if case.side == "valid" and case.content and case.expect.outcome != "rejected"]
    return [loads(case.content) for case in sorted(good, key=lambda case: -len(case.content))[:HOLDERS]]


def account(sent: Iterable[Sent], operation: str) -> Json:
    """
    What the account of an operation says of its generated bodies; {} where none were sent.
    """
    mine = [each for each in sent if each.operation == operation]
    return (
        {"generated": [asdict(each) for each in sorted(mine, key=lambda each: SIDES.index(each.side))]} if mine else {}
    )
