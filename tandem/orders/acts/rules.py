"""What may be done to an order as it stands, whoever asks: every adapter holds to it before it acts."""
from __future__ import annotations

from datetime import datetime

from tandem.orders.acts.requests import (
    LONGEST_TEXT,
    ActRequest,
    AddNote,
    ExchangeItems,
    ExpediteOrder,
    IssueVoucher,
    RefundOrder,
    ReshipItems,
    amount_of,
    lines_of,
)
from tandem.orders.errors import ActNotAllowed, ActRefusal, ReturnRefusal, UnknownItem
from tandem.orders.model import Order, OrderStatus
from tandem.orders.money import Money
from tandem.orders.policies import return_refusal
from tandem.shop.shop_file import current_shop

_RETURNS = {ReturnRefusal.WINDOW_CLOSED: ActRefusal.TOO_LATE, ReturnRefusal.NOT_DELIVERED: ActRefusal.NOT_DELIVERED,
            ReturnRefusal.ALREADY_REQUESTED: ActRefusal.DONE_BEFORE, ReturnRefusal.ALREADY_RETURNED: ActRefusal.CLOSED}
_NEVER_SENT = frozenset({OrderStatus.PROCESSING, OrderStatus.PAYMENT_FAILED, OrderStatus.CANCELLED})


def check_act(order: Order, request: ActRequest, now: datetime) -> None:
    """See whether the order, as it stands, allows an act.

    Raises:
        ActNotAllowed: It does not; `most` says which amount would do.
        UnknownItem: A line is not of this order.
    """
    if request.act not in order.acts:
        raise ActNotAllowed(order.number, request.act, ActRefusal.BY_PEOPLE)
    if isinstance(request, (ExchangeItems, ReshipItems)):
        known = {item.sku for item in order.items}
        for sku in request.skus:
            if sku not in known:
                raise UnknownItem(order.number, sku)
    refusal, most = _refusal(order, request, now)
    if refusal is not None:
        raise ActNotAllowed(order.number, request.act, refusal, most)


def _refusal(order: Order, request: ActRequest, now: datetime) -> tuple[ActRefusal | None, Money | None]:
    if isinstance(request, (RefundOrder, IssueVoucher)):
        return _of_money(order, request)
    if isinstance(request, AddNote):
        text = request.text.strip()
        wrong = not text or len(text) > LONGEST_TEXT or not text.replace("\n", "").isprintable()
        return (ActRefusal.NO_TEXT if wrong else None), None
    if isinstance(request, ExpediteOrder):
        return _of_speed(order), None
    if isinstance(request, ReshipItems):
        if order.status in _NEVER_SENT or not lines_of(order, request):
            return ActRefusal.NOT_SENT, None
        chosen = {line.sku for line in lines_of(order, request)}
        closed = order.status is OrderStatus.RETURNED
        return (ActRefusal.CLOSED if closed else None if set(request.skus) <= chosen else ActRefusal.NOT_SENT), None
    return _of_exchange(order, request, now), None


def _of_money(order: Order, request: RefundOrder | IssueVoucher) -> tuple[ActRefusal | None, Money | None]:
    left, amount = order.refundable, amount_of(order, request)
    if isinstance(request, RefundOrder) and (left is None or left.amount <= 0):
        return ActRefusal.NOTHING_PAID, None
    if amount is None or amount.currency != order.total.currency or not _is_amount(amount):
        return ActRefusal.NO_AMOUNT, None
    if isinstance(request, RefundOrder) and left is not None and amount.amount > left.amount:
        return ActRefusal.TOO_MUCH, left
    return None, None


def _is_amount(amount: Money) -> bool:
    try:
        return 0 < amount.minor < 10 ** 12
    except ValueError:
        return False


def _of_speed(order: Order) -> ActRefusal | None:
    if order.status is not OrderStatus.PROCESSING:
        return ActRefusal.SENT_ALREADY if order.status.shipped else ActRefusal.NOTHING_PAID
    fast = all(shipment.service == current_shop().delivery.fast for shipment in order.shipments)
    return ActRefusal.DONE_BEFORE if order.shipments and fast else None


def _of_exchange(order: Order, request: ExchangeItems, now: datetime) -> ActRefusal | None:
    if len(request.wanted) > LONGEST_TEXT or not request.wanted.isprintable():
        return ActRefusal.NO_TEXT
    refused = return_refusal(order, now)
    if refused is not None and refused is not ReturnRefusal.BY_PEOPLE:
        return _RETURNS[refused]
    chosen = {line.sku for line in lines_of(order, request)}
    return None if set(request.skus) <= chosen else ActRefusal.NOT_DELIVERED
