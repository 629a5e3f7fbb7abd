"""
What may be printed: no sign that steers a terminal, and no line that a CI service takes for a command; pure.
"""

from __future__ import annotations

import re
from typing import Final

_STEERING: Final = re.compile(
    r"(\x1b\[[0-9;]*m)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


_COMMAND: Final = re.compile(
    r"^(\s*:)(?=:)|(#)(?=#(?:\[|vso\[|teamcity\[))|(section_)(?=(?:start|end):\d)", re.MULTILINE
)
"""The beginning of a command: `::error::` of GitHub, `##[` and `##vso[` of Azure, `##teamcity[`, sections of GitLab."""


def shown(text: str, *, styled: bool = False) -> str:
    """
    The text with each control character and direction mark as its escape, and a blank inside what begins a CI command.

    With `styled` the colours stay that a report has put there. JSON stays JSON.
    """
    text = _STEERING.sub(lambda found: found[1] if styled and found[1] else _escaped(found[0]), text)
    return _COMMAND.sub(lambda found: f"{found[0]} ", text)


def _escaped(signs: str) -> str:
    return "".join(f"\\u{ord(sign):04x}" if sign < " " or sign > "~" else sign for sign in signs)
