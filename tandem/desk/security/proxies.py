"""The desk behind a proxy: under a path of its host, with clients' own addresses, and with an origin that is its own.

Routes and pages are written as if the desk stood at the root of its host and talked to browsers itself. Here, and in
`rendering` for the links of pages, that is set right. docs/proxies.md tells how to set a proxy up.
"""
from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tandem.access.proxies import UnknownProxyWarning, client_address
from tandem.settings import Settings

logger = logging.getLogger(__name__)


class BehindProxies:
    """Takes the desk's path off requests, whether the proxy has or not, and puts it on redirects and cookies."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._base = settings.desk_base_path
        self._proxies = settings.proxies
        self._unbelieved = UnknownProxyWarning(logger, "the desk")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = {**scope, **self._client(scope), **self._path(scope)}

        async def send_under_base(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "location" in headers:
                    headers["location"] = under(self._base, _without_host(headers["location"]))
            if self._base and message["type"] == "http.response.start":
                message["headers"] = [(name, self._cookie(value) if name == b"set-cookie" else value)
                                      for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, send_under_base)

    def _client(self, scope: Scope) -> dict[str, Any]:
        forwarded = Headers(scope=scope).getlist("x-forwarded-for")
        if not forwarded or scope.get("client") is None:
            return {}
        self._unbelieved.look(self._proxies, forwarded)
        host, port = scope["client"]
        found = client_address(host, forwarded, self._proxies)
        return {"client": (found, 0 if found != host else port)}

    def _path(self, scope: Scope) -> dict[str, Any]:
        path = scope["path"]
        if not self._base or not (path == self._base or path.startswith(f"{self._base}/")):
            return {}
        raw = scope.get("raw_path")
        shorter = {"path": path[len(self._base):] or "/"}
        if isinstance(raw, bytes) and raw.startswith(self._base.encode()):
            return {**shorter, "raw_path": raw[len(self._base):] or b"/"}
        return shorter

    def _cookie(self, value: bytes) -> bytes:
        """Keep a cookie whose name begins with `__Host-` at the path `/`, or browsers refuse it."""
        if value.startswith(b"__Host-"):
            return value
        parts = value.split(b"; ")
        return b"; ".join(b"Path=" + under(self._base, part[5:].decode()).encode() if part.lower().startswith(b"path=")
                          else part for part in parts)


def _without_host(address: str) -> str:
    """Write a redirect within the host; the framework takes host and scheme from what the request says."""
    return urlsplit(address)._replace(scheme="", netloc="").geturl()


def under(base: str, address: str) -> str:
    """Move an address of the desk under its path; other addresses stay as they are."""
    if not base or not address.startswith("/") or address.startswith("//"):
        return address
    return address if address == base or address.startswith((f"{base}/", f"{base}?")) else base + address


def origin_trouble(request: Request, settings: Settings) -> str:
    """Say why a form cannot be from a page of the desk's, for the page and the log; empty if it can.

    A page's own origin is the host that it was asked of, or the address that TANDEM_DESK_URL names.
    """
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    if origin in (None, "null"):
        return ""
    try:
        found = urlsplit(str(origin))
        own = urlsplit(settings.public_desk_url)
    except ValueError:
        return "The browser's Origin cannot be read."
    theirs = (found.scheme.lower(), found.netloc.lower())
    if all(theirs) and (theirs[1] == host.lower() or theirs == (own.scheme.lower(), own.netloc.lower())):
        return ""
    trouble = f"Host is {host[:100]}, Origin is {str(origin)[:100]}"
    logger.warning("A form was refused: %s. If a proxy stands in front, let it pass the Host header on, or set "
                   "TANDEM_DESK_URL to the address that agents use; see docs/proxies.md", trouble)
    return (f"This page and the desk disagree about the desk's address: {trouble}. The proxy in front must pass the "
            "Host header on, or TANDEM_DESK_URL name the address that agents use; see docs/proxies.md.")
