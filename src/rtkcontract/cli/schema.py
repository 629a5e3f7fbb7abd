"""
The verb `schema`.
"""

from __future__ import annotations

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import OPERATION, SCHEMAS, examples, loaded


@click.command(
    short_help="Print the OpenAPI document or one schema.",
    epilog=examples("rtkcontract schema > openapi.json", "rtkcontract schema request"),
)
@click.argument("which", type=click.Choice(["openapi", "request", "answer", "error"]), default="openapi")
@SCHEMAS
@OPERATION
def schema(which: str, schemas: str | None, operation: str | None) -> None:
    """
    Print the OpenAPI document, bundled into one file, or one schema that stands by itself.
    """
    import json

    contract, found = loaded(schemas, operation)
    if which == "openapi":
        told = contract.whole
    else:
        chosen = {
            "request": found.request_schema,
            "answer": next(iter(found.success_schemas.values()), {}),
            "error": found.error_schema,
        }[which]
        told = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **chosen,
            "components": contract.document.get("components", {}),
        }
    say(json.dumps(told, indent=2, ensure_ascii=False), raw=True)
