"""
pytest-recording for a user's own tests: its configuration, with which a cassette is redacted as our own recordings are.

```python
@pytest.fixture
def vcr_config():
    return rtkcontract.recordings.vcr_adapter.vcr_config()
```

1. A request is redacted before it is stored and before it is looked up, so that a test replays what it recorded.
2. What stands where a credential belongs is a secret from then on, wherever it comes back.
3. A cassette in which a secret is still found is not written: the test fails, and says which.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rtkcontract.contract import load
from rtkcontract.engine.targets import VARIABLES
from rtkcontract.errors import CannotTell
from rtkcontract.model import Request, Response
from rtkcontract.redaction.exchange import NAME, credentials_in
from rtkcontract.redaction.redactor import REDACTED, Redactor, write_only
from rtkcontract.redaction.scanner import Secrets, scan


def vcr_config(
    schemas: Path | None = None, secrets: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """
    What pytest-recording's fixture `vcr_config` is to return; add to it what else VCR.py takes.

    Secret are the credentials that an exchange carries, what the contract marks `writeOnly`, the variables of the
    account, and `secrets`: what is to be stored -> what it stands for.
    """
    given = os.environ if environment is None else environment
    own = [(name, given[variable]) for name, variable in VARIABLES.items() if given.get(variable)]
    kept = _Kept(schemas, (*own, *(secrets or {}).items()))
    return {"before_record_request": kept.request, "before_record_response": kept.response, "persister": kept}


class _Kept:
    """
    The secrets that the exchanges of one test have shown, and the redaction of what is stored; a persister of VCR.py.
    """

    def __init__(self, schemas: Path | None, secrets: Secrets) -> None:
        contract = load.load_contract(schemas)
        self._hidden = write_only(contract)
        self._redactor = Redactor(contract, secrets)
        self._names = {NAME, REDACTED, *(name.upper() for name, _ in secrets)}

    def _learn(self, request: Request | None, response: Response | None) -> None:
        """
        VCR.py hands a request in again once it is redacted: what stands there for a secret is none.
        """
        found = [each for each in credentials_in(request, response, self._hidden) if each[1] not in self._names]
        self._names.update(value for _, value in found)
        if found:
            self._redactor = self._redactor.knowing(tuple(found))

    def request(self, request: Any) -> Any:
        """
        A request as it is stored and looked up.
        """
        body = request.body or b""
        sent = Request(
            method=request.method,
            url=request.uri,
            headers=tuple((str(name), str(value)) for name, value in request.headers.items()),
            content=body.encode() if isinstance(body, str) else bytes(body),
        )
        self._learn(sent, None)
        stored = self._redactor.request(sent)
        request.uri, request.headers = stored.url, dict(stored.headers)
        request.body = stored.content or None
        return request

    def response(self, response: Any) -> Any:
        """
        A response as it is stored, with its body unpacked.
        """
        headers = response["headers"].items()
        got = Response(
            status=response["status"]["code"],
            headers=tuple(
                (name, value) for name, values in headers for value in ([values] if isinstance(values, str) else values)
            ),
            content=bytes(response["body"].get("string") or b""),
        )
        self._learn(None, got)
        stored = self._redactor.response(got)
        lists: dict[str, list[str]] = {}
        for name, value in stored.headers:
            lists.setdefault(name, []).append(value)
        return {**response, "headers": lists, "body": {"string": stored.content}}

    def load_cassette(self, path: Any, serializer: Any) -> Any:
        """
        As VCR.py loads it.
        """
        from vcr.persisters.filesystem import FilesystemPersister  # type: ignore[import-untyped]

        return FilesystemPersister.load_cassette(path, serializer)

    def save_cassette(self, path: Any, cassette: Any, serializer: Any) -> None:
        """
        As VCR.py saves it, unless a secret is in it. Raises CannotTell, which names the secret and not its value.
        """
        from vcr.persisters.filesystem import FilesystemPersister
        from vcr.serialize import serialize  # type: ignore[import-untyped]

        written = serialize(cassette, serializer).encode()
        leaks = scan(written, self._redactor.gate, place=Path(path).name, look="ours")
        if leaks:
            raise CannotTell(f"{Path(path).name} is not written, for it would hold {', '.join(map(str, leaks))}")
        FilesystemPersister.save_cassette(path, cassette, serializer)
