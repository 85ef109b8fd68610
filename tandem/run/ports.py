"""The addresses: are they free, asked before anything starts, and the sockets that listen on them."""
from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from tandem.run.errors import PortTaken
from tandem.settings import Settings

BACKLOG = 1024  # connections that wait to be accepted


@dataclass(frozen=True)
class ListenAddress:
    """Where a process listens, and the setting that moves it."""

    process: str
    host: str
    port: int
    setting: str


def addresses(settings: Settings) -> tuple[ListenAddress, ...]:
    """Return where the three processes listen."""
    return (
        ListenAddress("rasa", settings.host, settings.rasa_port, "TANDEM_RASA_PORT"),
        ListenAddress("actions", settings.actions_host, settings.actions_port, "TANDEM_ACTIONS_PORT"),
        ListenAddress("desk", settings.host, settings.desk_port, "TANDEM_DESK_PORT"),
    )


def trouble_with(address: ListenAddress) -> str | None:
    """Say why nobody can listen there, with the fix; None if the address is free."""
    try:
        _bound(address).close()
    except PortTaken as error:
        return str(error)
    return None


def listen(wanted: Iterable[ListenAddress]) -> dict[str, socket.socket]:
    """Listen on all addresses; return the sockets by process.

    The supervisor holds them for as long as it runs: customers who come while a process is replaced wait in line.

    Raises:
        PortTaken: At least one cannot be used; the text has a line for each.
    """
    wanted = tuple(wanted)
    require_free(wanted)
    sockets = {}
    for address in wanted:
        listener = _bound(address)
        listener.listen(BACKLOG)
        sockets[address.process] = listener
    return sockets


def _bound(address: ListenAddress) -> socket.socket:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise PortTaken(f"{address.process}: {address.host} is no address of this machine; set TANDEM_HOST "
                        "(docs/settings.md)") from None
    family, kind, protocol, _, place = found[0]
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(place)
    except OSError as error:
        bound.close()
        raise PortTaken(_explain(address, error)) from error
    return bound


def _explain(address: ListenAddress, error: OSError) -> str:
    where = f"{address.process}: port {address.port} on {address.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken by another program; stop it, or set {address.setting} to a free port"
    if error.errno == errno.EACCES:
        return f"{where} is not allowed to this user; set {address.setting} to a port above 1023"
    return f"{where} cannot be used ({error.strerror}); set TANDEM_HOST or {address.setting}"


def require_free(wanted: Iterable[ListenAddress]) -> None:
    """Check all addresses.

    Raises:
        PortTaken: At least one cannot be used; the text has a line for each.
    """
    wanted = tuple(wanted)
    troubles = [trouble for address in wanted if (trouble := trouble_with(address))]
    by_port: dict[int, str] = {}
    for address in wanted:
        if address.port in by_port:
            troubles.append(f"{by_port[address.port]} and {address.process} both have port {address.port}; "
                            f"set {address.setting} to another")
        by_port.setdefault(address.port, address.process)
    if troubles:
        raise PortTaken("\n".join(troubles))
