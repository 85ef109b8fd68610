"""Which orders may be shown in a conversation, and which of them is meant."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from actions.base.ages import read_age
from actions.base.arrivals import by_arrival
from actions.base.choices import content_words, means_the_other, named_in, place_in
from actions.base.message_text import corrects, read_payload
from actions.base.turn import CurrentTurn
from actions.base.turn_orders import orders_of
from tandem.orders.errors import InvalidOrderNumber
from tandem.orders.identifiers import normalise_order_number
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import return_refusal
from tandem.services import Services
from tandem.shop.shop_file import current_numbers

_LOOKED_BACK = 6  # messages of the bot in which an offer still stands
Relevance = Callable[[Order, datetime], bool]


def _open(order: Order, now: datetime) -> bool:
    return order.status.open


def _cancellable(order: Order, now: datetime) -> bool:
    return bool(order.can_cancel)


def _address_changeable(order: Order, now: datetime) -> bool:
    return bool(order.can_change_address)


def _returnable(order: Order, now: datetime) -> bool:
    return return_refusal(order, now) is None


def _has_come(order: Order, now: datetime) -> bool:
    return bool(order.delivered_items) and order.status is not OrderStatus.RETURNED


def _has_refund(order: Order, now: datetime) -> bool:
    return order.refund is not None or order.return_request is not None


# What is asked of orders that are under way, so that one of these is meant even where it comes too late.
_ABOUT_OPEN_ORDERS = frozenset({"cancel_order_form", "change_order_form", "change_address_form"})

# Of several orders, those that a form can be about: one is taken without asking, more are offered as buttons.
RELEVANT: Mapping[str, Relevance] = {
    "order_status_form": _open,
    "track_parcel_form": _open,
    "cancel_order_form": _cancellable,
    "change_order_form": _cancellable,
    "change_address_form": _address_changeable,
    "return_item_form": _returnable,
    "exchange_item_form": _returnable,
    "damaged_item_form": _has_come,
    "wrong_item_form": _has_come,
    "missing_item_form": _has_come,
    "delivered_not_received_form": _has_come,
    "refund_status_form": _has_refund,
}


@dataclass(frozen=True)
class AccessibleOrders:
    """The orders that may be shown, newest first; `relevant` are those that the form can be about."""

    orders: tuple[Order, ...]
    relevant: tuple[Order, ...]
    now: datetime  # in the shop's zone

    @property
    def choices(self) -> tuple[Order, ...]:
        """Return what is offered when the customer has to choose."""
        return self.relevant or self.orders

    @property
    def today(self) -> date:
        """Return the day by the shop's clock."""
        return self.now.date()

    @property
    def zone(self) -> tzinfo | None:
        """Return the zone of the shop's clock."""
        return self.now.tzinfo

    def find(self, number: str | None) -> Order | None:
        """Find the order of this number, if it may be shown."""
        return next((order for order in self.orders if order.number == number), None)


def accessible_orders(services: Services, turn: CurrentTurn, form: str = "") -> AccessibleOrders:
    """Return the orders of the customer whom the channel knows, and those that this conversation has matched.

    Raises:
        OrderSystemUnavailable: The order system does not answer.
    """
    orders = orders_of(services, turn).all()
    is_relevant, now = RELEVANT.get(form), services.ledger.clock()
    relevant = tuple(o for o in orders if is_relevant is None or is_relevant(o, now))
    if not relevant and form in _ABOUT_OPEN_ORDERS:
        relevant = tuple(o for o in orders if o.status.open)
    return AccessibleOrders(orders, relevant, now.astimezone(services.settings.shop_timezone))


def number_in(text: object) -> str | None:
    """Read an order number in the shop's form, or None."""
    try:
        return normalise_order_number(str(text)) if text else None
    except InvalidOrderNumber:
        return None


