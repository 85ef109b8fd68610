"""Remember which e-mail addresses are a customer's own, and find what an agent or program did in the audit log."""
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

conversations = sa.table("conversations", sa.column("id"), sa.column("identity", sa.JSON))
handoffs = sa.table("handoffs", sa.column("conversation_id"), sa.column("contact"), sa.column("card", sa.JSON))
emails = sa.table("customer_emails", sa.column("conversation_id"), sa.column("email"))


def upgrade() -> None:
    """Add the table with the addresses that are known already, and the index."""
    op.create_table(
        "customer_emails",
        sa.Column("conversation_id", sa.String(255), sa.ForeignKey("conversations.id", ondelete="CASCADE"),
                  primary_key=True),
        sa.Column("email", sa.String(254), primary_key=True),
    )
    op.create_index("conversations_by_email", "customer_emails", ["email"])
    op.create_index("audit_log_by_actor", "audit_log", ["actor", "id"])
    connection = op.get_bind()
    vouched = sa.func.lower(sa.func.trim(conversations.c.identity["email"].as_string()))
    carded = sa.func.lower(sa.func.trim(handoffs.c.card[("customer", "email")].as_string()))
    left = sa.func.lower(sa.func.trim(handoffs.c.contact))
    known = sa.union(
        sa.select(conversations.c.id.label("conversation_id"), vouched.label("email")),
        sa.select(handoffs.c.conversation_id, carded),
        sa.select(handoffs.c.conversation_id, left),
    ).subquery()
    usable = sa.and_(known.c.email.like("%@%"), sa.func.length(known.c.email) <= 254)
    connection.execute(emails.insert().from_select(
        ["conversation_id", "email"], sa.select(known.c.conversation_id, known.c.email).where(usable)))
