"""The steps from one owner to another, inside a transaction over a locked conversation."""
from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, func, insert, literal, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations import store
from tandem.conversations.model import (
    Agent,
    AlreadyClaimed,
    Author,
    CapacityReached,
    Handoff,
    HandoffRequest,
    Kind,
    NotAllowed,
    Owner,
)
from tandem.conversations.tables import handoffs
from tandem.db.engine import UtcDateTime
from tandem.logs import about

logger = logging.getLogger(__name__)

STEPS: Mapping[str, Mapping[Owner, Owner]] = {
    "open_handoff": {Owner.BOT: Owner.WAITING, Owner.RESOLVED: Owner.WAITING},
    "claim": {Owner.WAITING: Owner.AGENT},
    "release": {Owner.AGENT: Owner.WAITING},
    "take_over": {Owner.BOT: Owner.AGENT, Owner.WAITING: Owner.AGENT, Owner.AGENT: Owner.AGENT,
                  Owner.RESOLVED: Owner.AGENT},
    "leave_queue": {Owner.WAITING: Owner.BOT},
    "hand_back": {Owner.AGENT: Owner.BOT, Owner.WAITING: Owner.BOT},
    "resolve": {Owner.AGENT: Owner.RESOLVED, Owner.WAITING: Owner.RESOLVED, Owner.BOT: Owner.RESOLVED},
}


def transition(connection: Connection, row: Row, now: datetime, step: str) -> Row:
    """Move the conversation as `STEPS` allows, and raise its epoch.

    Raises:
        NotAllowed: The step does not begin with this owner.
    """
    target = STEPS[step].get(Owner(row.owner))
    if target is None:
        raise NotAllowed(f"{step.replace('_', ' ')} is not possible while the conversation is owned by {row.owner}")
    current = store.open_handoff_of(connection, row.id)
    logger.info("%s: from %s to %s", step, row.owner, target.value,
                extra=about(row.id, row.epoch + 1, current.id if current is not None else None))
    return store.change(connection, row, now, owner=target.value, epoch=row.epoch + 1, typing_until=None,
                        customer_typing_until=None)


def insert_handoff(connection: Connection, row: Row, now: datetime, request: HandoffRequest) -> Handoff:
    """Open a handoff in the epoch that the conversation is in."""
    connection.execute(insert(handoffs).values(
        id=uuid.uuid4().hex, conversation_id=row.id, channel=request.channel,
        reason=store.printable(request.reason), trigger=store.printable(request.trigger)[: store.MAX_NAME],
        urgency=max(0.0, min(1.0, request.urgency)), epoch=row.epoch, opened_at=now,
        card=store.clean_data(request.card.to_dict()), note_for_bot="",
    ))
    opened = store.open_handoff_of(connection, row.id)
    assert opened is not None
    return store.to_handoff(opened)


def assign(connection: Connection, row: Row, now: datetime, agent: Agent) -> None:
    """Note who has the conversation, and that a customer to whom nobody has spoken yet waits for their words."""
    connection.execute(
        update(handoffs).where(handoffs.c.conversation_id == row.id, handoffs.c.closed_at.is_(None))
        .values(claimed_by=agent.id, claimed_at=now, unanswered_since=case(
            (handoffs.c.first_reply_at.is_(None), literal(now, UtcDateTime)), else_=handoffs.c.unanswered_since))
    )


def require_room(connection: Connection, agent: Agent, capacity: int) -> None:
    """Make sure that the agent has fewer open conversations than they take at a time.

    Raises:
        CapacityReached: They have as many.
    """
    store.lock_agent(connection, agent.id)  # last of all locks: else two claims of one agent may wait for each other
    count = select(func.count()).select_from(handoffs).where(
        handoffs.c.claimed_by == agent.id, handoffs.c.closed_at.is_(None))
    held = int(connection.execute(count).scalar_one())
    if held >= capacity:
        raise CapacityReached(f"you have {held} of the {capacity} conversations that you take at a time; "
                     "end or release one first")


def close(
    connection: Connection, row: Row, now: datetime, step: str, outcome: str, notice: str = "",
    agent: Agent | None = None, note_for_bot: str = "", resume: bool = False,
) -> Row:
    """End the open handoff with a step to another owner, and tell the customer.

    Raises:
        NotAllowed: The step does not begin with this owner.
    """
    row = transition(connection, row, now, step)
    connection.execute(
        update(handoffs).where(handoffs.c.conversation_id == row.id, handoffs.c.closed_at.is_(None))
        .values(closed_at=now, outcome=outcome, note_for_bot=note_for_bot, resume=resume))
    return announce(connection, row, now, notice, outcome, agent)


def announce(
    connection: Connection, row: Row, now: datetime, notice: str, event: str, agent: Agent | None,
) -> Row:
    """Tell the customer what has changed."""
    data = {"event": event, "agent": agent.name if agent else ""}
    row, _ = store.append(connection, row, now, author=Author.SYSTEM, kind=Kind.EVENT, text=notice, data=data)
    return row


def holder(connection: Connection, row: Row) -> str | None:
    """Return the id of the agent who has the conversation, if one has."""
    if row.owner != Owner.AGENT.value:
        return None
    current = store.open_handoff_of(connection, row.id)
    return current.claimed_by if current is not None else None


def require_open(connection: Connection, row: Row, handoff_id: str | None) -> None:
    """Make sure that this handoff is open, if one is named: who decided about it may be late.

    Raises:
        NotAllowed: It is over; another one may be open.
    """
    current = store.open_handoff_of(connection, row.id) if handoff_id is not None else None
    if handoff_id is not None and (current is None or current.id != handoff_id):
        raise NotAllowed("the handoff is over")


def require_holder(connection: Connection, row: Row, agent: Agent | None) -> None:
    """Make sure that this agent has the conversation; with `agent` None, that anyone has.

    Raises:
        NotAllowed: Nobody has it.
        AlreadyClaimed: Another agent has it.
    """
    if row.owner != Owner.AGENT.value:
        raise NotAllowed(f"claim the conversation first; it is owned by {row.owner}")
    has = holder(connection, row)
    if agent is not None and has != agent.id:
        raise AlreadyClaimed(has)
