"""Carries one handoff on: opens it in the tool, passes messages on in order, sweeps, closes."""
from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Handoff, Kind, Message
from tandem.conversations.tables import messages
from tandem.live_agents.protocol import (
    THREAD,
    AgentEvent,
    LiveAgentChannel,
    LiveAgentRefused,
    LiveAgentUnavailable,
    Reference,
)
from tandem.live_agents.relay.progress import OVERLAP, LeaseLost, Progress, RelayLease
from tandem.logs import about

logger = logging.getLogger(__name__)

ENDS = ("handed_back", "resolved")  # the events with which a handoff ends in the transcript
DATABASE_DOWN = (OperationalError, InterfaceError)

OnAgentEvent = Callable[[str, AgentEvent], None]  # takes what a sweep found: channel, event


class HandoffSync:
    """Makes the calls to the tools; blocking, safe to use from several threads for different handoffs."""

    def __init__(self, ledger: Ledger, progress: Progress, on_event: OnAgentEvent) -> None:
        self._ledger = ledger
        self._progress = progress
        self._found = on_event

    def sync(self, channel: LiveAgentChannel, lease: RelayLease) -> None:
        """Do all that is due in a handoff, and remember how it went. Never raises."""
        try:
            self._sync(channel, lease)
        except LeaseLost:
            logger.warning("Another relay has taken the handoff to %s", lease.channel, extra=_about(lease))
        except DATABASE_DOWN:
            logger.exception("The database did not answer; the handoff's lease runs out", extra=_about(lease))

    def _sync(self, channel: LiveAgentChannel, lease: RelayLease) -> None:
        try:
            self._advance(channel, lease)
        except LiveAgentRefused as error:
            # Not in the log: the tool's answer may hold what somebody wrote.
            logger.error("%s refused; the desk's dead letters say why", lease.channel, extra=_about(lease))
            self._progress.refused(lease, str(error))
        except (LeaseLost, *DATABASE_DOWN):
            raise
        except Exception as error:  # an adapter may fail in any way; it must not stop the others
            expected = isinstance(error, LiveAgentUnavailable)
            logger.warning("%s failed: %s", lease.channel, error, exc_info=not expected, extra=_about(lease))
            pause = error.retry_after if isinstance(error, LiveAgentUnavailable) else None
            if not self._progress.failed(lease, str(error) or type(error).__name__, pause):
                logger.error("%s is given up after %d attempts; see the desk's dead letters", lease.channel,
                             lease.attempts + 1, extra=_about(lease))

    def _advance(self, channel: LiveAgentChannel, lease: RelayLease) -> None:
        handoff = self._progress.handoff(lease.handoff_id)
        if handoff is None:
            self._progress.forget(lease.handoff_id)
            return
        if self._progress.overtaken(lease):
            self._progress.save(lease, state="closed")
            return
        reference, again = lease.reference, lease.again
        if reference is None:
            reference, again = self._open(channel, lease, handoff), False
        self._pass_on(channel, lease, handoff, reference, again)
        handoff = self._progress.handoff(lease.handoff_id) or handoff
        over = handoff.closed_at is not None
        if lease.sweep_due or over:
            self._sweep(channel, lease, handoff, reference)
        if over:
            self._pass_on(channel, lease, handoff, reference, again=False)
            channel.close(reference, handoff)
            self._progress.save(lease, state="closed")
        self._progress.finish(lease)
        self._progress.sign_of_life(lease.channel)

    def _open(self, channel: LiveAgentChannel, lease: RelayLease, handoff: Handoff) -> Reference:
        # The same words at each attempt: those that come later are passed on one by one.
        shown = [message for message in self._ledger.transcript(lease.conversation_id)
                 if message.seq <= lease.relayed_seq]
        reference = dict(channel.open(handoff, shown, self._progress.earlier(lease)))
        thread = str(reference.get(THREAD) or "")[:255] or None
        self._progress.save(lease, reference=reference, thread=thread)
        return reference

    def _pass_on(
        self, channel: LiveAgentChannel, lease: RelayLease, handoff: Handoff, reference: Reference, again: bool,
    ) -> None:
        relayed = self._progress.relayed(lease.handoff_id)
        while True:
            batch = self._ledger.messages(lease.conversation_id, after=relayed)
            end = self._end(handoff)  # read after the batch, so that no word behind the end can be in it unnoticed
            seen = [message for message in batch if end is None or message.seq <= end]
            for message in seen:
                if self._is_for(lease.channel, message):
                    if message.seq > relayed + 1:
                        self._progress.save(lease, relayed_seq=message.seq - 1)
                    channel.say(reference, handoff, message, again)
                    self._progress.save(lease, relayed_seq=message.seq)
                    relayed, again = message.seq, False
            if batch and batch[-1].seq > relayed:
                self._progress.save(lease, relayed_seq=batch[-1].seq)
                relayed = batch[-1].seq
            if not seen:
                return

    def _sweep(self, channel: LiveAgentChannel, lease: RelayLease, handoff: Handoff, reference: Reference) -> None:
        now = self._ledger.clock()
        since = lease.swept_at - OVERLAP if lease.swept_at else handoff.opened_at - OVERLAP
        for event in channel.sweep(reference, handoff, since):
            self._found(lease.channel, event)
        self._progress.save(lease, swept_at=now)

    def _is_for(self, channel_name: str, message: Message) -> bool:
        """Select the customer's words, and those of agents who answered elsewhere; not the tool's own, which it has."""
        if message.kind is not Kind.TEXT:
            return False
        echo = (message.client_id or "").startswith(f"{channel_name}:")
        return message.author is Author.CUSTOMER or (message.author is Author.AGENT and not echo)

    def _end(self, handoff: Handoff) -> int | None:
        """Return the number of the event with which the handoff ended; what follows is not for its agents.

        Not a matter of times, which may be equal or step back: every end raises the epoch and stands in the transcript.
        """
        query = select(messages).where(
            messages.c.conversation_id == handoff.conversation_id, messages.c.kind == Kind.EVENT.value,
            messages.c.epoch > handoff.epoch,
        ).order_by(messages.c.seq)
        with self._ledger.reading.connect() as connection:
            events = [store.to_message(row) for row in connection.execute(query).all()]
        return next((event.seq for event in events if event.data.get("event") in ENDS), None)


def _about(lease: RelayLease) -> dict[str, Any]:
    return about(lease.conversation_id, lease.epoch, lease.handoff_id)
