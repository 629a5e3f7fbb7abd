"""
The 62 operations as a table: name, method, path below the account, what it does to which collection, success status.
"""

# ruff: noqa: E501  # a row is a line
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

BASE = "/client/v4/accounts/{account_id}/realtime/kit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    `role` is list, create, read, replace, update or delete of the collection `kind`, or else the name of a handler.
    """

    name: str
    method: str
    path: str
    role: str
    kind: str
    status: int
    pattern: re.Pattern[str]
    ids: tuple[str, ...]

    @property
    def own_id(self) -> str:
        """
        The path parameter that names the object itself.
        """
        return self.ids[-1]


_ROWS = """
get_apps GET /apps list apps 200
create_app POST /apps create apps 200
get_app GET /apps/{app_id} read apps 200
get_all_meetings GET /{app_id}/meetings list meetings 200
create_meeting POST /{app_id}/meetings create meetings 201
get_meeting GET /{app_id}/meetings/{meeting_id} read meetings 200
replace_meeting PUT /{app_id}/meetings/{meeting_id} replace meetings 200
update_meeting PATCH /{app_id}/meetings/{meeting_id} update meetings 200
get_meeting_participants GET /{app_id}/meetings/{meeting_id}/participants list participants 200
add_participant POST /{app_id}/meetings/{meeting_id}/participants create participants 201
get_meeting_participant GET /{app_id}/meetings/{meeting_id}/participants/{participant_id} read participants 200
replace_participant PUT /{app_id}/meetings/{meeting_id}/participants/{participant_id} replace participants 200
edit_participant PATCH /{app_id}/meetings/{meeting_id}/participants/{participant_id} update participants 200
delete_meeting_participant DELETE /{app_id}/meetings/{meeting_id}/participants/{participant_id} delete participants 200
regenerate_token POST /{app_id}/meetings/{meeting_id}/participants/{participant_id}/token token participants 200
get-presets GET /{app_id}/presets list presets 200
post-presets POST /{app_id}/presets create presets 201
get-presets-preset_id GET /{app_id}/presets/{preset_id} read presets 200
put-presets-preset_id PUT /{app_id}/presets/{preset_id} replace presets 200
patch-presets-preset_id PATCH /{app_id}/presets/{preset_id} update presets 200
delete-presets-preset_id DELETE /{app_id}/presets/{preset_id} delete presets 200
GetSessions GET /{app_id}/sessions list sessions 200
GetSessionDetails GET /{app_id}/sessions/{session_id} read sessions 200
GetSessionChat GET /{app_id}/sessions/{session_id}/chat chat sessions 200
GetSessionParticipants GET /{app_id}/sessions/{session_id}/participants list peers 200
GetParticipantDetails GET /{app_id}/sessions/{session_id}/participants/{participant_id} read peers 200
GetSessionSummary GET /{app_id}/sessions/{session_id}/summary summary sessions 200
post-sessions-session_id-summary POST /{app_id}/sessions/{session_id}/summary summarise sessions 200
GetSessionTranscript GET /{app_id}/sessions/{session_id}/transcript transcript sessions 200
GetParticipantDataFromPeerId GET /{app_id}/sessions/peer-report/{peer_id} peer peers 200
GetActiveSession GET /{app_id}/meetings/{meeting_id}/active-session active_session meetings 200
KickPartcipants POST /{app_id}/meetings/{meeting_id}/active-session/kick people meetings 200
KickAllParticipants POST /{app_id}/meetings/{meeting_id}/active-session/kick-all everybody meetings 200
MuteParticipants POST /{app_id}/meetings/{meeting_id}/active-session/mute people meetings 200
MuteAllParticipants POST /{app_id}/meetings/{meeting_id}/active-session/mute-all everybody meetings 200
CreatePoll POST /{app_id}/meetings/{meeting_id}/active-session/poll poll meetings 201
get_all_recordings GET /{app_id}/recordings list recordings 200
start_recording POST /{app_id}/recordings record recordings 200
get_one_recording GET /{app_id}/recordings/{recording_id} read recordings 200
pause_resume_stop_recording PUT /{app_id}/recordings/{recording_id} act recordings 200
get_active_recording GET /{app_id}/recordings/active-recording/{meeting_id} active_recording meetings 200
startTrackRecordingForAMeeting POST /{app_id}/recordings/track record recordings 200
fetch_all_livestreams GET /{app_id}/livestreams list livestreams 200
create_livestream POST /{app_id}/livestreams create livestreams 201
get-v2-livestream-session-livestream-id GET /{app_id}/livestreams/{livestream_id} livestream livestreams 200
get-v2-active-livestream-session-details GET /{app_id}/livestreams/{livestream_id}/active-livestream-session active_stream_session livestreams 200
get-v2-livestreams-livestream-session-id GET /{app_id}/livestreams/sessions/{livestream-session-id} stream_session livestreams 200
get-v2-meetings-meetingId-active-livestream GET /{app_id}/meetings/{meeting_id}/active-livestream active_stream meetings 200
stop_livestreaming POST /{app_id}/meetings/{meeting_id}/active-livestream/stop stop_stream meetings 200
livestream-session-details GET /{app_id}/meetings/{meeting_id}/livestream meeting_streams meetings 200
start-livestreaming POST /{app_id}/meetings/{meeting_id}/livestreams start_stream livestreams 201
get-v2-livestreamsession-session-meetingId-active-livestream GET /{app_id}/sessions/{session_id}/livestream-sessions session_streams sessions 200
get-org-analytics GET /{app_id}/analytics/daywise analytics analytics 200
get-livestream-analytics-daywise GET /{app_id}/analytics/livestreams/daywise analytics analytics 200
get-livestream-analytics-complete GET /{app_id}/analytics/livestreams/overall analytics analytics 200
getAllWebhooks GET /{app_id}/webhooks list webhooks 200
addWebhook POST /{app_id}/webhooks create webhooks 201
getWebhook GET /{app_id}/webhooks/{webhook_id} read webhooks 200
replaceWebhook PUT /{app_id}/webhooks/{webhook_id} replace webhooks 200
editWebhook PATCH /{app_id}/webhooks/{webhook_id} update webhooks 200
deleteWebhook DELETE /{app_id}/webhooks/{webhook_id} delete webhooks 200
getAllWebhookEvents GET /{app_id}/webhooks/all events webhooks 200
"""


def _operation(row: str) -> Operation:
    name, method, path, role, kind, status = row.split()
    pieces = re.split(r"\{([^{}]*)\}", BASE + path)
    return Operation(
        name=name,
        method=method,
        path=path,
        role=role,
        kind=kind,
        status=int(status),
        pattern=re.compile("([^/]+)".join(map(re.escape, pieces[::2]))),
        ids=tuple(pieces[1::2]),
    )


OPERATIONS: Mapping[str, Operation] = {row.split()[0]: _operation(row) for row in _ROWS.strip().splitlines()}


def literal_first(operation: Operation) -> tuple[int, ...]:
    """
    A sort key: where one path has a literal and the other a parameter, the literal comes first.
    """
    return tuple(int(piece.startswith("{")) for piece in operation.path.split("/")[1:])


ROUTES = tuple(sorted(OPERATIONS.values(), key=literal_first))
"""In the order in which paths are tried."""


def with_role(role: str, *kinds: str) -> tuple[str, ...]:
    """
    The names of the operations that have this role for these collections, or for any.
    """
    return tuple(o.name for o in OPERATIONS.values() if o.role == role and (not kinds or o.kind in kinds))
