"""What is asked for by each act, and what comes of it."""
from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tandem.orders.model import Order, OrderAct, OrderItem
from tandem.orders.money import Money

MONEY_ACTS = frozenset({OrderAct.REFUND, OrderAct.VOUCHER, OrderAct.RESHIP})  # which cost the shop something
LONGEST_TEXT = 500


@dataclass(frozen=True)
class ExchangeItems:
    """Take delivered goods back and send others. `wanted` says in words what; empty is the same again."""

    act: ClassVar[OrderAct] = OrderAct.EXCHANGE
    skus: tuple[str, ...] = ()  # all that was delivered
    wanted: str = ""


@dataclass(frozen=True)
class ReshipItems:
    """Send goods again that did not come, or came broken, without waiting for anything back."""

    act: ClassVar[OrderAct] = OrderAct.RESHIP
    skus: tuple[str, ...] = ()  # all that was sent


@dataclass(frozen=True)
class RefundOrder:
    """Give money back the way it came, in whole or in part."""

    act: ClassVar[OrderAct] = OrderAct.REFUND
    amount: Money | None = None  # all that is left of what was paid


@dataclass(frozen=True)
class IssueVoucher:
    """Give a voucher for another order, or the same as credit where the engine keeps accounts."""

    act: ClassVar[OrderAct] = OrderAct.VOUCHER
    amount: Money
    days: int = 365  # for which it is good


@dataclass(frozen=True)
class ExpediteOrder:
    """Send what has not left by the faster service, at no cost."""

    act: ClassVar[OrderAct] = OrderAct.EXPEDITE


@dataclass(frozen=True)
class AddNote:
    """Keep a note at the order, for the people of the shop."""

    act: ClassVar[OrderAct] = OrderAct.NOTE
    text: str


ActRequest = ExchangeItems | ReshipItems | RefundOrder | IssueVoucher | ExpediteOrder | AddNote
REQUESTS: Mapping[OrderAct, type[ActRequest]] = {kind.act: kind for kind in (
    ExchangeItems, ReshipItems, RefundOrder, IssueVoucher, ExpediteOrder, AddNote)}


@dataclass(frozen=True)
class ActResult:
    """What came of an act. `reference` is the engine's name for it: a refund's id, a voucher's code, a new order's."""

    act: OrderAct
    reference: str = ""


def reference_of(idempotency_key: str) -> str:
    """Return the mark by which an act is found again in an engine: the same for the same key."""
    return f"tandem-{hashlib.sha256(idempotency_key.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def voucher_code(reference: str) -> str:
    """Return the code of the voucher that an act with this mark makes, such as V-7KQ2M4XW3A6T."""
    return f"V-{base64.b32encode(hashlib.sha256(reference.encode()).digest()).decode()[:12]}"


def lines_of(order: Order, request: ActRequest) -> tuple[OrderItem, ...]:
    """Return the lines that an act is about; none for those that are not about goods."""
    if isinstance(request, ExchangeItems):
        goods = order.delivered_items
    elif isinstance(request, ReshipItems):
        sent = {shipment.id for shipment in order.shipments if shipment.shipped_at or shipment.delivered_at}
        goods = tuple(item for item in order.items if item.shipment_id in sent)
    else:
        return ()
    return tuple(item for item in goods if not request.skus or item.sku in request.skus)


def amount_of(order: Order, request: ActRequest) -> Money | None:
    """Return what an act costs the shop, which the limits of the roles count; None if nothing."""
    if isinstance(request, RefundOrder):
        return request.amount or order.refundable
    if isinstance(request, IssueVoucher):
        return request.amount
    lines = lines_of(order, request) if isinstance(request, ReshipItems) else ()
    return sum((line.price for line in lines[1:]), lines[0].price) if lines else None


def values_of(request: ActRequest, reference: str) -> dict[str, object]:
    """Return what the statements and requests of a described engine may name."""
    values: dict[str, object] = {"key": reference}
    if isinstance(request, (RefundOrder, IssueVoucher)) and request.amount is not None:
        values |= {"amount": str(request.amount.amount), "minor": request.amount.minor}
    if isinstance(request, IssueVoucher):
        values |= {"code": voucher_code(reference), "days": request.days}
    elif isinstance(request, AddNote):
        values["text"] = request.text
    elif isinstance(request, ExchangeItems):
        values["wanted"] = request.wanted
    return values


def name_of(request: ActRequest, reference: str) -> str:
    """Return how a described engine calls what it made: by a voucher's code, else by the mark."""
    return voucher_code(reference) if isinstance(request, IssueVoucher) else reference
