"""The Protocol of live-agent channels: the tools people answer customers with."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from tandem.conversations.model import Handoff, Message

Reference = Mapping[str, Any]  # what a tool needs to find its side of a handoff again; JSON-ready, the adapter's own


class LiveAgentError(Exception):
    """Base of what a live-agent channel raises.

    LiveAgentError
    ├── LiveAgentUnavailable   not reached, too slow, or an error of its own: tried again later
    ├── LiveAgentRefused       will never take this call: not tried again, shown at the desk
    └── WebhookRejected        a webhook that is not what it says: bad signature, too old, not readable
    """


class LiveAgentUnavailable(LiveAgentError):
    """The tool did not answer properly; the call may or may not have taken effect and is made again."""


class LiveAgentRefused(LiveAgentError):
    """The tool refused the call for good; the text says why."""


class WebhookRejected(LiveAgentError):
    """The webhook is answered with 401 or 400 and nothing of it is kept."""


class Act(str, Enum):
    """What an agent did in an outside tool."""

    SAID = "said"
    TYPING = "typing"
    STOPPED_TYPING = "stopped_typing"
    CLAIMED = "claimed"
    NOTED = "noted"  # a private note
    HANDED_BACK = "handed_back"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class AgentEvent:
    """What an agent did in an outside tool.

    `key` is the tool's own id of the event, the same whether it came by webhook or by sweep; it makes repeats one.
    `handoff_id` is ours, which every adapter plants in what it opens; `text` is a message, a note, or the line for the
    bot at a hand-back.
    """

    handoff_id: str
    act: Act
    key: str
    agent_id: str = ""
    agent_name: str = ""
    text: str = ""


class LiveAgentChannel(Protocol):
    """Carries handoffs to people and their answers back. All calls block.

    The relay calls `open`, `say` and `close` in that order for each handoff, one at a time, and again after
    `LiveAgentUnavailable` or a crash: a call that already took effect must then change nothing, so adapters carry our
    ids into the tool and look before they create.
    """

    name: str

    def open(self, handoff: Handoff, transcript: Sequence[Message]) -> Reference:
        """Show a new handoff, its card (`tandem.handoff.card`) and what was said before to agents.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        ...

    def say(self, reference: Reference, handoff: Handoff, message: Message) -> None:
        """Pass on one message of the customer, or of an agent who answered at the desk.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        ...

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """The handoff ended on our side: handed back, resolved, or the customer left the queue.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        ...

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Check a webhook and name it; a repeat has the same id. Quick: it runs before the webhook is answered.

        Args:
            headers: Header names in lower case.

        Raises:
            WebhookRejected: Bad signature, too old, or not readable.
        """
        ...

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """What a stored webhook tells; nothing, if it is not about an agent's act or an echo of our own."""
        ...

    def sweep(self, reference: Reference, handoff: Handoff) -> Sequence[AgentEvent]:
        """Ask the tool what happened in an open handoff, for webhooks that were lost; oldest first.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        ...
