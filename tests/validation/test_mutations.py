"""
Recordings and payloads that were changed at random: each ends in verdicts or in one line, whatever was changed.

HYPOTHESIS_PROFILE=nightly tries 10,000 of each kind.
"""

from __future__ import annotations

import copy
import io
import json
import os
import time
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import exchanges
from rtkcontract.contract import load
from rtkcontract.errors import CannotTell
from rtkcontract.validation import rules
from rtkcontract.validation.verdict import Form, Listing, Tally, as_json, text

Json = Any
CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
SECONDS = 1.0
EXAMPLES = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 150
"""The examples of each kind."""

ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        201,
        2**70,
        1e300,
        "",
        "x",
        "\ud800",
        "\x1b[0m",
        "::error::x",
        [],
        {},
        [[]],
        {"": None},
        b"\xff",
    ]
)
ODD_NAMES = st.sampled_from(["", "\ud800", "a.b", "log", "request", "response", "body", "data", "$ref", "x" * 300])


def _places(value: Json, above: tuple[Json, ...] = ()) -> list[tuple[Json, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above] * bool(above) + [place for key, item in inner for place in _places(item, (*above, key))]


@st.composite
def changed(draw: st.DrawFn, value: Json) -> Json:
    """
    A copy of a value with one to three members removed, replaced, renamed, doubled or wrapped.
    """
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        if not (places := _places(value)):
            break
        *above, last = draw(st.sampled_from(places))
        node = value
        for key in above:
            node = node[key]
        how = draw(st.sampled_from(["remove", "replace", "rename", "double", "wrap", "cut"]))
        if how == "remove":
            del node[last]
        elif how == "replace":
            node[last] = copy.deepcopy(draw(ODD))
        elif how == "rename" and isinstance(node, dict):
            node[draw(ODD_NAMES)] = node.pop(last)
        elif how == "double" and isinstance(node, list):
            node.append(copy.deepcopy(node[last]))
        elif how == "wrap":
            node[last] = draw(st.sampled_from([[node[last]], {"a": node[last]}]))
        elif isinstance(node[last], str | bytes):
            node[last] = node[last][: draw(st.integers(0, len(node[last])))]
    return value


SIGNS = list(b"{}[]\",:\\/*#'-+.eE019nNtf \n\r\t\0\xff\xef&!%|>@`")


@st.composite
def bent(draw: st.DrawFn, content: bytes) -> bytes:
    """
    Bytes with one to four stretches removed, replaced, repeated or inserted.
    """
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 12)))
        signs = st.sampled_from([*b"{}[]\",:\\/*#'-+.eE019nNtf \n\r\t\0\xff\xef&!%|>@`"]).map(
            lambda sign: bytes([sign])
        )
        new = draw(st.one_of(st.just(b""), signs, st.binary(max_size=4), st.just(content[start:end] * 2)))
        content = content[:start] + new + content[end:]
    return content


def _ends(content: bytes, form: Form = "auto") -> None:
    """
    Whatever a file holds: each verdict can be shown in both forms, within a second, or one line says what is wrong.
    """
    began = time.process_time()
    tally, listing = Tally(), Listing(every=True)
    said = ""
    try:
        for one in rules.verdicts(CONTRACT, OPERATION, io.BytesIO(content), name="the file", form=form):
            tally.add(one)
            listing.shows(one)
            assert text(one)
            assert json.dumps(as_json(one))
            assert one.outcome != "rejected" or one.broken
    except CannotTell as error:
        said = str(error)
    assert 1 == len(f"{said} ".splitlines())
    assert tally.exit_code in (0, 1, 2)
    assert time.process_time() - began < SECONDS


def _json(value: Json) -> bytes:
    return json.dumps(value, default=lambda odd: odd.decode("latin-1")).encode()


def _yaml(value: Json) -> bytes:
    return yaml.safe_dump(value, allow_unicode=False).encode("utf-8", "replace")


HAR = json.loads(exchanges.har(lambda asked, got: None))
KINDS: dict[str, tuple[Json, Callable[[Json], bytes]]] = {
    "har": (HAR, _json),
    **{f"cassette, {name}": (value, _yaml) for name, value in exchanges.LAYOUTS.items()},
    "cassette in JSON": (exchanges.LAYOUTS["vcrpy"], _json),
    "payload, body": (json.loads(exchanges.SENT) | {"ai_config": {"transcription": {"keywords": ["a"]}}}, _json),
    "payload, response": (exchanges.CREATED, _json),
    "payload, bodies": ([{"title": "a"}, {"title": "b", "record_on_start": True}], _json),
}


def _of(name: str, data: st.DataObject) -> tuple[Json, Callable[[Json], bytes]]:
    return KINDS[data.draw(st.sampled_from([kind for kind in KINDS if kind.startswith(name)]))]


many = hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=list(hypothesis.HealthCheck))


@pytest.mark.parametrize("name", ["har", "cassette", "payload"])
@given(st.data())
@many
def test_a_changed_document_ends_in_a_verdict_or_one_line(name: str, data: st.DataObject) -> None:
    value, write = _of(name, data)
    _ends(write(data.draw(changed(value))), data.draw(st.sampled_from(["auto", "body", "answer"])))


@pytest.mark.parametrize("name", ["har", "cassette", "payload"])
@given(st.data())
@many
def test_bent_bytes_end_in_a_verdict_or_one_line(name: str, data: st.DataObject) -> None:
    value, write = _of(name, data)
    _ends(data.draw(bent(write(value))))
