"""The page of what could not be carried to or from outside live-agent tools, for supervisors."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tandem.desk.routes.pages import SupervisorSessionDep, link
from tandem.desk.security.auth import desk_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class DeadLetter:
    """One row: `address` is that of the API under which it is tried again or discarded."""

    what: str
    channel: str
    at: str  # ISO 8601
    why: str
    address: str
    conversation_id: str = ""
    can_skip: bool = False  # it stopped at one message, which may be left out
    tried: int = 0


@router.get("/dead-letters")
def dead_letters_page(request: Request, session: SupervisorSessionDep) -> Response:
    """Show what is dead, why, and what can be done about it."""
    desk = desk_of(request)
    return desk.pages.render("dead_letters.html", session=session, letters=list(letters(desk.relay.dead())), link=link,
                             channels=desk.relay.channels, now=desk.services.ledger.clock())


def letters(dead: Mapping[str, list[dict[str, Any]]]) -> Iterator[DeadLetter]:
    """Return the relay's dead letters as rows: handoffs, then agents' actions, then webhooks, the latest first."""
    for one in dead["handoffs"]:
        what = f"Words to {one['channel']} after message {one['relayed_seq']}" if one["opened"] \
            else f"Handoff to {one['channel']}"
        yield DeadLetter(what, one["channel"], one["at"], one["error"] or "", f"/api/relays/{one['handoff_id']}",
                         one["conversation_id"], bool(one["opened"]), one["attempts"])
    for one in dead["events"]:
        yield DeadLetter(f"{one['agent']}: {one['act'].replace('_', ' ')}", one["channel"], one["at"],
                         one["error"] or "", f"/api/relays/{one['handoff_id']}", one["conversation_id"])
    for one in dead["webhooks"]:
        yield DeadLetter("Webhook that could not be read", one["channel"], one["received_at"], one["error"] or "",
                         f"/api/relays/webhooks/{one['id']}")
