"""The tables of the SQL order system. A shop may fill them from its own system; Tandem writes only what it is asked."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, MetaData, Numeric, String, Table
from sqlalchemy.types import TypeDecorator

from tandem.db.engine import UtcDateTime
from tandem.orders.model import Membership, PaymentMethod
from tandem.shop.delivery import USUAL

metadata = MetaData()


class Amount(TypeDecorator):  # type: ignore[misc, unused-ignore]
    """An exact amount of money. SQLite keeps it as text, because its own numbers are floats."""

    impl = Numeric(12, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(String(16) if dialect.name == "sqlite" else Numeric(12, 2))

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> Decimal | str | None:
        return f"{value:.2f}" if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(value)


def _order_number() -> Column:  # type: ignore[type-arg, unused-ignore]
    return Column(
        "order_number", String(64), ForeignKey("shop_orders.number", ondelete="CASCADE"), primary_key=True
    )


orders = Table(
    "shop_orders",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("email", String(254), nullable=False),  # in lower case
    Column("customer_name", String(200), nullable=False),
    Column("status", String(32), nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("total", Amount, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("address_name", String(200), nullable=False),
    Column("street", String(300), nullable=False),
    Column("city", String(200), nullable=False),
    Column("postcode", String(20), nullable=False),
    Column("region", String(100), nullable=False, server_default=""),
    Column("country", String(2), nullable=False, server_default="US"),
    Column("membership", String(16), nullable=False, server_default=Membership.STANDARD.value),
    Column("payment_method", String(16), nullable=False, server_default=PaymentMethod.CARD.value),
    Column("payment_due_by", UtcDateTime),
    Column("cancelled_at", UtcDateTime),
    Column("phone", String(40), nullable=False, server_default=""),
    Index("shop_orders_email_placed_at", "email", "placed_at"),
)

items = Table(
    "shop_order_items",
    metadata,
    _order_number(),
    Column("line", Integer, primary_key=True, autoincrement=False),  # counts from 1 within the order
    Column("sku", String(64), nullable=False),
    Column("name", String(300), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price", Amount, nullable=False),  # in the order's currency
    Column("shipment_id", String(64), nullable=False, server_default=""),
)

shipments = Table(
    "shop_shipments",
    metadata,
    _order_number(),
    Column("id", String(64), primary_key=True),
    Column("state", String(32), nullable=False),
    Column("service", String(16), nullable=False, server_default=USUAL),
    Column("carrier", String(100), nullable=False, server_default=""),
    Column("tracking_number", String(100), nullable=False, server_default=""),
    Column("tracking_url", String(500), nullable=False, server_default=""),
    Column("ships_by", UtcDateTime),
    Column("shipped_at", UtcDateTime),
    Column("promised_by", UtcDateTime),
    Column("expected_by", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("scan_at", UtcDateTime),
    Column("scan_place", String(200)),
    Column("scan_event", String(32)),
    Column("investigation_since", UtcDateTime),
)

refunds = Table(
    "shop_refunds",
    metadata,
    _order_number(),
    Column("amount", Amount, nullable=False),  # in the order's currency
    Column("state", String(32), nullable=False),
    Column("method", String(16), nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("issued_at", UtcDateTime),
    Column("least_days", Integer, nullable=False),  # business days from issue to arrival
    Column("most_days", Integer, nullable=False),
)

returns = Table(
    "shop_returns",
    metadata,
    _order_number(),
    Column("id", String(64), nullable=False, unique=True),
    Column("skus", JSON, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("send_by", UtcDateTime, nullable=False),
    Column("label_url", String(500), nullable=False, server_default=""),
    Column("received_at", UtcDateTime),
)

acts = Table(
    "shop_acts",
    metadata,
    Column("idempotency_key", String(64), primary_key=True),  # SHA-256 of the key
    Column("order_number", String(64), ForeignKey("shop_orders.number", ondelete="CASCADE"), nullable=False,
           index=True),
    Column("act", String(16), nullable=False),
    Column("reference", String(64), nullable=False),  # a refund's name, a voucher's code, a new order's number
    Column("amount", Amount),  # in the order's currency
    Column("details", JSON, nullable=False),  # what else was asked for
    Column("at", UtcDateTime, nullable=False),
)

writes = Table(
    "shop_order_writes",
    metadata,
    Column("idempotency_key", String(64), primary_key=True),  # SHA-256 of the key
    Column("order_number", String(64), nullable=False, index=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of the request
    Column("at", UtcDateTime, nullable=False),
)
