"""What is read and changed in Rasa's tracker from outside the dialogue."""
from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from tandem.rasa_ext.tracker_store import CachedTrackerStore

SAID_BEFORE = "said_before"  # in what the dialogue is told of a message: what was said before the bot's answer


@dataclass(frozen=True)
class Standing:
    """The state of a conversation: the metadata of its latest message, and the form that waits."""

    told: Mapping[str, Any] = field(default_factory=dict)
    form: str = ""

    @classmethod
    def of(cls, tracker: DialogueStateTracker | None) -> Standing:
        latest = tracker.latest_message if tracker is not None else None
        told = ((latest.metadata if latest is not None else None) or {}).get("tandem")
        form = tracker.active_loop_name if tracker is not None else None
        return cls(told if isinstance(told, Mapping) else {}, form or "")


async def parse_in_conversation(agent: Agent, conversation_id: str, text: str) -> dict[str, Any]:
    """Let the NLU read the next message of a conversation; the tracker stays as it is."""
    return (await read_in_conversation(agent, conversation_id, text))[0]


async def read_in_conversation(agent: Agent, conversation_id: str, text: str) -> tuple[dict[str, Any], Standing]:
    """Do what `parse_in_conversation` does, and tell how the conversation stands before that message.

    Rasa knows no payload for a small answer: a button with `/topic/answer` is read here.
    """
    async with looked_at(agent, conversation_id) as tracker:
        standing = Standing.of(tracker)
        parse: dict[str, Any] = (_small_answer(agent, text)
                                 or await agent.processor.parse_message(UserMessage(text), tracker))
    return parse, standing


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


async def enter(agent: Agent, message: UserMessage) -> None:
    """Enter a message into its conversation to which the bot has nothing to say; a form that waits goes on waiting."""
    parse = message.parse_data or {}
    async with agent.lock_store.lock(message.sender_id):
        tracker = await agent.processor.get_tracker(message.sender_id)
        tracker.update_with_events([
            UserUttered(message.text, parse.get("intent"), parse.get("entities"), parse, message_id=message.message_id,
                        input_channel=message.input_channel, metadata=message.metadata),
            ActionExecuted(ACTION_LISTEN_NAME)], agent.domain)
        await agent.tracker_store.save(tracker)


async def say_again(
    agent: Agent, conversation_id: str, message_id: str, output: OutputChannel,
    say_before: Callable[[str], Awaitable[None]],
) -> bool:
    """Say what the bot has said to a message, if the tracker holds it; False if the bot has not had it.

    Rasa saves the tracker when all is done and said, and a process may die or lose the database before the turn is
    marked as done. The message must not reach the bot again then: it would count as said twice, and answer whatever the
    bot asked last. The output leaves out what is in the ledger. `say_before` says what was said before the answer.
    """
    tracker = await agent.tracker_store.retrieve(conversation_id)
    events = list(tracker.events) if tracker is not None else []
    place = next((place for place, event in enumerate(events)
                  if isinstance(event, UserUttered) and event.message_id == message_id), None)
    if place is None:
        return False
    before = ((events[place].metadata or {}).get("tandem") or {}).get(SAID_BEFORE)
    if before:
        await say_before(before)
    for event in events[place + 1:]:
        if isinstance(event, UserUttered):
            break
        if isinstance(event, BotUttered):
            await output.send_response(conversation_id, event.message())
    return True


def _small_answer(agent: Agent, text: str) -> dict[str, Any] | None:
    answer = text.removeprefix("/")
    topic, slash, _ = answer.partition("/")
    if not text.startswith("/") or not slash or topic not in agent.domain.retrieval_intents:
        return None
    chosen = {"intent_response_key": answer, "utter_action": f"utter_{answer}", "confidence": 1.0, "responses": []}
    intent = {"name": topic, "confidence": 1.0, "full_retrieval_intent_name": answer}
    return {"text": text, "intent": intent, "entities": [], "intent_ranking": [dict(intent)],
            "response_selector": {"all_retrieval_intents": [topic], topic: {"response": chosen}}}
