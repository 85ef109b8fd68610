"""Orders in a Medusa v2."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tandem.orders.adapters.medusa.adapter import Medusa
from tandem.orders.adapters.medusa.config import MedusaOptions
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
    options = section.read(MedusaOptions)
    engine = Medusa(options, open_client(options), context.policies.refund_business_days)
    return lambda: EngineOrders(engine, context.write_log(), context.policies)


def open_client(options: MedusaOptions) -> HttpClient:
    """Open a client that signs in as Medusa wants it: the key as the user of basic authentication."""
    return HttpClient(options.url, user=(options.key, ""))
