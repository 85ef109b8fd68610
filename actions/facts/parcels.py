"""Facts about where an order goes, when, and with whom."""
from __future__ import annotations

import re

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.facts.arrival import as_it_stands, is_awaited, may_come, parcel_meant
from actions.facts.item import named_item
from tandem.orders.model import Order, OrderStatus
from tandem.orders.shipments import ShipmentState

_MOVED = re.compile(r"\bmov(?:e|ed|es|ing|ement)\b|\bsince\b", re.IGNORECASE)


def address(order: Order, context: OrderContext) -> Reply:
    """Tell where it goes, or went."""
    values = {"number": order.number, "address": context.address(order)}
    masked = values["address"] != str(order.shipping_address)
    response = "utter_fact_address"
    if order.status in (OrderStatus.CANCELLED, OrderStatus.LOST):
        response = "utter_fact_address_was"
    elif order.delivered_at is not None and not order.status.open:
        response = "utter_fact_address_delivered"
    return Reply(response, values, then=Reply("utter_fact_address_masked") if masked else None)


def recipient(order: Order, context: OrderContext) -> Reply:
    """Tell the name on the parcel, and the address."""
    if not context.is_vouched_for(order):
        return Reply("utter_fact_recipient_masked", {"number": order.number, "address": context.address(order)})
    return Reply("utter_fact_recipient", {"number": order.number, "name": order.shipping_address.name,
                                          "address": context.address(order)})


def ships_on(order: Order, context: OrderContext) -> Reply:
    """Tell when it leaves the warehouse, or left."""
    parcel = parcel_meant(order, context)
    if parcel is not None and parcel.shipped_at is not None:
        return Reply("utter_fact_shipped_on", {"number": order.number, "shipped": context.dates.ago(parcel.shipped_at),
                                               "day": context.dates.day(parcel.shipped_at)})
    if parcel is not None and parcel.ships_by is not None and order.status.open:
        return Reply("utter_fact_ships_on", {"number": order.number, "ships": context.dates.when(parcel.ships_by)})
    return as_it_stands(order, context)


def promised_date(order: Order, context: OrderContext) -> Reply:
    """Tell what the customer was told when ordering, and the newest estimate beside it."""
    parcel = parcel_meant(order, context)
    if parcel is None or parcel.promised_by is None:
        return Reply("utter_fact_unknown", {"number": order.number})
    values = {"number": order.number, "promised": context.dates.day(parcel.promised_by)}
    if parcel.delivered_at is not None:
        return Reply("utter_fact_promised_came", {**values, "came": context.dates.day(parcel.delivered_at)})
    if not may_come(order) or (parcel.expected_by or parcel.promised_by) < context.dates.at:
        return as_it_stands(order, context)
    if parcel.delayed and parcel.expected_by is not None:
        return Reply("utter_fact_promised_late", {**values, "when": context.dates.when(parcel.expected_by)})
    return Reply("utter_fact_promised", values)


def why_late(order: Order, context: OrderContext) -> Reply:
    """Tell the reason as far as the shop can see it."""
    parcel = parcel_meant(order, context)
    if parcel is None or not order.status.open:
        return as_it_stands(order, context)
    if not is_awaited(order, parcel, context):
        return as_it_stands(order, context)
    values = {"number": order.number, "when": context.dates.when(parcel.expected_by) if parcel.expected_by else ""}
    if parcel.held_at and values["when"]:
        return Reply("utter_fact_why_late_held", {**values, "place": parcel.held_at})
    if parcel.state is ShipmentState.BACK_ORDERED and values["when"]:
        items = context.formats.items(order.items_in(parcel))
        return Reply("utter_fact_why_late_back_ordered", {**values, "items": items})
    if parcel.delayed and values["when"]:
        return Reply("utter_fact_why_late_unknown", values)
    if values["when"]:
        return Reply("utter_fact_not_late", values)
    return as_it_stands(order, context)


def last_seen(order: Order, context: OrderContext) -> Reply:
    """Tell the carrier's last word on it; who asks whether it has moved since is told where nothing came today."""
    parcel = parcel_meant(order, context)
    if parcel is None or parcel.last_scan is None or not order.status.open or parcel.delivered_at is not None:
        return as_it_stands(order, context)
    local = context.dates.local
    quiet = local(parcel.last_scan.at).date() < local(context.dates.at).date() and _MOVED.search(context.turn.text)
    return Reply("utter_fact_nothing_newer" if quiet else "utter_fact_last_seen", {
        "number": order.number, "place": parcel.last_scan.place, "scanned": context.dates.ago(parcel.last_scan.at),
        "carrier": context.carrier(parcel)})


