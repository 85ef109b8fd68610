"""Shopify's adapter before answers as Shopify gives them: tokens, points, errors in three layers, near misses.

The contract runs on a Shopify executed from its schema (tests/shop_engine), where npm is.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tandem.orders.adapters.shopify.adapter import Shopify
from tandem.orders.adapters.shopify.client import ShopifyClient
from tandem.orders.adapters.shopify.config import ShopifyOptions
from tandem.orders.config import OrdersConfigError, OrdersSection
from tandem.orders.engine import EngineRefused
from tandem.orders.engine_orders import EngineOrders
from tandem.orders.errors import OrderNotFound, OrderSystemUnavailable
from tandem.orders.http_client import HttpClient
from tandem.orders.model import Address, OrderStatus
from tandem.orders.shipments import ShipmentState
from tests.fakes.clock import Seconds
from tests.fakes.transport import Reply, Transport, reply

BUCKET = {"maximumAvailable": 2000, "currentlyAvailable": 40, "restoreRate": 100}


def node(name: str = "TD-1001", email: str = "ava@example.com", **changes: Any) -> dict[str, Any]:
    """An order as Shopify answers it."""
    price = {"shopMoney": {"amount": "18.0", "currencyCode": "USD"}}
    return {
        "id": "gid://shopify/Order/1", "name": name, "email": email, "processedAt": "2026-11-27T09:00:00Z",
        "cancelledAt": None, "displayFulfillmentStatus": "UNFULFILLED", "displayFinancialStatus": "PAID",
        "currencyCode": "USD", "totalPriceSet": price, "customer": {"displayName": "Ava Sandoval"},
        "shippingAddress": {"name": "Ava Sandoval", "address1": "645 Harrison St", "address2": None,
                            "city": "San Francisco", "zip": "94107", "provinceCode": "CA", "countryCodeV2": "US"},
        "lineItems": {"nodes": [{"id": "gid://shopify/LineItem/1", "sku": "MUG-004", "name": "Mug", "quantity": 2,
                                 "discountedUnitPriceSet": price}]},
        "fulfillments": [], "refunds": [], "returns": {"nodes": []}, **changes}


def parcel(quantity: int, display: str, **changes: Any) -> dict[str, Any]:
    return {"id": f"gid://shopify/Fulfillment/{display}", "status": "SUCCESS", "displayStatus": display,
            "createdAt": "2026-11-28T09:00:00Z", "inTransitAt": None, "deliveredAt": None, "estimatedDeliveryAt": None,
            "trackingInfo": [], "events": {"nodes": []}, "fulfillmentLineItems": {"nodes": [
                {"quantity": quantity, "lineItem": {"id": "gid://shopify/LineItem/1"}}]}, **changes}


def found(*nodes: Mapping[str, Any], after: str | None = None) -> Reply:
    return reply(200, json={"data": {"orders": {
        "nodes": list(nodes), "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}}})


def engine(transport: Transport, clock: Seconds | None = None, **options: Any) -> Shopify:
    given = ShopifyOptions(shop="mine.myshopify.com", **(options or {"token": "shpat_1"}))
    http = HttpClient("https://mine.myshopify.com", adapter=transport, sleep=transport.pauses.append)
    client = ShopifyClient(given, http, sleep=transport.pauses.append, **({"clock": clock} if clock else {}))
    return Shopify(given, client, sleep=transport.pauses.append)


def test_what_the_search_finds_beside_is_no_order_of_this_number_or_address() -> None:
    near = node("TD-10011", "xava@example.com")
    orders = EngineOrders(engine(Transport(found(near))), None)
    with pytest.raises(OrderNotFound):
        orders.find("TD-1001")
    assert orders.recent_orders("ava@example.com") == ()
    assert EngineOrders(engine(Transport(found(near, node()))), None).find("TD-1001").email == "ava@example.com"


def test_words_of_a_customer_are_quoted() -> None:
    transport = Transport(found())
    list(engine(transport).by_number(('1" OR status:any \\',)))
    variables = json.loads(transport.requests[0].body or "")["variables"]
    assert variables["q"] == r'name:"1\" OR status:any \\"'


def test_pages_are_read_until_there_are_enough() -> None:
    transport = Transport(found(node(), node("TD-1002"), after="c1"), found(node("TD-1003")))
    assert len(list(engine(transport).by_email("ava@example.com", 3))) == 3
    assert json.loads(transport.requests[1].body or "")["variables"]["after"] == "c1"
    transport = Transport(found(node(), after="c1"))
    assert len(list(engine(transport).by_email("ava@example.com", 1))) == 1 and len(transport.requests) == 1


def test_a_throttled_call_waits_as_long_as_the_bucket_says() -> None:
    throttled = reply(200, json={"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                                 "extensions": {"cost": {"requestedQueryCost": 140, "actualQueryCost": None,
                                                         "throttleStatus": BUCKET}}})
    transport = Transport(throttled, found(node()))
    assert len(list(engine(transport).by_number(("TD-1001",)))) == 1
    assert transport.pauses == [1.0]
    with pytest.raises(OrderSystemUnavailable, match="no points"):
        list(engine(Transport(throttled)).by_number(("TD-1001",)))


def test_a_permanent_token_is_sent_as_it_is() -> None:
    transport = Transport(found())
    list(engine(transport).by_number(("TD-1001",)))
    assert transport.requests[0].headers["X-Shopify-Access-Token"] == "shpat_1"
    assert transport.requests[0].path_url == "/admin/api/2026-10/graphql.json"


def test_a_token_of_a_day_is_fetched_once_and_renewed_before_its_end() -> None:
    clock, fetched = Seconds(), []

    def shop(request: Any) -> Reply:
        if request.path_url.endswith("access_token"):
            fetched.append(request.body)
            return reply(200, json={"access_token": f"t{len(fetched)}", "scope": "read_orders", "expires_in": 86_399})
        assert request.headers["X-Shopify-Access-Token"] == f"t{len(fetched)}"
        return found()

    one = engine(Transport(shop), clock, client_id="id", client_secret="hush")
    for clock.now in (0.0, 3_600.0, 86_000.0):
        list(one.by_number(("1",)))
    assert fetched == ["grant_type=client_credentials&client_id=id&client_secret=hush"] * 2


def test_a_token_that_was_taken_back_is_fetched_anew_once() -> None:
    token = reply(200, json={"access_token": "t", "expires_in": 86_399})
    transport = Transport(token, reply(401, json={"errors": "Invalid"}), token, found(node()))
    assert len(list(engine(transport, client_id="id", client_secret="hush").by_number(("TD-1001",)))) == 1


@pytest.mark.parametrize(("answer", "told"), [
    (reply(401, json={"errors": "[API] Invalid API key"}), "does not take the token"),
    (reply(200, json={"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}}]}), "scopes"),
    (reply(200, json={"errors": [{"message": "Field 'x' doesn't exist"}]}), "with errors"),
    (reply(200, json={"data": None}), "no data"), (Reply(200, b"<html>"), "status 200"), (reply(404), "status 404"),
], ids=str)
def test_errors_of_a_whole_request_are_unavailable(answer: Reply, told: str) -> None:
    with pytest.raises(OrderSystemUnavailable, match=told):
        list(engine(Transport(answer)).by_number(("TD-1001",)))


def test_errors_inside_the_data_are_refusals() -> None:
    [target] = engine(Transport(found(node()))).by_number(("TD-1001",))
    refusal = reply(200, json={"data": {"orderCancel": {
        "job": None, "orderCancelUserErrors": [{"code": "INVALID", "field": None, "message": "no"}]}}})
    with pytest.raises(EngineRefused, match="INVALID"):
        engine(Transport(refusal)).cancel(target)
    wrong = reply(200, json={"data": {"orderUpdate": {"order": None, "userErrors": [{"field": ["zip"]}]}}})
    with pytest.raises(EngineRefused):
        engine(Transport(wrong)).change_address(target, Address("A B", "s", "c", "1"))


def test_cancelling_waits_for_its_job_and_is_asked_for_once() -> None:
    [target] = engine(Transport(found(node()))).by_number(("TD-1001",))
    job = {"id": "gid://shopify/Job/1", "done": False}
    transport = Transport(
        reply(200, json={"data": {"orderCancel": {"job": job, "orderCancelUserErrors": []}}}),
        reply(200, json={"data": {"job": job}}), reply(200, json={"data": {"job": {**job, "done": True}}}))
    engine(transport).cancel(target)
    assert len(transport.requests) == 3
    transport = Transport(reply(502))
    with pytest.raises(OrderSystemUnavailable):
        engine(transport).cancel(target)
    assert len(transport.requests) == 1


@pytest.mark.parametrize(("parcels", "status", "states"), [
    ([], OrderStatus.PROCESSING, [ShipmentState.PENDING]),
    ([parcel(2, "FULFILLED")], OrderStatus.SHIPPED, [ShipmentState.IN_TRANSIT]),
    ([parcel(2, "A_WORD_OF_NEXT_YEAR")], OrderStatus.SHIPPED, [ShipmentState.IN_TRANSIT]),
    ([parcel(2, "LABEL_PRINTED")], OrderStatus.PROCESSING, [ShipmentState.PENDING]),
    ([parcel(1, "IN_TRANSIT")], OrderStatus.PARTLY_SHIPPED, [ShipmentState.IN_TRANSIT, ShipmentState.PENDING]),
    ([parcel(2, "OUT_FOR_DELIVERY")], OrderStatus.OUT_FOR_DELIVERY, [ShipmentState.OUT_FOR_DELIVERY]),
    ([parcel(2, "DELIVERED", deliveredAt="2026-11-29T09:00:00Z")], OrderStatus.DELIVERED, [ShipmentState.DELIVERED]),
    ([parcel(2, "CANCELED", status="CANCELLED")], OrderStatus.PROCESSING, [ShipmentState.PENDING]),
], ids=str)
def test_where_an_order_is_the_parcels_say(
    parcels: list[Any], status: OrderStatus, states: list[ShipmentState],
) -> None:
    [one] = engine(Transport(found(node(fulfillments=parcels)))).by_number(("TD-1001",))
    assert one.order.status is status and [parcel.state for parcel in one.order.shipments] == states


def test_the_check_says_which_scopes_are_missing() -> None:
    report = engine(Transport(reply(200, json={"data": {
        "shop": {"name": "Mine", "currencyCode": "USD"},
        "currentAppInstallation": {"accessScopes": [{"handle": "read_orders"}]}}}))).check()
    assert report.name == "Shopify, Mine, version 2026-10" and len(report.warnings) == 3
    assert any("60 days" in warning for warning in report.warnings)


@pytest.mark.parametrize("keys", [{}, {"token": "${T}", "client_id": "a", "client_secret": "${T}"}, {"client_id": "a"}])
def test_there_is_one_way_to_sign_in(keys: dict[str, str]) -> None:
    with pytest.raises(OrdersConfigError, match="must have"):
        OrdersSection("shopify", {"shop": "mine.myshopify.com", **keys}).read(ShopifyOptions)
