"""
A run as JUnit XML, in the form that Jenkins, GitLab and GitHub viewers read.

1. One testcase a case: its findings are one failure, for viewers show no second one; what could not be told is an
   error, what was not sent is skipped.
2. Warnings and notes stand in the output of their testcase.
3. Characters that XML 1.0 forbids are shown as escapes.
"""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from collections.abc import Mapping

from rtkcontract.engine.run_file import Entry, Run, counts_of
from rtkcontract.model import Answered, Finding
from rtkcontract.reports import summary


def document(run: Run) -> bytes:
    """
    The whole XML document in UTF-8.
    """
    count = summary.counts(run)
    tallies = {
        "tests": str(count["cases"]),
        "failures": str(sum(bool(_failures(entry)) for entry in run.entries)),
        "errors": str(count["error"] + (run.footer is None)),
    }
    tallies["tests"] = str(count["cases"] + (run.footer is None))
    total = f"{sum(_seconds(entry) for entry in run.entries):.3f}"
    root = Xml.Element("testsuites", {"name": "rtkcontract", "time": total, **tallies})
    for place, name in enumerate(run.header.operations):
        _suite(root, run, name, last=place == len(run.header.operations) - 1)
    Xml.indent(root)
    content: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _suite(root: Xml.Element, run: Run, operation: str, *, last: bool) -> None:
    """
    The cases of one operation; that a run was not finished is told in its last suite.
    """
    entries = [entry for entry in run.entries if entry.result.case.operation == operation]
    count = counts_of(entry.result for entry in entries)
    unfinished = last and run.footer is None
    when = summary.moment(run.header.started)
    stamp = {"timestamp": when.replace(tzinfo=None).isoformat(timespec="seconds")} if when else {}
    tallies = {
        "name": operation,
        "tests": str(count["cases"] + unfinished),
        "failures": str(sum(bool(_failures(entry)) for entry in entries)),
        "errors": str(count["error"] + unfinished),
        "skipped": str(count["skip"]),
        "time": f"{sum(_seconds(entry) for entry in entries):.3f}",
        **stamp,
    }
    suite = Xml.SubElement(root, "testsuite", _clean(tallies))
    properties = Xml.SubElement(suite, "properties")
    for name, value in _properties(run, operation).items():
        Xml.SubElement(properties, "property", _clean({"name": name, "value": value}))
    for entry in entries:
        _testcase(suite, run, entry)
    if unfinished:
        _unfinished(suite, run)


def _properties(run: Run, operation: str) -> dict[str, str]:
    header = run.header
    return {
        "verdict": summary.headline(run),
        "judged": summary.judged(run),
        "target": header.kind,
        "base_url": header.base_url,
        "contract_revision": header.revision,
        "contract_digest": header.digest,
        "operation": " ".join(header.operations[operation]),
        "plan": header.plan,
        **{f"version_{name}": version for name, version in header.versions.items()},
    }


def _seconds(entry: Entry) -> float:
    observation = entry.result.observation
    return (observation.elapsed_s or 0.0) if isinstance(observation, Answered) else 0.0


def _failures(entry: Entry) -> list[Finding]:
    return [finding for finding in entry.result.findings if finding.severity == "finding"]


def _testcase(suite: Xml.Element, run: Run, entry: Entry) -> None:
    result = entry.result
    names = {"classname": f"{result.case.operation}.{result.case.side}", "name": result.case.id}
    case = Xml.SubElement(suite, "testcase", _clean({**names, "time": f"{_seconds(entry):.3f}"}))
    found = _failures(entry)
    if found:
        more = f" (and {summary.counted(len(found) - 1, 'more finding')})" if found[1:] else ""
        kinds = ", ".join(dict.fromkeys(finding.check for finding in found))
        body = "".join(_body(run, entry, finding) for finding in found)
        _told(case, "failure", _message(run, entry, found[0]) + more, kinds, body)
    if result.status == "error":
        _told(case, "error", summary.one_line(result.reason, 300), "could not tell", result.reason)
    if result.status == "skip":
        _told(case, "skipped", summary.one_line(result.reason, 300), "", "")
    remarks = [finding for finding in result.findings if finding.severity != "finding"]
    if remarks:
        words = "\n".join(
            f"{each.severity}: {each.check}: expected {each.expected}, got {each.observed}" for each in remarks
        )
        Xml.SubElement(case, "system-out").text = summary.visible(words)


def _message(run: Run, entry: Entry, finding: Finding) -> str:
    """
    All that a viewer shows before a case is opened: what was sent, expected and got.
    """
    told = summary.story(run, entry, finding)
    return summary.one_line(f"sent {told.sent}; expected {told.expected}; got {told.got}", 300)


def _told(case: Xml.Element, tag: str, message: str, kind: str, body: str) -> None:
    named = {"message": message} | ({"type": kind} if kind else {})
    Xml.SubElement(case, tag, _clean(named)).text = summary.visible(body) or None


def _unfinished(suite: Xml.Element, run: Run) -> None:
    case = Xml.SubElement(suite, "testcase", _clean({"classname": run.header.subject, "name": "the run was finished"}))
    words = f"{len(run.entries)} of {run.header.planned} planned cases have a result"
    _told(case, "error", "the run was not finished", "could not tell", words)


def _body(run: Run, entry: Entry, finding: Finding) -> str:
    told = summary.story(run, entry, finding)
    lines = [
        f"  sent: {told.sent}",
        f"+ expected: {told.expected}",
        f"- got: {told.got}",
        *told.diff,
        *([f"because: {told.because}"] if told.because else []),
        *(f"source: {source}" for source in told.sources),
        f"send again: {summary.reproduce(run, finding)}",
    ]
    return "\n" + "\n".join(lines) + "\n"


def _clean(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: summary.one_line(value, 1_000) for name, value in attributes.items()}
