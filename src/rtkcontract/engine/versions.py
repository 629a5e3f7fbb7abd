"""
The versions of what takes part in a run or a recording.
"""

from __future__ import annotations

import contextlib
from importlib.metadata import PackageNotFoundError, version
from typing import Final

TOOLS: Final = ("rtkcontract", "httpx", "vcrpy", "pyyaml")


def tool_versions() -> dict[str, str]:
    """
    Name to version of each tool that is installed.
    """
    found = {}
    for name in TOOLS:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
