"""
The request rate: limits kept before sending, and the wait that a 429 asks for.
"""

from __future__ import annotations

import collections
import email.utils
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from rtkcontract.model import Json

HEADROOM = 0.96
"""The share of a documented rate that is used: others may send with the same credential."""


class Pace:
    """
    Keeps requests that follow one another under every rate limit, `{"requests": 250, "period_s": 10}` and the like.

    A sliding window counts from the end of an earlier request to the start of the next, so however long each is
    under way, the target never sees more in one period.
    """

    def __init__(
        self,
        limits: Sequence[Json],
        *,
        headroom: float = HEADROOM,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.clock, self.sleep = clock, sleep
        self.windows = tuple((max(1, int(limit["requests"] * headroom)), float(limit["period_s"])) for limit in limits)
        self._ended: collections.deque[float] = collections.deque(maxlen=max((n for n, _ in self.windows), default=0))
        self._under_way = False

    def wait(self) -> None:
        """
        Returns when the next request may start; the one before it has ended.
        """
        now = self.clock()
        if self._under_way:
            self._ended.append(now)
        self._under_way = True
        if (free := self._free()) > now:
            self.sleep(free - now)

    def _free(self) -> float:
        """
        The time from which every window has room.
        """
        full = [self._ended[-n] + period_s for n, period_s in self.windows if len(self._ended) >= n]
        return max(full, default=0.0)


def estimate_s(requests: int, limits: Sequence[Json], *, headroom: float = HEADROOM) -> float:
    """
    Seconds before the last of so many requests may start, were each answered at once.
    """
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(limits, headroom=headroom, clock=lambda: now[0], sleep=sleep)
    for _ in range(requests):
        pace.wait()
    return now[0]


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """
    The seconds that a Retry-After header asks for, given as seconds or as a date; None where it cannot be read.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        # TypeError: a date without a zone.
        return None
