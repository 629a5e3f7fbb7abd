"""
The faults of the emulator: a correct server that reads an edited document, another request or changes its answers.
What shows between requests, or needs a server that remembers, stands with the second server.
"""

from wrong_servers.emulated import conditions, echoes, memory, protocol, secrecy, shapes, together, values
from wrong_servers.emulated.faults import (
    ACCOUNT,
    APP,
    GONE,
    MANY,
    SU,
    TOKEN,
    WORDS,
    Fault,
    Respond,
    Variant,
    case_of,
    correct,
    data,
    get,
    header,
    says,
    service_error,
    target,
)
from wrong_servers.emulated.lawful import VARIANTS

FAULTS: tuple[Fault, ...] = (
    *values.FAULTS,
    *conditions.FAULTS,
    *shapes.FAULTS,
    *echoes.FAULTS,
    *secrecy.FAULTS,
    *protocol.FAULTS,
    *memory.FAULTS,
    *together.FAULTS,
)

__all__ = [
    "ACCOUNT",
    "APP",
    "FAULTS",
    "GONE",
    "MANY",
    "SU",
    "TOKEN",
    "VARIANTS",
    "WORDS",
    "Fault",
    "Respond",
    "Variant",
    "case_of",
    "correct",
    "data",
    "get",
    "header",
    "says",
    "service_error",
    "target",
]
