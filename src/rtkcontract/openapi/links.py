"""
What an operation does to its object, and which response gives the ids that it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, get_args

from rtkcontract.model import Json, Made, Role

BODY: Final = "$response.body#"
"""The runtime expression (OpenAPI 3.1, 4.8.20.4) of a value in the body of a response."""
BY_METHOD: Final[Mapping[str, Role]] = {"PUT": "replace", "PATCH": "update", "DELETE": "delete"}


def role_of(method: str, path: str, spec: Json, paths: Mapping[str, Json]) -> Role:
    """
    `x-role` where the document says it, else by the method and by whether the path ends in an id.

    A POST creates where its path with a further id is a path of the document; any other POST is an action.
    """
    if spec.get("x-role") in get_args(Role):
        role: Role = spec["x-role"]
        return role
    item = path.rstrip("/").endswith("}")
    if method in ("GET", "HEAD"):
        return "read" if item else "list"
    if method == "POST":
        below = (
            other.removeprefix(path.rstrip("/") + "/") for other in paths if other.startswith(path.rstrip("/") + "/")
        )
        return "create" if not item and any(rest.startswith("{") and "/" not in rest for rest in below) else "action"
    return BY_METHOD.get(method, "action") if item else "action"


def links_of(name: str, responses: Mapping[str, Json]) -> Iterator[tuple[str, str, Made]]:
    """
    (operation that takes it, its parameter, where the value comes from) of each link to a value in the body.

    `responses` are the resolved responses of the operation `name`, by status.
    """
    for response in responses.values():
        for link in response.get("links", {}).values():
            for parameter, expression in link.get("parameters", {}).items():
                if isinstance(expression, str) and expression.startswith(BODY) and "operationId" in link:
                    made = Made(operation=name, pointer=expression.removeprefix(BODY))
                    yield link["operationId"], parameter.removeprefix("path."), made
