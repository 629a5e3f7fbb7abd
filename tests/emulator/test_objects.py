"""
The emulator remembers: what was made can be read, listed, changed and deleted, below its own parent alone.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest

from emulator.boxes import EXAMPLE, Client
from rtkcontract.emulator.store import Store


def test_what_is_made_can_be_read() -> None:
    """A read answers what the create answered, twice the same, without the secret."""
    client = Client()
    box = client.data("POST", "/boxes", {"name": "a", "key": "canary"})

    assert {"name": "a", "size": 3} == {
        name: box[name] for name in box if name not in ("id", "created_at", "updated_at")
    }
    assert box == client.data("GET", f"/boxes/{box['id']}") == client.data("GET", f"/boxes/{box['id']}")
    assert "canary" not in json.dumps(list(client.store.below(("boxes",))))


def test_an_update_changes_what_was_sent_alone() -> None:
    """PATCH keeps the rest, fills no default, takes away what is null, and moves the time of change."""
    client = Client()
    box = client.data("POST", "/boxes", {"name": "a", "size": 5, "lid": {"open": True, "note": "n"}})
    path = f"/boxes/{box['id']}"
    changed = client.data("PATCH", path, {"colour": "red", "lid": {"note": None}})

    assert box | {"colour": "red", "lid": {"open": True}, "updated_at": changed["updated_at"]} == changed
    assert changed["updated_at"] > box["updated_at"]
    assert changed == client.data("GET", path)


def test_a_replacement_keeps_what_a_request_cannot_set() -> None:
    """PUT keeps id and creation; what is not sent goes, or back to its default."""
    client = Client()
    box = client.data("POST", "/boxes", {"name": "a", "size": 5, "colour": "red"})
    replaced = client.data("PUT", f"/boxes/{box['id']}", {"name": "b"})

    assert {"id": box["id"], "created_at": box["created_at"], "name": "b", "size": 3} == {
        name: value for name, value in replaced.items() if name != "updated_at"
    }
    assert replaced == client.data("GET", f"/boxes/{box['id']}")


def test_a_clock_that_stands_still_moves_the_time_of_change() -> None:
    """The time of change moves by a millisecond where the clock has not moved."""
    client = Client(now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    box = client.data("POST", "/boxes", {"name": "a"})

    assert "2026-01-01T00:00:00.001Z" == client.data("PATCH", f"/boxes/{box['id']}", {"name": "b"})["updated_at"]


def test_a_refused_update_changes_nothing() -> None:
    """400, and the object is as it was."""
    client = Client()
    box = client.data("POST", "/boxes", {"name": "a"})

    assert 400 == client.ask("PATCH", f"/boxes/{box['id']}", {"name": "b", "size": 10})[0]
    assert box == client.data("GET", f"/boxes/{box['id']}")


def test_deleted_is_gone_with_what_is_below() -> None:
    """204 without a body, then 404 for the object, for a second delete, and for what was below it."""
    client = Client()
    box = client.data("POST", "/boxes", {"name": "a"})
    path = f"/boxes/{box['id']}"
    thing = client.data("POST", f"{path}/things", {"name": "t"})
    response = client.send("DELETE", path)

    assert (204, b"") == (response.status, response.content)
    assert [404] * 4 == [
        client.ask(method, where)[0]
        for method, where in (
            ("GET", path),
            ("DELETE", path),
            ("GET", f"{path}/things"),
            ("GET", f"{path}/things/{thing['id']}"),
        )
    ]


def test_an_object_is_below_its_own_parent_alone() -> None:
    """Another parent does not show it, a parent that is not there is 404, and an action needs its object too."""
    client = Client()
    one, other = (client.data("POST", "/boxes", {"name": name})["id"] for name in "ab")
    thing = client.data("POST", f"/boxes/{one}/things", {"name": "t"})

    assert 200 == client.ask("GET", f"/boxes/{one}/things/{thing['id']}")[0]
    assert 404 == client.ask("GET", f"/boxes/{other}/things/{thing['id']}")[0]
    assert [] == client.data("GET", f"/boxes/{other}/things")
    assert 404 == client.ask("POST", f"/boxes/{uuid.UUID(int=9)}/things", {"name": "t"})[0]
    assert (200, 404) == (
        client.ask("POST", f"/boxes/{one}/shake")[0],
        client.ask("POST", f"/boxes/{thing['id']}/shake")[0],
    )


def test_the_example_ids_of_the_document_work() -> None:
    """The example id names an object, also below an example, also once it was deleted; another id does not."""
    client = Client()
    path = f"/boxes/{EXAMPLE}"

    assert EXAMPLE == client.data("GET", path)["id"]
    assert EXAMPLE == client.data("GET", f"{path}/things/{EXAMPLE}")["id"]
    assert 204 == client.ask("DELETE", path)[0]
    assert "z" == client.data("PATCH", path, {"name": "z"})["name"]
    box = client.data("POST", "/boxes", {"name": "a"})["id"]
    assert 404 == client.ask("GET", f"/boxes/{uuid.UUID(int=1)}")[0]
    assert 404 == client.ask("GET", f"/boxes/{box}/things/{uuid.UUID(int=1)}")[0]


def test_nothing_is_shared_between_emulators() -> None:
    """Two emulators know nothing of each other, and a reset forgets everything."""
    client, other = Client(), Client()
    client.data("POST", "/boxes", {"name": "a"})

    assert (1, 0) == (len(client.data("GET", "/boxes")), len(other.data("GET", "/boxes")))
    assert 0 == client.ask("POST", "/reset")[1]["objects"]
    assert [] == client.data("GET", "/boxes")


def test_memory_is_bounded() -> None:
    """Beyond the limit the oldest go first, and what is remembered stays below it."""
    client = Client(store=Store(keep_bytes=20_000))
    made = [client.data("POST", "/boxes", {"name": "n" * 900})["id"] for _ in range(60)]
    there = [client.ask("GET", f"/boxes/{one}")[0] for one in made]

    assert 15 <= there.count(200) < 25
    assert sorted(there, reverse=True) == there
    assert client.store.size <= 20_000


# ---- lists


@pytest.fixture(scope="module")
def many() -> Client:
    """
    Twenty-five boxes, made a second apart.
    """
    client = Client()
    for number in range(25):
        sent = {"name": f"Box {number:02}", "size": number % 5}
        client.data("POST", "/boxes", sent | ({"colour": ("red", "blue")[number % 2]} if number < 20 else {}))
    return client


def _names(client: Client, query: str) -> list[str]:
    return [one["name"] for one in client.data("GET", f"/boxes?{query}")]


def test_pages_do_not_overlap(many: Client) -> None:
    """Pages have the document's size unless another is asked for; together they are all, and totals agree."""
    status, first = many.ask("GET", "/boxes")

    assert (200, 20) == (status, len(first["data"]))
    assert {"total_count": 25, "start_offset": 1, "end_offset": 20} == first["paging"]
    assert [f"Box {number:02}" for number in range(25)] == [
        name for page in (1, 2, 3) for name in _names(many, f"per_page=10&page_no={page}")
    ]
    assert {"total_count": 25, "start_offset": 0, "end_offset": 0} == many.ask("GET", "/boxes?page_no=9")[1]["paging"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("colour=red", 10),
        ("colour=red,blue", 20),
        ("size=2", 5),
        ("size=2&colour=red", 2),
        ("search=oX%2001", 1),
        ("search=box", 25),
        ("search=nothing", 0),
        ("start_time=2026-01-01T00:00:10Z", 15),
        ("end_time=2026-01-01T00:00:04Z", 5),
        ("start_time=2026-01-01T01:00:10%2B01:00&end_time=2026-01-01T00:00:12Z", 3),
        ("unknown=1", 25),
    ],
)
def test_a_filter_shows_all_and_only_what_fits(many: Client, query: str, count: int) -> None:
    """Members by their value or a list of values, texts by a part of them, times within their bounds."""
    status, page = many.ask("GET", f"/boxes?per_page=100&{query}")

    assert (200, count, count) == (status, len(page["data"]), page["paging"]["total_count"])


