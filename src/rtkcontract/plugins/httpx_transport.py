"""
httpx transports that check each exchange of a user's own code against the contract.

1. A request that the contract refuses never leaves; an answer that breaks the contract is told once it is whole.
2. Exchanges of other hosts' paths pass untouched: an exchange is ours by its method and the end of its path.
3. What no source decides is no finding.
4. The answer is handed on as it came, byte for byte.
5. `BrokenContract` is no `Exception`: the vendor's SDK catches those, calls them connection errors and sends the
   request again, which could create a second object. pytest shows it as any other failure.

Like `wire` this module imports httpx. It is a plug-in for httpx and opens no connection itself; whoever uses it has
httpx at hand, and nothing else of ours needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Literal

import httpx

from rtkcontract.contract import load
from rtkcontract.model import Contract, Request, Response
from rtkcontract.validation.exchange import Exchange
from rtkcontract.validation.rules import Operations, Rules
from rtkcontract.validation.verdict import Verdict, text

On = Literal["raise", "collect", "ignore"]


class BrokenContract(BaseException):
    """
    A request or an answer is outside the contract; the text names the field, the value, the rule and the source.
    """

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(f"{HEADS[verdict.kind]}\n{text(verdict).partition(chr(10))[2]}")


HEADS = {
    "body": "the request is outside the contract; nothing was sent",
    "exchange": "the answer is outside the contract",
}


@functools.cache
def _shipped() -> Contract:
    return load.load_contract()


class _Checker:
    """
    What both transports do round the wrapped one.
    """

    def __init__(self, contract: Contract | None, on_request: On, on_answer: On) -> None:
        self._contract = contract
        self.on_request, self.on_answer = on_request, on_answer
        self.findings: list[Verdict] = []
        self._operations: Operations | None = None

    def rules_of(self, request: httpx.Request) -> Rules | None:
        """
        The rules of the operation that a request is of; None for a request that is none of ours.
        """
        if self._operations is None:
            self._operations = Operations(self._contract or _shipped())
        return self._operations.of(request.method, str(request.url))

    def before(self, rules: Rules, request: httpx.Request) -> None:
        """
        Raises BrokenContract for a body that the contract refuses.
        """
        __tracebackhide__ = True
        sent = _request(request)
        asked = rules.request(sent)
        if self.on_request == "ignore" or asked.expect.outcome != "rejected":
            return
        verdict = Verdict(
            number=1,
            kind="body",
            outcome="rejected",
            operation=rules.operation.name,
            broken=asked.broken,
            notes=asked.notes,
        )
        self._found(rules.safe(verdict, Exchange(request=sent, response=None)), self.on_request)

    def after(self, rules: Rules, request: httpx.Request, response: httpx.Response, raw: bytes) -> None:
        """
        Raises BrokenContract for an answer that breaks the contract.
        """
        __tracebackhide__ = True
        if self.on_answer == "ignore":
            return
        exchange = Exchange(request=_request(request), response=_response(response, raw))
        answer = rules.exchange(exchange)[1]
        if answer is None or answer.expect.outcome != "rejected":
            return
        verdict = Verdict(
            number=1,
            kind="exchange",
            outcome="rejected",
            operation=rules.operation.name,
            broken=answer.broken,
            notes=answer.notes,
            status=response.status_code,
        )
        self._found(rules.safe(verdict, exchange), self.on_answer)

    def _found(self, verdict: Verdict, on: On) -> None:
        __tracebackhide__ = True
        self.findings.append(verdict)
        if on == "raise":
            raise BrokenContract(verdict)


def _request(request: httpx.Request) -> Request:
    return Request(
        method=request.method, url=str(request.url), headers=_headers(request.headers.raw), content=request.content
    )


def _response(response: httpx.Response, raw: bytes) -> Response:
    try:
        content = httpx.Response(response.status_code, headers=response.headers, content=raw).content
    except httpx.DecodingError:
        content = raw
    return Response(status=response.status_code, headers=_headers(response.headers.raw), content=content)


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)


def _again(response: httpx.Response, raw: bytes) -> httpx.Response:
    """
    The answer as the wrapped transport gave it, with a body that can be read once more.
    """
    return httpx.Response(
        response.status_code, headers=response.headers, stream=httpx.ByteStream(raw), extensions=response.extensions
    )


class ContractTransport(_Checker, httpx.BaseTransport):
    """
    Wraps another transport, a real one by default: `httpx.Client(transport=ContractTransport())`.

    `on_request` and `on_answer`: "raise" BrokenContract, "collect" into `findings` alone, or "ignore" that half. With
    anything but "raise" a bad request is sent.
    """

    def __init__(
        self,
        wrapped: httpx.BaseTransport | None = None,
        *,
        contract: Contract | None = None,
        on_request: On = "raise",
        on_answer: On = "raise",
    ) -> None:
        super().__init__(contract, on_request, on_answer)
        self.wrapped = wrapped or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        __tracebackhide__ = True
        rules = self.rules_of(request)
        if rules is None:
            return self.wrapped.handle_request(request)
        request.read()
        self.before(rules, request)
        response = self.wrapped.handle_request(request)
        try:
            assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - what a sync transport gives
            raw = b"".join(response.stream)
        finally:
            response.close()
        self.after(rules, request, response, raw)
        return _again(response, raw)

    def close(self) -> None:
        self.wrapped.close()


class AsyncContractTransport(_Checker, httpx.AsyncBaseTransport):
    """
    The same for `httpx.AsyncClient`.
    """

    def __init__(
        self,
        wrapped: httpx.AsyncBaseTransport | None = None,
        *,
        contract: Contract | None = None,
        on_request: On = "raise",
        on_answer: On = "raise",
    ) -> None:
        super().__init__(contract, on_request, on_answer)
        self.wrapped = wrapped or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        __tracebackhide__ = True
        rules = self.rules_of(request)
        if rules is None:
            return await self.wrapped.handle_async_request(request)
        await request.aread()
        self.before(rules, request)
        response = await self.wrapped.handle_async_request(request)
        try:
            assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - what an async transport gives
            raw = b"".join([part async for part in response.stream])
        finally:
            await response.aclose()
        self.after(rules, request, response, raw)
        return _again(response, raw)

    async def aclose(self) -> None:
        await self.wrapped.aclose()
