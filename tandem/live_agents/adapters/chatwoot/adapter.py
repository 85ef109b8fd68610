"""The channel: one Chatwoot conversation for a handoff, taken up again if the customer was handed back in it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import httpx

from tandem.conversations.model import Author, Handoff, Message
from tandem.conversations.store import printable
from tandem.live_agents.adapters.chatwoot import inbound
from tandem.live_agents.adapters.chatwoot.client import ChatwootApi, ChatwootNotFound, Invalid
from tandem.live_agents.adapters.chatwoot.config import ChatwootOptions
from tandem.live_agents.adapters.chatwoot.inbound import handoff_of, mark_of, said, state
from tandem.live_agents.adapters.chatwoot.outbound import agents_word, attributes, note, since_end
from tandem.live_agents.base import BaseAdapter
from tandem.live_agents.json_payloads import Json, mapping
from tandem.live_agents.protocol import THREAD, AgentEvent, Reference

CLOCKS = timedelta(minutes=10)  # that Chatwoot's clock may be away from ours when we look for what we said
SHOWN = "shown"  # in the reference: the last message of the transcript that agents were shown
_CLOSED: Mapping[str | None, str] = {"resolved": "resolved"}  # handoff's outcome: status; any other is the bot's


class ChatwootChannel(BaseAdapter[ChatwootOptions]):
    """Live agents in an API inbox of Chatwoot. Our ids in what we create make every call safe to repeat."""

    options = ChatwootOptions
    page = "chatwoot.md"

    def connect(self, transport: httpx.BaseTransport | None) -> None:
        """Make the client of the API."""
        self._api = ChatwootApi(self._options, transport)
        self._own_user: int | None = None

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Open a conversation with the card and the earlier talk in one private note."""
        self._api.begin()
        told = attributes(handoff, self._user())
        conversation = self._taken_up(handoff, earlier)
        shown: Sequence[Message] = transcript
        if conversation is not None and earlier is not None:
            shown = since_end(transcript, int(earlier.get(SHOWN, 0)))
        else:
            conversation = self._opened(handoff, told)
        if handoff_of(conversation) != handoff.id:
            self._api.set_attributes(conversation, told)
        self._make_open(handoff, conversation)
        thread, words = str(conversation["id"]), note(handoff, shown)
        if words and not self._api.is_there(thread, _mark(handoff), handoff.opened_at - CLOCKS):
            self._api.create_message(thread, _mark(handoff), words, "outgoing", private=True)
        return {THREAD: thread, SHOWN: transcript[-1].seq if transcript else 0}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Send the customer's word as an incoming message; that of an agent at the desk as an outgoing one."""
        self._api.begin()
        thread, mark = str(reference[THREAD]), _mark(handoff, message)
        if again and self._api.is_there(thread, mark, message.at - CLOCKS):
            return
        if message.author is Author.CUSTOMER:
            self._api.create_message(thread, mark, printable(message.text), "incoming")
        else:
            self._api.create_message(thread, mark, agents_word(message), "outgoing")

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Resolve the conversation, or set it to pending if the bot has the customer again; it may be gone already."""
        self._api.begin()
        try:
            conversation = self._api.conversation(str(reference[THREAD]))
        except ChatwootNotFound:
            return
        wanted = _CLOSED.get(handoff.outcome, "pending")
        if handoff_of(conversation) == handoff.id and conversation.get("status") not in (wanted, "resolved"):
            self._api.set_status(conversation, wanted)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Return the id of a webhook that Chatwoot has signed."""
        inbound.verify(self._options.secret, headers, body, self._clock())
        inbound.parse(body)
        return inbound.delivery(headers, body)

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """Read what an agent did from a webhook."""
        return inbound.read(inbound.parse(body), self._options.inbox_id)

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Read the messages since then, and who has the conversation or how it ended."""
        self._api.begin()
        thread = str(reference[THREAD])
        conversation = self._api.conversation(thread)  # before the messages: an end must not overtake a word
        theirs = [message for message in self._api.latest(thread, since - CLOCKS) if mark_of(message) is None]
        events = [event for message in reversed(theirs) for event in said(message, conversation)]
        if handoff_of(conversation) == handoff.id:
            events += state(conversation)
        return events

    # -- opening ----------------------------------------------------------------------------------------------

    def _user(self) -> int:
        if self._own_user is None:
            self._own_user = self._api.own_id()
        return self._own_user

    def _taken_up(self, handoff: Handoff, earlier: Reference | None) -> Json | None:
        """Find the conversation of the handoff before, if it was not resolved, or if an agent wrote in it again."""
        if earlier is None:
            return None
        try:
            conversation = self._api.conversation(str(earlier[THREAD]))
        except ChatwootNotFound:
            return None
        return conversation if conversation.get("status") != "resolved" or handoff.taken_over else None

    def _opened(self, handoff: Handoff, payload: Json) -> Json:
        """Find the conversation of an attempt whose answer was lost, or open a new one."""
        customer = handoff.card.customer
        identifier, email = handoff.conversation_id, printable(customer.email)
        contact = self._api.contact(identifier, email)
        if contact is None:
            name = printable(customer.name) or f"Customer {identifier}"
            try:
                contact = self._api.create_contact(identifier, name, email)
            except Invalid:
                # Taken meanwhile, or an address of which Chatwoot does not approve.
                contact = self._api.contact(identifier, email)
                if contact is None:
                    contact = self._api.create_contact(identifier, name, "")
        else:
            for conversation in self._api.conversations_of(contact):
                if handoff_of(conversation) == handoff.id:
                    return self._api.conversation(str(conversation["id"]))
        return self._api.create_conversation(identifier, contact, payload)

    def _make_open(self, handoff: Handoff, conversation: Json) -> None:
        """Keep it open and without an absent assignee: with the agent who took over, or whomever Chatwoot assigns."""
        if conversation.get("status") != "open":
            if not handoff.taken_over and mapping(mapping(conversation.get("meta")).get("assignee")):
                self._api.assign(conversation, 0)
            self._api.set_status(conversation, "open")
            conversation = self._api.conversation(str(conversation["id"]))
        assignee = mapping(mapping(conversation.get("meta")).get("assignee")).get("id")
        taker = (handoff.claimed_by or "").removeprefix(f"{self.name}:")
        if handoff.taken_over and taker.isascii() and taker.isdigit():
            if str(assignee) != taker:
                self._api.assign(conversation, int(taker))
        elif assignee is not None and assignee == self._own_user:
            self._api.assign(conversation, 0)


def _mark(handoff: Handoff, message: Message | None = None) -> str:
    """Return what marks a message as ours."""
    return f"{handoff.id}:{message.seq if message is not None else 'card'}"
