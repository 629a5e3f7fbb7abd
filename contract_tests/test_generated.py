"""
Tests of the vendor with bodies that hypothesis generates from the schema; part of `standard` and `thorough`.

They run where something can answer. What they find is shrunk, and `rtkcontract hunt --promote` keeps it as a case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest


@pytest.mark.parametrize("side", ["valid", "invalid"])
def test_generated(side: Literal["valid", "invalid"], hunt: Callable[[Literal["valid", "invalid"]], str]) -> None:
    """
    The answers to generated bodies break no promise, and bodies were generated at all.
    """
    told = hunt(side)

    assert not told.startswith("0 ")
