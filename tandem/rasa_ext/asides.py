"""What an action or a response would say to a message, without a turn of the bot: its tracker stays as it is."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa.core.actions.action import action_for_name_or_text
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import ActiveLoop, BotUttered, SlotSet, UserUttered

from tandem.rasa_ext.fresh_responses import FreshResponses
from tandem.rasa_ext.trackers import looked_at

_SAYS = "utter_action"  # the key of a bot's message that names the response


class _Channel(CollectingOutputChannel):
    """Has the name of the customer's channel, by which Rasa chooses among the variations of a response."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def name(self) -> str:
        return self._name


async def said_aside(
    agent: Agent, conversation_id: str, action: str, parse: Mapping[str, Any], message_id: str,
    metadata: Mapping[str, Any], channel: str,
) -> list[tuple[str, str]]:
    """Run an action that changes nothing on a copy of the conversation's tracker.

    Args:
        action: A custom action or a response; one that the model does not know says nothing.
        parse: How the message was read.
        metadata: What the dialogue is told beside the message.
        channel: The customer's channel, for the wording.

    Returns:
        Each text that it says, with the name of its response.

    Raises:
        RasaException: The action server cannot be asked, or failed.
    """
    if agent.domain is None or action not in agent.domain.action_names_or_texts:
        return []
    async with looked_at(agent, conversation_id) as tracker:
        if tracker is None:
            return []
        aside = tracker.copy()
    entities = list(parse.get("entities") or ())
    said = UserUttered(parse.get("text"), parse.get("intent"), entities, dict(parse), message_id=message_id,
                       input_channel=channel, metadata=dict(metadata))
    for event in (ActiveLoop(None), SlotSet(REQUESTED_SLOT, None), said):
        aside.update(event, agent.domain)
    runs = action_for_name_or_text(action, agent.domain, agent.action_endpoint)
    words = agent.nlg.plainly() if isinstance(agent.nlg, FreshResponses) else agent.nlg
    events = await runs.run(_Channel(channel), words, aside, agent.domain)
    return [(str(event.text), str((event.metadata or {}).get(_SAYS) or "")) for event in events
            if isinstance(event, BotUttered) and event.text]
