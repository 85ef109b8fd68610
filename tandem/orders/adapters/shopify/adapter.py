"""Orders in a Shopify shop, over its GraphQL Admin API. docs/orders/shopify.md tells what follows from it."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tandem.orders.acts.requests import ActRequest
from tandem.orders.adapters.shopify import queries
from tandem.orders.adapters.shopify.client import ShopifyClient
from tandem.orders.adapters.shopify.config import ShopifyOptions
from tandem.orders.adapters.shopify.order_acts import ShopifyActs
from tandem.orders.adapters.shopify.reader import read_order
from tandem.orders.adapters.shopify.refusals import refuse
from tandem.orders.engine import EngineOrder, EngineRefused, EngineReport
from tandem.orders.model import Address, OrderAct, OrderItem, ReturnReason

_IDEMPOTENT = "2026-01"  # from which a refund can carry a key
_PAGE = 5  # orders; each costs points by all that hangs on it
_PAGES = 4
_JOB_LOOKS = 10
_JOB_PAUSE = 0.4  # seconds
_REASONS: Mapping[ReturnReason, str] = {
    ReturnReason.CHANGED_MIND: "UNWANTED", ReturnReason.DAMAGED: "DEFECTIVE", ReturnReason.WRONG_ITEM: "WRONG_ITEM",
    ReturnReason.NOT_AS_DESCRIBED: "NOT_AS_DESCRIBED", ReturnReason.DOES_NOT_FIT: "OTHER", ReturnReason.OTHER: "OTHER",
}
_SCOPES = {
    "read_orders": "no order can be read", "write_orders": "no order can be cancelled, refunded or sent elsewhere",
    "write_returns": "no return can be started",
    "read_all_orders": "orders older than 60 days are not there for the app, and count as not found",
}


class Shopify:
    """A `ShopEngine` over Shopify. Its orders are found by a search, whose words are quoted and compared afterwards."""

    does_once = False

    def __init__(
        self, options: ShopifyOptions, client: ShopifyClient, business_days: tuple[int, int] = (5, 7),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._options = options
        self._client = client
        self._acts = ShopifyActs(client)
        self.acts = frozenset({OrderAct.CANCEL, OrderAct.CHANGE_ADDRESS, OrderAct.START_RETURN, OrderAct.NOTE}) | (
            {OrderAct.REFUND} if options.version >= _IDEMPOTENT else set()) | (
            {OrderAct.VOUCHER} if options.gift_cards else set())
        self._days = business_days
        self._sleep = sleep

    def by_number(self, numbers: tuple[str, ...]) -> Iterator[EngineOrder]:
        for number in numbers:
            found = [one for one in self._search("name", number) if one.order.number in numbers]
            yield from found
            if found:
                return

    def by_email(self, email: str, limit: int) -> Iterator[EngineOrder]:
        for seen, one in enumerate(self._search("email", email), 1):
            yield one
            if seen >= limit:
                return

    def newest(self) -> EngineOrder | None:
        nodes = self._client.ask(queries.NEWEST, {})["orders"]["nodes"]
        return read_order(nodes[0], self._options.services, self._days) if nodes else None

    def cancel(self, target: EngineOrder) -> None:
        said = self._client.ask(queries.CANCEL, {"id": target.id}, repeatable=False)["orderCancel"]
        refuse(said["orderCancelUserErrors"])
        job = said.get("job")
        for _ in range(_JOB_LOOKS):  # it is a job: done only when it says so
            if not job or job["done"]:
                return
            self._sleep(_JOB_PAUSE)
            job = self._client.ask(queries.JOB, {"id": job["id"]})["job"]

    def change_address(self, target: EngineOrder, address: Address) -> None:
        first, _, last = address.name.partition(" ")
        said = self._client.ask(queries.ADDRESS, {"input": {"id": target.id, "shippingAddress": {
            "firstName": first, "lastName": last, "address1": address.street, "address2": "", "city": address.city,
            "zip": address.postcode, "provinceCode": address.region or None, "countryCode": address.country}}},
            repeatable=False)["orderUpdate"]
        refuse(said["userErrors"])

    def start_return(self, target: EngineOrder, lines: tuple[OrderItem, ...], reason: ReturnReason) -> None:
        skus = {item["id"]: str(item.get("sku") or item["id"]) for item in target.data["lineItems"]["nodes"]}
        wanted = {line.sku for line in lines}
        found = self._client.ask(queries.RETURNABLE, {"id": target.id})["returnableFulfillments"]["nodes"]
        parts = [{"fulfillmentLineItemId": part["fulfillmentLineItem"]["id"], "quantity": part["quantity"],
                  "returnReason": _REASONS[reason]}
                 for one in found for part in one["returnableFulfillmentLineItems"]["nodes"]
                 if skus.get(part["fulfillmentLineItem"]["lineItem"]["id"]) in wanted]
        if not parts:
            raise EngineRefused("nothing of it can be returned")
        given = {"input": {"orderId": target.id, "returnLineItems": parts}}
        if self._options.returns == "open":
            refuse(self._client.ask(queries.MAKE_RETURN, given, repeatable=False)["returnCreate"]["userErrors"])
        else:
            refuse(self._client.ask(queries.ASK_RETURN, given, repeatable=False)["returnRequest"]["userErrors"])

    def act(self, target: EngineOrder, request: ActRequest, reference: str) -> str:
        return self._acts.act(target, request, reference)

    def made(self, target: EngineOrder, request: ActRequest, reference: str) -> str | None:
        return self._acts.made(target, request, reference)

    def check(self) -> EngineReport:
        said = self._client.ask(queries.HEALTH, {})
        scopes = {one["handle"] for one in said["currentAppInstallation"]["accessScopes"]}
        scopes |= {scope.replace("write_", "read_") for scope in scopes}
        wanted = {**_SCOPES, **({"write_gift_cards": "no voucher can be made"} if self._options.gift_cards else {})}
        lacks = tuple(f"the app has not the scope {scope}: {what}" for scope, what in wanted.items()
                      if scope not in scopes)
        return EngineReport(f"Shopify, {said['shop']['name']}, version {self._options.version}", lacks)

    def _search(self, field: str, value: str) -> Iterator[EngineOrder]:
        """Search one field for words that are put in quotes; a page at a time, because each costs points."""
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        after: Any = None
        for _ in range(_PAGES):
            found = self._client.ask(queries.FIND, {"q": f'{field}:"{quoted}"', "n": _PAGE, "after": after})["orders"]
            for node in found["nodes"]:
                yield read_order(node, self._options.services, self._days)
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]
