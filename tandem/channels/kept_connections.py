"""HTTP calls over kept connections, at a fraction of what a general client takes of the event loop.

For the one caller that calls twice in most turns (`action_endpoint`): POST, a body of JSON, no redirects, no TLS.
Errors are aiohttp's, by which Rasa knows them.
"""
from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httptools


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    content_type: str
    body: bytes


class KeptConnections:
    """Connections to one server, as many as there are calls at the same time.

    Args:
        url: http://HOST[:PORT][/PATH]
        headers: Those of every call.
    """

    def __init__(self, url: str, headers: Mapping[str, Any]) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = (f"POST {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}", "Accept: application/json",
                 *(f"{name}: {value}" for name, value in headers.items()),
                 "Content-Type: application/json", "Content-Length: ")
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header has more than one line")
        self._head = "\r\n".join(lines).encode("latin-1")
        self._free: list[_Connection] = []

    async def post(self, body: bytes, seconds: float) -> Answer:
        """Send a body of JSON, and wait for the answer.

        Raises:
            asyncio.TimeoutError: There was none within `seconds`.
            aiohttp.ClientConnectionError: The server cannot be reached, or broke off.
        """
        end = asyncio.get_running_loop().time() + seconds
        connection = self._free.pop() if self._free else await self._open(seconds)
        return await connection.call(b"%b%d\r\n\r\n%b" % (self._head, len(body), body), end)

    async def _open(self, seconds: float) -> _Connection:
        opening = asyncio.get_running_loop().create_connection(lambda: _Connection(self._free), *self._address)
        try:
            _, connection = await asyncio.wait_for(opening, seconds)
        except OSError as error:
            raise aiohttp.ClientConnectionError(f"cannot connect: {error}") from error
        return connection

    def close(self) -> None:
        """Close all that is free."""
        while self._free:
            self._free.pop().close()


class _Connection(asyncio.Protocol):
    """One connection, and the call that is on its way over it; when that is answered, it is `free` again."""

    def __init__(self, free: list[_Connection]) -> None:
        self._free = free
        self._transport: Any = None
        self._answer: asyncio.Future[Answer] | None = None

    async def call(self, request: bytes, end: float) -> Answer:
        """Send a request, and wait for the answer until the loop's clock says `end`; see `KeptConnections.post`."""
        loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._content_type, self._parts = "", list[bytes]()
        self._is_measured = self._goes_to_the_end = self._is_kept = False
        self._answer = loop.create_future()
        self._transport.write(request)
        alarm = loop.call_at(end, self._fail, asyncio.TimeoutError())
        try:
            answer = await self._answer
        except BaseException:
            self.close()
            raise
        finally:
            alarm.cancel()
        if self._is_kept and not self._transport.is_closing():
            self._free.append(self)
        else:
            self.close()
        return answer

    def close(self) -> None:
        """Close it at once."""
        self._transport.abort()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    # -- what asyncio calls -----------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._free:
            self._free.remove(self)
        if self._answer is not None and error is None and self._goes_to_the_end:
            self.on_message_complete()
        self._fail(aiohttp.ServerDisconnectedError())

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # nobody has asked
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(aiohttp.ClientConnectionError(f"not HTTP: {error}"))

    # -- what the parser calls --------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        known = name.lower()
        if known == b"content-type":
            self._content_type = value.decode("latin-1").partition(";")[0].strip().lower()
        elif known in (b"content-length", b"transfer-encoding"):
            self._is_measured = True

    def on_headers_complete(self) -> None:
        self._goes_to_the_end = not self._is_measured

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._answer is not None and not self._answer.done() and status >= 200:
            self._is_kept = self._parser.should_keep_alive()
            self._answer.set_result(Answer(status, self._content_type, b"".join(self._parts)))
