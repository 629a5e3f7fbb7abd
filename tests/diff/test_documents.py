"""
Whole documents: operations are paired, what cannot be read is named, and what is beside requests and answers is told.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from random import Random

import pytest
from click.testing import CliRunner

from rtkcontract.cli.main import main
from rtkcontract.contract import revisions
from rtkcontract.diff.accepts import answer_refusals, request_refusals
from rtkcontract.diff.changes import exit_code
from rtkcontract.diff.documents import compare
from rtkcontract.errors import CannotTell
from rtkcontract.reports import contract_changes

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
OK = {"200": {"description": "ok"}}


def content(schema, kind="application/json"):
    return {"content": {kind: {"schema": schema}}}


def get(schema=None, **more):
    answer = {"200": {"description": "ok", **(content(schema) if schema is not None else {})}}
    return {"responses": answer, **more}


def post(schema, **more):
    return {"requestBody": content(schema), "responses": OK, **more}


def doc(paths, version="3.1.0", **more):
    return {"openapi": version, "info": {"title": "Shop", "version": "1"}, "paths": paths, **more}


def changes(old, new, **more):
    return compare(*(revisions.document(value, label=label, **more) for value, label in ((old, "old"), (new, "new"))))


def kinds(old, new):
    return [(change.kind, change.klass) for change in changes(old, new)]


# --- pairing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [{}, {"operationId": "one"}])
def test_an_operation_is_the_same_one_by_method_and_shape_of_path(ids):
    """Parameter names are not sent, and an operationId is not needed."""
    other = {"/other": {"get": get(TEXT)}}

    def old_and_new(name, schema):
        parameter = {"name": name, "in": "path", "required": True, "schema": TEXT}
        return doc({f"/items/{{{name}}}": {"get": get(schema, parameters=[parameter], **ids)}, **other})

    assert [] == kinds(old_and_new("id", TEXT), old_and_new("item_id", TEXT))
    assert [("type.changed", "breaking")] == kinds(old_and_new("id", TEXT), old_and_new("item_id", NUMBER))


def test_an_operation_that_moved_is_found_by_its_id():
    old = doc({"/a": {"get": get(operationId="x")}, "/b": {"get": get(operationId="y")}})
    new = doc({"/c": {"get": get(operationId="x")}, "/b": {"get": get(operationId="y")}})

    assert [("path.changed", "breaking")] == kinds(old, new)


def test_all_operations_removed_is_a_change():
    old = doc({"/a": {"get": get()}, "/b": {"get": get()}})

    assert [("op.removed", "breaking")] * 2 == kinds(old, doc({}))
    assert [("op.added", "compatible")] * 2 == kinds(doc({}), old)
    with pytest.raises(CannotTell, match="nothing to compare"):
        changes(doc({}), doc({}))


# --- what cannot be read -------------------------------------------------------------------------------------------

BROKEN = {
    "reference out": ({"$ref": "https://example.com/a.json"}, "leads out of the document"),
    "reference to nowhere": ({"$ref": "#/components/schemas/None"}, "leads nowhere"),
    "null": (None, "not null"),
    "type any": ({"type": "any"}, "schema/type"),
    "properties as list": ({"type": "object", "properties": []}, "schema/properties"),
    "allOf null": ({"allOf": None}, "schema/allOf"),
    "pattern": ({"type": "string", "pattern": "("}, "regex"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("side", ["OLD", "NEW"])
def test_an_operation_that_cannot_be_read_is_named_and_the_rest_is_compared(name, side):
    schema, reason = BROKEN[name]
    good = {"/a": {"post": post(TEXT)}, "/b": {"get": get(TEXT)}}
    bad = {"/a": {"post": post(schema)}, "/b": {"get": get(NUMBER)}}
    pair = (doc(bad), doc(good)) if side == "OLD" else (doc(good), doc(bad))
    found = changes(*pair)
    unread = [change for change in found if change.kind == "op.unread"]

    assert [("POST /a", "undecided")] == [(change.operation, change.klass) for change in unread]
    assert reason in unread[0].new
    assert "not compared" in contract_changes.text(found, "a", "b")
    assert ["type.changed"] == [change.kind for change in found if change.operation == "GET /b"]
    assert (1, 2) == (exit_code(found), exit_code(unread))


def test_where_nothing_could_be_compared_one_line_says_which_side():
    bad = doc({"/a": {"post": post({"type": "any"})}})

    with pytest.raises(CannotTell, match=r"NEW: .*#/paths/~1a/post/requestBody/content/application~1json/schema/type"):
        changes(doc({"/a": {"post": post(TEXT)}}), bad)


def test_extensions_and_nulls_are_no_operations_and_no_statuses():
    plain = doc({"/a": {"get": get(TEXT)}})
    odd = copy.deepcopy(plain)
    odd["tags"] = None
    odd["paths"]["x-note"] = "text"
    odd["paths"]["/a"]["get"]["responses"]["x-note"] = "text"

    assert [] == kinds(plain, odd) + kinds(odd, plain)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--operation", "getB"], "it has getA"),
        (["@2026-99-99"], "is no date"),
        (["deep.json"], "nested too deeply"),
    ],
)
def test_a_wrong_question_is_answered_in_one_line(words, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text(json.dumps(doc({"/a": {"get": get(operationId="getA")}})))
    (tmp_path / "deep.json").write_text("[" * 100_000)
    ran = CliRunner().invoke(
        main, ["diff", "a.json", "a.json", *words] if words[0][0] == "-" else ["diff", *words, "a.json"]
    )

    assert 2 == ran.exit_code
    assert reason in ran.output
    assert 1 == len(ran.output.strip().splitlines())


def nested(depth, schema):
    for _ in range(depth):
        schema = {"type": "object", "properties": {"x": schema}}
    return schema


def test_a_schema_nested_400_deep_is_compared_or_refused_by_name():
    found = changes(
        *(doc({"/a": {"post": post(nested(400, leaf))}, "/b": {"get": get(leaf)}}) for leaf in (TEXT, NUMBER))
    )

    assert {"GET /b", "POST /a"} == {change.operation for change in found}
    assert sys.getrecursionlimit() < 100_000


FULL = doc(
    {
        "/a/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": NUMBER}],
            "get": get({"$ref": "#/components/schemas/N"}, security=[{"o": ["r"]}]),
            "post": post({"allOf": [{"$ref": "#/components/schemas/N"}, {"enum": [{"a": 1}]}]}),
        }
    },
    servers=[{"url": "https://{r}.example", "variables": {"r": {"default": "a", "enum": ["a", "b"]}}}],
    webhooks={"w": {"post": post({"$ref": "#/components/schemas/N"})}},
    components={
        "securitySchemes": {
            "o": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "u", "scopes": {"r": ""}}}}
        },
        "schemas": {
            "N": {
                "type": "object",
                "required": ["a"],
                "properties": {
                    "a": {"type": "string", "pattern": "^a*$"},
                    "n": {"items": {"$ref": "#/components/schemas/N"}},
                },
            }
        },
    },
)
JUNK = (None, True, 0, -1, "", "a", [], {}, [None], {"$ref": "#/nowhere"}, {"type": "any"}, [{}], 10**40)


def holders(value):
    """
    Every object and list in a value.
    """
    if isinstance(value, dict | list):
        yield value
        for part in value.values() if isinstance(value, dict) else value:
            yield from holders(part)


@pytest.mark.parametrize("seed", range(60))
def test_a_document_with_a_fault_anywhere_is_compared_or_refused(seed):
    """No fault ends in anything but a report or one line."""
    random = Random(seed)
    broken = copy.deepcopy(FULL)
    holder = random.choice([one for one in holders(broken) if one])
    key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    holder[key] = random.choice(JUNK)
    for pair in ((FULL, broken), (broken, FULL)):
        try:
            found = changes(*pair)
            said = contract_changes.text(found, "a", "b") + contract_changes.as_json(found, "a", "b")
        except CannotTell as problem:
            said = str(problem)
            assert "\n" not in said

        assert said


# --- schemas that lead back to themselves ----------------------------------------------------------------------------


def tree(limit=10, edge=None, extra=None):
    node = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": limit},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}, **(edge or {})},
        },
    }
    holder = {"type": "object", "properties": {"root": {"$ref": "#/components/schemas/Node"}}}
    return {"components": {"schemas": {"Node": node, "Holder": holder, **(extra or {})}}}


@pytest.mark.parametrize("schema", ["Node", "Holder"])
def test_a_schema_that_leads_back_to_itself_is_compared(schema):
    paths = {"/a": {"post": post({"$ref": f"#/components/schemas/{schema}"})}}

    assert [] == kinds(doc(paths, **tree()), doc(paths, **tree()))
    assert [("maxLength.lowered", "breaking")] == kinds(doc(paths, **tree(10)), doc(paths, **tree(9)))
    assert [("maxLength.raised", "compatible")] == kinds(doc(paths, **tree(9)), doc(paths, **tree(10)))
    assert [("maxItems.set", "breaking")] == kinds(doc(paths, **tree()), doc(paths, **tree(edge={"maxItems": 3})))


def test_the_edge_of_a_circle_may_change_too():
    """Where it may be null, and where its items need a member, values are still found."""
    ref = {"$ref": "#/components/schemas/N"}

    def both(edge, method, **more):
        node = {"type": "object", "properties": {"id": TEXT, "next": edge}, **more}
        operation = get(ref) if method == "get" else post(ref)
        return doc({"/a": {method: operation}}, components={"schemas": {"N": node}})

    nullable = {"oneOf": [ref, {"type": "null"}]}
    listed = {"type": "array", "items": ref}

    assert ["breaking"] == [klass for _, klass in kinds(both(ref, "get"), both(nullable, "get"))]
    assert ["compatible"] == [klass for _, klass in kinds(both(ref, "post"), both(nullable, "post"))]
    assert [("maxItems.set", "breaking")] == kinds(
        both(listed, "post", required=["id"]), both({**listed, "maxItems": 2}, "post", required=["id"])
    )
    assert [("null.allowed", "breaking")] == kinds(both(ref, "get"), both(nullable, "get"))


def test_a_witness_in_a_tree_can_be_sent():
    paths = {"/a": {"post": post({"$ref": "#/components/schemas/Holder"})}}
    (change,) = changes(doc(paths, **tree(10)), doc(paths, **tree(9)))

    assert {"root": {"name": "a" * 10}} == change.witnesses[0].body


def test_a_schema_behind_another_circle_is_compared_by_itself():
    """A -> B -> A: where an operation reaches A alone, a change of B is still found, with the schema's name."""
    ref = "#/components/schemas/"

    def both(limit):
        one = {"type": "object", "properties": {"b": {"$ref": ref + "B"}}}
        two = {"type": "object", "properties": {"a": {"$ref": ref + "A"}, "n": {"type": "string", "maxLength": limit}}}
        return doc({"/a": {"get": get({"$ref": ref + "A"})}}, components={"schemas": {"A": one, "B": two}})

    found = changes(both(5), both(9))

    assert [(ref + "B", "maxLength.raised", "n", "breaking")] == [
        (change.operation, change.kind, change.where, change.klass) for change in found
    ]


