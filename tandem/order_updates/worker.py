"""Look at the orders of which customers want to be told, at a pace, and tell what is new; never at night.

Every desk process runs a worker. Looks are taken from the database, so that two workers share them.
"""
from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import delete

from tandem.conversations.ledger import Ledger
from tandem.logs import about
from tandem.order_updates.mail import Mailer
from tandem.order_updates.mail_queue import MailQueue
from tandem.order_updates.notifier import UpdateNotifier
from tandem.order_updates.subscriptions import DueSubscription, Subscriptions
from tandem.order_updates.tables import order_webhooks
from tandem.orders.errors import OrderNotFound, OrderSystemUnavailable
from tandem.orders.model import Order
from tandem.orders.system import OrderSystem
from tandem.settings import Settings
from tandem.shop.shop_file import current_shop

logger = logging.getLogger(__name__)

EVERY = 2.0  # seconds between two runs
MOST = 20  # looks in one run
_FAILURES = 3  # in a row end a run: fewer than open the circuit, which would shut out customers who ask
_WEBHOOKS_KEPT = timedelta(days=7)  # longer than any engine repeats itself
_TIDY_EVERY = timedelta(hours=1)


class UpdateWorker:
    """One run at a time, in a thread of its own; `look` is blocking."""

    def __init__(self, ledger: Ledger, orders: OrderSystem, settings: Settings, mailer: Mailer | None) -> None:
        self._ledger = ledger
        self._orders = orders
        self._settings = settings
        self._subscriptions = Subscriptions(ledger, settings.shop_timezone)
        self._notifier = UpdateNotifier(ledger, settings, mails=mailer is not None)
        self._mails = MailQueue(ledger, mailer) if mailer is not None else None
        self._tidied_at: datetime | None = None

    async def run(self) -> None:
        """Work until cancelled."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="order-updates")
        try:
            while True:
                try:
                    await asyncio.get_running_loop().run_in_executor(thread, self.look)
                except Exception:  # whatever it was, the next run must come
                    logger.exception("Orders could not be looked at for updates; it is tried again")
                await asyncio.sleep(EVERY)
        finally:
            thread.shutdown(wait=False)

    def look(self) -> None:
        """Do what is due, unless it is night: then it waits for the morning."""
        if self._is_quiet():
            return
        pace = timedelta(minutes=current_shop().order_updates.look_minutes)
        due = sorted(self._subscriptions.due(pace, MOST), key=lambda one: one.order_number)
        failed = 0  # orders in a row
        for number, grouped in groupby(due, key=lambda one: one.order_number):
            looks = list(grouped)
            try:
                order = self._orders.find(number)
            except OrderNotFound:
                failed = 0
                for look in looks:
                    self._tell(look, None)
                continue
            except OrderSystemUnavailable as error:  # or this order alone cannot be read
                logger.warning("An order cannot be looked at for updates: %s", error)
                failed += 1
                if failed < _FAILURES:
                    continue
                self._subscriptions.give_back(due[due.index(looks[-1]) + 1:])
                break
            failed = 0
            for look in looks:
                if self._is_quiet():
                    return
                self._tell(look, order)
        if self._mails is not None:
            self._mails.send_due()
        self._tidy()

    def _is_quiet(self) -> bool:
        return current_shop().order_updates.is_quiet(self._ledger.clock().astimezone(self._settings.shop_timezone))

    def _tell(self, look: DueSubscription, order: Order | None) -> None:
        try:
            if order is None:
                self._notifier.missed(look)
            else:
                self._notifier.tell(look, order)
        except Exception:  # whatever it was, the others must hear all the same
            logger.exception("A customer could not be told of their order; tried again", extra=about(
                look.conversation_id))

    def _tidy(self) -> None:
        now = self._ledger.clock()
        if self._tidied_at is not None and timedelta(0) <= now - self._tidied_at < _TIDY_EVERY:
            return
        with self._ledger.engine.begin() as connection:
            connection.execute(delete(order_webhooks).where(order_webhooks.c.received_at < now - _WEBHOOKS_KEPT))
        self._tidied_at = now
