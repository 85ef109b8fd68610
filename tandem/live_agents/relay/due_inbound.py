"""The queries for webhooks that are to be read and events that are to be carried out.

They are asked all the time: made once, so that SQLAlchemy need not work out anew what they are.
"""
from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, and_, bindparam, exists, or_, select, text, tuple_

from tandem.live_agents.relay.tables import agent_events, webhooks

STRANGE = "about no handoff that is known here"  # the error of a webhook that is postponed


def _due(table: Any) -> Any:
    """Select what is due `now`: what has not failed is due at once, whatever the clock said when it came.

    Else it would wait for a clock that has stepped back, and be overtaken. A retry set for later than its pause can
    reach, which is `longest_pause`, was set before such a step too.
    """
    return or_(table.c.error.is_(None), table.c.next_attempt_at <= bindparam("now"),
               table.c.next_attempt_at > bindparam("longest_pause"))


def _ready() -> Any:
    """Select the events of which each is its conversation's next and in nobody's hands."""
    earlier = agent_events.alias("earlier")
    return and_(
        text("agent_events.state = 'todo'"), _due(agent_events),
        or_(agent_events.c.lease_until.is_(None), agent_events.c.lease_until < bindparam("now"),
            agent_events.c.lease_until > bindparam("longest_lease")),  # given before the clock stepped back
        ~exists().where(
            earlier.c.conversation_id == agent_events.c.conversation_id, text("earlier.state = 'todo'"),
            tuple_(earlier.c.sort_at, earlier.c.id) < tuple_(agent_events.c.sort_at, agent_events.c.id)),
    )


_LIMIT = bindparam("limit", type_=Integer)
_WAITING = select(webhooks).where(
    text("webhooks.state = 'todo'"), webhooks.c.channel.not_in(bindparam("but", expanding=True)),
).order_by(webhooks.c.id).limit(_LIMIT)
UNREAD = _WAITING.where(_due(webhooks))
POSTPONED = _WAITING.where(~_due(webhooks), webhooks.c.error == STRANGE)
_READY = _ready()
ANY_READY = select(agent_events.c.id).where(_READY).limit(1)
NEXT_READY = (select(agent_events).where(_READY).order_by(agent_events.c.id).limit(_LIMIT)
               .with_for_update(skip_locked=True))
