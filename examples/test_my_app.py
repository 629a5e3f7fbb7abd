"""
A test of an app of your own: each call is checked before it leaves, each answer when it comes.
"""

import os

import cloudflare


def test_the_app_plans_a_meeting(rtkcontract_transport):
    http_client = cloudflare.DefaultHttpxClient(transport=rtkcontract_transport)
    client = cloudflare.Cloudflare(http_client=http_client)
    ids = {"account_id": os.environ["CLOUDFLARE_ACCOUNT_ID"], "app_id": os.environ["REALTIMEKIT_APP_ID"]}

    answer = client.realtime_kit.meetings.create(**ids, title="Stand-up", session_keep_alive_time_in_secs=600)

    assert answer.data.title == "Stand-up"
