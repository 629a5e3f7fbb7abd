"""
The options of a run, said once: the command line and the pytest plugin are made of this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """
    One option. `kind` is the type of its value, bool for one without a value; `many` may be given several times.
    """

    name: str
    help: str
    metavar: str = ""
    kind: type = str
    default: Any = None
    many: bool = False

    @property
    def key(self) -> str:
        """
        As a name in Python: `max_requests`.
        """
        return self.name.removeprefix("--").replace("-", "_")


TARGET: Final = Option(
    name="--target",
    metavar="KIND",
    default="cassettes",
    help="cassettes (the recordings, offline), emulator or live.",
)


BASE_URL: Final = Option(
    name="--base-url",
    metavar="URL",
    help="With --target live: another server, as http://127.0.0.1:8080/client/v4.",
)


PLAN: Final = Option(name="--plan", metavar="NAME", default="standard", help="smoke, standard or thorough.")


OPERATION: Final = Option(
    name="--operation", metavar="NAME", many=True, help="Only this operation; several times for several."
)


TAG: Final = Option(name="--tag", metavar="NAME", many=True, help="Only operations with this tag.")


SCHEMAS: Final = Option(
    name="--schemas",
    metavar="PATH",
    help="An OpenAPI document (JSON or YAML), or the folder of openapi.json; by default the contract that is shipped.",
)


MAX_REQUESTS: Final = Option(
    name="--max-requests", metavar="N", kind=int, help="Send the N cases that detect most, and say what was left out."
)


MAX_MEETINGS: Final = Option(
    name="--max-meetings", metavar="N", kind=int, help="Accepted creates at the most, those for other cases included."
)


CA: Final = Option(
    name="--ca",
    metavar="FILE",
    help="Certificates (PEM) that https trusts instead of the usual ones.",
)


PROXY: Final = Option(
    name="--proxy",
    metavar="URL",
    help="The proxy that https goes through, as http://proxy:8080.",
)


MAX_CASES: Final = Option(
    name="--max-cases",
    metavar="N",
    kind=int,
    help="Make at most N cases of each operation, and say what was not made: for schemas of hundreds of fields.",
)


MAX_LATENCY: Final = Option(
    name="--max-latency", metavar="SECONDS", kind=float, default=5.0, help="A slower response is a finding."
)


RATE: Final = Option(
    name="--rate",
    metavar="N",
    kind=int,
    help="At most N requests in ten seconds; 0, on loopback only, lifts the limit.",
)


SHARD: Final = Option(name="--shard", metavar="K/N", help="Only the cases of shard K of N, as 1/4.")


CASSETTES: Final = Option(name="--cassettes", metavar="DIR", help="The folder of the recordings.")


ALLOW: Final = Option(
    name="--allow",
    metavar="NAME",
    many=True,
    help="With --target live: send this operation, though it costs money or cannot be undone.",
)


RUN: Final = (
    TARGET,
    BASE_URL,
    PLAN,
    OPERATION,
    TAG,
    ALLOW,
    SCHEMAS,
    MAX_REQUESTS,
    MAX_MEETINGS,
    MAX_CASES,
    MAX_LATENCY,
    RATE,
    CA,
    PROXY,
    SHARD,
    CASSETTES,
    Option(name="--run-file", metavar="FILE", help="Save the run as JSON lines, for `rtkcontract report`."),
    Option(name="--sockets", kind=bool, help="Ask the emulator over loopback, not in this process."),
    Option(name="--no-explain", kind=bool, help="Do not narrow findings down to their smallest cause."),
    Option(name="--release", kind=bool, help="Treat missing recordings as failures."),
)
"""What `rtkcontract check` and `pytest contract_tests` take."""
