"""Orders in a Shopify shop."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tandem.orders.adapters.shopify.adapter import Shopify
from tandem.orders.adapters.shopify.client import ShopifyClient
from tandem.orders.adapters.shopify.config import ShopifyOptions
from tandem.orders.config import OrdersSection
from tandem.orders.engine_orders import EngineOrders
from tandem.orders.http_client import HttpClient

if TYPE_CHECKING:
    from tandem.orders.factory import Opener, ShopContext


def open_orders(section: OrdersSection, context: ShopContext) -> Opener:
    """Return what opens the orders.

    Raises:
        OrdersConfigError: A key is missing or wrong.
    """
    options = section.read(ShopifyOptions)
    client = ShopifyClient(options, HttpClient(f"https://{options.shop}"))
    engine = Shopify(options, client, context.policies.refund_business_days)
    return lambda: EngineOrders(engine, context.write_log(), context.policies)
