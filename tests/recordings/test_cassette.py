"""
A cassette is whole, one interaction, readable by stock tools, and never written with a secret in it.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import exchanges
from recorded import (
    ACCOUNT,
    APP,
    TOKEN,
    answer,
    case_of,
    contract_and_operation,
    created,
    redactor,
    responder,
    sending,
    session,
    target_at,
)
from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.errors import CannotTell
from rtkcontract.generation import plan as plans
from rtkcontract.model import Answered, Request, Response, Unanswered
from rtkcontract.recordings import cassette
from rtkcontract.recordings import folder as cassette_folder
from rtkcontract.recordings import record as recording
from rtkcontract.recordings.cassette import Interaction, Provenance
from rtkcontract.recordings.folder import file_name
from rtkcontract.recordings.key import key_of, shard
from rtkcontract.redaction.redactor import PLACEHOLDERS, Redactor

CONTRACT, OPERATION = contract_and_operation()
REDACTOR = redactor(CONTRACT)
SMOKE = plans.make(CONTRACT, OPERATION, "smoke").cases
SIGNS = list("a'\"\\\n\t\r\x00\x7f\x85\xa0é\u2028\u202b\ufeff\ufffe\ufdd0😀{}[]:# %&!-\x1b\u0301\ud7ff\ue000,|>@`*?=~")
TOLD = Provenance(
    recorded_at="2026-11-22T12:00:00Z",
    target="emulator",
    contract="0123456789ab",
    case="create_meeting/made",
    expected="accepted",
    tools={"httpx": "0.28.1"},
)


def made(content: bytes = b"{}", response: Response | None = None, told: Provenance = TOLD) -> Interaction:
    request = REDACTOR.request(request_of(OPERATION, case_of(content), target_at()))
    return cassette.sealed(request, REDACTOR.response(response or answer(created()), content), told)


def _word(dice: random.Random) -> str:
    return "".join(dice.choices(SIGNS, k=dice.randrange(25)))


def _some(count: int) -> Iterator[Interaction]:
    """
    Interactions with every awkward sign of YAML, bytes that are no text, and no headers at all.
    """
    dice = random.Random(20261122)
    for turn in range(count):
        headers = (("accept", _word(dice)), ("content-type", "application/json"), ("content-type", _word(dice)))
        content = dice.randbytes(20) if turn % 4 == 0 else _word(dice).encode()
        one = Interaction(
            request=Request(
                method="POST", url=f"https://x/{_word(dice)}", headers=headers[: turn % 4], content=content
            ),
            response=Response(
                status=dice.choice([200, 201, 400, 599]), headers=headers[turn % 3 :], content=_word(dice).encode()
            ),
            provenance=None,
        )
        told = replace(TOLD, case=_word(dice), evidence=("tls", "ray id")[: turn % 3], tools={})
        yield one if turn % 5 == 0 else cassette.sealed(one.request, one.response, told)


def test_the_fast_way_and_yaml_read_the_same() -> None:
    some = list(_some(600))
    for one in some:
        text = cassette.to_text(one)

        assert one == cassette.from_text(text, layout=True)
        assert one == cassette.from_text(text, layout=False)
        assert one.provenance is None or cassette.untouched(cassette.from_text(text))
    assert len(some) == 600


def test_a_plain_yaml_reader_sees_one_interaction(tmp_path: Path) -> None:
    cassette_folder.write(tmp_path / "a.yaml", made(), REDACTOR.gate)
    node = yaml.safe_load((tmp_path / "a.yaml").read_text(encoding="utf-8"))

    assert {"interactions", "version"} == set(node)
    assert {"request", "response", "x_rtkcontract"} == set(node["interactions"][0])
    assert node["version"] == 1


def test_what_vcrpy_saves_can_be_read() -> None:
    """
    A file in the layout of another writer has the same key; it lacks provenance.
    """
    one = made(b'{"title": "rtkcontract"}')
    node = yaml.safe_load(cassette.to_text(one))
    del node["interactions"][0]["x_rtkcontract"]
    read = cassette.from_text(yaml.safe_dump(node))

    assert key_of(one.request) == key_of(read.request)
    assert read.provenance is None


def test_names_never_collide_and_are_short() -> None:
    cases = plans.make(CONTRACT, OPERATION, "smoke").cases
    names = [file_name(case.id, key_of(REDACTOR.request(request_of(OPERATION, case, PLACEHOLDERS)))) for case in cases]

    assert len(names) == len(set(names)) > 50
    assert max(map(len, names)) < 200
    assert file_name("create_meeting/a/b", "0" * 16) != file_name("create_meeting/a.b", "1" * 16)
    assert len(file_name("create_meeting/" + "x/" * 400, "0" * 16)) < 200
    assert file_name("create_meeting/../../etc/passwd", "0" * 16) == f"etc.passwd.{'0' * 16}.yaml"


def test_an_edit_by_hand_shows(tmp_path: Path) -> None:
    cassette_folder.write(tmp_path / "a.yaml", made(), REDACTOR.gate)
    text = (tmp_path / "a.yaml").read_text(encoding="utf-8")
    edits = [
        ("code: 201", "code: 400"),
        ("2026-11-22", "2027-11-22"),
        ("target: 'emulator'", "target: 'live'"),
        ('"success"', '"succes"'),
        ("'{}'", "'{ }'"),
    ]
    for old, new in edits:
        assert old in text
        assert not cassette.untouched(cassette.from_text(text.replace(old, new)))
    assert cassette.untouched(cassette.from_text(text))


@pytest.mark.parametrize(
    ("url", "headers", "expected"),
    [
        ("https://api.cloudflare.com/client/v4/x", (("server", "cloudflare"), ("cf-ray", "a")), "live"),
        ("https://api.cloudflare.com/client/v4/x", (("server", "rtkcontract-emulator"),), "emulator"),
        ("http://api.cloudflare.com/client/v4/x", (("server", "cloudflare"),), "emulator"),
        ("http://127.0.0.1:8080/client/v4/x", (("server", "cloudflare"), ("cf-ray", "a")), "emulator"),
        ("https://api.cloudflare.com.example.com/x", (("server", "cloudflare"),), "emulator"),
    ],
)
def test_the_target_is_what_was_observed(url: str, headers: tuple[tuple[str, str], ...], expected: str) -> None:
    response = Response(status=201, headers=headers, content=b"")

    assert expected == cassette.observed(url, response)


BROKEN = {
    "empty": "",
    "no yaml": "interactions: [",
    "a list": "- 1",
    "no interactions": "version: 1",
    "none": "interactions: []\nversion: 1",
    "two": "interactions: [{}, {}]\nversion: 1",
    "no request": "interactions: [{response: {}}]\nversion: 1",
    "status of text": "interactions: [{request: {method: P, uri: u, body: '', headers: {}}, "
    "response: {status: {code: x}, headers: {}, body: {string: ''}}}]",
    "object": "!!python/object/apply:os.system ['true']",
    "deep": "[" * 3000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN[name], encoding="utf-8")
    with pytest.raises(CannotTell) as told:
        cassette.read(path)

    assert "broken.yaml" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_cut_off_anywhere_is_no_recording_of_something_else() -> None:
    """
    Every cut either cannot be read or is told by the digest.
    """
    text = cassette.to_text(made(b'{"title":"rtkcontract","record_on_start":true}'))
    refused = 0
    for end in range(len(text) - 1):
        try:
            cut = cassette.from_text(text[:end])
        except CannotTell:
            refused += 1
        else:
            assert not cassette.untouched(cut) or end >= len(text) - len("\nversion: 1\n")
    assert refused > 0.5 * len(text)


def test_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CannotTell, match="not UTF-8"):
        cassette.read(tmp_path / "a.yaml")
    with pytest.raises(CannotTell, match="No such file"):
        cassette.read(tmp_path / "b.yaml")


# What others wrote.


@pytest.mark.parametrize("name", exchanges.LAYOUTS)
def test_every_layout_that_validate_reads_is_read(name: str) -> None:
    read = cassette.from_text(yaml.safe_dump(exchanges.LAYOUTS[name]))

    assert ("POST", exchanges.URL, exchanges.SENT.encode()) == (
        read.request.method,
        read.request.url,
        read.request.content,
    )
    assert (201, exchanges.CAME.encode()) == (read.response.status, read.response.content)
    assert read.provenance is None


def test_a_cassette_in_json_is_read_and_found(tmp_path: Path) -> None:
    """Halves of surrogate pairs and escaped slashes are not YAML."""
    text = json.dumps(exchanges.vcrpy(lambda asked, got: asked.update(body='{"title": "\U0001f389"}')))
    (tmp_path / "a.json").write_text(text.replace("/", "\\/"), encoding="utf-8")
    (tmp_path / "b.yml").write_text(text, encoding="utf-8")
    found = [cassette.read(path) for path in cassette_folder.files(tmp_path)]

    assert 2 == len(found)
    assert found[0] == found[1]
    assert found[0].request.content == '{"title": "\U0001f389"}'.encode()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
@pytest.mark.parametrize("undone", [False, True])
def test_a_content_encoding_is_undone_with_its_headers(coding: str, undone: bool) -> None:
    """So that what is replayed says nothing of an encoding that is gone."""
    packed = exchanges.CAME.encode() if undone else exchanges.ENCODERS[coding](exchanges.CAME.encode())

    def change(asked: dict[str, object], got: dict[str, object]) -> None:
        got["body"] = {"string": packed}
        got["headers"] = {"Content-Type": ["application/json"], "Content-Encoding": [coding], "Content-Length": ["9"]}

    read = cassette.from_text(yaml.safe_dump(exchanges.vcrpy(change)))
    ours = cassette.from_text(
        cassette.to_text(
            Interaction(
                request=read.request,
                response=Response(status=201, headers=(("content-encoding", coding),), content=packed),
                provenance=None,
            )
        )
    )

    assert exchanges.CAME.encode() == read.response.content == ours.response.content
    assert (("content-type", "application/json"),) == read.response.headers
    assert () == ours.response.headers


@pytest.mark.parametrize("how", exchanges.NOT_KEPT)
def test_a_body_that_was_not_kept_cannot_be_replayed(how: str) -> None:
    with pytest.raises(CannotTell, match=r"the body of the request cannot be judged: .*; record it again"):
        cassette.from_text(yaml.safe_dump(exchanges.vcrpy(exchanges.NOT_KEPT[how])))


# Replay.


def test_replay_answers_each_case_with_its_own(tmp_path: Path) -> None:
    recording.record(session(tmp_path), SMOKE)
    send = cassette_folder.replayer(tmp_path, Redactor(CONTRACT))
    live = sending(responder(CONTRACT))
    for case in SMOKE:
        played = send(request_of(OPERATION, case, PLACEHOLDERS))
        asked = live(request_of(OPERATION, case, target_at()))

        assert isinstance(played, Answered)
        assert isinstance(asked, Answered)
        assert asked.response.status == played.response.status
        assert played.elapsed_s is None
    assert len(SMOKE) > 50


def test_a_shuffled_or_cut_set_never_answers_with_anothers(tmp_path: Path) -> None:
    """
    A file with another's name is told and answers nothing, and what is gone is a miss.
    """
    recording.record(session(tmp_path), SMOKE)
    true = cassette_folder.by_key(tmp_path)
    held = cassette_folder.files(tmp_path)
    dice = random.Random(7)
    shuffled = list(held[::2])
    dice.shuffle(shuffled)
    names = [path for pair in zip(shuffled, held[1::2], strict=True) for path in pair]
    texts = [path.read_bytes() for path in held]
    for path, text in zip(names, texts, strict=True):
        path.write_bytes(text)
    for path in names[::3]:
        path.unlink()
    for path in names[1::3]:
        path.write_bytes(path.read_bytes()[: dice.randrange(400)])
    send = cassette_folder.replayer(tmp_path, Redactor(CONTRACT))
    misses = hits = 0
    for case in SMOKE:
        request = request_of(OPERATION, case, PLACEHOLDERS)
        played = send(request)
        if isinstance(played, Unanswered):
            misses += 1
        else:
            hits += 1
            own = true[key_of(Redactor(CONTRACT).request(request))].interaction
            assert own is not None
            assert own.response == played.response
    assert len(SMOKE) == misses + hits
    assert misses > len(SMOKE) / 2
    assert hits > len(SMOKE) / 6


STOCK = """
import httpx
import pytest

