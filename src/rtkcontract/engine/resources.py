"""
The objects of a run: the ids that its cases need, the ledger of what was made, and taking it away again.

1. An operation below `{thing_id}` needs a thing. The first case that does makes one, by the smallest valid case of
   the operation that the contract's links name; later cases share it. A case that ends or changes its object gets one
   of its own.
2. Everything made goes into the ledger, to disk, before the next request is sent. A ledger holds no credential and no
   id of an account: an address in it is a template, and what belongs to the account is filled in when it is used.
3. Only what the ledger names is ever taken away.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from rtkcontract.contract.requests import request_of
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import (
    Answered,
    Case,
    Contract,
    Expectation,
    Json,
    Made,
    Observation,
    Operation,
    Overrides,
    Request,
    Send,
    Target,
)

PARAMETER: Final = re.compile(r"\{([^{}]+)\}")


TEMPLATES: Final = Target(kind="live", base_url="", account_id="{account_id}", app_id="{app_id}", token="")
"""Leaves what belongs to the account as the path template has it."""


GONE: Final = frozenset({404, 410})
"""Statuses that say that an object is gone already."""


class Unmade(Exception):
    """
    A case needs an object that could not be had. `absent`: the target has none, and nothing in the contract makes one.
    """

    def __init__(self, reason: str, *, absent: bool = False) -> None:
        super().__init__(reason)
        self.absent = absent


class Ledger:
    """
    A file of JSON lines: what was made, and what of it was taken away again. It comes with its first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def write(self, line: Json) -> None:
        """
        Append a line; on disk when this returns. Raises CannotTell.
        """
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8")
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise CannotTell(
                f"the ledger {self.path} cannot be written: {error.strerror}; nothing more is sent"
            ) from None

    def close(self) -> None:
        """
        Close the file, where a line was written.
        """
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """
    An object that a run made and that is still there, and why.
    """

    what: str
    case: str
    reason: str


