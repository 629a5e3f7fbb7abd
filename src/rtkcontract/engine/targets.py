"""
Options and environment -> a target and a way to ask it; the one place that reads the variables.

1. Live needs three variables; the emulator and the cassettes need none.
2. The token goes to https or to loopback only.
3. The documented rate is kept for a live target. Only a loopback address may be asked without a limit (`--rate 0`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from rtkcontract.contract.profile import shipped
from rtkcontract.contract.requests import base_path
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.model import (
    Contract,
    Json,
    Operation,
    Request,
    Response,
    Send,
    Target,
)
from rtkcontract.network import client, destination, server
from rtkcontract.network import rate as rates

Through = Literal["sockets", "process", "recordings"]


IN_PROCESS = "http://rtkcontract.invalid"
"""The origin of the emulator in this process; nothing else has this name (RFC 2606)."""


KINDS = ("cassettes", "emulator", "live")


VARIABLES = {name: variable for name, variable in shipped().variables.items() if name != "base_url"}
"""Which environment variable holds the token, and which each parameter that is bound to the account."""


FIRST_ID = 0xE0000000_0000_4000_8000_000000000000


WORKER_VARIABLE = "PYTEST_XDIST_WORKER"
"""What pytest-xdist numbers its workers by: gw0, gw1."""


BOUND = ("account_id", "app_id")
"""The path parameters that are bound to the account."""


BASE_URL_VARIABLE = shipped().variables["base_url"]


CERTIFICATES_VARIABLE = "SSL_CERT_FILE"


DEFAULT_BASE_URL = shipped().base_url


EMULATOR_TOKEN, EMULATOR_ACCOUNT, EMULATOR_APP = (
    shipped().emulated[name] for name in ("token", "account_id", "app_id")
)
"""Fixed, and of no use anywhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """
    A target that can be asked, what keeps its rate, and how it is reached: "sockets", "process" or "recordings".
    """

    target: Target
    send: Send
    limits: tuple[Json, ...]
    through: Through


def target_of(
    kind: str, environment: Mapping[str, str], base_url: str | None = None, contract: Contract | None = None
) -> Target:
    """
    The target of a kind. Raises CannotTell for an unknown kind, a missing variable or an unsafe address.

    A live target is the server that the contract names, unless an address is given; the vendor's without a contract.
    Of the parameters that are bound to the account, those in the contract's paths are needed.

    The emulator's address is known once it is started.
    """
    if kind not in KINDS:
        raise CannotTell(f"there is no target {kind!r}; the targets are {', '.join(KINDS)}")
    if kind != "live":
        if base_url is not None:
            raise CannotTell(f"--base-url goes with --target live, not with --target {kind}")
        return Target(
            kind=kind,  # type: ignore[arg-type]  # one of KINDS
            base_url=DEFAULT_BASE_URL,
            account_id=EMULATOR_ACCOUNT if kind == "emulator" else "ACCOUNT_ID",
            app_id=EMULATOR_APP if kind == "emulator" else "APP_ID",
            token=EMULATOR_TOKEN,
        )
    named = _in_paths(contract) if contract is not None else set(VARIABLES)
    missing = [variable for name, variable in VARIABLES.items() if name in named and not environment.get(variable)]
    if missing:
        them = "it" if len(missing) == 1 else "them"
        raise CannotTell(f"--target live needs {' and '.join(missing)} in the environment; set {them} and run again")
    if base_url is None and environment.get(BASE_URL_VARIABLE) == "":
        raise CannotTell(f"{BASE_URL_VARIABLE} is empty; unset it for the vendor, or give an address")
    default = _server_of(contract) if contract is not None else DEFAULT_BASE_URL
    address = (base_url or environment.get(BASE_URL_VARIABLE) or default).rstrip("/")
    if not address:
        raise CannotTell("--target live needs --base-url: the contract names no server with a host")
    destination.check_destination(address)
    given = {name: environment.get(variable, "").strip() for name, variable in VARIABLES.items()}
    return Target(kind="live", base_url=address, **given)


def _server_of(contract: Contract) -> str:
    """
    The first server of the contract's first operation; "" where it has no host of its own.
    """
    server = next((operation.servers[0] for operation in contract.operations.values() if operation.servers), "")
    return server if urlsplit(server).hostname else ""


