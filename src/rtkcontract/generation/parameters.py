"""
Parameters as a part of the request space: one object of path, query, header, cookie and body; pure.

1. An operation whose request is its body alone keeps the body as its space. For any other the space is the object
   {"path": …, "query": …, "header": …, "cookie": …, "body": …}, and everything that is derived from a schema is derived
   from the schema of that object.
2. What counts is what arrives: two values that are one text on the wire are one case, and the schema judges the value
   that the text stands for.
3. An id that an earlier response or the target gives is no part of the space; what else can stand in its place is.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from rtkcontract.contract.expectation import Oracle, source_ids, sources_of
from rtkcontract.contract.fake_data import MARK
from rtkcontract.contract.parameters import PLACES, nodes_of, pairs_of, read, text_of
from rtkcontract.contract.requests import ACCOUNT_PARAMETERS
from rtkcontract.generation.partitions import Candidate, Level, collect
from rtkcontract.json_schema.json_text import NotStrictJson, Written, encode, loads
from rtkcontract.json_schema.values import ABSENT, MEMBERS, Place, same, types_of
from rtkcontract.model import Case, Contract, Expectation, Json, Made, Operation, Overrides, Parameter
from rtkcontract.openapi.references import located, resolve

SPACE: Final = "x-request-space"
"""Where the schema of the object stands in the document that the engine sees."""


BODY: Final = "body"


IGNORED: Final = ("accept", "content-type", "authorization")
"""Header parameters that OpenAPI does not let a document declare (3.1, 4.8.12.2)."""


SENDABLE: Final = {
    "path": re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~,;=-]{1,200}"),
    "header": re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?"),
    "cookie": re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+"),
}
"""Texts that arrive as they were sent: RFC 3986 3.3, RFC 9110 5.5, RFC 6265 4.1.1."""


def own_parameters(operation: Operation) -> tuple[Parameter, ...]:
    """
    The parameters whose values a case chooses.
    """
    return tuple(
        one
        for one in operation.parameters
        if (one.where != "path" or not (one.name in operation.makers or one.name in ACCOUNT_PARAMETERS))
        and not (one.where == "header" and one.name.lower() in IGNORED)
    )


def path_ids(operation: Operation) -> dict[str, Made]:
    """
    The path parameters that earlier responses give, in the order of the path.
    """
    names = re.findall(r"\{([^{}]*)\}", operation.path)
    own = [name for name in names if name in operation.makers and name not in ACCOUNT_PARAMETERS]
    return {name: operation.makers[name] for name in own}


def wire_of(document: Json, operation: Operation) -> Wire | None:
    """
    The space of an operation with more than a body, or whose body is no object with named members; None where the body
    alone is the space.
    """
    own = own_parameters(operation)
    if not own and has_body(operation) and has_names(document, operation.request_schema):
        return None
    schema = _schema(operation, own)
    return Wire(document={SPACE: {operation.name: schema}, **document}, schema=schema, operation=operation, own=own)


def has_body(operation: Operation) -> bool:
    """
    Whether a JSON body may be sent, of whatever schema.
    """
    return operation.takes_json or operation.request_schema not in ({}, None)


def has_names(document: Json, schema: Json) -> bool:
    """
    Whether a body is an object with members that the schema names.
    """
    nodes = collect(document, schema)
    return "object" in types_of(nodes[()]) and any(place[0] not in ("[]", "{}") for place in nodes if place)


def _schema(operation: Operation, own: tuple[Parameter, ...]) -> Json:
    """
    The schema of the object: a member for each place that has parameters, and the body.
    """
    members: dict[str, Json] = {}
    needed = []
    for where in PLACES:
        there = [one for one in own if one.where == where]
        required = [one for one in there if one.required]
        if there:
            needed.append(where)
            cited = [sources_of(one.schema, "type") for one in required]
            source = list(dict.fromkeys(name for names in cited for name in names)) if all(cited) else []
            members[where] = {
                "type": "object",
                "properties": {one.name: one.schema for one in there},
                **({"required": [one.name for one in required]} if required else {}),
                **({"x-source": {"required": source}} if source else {}),
            }
    if has_body(operation):
        members[BODY] = operation.request_schema
        needed.extend([BODY] if operation.body_required else [])
    return {"type": "object", "required": needed, "properties": members}


@dataclass(frozen=True, kw_only=True)
class Wire:
    """
    The space of one operation, and how its values are sent.

    `document` holds the schema of the space, so that what it says has a place; `own` are the parameters in it.
    """

    document: Json
    schema: Json
    operation: Operation
    own: tuple[Parameter, ...]

    # --- to and from a request --------------------------------------------------------------------------------------

    def sent(self, value: Json) -> tuple[bytes, Overrides] | None:
        """
        Content and overrides of the request that says a value; None where no request can.
        """
        texts: dict[str, dict[str, str]] = {"path": {}, "header": {}}
        pairs: dict[str, list[tuple[str, str]]] = {"query": [], "cookie": []}
        for one in self.own:
            given = value.get(one.where, {}).get(one.name, ABSENT)
            if one.where in pairs:
                pairs[one.where].extend(pairs_of(one, given))
                continue
            text = text_of(one, given)
            if text is not None:
                texts[one.where][one.name] = text
            elif one.where == "path":
                return None
        fixed = [("path", text) for text in texts["path"].values()]
        fixed += [("header", text) for text in texts["header"].values()]
        fixed += [("cookie", part) for pair in pairs["cookie"] for part in pair]
        if not all(SENDABLE[where].fullmatch(text) for where, text in fixed):
            return None
        headers: dict[str, str | None] = {name.lower(): text for name, text in texts["header"].items()}
        if pairs["cookie"]:
            headers["cookie"] = "; ".join("=".join(pair) for pair in pairs["cookie"])
        if has_body(self.operation) and BODY not in value:
            headers["content-type"] = None
        overrides = Overrides(path_parameters=texts["path"], query=tuple(pairs["query"]), headers=headers)
        return encode(value[BODY]) if BODY in value else b"", overrides

    def value(self, case: Case, *, as_written: bool = False) -> Json:
        """
        What the request of a case says; its body is left out where it is no JSON.
        """
        return self.said(case.content, case.overrides, as_written=as_written)

    def said(self, content: bytes, overrides: Overrides, *, as_written: bool = False) -> Json:
        """
        What content and overrides say, as a value of the space.
        """
        headers = {name.lower(): text for name, text in overrides.headers.items() if text is not None}
        cookies = [part.partition("=")[::2] for part in headers.get("cookie", "").split("; ") if part]
        said = read(
            self.document,
            self.own,
            path={name: text for name, text in overrides.path_parameters.items() if isinstance(text, str)},
            query=[(name, text) for name, text in overrides.query if not isinstance(text, Made)],
            headers=headers,
            cookies=cookies,
        )
        value: dict[str, Json] = {where: said[where] for where in self.schema["properties"] if where != BODY}
        if content and BODY in self.schema["properties"]:
            with contextlib.suppress(NotStrictJson):
                value[BODY] = loads(content, as_written=as_written)
        return value

    def arriving(self, value: Json) -> Json:
        """
        What a value is when it arrives; ABSENT where it cannot be sent.
        """
        parts = self.sent(value)
        return ABSENT if parts is None else self.said(*parts)

    # --- levels and faults ------------------------------------------------------------------------------------------

    def parameter(self, place: Place) -> Parameter | None:
        """
        The parameter that a place of the space belongs to.
        """
        found = (one for one in self.own if place[:1] == (one.where,) and place[1:2] == (one.name,))
        return next(found, None)

    def _alone(self, place: Place, value: Json) -> Json:
        """
        What arrives at a place where it is sent alone; ABSENT where nothing does.
        """
        one = self.parameter(place)
        assert one is not None  # noqa: S101  # asked for places of parameters only
        for part in reversed(place[2:]):
            value = {part: value} if part != "[]" else [value]
        wire = Wire(
            document=self.document, schema={"properties": {one.where: {}}}, operation=self.operation, own=(one,)
        )
        arrived = wire.arriving({one.where: {one.name: value}})
        for part in place if arrived is not ABSENT else ():
            if isinstance(arrived, list):
                arrived = arrived[0] if arrived else ABSENT
            else:
                arrived = arrived.get(part, ABSENT) if isinstance(arrived, dict) else ABSENT
        return arrived

    def levels(self, place: Place, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        """
        The levels of a place with the values that arrive as they are. An empty text has cases of its own.
        """
        if len(place) == 1 and place[0] != BODY:  # nothing is sent where nothing must be
            return tuple(sorted(levels, key=lambda level: level.value != {} and level.value is not ABSENT))
        if self.parameter(place) is None:
            return levels
        return tuple(self._arriving_levels(place, levels))

    def _arriving_levels(self, place: Place, levels: tuple[Level, ...]) -> Iterator[Level]:
        for level in levels:
            if level.value is ABSENT or level.value is MEMBERS:
                yield level
                continue
            kept = (value for value in level.values if not _spelled(value, level))
            values = tuple(value for value in kept if self.arrives(place, value))
            if values:
                yield replace(level, values=values)

    def arrives(self, place: Place, value: Json) -> bool:
        """
        Whether a value arrives as it is. What stands for nothing on the wire, such as an empty text, does not.
        """
        return "" not in (value if isinstance(value, list) else [value]) and same(self._alone(place, value), value)

    def others(self, place: Place, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """
        The faults of a place that are faults on the wire as well, and a word where a number or boolean belongs.
        """
        one = self.parameter(place)
        if len(place) == 1 and place[0] != BODY:
            return ()
        if one is None:
            return candidates
        kinds = types_of(nodes_of(self.document, self._node(place)))
        wrong = Candidate(partition="wrong-type-string", keyword="type", value=MARK)
        typed = not {"string", "array", "object"} & set(kinds)
        kept = [
            candidate
            for candidate in candidates
            if not candidate.partition.startswith("wrong-type") and self.arrives(place, candidate.value)
        ]
        return (*([wrong] if typed else ()), *kept)

    def _node(self, place: Place) -> Json:
        node = self.schema
        for part in place:
            node = resolve(self.document, node)
            node = node.get("items", {}) if part == "[]" else node.get("properties", {}).get(part, {})
        return node

    # --- cases that no schema derives -------------------------------------------------------------------------------

    def extras(self, minimal: Case) -> Iterator[Case]:
        """
        Empty, nameless, repeated and unknown parameters: a document says little of them.
        """
        queries = [one for one in self.own if one.where == "query"]
        for one in queries:
            yield self._extra(minimal, one, "empty-value", (one.name, ""), self._emptied(one))
        for one in queries[:1]:
            yield self._extra(minimal, one, "without-value", (one.name, None), self._emptied(one, bare=True))
        single = [
            one for one in queries if not {"array", "object"} & set(types_of(nodes_of(self.document, one.schema)))
        ]
        for one in single[:1]:
            value = _first(self.document, one)
            reason = "no source says which of two values counts"
            opened = Expectation(outcome="unspecified", reason=reason)
            yield self._extra(minimal, one, "repeated", (one.name, value), opened, again=True)
        if "query" in self.schema["properties"] or self.operation.method == "GET":
            reason = "no source says whether an unknown parameter is ignored or refused"
            unknown = Parameter(where="query", name=f"{MARK}_unknown", required=False, schema={})
            opened = Expectation(outcome="unspecified", reason=reason)
            yield self._extra(minimal, unknown, "unknown-parameter", (unknown.name, "1"), opened)

    def _extra(
        self,
        minimal: Case,
        one: Parameter,
        partition: str,
        pair: tuple[str, str | None],
        expect: Expectation,
        *,
        again: bool = False,
    ) -> Case:
        kept = tuple(entry for entry in minimal.overrides.query if entry[0] != one.name)
        overrides = replace(minimal.overrides, query=(*kept, pair, *([pair] if again else ())))
        field = "query" if partition == "unknown-parameter" else f"query.{one.name}"
        return replace(
            minimal,
            id=f"{self.operation.name}/{field}/{partition}",
            side="invalid" if expect.outcome != "accepted" else "valid",
            partition=partition,
            field=field,
            keyword="allowEmptyValue" if "value" in partition else "explode" if again else "parameters",
            overrides=overrides,
            expect=expect,
            note="",
        )

    def _emptied(self, one: Parameter, *, bare: bool = False) -> Expectation:
        """
        What the sources say of an empty value: `allowEmptyValue` takes it, the schema of any other decides.
        """
        expect = Oracle(self.document, one.schema).expectation("")
        if bare:
            return Expectation(outcome="unspecified", reason="no source says what a name without a value means")
        if expect.outcome == "unspecified":
            return expect
        if one.allow_empty_value:
            return Expectation(
                outcome="accepted", reason="allowEmptyValue is declared", sources=sources_of(one.schema, "type")
            )
        if expect.outcome == "accepted" or {"array", "object"} & set(types_of(nodes_of(self.document, one.schema))):
            return Expectation(outcome="unspecified", reason="allowEmptyValue is not declared, and the schema takes it")
        reason = expect.reason.replace("the body", f"query.{one.name}", 1)
        return replace(expect, reason=reason, schema_at=self.placed(expect.schema_at))

    @property
    def place(self) -> str:
        """
        Where the document has the operation.
        """
        path = self.operation.path.replace("~", "~0").replace("/", "~1")
        return located(f"/paths/{path}/{self.operation.method.lower()}", self.document)

    def placed(self, pointer: str) -> str:
        """
        A place in the schema of the space as a place in the document; "" where the document has none.
        """
        rest = pointer.partition(f"/{SPACE}/{self.operation.name}/properties/")[2].split("/")
        if len(rest) < 3 or rest[0] == BODY:
            return ""
        one = self.parameter((rest[0], rest[2].replace("~1", "/").replace("~0", "~")))
        item = self.document["paths"].get(self.operation.path, {})
        spec = item.get(self.operation.method.lower(), {})
        start = "/paths/" + self.operation.path.replace("~", "~0").replace("/", "~1")
        for holder, at in ((spec, f"{start}/{self.operation.method.lower()}"), (item, start)):
            for number, node in enumerate(holder.get("parameters", ())):
                found = resolve(self.document, node)
                if one is not None and (found.get("in"), found.get("name")) == (one.where, one.name):
                    own = node["$ref"].removeprefix("#") if "$ref" in node else f"{at}/parameters/{number}"
                    return located("/".join([own, "schema", *rest[3:]]), self.document)
        return ""


def _spelled(value: Json, level: Level) -> bool:
    """
    Whether a number is written in another way than the first of its level: no source says which ways a text may have.
    """
    return isinstance(value, Written) and level.partition.startswith("at-")


def _first(document: Json, one: Parameter) -> str:
    """
    A plain value of a parameter as text.
    """
    for node in nodes_of(document, one.schema):
        for value in (*node.get("enum", ()), *node.get("examples", ())):
            return value if isinstance(value, str) else encode(value).decode()
        if "minimum" in node:
            return str(max(1, int(node["minimum"])))
    kinds = types_of(nodes_of(document, one.schema))
    return {"boolean": "true", "string": MARK}.get(kinds[0], "1") if kinds else MARK


# --- ids in the path ------------------------------------------------------------------------------------------------

NOBODY: Final = "no object has this id"


ID_FAULTS: Final = {
    # form: (whether a source refuses it, reason)
    "unknown": (True, NOBODY),
    "cut": (True, NOBODY),
    "of-another-kind": (True, NOBODY),
    "too-long": (True, NOBODY),
    "upper-case": (False, "no source says whether letters of an id are told apart"),
    "percent-encoded": (False, "it is the same path (RFC 3986, 6.2.2.2), and no source says that servers treat it so"),
    "empty": (False, "without the id it is another path"),
}


def hostile_ids(operation: Operation, minimal: Case) -> Iterator[Case]:
    """
    Ids that are nobody's, and other ways to write one, for the last id of the path; one that is nobody's for the rest.
    Only a GET goes without its id: nobody knows what another method does to the collection.

    A server has no representation of an object that does not exist, so it refuses (RFC 9110, 15.5.5).
    """
    ids = path_ids(operation)
    for number, (name, made) in enumerate(reversed(ids.items())):
        forms = (
            [form for form in ID_FAULTS if form != "empty" or operation.method == "GET"] if number == 0 else ["unknown"]
        )
        for form in forms:
            refused, reason = ID_FAULTS[form]
            changed = replace(made, form=form)
            yield _with_id(operation, minimal, name, form, changed, refused, reason)
        other = next((one for one in ids.values() if one.operation != made.operation), None)
        if other is not None:
            yield _with_id(operation, minimal, name, "of-another-object", other, True, "it is the id of another kind")


def _with_id(
    operation: Operation, minimal: Case, name: str, partition: str, made: Made, refused: bool, reason: str
) -> Case:
    kind = "not_found" if refused else ""
    return replace(
        minimal,
        id=f"{operation.name}/path.{name}/{partition}",
        side="invalid",
        partition=f"id-{partition}",
        field=f"path.{name}",
        keyword="path",
        note="",
        overrides=replace(minimal.overrides, path_parameters={**minimal.overrides.path_parameters, name: made}),
        expect=Expectation(
            outcome="rejected" if refused else "unspecified",
            reason=reason,
            rejection=kind,
            sources=("http",) if refused else (),
        ),
    )


# --- what no request of ours decides --------------------------------------------------------------------------------


def undecided(contract: Contract, operation: Operation, above: tuple[str, ...] = ()) -> Expectation | None:
    """
    Why no source says that a valid request is accepted; None where one does.

    A document says so with `x-needs`, or with a 404 or 409 of its own. An id that no response gives may be nobody's.
    """
    spec = contract.document.get("paths", {}).get(operation.path, {}).get(operation.method.lower(), {})
    needs = spec.get("x-needs")
    if needs:
        return _opened(f"it needs {needs['state']}: {needs['reason']}", needs.get("source"))
    if any(str(status) in ("404", "409", "410") for status in spec.get("responses", {})):
        return _opened("the document declares that it may be refused as it stands")
    for one in own_parameters(operation):
        if one.where == "path" and not any(
            {"enum", "const"} & node.keys() for node in nodes_of(contract.document, one.schema)
        ):
            return _opened(f"no response gives the id {one.name}, so it may be nobody's")
    for made in path_ids(operation).values():
        maker = contract.operations.get(made.operation)
        if maker is not None and maker.name not in (*above, operation.name):
            why = undecided(contract, maker, (*above, operation.name))
            if why is not None:
                return why
    return None


def _opened(reason: str, source: Json = None) -> Expectation:
    return Expectation(outcome="unspecified", reason=reason, sources=source_ids(source))


def own_object(operation: Operation, case: Case) -> Case:
    """
    The case with an object of its own where it ends its object.
    """
    ids = path_ids(operation)
    if operation.role != "delete" or not ids or case.expect.outcome == "rejected":
        return case
    name, made = list(ids.items())[-1]
    if name in case.overrides.path_parameters:
        return case
    paths = {**case.overrides.path_parameters, name: replace(made, fresh=True)}
    return replace(case, overrides=replace(case.overrides, path_parameters=paths))
