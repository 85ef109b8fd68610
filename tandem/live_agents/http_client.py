"""JSON calls to outside tools over HTTP, with an end in sight: what goes wrong becomes a `LiveAgentError`."""
from __future__ import annotations

import json
import math
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import httpx

from tandem.live_agents.protocol import LiveAgentError, LiveAgentRefused, LiveAgentUnavailable

TIMEOUT = 10.0  # seconds for each of connecting, sending and waiting
WHOLE = 20.0  # seconds that reading an answer may take in all
WORK = 25.0  # seconds that the calls of one piece of work may take together
MAX_ANSWER = 20_000_000  # bytes
FOR_GOOD = frozenset({400, 410, 413, 422})  # answers after which the same request is not made again
_WORDS = 300  # characters of a tool's explanation

Item = TypeVar("Item")


@dataclass(frozen=True)
class ToolResponse:
    """What a tool answered: a JSON object (empty if there was none) with its status."""

    status: int
    data: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def error_of(name: str, status: int, content: bytes, headers: Mapping[str, str]) -> LiveAgentError:
    """Return what an answer other than 2xx means, unless the adapter knows better.

    Only `FOR_GOOD` is refused for good.
    """
    if status in FOR_GOOD:
        words = words_of(content)
        return LiveAgentRefused(f"{name}: answered with {status}" + (f": {words}" if words else ""))
    return LiveAgentUnavailable(f"{name}: answered with {status}", seconds(headers.get("retry-after", "")))


@cache
def tls_context() -> ssl.SSLContext:
    """Return the trusted certificates as httpx knows them; all clients share them, for reading them takes long."""
    return httpx.create_ssl_context()


class Calls:
    """Calls to one tool. Safe to use from several threads. Its errors name the call, never headers or what was sent."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None,
        timeout: float = TIMEOUT, transport: httpx.BaseTransport | None = None,
        error_of: Callable[[str, int, bytes, Mapping[str, str]], LiveAgentError] = error_of,
    ) -> None:
        """
        Args:
            base_url: What every path is put after.
            auth: User and password of basic authentication.
            timeout: Seconds for each of connecting, sending and waiting.
            error_of: Makes the error of an answer other than 2xx, from the call's name, status, body and headers.
        """
        self._client = httpx.Client(
            base_url=base_url, verify=tls_context(), headers={"User-Agent": "Tandem", **(headers or {})}, auth=auth,
            timeout=timeout, transport=transport, follow_redirects=False)
        weakref.finalize(self, self._client.close)
        self._timeout = timeout
        self._error_of = error_of
        self._work = threading.local()

    def begin(self) -> None:
        """Begin a piece of work in this thread: its calls end within `WORK` seconds in all."""
        self._work.until = time.monotonic() + WORK

    def call(
        self, method: str, path: str, body: Any = None, params: Mapping[str, str | int] | None = None,
        expected: frozenset[int] = frozenset(),
    ) -> ToolResponse:
        """Make one call.

        Args:
            body: What is sent as JSON.
            expected: Statuses besides 2xx that are answers, not errors.

        Raises:
            LiveAgentUnavailable: Not reached, too slow, or an error that may pass.
            LiveAgentRefused: The tool will not take this request.
        """
        name = f"{method} {path}"
        status, content, headers = self._send(name, True, expected, method, path, json=body, params=params)
        return ToolResponse(status, _object(content, name, status in expected), headers)

    def post_bytes(self, name: str, url: str, content: bytes, headers: Mapping[str, str]) -> None:
        """Post a body that is signed already. Only the status counts: an answer without end holds nobody up.

        Args:
            name: What errors call it; the address may hold secrets.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused: As `call` does.
        """
        self._send(name, False, frozenset(), "POST", url, content=content, headers=dict(headers))

    def _send(
        self, name: str, reads: bool, expected: frozenset[int], method: str, url: str, **request: Any,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        left = getattr(self._work, "until", math.inf) - time.monotonic()
        if left <= 0:
            raise LiveAgentUnavailable(f"{name}: the calls before it took too long")
        # Connecting, sending and waiting one after the other end in the time that is left.
        short = min(self._timeout, left / 4)
        timeout = httpx.Timeout(short, read=min(self._timeout, left / 2))
        try:
            with self._client.stream(method, url, timeout=timeout, **request) as response:
                status, headers = response.status_code, response.headers
                content = _content(response, name, min(WHOLE, left)) if reads else b""
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LiveAgentUnavailable(f"{name}: {type(error).__name__}: {error}") from error
        if not 200 <= status < 300 and status not in expected:
            raise self._error_of(name, status, content, headers)
        return status, content, headers


def pages(
    fetch: Callable[[str], tuple[Sequence[Item], str]], most: int, newest_first: bool,
) -> Iterator[Sequence[Item]]:
    """Yield the pages of a list, each at the cursor that the one before it named.

    Args:
        fetch: Gives the page at a cursor (the first at "") and the next page's cursor, empty after the last.
        most: How many pages are read.
        newest_first: A longer list may be left there; else what is new would be missing.

    Raises:
        LiveAgentUnavailable: A list with the newest at its end is longer.
    """
    cursor = ""
    for _ in range(most):
        page, cursor = fetch(cursor)
        yield page
        if not cursor:
            return
    if not newest_first:
        raise LiveAgentUnavailable(f"the list has no end after {most} pages")


def seconds(value: str) -> float | None:
    """Read the seconds that a `Retry-After` header asks for; None if it is missing or a date, which is rare."""
    try:
        pause = float(value)
    except ValueError:
        return None
    return pause if math.isfinite(pause) and pause >= 0 else None


def words_of(content: bytes) -> str:
    """Read a tool's own explanation of an error, on one short line that may be shown and logged."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = content[:_WORDS].decode("utf-8", "replace")
    if isinstance(data, dict):
        data = data.get("error") or data.get("message") or data.get("errors") or ""
    text = data if isinstance(data, str) else json.dumps(data)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_WORDS]


def _content(response: httpx.Response, name: str, limit: float) -> bytes:
    content, until = bytearray(), time.monotonic() + limit
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER or time.monotonic() > until:
            raise LiveAgentUnavailable(f"{name}: the answer has no end")
    return bytes(content)


def _object(content: bytes, name: str, lenient: bool) -> Mapping[str, Any]:
    try:
        data = json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError) as error:
        if lenient:
            return {}
        raise LiveAgentUnavailable(f"{name}: the answer is not JSON; is the address right?") from error
    if isinstance(data, dict):
        return data
    if lenient or data is None:
        return {}
    raise LiveAgentUnavailable(f"{name}: the answer is not an object; is the address right?")
