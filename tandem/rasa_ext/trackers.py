"""What is read and changed in Rasa's tracker from outside the dialogue."""
from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tandem.rasa_ext.tracker_store import CachedTrackerStore


async def parse_in_conversation(agent: Agent, conversation_id: str, text: str) -> dict[str, Any]:
    """Let the NLU read the next message of a conversation; the tracker stays as it is."""
    async with looked_at(agent, conversation_id) as tracker:
        parse: dict[str, Any] = await agent.processor.parse_message(UserMessage(text), tracker)
    return parse


@asynccontextmanager
async def looked_at(agent: Agent, conversation_id: str) -> AsyncIterator[DialogueStateTracker | None]:
    """Lend the tracker of a conversation to somebody who does not change it; None if it has no events.

    Raises:
        MessageAlreadyHandled: See `CachedTrackerStore.retrieve`.
    """
    store = agent.tracker_store
    tracker = await store.retrieve(conversation_id)
    yield tracker
    if tracker is not None and isinstance(store, CachedTrackerStore):
        store.give_back(tracker)


async def leave_forms(agent: Agent, conversation_id: str) -> str | None:
    """End the form that a conversation is in, and name it; None if there is none.

    Done before the first message after a person, because Rasa extracts slots before any policy speaks: the form that
    an agent took over in the middle of would take "hello" as the answer to its last question.
    """
    async with agent.lock_store.lock(conversation_id):
        tracker = await agent.tracker_store.retrieve(conversation_id)
        if tracker is None or tracker.active_loop_name is None:
            return None
        form: str = tracker.active_loop_name
        tracker.update_with_events([ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)], agent.domain)
        await agent.tracker_store.save(tracker)
        return form


async def say_again(agent: Agent, conversation_id: str, message_id: str, output: OutputChannel) -> bool:
    """Say what the bot has said to a message, if the tracker holds it; False if the bot has not had it.

    Rasa saves the tracker when all is done and said, and a process may die or lose the database before the turn is
    marked as done. The message must not reach the bot again then: it would count as said twice, and answer whatever the
    bot asked last. The output leaves out what is in the ledger.
    """
    tracker = await agent.tracker_store.retrieve(conversation_id)
    events = list(tracker.events) if tracker is not None else []
    place = next((place for place, event in enumerate(events)
                  if isinstance(event, UserUttered) and event.message_id == message_id), None)
    if place is None:
        return False
    for event in events[place + 1:]:
        if isinstance(event, UserUttered):
            break
        if isinstance(event, BotUttered):
            await output.send_response(conversation_id, event.message())
    return True
