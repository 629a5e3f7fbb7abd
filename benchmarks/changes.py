"""
Verdicts on single changes of a schema, ours beside those of peers that install here.

1. The questions are the examples of `kinds.json` that sets of values decide, in both directions, and the rewritings
   that change nothing. What only a named rule can see (defaults, marks) is left out, and so is what depends on
   reading open objects as closed: no peer claims to do that.
2. A peer that answers yes or no is scored as it answers; one that fails or cannot say is "undecided".
3. Peers are installed into a temporary folder by pip and npm; one that does not install is named and left out.
4. With `--large N`, instead, two documents of N operations that share components are compared, and timed.

Run: python benchmarks/changes.py [--large 1500]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import jsonschema_rs

from rtkcontract.contract.revisions import document, from_reader
from rtkcontract.diff import kinds as kinds_table
from rtkcontract.diff.documents import compare
from rtkcontract.model import Json

RULED = (
    "default.",
    "text.",
    "deprecated",
    "discriminator",
    "readOnly",
    "writeOnly",
    "secret.",
    "prop.removed.optional",
    "prop.renamed",
)
OPEN = ("prop.added.optional",)
Question = tuple[str, str, dict, dict, bool]
"""(name, side, old, new, whether it breaks)"""

OPEN_READ = {("prop.removed.required", "request")}


def questions() -> list[Question]:
    """
    What every tool is asked.
    """
    found: list[Question] = []
    for example in kinds_table.examples():
        if (
            example.schemas is None
            or example.kind.startswith(RULED + OPEN)
            or (example.kind, example.side) in OPEN_READ
        ):
            continue
        breaks = example.klass in ("breaking", "strict")
        found.append((example.kind, example.side, *example.schemas, breaks))
    for row in kinds_table.rewritings():
        for old, new in ((row["old"], row["new"]), (row["new"], row["old"])):
            found.extend((f"same: {row['what']}", side, old, new, False) for side in ("request", "answer"))
    return found


def ours(asked: list[Question]) -> list[bool | None]:
    """
    The verdicts of this package; None is undecided.
    """

    def answer(question: Question) -> bool | None:
        _, side, old, new, _ = question
        pair = [document({"$schema": "2020-12", **schema}, sides=side) for schema in (old, new)]
        classes = {change.klass for change in compare(*pair)}
        return True if classes & {"breaking", "strict"} else None if "undecided" in classes else False

    return [answer(question) for question in asked]


def bare_algebra(asked: list[Question]) -> list[bool | None]:
    """
    Set inclusion by jsonschema-rs and nothing else.
    """

    def answer(question: Question) -> bool | None:
        _, side, old, new, _ = question
        narrow, wide = (old, new) if side == "request" else (new, old)
        said = jsonschema_rs.canonicalize(wide, validate_formats=True).covers(
            jsonschema_rs.canonicalize(narrow, validate_formats=True)
        )
        return {"yes": False, "no": True}.get(said.value)

    return [answer(question) for question in asked]


SUBSCHEMA = """
import json, sys, signal
from jsonsubschema import isSubschema
def late(*_): raise TimeoutError
signal.signal(signal.SIGALRM, late)
out = []
for _, side, old, new, _ in json.load(sys.stdin):
    narrow, wide = (old, new) if side == "request" else (new, old)
    signal.alarm(5)
    try: out.append(not isSubschema(narrow, wide))
    except BaseException: out.append(None)
    signal.alarm(0)
