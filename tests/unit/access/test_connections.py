"""Which connections are closed to make room, and which after a while."""
from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tandem.access import connections
from tandem.access.connections import BODY_SECONDS, HEAD_SECONDS, Connections, Phase, connections_of_this_process
from tests.fakes.clock import Seconds


@dataclass
class Door:
    """Connections of a test, by name."""

    known: Connections
    clock: Seconds
    phases: dict[str, tuple[Phase, Any]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)

    def opens(self, name: str, address: str = "203.0.113.1", phase: Phase = Phase.HEAD) -> None:
        self.clock.now += 0.001
        self.phases[name] = (phase, None)
        self.known.opened(name, address, lambda: self.phases[name], lambda: self.closed.append(name))


@pytest.fixture
async def door() -> Door:
    clock = Seconds()
    return Door(Connections(10, clock), clock)


async def test_the_oldest_that_waits_makes_room(door: Door) -> None:
    for number in range(12):
        door.opens(f"{number}", f"203.0.113.{number}")
    assert door.closed == ["0", "1"] and len(door.known) == 10


async def test_a_connection_that_has_sent_a_request_is_not_closed_to_make_room(door: Door) -> None:
    for number in range(10):
        door.opens(f"{number}", f"203.0.113.{number}")
    door.phases["0"] = (Phase.BUSY, "request")
    door.opens("new", "203.0.113.99")
    assert door.closed == ["1"]


async def test_if_all_are_busy_the_new_one_goes(door: Door) -> None:
    for number in range(10):
        door.opens(f"{number}", f"203.0.113.{number}", Phase.BUSY)
    door.opens("new", "203.0.113.99")
    assert door.closed == ["new"]


async def test_one_address_has_half_of_the_room_for_what_waits(door: Door) -> None:
    for number in range(7):
        door.opens(f"{number}")
    assert door.closed == ["0", "1"], "the others of this address stay"
    for number in range(5):
        door.opens(f"busy {number}", "198.51.100.1", Phase.BUSY)
    door.opens("another", "192.0.2.1")
    assert "another" not in door.closed


async def test_streams_behind_one_proxy_are_not_counted_against_its_address(door: Door) -> None:
    for number in range(8):
        door.opens(f"{number}", phase=Phase.BUSY)
    assert door.closed == []


async def test_a_head_and_a_body_have_their_time(door: Door) -> None:
    door.opens("silent")
    door.opens("slow")
    door.opens("stream", phase=Phase.BUSY)
    door.phases["slow"] = (Phase.BODY, "upload")
    door.known.close_late()
    door.clock.now += HEAD_SECONDS + 1
    door.known.close_late()
    assert door.closed == ["silent"]
    door.clock.now += BODY_SECONDS
    door.known.close_late()
    assert door.closed == ["silent", "slow"], "a stream may last"


async def test_a_kept_connection_begins_anew_with_each_request(door: Door) -> None:
    door.opens("kept")
    for number in range(5):
        door.clock.now += HEAD_SECONDS - 1
        door.phases["kept"] = (Phase.HEAD, f"after request {number}")
        door.known.close_late()
    assert door.closed == []


async def test_it_is_said_once_in_a_while_that_there_are_too_many(
    door: Door, caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(100):
            door.opens(f"{number}", f"203.0.113.{number}")
    assert [record.message for record in caplog.records if "connections are open" in record.message] == [
        "11 connections are open, the most that are kept: those that have sent no request are closed, "
        "the oldest first"]


async def test_what_is_closed_is_forgotten(door: Door) -> None:
    door.opens("a")
    door.known.closed("a")
    door.known.closed("a")
    assert len(door.known) == 0 and door.known._by_address == {}


@pytest.fixture
def files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_number_of_open_files_is_raised_as_far_as_the_machine_allows(
    files: None, monkeypatch: pytest.MonkeyPatch,
) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    known = connections_of_this_process()
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert soft == (connections._MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, connections._MOST_FILES))
    assert known._most == min(connections.MOST, soft - min(200, soft // 2))
