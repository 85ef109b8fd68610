"""Orders in a WooCommerce."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tandem.orders.adapters.woocommerce.adapter import WooCommerce
from tandem.orders.adapters.woocommerce.config import WooCommerceOptions
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
    options = section.read(WooCommerceOptions)
    engine = WooCommerce(options, open_client(options), context.policies.refund_business_days)
    return lambda: EngineOrders(engine, context.write_log(), context.policies)


def open_client(options: WooCommerceOptions, **more: Any) -> HttpClient:
    """Open a client that signs in with key and secret; `more` goes to the client."""
    if options.key_in == "query":
        more["query"] = {"consumer_key": options.key, "consumer_secret": options.secret}
    else:
        more["user"] = (options.key, options.secret)
    return HttpClient(options.url, **more)
