"""
JSON documents that hold no exchange and no body that can be judged, and what they are; pure data.

A document is told by the members at its top. What is here is refused by its name, so that it is never taken for a
request body that nobody decides on.
"""

from __future__ import annotations

from typing import Final

from rtkcontract.model import Json

AS_HAR: Final = "export the traffic as a HAR file"


DOCUMENTS: Final[tuple[tuple[frozenset[str], str, str], ...]] = tuple(
    (frozenset(members.split()), what, how)
    for members, what, how in (
        ("openapi paths", "an OpenAPI document", "compare two of them with `rtkcontract diff`"),
        ("openapi info", "an OpenAPI document", "compare two of them with `rtkcontract diff`"),
        ("swagger paths", "a Swagger 2 document", "convert it to OpenAPI 3 and use `rtkcontract diff`"),
        ("asyncapi", "an AsyncAPI document", AS_HAR),
        ("$schema", "a JSON Schema", "give values, not the schema they follow"),
        ("info item", "a Postman collection", "send it and " + AS_HAR),
        ("collection", "a Postman collection", "send it and " + AS_HAR),
        ("__export_format resources", "an Insomnia export", "send it and " + AS_HAR),
        ("_type resources", "an Insomnia export", "send it and " + AS_HAR),
        ("consumer provider", "a Pact file", "verify it with Pact, and " + AS_HAR),
        ("mappings", "a list of WireMock mappings", "it holds stubs, not traffic; " + AS_HAR),
        ("requestJournalDisabled requests", "a WireMock request journal", AS_HAR),
        ("request response uuid", "a WireMock mapping", "it holds a stub, not traffic; " + AS_HAR),
        ("predicates responses", "a mountebank stub", AS_HAR),
        ("imposters", "a list of mountebank imposters", AS_HAR),
        ("pages entries", "the inside of a HAR file, without `log` around it", 'put it into {"log": …}'),
        ("entries", "a list of entries without `log` around it, as HAR 1.2 has it", 'put it into {"log": …}'),
        ("log", "a HAR file without a list `log.entries`", "export it again"),
        ("http_interactions", "a cassette whose http_interactions are no list", "record it again"),
        ("interactions", "a cassette whose interactions are no list", "record it again"),
        ("startedDateTime request", "one entry of a HAR file", 'put it into {"log": {"entries": [ … ]}}'),
        ("scope method path", "a recording of nock", AS_HAR),
        ("protocolVersion scheme host", "a session of Charles", "export it as HAR"),
        ("request response", "one request with its response, in no layout of a cassette", AS_HAR),
        ("runs $schema", "a SARIF report", "give what was judged, not the report"),
        ("kind planned", "a saved run of contract tests", "`rtkcontract report` reads it"),
    )
)
"""(members at the top, what it is, what to do), the first that fits; wider ones stand behind narrower ones."""


def refused(value: Json) -> str:
    """
    What a document is and what to do with it, as a sentence goes on after its name; "" for one that may be a body.
    """
    if isinstance(value, list) and value and isinstance(value[0], dict):
        first = value[0]
        if {"request", "response"} <= set(first) and "startedDateTime" not in first:
            return (
                "is a list of requests with responses, as vcrpy wrote it before 1.0; migrate it with "
                "`python -m vcr.migration FILE`, or record it again"
            )
        told = refused(first)
        return f"is a list, and its first item {told}" if told else ""
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("data"), dict) and isinstance(value["data"].get("pairs"), list):
        return f"is a simulation of Hoverfly; {AS_HAR}"
    return next((f"is {what}; {how}" for members, what, how in DOCUMENTS if members <= set(value)), "")
