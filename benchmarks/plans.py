"""
How long plans take to derive, how they grow, and how their rows compare with two libraries on the same factors.

Run it by hand: `python benchmarks/plans.py [--full]`; `--full` adds the plan of 500 fields and strength 3. Nothing is
asserted: every figure is printed with the one that it is held against. All of it runs in this process, in turn.
"""

from __future__ import annotations

import itertools
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import made  # the schemas that the tests use
from rtkcontract.contract import load
from rtkcontract.generation import plan as plans
from rtkcontract.generation.covering_array import Space, grow
from rtkcontract.generation.request_space import Bodies

KINDS: list[Any] = [
    {"type": "boolean"},
    {"enum": ["a", "b", "c"]},
    {"type": "integer", "minimum": 1, "maximum": 9},
    {"type": "string", "maxLength": 20},
]


def seconds(work: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """
    The median of some runs, and what the last one gave.
    """
    spent = []
    result = None
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent), result


def bound(sizes: list[int], strength: int) -> int:
    """
    The fewest rows that could do: the product of the largest factors.
    """
    product = 1
    for size in sorted(sizes, reverse=True)[:strength]:
        product *= size
    return product


def derivation(names: tuple[str, ...]) -> None:
    """
    Seconds for each named plan, and for the standard plans of the other schemas.
    """
    print("Plan derivation of create_meeting")
    contract = load.load_contract()
    operation = contract.operations["create_meeting"]
    for name in names:
        spent, made_plan = seconds(lambda name=name: plans.make(contract, operation, name))
        cases = len(made_plan.cases)
        print(f"  {name:9} {cases:5} cases {spent:7.2f} s {spent / cases * 1e3:6.2f} ms a case")
    print("\nStandard plans of the other schemas")
    for name in made.NAMES:
        contract, operation = made.named(name)
        spent, made_plan = seconds(lambda c=contract, o=operation: plans.make(c, o), 1)
        told = f"{len(made_plan.impossible)} impossible, {len(made_plan.unreached)} unreached"
        print(f"  {name:15} {len(made_plan.cases):5} cases {spent:7.2f} s  {told}")


def wide(count: int) -> Any:
    """
    An object of many fields of four kinds.
    """
    return {"type": "object", "properties": {f"field_{n:03}": KINDS[n % 4] for n in range(count)}}


def growth(sizes: tuple[int, ...]) -> None:
    """
    Seconds against the number of fields, and how they rise with the cases.
    """
    print("\nGrowth with the number of fields (booleans, enumerations, integers and texts in turn)")
    for name in ("smoke", "standard"):
        before: tuple[int, float, int] | None = None
        for count in sizes:
            contract, operation = made.made("wide", wide(count))
            spent, one = seconds(lambda c=contract, o=operation, n=name: plans.make(c, o, n), 1)
            levels = [len(factor.levels) for factor in one.bodies.factors]
            rows = sum("/combinations/" in case.id for case in one.cases)
            least = bound(levels, one.strength)
            text = (
                f"  {name:9} {count:4} fields {len(one.cases):5} cases {rows:4} rows (bound {least:3}) {spent:7.2f} s"
            )
            if before is not None:
                ratio = (spent / before[1]) / (len(one.cases) / before[2])
                text += f"  {count / before[0]:.1f}x the fields, {spent / before[1]:.1f}x the time, {ratio:.1f}x a case"
            print(text, flush=True)
            before = (count, spent, len(one.cases))


def enumerations(members: int) -> Any:
    """
    Five enumerations.
    """
    names = {f"e{n}": [f"m{n}_{member}" for member in range(members)] for n in range(5)}
    return {"type": "object", "properties": {name: {"enum": values} for name, values in names.items()}}


def chain(fields: int) -> Any:
    """
    Flags of which each demands the next.
    """
    names = [f"f{n}" for n in range(fields)]
    rules = [
        {"if": {"properties": {one: {"const": True}}, "required": [one]}, "then": {"required": [other]}}
        for one, other in itertools.pairwise(names)
    ]
    return {"type": "object", "properties": {name: {"type": "boolean"} for name in names}, "allOf": rules}


def tree(depth: int) -> Any:
    """
    Objects of two objects, with texts at the end.
    """
    below = tree(depth - 1) if depth else None
    return {"type": "object", "properties": {"a": below, "b": below}} if depth else {"type": "string"}


def required(count: int) -> Any:
    """
    Many fields of four kinds, each of them required.
    """
    schema = wide(count)
    return {**schema, "required": list(schema["properties"])}


