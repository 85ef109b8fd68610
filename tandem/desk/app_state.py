"""What the desk's routes work with."""
from __future__ import annotations

from dataclasses import dataclass

from tandem.agents.audit import Readings
from tandem.conversations.feed import Feed
from tandem.desk.agent_service import AgentService
from tandem.desk.canned_responses import CannedResponses
from tandem.desk.live_queue import LiveQueue
from tandem.desk.security.rate_limit import Pace
from tandem.desk.security.sessions import Sessions
from tandem.desk.security.sign_in_attempts import SignInAttempts
from tandem.desk.views.rendering import Pages
from tandem.live_agents.relay.worker import Relay
from tandem.services import Services
from tandem.settings import Settings


@dataclass(frozen=True)
class Desk:
    """The application's parts, at `app.state.desk`."""

    settings: Settings
    services: Services
    sessions: Sessions
    sign_in: SignInAttempts
    feed: Feed
    live_queue: LiveQueue
    work: AgentService
    pages: Pages
    canned: CannedResponses
    relay: Relay
    readings: Readings
    pace: Pace
