"""
Makes stock pytest-recording replay our cassettes by case and never record; the only module that knows vcrpy.

1. `register` is for `pytest_recording_configure`, which runs after the plugin has put its own persister in.
2. Requests match by their key alone. vcrpy's own rules leave the body out: any request would get any answer.
3. Nothing is saved here. A recording goes through `rtkcontract record`, which knows who answered and keeps the gate.
4. The hooks run on load too and several times a request: they are pure, and twice is once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from vcr.cassette import CassetteNotFoundError  # type: ignore[import-untyped]
from vcr.request import Request as VcrRequest  # type: ignore[import-untyped]

from rtkcontract.errors import CannotTell
from rtkcontract.model import Request
from rtkcontract.recordings import cassette
from rtkcontract.recordings.key import key_of
from rtkcontract.redaction.redactor import Redactor

MATCHER: Final = "rtkcontract_key"


def _content(body: Any) -> bytes:  # vcrpy keeps bytes, text, a file or nothing
    if hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def ours(request: VcrRequest) -> Request:
    """
    A request of vcrpy as one of ours.
    """
    headers: Mapping[str, str | bytes | list[str]] = request.headers
    return Request(
        method=str(request.method),
        url=str(request.uri),
        headers=tuple((name.lower(), _header(value)) for name, value in headers.items()),
        content=_content(request.body),
    )


def _header(value: str | bytes | list[str]) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return value.decode("latin-1") if isinstance(value, bytes) else value


def theirs(request: Request) -> VcrRequest:
    """
    A request of ours as one of vcrpy.
    """
    return VcrRequest(request.method, request.url, request.content, dict(request.headers))


def same_key(one: VcrRequest, other: VcrRequest) -> None:
    """
    A matcher for vcrpy. Raises AssertionError where the requests are two cases.
    """
    asked, recorded = key_of(ours(one)), key_of(ours(other))
    if asked != recorded:
        raise AssertionError(f"the request has the key {asked}, the recording {recorded}")


class Cassettes:
    """
    A persister: one interaction a file, read as `cassettes` reads it; saving is refused.
    """

    def load_cassette(self, cassette_path: str | Path, serializer: Any) -> tuple[list[VcrRequest], list[Any]]:  # noqa: ARG002 - vcrpy's form
        if not Path(cassette_path).is_file():
            raise CassetteNotFoundError(f"no recording at {cassette_path}; `rtkcontract record` makes one")
        found = cassette.read(Path(cassette_path))
        return [theirs(found.request)], [_response(found)]

    def save_cassette(self, cassette_path: str | Path, cassette_dict: Any, serializer: Any) -> NoReturn:  # noqa: ARG002
        raise CannotTell(
            f"{cassette_path} was not written: recordings are made by `rtkcontract record`, not by --record-mode"
        )


def _response(found: cassette.Interaction) -> Any:  # the mapping that vcrpy replays
    headers: dict[str, list[str]] = {}
    for name, value in found.response.headers:
        headers.setdefault(name, []).append(value)
    return {
        "status": {"code": found.response.status, "message": cassette.reason(found.response.status)},
        "headers": headers,
        "body": {"string": found.response.content},
    }


def register(vcr: Any, redactor: Redactor) -> None:  # a vcr.VCR; its own types are loose
    """
    Sets up one VCR object: the persister, the matcher, and the templates for requests on their way in.
    """
    vcr.register_persister(Cassettes())
    vcr.register_matcher(MATCHER, same_key)
    vcr.match_on = (MATCHER,)
    vcr.before_record_request = lambda request: theirs(redactor.request(ours(request)))
