"""HTTP to Chatwoot: the token, time limits, and which answers are worth another try."""
from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tandem.live_agents.adapters.chatwoot.config import Options
from tandem.live_agents.http_client import seconds
from tandem.live_agents.protocol import LiveAgentRefused, LiveAgentUnavailable

BUDGET = 24.0  # seconds for all requests of one call of the relay's
MAX_ANSWER = 20_000_000  # bytes
MINUTE = 60.0  # seconds: Chatwoot counts messages by the minute
# Answers besides 401 and 403 that a later attempt may change.
PASSING = frozenset({402, 407, 408, 421, 423, 425, 429})
_WORDS = 300  # characters of Chatwoot's explanation


class NotThere(LiveAgentRefused):
    """Chatwoot has no such thing, or no longer."""


class Invalid(LiveAgentRefused):
    """Chatwoot does not take these values (422)."""


class Client:
    """A Chatwoot account. Safe to use from several threads."""

    def __init__(
        self, options: Options, transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout = options.timeout
        self._monotonic = monotonic
        self._http = httpx.Client(
            base_url=f"{options.url}/api/v1/", transport=transport, follow_redirects=False,
            headers={
                "Api-Access-Token": options.token,  # nginx drops the underscores of the name in Chatwoot's pages
                "Accept": "application/json", "User-Agent": "Tandem",
                "Accept-Encoding": "identity",  # Chatwoot 4.12 refused tokens of compressed requests
            },
        )

    def call(self) -> Call:
        """Room for the requests of one call of the relay's."""
        return Call(self._http, self._timeout, self._monotonic() + BUDGET, self._monotonic)


class Call:
    """Requests that share one time limit."""

    def __init__(
        self, http: httpx.Client, timeout: float, until: float, monotonic: Callable[[], float],
    ) -> None:
        self._http = http
        self._timeout = timeout
        self._until = until
        self._monotonic = monotonic

    def get(self, path: str, **params: str | int) -> Any:
        """The JSON at a path below `/api/v1/`; see `post`."""
        return self._request("GET", path, params=params or None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What Chatwoot answers, read from JSON.

        Raises:
            LiveAgentUnavailable: Not reached, too slow, an error of Chatwoot's own, a limit, or a token that it does
                not accept. The call may have taken effect.
            NotThere, Invalid, LiveAgentRefused: It will not do this; the text has Chatwoot's words.
        """
        return self._request("POST", path, json=body)

    def _request(self, method: str, path: str, **content: Any) -> Any:
        what = f"{method} {path}"
        left = self._until - self._monotonic()
        if left <= 0:
            raise LiveAgentUnavailable(f"{what}: no time left, Chatwoot is too slow")
        timeout = min(self._timeout, left / 3)  # each of connecting, sending and waiting may take so long
        try:
            with self._http.stream(method, path, timeout=timeout, **content) as response:
                body = self._read(response, what)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LiveAgentUnavailable(f"{what}: {type(error).__name__}: {error}") from error
        if not 200 <= response.status_code < 300:
            raise _error(what, response, body)
        try:
            return json.loads(body) if body.strip() else None
        except (ValueError, RecursionError) as error:
            raise LiveAgentUnavailable(f"{what}: the answer is not JSON; is url right?") from error

    def _read(self, response: httpx.Response, what: str) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER or self._monotonic() > self._until:
                raise LiveAgentUnavailable(f"{what}: the answer does not end")
        return bytes(body)


def _error(what: str, response: httpx.Response, body: bytes) -> Exception:
    status, words = response.status_code, _words(body)
    text = f"{what}: answered with {status}" + (f": {words}" if words else "")
    if status in (401, 403):
        return LiveAgentUnavailable(f"{text}; check token and the inbox's members, see docs/chatwoot.md")
    if status == 422:
        if "too many messages" in words.lower():
            return LiveAgentUnavailable(text, MINUTE)
        return Invalid(text)
    if status == 404:
        return NotThere(text)
    if status >= 500 or status in PASSING:
        return LiveAgentUnavailable(text, seconds(response.headers.get("retry-after", "")))
    if 300 <= status < 400:
        return LiveAgentRefused(f"{text}: redirected; give url as Chatwoot is reached in the end")
    return LiveAgentRefused(text)


def _words(body: bytes) -> str:
    """Chatwoot's own explanation, as it may be shown and logged."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = (data.get("error") or data.get("message") or data.get("errors")) if isinstance(data, dict) else None
    text = found if isinstance(found, str) else json.dumps(found) if found else ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_WORDS]