# --- events, servers, credentials, parts -----------------------------------------------------------------------------


def hook(schema, place):
    item = {"post": {"requestBody": {"required": True, **content(schema)}, "responses": OK}}
    if place == "webhook":
        return doc({"/a": {"get": get()}}, webhooks={"made": item})
    return doc({"/a": {"post": post(TEXT, callbacks={"made": {"{$request.body#/url}": item}})}})


@pytest.mark.parametrize("place", ["webhook", "callback"])
def test_events_are_seen_by_those_who_receive_them(place):
    """What is sent to a receiver is an answer: more may break it, less may not."""
    old = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}}}
    new = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 9}}}

    assert [("maxLength.raised", "breaking")] == kinds(hook(old, place), hook(new, place))
    assert [("maxLength.lowered", "compatible")] == kinds(hook(new, place), hook(old, place))


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([{"url": "https://api.example.com"}], [("server.named", "compatible")]),
        ([{"url": "/"}], []),
        ([{"url": "https://api.example.com/v1"}], [("server.changed", "breaking")]),
    ],
)
def test_servers_named_for_the_first_time_move_nothing_unless_they_add_a_path(servers, expected):
    old, new = doc({"/a": {"get": get()}}), doc({"/a": {"get": get()}}, servers=servers)

    assert expected == kinds(old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([{"a": [], "b": []}], [{"a": []}], "compatible"),
        ([{"a": []}], [{"a": [], "b": []}], "breaking"),
        ([{"o": ["r", "w"]}], [{"o": ["r"]}], "compatible"),
        ([{"o": ["r"]}], [{"o": ["r", "w"]}], "breaking"),
        ([{"a": [], "b": []}, {"o": ["r"]}], [{"b": []}, {"o": ["r"]}], "compatible"),
        ([{"a": []}, {"b": []}], [{"a": []}], "breaking"),
        ([{"a": []}], [{}, {"a": []}], "strict"),
    ],
)
def test_whoever_has_more_than_is_asked_for_is_let_in(old, new, expected):
    schemes = {
        **{name: {"type": "apiKey", "in": "header", "name": f"X-{name}"} for name in "ab"},
        "o": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {"r": "", "w": ""}}},
        },
    }
    pair = [doc({"/a": {"get": get(security=each)}}, components={"securitySchemes": schemes}) for each in (old, new)]

    assert [expected] == [klass for _, klass in kinds(*pair)]


