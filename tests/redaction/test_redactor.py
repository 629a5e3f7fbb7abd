"""
Redaction takes out what is secret, keeps the format, and changes no verdict; the gate finds what redaction cannot see.
"""

from __future__ import annotations

import base64
import gzip
import json
import logging
import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from recorded import (
    ACCOUNT,
    APP,
    HIDINGS,
    SECRETS,
    STORED,
    TOKEN,
    answer,
    case_of,
    contract_and_operation,
    created,
    packed,
    redactor,
    responder,
    target_at,
)
from rtkcontract.checks import judge as judging
from rtkcontract.contract.requests import request_of
from rtkcontract.errors import CannotTell
from rtkcontract.generation import plan as plans
from rtkcontract.model import Answered, Request, Response
from rtkcontract.recordings.key import case_key, key_of
from rtkcontract.redaction import logs
from rtkcontract.redaction.redactor import API, PLACEHOLDERS, Redactor, redactor_of, write_only
from rtkcontract.redaction.scanner import TOO_MUCH, Gate, needles, scan

CONTRACT, OPERATION = contract_and_operation()
REDACTOR = redactor(CONTRACT)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

ANSWERS = {
    "minimal": created(),
    "two ids": created(organization_id="7d1f5a90-3b6c-4e2d-a871-c09f4b5e2d13", again=APP),
    "malformed id": created(id="7d1f5a90-3b6c-4e2d-a871"),
    "updated before created": created(created_at="2026-11-22T12:00:01Z", updated_at="2026-11-22T11:00:00.5+00:00"),
    "impossible time": created(created_at="2026-13-45T99:00:00Z"),
    "secret that was not sent": created(
        recording_config={"storage_config": {"secret": "hunter2-and-more", "type": "aws"}}
    ),
    "secret in a list": created(tokens={"access_key": ["abcdefgh1234", {"inner": "ijkl5678mnop"}]}),
    "canary": created(recording_config={"storage_config": {"password": "rtkcontract_canary_password_not_a_secret"}}),
    "stream key": created(
        recording_config={"live_streaming_config": {"rtmp_url": "rtmp://a.example.com/live2/abcd-1234-wxyz-5678"}}
    ),
    "user in a URL": created(url="https://bob:pa55word1@example.com/x?api_key=Zr8Qp2Lm4&size=3"),
    "wrong types": '{"success":true,"data":{"id":1,"created_at":null,"updated_at":[],"title":true}}',
    "numbers as written": '{"success":true,"data":{"n":6e1,"m":60.0,"big":123456789012345678901234567890}}',
    "edge error": '{"success":false,"errors":[{"code":10000,"message":"no login for 203.0.113.9"}],"messages":[]}',
    "duplicate members": '{"success":true,"data":{"id":"x","id":"7d1f5a90-3b6c-4e2d-a871-c09f4b5e2d13"}}',
    "page": "<html>Ray ID: 8e1f2a3b4c5d6e7f-AMS, your address 203.0.113.9</html>",
    "empty": "",
    "random word": created(upload="h4Fz9Qk2Lx7Wm3Rt8Yp5Vb1Nc6"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_redacting_twice_is_redacting_once(name: str) -> None:
    once = REDACTOR.response(answer(ANSWERS[name], ("location", f"{API}/accounts/{ACCOUNT}/x")), b"{}")

    assert once == REDACTOR.response(once, b"{}")


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("status", [200, 201, 400, 500])
def test_no_verdict_changes(name: str, status: int) -> None:
    """
    The checks say the same of an answer before and after, for good and bad answers.
    """
    response = answer(ANSWERS[name], status=status)
    redacted = REDACTOR.response(response, b"{}")

    assert _verdict(response) == _verdict(redacted)


def _verdict(response: Response) -> list[tuple[str, str, str]]:
    result = judging.judge(CONTRACT, OPERATION, case_of(), Answered(response=response, elapsed_s=None))
    return [(finding.check, finding.where, finding.severity) for finding in result.findings]


def test_no_verdict_changes_over_a_plan() -> None:
    cases = plans.make(CONTRACT, OPERATION, "smoke").cases
    respond = responder(CONTRACT)
    seen = 0
    for case in cases:
        request = request_of(OPERATION, case, target_at())
        response = respond(request)
        # A server that gives back everything it got, which is wrong in many ways.
        parrot = replace(response, content=b'{"success":true,"data":' + case.content + b"}", status=201)
        for each in (response, parrot):
            redacted = REDACTOR.response(each, REDACTOR.request(request).content)
            before = judging.judge(CONTRACT, OPERATION, case, Answered(response=each, elapsed_s=None))
            after = judging.judge(CONTRACT, OPERATION, case, Answered(response=redacted, elapsed_s=None))
            seen += 1

            assert [f.check for f in before.findings] == [f.check for f in after.findings], case.id

    assert 2 * len(cases) == seen
    assert len(cases) > 50


def test_an_id_stays_a_uuid_and_the_same_id_the_same_stand_in() -> None:
    data = json.loads(REDACTOR.response(answer(ANSWERS["two ids"])).content)["data"]

    assert UUID.fullmatch(data["id"])
    assert data["id"] == data["again"]
    assert data["id"] != data["organization_id"]
    assert APP not in data.values()


def test_times_keep_their_order_and_form() -> None:
    data = json.loads(REDACTOR.response(answer(ANSWERS["updated before created"])).content)["data"]

    assert data["created_at"] == "2000-01-01T00:00:01Z"
    assert data["updated_at"] == "2000-01-01T00:00:00.0+00:00"


def test_a_stored_credential_of_others_goes_and_ours_stays() -> None:
    redacted = REDACTOR.response(answer(ANSWERS["secret that was not sent"])).content
    canary = REDACTOR.response(answer(ANSWERS["canary"])).content

    assert b"hunter2" not in redacted
    assert b'"secret":"REDACTED"' in redacted
    assert b"rtkcontract_canary_password_not_a_secret" in canary


def test_what_was_sent_comes_back_untouched() -> None:
    """
    An echo has to be found equal on replay, even of a text that looks like an id or a time.
    """
    sent = json.dumps(
        {"title": "7d1f5a90-3b6c-4e2d-a871-c09f4b5e2d13 h4Fz9Qk2Lx7Wm3Rt8Yp5Vb1Nc6", "secret": "x"}
    ).encode()
    response = answer(created(**json.loads(sent)))
    data = json.loads(REDACTOR.response(response, sent).content)["data"]

    assert json.loads(sent).items() <= data.items()


def test_keys_in_addresses_go() -> None:
    text = (
        REDACTOR.response(answer(ANSWERS["stream key"])).content
        + REDACTOR.response(answer(ANSWERS["user in a URL"])).content
    ).decode()

    assert "rtmp://a.example.com/live2/STREAM_KEY" in text
    assert "https://REDACTED:REDACTED@example.com/x?api_key=REDACTED&size=3" in text


def test_each_write_only_member_of_the_schema_is_known() -> None:
    assert {"access_key", "secret", "password", "private_key"} <= write_only(CONTRACT)


def test_numbers_stay_as_written() -> None:
    assert (
        b'"n":6e1,"m":60.0,"big":123456789012345678901234567890'
        in REDACTOR.response(answer(ANSWERS["numbers as written"])).content
    )


def test_a_request_names_no_account() -> None:
    target = target_at("http://127.0.0.1:4321/client/v4")
    own = redactor_of(CONTRACT, target)
    stored = own.request(request_of(OPERATION, case_of(), target))

    assert request_of(OPERATION, case_of(), PLACEHOLDERS).url == stored.url
    assert ("authorization", "Bearer TOKEN") in stored.headers
    assert {"accept", "authorization", "content-type"} == {name for name, _ in stored.headers}


def test_the_key_depends_on_no_account() -> None:
    own = redactor_of(CONTRACT, target_at("http://127.0.0.1:4321/client/v4"))
    other = Redactor(CONTRACT)
    one = own.request(request_of(OPERATION, case_of(), target_at("http://127.0.0.1:4321/client/v4")))
    two = other.request(request_of(OPERATION, case_of(), PLACEHOLDERS))

    assert key_of(one) == key_of(two)


@pytest.mark.parametrize(
    "pair",
    [
        (b'{"a":true}', b'{"a":1}'),
        (b'{"a":false}', b'{"a":0}'),
        (b"[1]", b"[1.0]"),
        (b"[100]", b"[1e2]"),
        (b"[0.0]", b"[-0.0]"),
        (b"[1e400]", b"[2e400]"),
        (b'{"a":1,"a":2}', b'{"a":2}'),
        (b'["1"]', b"[1]"),
        (b'{"a":null}', b"{}"),
        (b"", b"{}"),
        (b"[NaN]", b"[null]"),
    ],
)
def test_different_requests_have_different_keys(pair: tuple[bytes, bytes]) -> None:
    one, two = (case_key("POST", API, (), content) for content in pair)

    assert one != two


@pytest.mark.parametrize(
    "pair", [(b'{"a":1,"b":"\\u00e9"}', '{ "b" : "é", "a":1}'.encode()), (b'{"a":[1.50]}', b'{"a": [1.50]}')]
)
def test_order_spacing_and_escapes_make_no_other_key(pair: tuple[bytes, bytes]) -> None:
    one, two = (case_key("POST", API, (), content) for content in pair)

    assert one == two


def test_headers_of_the_client_make_no_other_key_and_accept_does() -> None:
    base = case_key("POST", API, (("accept", "*/*"),), b"{}")

    assert base == case_key("POST", API, (("Accept", "*/*"), ("user-agent", "x"), ("host", "y")), b"{}")
    assert base != case_key("POST", API, (("accept", "application/json"),), b"{}")
    assert base != case_key("POST", API, (("accept", "*/*"), ("authorization", "")), b"{}")


@pytest.mark.parametrize("hiding", HIDINGS)
@pytest.mark.parametrize("name", [name for name, _ in SECRETS])
def test_the_gate_finds_a_hidden_secret_and_never_quotes_it(name: str, hiding: str) -> None:
    secret = dict(SECRETS)[name]
    hidden = HIDINGS[hiding](secret)
    found = scan(json.dumps({"note": hidden}).encode(), Gate(secrets=SECRETS))

    assert any(leak.kind.startswith(name) for leak in found), found
    assert not any(secret[:6].lower() in str(leak).lower() for leak in found)


@pytest.mark.parametrize(
    "text",
    [
        "Bearer abcdefghijklmnop1234",
        "Basic dXNlcjpwYXNzd29yZA==",
        "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIAIOSFODNN7EXAMPLE",
        "__cf_bm=abcdefgh.1234",
        "8e1f2a3b4c5d6e7f-AMS",
        "7d1f5a90-3b6c-4e2d-a871-c09f4b5e2d13",
        "7d1f5a903b6c4e2da871c09f4b5e2d13",
        "rtmp://a.example.com/live2/abcd-1234",
        "https://bob:secret9@example.com",
        "203.0.113.9",
        "h4Fz9Qk2Lx7Wm3Rt8Yp5Vb1Nc6",
        "ghp_abcdefghijkl1234",
    ],
)
def test_the_gate_knows_a_secret_that_no_one_named(text: str) -> None:
    gzipped = scan(gzip.compress(f"note {text} end".encode()), Gate())

    assert scan(f"note {text} end".encode(), Gate())
    assert gzipped


@pytest.mark.parametrize("text", list(ANSWERS.values()), ids=list(ANSWERS))
def test_a_redacted_answer_passes_the_gate(text: str) -> None:
    redacted = REDACTOR.response(answer(text), b"{}")

    assert scan(redacted.content, REDACTOR.gate) == []


def test_what_opens_up_without_end_is_refused() -> None:
    bomb = gzip.compress(b"0" * 3_000_000)

    assert [TOO_MUCH] == [leak.kind for leak in scan(bomb, Gate())]


@pytest.mark.parametrize("codings", ["gzip", "deflate", "br", "zstd", "br, zstd", "gzip, br, zstd, deflate"])
def test_a_compressed_answer_is_opened_first(codings: str) -> None:
    coded = answer(packed(created().encode(), codings), ("content-encoding", codings))
    opened = REDACTOR.response(coded)

    assert REDACTOR.response(answer(created())) == opened
    assert APP.encode() not in opened.content


@pytest.mark.parametrize("packer", ["gzip", "deflate", "br", "zstd", "br, zstd", "zstd, gzip, br"])
@pytest.mark.parametrize("name", [name for name, _ in SECRETS])
def test_the_gate_opens_each_coding(name: str, packer: str) -> None:
    """
    Packed bytes, as they come and as base64 in JSON; one flat file without a name to know it by.
    """
    coded = packed(f"note {dict(SECRETS)[name]} end".encode(), packer)
    found = scan(coded, Gate(secrets=SECRETS))
    inside = scan(json.dumps({"note": base64.b64encode(coded).decode()}).encode(), Gate(secrets=SECRETS))

    assert any(leak.kind.startswith(name) for leak in found), found
    assert any(leak.kind.startswith(name) for leak in inside), inside


def test_an_encoding_that_cannot_be_opened_is_refused() -> None:
    with pytest.raises(CannotTell, match="content-encoding"):
        REDACTOR.response(answer(b"\x9f\xf0\x9f\xff\x80", ("content-encoding", "dcb")))


@pytest.mark.parametrize("hiding", HIDINGS)
def test_a_text_shows_the_name_in_place_of_the_secret(hiding: str) -> None:
    for name, secret in SECRETS:
        hidden = HIDINGS[hiding](secret)
        shown = REDACTOR.text(f"failed: {hidden} in 3 s")

        assert hidden not in shown
        assert name in shown or "STREAM" in shown or "REDACTED" in shown
        assert shown == REDACTOR.text(shown)


def test_a_report_keeps_its_words() -> None:
    line = "create_meeting/recording_config.storage_config.secret/empty  FAIL  /data/secret: it came back; minimum 60"

    assert line == REDACTOR.text(line)


def test_logs_hold_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with logs.redacted_logs(REDACTOR.text), caplog.at_level(logging.DEBUG):
        logging.getLogger("httpx").info("POST %s", f"{API}/accounts/{ACCOUNT}")
        logging.getLogger("other").warning("sent %s", TOKEN)
        try:
            raise ValueError(f"no answer for {quote(TOKEN)}")
        except ValueError:
            logging.getLogger("other").exception("failed")

    assert ["sent TOKEN", "failed"] == [record.getMessage() for record in caplog.records]
    assert all(secret not in caplog.text for _, secret in SECRETS)
    assert "no answer for TOKEN" in caplog.text


def test_the_secrets_of_a_run_show_in_no_repr() -> None:
    shown = (
        repr(REDACTOR.gate)
        + repr(target_at())
        + repr(Request(method="POST", url="u", headers=(("a", TOKEN),), content=TOKEN.encode()))
    )

    assert all(secret not in shown for _, secret in (*SECRETS, *STORED))


@pytest.mark.parametrize(
    "secret", ["q7Xv2LpZ9rTk4BnM1sWd", "1111111111", "ababababababababab", "aaaaaaaaaaaaq7Xv2LpZ9rTk"]
)
def test_what_is_public_is_no_needle_and_all_else_is(secret: str) -> None:
    """
    Whatever the secret is made of, and however it stands in the public text.
    """
    public = f"one {secret} two {secret.encode().hex()}"
    alone, beside = needles((("TOKEN", secret),)), needles((("TOKEN", secret),), public)
    every = {piece for pieces in alone.pieces.values() for piece in pieces}
    known = (public.lower().encode(), re.sub(rb"[^a-z0-9]", b"", public.lower().encode()))

    assert every
    assert {piece for pieces in beside.pieces.values() for piece in pieces} == {
        piece for piece in every if not any(piece in text for text in known)
    }
    assert all(any(gram in piece for piece in every) for gram in alone.grams)
