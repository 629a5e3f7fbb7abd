"""
Faults of lists: pages that overlap or leave out, totals that do not agree, filters and orders that do not hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wrong_servers.examples import COLLECTIONS, scene
from wrong_servers.mutants import Call, Calls, Mutant, step
from wrong_servers.operations import Operation
from wrong_servers.second_server import LIVE_MEETING, Row, Server

Rows = list[Row]
Pager = Callable[[Rows, int, int], tuple[Rows, dict[str, int]]]
"""(all rows in order, size, number of the page from 1) -> what the page holds and where it stands."""

PAGES = "pages divide the list: page_no, per_page and paging in the vendor's document"
TOTAL = "total_count is the number of items: the vendor's document"
OFFSETS = "start_offset and end_offset say which items are on the page: the vendor's document"
ORDER = "pages divide one list, so its order does not change between them: the vendor's document"


def _place(total: int, first: int, count: int) -> dict[str, int]:
    return {
        "total_count": total,
        "start_offset": first + 1 if count else 0,
        "end_offset": first + count if count else 0,
    }


def _shifted(by: int) -> Pager:
    """
    Each page after the first begins so many items later.
    """

    def page(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
        first = (number - 1) * size + (by if number > 1 else 0)
        chosen = rows[max(first, 0) : max(first, 0) + size]
        return chosen, _place(len(rows), first, len(chosen))

    return page


def _plain(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
    first = (number - 1) * size
    chosen = rows[first : first + size]
    return chosen, _place(len(rows), first, len(chosen))


def _counted(change: Callable[[dict[str, int], int, int, int], dict[str, int]]) -> Pager:
    """
    The right items with another count: (paging, items on the page, size, number).
    """

    def page(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
        chosen, paging = _plain(rows, size, number)
        return chosen, {**paging, **change(paging, len(chosen), size, number)}

    return page


def _no_last_page(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
    whole = len(rows) // size * size if len(rows) > size else len(rows)
    chosen, _ = _plain(rows[:whole], size, number)
    return chosen, _place(len(rows), (number - 1) * size, len(chosen))


def _reversed_pages(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
    return _plain(rows if number % 2 else rows[::-1], size, number)


def _last_again(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
    last = max(-(-len(rows) // size), 1)
    return _plain(rows, size, min(number, last))


def _hole(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
    """
    The first item of the second page is nowhere.
    """
    chosen, paging = _plain(rows, size, number)
    return (chosen[1:], paging) if number == 2 else (chosen, paging)


def _doubled(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
    chosen, paging = _plain(rows, size, number)
    return ([*chosen[:-1], chosen[0]] if len(chosen) > 1 else chosen), paging


def _dishonest_cap(rows: Rows, size: int, number: int) -> tuple[Rows, dict[str, int]]:
    chosen, paging = _plain(rows, size, number)
    return chosen[:3], paging


PAGERS: tuple[tuple[str, Pager, tuple[str, ...], str], ...] = (
    ("the next page begins with the last item", _shifted(-1), ("meetings", "participants", "presets"), PAGES),
    ("the next page leaves an item out", _shifted(1), ("meetings", "participants", "recordings"), PAGES),
    ("pages have one item more", lambda r, s, n: _plain(r, s + 1, n), ("presets", "apps"), PAGES),
    (
        "pages overlap by one item more",
        lambda r, s, n: (r[(n - 1) * s : n * s + 1], _place(len(r), (n - 1) * s, s)),
        ("meetings", "recordings"),
        PAGES,
    ),
    ("per_page is ignored", lambda r, _, n: _plain(r, 20, n), ("meetings", "participants", "presets", "apps"), PAGES),
    (
        "page_no is ignored",
        lambda r, s, _: _plain(r, s, 1),
        ("meetings", "participants", "presets", "recordings"),
        PAGES,
    ),
    ("the last page is missing", _no_last_page, ("meetings", "participants"), PAGES),
    ("every second page counts from the end", _reversed_pages, ("meetings", "presets"), ORDER),
    ("a page past the end is the last one", _last_again, ("meetings", "apps"), PAGES),
    ("the second page has a hole", _hole, ("participants", "presets"), PAGES),
    ("the last item of a page is its first", _doubled, ("meetings", "apps"), PAGES),
    ("a page has three items and counts more", _dishonest_cap, ("meetings", "participants"), OFFSETS),
    (
        "the total is that of the page",
        _counted(lambda _, c, __, ___: {"total_count": c}),
        ("meetings", "presets"),
        TOTAL,
    ),
    (
        "the total is one more",
        _counted(lambda p, *_: {"total_count": p["total_count"] + 1}),
        ("meetings", "participants"),
        TOTAL,
    ),
    (
        "the total is that of the pages",
        _counted(lambda p, _, s, __: {"total_count": -(-p["total_count"] // s)}),
        ("apps",),
        TOTAL,
    ),
    ("the total is zero", _counted(lambda *_: {"total_count": 0}), ("recordings", "participants"), TOTAL),
    (
        "the end is that of a full page",
        _counted(lambda _, __, s, n: {"end_offset": n * s}),
        ("meetings", "presets"),
        OFFSETS,
    ),
    ("the start is always the first", _counted(lambda *_: {"start_offset": 1}), ("meetings", "apps"), OFFSETS),
    (
        "the end is before the start",
        _counted(lambda p, *_: {"start_offset": p["end_offset"], "end_offset": p["start_offset"] - 1}),
        ("participants",),
        OFFSETS,
    ),
    (
        "the end is past the total",
        _counted(lambda p, *_: {"end_offset": p["total_count"] + 5}),
        ("recordings",),
        OFFSETS,
    ),
)


def _paged(pager: Pager) -> Any:
    def change(server: Server, _: Any, operation: Operation, rows: Rows, query: Mapping[str, Any]) -> Any:
        return pager(rows, server.size(operation, query), max(query.get("page_no", 1), 1))

    return change


def _pages(kind: str) -> Calls:
    """
    Five objects, and their pages of two, four and five.
    """
    made = scene(kind, "create create2 create2 create2 create2")
    plain = scene(kind, "create list")[-1]
    assert isinstance(plain, Call)
    pages = [(2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (4, 1), (4, 2), (5, 1)]
    lists = (
        Call(operation=plain.operation, ids=plain.ids, query={"page_no": str(number), "per_page": str(size)})
        for size, number in pages
    )
    return (*made, *lists)


def _paging() -> Iterator[Mutant]:
    for name, pager, kinds, promise in PAGERS:
        for kind in kinds:
            operation = COLLECTIONS[kind].list
            yield Mutant(
                name=f"{kind}: {name}",
                family="paging",
                operations=(operation,),
                description=f"In the list of {kind} {name}.",
                promise=promise,
                hook=step("page", _paged(pager), operation),
                shows=_pages(kind),
            )
    yield _not_shown("webhooks", "only the first webhook is listed", lambda rows: rows[:1])
    yield _not_shown("webhooks", "the newest webhook is listed twice", lambda rows: [*rows, rows[-1]])
    yield _not_shown("meetings", "inactive meetings are not listed", _active_only)


def _active_only(rows: Rows) -> Rows:
    return [row for row in rows if row.data["status"] == "ACTIVE"]


def _not_shown(kind: str, name: str, change: Callable[[Rows], Rows]) -> Mutant:
    operation = COLLECTIONS[kind].list
    idle = Call(operation="update_meeting", body={"status": "INACTIVE"}, ids={"meeting_id": "$0.data.id"})
    calls = scene(kind, "create create2 list")
    return Mutant(
        name=name,
        family="paging",
        operations=(operation,),
        description=f"{name[0].upper()}{name[1:]}.",
        promise="the list holds every object: the vendor's document",
        hook=step("below", lambda _, original, *more: change(original(*more)), operation),
        shows=(*calls[:2], *([idle] if kind == "meetings" else []), calls[2]),
    )


# --- filters and orders ---------------------------------------------------------------------------------------------

Fits = Callable[[Row, Any, bool], bool]
"""(row, value of the filter, what a correct server says) -> whether the row is shown."""


def _filter(name: str, fits: Fits) -> Any:
    def change(_: Server, original: Any, operation: Operation, row: Row, parameter_name: str, value: Any) -> bool:
        right = original(operation, row, parameter_name, value)
        return fits(row, value, right) if parameter_name == name else right

    return change


def _holed(server: Server, original: Any, operation: Operation, rows: Rows, query: Mapping[str, Any]) -> Any:
    """
    The filter is applied to each page of the whole list.
    """
    app, kind = rows[0].app if rows else "", operation.kind
    every = server.sort(operation, server.below(operation, app, kind, ""), query) if rows else []
    chosen, _ = original(operation, every, query)
    fitting = [row for row in chosen if row in rows]
    return fitting, _place(len(rows), 0, len(fitting))


def _filters() -> Iterator[Mutant]:
    meetings: Calls = (
        Call(operation="create_meeting", body={"title": "Alpha review"}),
        Call(operation="create_meeting", body={"title": "Beta review"}),
        Call(operation="create_meeting", body={"title": "Gamma"}),
        Call(operation="update_meeting", body={"status": "INACTIVE"}, ids={"meeting_id": "$1.data.id"}),
    )
    presets = scene("presets", "create create2")
    apps = scene("apps", "create create2")
    recordings: Calls = (
        *meetings[:2],
        Call(operation="start_recording", body={"meeting_id": "$0.data.id", "file_name_prefix": "first"}),
        Call(operation="start_recording", body={"meeting_id": "$1.data.id", "file_name_prefix": "second"}),
        Call(operation="pause_resume_stop_recording", body={"action": "pause"}, ids={"recording_id": "$2.data.id"}),
    )
    nobody = lambda *_: False  # noqa: E731
    everybody = lambda *_: True  # noqa: E731
    turned = lambda _, __, right: not right  # noqa: E731
    named = lambda member: lambda row, value, _: row.data[member] == value  # noqa: E731
    begun = lambda member: lambda row, value, _: not row.data[member].startswith(value)  # noqa: E731
    rows: tuple[tuple[str, str, str, Fits, Calls, str], ...] = (
        ("get_all_meetings", "status", "is ignored", everybody, meetings, "INACTIVE"),
        ("get_all_meetings", "status", "is turned round", turned, meetings, "INACTIVE"),
        (
            "get_all_meetings",
            "status",
            "finds nothing when it is INACTIVE",
            lambda _, v, right: right and v == "ACTIVE",
            meetings,
            "INACTIVE",
        ),
        (
            "get_all_meetings",
            "status",
            "leaves the oldest out",
            lambda row, _, right: right and row.id != LIVE_MEETING,
            meetings,
            "ACTIVE",
        ),
        ("get_all_meetings", "search", "is ignored", everybody, meetings, "Gamma"),
        ("get_all_meetings", "search", "finds nothing", nobody, meetings, "Gamma"),
        ("get_all_meetings", "search", "finds what does not fit", begun("title"), meetings, "Alpha review"),
        (
            "get_all_meetings",
            "search",
            "finds active ones only",
            lambda row, _, right: right and row.data["status"] == "ACTIVE",
            meetings,
            "Beta review",
        ),
        ("get_all_meetings", "start_time", "is ignored", everybody, meetings, "2026-06-01T00:00:00Z"),
        ("get_all_meetings", "start_time", "is turned round", turned, meetings, "2026-06-01T00:00:00Z"),
        ("get_all_meetings", "start_time", "finds nothing", nobody, meetings, "2026-06-01T00:00:00Z"),
        ("get_all_meetings", "end_time", "is ignored", everybody, meetings, "2026-06-01T00:00:00Z"),
        ("get_all_meetings", "end_time", "is turned round", turned, meetings, "2026-06-01T00:00:00Z"),
        (
            "get_all_meetings",
            "end_time",
            "is read without its zone",
            lambda row, v, _: row.data["created_at"][:19] <= v.isoformat()[:19],
            meetings,
            "2026-11-27T13:00:00+05:00",
        ),
        ("get-presets", "search", "is ignored", everybody, presets, "Name 2"),
        ("get-presets", "search", "finds nothing", nobody, presets, "Name 2"),
        ("get_apps", "search", "is ignored", everybody, apps, "Name 2"),
        ("get_apps", "search", "finds nothing", nobody, apps, "Name 2"),
        ("get_all_recordings", "meeting_id", "is ignored", everybody, recordings, "$0.data.id"),
        ("get_all_recordings", "meeting_id", "is the recording's own id", named("id"), recordings, "$0.data.id"),
        ("get_all_recordings", "meeting_id", "finds nothing", nobody, recordings, "$0.data.id"),
        ("get_all_recordings", "status", "is ignored", everybody, recordings, "PAUSED"),
        (
            "get_all_recordings",
            "status",
            "knows the first of a list only",
            lambda row, v, _: row.data["status"] == v[0],
            recordings,
            "INVOKED,PAUSED",
        ),
        (
            "get_all_recordings",
            "status",
            "knows the last of a list only",
            lambda row, v, _: row.data["status"] == v[-1],
            recordings,
            "INVOKED,PAUSED",
        ),
        ("get_all_recordings", "start_time", "is ignored", everybody, recordings, "2026-06-01T00:00:00Z"),
        ("get_all_recordings", "end_time", "is turned round", turned, recordings, "2026-06-01T00:00:00Z"),
        ("get_all_recordings", "search", "is ignored", everybody, recordings, "second"),
        ("GetSessions", "status", "is ignored", everybody, (), "ENDED"),
        ("GetSessions", "associated_id", "is ignored", everybody, (), "00000000-0000-4000-8000-000000000000"),
        ("fetch_all_livestreams", "status", "is ignored", everybody, (), "ERRORED"),
    )
    for operation, name, how, fits, calls, value in rows:
        yield Mutant(
            name=f"{name} of {operation} {how}",
            family="filters",
            operations=(operation,),
            description=f"The filter {name} of {operation} {how}.",
            promise=f"{name} chooses what is listed: the vendor's document",
            hook=step("fits_one", _filter(name, fits), operation),
            shows=(*calls, Call(operation=operation, query={name: value})),
        )
    yield from _orders(apps, recordings)
    yield Mutant(
        name="pages are cut before they are filtered",
        family="filters",
        operations=("get_all_meetings",),
        description="A filtered page holds what fits of a page of the whole list.",
        promise=PAGES,
        hook=step("page", _holed, "get_all_meetings"),
        shows=(
            *meetings,
            Call(operation="get_all_meetings", query={"status": "INACTIVE", "per_page": "1", "page_no": "1"}),
        ),
    )
    yield Mutant(
        name="a search is a pattern",
        family="filters",
        operations=("get_all_meetings",),
        description="A dot in the search stands for any character, and a bracket is a crash.",
        promise="search is a text: the vendor's document",
        hook=step("fits_one", _pattern_search, "get_all_meetings"),
        shows=(*meetings, Call(operation="get_all_meetings", query={"search": "A.p.a"})),
    )
    for operation, limit in (("get_all_meetings", 10), ("get-presets", 10)):
        calls = meetings if operation == "get_all_meetings" else presets
        yield Mutant(
            name=f"search of {operation} is cut at {limit}",
            family="filters",
            operations=(operation,),
            description=f"Only the first {limit} characters of a search count.",
            promise="search is a text without a limit: the vendor's document",
            source="practice",
            hook=step("fits_one", _cut_search(limit), operation),
            shows=(
                *calls,
                Call(operation=operation, query={"search": "Beta reviexyz"}),
                Call(operation=operation, query={"search": "preset one, not this"}),
            ),
        )


def _pattern_search(_: Server, original: Any, operation: Operation, row: Row, name: str, value: Any) -> bool:
    if name == "search":
        return re.search(value, str(row.data.get("title", ""))) is not None
    return bool(original(operation, row, name, value))


def _cut_search(limit: int) -> Any:
    def change(_: Server, original: Any, operation: Operation, row: Row, name: str, value: Any) -> bool:
        return bool(original(operation, row, name, value[:limit] if name == "search" else value))

    return change


def _orders(apps: Calls, recordings: Calls) -> Iterator[Mutant]:
    turned = {"ASC": "DESC", "DESC": "ASC"}
    rows: tuple[tuple[str, str, Callable[[str], str], str, Calls], ...] = (
        ("get_apps", "is ignored", lambda _: "DESC", "ASC", apps),
        ("get_apps", "is turned round", lambda v: turned[v], "ASC", apps),
        ("get_all_recordings", "is ignored", lambda _: "DESC", "ASC", recordings),
        ("get_all_recordings", "is turned round", lambda v: turned[v], "DESC", recordings),
    )
    for operation, how, change, value, calls in rows:
        yield Mutant(
            name=f"sort_order of {operation} {how}",
            family="filters",
            operations=(operation,),
            description=f"sort_order of {operation} {how}.",
            promise="sort_order says which comes first: the vendor's document",
            hook=step("sort", _sorted(change), operation),
            shows=(*calls, Call(operation=operation, query={"sort_order": value})),
        )
    yield Mutant(
        name="the default order of get_apps is turned round",
        family="filters",
        operations=("get_apps",),
        description="Without sort_order the oldest app comes first.",
        promise="sort_order has the default DESC: the vendor's document",
        hook=step("sort", lambda _, original, o, r, q: original(o, r, {"sort_order": "ASC", **q}), "get_apps"),
        shows=(*apps, Call(operation="get_apps")),
    )


def _sorted(change: Callable[[str], str]) -> Any:
    def changed(_: Server, original: Any, operation: Operation, rows: Rows, query: Mapping[str, Any]) -> Rows:
        asked = query.get("sort_order")
        return list(original(operation, rows, {**query, "sort_order": change(asked)} if asked else query))

    return changed


MUTANTS: tuple[Mutant, ...] = (*_paging(), *_filters())
