"""
Cases -> texts that other tools read: JSON lines, HAR 1.2, a Postman collection v2.1; pure.

1. Base URL, account id, app id and token are variables: `{{base_url}}`, `{{account_id}}`, `{{app_id}}`, `{{token}}`.
   No real value stands in an export. Tokens that are nearly the right one are variables too, `{{token_cut}}` and
   `{{token_in_other_case}}`; a Postman collection works them out of `{{token}}` by itself.
2. A body is text exactly as it is sent. One that is no UTF-8 goes as base64 where the form can say so; a Postman
   collection cannot, so it leaves such cases out and says how many.
3. An export of the same cases is the same text each time.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import harfile

from rtkcontract import __version__
from rtkcontract.contract.profile import shipped
from rtkcontract.contract.requests import TOKEN_FORMS, request_of
from rtkcontract.model import Case, Json, Made, Operation, Request, Target

API: Final = shipped().base_url


SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


NEVER: Final = "1970-01-01T00:00:00.000Z"
"""HAR wants a time of each request; these were not sent."""


SIDES: Final = {
    "valid": "Bodies that the contract accepts",
    "invalid": "Bodies that break one rule",
    "protocol": "Credentials, addresses, media types, broken JSON",
    "relation": "Requests that mean the same",
    "generated": "Generated bodies",
    "corpus": "Bodies that exploration found",
    "scenario": "Steps of scenarios",
}


PLACES: Final = Target(
    kind="cassettes",
    base_url="https://rtkcontract.invalid",
    account_id="rtkcontract-account",
    app_id="rtkcontract-app",
    token="rtkcontract-token",  # noqa: S106 - stands for a variable
)


NEAR_TOKENS: Final = (
    'const token = pm.variables.get("token") || "";',
    'pm.variables.set("token_cut", token.slice(0, -1));',
    "const swapped = [...token].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join('');",
    'pm.variables.set("token_in_other_case", swapped === token ? token + "-" : swapped);',
)
"""What TOKEN_FORMS says, as a script that the client runs before each request."""


# ---- what all forms share


def _request(operation: Operation, case: Case, base_url: str) -> Request:
    """
    The request of a case with variables for everything that is an account's own.
    """
    request = request_of(operation, case, PLACES)
    url = request.url.removeprefix(PLACES.base_url)
    for value, name in ((PLACES.account_id, "account_id"), (PLACES.app_id, "app_id")):
        url = url.replace(f"/{value}", "/{{" + name + "}}")
    url = re.sub(r"(?<!\{)\{(\w+)\}", r"{{\1}}", url)  # ids that earlier responses give
    headers = tuple((name, _with_variables(value)) for name, value in request.headers)
    return Request(method=request.method, url=base_url + url, headers=headers, content=request.content)


def _with_variables(value: str) -> str:
    for name, form in TOKEN_FORMS.items():
        value = value.replace(form(PLACES.token), "{" + name.replace("-", "_") + "}")
    return value


def _text(content: bytes) -> str | None:
    """
    The content as text; None where it is no UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _expected(case: Case) -> str:
    """
    What the contract says of the answer, in one line.
    """
    expect = case.expect
    statuses = " " + " or ".join(map(str, expect.statuses)) if expect.statuses else ""
    sources = f" ({', '.join(expect.sources)})" if expect.sources else ""
    return f"expected: {expect.outcome}{statuses}; {expect.reason}{sources}"


# ---- JSON lines


def lines(cases: Iterable[Case]) -> str:
    """
    One case a line: what is sent and what is expected. `content` is the body as text, or `content_base64`.
    """
    return "".join(json.dumps(_line(case)) + "\n" for case in cases)


def _line(case: Case) -> Json:
    """
    What is empty is left out, but for an empty body.
    """
    expect, changed = case.expect, case.overrides
    content = _text(case.content)
    members = {
        "id": case.id,
        "operation": case.operation,
        "side": case.side,
        "partition": case.partition,
        "field": case.field,
        "keyword": case.keyword,
        "note": case.note,
        "expect": _filled(
            {
                "outcome": expect.outcome,
                "reason": expect.reason,
                "sources": list(expect.sources),
                "rejection": expect.rejection,
                "statuses": list(expect.statuses),
                "schema_at": expect.schema_at,
            }
        ),
        "method": changed.method,
        "path_parameters": {name: _argument(value) for name, value in changed.path_parameters.items()},
        "query": [[name, _argument(value)] for name, value in changed.query],
        "headers": dict(changed.headers),
        "content": content,
        "content_base64": base64.b64encode(case.content).decode() if content is None else None,
    }
    return _filled(members) | ({"content": ""} if content == "" else {})


def _argument(value: str | Made | None) -> Json:
    """
    A text as it is; a value that an earlier response gives as what says where it stands there.
    """
    return _filled(dataclasses.asdict(value)) if isinstance(value, Made) else value


