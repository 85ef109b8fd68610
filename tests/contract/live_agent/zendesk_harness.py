"""Zendesk behind a stand-in of Sunshine Conversations."""
from __future__ import annotations

from tandem.conversations.model import Handoff
from tandem.live_agents.adapters.zendesk import ZendeskChannel
from tandem.live_agents.protocol import LiveAgentChannel
from tests.contract.live_agent.harness import ServedHarness, Traits
from tests.fakes.clock import Clock
from tests.fakes.sunshine import AGENTS, APP, BOT, KEY_ID, KEY_SECRET, WEBHOOK_SECRET, Sunshine


class ZendeskHarness(ServedHarness):
    """Agents in the agent workspace."""

    # Zendesk keeps notes and assignments to itself, its typing events name nobody, its webhooks
    # carry a secret and no signature, and the API does not tell afterwards why control was released.
    traits = Traits(sweeps=True, timed=True, claims=False, notes=False, typing=False, signs=False,
                    sweeps_outcomes=False)

    def stand_in(self, clock: Clock) -> Sunshine:
        return Sunshine(clock)

    def channel(self) -> LiveAgentChannel | None:
        return ZendeskChannel.from_options("zendesk", {
            "app_id": APP, "key_id": KEY_ID, "key_secret": KEY_SECRET, "webhook_secret": WEBHOOK_SECRET,
            "api_url": self._url, "bot_integration": BOT, "tags": ["tandem"],
            "ticket_fields": {"reason": 360023540498, "order": 360023540658},
        })

    def _keyed(self, conversation_id: str) -> list[tuple[str, str]]:
        """Our messages in a customer's conversation: keys without the part's number, and texts."""
        found = []
        for thread in self._tool.of_user(conversation_id):
            for message in self._tool.messages[thread]:
                key = (message["metadata"] or {}).get("tandem_key")
                if key is not None:
                    found.append((key.rpartition(":")[0] if key.count(":") == 2 else key, message["content"]["text"]))
        return found

    def openings(self, conversation_id: str) -> list[str]:
        found: dict[str, str] = {}
        for key, text in self._keyed(conversation_id):
            handoff_id, _, kind = key.partition(":")
            if kind in ("card", "transcript"):
                found[handoff_id] = found.get(handoff_id, "") + text
        return list(found.values())

    def talk(self, conversation_id: str) -> list[str]:
        found: dict[str, str] = {}
        for key, text in self._keyed(conversation_id):
            if key.partition(":")[2].isdigit():
                found[key] = found.get(key, "") + text
        return list(found.values())

    def is_open(self, conversation_id: str) -> bool:
        return any(self._tool.active(thread) == AGENTS for thread in self._tool.of_user(conversation_id))

    def _thread(self, handoff: Handoff) -> str:
        return self._tool.of_user(handoff.conversation_id)[0]

    def agent_claims(self, handoff: Handoff, agent: str = "Kim") -> None:
        """Who took a ticket stays in Zendesk."""

    def agent_types(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._tool.agent_types(self._thread(handoff))

    def agent_says(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        self._tool.agent_says(self._thread(handoff), text, agent)

    def agent_notes(self, handoff: Handoff, text: str, agent: str = "Kim") -> None:
        """Internal notes stay in Zendesk."""

    def agent_hands_back(
        self, handoff: Handoff, line: str = "", agent: str = "Kim", resume: bool | None = None,
    ) -> None:
        choice = {} if resume is None else {"tandem_handback": "resume" if resume else "fresh"}
        told = {**choice, **({"tandem_note_for_bot": line} if line else {})}
        if told:
            self._tool.release(self._thread(handoff), metadata=told)
        else:
            self._tool.pass_back(self._thread(handoff))

    def agent_resolves(self, handoff: Handoff, agent: str = "Kim") -> None:
        self._tool.release(self._thread(handoff), reason="ticketClosed")


HARNESS = ZendeskHarness
