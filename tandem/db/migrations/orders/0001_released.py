"""The order tables of the first release."""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tandem.db.completion import complete_indexes, complete_tables

revision = "0001"
down_revision = None

metadata = sa.MetaData()
Moment = sa.DateTime(timezone=True)
Amount = sa.Numeric(12, 2).with_variant(sa.String(16), "sqlite")  # SQLite's own numbers are floats


def order_number() -> sa.Column[str]:
    """Return the key that the tables of an order share."""
    order = sa.ForeignKey("shop_orders.number", ondelete="CASCADE")
    return sa.Column("order_number", sa.String(64), order, primary_key=True)


sa.Table(
    "shop_orders", metadata,
    sa.Column("number", sa.String(64), primary_key=True),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("customer_name", sa.String(200), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("placed_at", Moment, nullable=False),
    sa.Column("total", Amount, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("address_name", sa.String(200), nullable=False),
    sa.Column("street", sa.String(300), nullable=False),
    sa.Column("city", sa.String(200), nullable=False),
    sa.Column("postcode", sa.String(20), nullable=False),
    sa.Column("region", sa.String(100), nullable=False, server_default=""),
    sa.Column("country", sa.String(2), nullable=False, server_default="US"),
    sa.Column("membership", sa.String(16), nullable=False, server_default="standard"),
    sa.Column("payment_method", sa.String(16), nullable=False, server_default="card"),
    sa.Column("payment_due_by", Moment),
    sa.Column("cancelled_at", Moment),
    sa.Index("shop_orders_email_placed_at", "email", "placed_at"),
)

sa.Table(
    "shop_order_items", metadata,
    order_number(),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sku", sa.String(64), nullable=False),
    sa.Column("name", sa.String(300), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("unit_price", Amount, nullable=False),
    sa.Column("shipment_id", sa.String(64), nullable=False, server_default=""),
)

sa.Table(
    "shop_shipments", metadata,
    order_number(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("service", sa.String(16), nullable=False, server_default="standard"),
    sa.Column("carrier", sa.String(100), nullable=False, server_default=""),
    sa.Column("tracking_number", sa.String(100), nullable=False, server_default=""),
    sa.Column("tracking_url", sa.String(500), nullable=False, server_default=""),
    sa.Column("ships_by", Moment),
    sa.Column("shipped_at", Moment),
    sa.Column("promised_by", Moment),
    sa.Column("expected_by", Moment),
    sa.Column("delivered_at", Moment),
    sa.Column("scan_at", Moment),
    sa.Column("scan_place", sa.String(200)),
    sa.Column("scan_event", sa.String(32)),
    sa.Column("investigation_since", Moment),
)

sa.Table(
    "shop_refunds", metadata,
    order_number(),
    sa.Column("amount", Amount, nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("requested_at", Moment, nullable=False),
    sa.Column("issued_at", Moment),
    sa.Column("least_days", sa.Integer, nullable=False),
    sa.Column("most_days", sa.Integer, nullable=False),
)

sa.Table(
    "shop_returns", metadata,
    order_number(),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("skus", sa.JSON, nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("send_by", Moment, nullable=False),
    sa.Column("label_url", sa.String(500), nullable=False, server_default=""),
    sa.Column("received_at", Moment),
)

sa.Table(
    "shop_order_writes", metadata,
    sa.Column("idempotency_key", sa.String(64), primary_key=True),
    sa.Column("order_number", sa.String(64), nullable=False, index=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("at", Moment, nullable=False),
)


def upgrade() -> None:
    """Create the tables, or complete those that an unversioned Tandem has made."""
    complete_tables(op.get_bind(), metadata)
    complete_indexes(op.get_bind(), metadata)