SHAPES: dict[str, tuple[Any, float]] = {
    # name: (schema, CPU seconds before large enumerations had representatives, texts a limit and plans a cap)
    "500 flat fields": (wide(500), 3.8),
    "500 required fields": (required(500), 13.8),
    "5 enumerations of 100": (enumerations(100), 12.0),
    "5 enumerations of 200": (enumerations(200), 45.0),
    "maxLength 10,000,000": ({"type": "object", "properties": {"text": {"type": "string", "maxLength": 10**7}}}, 11.0),
    "if/then chain of 24": (chain(24), 8.8),
    "if/then chain of 40": (chain(40), 45.0),
    "tree of depth 8": (tree(8), 21.0),
}


def shapes() -> None:
    """
    CPU seconds of the shapes of schema that cost most, beside what they cost before.
    """
    print("\nShapes of schemas: CPU seconds beside those of before, and with --max-cases 500")
    for name, (schema, before) in SHAPES.items():
        contract, operation = made.made("shape", schema)
        told = []
        for most in (None, 500):
            start = time.process_time()
            plan = plans.make(contract, operation, most=most)
            told.append((len(plan.cases), time.process_time() - start))
        (cases, spent), (few, capped) = told
        print(
            f"  {name:22} {cases:5} cases {spent:6.2f} s, before {before:5.1f} s ({before / spent:5.1f}x); "
            f"{few:4} cases {capped:6.2f} s",
            flush=True,
        )


def factors() -> Iterator[tuple[str, list[int]]]:
    """
    Level counts to hold side by side: the meeting's leaf fields, and three made-up shapes.
    """
    contract = load.load_contract()
    bodies = Bodies.of(contract.document, contract.operations["create_meeting"])
    leaves = bodies.leaves
    sizes = [
        len(factor.levels)
        for number, factor in enumerate(bodies.factors)
        if leaves >> bodies.accepted.start[number] & 1
    ]
    yield "create_meeting, free of constraints", sizes
    yield "20 factors of 4", [4] * 20
    yield "60 factors of 2", [2] * 60
    yield "mixed", [11, 10, 8, 6, 5, 5, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2]


Rows = list[list[int]]


def share(rows: Rows, sizes: list[int], strength: int) -> float:
    """
    The part of all tuples that the rows hold.
    """
    held = possible = 0
    for places in itertools.combinations(range(len(sizes)), strength):
        held += len({tuple(row[place] for place in places) for row in rows})
        possible += math.prod(sizes[place] for place in places)
    return held / possible


def _ours(sizes: list[int], strength: int) -> Rows:
    space = Space(sizes)
    return [
        [literal - start for literal, start in zip(row, space.start, strict=False)]
        for row in grow(space, strength).rows
    ]


def _covertable(sizes: list[int], strength: int) -> Rows:
    import covertable

    return [list(row) for row in covertable.make([list(range(size)) for size in sizes], strength=strength)]


def _allpairspy(sizes: list[int], strength: int) -> Rows:
    from allpairspy import AllPairs

    return [list(row) for row in AllPairs([list(range(size)) for size in sizes], n=strength)]


def peers(strengths: tuple[int, ...]) -> None:
    """
    Rows and seconds for the same level counts.
    """
    print("\nRows and seconds beside covertable and allpairspy, same factors, same process")
    for strength in strengths:
        for name, sizes in factors():
            if strength == 3 and len(sizes) > 20:
                continue
            least = bound(sizes, strength)
            print(f"  strength {strength}, {name}: {len(sizes)} factors, at least {least} rows")
            own, ours = seconds(lambda s=sizes, t=strength: _ours(s, t), 1)
            print(f"    {'ours':11} {_line(ours, sizes, strength, least)} {own:7.2f} s")
            for label, run in (("covertable", _covertable), ("allpairspy", _allpairspy)):
                try:
                    spent, found = seconds(lambda s=sizes, t=strength, r=run: r(s, t), 1)
                except ImportError:
                    print(f"    {label:11} is not installed; pip install {label}")
                    continue
                ratios = f"{len(found) / len(ours):.2f}x our rows, {spent / own:.2f}x our time"
                print(f"    {label:11} {_line(found, sizes, strength, least)} {spent:7.2f} s  {ratios}", flush=True)


def _line(rows: Rows, sizes: list[int], strength: int, least: int) -> str:
    return f"{len(rows):5} rows ({len(rows) / least:.2f} of the bound) hold {share(rows, sizes, strength):6.1%} of all"


def main() -> None:
    """
    Prints each table.
    """
    full = "--full" in sys.argv[1:]
    derivation(("smoke", "standard", "thorough") if full else ("smoke", "standard"))
    growth((25, 50, 100, 200, 500) if full else (25, 50, 100))
    shapes()
    peers((2, 3) if full else (2,))


if __name__ == "__main__":
    main()
