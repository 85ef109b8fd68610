"""What agents see of a customer's orders, and what they may do with them: never more than the customer has shown."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tandem.agents import audit
from tandem.conversations.model import InvalidMessage, NotAllowed
from tandem.conversations.store import printable
from tandem.desk.agent_service import AgentService
from tandem.desk.errors import Conflict, NotFound, TooManyRequests, Unavailable
from tandem.desk.security.principal import Principal
from tandem.orders.errors import (
    IdempotencyConflict,
    InvalidContact,
    InvalidOrderNumber,
    NotCancellable,
    NotIdentified,
    NotMatched,
    OrderNotFound,
    OrderSystemUnavailable,
    RefusedForNow,
)
from tandem.orders.model import Order

RECENT = 5  # orders that are listed for a customer whom the channel vouches for
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class OrderService:
    """The steps of the desk that reach the order system; blocking, called from worker threads."""

    work: AgentService

    def look_up(self, caller: Principal, conversation_id: str, number: str) -> Order:
        """Look up the order as it is now, and keep what was seen in the case file.

        Raises:
            ConversationNotFound: There is no such conversation.
            InvalidMessage: The text is no order number.
            Conflict: The customer has not shown that the order is theirs.
            NotFound: The order is gone.
            Unavailable: The order system does not answer.
        """
        order = self.reach(lambda: self._order(conversation_id, number))
        with self.work.act(caller, "look_up_order", conversation_id, order.number):
            self.work.services.record_order(conversation_id, order)
        return order

    def cancel(self, caller: Principal, conversation_id: str, number: str) -> Order:
        """Cancel the order, where the shop's policy allows it; asked again, it is cancelled once.

        A private note in the conversation says who did it and what becomes of the money. The customer is told by the
        agent.

        Raises:
            As `look_up`, and:
            NotAllowed: The agent does not hold the conversation.
            Conflict: The order can no longer be cancelled.
        """
        self.work.conversation(conversation_id)
        if not self.work.holds(caller, conversation_id):
            raise NotAllowed("only the agent who holds the conversation may cancel its orders")

        def cancel() -> Order:
            order = self._order(conversation_id, number)
            key = f"desk:{conversation_id}:{order.number}:cancel"
            return self.work.services.orders.cancel(order.number, idempotency_key=key)

        # The order system is not in our transaction: the log has the wish before the act, and its end with the note.
        audit.record(self.work.services.engine, caller.agent.id, caller.via, "cancel_order_asked", conversation_id,
                     printable(number))
        order = self.reach(cancel)
        self.work.services.record_order(conversation_id, order)
        money = f"{order.refund.amount} goes back." if order.refund else "Nothing had been charged."
        with self.work.act(caller, "cancel_order", conversation_id, order.number):
            self.work.services.ownership.note(conversation_id, caller.agent, f"Cancelled order {order.number}. {money}",
                                              f"cancelled:{order.number}:{caller.agent.id}"[:255])
        return order

    def find(self, caller: Principal, conversation_id: str, number: str, contact: str) -> Order:
        """Find the order for which the customer names its number and the e-mail address or postcode on it.

        It is identification as the bot does it: once they match, the order may be shown in this conversation, and
        misses are counted and limited.

        Raises:
            ConversationNotFound: There is no such conversation.
            NotAllowed: The agent does not hold the conversation.
            InvalidMessage: The text is no order number, or neither an address nor a postcode.
            Conflict: They do not match; which of them is wrong is not told.
            TooManyRequests: There were too many misses.
            Unavailable: The order system does not answer.
        """
        self._require_holder(caller, conversation_id)
        order = self.reach(lambda: self.work.services.identification.verify(conversation_id, number, contact).order)
        with self.work.act(caller, "find_order", conversation_id, order.number):
            self.work.services.record_order(conversation_id, order)
        return order

    def recent(self, caller: Principal, conversation_id: str) -> tuple[Order, ...]:
        """Look up the latest orders of the customer for whom the channel vouches, and keep them in the case file.

        Raises:
            ConversationNotFound: There is no such conversation.
            NotAllowed: The agent does not hold the conversation.
            Conflict: The channel does not vouch for the customer.
            Unavailable: The order system does not answer.
        """
        self._require_holder(caller, conversation_id)
        identity = self.work.conversation(conversation_id).identity
        if identity is None or not identity.email:
            raise Conflict("the channel does not say who the customer is; ask for the order number and the e-mail")
        found = self.reach(lambda: self.work.services.orders.recent_orders(identity.email, RECENT))
        with self.work.act(caller, "list_orders", conversation_id, f"{len(found)} orders"):
            for order in reversed(found):
                self.work.services.record_order(conversation_id, order)
        return found

    def _require_holder(self, caller: Principal, conversation_id: str) -> None:
        self.work.conversation(conversation_id)
        if not self.work.holds(caller, conversation_id):
            raise NotAllowed("only the agent who holds the conversation may look up its customer's orders")

    def _order(self, conversation_id: str, number: str) -> Order:
        identity = self.work.conversation(conversation_id).identity
        email = identity.email if identity else None
        return self.work.services.identification.order_for(conversation_id, number, email)

    def shown(self, conversation_id: str, number: str) -> Order:
        """Read an order that the customer has shown to be theirs; raises as `look_up` does."""
        return self.reach(lambda: self._order(conversation_id, number))

    def reach(self, step: Callable[[], _Found]) -> _Found:
        """Do a step at the order system; what goes wrong there becomes an answer of the desk."""
        try:
            return step()
        except InvalidOrderNumber as error:
            raise InvalidMessage("this is no order number") from error
        except NotIdentified as error:
            raise Conflict("the customer has not shown that this order is theirs") from error
        except InvalidContact as error:
            raise InvalidMessage("this is neither an e-mail address nor a postcode") from error
        except NotMatched as error:
            raise Conflict("this number and this contact do not belong together") from error
        except RefusedForNow as error:
            raise TooManyRequests("there were too many misses; for a while nothing is compared") from error
        except OrderNotFound as error:
            raise NotFound("the order system has no such order any more") from error
        except NotCancellable as error:
            raise Conflict(f"the order is {error.status.value.replace('_', ' ')} and cannot be cancelled") from error
        except IdempotencyConflict as error:
            raise Conflict("this order was cancelled otherwise; look it up again") from error
        except OrderSystemUnavailable as error:
            raise Unavailable("the order system does not answer; try again in a moment") from error
