"""
A list as its query asks for it: filtered, searched, sorted, and one page of it.

1. A query parameter that is named as a member shows the objects whose member has that value, or one of those values.
2. `search` looks for a text in all texts of an object, whatever the case. Times bound the time of creation, inclusive.
3. Pages count from one, and page nought is the first; without a size, a page holds everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rtkcontract.emulator.parameters import Asked
from rtkcontract.emulator.samples import Attempt
from rtkcontract.emulator.shape import Place
from rtkcontract.json_schema.values import same
from rtkcontract.model import Json

PAGE: Final = ("page_no", "page", "page_number", "pageNo", "pageNumber")
SIZE: Final = ("per_page", "page_size", "limit", "perPage", "pageSize")
SKIP: Final = ("offset", "skip")
SEARCH: Final = ("search", "q", "query")
SORT: Final = ("sort_by", "sortBy", "order_by")
ORDER: Final = ("sort_order", "sortOrder", "order", "direction")
FROM, UNTIL = ("start_time", "start_date", "since"), ("end_time", "end_date", "until")
_TIMES: Final = re.compile(r"(created|started|invoked|joined)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    Some objects, the place of the first of them from zero, and how many there are on all pages.
    """

    items: list[Json]
    start: int
    total: int
    number: int
    size: int


def fitting(objects: list[Json], asked: Asked, names: frozenset[str]) -> list[Json]:
    """
    The objects that the query asks for, in its order. `names` are the members that an object may have.
    """
    reserved = {*PAGE, *SIZE, *SKIP, *SEARCH, *SORT, *ORDER, *FROM, *UNTIL}
    wanted = {name: value for name, value in asked.query.items() if name in names and name not in reserved}
    text = asked.get(SEARCH)
    found = [
        one
        for one in objects
        if all(_has(one, name, value) for name, value in wanted.items())
        and (not text or any(str(text).lower() in part.lower() for part in _texts(one)))
        and _between(one, asked.get(FROM), asked.get(UNTIL))
    ]
    return _sorted(found, asked)


def _has(one: Json, name: str, value: Json) -> bool:
    held = one.get(name)
    wanted = value if isinstance(value, list) else [value]
    return any(same(held, option) or (isinstance(held, list) and option in held) for option in wanted)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(part)


def _moment(text: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _between(one: Json, start: Json, end: Json) -> bool:
    moment = next((_moment(value) for name, value in one.items() if _TIMES.match(name)), None)
    first, last = _moment(start), _moment(end)
    return moment is None or ((first is None or first <= moment) and (last is None or moment <= last))


def _sorted(found: list[Json], asked: Asked) -> list[Json]:
    key = _plain(str(asked.get(SORT) or ""))
    name = next((name for one in found for name in one if key and _plain(name) == key), "")
    if name:
        there = [one for one in found if isinstance(one.get(name), str | int | float)]
        kind: type = type(there[0][name]) if there else str
        there = [one for one in there if isinstance(one[name], kind)]
        there.sort(key=lambda one: one[name])
        found = [*there, *(one for one in found if not any(one is other for other in there))]
    return found[::-1] if str(asked.get(ORDER) or "").upper().startswith("D") else found


def _plain(name: str) -> str:
    """
    `createdAt` and `created_at` are one member; `invokedTime` too is `invoked_time`.
    """
    return re.sub(r"[^a-z]", "", name.lower())


def _whole(value: Json) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def page(found: list[Json], asked: Asked) -> Page:
    """
    The page that the query asks for; empty beyond the last.
    """
    size, number, skip = (_whole(asked.get(names)) for names in (SIZE, PAGE, SKIP))
    size = len(found) if size is None or size < 0 else size
    number = max(number or 1, 1)
    start = max(skip, 0) if skip is not None else (number - 1) * size
    return Page(items=found[start : start + size], start=start, total=len(found), number=number, size=size)


def numbered(body: Json, whole: Place, path: tuple[str, ...], page: Page, attempt: Attempt) -> Json:
    """
    The body with what it says about pages: totals and offsets that are declared beside the list, or around it.
    """
    last = page.start + len(page.items)
    numbers = {
        "totalcount": page.total,
        "total": page.total,
        "startoffset": page.start + 1 if page.items else 0,
        "endoffset": last if page.items else 0,
        "page": page.number,
        "perpage": page.size,
        "count": len(page.items),
    }
    holder, place = body, whole
    for step in (*path, ""):
        if not isinstance(holder, dict):
            break
        holder.update(_numbers(place, numbers))
        for name, inner in place.members.items():
            if name != step and (found := _numbers(inner, numbers)):
                sampled = inner.sample(attempt)
                holder[name] = {**sampled, **found} if isinstance(sampled, dict) else found
        holder, place = holder.get(step), place.at([step])
    return body


def _numbers(place: Place, numbers: dict[str, int]) -> dict[str, int]:
    known = ((name, numbers.get(_plain(name))) for name in _counters(place))
    return {name: number for name, number in known if number is not None}


def _counters(place: Place) -> Iterable[str]:
    return (name for name, inner in place.members.items() if inner.kind in ("number", "integer"))
