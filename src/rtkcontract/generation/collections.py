"""
Operations -> collections: which operation makes, reads, lists, changes and ends one kind of object; pure.

1. A create with the operations whose last path id its response gives is a collection. The links of the document say so;
   nothing is known of any kind by name.
2. Where an object stands in a response, and what of it never changes, is read from the schemas: the member that the
   link names is its id, members of the format date-time are its times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from rtkcontract.contract.expectation import sources_of
from rtkcontract.contract.parameters import nodes_of
from rtkcontract.generation.parameters import path_ids
from rtkcontract.generation.step_bodies import StepBodies
from rtkcontract.json_schema.values import types_of
from rtkcontract.model import Contract, Json, Made, Operation, Parameter
from rtkcontract.openapi.links import BODY
from rtkcontract.openapi.references import resolve

CREATED: Final = re.compile(r"creat", re.IGNORECASE)
UPDATED: Final = re.compile(r"updat|modif|chang", re.IGNORECASE)
"""Names that times of creation and of the last change have by convention."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """
    One kind of object. `ident` is the path parameter that names one, `made` where the response to `create` gives it.
    """

    contract: Contract
    create: Operation
    made: Made
    ident: str
    others: dict[str, Operation] = field(default_factory=dict)
    """Role to operation: read, list, update, replace, delete."""
    needs: dict[str, Made] = field(default_factory=dict)
    """Members of the body of the create that hold the ids of other objects."""
    said: dict[str, StepBodies] = field(default_factory=dict)
    """Operation to its bodies, worked out once for all collections."""

    def names(self) -> set[str]:
        """
        The operations of the collection.
        """
        return {self.create.name, *(operation.name for operation in self.others.values())}

    def bodies(self, operation: Operation) -> StepBodies:
        """
        The bodies of an operation.
        """
        if operation.name not in self.said:
            self.said[operation.name] = StepBodies(self.contract.document, operation)
        return self.said[operation.name]

    def at(self, operation: Operation) -> str | None:
        """
        Where a response of an operation has the object, as a JSON Pointer; None where it has none.
        """
        holder, _, name = self.made.pointer.rpartition("/")
        schema = _success(operation)
        if name in members_of(self.contract.document, below(self.contract.document, schema, holder)):
            return holder
        return next(iter(_holding(self.contract.document, schema, name)), None)

    @property
    def key(self) -> str:
        """
        The member of the object that holds its id.
        """
        return self.made.pointer.rpartition("/")[2]

    def members(self, operation: Operation) -> dict[str, list[Json]]:
        """
        The members of the object in responses of an operation, each with its schema nodes; writeOnly ones left out.
        """
        at = self.at(operation)
        return {} if at is None else self._members_at(operation, at)

    def _members_at(self, operation: Operation, at: str) -> dict[str, list[Json]]:
        found = members_of(self.contract.document, below(self.contract.document, _success(operation), at))
        return {name: nodes for name, nodes in found.items() if not any(node.get("writeOnly") for node in nodes)}

    # --- the list ---------------------------------------------------------------------------------------------------

    @cached_property
    def items_at(self) -> str | None:
        """
        Where a response of the list has its items; None where there is no list of such objects.
        """
        listing = self.others.get("list")
        if listing is None:
            return None
        return next(iter(_arrays(self.contract.document, _success(listing), self.key)), None)

    @cached_property
    def total_at(self) -> str:
        """
        Where a response of the list says how many objects there are; "" where it does not.
        """
        listing = self.others["list"]
        found = _numbers(self.contract.document, _success(listing))
        return next((at for at in found if re.search(r"(^|_)total|count$", at.rpartition("/")[2])), "")

    def item_members(self) -> dict[str, list[Json]]:
        """
        The members of an item of the list.
        """
        if self.items_at is None:
            return {}
        return self._members_at(self.others["list"], f"{self.items_at}/0")

    def parameter(self, pattern: str) -> Parameter | None:
        """
        The query parameter of the list whose name fits.
        """
        listing = self.others.get("list")
        named = (one for one in (listing.parameters if listing else ()) if one.where == "query")
        return next((one for one in named if re.fullmatch(pattern, one.name)), None)

    def times(self, names: re.Pattern[str], members: dict[str, list[Json]]) -> list[str]:
        """
        The members that are times and have such a name.
        """
        return [
            name
            for name, nodes in members.items()
            if names.search(name) and any(node.get("format") == "date-time" for node in nodes)
        ]

    @cached_property
    def above(self) -> Made | None:
        """
        The id of the object that this one lives in; None at the top.
        """
        return next(reversed(path_ids(self.create).values()), None)


def collections(contract: Contract) -> Iterator[Collection]:
    """
    The collections of a contract, in the order of their creates.
    """
    said: dict[str, StepBodies] = {}
    for create in contract.operations.values():
        if create.role != "create":
            continue
        found: dict[str, Operation] = {}
        named: tuple[str, Made] | None = None
        for operation in contract.operations.values():
            ids = list(path_ids(operation).items())
            if operation.path == create.path and operation.method == "GET":
                found["list"] = operation
            elif ids and ids[-1][1].operation == create.name and _is_about(operation):
                found.setdefault(operation.role, operation)
                named = named or ids[-1]
        named = named or _named_by_others(contract, create)
        if named is not None:
            yield Collection(
                contract=contract,
                create=create,
                made=named[1],
                ident=named[0],
                others=found,
                needs=_needs(contract, create),
                said=said,
            )


def _needs(contract: Contract, create: Operation) -> dict[str, Made]:
    """
    The members of a body to which links hand ids that name objects in paths as well.
    """
    known = {
        (made.operation, made.pointer) for each in contract.operations.values() for made in path_ids(each).values()
    }
    found: dict[str, Made] = {}
    for maker in dict.fromkeys(name for name, _ in known):
        operation = contract.operations[maker]
        item = contract.document.get("paths", {}).get(operation.path, {})
        for response in item.get(operation.method.lower(), {}).get("responses", {}).values():
            for link in resolve(contract.document, response).get("links", {}).values():
                handed = link.get("requestBody") if link.get("operationId") == create.name else None
                for member, expression in handed.items() if isinstance(handed, dict) else ():
                    pointer = str(expression).removeprefix(BODY)
                    if (maker, pointer) in known:
                        found.setdefault(member, Made(operation=maker, pointer=pointer))
    return found


def _is_about(operation: Operation) -> bool:
    """
    Whether an operation is about the object that its path ends with.
    """
    return operation.path.endswith("}") and operation.role in ("read", "update", "replace", "delete")


def _named_by_others(contract: Contract, create: Operation) -> tuple[str, Made] | None:
    """
    The id that a create gives to any operation, where no path ends with it.
    """
    makers = (entry for operation in contract.operations.values() for entry in operation.makers.items())
    return next(((name, made) for name, made in makers if made.operation == create.name), None)


# --- places in schemas ----------------------------------------------------------------------------------------------


def _success(operation: Operation) -> Json:
    return next(iter(operation.success_schemas.values()), {})


def members_of(document: Json, schema: Json) -> dict[str, list[Json]]:
    """
    The declared members of an object, each with the nodes that apply to it.
    """
    found: dict[str, list[Json]] = {}
    for node in nodes_of(document, schema):
        for name, part in node.get("properties", {}).items():
            found.setdefault(name, []).extend(nodes_of(document, part))
    return found


def below(document: Json, schema: Json, pointer: str) -> Json:
    """
    The schema of the value at a pointer; a digit stands for any item of a list.
    """
    nodes = nodes_of(document, schema)
    for part in pointer.split("/")[1:]:
        inside = [node.get("items") if part.isdigit() else node.get("properties", {}).get(part) for node in nodes]
        nodes = [inner for one in inside for inner in nodes_of(document, one)]
    return {"allOf": nodes} if nodes else {}


def _places(document: Json, schema: Json) -> Iterator[tuple[str, dict[str, list[Json]]]]:
    """
    Each object of a response with its members, from the outside in; lists are not entered.
    """
    waiting = [("", schema, 0)]
    while waiting:
        at, node, depth = waiting.pop(0)
        members = members_of(document, node)
        yield at, members
        if depth < 4:
            waiting.extend((f"{at}/{name}", {"allOf": nodes}, depth + 1) for name, nodes in members.items())


def _holding(document: Json, schema: Json, name: str) -> Iterator[str]:
    return (at for at, members in _places(document, schema) if name in members)


def _arrays(document: Json, schema: Json, name: str) -> Iterator[str]:
    """
    The lists in a response whose items have a member of this name.
    """
    for at, members in _places(document, schema):
        for member, nodes in members.items():
            items = [inner for node in nodes for inner in nodes_of(document, node.get("items"))]
            if "array" in types_of(nodes) and any(name in node.get("properties", {}) for node in items):
                yield f"{at}/{member}"


def _numbers(document: Json, schema: Json) -> Iterator[str]:
    for at, members in _places(document, schema):
        for member, nodes in members.items():
            if {"number", "integer"} & set(types_of(nodes)):
                yield f"{at}/{member}"


def cited(nodes: list[Json]) -> tuple[str, ...]:
    """
    The sources of a member.
    """
    return next((found for node in nodes if (found := sources_of(node, "type"))), ())
