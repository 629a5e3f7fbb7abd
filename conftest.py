"""
Loads the plugin that runs the contract tests and names the Hypothesis profiles.
"""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["rtkcontract.pytest_plugin"]


def pytest_configure(config: pytest.Config) -> None:
    """
    HYPOTHESIS_PROFILE chooses dev, ci (derandomized) or nightly.
    """
    del config
    import hypothesis

    for name, settings in PROFILES.items():
        hypothesis.settings.register_profile(name, **settings)
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


PROFILES = {
    "dev": {"max_examples": 50, "deadline": None},
    "ci": {"max_examples": 100, "deadline": None, "derandomize": True, "database": None},
    "nightly": {"max_examples": 2_000, "deadline": None},
}
