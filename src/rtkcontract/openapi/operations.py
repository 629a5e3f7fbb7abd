"""
The operations of a document by name, each read when it is asked for.

1. An operation goes by its operationId. One without, and the second with the same, goes by "POST /path"; any can be
   asked for in that form.
2. Iterating reads every operation and leaves out those that are refused; asking for one of these says why.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from rtkcontract.errors import CannotTell
from rtkcontract.model import Json, Made, Operation, Role
from rtkcontract.openapi import links
from rtkcontract.openapi.reader import Call, Reader
from rtkcontract.openapi.references import Spot

Completed = Callable[[Operation], Operation]
"""Adds what stands beside the document, such as `cases.json`."""


class Operations(Mapping[str, Operation]):
    """
    The operations of one document.
    """

    def __init__(self, reader: Reader, completed: Completed = lambda operation: operation) -> None:
        self.reader, self._completed = reader, completed
        self.refused: dict[str, str] = {}
        """Name of an operation, or a path, that was met and cannot be read -> why."""
        self.doubled: list[str] = []
        """"POST /path" of operations that were met and whose operationId an earlier one has."""
        self._read: dict[str, Operation] = {}
        self._plain: dict[str, Operation] = {}
        self._calls: dict[str, Call] = {}

    # --- by name ----------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Operation:
        call = self.call(name)
        if call is None:
            raise KeyError(name)
        proper = self._named(call)
        if proper not in self._read:
            try:
                operation = replace(self.plain(call), makers=self._makers(call))
                self._read[proper] = self._completed(operation)
            except CannotTell as problem:
                self.refused[proper] = str(problem)
                raise CannotTell(f"the operation {proper} cannot be read: {problem}") from None
        return self._read[proper]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.call(name) is not None

    def __iter__(self) -> Iterator[str]:
        """
        Raises CannotTell where no operation can be read, so that there is always a first.
        """
        some = False
        for name, _ in self.calls():
            try:
                self[name]
            except CannotTell:
                continue
            some = True
            yield name
        if not some:
            raise CannotTell(
                next(iter(self.refused.values()), "")
                or f"{self._shown} has no operation under paths; an OpenAPI 3 document is needed"
            )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def _shown(self) -> str:
        return self.reader.files.told(Spot(None, self.reader.files.name, "")).removesuffix("#")

    def named(self, name: str) -> Operation:
        """
        An operation by the name that a user gives it. Raises CannotTell with the names that come closest.
        """
        if name in self:
            return self[name]
        raise CannotTell(self.unknown(name))

    def unknown(self, name: str) -> str:
        """
        That there is no such operation, with the names that come closest.
        """
        path = name.partition(" ")[2]
        known = tuple(self.reader.paths)
        if path:
            near = [other for other in known if other.endswith(path[-20:])] or difflib.get_close_matches(path, known)
        else:
            ids = [call.operation_id or call.name for call in self._some()]
            near = difflib.get_close_matches(name, ids, 5, 0.4) or ids
        hint = f"; it has {', '.join(near[:5])}" if near else f"; it has {len(known)} paths"
        return f"{self._shown} has no operation {name}{hint}; name it by operationId or as 'POST /path'"

    def _some(self, most: int = 200) -> Iterator[Call]:
        for path in itertools.islice(self.reader.paths, most):
            yield from self._calls_of(path)

    def _calls_of(self, path: str) -> tuple[Call, ...]:
        """
        The methods of a path; none, and the reason kept, where the path item cannot be read.
        """
        try:
            return tuple(self.reader.calls(path))
        except CannotTell as problem:
            self.refused[path] = str(problem)
            return ()

    def call(self, name: str) -> Call | None:
        """
        The first operation in the document with an id, or the one of a method and path.
        """
        if name not in self._calls:
            for path in self.reader.candidates(name):
                for call in self._calls_of(path):
                    if name in (call.operation_id, call.name):
                        self._calls[name] = call
                        return call
        return self._calls.get(name)

    def _named(self, call: Call) -> str:
        first = self.call(call.operation_id) if call.operation_id else None
        return call.operation_id if first and first.name == call.name else call.name

    def calls(self) -> Iterator[tuple[str, Call]]:
        """
        Name and place of every operation, none of them read.
        """
        seen: set[str] = set()
        for path in self.reader.paths:
            for call in self._calls_of(path):
                name = call.operation_id or call.name
                if name in seen:
                    if call.name not in self.doubled:
                        self.doubled.append(call.name)
                    name = call.name
                seen.add(name)
                self._calls.setdefault(name, call)
                yield name, call

    # --- roles and links --------------------------------------------------------------------------------------------

    def plain(self, call: Call) -> Operation:
        """
        An operation with its role, and without what other operations say about it.
        """
        if call.name not in self._plain:
            made = self.reader.operation(call, self._named(call))
            self._plain[call.name] = replace(made, role=self._role(made, call))
        return self._plain[call.name]

    def _role(self, operation: Operation, call: Call) -> Role:
        declared = links.declared_role(call.spec.value)
        if declared:
            return declared
        items = links.has_items(call.path, self.reader.paths)
        lists = singleton = False
        if not items and not links.is_item(call.path):
            get = operation if call.method == "GET" else self._get(call.path)
            lists = get is not None and links.gives_list(self.reader.document, get)
            singleton = get is not None and not lists
        return links.role_of(call.method, call.path, collection=items or lists, singleton=singleton)

    def _get(self, path: str) -> Operation | None:
        for call in self._calls_of(path):
            if call.method == "GET":
                try:
                    return self.plain(call)
                except CannotTell:
                    return None
        return None

    def _makers(self, call: Call) -> dict[str, Made]:
        """
        The makers of the parameters of an operation.

        An id that nothing gives is the one under which the object of another id was made: a participant lives in the
        object that it was added to.
        """
        names = re.findall(r"\{([^{}]+)\}", call.path)
        found = dict(self._own_makers(call))
        waiting = [made.operation for name, made in found.items() if name in names]
        known = set(waiting)
        while waiting and not set(names) <= set(found):
            maker = self.call(waiting.pop(0))
            for name, made in self._own_makers(maker).items() if maker else ():
                if name in names:
                    found.setdefault(name, made)
                if made.operation not in known:
                    known.add(made.operation)
                    waiting.append(made.operation)
        return found

    def _own_makers(self, call: Call) -> dict[str, Made]:
        """
        The makers that the links name, or the paths.
        """
        operation = self.plain(call)
        if self._links:
            linked = self._links.get(call.name, {})
            listed = {parameter.name: parameter.where for parameter in operation.parameters}
            named = {**listed, **dict.fromkeys(re.findall(r"\{([^{}]+)\}", call.path), "path")}
            makers = {name: linked.get((where, name), linked.get(("", name))) for name, where in named.items()}
            return {name: made for name, made in makers.items() if made}
        creates = {}
        for path in {call.path[:at] for at in range(len(call.path)) if call.path.startswith("/{", at)}:
            for other in self._calls_of(path) if path in self.reader.paths else ():
                if other.method == "POST" and other.name != call.name:
                    creates.update(self._create(path, other))
        return links.inferred(self.reader.document, operation, creates)

    def _create(self, path: str, call: Call) -> dict[str, Operation]:
        try:
            made = self.plain(call)
        except CannotTell:
            return {}
        return {path: made} if made.role == "create" else {}

    @cached_property
    def _links(self) -> dict[str, dict[tuple[str, str], Made]]:
        """
        "GET /path" -> (where, parameter) -> its maker, by the links of the document; a create is preferred to a list.
        """
        files = self.reader.files
        if not files.main.holds(links.BODY):
            return {}
        places = {(call.spec.file, call.spec.at): call for _, call in self.calls()}
        found: dict[str, dict[tuple[str, str], tuple[int, Made]]] = {}
        for call in places.values():
            for taker, parameter, value in self._links_of(call, places):
                rank = 0 if call.method == "POST" else 1
                kept = found.setdefault(taker.name, {})
                if parameter not in kept or rank < kept[parameter][0]:
                    kept[parameter] = (rank, Made(operation=self._named(call), pointer=value))
        return {name: {key: made for key, (_, made) in kept.items()} for name, kept in found.items()}

    def _links_of(
        self, call: Call, places: Mapping[tuple[str, str], Call]
    ) -> Iterator[tuple[Call, tuple[str, str], str]]:
        """
        (operation that takes it, its parameter, JSON Pointer) of each link; links that lead nowhere say nothing.
        """
        files = self.reader.files
        responses = call.spec.member("responses")
        for status in responses.value if isinstance(responses.value, dict) else ():
            if not str(status).startswith("2"):
                continue
            try:
                response = files.behind(responses.member(status))
                listed = response.member("links")
                for name in listed.value if isinstance(listed.value, dict) else ():
                    link = files.behind(listed.member(name))
                    taker = self._taker(link.value, link, places)
                    for where, parameter, value in links.handed(link.value) if taker else ():
                        yield taker, (where, parameter), value  # type: ignore[misc]  # there is a taker
            except CannotTell:
                continue

    def _taker(self, link: Json, spot: Json, places: Mapping[tuple[str, str], Call]) -> Call | None:
        if not isinstance(link, dict):
            return None
        if isinstance(link.get("operationId"), str):
            return self.call(link["operationId"])
        if isinstance(link.get("operationRef"), str):
            target = self.reader.files.target(link["operationRef"], spot)
            return places.get((target.file, target.at))
        return None
