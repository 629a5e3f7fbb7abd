"""
The vendor is data: one file says it, and the source names the vendor nowhere else.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rtkcontract
from rtkcontract.contract.profile import Sign, shipped
from rtkcontract.model import Response

SOURCE = Path(rtkcontract.__file__).parent
NAMED = {
    "__init__.py": "what the package is for",
    "diff/drift.py": "reads the vendor's SDK",
    "cli": "help texts and their examples speak of the contract that ships",
    "plugins/pytest_fixture.py": "the docstring that pytest shows",
    "plugins/pytest_plugin.py": "the heading that pytest shows",
}
"""Where the vendor may be named, and why."""
EXAMPLE = re.compile(r'(?:`|")[^`"]*(?:create_meeting|Cloudflare\'s published)[^`"]*(?:`|")')
"""Examples of case ids and of texts in docstrings."""
FLAG = re.compile(r"max.?meetings|\bmeetings\b", re.IGNORECASE)
"""The budget of created objects has had this name from the start."""


def test_the_profile_says_where_the_api_is_and_what_holds_the_account() -> None:
    profile = shipped()

    assert profile.base_url.startswith("https://")
    assert profile.base_url.endswith(profile.prefix)
    assert {"token", "account_id", "app_id"} == set(profile.placeholders) == set(profile.emulated)
    assert {"base_url", *profile.placeholders} == set(profile.variables)


@pytest.mark.parametrize(
    ("sign", "headers", "seen"),
    [
        (Sign(name="a", header="server", prefix="vendor"), (("server", "Vendor/1"),), True),
        (Sign(name="a", header="server", prefix="vendor"), (("server", "other"),), False),
        (Sign(name="b", header="ray"), (("ray", ""),), True),
        (Sign(name="b", header="ray"), (), False),
    ],
)
def test_a_sign_of_the_vendor(sign: Sign, headers: tuple[tuple[str, str], ...], seen: bool) -> None:
    assert seen == sign.seen(Response(status=200, headers=headers, content=b""))


def test_no_other_module_names_the_vendor() -> None:
    found = []
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        if name not in NAMED and name.partition("/")[0] not in NAMED:
            for line in path.read_text(encoding="utf-8").splitlines():
                if re.search("cloudflare|realtimekit|meeting", FLAG.sub("", EXAMPLE.sub("", line)), re.IGNORECASE):
                    found.append(f"{name}: {line.strip()}")

    assert [] == found
