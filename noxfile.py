"""
Every way to run this project. `nox -l` lists the sessions, `nox -s contract` runs one, `nox -t release` the round
before a release.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "contract", "replay", "lint", "typing", "build"]

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)


def prepared(session: nox.Session, *groups: str) -> None:
    """
    This project with the tools of some dependency groups.
    """
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, *groups))


@nox.session(tags=["release"])
def tests(session: nox.Session) -> None:
    """
    The project's own tests, on the Python that runs nox, by one process for each core.
    """
    prepared(session, "test")
    session.run("pytest", "tests", "-n", "auto", *session.posargs)


@nox.session(python=PYTHONS)
def pythons(session: nox.Session) -> None:
    """
    The project's own tests on each supported Python that is installed.
    """
    prepared(session, "test")
    session.run("pytest", "tests", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """
    The project's own tests with the lowest version of each dependency.
    """
    bounds = [re.sub(r"\s*>=\s*", "==", requirement) for requirement in PROJECT["project"]["dependencies"]]
    prepared(session, "test")
    session.install(*bounds)
    session.run("pytest", "tests", *session.posargs)


@nox.session(tags=["release"])
def contract(session: nox.Session) -> None:
    """
    The contract tests against the embedded emulator on loopback.
    """
    session.install("-e", ".")
    session.run("rtkcontract", "check", "--target", "emulator", *session.posargs)


@nox.session
def replay(session: nox.Session) -> None:
    """
    The recordings, judged by today's contract and then replayed by pytest with the network blocked.
    """
    session.install("-e", ".")
    session.run("rtkcontract", "replay")
    session.run("pytest", "contract_tests", "--record-mode=none", "--block-network", "-q", *session.posargs)


@nox.session(tags=["release"])
def replay_release(session: nox.Session) -> None:
    """
    As `replay`, with what a pull request is only warned of as a failure: missing, expired, orphaned.
    """
    session.install("-e", ".")
    session.run("rtkcontract", "replay", "--release", *session.posargs)


@nox.session
def live(session: nox.Session) -> None:
    """
    The contract tests against the live API; needs the three variables of the README.
    """
    session.install("-e", ".")
    session.run("rtkcontract", "check", "--target", "live", *session.posargs)


@nox.session
def record(session: nox.Session) -> None:
    """
    Recordings that are missing or expired: `nox -s record -- --target emulator`.
    """
    prepared(session, "test")
    session.run("rtkcontract", "record", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """
    The fault zoo: what each plan finds, and after how many requests, beside schemathesis' own command line.
    """
    prepared(session, "test")
    session.run("python", "benchmarks/faults.py", *session.posargs)


@nox.session(tags=["release"])
def changes(session: nox.Session) -> None:
    """
    What changed in the contract since the merge base with main, and how the vendor's SDK differs from it.
    """
    prepared(session, "test")
    session.run("rtkcontract", "diff", *session.posargs)
    session.run("rtkcontract", "drift")


@nox.session
@nox.parametrize("cloudflare", ["5.0.0", "5.3.0", "5.7.0"])
def drift(session: nox.Session, cloudflare: str) -> None:
    """
    The drift from the vendor's SDK, against versions whose types really differ.
    """
    prepared(session, "test")
    session.install(f"cloudflare=={cloudflare}")
    session.run("pytest", "tests/diff/test_drift.py", *session.posargs)
    session.run("rtkcontract", "drift")


@contextlib.contextmanager
def served(session: nox.Session) -> Iterator[str]:
    """
    The base URL of a running `rtkcontract serve`, without options.
    """
    command = [f"{session.bin}/rtkcontract", "serve", "--quiet"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603  # our own
    try:
        marker = "export CLOUDFLARE_BASE_URL="
        yield next(line.strip().removeprefix(marker) for line in process.stdout or () if line.startswith(marker))
    finally:
        process.terminate()
        process.wait()


@nox.session
def sdk(session: nox.Session) -> None:
    """
    The tests of meetings in the source distribution of the vendor's Python SDK, on the emulator without options.
    """
    version = "5.9.0"
    session.install("-e", ".")
    session.install(
        f"cloudflare[aiohttp]=={version}", "pytest-asyncio", "respx", "time-machine", "dirty-equals", "rich"
    )
    folder = Path(session.create_tmp()).resolve()
    session.run(
        *("python", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)),
        f"cloudflare=={version}",
    )
    with tarfile.open(folder / f"cloudflare-{version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    with served(session) as base_url:
        session.chdir(folder / f"cloudflare-{version}")
        session.run(
            *("pytest", "tests/api_resources/realtime_kit/test_meetings.py", "-q", "-o", "addopts="),
            *("-p", "no:rtkcontract", "-p", "unskipped"),
            env={"TEST_API_BASE_URL": base_url, "PYTHONPATH": str(ROOT / "examples" / "sdk")},
        )


@nox.session
def sdk_typescript(session: nox.Session) -> None:
    """
    The vendor's TypeScript SDK on the emulator: list, create, get, patch, put, add a participant, delete. Needs node.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        session.skip("node and npm are not installed")
    session.install("-e", ".")
    folder = Path(session.create_tmp()).resolve()
    shutil.copy(ROOT / "examples" / "sdk" / "meetings.mjs", folder)
    with served(session) as base_url:
        session.chdir(folder)
        session.run("npm", "install", "--silent", "--no-save", "cloudflare@7.3.0", external=True)
        session.run("node", "meetings.mjs", base_url, external=True)


@nox.session(tags=["release"])
def docs(session: nox.Session) -> None:
    """
    The pages in docs/, with every link between them checked; they land in site/.
    """
    prepared(session, "docs")
    session.run("sphinx-build", "-n", "-W", "-q", "-b", "html", "docs", "site")


@nox.session(tags=["release"])
def lint(session: nox.Session) -> None:
    """
    Style and formatting.
    """
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(tags=["release"])
def typing(session: nox.Session) -> None:
    """
    Strict types.
    """
    prepared(session, "typing")
    session.install("nox")
    session.run("mypy")


@nox.session(tags=["release"])
def build(session: nox.Session) -> None:
    """
    The wheel, tested without the checkout.
    """
    session.install("build")
    dist = Path(session.create_tmp()) / "dist"
    session.run("python", "-m", "build", "--wheel", "--outdir", str(dist), silent=True)
    (wheel,) = sorted(dist.glob("*.whl"))[-1:]
    session.install("--force-reinstall", "--no-deps", str(wheel))
    session.install(str(wheel))
    session.chdir(session.create_tmp())
    session.run("rtkcontract", "--version")
    session.run("rtkcontract", "check", "--target", "emulator", "--plan", "smoke", "-q")
    session.run("rtkcontract", "replay")
    session.run("rtkcontract", "schema", "request", silent=True)


@nox.session
def nightly(session: nox.Session) -> None:
    """
    What takes long: the thorough plan, the fuzzer, every cell of the table of exit codes, 200 kills, 100,000 requests.
    """
    prepared(session, "test")
    session.run("rtkcontract", "check", "--target", "emulator", "--plan", "thorough", "-q")
    session.run("rtkcontract", "hunt", "--target", "emulator", "--max-examples", "500", "--max-requests", "5000")
    tests = ("tests/cli/test_table.py", "tests/cli/test_kills.py", "tests/network/test_many_requests.py")
    session.run("pytest", "-q", "-s", *tests, *session.posargs, env={"RTKCONTRACT_NIGHTLY": "1"})
