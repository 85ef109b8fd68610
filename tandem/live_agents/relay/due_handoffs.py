"""The query for the handoffs in which the relay has something to do.

It is asked all the time: made once, so that SQLAlchemy need not work out anew what it is.
"""
from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, and_, bindparam, func, or_, select

from tandem.conversations.tables import handoffs, messages
from tandem.live_agents.relay.tables import relays


def _due() -> Any:
    """Select the handoffs of a channel in which something is to be done and which nobody has in hand."""
    older, other = relays.alias("older"), relays.alias("other")
    now = bindparam("now")
    said = select(messages.c.id).where(messages.c.conversation_id == relays.c.conversation_id)
    unsent = said.where(messages.c.seq > relays.c.relayed_seq).exists()
    new_words = said.where(messages.c.seq > relays.c.tried_seq).exists()
    tool_was_tried = select(other.c.handoff_id).where(
        other.c.channel == relays.c.channel, other.c.state == "open",
        other.c.tried_at > bindparam("last_probe")).exists()
    closed = select(handoffs.c.id).where(
        handoffs.c.id == relays.c.handoff_id, handoffs.c.closed_at.is_not(None)).exists()
    earlier_handoff = select(older.c.handoff_id).where(
        older.c.conversation_id == relays.c.conversation_id, older.c.channel == relays.c.channel,
        older.c.epoch < relays.c.epoch, older.c.state == "open",
        older.c.attempts < bindparam("overtaken_after")).exists()
    return and_(
        relays.c.channel == bindparam("channel"), relays.c.handoff_id.notin_(bindparam("running", expanding=True)),
        relays.c.state == "open",
        or_(relays.c.next_attempt_at <= now, and_(new_words, relays.c.tried_at <= bindparam("last_eager_try")),
            and_(relays.c.tried_at <= bindparam("last_probe"), ~tool_was_tried)),
        or_(relays.c.quiet_until.is_(None), relays.c.quiet_until <= now,
            relays.c.quiet_until > bindparam("longest_pause")),  # set before the clock stepped back
        # A lease that ends later than any lease can was given before the clock stepped back.
        or_(relays.c.lease_until.is_(None), relays.c.lease_until < now,
            relays.c.lease_until > bindparam("longest_lease")),
        or_(relays.c.reference.is_(None), unsent, closed, relays.c.swept_at.is_(None),
            relays.c.swept_at < bindparam("last_sweep")),
        ~earlier_handoff,
    )


_DUE = _due()
ANY = select(relays.c.handoff_id).where(_DUE).limit(1)
LONGEST_UNTOUCHED = select(relays).where(_DUE).order_by(
    func.coalesce(relays.c.tried_at, relays.c.next_attempt_at),
).limit(bindparam("limit", type_=Integer)).with_for_update(skip_locked=True)