def test_methods_of_openapi_32_and_sequences_are_compared():
    def both(schema):
        lines = {"200": {"description": "", "content": {"application/jsonl": {"itemSchema": schema}}}}
        return doc(
            {
                "/a": {"query": post(schema), "additionalOperations": {"COPY": post(schema)}},
                "/b": {"get": {"responses": lines}},
            },
            version="3.2.0",
        )

    assert [("type.changed", "breaking")] * 3 == kinds(both(TEXT), both(NUMBER))


# --- statuses and media types ----------------------------------------------------------------------------------------


def statuses(**named):
    return doc(
        {
            "/a": {
                "get": {
                    "responses": {key.lstrip("_"): {"description": "", **content(one)} for key, one in named.items()}
                }
            }
        }
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (statuses(_2XX=TEXT), statuses(_200=TEXT), []),
        (statuses(_2XX=TEXT), statuses(_201=NUMBER), [("type.changed", "breaking")]),
        (statuses(_200=TEXT), statuses(_2XX=TEXT), [("status.success.added", "strict")]),
        (statuses(_200=TEXT, default=TEXT), statuses(_200=TEXT, _404=TEXT, default=TEXT), []),
        (
            statuses(_200=TEXT, default=TEXT),
            statuses(_200=TEXT, _404=NUMBER, default=TEXT),
            [("type.changed", "breaking")],
        ),
        (statuses(default=TEXT), statuses(_200=TEXT, default=TEXT), []),
        (
            statuses(_200=TEXT, default=NUMBER),
            statuses(_200=TEXT, _201=TEXT, default=NUMBER),
            [("status.success.added", "strict")],
        ),
        (statuses(_200=TEXT, _4XX=TEXT), statuses(_200=TEXT, _404=NUMBER), [("type.changed", "breaking")]),
    ],
)
def test_ranges_and_defaults_stand_for_their_statuses(old, new, expected):
    assert expected == kinds(old, new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("application/json", "Application/JSON; charset=utf-8", []),
        ("application/json", "application/*", []),
        ("application/json", "*/*", []),
        ("application/*", "application/json", []),
    ],
)
def test_media_types_are_names_without_case_and_ranges(old, new, expected):
    def body(kind):
        return doc({"/a": {"get": {"responses": {"200": {"description": "", **content(TEXT, kind)}}}}})

    assert expected == kinds(body(old), body(new))


