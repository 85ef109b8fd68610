"""The keys that say where each fact of an order is: in columns for `sql`, in paths into the JSON for `http`.

A source is one text, or a list of them whose values are joined by a blank: `[customer.first, customer.last]`.
"""
from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, validator

from tandem.configuration import ConfigModel
from tandem.orders.config import EngineOptions
from tandem.orders.mapping.services import SERVICES, of_the_shop
from tandem.orders.model import OrderStatus, PaymentMethod, RefundState, ReturnReason
from tandem.orders.shipments import ShipmentState

Source = str | tuple[str, ...]


class AddressFields(ConfigModel):
    """Where parcels go."""

    name: Source = ""  # the customer's name if left out
    street: Source = ""
    city: Source = ""
    postcode: Source = ""
    region: Source = ""
    country: Source = ""


class PartFields(ConfigModel):
    """What an order has several of: rows of a table of their own (`from`, `order`), or a list in the JSON (`list`).

    Attributes:
        from_: What follows FROM in SQL: a table, a view, joins.
        order: The column that holds the order's `id`.
        sort: What follows ORDER BY in SQL.
        list: The path to the list.
    """

    from_: str = Field("", alias="from")
    order: str = ""
    sort: str = ""
    list: str = ""


class ItemFields(PartFields):
    """The lines of an order. `line_total` serves where there is no price of one piece."""

    sku: Source
    name: Source
    quantity: Source = ""
    unit_price: Source = ""
    line_total: Source = ""
    shipment: Source = ""  # the id of the parcel it travels in

    @validator("line_total", always=True)
    def _has_a_price(cls, value: Source, values: Mapping[str, Any]) -> Source:
        if not value and not values.get("unit_price"):
            raise ValueError("or unit_price is needed")
        return value


class ParcelFields(ConfigModel):
    """One parcel as columns or fields of the order itself."""

    state: Source = ""
    service: Source = ""
    carrier: Source = ""
    tracking_number: Source = ""
    tracking_url: Source = ""
    ships_by: Source = ""
    shipped_at: Source = ""
    promised_by: Source = ""
    expected_by: Source = ""
    delivered_at: Source = ""


class ShipmentFields(PartFields, ParcelFields):
    """The parcels of an order."""

    id: Source = ""


class RefundFields(PartFields):
    """Money on its way back; the newest counts."""

    amount: Source
    state: Source = ""  # issued if left out
    requested_at: Source = ""
    issued_at: Source = ""


class ReturnFields(PartFields):
    """Goods on their way back, one row or entry for each line, or one with a list of SKUs; the newest counts."""

    id: Source
    sku: Source = ""
    reason: Source = ""
    created_at: Source
    send_by: Source = ""
    received_at: Source = ""
    label_url: Source = ""


class OrderFields(ConfigModel):
    """The order itself."""

    from_: str = Field("", alias="from")
    id: Source = ""  # what the parts and the acts call the order; its number if left out
    number: Source
    email: Source
    phone: Source = ""
    customer_name: Source = ""
    status: Source
    placed_at: Source
    total: Source
    currency: Source = ""
    payment_method: Source = ""
    payment_due_by: Source = ""
    cancelled_at: Source = ""
    address: AddressFields = AddressFields()
    items: ItemFields
    shipments: ShipmentFields | None = None
    parcel: ParcelFields = ParcelFields()
    refund: RefundFields | None = None
    return_: ReturnFields | None = Field(None, alias="return")


def _words(kind: type[Enum]) -> str:
    return f"a mapping of your words to ours: {', '.join(str(one.value) for one in kind)}"


class MappedOptions(EngineOptions):
    """What a mapping needs beside the fields.

    Attributes:
        statuses: Their words for an order's state; a word that is not there counts as being processed, and nothing may
            be done to such an order.
        shipment_states: The same for parcels; without it a parcel is where the order is.
        zone: Of times that carry none; the shop's if left out.
        dates: How times are written: `iso`, `unix` (seconds), `unix_ms`, or a pattern such as "%d.%m.%Y %H:%M".
        money: Whether amounts are in `major` units (59.90) or `minor` ones (5990).
        currency: Where orders do not say it.
    """

    order: OrderFields
    statuses: Mapping[str, OrderStatus] = Field({}, description=_words(OrderStatus))
    shipment_states: Mapping[str, ShipmentState] = Field({}, description=_words(ShipmentState))
    refund_states: Mapping[str, RefundState] = Field({}, description=_words(RefundState))
    return_reasons: Mapping[str, ReturnReason] = Field({}, description=_words(ReturnReason))
    payment_methods: Mapping[str, PaymentMethod] = Field({}, description=_words(PaymentMethod))
    services: Mapping[str, str] = SERVICES
    _services = of_the_shop("services")
    zone: ZoneInfo | None = Field(None, description="a time zone such as Europe/Berlin")
    dates: str = Field("iso", description="iso, unix, unix_ms, or a pattern such as \"%d.%m.%Y %H:%M\"")
    money: Literal["major", "minor"] = "major"
    currency: str = Field("USD", regex=r"[A-Z]{3}\Z", description="three letters, such as EUR")

    @validator("zone", pre=True)
    def _is_zone(cls, value: Any) -> Any:
        try:
            return ZoneInfo(value) if isinstance(value, str) else value
        except (ZoneInfoNotFoundError, ValueError):
            raise TypeError from None

    @validator("dates")
    def _is_pattern(cls, value: str) -> str:
        if value not in ("iso", "unix", "unix_ms") and "%" not in value:
            raise TypeError
        return value


def sources(model: BaseModel, but: tuple[str, ...] = ("from_", "order", "sort", "list")) -> tuple[str, ...]:
    """Return all sources that stand directly in a section, each once, in order."""
    found: list[str] = []
    for name, value in model:
        if name not in but and value and isinstance(value, (str, tuple)):
            found.extend([value] if isinstance(value, str) else value)
    return tuple(dict.fromkeys(found))
