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

import functools
import hashlib
from collections.abc import Iterable
from typing import Final, TypeVar

from rtkcontract.contract.requests import BY_THE_WAY
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import canonical
from rtkcontract.model import Headers, Request

T = TypeVar("T")


SCHEME: Final = 1


@functools.lru_cache(maxsize=1_024)
def _counted(headers: Headers) -> bytes:
    found = sorted((name.lower(), value) for name, value in headers if name.lower() not in BY_THE_WAY)
    return "\n".join(f"{name}: {value}" for name, value in found).encode("utf-8", "surrogateescape")


def case_key(method: str, templated_url: str, headers: Headers, content: bytes) -> str:
    """
    Sixteen hex digits. `headers` hold "Bearer TOKEN" where the run's own token stood.
    """
    parts = (b"v%d" % SCHEME, method.upper().encode(), templated_url.encode(), _counted(headers), canonical(content))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def key_of(request: Request) -> str:
    """
    The key of a request that has gone through `Redactor.request`.
    """
    return case_key(request.method, request.url, request.headers, request.content)


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