def test_a_witness_of_one_of_two_media_types_is_a_body():
    """It is judged as it stands by both revisions."""

    def body(limit):
        made = {"application/json": {"schema": {"type": "string", "maxLength": limit}}, "text/plain": {"schema": TEXT}}
        return doc(
            {
                "/a": {
                    "post": {
                        "requestBody": {"content": made},
                        "responses": {"200": {"description": "", "content": made}},
                    }
                }
            }
        )

    pair = [revisions.document(body(limit)) for limit in (5, 4)]
    old, new = (next(iter(revision.operations.values())) for revision in pair)
    request = compare(*pair)[0].witnesses[0].request
    answer = compare(*reversed(pair))[0].witnesses[0].answer

    assert ("application/json", "aaaaa") == (request["media_type"], request["body"])
    assert () == request_refusals(old, request) != request_refusals(new, request)
    assert () == answer_refusals(old, answer) != answer_refusals(new, answer)


# --- parameters as they are sent -------------------------------------------------------------------------------------


def query(schema, where="query", name="q", **more):
    return doc({"/a": {"get": get(parameters=[{"name": name, "in": where, "schema": schema, **more}])}})


ARRAY = {"type": "array", "items": TEXT}
OBJECT = {"type": "object", "properties": {"a": TEXT}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (query(NUMBER), query(TEXT), "compatible"),
        (query({"type": "boolean"}), query(TEXT), "compatible"),
        (query({"type": "boolean"}), query({"enum": ["true", "false", "both"]}), "compatible"),
        (query(NUMBER), query({"type": "number"}), "compatible"),
        (query(TEXT), query(NUMBER), "breaking"),
        (query(NUMBER), query({"type": "string", "maxLength": 3}), "breaking"),
        (query({"type": "integer", "minimum": 0}), query({"type": "string", "pattern": "^[0-9]+$"}), "compatible"),
        (query(TEXT), query(ARRAY), "compatible"),
        (query(TEXT), query(ARRAY, explode=False), "compatible"),
        (query(ARRAY), query(TEXT), "breaking"),
        (query(ARRAY, explode=False), query(TEXT), "compatible"),
        (query(ARRAY), query(ARRAY, explode=False), "breaking"),
        (query(ARRAY, style="pipeDelimited"), query(ARRAY, style="spaceDelimited"), "breaking"),
        (query({"type": "array", "items": NUMBER}), query(ARRAY), "compatible"),
        (query(OBJECT, style="deepObject"), query(OBJECT), "breaking"),
        (
            query({"type": "object", "properties": {"a": NUMBER}}, style="deepObject"),
            query(OBJECT, style="deepObject"),
            "compatible",
        ),
        (query(NUMBER, allowEmptyValue=True), query(NUMBER), "breaking"),
        (query(NUMBER), query(NUMBER, allowEmptyValue=True), "compatible"),
        (query(NUMBER, "header", "X-N"), query(TEXT, "header", "x-n"), "compatible"),
    ],
)
def test_parameters_are_judged_as_the_texts_that_are_sent(old, new, expected):
    found = changes(old, new)

    assert [expected] == [change.klass for change in found]
    if expected == "breaking" and "read as one" not in found[0].witnesses[0].why:
        one, two = (next(iter(revisions.document(each).operations.values())) for each in (old, new))
        sent = found[0].witnesses[0].request
        assert () == request_refusals(one, sent) != request_refusals(two, sent)


