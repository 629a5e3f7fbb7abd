"""
Our contract agrees with the vendor's own sources but for differences that are explained and have not ended.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import made
from rtkcontract.cli.main import main
from rtkcontract.contract import load, revisions
from rtkcontract.diff import drift as drifts
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import loads

SCHEMAS = load.data_folder("schemas")
TODAY = "2026-11-22"
STORAGE = "recording_config.storage_config"


def ours():
    return revisions.read(str(SCHEMAS)).operations["create_meeting"]


def test_the_installed_package_differs_only_where_it_is_explained():
    """Whichever version from 5.0.0 on is installed: run against 5.0.0, 5.3.0 and 5.7.0 by a nox session."""
    found = drifts.with_sdk(ours(), TODAY)

    assert f"sdk {importlib.metadata.version('cloudflare')}" == found.source
    assert len(found.differences) >= 4
    assert [] == [difference for difference in found.differences if not difference.known]
    assert () == found.problems
    assert found.clean
    assert 0 == drifts.exit_code([found])


def test_an_explanation_that_ended_fails():
    found = drifts.with_sdk(ours(), "2099-01-01")

    assert not found.clean
    assert len(found.problems) >= 3
    assert all("ended on" in problem for problem in found.problems)
    assert 1 == drifts.exit_code([found])


def types():
    names = drifts.known_drift("create_meeting")["sdk"]
    return drifts.sdk_types(**names)


def explain(differences, known, version="5.7.0"):
    return drifts.explained("sdk", version, differences, known, TODAY)


def entry(**words):
    whole = {"id": "e", "source": "sdk", "side": "answer", "where": ["data"], "only": "theirs"}
    return {**whole, "reason": "r", "evidence": "e", "expires": "2099-01-01", **words}


def difference(**words):
    return drifts.Difference(
        **{
            "operation": "o",
            "side": "answer",
            "where": "data",
            "only": "theirs",
            "what": "",
            "old": "",
            "new": "",
            "value": "",
            "why": "",
            **words,
        }
    )


def test_an_explanation_that_no_longer_happens_fails():
    found = explain([], [entry()])

    assert ("known drift e no longer happens with sdk 5.7.0: take it out",) == found.problems


@pytest.mark.parametrize("words", [{"source": "openapi"}, {"from": "5.8.0"}, {"before": "5.7.0"}])
def test_an_explanation_for_another_version_says_nothing(words):
    found = explain([difference()], [entry(**words)])

    assert () == found.problems
    assert "" == found.differences[0].known


@pytest.mark.parametrize("words", [{"side": "request"}, {"where": "data.id"}, {"only": "ours"}])
def test_an_explanation_is_for_one_place_and_direction(words):
    found = explain([difference(**words), difference()], [entry()])

    assert ["", "r"] == [item.known for item in found.differences]
    assert not found.clean


def test_a_member_that_the_package_lacks_is_ours_only():
    """A changed contract is noticed: each change is told with a value."""
    surface = ours()
    schema = json.loads(json.dumps(surface.body["application/json"]))
    schema["properties"]["color"] = {"type": "string"}
    schema["properties"]["persist_chat"] = {"type": "integer"}
    schema["properties"]["title"] = {"type": "string"}
    schema["required"] = ["title"]
    changed = revisions.document({"$schema": "2020-12", **schema}, sides="request").operations["document"]
    found = {
        (item.where, item.only): item.value
        for item in drifts.against_types(changed, types())
        if not item.where.startswith("recording")
    }

    assert '"color":' in found["color", "ours"]
    assert '"persist_chat":' in found["persist_chat", "ours"]
    assert '"persist_chat":' in found["persist_chat", "theirs"]
    assert ("title", "theirs") in found


def test_bounds_are_no_difference_to_a_source_that_cannot_say_them():
    """The package types the keep-alive as a float; 60 to 600 is none of its business."""
    assert [] == [item for item in drifts.against_types(ours(), types()) if "keep_alive" in item.where]


def test_a_package_that_is_missing_is_told():
    with pytest.raises(CannotTell, match="is not installed; install it"):
        drifts.sdk_types("A", "B", module="no_such_package.types")
    with pytest.raises(CannotTell, match=r"5\.0\.0 and later have it"):
        drifts.sdk_types("NoSuchParams", "B")
    with pytest.raises(CannotTell, match="does not name the package's types"):
        drifts.with_sdk(revisions.document({"type": "object"}).operations["document"], TODAY)


@pytest.fixture
def document(tmp_path):
    """
    The vendor's document of August 2026 as far as it is known: our contract of that day, less what is ours alone.
    """
    made.only(Path(shutil.copytree(SCHEMAS, tmp_path / "doc")))
    steps = [step for step in revisions.history() if step.date > "2026-08-14"]
    for name in ("openapi.json", "envelope.json", "create_meeting/request.json", "create_meeting/response.json"):
        value = loads((tmp_path / "doc" / name).read_bytes())
        for step in steps:
            value = revisions.patched(value, step.undo.get(name, ()))
        if name == "openapi.json":
            (item,) = value["paths"].values()
            del item["post"]["responses"]["4XX"]
            del item["post"]["responses"]["201"]["links"]
            del item["post"]["responses"]["201"]["content"]["application/json"]["schema"]["required"]
        if name == "envelope.json":
            del value["properties"]["success"]["const"]
        (tmp_path / "doc" / name).write_text(json.dumps(value))
    return tmp_path / "doc" / "openapi.json"


def test_the_known_document_differs_only_where_it_is_explained(document):
    theirs = revisions.read(str(document), operation="create_meeting").operations["create_meeting"]
    found = drifts.with_document(ours(), theirs, TODAY, version="2026-08-14")

    assert len(found.differences) >= 10
    assert [] == [item for item in found.differences if not item.known]
    assert () == found.problems


def test_a_bound_in_the_document_is_a_difference(document):
    """A document can say bounds, so they count."""
    file = document.parent / "create_meeting" / "request.json"
    value = loads(file.read_bytes())
    value["properties"]["session_keep_alive_time_in_secs"]["maximum"] = 900
    file.write_text(json.dumps(value))
    theirs = revisions.read(str(document)).operations["create_meeting"]
    found = drifts.with_document(ours(), theirs, TODAY, version="2026-08-14")
    new = [item for item in found.differences if not item.known]

    assert {("request", "theirs"), ("answer", "theirs")} == {(item.side, item.only) for item in new}
    assert "session_keep_alive_time_in_secs: only they take" in drifts.text(found)


def test_the_reports_tell_what_is_not_explained():
    found = explain([difference(value='{"data":1}', why="no data"), difference(where="id")], [entry(where=["id"])])

    assert "drift against sdk 5.7.0: 1 unexplained, 1 known, 0 stale" in drifts.text(found)
    assert '{"data":1}   no data' in drifts.text(found)
    assert "| answer | `data` | only they take |" in drifts.markdown(found)
    assert json.loads(drifts.as_json(found))["clean"] is False


def test_the_known_differences_are_whole():
    """Each has a reason, evidence and a day on which it ends, and an id of its own."""
    known = drifts.known_drift("create_meeting")["known"]

    assert len(known) > 15
    assert len(known) == len({item["id"] for item in known})
    for item in known:
        assert {"id", "source", "side", "where", "only", "reason", "evidence", "expires"} <= set(item)
        assert item["only"] in ("ours", "theirs", "differs")
        assert len(item["expires"]) == len("2027-05-31")


@pytest.mark.parametrize("code", ["def broken(:\n", "raise RuntimeError('half installed')\n"])
def test_a_package_that_cannot_be_imported_is_told_in_one_line(tmp_path, monkeypatch, code):
    (tmp_path / "halfsdk.py").write_text(code)
    (tmp_path / "halfsdk-1.0.dist-info").mkdir()
    (tmp_path / "halfsdk-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: halfsdk\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(CannotTell, match=r"halfsdk of halfsdk 1\.0 cannot be imported"):
        drifts.sdk_types("A", "B", module="halfsdk")


def test_the_day_of_a_document_is_a_date():
    ran = CliRunner().invoke(main, ["drift", "--document", "none.json", "--dated", "yesterday"])

    assert (2, "rtkcontract: --dated yesterday is no date") == (ran.exit_code, ran.output.partition(";")[0])
