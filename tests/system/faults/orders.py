"""What customers of a run do to their orders: each has one to cancel and one to send back, for themselves alone."""
from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.engine import Engine

from tandem.db.engine import now
from tandem.orders.adapters.sql.rows import save_order
from tandem.orders.adapters.sql.tables import orders, returns
from tandem.orders.demo_orders import demo_orders
from tandem.settings import Settings
from tests.system.faults.clients import Customer
from tests.system.faults.errand import REASON, Errand
from tests.system.faults.watched import save_watched

FIRST = 40_000  # numbers behind those of the demo shop
TO_CANCEL, TO_RETURN = "TD-10433", "TD-10300"  # the demo's orders that are copied
WISHES = {"cancel": "please cancel order {number}", "return": "I'd like to return order {number}"}
ASIDE = "is there a warranty on what you sell?"  # said instead of a yes or a no
_ASKS = "shall i"
_MOST = 14  # words that a customer says about one order before they leave it
_OVER = {"cancel": r"order {number} is cancelled|{number} stays as it is",
         "return": r"\bR-{number}\b|nothing goes back|{number} stays as it is|already"}


def make_orders(engine: Engine, conversations: int) -> None:
    """Put two orders for each conversation into the database."""
    shop = {order.number: order for order in demo_orders(now(), Settings().shop_timezone)}
    with engine.begin() as connection:
        for place in range(2 * conversations):
            like = shop[TO_RETURN if place % 2 else TO_CANCEL]
            number = f"TD-{FIRST + place}"
            shipment = replace(like.shipments[0], id=f"{number}-1")
            items = tuple(replace(item, shipment_id=shipment.id) for item in like.items[:1])
            save_order(connection, replace(like, number=number, email=_email(place // 2), items=items,
                                           total=items[0].price, shipments=(shipment,)))
        save_watched(connection, shop, conversations)


def errand_of(rng: random.Random, number: int) -> Errand:
    """What the customer of this conversation does."""
    kind = rng.choice(("cancel", "return"))
    order = f"TD-{FIRST + 2 * number + (kind == 'return')}"
    return Errand(order, kind, _email(number), rng.random() < 0.7)


async def run_errand(
    customer: Customer, rng: random.Random, errand: Errand, is_with_bot: Callable[[], Awaitable[bool]],
) -> None:
    """Say what one says to have an order cancelled or taken back, whatever the bot asks, until it is over.

    A bot that was asked the same too often brings in a person: that is an end, too.
    """
    wish = said = WISHES[errand.kind].format(number=errand.number)
    may_be_asked = False
    for _ in range(_MOST):
        if not await is_with_bot():
            return
        before = customer.heard
        await customer.say(said)
        await customer.hears_more_than(before, said)
        words = ""
        while words != (latest := " ".join(one.text for one in customer.side.shown[-3:])):
            words = latest
            await asyncio.sleep(0.4)
        if re.search(_OVER[errand.kind].format(number=errand.number), words, re.IGNORECASE):
            return
        last = customer.side.shown[-1].text
        may_be_asked |= _ASKS in last.lower() or said in (errand.email, REASON)  # the question may still be on its way
        if _ASKS in last.lower():
            said = ("yes" if errand.agreed else "no") if rng.random() < 0.8 else ASIDE
        elif "e-mail" in last and "?" in last:
            said = errand.email
        elif re.search(r"\bwhy\b.* go(es)? back", last, re.IGNORECASE):
            said = REASON
        else:  # who does not agree says nothing that could be taken for a yes once they may have been asked
            said = wish if errand.agreed or not may_be_asked else "no"


def done(engine: Engine, errand: Errand) -> bool:
    """Whether the order system says that it is done."""
    with engine.connect() as connection:
        if errand.kind == "cancel":
            status = connection.execute(select(orders.c.status).where(orders.c.number == errand.number)).scalar_one()
            return bool(status == "cancelled")
        query = select(returns.c.id).where(returns.c.order_number == errand.number)
        return connection.execute(query).first() is not None


def _email(number: int) -> str:
    return f"customer{number}@example.com"
