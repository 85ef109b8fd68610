"""JSON calls to outside tools over HTTP, with an end in sight: what goes wrong becomes a `LiveAgentError`."""
from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tandem.live_agents.protocol import LiveAgentRefused, LiveAgentUnavailable

TIMEOUT = 10.0  # seconds for each of connecting, sending and waiting
WHOLE = 20.0  # seconds that reading an answer may take in all
WORK = 25.0  # seconds that the calls of one piece of work may take together
MAX_ANSWER = 8_000_000  # bytes
FOR_GOOD = frozenset({400, 410, 413, 422})  # answers after which the same request is not made again


@dataclass(frozen=True)
class Answer:
    """What a tool answered: a JSON object (empty if there was none) with its status."""

    status: int
    data: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Calls:
    """Calls to one tool. Safe to use from several threads. Its errors name the call, never headers or what was sent."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None,
        timeout: float = TIMEOUT, transport: httpx.BaseTransport | None = None,
    ) -> None:
        """
        Args:
            base_url: What every path is put after.
            auth: User and password of basic authentication.
            timeout: Seconds for each of connecting, sending and waiting.
        """
        self._client = httpx.Client(
            base_url=base_url, headers={"User-Agent": "Tandem", **(headers or {})}, auth=auth, timeout=timeout,
            transport=transport, follow_redirects=False)
        self._timeout = timeout
        self._work = threading.local()

    def begin(self) -> None:
        """This thread begins a piece of work: from now on its calls end within `WORK` seconds in all."""
        self._work.until = time.monotonic() + WORK

    def call(
        self, method: str, path: str, body: Any = None, params: Mapping[str, str | int] | None = None,
        expected: frozenset[int] = frozenset(),
    ) -> Answer:
        """Make one call.

        Args:
            expected: Statuses besides 2xx that are answers, not errors.

        Raises:
            LiveAgentUnavailable: Not reached, too slow, or an error that may pass.
            LiveAgentRefused: The tool will not take this request (400, 410, 413, 422).
        """
        name = f"{method} {path}"
        left = getattr(self._work, "until", math.inf) - time.monotonic()
        if left <= 0:
            raise LiveAgentUnavailable(f"{name}: the calls before it took too long")
        try:
            with self._client.stream(method, path, json=body, params=params,
                                     timeout=min(self._timeout, left)) as response:
                status, headers = response.status_code, response.headers
                content = _content(response, name, min(WHOLE, left))
        except httpx.HTTPError as error:
            raise LiveAgentUnavailable(f"{name}: {type(error).__name__}: {error}") from error
        if 200 <= status < 300 or status in expected:
            return Answer(status, _object(content, name, status in expected), headers)
        if status in FOR_GOOD:
            raise LiveAgentRefused(f"{name}: answered with {status}: {_excerpt(content)}")
        raise LiveAgentUnavailable(f"{name}: answered with {status}", seconds(headers.get("retry-after", "")))


def seconds(value: str) -> float | None:
    """The pause that a `Retry-After` header asks for, in seconds; None if it is missing or a date, which is rare."""
    try:
        pause = float(value)
    except ValueError:
        return None
    return pause if math.isfinite(pause) and pause >= 0 else None


def _content(response: httpx.Response, name: str, limit: float) -> bytes:
    content, until = b"", time.monotonic() + limit
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER or time.monotonic() > until:
            raise LiveAgentUnavailable(f"{name}: the answer has no end")
    return content


def _object(content: bytes, name: str, lenient: bool) -> Mapping[str, Any]:
    try:
        data = json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError) as error:
        if lenient:
            return {}
        raise LiveAgentUnavailable(f"{name}: the answer is not JSON") from error
    if isinstance(data, dict):
        return data
    if lenient:
        return {}
    raise LiveAgentUnavailable(f"{name}: the answer is not an object")


def _excerpt(content: bytes) -> str:
    return " ".join(content[:300].decode("utf-8", "replace").split())
