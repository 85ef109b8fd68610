"""Whose request it is, where proxies of the shop's own stand in front."""
from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence


def client_address(peer: str, forwarded: Sequence[str], proxies: int) -> str:
    """Return the address of the client.

    Args:
        peer: Whoever opened the connection.
        forwarded: The values of the `X-Forwarded-For` headers, in their order.
        proxies: How many proxies of the shop's own stand in front, each of which adds an entry. So many entries at the
            end can be believed; what stands before them the client may have made up.
    """
    entries = [part.strip() for part in ",".join(forwarded).split(",")]
    return entries[-proxies] if 0 < proxies <= len(entries) and entries[-proxies] else peer


def counted_as(address: str) -> str:
    """Return what limits count an address as: an IPv6 one as its /64 network, the smallest that one caller has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


class UnknownProxyWarning:
    """Says once that a proxy stands in front of which the settings know nothing: all then share its limits."""

    def __init__(self, logger: logging.Logger, server: str) -> None:
        self._logger = logger
        self._what = server
        self._told = False

    def look(self, proxies: int, forwarded: Sequence[str]) -> None:
        """Look at the `X-Forwarded-For` headers of a request."""
        if self._told or proxies or not any(forwarded):
            return
        self._told = True
        self._logger.warning(
            "Requests to %s carry X-Forwarded-For, but TANDEM_PROXIES is 0: all who come through the proxy count as "
            "one address, and share its limits. Set it to the number of proxies; see docs/proxies.md", self._what)
