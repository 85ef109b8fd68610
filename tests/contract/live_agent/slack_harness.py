"""Slack behind a stand-in of its Web API and Events API."""
from __future__ import annotations

from typing import Any

from tandem.conversations.model import Handoff
from tandem.live_agents.adapters.slack import SlackChannel
from tandem.live_agents.protocol import LiveAgentChannel
from tests.contract.live_agent.harness import ServedHarness, Traits
from tests.fakes.clock import Clock
from tests.fakes.slack import CHANNEL, SECRET, TOKEN, Slack


class SlackHarness(ServedHarness):
    """Agents in a channel."""

    traits = Traits(sweeps=True, timed=True, typing=False)  # Slack does not tell apps who is writing

    def stand_in(self, clock: Clock) -> Slack:
        return Slack(clock)

    def stop(self) -> None:
        super().stop()
        assert self._tool.mentions == [], "somebody was called by what a customer wrote"

    def channel(self) -> LiveAgentChannel | None:
        channel = SlackChannel.from_options("slack", {
            "bot_token": TOKEN, "signing_secret": SECRET, "channel": CHANNEL, "api_url": f"{self._url}/api"})
        channel._clock = lambda: self._clock().timestamp()
        return channel

    def _ours(self, conversation_id: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Our messages about a customer: handoff, what it is, message."""
        handoffs = {handoff.id for handoff in self._ledger.handoffs(conversation_id)}
        found = []
        for message in self._tool.messages:
            handoff_id, _, kind = ((message.get("metadata") or {}).get("event_payload") or {}).get(
                "key", "").partition(":")
            if handoff_id in handoffs:
                found.append((handoff_id, kind.partition(":")[0], message))
        return found

    def openings(self, conversation_id: str) -> list[str]:
        found: list[str] = []
        for _, kind, message in self._ours(conversation_id):
            if kind == "head":
                found.append(_read(message))
            elif kind in ("card", "transcript"):
                found[-1] += _read(message)
        return found

    def talk(self, conversation_id: str) -> list[str]:
        found: dict[tuple[str, str], str] = {}
        for handoff_id, kind, message in self._ours(conversation_id):
            if kind.isdigit():
                found[handoff_id, kind] = found.get((handoff_id, kind), "") + _read(message)
        return [text.partition(": ")[2] for text in found.values()]

    def is_open(self, conversation_id: str) -> bool:
        kinds = [(handoff_id, kind) for handoff_id, kind, _ in self._ours(conversation_id)]
        return any((handoff_id, "closed") not in kinds for handoff_id, kind in kinds if kind == "head")

    def _thread(self, handoff: Handoff) -> str:
        [head, *_] = [message for _, kind, message in self._ours(handoff.conversation_id) if kind == "head"]
        return str(head.get("thread_ts") or head["ts"])

    def agent_claims(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._tool.reacts(self._thread(handoff), agent=agent)

    def agent_types(self, handoff: Handoff, agent: str = "Kim") -> None:
        """Slack does not tell."""

    def agent_says(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        command = text.startswith(("/", "!"))
        self._tool.writes(f"!say {text}" if command else text, self._thread(handoff), agent)

    def agent_notes(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._tool.writes(f"!note {text}", self._thread(handoff), agent)

    def agent_hands_back(
        self, handoff: Handoff, line: str = "", agent: str = "Kim", resume: bool | None = None,
    ) -> None:
        choice = {None: "", True: "resume ", False: "fresh "}[resume]
        self._tool.writes(f" /handback {choice}{line}", self._thread(handoff), agent)

    def agent_resolves(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._tool.writes("!resolve", self._thread(handoff), agent)


def _read(message: dict[str, Any]) -> str:
    """A message as Slack shows it."""
    return str(message["text"]).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


HARNESS = SlackHarness