def test_what_openapi_says_to_ignore_is_ignored_and_header_names_have_no_case():
    ignored = [
        {"name": name, "in": "header", "required": True, "schema": TEXT}
        for name in ("Accept", "content-type", "Authorization")
    ]

    assert [] == kinds(doc({"/a": {"get": get()}}), doc({"/a": {"get": get(parameters=ignored)}}))
    assert [] == kinds(query(TEXT, "header", "X-Hall"), query(TEXT, "header", "x-hall"))


# --- unions and lists ------------------------------------------------------------------------------------------------


def tagged(count, limit, keyword="oneOf"):
    base = {"type": "object", "properties": {"kind": TEXT, "id": TEXT}, "required": ["kind"]}
    own = [
        {"properties": {"kind": {"enum": [f"k{i}"]}, "text": {"type": "string", "maxLength": limit if i == 30 else 50}}}
        for i in range(count)
    ]
    return {keyword: [{"allOf": [base, {"required": ["text"], **part}]} for part in own]}


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_a_union_of_forty_tagged_branches_is_decided(keyword):
    old, new = (
        doc({"/a": {"post": post({"type": "object", "properties": {"u": tagged(40, limit, keyword)}})}})
        for limit in (9, 8)
    )
    found = changes(old, new)

    assert [("u", "breaking")] == [(change.where, change.klass) for change in found]
    assert {"u": {"kind": "k30", "text": "a" * 9}} == found[0].witnesses[0].body
    assert ["compatible"] == [change.klass for change in changes(new, old)]


def test_lists_are_compared_as_sets():
    values = [f"v{number}" for number in range(6000)]
    old, new = (doc({"/a": {"post": post({"enum": listed})}}) for listed in (values, list(reversed(values[:-1]))))

    assert [("enum.value.removed", "breaking")] == kinds(old, new)
    assert "v5999" == changes(old, new)[0].witnesses[0].body


# --- many operations -------------------------------------------------------------------------------------------------


def large(operations, limit):
    """Operations that share components three levels deep; one component differs."""
    schemas = {}
    for number in range(60):
        members = {f"m{index}": {"type": "string", "maxLength": 20 + index} for index in range(12)}
        if number >= 20:
            members["below"] = {"$ref": f"#/components/schemas/C{number - 20}"}
            members["list"] = {"type": "array", "items": {"$ref": f"#/components/schemas/C{(number * 7) % 20}"}}
        schemas[f"C{number}"] = {"type": "object", "properties": members, "required": ["m0"]}
    schemas["C3"]["properties"]["m1"]["maxLength"] = limit
    paths = {
        f"/things{number}": {"get": get({"$ref": f"#/components/schemas/C{number % 60}"})}
        for number in range(operations)
    }
    return doc(paths, components={"schemas": schemas})


def test_what_operations_share_is_compared_once():
    """Ten times the operations over the same components cost far less than ten times as much."""
    pairs = [[revisions.document(large(count, limit)) for limit in (20, 30)] for count in (60, 600)]
    times = []
    for pair in pairs:
        start = time.process_time()
        found = compare(*pair)
        times.append(time.process_time() - start)

    assert 10 * len(compare(*pairs[0])) == len(found)
    assert {"maxLength.raised"} == {change.kind for change in found}
    assert times[1] < 5 * times[0]
    assert contract_changes.text(found, "a", "b").splitlines()[1].startswith("in ")
