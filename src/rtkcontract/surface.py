"""
(document, operation) -> everything of one operation that two revisions can be compared by.

1. Each `$ref` is replaced by what it names. A reference to nowhere, out of reach, or back to itself is an error.
2. OpenAPI 3.0 is put into the words of 3.1: `nullable` and the boolean exclusive bounds.
3. Only what one operation needs is visited, so that a document of any size can be handed in piece by piece.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from rtkcontract.errors import CannotTell
from rtkcontract.model import Json
from rtkcontract.subschemas import rebuilt

Find: TypeAlias = Callable[[str, str], Json]
"""(file, JSON Pointer) -> what stands there; the file "" is the document itself. Raises LookupError."""

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Sides: TypeAlias = Literal["both", "request", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """
    A path, query, header or cookie parameter, or a header of an answer.
    """

    where: str
    name: str
    required: bool
    schema: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What may come with one status: media type to schema, and headers by their lower-case name.
    """

    media: Mapping[str, Json]
    headers: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """
    One scheme of one alternative: `told` is what a caller sends, such as `http bearer` or `apiKey header X-Key`.
    """

    name: str
    told: str
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """
    One operation of one revision. A plain JSON Schema has `method` "" and nothing but a body and an answer.
    """

    name: str
    method: str = ""
    path: str = ""
    operation_id: str = ""
    servers: tuple[str, ...] = ()
    security: tuple[tuple[Credential, ...], ...] = ()
    """Alternatives; () where no credential is asked for."""
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Json] | None = None
    """Media type to schema; None where there is no body."""
    body_required: bool = False
    answers: Mapping[str, Answer] = field(default_factory=dict)
    limits: tuple[Json, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    deprecated: bool = False


def _elsewhere(file: str, ref: str) -> tuple[str, str]:
    target, _, fragment = ref.partition("#")
    if "://" in target:
        raise CannotTell(f"the reference {ref} leads out of the document; only files beside it can be read")
    if target:
        file = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
    return file, fragment


class Whole:
    """
    Replaces references; what was replaced once is kept.
    """

    def __init__(self, find: Find, where: str, old_words: bool) -> None:
        self.find, self.where, self.old_words = find, where, old_words
        self._known: dict[tuple[str, str], Json] = {}
        self._open: list[tuple[str, str]] = []

    def behind(self, node: Json, file: str) -> tuple[Json, str]:
        """
        What a reference object of OpenAPI (a parameter, a response) stands for, and the file that it stands in.
        """
        for _ in range(50):
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                return node, file
            file, fragment = _elsewhere(file, node["$ref"])
            node = self._found(file, fragment, node["$ref"])
        raise CannotTell(f"{self.where}: the reference {node['$ref']} leads back to itself")

    def _found(self, file: str, fragment: str, ref: str) -> Json:
        try:
            if fragment and not fragment.startswith("/"):
                raise LookupError("only JSON Pointers can be followed, not anchors")
            return self.find(file, fragment)
        except LookupError as error:
            reason = str(error).strip("'")
            raise CannotTell(f"{self.where}: the reference {ref} leads nowhere ({reason})") from None

    def schema(self, node: Json, file: str = "") -> Json:
        """
        The schema with every reference replaced.
        """
        if isinstance(node, bool):
            return node
        if not isinstance(node, dict):
            raise CannotTell(f"{self.where}: a schema is an object or a boolean, here stands {str(node)[:40]}")
        for key in ("$dynamicRef", "$recursiveRef"):
            if key in node:
                raise CannotTell(f"{self.where}: {key} cannot be compared; write a plain $ref")
        if isinstance(node.get("$ref"), str):
            return self._replaced(node, file)
        return self._in_new_words(rebuilt(node, lambda part: self.schema(part, file)))

    def _replaced(self, node: Json, file: str) -> Json:
        target, fragment = _elsewhere(file, node["$ref"])
        key = (target, fragment)
        if key in self._open:
            loop = " -> ".join(f"{name}#{at}" for name, at in [*self._open[self._open.index(key) :], key])
            raise CannotTell(
                f"{self.where}: the reference {node['$ref']} leads back to itself ({loop}); a cycle cannot be compared"
            )
        if key not in self._known:
            self._open.append(key)
            self._known[key] = self.schema(self._found(target, fragment, node["$ref"]), target)
            self._open.pop()
        behind = self._known[key]
        beside = {name: value for name, value in node.items() if name != "$ref"}
        if not beside or self.old_words:
            return behind
        beside = self.schema(beside, file)
        if isinstance(behind, dict) and not set(behind) & set(beside) - {"description", "title", "summary"}:
            return {**behind, **beside}
        return {**beside, "allOf": [behind, *beside.get("allOf", ())]}

    def _in_new_words(self, node: Json) -> Json:
        made = {key: value for key, value in node.items() if key not in ("$defs", "definitions", "$schema", "$id")}
        if not self.old_words:
            return made
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(made.get(exclusive), bool) and made.pop(exclusive) and bound in made:
                made[exclusive] = made.pop(bound)
        if made.pop("nullable", False) is True:
            made = _with_null(made)
        return made


def _with_null(node: Json) -> Json:
    """
    Null as a type; `nullable` counts only beside a `type`, and an `enum` has to list null itself.
    """
    kinds = node.get("type")
    if kinds is None:
        return node
    return {**node, "type": [*(kinds if isinstance(kinds, list) else [kinds]), "null"]}


def of_schema(schema: Json, find: Find, where: str, name: str, sides: Sides = "both", file: str = "") -> Surface:
    """
    A plain JSON Schema as a surface: the body of a request, the data of an answer, or both.
    """
    whole = Whole(find, where, old_words=False).schema(schema, file)
    media = {"application/json": whole}
    answers = {"": Answer(media=media, headers={})}
    return Surface(name=name, body=media if sides != "answer" else None, answers=answers if sides != "request" else {})


class Reader:
    """
    Reads the operations of one OpenAPI document.
    """

    def __init__(self, document: Mapping[str, Json], find: Find, where: str) -> None:
        """
        `document` holds the root members but for `paths` and `components`, which are reached through `find`.
        """
        self.document, self.where = document, where
        self.whole = Whole(find, where, old_words=str(document.get("openapi", "")).startswith("3.0"))

    def surface(self, path: str, method: str, item: Json, name: str = "") -> Surface:
        """
        Raises CannotTell with one line where the document is not what OpenAPI says.
        """
        try:
            return self._surface(path, method, item, name)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CannotTell(
                f"{self.where}: {method.upper()} {path} is not written as OpenAPI 3 says "
                f"({type(error).__name__}: {error})"
            ) from None

    def _surface(self, path: str, method: str, item: Json, name: str) -> Surface:
        spec = item[method]
        body, file = self.whole.behind(spec.get("requestBody"), "")
        return Surface(
            name=name or spec.get("operationId") or f"{method.upper()} {path}",
            method=method.upper(),
            path=path,
            operation_id=spec.get("operationId", ""),
            servers=tuple(
                server["url"].rstrip("/")
                for server in spec.get("servers", item.get("servers", self.document.get("servers", [{"url": ""}])))
            ),
            security=tuple(self._security(spec.get("security", self.document.get("security", ())))),
            parameters=tuple(self._parameters(item.get("parameters", ()), spec.get("parameters", ()))),
            body=self._media(body.get("content", {}), file) if body else None,
            body_required=bool(body and body.get("required", False)),
            answers={str(status).upper(): self._answer(answer) for status, answer in spec.get("responses", {}).items()},
            limits=tuple(spec.get("x-rate-limits", ())),
            texts={key: str(spec[key]) for key in ("summary", "description", "tags") if key in spec},
            deprecated=spec.get("deprecated") is True,
        )

    def _media(self, content: Json, file: str) -> dict[str, Json]:
        return {kind: self.whole.schema(value.get("schema", {}), file) for kind, value in content.items()}

    def _answer(self, node: Json) -> Answer:
        node, file = self.whole.behind(node, "")
        return Answer(
            media=self._media(node.get("content", {}), file),
            headers={
                name.lower(): self._parameter({**self.whole.behind(value, file)[0], "in": "header", "name": name}, file)
                for name, value in node.get("headers", {}).items()
            },
        )

    def _parameter(self, node: Json, file: str) -> Parameter:
        content = next(iter(node.get("content", {}).values()), node)
        return Parameter(
            where=node["in"],
            name=node["name"],
            required=node.get("required") is True,
            schema=self.whole.schema(content.get("schema", {}), file),
        )

    def _parameters(self, *lists: Iterable[Json]) -> Iterator[Parameter]:
        found = {}
        for nodes in lists:
            for node in nodes:
                parameter = self._parameter(*self.whole.behind(node, ""))
                found[parameter.where, parameter.name] = parameter
        yield from found.values()

    def _security(self, alternatives: Iterable[Json]) -> Iterator[tuple[Credential, ...]]:
        for alternative in alternatives:
            yield tuple(
                Credential(name=name, told=self._scheme(name), scopes=frozenset(scopes))
                for name, scopes in sorted(alternative.items())
            )

    def _scheme(self, name: str) -> str:
        at = "/components/securitySchemes/" + name.replace("~", "~0").replace("/", "~1")
        scheme, _ = self.whole.behind({"$ref": f"#{at}"}, "")
        return " ".join(str(scheme[key]) for key in ("type", "scheme", "in", "name") if key in scheme)
