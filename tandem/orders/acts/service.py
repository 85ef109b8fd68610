"""The one way to the acts on orders: what is possible, what it will do, and doing it once, within the role's limits."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from decimal import Decimal

from sqlalchemy.engine import Engine

from tandem.db.engine import now
from tandem.orders.acts.log import ActLimits, ActLog, Confirmation, IntendedAct, Line
from tandem.orders.acts.plain import BOT, Actor, ActRole, Agreed, AuditWriter, RecordedActs, nobody_agreed
from tandem.orders.acts.requests import (
    MONEY_ACTS,
    ActRequest,
    ActResult,
    ExchangeItems,
    IssueVoucher,
    RefundOrder,
    ReshipItems,
    amount_of,
    lines_of,
)
from tandem.orders.acts.rules import check_act
from tandem.orders.errors import ActNotAllowed, ActRefusal, OrderNotFound, OrderRefused
from tandem.orders.model import Order, OrderAct, OrderItem, PaymentMethod
from tandem.orders.money import Money
from tandem.orders.system import OrderSystem
from tandem.shop.schema import RoleActSettings
from tandem.shop.shop_file import current_shop


@dataclass(frozen=True)
class ActPreview:
    """What an act will do to the order as it stands.

    Attributes:
        amount: What goes back, is given, or what goods are worth that are sent for nothing.
        method: The way on which money goes back.
        lines: The goods that it is about.
        token: Whoever has seen this gives it back to have it done. It holds for this order as it stands.
    """

    order: Order
    request: ActRequest
    amount: Money | None
    method: PaymentMethod | None
    lines: tuple[OrderItem, ...]
    token: str


@dataclass(frozen=True)
class ActDone:
    """What was done. `repeated`: it was done before, under the same key."""

    preview: ActPreview
    result: ActResult
    repeated: bool = False


class OrderChanged(OrderRefused):
    """The order, or what is asked, is not as it was when it was confirmed: look at it again."""

    def __init__(self, number: str) -> None:
        super().__init__(number, "is not as it was when this was confirmed")


class OrderActs(RecordedActs):
    """Acts on orders; blocking. Who may see the order is asked before: `IdentificationService`.

    Args:
        audit: Writes the lines of the audit log, in the transactions that they tell of.
        zone: Where the shop's days begin, for what may be given in a day.
        agreed: Says whether the customer has agreed; without its word the bot does nothing.
    """

    def __init__(
        self, engine: Engine, orders: OrderSystem, audit: AuditWriter, zone: tzinfo,
        clock: Callable[[], datetime] = now, agreed: Agreed = nobody_agreed,
    ) -> None:
        super().__init__(engine, orders, audit, agreed)
        self._log = ActLog(engine, clock)
        self._zone = zone
        self._clock = clock

    def allowed(self, order: Order, role: ActRole) -> tuple[OrderAct, ...]:
        """Return the acts that the engine can do and the role may do, whatever else an order allows."""
        may = _limits_of(role).may
        return tuple(act for act in OrderAct if act in order.acts and act.value in may)

    def left(self, order: Order, actor: Actor) -> Money | None:
        """Return what the actor may still give for this order today; None if nothing limits it."""
        limits, currency = self._limits(actor.role), order.total.currency
        given = self._log.given(order.number, actor.id, currency, limits.day_began)
        bounds = [limit - before for limit, before in zip((limits.per_order, limits.per_day), given)
                  if limit is not None and limit.currency == currency]
        return min(bounds, key=lambda one: one.amount, default=None)

    def preview(self, order: Order, request: ActRequest, actor: Actor) -> ActPreview:
        """Say what an act would do to the order as it stands.

        Raises:
            ActNotAllowed: The engine, the order or the role forbids it; `most` says which amount would do.
            UnknownItem: The order has no such line.
        """
        check_act(order, request, self._clock())
        if request.act.value not in _limits_of(actor.role).may:
            raise ActNotAllowed(order.number, request.act, ActRefusal.NOT_ALLOWED)
        seen = _seen(order, _in_full(order, request), actor)
        self._log.check(_intended(seen, actor), self._limits(actor.role))
        return seen

    def do(
        self, number: str, request: ActRequest, actor: Actor, *, token: str, idempotency_key: str,
        conversation_id: str | None = None,
    ) -> ActDone:
        """Do what was confirmed, once: a repeat of the key does nothing and answers alike.

        Raises:
            OrderChanged: It is not what was confirmed.
            ActNotAllowed, UnknownItem: As `preview` raises them, or the customer has not agreed to what the bot is to
                do; the key is unused then.
            IdempotencyConflict: The key belongs to another request.
            OrderSystemUnavailable: It may or may not have been done; repeating is safe.
            OrderNotFound: There is no such order.
        """
        self.check_agreed(actor, request.act, number, idempotency_key, conversation_id)
        order = self._orders.find(number)
        known = self._log.known(idempotency_key, number, _asked(request, actor))
        if known is None:
            seen = self.preview(order, request, actor)
            if seen.token != token:
                raise OrderChanged(number)
        else:  # the order may show it already: what was confirmed holds
            seen = _seen(order, _as_confirmed(request, known), actor)
        line = self._line(actor, seen, conversation_id)
        intended = replace(_intended(seen, actor), key=idempotency_key, request=_asked(request, actor))
        before = self._log.begin(intended, self._limits(actor.role), line)
        if before is not None:
            return ActDone(seen, before, repeated=True)
        try:
            result = self._orders.act(number, seen.request, idempotency_key=f"act:{idempotency_key}")
        except (OrderRefused, OrderNotFound):
            self._log.refuse(idempotency_key, line)
            raise
        except BaseException:
            self._log.leave_open(idempotency_key)
            raise
        self._log.finish(idempotency_key, result, line)
        return ActDone(seen, result)

    def _limits(self, role: ActRole) -> ActLimits:
        shop, held = current_shop(), _limits_of(role)
        amounts = [None if one is None else Money(one, shop.currency) for one in (held.per_order, held.per_day)]
        today = self._clock().astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return ActLimits(amounts[0], amounts[1], today)

    def _line(self, actor: Actor, seen: ActPreview, conversation_id: str | None) -> Line:
        act = f"{seen.request.act.value}_order"
        actions = {"asked": f"{act}_asked", "done": act, "refused": f"{act}_refused"}
        amount = f" {seen.amount.amount} {seen.amount.currency}" if seen.amount is not None else ""
        return lambda connection, what: self._audit(
            connection, actor.id, actor.via, actions[what], conversation_id, f"{seen.order.number}{amount}")


__all__ = ["BOT", "ActDone", "ActPreview", "ActRole", "Actor", "OrderActs", "OrderChanged"]


def _limits_of(role: ActRole) -> RoleActSettings:
    acts = current_shop().acts
    return {ActRole.BOT: acts.bot, ActRole.AGENT: acts.agent, ActRole.SUPERVISOR: acts.supervisor}[role]


def _asked(request: ActRequest, actor: Actor) -> str:
    return f"{actor.role.value}\n{request!r}"


def _seen(order: Order, request: ActRequest, actor: Actor) -> ActPreview:
    method = order.payment_method if isinstance(request, RefundOrder) else None
    state = (order.number, order.status, order.total, order.items, order.refundable, order.refund,
             order.return_request, order.payment_method, order.acts)
    told = hashlib.sha256(repr((state, request, actor)).encode("utf-8", "surrogatepass")).hexdigest()
    return ActPreview(order, request, amount_of(order, request), method, lines_of(order, request), told[:32])


def _intended(seen: ActPreview, actor: Actor) -> IntendedAct:
    order, request = seen.order, seen.request
    costs = seen.amount is not None and request.act in MONEY_ACTS
    amount = seen.amount if costs and seen.amount is not None else Money(Decimal(0), order.total.currency)
    return IntendedAct(
        "", order.number, request.act, "", actor.role.value, actor.id, amount,
        tuple(dict.fromkeys(one.sku for one in seen.lines)),
        order.refundable if isinstance(request, RefundOrder) else None)


def _in_full(order: Order, request: ActRequest) -> ActRequest:
    """Write out what was left to the order, so that what is confirmed is what is done a moment later."""
    if isinstance(request, RefundOrder):
        return RefundOrder(request.amount or order.refundable)
    if isinstance(request, IssueVoucher):
        return replace(request, days=current_shop().acts.voucher_days)
    skus = tuple(dict.fromkeys(line.sku for line in lines_of(order, request)))
    return replace(request, skus=skus) if isinstance(request, (ExchangeItems, ReshipItems)) else request


def _as_confirmed(request: ActRequest, confirmed: Confirmation) -> ActRequest:
    if isinstance(request, RefundOrder):
        return RefundOrder(confirmed.amount)
    if isinstance(request, IssueVoucher):
        return replace(request, days=current_shop().acts.voucher_days)
    return replace(request, skus=confirmed.skus) if isinstance(request, (ExchangeItems, ReshipItems)) else request
