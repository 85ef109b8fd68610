"""Give what is asked all the time an index, a column or a counter, so that no such question reads all that is kept."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)

INDEXES = (  # name, table, columns, condition
    ("ix_conversations_last_customer_at", "conversations", ("last_customer_at",), ""),
    ("handoffs_waiting", "handoffs", ("opened_at", "id", "conversation_id"),
     "closed_at IS NULL AND claimed_by IS NULL"),
    ("handoffs_by_opening", "handoffs", ("opened_at",), ""),
    ("handoffs_by_claim", "handoffs", ("claimed_at",), ""),
    ("handoffs_by_closing", "handoffs", ("closed_at",), ""),
    ("ix_fenced_replies_conversation_id", "fenced_replies", ("conversation_id",), ""),
    ("ix_identification_refusals_until", "identification_refusals", ("until",), ""),
    ("ix_identification_grants_expires_at", "identification_grants", ("expires_at",), ""),
    ("attempts_by_time", "sign_in_attempts", ("at",), ""),
    ("webhooks_by_state", "webhooks", ("state", "received_at"), ""),
    ("agent_events_of_conversation", "agent_events", ("conversation_id",), ""),
    ("agent_events_dead", "agent_events", ("id",), "state = 'dead'"),
)

# The customer of an agent who has not spoken since the handoff opened waits from the claim on.
FIRST_REPLIES = """
UPDATE handoffs SET first_reply_at = (
    SELECT min(m.at) FROM messages m
    WHERE m.conversation_id = handoffs.conversation_id AND m.author = 'agent' AND m.kind = 'text'
      AND m.epoch >= handoffs.epoch AND m.at >= handoffs.opened_at
      AND (handoffs.closed_at IS NULL OR m.at <= handoffs.closed_at))
"""
UNANSWERED = """
UPDATE handoffs SET unanswered_since = CASE WHEN first_reply_at IS NULL THEN claimed_at ELSE (
    SELECT min(m.at) FROM messages m
    WHERE m.conversation_id = handoffs.conversation_id AND m.author = 'customer' AND m.seq > (
        SELECT max(spoke.seq) FROM messages spoke
        WHERE spoke.conversation_id = handoffs.conversation_id AND spoke.author = 'agent' AND spoke.kind = 'text'
          AND spoke.epoch >= handoffs.epoch)) END
WHERE closed_at IS NULL AND claimed_by IS NOT NULL
"""
COUNTED = (
    "SELECT 'delivery:' || delivery, count(*) FROM messages GROUP BY delivery",
    "SELECT 'retried', count(*) FROM messages WHERE attempts > 1 GROUP BY 1",
    "SELECT 'fenced', count(*) FROM fenced_replies GROUP BY 1",
)

# event, table, condition, amount of each name
TRIGGERS = {
    "message_added": ("AFTER INSERT ON messages", "", (("'delivery:' || NEW.delivery", 1),)),
    "message_removed": ("AFTER DELETE ON messages", "", (("'delivery:' || OLD.delivery", -1),)),
    "message_delivery_changed": ("AFTER UPDATE OF delivery ON messages", "OLD.delivery <> NEW.delivery",
                                 (("'delivery:' || OLD.delivery", -1), ("'delivery:' || NEW.delivery", 1))),
    "message_added_retried": ("AFTER INSERT ON messages", "NEW.attempts > 1", (("'retried'", 1),)),
    "message_retried": ("AFTER UPDATE OF attempts ON messages", "OLD.attempts <= 1 AND NEW.attempts > 1",
                        (("'retried'", 1),)),
    "message_begun_anew": ("AFTER UPDATE OF attempts ON messages", "OLD.attempts > 1 AND NEW.attempts <= 1",
                           (("'retried'", -1),)),
    "message_removed_retried": ("AFTER DELETE ON messages", "OLD.attempts > 1", (("'retried'", -1),)),
    "reply_fenced": ("AFTER INSERT ON fenced_replies", "", (("'fenced'", 1),)),
    "reply_unfenced": ("AFTER DELETE ON fenced_replies", "", (("'fenced'", -1),)),
}


def upgrade() -> None:
    """Add columns, indexes and counters, and fill them from the rows that are there."""
    connection = op.get_bind()
    for column in ("first_reply_at", "unanswered_since"):
        op.add_column("handoffs", sa.Column(column, Moment))
    connection.exec_driver_sql(FIRST_REPLIES)
    connection.exec_driver_sql(UNANSWERED)
    for name, table, columns, condition in INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "counter_changes", sa.Column("id", Key, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(40), nullable=False), sa.Column("amount", sa.BigInteger, nullable=False))
    for counted in COUNTED:
        connection.exec_driver_sql(f"INSERT INTO counter_changes (name, amount) {counted}")
    for name, (event, condition, changes) in TRIGGERS.items():
        create_trigger(connection, name, event, condition, changes)


def create_trigger(
    connection: sa.engine.Connection, name: str, event: str, condition: str, changes: tuple[tuple[str, int], ...],
) -> None:
    """Let each row that the event touches write down what it changes in the counters."""
    rows = ", ".join(f"({counter}, {amount})" for counter, amount in changes)
    body = f"INSERT INTO counter_changes (name, amount) VALUES {rows};"
    when = f" WHEN ({condition})" if condition else ""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"CREATE TRIGGER {name} {event} FOR EACH ROW{when} BEGIN {body} END")
        return
    connection.exec_driver_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$")
    connection.exec_driver_sql(f"CREATE TRIGGER {name} {event} FOR EACH ROW{when} EXECUTE FUNCTION {name}()")
