"""What there is to tell of an order: changes that hold now, each under a key of its own, so that it is told once."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum

from tandem.orders.model import Order, OrderStatus, RefundState


class ChangeKind(str, Enum):
    """What has become of an order; of several at once the last one here is told."""

    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    LATE = "late"  # a new, later day
    OVERDUE = "overdue"  # the day has passed, and there is no new one
    LOST = "lost"
    ARRIVED = "arrived"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"  # with what becomes of the money
    GONE = "gone"  # the shop's system has had no such order for a while


@dataclass(frozen=True)
class OrderChange:
    """A change that holds. `key` is the same as long as it is the same piece of news."""

    kind: ChangeKind
    key: str


_SETTLED = (RefundState.ISSUED, RefundState.REFUSED)


def changes_of(order: Order, now: datetime, zone: tzinfo) -> tuple[OrderChange, ...]:
    """List what holds of an order now, the most important last. `zone` is the shop's, in which days begin."""
    kinds = list(ChangeKind)
    return tuple(sorted(_changes(order, now, zone), key=lambda change: kinds.index(change.kind)))


def _changes(order: Order, now: datetime, zone: tzinfo) -> list[OrderChange]:
    found = []
    if order.status is OrderStatus.PARTLY_SHIPPED:
        found.append(_once(ChangeKind.PARTLY_SHIPPED))
    elif order.status.shipped and order.status is not OrderStatus.CANCELLED:
        found.append(_once(ChangeKind.SHIPPED))
    if order.status.open and order.status not in (OrderStatus.LOST, OrderStatus.PAYMENT_FAILED):
        expected = order.expected_by
        if expected is not None and expected < now:
            found.append(_of_day(ChangeKind.OVERDUE, expected, zone))
        elif expected is not None and order.delayed:
            found.append(_of_day(ChangeKind.LATE, expected, zone))
    kind = {OrderStatus.LOST: ChangeKind.LOST, OrderStatus.DELIVERED: ChangeKind.ARRIVED,
            OrderStatus.RETURNED: ChangeKind.ARRIVED, OrderStatus.CANCELLED: ChangeKind.CANCELLED}.get(order.status)
    if kind is not None:
        found.append(_once(kind))
    if order.refund is not None and order.refund.state is RefundState.ISSUED:
        found.append(_once(ChangeKind.REFUNDED))
    return found


def has_news_to_come(order: Order) -> bool:
    """Check whether the customer still waits for something of this order: goods, or money."""
    if order.status.open:
        return True
    if order.refund is not None:
        return order.refund.state not in _SETTLED
    return order.return_request is not None


def _once(kind: ChangeKind) -> OrderChange:
    return OrderChange(kind, kind.value)


def _of_day(kind: ChangeKind, moment: datetime, zone: tzinfo) -> OrderChange:
    return OrderChange(kind, f"{kind.value}:{moment.astimezone(zone).date().isoformat()}")
