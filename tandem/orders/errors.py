"""What can go wrong with orders, by names for which the dialogue has responses.

OrderError
├── InvalidOrderNumber          the text is no order number
├── InvalidContact              the text is no e-mail address, postcode or phone number
├── InvalidAddress              .field: the part that is missing, too long or not text
├── OrderNotFound
├── OrderRefused                the shop's rules forbid it
│   ├── NotCancellable          .status
│   ├── AddressNotChangeable    .status
│   ├── NotReturnable           .reason, .deadline
│   ├── ActNotAllowed              .act, .refusal, .most
│   └── UnknownItem             .sku
├── InvoiceNotReady
├── IdempotencyConflict         one key was used for two different requests
├── OrderSystemUnavailable      down, slow, or answering nonsense: worth trying later
└── IdentificationError
    ├── NotIdentified           show nothing, ask for number and contact first
    ├── NotMatched              .misses, .offer_person
    └── RefusedForNow           .until
"""
from __future__ import annotations

from datetime import datetime
from enum import Enum

from tandem.orders.model import OrderAct, OrderStatus
from tandem.orders.money import Money


class OrderError(Exception):
    """Base of the errors of this package."""


class InvalidOrderNumber(OrderError):
    """The text is no order number of this shop."""

    def __init__(self, text: str) -> None:
        super().__init__("not an order number")
        self.text = text


class InvalidContact(OrderError):
    """The text is nothing that customers are matched with."""

    def __init__(self, text: str) -> None:
        super().__init__("no e-mail address, postcode or phone number")
        self.text = text


class InvalidAddress(OrderError):
    """No parcel could be sent there; `field` is the part of `Address` that is missing, too long or not text."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the address has no usable {field}")
        self.field = field


class OrderNotFound(OrderError):
    """The shop has no order of this number."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number}: no such order")
        self.number = number


class OrderRefused(OrderError):
    """The shop's rules forbid what was asked of this order."""

    def __init__(self, number: str, message: str) -> None:
        super().__init__(f"{number}: {message}")
        self.number = number


class NotCancellable(OrderRefused):
    """The order has left the warehouse or is closed; `status` says which."""

    def __init__(self, number: str, status: OrderStatus) -> None:
        super().__init__(number, f"cannot be cancelled, it is {status.value}")
        self.status = status


class AddressNotChangeable(OrderRefused):
    """The order has left the warehouse or is closed; `status` says which."""

    def __init__(self, number: str, status: OrderStatus) -> None:
        super().__init__(number, f"its address cannot be changed, it is {status.value}")
        self.status = status


class ReturnRefusal(str, Enum):
    """Why an order cannot be sent back."""

    NOT_DELIVERED = "not_delivered"
    WINDOW_CLOSED = "window_closed"
    ALREADY_REQUESTED = "already_requested"
    ALREADY_RETURNED = "already_returned"
    BY_PEOPLE = "by_people"  # the shop's engine takes no returns from us


class NotReturnable(OrderRefused):
    """The order cannot be sent back. `deadline` is the end of the return window, where there is one."""

    def __init__(self, number: str, reason: ReturnRefusal, deadline: datetime | None = None) -> None:
        super().__init__(number, f"cannot be returned, {reason.value}")
        self.reason = reason
        self.deadline = deadline


class ActRefusal(str, Enum):
    """Why an act is not done to an order."""

    BY_PEOPLE = "by_people"  # the shop's engine does not take it from us
    BY_ENGINE = "by_engine"  # which says no, for a reason of its own
    NOT_ALLOWED = "not_allowed"  # to this role
    ORDER_LIMIT = "order_limit"  # of what the role may give for one order
    DAY_LIMIT = "day_limit"  # of what they may give in a day
    NOTHING_PAID = "nothing_paid"  # or all of it was given back
    TOO_MUCH = "too_much"  # more than is left of what was paid
    NO_AMOUNT = "no_amount"  # nothing, less than nothing, parts of a cent, or another currency
    NOT_SENT = "not_sent"
    SENT_ALREADY = "sent_already"
    NOT_DELIVERED = "not_delivered"
    TOO_LATE = "too_late"  # the return window is closed
    DONE_BEFORE = "done_before"
    CLOSED = "closed"  # cancelled, or returned
    UNKNOWN_ITEM = "unknown_item"
    NO_TEXT = "no_text"  # empty, too long, or not to be printed


class ActNotAllowed(OrderRefused):
    """The act is not done to this order. `most` is the amount that would do, where one would."""

    def __init__(self, number: str, act: OrderAct, refusal: ActRefusal, most: Money | None = None) -> None:
        super().__init__(number, f"no {act.value}: {refusal.value}")
        self.act = act
        self.refusal = refusal
        self.most = most


class UnknownItem(OrderRefused):
    """The order has no line of this SKU."""

    def __init__(self, number: str, sku: str) -> None:
        super().__init__(number, f"has no item {sku}")
        self.sku = sku


class InvoiceNotReady(OrderError):
    """No invoice was issued, because the order is not paid."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number}: no invoice yet")
        self.number = number


class IdempotencyConflict(OrderError):
    """The key was used before, for another request. A fault of the caller."""

    def __init__(self, key: str) -> None:
        super().__init__(f"idempotency key {key} was used for another request")
        self.key = key


class OrderSystemUnavailable(OrderError):
    """The order system is down, too slow, or answers what cannot be understood. Worth trying later."""


class IdentificationError(OrderError):
    """The customer is not identified for this order."""


class NotIdentified(IdentificationError):
    """Neither the channel nor this conversation has shown that the order is the customer's."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number}: the customer is not identified")
        self.number = number


class NotMatched(IdentificationError):
    """Number and contact do not belong together; which of them is wrong stays unsaid.

    `misses` counts this conversation's misses within the window, this one included.
    """

    def __init__(self, misses: int, offer_person: bool) -> None:
        super().__init__(f"order number and contact do not match, miss {misses}")
        self.misses = misses
        self.offer_person = offer_person


class RefusedForNow(IdentificationError):
    """Too many misses: nothing is compared until `until` (UTC), not even the right answer."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"too many misses, refused until {until.isoformat()}")
        self.until = until
        self.offer_person = True
