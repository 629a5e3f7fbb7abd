"""
Options and look-ups that several verbs share.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtkcontract.errors import CannotTell
from rtkcontract.reports.progress import bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtkcontract.generation.plan import Plan
    from rtkcontract.model import Case, Contract, Operation


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def examples(*lines: str) -> str:
    """
    The end of a help page.
    """
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def loaded(schemas: str | None, operation: str | None) -> tuple[Contract, Operation]:
    """
    The contract and one of its operations, the first by default.
    """
    from rtkcontract.contract import load

    contract = load.load_contract(Path(schemas) if schemas else None)
    name = operation or next(iter(contract.operations))
    if name not in contract.operations:
        raise CannotTell(f"there is no operation {name}; the contract has {', '.join(contract.operations)}")
    return contract, contract.operations[name]


def planned(schemas: str | None, operation: str | None, name: str) -> tuple[Contract, Operation, Plan]:
    """
    A named plan with the contract it comes from.
    """
    from rtkcontract.engine import plan_cache

    contract, found = loaded(schemas, operation)
    with bar(f"planning {name}") as progress:
        return contract, found, plan_cache.planned(contract, found, name, progress=progress)


def found_case(plan: Plan, identity: str) -> Case:
    """
    A case by its id. Raises CannotTell with the ids that come closest.
    """
    import difflib

    ids = {case.id: case for case in plan.cases}
    if identity in ids:
        return ids[identity]
    near = difflib.get_close_matches(identity, ids, 3, 0.3)
    raise CannotTell(f"there is no case {identity} in the plan {plan.name}; close to it: {', '.join(near) or 'none'}")


SCHEMAS = click.option(
    "--schemas",
    metavar="DIR",
    help="The folder that holds openapi.json; by default the contract that ships with rtkcontract.",
)


OPERATION = click.option("--operation", metavar="NAME", help="The operation; by default the first of the contract.")


PLAN = click.option(
    "--plan", default="standard", show_default=True, metavar="NAME", help="smoke, standard or thorough."
)


TARGET = click.option("--target", default="emulator", show_default=True, metavar="KIND", help="emulator or live.")


BASE_URL = click.option(
    "--base-url", metavar="URL", help="With --target live: another server, as http://127.0.0.1:8080/client/v4."
)


RATE = click.option(
    "--rate", type=int, metavar="N", help="At most N requests in ten seconds; 0, on loopback only, lifts the limit."
)


def operation_of(identities: Sequence[str]) -> str | None:
    """
    The operation that the id of a case begins with; None for no id.
    """
    name, slash, _ = identities[0].partition("/")
    return name if slash else None


DAYS = click.FloatRange(min=0)


AT_MOST = click.IntRange(min=0)


FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
