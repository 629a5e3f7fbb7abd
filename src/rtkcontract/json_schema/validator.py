"""
A value -> the schema keywords that it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import jsonschema_rs

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import pointer
from rtkcontract.model import Json

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """
    One broken keyword. `path` leads into the value; `name` is the member that is missing or unwanted, if that is it.
    """

    path: Path
    keyword: str
    schema_at: str
    name: str = ""
    limit: Json = None


def _detail(error: jsonschema_rs.ValidationError) -> tuple[str, Json]:
    said = error.kind.as_dict()
    names = said.get("property") or (said.get("unexpected") or [""])[0]
    limit = next(
        (said[key] for key in ("limit", "options", "expected_value", "format", "types", "pattern") if key in said), None
    )
    return str(names), limit


class Judge:
    """
    Says whether values fit one schema. Raises CannotTell for a schema that is none.
    """

    def __init__(self, schema: Json) -> None:
        try:
            self._validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise CannotTell(f"a schema cannot be used: {str(error).splitlines()[0]}") from None

    def fits(self, value: Json) -> bool:
        return bool(self._validator.is_valid(value))

    def broken(self, value: Json) -> tuple[Broken, ...]:
        """
        Every broken keyword.
        """
        found = []
        for error in self._validator.iter_errors(value):
            name, limit = _detail(error)
            parts: list[str | int] = [str(part) for part in error.schema_path]
            keyword = str(parts[-1]) if parts else "false"
            if error.kind.name == "falseSchema":
                keyword = "false"
            found.append(
                Broken(
                    path=tuple(error.instance_path), keyword=keyword, schema_at=pointer(parts), name=name, limit=limit
                )
            )
        return tuple(found)
