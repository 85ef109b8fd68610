"""The Protocol of order systems: how Tandem reads a shop's orders and changes them."""
from __future__ import annotations

from typing import Protocol

from tandem.orders.acts.requests import ActRequest, ActResult
from tandem.orders.model import Address, Invoice, Order, ReturnReason, ReturnRequest


class OrderSystem(Protocol):
    """What Tandem asks of a shop. All methods block; call them off the event loop.

    Order numbers are in the shop's own form (see `identifiers.normalise_order_number`). Every method may raise
    `OrderSystemUnavailable`; it then holds for writes that they may or may not have happened, and that repeating them
    with the same `idempotency_key` is safe: a repeated write changes nothing and answers as the first did. The same
    key with a different request raises `IdempotencyConflict`. A refused write leaves the key unused.

    Orders come with what may be done to them (`Order.can_cancel` and the like): the shop's system says it, or the
    adapter applies the shop's policies.

    Nothing here checks who asks: go through `IdentificationService` before showing or changing an order.
    """

    def find(self, number: str) -> Order:
        """Return the order of this number.

        Raises:
            OrderNotFound: There is none.
        """
        ...

    def open_orders(self, email: str) -> tuple[Order, ...]:
        """Return the orders of this address from which the customer still waits for something, newest first.

        Upper and lower case are the same. An unknown address has none.
        """
        ...

    def recent_orders(self, email: str, limit: int = 10) -> tuple[Order, ...]:
        """Return the newest orders of this address, open or not, newest first; `limit` is 1 to 100."""
        ...

    def cancel(self, number: str, *, idempotency_key: str) -> Order:
        """Cancel the whole order; what was paid is refunded.

        Raises:
            OrderNotFound: There is no such order.
            NotCancellable: It has been shipped, even in part, or is closed.
        """
        ...

    def change_address(self, number: str, address: Address, *, idempotency_key: str) -> Order:
        """Send the order elsewhere.

        Raises:
            OrderNotFound: There is no such order.
            InvalidAddress: No parcel could be sent there.
            AddressNotChangeable: It has been shipped, even in part, or is closed.
        """
        ...

    def start_return(
        self, number: str, *, skus: tuple[str, ...] | None = None, reason: ReturnReason, idempotency_key: str
    ) -> ReturnRequest:
        """Announce a return. `skus` None sends back all that was delivered.

        Raises:
            OrderNotFound: There is no such order.
            NotReturnable: Not delivered, too late, or already on its way back.
            UnknownItem: The order has no such line.
        """
        ...

    def act(self, number: str, request: ActRequest, *, idempotency_key: str) -> ActResult:
        """Do one of the acts of `tandem.orders.acts`, once, if the order allows it at that moment.

        Of two refunds at once no more is given back than is left of what was paid.

        Raises:
            OrderNotFound: There is no such order.
            ActNotAllowed: The order does not allow it, or the system leaves it to people (`Order.acts`).
            UnknownItem: The order has no such line.
        """
        ...

    def invoice(self, number: str) -> Invoice:
        """Return the invoice of a paid order.

        Raises:
            OrderNotFound: There is no such order.
            InvoiceNotReady: The order is not paid.
        """
        ...

    def check(self) -> None:
        """See whether the system answers.

        Raises:
            OrderSystemUnavailable: It does not; the text says why.
        """
        ...