def _in_paths(contract: Contract) -> set[str]:
    """
    The token, and the parameters of the account that stand in a path.
    """
    operations = contract.operations.values()
    return {"token", *(name for name in VARIABLES if any("{" + name + "}" in one.path for one in operations))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """
    How https goes out, "" for the usual way, and where that was said.
    """

    ca: str = ""
    proxy: str = ""
    told: tuple[str, ...] = ()


def way_of(target: Target, environment: Mapping[str, str], ca: str | None = None, proxy: str | None = None) -> Way:
    """
    The way to a target. A file of certificates may stand in SSL_CERT_FILE, which is then told; a proxy is named.

    Raises CannotTell where a way is named that the target is not reached by.
    """
    secure = target.kind == "live" and target.base_url.startswith("https:")
    if (ca or proxy) and not secure:
        raise CannotTell("--ca and --proxy are for an https target; leave them out")
    if proxy and destination.is_loopback(target.base_url):
        raise CannotTell("a target on this machine is asked directly; leave out --proxy")
    own = environment.get(CERTIFICATES_VARIABLE, "") if secure and not ca else ""
    told = [f"certificates: {own} ({CERTIFICATES_VARIABLE})"] if own else [f"certificates: {ca}"] if ca else []
    told += [f"proxy: {urlsplit(proxy).hostname}"] if proxy else []
    return Way(ca=ca or own, proxy=proxy or "", told=tuple(told))


def limits_of(
    operations: Iterable[Operation], target: Target, rate: int | None, *, shards: int = 1
) -> tuple[Json, ...]:
    """
    The rate limits to keep: those of the contract for a live target, none for the rest. They are the account's as a
    whole, so each of several shards keeps its part.

    `rate` is requests in ten seconds; 0 lifts the limit and is refused beyond loopback.
    """
    if target.kind != "live":
        return ()
    documented = {dumps(limit): limit for operation in operations for limit in operation.rate_limits}
    limits = list(documented.values())
    if rate is not None and rate <= 0:
        if rate == 0 and destination.is_loopback(target.base_url):
            return ()
        raise CannotTell(
            "--rate 0 lifts the documented limit and is for loopback only; give the requests that ten seconds may hold"
        )
    if rate is not None:
        limits.append({"requests": rate, "period_s": 10})
    return tuple({**limit, "requests": max(1, limit["requests"] // shards)} for limit in limits)


def responder(
    contract: Contract,
    *,
    token: str,
    account_id: str | None = None,
    app_id: str | None = None,
    worker: int = 0,
    keep_bytes: int | None = None,
    key_will_do: bool = False,
) -> Callable[[Request], Response]:
    """
    The emulator with the clock of this machine and ids that count up, so that a run can be read.

    `keep_bytes` bounds what it remembers; the rest is as `emulator` takes it.
    They begin with the moment and the worker: recordings that several runs or workers made together repeat no id.
    """
    tenths = int(datetime.now(UTC).timestamp() * 10) & 0xFFFFFFFF
    numbers = itertools.count(FIRST_ID + (worker << 80) + (tenths << 16) + 1)
    from rtkcontract.emulator.answers import emulator  # of no use against another server
    from rtkcontract.emulator.store import KEEP_BYTES, Store

    return emulator(
        contract,
        token=token,
        account_id=account_id,
        app_id=app_id,
        now=lambda: datetime.now(UTC),
        new_id=lambda: str(uuid.UUID(int=next(numbers))),
        store=Store(KEEP_BYTES if keep_bytes is None else keep_bytes),
        key_will_do=key_will_do,
    )


@contextlib.contextmanager
def asking(
    contract: Contract,
    target: Target,
    *,
    rate: int | None = None,
    timeout_s: float = 30.0,
    sockets: bool = True,
    shards: int = 1,
    way: Way = Way(),
) -> Iterator[Asking]:
    """
    A way to ask the emulator, which is started here or answers in this process, or a live target; cassettes are read
    elsewhere.
    """
    limits = limits_of(contract.operations.values(), target, rate, shards=shards)
    with contextlib.ExitStack() as stack:
        if target.kind == "emulator":
            worker = int(os.environ.get(WORKER_VARIABLE, "").removeprefix("gw") or 0)
            respond = responder(
                contract, token=target.token, account_id=target.account_id, app_id=target.app_id, worker=worker
            )
            if not sockets:
                yield Asking(
                    target=replace(target, base_url=IN_PROCESS + base_path(contract)),
                    send=server.in_process(respond),
                    limits=(),
                    through="process",
                )
                return
            target = replace(target, base_url=stack.enter_context(server.serve(respond)) + base_path(contract))
        pace = rates.Pace(limits) if limits else None
        send = stack.enter_context(client.sender(timeout_s=timeout_s, pace=pace, ca=way.ca, proxy=way.proxy))
        yield Asking(target=target, send=send, limits=limits, through="sockets")
