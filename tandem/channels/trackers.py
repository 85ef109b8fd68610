"""What a person's coming and going changes in Rasa's tracker, from outside the dialogue."""
from __future__ import annotations

from rasa.core.agent import Agent
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import ActiveLoop, SlotSet


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
