"""
The plain data that every other module passes around.

1. Everything here is frozen; nothing here does work, reads a file, or knows a library.
2. Bytes are the truth: a case carries the exact content that is sent, so broken JSON, 60 and 60.0 can all be said.
3. An expectation never reaches the target.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

Json: TypeAlias = Any
"""A JSON value as Python holds it; the one place where `Any` stands for data."""


Outcome: TypeAlias = Literal["accepted", "rejected", "unspecified"]


Severity: TypeAlias = Literal["finding", "warning", "note"]
Basis: TypeAlias = Literal["documents", "standards", "practice"]
"""What a finding rests on: the vendor's documents, a standard such as an RFC, or good practice."""


Status: TypeAlias = Literal["pass", "fail", "error", "skip"]


Side: TypeAlias = Literal["valid", "invalid", "protocol", "relation", "generated", "corpus", "scenario"]


Role: TypeAlias = Literal["create", "read", "list", "update", "replace", "delete", "action"]
Headers: TypeAlias = tuple[tuple[str, str], ...]


Progress: TypeAlias = Callable[[int, int], None]
"""Hears how much is done, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """
    Where a fact comes from; `read` is the day on which it was read.
    """

    id: str
    title: str
    where: str
    dated: str
    read: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """
    A path, query, header or cookie parameter, or a header of a response, as OpenAPI declares it.

    `where` is "path", "query", "header" or "cookie"; `style` is "" where the document names none.
    """

    where: str
    name: str
    required: bool
    schema: Json
    style: str = ""
    explode: bool | None = None
    allow_empty_value: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """
    A value that an earlier response of the run gives, at `pointer` in the body of a response of `operation`.

    One object serves all cases that name it alike; with `fresh` each case gets an object of its own, since it ends or
    changes it. With `case` the value comes from the response to that very case, an earlier step of a scenario.
    `form` names how the value is changed before it is sent: one of `contract.requests.ID_FORMS`.
    """

    operation: str
    pointer: str
    fresh: bool = False
    case: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """
    One scheme of one alternative: `told` is what a caller sends, such as `http bearer` or `apiKey header X-Key`.
    """

    name: str
    told: str
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """
    What may come with one status: media type to schema, and headers by their lower-case name.

    Media types are lower case and without parameters; `media` is empty where no content is declared.
    """

    media: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def json(self) -> Json:
        """
        The schema of the first JSON-like content; None where there is none, so that the content need not be JSON.
        """
        return next((schema for kind, schema in self.media.items() if _json_like(kind)), None)


def _json_like(media_type: str) -> bool:
    return media_type.endswith(("/json", "+json", "/*"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    One method on one path template, with everything that is promised about it.

    The schemas are plain JSON Schemas (2020-12) whose `$ref`s point into `Contract.document`. A plain JSON Schema that
    is compared as an operation has `method` "" and nothing but a body and a response with the status "".
    """

    name: str
    """operationId, or "POST /path" where there is none or an earlier operation has it too."""
    method: str = ""
    path: str = ""
    operation_id: str = ""
    servers: tuple[str, ...] = ()
    """URLs without a slash at the end, variables replaced by their defaults; ("",) where the document names none."""
    security: tuple[tuple[Credential, ...], ...] = ()
    """Alternatives; () where no credential is asked for."""
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Json] | None = None
    """Media type to schema of the request body; None where the operation takes none."""
    body_required: bool = False
    media_type: str = "application/json"
    """What a JSON body is sent as: the first JSON-like type of `body`."""
    request_schema: Json = field(default_factory=dict)
    """The schema of the JSON body; `{}` where there is none, which `takes_json` tells from a body that is free."""
    responses: Mapping[str, Declared] = field(default_factory=dict)
    """By "201", "2XX" or "DEFAULT", in the document's order."""
    success_schemas: Mapping[int, Json] = field(default_factory=dict)
    """Status to the schema of the whole body, envelope included; {} for a status without JSON. Ranges: `success`."""
    error_schema: Json = field(default_factory=dict)
    """The schema of a refusal where `responses` does not name its status."""
    data_schema: Json = field(default_factory=dict)
    """The schema of what a success gives, at `data_at` of the body; `{}` when there is none."""
    data_at: str = "/data"
    """JSON Pointer to the data in the body of a success: "/data", or "" where the whole body is the data."""
    tolerated: tuple[Json, ...] = ()
    """`x-tolerated`: statuses that are accepted with a warning."""
    unspecified: tuple[Json, ...] = ()
    """`x-unspecified` of the operation: what no source decides."""
    rate_limits: tuple[Json, ...] = ()
    written_cases: tuple[Json, ...] = ()
    """`cases.json`: what a schema cannot derive."""
    rows: tuple[Json, ...] = ()
    """`rows.jsonl`: stored rows of the covering array, oldest first."""
    corpus: tuple[Json, ...] = ()
    """`corpus.jsonl`: bodies that exploration found."""
    deviations: tuple[Json, ...] = ()
    role: Role = "action"
    """What the operation does to its object; derived from method and path, or `x-role`."""
    makers: Mapping[str, Made] = field(default_factory=dict)
    """Parameter -> the response that gives its value, from `links`, else from the shape of the paths."""
    tags: tuple[str, ...] = ()
    undo: Json = None
    """`x-undo` of a create: the operation, and the body, that takes its object away; None where there is none."""
    effects: Json = None
    """`x-effects`: what it costs or cannot be undone; None for an operation that a live run may send unasked."""
    needs: Json = None
    """`x-needs`: the state without which a valid request may be refused; None where there is none."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Summary, description and tags."""
    deprecated: bool = False

    @property
    def base_path(self) -> str:
        """
        The path of the first server, without a slash at the end: "/client/v4", or "" where it has none.
        """
        path = urlsplit(self.servers[0]).path.rstrip("/") if self.servers else ""
        return path if path[:1] in ("", "/") else f"/{path}"

    @property
    def takes_json(self) -> bool:
        """
        Whether a JSON body may be sent, of whatever schema.
        """
        return any(_json_like(kind) for kind in self.body or {})

    def declared(self, status: int) -> Declared | None:
        """
        What is declared for a status: by the status itself, its range, or the default; None for nothing.
        """
        names = (str(status), f"{status // 100}XX", "DEFAULT")
        return next((self.responses[name] for name in names if name in self.responses), None)

    @property
    def successes(self) -> tuple[str, ...]:
        """
        The statuses that accept a request, as declared: each 2xx and "2XX"; "DEFAULT" where there is none of them.
        """
        found = tuple(name for name in self.responses if name[:1] == "2")
        return found or tuple(name for name in self.responses if name == "DEFAULT")

    def success(self, status: int) -> Declared | None:
        """
        What is declared for a status that accepts; None for a status that is declared as none.
        """
        names = (str(status), "2XX") if 200 <= status < 300 else ()
        found = next((self.responses[name] for name in names if name in self.responses), None)
        return self.responses["DEFAULT"] if found is None and names and self.successes == ("DEFAULT",) else found

    @property
    def success_status(self) -> int:
        """
        The status that a server of this contract accepts with: the first declared; 200 for a range or the default.
        """
        return next((int(name) for name in self.successes if name.isdigit()), 200)

    @property
    def success_schema(self) -> Json:
        """
        The schema of the body that comes with `success_status`; None where it has none.
        """
        found = self.success(self.success_status)
        return found.json if found else None

    def error(self, status: int) -> Json:
        """
        The schema of the body of a refusal; None where nothing is declared, so that any body will do.
        """
        found = self.declared(status)
        return found.json if found else None


