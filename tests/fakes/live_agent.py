"""A live-agent tool in memory that keeps the Protocol's promises, and fails where told."""
from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.conversations.model import Handoff, Message
from tandem.live_agents.protocol import THREAD, Act, AgentEvent, LiveAgentUnavailable, Reference, WebhookRejected

Trouble = Callable[[], None]


def unavailable() -> None:
    """The tool does not answer."""
    raise LiveAgentUnavailable("the tool is down")


class FakeTool:
    """Threads of texts by handoff id. `before` and `after` hold troubles for the calls open, say, close, sweep."""

    def __init__(self, name: str = "tool") -> None:
        self.name = name
        self.threads: dict[str, list[str]] = {}
        self.seen: dict[str, set[int]] = defaultdict(set)
        self.shown: dict[str, list[str]] = {}
        self.closed: list[str] = []
        self.earlier: dict[str, Reference | None] = {}
        self.calls: list[tuple[str, str, bool]] = []
        self.doubled = 0  # calls that a tool without look-up would have carried out twice
        self.broken_promises = 0  # `again` was False although there had been an attempt
        self.before: dict[str, Trouble] = {}
        self.after: dict[str, Trouble] = {}
        self.swept: list[AgentEvent] = []
        self.sweeps = 0
        self._attempted: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        self._trouble(self.before, "open")
        with self._lock:
            self.calls.append(("open", handoff.id, False))
            if handoff.id in self.threads:
                self.doubled += 1
            else:
                self.threads[handoff.id] = []
                self.shown[handoff.id] = [message.text for message in transcript]
                self.earlier[handoff.id] = earlier
        self._trouble(self.after, "open")
        return {"handoff": handoff.id, THREAD: f"thread of {handoff.conversation_id}"}

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        with self._lock:
            if (handoff.id, message.seq) in self._attempted and not again:
                self.broken_promises += 1
            self._attempted.add((handoff.id, message.seq))
        self._trouble(self.before, "say")
        with self._lock:
            self.calls.append(("say", message.text, again))
            if message.seq in self.seen[handoff.id]:
                self.doubled += 1
            else:
                self.seen[handoff.id].add(message.seq)
                self.threads[handoff.id].append(message.text)
        self._trouble(self.after, "say")

    def close(self, reference: Reference, handoff: Handoff) -> None:
        self._trouble(self.before, "close")
        self.closed.append(handoff.id)
        self._trouble(self.after, "close")

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        if headers.get("x-signature") != "good":
            raise WebhookRejected("the signature is wrong")
        return headers["x-delivery"]

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        return None

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        return [event_of(one) for one in json.loads(body)]

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        self._trouble(self.before, "sweep")
        self.sweeps += 1
        return [event for event in self.swept if event.handoff_id in ("", handoff.id)]

    def _trouble(self, where: Mapping[str, Trouble], call: str) -> None:
        if call in where:
            where[call]()


def event_of(data: Mapping[str, Any]) -> AgentEvent:
    at = data.get("at")
    return AgentEvent(data.get("handoff_id", ""), Act(data["act"]), data["key"], data.get("agent_id", "kim"),
                      data.get("agent_name", "Kim"), data.get("text", ""), data.get("thread", ""),
                      datetime.fromisoformat(at) if at else None)
