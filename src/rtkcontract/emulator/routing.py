"""
A request -> the operation that it is for, and where its objects are kept.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.requests import base_path
from rtkcontract.emulator.parameters import Known, known
from rtkcontract.emulator.refusals import NO_ROUTE, UNROUTED, edge, own
from rtkcontract.emulator.shape import Place, object_path
from rtkcontract.emulator.store import Key
from rtkcontract.model import Contract, Json, Operation, Request
from rtkcontract.openapi.references import resolve

OWNER: Final = ("account_id", "app_id")
"""Path parameters that say whose objects they are; any well-formed value will do, unless one is pinned."""


class Served:
    """
    An operation with what is worked out once, when it is first asked for.
    """

    def __init__(self, contract: Contract, operation: Operation, base: str) -> None:
        self.contract, self.operation, self.document = contract, operation, contract.document
        self._oracles: dict[int, Oracle] = {}
        pieces = re.split(r"\{([^{}]*)\}", operation.path)
        self.shape = "{}".join(pieces[::2])
        self.names = tuple(pieces[1::2])
        prefix = "".join(f"(?:{re.escape(each)})?" for each in dict.fromkeys((base, operation.base_path)) if each)
        self.pattern = re.compile(prefix + "([^/]+)".join(map(re.escape, pieces[::2])))
        self.nearly = re.compile(prefix + "([^/]*)".join(map(re.escape, pieces[::2])) + "/?")
        """With identifiers that may be empty."""

    @functools.cached_property
    def item(self) -> Mapping[str, Json]:
        """
        What stands at the path in the document.
        """
        found: Mapping[str, Json] = resolve(self.document, self.document.get("paths", {}).get(self.operation.path, {}))
        return found

    @functools.cached_property
    def spec(self) -> Mapping[str, Json]:
        found: Mapping[str, Json] = self.item.get(self.operation.method.lower(), {})
        return found

    @functools.cached_property
    def parameters(self) -> tuple[Known, ...]:
        return known(self.document, (*self.item.get("parameters", ()), *self.spec.get("parameters", ())))

    @functools.cached_property
    def demands_credentials(self) -> bool:
        """
        Whether the document names a security scheme that a request has to follow.
        """
        schemes = self.spec.get("security", self.document.get("security", ()))
        return bool(schemes) and {} not in schemes

    @functools.cached_property
    def request_body(self) -> Mapping[str, Json]:
        """
        The declared body of the request; {} where there is none.
        """
        found: Mapping[str, Json] = resolve(self.document, self.spec.get("requestBody", {}))
        return found

    @functools.cached_property
    def request_schema(self) -> Json:
        """
        Of the JSON body, else of the first content; {} where the operation takes no body.
        """
        declared = media_of(self.request_body)
        return self.operation.request_schema or (declared[1] if declared else {})

    @functools.cached_property
    def oracle(self) -> Oracle | None:
        """
        Of the body; None where the operation takes none.
        """
        return Oracle(self.document, self.request_schema) if self.request_schema != {} or self.request_body else None

    @functools.cached_property
    def body_required(self) -> bool:
        return bool(self.request_body.get("required", not self.spec))

    @functools.cached_property
    def responses(self) -> dict[str, Json]:
        """
        The declared responses by status as it is written, in capitals.
        """
        declared = self.spec.get("responses", {})
        return {str(status).upper(): resolve(self.document, node) for status, node in declared.items()}

    @functools.cached_property
    def status(self) -> int:
        """
        The first success that is declared; 200 for a range, for the default or for none.
        """
        numbers = [status for status in self.operation.success_schemas if isinstance(status, int)]
        written = [int(status) for status in self.responses if status.startswith("2") and status.isdigit()]
        return next(iter([*numbers, *written]), 200)

    def response_at(self, status: int) -> Json:
        """
        The declared response for a status: its own, that of its range, or the default one; {} where there is none.
        """
        names = (str(status), f"{status // 100}XX", "DEFAULT")
        return next((self.responses[name] for name in names if name in self.responses), {})

    @functools.cached_property
    def media(self) -> tuple[str, Json] | None:
        """
        Media type and schema of the success; None where it has no body.
        """
        if self.status in (204, 205, 304):
            return None
        declared = media_of(self.response_at(self.status))
        schema = self.operation.success_schemas.get(self.status)
        if not schema and (declared or self.responses):
            return declared
        return (declared[0] if declared else "application/json"), schema

    @functools.cached_property
    def whole(self) -> Place:
        """
        The whole body of the success, beside the request's.
        """
        return Place(self.document, [self.media[1]] if self.media else ())

    @functools.cached_property
    def about_path(self) -> tuple[str, ...]:
        """
        The members that lead to the object that the response is about.
        """
        stem = re.sub(r"[_-]?id$", "", self.names[-1] if self.names else "", flags=re.IGNORECASE)
        return object_path(self.whole, stem)

    @functools.cached_property
    def about(self) -> Place:
        """
        The object that the response is about, beside the body of the request.
        """
        return Place(self.document, self.whole.at(self.about_path).nodes, [self.request_schema])

    @functools.cached_property
    def success(self) -> Oracle | None:
        return Oracle(self.document, self.media[1]) if self.media else None

    def oracle_of(self, schema: Json) -> Oracle:
        """
        A validator of one schema of the document, compiled once.
        """
        key = id(schema)
        if key not in self._oracles:
            self._oracles[key] = Oracle(self.document, schema)
        return self._oracles[key]

    @functools.cached_property
    def links(self) -> tuple[tuple[str, str, str], ...]:
        """
        (operation that takes it, its parameter, JSON Pointer into the body) of each link to a value in the body.
        """
        found = self.response_at(self.status).get("links", {}).values()
        return tuple(_links(resolve(self.document, link) for link in found))


def _links(links: Iterator[Json]) -> Iterator[tuple[str, str, str]]:
    start = "$response.body#"
    for link in links:
        for parameter, expression in link.get("parameters", {}).items():
            if isinstance(expression, str) and expression.startswith(start) and "operationId" in link:
                yield link["operationId"], parameter.removeprefix("path."), expression.removeprefix(start)


def media_of(response: Mapping[str, Json]) -> tuple[str, Json] | None:
    """
    Media type and schema of the content of a response, JSON before others; None where it has none.
    """
    content = sorted(response.get("content", {}).items(), key=lambda entry: "json" not in entry[0].lower())
    return next(((kind, media.get("schema", {})) for kind, media in content), None)


@dataclass(frozen=True, slots=True)
class Home:
    """
    Where objects of one kind are kept: the path above their ids.
    """

    template: tuple[str, ...]
    """Segments, `{name}` for a parameter."""
    parameter: str
    made: bool
    """Whether an operation creates objects there."""
    listed: bool
    linked: bool
    """Whether a link of the document says where its ids come from."""

    def key(self, path: Mapping[str, str]) -> Key | None:
        """
        The collection that the parameters of a request lead to; None where they do not tell it.
        """
        names = [part[1:-1] if part[:1] == "{" else "" for part in self.template]
        if any(name and name not in path for name in names):
            return None
        return tuple(path[name] if name else part for name, part in zip(names, self.template, strict=True))


class Routes:
    """
    The operations of a contract, by path.
    """

    def __init__(self, contract: Contract) -> None:
        self.base = base_path(contract)
        found = [Served(contract, operation, self.base) for operation in contract.operations.values()]
        self.served = tuple(sorted(found, key=lambda one: len(one.names)))
        """A path without parameters is met before one with."""
        self.owned = any(set(OWNER) <= set(one.names) for one in found)
        """Whether objects belong to an account and an app, whose ids have their own forms."""
        self.by_name = {one.operation.name: one for one in self.served}
        self._by_shape: dict[str, list[Served]] = {}
        for one in self.served:
            self._by_shape.setdefault(one.shape, []).append(one)

    def on(self, request: Request) -> tuple[list[Served], tuple[str, ...]]:
        """
        The operations on the path of a request, and the values of its parameters. Raises RefusalError where there are
        none.
        """
        path = urlsplit(request.url).path
        for one in self.served:
            if match := one.pattern.fullmatch(path):
                return self._by_shape[one.shape], tuple(map(unquote, match.groups()))
        if any(one.nearly.fullmatch(path) for one in self.served):
            raise edge(404, UNROUTED, NO_ROUTE)
        if self.base and not path.startswith(f"{self.base}/"):
            raise own(404, f"nothing is served here: the paths of the contract begin with {self.base}")
        raise own(
            501, f"the contract has no such path; GET /openapi.json shows the {len(self.served)} operations it has"
        )

    def name_of(self, request: Request) -> str:
        """
        The name of the operation that a request is for; "" for none.
        """
        path = urlsplit(request.url).path
        shape = next((one.shape for one in self.served if one.pattern.fullmatch(path)), "")
        served = operation_on(self._by_shape.get(shape, []), request.method)
        return served.operation.name if served else ""

    @functools.cached_property
    def homes(self) -> dict[str, Home]:
        """
        Shape of a path that ends in an id -> where its objects are kept.
        """
        found: dict[str, Home] = {}
        for shape, operations in self._by_shape.items():
            path = operations[0].operation.path
            segments = tuple(path.strip("/").split("/"))
            if not (segments[-1][:1] == "{" and segments[-1].count("{") == 1 and segments[-1][-1:] == "}"):
                continue
            above = self._by_shape.get(shape.rpartition("/")[0], [])
            roles = {one.operation.role for one in above}
            found[shape] = Home(
                template=segments[:-1],
                parameter=segments[-1][1:-1],
                made="create" in roles or shape in self._made_elsewhere,
                listed="list" in roles,
                linked=(shape, segments[-1][1:-1]) in self._link_ends,
            )
        return found

    @functools.cached_property
    def _link_ends(self) -> frozenset[tuple[str, str]]:
        """
        Shapes of the paths that links lead to, each with the parameter.
        """
        ends = ((self.by_name.get(taker), parameter) for one in self.served for taker, parameter, _ in one.links)
        return frozenset((one.shape, parameter) for one, parameter in ends if one)

    @functools.cached_property
    def _made_elsewhere(self) -> frozenset[str]:
        """
        Shapes of the paths that a link of a create leads to, where the create has no such path below its own.
        """
        creates = (one for one in self.served if one.operation.role == "create")
        links = (link for one in creates if f"{one.shape.rstrip('/')}/{{}}" not in self._by_shape for link in one.links)
        takers = ((self.by_name.get(taker), parameter) for taker, parameter, _ in links)
        return frozenset(one.shape for one, name in takers if one and one.operation.path.endswith(f"/{{{name}}}"))

    def home_of(self, served: Served) -> Home | None:
        """
        Where the object of an operation is kept: its path ends in an id, or a path with a further id does.
        """
        if served.operation.role in ("create", "list"):
            return self.homes.get(f"{served.shape.rstrip('/')}/{{}}") or self._linked(served)
        return self.homes.get(served.shape)

    def _linked(self, served: Served) -> Home | None:
        for taker, parameter, _ in served.links:
            home = self.homes.get(self.by_name[taker].shape) if taker in self.by_name else None
            if home and home.parameter == parameter:
                return home
        return None

    @functools.cache  # noqa: B019  # one for each emulator, which keeps its routes for as long as it lives
    def above(self, served: Served) -> tuple[tuple[Home, str], ...]:
        """
        The objects that have to be there for an operation: those of the ids in its path, with their parameters.
        """
        found: list[tuple[Home, str]] = []
        segments = served.operation.path.strip("/").split("/")
        shape = ""
        for segment in segments:
            shape += "/" + re.sub(r"\{[^{}]*\}", "{}", segment)
            home = self.homes.get(shape)
            if home and not (home.made or home.listed):
                home = self._maker_of(served.operation.name, home.parameter) or home
            if home:
                found.append((home, segment[1:-1]))
        return tuple(found)

    def kept(self, home: Home, taker: str) -> bool:
        """
        Whether objects of their own are kept there, and not what is told about objects of another home.
        """
        return home.made or home.listed or self._maker_of(taker, home.parameter) is None

    def _maker_of(self, taker: str, parameter: str) -> Home | None:
        """
        Where an id is made that an operation takes, by a link of the document.
        """
        for one in self.served:
            if one.operation.role == "create" and (taker, parameter) in {link[:2] for link in one.links}:
                return self.home_of(one)
        return None

    def reader_of(self, home: Home) -> Served | None:
        """
        The operation that reads an object of a home; another one on its path where none reads.
        """
        shape = re.sub(r"\{[^{}]*\}", "{}", "/" + "/".join((*home.template, "{}")))
        operations = self._by_shape.get(shape, [])
        return next((one for one in operations if one.operation.role == "read"), next(iter(operations), None))

    def creator_of(self, home: Home) -> Served | None:
        """
        The operation that creates objects right there.
        """
        shape = re.sub(r"\{[^{}]*\}", "{}", "/" + "/".join(home.template))
        return next((one for one in self._by_shape.get(shape, ()) if one.operation.role == "create"), None)


def operation_on(matching: list[Served], method: str) -> Served | None:
    """
    The operation of the method, among those on one path; that of GET for HEAD.
    """
    by_method = {one.operation.method: one for one in matching}
    return by_method.get(method) or (by_method.get("GET") if method == "HEAD" else None)


def allowed(matching: list[Served]) -> str:
    """
    The methods that a path knows, for the header `allow`.
    """
    return ", ".join(sorted({one.operation.method for one in matching}))
