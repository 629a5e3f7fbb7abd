"""
What HTTP and JSON demand of every response: a table, one row per rule, each with its section.

A rule looks at one response and says what it found wrong; "" where nothing is. It holds for every operation of every
document, and needs nothing beyond the response and the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from rtkcontract.checks.answer import Answer
from rtkcontract.model import Finding

ONCE: Final = frozenset(
    {
        *("age", "content-length", "content-location", "content-type", "date", "etag", "expires", "last-modified"),
        *("location", "retry-after"),
    }
)
"""Response headers that are no lists, so that they may stand once."""
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
ENTITY_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One demand on a response: where it stands in a response, what is expected, and in which section it is demanded.
    """

    name: str
    where: str
    expected: str
    source: str
    section: str
    broken: Callable[[Answer], str]


def protocol(answer: Answer) -> Iterator[Finding]:
    """
    The response keeps the rules of HTTP and JSON that hold for any server.
    """
    for rule in RULES:
        if observed := rule.broken(answer):
            yield answer.finding(
                "protocol",
                rule.where,
                f"{rule.expected} ({rule.section})",
                observed,
                (rule.source,),
                cause=f"protocol {rule.name}",
            )


def _repeated(answer: Answer) -> str:
    names = [name for name, _ in answer.response.headers]
    twice = sorted({name for name in names if name in ONCE and names.count(name) > 1})
    return f"{', '.join(twice)} more than once" if twice else ""


def _charset(answer: Answer) -> str:
    kind, _, parameters = (answer.response.header("content-type") or "").partition(";")
    if not kind.strip().lower().endswith("json"):
        return ""
    charset = re.search(r'charset\s*=\s*"?([^\s;"]+)', parameters, re.IGNORECASE)
    return f"charset={charset[1]}" if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii") else ""


def _date(answer: Answer) -> str:
    text = answer.response.header("date")
    return f"date {text[:60]!r}" if text is not None and moment_of(text) is None else ""


def moment_of(date: str) -> datetime | None:
    """
    The moment of a `date` header, aware; None where it is no HTTP date.
    """
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if date.strip().endswith("GMT") and moment.tzinfo is not None else None


def _length_without_content(answer: Answer) -> str:
    length = answer.response.header("content-length")
    return f"content-length {length} with {answer.response.status}" if answer.response.status == 204 and length else ""


def _length(answer: Answer) -> str:
    """
    Where the content was encoded it has been decoded by now, and where it is a HEAD the length is of another response.
    """
    length, response = answer.response.header("content-length"), answer.response
    if length is None or response.header("content-encoding") is not None or answer.method == "HEAD":
        return ""
    if not length.isdecimal():
        return f"content-length {length[:40]!r}"
    return f"content-length {length}, {len(response.content)} bytes" if int(length) != len(response.content) else ""


def _two_lengths(answer: Answer) -> str:
    both = all(answer.response.header(name) is not None for name in ("transfer-encoding", "content-length"))
    return "both transfer-encoding and content-length" if both else ""


def _allow_missing(answer: Answer) -> str:
    return "no Allow header" if answer.response.status == 405 and answer.response.header("allow") is None else ""


def _allow_contradicts(answer: Answer) -> str:
    allowed = answer.response.header("allow")
    if answer.response.status != 405 or allowed is None:
        return ""
    methods = [method.strip() for method in allowed.split(",")]
    return f"405 to {answer.method}, allow: {allowed[:80]}" if answer.method in methods else ""


def _allow_malformed(answer: Answer) -> str:
    allowed = answer.response.header("allow") or ""
    strange = [part for part in allowed.split(",") if part.strip() and not TOKEN.fullmatch(part.strip())]
    return f"allow: {allowed[:80]}" if strange else ""


def _retry_after(answer: Answer) -> str:
    text = answer.response.header("retry-after")
    if text is None or text.strip().isdecimal() or moment_of(text) is not None:
        return ""
    return f"retry-after {text[:60]!r}"


def _entity_tag(answer: Answer) -> str:
    tag = answer.response.header("etag")
    return f"etag {tag[:60]!r}" if tag is not None and not ENTITY_TAG.fullmatch(tag.strip()) else ""


def _location(answer: Answer) -> str:
    """
    After 201 the Location is the new object's: where its last segment has the length of an id, it is the id.
    """
    text = answer.response.header("location")
    if text is None or answer.response.status != 201 or not isinstance(answer.data, dict):
        return ""
    try:
        path = urlsplit(text).path
    except ValueError:
        return f"location {text[:60]!r} is no address"
    last = unquote(path.rstrip("/").rpartition("/")[2])
    own = answer.data.get("id")
    return (
        f"location ends in {last[:60]}, id is {own[:60]}"
        if isinstance(own, str) and last != own and len(last) == len(own)
        else ""
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="a header twice",
        where="header",
        expected="a header that is no list stands once",
        source="rfc9110",
        section="5.3",
        broken=_repeated,
    ),
    Rule(
        name="charset",
        where="header content-type",
        expected="JSON is UTF-8",
        source="rfc8259",
        section="8.1",
        broken=_charset,
    ),
    Rule(
        name="date",
        where="header date",
        expected="an HTTP date in GMT",
        source="rfc9110",
        section="5.6.7",
        broken=_date,
    ),
    Rule(
        name="length of nothing",
        where="header content-length",
        expected="204 has no content-length",
        source="rfc9110",
        section="8.6",
        broken=_length_without_content,
    ),
    Rule(
        name="length",
        where="header content-length",
        expected="the number of bytes that follow",
        source="rfc9110",
        section="8.6",
        broken=_length,
    ),
    Rule(
        name="two lengths",
        where="header content-length",
        expected="no content-length beside transfer-encoding",
        source="rfc9112",
        section="6.2",
        broken=_two_lengths,
    ),
    Rule(
        name="405 without Allow",
        where="header allow",
        expected="405 names the methods that are allowed",
        source="rfc9110",
        section="15.5.6",
        broken=_allow_missing,
    ),
    Rule(
        name="Allow names the refused method",
        where="header allow",
        expected="405 names other methods than the one that it refuses",
        source="rfc9110",
        section="15.5.6",
        broken=_allow_contradicts,
    ),
    Rule(
        name="Allow",
        where="header allow",
        expected="a list of methods",
        source="rfc9110",
        section="10.2.1",
        broken=_allow_malformed,
    ),
    Rule(
        name="Retry-After",
        where="header retry-after",
        expected="seconds or an HTTP date",
        source="rfc9110",
        section="10.2.3",
        broken=_retry_after,
    ),
    Rule(
        name="ETag",
        where="header etag",
        expected="an entity tag in quotes",
        source="rfc9110",
        section="8.8.3",
        broken=_entity_tag,
    ),
    Rule(
        name="Location",
        where="header location",
        expected="the address of the object that was created",
        source="rfc9110",
        section="15.3.2",
        broken=_location,
    ),
)
