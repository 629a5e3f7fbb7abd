"""
The data of all operations is whole: paths, parameters, bodies, answers, links, what is undone and what is not known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import made
from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle, source_ids
from rtkcontract.generation import plan as plans
from rtkcontract.generation.parameters import undecided
from rtkcontract.json_schema.json_text import at, loads
from rtkcontract.json_schema.structure import CONSTRAINTS
from rtkcontract.model import Operation
from rtkcontract.openapi.references import resolve

CONTRACT = load.load_contract()
DOCUMENT = CONTRACT.document
OPERATIONS = CONTRACT.operations
READ = load.folder_reader(load.data_folder("schemas"))
PROFILE = loads(READ("profile.json") or b"")
PARAMETERS = loads(READ("openapi.json") or b"")["components"]["parameters"]
KIT = "/accounts/{account_id}/realtime/kit"
VENDOR = """
create_meeting POST /{app_id}/meetings 201
get_all_meetings GET /{app_id}/meetings 200 end_time,page_no,per_page,search,start_time,status
get_meeting GET /{app_id}/meetings/{meeting_id} 200,500 name
replace_meeting PUT /{app_id}/meetings/{meeting_id} 200
update_meeting PATCH /{app_id}/meetings/{meeting_id} 200,500
get_meeting_participants GET /{app_id}/meetings/{meeting_id}/participants 200,500 page_no,per_page
add_participant POST /{app_id}/meetings/{meeting_id}/participants 201,500
get_meeting_participant GET /{app_id}/meetings/{meeting_id}/participants/{participant_id} 200,500
replace_participant PUT /{app_id}/meetings/{meeting_id}/participants/{participant_id} 200,500
edit_participant PATCH /{app_id}/meetings/{meeting_id}/participants/{participant_id} 200,500
delete_meeting_participant DELETE /{app_id}/meetings/{meeting_id}/participants/{participant_id} 200,500
regenerate_token POST /{app_id}/meetings/{meeting_id}/participants/{participant_id}/token 200,500
get-presets GET /{app_id}/presets 200 page_no,per_page,search
post-presets POST /{app_id}/presets 201
get-presets-preset_id GET /{app_id}/presets/{preset_id} 200
put-presets-preset_id PUT /{app_id}/presets/{preset_id} 200
patch-presets-preset_id PATCH /{app_id}/presets/{preset_id} 200
delete-presets-preset_id DELETE /{app_id}/presets/{preset_id} 200
getAllWebhooks GET /{app_id}/webhooks 200,401
addWebhook POST /{app_id}/webhooks 201,400,401
getWebhook GET /{app_id}/webhooks/{webhook_id} 200,400,401
replaceWebhook PUT /{app_id}/webhooks/{webhook_id} 200,400,401
editWebhook PATCH /{app_id}/webhooks/{webhook_id} 200,400,401
deleteWebhook DELETE /{app_id}/webhooks/{webhook_id} 200,400,401
getAllWebhookEvents GET /{app_id}/webhooks/all 200
GetActiveSession GET /{app_id}/meetings/{meeting_id}/active-session 200,404
KickPartcipants POST /{app_id}/meetings/{meeting_id}/active-session/kick 200,404
KickAllParticipants POST /{app_id}/meetings/{meeting_id}/active-session/kick-all 200
MuteParticipants POST /{app_id}/meetings/{meeting_id}/active-session/mute 200
MuteAllParticipants POST /{app_id}/meetings/{meeting_id}/active-session/mute-all 200
CreatePoll POST /{app_id}/meetings/{meeting_id}/active-session/poll 201,400
get-v2-meetings-meetingId-active-livestream GET /{app_id}/meetings/{meeting_id}/active-livestream 200
stop_livestreaming POST /{app_id}/meetings/{meeting_id}/active-livestream/stop 200
livestream-session-details GET /{app_id}/meetings/{meeting_id}/livestream 200 page_no,per_page
start-livestreaming POST /{app_id}/meetings/{meeting_id}/livestreams 201
get_all_recordings GET /{app_id}/recordings 200 end_time,expired,meeting_id,page_no,per_page,search,sort_by,sort_order,start_time,status
start_recording POST /{app_id}/recordings 200
get_one_recording GET /{app_id}/recordings/{recording_id} 200
pause_resume_stop_recording PUT /{app_id}/recordings/{recording_id} 200
get_active_recording GET /{app_id}/recordings/active-recording/{meeting_id} 200,404
startTrackRecordingForAMeeting POST /{app_id}/recordings/track 200
GetSessions GET /{app_id}/sessions 200 associated_id,end_time,page_no,participants,per_page,search,sort_by,sort_order,start_time,status
GetSessionDetails GET /{app_id}/sessions/{session_id} 200 include_breakout_rooms
GetSessionChat GET /{app_id}/sessions/{session_id}/chat 200
get-v2-livestreamsession-session-meetingId-active-livestream GET /{app_id}/sessions/{session_id}/livestream-sessions 200 page_no,per_page
GetSessionParticipants GET /{app_id}/sessions/{session_id}/participants 200 include_peer_events,page_no,per_page,search,sort_by,sort_order,view
GetParticipantDetails GET /{app_id}/sessions/{session_id}/participants/{participant_id} 200 include_peer_events
GetSessionSummary GET /{app_id}/sessions/{session_id}/summary 200
post-sessions-session_id-summary POST /{app_id}/sessions/{session_id}/summary 200
GetSessionTranscript GET /{app_id}/sessions/{session_id}/transcript 200 format
GetParticipantDataFromPeerId GET /{app_id}/sessions/peer-report/{peer_id} 200 filters,include_peer_events
fetch_all_livestreams GET /{app_id}/livestreams 200 end_time,exclude_meetings,page_no,per_page,sort_order,start_time,status
create_livestream POST /{app_id}/livestreams 201
get-v2-livestream-session-livestream-id GET /{app_id}/livestreams/{livestream_id} 200 page_no,per_page
get-v2-active-livestream-session-details GET /{app_id}/livestreams/{livestream_id}/active-livestream-session 200
get-v2-livestreams-livestream-session-id GET /{app_id}/livestreams/sessions/{livestream-session-id} 200
get-org-analytics GET /{app_id}/analytics/daywise 200 end_date,start_date
get-livestream-analytics-daywise GET /{app_id}/analytics/livestreams/daywise 200 end_time,filters,start_time
get-livestream-analytics-complete GET /{app_id}/analytics/livestreams/overall 200 end_time,filters,start_time
get_apps GET /apps 200 page_no,per_page,search,sort_order
create_app POST /apps 200
get_app GET /apps/{app_id} 200
"""  # noqa: E501
"""
What the vendor's document of 2026-08-14 declares, retyped: name, method, path, statuses, query parameters.
"""
RULES = CONSTRAINTS - {"$ref", "items", "properties", "allOf", "anyOf", "oneOf", "if", "then", "else", "not"}


def _spec(operation: Operation) -> Any:
    return DOCUMENT["paths"][operation.path][operation.method.lower()]


def _success(operation: Operation) -> Any:
    return next(response for status, response in _spec(operation)["responses"].items() if status.startswith("2"))


def _links() -> Iterator[tuple[Operation, str, Any]]:
    for operation in OPERATIONS.values():
        for name, link in _success(operation).get("links", {}).items():
            yield operation, name, link


each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))


def test_all_operations_are_there_and_creating_a_meeting_is_the_first() -> None:
    found = {}
    for operation in OPERATIONS.values():
        query = sorted(parameter.name for parameter in operation.parameters if parameter.where == "query")
        declared = sorted(set(_spec(operation)["responses"]) - {"4XX"})
        found[operation.name] = [operation.method, operation.path.removeprefix(KIT), ",".join(declared), *query]
    vendor = {
        name: [method, path, ",".join(sorted(codes.split(","))), *",".join(query).split(",")[: 99 if query else 0]]
        for name, method, path, codes, *query in map(str.split, VENDOR.strip().splitlines())
    }

    assert vendor == found
    assert "create_meeting" == next(iter(OPERATIONS))
    assert {"GET": 33, "POST": 17, "PUT": 5, "PATCH": 4, "DELETE": 3} == Counter(o.method for o in OPERATIONS.values())
    assert (42, 22) == (len(DOCUMENT["paths"]), sum(bool(o.request_schema) for o in OPERATIONS.values()))


@each_operation
def test_an_operation_says_all_that_other_tools_ask_for(operation: Operation) -> None:
    spec = _spec(operation)

    assert {"summary", "description", "tags", "security", "x-source"} <= set(spec)
    assert set(spec["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert operation.success_schemas
    assert operation.error_schema
    assert operation.rate_limits
    assert spec.get("x-role", operation.role) == operation.role


@each_operation
def test_parameters_of_the_path_are_declared_once(operation: Operation) -> None:
    names = [parameter.name for parameter in operation.parameters if parameter.where == "path"]

    assert re.findall(r"\{([^}]+)\}", operation.path) == names
    assert all(parameter.required for parameter in operation.parameters if parameter.where == "path")
    assert {"path", "query"} >= {parameter.where for parameter in operation.parameters}


def test_examples_and_defaults_of_parameters_fit() -> None:
    for name, parameter in PARAMETERS.items():
        examples = [example["value"] for example in parameter.get("examples", {}).values()]
        values = [*_of(parameter, "example"), *examples, *_of(parameter["schema"], "default")]
        assert all(Oracle(DOCUMENT, parameter["schema"]).valid(value) for value in values), name
        assert {"example", "examples"} & set(parameter) or parameter["in"] == "query"


def _of(node: Any, name: str) -> list[Any]:
    return [node[name]] if name in node else []


def _schemas() -> Iterator[tuple[str, Any]]:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if name.startswith("components."):
            yield name, schema
    for name, parameter in PARAMETERS.items():
        yield name, parameter["schema"]
    for operation in OPERATIONS.values():
        for parameter in operation.parameters:
            yield f"{operation.name} {parameter.name}", parameter.schema
        for status, schema in operation.success_schemas.items():
            yield f"{operation.name} {status}", schema


def test_every_rule_cites_a_source() -> None:
    """
    A rule without a source decides nothing.
    """
    bare = [
        f"{name}{place}"
        for name, schema in _schemas()
        for place, node in made.located(schema, "#")
        if set(node) & RULES and "x-source" not in node and not re.search(r"/(not|(anyOf|oneOf)/\d+)(/|$)", place)
    ]

    assert [] == bare


def test_examples_and_defaults_of_schemas_fit() -> None:
    counted = 0
    for name, schema in _schemas():
        for node in made.subschemas(schema):
            values = [*node.get("examples", ()), *([node["default"]] if "default" in node else ())]
            counted += len(values)
            assert all(Oracle(DOCUMENT, node).valid(value) for value in values), name

    assert counted > 40


@pytest.mark.parametrize("operation", [o for o in OPERATIONS.values() if o.request_schema], ids=lambda o: o.name)
def test_each_body_can_be_said_within_what_is_known(operation: Operation) -> None:
    """
    What is unspecified leaves room for bodies that are accepted, and every body has some that are refused; where the
    operation needs a state that no request makes, no acceptance is promised.
    """
    outcomes = {case.expect.outcome for case in plans.make(CONTRACT, operation, "smoke").cases}

    assert {"rejected", "accepted" if undecided(CONTRACT, operation) is None else "unspecified"} <= outcomes


# --- links, undoing, effects ----------------------------------------------------------------------------------------


def test_links_lead_to_operations_that_take_what_they_give() -> None:
    links = list(_links())

    assert len(links) > 70
    for source, name, link in links:
        target = OPERATIONS[link["operationId"]]
        taken = {parameter.name for parameter in target.parameters}
        assert name == target.name
        assert set(link["parameters"]) <= taken, (source.name, name)
        assert set(re.findall(r"\{([^}]+)\}", target.path)) <= set(link["parameters"]) or "requestBody" in link
        for member in link.get("requestBody", {}):
            assert _declares(target.request_schema, [member]), (source.name, name, member)


def test_what_a_link_takes_from_is_declared() -> None:
    """
    An id of the path of the request, or a member that the request or the answer declares.
    """
    for source, name, link in _links():
        for expression in _expressions([link["parameters"], link.get("requestBody", {})]):
            where, _, place = expression.partition("#" if "#" in expression else ".path.")
            if where == "$request":
                assert f"{{{place}}}" in source.path, (source.name, name)
            else:
                schema = {"$response.body": next(iter(source.success_schemas.values()))}.get(
                    where, source.request_schema
                )
                assert _declares(schema, place.strip("/").split("/")), (source.name, name, expression)


def _expressions(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _expressions(item)


def _declares(schema: Any, place: list[str]) -> bool:
    """
    Whether a schema, or a part of it, declares the member at a place.
    """
    schema = resolve(DOCUMENT, schema)
    if not place:
        return True
    inner = schema.get("items") if place[0] == "0" else schema.get("properties", {}).get(place[0])
    parts = [part for key in ("allOf", "anyOf") for part in schema.get(key, ())]
    return (inner is not None and _declares(inner, place[1:])) or any(_declares(part, place) for part in parts)


def test_every_id_in_a_path_can_be_had_from_a_link() -> None:
    given = {parameter for _, _, link in _links() for parameter in link["parameters"]}
    asked = {p.name for o in OPERATIONS.values() for p in o.parameters if p.where == "path"}

    assert asked <= given


def test_what_undoes_an_operation_is_linked_from_it() -> None:
    undone = {o.name: _spec(o)["x-undo"] for o in OPERATIONS.values() if "x-undo" in _spec(o)}

    assert {"create_meeting", "add_participant", "post-presets", "addWebhook", "start_recording"} <= set(undone)
    for name, undo in undone.items():
        target = OPERATIONS[undo["operationId"]]
        assert target.name in _success(OPERATIONS[name])["links"]
        assert "body" not in undo or Oracle(DOCUMENT, target.request_schema).valid(undo["body"])


def test_what_costs_or_touches_people_is_named() -> None:
    kinds = {o.name: _spec(o)["x-effects"]["kind"] for o in OPERATIONS.values() if "x-effects" in _spec(o)}

    assert {"apps", "recordings", "livestreams", "participants", "summaries"} == set(kinds.values())
    assert ("apps", "recordings") == (kinds["create_app"], kinds["start_recording"])
    assert {"KickPartcipants", "KickAllParticipants", "MuteParticipants", "MuteAllParticipants"} <= set(kinds)
    for operation in OPERATIONS.values():
        made_for_good = _spec(operation).get("x-role") == "create" or operation.method == "POST"
        if made_for_good and _spec(operation).get("x-role") != "action":
            assert {"x-undo", "x-effects"} & set(_spec(operation)), operation.name


# --- where the newer source holds -----------------------------------------------------------------------------------

AWS = {"type": "aws"}
VP9 = {"codec": "VP9"}


@pytest.mark.parametrize("name", ["create_meeting", "replace_meeting", "update_meeting", "start_recording"])
def test_the_storage_union_and_vp9_hold_wherever_a_recording_is_set_up(name: str) -> None:
    oracle = Oracle(DOCUMENT, OPERATIONS[name].request_schema)

    def outcome(config: Any) -> str:
        body = {"meeting_id": "550e8400-e29b-41d4-a716-446655440000", **config}
        return oracle.expectation(body if name == "start_recording" else {"recording_config": config}).outcome

    assert "accepted" == outcome({"video_config": VP9})
    assert "rejected" == outcome({"storage_config": AWS})


def test_a_title_may_be_null_unless_it_is_updated() -> None:
    outcomes = {
        name: Oracle(DOCUMENT, OPERATIONS[name].request_schema).expectation({"title": None}).outcome
        for name in ("create_meeting", "replace_meeting", "update_meeting")
    }

    assert {"create_meeting": "accepted", "replace_meeting": "accepted", "update_meeting": "rejected"} == outcomes


# --- the profile ----------------------------------------------------------------------------------------------------


def test_the_profile_agrees_with_the_document() -> None:
    assert PROFILE["base_url"] == DOCUMENT["servers"][0]["url"]
    assert set(PROFILE["variables"]) == {"base_url", "token", *PROFILE["account_parameters"]}
    for name, given in PROFILE["account_parameters"].items():
        assert re.fullmatch(given["pattern"], given["emulator"])
        assert re.fullmatch(given["pattern"], PARAMETERS[name]["example"])
    assert re.fullmatch(PROFILE["token"]["pattern"], PROFILE["token"]["emulator"])


def test_each_refusal_of_the_profile_has_its_envelope() -> None:
    for name, refusal in PROFILE["refusals"].items():
        file, _, place = PROFILE["envelopes"][refusal["envelope"]]["schema"].partition("#")
        schema = at(loads(READ(file) or b""), place)
        assert Oracle({}, schema).valid(refusal["body"]), name


def test_what_the_profile_cites_exists() -> None:
    cited = set(_sources(PROFILE))

    assert len(cited) > 5
    assert cited <= set(CONTRACT.sources)


def _sources(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from source_ids(node.get("source"))
        yield from (source for cited in node.get("check_sources", {}).values() for source in cited)
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _sources(item)
