"""
(document, operation) -> everything of one operation that two revisions can be compared by.

1. Each `$ref` is replaced by what it names. A reference to nowhere, out of reach, or back to itself is an error.
2. OpenAPI 3.0 is put into the words of 3.1: `nullable` and the boolean exclusive bounds.
3. Only what one operation needs is visited, so that a document of any size can be handed in piece by piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from rtkcontract.model import Json, Parameter

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


Sides: TypeAlias = Literal["both", "request", "answer"]


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
