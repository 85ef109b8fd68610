"""The channel: a ticket for each handoff."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import httpx

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.adapters.template import inbound, outbound
from tandem.live_agents.adapters.template.client import TemplateApi
from tandem.live_agents.adapters.template.config import TemplateOptions
from tandem.live_agents.base import BaseAdapter
from tandem.live_agents.protocol import THREAD, AgentEvent, Reference
from tandem.live_agents.rendering import speaker

CLOCKS = timedelta(minutes=5)  # by which the help desk's clock may be behind ours


class TemplateChannel(BaseAdapter[TemplateOptions]):
    """Live agents in a help desk. Our keys in what we create make every call safe to repeat."""

    options = TemplateOptions
    page = "writing-a-live-agent-adapter.md"

    def connect(self, transport: httpx.BaseTransport | None) -> None:
        """Make the client of the API."""
        self._api = TemplateApi(self._options, transport)

    # -- what the relay carries out -------------------------------------------------------------------------------

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Open a ticket with card and transcript in private messages."""
        self._api.begin()
        ticket = self._api.find_ticket(handoff.id)
        if not ticket:
            ticket = self._api.create_ticket(handoff.id, handoff.conversation_id, outbound.subject(handoff))
        written = self._written(ticket, handoff.opened_at)
        for key, words in outbound.opening(handoff, transcript):
            if key not in written:
                self._api.write(ticket, key, "Tandem", words, private=True)
        return {THREAD: ticket}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Send the words under their speaker's name, the long ones in parts."""
        self._api.begin()
        ticket = str(reference[THREAD])
        written = self._written(ticket, message.at) if again else frozenset()
        for key, words in outbound.message_parts(handoff, message):
            if key not in written:
                self._api.write(ticket, key, speaker(message), words)

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Close the ticket, unless an agent has."""
        self._api.begin()
        self._api.close_ticket(str(reference[THREAD]))

    # -- what the help desk tells ---------------------------------------------------------------------------------

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Return the id of the event in a body that is signed and can be read."""
        inbound.verify(self._options.secret, headers, body, self._clock())
        return str(inbound.parse(body)["id"])

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """Read what an agent did from a webhook."""
        return inbound.read_event(inbound.parse(body))

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Read what agents wrote, and that one closed the ticket."""
        self._api.begin()
        ticket = self._api.ticket(str(reference[THREAD]))  # before the messages: an end must not overtake a word
        if not ticket:
            return ()
        messages = self._api.messages(str(reference[THREAD]), since - CLOCKS)
        said = [event for message in messages for event in inbound.read_message(message, ticket)]
        return [*said, *inbound.read_end(ticket)]

    def _written(self, ticket: str, since: datetime) -> frozenset[str]:
        """Return the keys of our messages in a ticket since then."""
        return frozenset(str(message.get("key")) for message in self._api.messages(ticket, since - CLOCKS))
