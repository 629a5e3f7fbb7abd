"""
Chooses how many examples a property of our own tests tries: HYPOTHESIS_PROFILE is dev, ci (derandomized) or nightly.
"""

from __future__ import annotations

import os

import hypothesis

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")

for name, examples in {"dev": 50, "ci": 100, "nightly": 2_000}.items():
    hypothesis.settings.register_profile(
        name, max_examples=examples, deadline=None, derandomize=name == "ci", database=None
    )
if PROFILE not in ("dev", "ci", "nightly"):
    raise SystemExit(f"HYPOTHESIS_PROFILE is {PROFILE}; the profiles are dev, ci and nightly")
hypothesis.settings.load_profile(PROFILE)
