"""The guard before every route of a Sanic server: Rasa's with its channels, and the action server's."""
from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sanic import Sanic, response
from sanic.exceptions import PayloadTooLarge, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

from tandem.access.limits import (
    MAX_BODY,
    MAX_DEPTH,
    MAX_VALUES,
    LimitExceeded,
    RateLimit,
    check_shape,
    depth_of,
)
from tandem.access.proxies import counted_as
from tandem.access.sanic_connections import watch_connections
from tandem.access.sanic_requests import refuse_unreadable
from tandem.access.tokens import accepts, bearer_of

logger = logging.getLogger(__name__)

REJECTED = 30  # requests without a good token that one address is told of in full, then as many a minute
CALLS = 6000  # requests a minute that all programs with the token may send to one process
_BURST = 1000
_SIGNS_OF_A_PROXY = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"})

Check = Callable[[Request], "HTTPResponse | None"]  # the refusal, or None if the caller may go on


@dataclass(frozen=True)
class Entrance:
    """What is asked of the callers of a route.

    `check` is None for a route that is public or whose own code checks. `values` is how many keys and values the JSON
    of a body may have; None for any number, where the callers are programs that send whole conversations.
    """

    check: Check | None = None
    values: int | None = MAX_VALUES


PUBLIC = Entrance()


def for_programs(check: Check) -> Entrance:
    """Return the entrance of programs that send whole conversations."""
    return Entrance(check, None)


class TokenCheck:
    """Asks for a token, unless this is a demo and the request comes from this machine."""

    def __init__(self, tokens: str, *, setting: str, open_here: bool, off: str = "", query: bool = True) -> None:
        """
        Args:
            tokens: The valid tokens, as their setting has them.
            setting: The name of the setting, for the refusal.
            open_here: Let requests of this machine in without a token.
            off: What to say if no token is set.
            query: Take the token from `?token=` too, as Rasa's own servers do.
        """
        self._tokens = tokens
        self._setting = setting
        self._open_here = open_here
        self._query = query
        only_here = f"this demo is open to this machine only; for others set {setting}, see docs/settings.md"
        self._off = only_here if open_here else off or f"set {setting}, see docs/settings.md"
        self._rejected = RateLimit(REJECTED, REJECTED)
        self._calls = RateLimit(CALLS, _BURST)

    def __call__(self, request: Request) -> HTTPResponse | None:
        """Return the refusal, or None if the request may go on."""
        if not self._tokens:
            return None if self._open_here and from_this_machine(request) else self._refuse(request, self._off, 403)
        given = bearer_of(request.headers.get("authorization"))
        if not given and self._query:
            given = str(request.args.get("token") or "")
        if not accepts(self._tokens, given):
            return self._refuse(request, f"send the token ({self._setting}) as Authorization: Bearer", 401)
        wait = self._calls.wait("")
        return too_many(wait) if wait else None

    def _refuse(self, request: Request, words: str, status: int) -> HTTPResponse:
        wait = self._rejected.wait(counted_as(str(request.ip)))
        if wait:
            return too_many(wait)
        logger.warning("A request for %s was refused: it has no good token", request.path[:200])
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return response.json({"error": words}, status=status, headers=headers)


class SignatureCheck:
    """Lets in what a service has signed."""

    def __init__(self, is_signed: Callable[[Request], bool], words: str) -> None:
        """
        Args:
            is_signed: Whether the service's own sign is on a request.
            words: What is missing, for the log and the refusal.
        """
        self._is_signed = is_signed
        self._words = words
        self._rejected = RateLimit(REJECTED, REJECTED)

    def __call__(self, request: Request) -> HTTPResponse | None:
        """Return the refusal, or None if the request may go on."""
        if self._is_signed(request):
            return None
        wait = self._rejected.wait(counted_as(str(request.ip)))
        if wait:
            return too_many(wait)
        logger.warning("A webhook was refused: it is %s", self._words)
        return response.json({"error": self._words}, status=403)


def protect(app: Sanic, entrance_of: Callable[[str], Entrance], max_body: int = MAX_BODY) -> None:
    """Put the guard before all routes of a server, once.

    Args:
        entrance_of: What is asked of the callers of a route, by its path such as "/model/parse".
        max_body: Bytes of one request.
    """
    if getattr(app.ctx, "tandem_protected", False):
        return
    app.ctx.tandem_protected = True
    app.config.REQUEST_MAX_SIZE = max_body
    watch_connections(app)
    refuse_unreadable(app)

    async def guard(request: Request) -> HTTPResponse | None:
        if request.route is None or request.method == "OPTIONS":
            return None  # there is no such route, or the browser asks what it may do
        entrance = entrance_of(path_of(request))
        refused = entrance.check(request) if entrance.check is not None else None
        return refused or problem_with_body(request, entrance.values)

    async def too_large(_: Request, __: Exception) -> HTTPResponse:
        return response.json({"error": f"the body may have at most {max_body} bytes"}, status=413)

    app.error_handler.add(PayloadTooLarge, too_large)
    app.register_middleware(guard, "request")
    app.request_middleware.rotate(1)  # before whatever else is registered


def path_of(request: Request) -> str:
    """Return the path of the route that a request has found, as it was declared."""
    return "/" + str(request.route.path).lstrip("/") if request.route is not None else str(request.path)


def problem_with_body(request: Request, values: int | None) -> HTTPResponse | None:
    """Refuse a body that is too large, too deep or broken JSON; what is no JSON at all is left to the route."""
    if len(request.body) > request.app.config.REQUEST_MAX_SIZE:
        raise PayloadTooLarge("the body is too large")
    try:
        if values is None:
            if depth_of(request.body) > MAX_DEPTH:
                raise LimitExceeded(f"lists and objects may be nested {MAX_DEPTH} levels deep")
            return None
        for content in _json_in(request):
            check_shape(content, values=values)
    except LimitExceeded as error:
        return response.json({"error": str(error)}, status=400)
    except (SanicException, ValueError, RecursionError):
        return response.json({"error": "the body is not valid JSON, or nested too deeply"}, status=400)
    return None


def _json_in(request: Request) -> list[Any]:
    """Return the JSON of a body, or of the form field in which Slack sends it; nothing for any other body."""
    if str(request.headers.get("content-type", "")).startswith("application/x-www-form-urlencoded"):
        return [json.loads(part) for part in request.form.getlist("payload", [])]
    return [request.json] if request.body.lstrip()[:1] in (b"[", b"{") else []


def too_many(wait: float) -> HTTPResponse:
    """Answer one request too many: come back after so many seconds."""
    return response.json({"error": "too many requests"}, status=429, headers={"Retry-After": str(max(1, round(wait)))})


def from_this_machine(request: Request) -> bool:
    """Check whether a request was made on this machine, by a program or a page of it, with no proxy between."""
    forwarded = any(name.startswith("x-forwarded-") or name in _SIGNS_OF_A_PROXY for name in request.headers)
    foreign_page = request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    host = str(request.headers.get("host", ""))
    origin = str(request.headers.get("origin", ""))
    try:
        own_page = not origin or urlsplit(origin).netloc == host
        own_host = _is_local(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
    return not forwarded and not foreign_page and own_page and own_host and _is_local(str(request.ip))


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
