"""The tables of the first release: ledger, identification, relay and desk."""
from __future__ import annotations

from datetime import datetime, timezone

import sqlalchemy as sa
from alembic import op

from tandem.db.completion import complete_indexes, complete_tables

revision = "0001"
down_revision = None

metadata = sa.MetaData()
Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)

sa.Table(
    "conversations", metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("push", sa.Boolean, nullable=False, default=True),
    sa.Column("owner", sa.String(16), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False, default=0),
    sa.Column("revision", sa.Integer, nullable=False, default=0),
    sa.Column("next_seq", sa.Integer, nullable=False, default=1),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False, index=True),
    sa.Column("last_customer_at", Moment),
    sa.Column("last_text", sa.String(200), nullable=False, default=""),
    sa.Column("identity", sa.JSON),
    sa.Column("address", sa.JSON, nullable=False),
    sa.Column("mood", sa.JSON),
    sa.Column("typing_name", sa.String(120)),
    sa.Column("typing_until", Moment),
    sa.Column("customer_typing_until", Moment),
    sa.Index("conversations_by_owner", "owner", "updated_at"),
)

sa.Table(
    "messages", metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("conversation_id", sa.String(255), sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("author", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", sa.String(120), nullable=False, default=""),
    sa.Column("text", sa.Text, nullable=False, default=""),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("client_id", sa.String(255)),
    sa.Column("reply_to", sa.Integer),
    sa.Column("intent", sa.String(120)),
    sa.Column("mood", sa.JSON),
    sa.Column("turn", sa.String(8)),
    sa.Column("turn_lease", Moment),
    sa.Column("turn_tries", sa.Integer, nullable=False, default=1),
    sa.Column("delivery", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("attempt_open", sa.Boolean, nullable=False, default=False),
    sa.Column("doubt", sa.Boolean, nullable=False, default=False),
    sa.Column("parts_sent", sa.Integer, nullable=False, default=0, server_default="0"),
    sa.Column("next_attempt_at", Moment),
    sa.Column("lease_until", Moment),
    sa.Column("error", sa.Text),
    sa.UniqueConstraint("conversation_id", "seq", name="one_message_a_seq"),
    sa.UniqueConstraint("conversation_id", "author", "client_id", name="one_message_a_client_id"),
    sa.Index("messages_to_deliver", "delivery", "next_attempt_at", sqlite_where=sa.text("delivery = 'pending'"),
             postgresql_where=sa.text("delivery = 'pending'")),
    sa.Index("messages_open_turns", "turn_lease", sqlite_where=sa.text("turn = 'open'"),
             postgresql_where=sa.text("turn = 'open'")),
)

sa.Table(
    "handoffs", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("conversation_id", sa.String(255), sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("trigger", sa.String(120), nullable=False),
    sa.Column("urgency", sa.Float, nullable=False, default=0.0),
    sa.Column("channel", sa.String(64), nullable=False, default="desk"),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("claimed_by", sa.String(120)),
    sa.Column("claimed_at", Moment),
    sa.Column("closed_at", Moment),
    sa.Column("outcome", sa.String(16)),
    sa.Column("note_for_bot", sa.Text, nullable=False, default=""),
    sa.Column("resume", sa.Boolean, nullable=False, default=False),
    sa.Column("told_at", Moment),
    sa.Column("contact", sa.String(254), nullable=False, default="", server_default=""),
    sa.Column("told_with", sa.Integer),
    sa.Column("card", sa.JSON, nullable=False),
    sa.Index("one_open_handoff", "conversation_id", unique=True, sqlite_where=sa.text("closed_at IS NULL"),
             postgresql_where=sa.text("closed_at IS NULL")),
    sa.Index("handoffs_of_conversation", "conversation_id", "opened_at"),
)

sa.Table(
    "fenced_replies", metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("conversation_id", sa.String(255), sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

sa.Table(
    "case_entries", metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("conversation_id", sa.String(255), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Index("case_entries_of_conversation", "conversation_id", "id"),
)

sa.Table(
    "identification_misses", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Index("identification_misses_subject_at", "subject", "at"),
)

sa.Table(
    "identification_refusals", metadata,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("until", Moment, nullable=False),
)

sa.Table(
    "identification_grants", metadata,
    sa.Column("conversation", sa.String(80), primary_key=True),
    sa.Column("order_number", sa.String(64), primary_key=True),
    sa.Column("granted_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)

sa.Table(
    "relays", metadata,
    sa.Column("handoff_id", sa.String(32), primary_key=True),
    sa.Column("conversation_id", sa.String(255), nullable=False),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("reference", sa.JSON(none_as_null=True)),
    sa.Column("thread", sa.String(255)),
    sa.Column("relayed_seq", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("calling", sa.Boolean, nullable=False, default=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_attempt_at", Moment, nullable=False),
    sa.Column("tried_seq", sa.Integer, nullable=False, default=0),
    sa.Column("tried_at", Moment),
    sa.Column("quiet_until", Moment),
    sa.Column("swept_at", Moment),
    sa.Column("lease_owner", sa.String(32)),
    sa.Column("lease_until", Moment),
    sa.Column("error", sa.Text),
    sa.Index("relays_due", "state", "channel", "next_attempt_at"),
    sa.Index("relays_of_conversation", "conversation_id", "epoch"),
    sa.Index("relays_by_thread", "channel", "thread"),
)

sa.Table(
    "webhooks", metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("delivery_id", sa.String(255), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_attempt_at", Moment, nullable=False),
    sa.Column("error", sa.Text),
    sa.UniqueConstraint("channel", "delivery_id", name="one_webhook_a_delivery"),
    sa.Index("webhooks_to_do", "id", sqlite_where=sa.text("state = 'todo'"),
             postgresql_where=sa.text("state = 'todo'")),
)

sa.Table(
    "agent_events", metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("key", sa.String(255), nullable=False),
    sa.Column("handoff_id", sa.String(32), nullable=False),
    sa.Column("conversation_id", sa.String(255), nullable=False),
    sa.Column("act", sa.String(16), nullable=False),
    sa.Column("agent_id", sa.String(120), nullable=False),
    sa.Column("agent_name", sa.String(120), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("happened_at", Moment),
    sa.Column("sort_at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_attempt_at", Moment, nullable=False),
    sa.Column("lease_until", Moment),
    sa.Column("error", sa.Text),
    sa.UniqueConstraint("channel", "key", name="one_act_an_event"),
    sa.Index("agent_events_to_do", "conversation_id", "sort_at", "id", sqlite_where=sa.text("state = 'todo'"),
             postgresql_where=sa.text("state = 'todo'")),
    sa.Index("agent_events_of_handoff", "handoff_id"),
)

sa.Table(
    "agents", metadata,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("capacity", sa.Integer, nullable=False, default=5, server_default="5"),
    sa.Column("away", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("seen_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
)

sa.Table(
    "desk_sessions", metadata,
    sa.Column("id_hash", sa.String(64), primary_key=True),
    sa.Column("agent_id", sa.String(120), sa.ForeignKey("agents.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("csrf_token", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)

sa.Table(
    "sign_in_attempts", metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("agent_id", sa.String(120), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("succeeded", sa.Boolean, nullable=False),
    sa.Index("attempts_by_agent", "agent_id", "at"),
    sa.Index("attempts_by_address", "address", "at"),
)

sa.Table(
    "audit_log", metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("via", sa.String(16), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("conversation_id", sa.String(255), index=True),
    sa.Column("detail", sa.String(255), nullable=False, default=""),
)


def upgrade() -> None:
    """Create the tables, or complete those that an unversioned Tandem has made."""
    connection = op.get_bind()
    complete_tables(connection, metadata)
    close_duplicates(connection)
    complete_indexes(connection, metadata)


def close_duplicates(connection: sa.engine.Connection) -> None:
    """Leave each conversation one open handoff: the one that fits its owner, and of those the latest."""
    handoffs, conversations = metadata.tables["handoffs"], metadata.tables["conversations"]
    found = connection.execute(
        sa.select(handoffs.c.id, handoffs.c.conversation_id, handoffs.c.claimed_by, handoffs.c.epoch,
                  handoffs.c.opened_at, conversations.c.owner)
        .join(conversations, conversations.c.id == handoffs.c.conversation_id).where(handoffs.c.closed_at.is_(None))
    ).all()
    fitting = sorted(found, reverse=True, key=lambda one: (
        (one.claimed_by is not None) == (one.owner == "agent"), one.epoch, one.opened_at, one.id))
    kept: set[str] = set()
    for one in fitting:
        if one.conversation_id in kept:
            # told_with: the bot need not be told that it is over, since the other goes on
            connection.execute(sa.update(handoffs).where(handoffs.c.id == one.id).values(
                closed_at=datetime.now(timezone.utc), outcome="resolved", told_with=0))
        kept.add(one.conversation_id)
