"""
What is shown or stored, without secrets; pure. The same redaction serves recordings, reports, test output and logs.

1. Real account id, app id, token and host become `ACCOUNT_ID`, `APP_ID`, `TOKEN` and the vendor's address, so that
   recordings from any account and from the emulator look alike.
2. An answer loses every member that a request schema marks `writeOnly` or whose name says credential, keys in URLs,
   ids, cookies, ray ids, addresses and words that look random. What takes their place keeps the format: a uuid stays a
   uuid, a date-time a date-time in the same order, a string a string.
3. What we sent is ours and fake. It stays, in the request and where an answer gives it back: a leaked canary is a
   finding that has to show on replay.
4. Redacting twice is redacting once, and no verdict changes by it.
5. Redaction is for what can be seen. In a recording, what is hidden in an encoding is found by the gate
   (`leaks.scan`) and refused; in a text, a word that hides a secret gives way to the secret's name.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from rtkcontract.contract.credentials import is_credential, is_message
from rtkcontract.contract.fake_data import CANARY, STRINGS
from rtkcontract.contract.profile import shipped
from rtkcontract.contract.requests import BY_THE_WAY, TOKEN_FORMS
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import NotStrictJson, dumps, encode, loads
from rtkcontract.json_schema.samples import FORMATS
from rtkcontract.model import Contract, Headers, Json, Request, Response, Target
from rtkcontract.redaction.scanner import (
    IDS,
    PATTERNS,
    SIZE,
    STAND_IN_HEX,
    STAND_IN_UUID,
    WORD,
    Gate,
    Kinds,
    Secrets,
    covered,
    covered_apart,
    harmless,
    looks_random,
    needles,
    scan,
    unpack,
)

API: Final = shipped().base_url


PLACEHOLDERS: Final = Target(
    kind="cassettes",
    base_url=API,
    **shipped().placeholders,
)
"""The target that recordings are addressed to; replay uses it, so that not even a miss can show a real id."""


REDACTED: Final = "REDACTED"


REQUEST_HEADERS: Final = frozenset(("accept", "authorization", "content-type"))
"""Stored of every request, with those that a written case of the contract sets."""


RESPONSE_HEADERS: Final = frozenset(
    ("allow", "content-type", "location", "ratelimit", "ratelimit-policy", "retry-after", "server", "www-authenticate")
)


HIDDEN: Final = re.compile(r"\bb(['\"])(?:(?!\1)[^\\\n]|\\.)*\1|(?:&#x?[0-9A-Fa-f]+;){4,}|[A-Za-z0-9+/=_-]{20,}")


QUERY: Final = re.compile(r"([?&])([A-Za-z0-9_.-]+)=([^&\s\"'<>#]+)")


QUOTED: Final = re.compile(r'("((?:[^"\\]|\\.)*)"\s*:\s*)"((?:[^"\\]|\\.)+)"')


PAIR: Final = re.compile(r'("(?:name|key)"\s*:\s*"((?:[^"\\]|\\.)+)"\s*,\s*"value"\s*:\s*)"((?:[^"\\]|\\.)+)"')
"""A member that is written as two: `{"name": "secret", "value": "..."}`."""


PEM: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=[\"'<])|\Z)", re.DOTALL
)


USERINFO: Final = re.compile(r"([a-z][a-z0-9+.-]*://)[^\s/@\"'<>]+@")


STREAM: Final = re.compile(r"(rtmps?://[^\s/\"'<>]+/[^\s/\"'<>]+/)[^\s\"'<>]+")


MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)([Tt ])(\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


BEGINNING: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def write_only(contract: Contract) -> frozenset[str]:
    """
    Names of all members that some schema of the contract marks `writeOnly`.
    """
    return frozenset(_write_only(contract.whole))


def _write_only(node: Json) -> Iterator[str]:
    if isinstance(node, dict):
        for name, part in (node.get("properties") or {}).items():
            if isinstance(part, dict) and part.get("writeOnly"):
                yield name
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _write_only(item)


def case_headers(contract: Contract) -> frozenset[str]:
    """
    Headers that make a difference between cases.
    """
    written = (
        case.get("headers", {}) for operation in contract.operations.values() for case in operation.written_cases
    )
    return REQUEST_HEADERS.union(*({name.lower() for name in headers} for headers in written)) - BY_THE_WAY


def public_text(contract: Contract) -> str:
    """
    What anyone may read: the contract, its written, stored and found cases, and the words that our bodies are made of.
    """
    parts = [contract.whole, FORMATS, STRINGS]
    for operation in contract.operations.values():
        parts += [operation.written_cases, operation.rows, operation.corpus, operation.deviations]
    return f"{dumps(parts)} rtkcontract-emulator {CANARY}_not_a_secret {API}"


def _digits(found: str) -> str:
    return hashlib.sha256(found.lower().encode()).hexdigest()[:12]


def _masked(word: str) -> str:
    """
    A word of the same shape that says nothing.
    """
    return re.sub(r"[a-z]", "x", re.sub(r"[A-Z]", "X", re.sub(r"[0-9]", "0", word)))


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)


def _moment(text: str) -> datetime | None:
    """
    The instant of a whole RFC 3339 date-time; None for anything else.
    """
    match = MOMENT.fullmatch(text)
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[3]}{match[5].upper()}") if match else None
    except ValueError:
        return None


def _fraction(text: str) -> str:
    match = MOMENT.fullmatch(text)
    return ((match and match[4]) or "").rstrip("0.")


def _renamed(data: bytes, runs: list[tuple[int, int, str]]) -> bytes:
    for start, end, name in reversed(runs):
        data = data[:start] + name.encode() + data[end:]
    return data


class Redactor:
    """
    Takes one run's secrets out of texts, requests and answers. `secrets` are (name, value); TOKEN, ACCOUNT_ID and
    APP_ID are the names that stand in a recording.
    """

    def __init__(self, contract: Contract, secrets: Secrets = (), base_url: str = API) -> None:
        self._contract = contract
        self._secrets = tuple((name.upper(), value) for name, value in secrets if value)
        self.base_url = base_url.rstrip("/")
        self._write_only = write_only(contract)
        self._request_headers = case_headers(contract)

    def knowing(self, secrets: Secrets) -> Redactor:
        """
        The same redactor with more secrets.
        """
        more = copy.copy(self)
        more._secrets = (*self._secrets, *secrets)
        more.__dict__["gate"] = Gate(secrets=more._secrets, public=self.gate.public)
        return more

    @functools.cached_property
    def gate(self) -> Gate:
        """
        What the run must keep to itself, and what anyone may read.
        """
        return Gate(secrets=self._secrets, public=public_text(self._contract))

    def text(self, text: str) -> str:
        """
        A report, a log line, a traceback: what the run named goes by its name, what looks secret by a stand-in.
        """
        text = HIDDEN.sub(self._opened, self._apart(self._named(text)))
        return self._seen(text, self.gate.public, SHOWN)

    def request(self, request: Request) -> Request:
        """
        The request as it is stored and its key is taken from: templates in the address, the headers in which cases
        differ, the body.
        """
        return Request(
            method=request.method,
            url=self._url(request.url),
            headers=self._headers(request.headers, self._request_headers),
            content=self.content(request.content),
        )

    def response(self, response: Response, sent: bytes = b"") -> Response:
        """
        The answer as it is stored; `sent` is the body that was sent, as it is stored.

        One id has one stand-in wherever it comes, so that an id given out twice can still be seen. Raises CannotTell
        for an encoding that cannot be opened.
        """
        kept = self._headers(response.headers, RESPONSE_HEADERS)
        headers = tuple((name, self._answer_text(value, "")) for name, value in kept)
        content = _plain(response)
        return Response(status=response.status, headers=headers, content=self._answer(content, sent))

    # What the run named.

    def _named(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return self.content(data).decode("utf-8", "surrogatepass")

    def content(self, data: bytes) -> bytes:
        """
        A request body as it is stored: what the run named goes by its name, all else is the case and stays.
        """
        if not self._secrets:
            return data
        return _renamed(data, covered(data, needles(self.gate.secrets, self.gate.public)))

    def _apart(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        runs = covered_apart(data, needles(self.gate.secrets, self.gate.public))
        return _renamed(data, runs).decode("utf-8", "surrogatepass") if runs else text

    def _opened(self, match: re.Match[str]) -> str:
        """
        A long word, a row of entities, or bytes as Python shows them, unless a secret of the run comes out when they
        are decoded.
        """
        word = match[0]
        if match[1] is None and word[0] != "&" and not looks_random(word):
            return word
        names = {name for name, _ in self._secrets}
        inside = word[2:-1] if match[1] else word
        found = scan(inside.encode("utf-8", "replace"), self.gate, look="ours")
        return next((name for leak in found if (name := leak.kind.partition(" (")[0]) in names), word)

    def _url(self, url: str) -> str:
        if url == self.base_url or url.startswith(self.base_url + "/"):
            url = API + url[len(self.base_url) :]
        path, mark, query = url.partition("?")
        names = {quote(value, safe=""): name for name, value in self._secrets}
        path = "/".join(names.get(part, part) for part in path.split("/"))
        return self._named(QUERY.sub(self._parameter, path + mark + query))

    def _headers(self, headers: Headers, kept: frozenset[str]) -> Headers:
        found = ((name.lower(), value) for name, value in headers)
        return tuple(sorted((name, self._header(name, value)) for name, value in found if name in kept))

    def _header(self, name: str, value: str) -> str:
        if name == "location":
            return self._url(value)
        names = {form(secret): form(key) for form in TOKEN_FORMS.values() for key, secret in self._secrets}
        return self._named(" ".join(names.get(word, word) for word in value.split(" ")))

    # What can be seen to be a secret.

    def _credential(self, name: str) -> bool:
        return name in self._write_only or is_credential(name)

    def _parameter(self, match: re.Match[str]) -> str:
        mark, name, value = match.groups()
        hidden = self._credential(name) and not harmless(value, self.gate.public)
        return f"{mark}{name}={REDACTED if hidden else value}"

    def _member(self, match: re.Match[str]) -> str:
        hidden = self._credential(match[2]) and not (is_message(match[3]) or harmless(match[3], self.gate.public))
        return f'{match[1]}"{REDACTED}"' if hidden else match[0]

    def _seen(self, text: str, known: str, kinds: Kinds = PATTERNS + IDS) -> str:
        text = PEM.sub(lambda match: _kept_or(match[0], known, "private key"), text)
        text = PAIR.sub(self._member, QUOTED.sub(self._member, QUERY.sub(self._parameter, text)))
        for kind, pattern in kinds:
            text = pattern.sub(lambda match, kind=kind: _kept_or(match[0], known, kind), text)  # type: ignore[misc]
        return text

    def _answer_text(self, text: str, known: str) -> str:
        known = self.gate.public + known
        # Ids first: an account or app id in an answer keeps its format, as every other id does.
        for kind, pattern in FORMATTED:
            text = pattern.sub(lambda match, kind=kind: _kept_or(match[0], known, kind), text)  # type: ignore[misc]
        text = self._seen(self._named(text), known)
        return WORD.sub(
            lambda match: _masked(match[0]) if looks_random(match[0]) and not harmless(match[0], known) else match[0],
            text,
        )

    def _answer(self, content: bytes, sent: bytes) -> bytes:
        known = sent.decode("utf-8", "replace")
        try:
            value = loads(content, as_written=True)
        except NotStrictJson:
            text = content.decode("utf-8", "surrogateescape")
            return self._answer_text(text, known).encode("utf-8", "surrogateescape")
        try:
            ours = frozenset(_leaves(loads(sent)))
        except NotStrictJson:
            ours = frozenset()
        times = {leaf for leaf in _leaves(value) if leaf not in ours}
        moments = sorted({(moment, _fraction(leaf)) for leaf in times if (moment := _moment(leaf))})
        clean = self._value(value, "", _Answer(self, known + "\n" + "\n".join(ours), ours, moments))
        return content if clean == value else encode(clean)

    def _value(self, value: Json, name: str, answer: _Answer) -> Json:
        if isinstance(value, dict):
            told = value.get("name", value.get("key"))
            named = told if isinstance(told, str) and self._credential(told) else ""
            return {
                answer.name(key): self._value(item, self._over(name, named if key == "value" else "", key), answer)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, name, answer) for item in value]
        return answer.string(value, credential=self._credential(name)) if isinstance(value, str) else value

    def _over(self, *names: str) -> str:
        """
        The first name that says credential, else the last one.
        """
        return next((name for name in names if self._credential(name)), names[-1])


class _Answer:
    """
    What is known while one JSON answer is redacted.
    """

    def __init__(
        self, redactor: Redactor, known: str, ours: frozenset[str], moments: list[tuple[datetime, str]]
    ) -> None:
        self.redactor, self.known, self.ours, self.moments = redactor, known, ours, moments

    def name(self, name: str) -> str:
        return self.redactor._answer_text(name, self.known)

    def string(self, text: str, *, credential: bool) -> str:
        if text in self.ours:
            return text
        if credential and any(map(str.isalnum, text)) and not (is_message(text) or harmless(text, "")):
            return text if text == REDACTED else REDACTED
        if moment := _moment(text):
            return self.moment(text, moment)
        return self.redactor._answer_text(text, self.known)

    def moment(self, text: str, moment: datetime) -> str:
        """
        The rank among the answer's moments as seconds after the year 2000 began, written as the moment was.
        """
        match = MOMENT.fullmatch(text)
        assert match  # noqa: S101 - the caller has parsed it
        at = BEGINNING + timedelta(seconds=self.moments.index((moment, _fraction(text))))
        local = at.astimezone(moment.tzinfo)
        fraction = "." + "0" * (len(match[4]) - 1) if match[4] else ""
        return f"{local:%Y-%m-%d}{match[2]}{local:%H:%M:%S}{fraction}{match[5]}"


SHOWN: Final = PATTERNS + tuple((kind, pattern) for kind, pattern in IDS if kind != "ray id")
"""What does not stand in a text: all but the ray id, which the vendor's support asks for."""


