"""What the desk's routes work with."""
from __future__ import annotations

from dataclasses import dataclass

from tandem.conversations.feed import Feed
from tandem.desk.audit import Readings
from tandem.desk.board import Board
from tandem.desk.canned import CannedResponses
from tandem.desk.pace import Pace
from tandem.desk.rendering import Pages
from tandem.desk.sessions import Sessions
from tandem.desk.sign_in import SignIn
from tandem.desk.work import Work
from tandem.handoff.relay import Relay
from tandem.services import Services
from tandem.settings import Settings


@dataclass(frozen=True)
class Desk:
    """The application's parts, at `app.state.desk`."""

    settings: Settings
    services: Services
    sessions: Sessions
    sign_in: SignIn
    feed: Feed
    board: Board
    work: Work
    pages: Pages
    canned: CannedResponses
    relay: Relay
    readings: Readings
    pace: Pace
