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

    def __init__(self, status: int, body: Json, headers: Headers = ()) -> None:
        self.status, self.body, self.headers = status, body, headers


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


def check_credentials(request: Request, token: str) -> None:
    """
    Raises RefusalError unless the request carries the one bearer token.
    """
    given = headers_named(request, "authorization")
    if not given:
        raise edge(400, _MISSING)
    scheme, _, credential = given[0].partition(" ")
    bearer = len(given) == 1 and scheme.lower() == "bearer"
    if bearer and credential == token:
        return
    if bearer and _TOKEN.fullmatch(credential):
        raise edge(401, UNAUTHENTICATED)
    raise edge(400, _MALFORMED)
