"""
Content type, envelope and schema of a response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rtkcontract.checks.answer import Answer, shown
from rtkcontract.contract.expectation import sources_of
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import pointer
from rtkcontract.json_schema.values import ABSENT, ITEM, Place, same, taken
from rtkcontract.model import Finding, Json
from rtkcontract.openapi.references import located


def content_type(answer: Answer) -> Iterator[Finding]:
    """
    A JSON answer says that it is JSON; a charset beside it is fine.
    """
    if answer.outcome == "unspecified" or (not answer.response.content and answer.outcome != "accepted"):
        return  # a 5xx or a redirect is told by the status
    told = answer.response.header("content-type") or ""
    if told.split(";")[0].strip().lower() != "application/json":
        yield answer.finding("content_type", "header content-type", "application/json", told or "no header", ("oas",))


def envelope(answer: Answer) -> Iterator[Finding]:
    """
    The envelope of the outcome: success and data, or one of the known error envelopes.
    """
    if answer.response.status == 429:
        return  # may be empty or no JSON, says distilled
    if answer.outcome == "unspecified":
        return  # told by the status already
    if answer.body is ABSENT:
        yield answer.finding("envelope", "", "a JSON body", answer.unreadable, ("oas",))
        return
    if answer.outcome == "rejected":
        errors = answer.judged.errors
        if not (errors.valid(answer.body) if answer.surrogates else errors.valid_plain(answer.body)):
            known = "one of the three known error envelopes"
            yield answer.finding(
                "envelope",
                "",
                known,
                shown(answer.body),
                ("v4-errors", "service-errors"),
                schema_at="error.json#/anyOf",
            )
        elif isinstance(answer.body.get("error"), dict) and answer.body["error"].get("code") != answer.response.status:
            yield answer.finding(
                "envelope",
                "/error/code",
                f"the status, {answer.response.status}",
                shown(answer.body["error"].get("code")),
                ("service-errors",),
                severity="warning",
                cause="error code is not the status",
            )
        return
    yield from _schema(answer, "envelope", lambda path: path[:1] != ("data",) or len(path) == 0)


def body_schema(answer: Answer) -> Iterator[Finding]:
    """
    Types, enumerations, bounds and formats of the members of `data`.

    What a sent null comes back as is not decided, so a null where a null was sent is no finding. Neither is a value
    that comes back as it was sent where the body should have been refused, or may have been: the status tells that.
    """
    if answer.outcome == "accepted" and answer.body is not ABSENT:
        yield from _schema(answer, "body_schema", lambda path: path[:1] == ("data",))


def _schema(answer: Answer, check: str, mine: Callable[[tuple[str | int, ...]], bool]) -> Iterator[Finding]:
    oracle = answer.judged.success_of(answer.response.status)
    document = answer.judged.contract.document
    told: set[tuple[str | int, ...]] = set()
    for violation in answer.violations:
        if not mine(violation.path) or violation.path in told:
            continue
        told.add(violation.path)  # one finding a place: a wrong type breaks its other rules too
        found = _at(answer.body, violation.path)
        sent = taken(answer.sent, _place(violation.path[1:]))
        if found is None and sent is None:
            continue
        if answer.case.expect.outcome != "accepted" and sent is not ABSENT and same(found, sent):
            continue
        from rtkcontract.json_schema.reference import doubt_of  # asked before a finding only, and takes long to import

        if differing := doubt_of(oracle, answer.body, violation):
            raise CannotTell(f"two validators disagree about the response: {differing}")
        node = oracle.node(violation.schema_pointer)
        yield answer.finding(
            check,
            pointer(violation.path),
            violation.message,
            shown(found),
            sources_of(node, violation.keyword) or ("oas",),
            schema_at=located(violation.schema_pointer, document),
        )


def _at(value: Json, path: tuple[str | int, ...]) -> Json:
    for part in path:
        value = value[part]
    return value


def _place(path: Iterable[str | int]) -> Place:
    return tuple(ITEM if isinstance(part, int) else part for part in path)