print("\\n" + json.dumps(out))
"""

NODE_SCHEMA = """
const {diffSchemas} = require('json-schema-diff');
(async () => {
  const out = [];
  for (const [, side, oldSchema, newSchema] of JSON.parse(require('fs').readFileSync(0))) {
    try {
      const found = await diffSchemas({sourceSchema: oldSchema, destinationSchema: newSchema});
      out.push(side === 'request' ? found.removalsFound : found.additionsFound);
    } catch (error) { out.push(null); }
  }
  console.log('\\n' + JSON.stringify(out));
})();
"""

NODE_OPENAPI = """
const {diffSpecs} = require('openapi-diff');
const spec = (schema, side) => {
  const content = {'application/json': {schema}};
  const post = {responses: {200: {description: 'ok', ...(side === 'answer' ? {content} : {})}}};
  if (side === 'request') post.requestBody = {content};
  return JSON.stringify({openapi: '3.0.0', info: {title: 't', version: '1'}, paths: {'/a': {post}}});
};
(async () => {
  const out = [];
  for (const [, side, oldSchema, newSchema] of JSON.parse(require('fs').readFileSync(0))) {
    try {
      const found = await diffSpecs({
        sourceSpec: {content: spec(oldSchema, side), location: 'old.json', format: 'openapi3'},
        destinationSpec: {content: spec(newSchema, side), location: 'new.json', format: 'openapi3'},
      });
      out.push(found.breakingDifferencesFound);
    } catch (error) { out.push(null); }
  }
  console.log('\\n' + JSON.stringify(out));
})();
"""


def _run(command: list[str], folder: Path, **more: object) -> str:
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False, **more)  # type: ignore[call-overload]
    if ran.returncode:
        raise OSError((ran.stderr or ran.stdout).strip().splitlines()[-1][:120])
    return str(ran.stdout)


def by_python(package: str, script: str) -> Callable[[list[Question]], list[bool | None]]:
    """
    A package from PyPI, asked through a script in an environment of its own.
    """

    def ask(asked: list[Question]) -> list[bool | None]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _run([sys.executable, "-m", "venv", "v"], folder)
            _run(["v/bin/python", "-m", "pip", "install", "--quiet", package], folder)
            return list(
                json.loads(_run(["v/bin/python", "-c", script], folder, input=json.dumps(asked)).splitlines()[-1])
            )

    return ask


def by_node(package: str, script: str) -> Callable[[list[Question]], list[bool | None]]:
    """
    A package from npm, asked through a script.
    """

    def ask(asked: list[Question]) -> list[bool | None]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _run(["npm", "install", "--silent", "--no-audit", "--no-fund", package], folder)
            return list(json.loads(_run(["node", "-e", script], folder, input=json.dumps(asked)).splitlines()[-1]))

    return ask


PEERS: dict[str, Callable[[list[Question]], list[bool | None]]] = {
    "rtkcontract": ours,
    "jsonschema-rs covers": bare_algebra,
    "jsonsubschema": by_python("jsonsubschema", SUBSCHEMA),
    "json-schema-diff (npm)": by_node("json-schema-diff", NODE_SCHEMA),
    "openapi-diff (npm)": by_node("openapi-diff", NODE_OPENAPI),
}


def scored(asked: list[Question], answers: list[bool | None]) -> Counter[str]:
    """
    How many verdicts were caught, missed, false, right and undecided.
    """
    names = {(True, True): "caught", (True, False): "missed", (False, True): "false", (False, False): "right"}
    return Counter(
        "undecided" if said is None else names[breaks, bool(said)]
        for (*_, breaks), said in zip(asked, answers, strict=True)
    )


def large(operations: int, *, changed: bool) -> Json:
    """
    A document whose operations share 400 components in four layers; some texts may be shorter where it is `changed`.
    """
    random = Random(0)  # the same document each time
    schemas: dict[str, Json] = {}
    for number in range(400):
        members: dict[str, Json] = {
            f"m{index}": random.choice(
                [
                    {"type": "string", "description": "What the member is about. " * 4, "maxLength": 20 + index},
                    {"type": "string", "enum": [f"v{value}" for value in range(3 + index)]},
                    {"type": "integer", "minimum": 0, "maximum": 10 * index + 9},
                    {"type": "boolean", "default": False},
                ]
            )
            for index in range(18)
        }
        if number >= 100:
            below = [f"#/components/schemas/C{number % 100 + 100 * (number // 100 - 1)}" for _ in range(2)]
            members |= {"one": {"$ref": below[0]}, "many": {"type": "array", "items": {"$ref": below[1]}}}
        if changed and number % 40 == 0:
            members["m0"] = {"type": "string", "maxLength": 5}
        schemas[f"C{number}"] = {"type": "object", "properties": members, "required": ["m0", "m1"]}
    envelope = {"type": "object", "properties": {"success": {"type": "boolean"}}, "required": ["success"]}
    paths: dict[str, Json] = {}
    for number in range(operations):
        result = {"type": "object", "properties": {"result": {"$ref": f"#/components/schemas/C{number % 400}"}}}
        content = {"application/json": {"schema": {"allOf": [envelope, result]}}}
        operation: Json = {
            "operationId": f"op{number}",
            "description": "What the operation does, at length. " * 40,
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "ok", "content": content}, "4XX": {"description": "no"}},
        }
        if number % 2:
            sent = {"schema": {"$ref": f"#/components/schemas/C{number * 7 % 400}"}}
            operation["requestBody"] = {"content": {"application/json": sent}}
        paths.setdefault(f"/things{number // 2}/{{id}}", {})["put" if number % 2 else "get"] = operation
    return {"openapi": "3.1.0", "info": {"title": "Things"}, "paths": paths, "components": {"schemas": schemas}}


def timed(operations: int) -> None:
    """
    Prints what comparing two large documents costs.
    """
    texts = [json.dumps(large(operations, changed=changed), indent=1) for changed in (False, True)]
    start = time.process_time()
    found = compare(*(from_reader(lambda _, text=text: text.encode(), label="large") for text in texts))  # type: ignore[misc]
    spent = time.process_time() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{operations} operations, {len(texts[0]) / 1e6:.1f} MB: {len(found)} changes, {spent:.1f} CPU s, {most} MiB")


def main() -> int:
    """
    Prints the table; 1 where our own verdicts miss something or give a false alarm.
    """
    if "--large" in sys.argv:
        timed(int(sys.argv[sys.argv.index("--large") + 1]))
        return 0
    asked = questions()
    breaks = sum(question[-1] for question in asked)
    print(f"{len(asked)} verdicts on single changes, {breaks} of them break; {len(asked) - breaks} do not")
    print(f"{'':<24}{'caught':>8}{'missed':>8}{'false':>8}{'undecided':>11}{'ms each':>9}")
    bad = 0
    for name, ask in PEERS.items():
        start = time.perf_counter()
        try:
            answers = ask(asked)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            print(f"{name:<24}not run: {str(error)[:90]}")
            continue
        each = (time.perf_counter() - start) * 1000 / len(asked)
        score = scored(asked, answers)
        print(
            f"{name:<24}{score['caught']:>8}{score['missed']:>8}{score['false']:>8}{score['undecided']:>11}{each:>9.1f}"
        )
        if name == "rtkcontract":
            bad = score["missed"] + score["false"]
            told = [question[0] for question, said in zip(asked, answers, strict=True) if said is None]
            note = f"rtkcontract undecided: {', '.join(told)}"
    print(note)
    print("ms each counts the installation of a peer, where it has one")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
