"""The tables of order updates: who has agreed to be told of which order, what was told, and e-mails on their way.

All that belongs to a conversation goes with it when it is erased.
"""
from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from tandem.conversations.tables import Key, metadata
from tandem.db.engine import UtcDateTime

order_subscriptions = Table(
    "order_subscriptions", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("conversation_id", String(255), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("order_number", String(64), nullable=False),
    Column("subject", String(255)),  # whom the channel vouched for; null for who has matched the order
    Column("email_hash", String(64), nullable=False),  # of the address on the order at that time
    Column("mood", String(16), nullable=False, default=""),  # they were left in
    Column("language", String(16), nullable=False, default=""),
    Column("offered_at", UtcDateTime, nullable=False),
    Column("offered_seq", Integer, nullable=False),  # the customer's message after which they were asked
    Column("agreed_at", UtcDateTime),
    Column("agreed_seq", Integer),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String(16)),  # stop, over, identity, age or gone
    Column("next_look_at", UtcDateTime),  # null unless the customer is to be told
    UniqueConstraint("conversation_id", "order_number", name="one_subscription_an_order"),
    Index("order_subscriptions_due", "next_look_at", sqlite_where=text("next_look_at IS NOT NULL"),
          postgresql_where=text("next_look_at IS NOT NULL")),
    Index("order_subscriptions_of_order", "order_number"),
)

order_updates = Table(
    "order_updates", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("subscription_id", Key, ForeignKey("order_subscriptions.id", ondelete="CASCADE"), nullable=False),
    Column("change", String(64), nullable=False),  # see `changes.OrderChange.key`; missing: not found at that time
    Column("way", String(8), nullable=False),  # known, chat, mail, note or nowhere
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("subscription_id", "change", name="one_update_a_change"),
)

order_mails = Table(
    "order_mails", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("subscription_id", Key, ForeignKey("order_subscriptions.id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("address", String(254), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(8), nullable=False),  # todo, sending, sent, failed or doubt
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("error", Text),
    Index("order_mails_to_do", "next_attempt_at", sqlite_where=text("state IN ('todo', 'sending')"),
          postgresql_where=text("state IN ('todo', 'sending')")),
)

order_webhooks = Table(
    "order_webhooks", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("engine", String(32), nullable=False),
    Column("delivery_id", String(255), nullable=False),
    Column("topic", String(64), nullable=False),
    Column("order_number", String(64)),  # null where it names none
    Column("received_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("engine", "delivery_id", name="one_order_webhook_a_delivery"),
)
