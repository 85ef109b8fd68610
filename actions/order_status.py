"""Where an order is."""
from __future__ import annotations

from actions.base.customer_orders import accessible_orders
from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import OrderForm
from actions.base.repeated_questions import RepeatingAction
from actions.base.reply import Button, Reply
from actions.base.several_orders import SeveralOrders
from actions.base.status import status_reply
from actions.base.turn import others_of
from actions.facts.arrival import by_the_day_asked
from tandem.conversations.consent import OTHERS
from tandem.conversations.consent_reader import asks
from tandem.orders.model import Order, OrderStatus
from tandem.orders.shipments import Shipment
from tandem.wording.formats import Formats

MOST_BUTTONS = 5


class ValidateOrderStatusForm(SeveralOrders, OrderForm):
    form = "order_status_form"


class ValidateTrackParcelForm(SeveralOrders, OrderForm):
    form = "track_parcel_form"


class ActionOrderStatus(RepeatingAction):
    """Tells where the order is, and offers the customer's other open orders."""

    each = True
    forgets = (OTHERS,)

    def name(self) -> str:
        return "action_order_status"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        accessible = accessible_orders(context.services, context.turn, "order_status_form")
        told = {order.number, str(context.turn.slot("order_number")), *others_of(context.turn)}
        others = [other for other in accessible.relevant if other.number not in told] if order.status.open else []
        buttons = tuple(order_button(other, context.formats, "order_status") for other in others[:MOST_BUTTONS])
        in_time = by_the_day_asked(order, context) if asks(context.turn.text) else None
        reply = in_time or status_reply(order, context.dates)
        return Reply(reply.response, reply.values, buttons)


class ActionTrackParcel(OrderAction):
    """Hands over the tracking number and link of the parcel that the customer waits for."""

    each = True
    forgets = (OTHERS,)

    def name(self) -> str:
        return "action_track_parcel"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        parcel = order.shipment
        if parcel is None or not parcel.tracking_number:
            return status_reply(order, context.dates)
        values = {"number": order.number, "carrier": context.carrier(parcel), "tracking": parcel.tracking_number,
                  "url": parcel.tracking_url}
        if parcel.delivered_at is not None:
            values["delivered"] = context.dates.ago(parcel.delivered_at)
            then = status_reply(order, context.dates) if order.status is OrderStatus.RETURNED else None
            response = "utter_track_parcel_delivered" if parcel.tracking_url else "utter_track_parcel_delivered_number"
            return Reply(response, values, then=then)
        response = "utter_track_parcel_link" if parcel.tracking_url else "utter_track_parcel_number"
        scanned = _last_scan(parcel, context)
        then = status_reply(order, context.dates) if order.status is OrderStatus.LOST else None
        return Reply(f"{response}_scanned" if scanned else response, {**values, **scanned}, then=then)


def order_button(order: Order, formats: Formats, intent: str = "inform") -> Button:
    """Make a quick reply that names an order; pressed, it says `intent` with the order's number."""
    return {"title": formats.order(order), "payload": f'/{intent}{{"order_number": "{order.number}"}}'}


def _last_scan(parcel: Shipment, context: OrderContext) -> dict[str, str]:
    scan = parcel.last_scan
    return {"place": scan.place, "scanned": context.dates.ago(scan.at)} if scan else {}
