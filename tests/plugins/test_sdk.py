"""
The vendor's own Python SDK, pointed at the emulator, creates meetings.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from rtkcontract.contract import load
from rtkcontract.emulator.answers import emulator
from rtkcontract.network.server import serve

cloudflare = pytest.importorskip("cloudflare", reason="the vendor's SDK is not installed: pip install cloudflare")

# Offline is the rule of a plain run; these tests need loopback, and nothing else.
pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

TOKEN = "canary-token-of-the-emulator-not-a-secret"
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
APP = "14a396e7-ca44-4937-bf1f-050a69118543"

BODIES: dict[str, dict[str, Any]] = {
    "empty": {},
    "flat": {"title": "Sprint review", "record_on_start": True, "session_keep_alive_time_in_secs": 600},
    "null title": {"title": None},
    "aws": {
        "recording_config": {
            "storage_config": {
                "type": "aws",
                "access_key": "canary-access-key",
                "secret": "canary-secret",
                "bucket": "recordings",
                "region": "us-east-1",
            }
        }
    },
    "sftp": {
        "recording_config": {
            "storage_config": {
                "type": "sftp",
                "auth_method": "KEY",
                "host": "sftp.example.com",
                "port": 22,
                "username": "recorder",
                "private_key": "canary-private-key",
            }
        }
    },
    "deep": {
        "ai_config": {
            "transcription": {"keywords": ["contract"], "language": "de"},
            "summarization": {"word_limit": 150, "text_format": "plain_text"},
        },
        "recording_config": {
            "max_seconds": 60,
            "realtimekit_bucket_config": {"enabled": True},
            "live_streaming_config": {"rtmp_url": "rtmp://a.rtmp.youtube.com/live2"},
            "audio_config": {"codec": "MP3"},
            "video_config": {"height": 1, "watermark": {"size": {"width": 1}, "url": "https://example.com"}},
        },
    },
}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    ids = (str(uuid.UUID(int=number, version=4)) for number in itertools.count(1))
    respond = emulator(
        load.load_contract(),
        token=TOKEN,
        account_id=ACCOUNT,
        app_id=APP,
        now=lambda: datetime.now(UTC),
        new_id=lambda: next(ids),
    )
    with serve(respond) as origin:
        yield f"{origin}/client/v4"


@pytest.mark.parametrize("strict", [False, True], ids=["loose", "strict"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_the_sdk_creates_a_meeting(base_url: str, body: dict[str, Any], strict: bool) -> None:
    """Each body is accepted, and the SDK's own model takes the answer, strictly too."""
    with cloudflare.Cloudflare(
        api_token=TOKEN, base_url=base_url, max_retries=0, _strict_response_validation=strict
    ) as client:
        answer = client.realtime_kit.meetings.create(account_id=ACCOUNT, app_id=APP, **body)

    assert answer.success is True
    assert uuid.UUID(answer.data.id)
    assert answer.data.created_at == answer.data.updated_at
    assert answer.data.status == "ACTIVE"
    assert body.get("title") == answer.data.title
    assert body.get("session_keep_alive_time_in_secs", 60) == answer.data.session_keep_alive_time_in_secs
    assert "canary" not in answer.to_json()


def test_the_sdk_reads_a_refusal(base_url: str) -> None:
    """59 seconds comes to the SDK's user as a bad request."""
    with (
        cloudflare.Cloudflare(api_token=TOKEN, base_url=base_url, max_retries=0) as client,
        pytest.raises(cloudflare.BadRequestError, match="minimum 60"),
    ):
        client.realtime_kit.meetings.create(account_id=ACCOUNT, app_id=APP, session_keep_alive_time_in_secs=59)


def test_the_sdk_reads_a_refused_token(base_url: str) -> None:
    """A token-shaped stranger comes to the SDK's user as an authentication error."""
    with (
        cloudflare.Cloudflare(api_token="u" * 40, base_url=base_url, max_retries=0) as client,
        pytest.raises(cloudflare.AuthenticationError, match="10000"),
    ):
        client.realtime_kit.meetings.create(account_id=ACCOUNT, app_id=APP)
