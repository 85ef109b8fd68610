"""Facts about when an order comes, and whether it comes in time."""
from __future__ import annotations

import re
from datetime import datetime

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.status import status_reply
from actions.facts.hours import day_asked, hour_asked
from actions.facts.item import named_item
from tandem.orders.model import Order, OrderStatus
from tandem.orders.shipments import Shipment, ShipmentState

_ON_ITS_WAY = (ShipmentState.IN_TRANSIT, ShipmentState.HELD, ShipmentState.OUT_FOR_DELIVERY, ShipmentState.LOST)
_TOO_LATE = "utter_fact_arrival_after_day"
_HURRIES = re.compile(r"\b(?:fast(?:er)?|soon(?:er)?|quick(?:er|ly)?|hurry|speed|rush|expedite|express|earlier|make)\b",
                      re.IGNORECASE)
# "I ordered it on Monday" asks about no Monday to come.
_PAST = re.compile(r"\b(?:order(?:ed)? (?:it |this |that )?(?:on|last)|ordered|bought|placed|paid|was|were|wasn't|came|"
                   r"promised|supposed|meant|said|told|should have|ago|had|left|shipped|been)\b", re.IGNORECASE)


def arrival_time(order: Order, context: OrderContext) -> Reply:
    """Tell the hour: only the latest one is known, also to who asks whether it comes before another one."""
    parcel = parcel_meant(order, context)
    if not is_awaited(order, parcel, context):
        return as_it_stands(order, context)
    values = {"number": order.number, "when": context.dates.when(expected_at(parcel))}
    asked, by_day = hour_asked(context.turn.text), by_the_day_asked(order, context)
    if by_day is not None and (asked is None or by_day.response == _TOO_LATE):
        return by_day
    if asked is None:
        return Reply("utter_fact_arrival_time", values)
    latest = context.dates.local(expected_at(parcel))
    in_time = (latest.hour, latest.minute) <= (asked, 0)
    return Reply("utter_fact_arrival_before" if in_time else "utter_fact_arrival_maybe_later", values)


def arrival_sure(order: Order, context: OrderContext) -> Reply:
    """Tell how far the day can be relied on."""
    parcel = parcel_meant(order, context)
    if not is_awaited(order, parcel, context):
        return as_it_stands(order, context)
    return by_the_day_asked(order, context) or Reply(
        "utter_fact_arrival_sure", {"number": order.number, "when": context.dates.when(expected_at(parcel))})


def by_the_day_asked(order: Order, context: OrderContext) -> Reply | None:
    """Tell who asks whether it comes by a day whether it should; None where no day is asked about."""
    parcel = parcel_meant(order, context)
    day = day_asked(context.turn.text, context.dates.local(context.dates.at).date())
    if day is None or _PAST.search(context.turn.text) or not is_awaited(order, parcel, context):
        return None
    in_time = context.dates.local(expected_at(parcel)).date() <= day
    return Reply("utter_fact_arrival_by_day" if in_time else _TOO_LATE,
                 {"number": order.number, "when": context.dates.when(expected_at(parcel))})


def if_late(order: Order, context: OrderContext) -> Reply:
    """Tell what can be done when it does not come by then."""
    parcel = parcel_meant(order, context)
    due = (parcel.expected_by or parcel.promised_by) if parcel is not None else None
    if parcel is None or due is None or due < context.dates.at or not may_come(order):
        return as_it_stands(order, context)
    if parcel.expected_by is not None:
        return Reply("utter_fact_if_late", {"number": order.number, "when": context.dates.when(parcel.expected_by)})
    if parcel.promised_by is not None:
        return Reply("utter_fact_if_late", {"number": order.number, "when": context.dates.day(parcel.promised_by)})
    return as_it_stands(order, context)


def faster(order: Order, context: OrderContext) -> Reply:
    """Tell whether it can be hurried."""
    parcel = parcel_meant(order, context)
    if not is_awaited(order, parcel, context):
        return as_it_stands(order, context)
    by_day = None if _HURRIES.search(context.turn.text) else by_the_day_asked(order, context)
    if by_day is not None:
        return by_day
    left = parcel is not None and parcel.state in _ON_ITS_WAY
    return Reply("utter_fact_faster_on_its_way" if left else "utter_fact_faster",
                 {"number": order.number, "when": context.dates.when(expected_at(parcel))})


def parcel_meant(order: Order, context: OrderContext) -> Shipment | None:
    """Tell the parcel of the item that the message names, else the one that is waited for or came last."""
    item = named_item(context.turn.text, order)
    if item is not None:
        return next((one for one in order.shipments if one.id == item.shipment_id), order.shipment)
    return order.shipment


def is_awaited(order: Order, parcel: Shipment | None, context: OrderContext) -> bool:
    """Tell a day can be named on which it comes, and that day is not over."""
    return bool(may_come(order) and parcel is not None and parcel.delivered_at is None
                and parcel.expected_by is not None and parcel.expected_by >= context.dates.at)


def may_come(order: Order) -> bool:
    """Tell that the order is still waited for, and neither lost nor on hold."""
    return order.status.open and order.status not in (OrderStatus.LOST, OrderStatus.PAYMENT_FAILED)


def expected_at(parcel: Shipment | None) -> datetime:
    assert parcel is not None and parcel.expected_by is not None
    return parcel.expected_by


def as_it_stands(order: Order, context: OrderContext) -> Reply:
    return status_reply(order, context.dates)
