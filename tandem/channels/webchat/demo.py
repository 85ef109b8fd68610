"""Signing in on the demo page: identity tokens for the customers of the demo shop."""
from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

import jwt

from tandem.channels.webchat.http import NotHere
from tandem.orders.demo_orders import demo_orders
from tandem.settings import Settings

VALID_FOR = timedelta(hours=12)
SHOWN = (
    "on-time@example.com", "late@example.com", "two-orders@example.com", "new@example.com", "delivered@example.com",
    "refund@example.com", "lost@example.com", "vip@example.com",
)


def demo_customers(zone: tzinfo) -> list[dict[str, str]]:
    """Return the customers one may be on the demo page: e-mail and name, in the order in which they are shown."""
    names = {order.email: order.customer_name for order in demo_orders(datetime.now(timezone.utc), zone)}
    return [{"email": email, "name": names[email]} for email in SHOWN if email in names]


def demo_identity(settings: Settings, email: str) -> str:
    """Make an identity token, as a shop with accounts would for a customer who has signed in.

    Raises:
        NotHere: Not in demo mode, or not one of the demo shop's customers.
    """
    if not settings.demo or not settings.identity_secret:
        raise NotHere("Signing in is only possible in demo mode.")
    for customer in demo_customers(settings.shop_timezone):
        if customer["email"] == email:
            claims = {"sub": f"demo:{email}", "email": email, "name": customer["name"],
                      "exp": datetime.now(timezone.utc) + VALID_FOR}
            return str(jwt.encode(claims, settings.identity_secret, algorithm="HS256"))
    raise NotHere("The demo shop has no such customer.")
