"""Customers of a run who want to be told of an order: they ask where it is, say yes or no, the shop sends it off."""
from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import yaml
from sqlalchemy import update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from tandem.db.engine import now
from tandem.orders.adapters.sql.rows import save_order
from tandem.orders.adapters.sql.tables import orders, shipments
from tandem.orders.model import Order
from tests.system.faults.clients import PATIENCE, Customer, Stuck
from tests.system.faults.wish import YES, Watched, is_news

FIRST = 80_000  # numbers behind those of the errands
LIKE = "TD-10433"  # the demo's order that is copied: it is being prepared
_OFFERS, _AGREED, _DECLINED = "Shall I tell you", 'just write "stop telling me"', "I won't write by myself"
_MOST = 10  # words that a customer says about it before they leave it


def watched_by(rng: random.Random, number: int) -> Watched:
    """What the customer of this conversation asks about."""
    return Watched(f"TD-{FIRST + number}", f"customer{number}@example.com", rng.random() < 0.75)


def save_watched(connection: Connection, shop: dict[str, Order], conversations: int) -> None:
    """Put an order for each conversation into the database."""
    like = shop[LIKE]
    for place in range(conversations):
        number = f"TD-{FIRST + place}"
        shipment = replace(like.shipments[0], id=f"{number}-1", expected_by=now() + timedelta(days=4), promised_by=None)
        items = tuple(replace(item, shipment_id=shipment.id) for item in like.items[:1])
        save_order(connection, replace(like, number=number, email=f"customer{place}@example.com", items=items,
                                       total=items[0].price, shipments=(shipment,)))



def look_often(project: Path) -> None:
    """Let a running shop look at orders all the time and tell at any hour: its processes see the file at once."""
    path = project / "data" / "shop.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["order_updates"] = {"offer": True, "quiet": "", "look_minutes": 0.05}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


async def run_watch(
    customer: Customer, watched: Watched, engine: Engine, is_with_bot: Callable[[], Awaitable[bool]],
) -> bool:
    """Ask, answer, and wait for the news; return whether the customer has agreed and is sure to be told."""
    if not await _asked(customer, watched, is_with_bot):
        return False
    agreed = await _answered(customer, watched, is_with_bot)
    await asyncio.to_thread(send_off, engine, watched.number)
    if not agreed or not await is_with_bot():
        return False
    end = asyncio.get_running_loop().time() + PATIENCE
    while not any(is_news(watched, one.text) for one in customer.side.shown):
        if asyncio.get_running_loop().time() > end:
            raise Stuck(f"the customer waited to be told that {watched.number} is on its way")
        await asyncio.sleep(0.3)
    return True


async def _asked(customer: Customer, watched: Watched, is_with_bot: Callable[[], Awaitable[bool]]) -> bool:
    said = f"where is order {watched.number}?"
    for _ in range(_MOST):
        if not await is_with_bot():
            return False
        words = await _say(customer, said)
        if _OFFERS in words:
            return True
        said = watched.email if "e-mail" in words and "?" in words else f"keep me posted about order {watched.number}"
    return False


async def _answered(customer: Customer, watched: Watched, is_with_bot: Callable[[], Awaitable[bool]]) -> bool:
    """Answer until it is understood: a turn may break off, and then the customer is told to say it again."""
    for _ in range(_MOST):
        if not await is_with_bot():
            return False
        words = await _say(customer, YES if watched.agrees else "no")
        if _AGREED in words or _DECLINED in words:
            return _AGREED in words
        if not watched.agrees:
            return False
    return False


async def _say(customer: Customer, text: str) -> str:
    """Say something; all that is answered."""
    before, place = customer.heard, len(customer.side.shown)
    await customer.say(text)
    await customer.hears_more_than(before, text)
    words = ""
    while words != (latest := " ".join(one.text for one in customer.side.shown[place:])):
        words = latest
        await asyncio.sleep(0.5)
    return words


def send_off(engine: Engine, number: str) -> None:
    """The shop sends an order off, whoever holds the database just now."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with engine.begin() as connection:
                connection.execute(update(orders).where(orders.c.number == number).values(status="shipped"))
                connection.execute(update(shipments).where(shipments.c.order_number == number).values(
                    state="in_transit", shipped_at=now()))
            return
        except OperationalError as error:
            if time.monotonic() > end:
                raise Stuck(f"{number} could not be sent off: {error.orig}") from error
            time.sleep(0.5)

