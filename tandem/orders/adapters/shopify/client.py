"""GraphQL calls to Shopify: signing in by either kind of token, its cost bucket, and its three layers of errors."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from tandem.orders.adapters.shopify.config import ShopifyOptions
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.http_client import HttpClient

_TOKEN_PATH = "/admin/oauth/access_token"
_EARLY = 600.0  # seconds before its end at which a token is renewed
_WAITS = 3  # for points
_LONGEST_WAIT = 4.0  # seconds; a customer waits


class ShopifyClient:
    """Safe to share among threads."""

    def __init__(
        self, options: ShopifyOptions, http: HttpClient, sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._http = http
        self._sleep = sleep
        self._clock = clock
        self._signing_in = threading.Lock()
        self._token, self._ends_at = options.token, float("inf") if options.token else 0.0

    def ask(self, text: str, variables: Mapping[str, Any], repeatable: bool = True) -> Mapping[str, Any]:
        """Run a query or a mutation; its data.

        Throttled calls were not done, whatever their HTTP status; they wait until there are points enough.

        Raises:
            OrderSystemUnavailable: No answer, no points in time, or an error of the whole request.
        """
        renewed = False
        for _ in range(_WAITS + 1):
            answer = self._http.call(
                "POST", f"/admin/api/{self._options.version}/graphql.json", repeatable=repeatable,
                body={"query": text, "variables": dict(variables)},
                headers={"X-Shopify-Access-Token": self._current_token()})
            if answer.status == 401 and self._options.client_id and not renewed:
                self._ends_at, renewed = 0.0, True  # taken back before its time
                continue
            if answer.status in (401, 403):
                raise OrderSystemUnavailable("Shopify does not take the token; is the app installed in this shop?")
            if not answer.ok or not isinstance(answer.data, Mapping):
                raise OrderSystemUnavailable(f"Shopify answered status {answer.status}, not understood")
            errors = answer.data.get("errors") or []
            codes = [_code(error) for error in errors] if isinstance(errors, list) else ["error"]
            if "THROTTLED" in codes:
                self._sleep(_seconds_until_enough(answer.data))
                continue
            if "ACCESS_DENIED" in codes:
                raise OrderSystemUnavailable(
                    "Shopify does not let the app do this; docs/orders/shopify.md has the scopes that it needs")
            if codes or not isinstance(answer.data.get("data"), Mapping):
                raise OrderSystemUnavailable(f"Shopify answered with errors: {', '.join(codes) or 'no data'}")
            return dict(answer.data["data"])
        raise OrderSystemUnavailable("Shopify has no points left for us")

    def _current_token(self) -> str:
        with self._signing_in:
            if self._clock() >= self._ends_at:
                answer = self._http.call("POST", _TOKEN_PATH, repeatable=True, form={
                    "grant_type": "client_credentials", "client_id": self._options.client_id,
                    "client_secret": self._options.client_secret})
                if not answer.ok or not isinstance(answer.data, Mapping) or not answer.data.get("access_token"):
                    raise OrderSystemUnavailable(
                        "Shopify does not take client_id and client_secret; is the app of this shop's organisation?")
                self._token = str(answer.data["access_token"])
                self._ends_at = self._clock() + max(0.0, float(answer.data.get("expires_in") or 0) - _EARLY)
            return self._token


def _code(error: Any) -> str:
    extensions = error.get("extensions") if isinstance(error, Mapping) else None
    return str(extensions.get("code") or "error") if isinstance(extensions, Mapping) else "error"


def _seconds_until_enough(data: Mapping[str, Any]) -> float:
    """Return how long the bucket takes to hold what the call wants."""
    cost = (data.get("extensions") or {}).get("cost") or {}
    bucket = cost.get("throttleStatus") or {}
    try:
        missing = float(cost["requestedQueryCost"]) - float(bucket["currentlyAvailable"])
        return min(max(0.1, missing / float(bucket["restoreRate"])), _LONGEST_WAIT)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 1.0
