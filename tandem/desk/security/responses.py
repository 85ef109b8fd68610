"""Answers that no content can break, and the headers every answer carries."""
from __future__ import annotations

import json
import math
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tandem.access.limits import MAX_BODY, LimitExceeded, check_shape

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
                               "object-src 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SafeJSONResponse(JSONResponse):
    """JSON that can hold whatever a customer sent: half surrogate pairs leave as escapes, NaN as null."""

    def render(self, content: Any) -> bytes:
        try:
            text = json.dumps(content, allow_nan=False, separators=(",", ":"))
        except ValueError:
            text = json.dumps(_finite(content), allow_nan=False, separators=(",", ":"))
        return text.encode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


class SecurityHeaders:
    """Puts the security headers on every answer, and keeps all but static files out of caches."""

    def __init__(self, app: ASGIApp, secure: bool = False) -> None:
        self._app = app
        self._headers = dict(SECURITY_HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control",
                                   "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class ReadableHost:
    """Refuses requests whose Host header is no host: the address of the request could not be told."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_host(Headers(scope=scope).get("host", "")):
            await _refuse(400, "bad_request", "the Host header cannot be read", scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_host(host: str) -> bool:
    try:
        return host.isprintable() and urlsplit(f"//{host}").netloc == host
    except ValueError:
        return False


class Compress:
    """Compresses what pages fetch, but no streams, and no whole pages.

    A page holds the session's token beside what others wrote; how well the two compress together would tell of it.
    """

    _PATHS = ("/desk/", "/static/", "/api/")

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=1_000, compresslevel=5)  # leaves event streams alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = scope["type"] == "http" and scope["path"].startswith(self._PATHS)
        await (self._compressed if wanted else self._app)(scope, receive, send)


class BodyLimit:
    """Refuses bodies above `MAX_BODY`, announced or not, and JSON that is nested too deeply or has too many values.

    No route takes a body piece by piece, so each is read as a whole before its route begins.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit():
            await _refuse(400, "bad_request", "Content-Length is no number", scope, receive, send)
            return
        body = await _read(receive) if int(announced) <= MAX_BODY else None
        if body is None:
            await _refuse(413, "too_large", f"a request may have at most {MAX_BODY} bytes", scope, receive, send)
            return
        problem = _problem_with(body)
        if problem:
            await _refuse(400, "bad_request", problem, scope, receive, send)
            return
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()  # only that the client is gone
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)


async def _read(receive: Receive) -> bytes | None:
    """Read the whole body; None if it is too large. If the client goes away, what had come."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _problem_with(body: bytes) -> str:
    """Say why the shape of a JSON body is not taken; what is no JSON is left to the route."""
    if body.lstrip()[:1] not in (b"[", b"{"):
        return ""
    try:
        check_shape(json.loads(body))
    except LimitExceeded as error:
        return str(error)
    except RecursionError:
        return "the body is nested too deeply"
    except ValueError:
        return ""
    return ""


async def _refuse(status: int, error: str, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    await SafeJSONResponse({"error": error, "detail": detail}, status_code=status)(scope, receive, send)
