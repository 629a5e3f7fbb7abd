"""
Fixtures for a user's own tests, found by pytest through the entry point; adds no option and imports nothing else.

1. Each test gets a transport of its own.
2. A finding that the code under test has caught fails its test at the end. A test that expects one takes it out of
   `findings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from rtkcontract.plugins.httpx_transport import AsyncContractTransport, ContractTransport

T = TypeVar("T", "ContractTransport", "AsyncContractTransport")


@pytest.fixture
def rtkcontract_transport(request: pytest.FixtureRequest) -> Iterator[ContractTransport]:
    """
    An httpx transport that checks each RealtimeKit exchange: `httpx.Client(transport=rtkcontract_transport)`.
    """
    from rtkcontract.plugins.httpx_transport import ContractTransport

    with ContractTransport() as transport:
        yield from _watched(request, transport)


@pytest.fixture
def rtkcontract_async_transport(request: pytest.FixtureRequest) -> Iterator[AsyncContractTransport]:
    """
    The same for `httpx.AsyncClient`, which also closes it.
    """
    from rtkcontract.plugins.httpx_transport import AsyncContractTransport

    yield from _watched(request, AsyncContractTransport())


def _watched(request: pytest.FixtureRequest, transport: T) -> Iterator[T]:
    """
    Fails the test when it passed with findings, which then were caught on their way.
    """
    failed = request.session.testsfailed
    yield transport
    if transport.findings and request.session.testsfailed == failed:
        from rtkcontract.plugins.httpx_transport import BrokenContract

        told = "\n".join(str(BrokenContract(verdict)) for verdict in transport.findings)
        pytest.fail(f"the code under test caught what the contract check raised:\n{told}", pytrace=False)
