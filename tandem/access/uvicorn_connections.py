"""Counts the connections of a uvicorn server, which has no time limit for the head of a request."""
from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tandem.access.connections import Connections, Phase, address_of


def protocol_counting_in(connections: Connections) -> type[asyncio.Protocol]:
    """Return the protocol to give to `uvicorn.Config(http=...)`."""

    class CountingProtocol(HttpToolsProtocol):
        """uvicorn's protocol, which tells of each connection that is made and lost."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            connections.opened(self, address_of(transport), lambda: _state_of(self), transport.abort)

        def connection_lost(self, error: Exception | None) -> None:
            connections.closed(self)
            super().connection_lost(error)

    return CountingProtocol


def _state_of(protocol: Any) -> tuple[Phase, Any]:
    cycle = protocol.cycle
    if cycle is None or cycle.response_complete:
        return Phase.HEAD, cycle
    return (Phase.BODY if cycle.more_body else Phase.BUSY), cycle