@pytest.fixture(scope="module")
def vcr_cassette_dir():
    return {folder!r}

@pytest.fixture
def default_cassette_name():
    return {name!r}

@pytest.mark.vcr
def test_stock():
    url = "https://api.cloudflare.com/client/v4/accounts/ACCOUNT_ID/realtime/kit/APP_ID/meetings"
    answer = httpx.post(url, content={content!r}, headers={{"content-type": "application/json"}})
    assert answer.status_code == 201
    assert answer.json()["success"] is True
"""


def _pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
        "-p",
        "no:rtkcontract",
        "--rootdir",
        str(folder),
        *options,
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def _stock_test(folder: Path, content: bytes) -> None:
    path = cassette_folder.put(folder / "c", "emulator", "create_meeting", made(), REDACTOR.gate)
    text = STOCK.format(folder=str(path.parent), name=path.name.removesuffix(".yaml"), content=content)
    (folder / "test_stock.py").write_text(text, encoding="utf-8")


def test_stock_pytest_recording_reads_a_cassette(tmp_path: Path) -> None:
    """
    A plain test file, without this toolkit.
    """
    _stock_test(tmp_path, b"{}")
    done = _pytest(tmp_path, "--record-mode=none", "--block-network")

    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["minimal", "session_keep_alive_time_in_secs.at-maximum"])
def test_stock_pytest_recording_reads_a_shipped_cassette(name: str, tmp_path: Path) -> None:
    shipped = load.data_folder("cassettes") / "emulator" / "create_meeting"
    (path,) = shipped.glob(f"{name}.????????????????.yaml")
    content = cassette.read(path).request.content
    text = STOCK.format(folder=str(shipped), name=path.name.removesuffix(".yaml"), content=content)
    (tmp_path / "test_stock.py").write_text(text, encoding="utf-8")
    done = _pytest(tmp_path, "--record-mode=none", "--block-network")

    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


# Writing.


def test_a_secret_is_refused_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    cassette_folder.write(path, made(), REDACTOR.gate)
    before = path.read_bytes()
    leaking = cassette.sealed(made().request, answer(f'{{"note":"{TOKEN}"}}'), TOLD)
    with pytest.raises(CannotTell) as told:
        cassette_folder.write(path, leaking, REDACTOR.gate)

    assert before == path.read_bytes()
    assert "TOKEN" in str(told.value)
    assert "body of the answer" in str(told.value)
    assert all(secret not in str(told.value) for secret in (TOKEN, ACCOUNT, APP))
    assert [path] == list(tmp_path.iterdir())


def test_each_place_is_scanned(tmp_path: Path) -> None:
    good = made()
    request, response = good.request, good.response
    spoiled = [
        (replace(request, url=request.url + "/" + TOKEN), response),
        (replace(request, method=TOKEN[:20]), response),
        (replace(request, headers=(("accept", TOKEN),)), response),
        (replace(request, content=TOKEN.encode()), response),
        (request, replace(response, headers=(("server", TOKEN),))),
        (request, replace(response, content=TOKEN.encode())),
    ]
    for one in (
        *(cassette.sealed(*pair, TOLD) for pair in spoiled),
        cassette.sealed(request, response, replace(TOLD, case=TOKEN)),
    ):
        with pytest.raises(CannotTell, match="TOKEN"):
            cassette_folder.write(tmp_path / "a.yaml", one, REDACTOR.gate)
    assert not list(tmp_path.iterdir())


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """
    A file system of its own; skips where this machine allows none.
    """
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(("size=64k", *options)), "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        with pytest.raises(CannotTell, match="No space left on device") as told:
            recording.record(session(disk), SMOKE)
        held = cassette_folder.files(disk)

        assert "\n" not in str(told.value)
        assert len(held) > 3
        assert all(cassette.untouched(cassette.read(path)) for path in held)
        assert not list(disk.rglob(".*"))


def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "ro") as disk, pytest.raises(CannotTell, match="Read-only file system"):
        recording.record(session(disk), SMOKE[:1])


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "emulator").write_text("in the way", encoding="utf-8")
    with pytest.raises(CannotTell, match="cannot be written"):
        recording.record(session(tmp_path), SMOKE[:1])


KILLED = """
import os, sys
from pathlib import Path
from tempfile import TemporaryDirectory
sys.path.insert(0, {tests!r})
from recorded import contract_and_operation, session
from rtkcontract.generation import plan
from rtkcontract.recordings import record
contract, operation = contract_and_operation()
cases = plan.make(contract, operation, "smoke").cases
with TemporaryDirectory() as other:
    record.record(session(Path(other)), cases[:1])  # what is prepared once, so that the kills meet the writing
