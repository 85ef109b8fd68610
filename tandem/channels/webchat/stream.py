"""The live side of the web chat: messages and state as server-sent events."""
from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from tandem.channels.webchat.http import RateExceeded
from tandem.channels.webchat.json_messages import Places, agent_name, message_json, state_json
from tandem.conversations.model import Conversation, ConversationNotFound, Owner
from tandem.conversations.sessions import SessionClaim, opens
from tandem.gateway.runtime import Runtime

logger = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds of silence after which a comment is sent; the ledger is read again then, whatever it says
RETRY = 2000  # milliseconds after which an EventSource comes back
_WHILE_SOMEBODY_WRITES = 0.5  # seconds between looks at a typing sign, which ends without anything being written
_WHILE_WAITING = 3.0  # seconds between looks at the place in the queue
_STREAMS = 12  # open streams of one conversation, for customers with many tabs
_BATCH = 200  # messages read at a time


class Streams:
    """All open streams of one process, so that they end when the server stops."""

    def __init__(self, runtime: Runtime, places: Places, per_address: int) -> None:
        self._runtime = runtime
        self._places = places
        self._per_address = per_address
        self._open: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()
        self._closing = False

    def close(self) -> None:
        """End every stream; browsers come back to whoever answers then."""
        self._closing = True
        for conversation_id in list(self._open):
            self._runtime.feed.nudge(conversation_id)

    @contextmanager
    def admit(self, conversation_id: str, address: str) -> Iterator[None]:
        """Count a stream while it is open.

        Raises:
            RateExceeded: The conversation, or all those of the network address, have enough of them.
        """
        if self._open[conversation_id] >= _STREAMS or self._addresses[address] >= self._per_address:
            raise RateExceeded(5)
        counted = ((self._open, conversation_id), (self._addresses, address))
        for counter, key in counted:
            counter[key] += 1
        try:
            yield
        finally:
            for counter, key in counted:
                counter[key] -= 1
                if not counter[key]:
                    del counter[key]

    async def state(self, conversation_id: str) -> dict[str, Any]:
        """Return the conversation's state as it stands.

        Raises:
            ConversationNotFound: It has been erased.
        """
        conversation = await asyncio.to_thread(self._runtime.ledger.conversation, conversation_id)
        return await self._state(conversation, None)

    async def events(self, claim: SessionClaim, after: int, last: int | None = None) -> AsyncIterator[str]:
        """Yield every message above `after`, then every message and state as it comes, until the server stops.

        An erased conversation and a session that has ended end the stream; the browser learns why when it comes back.

        Args:
            last: At least so many of the latest messages, wherever `after` stands; the first event then says where
                they begin, so that earlier ones can be fetched when they are wanted.
        """
        ledger, conversation_id = self._runtime.ledger, claim.conversation_id
        shown: dict[str, Any] | None = None
        known: tuple[int, str | None] | None = None  # the agent's name belongs to an epoch
        clock = asyncio.get_running_loop().time
        spoke_at = clock()
        yield f"retry: {RETRY}\n\n"
        if last is not None:
            after = await self._first_shown(conversation_id, after, last)
            yield _event("start", {"after": after})
        with self._runtime.feed.watch(conversation_id) as changed:
            while not self._closing:
                changed.clear()
                try:
                    batch = await asyncio.to_thread(ledger.messages, conversation_id, after, _BATCH, True)
                    # Read after the messages: what was said before the session ended may be shown, nothing since.
                    conversation = await asyncio.to_thread(ledger.conversation, conversation_id)
                    if not opens(claim, conversation):
                        return
                    for message in batch:
                        after, spoke_at = message.seq, clock()
                        yield _event("message", message_json(message), message.seq)
                    if len(batch) == _BATCH:
                        continue
                    if known is None or known[0] != conversation.epoch:
                        known = (conversation.epoch, await self._agent(conversation))
                    state = await self._state(conversation, known[1])
                except ConversationNotFound:
                    return
                except SQLAlchemyError:
                    logger.exception("A chat stream could not read the ledger; the browser comes back")
                    return
                if state != shown:
                    shown, spoke_at = state, clock()
                    yield _event("state", state)
                elif clock() - spoke_at >= HEARTBEAT - 1:
                    spoke_at = clock()
                    yield ": still here\n\n"
                await _wait(changed, _patience(state))

    async def _first_shown(self, conversation_id: str, after: int, last: int) -> int:
        """Return the number above which at least the `last` messages stand, and everything above `after`."""
        found = await asyncio.to_thread(self._runtime.ledger.latest_messages, conversation_id, last)
        return min(after, found[0].seq - 1) if len(found) == last else 0

    async def _agent(self, conversation: Conversation) -> str | None:
        if conversation.owner is not Owner.AGENT:
            return None
        return await asyncio.to_thread(agent_name, self._runtime.ledger, conversation.id)

    async def _state(self, conversation: Conversation, agent: str | None) -> dict[str, Any]:
        if agent is None:
            agent = await self._agent(conversation)
        place, on_duty = None, True
        if conversation.owner is Owner.WAITING:
            place = await asyncio.to_thread(self._places.of, conversation.id)
            on_duty = self._runtime.services.business_hours.on_duty(self._runtime.ledger.clock())
        return state_json(conversation, agent, self._runtime.bot_is_writing(conversation.id), place, on_duty)


def _patience(state: dict[str, Any]) -> float:
    if state["typing"] or state["bot_writing"]:
        return _WHILE_SOMEBODY_WRITES
    return _WHILE_WAITING if state["owner"] == Owner.WAITING.value else HEARTBEAT


async def _wait(changed: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(changed.wait(), seconds)
    except asyncio.TimeoutError:
        return


def _event(name: str, data: dict[str, Any], seq: int | None = None) -> str:
    ident = f"id: {seq}\n" if seq is not None else ""
    return f"event: {name}\n{ident}data: {json.dumps(data, ensure_ascii=False)}\n\n"
