"""
The verb `report`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
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
        "rtkcontract report run.jsonl --format github  # annotations in a job of GitHub Actions",
        "rtkcontract report --history runs/ --format html -o history.html",
    ),
)
@click.argument("files", nargs=-1, metavar="RUN [LATER_RUN]", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html", "junit", "markdown", "sarif", "json", "github", "gitlab", "badge"]),
    default="text",
    show_default=True,
    help="text for a terminal, html for people, json for tools; the others for CI.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@click.option(
    "--history", type=click.Path(path_type=Path), metavar="DIR", help="When causes came and went, over the runs in DIR."
)
@SCHEMAS
@click.pass_context
def report(
    ctx: click.Context,
    files: tuple[Path, ...],
    form: str,
    output: Path | None,
    history: Path | None,
    schemas: str | None,
) -> None:
    """
    Turn a saved run into any format, or compare two: what is new, fixed and unchanged.

    Exit codes are those of the run; of two runs 1 means that something is new.
    """
    from rtkcontract.engine import run_file
    from rtkcontract.engine.files import write_whole
    from rtkcontract.reports import compare_runs, summary
    from rtkcontract.reports import history as histories

    if history is not None:
        files = (*files, *sorted(history.glob("*.jsonl")))
    elif not 0 < len(files) < 3:
        raise CannotTell(f"report takes one run or two, not {len(files)}; for more, name their folder with --history")
    found = [run_file.read(file) for file in files]
    if history is not None:
        past = histories.of(found)
        text, code = histories.rendered(past, form), summary.exit_code(past.runs[-1])
    else:
        text = _rendered(found, form, schemas)
        code = compare_runs.exit_code(*found) if len(found) == 2 else summary.exit_code(found[0])
    if output is None:
        say(text, raw=form not in ("text", "markdown"), styled=form == "text")
    else:
        write_whole(output, text.encode("utf-8", "backslashreplace"))
    ctx.exit(code)


def _rendered(found: list[Any], form: str, schemas: str | None) -> str:
    from rtkcontract.json_schema.json_text import dumps
    from rtkcontract.reports import compare_runs, markdown, summary
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
    return _of_one(last, form, schemas)


def _of_one(last: Any, form: str, schemas: str | None) -> str:
    """
    The formats that tell of one run alone.
    """
    from rtkcontract.checks import across
    from rtkcontract.checks import judge as judges
    from rtkcontract.contract import load
    from rtkcontract.reports import junit, sarif

    if form in ("github", "gitlab", "badge"):
        return _for_host(last, form, schemas)
    if form == "junit":
        return junit.document(last).decode()
    folder = Path(schemas) if schemas else load.data_folder("schemas")
    asked = {
        check.__name__: " ".join((check.__doc__ or "").strip().partition("\n\n")[0].split())
        for check in (*judges.CHECKS, *across.RUN_CHECKS)
    }
    return sarif.document(last, load.folder_reader(folder), asked)


def _for_host(run: Any, form: str, schemas: str | None) -> str:
    from rtkcontract.reports import annotations

    if form == "badge":
        return annotations.badge(run)
    place = _placed(schemas)
    return annotations.github(run, place) if form == "github" else annotations.code_quality(run, place)


def _placed(schemas: str | None) -> Callable[[str], tuple[str, int] | None]:
    """
    Where a rule of the contract stands below the current folder: file and line; None for a contract elsewhere.
    """
    from rtkcontract.contract.load import data_folder
    from rtkcontract.json_schema.json_text import line_of

    path = Path(schemas) if schemas else data_folder("schemas")
    folder = path if path.is_dir() else path.parent

    def place(schema_at: str) -> tuple[str, int] | None:
        name, _, pointer = schema_at.partition("#")
        file = (folder / name).resolve() if name else path.resolve()
        if not (file.is_file() and file.is_relative_to(Path.cwd())):
            return None
        line = line_of(file.read_text("utf-8", "replace"), pointer) if file.suffix == ".json" else 1
        return file.relative_to(Path.cwd()).as_posix(), line

    return place