def carrier(order: Order, context: OrderContext) -> Reply:
    """Tell who brings it."""
    parcel = parcel_meant(order, context)
    if order.status in (OrderStatus.CANCELLED, OrderStatus.PAYMENT_FAILED):
        return as_it_stands(order, context)
    if parcel is None or not parcel.carrier:
        return Reply("utter_fact_carrier_later", {"number": order.number})
    response = {ShipmentState.DELIVERED: "utter_fact_carrier_delivered", ShipmentState.LOST: "utter_fact_carrier_lost"}
    return Reply(response.get(parcel.state, "utter_fact_carrier"), {"number": order.number, "carrier": parcel.carrier})


def carrier_contact(order: Order, context: OrderContext) -> Reply:
    """Tell how the carrier is reached."""
    parcel = parcel_meant(order, context)
    if parcel is None or not parcel.tracking_url:
        return carrier(order, context)
    return Reply("utter_fact_carrier_contact", {"number": order.number, "carrier": context.carrier(parcel),
                                                "tracking": parcel.tracking_number, "url": parcel.tracking_url})


def parcels(order: Order, context: OrderContext) -> Reply:
    """Tell in how many parcels it comes, or came, with what in each."""
    if order.status is OrderStatus.CANCELLED:
        return as_it_stands(order, context)
    sent = [parcel for parcel in order.shipments if order.items_in(parcel)]
    values = {"number": order.number, "items": context.formats.items(order.items)}
    if len(sent) < 2:
        return Reply("utter_fact_one_parcel", values)
    contents = context.formats.parcels([order.items_in(parcel) for parcel in sent])
    return Reply("utter_fact_parcels", {**values, "count": str(len(sent)), "contents": contents})


def rest(order: Order, context: OrderContext) -> Reply:
    """Tell when the other item comes, or the one that is named."""
    item = named_item(context.turn.text, order)
    parcel = next((one for one in order.shipments if item is not None and one.id == item.shipment_id), order.shipment)
    if parcel is None or len(order.items) < 2:
        return as_it_stands(order, context)
    named = context.formats.items([item]) if item is not None else context.formats.items(order.items_in(parcel))
    values = {"number": order.number, "items": named}
    if parcel.delivered_at is not None:
        return Reply("utter_fact_rest_delivered", {**values, "delivered": context.dates.ago(parcel.delivered_at)})
    if parcel.expected_by is None or not is_awaited(order, parcel, context):
        return as_it_stands(order, context)
    values["when"] = context.dates.when(parcel.expected_by)
    if parcel.ships_by is not None and parcel.shipped_at is None:
        return Reply("utter_fact_rest_ships", {**values, "ships": context.dates.when(parcel.ships_by)})
    return Reply("utter_fact_rest", values)


def delivered_on(order: Order, context: OrderContext) -> Reply:
    """Tell whether it came, and when."""
    parcel = parcel_meant(order, context)
    at = parcel.delivered_at if parcel is not None and parcel.delivered_at else order.delivered_at
    waits = order.status.open and (parcel is None or parcel.delivered_at is None)
    if at is None or waits:
        return as_it_stands(order, context)
    values = {"number": order.number, "delivered": context.dates.ago(at), "day": context.dates.day(at),
              "time": context.dates.clock(at)}
    request = order.return_request
    if request is None:
        return Reply("utter_fact_delivered_on", values)
    back = context.formats.items([one for one in order.items if one.sku in request.skus])
    if request.received_at is None:
        return Reply("utter_fact_delivered_not_back", {**values, "items": back})
    return Reply("utter_fact_delivered_and_back", {**values, "items": back,
                                                   "received": context.dates.ago(request.received_at)})


def delivered_to(order: Order, context: OrderContext) -> Reply:
    """Tell to which door; who took it in is not known."""
    if order.delivered_at is None or order.status.open:
        return address(order, context)
    return Reply("utter_fact_delivered_to", {
        "number": order.number, "delivered": context.dates.ago(order.delivered_at),
        "address": context.address(order), "carrier": context.carrier(order.shipments[-1])})


def search(order: Order, context: OrderContext) -> Reply:
    """Tell since when the carrier searches, and for how long."""
    searched = next((one for one in order.shipments if one.investigation_since), None)
    if searched is None or searched.investigation_since is None:
        return as_it_stands(order, context)
    return Reply("utter_fact_search", {"number": order.number, "since": context.dates.day(searched.investigation_since),
                                       "ago": context.dates.ago(searched.investigation_since)})


def notify(order: Order, context: OrderContext) -> Reply:
    """Tell what is mailed, and when."""
    if order.status.shipped and order.status.open and order.status is not OrderStatus.LOST:
        return Reply("utter_fact_notify_on_its_way", {"number": order.number})
    waits = order.status is OrderStatus.PROCESSING
    return Reply("utter_fact_notify" if waits else "utter_fact_notify_done", {"number": order.number})


def why_not_told(order: Order, context: OrderContext) -> Reply:
    """Tell an honest word on news that did not come."""
    return Reply("utter_fact_why_not_told", {"number": order.number})
