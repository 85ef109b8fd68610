"""The handoff service over both kinds of database."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tandem.dialogue.escalation_settings import EscalationSettings
from tandem.dialogue.trajectory import Trajectory
from tandem.handoff.duty import DutyHours
from tandem.handoff.routing import Routing
from tandem.handoff.service import HandoffService
from tests.fakes.heart import Heart, heart_over


@dataclass
class Desk:
    """The service, the heart under it, and the orders that customers have proved to be theirs."""

    heart: Heart
    service: HandoffService
    verified: dict[str, list[str]] = field(default_factory=dict)


def service_over(heart: Heart, duty: DutyHours, verified: Callable[[str], list[str]]) -> HandoffService:
    return HandoffService(heart.ledger, heart.ownership, heart.case_file, Routing(duty), duty,
                          Trajectory(EscalationSettings()), verified)


@pytest.fixture
def desk(ready_url: str) -> Iterator[Desk]:
    with heart_over(ready_url) as heart:
        verified: dict[str, list[str]] = {}
        duty = DutyHours(ZoneInfo("America/New_York"))
        yield Desk(heart, service_over(heart, duty, lambda one: verified.get(one, [])), verified)


def tracker(conversation: str = "c", **more: Any) -> dict[str, Any]:
    """A tracker's state as Rasa sends it to the action server."""
    return {
        "sender_id": conversation, "latest_message": {"text": "x", "intent": {"name": "ask_for_human"}}, "events": [],
        "active_loop": {}, "slots": {"order_id": None}, "paused": False, "followup_action": None, **more,
    }
