"""
What holds for all tests of this project.

1. HYPOTHESIS_PROFILE says how many examples a property tries: dev, ci (derandomized) or nightly.
2. Derived plans are kept in a folder of this session, not in the user's cache; processes that tests start share it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile

import hypothesis

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")

for name, examples in {"dev": 50, "ci": 100, "nightly": 2_000}.items():
    hypothesis.settings.register_profile(
        name, max_examples=examples, deadline=None, derandomize=name == "ci", database=None
    )
if PROFILE not in ("dev", "ci", "nightly"):
    raise SystemExit(f"HYPOTHESIS_PROFILE is {PROFILE}; the profiles are dev, ci and nightly")
hypothesis.settings.load_profile(PROFILE)

os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="rtkcontract-tests-")
os.environ["XDG_STATE_HOME"] = os.environ["XDG_CACHE_HOME"]  # ledgers of what tests make on loopback
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A job in the background ignores Ctrl-C, and so would the commands that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
