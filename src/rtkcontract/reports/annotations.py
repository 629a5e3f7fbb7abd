"""
A run for the pages of a code host: annotations of GitHub, the code quality report of GitLab, a badge of shields.io.

1. One entry per cause, worst first, since the hosts show few.
2. A place is a line of the contract in the user's own repository; `place` gives None for a contract that is not there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final, TypeAlias

from rtkcontract.engine.run_file import Entry, Run
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.model import Finding, Json
from rtkcontract.reports import summary

Place: TypeAlias = Callable[[str], tuple[str, int] | None]
"""`schema_at` of a finding, such as `create_meeting/request.json#/type`, to (file, line from 1)."""

COMMANDS: Final = {"finding": "error", "warning": "warning", "note": "notice"}

SEVERITIES: Final = {"finding": "major", "warning": "minor", "note": "info"}


def github(run: Run, place: Place) -> str:
    """
    Workflow commands, one line each: ::error for a finding or a run that could not tell, ::warning for a warning.
    """
    lines = []
    if summary.exit_code(run) == 2:
        lines.append(_command("error", "rtkcontract could not tell", None, summary.headline(run)))
    for group in summary.groups(run):
        if group.severity != "note":
            entry, finding = group.items[0]
            words = f"{_words(run, entry, finding)}\nSend again: {summary.reproduce(run, finding)}"
            lines.append(_command(COMMANDS[group.severity], group.title, _place(place, entry, finding), words))
    return "".join(f"{line}\n" for line in lines)


def _command(name: str, title: str, where: tuple[str, int] | None, message: str) -> str:
    properties = {"file": where[0], "line": str(where[1])} if where else {}
    told = ",".join(f"{key}={_property(value)}" for key, value in ({"title": title} | properties).items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    return re.sub(r"[%\r\n]", lambda found: f"%{ord(found[0]):02X}", text)


def _property(text: str) -> str:
    return re.sub(r"[%\r\n:,]", lambda found: f"%{ord(found[0]):02X}", text)


def _words(run: Run, entry: Entry, finding: Finding) -> str:
    told = summary.story(run, entry, finding)
    return f"{finding.case_id}: sent {told.sent}; expected {told.expected}; got {told.got}"


def _place(place: Place, entry: Entry, finding: Finding) -> tuple[str, int] | None:
    return place(finding.schema_at or entry.result.case.expect.schema_at)


def code_quality(run: Run, place: Place) -> str:
    """
    The report of GitLab, a JSON list; GitLab demands a file, so a contract outside the repository goes by the run's.
    """
    issues: list[Json] = []
    for group in summary.groups(run):
        entry, finding = group.items[0]
        file, line = _place(place, entry, finding) or (run.name or "run.jsonl", 1)
        issues.append(
            {
                "description": f"{group.title}. {_words(run, entry, finding)}",
                "check_name": f"rtkcontract/{finding.check}",
                "fingerprint": hashlib.sha256(
                    f"{finding.case_id}\n{finding.check}\n{finding.where}".encode()
                ).hexdigest(),
                "severity": "blocker" if finding.check == "secrets" else SEVERITIES[group.severity],
                "location": {"path": file, "lines": {"begin": line}},
            }
        )
    return dumps(issues) + "\n"


def badge(run: Run) -> str:
    """
    What the endpoint badge of shields.io reads; it names who was judged unless that was the vendor.
    """
    code = summary.exit_code(run)
    broken = len(summary.groups(run, "finding"))
    message = {0: "kept", 1: f"broken in {summary.counted(broken, 'way')}"}.get(code, "could not tell")
    observed = run.header.observed
    told = {
        "schemaVersion": 1,
        "label": "contract",
        "message": message if observed == "vendor" else f"{message} ({observed})",
        "color": {0: "brightgreen", 1: "red"}.get(code, "lightgrey"),
    }
    return dumps(told) + "\n"
