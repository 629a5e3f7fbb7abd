"""
Exchanges as other tools record them: a HAR entry, and one interaction of a cassette in every layout.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import zstandard

Json = Any
URL = "https://api.cloudflare.com/client/v4/accounts/0123456789abcdef0123456789abcdef/realtime/kit/an-app/meetings"
MOMENT = "2026-05-04T08:15:30.250Z"
CREATED = {
    "success": True,
    "data": {
        "id": "0b5f1c1e-8a44-4a6a-9a57-3d3a7a0b2f11",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "title": "Rehearsal",
    },
}
SENT = '{"title": "Rehearsal"}'
CAME = json.dumps(CREATED)
JSON_TYPE = {"name": "Content-Type", "value": "application/json"}


def entry() -> dict[str, Json]:
    return {
        "request": {
            "method": "POST",
            "url": URL,
            "headers": [JSON_TYPE],
            "bodySize": len(SENT),
            "postData": {"mimeType": "application/json", "text": SENT},
        },
        "response": {
            "status": 201,
            "headers": [JSON_TYPE],
            "bodySize": len(CAME),
            "content": {"size": len(CAME), "mimeType": "application/json", "text": CAME},
        },
    }


def har(change: Callable[[dict[str, Json], dict[str, Json]], object]) -> str:
    one = entry()
    change(one["request"], one["response"])
    return json.dumps({"log": {"version": "1.2", "entries": [one]}})


def interaction() -> dict[str, Json]:
    return {
        "request": {"method": "POST", "uri": URL, "body": SENT, "headers": {"Content-Type": ["application/json"]}},
        "response": {
            "status": {"code": 201, "message": "Created"},
            "headers": {"Content-Type": ["application/json"]},
            "body": {"string": CAME},
        },
    }


def vcrpy(change: Callable[[Json, Json], object] = lambda asked, got: None) -> dict[str, Json]:
    node = interaction()
    change(node["request"], node["response"])
    return {"version": 1, "interactions": [node]}


def in_base64(content: str) -> str:
    return base64.encodebytes(content.encode()).decode()


BYTES = "vcrpy, bytes"  # which JSON does not have
LAYOUTS: dict[str, Json] = {
    "vcrpy": vcrpy(),
    BYTES: vcrpy(lambda asked, got: (asked.update(body=SENT.encode()), got["body"].update(string=CAME.encode()))),
    "vcrpy with httpx before 8": vcrpy(
        lambda asked, got: (got.clear(), got.update(content=CAME, http_version="HTTP/1.1", status_code=201, headers={}))
    ),
    "vcrpy with aiohttp": vcrpy(lambda asked, got: got.update(url=URL)),
    "headers as texts": vcrpy(lambda asked, got: asked.update(headers={"content-type": "application/json"})),
    "headers as pairs": vcrpy(lambda asked, got: asked.update(headers=[["content-type", "application/json"]])),
    "headers as lines": vcrpy(lambda asked, got: asked.update(headers=["content-type: application/json"])),
    "betamax": {
        "recorded_with": "betamax/0.9.0",
        "http_interactions": [
            {
                "request": {**interaction()["request"], "body": {"encoding": "utf-8", "string": SENT}},
                "response": {
                    **interaction()["response"],
                    "body": {"encoding": "utf-8", "base64_string": in_base64(CAME)},
                },
            }
        ],
    },
    "Ruby's VCR": {
        "recorded_with": "VCR 6.2.0",
        "http_interactions": [
            {
                "request": {
                    **interaction()["request"],
                    "method": "post",
                    "body": {"encoding": "UTF-8", "string": SENT},
                },
                "response": {**interaction()["response"], "body": {"encoding": "ASCII-8BIT", "string": CAME}},
                "recorded_at": "Mon, 04 May 2026 08:15:30 GMT",
            }
        ],
    },
    "schemathesis": {
        "recorded_with": "Schemathesis 4",
        "http_interactions": [
            {
                "id": "a",
                "status": "SUCCESS",
                "request": {
                    **interaction()["request"],
                    "body": {"encoding": "utf-8", "base64_string": in_base64(SENT)},
                },
                "response": {
                    **interaction()["response"],
                    "status": {"code": "201", "message": "Created"},
                    "body": {"encoding": "utf-8", "base64_string": in_base64(CAME)},
                },
            }
        ],
    },
    "go-vcr": {
        "version": 2,
        "interactions": [
            {
                "id": 0,
                "request": {"method": "POST", "url": URL, "body": SENT, "form": {}, "headers": {}},
                "response": {"body": CAME, "headers": {}, "status": "201 Created", "code": 201, "duration": "1ms"},
            }
        ],
    },
}


NOT_KEPT: dict[str, Callable[[Json, Json], object]] = {
    "no body": lambda asked, got: (asked.pop("body"), got.pop("body")),
    "parsed": lambda asked, got: (asked.update(parsed_body={}), asked.pop("body"), got.pop("body")),
    "null": lambda asked, got: (asked.pop("body"), got.update(body=None)),
    "no string": lambda asked, got: (asked.pop("body"), got.update(body={})),
    "string of null": lambda asked, got: (asked.update(body={"string": None}), got["body"].update(string=None)),
    "filtered": lambda asked, got: (
        asked.update(body="", headers={"content-length": ["22"]}),
        got.update(body={"string": ""}, headers={"content-length": ["175"]}),
    ),
    "null against content-length": lambda asked, got: (
        asked.update(body=None, headers={"content-length": "22"}),
        got.update(truncated_from=175),
    ),
    "a list": lambda asked, got: (asked.update(body=["a"]), got.update(body=["a"])),
    "no base64": lambda asked, got: (
        asked.update(body={"base64_string": "%"}),
        got.update(body={"base64_string": "%"}),
    ),
}
"""Changes after which a cassette keeps neither body."""

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "gzip, br": lambda content: bytes(brotli.compress(gzip.compress(content))),
}
