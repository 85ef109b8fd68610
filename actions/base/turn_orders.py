"""The orders that a conversation may see, asked for once for each of its messages.

A form, its question and its action each want them, seconds apart. What they have read is kept until the next message,
and no longer than `KEPT_SECONDS`. Who changes an order reads it anew.
"""
from __future__ import annotations

import threading
import time
from collections import OrderedDict
from functools import cached_property

from actions.base.turn import CurrentTurn
from tandem.conversations.model import ConversationNotFound
from tandem.orders.errors import NotIdentified, OrderNotFound
from tandem.orders.identifiers import normalise_email, normalise_order_number
from tandem.orders.model import Order
from tandem.services import Services

KEPT_SECONDS = 10.0
_MOST = 500  # turns kept at a time


class TurnOrders:
    """What one turn has learnt of orders; blocking."""

    def __init__(self, services: Services, conversation_id: str) -> None:
        self._opened = services
        self._conversation_id = conversation_id
        self._may_see: dict[str, Order] = {}
        self._all: dict[str, Order] | None = None

    @cached_property
    def email(self) -> str | None:
        """Return the address that the channel vouches for."""
        try:
            identity = self._opened.ledger.conversation(self._conversation_id).identity
        except ConversationNotFound:
            return None
        return identity.email if identity else None

    @cached_property
    def _matched(self) -> list[str]:
        return list(self._opened.identification.verified_orders(self._conversation_id))

    def all(self) -> tuple[Order, ...]:
        """Return the recent orders of the customer whom the channel knows and those that were matched, newest first.

        Raises:
            OrderSystemUnavailable: The order system does not answer.
        """
        if self._all is None:
            known = {order.number: order for order in self._opened.orders.recent_orders(self.email)} \
                if self.email else {}
            own = normalise_email(self.email or "")
            self._may_see.update({number: order for number, order in known.items()
                                  if normalise_email(order.email) == own})
            for number in self._matched:
                if number not in known:
                    try:
                        known[number] = self._may_see[number] = self._opened.orders.find(number)
                    except OrderNotFound:
                        continue  # gone since it was matched
            self._all = known
        return tuple(sorted(self._all.values(), key=lambda order: (order.placed_at, order.number), reverse=True))

    def order(self, number: str) -> Order:
        """Return the order, if it may be shown in this conversation.

        Raises:
            InvalidOrderNumber, NotIdentified, OrderNotFound, OrderSystemUnavailable: See
                `IdentificationService.order_for`.
        """
        number = normalise_order_number(number)
        if number not in self._may_see:
            if self.email is None and number not in self._matched:
                raise NotIdentified(number)
            self._may_see[number] = self._opened.identification.order_for(self._conversation_id, number, self.email)
        return self._may_see[number]

    def matched(self, order: Order) -> None:
        """Note that the customer has just matched this order."""
        self._may_see[order.number] = order
        if order.number not in self._matched:
            self._matched.insert(0, order.number)
        if self._all is not None:
            self._all[order.number] = order


_kept: OrderedDict[tuple[object, str, str], tuple[float, TurnOrders]] = OrderedDict()
_lock = threading.Lock()


def orders_of(services: Services, turn: CurrentTurn) -> TurnOrders:
    """Return what this turn knows of orders; a message without an id knows nothing."""
    if not turn.message_id:
        return TurnOrders(services, turn.conversation_id)
    key, at = _key(services, turn), time.monotonic()
    with _lock:
        since, known = _kept.get(key, (0.0, None))
        if known is None or at - since > KEPT_SECONDS:
            known = TurnOrders(services, turn.conversation_id)
            _kept[key] = (at, known)
            _kept.move_to_end(key)
        while len(_kept) > _MOST or (_kept and at - next(iter(_kept.values()))[0] > KEPT_SECONDS):
            _kept.popitem(last=False)
        return known


def forget_orders(services: Services, turn: CurrentTurn) -> None:
    """Let whoever asks next in this turn read anew: an order is about to change, or has."""
    with _lock:
        _kept.pop(_key(services, turn), None)


def _key(services: Services, turn: CurrentTurn) -> tuple[object, str, str]:
    return services.ledger, turn.conversation_id, turn.message_id
