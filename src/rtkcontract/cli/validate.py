"""
The verb `validate`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import OPERATION, SCHEMAS, examples, loaded
from rtkcontract.errors import CannotTell
from rtkcontract.redaction.terminal import shown
from rtkcontract.reports.progress import telling_bar

if TYPE_CHECKING:
    from rtkcontract.validation.verdict import Form


@click.command(
    short_help="Tell whether a body, an answer or an exchange is within the contract.",
    epilog=examples(
        "rtkcontract validate body.json",
        "rtkcontract validate --as answer answer.json",
        "cat bodies.jsonl | rtkcontract validate -",
        "rtkcontract validate traffic.har",
    ),
)
@click.argument("file", metavar="FILE|-")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["auto", "body", "answer"]),
    default="auto",
    show_default=True,
    help="Judge each value as a request body or as a response; by default each by its members.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per value, all of them.")
@click.option("--every", is_flag=True, help="Show every verdict, not only the first three of each cause.")
@SCHEMAS
@OPERATION
@click.pass_context
def validate(
    ctx: click.Context, file: str, kind: Form, as_json: bool, every: bool, schemas: str | None, operation: str | None
) -> None:
    """
    Tell whether a request body, an answer, or each exchange of a file is within the contract.

    FILE holds JSON, JSON lines, a HAR or a cassette; - reads standard input.

    Exit codes: 1 something is outside the contract, else 2 something could not be read or nothing was judged, else 0.
    """
    from rtkcontract.json_schema.json_text import dumps
    from rtkcontract.validation import rules, verdict

    contract, found = loaded(schemas, operation)
    tally, listing = verdict.Tally(), verdict.Listing(every=every)
    with _opened(file) as (stream, name, size), telling_bar("bytes validated") as (progress, above):
        told = say if above is None else lambda text: above(shown(text))
        try:
            for one in rules.verdicts(contract, found, stream, name=name, form=kind):
                tally.add(one)
                if as_json:
                    told(dumps(verdict.as_json(one)))
                elif listing.shows(one):
                    told(verdict.text(one))
                if progress and size:
                    progress(stream.tell(), size)
        except KeyboardInterrupt:
            say(f"stopped before the end: {tally.text()}", err=True)
            raise
    if left := listing.text():
        say(left)
    say(dumps(tally.as_json()) if as_json else tally.text())
    ctx.exit(tally.exit_code)


@contextlib.contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, str, int]]:
    """
    A file, or standard input for `-`, with the name that messages give it and its size, 0 where that is not known.
    """
    if file == "-":
        if sys.stdin is None:
            raise CannotTell("standard input is closed; give a file, or pipe something in")
        yield sys.stdin.buffer, "standard input", 0
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115  # closed below; only the opening is to be caught
    except OSError as error:
        raise CannotTell(f"{file} cannot be read: {error.strerror}; give a file, or - for standard input") from None
    with stream:
        yield stream, file, os.fstat(stream.fileno()).st_size
