"""What every endpoint of the web chat shares: errors as JSON, bodies with a limit, and who may call from where."""
from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from tandem.access.limits import LimitExceeded, check_shape
from tandem.access.proxies import UnknownProxyWarning, client_address, counted_as

MAX_BODY = 128 * 1024  # bytes; room for the longest message with every character escaped
_MAX_SEQ = 2**31 - 1


class ChatError(Exception):
    """Something the browser is told as JSON: `{"error": code, "message": sentence}`.

    ChatError
    ├── BadRequest         400  the request cannot be understood
    ├── NoSession          401  no session token, or one that opens nothing (any more)
    │   └── SignedOut      401  the customer signed out, or another one signed in
    ├── ForeignOrigin      403  a page of this origin may not embed the chat
    ├── NotHere            404  no such conversation or page
    ├── OtherConversation  409  the page shows another conversation than the session's
    ├── TooLarge           413  the body is larger than `MAX_BODY`
    └── RateExceeded            429  too fast; `Retry-After` says when to come back
    """

    status = 500
    code = "error"

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = dict(headers or {})

    def response(self) -> HTTPResponse:
        """Write the error as the browser gets it."""
        return answer({"error": self.code, "message": str(self)}, self.status, self.headers)


class BadRequest(ChatError):
    """The request cannot be understood."""

    status, code = 400, "bad_request"


class NoSession(ChatError):
    """There is no session token, or it opens nothing (any more)."""

    status, code = 401, "no_session"


class SignedOut(NoSession):
    """The session has ended for good: the customer signed out, or another one signed in."""

    code = "signed_out"

    def __init__(self) -> None:
        super().__init__("The session has ended.")


class ForeignOrigin(ChatError):
    """A page of this origin may not embed the chat."""

    status, code = 403, "foreign_origin"


class NotHere(ChatError):
    """There is no such conversation or page."""

    status, code = 404, "not_found"


class OtherConversation(ChatError):
    """The page shows another conversation than that of the session it sends."""

    status, code = 409, "other_conversation"


class TooLarge(ChatError):
    """The body is larger than the web chat takes."""

    status, code = 413, "too_large"


class RateExceeded(ChatError):
    """The browser is too fast."""

    status, code = 429, "too_many"

    def __init__(self, wait: float) -> None:
        super().__init__("Too many requests; try again in a moment.", {"Retry-After": str(max(1, round(wait + 0.5)))})


_unbelieved = UnknownProxyWarning(logging.getLogger(__name__), "the web chat")


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    """Make a JSON answer that no cache keeps."""
    return json_response(body, status=status, headers={"Cache-Control": "no-store", **(headers or {})})


async def read_json(request: Request) -> dict[str, Any]:
    """Read the body of a streaming route as a JSON object; an empty body is an empty object.

    Raises:
        TooLarge: More than `MAX_BODY` bytes; the rest is not kept.
        BadRequest: Not JSON, not an object, or nested too deeply.
    """
    body = bytearray()
    while request.stream is not None and request.stream.request_body:
        chunk = await request.stream.read()
        if chunk is None:
            break
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge(f"The body may have at most {MAX_BODY} bytes.")
    if not body.strip():
        return {}
    try:
        content = json.loads(body)
        check_shape(content)
    except LimitExceeded as error:
        raise BadRequest(f"{error}.") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not valid JSON.") from error
    if not isinstance(content, dict):
        raise BadRequest("The body must be a JSON object.")
    return content


def read_seq(value: Any, name: str) -> int:
    """Read a sequence number of the ledger.

    Raises:
        BadRequest: Not a whole number from 0 on.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_SEQ:
        raise BadRequest(f"`{name}` must be a whole number from 0 on.")
    return value


def read_bearer(request: Request) -> str:
    """Read the token of the Authorization header, empty if there is none."""
    kind, _, token = str(request.headers.get("authorization", "")).partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def address_of(request: Request, proxies: int) -> str:
    """Return the network address that limits count by.

    Args:
        proxies: How many proxies of the shop's own stand in front; so many entries at the end of `X-Forwarded-For`
            can be believed.
    """
    forwarded = request.headers.getall("x-forwarded-for", [])
    _unbelieved.look(proxies, forwarded)
    return counted_as(client_address(str(request.ip or ""), forwarded, proxies))


def allowed_origin(origin: str, host: str, origins: tuple[str, ...]) -> bool:
    """Check whether a page of `origin` may call.

    Args:
        origin: The Origin header, empty for callers that are no browsers.
        host: The Host header of the same request.
        origins: `TANDEM_WEBCHAT_ORIGINS`; `*` allows every page.
    """
    if not origin or "*" in origins or origin in origins:
        return True
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def refusal(origin: str, host: str) -> str:
    """Say why a page may not use the chat, and what lets it."""
    return (f"pages of {origin} may not use the chat that is reached as {host}. Name {origin} in "
            "TANDEM_WEBCHAT_ORIGINS, or, if they are one site, let the proxy in front pass on the Host header; "
            "see docs/proxies.md.")


def cors_headers(origin: str, host: str, origins: tuple[str, ...]) -> dict[str, str]:
    """Return the headers that let an allowed page of another origin read the answer."""
    if not origin or not allowed_origin(origin, host, origins):
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "authorization, content-type, x-tandem-conversation",
        "Access-Control-Expose-Headers": "retry-after",
        "Access-Control-Max-Age": "600",
    }
