"""
What a response shows of the server's insides: stack traces, queries, paths of its file system.

No contract promises their absence; it is good practice (OWASP API8:2023, CWE-209), so each is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rtkcontract.checks.answer import Answer
from rtkcontract.model import Finding

SIGNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("a stack trace of Python", re.compile(r"Traceback \(most recent call last\)|File \"[^\"]+\.py\", line \d+")),
    ("a stack trace of Java", re.compile(r"\bat [\w.$<>]+\([\w$]+\.(?:java|kt|scala):\d+\)|java\.\w+\.\w+Exception")),
    ("a stack trace of JavaScript", re.compile(r"\bat [^\n\"]*\(?[\w./:\\-]+\.[cm]?[jt]s:\d+:\d+\)?")),
    ("a stack trace of Go", re.compile(r"goroutine \d+ \[|panic: runtime error|\w+\.go:\d+")),
    ("a stack trace of Ruby", re.compile(r"[\w./-]+\.rb:\d+:in [`']")),
    ("a stack trace of .NET", re.compile(r"\bat [\w.]+\([^)]*\) in [^\n]+:line \d+|System\.\w+Exception")),
    ("an error of PHP", re.compile(r"(?:Fatal error|Warning|Notice): .{0,200}? on line \d+")),
    ("an error of Rust", re.compile(r"thread '[^']+' panicked at|\w+\.rs:\d+:\d+")),
    ("an error of a database", re.compile(r"SQLSTATE\[|\bORA-\d{5}\b|syntax error at or near|in your SQL syntax")),
    ("an error of a database", re.compile(r"violates \w+(?: \w+)? constraint|Duplicate entry '.*' for key|MongoError")),
    ("a query", re.compile(r"\b(?:SELECT [\w*,. \"`]+ FROM|INSERT INTO|UPDATE [\w.\"`]+ SET|DELETE FROM) [\w.\"`]+")),
    (
        "a path of the file system",
        re.compile(r"(?<![\w:/])/(?:app|etc|home|opt|root|srv|usr|var|tmp)(?:/[\w.-]+){2,}"),
    ),
    ("a path of the file system", re.compile(r"\b[A-Z]:\\\\?(?:[\w .-]+\\\\?){2,}|node_modules/")),
    ("an address inside a network", re.compile(r"\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}:\d+\b")),
)
"""What is seen, and how it is known; each is the usual form of a common platform."""


def disclosure(answer: Answer) -> Iterator[Finding]:
    """
    A refusal or an error shows nothing of how the server is made.
    """
    if answer.response.status < 400:
        return
    text = answer.response.content.decode("utf-8", "replace").replace("\\n", "\n").replace('\\"', '"')
    for kind, sign in SIGNS:
        seen = sign.search(text)
        if seen and seen[0].encode() not in answer.case.content:
            yield answer.finding(
                "disclosure",
                "body",
                "nothing of the server's insides (CWE-209)",
                kind,
                ("owasp-api8",),
                severity="warning",
                cause=f"disclosure {kind}",
            )
            return
