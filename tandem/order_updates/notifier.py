"""Tell a customer what has become of their order: in one transaction with the note that it was told."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, ConversationNotFound, Kind, Owner
from tandem.conversations.sessions import CLOSED
from tandem.conversations.tables import counter_changes
from tandem.logs import about
from tandem.order_updates.changes import OrderChange, changes_of, has_news_to_come
from tandem.order_updates.contact_method import ContactMethod, choose_contact_method
from tandem.order_updates.subscriptions import AGE, IDENTITY, LONGEST, OVER, DueSubscription, end, hash_of, note
from tandem.order_updates.tables import order_mails, order_subscriptions, order_updates
from tandem.order_updates.wording import UpdateWording
from tandem.orders.identifiers import normalise_email
from tandem.orders.model import Order
from tandem.settings import Settings

logger = logging.getLogger(__name__)

UPDATE = "order_update"  # the key in a message's data: {"number", "change"}
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
            try:
                row = store.lock(connection, look.conversation_id)
            except ConversationNotFound:
                return None  # erased, and the subscription with it
            subscription = connection.execute(select(order_subscriptions).where(
                order_subscriptions.c.id == look.id, order_subscriptions.c.next_look_at.is_not(None))).first()
            if subscription is None:
                return None  # stopped meanwhile
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

    def _say(self, connection: Connection, row: Row, subscription: Row, order: Order, now: datetime) -> bool:
        told = set(connection.execute(select(order_updates.c.change).where(
            order_updates.c.subscription_id == subscription.id)).scalars())
        fresh = [change for change in changes_of(order, now, self._zone) if change.key not in told]
        if not fresh:
            return False
        conversation = store.to_conversation(row, now)
        has_bot = conversation.owner in (Owner.BOT, Owner.RESOLVED)
        way = choose_contact_method(conversation, now, self._mails) if has_bot else ContactMethod.NOTE
        if not note(connection, subscription.id, fresh, way.value, now):
            return False
        text = self._wording.text(fresh[-1], order, subscription.mood, subscription.language, now)
        data = {UPDATE: {"number": order.number, "change": fresh[-1].key}}
        if way is ContactMethod.CHAT:
            store.append(connection, row, now, author=Author.BOT, kind=Kind.TEXT, text=text, data=data)
        else:
            store.append(connection, row, now, author=Author.SYSTEM, kind=Kind.NOTE, data=data,
                         text=_ON_RECORD.format(way=_WAYS[way], text=text))
        if way is ContactMethod.MAIL:
            subject, body = self._wording.mail(text, order)
            connection.execute(insert(order_mails).values(
                subscription_id=subscription.id, address=order.email, subject=subject[:200], text=body, state="todo",
                attempts=0, next_attempt_at=now))
        connection.execute(insert(counter_changes).values(name=f"{COUNTED}{way.value}", amount=1))
        logger.info("Told of an order by %s: %s", way.value, _named(fresh), extra=about(row.id, row.epoch))
        return True


_WAYS = {ContactMethod.MAIL: "e-mail", ContactMethod.NOTE: "nobody yet, for you to pass on",
         ContactMethod.NOWHERE: "nobody: the channel no longer takes it"}


def still_theirs(conversation: Row, subscription: Row, order: Order) -> bool:
    """Check whether who agreed is still who has the conversation, and the order still theirs.

    A token's end does not matter: days pass between the yes and the news. Another customer, a sign-out, or another
    address on the order does.
    """
    if conversation.session == CLOSED or hash_of(order.email) != subscription.email_hash:
        return False
    known = store.to_identity(conversation.identity)
    if subscription.subject is not None:
        return known is not None and known.subject == subscription.subject
    return known is None or normalise_email(known.email) == normalise_email(order.email)


def _named(changes: Sequence[OrderChange]) -> str:
    return ", ".join(change.kind.value for change in changes)
