"""
The opinion of the reference implementation, `jsonschema`, on what the fast validator says.

A finding about a schema is reported only where both agree. It is slow, and asked only before a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jsonschema import Draft202012Validator, FormatChecker, SchemaError

from rtkcontract.json_schema.json_text import dumps, pointer
from rtkcontract.json_schema.validator import Validator, Violation, plain
from rtkcontract.model import Json

FORMATS = FormatChecker()
NO_OPINION = (RecursionError, re.error)
"""A value nested deeper than it can follow, and a pattern of the ECMA dialect that Python cannot read."""


def doubt(fast: Validator, value: Json, *, valid: bool) -> str:
    """
    Both opinions in one line where the reference implementation does not agree that a value is valid, or is not; ""
    where it agrees.

    On a `format` that it does not know it has no opinion, and agrees.
    """
    try:
        first = next(_errors(fast, value), None)
    except NO_OPINION:
        return ""
    if valid and first is not None:
        return f"jsonschema-rs finds the value valid; jsonschema says that {first} is broken"
    if not valid and first is None:
        broken = fast.violations(value)
        if broken and all(_without_opinion(violation) for violation in broken):
            return ""
        rule = broken[0].message if broken else "a rule"
        return f"jsonschema-rs says that {rule} is broken; jsonschema finds the value valid"
    return ""


def doubt_of(fast: Validator, value: Json, violation: Violation) -> str:
    """
    As `doubt`, for one violation: the reference implementation agrees where it finds the same place broken.
    """
    try:
        if _without_opinion(violation) or any(path == violation.path for path in _paths(fast, value)):
            return ""
    except NO_OPINION:
        return ""
    return f"jsonschema-rs says that {violation.message} is broken; jsonschema finds no fault at that place"


def schema_problem(schema: Json) -> tuple[str, str] | None:
    """
    JSON Pointer and reason of the place where a value is no JSON Schema 2020-12; None where it is one.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        reason = error.message
        if error.validator == "type":
            reason = f"{dumps(error.instance)[:40]} is not of type {error.validator_value}"
        return pointer(list(error.absolute_path)), reason
    return None


def _without_opinion(violation: Violation) -> bool:
    return violation.keyword == "format" and str(violation.limit) not in FORMATS.checkers


def _validator(fast: Validator) -> Draft202012Validator:
    return Draft202012Validator(fast.rooted(fast.schema), format_checker=FORMATS)


def _errors(fast: Validator, value: Json) -> Iterator[str]:
    for error in _validator(fast).iter_errors(plain(value)):
        yield f"{'.'.join(map(str, error.absolute_path)) or 'the body'}: {error.validator}"


def _paths(fast: Validator, value: Json) -> Iterator[tuple[str | int, ...]]:
    """
    Every broken place, those inside unions too.
    """
    waiting = list(_validator(fast).iter_errors(plain(value)))
    while waiting:
        error = waiting.pop()
        yield tuple(error.absolute_path)
        waiting.extend(error.context)
