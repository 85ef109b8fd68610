"""What the shop allows. It is asked once, by the adapter that reads an order; whoever has the order asks that."""
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal

from tandem.db.engine import now
from tandem.orders.delivery_promise import with_promise
from tandem.orders.errors import InvalidAddress, NotReturnable, ReturnRefusal, UnknownItem
from tandem.orders.model import Address, Order, OrderItem, OrderStatus, RefundState
from tandem.orders.money import Money
from tandem.settings import Settings
from tandem.shop.delivery import DeliverySettings
from tandem.shop.schema import ChangeSettings
from tandem.shop.shop_file import current_shop

_BEFORE_SHIPPING = ChangeSettings()


@dataclass(frozen=True)
class ShopPolicies:
    """The shop's promises. Pairs are (least, most); business days are Monday to Friday."""

    return_days: int = 30
    refund_business_days: tuple[int, int] = (5, 7)
    zone: tzinfo = timezone.utc  # where the shop's days begin and end
    cancellation: ChangeSettings = _BEFORE_SHIPPING
    address_change: ChangeSettings = _BEFORE_SHIPPING
    delivery: DeliverySettings | None = None  # without it nothing is promised that the shop's system does not say

    @classmethod
    def of(cls, settings: Settings) -> ShopPolicies:
        """Read the promises of the shop, as data/shop.yml says now."""
        shop = current_shop()
        return cls(shop.returns.days, (shop.refunds.days.least, shop.refunds.days.most), settings.shop_timezone,
                   shop.cancellation, shop.address_change, shop.delivery)

    def current(self) -> ShopPolicies:
        """Return the promises that hold now."""
        return self

    def applied_to(self, order: Order) -> Order:
        """Put on the order what may be done to it and when it should be there; what its system has said stands."""
        held = self.current()
        cancel, change = (_allowed(order, limits) for limits in (held.cancellation, held.address_change))
        return replace(
            order, can_cancel=cancel if order.can_cancel is None else order.can_cancel,
            can_change_address=change if order.can_change_address is None else order.can_change_address,
            return_until=order.return_until or held._return_until(order),
            shipments=tuple(with_promise(one, held.delivery, held.zone) for one in order.shipments)
            if held.delivery else order.shipments,
            refundable=_left_of_the_payment(order) if order.refundable is None else order.refundable,
        )

    def _return_until(self, order: Order) -> datetime | None:
        """Return the end of the last day on which a return is taken, in the shop's zone; None before delivery."""
        if order.delivered_at is None:
            return None
        if not self.return_days:
            return order.delivered_at  # nothing is taken back
        last_day = order.delivered_at.astimezone(self.zone).date() + timedelta(days=self.return_days)
        return datetime.combine(last_day, time(23, 59, 59), self.zone)


@dataclass(frozen=True)
class PoliciesOfTheFile(ShopPolicies):
    """The promises of a running shop: a changed data/shop.yml holds from the next order that is read."""

    settings: Settings | None = None

    @classmethod
    def of(cls, settings: Settings) -> PoliciesOfTheFile:
        """Read the promises of the shop, and read them again when they change."""
        held = ShopPolicies.of(settings)
        return cls(**{name: getattr(held, name) for name in held.__dataclass_fields__}, settings=settings)

    def current(self) -> ShopPolicies:
        """Read the file, if it has changed."""
        return ShopPolicies.of(self.settings) if self.settings else self


DEFAULT_POLICIES = ShopPolicies()


def _allowed(order: Order, limits: ChangeSettings) -> bool:
    """Check whether the shop still lets customers do something to an order by themselves."""
    in_time = not limits.within_hours or now() <= order.placed_at + timedelta(hours=limits.within_hours)
    return limits.until == "shipped" and not order.status.shipped and in_time


def _left_of_the_payment(order: Order) -> Money:
    """Return what could still be given back, as far as the order's one refund tells."""
    if order.status is OrderStatus.PAYMENT_FAILED:
        return Money(Decimal(0), order.total.currency)
    refund = order.refund
    if refund is None or refund.state is RefundState.REFUSED or refund.amount.currency != order.total.currency:
        return order.total
    return Money(max(Decimal(0), order.total.amount - refund.amount.amount), order.total.currency)


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


def return_refusal(order: Order, now: datetime) -> ReturnRefusal | None:
    """Say why the order cannot be sent back at this moment; None when it can."""
    if order.status is OrderStatus.RETURNED:
        return ReturnRefusal.ALREADY_RETURNED
    if order.return_request is not None:
        return ReturnRefusal.ALREADY_REQUESTED
    if order.return_until is None or not order.delivered_items:
        return ReturnRefusal.NOT_DELIVERED
    if now > order.return_until:
        return ReturnRefusal.WINDOW_CLOSED
    return ReturnRefusal.BY_PEOPLE if order.can_return is False else None


def chosen_lines(order: Order, skus: tuple[str, ...] | None) -> tuple[OrderItem, ...]:
    """Return the delivered lines to send back.

    Raises:
        UnknownItem: A SKU is not of this order.
        NotReturnable: A chosen line is not delivered yet.
    """
    if not skus:
        return order.delivered_items
    for sku in skus:
        if sku not in {item.sku for item in order.items}:
            raise UnknownItem(order.number, sku)
    chosen = tuple(item for item in order.delivered_items if item.sku in skus)
    if {item.sku for item in chosen} != set(skus):
        raise NotReturnable(order.number, ReturnRefusal.NOT_DELIVERED)
    return chosen
