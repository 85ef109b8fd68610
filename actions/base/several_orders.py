"""Several orders meant at once: "cancel both", "where are 10388 and 10391?", and at a question about one "both please".

The first of them stands in the slot `order_number`, the others in `other_orders`, their numbers with commas between.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from actions.base.choices import means_the_other, named_in, read_choice
from actions.base.customer_orders import AccessibleOrders, accessible_orders, number_in
from actions.base.form_draft import FormDraft
from actions.base.message_text import bare_numbers
from actions.base.order_questions import KNOWN, ORDER_SLOTS, OrderQuestions
from actions.base.reply import Reply
from actions.base.services import formats_of
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from actions.base.turn_orders import orders_of
from tandem.conversations.consent import OTHERS
from tandem.orders.errors import (
    InvalidContact,
    InvalidOrderNumber,
    NotIdentified,
    NotMatched,
    OrderNotFound,
    RefusedForNow,
)
from tandem.orders.model import Order
from tandem.orders.money import Money
from tandem.services import Services
from tandem.shop.shop_file import current_numbers
from tandem.wording.formats import Formats

_COUNT = r"(?:two|three|four|five|[2-5])"
_ORDERS = r"(?:orders|parcels|packages|purchases|deliveries)"
_THE = r"(?: of)?(?: the| my| these| those)?"
# "cancel all of it" means one order, and so does "both mugs".
_ALL_ORDERS = re.compile(
    rf"\bboth\b(?!{_THE} (?!{_ORDERS}\b|(?:as|is|was|this|yes|thanks)\b)\w+s\b)"
    r"|\b(?:all|each|every one) of (?:them|these|those)\b"
    rf"|\b(?:all|each){_THE}(?: {_COUNT})?(?: open)? {_ORDERS}\b"
    rf"|\b(?:the|my|those|these) {_COUNT} {_ORDERS}\b"
    r"|\bevery(?: single)? (?:order|parcel|package)\b|\bof the two\b", re.IGNORECASE)
_BOTH = re.compile(r"\b(?:both|two|2)\b", re.IGNORECASE)
_NOT_ALL = re.compile(r"\b(?:but|except|without|not|only|just|n't)\b", re.IGNORECASE)
_CLAUSES = re.compile(r"[.!?;,\n]+|\b(?:but|and|just|only)\b|(?=\bnot\b)|(?=\bdo ?n['’o]t\b)", re.IGNORECASE)
_SPARES = re.compile(r"\b(?:not|dont|don't|never|keep|leave)\b", re.IGNORECASE)
_WANTS = re.compile(r"\bcancel", re.IGNORECASE)
_ADDS = re.compile(r"\b(?:too|as well|also|both|and|plus|add)\b", re.IGNORECASE)


class SeveralOrders(OrderQuestions):
    """The part of a form that takes several orders at once; it stands before the form's other base."""

    def among(self, orders: Sequence[Order], draft: FormDraft, turn: CurrentTurn) -> Sequence[Order]:
        """Return those of several orders that the form can be about, and say of the others why not."""
        return orders

    def _choose_order(self, services: Services, turn: CurrentTurn, draft: FormDraft) -> None:
        before, starts = turn.before("order_number"), turn.activates(self.form)
        draft.slots[OTHERS] = turn.slot(OTHERS) if not starts or self._resumes(turn) else None
        if turn.orders_meant:
            draft.slots["order_number"], draft.answered = turn.orders_meant[0], True
            draft.slots[OTHERS] = ",".join(turn.orders_meant[1:]) or None
            return
        asked = self._continues(turn) and turn.slot(REQUESTED_SLOT) in ORDER_SLOTS
        several = several_meant(turn, accessible_orders(services, turn, self.form)) if starts or asked else ()
        if several and not self._resumes(turn):
            draft.slots["order_number"], draft.slots[OTHERS] = several[0], ",".join(several[1:])
            if "contact" in turn.filled:  # a bare number may have been taken for a postcode
                contacts = [one for one in turn.entities("email", "postcode") if number_in(one) not in several]
                draft.slots["contact"] = contacts[0] if contacts else None if starts else turn.before("contact")
            return
        super()._choose_order(services, turn, draft)
        if before and not starts and draft.slots["order_number"] not in (None, before):
            draft.slots[OTHERS] = None  # another order instead

    def _chosen(self, turn: CurrentTurn, draft: FormDraft, accessible: AccessibleOrders) -> str | None:
        options = self._options(turn)
        places = read_choice(turn.text, [title for title, _ in options]) or ()
        if len(places) < 2:
            return super()._chosen(turn, draft, accessible)
        first, *others = (str(number_in(options[place][1])) for place in places)
        draft.slots[OTHERS] = ",".join(others)
        return first

    def _identify(self, services: Services, turn: CurrentTurn, draft: FormDraft) -> Order | None:
        first = super()._identify(services, turn, draft)
        others = str(draft.slots.get(OTHERS) or "")
        if first is None or not others:
            return first
        found = [self._another(services, turn, draft, number) for number in others.split(",")]
        orders = self.among([first, *(order for order in found if order is not None)], draft, turn)
        draft.slots.update(slots_of(orders, formats_of(services)))
        return orders[0]

    def _another(self, services: Services, turn: CurrentTurn, draft: FormDraft, number: str) -> Order | None:
        """Find another of several orders, if it may be shown; what shows whose the first is may show it of this one."""
        orders, contact = orders_of(services, turn), draft.slots["contact"]
        try:
            return orders.order(number)
        except (NotIdentified, OrderNotFound):
            contact = self._proved_email(services, turn, number) if contact in (None, KNOWN) else contact
        try:
            order = services.identification.verify(turn.conversation_id, number, str(contact or "")).order
        except (InvalidContact, InvalidOrderNumber, NotMatched, RefusedForNow):
            draft.replies.append(Reply("utter_order_left_out", {"number": number}))
            return None
        orders.matched(order)
        return order


