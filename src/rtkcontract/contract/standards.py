"""
Public standards and guides that checks cite beside the sources of a contract, as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rtkcontract.model import Basis, Source

STANDARDS: Final[Mapping[str, Source]] = {
    source.id: source
    for source in (
        Source(
            id="rfc9110",
            title="HTTP Semantics (RFC 9110)",
            where="rfc-editor.org, RFC 9110",
            dated="2022-06",
            read="2026-11-27",
        ),
        Source(
            id="rfc9112",
            title="HTTP/1.1 (RFC 9112)",
            where="rfc-editor.org, RFC 9112",
            dated="2022-06",
            read="2026-11-27",
        ),
        Source(
            id="rfc8259",
            title="The JavaScript Object Notation Data Interchange Format (RFC 8259)",
            where="rfc-editor.org, RFC 8259",
            dated="2017-12",
            read="2026-11-27",
        ),
        Source(
            id="owasp-api3",
            title="OWASP API Security Top 10, API3:2023 Broken Object Property Level Authorization",
            where="owasp.org, API Security Top 10, 2023",
            dated="2023-06",
            read="2026-11-27",
        ),
        Source(
            id="owasp-api8",
            title="OWASP API Security Top 10, API8:2023 Security Misconfiguration",
            where="owasp.org, API Security Top 10, 2023",
            dated="2023-06",
            read="2026-11-27",
        ),
    )
}
"""Id to source; a contract's own source of the same id comes first."""


def basis_of(source: str) -> Basis:
    """
    What a source is: a document of the vendor, a standard, or good practice.
    """
    if source not in STANDARDS:
        return "documents"
    return "standards" if source.startswith("rfc") else "practice"