def test_a_list_has_the_order_that_was_asked_for(many: Client) -> None:
    """Oldest first, newest first, or by a member."""
    assert ["Box 24", "Box 23"] == _names(many, "per_page=2&sort_order=DESC")
    assert ["Box 00", "Box 05"] == _names(many, "per_page=2&sort_by=size")
    assert ["Box 24", "Box 19"] == _names(many, "per_page=2&sort_by=size&sort_order=DESC")
    assert ["Box 00", "Box 01"] == _names(many, "per_page=2&sort_by=createdAt")


@pytest.mark.parametrize(
    "query",
    [
        "page_no=0",
        "page_no=1.5",
        "page_no=many",
        "per_page=",
        "search=" + "s" * 21,
        "colour=green",
        "colour=red,green",
        "start_time=yesterday",
        "sort_order=UP",
    ],
)
def test_a_parameter_is_checked_by_its_schema(many: Client, query: str) -> None:
    """400 names the parameter and not its value."""
    status, refused = many.ask("GET", f"/boxes?{query}")
    name, _, value = query.partition("=")

    assert 400 == status
    assert f"the parameter {name}: " in refused["error"]["message"]
    assert not value or value not in refused["error"]["message"].replace("minimum 1", "")


def test_an_id_of_another_form_is_refused() -> None:
    """The schema of a path parameter holds too, and an empty id leads to no operation."""
    client = Client()

    assert 400 == client.ask("GET", "/boxes/no-uuid")[0]
    assert 404 == client.ask("GET", "/boxes//things")[0]
    assert 501 == client.ask("GET", "/lids")[0]