def _filled(members: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value not in ("", None, {}, [])}


# ---- HAR


def har(operations: Mapping[str, Operation], cases: Iterable[Case], *, base_url: str = API) -> str:
    """
    HAR 1.2 with one entry a case. The answers are empty, with status 0: nothing was sent.
    """
    text = io.StringIO()
    creator = harfile.Creator(name="rtkcontract", version=__version__)
    with harfile.HarFile(text, creator=creator, browser=harfile.Browser(name="none", version="0")) as file:
        for case in cases:
            file.add_entry(
                startedDateTime=NEVER,
                time=0,
                request=_har_request(_request(operations[case.operation], case, base_url)),
                response=harfile.Response(status=0, statusText="", httpVersion="HTTP/1.1"),
                timings=harfile.Timings(send=0, wait=0, receive=0),
                comment=f"{case.id}; {_expected(case)}",
            )
    return text.getvalue() + "\n"


def _har_request(request: Request) -> harfile.Request:
    content, kind = _text(request.content), dict(request.headers).get("content-type", "")
    comment = None
    if content is None:
        content, comment = base64.b64encode(request.content).decode(), "base64: the body is no UTF-8"
    return harfile.Request(
        method=request.method,
        url=request.url,
        httpVersion="HTTP/1.1",
        headers=[harfile.Record(name=name, value=value) for name, value in request.headers],
        postData=harfile.PostData(mimeType=kind, text=content, comment=comment) if request.content else None,
        bodySize=len(request.content),
    )


# ---- Postman


def postman(operations: Mapping[str, Operation], cases: Iterable[Case], *, base_url: str = API, name: str = "") -> str:
    """
    A Postman collection v2.1, which Insomnia imports too: one folder a side, one request a case, each with a test of
    the status that the contract expects; of several operations one folder each.
    """
    cases = tuple(cases)
    names = list(dict.fromkeys(case.operation for case in cases))
    sayable = [case for case in cases if _text(case.content) is not None]
    left_out = len(cases) - len(sayable)
    told = f"Made by rtkcontract {__version__}. Set the variables before sending; each accepted case creates an object."
    if left_out:
        told += f" Left out: {left_out} cases whose body is no UTF-8 text."
    collection = {
        "info": {"name": name or f"{_title(names)}: contract cases", "description": told, "schema": SCHEMA},
        "item": (
            list(_folders(operations[names[0]], sayable))
            if len(names) == 1
            else [{"name": each, "item": list(_folders(operations[each], _own(each, sayable)))} for each in names]
        ),
        "event": [{"listen": "prerequest", "script": {"type": "text/javascript", "exec": list(NEAR_TOKENS)}}],
        "variable": [
            {"key": "base_url", "value": base_url, "type": "string"},
            *({"key": key, "value": "", "type": "string"} for key in ("account_id", "app_id", "token")),
        ],
    }
    return json.dumps(collection, indent=1) + "\n"


def _title(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} operations"


def _own(operation: str, cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.operation == operation]


def _folders(operation: Operation, cases: list[Case]) -> Iterator[Json]:
    for side, title in SIDES.items():
        found = [_item(operation, case) for case in cases if case.side == side]
        if found:
            yield {"name": side, "description": title, "item": found}


def _item(operation: Operation, case: Case) -> Json:
    request = _request(operation, case, "{{base_url}}")
    # As JSON, the client would take comments out of a body that is none.
    language = "json" if _is_json(request.content) else "text"
    body = {"mode": "raw", "raw": request.content.decode(), "options": {"raw": {"language": language}}}
    return {
        "name": case.id.partition("/")[2],
        "request": {
            "method": request.method,
            # Without this the client adds credentials of its own to the cases that leave them out.
            "auth": {"type": "noauth"},
            "header": [{"key": key, "value": value} for key, value in request.headers if key != "accept-encoding"],
            "url": {"raw": request.url, "host": ["{{base_url}}"], "path": request.url.split("/")[1:]},
            "description": "; ".join(part for part in (case.note, _expected(case)) if part),
            **({"body": body} if request.content else {}),
        },
        "response": [],
        **({"event": [_test(case)]} if case.expect.outcome != "unspecified" else {}),
    }


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content.decode())
    except ValueError:
        return False
    return True


def _test(case: Case) -> Json:
    """
    The status class, or the statuses where the contract names them.
    """
    outcome = case.expect.outcome
    listed = ", ".join(map(str, case.expect.statuses))
    low = 200 if outcome == "accepted" else 400
    code = "pm.response.code"
    holds = (
        f"pm.expect({code}).to.be.oneOf([{listed}])" if listed else f"pm.expect({code}).to.be.within({low}, {low + 99})"
    )
    script = [f"pm.test({json.dumps(outcome)}, function () {{", f"    {holds};", "});"]
    return {"listen": "test", "script": {"type": "text/javascript", "exec": script}}
