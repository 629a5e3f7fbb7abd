"""
An OpenAPI document -> its operations as they are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rtkcontract.errors import CannotTell
from rtkcontract.model import Json, Parameter
from rtkcontract.openapi.operation import Answer, Credential, Sides, Surface
from rtkcontract.openapi.references import Find, Whole


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
