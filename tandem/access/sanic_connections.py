"""Counts the connections of Sanic servers, which count none themselves."""
from __future__ import annotations

from typing import Any

from sanic import Sanic, response
from sanic.exceptions import RequestTimeout, ServiceUnavailable
from sanic.http import Stage
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.server.protocols.http_protocol import HttpProtocol

from tandem.access.connections import (
    HEAD_SECONDS,
    Connections,
    Phase,
    address_of,
    connections_of_this_process,
)


def watch_connections(app: Sanic) -> None:
    """Limit how many connections a server keeps, and how long each may take to send its request."""
    app.config.KEEP_ALIVE_TIMEOUT = int(HEAD_SECONDS)
    app.config.REQUEST_TIMEOUT = int(HEAD_SECONDS)
    app.ctx.tandem_connections = connections_of_this_process()
    for error in (RequestTimeout, ServiceUnavailable):
        app.error_handler.add(error, _quietly)
    _install()


async def _quietly(_: Request, error: Exception) -> HTTPResponse:
    """Answer to a connection that is broken off, without the line in the log that each would otherwise have."""
    return response.empty(status=getattr(error, "status_code", 503))


def _install() -> None:
    """Let Sanic's protocol, which offers no other way, tell of each connection that is made and lost."""
    if getattr(HttpProtocol, "tandem_watched", False):
        return
    protocol: Any = HttpProtocol
    made, lost = protocol.connection_made, protocol.connection_lost

    def connection_made(self: HttpProtocol, transport: Any) -> None:
        made(self, transport)
        known: Connections | None = getattr(self.app.ctx, "tandem_connections", None)
        if known is not None:
            known.opened(self, address_of(transport), lambda: _state_of(self), transport.abort)

    def connection_lost(self: HttpProtocol, error: Exception | None) -> None:
        known: Connections | None = getattr(self.app.ctx, "tandem_connections", None)
        if known is not None:
            known.closed(self)
        lost(self, error)

    protocol.connection_made, protocol.connection_lost = connection_made, connection_lost
    protocol.tandem_watched = True


def _state_of(protocol: HttpProtocol) -> tuple[Phase, Any]:
    http = protocol._http if hasattr(protocol, "_http") else None
    if http is None or http.stage in (Stage.IDLE, Stage.REQUEST):
        return Phase.HEAD, None if http is None else getattr(http, "request", None)
    if http.stage is Stage.HANDLER and http.request_body:
        return Phase.BODY, http.request
    return Phase.BUSY, http.request
