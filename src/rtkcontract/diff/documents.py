"""
Two documents -> what changed in each operation, between operations, and what could not be compared.

1. Operations are paired by method and path, then by method and the shape of the path, then by operationId. One
   operation on each side is compared whatever it is called.
2. What cannot be read is named and left out, and the rest is compared. An operation that only one side can read is
   neither added nor removed.
3. Webhooks and callbacks are operations seen by those who receive them.
4. A schema that leads back to itself is compared once where an operation reaches it, and inside it is taken to be what
   is being proved. Those that only other such schemas reach are compared by themselves.
5. What is declared and not modelled, such as links, is undecided where its text differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rtkcontract.contract.revisions import Revision, mapped
from rtkcontract.diff.changes import ORDER, Body, Change, body_changes, of_operation, of_term
from rtkcontract.diff.compatibility import Side
from rtkcontract.diff.operation_changes import Term, scheme_terms, server_terms, shape, smallest_request
from rtkcontract.diff.schema_edits import told
from rtkcontract.diff.shared_schemas import Interned
from rtkcontract.errors import CannotTell
from rtkcontract.model import Json, Operation
from rtkcontract.openapi.references import CIRCLE


def compare(old: Revision, new: Revision) -> tuple[Change, ...]:
    """
    What changed between two revisions, the gravest first; what was not compared is "undecided".

    Raises CannotTell where there is nothing to compare.
    """
    one = Interned()
    pairs = {name: (_interned(one, left), _interned(one, right)) for name, (left, right) in _paired(old, new)}
    if not pairs and not _both(old.events, new.events):
        _something_to_compare(old, new)
    found = [change for one, two in pairs.values() for change in _compared(one, two)]
    found.extend(_between(old, new, pairs))
    found.extend(_events(old, new))
    found.extend(_beside(old, new, pairs))
    found.extend(_circles(old, new, [*pairs.values(), *_both(old.events, new.events)]))
    found.extend(_unread(old, new))
    return tuple(sorted(found, key=lambda change: ORDER.index(change.klass)))


def _interned(one: Interned, operation: Operation) -> Operation:
    """
    The operation with schemas that share what is equal; as it is where it is nested too deeply, which is told later.
    """
    try:
        return mapped(operation, one.value)
    except RecursionError:
        return operation


def _something_to_compare(old: Revision, new: Revision) -> None:
    """
    Raises CannotTell where no operation was compared and one could not be read, or where there is none at all.
    """
    for side, revision in (("OLD", old), ("NEW", new)):
        for why in revision.refused.values():
            raise CannotTell(f"{side}: {why}")
    if not (old.operations or new.operations or old.events or new.events):
        raise CannotTell(f"{old.label} and {new.label} have no operation under paths, and so nothing to compare")


def _both(old: Mapping[str, Operation], new: Mapping[str, Operation]) -> list[tuple[Operation, Operation]]:
    return [(one, new[name]) for name, one in old.items() if name in new]


def _compared(old: Operation, new: Operation) -> tuple[Change, ...]:
    try:
        return of_operation(old, new)
    except (RecursionError, CannotTell) as problem:
        why = str(problem) if isinstance(problem, CannotTell) else "it is nested too deeply"
        return (of_term(old.name, Term(kind="op.unread", side="call", where=old.name, old="OLD or NEW", new=why)),)


# --- operations ----------------------------------------------------------------------------------------------------


def _paired(old: Revision, new: Revision) -> Iterator[tuple[str, tuple[Operation, Operation]]]:
    """
    Name in OLD to the two operations.
    """
    left, right = dict(old.operations), dict(new.operations)
    alone = len(left) == len(right) == 1 and not (old.refused or new.refused)
    keys = (
        lambda operation: operation.method and (operation.method, operation.path),
        lambda operation: operation.method and (operation.method, shape(operation.path)),
        lambda operation: operation.operation_id or (not operation.method and operation.name),
        lambda _: alone,
    )
    for key in keys:
        known = {key(operation): name for name, operation in reversed(right.items()) if key(operation)}
        for name, operation in list(left.items()):
            if key(operation) and key(operation) in known and known[key(operation)] in right:
                yield name, (left.pop(name), right.pop(known[key(operation)]))


def _is_refused(operation: Operation, other: Revision) -> bool:
    """
    Whether the other revision has the operation, or its path, and cannot read it.
    """
    call = f"{operation.method} {shape(operation.path)}"
    return operation.operation_id in other.refused or any(
        shape(name) in (call, shape(operation.path)) for name in other.refused
    )


def _between(old: Revision, new: Revision, pairs: Mapping[str, tuple[Operation, Operation]]) -> Iterator[Change]:
    taken = {two.name for _, two in pairs.values()}
    for name, operation in old.operations.items():
        if name not in pairs and not _is_refused(operation, new):
            yield of_term(operation.name, _gone(operation))
    for operation in new.operations.values():
        if operation.name not in taken and not _is_refused(operation, old):
            call = f"{operation.method} {operation.path}".strip()
            term = Term(kind="op.added", side="call", where=call, old="not there", new="there")
            yield of_term(operation.name, term)


def _gone(operation: Operation) -> Term:
    return Term(
        kind="op.removed",
        side="call",
        where=f"{operation.method} {operation.path}".strip(),
        old="there",
        new="gone",
        request=smallest_request(operation),
        why="the operation is gone",
    )


# --- what is beside the operations ---------------------------------------------------------------------------------


def _events(old: Revision, new: Revision) -> Iterator[Change]:
    for name in dict.fromkeys([*old.events, *new.events]):
        one, two = old.events.get(name), new.events.get(name)
        if one and two:
            yield from _compared(one, two)
        elif one and not _owner_is_gone(name, old, new):
            yield of_term(name, Term(kind="event.removed", side="answer", where=name, old="sent", new="not sent"))
        elif two and not _owner_is_gone(name, new, old):
            yield of_term(name, Term(kind="event.added", side="answer", where=name, old="not sent", new="sent"))


def _owner_is_gone(event: str, one: Revision, other: Revision) -> bool:
    """
    Whether a callback goes with its operation, which is told already.
    """
    calls = {f"{operation.method} {operation.path}" for operation in other.operations.values()}
    owners = (f"{operation.method} {operation.path}" for operation in one.operations.values())
    return any(event.startswith(f"{owner} callback ") for owner in owners if owner not in calls)


def _beside(old: Revision, new: Revision, pairs: Mapping[str, tuple[Operation, Operation]]) -> Iterator[Change]:
    schemes = old.beside.get("", {}), new.beside.get("", {})
    yield from (of_term("securitySchemes", term) for term in scheme_terms(*schemes))
    for name, (_, operation) in pairs.items():
        before, after = old.beside.get(name, {}), new.beside.get(operation.name, {})
        servers = before.get("servers", []), after.get("servers", [])
        yield from (of_term(name, term) for term in server_terms(*servers))
        for label in dict.fromkeys([*before, *after]):
            if label != "servers" and before.get(label) != after.get(label):
                texts = told(before.get(label, "none")), told(after.get(label, "none"))
                yield of_term(name, Term(kind="part.unread", side="call", where=label, old=texts[0], new=texts[1]))


def _unread(old: Revision, new: Revision) -> Iterator[Change]:
    for side, revision in (("OLD", old), ("NEW", new)):
        for name, why in revision.refused.items():
            yield of_term(name, Term(kind="op.unread", side="call", where=name, old=side, new=why))


# --- schemas that lead back to themselves ----------------------------------------------------------------------------


def _schemas(operation: Operation, side: Side) -> Iterator[Json]:
    if side == "request":
        yield from (operation.body or {}).values()
        yield from (item.schema for item in operation.parameters)
    else:
        yield from (schema for response in operation.responses.values() for schema in response.media.values())


def _met(node: Json, seen: dict[int, Json], left: set[str], entered: set[str]) -> None:
    """
    Adds the references that are left in a schema, and those that were replaced by what leads back to itself.
    """
    if not isinstance(node, dict | list) or id(node) in seen:
        return
    seen[id(node)] = node
    if isinstance(node, dict):
        left.update([node["$ref"]] if isinstance(node.get("$ref"), str) else ())
        entered.update([node[CIRCLE]] if isinstance(node.get(CIRCLE), str) else ())
    for part in node.values() if isinstance(node, dict) else node:
        _met(part, seen, left, entered)


def _circles(old: Revision, new: Revision, pairs: Iterable[tuple[Operation, Operation]]) -> Iterator[Change]:
    """
    Changes of those schemas that no operation reaches but through another one that leads back to itself.
    """
    if not old.circular and not new.circular:
        return
    pairs = list(pairs)
    for side in _SIDES:
        seen: dict[int, Json] = {}
        left: set[str] = set()
        entered: set[str] = set()
        for pair in pairs:
            for schema in (schema for operation in pair for schema in _schemas(operation, side)):
                _met(schema, seen, left, entered)
        waiting = sorted(left - entered)
        while waiting:
            ref = waiting.pop()
            entered.add(ref)
            one, two = old.circular.get(ref), new.circular.get(ref)
            if one is not None and two is not None:
                body = Body(operation=ref, side=side, lead=(), old=one, new=two)
                yield from (change for _, change in body_changes(body))
                more: set[str] = set()
                _met(one, {}, more, set())
                _met(two, {}, more, set())
                waiting = sorted({*waiting, *more} - entered)


_SIDES: tuple[Side, ...] = ("request", "answer")
