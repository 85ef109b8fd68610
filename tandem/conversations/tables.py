"""The ledger's tables, as `tandem/db/migrations/main` makes them."""
from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tandem.db.engine import UtcDateTime

metadata = MetaData()
Key = BigInteger().with_variant(Integer(), "sqlite")

conversations = Table(
    "conversations", metadata,
    Column("id", String(255), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("push", Boolean, nullable=False, default=True),
    Column("owner", String(16), nullable=False),
    Column("epoch", Integer, nullable=False, default=0),
    Column("revision", Integer, nullable=False, default=0),
    Column("next_seq", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    Column("last_customer_at", UtcDateTime, index=True),
    Column("last_text", String(200), nullable=False, default=""),
    Column("identity", JSON),
    Column("session", Integer, nullable=False, default=0, server_default="0"),  # see `tandem.conversations.sessions`
    Column("address", JSON, nullable=False),
    Column("mood", JSON),
    # who writes at the moment, each side by itself: the customer's sign must not take away the agent's
    Column("typing_name", String(120)),
    Column("typing_until", UtcDateTime),
    Column("customer_typing_until", UtcDateTime),
    Column("change_id", Key),  # of the latest change, for those who watch (`tandem.conversations.changes`)
    Index("conversations_by_owner", "owner", "updated_at"),
    Index("conversations_by_change", "change_id"),
)

messages = Table(
    "messages", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("conversation_id", String(255), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("author", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(120), nullable=False, default=""),
    Column("text", Text, nullable=False, default=""),
    Column("data", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("client_id", String(255)),
    Column("reply_to", Integer),
    Column("intent", String(120)),
    Column("mood", JSON),
    # a bot turn: open until Rasa has finished with it, then done; failed: given up, late: too old to be answered.
    # The lease tells a live turn from a dead one.
    Column("turn", String(8)),
    Column("turn_lease", UtcDateTime),
    Column("turn_tries", Integer, nullable=False, default=1),
    # the way to the customer
    Column("delivery", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("attempt_open", Boolean, nullable=False, default=False),
    Column("doubt", Boolean, nullable=False, default=False),
    Column("parts_sent", Integer, nullable=False, default=0, server_default="0"),  # of a message that goes in several
    Column("next_attempt_at", UtcDateTime),
    Column("lease_until", UtcDateTime),
    Column("error", Text),
    UniqueConstraint("conversation_id", "seq", name="one_message_a_seq"),
    UniqueConstraint("conversation_id", "author", "client_id", name="one_message_a_client_id"),
    Index("messages_pending", "conversation_id", "seq", sqlite_where=text("delivery = 'pending'"),
          postgresql_where=text("delivery = 'pending'")),
    Index("messages_with_open_turn", "conversation_id", "seq", sqlite_where=text("turn = 'open'"),
          postgresql_where=text("turn = 'open'")),
)

handoffs = Table(
    "handoffs", metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", String(255), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("trigger", String(120), nullable=False),
    Column("urgency", Float, nullable=False, default=0.0),
    Column("channel", String(64), nullable=False, default="desk"),
    Column("epoch", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("claimed_by", String(120)),
    Column("claimed_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("outcome", String(16)),
    Column("note_for_bot", Text, nullable=False, default=""),
    Column("resume", Boolean, nullable=False, default=False),
    Column("told_at", UtcDateTime, key="last_notified_at"),  # when the waiting customer was last told how things stand
    Column("contact", String(254), nullable=False, default="", server_default=""),
    Column("first_reply_at", UtcDateTime),  # an agent's first words
    Column("unanswered_since", UtcDateTime),  # the customer waits for the next words of the agent who has them
    Column("told_with", Integer, key="bot_informed_seq"),  # seq of the message with which the bot heard that it is over
    Column("card", JSON, nullable=False),
    Index("one_open_handoff", "conversation_id", unique=True, sqlite_where=text("closed_at IS NULL"),
          postgresql_where=text("closed_at IS NULL")),
    Index("handoffs_of_conversation", "conversation_id", "opened_at"),
    Index("handoffs_waiting", "opened_at", "id", "conversation_id",
          sqlite_where=text("closed_at IS NULL AND claimed_by IS NULL"),
          postgresql_where=text("closed_at IS NULL AND claimed_by IS NULL")),
    Index("handoffs_by_opening", "opened_at"),
    Index("handoffs_by_claim", "claimed_at"),
    Index("handoffs_by_closing", "closed_at"),
)

# E-mail addresses that are the customer's own: the channel vouched for them, they stand on an order that the customer
# matched, or they were left while waiting. By these a customer's conversations are found, for export and erasure.
customer_emails = Table(
    "customer_emails", metadata,
    Column("conversation_id", String(255), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("email", String(254), primary_key=True),  # lower case
    Index("conversations_by_email", "email"),
)

fenced_replies = Table(
    "fenced_replies", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("conversation_id", String(255), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("epoch", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

case_entries = Table(
    "case_entries", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("conversation_id", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("data", JSON, nullable=False),
    Column("key", String(64)),  # of an entry that a bot turn made, which may be run again
    Index("case_entries_of_conversation", "conversation_id", "id"),
    Index("one_case_entry_a_key", "conversation_id", "key", unique=True),
)

# What is counted over all that is kept: the amounts of a name add up. Triggers write a row with each change (see the
# revision 0005), because one row a name would make all writers queue; `counters.fold` adds them up now and then.
counter_changes = Table(
    "counter_changes", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("name", String(40), nullable=False),  # delivery:<state>, retried or fenced
    Column("amount", BigInteger, nullable=False),
)

jobs = Table(
    "jobs", metadata,
    Column("name", String(40), primary_key=True),
    Column("lease_until", UtcDateTime),
    Column("ended_at", UtcDateTime),
)
