"""
The status and the latency of a response.
"""

from __future__ import annotations

from collections.abc import Iterator

from rtkcontract.checks.answer import Answer, confirmed
from rtkcontract.contract.expectation import source_ids
from rtkcontract.model import Finding, Json

# --- checks of one answer -------------------------------------------------------------------------------------------


def status(answer: Answer) -> Iterator[Finding]:
    """
    The status class is the one that the expectation names; a tolerated status is a warning; a 5xx never is right.
    """
    expect, got = answer.case.expect, answer.response.status
    where = expect.schema_at
    if answer.outcome == "unspecified":
        yield answer.finding(
            "status",
            "status",
            "an answer that accepts or refuses (2xx or 4xx)",
            _told_status(answer),
            expect.sources or answer.judged.document_source,
            schema_at=where,
            status=got,
        )
    elif expect.outcome == "accepted" and answer.outcome == "rejected":
        confirmed(answer, accepted=True)
        yield answer.finding(
            "status",
            "status",
            f"{answer.judged.success_statuses}: {expect.reason}",
            _told_status(answer),
            expect.sources,
            severity="note" if _may_be_refused(answer) else "finding",
            schema_at=where,
            status=got,
        )
    elif expect.outcome == "rejected" and answer.outcome == "accepted":
        confirmed(answer, accepted=False)
        yield answer.finding(
            "status",
            "status",
            f"a 4xx: {expect.reason}",
            _told_status(answer),
            expect.sources,
            schema_at=where,
            status=got,
        )
    elif expect.outcome == "rejected" and expect.statuses and got not in (*expect.statuses, 200):
        listed = ", ".join(map(str, expect.statuses))
        yield answer.finding(
            "status",
            "status",
            f"one of {listed}: {expect.reason}",
            _told_status(answer),
            expect.sources,
            schema_at=where,
            status=got,
        )
    if answer.outcome == "accepted" and got in answer.judged.tolerated:
        entry = answer.judged.tolerated[got]
        yield answer.finding(
            "status",
            "status",
            f"{entry['as']}: {entry['reason']}",
            _told_status(answer),
            source_ids(entry["source"]),
            severity="warning",
            cause="tolerated",
            about=str(got),
            status=got,
        )
    if answer.outcome == "rejected" and got == 200:
        yield answer.finding(
            "status",
            "status",
            "a 4xx beside an error envelope",
            _told_status(answer),
            answer.judged.cited("v4-errors"),
            severity="warning",
            cause="error envelope with 200",
            status=got,
        )


def _may_be_refused(answer: Answer) -> bool:
    """
    Whether a valid request may be refused: the operation needs a state that a request cannot make, or the status says
    that what was sent conflicts with what is there (409, RFC 9110 15.5.10) and the document leaves open when it may.
    """
    operation, conflict = answer.judged.operation, answer.response.status == 409
    return bool(operation.needs) or (
        conflict and any(409 in entry.get("statuses", ()) for entry in operation.unspecified)
    )


def _told_status(answer: Answer) -> str:
    text = _error_text(answer.body)
    return f"{answer.response.status}" + (f" ({text})" if text else "")


def _error_text(body: Json) -> str:
    """
    The message of an error envelope, shortened.
    """
    if not isinstance(body, dict):
        return ""
    parts = [body.get("error"), *(body["errors"] if isinstance(body.get("errors"), list) else ()), body]
    texts = [part.get("message") for part in parts if isinstance(part, dict)]
    return next((text[:160] for text in texts if isinstance(text, str)), "")


def latency(answer: Answer) -> Iterator[Finding]:
    """
    The answer came within the time that the user allows; no source promises one.
    """
    if answer.max_latency_s is not None and answer.elapsed_s is not None and answer.elapsed_s > answer.max_latency_s:
        yield answer.finding(
            "latency",
            "elapsed_s",
            f"an answer within {answer.max_latency_s:g} s (--max-latency)",
            f"{answer.elapsed_s:.2f} s",
            cause="latency",
            allowed_s=answer.max_latency_s,
        )