def slots_of(orders: Sequence[Order], formats: Formats) -> Mapping[str, Any]:
    """Return the slots that say which orders are talked about, of what, and for how much."""
    sums: dict[str, Money] = {}
    for order in orders:
        currency = order.total.currency
        sums[currency] = sums[currency] + order.total if currency in sums else order.total
    lines = [formats.order_line(order, "") for order in orders] if len(orders) > 1 else [formats.items(orders[0].items)]
    return {"order_number": orders[0].number, OTHERS: ",".join(order.number for order in orders[1:]) or None,
            "order_items": formats.joined(lines), "order_total": formats.joined(map(formats.money, sums.values()))}


def numbers_named(turn: CurrentTurn, accessible: AccessibleOrders) -> list[str]:
    """Return the order numbers that a message names and means, with their prefix or, where that is clear, without."""
    named = [number for number in map(number_in, turn.meant("order_number")) if number]
    bare = [number for number in bare_numbers(turn.text) if number_in(number)]
    known = [number for number in bare if accessible.find(number_in(number))]
    like = {current_numbers().core_of(number)[:2] for number in named} or {number[:2] for number in bare[:1]}
    alike = [] if accessible.orders else [number for number in bare if number[:2] in like]
    return list(dict.fromkeys([*named, *(str(number_in(number)) for number in known or alike)]))


def several_meant(turn: CurrentTurn, accessible: AccessibleOrders) -> tuple[str, ...]:
    """Return the numbers of the orders that a message means; empty where it does not mean more than one."""
    numbers = numbers_named(turn, accessible)
    if len(numbers) > 1:
        return tuple(sorted(numbers, key=lambda number: accessible.find(number) is None))
    if numbers:
        return ()
    by_item = named_in(turn.text, [items_of(order) for order in accessible.orders])
    if by_item:
        return tuple(accessible.orders[place].number for place in by_item) if len(by_item) > 1 else ()
    return all_meant(turn.text, accessible.relevant)


def all_meant(text: str, orders: Sequence[Order]) -> tuple[str, ...]:
    """Return the numbers of all these orders if a text means them all: "both" are two."""
    found = _ALL_ORDERS.search(text)
    if found is None or len(orders) < 2 or _NOT_ALL.search(text):
        return ()
    if _BOTH.search(found.group()) and len(orders) != 2:  # of more orders, the two that are waited for
        orders = [order for order in orders if order.status.open]
        return tuple(order.number for order in orders) if len(orders) == 2 else ()
    return tuple(order.number for order in orders)


def named_instead(text: str, accessible: AccessibleOrders) -> str | None:
    """Find the one order that a text wants cancelled while it spares another: "leave the lamp, cancel the rug"."""
    wanted, spared = set[str](), set[str]()
    for clause in _CLAUSES.split(text.replace("’", "'")):
        numbers = map(number_in, (*current_numbers().written_in(clause), *bare_numbers(clause)))
        named = {number for number in numbers if number is not None and accessible.find(number)}
        places = named_in(_SPARES.sub(" ", clause), [items_of(order) for order in accessible.orders]) or ()
        named |= {accessible.orders[place].number for place in places}
        if _SPARES.search(clause):
            spared |= named
        elif _WANTS.search(clause) or spared:
            wanted |= named
    return wanted.pop() if len(wanted) == 1 and spared and not wanted & spared else None


def changed_choice(turn: CurrentTurn, accessible: AccessibleOrders, current: Sequence[str]) -> tuple[str, ...]:
    """Return which orders a message means instead of the current ones: more of them, or fewer; empty for no change."""
    orders = [order for order in map(accessible.find, current) if order is not None]
    if len(orders) != len(current):
        return ()
    named = numbers_named(turn, accessible)
    if not named:
        by_item = named_in(turn.text, [items_of(order) for order in accessible.orders]) or ()
        named = [accessible.orders[place].number for place in by_item]
    if named and set(named) - set(current):
        if not _ADDS.search(turn.text) or _NOT_ALL.search(turn.text):
            return ()  # another one instead: that is a correction
        return tuple(dict.fromkeys([*current, *named]))
    if len(current) == 1:
        more = all_meant(turn.text, accessible.relevant)
        if not more and len(accessible.relevant) == 2 and means_the_other(turn.text) and _ADDS.search(turn.text):
            more = () if _NOT_ALL.search(turn.text) else tuple(order.number for order in accessible.relevant)
        return more if current[0] in more else ()
    chosen = read_choice(turn.text, [f"{order.number} {items_of(order)}" for order in orders]) or ()
    fewer = tuple(orders[place].number for place in chosen) or tuple(named)
    return fewer if 0 < len(fewer) < len(current) else ()


def items_of(order: Order) -> str:
    """Return the names of what is in an order, as one text."""
    return " ".join(item.name for item in order.items)

