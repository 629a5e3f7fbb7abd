"""
The contract that ships, as a client meets it on the emulator: what operations do together.
"""

from __future__ import annotations

import uuid
from typing import Any

from emulator.boxes import Client
from rtkcontract.contract.load import load_contract

CONTRACT = load_contract()
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
ONE, OTHER = (f"/accounts/{ACCOUNT}/realtime/kit/{uuid.UUID(int=number)}" for number in (1, 2))
GUEST = {"custom_participant_id": "guest", "preset_name": "group_call_host"}


def _client() -> Client:
    return Client(CONTRACT)


def test_a_meeting_stands_in_its_own_app() -> None:
    """Another app neither lists nor reads it, and another account does not either."""
    client = _client()
    made = client.data("POST", f"{ONE}/meetings", {"title": "Planning"})

    assert [made["id"]] == [one["id"] for one in client.data("GET", f"{ONE}/meetings")]
    for elsewhere in (OTHER, ONE.replace(ACCOUNT, "f" * 32)):
        assert [] == client.data("GET", f"{elsewhere}/meetings")
        assert 404 == client.ask("GET", f"{elsewhere}/meetings/{made['id']}")[0]


def test_a_list_knows_states_and_titles() -> None:
    """A status that PATCH set is filtered by, a title is found by a part of it, and ai_config is not listed."""
    client = _client()
    ids = [
        client.data("POST", f"{ONE}/meetings", {"title": title, "ai_config": {"summarization": {}}})["id"]
        for title in ("Planning", "Retro", "Planning again")
    ]
    client.data("PATCH", f"{ONE}/meetings/{ids[1]}", {"status": "INACTIVE"})

    def listed(query: str) -> list[Any]:
        return [one["id"] for one in client.data("GET", f"{ONE}/meetings?{query}")]

    assert [ids[1]] == listed("status=INACTIVE")
    assert [ids[0], ids[2]] == listed("search=planning") == listed("status=ACTIVE")
    assert [ids[2]] == listed("per_page=2&page_no=2")
    assert 3 == len(listed("page_no=&per_page="))
    assert not any("ai_config" in one for one in client.data("GET", f"{ONE}/meetings"))
    assert "ai_config" in client.data("GET", f"{ONE}/meetings/{ids[0]}")


def test_a_participant_comes_and_goes() -> None:
    """Added, listed, changed, given a token, deleted; below its own meeting alone."""
    client = _client()
    one, other = (client.data("POST", f"{ONE}/meetings", {})["id"] for _ in range(2))
    below = f"{ONE}/meetings/{one}/participants"
    guest = client.data("POST", below, GUEST)
    path = f"{below}/{guest['id']}"

    assert guest["token"]
    assert "token" not in client.data("GET", path)
    assert "Ada" == client.data("PATCH", path, {"name": "Ada"})["name"] == client.data("GET", path)["name"]
    assert ["token"] == list(client.data("POST", f"{path}/token"))
    assert 404 == client.ask("GET", f"{ONE}/meetings/{other}/participants/{guest['id']}")[0]
    assert "guest" == client.data("DELETE", path)["custom_participant_id"]
    assert [404, 404] == [client.ask(method, path)[0] for method in ("GET", "DELETE")]


def test_what_is_made_in_one_place_is_known_in_another() -> None:
    """Recordings are found by their meeting; the id that a session's answer names can be read, twice the same."""
    client = _client()
    meeting = client.data("POST", f"{ONE}/meetings", {})["id"]
    recording = client.data("POST", f"{ONE}/recordings", {"meeting_id": meeting})["id"]
    track = client.data("POST", f"{ONE}/recordings/track", {"meeting_id": meeting})["recording"]["id"]
    session = client.data("GET", f"{ONE}/meetings/{meeting}/active-session")

    def listed(query: str) -> list[Any]:
        return [one["id"] for one in client.data("GET", f"{ONE}/recordings?{query}")]

    assert [recording, track] == listed(f"meeting_id={meeting}")
    assert [] == listed(f"meeting_id={uuid.UUID(int=7)}")
    assert recording == client.data("GET", f"{ONE}/recordings/{recording}")["id"]
    assert session == client.data("GET", f"{ONE}/meetings/{meeting}/active-session")
    assert session["id"] == client.data("GET", f"{ONE}/sessions/{session['id']}")["id"]


def test_a_preset_is_replaced_and_updated_in_parts() -> None:
    """A hundred fields: PATCH changes one deep inside, PUT all of them, and the list shows names alone."""
    client = _client()
    example = client.data("GET", f"{ONE}/presets/7b0c2f6d-1c84-4c57-8f5e-2d9a3b4c5d61")
    sent = {name: example[name] for name in ("config", "permissions", "ui")}
    made = client.data("POST", f"{ONE}/presets", {**sent, "name": "one"})
    path = f"{ONE}/presets/{made['id']}"
    changed = client.data("PATCH", path, {"config": {"max_screenshare_count": 7}})

    assert made["config"] | {"max_screenshare_count": 7} == changed["config"]
    assert made["ui"] == client.data("GET", path)["ui"]
    assert "two" == client.data("PUT", path, {**sent, "name": "two"})["name"]
    assert "two" in [one["name"] for one in client.data("GET", f"{ONE}/presets")]
    assert 200 == client.ask("DELETE", path)[0]
    assert 404 == client.ask("GET", path)[0]
