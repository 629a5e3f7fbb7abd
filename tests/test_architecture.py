"""
The page `architecture.md` names files and packages that exist, and all packages.
"""

from __future__ import annotations

import re

from documented import ROOT
from test_layers import RUNG

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_each_question_names_a_file_that_exists() -> None:
    rows = re.findall(r"^\| .*\? \| `([^`]+)`", PAGE, re.MULTILINE)

    assert len(rows) >= 10
    assert [] == [path for path in rows if not (ROOT / path).is_file()]


def test_the_ladder_of_the_page_is_the_one_that_is_tested() -> None:
    table = PAGE.split("## The ladder")[1].split("## Questions")[0]
    lines = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines() if row.startswith("| `")]

    assert sorted(RUNG) == sorted(name for line in lines for name in line)
    assert [sorted(line) for line in reversed(lines)] == [
        sorted(name for name, rung in RUNG.items() if rung == number) for number in range(len(lines))
    ]


def test_the_picture_names_packages() -> None:
    """
    Each box but the first is a package, and each arrow joins two boxes.
    """
    namespace: dict[str, object] = {}
    exec((ROOT / "docs" / "flow.py").read_text(encoding="utf-8"), namespace)  # docs/ is no package
    drawn, arrows = namespace["BOXES"], namespace["ARROWS"]
    assert isinstance(drawn, tuple)
    assert isinstance(arrows, tuple)
    boxes = {name for name, *_ in drawn}

    assert {"schemas/"} == boxes - set(RUNG)
    assert {name for arrow in arrows for name in arrow} == boxes
