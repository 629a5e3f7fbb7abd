"""
The verb `report`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import SCHEMAS, examples
from rtkcontract.errors import CannotTell


@click.command(
    short_help="Turn a saved run into any format, or compare two.",
    epilog=examples(
        "rtkcontract report run.jsonl",
        "rtkcontract report run.jsonl --format html -o report.html",
        "rtkcontract report yesterday.jsonl today.jsonl",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="RUN [LATER_RUN]", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html", "junit", "markdown", "sarif", "json"]),
    default="text",
    show_default=True,
    help="text for a terminal, html for people, json for tools; the others for CI.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@SCHEMAS
@click.pass_context
def report(ctx: click.Context, files: tuple[Path, ...], form: str, output: Path | None, schemas: str | None) -> None:
    """
    Turn a saved run into any format, or compare two: what is new, fixed and unchanged.

    Exit codes are those of the run; of two runs 1 means that something is new.
    """
    from rtkcontract.engine import run_file
    from rtkcontract.engine.files import write_whole
    from rtkcontract.reports import compare_runs, summary

    if len(files) > 2:
        raise CannotTell(f"report takes one run or two, not {len(files)}")
    found = [run_file.read(file) for file in files]
    text = _rendered(found, form, schemas)
    if output is None:
        say(text, raw=form not in ("text", "markdown"), styled=form == "text")
    else:
        write_whole(output, text.encode("utf-8", "backslashreplace"))
    ctx.exit(compare_runs.exit_code(*found) if len(found) == 2 else summary.exit_code(found[0]))


def _rendered(found: list[Any], form: str, schemas: str | None) -> str:
    from rtkcontract.checks import across
    from rtkcontract.checks import judge as judges
    from rtkcontract.contract import load
    from rtkcontract.json_schema.json_text import dumps
    from rtkcontract.reports import compare_runs, junit, markdown, sarif, summary
    from rtkcontract.reports import html as html_page
    from rtkcontract.reports import text as text_report

    two, last = len(found) == 2, found[-1]
    colour = text_report.wants_colour(sys.stdout, os.environ)
    if form == "text":
        return text_report.comparison(*found, colour=colour) if two else text_report.text(last, colour=colour)
    if form == "markdown":
        return markdown.comparison(*found) if two else markdown.text(last)
    if form == "json":
        return dumps(compare_runs.as_json(*found) if two else summary.as_json(last))
    if form == "html":
        return html_page.html(last, found[0] if two else None)
    if two:
        raise CannotTell(f"two runs cannot be told as {form}; use text, markdown, html or json")
    if form == "junit":
        return junit.document(last).decode()
    folder = Path(schemas) if schemas else load.data_folder("schemas")
    asked = {
        check.__name__: " ".join((check.__doc__ or "").strip().partition("\n\n")[0].split())
        for check in (*judges.CHECKS, *across.RUN_CHECKS)
    }
    return sarif.document(last, load.folder_reader(folder), asked)
