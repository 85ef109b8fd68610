"""Cancelling, another address and returns: the acts that every customer may have done, on record in the audit log."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

from sqlalchemy.engine import Connection, Engine

from tandem.orders.errors import ActNotAllowed, ActRefusal, OrderNotFound, OrderRefused
from tandem.orders.model import Address, Order, OrderAct, ReturnReason, ReturnRequest
from tandem.orders.system import OrderSystem

_Outcome = TypeVar("_Outcome")
# Whether a customer has agreed: in this conversation, to this act, on this order, under this idempotency key.
Agreed = Callable[[str, OrderAct, str, str], bool]


class ActRole(str, Enum):
    """Who acts, as data/shop.yml limits it under `acts:`."""

    BOT = "bot"  # for a customer who has said yes
    AGENT = "agent"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Actor:
    """Who acts. `id` is counted by day; `via` is how the audit log names the way in."""

    id: str
    role: ActRole
    via: str


BOT = Actor("bot", ActRole.BOT, "bot")
_LINES = {OrderAct.CANCEL: "cancel_order", OrderAct.CHANGE_ADDRESS: "change_address",
          OrderAct.START_RETURN: "return_item"}


class AuditWriter(Protocol):
    """Writes a line of the audit log inside a transaction, as `tandem.agents.audit.write` does."""

    def __call__(self, connection: Connection, actor: str, via: str, action: str,
                 conversation_id: str | None = None, detail: str = "") -> None: ...


def nobody_agreed(conversation_id: str, act: OrderAct, number: str, key: str) -> bool:
    """Say that nobody has agreed to anything: so the bot does nothing where no ledger of consents is at hand."""
    return False


class RecordedActs:
    """Acts that take no money limit; blocking. The shop's rules are those of `cancellation:` and its like.

    Args:
        audit: Writes the lines of the audit log.
        agreed: Without its word the bot does nothing, whoever calls.
    """

    def __init__(
        self, engine: Engine, orders: OrderSystem, audit: AuditWriter, agreed: Agreed = nobody_agreed,
    ) -> None:
        self._engine = engine
        self._orders = orders
        self._audit = audit
        self._agreed = agreed

    def cancel(self, number: str, actor: Actor, *, idempotency_key: str, conversation_id: str | None = None) -> Order:
        """Cancel an order, as `OrderSystem.cancel`.

        Raises:
            ActNotAllowed: The customer has not agreed to what the bot is to do.
        """
        return self._record(OrderAct.CANCEL, number, actor, idempotency_key, conversation_id, lambda: (
            self._orders.cancel(number, idempotency_key=idempotency_key)))

    def change_address(
        self, number: str, address: Address, actor: Actor, *, idempotency_key: str, conversation_id: str | None = None,
    ) -> Order:
        """Send an order elsewhere, as `OrderSystem.change_address`. Raises what `cancel` raises."""
        return self._record(OrderAct.CHANGE_ADDRESS, number, actor, idempotency_key, conversation_id, lambda: (
            self._orders.change_address(number, address, idempotency_key=idempotency_key)))

    def start_return(
        self, number: str, skus: tuple[str, ...] | None, reason: ReturnReason, actor: Actor, *, idempotency_key: str,
        conversation_id: str | None = None,
    ) -> ReturnRequest:
        """Announce a return, as `OrderSystem.start_return`. Raises what `cancel` raises."""
        return self._record(OrderAct.START_RETURN, number, actor, idempotency_key, conversation_id, lambda: (
            self._orders.start_return(number, skus=skus, reason=reason, idempotency_key=idempotency_key)))

    def check_agreed(self, actor: Actor, act: OrderAct, number: str, key: str, conversation_id: str | None) -> None:
        """See that the customer has agreed to what the bot is to do.

        Raises:
            ActNotAllowed: They have not.
        """
        if actor.role is ActRole.BOT and not self._agreed(conversation_id or "", act, number, key):
            raise ActNotAllowed(number, act, ActRefusal.NOT_ALLOWED)

    def _record(
        self, act: OrderAct, number: str, actor: Actor, key: str, conversation_id: str | None,
        do: Callable[[], _Outcome],
    ) -> _Outcome:
        self.check_agreed(actor, act, number, key, conversation_id)
        self._write(actor, f"{_LINES[act]}_asked", conversation_id, number)
        try:
            outcome = do()
        except (OrderRefused, OrderNotFound):
            self._write(actor, f"{_LINES[act]}_refused", conversation_id, number)
            raise
        self._write(actor, _LINES[act], conversation_id, number)
        return outcome

    def _write(self, actor: Actor, action: str, conversation_id: str | None, number: str) -> None:
        with self._engine.begin() as connection:
            self._audit(connection, actor.id, actor.via, action, conversation_id, number)
