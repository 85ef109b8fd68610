"""Records of any shape to orders."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeVar

from babel.numbers import get_currency_precision

from tandem.orders.engine import EngineOrder
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.mapping.fields import MappedOptions, ParcelFields, RefundFields, ReturnFields, Source
from tandem.orders.mapping.services import service_of
from tandem.orders.mapping.values import link, read_moment
from tandem.orders.model import (
    Address,
    Order,
    OrderItem,
    OrderStatus,
    PaymentMethod,
    Refund,
    RefundState,
    ReturnReason,
    ReturnRequest,
)
from tandem.orders.money import Money
from tandem.orders.shipments import Shipment, ShipmentState

logger = logging.getLogger(__name__)
Word = TypeVar("Word", bound=Enum)
Record = Any  # a row, or a JSON object
Parts = Mapping[str, Sequence[Record]]  # of one order: items, shipments, refund, return

PARCEL_STATES: Mapping[OrderStatus, ShipmentState] = {  # of a parcel of which only the order tells
    OrderStatus.PROCESSING: ShipmentState.PENDING,
    OrderStatus.PAYMENT_FAILED: ShipmentState.PENDING,
    OrderStatus.SHIPPED: ShipmentState.IN_TRANSIT,
    OrderStatus.PARTLY_SHIPPED: ShipmentState.IN_TRANSIT,
    OrderStatus.OUT_FOR_DELIVERY: ShipmentState.OUT_FOR_DELIVERY,
    OrderStatus.DELIVERED: ShipmentState.DELIVERED,
    OrderStatus.LOST: ShipmentState.LOST,
    OrderStatus.RETURNED: ShipmentState.DELIVERED,
    OrderStatus.CANCELLED: ShipmentState.CANCELLED,
}


class MappingFault(OrderSystemUnavailable):
    """A record is not as endpoints.yml describes it; the text names the key, and no value."""


class OrderReader:
    """Reads orders by the keys of `MappedOptions`.

    Args:
        get: Takes the value of a source out of a record; None if there is none.
        zone: Of times that carry none.
        business_days: Which a refund takes, least and most.
    """

    def __init__(
        self, options: MappedOptions, get: Callable[[Record, str], Any], zone: tzinfo,
        business_days: tuple[int, int] = (5, 7),
    ) -> None:
        self._options = options
        self._get = get
        self._zone = options.zone or zone
        self._days = business_days

    def read(self, record: Record, parts: Parts) -> EngineOrder:
        """Read one order with its parts.

        Raises:
            MappingFault: A value that is needed is missing or cannot be read.
        """
        fields, options = self._options.order, self._options
        raw = self._text(record, fields.status)
        status = self._word(raw, options.statuses, OrderStatus, None, "status")
        currency = self._text(record, fields.currency).upper() or options.currency
        name = self._text(record, fields.customer_name) or self._text(record, fields.address.name)
        known = status or OrderStatus.PROCESSING
        shipments = self._shipments(record, parts.get("shipments"), known)
        refunds = [self._refund(one, fields.refund, currency) for one in parts.get("refund", ())
                   if fields.refund is not None]
        order = Order(
            number=self._needed(record, fields.number, "number"), email=self._text(record, fields.email).lower(),
            phone=self._text(record, fields.phone),
            customer_name=name, status=known, placed_at=self._moment_needed(record, fields.placed_at, "placed_at"),
            items=tuple(self._item(one, currency, shipments) for one in parts.get("items", ())),
            total=self._money(record, fields.total, currency, "total"),
            shipping_address=self._address(record, name), shipments=shipments,
            refund=max(refunds, key=lambda one: one.requested_at, default=None),
            payment_method=self._word(self._text(record, fields.payment_method), options.payment_methods,
                                      PaymentMethod, PaymentMethod.CARD, "payment_method"),
            payment_due_by=self._moment(record, fields.payment_due_by, "payment_due_by"),
            cancelled_at=self._moment(record, fields.cancelled_at, "cancelled_at"),
            can_cancel=False if status is None else None, can_change_address=False if status is None else None,
            can_return=False if status is None else None,
        )
        if fields.return_ is not None and parts.get("return"):
            order = _with_return(order, self._return(order, fields.return_, parts["return"]))
        if len(refunds) > 1:  # of one, the order tells by itself what is left
            given = sum(one.amount.amount for one in refunds if one.state is not RefundState.REFUSED)
            order = replace(order, refundable=Money(max(Decimal(0), order.total.amount - given), currency))
        own_id = self._text(record, fields.id) or order.number
        return EngineOrder(order, own_id, record if isinstance(record, Mapping) else {})

    def _shipments(self, record: Record, rows: Sequence[Record] | None, status: OrderStatus) -> tuple[Shipment, ...]:
        """Read the parcels; where nothing tells of any, the order is one."""
        fields = self._options.order.shipments
        if fields is not None and rows:
            return tuple(self._shipment(row, fields, self._text(row, fields.id) or str(number), status)
                         for number, row in enumerate(rows, 1))
        if fields is not None and status is OrderStatus.PARTLY_SHIPPED:
            return ()
        return (self._shipment(record, self._options.order.parcel, "1", status),)

    def _shipment(self, record: Record, fields: ParcelFields, name: str, status: OrderStatus) -> Shipment:
        options = self._options
        raw = self._text(record, fields.state)
        state = self._word(raw, options.shipment_states, ShipmentState, PARCEL_STATES[status], "shipment state")
        delivered_at = self._moment(record, fields.delivered_at, "delivered_at")
        shipped_at = self._moment(record, fields.shipped_at, "shipped_at")
        if not raw and state is ShipmentState.PENDING and shipped_at:
            state = ShipmentState.IN_TRANSIT
        if not raw and state is ShipmentState.IN_TRANSIT and delivered_at:
            state = ShipmentState.DELIVERED
        gone = state is ShipmentState.CANCELLED
        return Shipment(
            name, state, service_of(self._text(record, fields.service), options.services),
            self._text(record, fields.carrier), self._text(record, fields.tracking_number),
            link(self._text(record, fields.tracking_url)),
            ships_by=None if gone else self._moment(record, fields.ships_by, "ships_by"), shipped_at=shipped_at,
            promised_by=self._moment(record, fields.promised_by, "promised_by"),
            expected_by=None if gone else self._moment(record, fields.expected_by, "expected_by"),
            delivered_at=delivered_at,
        )

    def _item(self, record: Record, currency: str, shipments: Sequence[Shipment]) -> OrderItem:
        fields = self._options.order.items
        quantity = self._number(record, fields.quantity, "quantity") if fields.quantity else Decimal(1)
        pieces = max(1, int(quantity or 1))
        if fields.unit_price:
            price = self._money(record, fields.unit_price, currency, "unit_price")
        else:
            whole = self._money(record, fields.line_total, currency, "line_total")
            price = Money((whole.amount / pieces).quantize(Decimal(1).scaleb(-get_currency_precision(currency))),
                          currency)
        named = self._text(record, fields.shipment)
        states = {one.state for one in shipments}
        alone = shipments[0].id if shipments and (len(shipments) == 1 or (not named and len(states) == 1)) else ""
        return OrderItem(self._needed(record, fields.sku, "items: sku"), self._text(record, fields.name), pieces, price,
                         named if named in {one.id for one in shipments} else alone)

    def _refund(self, record: Record, fields: RefundFields, currency: str) -> Refund:
        issued_at = self._moment(record, fields.issued_at, "issued_at")
        requested_at = self._moment(record, fields.requested_at, "requested_at") or issued_at
        if requested_at is None:
            raise MappingFault("endpoints.yml: orders: order: refund: requested_at or issued_at is needed")
        state = self._word(self._text(record, fields.state), self._options.refund_states, RefundState,
                           RefundState.ISSUED, "refund state")
        amount = self._money(record, fields.amount, currency, "refund: amount")
        return Refund(Money(abs(amount.amount), currency), state, PaymentMethod.CARD, requested_at,
                      issued_at if state is RefundState.ISSUED else None, self._days)

    def _return(self, order: Order, fields: ReturnFields, rows: Sequence[Record]) -> ReturnRequest:
        created = [(self._moment_needed(row, fields.created_at, "return: created_at"), self._text(row, fields.id), row)
                   for row in rows]
        newest_at, newest, first = max(created, key=lambda one: one[:2])
        skus = [sku for _, name, row in created if name == newest for sku in self._list(row, fields.sku)]
        return ReturnRequest(
            newest, order.number, tuple(dict.fromkeys(skus)) or tuple(item.sku for item in order.delivered_items),
            self._word(self._text(first, fields.reason), self._options.return_reasons, ReturnReason,
                       ReturnReason.OTHER, "return reason"),
            newest_at, self._moment(first, fields.send_by, "send_by") or newest_at,
            link(self._text(first, fields.label_url)), self._moment(first, fields.received_at, "received_at"),
        )

    def _address(self, record: Record, name: str) -> Address:
        fields = self._options.order.address
        return Address(
            self._text(record, fields.name) or name, self._text(record, fields.street), self._text(record, fields.city),
            self._text(record, fields.postcode), self._text(record, fields.region),
            self._text(record, fields.country).upper() or "US",
        )

    def _value(self, record: Record, source: Source) -> Any:
        return self._get(record, source) if isinstance(source, str) and source else None

    def _text(self, record: Record, source: Source) -> str:
        if isinstance(source, tuple):
            return " ".join(filter(None, (self._text(record, one) for one in source)))
        value = self._value(record, source)
        return "" if value is None or isinstance(value, (Mapping, list)) else str(value).strip()

    def _list(self, record: Record, source: Source) -> list[str]:
        value = self._value(record, source)
        if isinstance(value, list):
            return [str(one) for one in value if one is not None]
        return [part.strip() for part in str(value).split(",") if part.strip()] if value is not None else []

    def _needed(self, record: Record, source: Source, key: str) -> str:
        text = self._text(record, source)
        if not text:
            raise MappingFault(f"endpoints.yml: orders: order: {key} is empty in an order; see docs/order-systems.md")
        return text

    def _number(self, record: Record, source: Source, key: str) -> Decimal | None:
        text = self._text(record, source)
        try:
            number = Decimal(text) if text else None
        except InvalidOperation:
            number = Decimal("NaN")
        if number is not None and not number.is_finite():
            raise MappingFault(f"endpoints.yml: orders: order: {key} is no number in an order")
        return number

    def _money(self, record: Record, source: Source, currency: str, key: str) -> Money:
        amount = self._number(record, source, key)
        if amount is None:
            raise MappingFault(f"endpoints.yml: orders: order: {key} is empty in an order")
        places = get_currency_precision(currency)
        if self._options.money == "minor":
            amount = amount.scaleb(-places)
        return Money(amount.quantize(Decimal(1).scaleb(-places)), currency)

    def _moment_needed(self, record: Record, source: Source, key: str) -> datetime:
        moment = self._moment(record, source, key)
        if moment is None:
            raise MappingFault(f"endpoints.yml: orders: order: {key} is empty in an order")
        return moment

    def _moment(self, record: Record, source: Source, key: str) -> datetime | None:
        value = self._value(record, source)
        if value is None or value == "":
            return None
        try:
            moment = read_moment(value, self._options.dates)
        except (ValueError, OverflowError, OSError, InvalidOperation):
            raise MappingFault(f"endpoints.yml: orders: {key} is no time as `dates` says it") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)

    def _word(
        self, raw: str, words: Mapping[str, Word], kind: type[Word], otherwise: Any, key: str,
    ) -> Any:
        """Translate a word of theirs; one of ours is understood without a table, an unknown one is logged."""
        if not raw:
            return otherwise
        known = {theirs.casefold(): ours for theirs, ours in words.items()}
        own = {str(one.value): one for one in kind}
        found = known.get(raw.casefold()) or own.get(raw.casefold())
        if found is None:
            logger.warning("Orders have a %s that endpoints.yml does not translate: %r", key, raw[:40])
            return otherwise
        return found


def _with_return(order: Order, request: ReturnRequest) -> Order:
    status = OrderStatus.RETURNED if request.received_at and order.status is OrderStatus.DELIVERED else order.status
    return replace(order, return_request=request, status=status)


def newest_of(orders: Iterable[EngineOrder]) -> EngineOrder | None:
    """Return the newest of several orders."""
    return max(orders, key=lambda one: one.order.placed_at, default=None)
