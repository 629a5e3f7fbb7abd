"""
The verb `serve`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import SCHEMAS, examples
from rtkcontract.errors import CannotTell

if TYPE_CHECKING:
    from rtkcontract.emulator.chaos import Script
    from rtkcontract.model import Contract, Delivery, Request, Response


@click.command(
    short_help="Run the emulator on 127.0.0.1 for developing against.",
    epilog=examples(
        "rtkcontract serve --port 8080",
        "rtkcontract serve --port 8080 --chaos rough-day",
        "rtkcontract serve --token my-own-token --account-id 023e105f4ecef8ad9ca31a8372d0c353",
    ),
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--token", default=None, help="The bearer token that is accepted; a clearly fake one by default.")
@click.option("--account-id", default=None, help="Accept this account id only; any well-formed one by default.")
@click.option("--app-id", default=None, help="Accept this app id only; any by default.")
@click.option("--chaos", default=None, metavar="NAME|FILE", help="Trouble on request: a preset, or a script as JSON.")
@click.option(
    "--max-body-bytes",
    type=click.IntRange(min=1),
    default=1_000_000,
    show_default=True,
    metavar="N",
    help="A larger request body is refused with 413.",
)
@click.option(
    "--keep-bytes",
    type=click.IntRange(min=1),
    default=64 * 1024 * 1024,
    show_default=True,
    metavar="N",
    help="How much JSON text of objects is remembered; the oldest objects go first.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print no line for each request.")
@SCHEMAS
@click.pass_context
def serve(
    ctx: click.Context,
    port: int,
    token: str | None,
    account_id: str | None,
    app_id: str | None,
    chaos: str | None,
    max_body_bytes: int,
    keep_bytes: int,
    quiet: bool,
    schemas: str | None,
) -> None:
    """
    Run the emulator on 127.0.0.1 for developing against; it is not the vendor. Ctrl-C ends it.
    """
    from rtkcontract.contract import load
    from rtkcontract.emulator.chaos import Chaos, Script
    from rtkcontract.emulator.routing import Routes
    from rtkcontract.engine import targets
    from rtkcontract.network import server

    _check_signs(account_id, app_id, token)
    contract = load.load_contract(Path(schemas) if schemas else None)
    routes = Routes(contract)
    script = _script(chaos, contract) if chaos else Script(rules=())
    respond = targets.responder(
        contract,
        token=token or targets.EMULATOR_TOKEN,
        account_id=account_id,
        app_id=app_id,
        keep_bytes=keep_bytes,
        key_will_do=token is None,
    )

    def announce(origin: str) -> None:
        values = {
            targets.BASE_URL_VARIABLE: origin + routes.base,
            targets.VARIABLES["token"]: targets.EMULATOR_TOKEN if token is None else None,
            targets.VARIABLES["account_id"]: account_id or targets.EMULATOR_ACCOUNT,
            targets.VARIABLES["app_id"]: app_id or targets.EMULATOR_APP,
        }
        say("The rtkcontract emulator: it answers as the documents say and is not the vendor.")
        say(f"{len(contract.operations)} operations; also GET /health, GET /openapi.json and POST /reset.")
        if routes.owned:
            say(_accepted(account_id, app_id))
        if chaos:
            say(f"Trouble: {chaos}, {len(script.rules)} {'rule' if len(script.rules) == 1 else 'rules'}.")
        for name, value in values.items():
            say(f"export {name}={value}" if value else f"# {name}: the token that was given")

    troubled = Chaos(script, respond, routes.name_of)
    number = server.run_server(
        troubled if quiet else _logged(troubled, routes.name_of),
        port=port,
        max_body_bytes=max_body_bytes,
        announce=announce,
    )
    ctx.exit(128 + number)


def _accepted(account_id: str | None, app_id: str | None) -> str:
    """
    Which ids are accepted, in one line.
    """
    account = f"the account {account_id} alone" if account_id else "any account id of 32 hex digits"
    app = f"the app {app_id} alone" if app_id else "any app id"
    return f"Accepted: {account}, {app}, and the example ids of the contract."


def _script(chaos: str, contract: Contract) -> Script:
    """
    A preset by its name, else the script in a file. Raises CannotTell for neither.
    """
    from importlib import resources

    from rtkcontract.emulator.chaos import script_of
    from rtkcontract.errors import CannotTell
    from rtkcontract.json_schema.json_text import NotStrictJson, loads

    presets = loads(resources.files("rtkcontract.emulator").joinpath("chaos.json").read_bytes())
    if chaos in presets:
        return script_of(presets[chaos], chaos, contract.operations)
    try:
        value = loads(Path(chaos).read_bytes())
    except OSError as error:
        raise CannotTell(f"--chaos {chaos}: {error.strerror}; name a file, or one of {', '.join(presets)}") from None
    except NotStrictJson as error:
        raise CannotTell(f"{chaos} is not JSON: {error}") from None
    return script_of(value, chaos, contract.operations)


def _logged(respond: Callable[[Request], Delivery], name_of: Callable[[Request], str]) -> Callable[[Request], Delivery]:
    """
    The server, with one line on stderr for each request: no value of the request and no id stands in it.
    """

    def logged(request: Request) -> Delivery:
        start = time.perf_counter()
        delivery = respond(request)
        spent_ms = (time.perf_counter() - start) * 1000
        trouble = delivery.response.header("x-rtkcontract-chaos")
        words = [
            request.method if request.method.isalpha() and len(request.method) < 10 else "?",
            name_of(request) or "(no operation)",
            str(delivery.response.status),
            f"{spent_ms:.1f} ms",
            f"[{trouble}]" if trouble else "",
            _reason(delivery.response),
        ]
        say(" ".join(word for word in words if word), err=True)
        return delivery

    return logged


def _reason(response: Response) -> str:
    """
    The message of a refusal, which never quotes a request; "" for a success.
    """
    from rtkcontract.json_schema.json_text import loads

    if response.status < 400 or "json" not in (response.header("content-type") or "") or not response.content:
        return ""
    body = loads(response.content)
    error = body.get("error") if isinstance(body, dict) else None
    first = next(iter(body.get("errors") or ()), None) if isinstance(body, dict) else None
    found = error if isinstance(error, dict) else first
    return str(found.get("message", ""))[:200] if isinstance(found, dict) else ""


def _check_signs(account_id: str | None, app_id: str | None, token: str | None) -> None:
    """
    Raises CannotTell for an id that no path holds as it is, and for a token that no header does.
    """
    for name, value in (("--account-id", account_id), ("--app-id", app_id), ("--token", token)):
        more = "+/=" if name == "--token" else ""
        if value is not None and not re.fullmatch(rf"[A-Za-z0-9._~{more}-]+", value):
            raise CannotTell(f"{name} holds a sign that no request can carry there; use letters, digits, -, _ and .")