def pick(turn: CurrentTurn, accessible: AccessibleOrders, stays: bool = False) -> str | None:
    """Pick the order that is meant: named now, by number, item or age, else talked about, else the only one.

    None where the customer must be asked.

    Args:
        stays: The order that is talked about will do, whatever state it is in.
    """
    named = turn.entity("order_number") or number_in(_newly_given(turn))
    if named:
        return named
    by_item = named_by_item(turn.text, accessible.orders) or named_by_item(turn.text, accessible.relevant)
    remembered = number_in(turn.slot("order_number"))
    found = (by_age(turn.text, accessible, remembered) or offered_by_place(turn, accessible) or by_item
             or by_arrival(turn.text, accessible.orders, accessible.now))
    if found:
        return found
    numbers = [order.number for order in accessible.relevant]
    if remembered in numbers and len(numbers) == 2 and means_the_other(turn.text):
        return next(number for number in numbers if number != remembered)
    if remembered in numbers or (remembered and (stays or accessible.find(remembered) is None)):
        return remembered
    if len(numbers) == 1:
        return numbers[0]
    if not numbers:
        return remembered or (accessible.orders[0].number if len(accessible.orders) == 1 else None)
    return None


def by_age(text: str, accessible: AccessibleOrders, current: str | None) -> str | None:
    """Find the order that a text tells by its age: "my latest order", "the one before", "what I bought yesterday"."""
    newest_first = accessible.orders
    found = read_age(text) if len(newest_first) > 1 else None
    if found is None:
        return None
    if found.days_ago is not None:
        day = accessible.today - timedelta(days=found.days_ago)
        placed = [one.number for one in newest_first if one.placed_at.astimezone(accessible.zone).date() == day]
        return placed[0] if len(placed) == 1 else None
    if found.place is not None:
        return newest_first[found.place].number
    at = next((place for place, one in enumerate(newest_first) if one.number == current), None)
    return newest_first[at + 1].number if at is not None and at + 1 < len(newest_first) else None


def _newly_given(turn: CurrentTurn) -> object:
    """Return the number that this turn put into the slot; what stood there before names nothing.

    Rasa fills a form that begins with what its slots hold already, as if the message had said it.
    """
    given = turn.filled.get("order_number")
    return given if given != turn.before("order_number") else None


def offered_by_place(turn: CurrentTurn, accessible: AccessibleOrders) -> str | None:
    """Find the order that stands at the place which the text names, "the second", among those that were offered."""
    offered = [number for number in offered_numbers(turn) if accessible.find(number)]  # a bare "1001" may be a price
    place = place_in(turn.text, len(offered))
    order = accessible.find(offered[place]) if place is not None else None
    return order.number if order else None


def offered_numbers(turn: CurrentTurn) -> list[str]:
    """Return the orders among which the bot has let choose last, by buttons or in its words, in their order."""
    for message in turn.bot_messages[:_LOOKED_BACK]:
        payloads = (str(button.get("payload") or "") for button in (message.get("data") or {}).get("buttons") or ())
        buttons = [str(slots["order_number"]) for _, slots in map(read_payload, payloads) if "order_number" in slots]
        for numbers in (buttons, current_numbers().written_in(str(message.get("text") or ""))):
            distinct = list(dict.fromkeys(numbers))
            if len(distinct) > 1:
                return distinct
    return []


def meant_instead(turn: CurrentTurn, accessible: AccessibleOrders, current: str) -> str | None:
    """Find the order that a correction means instead of the current one: "sorry, I meant the pan", "the other one"."""
    others = [order for order in accessible.orders if order.number != current]
    if not others or not corrects(turn.text):
        return None
    by_item = named_by_item(turn.text, accessible.orders)
    if by_item or _names_of(accessible.find(current), turn.text):
        return by_item if by_item != current else None
    choices = [order for order in others if order in accessible.relevant] or [one for one in others if one.status.open]
    if means_the_other(turn.text) and len(choices) == 1:
        return choices[0].number
    return (by_age(turn.text, accessible, current) or by_arrival(turn.text, accessible.orders, accessible.now)
            or offered_by_place(turn, accessible))


def _names_of(order: Order | None, text: str) -> bool:
    return order is not None and any(names(text, item.name) for item in order.items)


def named_by_item(text: str, orders: Sequence[Order]) -> str | None:
    """Find the one order that has an item of which the text names a word, "the kettle", and not to leave it out."""
    chosen = named_in(text, [" ".join(item.name for item in order.items) for order in orders])
    return orders[chosen[0]].number if chosen and len(chosen) == 1 else None


def names(text: str, item: str) -> bool:
    """Check whether the text has a word of the item's name, in singular or plural."""
    return bool(content_words(text) & content_words(item))