@dataclass(frozen=True, kw_only=True)
class Contract:
    """
    One revision of the promises: a single OpenAPI document with every file bundled into it.

    The document holds what the operations read so far have reached. `operations` reads an operation when it is asked
    for; iterating reads all that can be read.
    """

    document: Json
    operations: Mapping[str, Operation]
    sources: Mapping[str, Source]
    revision: str
    """`info.version` of the document."""
    fingerprint: Callable[[], str]
    """Works out `digest`."""

    @property
    def whole(self) -> Json:
        """
        The document with what every operation reaches, those left out that cannot be read.
        """
        for _ in self.operations:
            pass  # an operation that is read adds to the document
        return self.document

    @functools.cached_property
    def digest(self) -> str:
        """
        Twelve hex digits of the SHA-256 of everything that the files of the document say.
        """
        return self.fingerprint()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """
    What the sources say about the answer to a case.

    `rejection` tells the kind of refusal that is expected: "invalid", "unauthenticated", "not_found", "method" or
    "media_type". `statuses` is empty where any 4xx will do.
    """

    outcome: Outcome
    reason: str
    sources: tuple[str, ...] = ()
    rejection: str = ""
    statuses: tuple[int, ...] = ()
    schema_at: str = ""
    """`file#/pointer` of the schema keyword behind it, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """
    How a case departs from a well-addressed, authenticated JSON request.

    A header set to None is left out. `authorization` replaces the whole header value; None leaves it out. `query` holds
    names and values in the order in which they are sent, not yet percent-encoded; a value of None sends the name alone.
    A path parameter or a value of the query that is `Made` is filled in when the case is sent; where a case names no
    path parameter, the operation's `makers` say where the value comes from.
    """

    method: str | None = None
    path_parameters: Mapping[str, str | Made] = field(default_factory=dict)
    query: tuple[tuple[str, str | Made | None], ...] = ()
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: Mapping[str, Made] = field(default_factory=dict)
    """Members at the top of the body whose values earlier responses give; the content has stand-ins in their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One request with an expectation and a reason.

    `id` is made of meaning and never changes: `create_meeting/session_keep_alive_time_in_secs/below-minimum`.
    `field` is a dotted path into the body ("" for the whole body), `keyword` the schema keyword it is about.
    """

    id: str
    operation: str
    side: Side
    partition: str
    content: bytes
    expect: Expectation
    field: str = ""
    keyword: str = ""
    note: str = ""
    overrides: Overrides = Overrides()
    echo_unspecified: tuple[str, ...] = ()
    """Dotted paths whose echo no source decides for this body."""
    same_answer_as: str = ""
    """Id of an earlier case whose answer must agree with this one, but for ids and times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproved:
    """
    What of a schema a plan cannot prove: the dotted place in the request, the keyword, and why.

    With `whole` the plan has no valid request at all, so that it proves nothing.
    """

    place: str
    keyword: str
    reason: str
    schema_at: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """
    What must hold between the response to a step of a scenario and the responses to earlier ones.

    `name` is that of a function in `checks.lifecycle.RELATIONS`; `of` holds the ids of the earlier cases, `arguments`
    what else the function takes. Without `sources` nothing decides it, and what differs is only noted.
    """

    name: str
    reason: str
    of: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    arguments: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One request of a scenario, judged as any case is and by its relations.

    With `together` it is sent at the same time as the step before it; before it is sent `pause_s` seconds go by, where
    times are compared that the server takes.
    """

    case: Case
    relations: tuple[Relation, ...] = ()
    together: bool = False
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """
    Requests in their order, with what must hold between their responses.

    `id` is made of meaning and never changes: `create_meeting/scenarios/delete-then-read`. The ids of its cases begin
    with it. `operation` is the one that makes or lists the objects, `kind` the last part of the id.
    """

    id: str
    operation: str
    kind: str
    note: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    Where cases go. `token` never shows in a repr; `base_url` ends without a slash and holds the version prefix.
    """

    kind: Literal["emulator", "live", "cassettes"]
    base_url: str
    account_id: str = field(repr=False)
    app_id: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What is sent, to the byte. Header names are lower case; neither headers nor content show in a repr.
    """

    method: str
    url: str
    headers: Headers = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """
    Header names are lower case; a header that came twice stands twice.
    """

    status: int
    headers: Headers
    content: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """
        The first value of the header, or None.
        """
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    A response that does not simply go out: it waits `delay_s`, it ends after `cut_after` bytes of its body with the
    connection, or it is overtaken by the response to a later request.
    """

    response: Response
    delay_s: float = 0.0
    cut_after: int | None = None
    overtaken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """
    The answer that came, and the seconds it took.
    """

    response: Response
    elapsed_s: float | None
    """None when the answer was replayed from a cassette."""
    recorded_at: str = ""
    """When it was recorded (RFC 3339); "" for a response of today."""
    recorded_from: str = ""
    edited: bool = False
    """Whether the recording was edited by hand."""
    """Whose recording it is: "live", "emulator" or "documentation"; "" for a response of today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """
    No answer came: a time-out, a refused connection, a missing recording. That is no finding.
    """

    reason: str
    missing: bool = False
    """Whether nothing was asked: there is no recording, or no object that the case could be about."""


Observation: TypeAlias = Answered | Unanswered


Send: TypeAlias = Callable[[Request], Observation]
"""The one seam: the network, the emulator and a cassette are three functions of this shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One broken promise, in one case.

    `where` is a JSON Pointer into the answer's body, `header NAME`, `status`, or a dotted request path.
    `expected` and `observed` are short texts, already redacted; `sources` are ids of `Contract.sources`.
    """

    check: str
    case_id: str
    where: str
    expected: str
    observed: str
    sources: tuple[str, ...] = ()
    severity: Severity = "finding"
    schema_at: str = ""
    cause: str = ""
    """What findings with one origin share, such as "echo"; they are grouped by it and `about`. Empty: not yet known."""
    about: str = ""
    """What the cause is about: a dotted path, the kind of a secret, values that go together."""
    status: int | None = None
    """The status that came, for a finding about the status."""
    missing: tuple[str, ...] = ()
    """Required members that the place lacks."""
    other_case: str = ""
    """The case whose response this one is compared with."""
    allowed_s: float | None = None
    """The seconds that were allowed, for a finding about the latency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    The verdict on one case. "fail": the API broke a promise; "error": it could not be told.
    """

    case: Case
    status: Status
    findings: tuple[Finding, ...]
    observation: Observation
    reason: str = ""
