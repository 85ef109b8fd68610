"""Taken ports are told before anything starts."""
from __future__ import annotations

import os
import socket

import pytest

from tandem.run.errors import PortTaken
from tandem.run.ports import ListenAddress, addresses, require_free, trouble_with
from tandem.settings import Settings


def test_a_free_port_is_no_trouble(free_port: int) -> None:
    assert trouble_with(ListenAddress("desk", "127.0.0.1", free_port, "TANDEM_DESK_PORT")) is None


def test_a_taken_port_names_the_process_and_the_setting_that_moves_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"desk: port {port} .* taken .* TANDEM_DESK_PORT"):
            require_free([ListenAddress("desk", "127.0.0.1", port, "TANDEM_DESK_PORT")])


def test_all_taken_ports_are_told_at_once() -> None:
    with socket.socket() as one, socket.socket() as two:
        taken = []
        for process, sock in (("rasa", one), ("desk", two)):
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            taken.append(ListenAddress(process, "127.0.0.1", sock.getsockname()[1], f"TANDEM_{process.upper()}_PORT"))
        with pytest.raises(PortTaken) as caught:
            require_free(taken)
    assert "TANDEM_RASA_PORT" in str(caught.value) and "TANDEM_DESK_PORT" in str(caught.value)


def test_a_port_that_was_just_left_is_free_again(free_port: int) -> None:
    """A connection in TIME_WAIT must not keep Tandem from being started again."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", free_port))
        server.listen()
        with socket.create_connection(("127.0.0.1", free_port)):
            accepted, _ = server.accept()
            accepted.close()
    assert trouble_with(ListenAddress("rasa", "127.0.0.1", free_port, "TANDEM_RASA_PORT")) is None


def test_two_processes_on_one_port_are_told(free_port: int) -> None:
    with pytest.raises(PortTaken, match="rasa and desk both"):
        require_free([ListenAddress("rasa", "127.0.0.1", free_port, "A"),
                      ListenAddress("desk", "127.0.0.1", free_port, "B")])


def test_a_foreign_host_names_its_setting(free_port: int) -> None:
    for host in ("203.0.113.7", "no-such-host.invalid", "ä" * 300):
        assert "TANDEM_HOST" in str(trouble_with(ListenAddress("rasa", host, free_port, "TANDEM_RASA_PORT")))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every port")
def test_a_port_below_1024_is_explained() -> None:
    assert "above 1023" in str(trouble_with(ListenAddress("desk", "127.0.0.1", 81, "TANDEM_DESK_PORT")))


def test_everything_listens_on_loopback_unless_told_otherwise() -> None:
    assert {address.host for address in addresses(Settings())} == {"127.0.0.1"}


def test_the_action_server_stays_on_loopback_when_the_others_open() -> None:
    hosts = {address.process: address.host for address in addresses(Settings(host="0.0.0.0"))}
    assert hosts == {"rasa": "0.0.0.0", "actions": "127.0.0.1", "desk": "0.0.0.0"}
