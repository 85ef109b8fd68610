"""Changing an order: its address, or what is in it."""
from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from actions.base.consent import CHANGE_ADDRESS, ActRefused, AskForConsent, ConsentedAction, ConsentForm
from actions.base.form_draft import FormDraft
from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import ANSWERS, OrderForm
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.status import status_reply
from actions.base.turn import CurrentTurn
from tandem.conversations.consent import Question
from tandem.conversations.consent_reader import ConsentAnswer, asks, read_answer
from tandem.orders.acts.service import BOT
from tandem.orders.addresses import complete_address, correct_address, parse_address
from tandem.orders.errors import AddressNotChangeable, InvalidAddress
from tandem.orders.model import Address, Order, OrderStatus
from tandem.services import Services
from tandem.shop.shop_file import current_numbers

MOST_PIECES = 4  # in which an address may come
MOST_WORDS_OF_STREET = 7  # with the apartment; more words say something else
MOST_ASKED = 2  # times that a part is asked for; after that, for the whole in one line, or a person
_ASKS_FOR_A_PART = tuple(f"utter_address_without_{part}" for part in ("street", "city", "postcode"))


class ValidateChangeOrderForm(OrderForm):
    form = "change_order_form"


class ValidateChangeAddressForm(ConsentForm):
    """Asks for the new address, reads it back, and asks for a yes."""

    form = "change_address_form"
    act = CHANGE_ADDRESS
    details = ("new_address", "confirmed")
    free_text = frozenset({"new_address"})

    def objection(self, order: Order, context: OrderContext) -> Reply | None:
        return None if order.can_change_address else too_late(order, context)

    def check(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        corrects = turn.verdict is not None and not turn.verdict.agrees
        given = turn.text if corrects else draft.slots["new_address"]
        if not given and turn.activates(self.form):
            draft.slots["new_address"] = _in_opening(turn, order)
        if not given:
            return
        try:
            address = _corrected(turn, order) if corrects else complete_address(
                str(given), _pieces(turn, order), order.shipping_address)
            draft.slots["new_address"] = str(address) if address else draft.slots["new_address"]
            draft.answered = corrects and address is not None
        except InvalidAddress as error:
            if corrects:
                return
            draft.slots["new_address"] = None
            if turn.intent in ANSWERS or turn.intent == "change_address":
                again = turn.times_said(*_ASKS_FOR_A_PART) >= MOST_ASKED
                draft.replies.append(Reply("utter_address_in_one_line" if again
                                           else f"utter_address_without_{error.field}"))

    def refused(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        drops_it = turn.verdict is not None and (turn.verdict.answer is ConsentAnswer.STOP or turn.verdict.says_more)
        if drops_it:
            super().refused(order, draft, turn)
        else:  # "no": another address
            draft.slots["new_address"] = None
            draft.answered = True


class ActionAskNewAddress(ReplyAction):
    """Asks where the order goes, unless this very turn has asked for a part of the address."""

    def name(self) -> str:
        return "action_ask_new_address"

    def reply(self, turn: CurrentTurn) -> Reply | None:
        asked = turn.says(*_ASKS_FOR_A_PART, "utter_address_in_one_line")
        return None if asked else Reply("utter_ask_for_new_address")


class ActionAskChangeAddress(AskForConsent):
    act = CHANGE_ADDRESS
    asks = "utter_ask_change_address_form_confirmed"

    def values(self, question: Question, services: Services) -> Mapping[str, str]:
        return {}


class ActionChangeAddress(ConsentedAction):
    """Sends the order to the address that the customer has confirmed."""

    act = CHANGE_ADDRESS
    forgets = ("new_address", "confirmed")

    def do(self, order: Order, context: OrderContext, key: str) -> Reply:
        try:
            address = parse_address(str(context.turn.slot("new_address")), order.shipping_address)
            changed = context.services.acts.change_address(
                order.number, address, BOT, idempotency_key=key, conversation_id=context.turn.conversation_id)
        except AddressNotChangeable as error:
            raise ActRefused(too_late(order, context)) from error
        except InvalidAddress as error:
            raise ActRefused(Reply(f"utter_address_without_{error.field}")) from error
        context.promise(f"{order.number} goes to {changed.shipping_address}")
        return Reply("utter_change_address_done", {"number": order.number, "address": str(changed.shipping_address)})


class ActionChangeOrder(OrderAction):
    """Says what can still be changed; items are changed by people."""

    def name(self) -> str:
        return "action_change_order"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        return what_can_change(order, context)


def what_can_change(order: Order, context: OrderContext) -> Reply:
    """Say what can still be changed about an order, by its state."""
    if order.status is OrderStatus.LOST:
        return status_reply(order, context.dates)
    if order.can_cancel:
        response = "utter_change_order_possible"
    elif not order.status.shipped:
        response = "utter_change_order_by_people"
    elif order.status.open:
        response = "utter_change_order_too_late"
    elif order.status is OrderStatus.DELIVERED:
        response = "utter_change_order_delivered"
    else:
        response = "utter_change_order_closed"
    return Reply(response, {"number": order.number})


def _corrected(turn: CurrentTurn, order: Order) -> Address | None:
    """Read what replaces or completes the address that was read back; None if the message does neither.

    Raises:
        InvalidAddress: The message is no address.
    """
    read_back = parse_address(str(turn.before("new_address")), order.shipping_address)
    return correct_address(turn.text, read_back) or parse_address(turn.text, order.shipping_address)


def _in_opening(turn: CurrentTurn, order: Order) -> str | None:
    """Read the whole address that the wish itself gives: "it should go to 12 Oak Street, Springfield, IL 62704"."""
    text = turn.text
    for found in reversed(current_numbers().find(text)):
        text = text[:found.start] + text[found.end:]
    with suppress(InvalidAddress):
        address = parse_address(text, order.shipping_address)
        return str(address) if len(address.street.split()) <= MOST_WORDS_OF_STREET else None
    return None


def _pieces(turn: CurrentTurn, order: Order) -> list[str]:
    """Return the parts of an address that were said since the question, the oldest first."""
    said: list[str] = []
    for text in turn.texts_in_form("new_address"):
        with suppress(InvalidAddress):
            parse_address(text, order.shipping_address)
            break  # a whole address, which was another one
        is_yes_or_no = read_answer(text, CHANGE_ADDRESS.name) is not ConsentAnswer.OTHER
        if not asks(text) and not is_yes_or_no and text not in said:
            said.append(text)
    return said[:MOST_PIECES][::-1]


def too_late(order: Order, context: OrderContext) -> Reply:
    """Say why the address stays."""
    if not order.status.shipped:
        return Reply("utter_change_address_by_people", {"number": order.number})
    if order.status is OrderStatus.LOST:
        return status_reply(order, context.dates)
    if order.status is OrderStatus.PARTLY_SHIPPED and order.shipment is not None:
        return Reply("utter_change_address_partly",
                     {"number": order.number, "rest": context.formats.items(order.items_in(order.shipment))})
    return Reply("utter_change_address_too_late" if order.status.open else "utter_change_address_closed",
                 {"number": order.number})
