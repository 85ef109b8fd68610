"""Which order a form is about, and whose it is: what the answers to the two questions for it come to."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from actions.base.arrivals import by_arrival
from actions.base.choices import place_in, read_choice
from actions.base.corrections import corrected_identification, digits_of, names_contact
from actions.base.customer_orders import (
    AccessibleOrders,
    accessible_orders,
    by_age,
    meant_instead,
    named_by_item,
    number_in,
    offered_by_place,
    pick,
)
from actions.base.form_draft import FormDraft
from actions.base.message_text import bare_numbers, corrects, read_payload, typed_button
from actions.base.reply import Reply
from actions.base.services import formats_of
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from actions.base.turn_orders import orders_of
from tandem.orders.errors import (
    InvalidContact,
    InvalidOrderNumber,
    NotIdentified,
    NotMatched,
    OrderNotFound,
    RefusedForNow,
)
from tandem.orders.model import Order
from tandem.services import Services
from tandem.shop.phones import find_phones
from tandem.shop.shop_file import current_numbers, current_shop

ORDER_SLOTS = ("order_number", "contact")
ALL = "all"  # the value of a button that stands for everything
KNOWN = "known"  # stands in the slot `contact` where nobody has to be asked for it; it proves nothing later


def phone_given(turn: CurrentTurn) -> str | None:
    """Return the phone number of a message, where the shop knows customers by it and no better contact was given.

    What is an order number, whole or in part, is none.
    """
    if "phone" not in current_shop().match_with or turn.entity("email"):
        return None
    numbers = [digits_of(number) for number in turn.entities("order_number")]
    asked = turn.slot(REQUESTED_SLOT) == "contact"
    for written in find_phones(turn.text):
        digits = "".join(sign for sign in written if sign.isdigit())
        if digits not in numbers and (asked or current_numbers().read(written) is None):
            return written
    return None


class OrderQuestions(ABC):
    """The part of a form that finds out its order; `form` is the form's name, `details` what it asks besides."""

    details: ClassVar[tuple[str, ...]] = ()
    _open: Callable[[], Services]

    @property
    @abstractmethod
    def form(self) -> str:
        """Return the form's name."""

    def _continues(self, turn: CurrentTurn) -> bool:
        return not turn.activates(self.form) and not turn.rejected(self.form)

    def _resumes(self, turn: CurrentTurn) -> bool:
        return turn.activates(self.form) and turn.resumes(self.form)

    def _typed(self, turn: CurrentTurn) -> dict[str, Any]:
        """Return what a button of the question would have answered, where its words were typed."""
        requested = turn.slot(REQUESTED_SLOT)
        typed = typed_button(turn.text, turn.buttons)
        if requested in typed:
            return {requested: typed[requested]}
        phone = phone_given(turn) if requested == "contact" else None
        if phone:
            return {requested: phone}
        options = self._options(turn)
        place = place_in(turn.text, len(options))
        return {requested: options[place][1]} if place is not None else {}

    def _options(self, turn: CurrentTurn) -> list[tuple[str, Any]]:
        """Return the title and the value of each button of the question, without the one that stands for all."""
        requested = turn.slot(REQUESTED_SLOT)
        read = ((str(button.get("title") or ""), read_payload(str(button.get("payload") or ""))[1])
                for button in turn.buttons)
        return [(title, slots[requested]) for title, slots in read if slots.get(requested) not in (None, ALL)]

    def _choose_order(self, services: Services, turn: CurrentTurn, draft: FormDraft) -> None:
        before = number_in(turn.before("order_number"))
        if turn.activates(self.form):
            accessible = accessible_orders(services, turn, self.form)
            vouched = orders_of(services, turn).email is not None
            draft.slots["order_number"] = self._bare_number(turn, draft, accessible, vouched) or pick(turn, accessible)
        elif self._continues(turn) and self._tries_again(turn, draft):
            pass
        elif self._continues(turn) and turn.slot(REQUESTED_SLOT) in ORDER_SLOTS:
            accessible = accessible_orders(services, turn, self.form)
            draft.slots["order_number"] = (
                self._bare_number(turn, draft, accessible) or draft.slots["order_number"]
                or self._chosen(turn, draft, accessible))
        elif self._continues(turn) and before and not turn.entity("order_number"):
            instead = meant_instead(turn, accessible_orders(services, turn, self.form), before)
            if instead:
                draft.slots["order_number"], draft.answered = instead, True
        given = draft.slots["order_number"]
        number = number_in(given)
        if given and number is None:
            draft.replies.append(Reply("utter_not_an_order_number"))
        draft.slots["order_number"] = number
        if number and before and number != before and not turn.activates(self.form):
            # A correction: what was said about the other order does not hold for this one.
            for slot in self.details:
                draft.slots[slot] = None
            if "contact" not in turn.filled:
                draft.slots["contact"] = None

    def _has_missed(self, turn: CurrentTurn) -> bool:
        return bool(turn.slot("failed_lookups")) and turn.slot(REQUESTED_SLOT) == "order_number"

    def _corrects_a_miss(self, turn: CurrentTurn) -> bool:
        """Check whether a short message says which datum was wrong: "ah no, it's the other address"."""
        short = len(turn.text.split()) <= 10
        return self._has_missed(turn) and short and corrected_identification(turn, None, None) is not None

    def _tries_again(self, turn: CurrentTurn, draft: FormDraft) -> bool:
        """Take what corrects a number and contact that did not match, and keep the other of the two."""
        if not self._has_missed(turn):
            return False
        number, contact = draft.slots["order_number"], draft.slots["contact"]
        bare = () if number else bare_numbers(turn.text)
        if bare:
            tried = next(iter(turn.values_before("order_number")), "")
            if contact is None or current_numbers().core_of(str(tried))[:2] == bare[0][:2]:
                number, contact = bare[0], contact if contact != bare[0] else None
        again = corrected_identification(turn, number, contact)
        if again is None:
            return False
        draft.slots.update(order_number=again[0], contact=again[1])
        draft.answered = True
        return True

    def _takes_none(self, turn: CurrentTurn) -> bool:
        if not self._continues(turn) or turn.slot(REQUESTED_SLOT) != "order_number":
            return False
        return read_choice(turn.text, [title for title, _ in self._options(turn)]) == ()

    def _chosen(self, turn: CurrentTurn, draft: FormDraft, accessible: AccessibleOrders) -> str | None:
        """Find the order that is chosen among those offered; of both, the first comes first."""
        options = self._options(turn)
        several = read_choice(turn.text, [title for title, _ in options])
        if several and len(several) > 1:
            first = number_in(options[several[0]][1])
            draft.replies.append(Reply("utter_one_after_the_other", {"number": str(first)}))
            return first
        return (named_by_item(turn.text, accessible.choices) or by_age(turn.text, accessible, None)
                or offered_by_place(turn, accessible)
                or by_arrival(turn.text, accessible.choices, accessible.now))

    def _bare_number(self, turn: CurrentTurn, draft: FormDraft, accessible: AccessibleOrders,
                     vouched: bool = False) -> str | None:
        """Read an order number without its prefix, where one is due; it is then no postcode.

        Due it is as an answer to the question for it, as a correction of it, from whom the shop does not know yet, and
        where it is one of the customer's own.
        """
        numbers = bare_numbers(turn.text)
        is_contact = names_contact(turn.text) and set(numbers) <= set(turn.entities("postcode"))
        if turn.entity("order_number") or self._resumes(turn) or is_contact:
            numbers = ()
        numbers_of_shop = current_numbers()
        known = [number for number in numbers if accessible.find(number_in(number))]
        starts, asked = turn.activates(self.form), turn.slot(REQUESTED_SLOT)
        if not known and starts and accessible.orders:
            # Of whom the shop knows by an order that was matched, the next number looks like that one.
            like = {numbers_of_shop.core_of(order.number)[:2] for order in accessible.orders}
            numbers = () if vouched else tuple(number for number in numbers if number[:2] in like)
        if not known and asked == "contact":
            # Orders are numbered one after the other: a correction looks more like the number than a postcode does.
            before = numbers_of_shop.core_of(str(draft.slots["order_number"] or ""))
            numbers = tuple(number for number in numbers if corrects(turn.text) and number[:2] == before[:2])
        if not numbers:
            return None
        number = (known or numbers)[0]
        contacts = [found for found in turn.entities("email", "postcode") if found != number]
        if "contact" in turn.filled:
            draft.slots["contact"] = contacts[0] if contacts else None if starts else turn.before("contact")
        return number

    def _identify(self, services: Services, turn: CurrentTurn, draft: FormDraft) -> Order | None:
        """Find the order, if it may be shown; otherwise `contact` is emptied or asked for."""
        if draft.slots["contact"] == KNOWN or (
                turn.activates(self.form) and "contact" not in turn.filled and not phone_given(turn)):
            draft.slots["contact"] = None  # only what the customer says for this order shows that it is theirs
        number, contact = str(draft.slots["order_number"]), draft.slots["contact"]
        orders = orders_of(services, turn)
        try:
            order = orders.order(number)
        except (NotIdentified, OrderNotFound):
            contact = contact or self._proved_email(services, turn, number)
            if not contact:
                return None
            found = self._verify(services, turn, draft, number, str(contact))
            if found is None:
                return None
            order = found
            orders.matched(order)
        draft.slots["contact"] = contact or KNOWN
        formats = formats_of(services)
        draft.slots["order_items"] = formats.items(order.items)
        draft.slots["order_total"] = formats.money(order.total)
        draft.failed_lookups = 0.0
        if turn.activates(self.form) or turn.slot(REQUESTED_SLOT) in ORDER_SLOTS:
            services.record_order(turn.conversation_id, order, turn.message_id)
        return order

    def _proved_email(self, services: Services, turn: CurrentTurn, number: str) -> str | None:
        """Return the e-mail address with which this conversation has matched an order, if it matches this one too.

        It is tried as if it were given again, and counts as a miss where it is not on the order.
        """
        given = {str(value).lower() for value in turn.values_before("contact")}
        email = next((order.email for order in orders_of(services, turn).all() if order.email.lower() in given), None)
        if email is None:
            return None
        try:
            services.identification.verify(turn.conversation_id, number, email)
        except (InvalidContact, InvalidOrderNumber, NotMatched, RefusedForNow):
            return None
        return email

    def _verify(
        self, services: Services, turn: CurrentTurn, draft: FormDraft, number: str, contact: str,
    ) -> Order | None:
        try:
            return services.identification.verify(turn.conversation_id, number, contact).order
        except (InvalidContact, InvalidOrderNumber):
            draft.slots["contact"] = None
            draft.replies.append(Reply("utter_not_a_contact"))
        except NotMatched as missed:
            draft.slots.update(order_number=None, contact=None)
            draft.failed_lookups = float(turn.slot("failed_lookups") or 0) + 1
            services.case_file.record_attempt(turn.conversation_id, self.form, "order number and contact did not match",
                                              turn.message_id)
            response = "utter_not_matched_offer_person" if missed.offer_person else "utter_not_matched"
            draft.replies.append(Reply(response))
        except RefusedForNow:
            draft.slots.update(order_number=None, contact=None)
            services.case_file.record_attempt(
                turn.conversation_id, self.form, "refused after too many misses", turn.message_id)
            draft.leave(Reply("utter_refused_for_now"))
        return None
