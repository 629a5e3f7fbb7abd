"""
A server gives back the token and the ids of a run in every answer and in every way it can; no verb shows them, in no
format, on no screen and in no file.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from recorded import ACCOUNT, APP, HIDINGS, SECRETS, TOKEN, answer, created
from redaction.test_leaks import _shown
from rtkcontract.engine.targets import VARIABLES
from rtkcontract.model import Request, Response
from rtkcontract.network.server import serve

COMMAND = [sys.executable, "-m", "rtkcontract"]
OURS = SECRETS[:3]
PLANTS = tuple((name, hiding, hide(secret)) for name, secret in OURS for hiding, hide in HIDINGS.items())
AT_ONCE = 14
"""Values that one answer gives away."""
FORMATS = ("text", "html", "junit", "markdown", "sarif", "json")
MEMBERS = ("title", "preferred_region", "id", "created_at", "status", "note")


def _traitor() -> tuple[Callable[[Request], Response], list[int]]:
    """
    A server whose first answer is in order, and how many secrets each later one gave away.
    """
    planted: list[int] = []
    numbers, values = itertools.count(), itertools.cycle(value for _, _, value in PLANTS)

    def respond(_: Request) -> Response:
        number = next(numbers)
        if number == 0:
            return answer(created())
        hidden = list(itertools.islice(values, AT_ONCE))
        planted.append(len(hidden))
        members = dict(zip(MEMBERS, hidden, strict=False))
        nested = {"recording_config": {"audio_config": {"channel": hidden[6]}, "storage_config": {"host": hidden[7]}}}
        more = {f"m{place}": value for place, value in enumerate(hidden[8:11])}
        header = ("location", f"/a?q={hidden[11]}".replace("\n", " ").encode("ascii", "ignore").decode())
        told = json.dumps(
            {"success": False, "error": {"code": 400, "message": " ".join(hidden[:20])}, "x": hidden[20:]}
        )
        kinds = (
            lambda: answer(created(**members, **nested, **more, rest=hidden[12:]), header),
            lambda: answer(told, header, status=400),
            lambda: answer(f"<html>{' '.join(hidden)}</html>", header, status=500),
            lambda: answer(json.dumps(dict.fromkeys(hidden, 1) | {"data": {name: {} for name in hidden}})),
        )
        return kinds[number % len(kinds)]()

    return respond, planted


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], int]:
    """
    All that the verbs have printed and written, by name, and how many values were given away meanwhile.
    """
    here = tmp_path_factory.mktemp("betrayed")
    (here / "schemas").mkdir()
    environment = dict(zip(VARIABLES.values(), (TOKEN, ACCOUNT, APP), strict=False))
    environment |= {"GITHUB_STEP_SUMMARY": str(here / "summary.md"), "COLUMNS": "200"}
    said: dict[str, bytes] = {}
    total = 0

    def run(words: str) -> None:
        done = subprocess.run(
            [*COMMAND, *words.split()], cwd=here, capture_output=True, timeout=200, check=False,
            env={**os.environ, **environment},
        )  # fmt: skip
        assert b"Traceback" not in done.stderr, done.stderr
        assert done.returncode in (0, 1, 2), words
        said[f"{words.partition(' --base-url')[0]}: printed"] = done.stdout + done.stderr

    saving = "-v --no-explain --run-file run.jsonl --junitxml=o.xml"
    for words in (
        "check --target live --base-url {url} --operation create_meeting --plan smoke " + saving,
        "record --target live --base-url {url} --operation create_meeting --plan smoke --cassettes kept",
        "hunt --target live --base-url {url} --operation create_meeting --max-requests 60 --seed 1",
        "send --target live --base-url {url} create_meeting/minimal create_meeting/relations/minimal-again",
    ):
        respond, planted = _traitor()
        with serve(respond) as origin:
            run(words.format(url=f"{origin}/client/v4"))
        total += sum(planted)
    for form in FORMATS:
        run(f"report run.jsonl --format {form}")
        run(f"report run.jsonl --format {form} -o run.{form}")
    run("replay --cassettes kept --plan smoke --operation create_meeting --every")
    (here / "traffic.har").write_text(json.dumps(_har(_traitor()[0])))
    for form in ("", " --json"):
        run(f"validate --every traffic.har{form}")
        total += 100 * AT_ONCE
    written = {str(path.relative_to(here)): path.read_bytes() for path in here.rglob("*") if path.is_file()}
    return said | {name: content for name, content in written.items() if name != "traffic.har"}, total


def _har(respond: Callable[[Request], Response]) -> dict[str, object]:
    url = f"https://api.cloudflare.com/client/v4/accounts/{ACCOUNT}/realtime/kit/{APP}/meetings"
    sent = [{"name": "authorization", "value": f"Bearer {TOKEN}"}, {"name": "x-auth-key", "value": ACCOUNT},
            {"name": "cookie", "value": f"app={APP}"},
            {"name": "content-type", "value": "application/json"}]  # fmt: skip
    entries = []
    for number in range(101):
        body = json.dumps({"title": {"a": PLANTS[number % len(PLANTS)][2]}})
        got = respond(Request(method="POST", url=url, headers=(), content=b""))
        entries.append(
            {
                "request": {"method": "POST", "url": url, "headers": sent,
                            "postData": {"mimeType": "application/json", "text": body}},
                "response": {"status": got.status,
                             "headers": [{"name": name, "value": value} for name, value in got.headers],
                             "content": {"mimeType": "application/json", "text": got.content.decode()}},
            }
        )  # fmt: skip
    return {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}}


def test_enough_is_given_away(outputs: tuple[dict[str, bytes], int]) -> None:
    texts, planted = outputs

    assert planted >= 5_000
    assert {"run.jsonl", "o.xml", "summary.md", *(f"run.{form}" for form in FORMATS)} <= texts.keys()
    assert len([name for name in texts if name.startswith("kept/")]) > 0
    assert len(texts) > 25


def _leaks(text: bytes) -> Iterator[str]:
    names = {name for name, _ in OURS}
    yield from (found for found in _shown(text) if found.split(" as ")[0] in names or found.split(": ")[-1] in names)


def test_no_verb_shows_a_secret_in_any_format(outputs: tuple[dict[str, bytes], int]) -> None:
    found = {name: leaks for name, text in outputs[0].items() if (leaks := list(_leaks(text)))}

    assert found == {}


def test_the_check_of_this_test_sees_what_it_looks_for() -> None:
    assert [hiding for name, hiding, value in PLANTS if not list(_leaks(f"x {value} y".encode()))] == []
