"""Orders of a service over HTTP, in the JSON shape of docs/order-systems.md."""
from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from tandem.orders.adapters.http.wire import WireError, error_from_wire, from_wire, to_wire
from tandem.orders.errors import OrderNotFound, OrderSystemUnavailable, UnknownItem
from tandem.orders.model import Address, Invoice, Order, ReturnReason, ReturnRequest
from tandem.orders.policies import DEFAULT_POLICIES, ShopPolicies, check_address

T = TypeVar("T")

TIMEOUT = httpx.Timeout(5.0, connect=2.0)  # seconds for each silence of an attempt
PAUSES = (0.1, 0.4)  # seconds before the second and the third attempt
TOTAL_SECONDS = 7.0  # for all attempts: a customer waits, and a little later nobody does
MAX_ANSWER_BYTES = 5_000_000
_WORTH_ANOTHER_TRY = {429, 500, 502, 503, 504}


class HttpOrderSystem:
    """`OrderSystem` over HTTP. Safe to share among threads.

    Every request has a timeout and is tried up to three times: reads because they change nothing, writes because each
    carries its idempotency key in `Idempotency-Key`.

    Args:
        url: The service's base URL; `https://user:password@host/path` sends HTTP basic authentication.
        transport: For tests; the network when None.
        sleep: Waits, in seconds.
        policies: Say what may be done to an order of which the service does not say so.

    Raises:
        ValueError, httpx.InvalidURL: The URL cannot be one.
    """

    def __init__(
        self,
        url: str,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
        policies: ShopPolicies = DEFAULT_POLICIES,
    ) -> None:
        if not urlsplit(url).hostname or urlsplit(url).port == 0:  # `port` raises ValueError beyond 65535
            raise ValueError("the order service's URL has no host")
        base = httpx.URL(url.rstrip("/"))
        # The password leaves the URL, which is logged. No redirects: they would carry customers' addresses elsewhere.
        self._client = httpx.Client(
            base_url=base.copy_with(username=None, password=None), transport=transport, timeout=timeout,
            auth=(base.username, base.password) if base.userinfo else None,
            headers={"Accept": "application/json"}, follow_redirects=False,
        )
        self._sleep = sleep
        self._policies = policies

    def find(self, number: str) -> Order:
        return self._order(number, self._ask("GET", _path(number), number))

    def open_orders(self, email: str) -> tuple[Order, ...]:
        return self._search(email, only_open=True, limit=100)

    def recent_orders(self, email: str, limit: int = 10) -> tuple[Order, ...]:
        return self._search(email, only_open=False, limit=max(1, min(limit, 100)))

    def cancel(self, number: str, *, idempotency_key: str) -> Order:
        answer = self._ask("POST", _path(number, "cancel"), number, {}, idempotency_key)
        return self._order(number, answer)

    def change_address(self, number: str, address: Address, *, idempotency_key: str) -> Order:
        check_address(address)
        answer = self._ask("POST", _path(number, "address"), number, to_wire(address), idempotency_key)
        return self._order(number, answer)

    def start_return(
        self, number: str, *, skus: tuple[str, ...] | None = None, reason: ReturnReason, idempotency_key: str
    ) -> ReturnRequest:
        for sku in skus or ():
            if not sku.isprintable():
                raise UnknownItem(number, sku)
        body = {"skus": None if skus is None else list(skus), "reason": reason.value}
        return self._read(ReturnRequest, self._ask("POST", _path(number, "returns"), number, body, idempotency_key))

    def invoice(self, number: str) -> Invoice:
        return self._read(Invoice, self._ask("GET", _path(number, "invoice"), number))

    def check(self) -> None:
        self._ask("GET", "/health", "")

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _search(self, email: str, only_open: bool, limit: int) -> tuple[Order, ...]:
        if not email.isprintable():  # no address, and JSON cannot carry half a character
            return ()
        # The address goes in the body: URLs end up in logs.
        answer = self._ask("POST", "/orders/search", "", {"email": email, "open": only_open, "limit": limit})
        orders = answer.get("orders") if isinstance(answer, dict) else None
        if not isinstance(orders, list):
            raise OrderSystemUnavailable("the order service answered without a list of orders")
        return tuple(self._policies.applied_to(self._read(Order, order)) for order in orders)

    def _ask(self, method: str, path: str, number: str, body: Any = None, key: str = "") -> Any:
        """Send a request until it is answered, and read the JSON of the answer."""
        headers = {"Idempotency-Key": quote(key, errors="replace")} if key else {}
        until, why = time.monotonic() + TOTAL_SECONDS, ""
        for pause in (0.0, *PAUSES):
            if time.monotonic() + pause > until:
                break
            if pause:
                self._sleep(pause)
            try:
                response, content = self._attempt(method, path, body, headers, until)
            except httpx.RequestError as error:
                why = type(error).__name__
                continue
            if response.status_code not in _WORTH_ANOTHER_TRY:
                return self._answer(response, content, number, key)
            why = f"status {response.status_code}"
        raise OrderSystemUnavailable(f"the order service does not answer: {why}")

    def _attempt(
        self, method: str, path: str, body: Any, headers: dict[str, str], until: float,
    ) -> tuple[httpx.Response, bytes]:
        """Make one request; its answer is read to the end, or until the time is over or it is too long to be one."""
        left = max(0.01, until - time.monotonic())
        limits = {kind: min(left, limit) for kind, limit in self._client.timeout.as_dict().items() if limit is not None}
        timeout = httpx.Timeout(left, **limits)
        with self._client.stream(method, path, json=body, headers=headers, timeout=timeout) as response:
            content = b""
            for chunk in response.iter_bytes():
                content += chunk
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("the answer has no end")
                if len(content) > MAX_ANSWER_BYTES:
                    break
        return response, content

    def _answer(self, response: httpx.Response, content: bytes, number: str, key: str) -> Any:
        try:
            data = json.loads(content) if len(content) <= MAX_ANSWER_BYTES else None
        except (ValueError, RecursionError):
            data = None
        if response.is_success and data is not None:
            return data
        known = error_from_wire(number, key, data)
        if known is not None:
            raise known
        raise OrderSystemUnavailable(f"the order service answered status {response.status_code}, not understood")

    def _read(self, kind: type[T], data: Any) -> T:
        try:
            return from_wire(kind, data)
        except WireError as error:
            raise OrderSystemUnavailable(f"the order service answered nonsense: {error}") from error

    def _order(self, number: str, answer: Any) -> Order:
        """Refuse an answer about another order, which could show a stranger's to a customer."""
        order = self._policies.applied_to(self._read(Order, answer))
        if order.number != number:
            raise OrderSystemUnavailable("the order service answered with another order")
        return order


def _path(number: str, step: str = "") -> str:
    # Dots and slashes would change the path: servers decode %2F before they choose a route.
    if not number.isprintable() or number in ("", ".", "..") or "/" in number:
        raise OrderNotFound(number)
    return f"/orders/{quote(number, safe='')}" + (f"/{step}" if step else "")
