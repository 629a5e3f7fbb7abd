"""
Values that cases send: canaries that must not come back, and texts that are hard to handle.
"""

from __future__ import annotations

from typing import Final

CANARY: Final = "rtkcontract_canary"
"""Stands in every credential that we send; fixed, and obviously no secret."""


MARK: Final = "rtkcontract"


LONG: Final = "RtkContract " + "long text " * 24 + "end"
"""255 characters: one byte tells their number, and many a column holds no more."""


STRINGS: Final[tuple[tuple[str, str], ...]] = (
    ("long-255", LONG),
    ("mixed", " Rtk\"Contract\" \\ e\u0301 \U0001f3a5 <b>&amp;</b> 'Mixed'\r\n\t"),
    ("one-character", "X"),
    ("number", "123"),
    ("emoji", "RtkContract \U0001f3a5"),
    ("astral", "\U0001d52f\U0001d531\U0001d528 \U00010348"),
    ("combining", "RtkContract e\u0301 n\u0303"),
    ("composed", "RtkContract \u00e9 \u00f1"),
    ("right-to-left", "RtkContract \u202b\u0627\u062c\u062a\u0645\u0627\u0639\u202c"),
    ("quotes", "RtkContract \"quoted\" 'single' \\back\\"),
    ("markup", "<b>RtkContract</b> &amp; {{7*7}}"),
    ("whitespace-only", "   "),
    ("padded", "  RtkContract  "),
    ("leading-zero", "0123"),
    ("literal-word", "null"),
    ("line-breaks", "RtkContract\tone\r\ntwo"),
    ("long-256", LONG + "s"),
)


HOSTILE: Final[tuple[tuple[str, str], ...]] = (
    ("nul", "rtkcontract\u0000nul"),
    ("long-10000", "rtkcontract " + "l" * 9_988),
)
"""Strings that the schema allows and that no source promises to take; sent in bodies whose answer is unspecified."""
