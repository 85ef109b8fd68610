"""The channel: a thread for each customer in the agents' channel."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.adapters.slack import inbound, outbound
from tandem.live_agents.adapters.slack.client import Names, SlackApi, Sweeps, ThreadGone
from tandem.live_agents.adapters.slack.config import SlackOptions
from tandem.live_agents.base import BaseAdapter
from tandem.live_agents.json_payloads import mapping
from tandem.live_agents.protocol import THREAD, AgentEvent, LiveAgentUnavailable, Reference

CLOCKS = timedelta(minutes=5)  # by which Slack's clock may be behind ours
TS = "ts"  # in a reference: the thread's first message


class SlackChannel(BaseAdapter[SlackOptions]):
    """Live agents in a Slack channel. Whoever replies first has the customer; edits and deletions do not reach them."""

    options = SlackOptions
    page = "slack.md"

    def connect(self, transport: httpx.BaseTransport | None) -> None:
        """Make the client of the API."""
        self._api = SlackApi(self._options, transport)
        self._names = Names(self._api)
        self._sweeps = Sweeps()

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Announce the customer in the channel, with card and transcript in the thread.

        A customer who comes again has the same thread, unless it was deleted; the announcement is shown in the channel
        all the same.
        """
        self._api.begin()
        thread, written = self._earlier(handoff, earlier)
        if not thread:
            thread = self._begun(handoff)
            if thread:
                written = self._written(thread, handoff.opened_at)
            else:
                thread = self._post(handoff, outbound.head_key(handoff), outbound.head(handoff))
                if not thread:
                    raise LiveAgentUnavailable("chat.postMessage: the answer has no ts")
        elif outbound.head_key(handoff) not in written:
            self._post(handoff, outbound.head_key(handoff), outbound.head(handoff), thread, broadcast=True)
        for key, text in outbound.opening(handoff, transcript):
            if key not in written:
                self._post(handoff, key, text, thread)
        return {"handoff": handoff.id, THREAD: inbound.thread_id(self._options.channel, thread), TS: thread}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Write the words into the thread after their speaker's name, the long ones in parts."""
        self._api.begin()
        thread = str(reference[TS])
        written = self._written(thread, message.at) if again else frozenset()
        for key, text in outbound.message_parts(handoff, message):
            if key not in written:
                self._post(handoff, key, text, thread)

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """Say in the thread that nobody need answer any more."""
        self._api.begin()
        thread, (key, text) = str(reference[TS]), outbound.closing(handoff)
        try:
            if key not in self._written(thread, handoff.closed_at or handoff.opened_at):
                self._post(handoff, key, text, thread)
        except ThreadGone:
            return

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Return the id of the event in a body that is signed and can be read."""
        inbound.verify(self._options.signing_secret, headers, body, self._clock())
        return inbound.delivery(inbound.envelope(body))

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        """Return the challenge with which Slack checks the address; nothing else."""
        data = inbound.envelope(body)
        return {"challenge": data.get("challenge")} if data.get("type") == "url_verification" else None

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """Read what a person did in a thread; their display name is asked for once an hour, for 3 seconds at most."""
        data = inbound.envelope(body)
        if data.get("type") != "event_callback":
            return ()
        found = inbound.read_event(mapping(data.get("event")), self._options, self._names)
        return (found,) if found is not None else ()

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Read what people wrote in the thread, for events that Slack gave up; claims by reaction are not among it."""
        self._api.begin()
        last = handoff.closed_at is not None
        start = self._sweeps.begin(handoff.id, handoff.opened_at - CLOCKS, since, last)
        if start is None:
            return ()
        try:
            read = (inbound.read_message(message, self._options, self._names)
                    for message in self._api.replies(str(reference[TS]), start.timestamp()))
            found = [event for event in read if event is not None and event.at is not None and event.at >= start]
        except ThreadGone:
            return ()
        self._sweeps.done(handoff.id, since, last)
        return found

    def _earlier(self, handoff: Handoff, earlier: Reference | None) -> tuple[str, frozenset[str]]:
        """Return the customer's thread and what of this handoff stands in it already.

        Nothing if there is no such thread.
        """
        thread = str((earlier or {}).get(TS) or "")
        if thread and str((earlier or {}).get(THREAD)) == inbound.thread_id(self._options.channel, thread):
            try:
                return thread, self._written(thread, handoff.opened_at)
            except ThreadGone:
                pass
        return "", frozenset()

    def _begun(self, handoff: Handoff) -> str:
        """Find the thread that an earlier attempt at `open` began."""
        key = outbound.head_key(handoff)
        found = (message for message in self._api.history((handoff.opened_at - CLOCKS).timestamp())
                 if outbound.key_of(message) == key)
        return str(next(found, {}).get("ts") or "")

    def _written(self, thread: str, since: datetime) -> frozenset[str]:
        """Return the keys of our messages in a thread since then."""
        keys = (outbound.key_of(message) for message in self._api.replies(thread, (since - CLOCKS).timestamp()))
        return frozenset(key for key in keys if key is not None)

    def _post(self, handoff: Handoff, key: str, text: str, thread: str = "", broadcast: bool = False) -> str:
        return self._api.post(text, outbound.metadata(handoff, key), thread, broadcast)
