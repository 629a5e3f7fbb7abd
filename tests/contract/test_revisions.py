"""
A revision is read from a path, a git revision or a day, and broken input is told in one line.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

import made
from rtkcontract.contract import load, revisions
from rtkcontract.diff.documents import compare
from rtkcontract.errors import CannotTell
from rtkcontract.openapi.large_document import Slices

SCHEMAS = load.data_folder("schemas")


def git(folder, *words):
    names = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ]
    subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)


def edit(folder, change):
    file = folder / "schemas" / "create_meeting" / "request.json"
    data = json.loads(file.read_bytes())
    change(data["properties"])
    file.write_text(json.dumps(data))


@pytest.fixture
def checkout(tmp_path):
    """
    A repository whose main holds our schemas, with a branch on which the upper limit is lower.
    """
    made.only(Path(shutil.copytree(SCHEMAS, tmp_path / "schemas")))
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    git(tmp_path, "checkout", "-b", "work")
    edit(tmp_path, lambda properties: properties["session_keep_alive_time_in_secs"].update(maximum=300))
    git(tmp_path, "commit", "-am", "two")
    return tmp_path


def kinds(pair):
    return [(change.kind, change.side, change.klass) for change in compare(*pair)]


LOWERED = [("max.lowered", "request", "breaking"), ("max.lowered", "answer", "compatible")]


@pytest.mark.parametrize(
    "names", [("main..HEAD",), ("main...HEAD",), ("main", "HEAD"), ("main:schemas", "schemas"), ("main",), ()]
)
def test_revisions_are_named_as_in_git(checkout, names):
    assert LOWERED == kinds(revisions.pair(*names, folder=checkout))


def test_the_working_tree_counts_without_a_commit(checkout):
    """What is not committed yet is part of NEW when nothing is named."""
    edit(checkout, lambda properties: properties.pop("transcribe_on_end"))

    assert ("prop.removed.optional", "request", "breaking") in kinds(revisions.pair(folder=checkout))


def test_one_file_at_a_revision_is_a_schema(checkout):
    pair = revisions.pair(
        "main:schemas/create_meeting/request.json",
        "HEAD:schemas/create_meeting/request.json",
        folder=checkout,
        sides="request",
    )

    assert LOWERED[:1] == kinds(pair)


def test_a_schema_file_may_refer_to_the_file_beside_it():
    found = revisions.read(str(SCHEMAS / "create_meeting" / "response.json"), sides="answer")

    assert (
        600
        == next(iter(found.operations.values()))
        .responses[""]
        .media["application/json"]["properties"]["session_keep_alive_time_in_secs"]["maximum"]
    )


def test_a_day_names_the_contract_as_it_was_known():
    old = revisions.read("@2026-08-14")
    storage = old.operations["create_meeting"].body["application/json"]["properties"]["recording_config"]["properties"][
        "storage_config"
    ]

    assert ["type"] == storage["required"]
    assert "anyOf" not in storage


def document(**operation):
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/things": {"post": {"operationId": "make", "responses": {"200": {"description": ""}}, **operation}}},
    }


def body(schema, **more):
    return document(requestBody={"content": {"application/json": {"schema": schema}}}, **more)


BROKEN = {
    "neither": ({"a": 1}, "neither an OpenAPI 3 document"),
    "paths only": ({"paths": {}}, "neither an OpenAPI 3 document"),
    "a list": ([], "neither an OpenAPI 3 document"),
    "swagger": ({"swagger": "2.0", "paths": {}}, "convert it to OpenAPI 3"),
    "openapi 4": ({"openapi": "4.0.0", "paths": {}}, "versions 3.0 to 3.2"),
    "no paths": ({"openapi": "3.1.0"}, "no operation"),
    "paths is a list": ({"openapi": "3.1.0", "paths": []}, "no operation"),
    "unresolvable": (body({"$ref": "#/components/schemas/gone"}), "leads nowhere"),
    "unresolvable file": (body({"$ref": "gone.json"}), "leads nowhere"),
    "elsewhere": (body({"$ref": "https://example.com/a.json"}), "leads out of the document"),
    "anchor": (body({"$ref": "#name"}), "leads nowhere"),
    "short cycle": (
        {
            **body({"$ref": "#/components/schemas/a"}),
            "components": {"schemas": {"a": {"$ref": "#/components/schemas/a"}}},
        },
        "leads back to itself",
    ),
    "dynamic": (body({"$dynamicRef": "#a"}), "leads nowhere"),
    "schema is text": (body("string"), "a schema is an object"),
    "parameters are text": (
        document(parameters=["a"]),
        "#/paths/~1things/post/parameters/0: an object is expected, not a text",
    ),
    "no scheme": (document(security=[{"key": []}]), "leads nowhere"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump], ids=["json", "yaml"])
def test_a_broken_document_is_told_in_one_line(tmp_path, name, write):
    value, words = BROKEN[name]
    (tmp_path / "new.txt").write_text(write(value))
    with pytest.raises(CannotTell) as caught:
        compare(*revisions.pair("new.txt", "new.txt", folder=tmp_path))

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "new.txt" in str(caught.value) or "reference" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"openapi": "3.1', "not JSON"),
        (b"a: [1\nb", "neither JSON nor YAML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"", "neither an OpenAPI"),
        (b'{"a":1,"a":2}', "twice"),
    ],
)
def test_what_is_no_document_is_told_in_one_line(tmp_path, content, words):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(CannotTell, match=words) as caught:
        revisions.read("x.json", folder=tmp_path)

    assert "\n" not in str(caught.value)


def test_a_name_that_is_nothing_is_told(tmp_path):
    with pytest.raises(CannotTell, match="neither a file or folder nor a git revision"):
        revisions.read("nothing", folder=tmp_path)
    with pytest.raises(CannotTell, match="no branch main"):
        revisions.pair(folder=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CannotTell, match=r"no openapi\.json"):
        revisions.read("empty", folder=tmp_path)


def test_a_path_that_a_revision_lacks_is_told(checkout):
    with pytest.raises(CannotTell, match="git has no gone at main"):
        revisions.read("main:gone", folder=checkout)


def test_an_operation_that_is_missing_is_told_with_those_there_are(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(document()))
    with pytest.raises(CannotTell, match="no operation create_meeting; it has make"):
        revisions.read("a.json", operation="create_meeting", folder=tmp_path)


@pytest.mark.parametrize("operation", ["make", "POST /things"])
def test_an_operation_is_named_by_id_or_by_call(operation):
    assert [operation] == list(revisions.document(document(), operation=operation).operations)


def test_openapi_30_is_put_into_the_words_of_31():
    """`nullable` and boolean exclusive bounds compare equal to their spelling in 3.1."""
    old = {
        **body(
            {
                "type": "object",
                "properties": {"a": {"type": "number", "minimum": 1, "exclusiveMinimum": True, "nullable": True}},
            }
        ),
        "openapi": "3.0.3",
    }
    new = body({"type": "object", "properties": {"a": {"type": ["number", "null"], "exclusiveMinimum": 1}}})

    assert () == compare(revisions.document(old), revisions.document(new))


def large(count):
    """
    A document of more than a mebibyte with the operation in the middle.
    """
    thing = {
        "type": "object",
        "description": "a: b\n\n  # c\n- d\n",
        "properties": {f"p{i}": {"type": "string", "enum": ["on", "no", "x"]} for i in range(30)},
    }
    made = body({"$ref": "#/components/schemas/Mine"}, security=[{"key": []}])
    paths = {
        f"/a{index}": {
            "get": {"operationId": f"get_{index}", "responses": {200: {"$ref": "#/components/responses/ok"}}}
        }
        for index in range(count)
    }
    items = [*paths.items()]
    made["paths"] = dict([*items[: count // 2], *made["paths"].items(), *items[count // 2 :]])
    schemas = {f"Thing{index}": thing for index in range(count)}
    schemas["Mine"] = {
        "type": "object",
        "properties": {
            "when": {"type": "string", "enum": ["2026-01-01", "no"]},
            "thing": {"$ref": "#/components/schemas/Thing7"},
        },
    }
    made["components"] = {
        "schemas": schemas,
        "responses": {"ok": {"description": "ok"}},
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    }
    return made


@pytest.mark.parametrize(
    "write",
    [
        lambda value: json.dumps(value, indent=1),
        lambda value: yaml.dump(json.loads(json.dumps(value)), Dumper=yaml.CSafeDumper, sort_keys=False),
    ],
    ids=["json", "yaml"],
)
def test_of_a_large_document_only_the_operation_is_read(tmp_path, write):
    text = write(large(700))
    (tmp_path / "large").write_text(text)
    found = revisions.read("large", operation="make", folder=tmp_path).operations["make"]
    slices = Slices(text, "large")
    slices.find("/components/schemas/Mine")

    assert len(text) > 1 << 20
    assert ["2026-01-01", "no"] == found.body["application/json"]["properties"]["when"]["enum"]
    assert "object" == found.body["application/json"]["properties"]["thing"]["type"]
    assert ["/components/schemas/Mine"] == list(slices._kept)
    assert 701 == len(slices.names("/paths"))
    with pytest.raises(CannotTell, match="no operation create_meeting; it has get_0, "):
        revisions.read("large", operation="create_meeting", folder=tmp_path)


def test_a_piece_with_an_alias_from_elsewhere_is_read_with_the_whole():
    text = (
        "x: &shared {type: string}\nopenapi: 3.1.0\npaths: {}\ncomponents:\n  schemas:\n    a: *shared\n"
        + "# filler\n" * 130_000
    )
    slices = Slices(text, "large")

    assert {"type": "string"} == slices.find("/components/schemas/a")


def test_a_step_that_does_not_fit_the_contract_is_told():
    with pytest.raises(CannotTell, match="does not fit the contract: remove /a/b"):
        revisions.patched({"a": {}}, [{"op": "remove", "path": "/a/b"}])


def test_the_files_of_the_history_say_where_they_come_from():
    steps = revisions.history()

    assert len(steps) >= 16
    assert all(step.what and step.source and step.undo and step.expect for step in steps)
    assert sorted((step.date for step in steps), reverse=True) == [step.date for step in steps]
    assert Path(SCHEMAS / "create_meeting" / "history").is_dir()
