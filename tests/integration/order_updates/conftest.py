"""A customer who wants to be told of an order, on each of the databases, with a shop whose orders change when told."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Identity, InboundMessage, Message
from tandem.conversations.ownership import Ownership
from tandem.order_updates.mail import Mailer
from tandem.order_updates.subscriptions import Subscriptions
from tandem.order_updates.tables import order_subscriptions, order_updates
from tandem.order_updates.worker import UpdateWorker
from tandem.orders.demo_orders import demo_orders
from tandem.orders.model import OrderStatus
from tandem.orders.policies import ShopPolicies
from tandem.orders.shipments import ShipmentState
from tandem.settings import Settings
from tandem.shop.schema import Shop
from tests.fakes.clock import Clock
from tests.fakes.orders import FakeOrderSystem
from tests.fakes.ready import open_ready

NUMBER, EMAIL = "TD-10433", "new@example.com"  # being prepared
AVA = Identity("7", EMAIL)


class Stage:
    """One shop, one customer in the conversation `c`, and workers."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.clock = Clock(datetime(2025, 6, 24, 15, 0, tzinfo=timezone.utc))  # eleven in the morning in New York
        self.ledger = Ledger(engine, self.clock)
        self.ownership = Ownership(self.ledger)
        self.settings = Settings()
        self.orders = FakeOrderSystem(demo_orders(self.clock(), timezone.utc), self.clock, ShopPolicies())
        self.subscriptions = Subscriptions(self.ledger, self.settings.shop_timezone)
        self.worker = self.new_worker()

    def new_worker(self, mailer: Mailer | None = None) -> UpdateWorker:
        return UpdateWorker(self.ledger, self.orders, self.settings, mailer)

    def says(self, text: str, channel: str = "telegram", identity: Identity | None = AVA, **more: Any) -> int:
        """The customer writes; the message's number."""
        return self.ledger.receive(InboundMessage("c", channel, text, identity=identity, **more)).message.seq

    def asks(self, seq: int, number: str = NUMBER) -> Message:
        """The bot asks whether to tell, in the turn of a message."""
        question = self.subscriptions.question("c", seq, number)
        asked = self.ledger.record_bot_reply(
            "c", self.ledger.conversation("c").epoch, "Shall I tell you?", reply_to=seq, key=f"{seq}.1",
            data={"question": {**vars(question), "details": {}}, "buttons": [{"title": "Yes", "payload": "/affirm"}]})
        assert asked is not None
        return asked

    def subscribe(self, mood: str = "", language: str = "", **more: Any) -> None:
        """The customer has asked where an order is, and said yes."""
        seq = self.says("Where is my order?", **more)
        assert self.subscriptions.offer("c", self.orders.find(NUMBER), seq)
        self.asks(seq)
        assert self.subscriptions.agree("c", self.says("yes please", **more), mood, language) == NUMBER

    def becomes(self, status: OrderStatus, days: int = 3, **more: Any) -> None:
        """The shop changes the order; it is expected in so many days."""
        order = self.orders.orders[NUMBER]
        state = ShipmentState.DELIVERED if status is OrderStatus.DELIVERED else ShipmentState.IN_TRANSIT
        parcel = replace(order.shipments[0], state=state, shipped_at=self.clock(),
                         expected_by=self.clock() + timedelta(days=days),
                         delivered_at=self.clock() if state is ShipmentState.DELIVERED else None)
        self.orders.orders[NUMBER] = replace(order, status=status, shipments=(parcel,), **more)

    def look(self, worker: UpdateWorker | None = None, minutes: float = 15) -> None:
        """Time passes, and a worker looks."""
        self.clock.advance(minutes=minutes)
        (worker or self.worker).look()

    @property
    def told(self) -> list[str]:
        """What was said to the customer without being asked."""
        return [one.text for one in self.ledger.messages("c") if "order_update" in one.data
                and one.author is Author.BOT]

    @property
    def notes(self) -> list[str]:
        """What agents read of it instead."""
        return [one.text for one in self.ledger.messages("c") if "order_update" in one.data
                and one.author is Author.SYSTEM]

    @property
    def ended_by(self) -> str | None:
        with self.engine.connect() as connection:
            return connection.execute(select(order_subscriptions.c.ended_by)).scalar_one()

    @property
    def record(self) -> dict[str, str]:
        """What the customer knows, and by which way."""
        with self.engine.connect() as connection:
            return dict(connection.execute(select(order_updates.c.change, order_updates.c.way)).all())


@pytest.fixture
def stage(ready_url: str) -> Iterator[Stage]:
    engine = open_ready(ready_url)
    yield Stage(engine)
    engine.dispose()


@pytest.fixture
def shop_file(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say how the shop tells: `shop_file(quiet="")`."""
    def change(**keys: Any) -> None:
        shop = Shop.parse_obj({"order_updates": keys})
        monkeypatch.setattr("tandem.order_updates.worker.current_shop", lambda: shop)

    change(look_minutes=10)
    return change


@pytest.fixture(autouse=True)
def _usual_shop(shop_file: Any) -> None:
    return None
