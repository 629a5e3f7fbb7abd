"""
Options and look-ups that several verbs share.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from rtkcontract.cli.exits import say
from rtkcontract.engine import run_options
from rtkcontract.errors import CannotTell
from rtkcontract.reports.progress import bar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rtkcontract.generation.plan import Plan
    from rtkcontract.model import Case, Contract, Operation


F = TypeVar("F", bound="Callable[..., Any] | click.Command")


Names: TypeAlias = "tuple[str, ...] | None"
"""The values of an option that can be given several times."""


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def examples(*lines: str) -> str:
    """
    The end of a help page.
    """
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def loaded(schemas: str | None, operation: str | None = None) -> tuple[Contract, Operation]:
    """
    The contract and one of its operations, the first by default.
    """
    from rtkcontract.contract import load
    from rtkcontract.engine import selection

    contract = load.load_contract(Path(schemas) if schemas else None)
    name = operation or next(iter(contract.operations))
    _say_notes(contract)
    return contract, selection.operations_of(contract, (name,))[name]


def written_folder(named: str | None, name: str) -> Path:
    """
    The folder that a verb writes to: the named one, or the one of this name in the working directory; never the
    installed package's. Raises CannotTell where there is neither.
    """
    if named:
        return Path(named)
    if Path(name).is_dir():
        return Path(name)
    raise CannotTell(f"there is no folder {name} here to write to; name one with --{name}")


def say_unproved(plans: Mapping[str, Plan]) -> bool:
    """
    One line for each thing that the plans do not prove; whether one of them proves nothing at all.
    """
    for name, plan in plans.items():
        for one in plan.unproved:
            where = f" ({one.schema_at})" if one.schema_at else ""
            say(f"{name}: not proved: {one.place or 'the body'}: {one.reason}{where}", err=True)
    return any(one.whole for plan in plans.values() for one in plan.unproved)


def planned(
    schemas: str | None, names: Sequence[str], plan: str, tags: Sequence[str] = (), most: int | None = None
) -> tuple[Contract, dict[str, Plan]]:
    """
    The contract, and the named plan of each operation that was asked for.
    """
    from rtkcontract.contract import load
    from rtkcontract.engine import selection

    contract = load.load_contract(Path(schemas) if schemas else None)
    operations = selection.operations_of(contract, names, tags)
    _say_notes(contract)
    with bar(f"planning {plan}") as progress:
        return contract, selection.plans_of(contract, operations, plan, most=most, progress=progress)


def _say_notes(contract: Contract) -> None:
    from rtkcontract.contract import load

    for note in load.notes_of(contract):
        say(f"note: {note}", err=True)


def found_case(plans: Mapping[str, Plan], identity: str) -> Case:
    """
    A case by its id. Raises CannotTell with the ids that come closest.
    """
    import difflib

    ids = {case.id: case for plan in plans.values() for case in plan.cases}
    if identity in ids:
        return ids[identity]
    near = difflib.get_close_matches(identity, ids, 3, 0.3)
    name = next(iter(plans.values())).name
    raise CannotTell(f"there is no case {identity} in the plan {name}; close to it: {', '.join(near) or 'none'}")


def option(said: run_options.Option, **other: Any) -> Callable[[F], F]:
    """
    An option of the table as click has it; `other` replaces parts of it.
    """
    told: dict[str, Any] = {"help": said.help}
    if said.kind is bool:
        told["is_flag"] = True
    else:
        told |= {"metavar": said.metavar, "default": said.default, "show_default": said.default is not None}
        told |= {"type": said.kind} | ({"multiple": True, "default": None} if said.many else {})
    return click.option(said.name, **{**told, **other})


SCHEMAS = option(run_options.SCHEMAS)


OPERATION = click.option("--operation", metavar="NAME", help="The operation; by default the first of the contract.")


OPERATIONS = option(run_options.OPERATION)


TAGS = option(run_options.TAG)


ALLOW = option(run_options.ALLOW)


PLAN = option(run_options.PLAN)


MAX_CASES = option(run_options.MAX_CASES, type=click.IntRange(1))


TARGET = option(run_options.TARGET, default="emulator", help="emulator or live.")


BASE_URL = option(run_options.BASE_URL)


RATE = option(run_options.RATE)


CA = option(run_options.CA)


PROXY = option(run_options.PROXY)


def operations_named(identities: Sequence[str]) -> tuple[str, ...]:
    """
    The operations that the ids of cases begin with.
    """
    return tuple(dict.fromkeys(name for name, slash, _ in (one.partition("/") for one in identities) if slash))


DAYS = click.FloatRange(min=0)


AT_MOST = click.IntRange(min=0)


FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
