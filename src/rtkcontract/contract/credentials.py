"""
What is called a credential: the one list of names of members, parameters and headers; pure.
"""

from __future__ import annotations

import re
from typing import Final

HEADERS: Final = frozenset(
    {"authorization", "cookie", "set-cookie", "x-auth-key", "x-auth-email", "proxy-authorization"}
)
"""Headers whose whole value is one, whatever it looks like."""


_NAME: Final = re.compile(
    r"secret|pass(?:word|phrase|wd|code)|credential|authorization|cookie|signature"
    r"|(?:private|access|api|stream|signing|account|shared|encryption|master|auth)[-_. ]?key"
    r"|(?:^|[^a-z])(?:pwd|sas|sig|jwt|bearer|tokens?)(?:$|[^a-z])|^key$|^apikey"
)


_ABOUT_IT: Final = re.compile(
    r"[-_](?:type|policy|length|algorithm|expiry|expires(?:_at|_in)?|enabled|required|count|at|format)$"
)
"""The end of a name that tells something of a credential and does not hold it."""


_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


_SENTENCE: Final = re.compile(
    r"(?:is|are|was|must|should|cannot|can't|may|has|have|not|no|too|the|this|field|value|please|does|did|required"
    r"|expected|invalid|missing|unknown)(?: [a-z'-]{1,15}|,? \d{1,4})+[.!]?",
    re.IGNORECASE,
)


def is_credential(name: str) -> bool:
    """
    Whether what stands under a name of a member, parameter or header is a credential.
    """
    words = _CAMEL.sub("_", name).lower()
    return _NAME.search(words) is not None and _ABOUT_IT.search(words) is None


def is_message(text: str) -> bool:
    """
    Whether a text under such a name speaks of the credential, as `is too short` does, and is none itself.
    """
    return text.lower() in ("required", "invalid", "missing") or _SENTENCE.fullmatch(text) is not None
