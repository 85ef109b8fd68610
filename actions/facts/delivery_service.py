"""By which of the shop's delivery services an order is sent, where that makes a difference."""
from __future__ import annotations

from tandem.orders.model import Order
from tandem.shop.shop_file import current_shop


def named_service(order: Order) -> str:
    """Name the service of an order, if it is another than the usual one; else an empty text."""
    delivery = current_shop().delivery
    return next((delivery.services[one.service].name for one in order.shipments
                 if one.service in delivery.services and one.service != delivery.usual), "")


def extra_service(order: Order) -> str:
    """Name the service of an order that costs more than the usual one, which does not come back; else an empty text."""
    delivery = current_shop().delivery
    return next((delivery.services[one.service].name for one in order.shipments
                 if delivery.costs_extra(one.service)), "")
