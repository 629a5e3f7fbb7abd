"""
A new revision says which recordings it outdates, which are missing and which belong to no case.
"""

from __future__ import annotations

import json

from rtkcontract.contract import revisions
from rtkcontract.contract.load import data_folder
from rtkcontract.diff import impact
from rtkcontract.diff.documents import compare

MEETING = {
    "id": "3b241101-e2bb-4255-8caf-4136c566a962",
    "created_at": "2026-01-31T23:59:59.999Z",
    "updated_at": "2026-01-31T23:59:59.999Z",
}


def answer(**more):
    return json.dumps({"success": True, "data": {**MEETING, **more}}).encode()


def storage(**members):
    return json.dumps({"recording_config": {"storage_config": members}}).encode()


RECORDED = (
    ("create_meeting/minimal", b"{}", 201, answer()),
    ("create_meeting/aws", storage(type="aws", access_key="canary"), 201, answer()),
    ("create_meeting/refused", storage(type="nothing"), 400, b'{"message":"no"}'),
    ("create_meeting/broken", b"{", 400, b"not json"),
    (
        "create_meeting/secret",
        b"{}",
        201,
        answer(recording_config={"storage_config": {"type": "aws", "secret": "canary"}}),
    ),
    ("create_meeting/old-name", b"{}", 201, answer()),
)
CASES = (
    "create_meeting/minimal",
    "create_meeting/aws",
    "create_meeting/refused",
    "create_meeting/broken",
    "create_meeting/secret",
    "create_meeting/new",
)


def found():
    step = next(step for step in revisions.history() if step.date == "2026-09-03")
    before, after = revisions.before(step), revisions.after(step)
    surfaces = [revision.operations["create_meeting"] for revision in (before, after)]
    return impact.outdated(*surfaces, RECORDED, CASES, compare(before, after))


def test_recordings_that_no_longer_fit_are_named_with_the_change():
    assert [
        ("create_meeting/aws", "request", "union.introduced at recording_config.storage_config"),
        ("create_meeting/secret", "answer", "writeOnly.set at 201 data.recording_config.storage_config.secret"),
    ] == [(item.case_id, item.side, item.change) for item in found().outdated]


def test_a_recording_that_never_fitted_says_nothing():
    """A case that is meant to be refused is not outdated by a rule that still refuses it."""
    assert not {"create_meeting/refused", "create_meeting/broken"} & {item.case_id for item in found().outdated}


def test_missing_and_orphaned_recordings_are_named():
    assert ("create_meeting/new",) == found().unrecorded
    assert ("create_meeting/old-name",) == found().orphans
    assert len(RECORDED) == found().read


def test_the_text_is_short_and_quotes_no_value():
    text = impact.text(found())

    assert text.startswith("recordings: 6 read, 2 fit OLD and not NEW, 1 cases without a recording, 1 without a case\n")
    assert "create_meeting/aws: request:" in text
    assert "canary" not in text


def test_long_lists_are_cut():
    surface = revisions.read(str(data_folder("schemas"))).operations["create_meeting"]
    result = impact.outdated(surface, surface, (), [f"create_meeting/{index}" for index in range(30)])

    assert "and 20 more: no recording yet" in impact.text(result)
