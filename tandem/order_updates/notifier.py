"""Tell a customer what has become of their order: in one transaction with the note that it was told."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, ConversationNotFound, Kind, Owner
from tandem.conversations.sessions import CLOSED
from tandem.conversations.tables import counter_changes
from tandem.logs import about
from tandem.order_updates.changes import ChangeKind, OrderChange, changes_of, has_news_to_come
from tandem.order_updates.contact_method import ContactMethod, choose_contact_method
from tandem.order_updates.subscriptions import (
    AGE,
    GONE,
    IDENTITY,
    LONGEST,
    MISSING,
    OVER,
    DueSubscription,
    end,
    found_again,
    hash_of,
    missing_since,
    note,
)
from tandem.order_updates.tables import order_mails, order_subscriptions, order_updates
from tandem.order_updates.wording import UpdateWording
from tandem.orders.model import Order
from tandem.settings import Settings

logger = logging.getLogger(__name__)

UPDATE = "order_update"  # the key in a message's data: {"number", "change"}
GONE_AFTER = timedelta(days=1)  # a search index, or somebody who repairs a database, may be late
COUNTED = "order_updates:"  # before a way: the counter of what was told by it
_ON_RECORD = "Order update, by {way}: {text}"  # for agents


class UpdateNotifier:
    """Tells customers what is new, once; blocking.

    Args:
        mails: E-mails can be sent.
    """

    def __init__(self, ledger: Ledger, settings: Settings, mails: bool) -> None:
        self._ledger = ledger
        self._zone = settings.shop_timezone
        self._wording = UpdateWording(settings.shop_timezone, settings.shop_locale)
        self._mails = mails

    def tell(self, look: DueSubscription, order: Order) -> str | None:
        """Tell what the customer does not know yet of the order, as it stands now.

        Whose conversation it is, who has it and whether the customer still wants to be told is looked at with the
        conversation locked, in the transaction that writes the message.

        Returns:
            The conversation, if something was said in it.

        Raises:
            NoticeError: The words are missing.
        """
        with self._ledger.engine.begin() as connection:
            held = _held(connection, look)
            if held is None:
                return None
            row, subscription = held
            now = self._ledger.clock()
            if not still_theirs(row, subscription, order):
                logger.info("No more updates: whose order it is can no longer be told", extra=about(row.id))
                end(connection, look.id, IDENTITY, now)
                return None
            said = self._say(connection, row, subscription, order, now)
            if not has_news_to_come(order):
                end(connection, look.id, OVER, now)
            elif now - subscription.agreed_at > LONGEST:
                end(connection, look.id, AGE, now)
            return str(row.id) if said else None

    def missed(self, look: DueSubscription) -> str | None:
        """Note that the order is not found; once that has been so for a day, say it and end the subscription.

        Returns:
            The conversation, if something was said in it.

        Raises:
            NoticeError: The words are missing.
        """
        with self._ledger.engine.begin() as connection:
            held = _held(connection, look)
            if held is None:
                return None
            row, subscription = held
            now = self._ledger.clock()
            if not _has_it_still(row, subscription):
                end(connection, look.id, IDENTITY, now)
                return None
            if now - missing_since(connection, look.id, now) < GONE_AFTER:
                return None
            end(connection, look.id, GONE, now)
            change = OrderChange(ChangeKind.GONE, ChangeKind.GONE.value)
            way = self._way(row, now, mails=False)  # whose address it would be is not known any more
            if not note(connection, look.id, [change], way.value, now):
                return None
            text = self._wording.gone(look.order_number, subscription.mood, subscription.language)
            self._append(connection, row, now, way, text, {"number": look.order_number, "change": change.key})
            logger.info("No more updates: the order is not found", extra=about(row.id, row.epoch))
            return str(row.id)

    def _way(self, row: Row, now: datetime, mails: bool) -> ContactMethod:
        conversation = store.to_conversation(row, now)
        has_bot = conversation.owner in (Owner.BOT, Owner.RESOLVED)
        return choose_contact_method(conversation, now, mails) if has_bot else ContactMethod.NOTE

    def _append(
        self, connection: Connection, row: Row, now: datetime, way: ContactMethod, text: str, update: dict[str, str],
    ) -> None:
        data = {UPDATE: update}
        if way is ContactMethod.CHAT:
            store.append(connection, row, now, author=Author.BOT, kind=Kind.TEXT, text=text, data=data)
        else:
            store.append(connection, row, now, author=Author.SYSTEM, kind=Kind.NOTE, data=data,
                         text=_ON_RECORD.format(way=_WAYS[way], text=text))
        connection.execute(insert(counter_changes).values(name=f"{COUNTED}{way.value}", amount=1))

    def _say(self, connection: Connection, row: Row, subscription: Row, order: Order, now: datetime) -> bool:
        told = set(connection.execute(select(order_updates.c.change).where(
            order_updates.c.subscription_id == subscription.id)).scalars())
        if MISSING in told:
            found_again(connection, subscription.id)
        fresh = [change for change in changes_of(order, now, self._zone) if change.key not in told]
        if not fresh:
            return False
        way = self._way(row, now, self._mails)
        if not note(connection, subscription.id, fresh, way.value, now):
            return False
        text = self._wording.text(fresh[-1], order, subscription.mood, subscription.language, now)
        self._append(connection, row, now, way, text, {"number": order.number, "change": fresh[-1].key})
        if way is ContactMethod.MAIL:
            subject, body = self._wording.mail(text, order)
            connection.execute(insert(order_mails).values(
                subscription_id=subscription.id, address=order.email, subject=subject[:200], text=body, state="todo",
                attempts=0, next_attempt_at=now))
        logger.info("Told of an order by %s: %s", way.value, _named(fresh), extra=about(row.id, row.epoch))
        return True


_WAYS = {ContactMethod.MAIL: "e-mail", ContactMethod.NOTE: "nobody yet, for you to pass on",
         ContactMethod.NOWHERE: "nobody: the channel no longer takes it"}


def still_theirs(conversation: Row, subscription: Row, order: Order) -> bool:
    """Check whether who agreed is still who has the conversation, and the order still theirs.

    A token's end does not matter: days pass between the yes and the news. Another customer, a sign-out, or another
    address on the order does.
    """
    return hash_of(order.email) == subscription.email_hash and _has_it_still(conversation, subscription)


def _has_it_still(conversation: Row, subscription: Row) -> bool:
    if conversation.session == CLOSED:
        return False
    known = store.to_identity(conversation.identity)
    if subscription.subject is not None:
        return known is not None and known.subject == subscription.subject
    return known is None or hash_of(known.email) == subscription.email_hash


def _held(connection: Connection, look: DueSubscription) -> tuple[Row, Row] | None:
    """Lock the conversation and read its subscription; None if either has ended meanwhile."""
    try:
        row = store.lock(connection, look.conversation_id)
    except ConversationNotFound:
        return None  # erased, and the subscription with it
    subscription = connection.execute(select(order_subscriptions).where(
        order_subscriptions.c.id == look.id, order_subscriptions.c.next_look_at.is_not(None))).first()
    return (row, subscription) if subscription is not None else None  # None: stopped meanwhile


def _named(changes: Sequence[OrderChange]) -> str:
    return ", ".join(change.kind.value for change in changes)
