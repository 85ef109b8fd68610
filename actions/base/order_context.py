"""What an action about an order works with."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actions.base.services import dates_of, shop_policies
from actions.base.turn import CurrentTurn
from actions.base.turn_orders import orders_of
from tandem.orders.identifiers import normalise_email
from tandem.orders.model import Order
from tandem.orders.policies import ShopPolicies
from tandem.orders.shipments import Shipment
from tandem.services import Services
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats
from tandem.wording.phrases import notice

_FACTS = Path("data/responses/order_fact.yml")
_GIVEN = ("contact", "new_address")  # slots that hold what customers say of where they live


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

    def is_vouched_for(self, order: Order) -> bool:
        """Check whether the channel knows the customer as the one of the order; a number and a postcode only match."""
        email = orders_of(self.services, self.turn).email
        return email is not None and normalise_email(email) == normalise_email(order.email)

    def address(self, order: Order) -> str:
        """Write where the order goes: in full to who is signed in, else no more of it than was shown or said here."""
        home = order.shipping_address
        if self.is_vouched_for(order) or self.said(str(home)):
            return str(home)
        shown = "masked_address_with_postcode" if self.said(home.postcode) else "masked_address"
        return notice(shown, _FACTS, city=home.city, postcode=home.postcode)

    def carrier(self, parcel: Shipment) -> str:
        """Name who brings a parcel, in the middle of a sentence; not every order system says who it is."""
        return parcel.carrier or notice("unnamed_carrier", _FACTS)

    def said(self, words: str) -> bool:
        """Check whether the customer has given this in the conversation, for an order or as its new address."""
        given = [self.turn.slot(slot) for slot in _GIVEN]
        for slot in _GIVEN:
            given += self.turn.values_before(slot)
        return any(str(value).strip().lower() == words.lower() for value in given if value)

    def promise(self, text: str) -> None:
        """Keep what the customer was promised, for whoever answers next."""
        self.services.case_file.record_promise(self.turn.conversation_id, text, self.turn.message_id)
