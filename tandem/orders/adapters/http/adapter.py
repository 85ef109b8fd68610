"""Orders of a service over HTTP, in the JSON shape of docs/order-systems.md."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from requests.adapters import BaseAdapter

from tandem.orders.acts.requests import ActRequest, ActResult
from tandem.orders.adapters.http.json_format import JsonFormatError, error_from_json, from_json, to_json
from tandem.orders.errors import OrderNotFound, OrderSystemUnavailable, UnknownItem
from tandem.orders.http_client import HttpClient
from tandem.orders.model import Address, Invoice, Order, ReturnReason, ReturnRequest
from tandem.orders.policies import DEFAULT_POLICIES, ShopPolicies, check_address

T = TypeVar("T")


class HttpOrderSystem:
    """`OrderSystem` over HTTP. Safe to share among threads.

    Every request has a timeout and is tried up to three times: reads because they change nothing, writes because each
    carries its idempotency key in `Idempotency-Key`.

    Args:
        url: The service's base URL; `https://user:password@host/path` sends HTTP basic authentication.
        adapter, sleep: For tests; the network and the clock if left out.
        policies: Say what may be done to an order of which the service does not say so.

    Raises:
        ValueError: The URL cannot be one.
    """

    def __init__(
        self, url: str, client: HttpClient | None = None, adapter: BaseAdapter | None = None,
        sleep: Callable[[float], None] = time.sleep, policies: ShopPolicies = DEFAULT_POLICIES,
    ) -> None:
        self._client = client or open_client(url, adapter, sleep)
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
        answer = self._ask("POST", _path(number, "address"), number, to_json(address), idempotency_key)
        return self._order(number, answer)

    def start_return(
        self, number: str, *, skus: tuple[str, ...] | None = None, reason: ReturnReason, idempotency_key: str
    ) -> ReturnRequest:
        for sku in skus or ():
            if not sku.isprintable():
                raise UnknownItem(number, sku)
        body = {"skus": None if skus is None else list(skus), "reason": reason.value}
        return self._read(ReturnRequest, self._ask("POST", _path(number, "returns"), number, body, idempotency_key))

    def act(self, number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        body = {"act": request.act.value, **to_json(request)}
        return self._read(ActResult, self._ask("POST", _path(number, "acts"), number, body, idempotency_key))

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
        answer = self._client.call(method, path, body=body, headers=headers, repeatable=True)
        if answer.ok:
            return answer.data
        known = error_from_json(number, key, answer.data)
        if known is not None:
            raise known
        raise OrderSystemUnavailable(f"the order service answered status {answer.status}, not understood")

    def _read(self, kind: type[T], data: Any) -> T:
        try:
            return from_json(kind, data)
        except JsonFormatError as error:
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


def open_client(
    url: str, adapter: BaseAdapter | None = None, sleep: Callable[[float], None] = time.sleep,
) -> HttpClient:
    """Open a client of a base URL; the password leaves the URL, which is logged.

    Raises:
        ValueError: The URL cannot be one.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # `port` raises ValueError too
        raise ValueError("the order service's URL has no host")
    base = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    user = (unquote(parts.username or ""), unquote(parts.password or "")) if parts.username is not None else None
    return HttpClient(base, user=user, adapter=adapter, sleep=sleep)
