"""What the shop allows, as plain functions over an order."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone, tzinfo

from tandem.orders.errors import InvalidAddress, ReturnRefusal
from tandem.orders.model import Address, Order, OrderStatus


@dataclass(frozen=True)
class ShopPolicies:
    """The shop's promises. Pairs are (least, most); business days are Monday to Friday."""

    return_days: int = 30
    refund_business_days: tuple[int, int] = (5, 7)
    zone: tzinfo = timezone.utc  # where the shop's days begin and end


DEFAULT_POLICIES = ShopPolicies()


def can_cancel(order: Order) -> bool:
    """Check that nothing of the order has left the warehouse."""
    return status_allows_cancelling(order.status)


def status_allows_cancelling(status: OrderStatus) -> bool:
    """Check whether an order of this status may be cancelled, for those who know no more of it."""
    return status in (OrderStatus.PROCESSING, OrderStatus.PAYMENT_FAILED)


def can_change_address(order: Order) -> bool:
    """Check that nothing of the order has left the warehouse."""
    return order.status in (OrderStatus.PROCESSING, OrderStatus.PAYMENT_FAILED)


def check_address(address: Address) -> None:
    """See whether a parcel could be sent there.

    Raises:
        InvalidAddress: A part is missing, too long or holds what cannot be printed on a label.
    """
    longest = {"name": 200, "street": 300, "city": 200, "postcode": 20, "region": 100, "country": 2}
    for field, length in longest.items():
        value = getattr(address, field)
        missing = not value.strip() and field != "region"
        if missing or len(value) > length or not value.isprintable():
            raise InvalidAddress(field)


def return_deadline(order: Order, policies: ShopPolicies) -> datetime | None:
    """Return the end of the last day on which a return is taken, in the shop's zone; None before delivery."""
    if order.delivered_at is None:
        return None
    last_day = order.delivered_at.astimezone(policies.zone).date() + timedelta(days=policies.return_days)
    return datetime.combine(last_day, time(23, 59, 59), policies.zone)


def return_refusal(order: Order, now: datetime, policies: ShopPolicies) -> ReturnRefusal | None:
    """Say why the order cannot be sent back at this moment; None when it can."""
    if order.status is OrderStatus.RETURNED:
        return ReturnRefusal.ALREADY_RETURNED
    if order.return_request is not None:
        return ReturnRefusal.ALREADY_REQUESTED
    deadline = return_deadline(order, policies)
    if deadline is None or not order.delivered_items:
        return ReturnRefusal.NOT_DELIVERED
    return ReturnRefusal.WINDOW_CLOSED if now > deadline else None