class Resources:
    """
    The objects of one run on one target. `minimal` gives the smallest valid case of an operation, None where it has
    none; without a ledger nothing is kept of what was made. Operations that are `forbidden` make nothing.
    """

    def __init__(
        self,
        contract: Contract,
        target: Target,
        send: Send,
        minimal: Callable[[Operation], Case | None],
        ledger: Ledger | None = None,
        forbidden: Container[str] = (),
    ) -> None:
        self.contract, self.target, self._send, self._minimal = contract, target, send, minimal
        self.ledger, self._forbidden = ledger, forbidden
        self.requests = 0
        """Requests that were sent to make objects, beside those of the cases."""
        self.made = 0
        """Objects that were made, by these requests and by cases."""
        self.steps: dict[str, bytes] = {}
        """Case to the body of its response, of the scenario that is being sent."""
        self._shared: dict[tuple[Made, tuple[tuple[str, str], ...]], str | Unmade] = {}

    def ids_of(self, operation: Operation, case: Case, given: Mapping[str, str] | None = None) -> dict[Made, str]:
        """
        The values of the path parameters that come from earlier responses; `given` are known already, by name.

        Raises Unmade.
        """
        wanted = {**operation.makers, **case.overrides.path_parameters}
        found: dict[Made, str] = {}
        above: dict[str, str] = {}
        fresh = False
        names = PARAMETER.findall(operation.path)
        for name in names:
            value = wanted.get(name)
            if isinstance(value, Made):
                # Nothing else may use what a case ends, nor what lies below an object of its own.
                fresh = fresh or value.fresh or (operation.role == "delete" and name == names[-1])
                known = (given or {}).get(name)
                found[value] = self._value(value, above, fresh=fresh) if known is None else known
                if replace(value, fresh=False) == operation.makers.get(name):  # no odd one: others can lie below it
                    above[name] = found[value]
        for value in (*(value for _, value in case.overrides.query), *case.overrides.body.values()):
            if isinstance(value, Made):
                found[value] = self._value(value, above, fresh=value.fresh)
        return found

    def _value(self, made: Made, above: Mapping[str, str], *, fresh: bool) -> str:
        if made.case:
            return self._earlier(made)
        maker = self.contract.operations[made.operation]
        parents = {name: above[name] for name in PARAMETER.findall(maker.path) if name in above}
        key = (replace(made, fresh=False, form=""), tuple(sorted(parents.items())))
        if maker.role == "create" and fresh:
            return self._new(made, maker, parents)
        if key not in self._shared:
            try:
                self._shared[key] = self._new(made, maker, parents)
            except Unmade as reason:  # asking again for each case would say the same
                self._shared[key] = reason
        known = self._shared[key]
        if isinstance(known, Unmade):
            raise known
        return known

    def _earlier(self, made: Made) -> str:
        """
        A value of the response to an earlier step of the scenario that is being sent.
        """
        value = value_at(self.steps.get(made.case, b""), made.pointer)
        if value is None:
            raise Unmade(f"the response to {made.case} has nothing at {made.pointer}, and this step needs it")
        return value

    def _new(self, made: Made, maker: Operation, parents: Mapping[str, str]) -> str:
        case, absent = self._minimal(maker), maker.role != "create"
        if maker.name in self._forbidden:
            raise Unmade(f"{maker.name} would make what this case needs, and is not allowed (--allow)", absent=True)
        if case is None:
            raise Unmade(f"{maker.name} has no case that asks for what {made.pointer} of its response gives")
        ids = self.ids_of(maker, case, parents)
        observation = self._send(request_of(maker, case, self.target, ids))
        self.requests += 1
        self.keep(maker, case, observation, ids)
        if not isinstance(observation, Answered):
            raise Unmade(f"{maker.name} was to give an id that this case needs: {observation.reason}")
        status = observation.response.status
        if not 200 <= status < 300:
            reason = f"{maker.name} was to give an id that this case needs, and answered with {status}"
            raise Unmade(reason, absent=absent and status in GONE)
        value = value_at(observation.response.content, made.pointer)
        if value is None:
            reason = f"the response of {maker.name} has nothing at {made.pointer} that this case could be about"
            raise Unmade(reason, absent=absent)
        return value

    def keep(self, operation: Operation, case: Case, observation: Observation, ids: Mapping[Made, str]) -> None:
        """
        Enter what a response says was made into the ledger. Raises CannotTell where that cannot be written.
        """
        if operation.role != "create" or not isinstance(observation, Answered):
            return
        pointer = self._pointer(operation)
        value = value_at(observation.response.content, pointer) if observation.response.status // 100 == 2 else None
        if value is None:
            return
        self.made += 1
        if case.partition == "minimal" and not case.overrides.path_parameters:  # an ordinary one, for who needs one
            above = {name: ids[m] for name, m in operation.makers.items() if m in ids}
            key = (Made(operation=operation.name, pointer=pointer), tuple(sorted(above.items())))
            self._shared.setdefault(key, value)
        if self.ledger is not None:
            self.ledger.write(self._line(operation, case, value, ids))

    def _pointer(self, operation: Operation) -> str:
        """
        Where the response of an operation has the id of what it made: as the links say, else `/data/id`.
        """
        for other in self.contract.operations.values():
            for made in other.makers.values():
                if made.operation == operation.name:
                    return made.pointer
        return "/data/id"

    def _line(self, operation: Operation, case: Case, value: str, ids: Mapping[Made, str]) -> Json:
        line = {"made": value, "operation": operation.name, "case": case.id, "app": app_digest(self.target)}
        undo = self.contract.operations.get((operation.undo or {}).get("operationId", ""))
        if undo is None:
            return line
        body = (operation.undo or {}).get("body")
        own = {each: value for each in undo.makers.values() if each.operation == operation.name}
        nothing = Case(
            id=f"{undo.name}/undo",
            operation=undo.name,
            side="protocol",
            partition="undo",
            content=b"" if body is None else json.dumps(body).encode(),
            expect=Expectation(outcome="accepted", reason="it takes away what this run made"),
            overrides=Overrides(),
        )
        plain = {replace(made, fresh=False, form="", case=""): value for made, value in ids.items()}
        request = request_of(undo, nothing, TEMPLATES, {**plain, **own})
        return {**line, "method": request.method, "path": request.url, "body": body}


