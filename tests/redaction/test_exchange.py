"""
One list says what is a credential; what an exchange carries in such a place is shown nowhere, and nothing else goes.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from recorded import HIDINGS, TOKEN, contract_and_operation, created, redactor
from rtkcontract.contract.credentials import is_credential
from rtkcontract.plugins.httpx_transport import BrokenContract, ContractTransport
from rtkcontract.redaction.redactor import REDACTED, Redactor
from rtkcontract.redaction.scanner import Gate, scan
from rtkcontract.validation import rules as validating
from rtkcontract.validation import verdict as verdicts_of

CONTRACT, OPERATION = contract_and_operation()
REDACTOR = redactor(CONTRACT)
ORDINARY = (Path(__file__).parents[1] / "data" / "ordinary.txt").read_text(encoding="utf-8").splitlines()
SECRET = "Vb7Qm2Xw9Lp4Tz8Rk3Nc"
NAMES = (
    "pwd", "sas", "sig", "account_key", "accountKey", "bearer", "jwt", "secret", "client_secret", "password",
    "passphrase", "private_key", "access_key", "apiKey", "token", "accessToken", "authorization", "cookie", "signature",
    "X-Amz-Signature", "db_passwd", "key",
)  # fmt: skip


def test_ordinary_texts_stay_as_they_are() -> None:
    assert len(set(ORDINARY)) >= 200
    assert [line for line in ORDINARY if REDACTOR.text(line) != line] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_value_under_the_name_of_a_credential_goes(name: str) -> None:
    short = "hunter2x"
    texts = (
        json.dumps({name: short}),
        json.dumps([{"name": name, "value": short}]),
        f"https://example.com/blob?size=1&{name}={short}",
    )
    answered = json.loads(REDACTOR._answer(json.dumps({"data": {name: short}}).encode(), b""))
    paired = json.loads(REDACTOR._answer(json.dumps({"x": {"name": name, "value": short}}).encode(), b""))

    assert is_credential(name)
    assert [text for text in texts if short in REDACTOR.text(text)] == []
    assert answered == {"data": {name: REDACTED}}
    assert paired == {"x": {"name": name, "value": REDACTED}}


@pytest.mark.parametrize("name", ["title", "monkey", "design", "token_type", "password_policy", "author", "compass"])
def test_other_names_hide_nothing(name: str) -> None:
    text = json.dumps({name: "hunter2x"})

    assert REDACTOR.text(text) == text


def test_a_ray_id_stays_in_a_text_and_not_in_a_recording() -> None:
    told = "Ray ID: 8e1f2a3b4c5d6e7f-AMS"
    assert REDACTOR.text(told) == told
    assert b"8e1f2a3b4c5d6e7f" not in REDACTOR._answer(told.encode(), b"")


def _exchanges() -> Iterator[dict[str, Any]]:
    """
    An exchange with the secret in each place of a credential, and again in each place that a verdict shows.
    """
    carried = (
        {"headers": {"authorization": f"Bearer {SECRET}"}},
        {"headers": {"authorization": SECRET}},
        {"headers": {"cookie": f"session={SECRET}; a=b"}},
        {"headers": {"x-auth-key": SECRET}},
        {"headers": {"x-api-token": SECRET}},
        {"query": f"?sig={SECRET}"},
        {"body": {"recording_config": {"storage_config": {"type": "aws", "secret": SECRET}}}},
        {"body": {"recording_config": {"storage_config": {"type": "aws", "access_key": SECRET}}}},
        {"body": {"extra": {"name": "secret", "value": SECRET}}},
        {"set-cookie": f"session={SECRET}; Path=/"},
        {"told": {"sas": SECRET}},
    )
    shown = (
        {"body": {"title": {"a": SECRET}}},
        {"body": {"title": [SECRET]}},
        {"body": {"preferred_region": SECRET}},
        {"body": {SECRET: 1}},
        {"body": {"recording_config": {"storage_config": {"type": SECRET}}}},
        {"body": {"recording_config": {"storage_config": {"bucket": 7, "host": SECRET, "type": "sftp"}}}},
        {"told": {"id": SECRET}},
        {"told": {"created_at": SECRET}},
        {"told": {"title": {"deep": SECRET}}},
        {"answer": f"<html>{SECRET}</html>"},
    )
    for one, two in itertools.product(carried, shown):
        for hide in ("plain", "zero-width", "line-breaks-in-json", "percent-of-percent"):
            again = json.loads(json.dumps(two).replace(SECRET, json.dumps(HIDINGS[hide](SECRET))[1:-1]))
            body = _merged(one.get("body", {}), again.get("body", {}))
            told = {**one.get("told", {}), **again.get("told", {})}
            yield {**one, **again, "body": body, "told": told}


def _merged(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    both = {name: _merged(one[name], two[name]) for name in one.keys() & two.keys() if isinstance(one[name], dict)}
    return {**one, **two, **both}


def _entry(made: dict[str, Any]) -> dict[str, Any]:
    headers = {"content-type": "application/json", **made.get("headers", {})}
    answered = {
        "content-type": "application/json",
        **({"set-cookie": made["set-cookie"]} if "set-cookie" in made else {}),
    }
    text = made.get("answer") or created(**made["told"])
    return {
        "request": {
            "method": "POST",
            "url": f"https://api.cloudflare.com/client/v4/accounts/a/realtime/kit/b/meetings{made.get('query', '')}",
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
            "postData": {"mimeType": "application/json", "text": json.dumps(made["body"])},
        },
        "response": {
            "status": 201,
            "headers": [{"name": name, "value": value} for name, value in answered.items()],
            "content": {"mimeType": "application/json", "text": text},
        },
    }


def _shows(text: str) -> list[str]:
    spelled = [name for name, hide in HIDINGS.items() if name != "half" and hide(SECRET) in text]
    return spelled + [
        str(leak)
        for leak in scan(text.encode(), Gate(secrets=(("SECRET", SECRET),)), look="everything")
        if leak.kind.startswith("SECRET")
    ]


def test_validate_shows_no_credential_of_the_exchange_it_judges() -> None:
    made = [_entry(one) for one in _exchanges()]
    har = json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": made}})
    verdicts = list(validating.verdicts(CONTRACT, OPERATION, io.BytesIO(har.encode()), name="x.har"))
    broken = [verdict for verdict in verdicts if verdict.broken]

    assert len(made) == len(verdicts) >= 400
    assert len(broken) > 200
    for verdict, entry in zip(verdicts, made, strict=True):
        for text in (verdicts_of.text(verdict), json.dumps(verdicts_of.as_json(verdict))):
            assert _shows(text) == [], entry


def _guarded(entry: dict[str, Any]) -> str:
    """
    What the guard says of an exchange; "" for nothing.
    """
    headers = [(each["name"], each["value"]) for each in entry["response"]["headers"]]
    response = httpx.Response(201, headers=headers, content=entry["response"]["content"]["text"])
    transport = ContractTransport(httpx.MockTransport(lambda _: response), contract=CONTRACT)
    sent = [(each["name"], each["value"].encode()) for each in entry["request"]["headers"]]
    try:
        with httpx.Client(transport=transport) as client:
            client.post(entry["request"]["url"], headers=sent, content=entry["request"]["postData"]["text"])
    except BrokenContract as error:
        return str(error)
    return ""


def test_the_httpx_guard_shows_no_credential_of_the_exchange() -> None:
    # What only the answer tells to be a credential is not known while the request is judged.
    asked = [made for made in _exchanges() if "set-cookie" not in made and "sas" not in made["told"]]
    said = [_guarded(_entry(made)) for made in asked[::5]]

    assert len([text for text in said if text]) > 40
    assert [text for text in said if _shows(text)] == []


def test_a_verdict_without_credentials_says_what_is_wrong() -> None:
    """
    What is no credential stays readable beside one.
    """
    entry = _entry({"headers": {"authorization": f"Bearer {SECRET}"}, "body": {"title": {"a": "Weekly"}}, "told": {}})
    har = json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [entry]}})
    (verdict,) = validating.verdicts(CONTRACT, OPERATION, io.BytesIO(har.encode()), name="x.har")

    assert "Weekly" in verdicts_of.text(verdict)


def test_a_redactor_that_knows_more_leaves_the_first_as_it_was() -> None:
    first = Redactor(CONTRACT, (("TOKEN", TOKEN),))
    more = first.knowing((("CREDENTIAL", SECRET),))

    assert more.text(f"{TOKEN} {SECRET}") == "TOKEN CREDENTIAL"
    assert SECRET in first.text(SECRET)
