"""
One case, one interaction, one file: the format, and reading it.

1. A file is a cassette that stock pytest-recording reads: `interactions` with one entry, `version: 1`. Provenance
   stands beside the interaction under `x_rtkcontract`, which other readers ignore.
2. It lies in `<folder>/<emulator|live|documentation>/<operation>/<case id>.<key>.yaml`. The folder says what was
   observed, never what was asked for. The key in the name is a help for people: it is worked out again on reading.
3. Nothing is written before all of it was scanned, and then by a temporary file and a rename: a reader sees the old
   file or the new one. A file whose name starts with a dot is what a killed process left behind.
4. What we write is laid out so that one regular expression reads it; any other layout is read as `validate` reads it.
   Both must give the same interaction.
5. Age is told by `recorded_at`, never by the file system. A digest over everything shows an edit by hand; it is no
   signature.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from rtkcontract.contract.profile import shipped
from rtkcontract.errors import CannotTell
from rtkcontract.model import Headers, Json, Request, Response, Target
from rtkcontract.recordings.key import SCHEME
from rtkcontract.validation import interactions
from rtkcontract.validation.exchange import settled

Observed = Literal["emulator", "live", "documentation"]


FOLDERS: Final[tuple[Observed, ...]] = ("emulator", "live", "documentation")


EXTRA: Final = "x_rtkcontract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """
    Who answered, when, and under which contract.

    `recorded_at` is RFC 3339 in UTC; `expected` is what the contract said of the case that day; `digest` is of the
    whole interaction with everything here.
    """

    recorded_at: str
    target: str
    contract: str
    case: str
    expected: str
    id_scheme: int = SCHEME
    tools: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    """What spoke for the vendor: "tls", and the names of the signs in the profile."""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """
    One recorded request and response, both redacted.
    """

    request: Request
    response: Response
    provenance: Provenance | None


def evidence(url: str, response: Response) -> tuple[str, ...]:
    """
    What speaks for the vendor in an answer to a request that really went to `url`: yes or no, never a value.
    """
    parts = urlsplit(url)
    if parts.hostname != shipped().host:
        return ()
    signs = (("tls", parts.scheme == "https"), *((sign.name, sign.seen(response)) for sign in shipped().signs))
    return tuple(name for name, seen in signs if seen)


def observed(url: str, response: Response) -> Observed:
    """
    "live" for the vendor's host over TLS with a sign of the vendor in the answer; everything else proves no more
    than an emulator does.
    """
    seen = evidence(url, response)
    return "live" if "tls" in seen and len(seen) > 1 else "emulator"


def foreseen(target: Target) -> Observed:
    """
    The folder in which recordings of a target can be expected: another server than the vendor's is no better than an
    emulator.
    """
    vendors = urlsplit(target.base_url).hostname == shipped().host
    return "live" if target.kind == "live" and vendors else "emulator"


def digest(interaction: Interaction) -> str:
    """
    Sixteen hex digits over everything that the file says, the digest itself left out.
    """
    told = interaction.provenance
    request, response = interaction.request, interaction.response
    about = told and [
        told.recorded_at, told.target, told.contract, told.case, told.expected, told.id_scheme,
        sorted(told.tools.items()), told.evidence,
    ]  # fmt: skip
    hashed = _hashed_head(request.method, request.url, request.headers, response.status, response.headers).copy()
    for part in (request.content, response.content, json.dumps(about).encode()):
        hashed.update(b"%d:" % len(part) + part)
    return hashed.hexdigest()[:16]


@functools.lru_cache(maxsize=1_024)
def _hashed_head(method: str, url: str, sent: Headers, status: int, got: Headers) -> hashlib._Hash:
    """
    What many recordings have in common.
    """
    return hashlib.sha256(repr((method, url, sorted(sent), status, sorted(got))).encode())


def sealed(request: Request, response: Response, provenance: Provenance) -> Interaction:
    """
    The interaction with its digest; request and response are redacted already.
    """
    bare = Interaction(request=request, response=response, provenance=provenance)
    return replace(bare, provenance=replace(provenance, digest=digest(bare)))


def untouched(interaction: Interaction) -> bool:
    """
    Whether the digest fits what the file says.
    """
    return interaction.provenance is not None and interaction.provenance.digest == digest(interaction)


# Writing the layout.

_PLAIN: Final = "[\x20-\x7e\u00a1-\u1fff\u2030-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"


_ESCAPED: Final = "[\x7f-\u00a0\u2000-\u202f\ud800-\udfff\ufeff\ufffe\uffff]"
"""As texts: to compile them takes longer than most runs, which write nothing, can spare."""


def _scalar(value: str | bytes) -> str:
    """
    One YAML scalar on one line: single quotes, else double quotes with JSON's escapes, else base64.
    """
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError as error:
        return f'!!binary "{base64.b64encode(error.object).decode()}"'
    if re.fullmatch(_PLAIN, text):
        return "'" + text.replace("'", "''") + "'"
    return re.sub(_ESCAPED, lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _header_lines(headers: Headers) -> Iterator[str]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    for name, values in sorted(grouped.items()):
        yield f"      {name}: [{', '.join(map(_scalar, values))}]\n"


def reason(status: int) -> str:
    """
    The phrase that belongs to a status; "" for one without.
    """
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _provenance_lines(told: Provenance) -> Iterator[str]:
    yield f"  {EXTRA}:\n"
    for name in ("recorded_at", "target", "contract", "case", "expected"):
        yield f"    {name}: {_scalar(getattr(told, name))}\n"
    yield f"    id_scheme: {told.id_scheme}\n"
    yield "    tools: {" + ", ".join(f"{name}: {_scalar(is_)}" for name, is_ in sorted(told.tools.items())) + "}\n"
    yield f"    evidence: [{', '.join(map(_scalar, told.evidence))}]\n"
    yield f"    digest: {_scalar(told.digest)}\n"


def to_text(interaction: Interaction) -> str:
    """
    The cassette as YAML.
    """
    request, response = interaction.request, interaction.response
    return "".join(
        (
            "interactions:\n- request:\n",
            f"    method: {_scalar(request.method)}\n    uri: {_scalar(request.url)}\n",
            f"    body: {_scalar(request.content)}\n    headers:{'' if request.headers else ' {}'}\n",
            *_header_lines(request.headers),
            f"  response:\n    status: {{code: {response.status}, message: {_scalar(reason(response.status))}}}\n",
            f"    headers:{'' if response.headers else ' {}'}\n",
            *_header_lines(response.headers),
            f"    body: {{string: {_scalar(response.content)}}}\n",
            *(_provenance_lines(interaction.provenance) if interaction.provenance else ()),
            "version: 1\n",
        )
    )


# Reading: our own layout by one expression, everything else by libyaml.

_S: Final = r"""('[^'\n]*(?:''[^'\n]*)*'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|!!binary "[A-Za-z0-9+/=]*")"""


_HEADERS: Final = r"(?: \{\}\n|\n((?:      [a-z0-9-]+: \[[^\n]*\]\n)+))"


_LAYOUT: Final = re.compile(
    rf"interactions:\n- request:\n    method: {_S}\n    uri: {_S}\n    body: {_S}\n    headers:{_HEADERS}"
    rf"  response:\n    status: \{{code: (\d{{3}}), message: {_S}\}}\n    headers:{_HEADERS}"
    rf"    body: \{{string: {_S}\}}\n"
    rf"(?:  {EXTRA}:\n    recorded_at: {_S}\n    target: {_S}\n    contract: {_S}\n    case: {_S}\n    expected: {_S}\n"
    rf"    id_scheme: (\d+)\n    tools: \{{([^\n]*)\}}\n    evidence: \[([^\n]*)\]\n    digest: {_S}\n)?version: 1\n"
)


_ANY: Final = re.compile(_S)


_LINE: Final = re.compile(r"\s*([a-z0-9-]+): \[([^\n]*)\]\n")


_PAIR: Final = re.compile(rf"([A-Za-z0-9_-]+): {_S}")


def _unquoted(scalar: str) -> str | bytes:
    if scalar[0] == "'":
        return scalar[1:-1].replace("''", "'")
    if scalar[0] == '"':
        text: str = json.loads(scalar)
        return text
    return base64.b64decode(scalar[10:-1])


def _text(scalar: str) -> str:
    value = _unquoted(scalar)
    if isinstance(value, bytes):
        raise ValueError("bytes where text belongs")
    return value


# Recordings have most of these in common: addresses, headers, versions.
_COMMON: Final = 1_024


_common_text: Final = functools.lru_cache(maxsize=_COMMON)(_text)


def _content(scalar: str) -> bytes:
    value = _unquoted(scalar)
    return value if isinstance(value, bytes) else value.encode()


@functools.lru_cache(maxsize=_COMMON)
def _values(items: str) -> tuple[str, ...]:
    return tuple(_text(scalar) for scalar in _ANY.findall(items))


@functools.lru_cache(maxsize=_COMMON)
def _tools(items: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, _text(scalar)) for name, scalar in _PAIR.findall(items))


@functools.lru_cache(maxsize=_COMMON)
def _headers(lines: str | None) -> Headers:
    return tuple((name, value) for name, items in _LINE.findall(lines or "") for value in _values(items))


def _from_layout(text: str) -> Interaction | None:
    match = _LAYOUT.fullmatch(text)
    if match is None:
        return None
    (
        method,
        uri,
        body,
        sent,
        code,
        _,
        got,
        answer,
        at,
        target,
        contract,
        case,
        expected,
        scheme,
        tools,
        signs,
        seal,
    ) = match.groups()
    return Interaction(
        request=Request(
            method=_common_text(method), url=_common_text(uri), headers=_headers(sent), content=_content(body)
        ),
        response=Response(status=int(code), headers=_headers(got), content=_content(answer)),
        provenance=Provenance(
            recorded_at=_text(at),
            target=_common_text(target),
            contract=_common_text(contract),
            case=_text(case),
            expected=_common_text(expected),
            id_scheme=int(scheme),
            tools=dict(_tools(tools)),
            evidence=_values(signs),
            digest=_text(seal),
        )
        if at
        else None,
    )


def _told(node: Json) -> Provenance | None:
    if not isinstance(node, dict):
        return None
    texts = {
        name: str(node.get(name, "")) for name in ("recorded_at", "target", "contract", "case", "expected", "digest")
    }
    tools = node.get("tools")
    signs = node.get("evidence")
    return Provenance(
        **texts,
        id_scheme=node["id_scheme"] if isinstance(node.get("id_scheme"), int) else 0,
        tools={str(name): str(value) for name, value in tools.items()} if isinstance(tools, dict) else {},
        evidence=tuple(map(str, signs)) if isinstance(signs, list) else (),
    )


def _from_yaml(text: str) -> Interaction:
    """
    Raises ValueError with the reason for a text that is no cassette of one interaction with both bodies.
    """
    entries = interactions.interactions(interactions.loads(text))
    if entries is None:
        raise ValueError("the file has no interactions")
    if len(entries) != 1:
        raise ValueError(
            f"{len(entries)} interactions, of which replay takes one a file; `rtkcontract validate` takes all"
        )
    found = interactions.exchange(entries[0])
    for side, lost in (("request", found.request_lost), ("response", found.response_lost)):
        if lost:
            raise ValueError(f"the body of the {side} cannot be judged: {lost}; record it again")
    if found.response is None:
        raise ValueError("the interaction has no response")
    return Interaction(request=found.request, response=found.response, provenance=_told(entries[0].get(EXTRA)))


def from_text(text: str, *, layout: bool = True) -> Interaction:
    """
    The interaction of a cassette's text; `layout=False` leaves out the fast way. Raises CannotTell without a place.
    """
    found = None
    with contextlib.suppress(ValueError):
        found = _from_layout(text) if layout else None
    try:
        found = found or _from_yaml(text)
        return replace(found, response=_plain(found.response))
    except ValueError as error:
        raise CannotTell(str(error)) from None


def _plain(response: Response) -> Response:
    """
    The response without content-encoding, which other recorders keep, and without the headers that went with it.
    """
    if response.header("content-encoding") is None:
        return response
    content = settled(response.content, response.headers, None)
    gone = ("content-encoding", "content-length", "transfer-encoding")
    headers = tuple((name, value) for name, value in response.headers if name not in gone)
    return Response(status=response.status, headers=headers, content=content)


def read(path: Path) -> Interaction:
    """
    The interaction of a file. Raises CannotTell with one line for a file that is missing, cut off or no cassette.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return from_text(file.read().decode("utf-8"))
    except OSError as error:
        raise CannotTell(f"the cassette {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CannotTell(
            f"the cassette {path} cannot be read: it is not UTF-8; take it back from version control"
        ) from None
    except CannotTell as error:
        fix = "" if "record it again" in str(error) else "; take it back from version control"
        raise CannotTell(f"the cassette {path} cannot be read: {error}{fix}") from None
