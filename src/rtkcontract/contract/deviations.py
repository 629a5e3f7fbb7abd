"""
Known deviations of a server from the contract, and what becomes of their findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from rtkcontract.model import Finding, Operation


def of_maker(operation: Operation, maker: str) -> Operation:
    """
    The operation with the deviations that are about recordings of one maker, such as "documentation".
    """
    about = tuple(
        {name: value for name, value in entry.items() if name != "observed"}
        for entry in operation.deviations
        if entry.get("observed", maker) == maker
    )
    return replace(operation, deviations=about)


def known_deviation(operation: Operation, found: Iterable[Finding]) -> list[Finding]:
    """
    Findings that a deviation explains become warnings; one with `observed` is about recordings of that maker alone.
    """
    found = list(found)
    if not found:
        return found
    entries = [entry for entry in operation.deviations if "observed" not in entry]
    told = {(entry["case"], entry["check"], entry.get("where", "")): entry for entry in entries}
    result = []
    for finding in found:
        entry = told.get((finding.case_id, finding.check, finding.where)) or told.get(
            (finding.case_id, finding.check, "")
        )
        result.append(
            finding
            if entry is None
            else replace(finding, severity="warning", cause="known deviation", about=entry["reason"])
        )
    return result


def gone(operation: Operation, ran: Mapping[str, tuple[Finding, ...]]) -> Iterator[Finding]:
    """
    A deviation whose case ran and showed nothing is out of date.
    """
    for entry in (entry for entry in operation.deviations if "observed" not in entry):
        findings = ran.get(entry["case"])
        if findings is not None and not any(finding.check == entry["check"] for finding in findings):
            yield Finding(
                check="deviation",
                case_id=entry["case"],
                where=entry.get("where", ""),
                expected=f"the known deviation: {entry['reason']}",
                observed="it no longer happens; take it out of deviations.json",
                cause="deviation gone",
            )
