"""
The one exception that is shown to a user.
"""

from __future__ import annotations


class CannotTell(Exception):
    """
    One clear line: what was asked, what was found, where, and how to fix it. Fronts print it and exit with 2.
    """
