"""Remember who wants to be told of an order, what was told, e-mails on their way, and engines' webhooks."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tandem.db.engine import UtcDateTime

revision = "0010"
down_revision = "0009"

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "order_subscriptions",
        sa.Column("id", Key, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", sa.String(255), sa.ForeignKey("conversations.id", ondelete="CASCADE"),
                  nullable=False),
        sa.Column("order_number", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255)),
        sa.Column("email_hash", sa.String(64), nullable=False),
        sa.Column("mood", sa.String(16), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("offered_at", UtcDateTime, nullable=False),
        sa.Column("offered_seq", sa.Integer, nullable=False),
        sa.Column("agreed_at", UtcDateTime),
        sa.Column("agreed_seq", sa.Integer),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("ended_by", sa.String(16)),
        sa.Column("next_look_at", UtcDateTime),
        sa.UniqueConstraint("conversation_id", "order_number", name="one_subscription_an_order"),
    )
    due = sa.text("next_look_at IS NOT NULL")
    op.create_index("order_subscriptions_due", "order_subscriptions", ["next_look_at"], sqlite_where=due,
                    postgresql_where=due)
    op.create_index("order_subscriptions_of_order", "order_subscriptions", ["order_number"])
    op.create_table(
        "order_updates",
        sa.Column("id", Key, primary_key=True, autoincrement=True),
        sa.Column("subscription_id", Key, sa.ForeignKey("order_subscriptions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("change", sa.String(64), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("subscription_id", "change", name="one_update_a_change"),
    )
    op.create_table(
        "order_mails",
        sa.Column("id", Key, primary_key=True, autoincrement=True),
        sa.Column("subscription_id", Key, sa.ForeignKey("order_subscriptions.id", ondelete="CASCADE"), nullable=False,
                  index=True),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", UtcDateTime, nullable=False),
        sa.Column("error", sa.Text),
    )
    waits = sa.text("state IN ('todo', 'sending')")
    op.create_index("order_mails_to_do", "order_mails", ["next_attempt_at"], sqlite_where=waits,
                    postgresql_where=waits)
    op.create_table(
        "order_webhooks",
        sa.Column("id", Key, primary_key=True, autoincrement=True),
        sa.Column("engine", sa.String(32), nullable=False),
        sa.Column("delivery_id", sa.String(255), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("order_number", sa.String(64)),
        sa.Column("received_at", UtcDateTime, nullable=False, index=True),
        sa.UniqueConstraint("engine", "delivery_id", name="one_order_webhook_a_delivery"),
    )
