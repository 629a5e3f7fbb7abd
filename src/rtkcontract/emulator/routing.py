"""
A request -> the operation that it is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from rtkcontract.contract.expectation import Oracle
from rtkcontract.emulator.refusals import NO_ROUTE, UNROUTED, edge, service
from rtkcontract.emulator.shape import Place, required, schema_parts, server_made_members
from rtkcontract.model import Contract, Json, Operation, Request
from rtkcontract.openapi.references import resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """
    An operation with what is worked out once.
    """

    operation: Operation
    shape: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    oracle: Oracle | None
    """None where the operation takes no body."""
    body_required: bool
    status: int
    answer: Place
    beside_data: tuple[str, ...]
    """Members of the envelope that an answer needs next to success and data."""
    data: Place
    server_made: tuple[str, ...]


# ---- where a request goes


def all_served(contract: Contract) -> tuple[Served, ...]:
    """
    The operations of a contract; a path without parameters is met before one with.
    """
    servers = contract.document.get("servers") or [{"url": ""}]
    base = urlsplit(servers[0].get("url", "")).path.rstrip("/")
    found = [_served(contract, operation, base) for operation in contract.operations.values()]
    return tuple(sorted(found, key=lambda served: len(served.names)))


def _served(contract: Contract, operation: Operation, base: str) -> Served:
    item = contract.document.get("paths", {}).get(operation.path, {}).get(operation.method.lower(), {})
    body = resolve(contract.document, item.get("requestBody", {"required": True}))
    pieces = re.split(r"\{([^{}]*)\}", base + operation.path)
    success: Json = next(iter(operation.success_schemas.values()), {})
    answer = Place(contract.document, schema_parts(contract.document, success), ())
    data = Place(
        contract.document,
        schema_parts(contract.document, operation.data_schema),
        schema_parts(contract.document, operation.request_schema),
    )
    return Served(
        operation=operation,
        shape="{}".join(pieces[::2]),
        pattern=re.compile("([^/]+)".join(map(re.escape, pieces[::2]))),
        names=tuple(pieces[1::2]),
        oracle=Oracle(contract.document, operation.request_schema) if operation.request_schema != {} else None,
        body_required=body.get("required", False),
        status=next(iter(operation.success_schemas), 200),
        answer=answer,
        beside_data=tuple(name for name in required(answer) if name not in ("success", "data")),
        data=data,
        server_made=server_made_members(data),
    )


def routed(served: tuple[Served, ...], request: Request) -> tuple[tuple[Served, ...], dict[str, str]]:
    """
    The operations on the path of a request, and what its parameters are.
    """
    path = urlsplit(request.url).path
    for one in served:
        if match := one.pattern.fullmatch(path):
            values = map(unquote, match.groups())
            return tuple(other for other in served if other.shape == one.shape), dict(
                zip(one.names, values, strict=True)
            )
    raise edge(404, UNROUTED, NO_ROUTE)


def chosen_operation(matching: tuple[Served, ...], method: str) -> Served:
    """
    The operation of the method, among those on one path. Raises RefusalError with 405 and `allow`.
    """
    for one in matching:
        if one.operation.method == method:
            return one
    allowed = ", ".join(sorted({one.operation.method for one in matching}))
    raise service(405, "METHOD_NOT_ALLOWED: this path knows other methods", (("allow", allowed),))
