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
from rtkcontract.model import Declared, Finding, Json
from rtkcontract.openapi import media_types
from rtkcontract.openapi.references import located


def content_type(answer: Answer) -> Iterator[Finding]:
    """
    A JSON answer says that it is JSON; a charset beside it is fine.
    """
    if answer.outcome == "unspecified" or (not answer.response.content and answer.outcome != "accepted"):
        return  # a 5xx or a redirect is told by the status
    declared = _declared(answer)
    if declared is None or not declared.media:
        return  # nothing is promised about the content
    told = answer.response.header("content-type") or ""
    if media_types.chosen(declared.media, told) is None:
        expected = " or ".join(declared.media)
        yield answer.finding(
            "content_type", "header content-type", expected, told or "no header", answer.judged.document_source
        )


def envelope(answer: Answer) -> Iterator[Finding]:
    """
    The envelope of the outcome: success and data, or one of the known error envelopes.
    """
    if answer.response.status == 429:
        return  # may be empty or no JSON, says distilled
    if answer.outcome == "unspecified":
        return  # told by the status already
    declared = _declared(answer)
    if declared is None or declared.json is None:
        return  # no JSON is promised
    if answer.body is ABSENT:
        yield answer.finding("envelope", "", "a JSON body", answer.unreadable, answer.judged.document_source)
        return
    if answer.outcome == "rejected":
        errors = answer.judged.error_of(answer.response.status)
        if not (errors.valid(answer.body) if answer.surrogates else errors.valid_plain(answer.body)):
            known = "one of the three known error envelopes"
            yield answer.finding(
                "envelope",
                "",
                known,
                shown(answer.body),
                answer.judged.cited("v4-errors", "service-errors"),
                schema_at="error.json#/anyOf",
            )
        elif _has_error(answer.body) and answer.body["error"].get("code") != answer.response.status:
            yield answer.finding(
                "envelope",
                "/error/code",
                f"the status, {answer.response.status}",
                shown(answer.body["error"].get("code")),
                answer.judged.cited("service-errors"),
                severity="warning",
                cause="error code is not the status",
            )
        return
    lead = data_path(answer)
    yield from _schema(answer, "envelope", lambda path: path[: len(lead)] != lead)


def body_schema(answer: Answer) -> Iterator[Finding]:
    """
    Types, enumerations, bounds and formats of the members of `data`.

    What a sent null comes back as is not decided, so a null where a null was sent is no finding. Neither is a value
    that comes back as it was sent where the body should have been refused, or may have been: the status tells that.
    """
    if answer.outcome == "accepted" and answer.body is not ABSENT:
        lead = data_path(answer)
        yield from _schema(answer, "body_schema", lambda path: path[: len(lead)] == lead)


def _declared(answer: Answer) -> Declared | None:
    """
    What is promised about the response; nothing about the content of one to HEAD.
    """
    if answer.judged.operation.method == "HEAD":
        return None
    judged, status = answer.judged, answer.response.status
    return judged.refusal_of(status) if answer.outcome == "rejected" else judged.declared(status)


def data_path(answer: Answer) -> tuple[str, ...]:
    """
    The path to the data in the body: ("data",), or () where the whole body is the data.
    """
    return tuple(answer.judged.operation.data_at.split("/")[1:])


def _has_error(body: Json) -> bool:
    return isinstance(body, dict) and isinstance(body.get("error"), dict)


def _schema(answer: Answer, check: str, mine: Callable[[tuple[str | int, ...]], bool]) -> Iterator[Finding]:
    oracle = answer.judged.body_of(answer.response.status)
    document = answer.judged.contract.document
    told: set[tuple[str | int, ...]] = set()
    for violation in answer.violations:
        if not mine(violation.path) or violation.path in told:
            continue
        told.add(violation.path)  # one finding a place: a wrong type breaks its other rules too
        found = _at(answer.body, violation.path)
        sent = taken(answer.sent, _place(violation.path[len(data_path(answer)) :]))
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
            sources_of(node, violation.keyword) or answer.judged.document_source,
            schema_at=located(violation.schema_pointer, document),
            missing=_missing(node, found) if violation.keyword == "required" else (),
        )


def _missing(node: Json, found: Json) -> tuple[str, ...]:
    """
    The members that a schema requires and an object lacks.
    """
    required = node.get("required", ()) if isinstance(node, dict) and isinstance(found, dict) else ()
    return tuple(name for name in required if name not in found)


def _at(value: Json, path: tuple[str | int, ...]) -> Json:
    for part in path:
        value = value[part]
    return value


def _place(path: Iterable[str | int]) -> Place:
    return tuple(ITEM if isinstance(part, int) else part for part in path)
