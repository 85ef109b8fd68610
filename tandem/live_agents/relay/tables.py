"""The relay's tables: how far each handoff has got in its outside tool, and what came from there."""
from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tandem.conversations.tables import Key
from tandem.db.engine import UtcDateTime

metadata = MetaData()

relays = Table(
    "relays", metadata,
    Column("handoff_id", String(32), primary_key=True),
    Column("conversation_id", String(255), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),  # orders the handoffs of a conversation
    Column("reference", JSON(none_as_null=True)),  # the tool's side; null until opened
    Column("thread", String(255)),  # the tool's own id of the conversation
    Column("relayed_seq", Integer, nullable=False),  # the last message shown or passed on
    Column("state", String(16), nullable=False),  # open, closed or dead
    Column("calling", Boolean, nullable=False, default=False),  # a call may have been made whose end is not known
    Column("attempts", Integer, nullable=False, default=0),  # that failed in a row, on schedule
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("tried_seq", Integer, nullable=False, default=0),  # the last message of the ledger at the last failure
    Column("tried_at", UtcDateTime),
    Column("quiet_until", UtcDateTime),  # the tool asked to be left alone until then
    Column("swept_at", UtcDateTime),
    Column("lease_owner", String(32)),
    Column("lease_until", UtcDateTime),
    Column("error", Text),
    Index("relays_due", "state", "channel", "next_attempt_at"),
    Index("relays_of_conversation", "conversation_id", "epoch"),
    Index("relays_by_thread", "channel", "thread"),
)

webhooks = Table(
    "webhooks", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("channel", String(64), nullable=False),
    Column("delivery_id", String(255), nullable=False),
    Column("body", LargeBinary, nullable=False),  # emptied once it is read: it holds people's words
    Column("received_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),  # todo, done or dead
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("error", Text),
    UniqueConstraint("channel", "delivery_id", name="one_webhook_a_delivery"),
    Index("webhooks_to_do", "id", sqlite_where=text("state = 'todo'"), postgresql_where=text("state = 'todo'")),
    Index("webhooks_by_state", "state", "received_at"),
)

agent_events = Table(
    "agent_events", metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("channel", String(64), nullable=False),
    Column("key", String(255), nullable=False),
    Column("handoff_id", String(32), nullable=False),
    Column("conversation_id", String(255), nullable=False),
    Column("act", String(16), nullable=False),
    Column("agent_id", String(120), nullable=False),
    Column("agent_name", String(120), nullable=False),
    Column("text", Text, nullable=False),  # emptied once it is carried out: the ledger has it
    Column("happened_at", UtcDateTime),  # by the tool's clock, if it tells
    Column("sort_at", UtcDateTime, nullable=False),  # happened_at, or else when it came here
    Column("state", String(16), nullable=False),  # todo, done or dead
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("error", Text),
    UniqueConstraint("channel", "key", name="one_act_an_event"),
    Index("agent_events_to_do", "conversation_id", "sort_at", "id", sqlite_where=text("state = 'todo'"),
          postgresql_where=text("state = 'todo'")),
    Index("agent_events_of_handoff", "handoff_id"),
    Index("agent_events_of_conversation", "conversation_id"),
    Index("agent_events_dead", "id", sqlite_where=text("state = 'dead'"), postgresql_where=text("state = 'dead'")),
)