FORMATTED: Final = tuple((kind, pattern) for kind, pattern in IDS if kind in ("uuid", "hexadecimal id"))


def _kept_or(found: str, known: str, kind: str) -> str:
    return found if harmless(found, known) else _stand_in(kind, found)


def _stand_in(kind: str, found: str) -> str:
    """
    What takes the place of something found, in the same format.
    """
    if kind == "uuid":
        return STAND_IN_UUID + _digits(found)
    if kind == "hexadecimal id":
        return STAND_IN_HEX + _digits(found)
    if kind == "stream key":
        return STREAM.sub(r"\1STREAM_KEY", found)
    if kind == "credentials in a URL":
        return USERINFO.sub(rf"\1{REDACTED}:{REDACTED}@", found)
    fixed = {
        "bearer credential": "Bearer TOKEN",
        "basic credential": "Basic TOKEN",
        "cookie": found.partition("=")[0] + "=" + REDACTED,
        "ray id": "0000000000000000-AAA",
        "address of a machine": "192.0.2.0",
    }
    return fixed.get(kind, REDACTED)


CODINGS: Final = {
    "gzip": ("gzip",),
    "x-gzip": ("gzip",),
    "deflate": ("zlib", "deflate"),
    "br": ("br",),
    "zstd": ("zstd",),
}
"""A content-coding and the unpackers that undo it; "deflate" is sent with and without the head of zlib."""


def _plain(response: Response) -> bytes:
    """
    The content without its content-encodings, the last one first; a client may have taken them off already.
    """
    content = response.content
    told = ",".join(value for name, value in response.headers if name == "content-encoding")
    for coding in reversed([coding.strip().lower() for coding in told.split(",")]):
        if content and coding not in ("", "identity"):
            opened = next((text for name, text in unpack(content) if name in CODINGS.get(coding, ())), b"")
            if not opened and is_text(content):
                return content
            if not 0 < len(opened) < SIZE:
                raise CannotTell(
                    "an answer came in a content-encoding that cannot be opened here; send accept-encoding: identity"
                )
            content = opened
    return content


def is_text(content: bytes) -> bool:
    """
    Whether the content is UTF-8.
    """
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def redactor_of(contract: Contract, target: Target, more: Secrets = ()) -> Redactor:
    """
    The redactor of a run against a target; `more` are further secrets of the run, such as stored credentials.
    """
    named = (("TOKEN", target.token), ("ACCOUNT_ID", target.account_id), ("APP_ID", target.app_id))
    return Redactor(contract, (*named, *more), target.base_url)
