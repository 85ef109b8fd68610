"""What might make the news of an order wrong: orders that vanish, clocks that jump, other tabs, repeated webhooks."""
from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tandem.conversations.model import Agent, HandoffRequest, Identity, InboundMessage
from tandem.order_updates.webhooks import EngineWebhooks, sign
from tandem.orders.model import OrderStatus
from tests.integration.order_updates.conftest import AVA, NUMBER, Stage

SECRET = "the-secret-of-both-engines"


def vanish(stage: Stage) -> Any:
    return stage.orders.orders.pop(NUMBER)


def test_an_order_that_stays_away_for_a_day_is_told_as_gone_once_and_ended(stage: Stage) -> None:
    stage.subscribe()
    vanish(stage)
    stage.look()
    assert (stage.told, stage.ended_by) == ([], None), "it may come back"
    for _ in range(4):
        stage.look(minutes=24 * 60)
    assert len(stage.told) == 1 and "can't find order TD-10433" in stage.told[0] and stage.ended_by == "gone"
    calls = len(stage.orders.calls)
    stage.look(minutes=24 * 60)
    assert len(stage.orders.calls) == calls


def test_one_that_comes_back_goes_on_and_is_missed_anew(stage: Stage) -> None:
    stage.subscribe()
    order = vanish(stage)
    stage.look()
    stage.orders.orders[NUMBER] = order
    stage.becomes(OrderStatus.SHIPPED, days=9)
    stage.look(minutes=22 * 60)  # the next morning, before the day is over
    assert len(stage.told) == 1 and "on its way" in stage.told[0] and "missing" not in stage.record
    vanish(stage)
    stage.look(minutes=5 * 60)
    assert (len(stage.told), stage.ended_by) == (1, None), "a day from when it was missed this time"


def test_whoever_wishes_it_again_once_the_order_is_back_is_told_again(stage: Stage) -> None:
    stage.subscribe()
    order = vanish(stage)
    stage.look()
    stage.look(minutes=24 * 60)
    assert stage.ended_by == "gone"
    stage.orders.orders[NUMBER] = order
    seq = stage.says("it's back, tell me when it ships")
    assert stage.subscriptions.offer("c", order, seq, wished=True)
    stage.asks(seq)
    stage.subscriptions.agree("c", stage.says("yes"), "", "")
    vanish(stage)
    for minutes in (15, 60, 24 * 60):
        assert len(stage.told) == 1, "a day again"
        stage.look(minutes=minutes)
    assert len(stage.told) == 2 and stage.ended_by == "gone"


@pytest.mark.parametrize("language", ["de", "fr", "sv"])
def test_that_it_is_gone_is_said_in_the_customers_language_if_it_is_known(stage: Stage, language: str) -> None:
    stage.subscribe(language=language)
    vanish(stage)
    stage.look()
    stage.look(minutes=24 * 60)
    assert {"de": "nicht mehr in unserem System", "fr": "ne trouve plus", "sv": "can't find"}[language] in stage.told[0]


def test_who_has_signed_out_is_not_told_that_it_is_gone(stage: Stage) -> None:
    stage.subscribe()
    vanish(stage)
    stage.look()
    stage.says("hello", identity=Identity("8", "other@example.com"))
    stage.look(minutes=24 * 60)
    assert (stage.told, stage.notes, stage.ended_by) == ([], [], "identity")


def test_while_people_have_the_conversation_they_read_that_it_is_gone(stage: Stage) -> None:
    stage.subscribe()
    vanish(stage)
    stage.look()
    stage.ownership.open_handoff(HandoffRequest("c", "Asked for a person", "intent:ask_for_human"))
    stage.ownership.claim("c", Agent("anna", "Anna"))
    stage.look(minutes=24 * 60)
    assert stage.told == [] and "can't find" in stage.notes[0] and stage.ended_by == "gone"


