"""
Loads the plugin that runs the contract tests, and chooses how many bodies a property of our own tests tries.
"""

from __future__ import annotations

import os

import hypothesis

pytest_plugins = ["rtkcontract.pytest_plugin"]

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
"""dev, ci (derandomized) or nightly; the contract tests read it too, and name their own numbers in `explore`."""

for name, examples in {"dev": 50, "ci": 100, "nightly": 2_000}.items():
    hypothesis.settings.register_profile(
        name, max_examples=examples, deadline=None, derandomize=name == "ci", database=None
    )
if PROFILE not in ("dev", "ci", "nightly"):
    raise SystemExit(f"HYPOTHESIS_PROFILE is {PROFILE}; the profiles are dev, ci and nightly")
hypothesis.settings.load_profile(PROFILE)
