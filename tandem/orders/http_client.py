"""JSON calls to a shop's engine over HTTP, with an end to each; what goes wrong is `OrderSystemUnavailable`."""
from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from tandem.orders.errors import OrderSystemUnavailable

CONNECT_SECONDS = 2.0
SILENCE_SECONDS = 5.0  # for each silence of an attempt
TOTAL_SECONDS = 7.0  # for all attempts: a customer waits, and a little later nobody does
PAUSES = (0.1, 0.4)  # seconds before the second and the third attempt, unless the engine names others
MAX_ANSWER_BYTES = 5_000_000
TOO_MANY = 429
FAILED = 500
_PASSING = frozenset({500, 502, 503, 504})
_NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


@dataclass(frozen=True)
class HttpAnswer:
    """What an engine answered. `data` is None if it was no JSON; numbers with a point are `Decimal`."""

    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Check whether it is a success with JSON in it."""
        return 200 <= self.status < 300 and self.data is not None


class HttpClient:
    """Calls to one engine. Safe to share among threads; errors and logs hold no secret and nothing of what was sent.

    Reads are tried up to three times. Writes are tried again only if the engine said that it did not do them (429, with
    `Retry-After` kept), or if the caller says that a repeat is safe.

    Args:
        url: What paths are put after.
        headers: Sent with each request.
        query: Sent with each request, for engines that take their key there.
        user: User and password of HTTP basic authentication.
        adapter: For tests; the network when None.
        sleep: Waits, in seconds.
    """

    def __init__(
        self, url: str, *, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None,
        user: tuple[str, str] | None = None, adapter: BaseAdapter | None = None,
        timeout: tuple[float, float] = (CONNECT_SECONDS, SILENCE_SECONDS), total: float = TOTAL_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        self._query = dict(query or {})
        self._timeout = timeout
        self._total = total
        self._sleep = sleep
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", "User-Agent": "Tandem", **(headers or {})})
        self._session.auth = user if user is not None else _leave_as_it_is
        self._session.cookies.set_policy(_NO_COOKIES)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter or HTTPAdapter(pool_maxsize=16))

    def call(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None,
        form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, repeatable: bool | None = None,
    ) -> HttpAnswer:
        """Send a request until it is answered. Statuses that are not worth another attempt are answers.

        Args:
            body: Sent as JSON.
            repeatable: Doing it twice is as doing it once; None: if it is a GET.

        Raises:
            OrderSystemUnavailable: No answer, or none that is whole, in time.
        """
        again = method == "GET" if repeatable is None else repeatable
        sent = {"params": {**self._query, **(query or {})}, "json": body, "data": form, "headers": headers}
        until, why, waits = time.monotonic() + self._total, "", 0.0
        for pause in (0.0, *PAUSES):
            pause = max(pause, waits)
            if time.monotonic() + pause > until:
                break
            if pause:
                self._sleep(pause)
            try:
                answer = self._attempt(method, f"{self._url}{path}", until, sent)
            except requests.RequestException as error:
                why = type(error).__name__  # its text may hold the address with a key in it
                if not again:
                    break
                continue
            if answer.status == TOO_MANY or (answer.status in _PASSING and again):
                why, waits = f"status {answer.status}", _seconds(answer.headers.get("Retry-After", ""))
                continue
            if answer.status in _PASSING and answer.status != FAILED:  # of its own failure a service tells why
                why = f"status {answer.status}"
                break
            return answer
        raise OrderSystemUnavailable(f"the order service does not answer: {why or 'out of time'}")

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _attempt(self, method: str, url: str, until: float, sent: Mapping[str, Any]) -> HttpAnswer:
        """Make one request; its answer is read to the end, or until the time is over or it is too long to be one."""
        left = max(0.01, until - time.monotonic())
        timeout = (min(left, self._timeout[0]), min(left, self._timeout[1]))
        # No redirects: they would carry customers' addresses elsewhere.
        with self._session.request(method, url, timeout=timeout, stream=True, allow_redirects=False, **sent) as got:
            content = b""
            for chunk in got.iter_content(65_536):
                content += chunk
                if time.monotonic() > until:
                    raise requests.ReadTimeout("the answer has no end")
                if len(content) > MAX_ANSWER_BYTES:
                    content = b""
                    break
            return HttpAnswer(got.status_code, _json(content), got.headers)


def _leave_as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from putting a password of ~/.netrc in place of our own header."""
    return request


def _json(content: bytes) -> Any:
    try:
        return json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def _seconds(value: str) -> float:
    """Read `Retry-After`; 0 if it is missing or a date, which is rare."""
    try:
        pause = float(value)
    except ValueError:
        return 0.0
    return pause if math.isfinite(pause) and pause > 0 else 0.0
