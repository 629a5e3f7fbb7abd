"""
Where requests may go: https, or loopback.
"""

from __future__ import annotations

import ipaddress
import socket

import httpx

from rtkcontract.errors import CannotTell


def check_destination(base_url: str) -> None:
    """
    Raises CannotTell unless a token may go to the address: https, or http to loopback, and nothing but a path behind.
    """
    # The same parser reads the address when a request is sent, so both see one host.
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, ValueError):
        raise CannotTell("the base URL cannot be read; give one like https://api.example.com/v1") from None
    for problem, found in (
        (
            "holds a blank, a control character or a backslash; take it out",
            any(c <= " " or c in "\\\x7f" for c in base_url),
        ),
        ("has no http:// or https:// in front; write it out", url.scheme not in ("http", "https")),
        ("names no host; give one like https://api.example.com/v1", not url.host),
        ("holds credentials (user:password@); take them out and give the token in its own variable", "@" in base_url),
        ("has a query or a fragment; cut it off at the path", "?" in base_url or "#" in base_url),
    ):
        if found:
            raise CannotTell(f"the base URL {problem}")
    if url.scheme == "http" and not is_loopback(base_url):
        where = " does not resolve to this machine alone, and" if _is_local_name(url.host) else ""
        raise CannotTell(
            f"http://{url.host}{where} would carry the token in the clear; use https, or http to 127.0.0.1 only"
        )


def is_loopback(base_url: str) -> bool:
    """
    Whether an address is on this machine: a loopback address, or `localhost` where it resolves to nothing else.
    """
    host = httpx.URL(base_url).host
    if not _is_local_name(host):
        return _is_loopback_address(host)
    try:
        found = {str(address[0]) for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    return bool(found) and all(map(_is_loopback_address, found))


def _is_local_name(host: str) -> bool:
    return host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost")


def _is_loopback_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
