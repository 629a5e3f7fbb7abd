"""
The vendor as data: `profile.json` of the contract that ships with this package.

Where the API is, which environment variables hold the account, what stands for an account in recordings, what the
emulator goes by, and what proves that the vendor itself responded. Another vendor is another file.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rtkcontract.model import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """
    A response header that only the vendor is known to send; with a `prefix`, a header that begins so.
    """

    name: str
    header: str
    prefix: str = ""

    def seen(self, response: Response) -> bool:
        value = response.header(self.header)
        return value is not None and value.lower().startswith(self.prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    `variables`, `placeholders` and `emulated` have the keys "token" and each parameter that is bound to the account;
    `variables` has "base_url" as well.
    """

    title: str
    base_url: str
    variables: Mapping[str, str]
    placeholders: Mapping[str, str]
    emulated: Mapping[str, str]
    signs: tuple[Sign, ...]

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def prefix(self) -> str:
        """
        The path of the base URL, without a slash at its end.
        """
        return urlsplit(self.base_url).path.rstrip("/")


@functools.cache
def shipped() -> Profile:
    """
    The profile that ships with this package.
    """
    data = json.loads((data_folder("schemas") / "profile.json").read_bytes())
    held = {"token": data["token"], **data["account_parameters"]}
    return Profile(
        title=data["title"],
        base_url=data["base_url"],
        variables=data["variables"],
        placeholders={name: entry["placeholder"] for name, entry in held.items()},
        emulated={name: entry["emulator"] for name, entry in held.items()},
        signs=tuple(Sign(**sign) for sign in data["evidence"]["vendor"]),
    )


def data_folder(name: str) -> Path:
    """
    `schemas`, `contract_tests` or `cassettes`: beside the installed package, else in the checkout around it.
    """
    here = Path(__file__).parents[1]
    return next((folder for folder in (here / name, here.parents[1] / name) if folder.is_dir()), here / name)
