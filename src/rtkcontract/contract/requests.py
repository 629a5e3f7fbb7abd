"""
Fixed cases that no schema derives, and (case, target) -> request; pure.

A written case of `cases.json` departs from a well-addressed, authenticated JSON request by its method, its path
parameters, its headers and its content; what it does not name stays as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from rtkcontract.contract.expectation import source_ids
from rtkcontract.json_schema.json_text import encode, loads
from rtkcontract.model import Case, Contract, Expectation, Json, Made, Operation, Overrides, Request, Target

ACCOUNT_PARAMETERS: Final = ("account_id", "app_id")
"""Path parameters that belong to the account of the run: the target gives their values."""


def written(operation: Operation, minimal: Case | None = None) -> Iterator[Case]:
    """
    The cases of `common_cases.json` and `cases.json`, in their order.

    What an entry does not name is as in `minimal`, the smallest request that is accepted.
    """
    plain = minimal.overrides if minimal is not None else Overrides()
    for entry in operation.written_cases:
        expect = entry["expect"]
        yield Case(
            id=f"{operation.name}/{entry['name']}",
            operation=operation.name,
            side="protocol",
            partition=entry["partition"],
            content=_content(entry, b"{}" if minimal is None else minimal.content),
            keyword=entry["name"].split("/")[0],
            note=entry["note"],
            expect=Expectation(
                outcome=expect["outcome"],
                reason=expect["reason"],
                sources=source_ids(expect["source"]),
                rejection=expect.get("rejection", ""),
                statuses=tuple(expect.get("statuses", ())),
            ),
            overrides=Overrides(
                method=entry.get("method"),
                path_parameters={**plain.path_parameters, **entry.get("path_parameters", {})},
                query=(*plain.query, *((name, value) for name, value in entry.get("query", ()))),
                headers={**plain.headers, **entry.get("headers", {})},
            ),
        )


def _content(entry: Json, minimal: bytes) -> bytes:
    if "content_base64" in entry:
        return base64.b64decode(entry["content_base64"])
    return str(entry["content"]).encode() if "content" in entry else minimal


def base_path(contract: Contract) -> str:
    """
    What stands before the paths of a contract: the path of its first server, variables replaced by their defaults.
    """
    return next((operation.base_path for operation in contract.operations.values()), "")


def url_of(operation: Operation, target: Target, overrides: Overrides, made: Mapping[Made, str]) -> str:
    """
    The whole URL; path parameters, names and values of the query are percent-encoded.

    A path parameter whose value is not yet `made` stays as `{name}`, which is how recordings name it. A comma in the
    query stays a comma: it may stand between the items of a list (OpenAPI 3.1, 4.8.12.4).
    """
    values: dict[str, str | Made] = {
        **operation.makers,
        "account_id": target.account_id,
        "app_id": target.app_id,
        **overrides.path_parameters,
    }
    path = operation.path
    for name, value in values.items():
        filled = _segment(operation, name, value, made)
        if filled is not None:
            path = path.replace("{" + name + "}", filled)
    query = "&".join(
        quote(name, safe="") + ("" if value is None else f"={quote(_plain(value, made), safe=',')}")
        for name, value in overrides.query
    )
    return target.base_url + path + (f"?{query}" if query else "")


def _segment(operation: Operation, name: str, value: str | Made, made: Mapping[Made, str]) -> str | None:
    """
    A path parameter as it stands in the URL; None for a value that is not yet made.
    """
    if isinstance(value, str):
        styled = any(
            p.style in ("label", "matrix") for p in operation.parameters if (p.where, p.name) == ("path", name)
        )
        return quote(value, safe=";=," if styled else "")
    given = _given(value, made)
    if given is None:
        return None
    return ID_FORMS[value.form](given) if value.form else quote(given, safe="")


def _plain(value: str | Made, made: Mapping[Made, str]) -> str:
    return value if isinstance(value, str) else _given(value, made) or "{" + value.pointer + "}"


def _given(value: Made, made: Mapping[Made, str]) -> str | None:
    """
    The value as the response gave it; `made` need not know its form.
    """
    return made.get(value, made.get(replace(value, form="")))


def _unknown(value: str) -> str:
    """
    A value of the same form that no object has: each hexadecimal digit but the first is the next one.
    """
    table = str.maketrans("0123456789abcdef", "1234567890bcdefa")
    other = value[:1] + value[1:].translate(table)
    return quote(other if other != value else f"{value}0", safe="")


ID_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "unknown": _unknown,
    "upper-case": lambda value: quote(value.upper() if value.upper() != value else value.lower(), safe=""),
    "percent-encoded": lambda value: f"%{ord(value[:1] or '0'):02X}" + quote(value[1:], safe=""),
    "empty": lambda _: "",
    "too-long": lambda value: quote(value * 40, safe="")[:1500],
    "cut": lambda value: quote(value[:-1], safe=""),
    "of-another-kind": lambda _: "rtkcontract-no-id",
}
"""How a path id is changed before it is sent, to the text that stands in the URL."""


def _filled(case: Case, made: Mapping[Made, str]) -> bytes:
    """
    The content of a case with the values that earlier responses gave.
    """
    given = {name: made[value] for name, value in case.overrides.body.items() if value in made}
    return encode({**loads(case.content, as_written=True), **given}) if given else case.content


def request_of(operation: Operation, case: Case, target: Target, made: Mapping[Made, str] | None = None) -> Request:
    """
    The exact request of a case; what TOKEN_FORMS names in one of its headers stands for the token of the run.

    `made` holds the values that earlier responses of the run gave.

    An answer is asked for without compression, so that what comes can be read as it is.
    """
    headers: dict[str, str | None] = {
        "authorization": f"Bearer {target.token}",
        "content-type": (
            operation.media_type if operation.takes_json or operation.request_schema not in ({}, None) else None
        ),
        "accept": "application/json",
        "accept-encoding": "identity",
        **case.overrides.headers,
    }
    return Request(
        method=case.overrides.method or operation.method,
        url=url_of(operation, target, case.overrides, made or {}),
        headers=tuple((name, _with_token(value, target.token)) for name, value in headers.items() if value is not None),
        content=_filled(case, made or {}),
    )


def _with_token(value: str, token: str) -> str:
    for name, form in TOKEN_FORMS.items() if "{" in value else ():
        value = value.replace(name, form(token))
    return value


BY_THE_WAY: Final = frozenset(
    ("host", "user-agent", "accept-encoding", "connection", "content-length", "transfer-encoding", "cookie")
)
"""Headers that belong to the client and the connection, not to the case."""


TOKEN_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "{token}": str,
    "{token-cut}": lambda token: token[:-1],
    "{token-in-other-case}": lambda token: token.swapcase() if token.swapcase() != token else f"{token}-",
}
"""What a header of a written case holds for the run's token, and for tokens so near to it that they could pass."""
