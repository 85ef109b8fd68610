"""The desk's door for shop engines: a good signature makes an order due, all else is refused, repeats are dropped."""
from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from tandem.conversations.model import Identity, InboundMessage
from tandem.desk.app import create_app
from tandem.desk.security.rate_limit import REJECTED
from tandem.order_updates.subscriptions import Subscriptions
from tandem.order_updates.tables import order_subscriptions, order_webhooks
from tandem.order_updates.webhooks import sign
from tandem.orders.demo_shop import seed
from tandem.services import Services, open_services
from tandem.settings import Settings

SECRETS = {"shopify": "shopify-secret-of-tests", "woocommerce": "woocommerce-secret-of-tests"}
HEADERS = {  # signature, delivery, topic
    "shopify": ("X-Shopify-Hmac-Sha256", "X-Shopify-Webhook-Id", "X-Shopify-Topic"),
    "woocommerce": ("X-WC-Webhook-Signature", "X-WC-Webhook-Delivery-ID", "X-WC-Webhook-Topic"),
}
BODIES: dict[str, dict[str, Any]] = {  # in the shape of the engines' own, shortened
    "shopify": {"id": 820982911946154508, "name": "TD-10433", "order_number": 10433, "email": "new@example.com",
                "fulfillment_status": "fulfilled", "line_items": [{"id": 1, "sku": "MUG-004"}]},
    "woocommerce": {"id": 727, "number": "TD-10433", "status": "completed", "billing": {"email": "new@example.com"}},
}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'desk.db'}", api_token="a-token-only-for-tests",
                        shopify_webhook_secret=SECRETS["shopify"], woocommerce_webhook_secret=SECRETS["woocommerce"])
    opened = open_services(settings)
    seed(opened.engine, opened.ledger.clock(), settings.shop_timezone)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def client(services: Services) -> TestClient:
    return TestClient(create_app(services.settings, services), raise_server_exceptions=False)


def post(client: TestClient, engine: str, body: bytes, signature: str | None = None, delivery: str = "d1") -> Any:
    names = HEADERS[engine]
    values = (sign(SECRETS[engine], body) if signature is None else signature, delivery, "orders/updated")
    return client.post(f"/order-updates/{engine}/webhook", content=body, headers=dict(zip(names, values)))


def subscribed(services: Services) -> None:
    """A customer is told of TD-10433, which was looked at just now."""
    ledger = services.ledger
    asked = InboundMessage("c", "telegram", "where", identity=Identity("7", "new@example.com"))
    seq = ledger.receive(asked).message.seq
    subscriptions = Subscriptions(ledger, services.settings.shop_timezone)
    subscriptions.offer("c", services.orders.find("TD-10433"), seq)
    with services.engine.begin() as connection:
        connection.execute(order_subscriptions.update().values(
            agreed_at=ledger.clock(), next_look_at=ledger.clock() + timedelta(hours=5)))


def is_due(services: Services) -> bool:
    with services.engine.connect() as connection:
        return bool(connection.execute(select(order_subscriptions.c.next_look_at)).scalar_one()
                    <= services.ledger.clock())


def rows(services: Services) -> list[Any]:
    with services.engine.connect() as connection:
        return list(connection.execute(select(order_webhooks).order_by(order_webhooks.c.id)).all())


@pytest.mark.parametrize("engine", SECRETS)
def test_a_signed_webhook_makes_the_order_due_and_a_repeat_does_nothing(
    services: Services, client: TestClient, engine: str,
) -> None:
    subscribed(services)
    body = json.dumps(BODIES[engine]).encode()
    answer = post(client, engine, body)
    assert (answer.status_code, answer.json()) == (200, {"status": "kept"})
    assert is_due(services)
    [row] = rows(services)
    assert (row.engine, row.delivery_id, row.topic, row.order_number) == (engine, "d1", "orders/updated", "TD-10433")
    with services.engine.begin() as connection:
        connection.execute(order_subscriptions.update().values(next_look_at=services.ledger.clock().replace(year=2999)))
    assert post(client, engine, body).json() == {"status": "repeated"}
    assert not is_due(services) and len(rows(services)) == 1
    assert post(client, engine, body, delivery="d2").json() == {"status": "kept"}


@pytest.mark.parametrize("engine", SECRETS)
def test_what_the_engine_has_not_signed_is_refused_and_leaves_nothing(
    services: Services, client: TestClient, engine: str,
) -> None:
    subscribed(services)
    body = json.dumps(BODIES[engine]).encode()
    other = "woocommerce" if engine == "shopify" else "shopify"
    for signature in ("", "not base64", sign("another-secret-of-nobody", body), sign(SECRETS[engine], body + b" "),
                      sign(SECRETS[other], body), "é" * 44):
        answer = post(client, engine, body, signature.encode())  # type: ignore[arg-type]
        assert answer.status_code == 401, signature
    assert rows(services) == [] and not is_due(services)


def test_an_engine_without_a_secret_has_no_door(services: Services) -> None:
    off = TestClient(create_app(services.settings.copy(update={"shopify_webhook_secret": ""}), services))
    body = json.dumps(BODIES["shopify"]).encode()
    assert post(off, "shopify", body).status_code == 404
    assert post(off, "shopify", body, sign("", body)).status_code == 404
    assert off.post("/order-updates/magento/webhook", content=body).status_code == 404


def test_a_signed_body_of_another_shape_is_told_or_passed_over(services: Services, client: TestClient) -> None:
    for body, status in ((b"", 400), (b"[1]", 400), (b"nonsense", 400), (b'{"name": null}', 200),
                         (b'{"name": "\\u0000", "order_number": true}', 200), (b'{"order_id": 1}', 200)):
        assert post(client, "shopify", body, delivery=repr(body)).status_code == status, body
    assert [row.order_number for row in rows(services)] == [None, None, None]
    big = json.dumps({"name": "TD-10433", "note": "x" * 1_100_000}).encode()
    assert post(client, "shopify", big).status_code == 413


def test_a_parcels_name_is_read_as_the_orders(services: Services, client: TestClient) -> None:
    for number, name in enumerate(("TD-10433.1", "TD-10433-F2", "td 10433")):
        post(client, "shopify", json.dumps({"name": name, "order_id": 5}).encode(), delivery=str(number))
    assert {row.order_number for row in rows(services)} == {"TD-10433"}


def test_woocommerce_may_ask_whether_anybody_is_there(services: Services, client: TestClient) -> None:
    answer = client.post("/order-updates/woocommerce/webhook", content=b"webhook_id=12",
                         headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, answer.json(), rows(services)) == (200, {"status": "ping"}, [])
    assert client.post("/order-updates/shopify/webhook", content=b"webhook_id=12").status_code == 401


def test_whoever_tries_signatures_is_answered_only_so_often(services: Services, client: TestClient) -> None:
    body = json.dumps(BODIES["shopify"]).encode()
    statuses = [post(client, "shopify", body, "wrong").status_code for _ in range(REJECTED + 2)]
    assert statuses == [401] * REJECTED + [429] * 2
    assert post(client, "shopify", body).status_code == 200, "the engine itself goes on"
