"""An order system in memory. It passes the contract suite, so that what is tested on it holds for the real ones."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tandem.orders.acts.requests import (
    REQUESTS,
    ActRequest,
    ActResult,
    ExchangeItems,
    ExpediteOrder,
    RefundOrder,
    amount_of,
    lines_of,
)
from tandem.orders.acts.rules import check_act
from tandem.orders.errors import (
    AddressNotChangeable,
    IdempotencyConflict,
    InvoiceNotReady,
    NotCancellable,
    NotReturnable,
    OrderNotFound,
    OrderSystemUnavailable,
    ReturnRefusal,
    UnknownItem,
)
from tandem.orders.model import Address, Invoice, Order, OrderStatus, Refund, RefundState, ReturnReason, ReturnRequest
from tandem.orders.money import Money
from tandem.orders.policies import ShopPolicies, check_address, return_refusal
from tandem.orders.shipments import ShipmentState


class FakeOrderSystem:
    """Holds the orders it is given. Set `down` to see what happens without it; `calls` names what was asked."""

    def __init__(self, orders: Iterable[Order], clock: Callable[[], datetime], policies: ShopPolicies) -> None:
        self.orders = {order.number: order for order in orders}
        self.down = False
        self.calls: list[str] = []
        self._clock = clock
        self._policies = policies
        self.done: dict[str, ActResult] = {}
        self._done: dict[str, tuple[object, ...]] = {}

    def find(self, number: str) -> Order:
        self._called("find")
        if number not in self.orders:
            raise OrderNotFound(number)
        return self._judged(self.orders[number])

    def _judged(self, order: Order) -> Order:
        return replace(self._policies.applied_to(order), acts=tuple(REQUESTS))

    def open_orders(self, email: str) -> tuple[Order, ...]:
        return tuple(order for order in self.recent_orders(email, 100) if order.status.open)

    def recent_orders(self, email: str, limit: int = 10) -> tuple[Order, ...]:
        self._called("recent_orders")
        own = [self._judged(order) for order in self.orders.values()
               if order.email == email.strip().lower()]
        return tuple(sorted(own, key=lambda order: (order.placed_at, order.number), reverse=True)[:limit])

    def cancel(self, number: str, *, idempotency_key: str) -> Order:
        order = self.find(number)
        if self._repeated(idempotency_key, number, "cancel"):
            return order
        if not order.can_cancel:
            raise NotCancellable(number, order.status)
        at = self._clock()
        refund = Refund(order.refundable or order.total, RefundState.ISSUED, order.payment_method, at, at)
        paid = order.status is not OrderStatus.PAYMENT_FAILED
        self._done[idempotency_key] = (number, "cancel")
        self.orders[number] = replace(
            self.orders[number], status=OrderStatus.CANCELLED, cancelled_at=at, payment_due_by=None,
            refund=refund if paid else None, refundable=Money(Decimal(0), order.total.currency) if paid else None,
            shipments=tuple(replace(shipment, state=ShipmentState.CANCELLED, expected_by=None, ships_by=None)
                            for shipment in order.shipments),
        )
        return self._judged(self.orders[number])

    def change_address(self, number: str, address: Address, *, idempotency_key: str) -> Order:
        check_address(address)
        order = self.find(number)
        if self._repeated(idempotency_key, number, "change_address", address):
            return order
        if not order.can_change_address:
            raise AddressNotChangeable(number, order.status)
        self._done[idempotency_key] = (number, "change_address", address)
        self.orders[number] = replace(self.orders[number], shipping_address=address)
        return self._judged(self.orders[number])

    def start_return(
        self, number: str, *, skus: tuple[str, ...] | None = None, reason: ReturnReason, idempotency_key: str
    ) -> ReturnRequest:
        order = self.find(number)
        if self._repeated(idempotency_key, number, "start_return", skus, reason) and order.return_request:
            return order.return_request
        deadline, refusal = order.return_until, return_refusal(order, self._clock())
        if refusal or deadline is None:
            raise NotReturnable(number, refusal or ReturnRefusal.NOT_DELIVERED, deadline)
        for sku in skus or ():
            if sku not in {item.sku for item in order.items}:
                raise UnknownItem(number, sku)
        chosen = [item for item in order.delivered_items if not skus or item.sku in skus]
        if len(chosen) < len(skus or ()):
            raise NotReturnable(number, ReturnRefusal.NOT_DELIVERED)
        at = self._clock()
        request = ReturnRequest(f"R-{number}", number, tuple(item.sku for item in chosen), reason, at, deadline)
        worth = sum((item.price for item in chosen[1:]), chosen[0].price)
        refund = Refund(worth, RefundState.PENDING_RETURN, order.payment_method, at)
        self._done[idempotency_key] = (number, "start_return", skus, reason)
        self.orders[number] = replace(self.orders[number], return_request=request, refund=refund)
        return request

    def act(self, number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        order, at = self.find(number), self._clock()
        if self._repeated(idempotency_key, number, request):
            return self.done[idempotency_key]
        check_act(order, request, at)
        amount = amount_of(order, request)
        if isinstance(request, RefundOrder) and amount is not None and order.refundable is not None:
            self.orders[number] = replace(
                self.orders[number], refundable=order.refundable - amount,
                refund=Refund(amount, RefundState.ISSUED, order.payment_method, at, at))
        elif isinstance(request, ExchangeItems) and order.return_until is not None:
            skus = tuple(line.sku for line in lines_of(order, request))
            self.orders[number] = replace(self.orders[number], return_request=ReturnRequest(
                f"R-{number}", number, skus, ReturnReason.OTHER, at, order.return_until))
        elif isinstance(request, ExpediteOrder):
            self.orders[number] = replace(self.orders[number], shipments=tuple(
                replace(one, service="express") for one in order.shipments))
        self._done[idempotency_key] = (number, request)
        self.done[idempotency_key] = ActResult(request.act, f"{number}/{len(self.done)}")
        return self.done[idempotency_key]

    def invoice(self, number: str) -> Invoice:
        order = self.find(number)
        if order.status is OrderStatus.PAYMENT_FAILED or (order.cancelled_at and order.refund is None):
            raise InvoiceNotReady(number)
        return Invoice(f"INV-{number}", number, order.total, order.placed_at, order.email)

    def check(self) -> None:
        self._called("check")

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.down:
            raise OrderSystemUnavailable("switched off by the test")

    def _repeated(self, key: str, *request: object) -> bool:
        if key in self._done and self._done[key] != request:
            raise IdempotencyConflict(key)
        return key in self._done
