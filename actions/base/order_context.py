"""What an action about an order works with."""
from __future__ import annotations

from dataclasses import dataclass

from actions.base.services import dates_of, shop_policies
from actions.base.turn import CurrentTurn
from tandem.orders.policies import ShopPolicies
from tandem.services import Services
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats


@dataclass(frozen=True)
class OrderContext:
    """The services and the turn of one action, the shop's policies, and the writer of dates."""

    services: Services
    turn: CurrentTurn
    dates: Dates
    policies: ShopPolicies

    @classmethod
    def of(cls, services: Services, turn: CurrentTurn) -> OrderContext:
        return cls(services, turn, dates_of(services), shop_policies(services))

    @property
    def formats(self) -> Formats:
        """Return how the shop's language and country write values."""
        return self.dates.formats

    @property
    def idempotency_key(self) -> str:
        """Make a key that is the same for every try at this message, so that a turn run again changes nothing twice."""
        return f"{self.turn.conversation_id}:{self.turn.message_id}"

    def promise(self, text: str) -> None:
        """Keep what the customer was promised, for whoever answers next."""
        self.services.case_file.record_promise(self.turn.conversation_id, text, self.turn.message_id)
