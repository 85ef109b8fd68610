"""What an order is: its lines, its parcels, its payment, its return."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tandem.orders.money import Money
from tandem.orders.shipments import Shipment, ShipmentState


class OrderStatus(str, Enum):
    """Where an order stands as a whole."""

    PROCESSING = "processing"
    PAYMENT_FAILED = "payment_failed"  # on hold until paid
    SHIPPED = "shipped"
    PARTLY_SHIPPED = "partly_shipped"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    LOST = "lost"
    RETURNED = "returned"
    CANCELLED = "cancelled"

    @property
    def open(self) -> bool:
        """Check whether the customer still waits for something of this order."""
        return self not in (OrderStatus.DELIVERED, OrderStatus.RETURNED, OrderStatus.CANCELLED)

    @property
    def shipped(self) -> bool:
        """Check whether anything of this order has left, or never will."""
        return self not in (OrderStatus.PROCESSING, OrderStatus.PAYMENT_FAILED)


class Membership(str, Enum):
    """The customer's tier in the shop's loyalty programme."""

    STANDARD = "standard"
    SILVER = "silver"
    GOLD = "gold"


class PaymentMethod(str, Enum):
    """What the customer pays with, and where a refund goes."""

    CARD = "card"
    PAYPAL = "paypal"
    BANK_TRANSFER = "bank_transfer"
    GIFT_CARD = "gift_card"


class RefundState(str, Enum):
    """How far a refund is."""

    PENDING_RETURN = "pending_return"  # the parcel is not back yet
    PENDING_INSPECTION = "pending_inspection"
    ISSUED = "issued"
    REFUSED = "refused"


class ReturnReason(str, Enum):
    """Why a customer sends something back."""

    CHANGED_MIND = "changed_mind"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    NOT_AS_DESCRIBED = "not_as_described"
    DOES_NOT_FIT = "does_not_fit"
    OTHER = "other"


class OrderAct(str, Enum):
    """What may be done to an order."""

    CANCEL = "cancel"
    CHANGE_ADDRESS = "change_address"
    START_RETURN = "start_return"
    EXCHANGE = "exchange"
    RESHIP = "reship"
    REFUND = "refund"
    VOUCHER = "voucher"
    EXPEDITE = "expedite"
    NOTE = "note"


@dataclass(frozen=True)
class Address:
    """Where parcels go. `country` is ISO 3166 alpha-2."""

    name: str
    street: str
    city: str
    postcode: str
    region: str = ""
    country: str = "US"

    def __str__(self) -> str:
        place = " ".join(part for part in (self.region, self.postcode) if part)
        return ", ".join(part for part in (self.street, self.city, place) if part)


@dataclass(frozen=True)
class OrderItem:
    """One line of an order, travelling in one shipment."""

    sku: str
    name: str
    quantity: int
    unit_price: Money
    shipment_id: str = ""

    @property
    def price(self) -> Money:
        """Return the price of the whole line."""
        return self.unit_price * self.quantity


@dataclass(frozen=True)
class Refund:
    """Money on its way back. `business_days` is (least, most) from issue to arrival."""

    amount: Money
    state: RefundState
    method: PaymentMethod
    requested_at: datetime
    issued_at: datetime | None = None
    business_days: tuple[int, int] = (5, 7)


@dataclass(frozen=True)
class ReturnRequest:
    """Goods on their way back. `label_url` is empty when the shop mails the label."""

    id: str
    order_number: str
    skus: tuple[str, ...]
    reason: ReturnReason
    created_at: datetime
    send_by: datetime
    label_url: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True)
class Invoice:
    """The bill of an order, mailed to `sent_to` when it was issued. `url` may be empty."""

    number: str
    order_number: str
    total: Money
    issued_at: datetime
    sent_to: str
    url: str = ""


@dataclass(frozen=True)
class Order:
    """An order as the shop sees it now. All times carry a zone.

    What may be done to it comes with it: from the shop's system if that says so, else by the shop's policies, which
    every adapter applies (`ShopPolicies.applied_to`). Until then it is None.
    """

    number: str
    email: str
    customer_name: str
    status: OrderStatus
    placed_at: datetime
    items: tuple[OrderItem, ...]
    total: Money
    shipping_address: Address
    shipments: tuple[Shipment, ...] = ()
    membership: Membership = Membership.STANDARD
    payment_method: PaymentMethod = PaymentMethod.CARD
    payment_due_by: datetime | None = None  # set while payment has failed
    cancelled_at: datetime | None = None
    return_request: ReturnRequest | None = None
    refund: Refund | None = None
    can_cancel: bool | None = None
    can_change_address: bool | None = None
    can_return: bool | None = None  # False where only people can set up a return, whatever the return window
    return_until: datetime | None = None  # the last moment at which a return is taken; None before delivery, too
    refundable: Money | None = None  # what was paid, less what was given back or is on its way back
    phone: str = ""  # as the customer gave it
    acts: tuple[OrderAct, ...] = ()  # what its system can do beside cancelling, another address and returns

    @property
    def postcode(self) -> str:
        """Return the postcode that identifies the customer, as on the parcel."""
        return self.shipping_address.postcode

    @property
    def shipment(self) -> Shipment | None:
        """Return the parcel the customer waits for next, or the last one that came."""
        waiting = [s for s in self.shipments if s.state not in (ShipmentState.DELIVERED, ShipmentState.CANCELLED)]
        if waiting:
            return min(waiting, key=lambda s: (s.expected_by is None, s.expected_by or self.placed_at))
        return self.shipments[-1] if self.shipments else None

    @property
    def expected_by(self) -> datetime | None:
        """Return the newest estimate for the parcel the customer waits for."""
        return self.shipment.expected_by if self.shipment else None

    @property
    def promised_by(self) -> datetime | None:
        """Return the date that the customer was told when ordering."""
        return self.shipment.promised_by if self.shipment else None

    @property
    def delayed(self) -> bool:
        """Check whether a parcel of this order is expected later than promised."""
        return self.status.open and any(shipment.delayed for shipment in self.shipments)

    @property
    def delivered_at(self) -> datetime | None:
        """Return when the last parcel so far was delivered."""
        return max((s.delivered_at for s in self.shipments if s.delivered_at), default=None)

    @property
    def delivered_items(self) -> tuple[OrderItem, ...]:
        """Return the lines that the customer has received."""
        delivered = {s.id for s in self.shipments if s.state is ShipmentState.DELIVERED}
        return tuple(item for item in self.items if item.shipment_id in delivered)

    def items_in(self, shipment: Shipment) -> tuple[OrderItem, ...]:
        """Return the lines that travel in one parcel."""
        return tuple(item for item in self.items if item.shipment_id == shipment.id)
