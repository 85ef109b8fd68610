"""What agents do to a customer's orders beside cancelling: within their role's limits, seen first, done once."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tandem.agents.accounts import Role
from tandem.conversations.model import InvalidMessage, NotAllowed
from tandem.desk.agent_service import AgentService
from tandem.desk.errors import Conflict, Forbidden
from tandem.desk.security.principal import Principal
from tandem.desk.views.orders import OrderService
from tandem.orders.acts.requests import ActRequest, AddNote
from tandem.orders.acts.service import ActDone, Actor, ActPreview, ActRole, OrderChanged
from tandem.orders.errors import ActNotAllowed, ActRefusal, IdempotencyConflict, UnknownItem
from tandem.orders.identifiers import normalise_order_number
from tandem.orders.model import Order, OrderAct
from tandem.orders.money import Money
from tandem.orders.policies import ShopPolicies
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats
from tandem.wording.language import language_of
from tandem.wording.order_acts import told_of_act

_LATEST = 40  # messages by which the customer's language is told
_REASONS = {
    ActRefusal.BY_PEOPLE: "the shop system does not take this from us; do it there",
    ActRefusal.BY_ENGINE: "the shop system says no",
    ActRefusal.ORDER_LIMIT: "this is more than you may give for one order; a supervisor may give more",
    ActRefusal.DAY_LIMIT: "this is more than you may give in a day; a supervisor may give more",
    ActRefusal.NOTHING_PAID: "nothing is left of what was paid",
    ActRefusal.TOO_MUCH: "this is more than is left of what was paid",
    ActRefusal.NO_AMOUNT: "this is no amount in the order's currency",
    ActRefusal.NOT_SENT: "this has not been sent",
    ActRefusal.SENT_ALREADY: "the order has been sent",
    ActRefusal.NOT_DELIVERED: "this has not been delivered",
    ActRefusal.TOO_LATE: "the time for sending it back is over",
    ActRefusal.DONE_BEFORE: "this was done before",
    ActRefusal.CLOSED: "the order is closed",
    ActRefusal.NO_TEXT: "a note has 1 to 500 characters that can be shown",
}
_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True)
class PossibleActs:
    """What the caller may do to an order: what is left of its payment, and what they may still give for it today."""

    order: Order
    acts: tuple[OrderAct, ...]
    left: Money | None


@dataclass(frozen=True)
class OrderActService:
    """The steps of the desk that act on orders; blocking, called from worker threads.

    Each may raise what `OrderService.look_up` raises, and:
        Forbidden: The role may not do it, or an agent names no conversation.
        NotAllowed: The agent does not hold the conversation.
        Conflict: The order or the role's limits do not allow it.
    """

    work: AgentService

    def possible(self, caller: Principal, number: str, conversation_id: str | None) -> PossibleActs:
        """Say what the caller may do to an order."""
        order, acts = self._order(caller, number, conversation_id), self.work.services.acts
        actor = _actor(caller)
        return PossibleActs(order, acts.allowed(order, actor.role), acts.left(order, actor))

    def preview(
        self, caller: Principal, number: str, conversation_id: str | None, request: Callable[[Order], ActRequest],
    ) -> ActPreview:
        """Say what an act would do, and change nothing.

        Args:
            request: Makes the request for the order, whose currency it has.
        """
        order = self._order(caller, number, conversation_id)
        return self._reach(lambda: self.work.services.acts.preview(order, request(order), _actor(caller)))

    def do(
        self, caller: Principal, number: str, conversation_id: str | None, request: Callable[[Order], ActRequest],
        token: str, key: str,
    ) -> tuple[ActDone, Order, str]:
        """Do what the preview has shown, once for each key; the order as it is then, and the words for the customer.

        A private note in the conversation says who did what. The customer is told by the agent.
        """
        services = self.work.services
        order = self._order(caller, number, conversation_id)
        done = self._reach(lambda: services.acts.do(
            order.number, request(order), _actor(caller), token=token,
            idempotency_key=f"desk:{caller.agent.id}:{key}", conversation_id=conversation_id))
        now_is = self._reach(lambda: services.orders.find(order.number))
        if conversation_id is not None:
            services.record_order(conversation_id, now_is)
            self.work.note(caller, conversation_id, _note(done), _note_id(caller, key))
        return done, now_is, self._words(done, conversation_id)

    def _words(self, done: ActDone, conversation_id: str | None) -> str:
        services = self.work.services
        settings, ledger = services.settings, services.ledger
        said = ledger.messages(conversation_id)[-_LATEST:] if conversation_id is not None else ()
        dates = Dates(ledger.clock(), settings.shop_timezone, Formats(settings.shop_locale))
        return told_of_act(done, dates, ShopPolicies.of(settings).refund_business_days, language_of(said))

    def _order(self, caller: Principal, number: str, conversation_id: str | None) -> Order:
        """Read the order, as far as the customer of the conversation has shown that it is theirs."""
        orders = OrderService(self.work)
        if conversation_id is None:
            caller.require(Role.SUPERVISOR)
            return self._reach(lambda: self.work.services.orders.find(normalise_order_number(number)))
        self.work.conversation(conversation_id)
        if not self.work.holds(caller, conversation_id):
            raise NotAllowed("only the agent who holds the conversation may do something to its customer's orders")
        return orders.shown(conversation_id, number)

    def _reach(self, step: Callable[[], _Outcome]) -> _Outcome:
        return OrderService(self.work).reach(lambda: _told(step))


def _told(step: Callable[[], _Outcome]) -> _Outcome:
    """Do a step; what an act may be refused for becomes an answer of the desk."""
    try:
        return step()
    except ActNotAllowed as error:
        raise _refused(error) from error
    except OrderChanged as error:
        raise _conflict("the order has changed since; look at it again", "order_changed") from error
    except UnknownItem as error:
        raise InvalidMessage("the order has no such item") from error
    except IdempotencyConflict as error:
        raise _conflict("this key was used for something else", "key_used") from error


def _actor(caller: Principal) -> Actor:
    role = ActRole.SUPERVISOR if caller.role.covers(Role.SUPERVISOR) else ActRole.AGENT
    return Actor(caller.agent.id, role, caller.via)


def _refused(error: ActNotAllowed) -> Exception:
    if error.refusal is ActRefusal.NOT_ALLOWED:
        return Forbidden("your role may not do this; data/shop.yml says who may")
    most = f"; {error.most.amount} {error.most.currency} would do" if error.most and error.most.amount > 0 else ""
    return _conflict(_REASONS[error.refusal] + most, error.refusal.value)


def _conflict(detail: str, name: str) -> Conflict:
    conflict = Conflict(detail)
    conflict.error = name
    return conflict


def _note(done: ActDone) -> str:
    seen, request = done.preview, done.preview.request
    amount = f" {seen.amount}" if seen.amount is not None else ""
    lines = f" of {'; '.join(line.name for line in seen.lines)}" if seen.lines else ""
    text = f": {request.text}" if isinstance(request, AddNote) else ""
    return f"{request.act.value.capitalize()}{amount}{lines}, order {seen.order.number} ({done.result.reference}){text}"


def _note_id(caller: Principal, key: str) -> str:
    return "act:" + hashlib.sha256(f"{caller.agent.id}\n{key}".encode("utf-8", "replace")).hexdigest()
