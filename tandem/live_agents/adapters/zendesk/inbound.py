"""What Zendesk's webhooks and message lists tell of agents."""
from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.live_agents.adapters.zendesk.outbound import KEY, OWN
from tandem.live_agents.json_payloads import mapping, moment, parse, text
from tandem.live_agents.protocol import Act, AgentEvent, WebhookUnreadable
from tandem.live_agents.signatures import check_secret

logger = logging.getLogger(__name__)

HEADER = "x-api-key"
CHOICE = "tandem_handback"  # in the metadata with which control is released or passed to us: one of CHOICES,
LINE = "tandem_note_for_bot"  # and a line for the bot
CHOICES = {"resume": Act.RESUMED, "fresh": Act.HANDED_BACK, "resolve": Act.RESOLVED}
AGENT = "__zendesk_msg.agent.id"  # in the metadata of what was said in the agents' workspace
_ENDS = {"ticketClosed": Act.RESOLVED, "transferToEmail": Act.RESOLVED}  # reasons of a release; else handed back
_TYPING = {"typing:start": Act.TYPING, "typing:stop": Act.STOPPED_TYPING}


def verify(secret: str, headers: Mapping[str, str]) -> None:
    """Check that a webhook carries the shared secret: Zendesk does not sign the body.

    Raises:
        WebhookRejected: The secret is missing or wrong.
    """
    check_secret(secret, headers.get(HEADER, ""), HEADER)


def events_of(body: bytes) -> list[Mapping[str, Any]]:
    """Read the events in a webhook's body.

    Raises:
        WebhookUnreadable: It is not such a body.
    """
    events = parse(body).get("events")
    if not isinstance(events, list) or not events:
        raise WebhookUnreadable("events: must be a list; the webhook must be of version v2")
    for event in events:
        if not isinstance(event, dict) or not isinstance(event.get("id"), str) or not event["id"]:
            raise WebhookUnreadable("events: each must have an id")
    return events


def read_event(event: Mapping[str, Any], bot_integration: str) -> AgentEvent | None:
    """Read what an event tells of an agent's act, if anything.

    Args:
        bot_integration: Id or name of our own switchboard integration; agents hand back by passing control to it.
    """
    payload = mapping(event.get("payload"))
    conversation = mapping(payload.get("conversation"))
    thread, kind, at = conversation.get("id"), event.get("type"), moment(event.get("createdAt"))
    if not isinstance(thread, str) or not thread:
        return None
    metadata = mapping(payload.get("metadata"))
    if kind == "conversation:message":
        return read_message(mapping(payload.get("message")), thread)
    if kind == "conversation:typing":
        activity = mapping(payload.get("activity"))
        act = _TYPING.get(str(activity.get("type")))
        if act is None or mapping(activity.get("author")).get("type") != "business":
            return None
        return AgentEvent("", act, str(event["id"]), thread=thread, at=at)
    if kind == "switchboard:releaseControl" and not metadata.get(OWN):
        act = _ENDS.get(str(payload.get("reason")), Act.HANDED_BACK)
        return _end(act, metadata, str(event["id"]), thread, at)
    if kind == "switchboard:passControl" and not metadata.get(OWN) and is_ours(conversation, bot_integration):
        return _end(Act.HANDED_BACK, metadata, str(event["id"]), thread, at)
    return None


def read_message(message: Mapping[str, Any], thread: str) -> AgentEvent | None:
    """Read an agent's message; None for the customer's, ours, and what automations say."""
    author, metadata = mapping(message.get("author")), mapping(message.get("metadata"))
    agent, message_id = metadata.get(AGENT), message.get("id")
    person = isinstance(agent, (str, int)) and str(agent) and not str(agent).startswith("__")
    if author.get("type") != "business" or not person or KEY in metadata or message.get("deleted"):
        return None
    words = _words(mapping(message.get("content")))
    if not isinstance(message_id, str) or not words.strip():
        logger.info("A message of a Zendesk agent has nothing that can be passed on")
        return None
    return AgentEvent("", Act.SAID, f"message:{message_id}", str(agent), text(author.get("displayName")), words, thread,
                      moment(message.get("received")))


def is_ours(conversation: Mapping[str, Any], bot_integration: str) -> bool:
    """Check whether our own switchboard integration is in control."""
    active = mapping(conversation.get("activeSwitchboardIntegration"))
    return bool(bot_integration) and bot_integration in (active.get("id"), active.get("name"))


def with_agents(conversation: Mapping[str, Any], bot_integration: str) -> bool:
    """Check whether somebody other than us is in control."""
    return bool(mapping(conversation.get("activeSwitchboardIntegration"))) and not is_ours(
        conversation, bot_integration)


def delivery(events: Sequence[Mapping[str, Any]]) -> str:
    """Name a delivery: a repeat has the same events, and so the same name."""
    return "+".join(str(event["id"]) for event in events)


def _end(act: Act, metadata: Mapping[str, Any], key: str, thread: str, at: datetime | None) -> AgentEvent:
    """Return the end of a handoff, as whoever gave control away has chosen, or as the event itself tells."""
    chosen = CHOICES.get(text(metadata.get(CHOICE)).lower(), act)
    return AgentEvent("", chosen, key, text=text(metadata.get(LINE)), thread=thread, at=at)


def _words(content: Mapping[str, Any]) -> str:
    """Read the words of a message; pictures and files are passed on as their address."""
    return "\n".join(filter(None, (text(content.get("text")), text(content.get("mediaUrl")))))
