"""Webhooks of shop engines: checked, noted, answered. One only says that an order is worth a look now.

What has become of the order is read from the order system, by the worker: so a webhook that is forged, old or out of
order can tell nobody anything.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from tandem.conversations.ledger import Ledger
from tandem.conversations.store import printable
from tandem.order_updates.tables import order_subscriptions, order_webhooks
from tandem.orders.errors import InvalidOrderNumber
from tandem.orders.identifiers import normalise_order_number
from tandem.settings import Settings

_FULFILMENT = re.compile(r"(?:\.|-F)\d+$")  # behind the order's name: "#1001.1" is the first parcel of "#1001"
_PING = re.compile(rb"webhook_id=\d{1,20}")  # WooCommerce's, unsigned, when the webhook is saved


class ForgedWebhook(Exception):
    """Nobody who knows the secret has sent it."""


class UnreadableWebhook(Exception):
    """It is signed, and no JSON object."""


class UnknownEngine(Exception):
    """There is no such engine, or its secret is not set."""


@dataclass(frozen=True)
class WebhookSource:
    """How one engine signs its webhooks and names orders in them; headers in small letters."""

    secret: Callable[[Settings], str]
    setting: str
    signature: str
    delivery: str
    topic: str
    numbers: Callable[[Mapping[str, Any]], Iterator[Any]]


def _shopify_numbers(body: Mapping[str, Any]) -> Iterator[Any]:
    name = body.get("name")
    if isinstance(name, str):
        yield name
        yield _FULFILMENT.sub("", name)
    yield body.get("order_number")


def _woocommerce_numbers(body: Mapping[str, Any]) -> Iterator[Any]:
    yield body.get("number")
    yield body.get("id")


SOURCES: Mapping[str, WebhookSource] = {
    "shopify": WebhookSource(
        lambda settings: settings.shopify_webhook_secret, "TANDEM_SHOPIFY_WEBHOOK_SECRET", "x-shopify-hmac-sha256",
        "x-shopify-webhook-id", "x-shopify-topic", _shopify_numbers),
    "woocommerce": WebhookSource(
        lambda settings: settings.woocommerce_webhook_secret, "TANDEM_WOOCOMMERCE_WEBHOOK_SECRET",
        "x-wc-webhook-signature", "x-wc-webhook-delivery-id", "x-wc-webhook-topic", _woocommerce_numbers),
}


class EngineWebhooks:
    """Takes webhooks; blocking."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings

    def receive(self, engine: str, headers: Mapping[str, str], body: bytes) -> str:
        """Check a webhook, and note in one transaction that it came and that its order is to be looked at.

        Args:
            headers: With names in small letters.
            body: As it came, byte by byte.

        Returns:
            What became of it: kept, repeated or ping.

        Raises:
            UnknownEngine, ForgedWebhook, UnreadableWebhook: It is not taken.
        """
        source = SOURCES.get(engine)
        secret = source.secret(self._settings) if source is not None else ""
        if source is None or not secret:
            raise UnknownEngine(engine)
        given = headers.get(source.signature, "")
        if engine == "woocommerce" and not given and _PING.fullmatch(body):
            return "ping"
        if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), sign(secret, body).encode()):
            raise ForgedWebhook(f"{source.signature} does not fit {source.setting}")
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise UnreadableWebhook("the body is no JSON object")
        delivery = headers.get(source.delivery) or hashlib.sha256(body).hexdigest()
        return self._keep(engine, delivery, headers.get(source.topic, ""), _numbers(source, content))

    def _keep(self, engine: str, delivery: str, topic: str, numbers: tuple[str, ...]) -> str:
        now = self._ledger.clock()
        try:
            with self._ledger.engine.begin() as connection:
                connection.execute(insert(order_webhooks).values(
                    engine=engine, delivery_id=printable(delivery)[:255], topic=printable(topic)[:64],
                    order_number=numbers[0][:64] if numbers else None, received_at=now))
                connection.execute(update(order_subscriptions).where(
                    order_subscriptions.c.order_number.in_(numbers),
                    order_subscriptions.c.next_look_at.is_not(None)).values(next_look_at=now))
        except IntegrityError:
            return "repeated"
        return "kept"


def sign(secret: str, body: bytes) -> str:
    """Sign a body as Shopify and WooCommerce do."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _numbers(source: WebhookSource, body: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the numbers that the order may have, in the shop's form."""
    found = []
    for candidate in source.numbers(body):
        if isinstance(candidate, (str, int)) and not isinstance(candidate, bool):
            try:
                found.append(normalise_order_number(str(candidate)[:100]))
            except InvalidOrderNumber:
                continue
    return tuple(dict.fromkeys(found))
