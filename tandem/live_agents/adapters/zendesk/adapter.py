"""The channel: a Sunshine conversation for each customer, in the agents' hands while a handoff is open."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from tandem.conversations.model import Author, Handoff, Message
from tandem.live_agents.adapters.zendesk import inbound, outbound
from tandem.live_agents.adapters.zendesk.client import SunshineApi
from tandem.live_agents.adapters.zendesk.config import ZendeskOptions
from tandem.live_agents.base import BaseAdapter
from tandem.live_agents.json_payloads import mapping
from tandem.live_agents.protocol import THREAD, Act, AgentEvent, Reference
from tandem.live_agents.rendering import speaker

CLOCKS = timedelta(minutes=5)  # by which Zendesk's clock may be behind ours
OURS = {"type": "business", "displayName": "Tandem"}
ENDED = {"handed_back": "The customer is with the bot again.", "resolved": "The conversation was resolved."}
# The agents' workspace shows ten messages from before the ticket unless told where to begin.
FIRST = "first_message_id"
WATCHED = "watched"  # in a reference: the API tells who is in control


class ZendeskChannel(BaseAdapter[ZendeskOptions]):
    """Live agents in Zendesk's agent workspace. Their private notes stay in Zendesk, and so does who took a ticket."""

    options = ZendeskOptions
    page = "zendesk.md"

    def connect(self, transport: httpx.BaseTransport | None) -> None:
        """Make the client of the API."""
        self._api = SunshineApi(self._options, transport)

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Write card and transcript into the customer's conversation, then give agents control, which makes a ticket.

        The conversation is found by the customer's external id, ours; so `earlier` is not needed.
        """
        self._api.begin()
        found = self._api.find_conversation(handoff.conversation_id)
        if found is None:
            self._api.ensure_user(handoff.conversation_id, outbound.profile(handoff))
            found = self._api.create_conversation(handoff.conversation_id)
        thread = str(found["id"])
        written = self._written(thread, handoff.opened_at)
        if self._options.bot_integration and not written:
            # Nobody else may answer while the opening is written, or the ticket would lack its fields.
            self._api.control("passControl", thread, {"switchboardIntegration": self._options.bot_integration,
                                                      "metadata": self._mark(handoff)})
        first = ""
        for key, text in outbound.opening(handoff, transcript):
            posted = written.get(key) or self._api.post(thread, OURS, text, self._metadata(handoff, key))
            first = first or posted
        metadata = outbound.ticket_metadata(handoff, self._options.ticket_fields, self._options.tags)
        self._api.control("passControl", thread, {"switchboardIntegration": self._options.integration,
                                                  "metadata": {**metadata, **({FIRST: first} if first else {})}})
        if self._options.bot_integration:
            # Control that is only offered still brings us the conversation's webhooks.
            self._api.control("offerControl", thread, {"switchboardIntegration": self._options.bot_integration,
                                                       "metadata": self._mark(handoff)})
        watched = inbound.with_agents(self._api.conversation(thread), self._options.bot_integration)
        return {"handoff": handoff.id, THREAD: thread, WATCHED: watched}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Write the customer's words as theirs, and those of an agent at the desk as the shop's under their name."""
        self._api.begin()
        thread = str(reference[THREAD])
        author = {"type": "user", "userExternalId": handoff.conversation_id}
        if message.author is not Author.CUSTOMER:
            author = {"type": "business", "displayName": speaker(message)}
        written = self._written(thread, message.at) if again else {}
        for key, text in outbound.message_parts(handoff, message):
            if key not in written:
                self._api.post(thread, author, text, self._metadata(handoff, key))

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Tell agents and take control away, unless they have given it away themselves."""
        self._api.begin()
        thread = str(reference[THREAD])
        conversation = self._api.conversation(thread)
        if not conversation or (reference.get(WATCHED) and not inbound.with_agents(
                conversation, self._options.bot_integration)):
            return
        key = outbound.closing_key(handoff)
        if key not in self._written(thread, handoff.closed_at or handoff.opened_at):
            self._api.post(thread, OURS, ENDED.get(handoff.outcome or "", ENDED["handed_back"]),
                           self._metadata(handoff, key))
        self._api.control("releaseControl", thread, {"metadata": self._mark(handoff)})

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Return the ids of the events in a body that comes with the shared secret."""
        inbound.verify(self._options.webhook_secret, headers)
        return inbound.delivery(inbound.events_of(body))

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """Read what agents did; the words of customers, automations and ourselves are left out."""
        found = (inbound.read_event(event, self._options.bot_integration) for event in inbound.events_of(body))
        return [event for event in found if event is not None]

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Read what agents said, and that they gave control away; not why, so that the bot has the customer again."""
        self._api.begin()
        thread = str(reference[THREAD])
        said = [event for message in self._api.messages(thread, since)
                if (event := inbound.read_message(message, thread)) is not None]
        if handoff.closed_at is None and reference.get(WATCHED) and not inbound.with_agents(
                self._api.conversation(thread), self._options.bot_integration):
            said.append(AgentEvent(handoff.id, Act.HANDED_BACK, f"released:{handoff.id}"))
        return said

    def _written(self, thread: str, since: datetime) -> Mapping[str, str]:
        """Return our messages since then: ids by key."""
        found = {}
        for message in self._api.messages(thread, since - CLOCKS):
            key = mapping(message.get("metadata")).get(outbound.KEY)
            if isinstance(key, str):
                found[key] = str(message.get("id") or "")
        return found

    def _metadata(self, handoff: Handoff, key: str) -> Mapping[str, str]:
        return {outbound.KEY: key, outbound.HANDOFF: handoff.id}

    def _mark(self, handoff: Handoff) -> Mapping[str, Any]:
        return {outbound.HANDOFF: handoff.id, outbound.OWN: True}