def stand_ins(operation: Operation, case: Case) -> dict[Made, str]:
    """
    What recordings have in place of ids: a changed one shows how it was changed, any other stays a template.
    """
    named = {**operation.makers, **case.overrides.path_parameters}
    return {value: "{" + name + "}" for name, value in named.items() if isinstance(value, Made) and value.form}


def app_digest(target: Target) -> str:
    """
    A sign of the account and the app that tells nothing of their ids.
    """
    return hashlib.sha256(f"{target.account_id}/{target.app_id}".encode()).hexdigest()[:12]


def value_at(content: bytes, pointer: str) -> str | None:
    """
    The text at a JSON Pointer of a body; None where there is none.
    """
    try:
        value = loads(content)
        for part in pointer.split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part.replace("~1", "/").replace("~0", "~")]
    except (NotStrictJson, LookupError, TypeError, ValueError):
        return None
    return value if isinstance(value, str) and value else None


def ledger_path(environment: Mapping[str, str], started: str) -> Path:
    """
    A new ledger below XDG_STATE_HOME, else below ~/.local/state; `started` is RFC 3339.
    """
    home = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111  # raises nothing
    return Path(home) / "rtkcontract" / f"ledger-{started.replace(':', '')}-{os.getpid()}.jsonl"


def cleaned(path: Path, target: Target, send: Send) -> tuple[Left, ...]:
    """
    `clean`, and the ledger goes where nothing is left.
    """
    if not path.exists():
        return ()
    left = tuple(clean(path, target, send))
    if not left:
        path.unlink(missing_ok=True)
    return left


def left_text(left: Sequence[Left], path: Path) -> str:
    """
    What stays of a run, in lines; "" for nothing.
    """
    if not left:
        return ""
    lines = [f"{len(left)} objects of this run stay; `rtkcontract clean {path}` tries again:"]
    lines += [f"  {each.what} ({each.case}): {each.reason}" for each in left[:10]]
    return "\n".join([*lines, *([f"  and {len(left) - 10} more"] if left[10:] else [])])


def clean(path: Path, target: Target, send: Send, media_type: str = "application/json") -> Iterator[Left]:
    """
    Take away what a ledger says was made and not yet taken away, last things first; what stays is yielded.

    Raises CannotTell for a ledger that cannot be read, or that is of another app.
    """
    lines = list(_lines(path))
    gone = {line["gone"] for line in lines if "gone" in line}
    ledger = Ledger(path)
    try:
        for line in reversed([line for line in lines if "made" in line and line["made"] not in gone]):
            if line["app"] != app_digest(target):
                raise CannotTell(f"{path} tells of objects in another app; set the variables of that app and run again")
            reason = _take_away(line, target, send, media_type)
            if reason:
                yield Left(what=f"{line['operation']}: {line['made']}", case=line["case"], reason=reason)
            else:
                ledger.write({"gone": line["made"]})
    finally:
        ledger.close()


def _lines(path: Path) -> Iterator[Json]:
    """
    The whole lines of a ledger; a last line that is cut off was never acted on.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CannotTell(f"the ledger {path} cannot be read: {error}") from None
    whole = content.splitlines() if content.endswith("\n") else content.splitlines()[:-1]
    for number, text in enumerate(whole, 1):
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict) or not {"made", "gone"} & set(line):
            raise CannotTell(f"{path}, line {number} is no line of a ledger")
        yield line


def _take_away(line: Json, target: Target, send: Send, media_type: str) -> str:
    """
    Why an object stays; "" where it is gone.
    """
    if "method" not in line:
        return "the contract names no operation that takes it away"
    path = line["path"].replace("%7B", "{").replace("%7D", "}")
    path = path.replace("{account_id}", target.account_id).replace("{app_id}", target.app_id)
    if PARAMETER.search(path):
        return "its address is not known in full"
    headers = [("authorization", f"Bearer {target.token}"), ("accept", "application/json")]
    content = b"" if line["body"] is None else json.dumps(line["body"]).encode()
    if content:
        headers.append(("content-type", media_type))
    request = Request(method=line["method"], url=target.base_url + path, headers=tuple(headers), content=content)
    observation = send(request)
    if not isinstance(observation, Answered):
        return f"no response: {observation.reason}"
    status = observation.response.status
    return "" if 200 <= status < 300 or status in GONE else f"{line['method']} answered with {status}"
