"""
A request -> the key that its recording is found by; pure and deterministic.

1. The key is a hash of the request as it is stored: real ids, the token and the host are templates by then, so a key
   never depends on an account.
2. Bodies count in canonical form: member order, spacing and escapes are nothing; `true`, `1`, `1.0` and `1e0` are four
   requests; duplicate members, NaN and broken JSON count by their bytes.
3. Headers count, but for those that a client adds by itself. A header left out is not a header left empty.
4. The scheme has a number. A key is worked out from the request each time and never read from a file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from rtkcontract.errors import CannotTell
from rtkcontract.jsontext import NotStrictJson, canonical, loads
from rtkcontract.model import Headers, Request

T = TypeVar("T")

SCHEME: Final = 1
BY_THE_WAY: Final = frozenset(
    ("host", "user-agent", "accept-encoding", "connection", "content-length", "transfer-encoding", "cookie")
)
"""Headers that belong to the client and the connection, not to the case."""
FRACTION: Final = re.compile(rb"[0-9][.eE]")
COMPACT: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
TOKEN_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "{token}": str,
    "{token-cut}": lambda token: token[:-1],
    "{token-in-other-case}": lambda token: token.swapcase() if token.swapcase() != token else f"{token}-",
}
"""What a header of a written case holds for the run's token, and for tokens so near to it that they could pass."""
NAME_LENGTH: Final = 120
"""Characters of a case id in a file name; with the key and the ending the name stays below 200."""


def _counted(headers: Headers) -> bytes:
    found = sorted((name.lower(), value) for name, value in headers if name.lower() not in BY_THE_WAY)
    return "\n".join(f"{name}: {value}" for name, value in found).encode("utf-8", "surrogateescape")


def _canonical(content: bytes) -> bytes:
    """
    `jsontext.canonical`, several times as fast where no number can have a point or an exponent.
    """
    if FRACTION.search(content):
        return canonical(content)
    try:
        return b"J" + COMPACT.encode(loads(content)).encode()
    except (NotStrictJson, RecursionError):
        return b"R" + content


def case_key(method: str, templated_url: str, headers: Headers, content: bytes) -> str:
    """
    Sixteen hex digits. `headers` hold "Bearer TOKEN" where the run's own token stood.
    """
    parts = (b"v%d" % SCHEME, method.upper().encode(), templated_url.encode(), _counted(headers), _canonical(content))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def key_of(request: Request) -> str:
    """
    The key of a request that has gone through `Redactor.request`.
    """
    return case_key(request.method, request.url, request.headers, request.content)


def file_name(case: str, key: str) -> str:
    """
    The id without its operation, other signs than letters, digits, `_`, `.` and `-` replaced, then the key.

    The key alone tells recordings apart; the rest is for people. `a/b` and `a.b` differ in the key.
    """
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", case.partition("/")[2].replace("/", ".") or case)
    return f"{name[:NAME_LENGTH].strip('.') or 'case'}.{key}.yaml"


def shard_of(key: str, count: int) -> int:
    """
    The shard, from 0 up to `count`, that a key belongs to; other cases have no part in it.
    """
    return int(key, 16) % count


def shard(keyed: Iterable[tuple[str, T]], k: int, n: int) -> tuple[T, ...]:
    """
    What belongs to shard `k` of `n`, counted from 1; `keyed` pairs a key with anything, such as a case.
    """
    if not 1 <= k <= n:
        raise CannotTell(f"shard {k}/{n} does not exist; the first is 1/{n}, the last {n}/{n}")
    return tuple(item for key, item in keyed if shard_of(key, n) == k - 1)
