"""
Refusals of the emulator, in the forms that the vendor documents.
"""

from __future__ import annotations

import re

from rtkcontract.model import Headers, Json, Request

SIGNATURE = ("server", "rtkcontract-emulator")


# The account id of the reference's sample has this form, and so has a token that the vendor hands out.
ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")


_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,}")


class RefusalError(Exception):
    """
    A refusal on its way to the client.
    """

    def __init__(self, status: int, body: Json, headers: Headers = (), media_type: str = "application/json") -> None:
        self.status, self.body, self.headers, self.media_type = status, body, headers, media_type


def edge(status: int, *errors: Json) -> RefusalError:
    """
    A refusal in the form of the API gateway: `errors` and `result`.
    """
    return RefusalError(status, {"success": False, "errors": list(errors), "messages": [], "result": None})


def service(status: int, message: str, headers: Headers = ()) -> RefusalError:
    """
    A refusal in the form of the service behind the gateway: `error` with a message.
    """
    return RefusalError(status, {"success": False, "error": {"code": status, "message": message}}, headers)


def own(status: int, message: str) -> RefusalError:
    """
    What the emulator says for itself and not for the vendor.
    """
    return RefusalError(status, {"success": False, "error": {"code": status, "message": f"emulator: {message}"}})


UNROUTED = {"code": 7003, "message": "Could not route to this path; an object identifier in it may be invalid"}


NO_ROUTE = {"code": 7000, "message": "No route for that URI"}


_MISSING = {"code": 9106, "message": "Missing X-Auth-Key, X-Auth-Email or Authorization headers"}


_MALFORMED = {
    "code": 6003,
    "message": "Invalid request headers",
    "error_chain": [{"code": 6111, "message": "Invalid format for Authorization header"}],
}


UNAUTHENTICATED = {"code": 10000, "message": "Authentication error"}


def headers_named(request: Request, name: str) -> list[str]:
    """
    All values of a header, in their order.
    """
    return [value for key, value in request.headers if key.lower() == name]


KEY_HEADERS = ("x-auth-key", "x-auth-email")
"""The older credential of the gateway, which the generated tests of the vendor's SDK send."""


def check_credentials(request: Request, token: str, *, key_will_do: bool = False) -> None:
    """
    Raises RefusalError unless the request carries the one bearer token; any key with an address, where that will do.
    """
    given = headers_named(request, "authorization")
    if not given and key_will_do and all(any(headers_named(request, name)) for name in KEY_HEADERS):
        return
    if not given:
        raise edge(400, _MISSING)
    scheme, _, credential = given[0].partition(" ")
    bearer = len(given) == 1 and scheme.lower() == "bearer"
    if bearer and credential == token:
        return
    if bearer and _TOKEN.fullmatch(credential):
        raise edge(401, UNAUTHENTICATED)
    raise edge(400, _MALFORMED)