def test_a_clock_that_jumps_back_tells_nothing_twice_and_ends_nothing(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    stage.clock.at -= timedelta(hours=2)
    stage.look()
    stage.look()
    assert len(stage.told) == 1
    vanish(stage)
    stage.look(minutes=180)
    stage.clock.at -= timedelta(hours=1)
    stage.look(minutes=30)
    assert (len(stage.told), stage.ended_by) == (1, None)


def test_a_clock_that_jumps_ahead_over_the_night_tells_once(stage: Stage) -> None:
    stage.subscribe()
    stage.becomes(OrderStatus.SHIPPED, days=60)
    stage.look(minutes=24 * 60 * 30)
    stage.look()
    assert len(stage.told) == 1


def test_two_tabs_of_one_customer_are_one_subscription_each_and_told_once(stage: Stage) -> None:
    """The other tab is another conversation, which never said yes."""
    stage.subscribe()
    stage.ledger.receive(InboundMessage("other", "telegram", "where is my order?", identity=AVA))
    stage.becomes(OrderStatus.SHIPPED)
    stage.look()
    assert len(stage.told) == 1
    assert [one for one in stage.ledger.messages("other") if "order_update" in one.data] == []


SHOPIFY = {  # as orders/updated is published, shortened
    "id": 820982911946154508, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508", "app_id": None,
    "cancel_reason": "customer", "cancelled_at": "2021-12-31T19:00:00-05:00", "contact_email": "jon@example.com",
    "currency": "USD", "email": "jon@example.com", "financial_status": "voided", "fulfillment_status": None,
    "name": "#10433", "note": None, "number": 234, "order_number": 10433, "phone": None, "test": True,
    "total_price": "388.00", "line_items": [{"id": 866550311766439020, "name": "IPod Nano - 8GB", "quantity": 1}],
    "fulfillments": [], "refunds": [], "shipping_lines": [{"id": 271878346596884015, "title": "Generic Shipping"}],
}
WOOCOMMERCE = {  # an order as version 3 of the REST API tells it, shortened
    "id": 10433, "parent_id": 0, "number": "10433", "order_key": "wc_order_58d2d042d1d", "created_via": "rest-api",
    "version": "3.0.0", "status": "completed", "currency": "USD", "date_created": "2017-03-22T16:28:02",
    "date_created_gmt": "2017-03-22T19:28:02", "total": "29.35", "customer_id": 0, "billing": {
        "first_name": "John", "email": "john.doe@example.com", "phone": "(555) 555-5555"}, "line_items": [
            {"id": 315, "name": "Woo Single #1", "product_id": 93, "quantity": 2}], "refunds": [], "meta_data": [],
}
HEADERS = {
    "shopify": ("x-shopify-hmac-sha256", "x-shopify-webhook-id", "x-shopify-topic", "orders/updated"),
    "woocommerce": ("x-wc-webhook-signature", "x-wc-webhook-delivery-id", "x-wc-webhook-topic", "order.updated"),
}


@pytest.mark.parametrize(("engine", "body"), [("shopify", SHOPIFY), ("woocommerce", WOOCOMMERCE)])
def test_a_published_body_sent_again_under_other_ids_tells_nothing_twice(
    stage: Stage, engine: str, body: dict[str, Any],
) -> None:
    settings = stage.settings.copy(update={"shopify_webhook_secret": SECRET, "woocommerce_webhook_secret": SECRET})
    doors = EngineWebhooks(stage.ledger, settings)
    signature, delivery, topic, name = HEADERS[engine]
    raw = json.dumps(body).encode()
    stage.subscribe()
    stage.look()
    stage.becomes(OrderStatus.SHIPPED)
    for serial in range(3):
        given = {signature: sign(SECRET, raw), delivery: f"d{serial}", topic: name}
        assert doors.receive(engine, given, raw) == "kept"
        assert doors.receive(engine, given, raw) == "repeated"
        stage.look(minutes=0.1)  # long before the pace
    assert len(stage.told) == 1 and "on its way" in stage.told[0]
