"""
The pages and the README say what is so: commands run or exist, tables and samples are those of today, links lead
somewhere. What `console` and `sh` blocks are, and how to write the pages anew, stands in `documented.py`.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import documented
from cli.test_main import parse
from documented import GENERATED, LIES, PAGES, ROOT, Block
from rtkcontract.checks import across
from rtkcontract.checks import judge as judging
from rtkcontract.contract import load
from rtkcontract.engine.targets import VARIABLES
from rtkcontract.network.server import serve
from rtkcontract.plugins import pytest_plugin
from rtkcontract.recordings import replay as replaying
from wrong_servers import emulated as faults

DOCS = tuple(page for page in PAGES if page.parent.name == "docs")
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
REPLAYED = [page for page in PAGES if any(block.info == "console" for block in documented.blocks(page))]
EXAMPLES = (ROOT / "examples" / "github-actions.yml", ROOT / "examples" / "gitlab-ci.yml")
TOPICS = (
    "first-check",
    "release",
    "ci",
    "recording",
    "own-tests",
    "report",
    "exit-codes",
    "changes",
    "adding",
    "checks",
    "sources",
    "architecture",
)
PYTESTS_OWN = {"-q", "-k", "-n", "-x", "-v", "--record-mode", "--block-network"}


def _name(page: Path) -> str:
    return page.stem


def test_each_topic_has_a_page() -> None:
    """A page a topic, and an index that leads to each of them."""
    index = (ROOT / "docs" / "index.md").read_text()

    assert set(TOPICS) <= {page.stem for page in DOCS}
    assert [] == [page.stem for page in DOCS if page.stem != "index" and f"\n{page.stem}\n" not in index]
    assert [] == [page.stem for page in DOCS if page.stem != "index" and f"({page.name})" not in index]


# --- commands -------------------------------------------------------------------------------------------------------


def test_there_are_commands_to_check() -> None:
    """The pages hold commands of both kinds, and no command in a block that nobody looks at."""
    found = [block for page in PAGES for block in documented.blocks(page)]
    told = {info: sum(len(documented.commands(b)) for b in found if b.info == info) for info in ("console", "sh")}

    assert told["console"] >= 10
    assert told["sh"] >= 15
    assert [] == [block.where for block in found if block.info in ("bash", "shell", "shell-session", "zsh")]
    assert [] == [b.where for b in found if b.info not in ("sh", "console") and b.text.startswith("rtkcontract")]
    assert [] == [b.where for b in found if b.info in ("sh", "console") and not documented.commands(b)]


@pytest.mark.parametrize("page", REPLAYED, ids=_name)
def test_commands_print_what_the_page_says(page: Path) -> None:
    """Each command of a `console` block prints what stands below it, but for times, ports and ids."""
    stale = [
        block for block, now in documented.replayed(page) if documented.steady(now) != documented.steady(block.text)
    ]

    assert [] == [f"{block.where}: run `python tests/documented.py` and look at the difference" for block in stale]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_exist(page: Path) -> None:
    """Each verb, option, choice, session and tag that a page names is there."""
    for block in documented.blocks(page):
        if block.info in ("sh", "console"):
            for command in documented.commands(block):
                _check(command, block.where)


def _check(command: str, where: str) -> None:
    for words in _simple(command):
        program, rest = Path(words[0]).name, words[1:]
        try:
            if program == "rtkcontract":
                _check_ours(rest)
            elif program == "nox":
                _check_nox(rest)
            elif program == "pytest":
                _check_options(rest)
        except Exception as error:  # whatever is wrong, the place is what helps
            pytest.fail(f"{where}: {command}: {error}")


def _simple(command: str) -> Iterator[list[str]]:
    """
    The simple commands of a line, without variables in front of them and without redirections.
    """
    lexed = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexed.whitespace_split = True
    words: list[str] = []
    for word in [*lexed, ";"]:
        if word in ("|", "||", "&&", ";"):
            while words and (re.match(r"[A-Z_]+=", words[0]) or words[0] in ("uvx", "pipx", "run", "exec")):
                words.pop(0)
            redirected = [place for place, word in enumerate(words) if word in (">", ">>")]
            words = words[: redirected[0]] if redirected else words
            if words:
                yield words
            words = []
        else:
            words.append(word)


def _check_ours(words: list[str]) -> None:
    parse(["1" if re.fullmatch(r"\$[A-Z_]+", word) else word for word in words])
    if words and words[0] == "check":
        _check_options(words[1:])


def _check_options(words: list[str]) -> None:
    """
    Raises where an option is none of ours and none of those of pytest that the pages use.
    """
    unknown = {word.partition("=")[0] for word in words if word.startswith("-") and word != "--"} - _options()
    if unknown:
        raise ValueError(f"no such option: {', '.join(sorted(unknown))}")


def _options() -> set[str]:
    parser = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser, pytest.PytestPluginManager())
    return PYTESTS_OWN | {name for option in parser.getgroup("rtkcontract").options for name in option.names()}


def _sessions() -> dict[str, set[str]]:
    """
    The sessions of the noxfile with their tags.
    """
    found = {}
    for node in ast.parse((ROOT / "noxfile.py").read_text()).body:
        for made in getattr(node, "decorator_list", ()):
            if ast.unparse(made).startswith("nox.session"):
                found[node.name] = set(re.findall(r"'(\w+)'", ast.unparse(made).partition("tags=")[2]))  # type: ignore[attr-defined]
    return found


def _check_nox(words: list[str]) -> None:
    given = words[words.index("--") + 1 :] if "--" in words else []
    words = words[: words.index("--")] if "--" in words else words
    sessions = _sessions()
    if "-s" in words:
        unknown = [word for word in words[words.index("-s") + 1 :] if word not in sessions]
    elif "-t" in words:
        unknown = [word for word in words[words.index("-t") + 1 :] if word not in set().union(*sessions.values())]
    else:
        unknown = [word for word in words if word != "-l"]
    if unknown:
        raise ValueError(f"nox has no {', '.join(unknown)}")
    if words[-1:] == ["record"]:
        parse(["record", *given])
    elif {"live", "contract", "replay"} & set(words):
        _check_options(given)


# --- what is generated ----------------------------------------------------------------------------------------------


def test_each_generated_part_has_its_place() -> None:
    """Each part that can be generated stands on exactly one page."""
    names = [name for page in PAGES for name, _ in documented.parts(page)]

    assert sorted(GENERATED) == sorted(names)


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_generated_parts_are_those_of_today(name: str) -> None:
    """A part says what the code and the data say now; `python tests/documented.py` writes it anew."""
    (text,) = [text for page in PAGES for part, text in documented.parts(page) if part == name]

    assert documented.steady(GENERATED[name]()) == documented.steady(text)


def test_each_check_has_a_sample() -> None:
    """Every check, whether it looks at one answer or at all, stands on the page with a finding of its own."""
    names = {check.__name__ for check in (*judging.CHECKS, *across.RUN_CHECKS)} | {"deviation"}
    page = (ROOT / "docs" / "checks.md").read_text()

    assert len(names) > 10
    assert names == set(LIES)
    assert [] == [name for name in names if f"### {name}\n" not in page]
    warnings = {"nulls", "disclosure"}  # good practice, which no contract promises
    told = {documented.CHECK_NAMES.get(name, name) for name in names - warnings}
    assert [] == [name for name in told if f"FAIL  {name}\n" not in page]


def test_each_state_and_source_is_on_its_page() -> None:
    """No state of a recording and no source is left out."""
    told = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("recording", "sources")}
    contract, _ = documented.contract()

    assert len(replaying.STATES) > 5
    assert [] == [state.name for state in replaying.STATES if f"| {state.name} |" not in told["recording"]]
    assert len(contract.sources) > 5
    assert [] == [source for source in contract.sources if f"| `{source}` |" not in told["sources"]]


# --- links ----------------------------------------------------------------------------------------------------------


def test_links_lead_somewhere() -> None:
    """Each link to a file leads to one, and each with an anchor to a heading of it."""
    broken, count = [], 0
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            count += 1
            path, _, anchor = target.partition("#")
            file = (page.parent / path) if path else page
            if not file.is_file() or (anchor and anchor not in _anchors(file)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")

    assert count > 15
    assert [] == broken


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


# --- the files for CI -----------------------------------------------------------------------------------------------


def _scripts(path: Path) -> dict[str, list[str]]:
    """
    Job to its scripts, in the order in which they run.
    """
    document = yaml.safe_load(path.read_text())
    if "jobs" in document:
        return {name: [s["run"] for s in job["steps"] if "run" in s] for name, job in document["jobs"].items()}
    base: dict[str, Any] = document[".contract"]
    jobs = {name: {**base, **document[name]} for name in ("offline", "live")}
    parts = ("before_script", "script", "after_script")
    return {name: [line for part in parts for line in job[part]] for name, job in jobs.items()}


def _lines(path: Path, job: str) -> list[str]:
    return [line for script in _scripts(path)[job] for line in script.splitlines()]


@pytest.mark.parametrize("path", EXAMPLES, ids=_name)
def test_ci_files_hold_commands_that_exist(path: Path) -> None:
    """Every script is shell, and every command of ours in it is known."""
    scripts = [script for job in _scripts(path).values() for script in job]

    assert len(scripts) >= 6
    for script in scripts:
        subprocess.run(["bash", "-n", "-c", script], check=True, timeout=20)
        for line in script.splitlines():
            _check(line, path.name)


@pytest.mark.parametrize("job", ["offline", "live"])
def test_ci_files_do_the_same(job: str) -> None:
    """What one system runs, the other runs too; the SARIF file and the job page are for the one that shows them."""
    own = ("sarif", "GITHUB_STEP_SUMMARY", "--format github", "--format gitlab")
    ours = [[line for line in _lines(path, job) if not any(word in line for word in own)] for path in EXAMPLES]

    assert len(ours[0]) >= 4
    assert ours[0] == ours[1]


def test_ci_files_are_on_their_page() -> None:
    """The page shows the files themselves, so that it is never behind them."""
    page = (ROOT / "docs" / "ci.md").read_text()

    assert [] == [path.name for path in EXAMPLES if f"{{literalinclude}} ../examples/{path.name}" not in page]


def test_the_live_job_runs(tmp_path: Path) -> None:
    """
    Its scripts, but for the installing, end with 0, and the second night knows the first; the vendor is a server on
    loopback here.

    What the offline job does is a part of it, but for the target, which the pages check.
    """
    lines, offline = (
        [line for line in _lines(EXAMPLES[0], job) if "pip install" not in line] for job in ("live", "offline")
    )
    same = [
        line.replace("--target live --plan smoke --max-requests 80", "--target emulator --plan smoke") for line in lines
    ]
    assert [] == [line for line in offline if line not in same]
    contract = load.load_contract()
    with serve(faults.correct(contract)) as origin:
        given = {
            VARIABLES["token"]: faults.TOKEN,
            VARIABLES["account_id"]: faults.ACCOUNT,
            VARIABLES["app_id"]: faults.APP,
            "CLOUDFLARE_BASE_URL": f"{origin}/client/v4",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }
        for _night in range(2):
            done = subprocess.run(
                ["bash", "-e", "-c", "\n".join(lines).replace("--plan smoke", "--plan smoke --max-requests 12")],
                cwd=tmp_path,
                env=documented.environment() | given,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )

            assert 0 == done.returncode, done.stdout + done.stderr
    summary = (tmp_path / "summary.md").read_text()
    assert {"run.jsonl", "report.html", "junit.xml", "changes.md", "history.html"} <= {
        path.name for path in tmp_path.iterdir()
    }
    assert 2 == summary.count("keep their contract")
    assert 1 == summary.count("break no promise that they kept on")
    assert faults.TOKEN not in "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_blocks_know_their_place() -> None:
    """A block says on which line of which page it stands."""
    block = next(block for block in documented.blocks(ROOT / "docs" / "first-check.md"))

    assert isinstance(block, Block)
    assert re.fullmatch(r"docs/first-check\.md:\d+", block.where)
