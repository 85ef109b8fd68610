"""The third layer of Shopify's errors, which comes inside the data with HTTP 200."""
from __future__ import annotations

from typing import Any

from tandem.orders.engine import EngineRefused
from tandem.orders.errors import OrderSystemUnavailable


def refuse(errors: Any) -> None:
    """Read a mutation's own errors.

    Raises:
        EngineRefused: There are some.
        OrderSystemUnavailable: Shopify itself failed.
    """
    codes = error_codes(errors)
    if "INTERNAL_ERROR" in codes:
        raise OrderSystemUnavailable("Shopify failed at it: INTERNAL_ERROR")
    if codes:
        raise EngineRefused(f"Shopify answered {', '.join(codes)}")


def error_codes(errors: Any) -> list[str]:
    """Return the codes of a mutation's errors; where one has none, the field that is wrong."""
    return [str(error.get("code") or error.get("field") or "error") for error in errors or ()]
