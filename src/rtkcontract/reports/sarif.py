"""
A run as SARIF 2.1.0: each finding points at the line of the schema whose promise was broken.

1. Rules are the checks. Their help text is handed in: the checks know what they ask.
2. Files are named relative to the folder above `schemas/`, so that a code host can open them.
3. The fingerprints of a finding are its case and check, without and with the place, so that it stays one alert from
   run to run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from rtkcontract.engine.run_file import Entry, Run
from rtkcontract.json_schema.json_text import line_of
from rtkcontract.model import Finding, Json
from rtkcontract.openapi.references import Read
from rtkcontract.reports import summary

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


LEVELS: Final = {"finding": "error", "warning": "warning", "note": "note"}


FOLDER: Final = "schemas/"


def document(run: Run, read: Read, helps: Mapping[str, str] | None = None) -> str:
    """
    The SARIF log as JSON text; `read` gives the bytes of a file below `schemas/`, `helps` a check's question.
    """
    found = [(entry, finding) for entry in run.entries for finding in entry.result.findings]
    rules = sorted({finding.check for _, finding in found} | set(helps or {}))
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(run, rules, helps or {}, found)},
                "automationDetails": {"id": f"rtkcontract/{run.header.subject.replace(' ', '-')}/{run.header.kind}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(run)],
                "properties": {"verdict": summary.headline(run), "judged": summary.judged(run)},
                "results": [_result(run, entry, finding, rules, read) for entry, finding in found],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _driver(run: Run, rules: list[str], helps: Mapping[str, str], found: list[tuple[Entry, Finding]]) -> Json:
    cited: dict[str, dict[str, None]] = {}
    for entry, finding in found:
        cited.setdefault(finding.check, {}).update(dict.fromkeys(finding.sources or entry.result.case.expect.sources))
    version = run.header.versions.get("rtkcontract", "0")
    return {
        "name": "rtkcontract",
        "version": version,
        "semanticVersion": version,
        "rules": [_rule(run, rule, helps.get(rule, ""), list(cited.get(rule, ()))) for rule in rules],
    }


def _rule(run: Run, name: str, told: str, sources: list[str]) -> Json:
    words = told or f"The check {name.replace('_', ' ')} of the answer."
    lines = [words, *(f"Source: {summary.source_line(run, key)}." for key in sources)]
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.replace("-", "_").split("_")),
        "shortDescription": {"text": summary.one_line(words, 200)},
        "fullDescription": {"text": words},
        "help": {"text": "\n".join(lines), "markdown": "\n\n".join(lines)},
    }


def _invocation(run: Run) -> Json:
    times = {"startTimeUtc": run.header.started, "endTimeUtc": run.footer.finished if run.footer else ""}
    utc = {name: when for name, text in times.items() if (when := _utc(text))}
    told = {"executionSuccessful": run.footer is not None and summary.exit_code(run) != 2, **utc}
    gaps = summary.gaps(run)
    notes = [{"level": "note", "message": {"text": f"Not covered: {gap.what}: {gap.why}"}} for gap in gaps[:100]]
    return told | ({"toolExecutionNotifications": notes} if notes else {})


def _utc(text: str) -> str:
    when = summary.moment(text)
    return f"{when.astimezone(summary.UTC):%Y-%m-%dT%H:%M:%SZ}" if when else ""


def _result(run: Run, entry: Entry, finding: Finding, rules: list[str], read: Read) -> Json:
    told = summary.story(run, entry, finding)
    again = summary.reproduce(run, finding)
    words = f"{finding.case_id}: sent {told.sent}; expected {told.expected}; got {told.got}. Send again: {again}"
    mark = f"{finding.case_id}\n{finding.check}"
    return {
        "ruleId": finding.check,
        "ruleIndex": rules.index(finding.check),
        "level": LEVELS[finding.severity],
        "message": {"text": words},
        "locations": [_location(run, finding.schema_at or entry.result.case.expect.schema_at, read)],
        "partialFingerprints": {
            "caseAndCheck/v1": _hash(mark),
            "caseCheckAndPlace/v1": _hash(f"{mark}\n{finding.where}"),
        },
        "properties": {
            "case": finding.case_id,
            "operation": entry.result.case.operation,
            "where": summary.visible(finding.where),
            "sources": list(told.sources),
        },
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _location(run: Run, schema_at: str, read: Read) -> Json:
    """
    The line of the promise; the front door of the contract where a finding names none.
    """
    file, _, pointer = (schema_at or "openapi.json#").partition("#")
    content = read(file)
    line = line_of(content.decode("utf-8", "replace"), pointer) if content else 1
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": FOLDER + file},
            "region": {"startLine": line},
        },
        "logicalLocations": [{"fullyQualifiedName": pointer or run.header.subject, "kind": "member"}],
    }
