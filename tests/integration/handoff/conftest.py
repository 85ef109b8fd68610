"""The handoff service over both kinds of database."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tandem.handoff.business_hours import BusinessHours
from tandem.handoff.routing import Routing
from tandem.handoff.service import HandoffService
from tandem.sentiment.settings import EscalationSettings
from tandem.sentiment.trajectory import Trajectory
from tests.fakes.core import Core, core_over


@dataclass
class Desk:
    """The service, the core under it, and the orders that customers have proved to be theirs."""

    core: Core
    service: HandoffService
    verified: dict[str, list[str]] = field(default_factory=dict)


def service_over(core: Core, duty: BusinessHours, verified: Callable[[str], list[str]]) -> HandoffService:
    return HandoffService(core.ledger, core.ownership, core.case_file, Routing(duty), duty,
                          Trajectory(EscalationSettings()), verified)


@pytest.fixture
def desk(ready_url: str) -> Iterator[Desk]:
    with core_over(ready_url) as core:
        verified: dict[str, list[str]] = {}
        duty = BusinessHours(ZoneInfo("America/New_York"))
        yield Desk(core, service_over(core, duty, lambda one: verified.get(one, [])), verified)


def tracker(conversation: str = "c", **more: Any) -> dict[str, Any]:
    """A tracker's state as Rasa sends it to the action server."""
    return {
        "sender_id": conversation, "latest_message": {"text": "x", "intent": {"name": "ask_for_human"}}, "events": [],
        "active_loop": {}, "slots": {"order_id": None}, "paused": False, "followup_action": None, **more,
    }