for _ in sys.stdin:
    child = os.fork()
    if not child:
        print(os.getpid(), flush=True)
        record.record(session(Path({folder!r})), cases)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Starts a recording in a process of its own for each line it is given: its number first, then how it ended."""


def test_a_kill_at_any_moment_leaves_whole_files_and_the_next_goes_on(tmp_path: Path) -> None:
    """
    Twenty kills at random moments behind a file of one recording, which is complete in the end.
    """
    code = KILLED.format(tests=str(Path(__file__).parents[1]), folder=str(tmp_path))
    dice = random.Random(20)
    before: dict[Path, bytes] = {}
    kills = 0
    # Importing takes ten times as long as what is killed, so it is done once.
    line = [sys.executable, "-c", code]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as starter:
        assert starter.stdin is not None
        assert starter.stdout is not None
        for _ in range(20):
            starter.stdin.write("\n")
            child = int(starter.stdout.readline())
            end = time.monotonic() + 60
            while len(cassette_folder.files(tmp_path)) == len(before) and time.monotonic() < end:
                time.sleep(0.001)
            # Writing a file takes about half of this here, so any part of it may be cut.
            time.sleep(dice.random() * 0.03)
            os.kill(child, signal.SIGKILL)
            kills += int(starter.stdout.readline()) == -signal.SIGKILL
            now = {path: path.read_bytes() for path in cassette_folder.files(tmp_path)}

            assert len(now) > len(before)
            assert all(now[path] == text for path, text in before.items())
            assert all(cassette.untouched(cassette.read(path)) for path in now)
            before = now
    done = recording.record(session(tmp_path), SMOKE)

    assert kills == 20
    assert len(before) == done.kept < len(SMOKE)
    assert len(SMOKE) == len(cassette_folder.files(tmp_path))
    assert not list(tmp_path.rglob(".*.part"))


def test_shards_share_out_all_cases_and_do_not_move(tmp_path: Path) -> None:
    keyed = [(key_of(REDACTOR.request(request_of(OPERATION, case, PLACEHOLDERS))), case.id) for case in SMOKE]
    shards = [shard(keyed, number, 4) for number in range(1, 5)]

    assert sorted(case for _, case in keyed) == sorted(itertools.chain(*shards))
    assert all(shards)
    assert shard(keyed[10:], 2, 4) == tuple(case for case in shards[1] if case in {name for _, name in keyed[10:]})
    with pytest.raises(CannotTell, match="1/4"):
        shard(keyed, 5, 4)


def test_a_recording_under_another_name_makes_room(tmp_path: Path) -> None:
    one = made()
    old = cassette_folder.put(
        tmp_path,
        "emulator",
        "create_meeting",
        cassette.sealed(one.request, one.response, replace(TOLD, case="create_meeting/old")),
        REDACTOR.gate,
    )
    new = cassette_folder.put(tmp_path, "emulator", "create_meeting", one, REDACTOR.gate)

    assert old != new
    assert (new,) == cassette_folder.files(tmp_path)
