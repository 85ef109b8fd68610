"""The Protocol of live-agent channels: the tools people answer customers with."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from tandem.conversations.model import Handoff, Message

# What a tool needs to find its side of a handoff again; JSON-ready, the adapter's own. One key has a meaning here:
# THREAD, the tool's own id of the conversation, by which events that do not name our handoff are told apart.
Reference = Mapping[str, Any]
THREAD = "thread"


class LiveAgentError(Exception):
    """Base of what a live-agent channel raises.

    LiveAgentError
    ├── LiveAgentUnavailable   not reached, too slow, or an error of its own: tried again later
    ├── LiveAgentRefused       will never take this call: not tried again, shown at the desk
    └── WebhookRejected        not from whom it says: bad signature, too old; answered with 401
        └── WebhookUnreadable  signed, but not what the tool is known to send; answered with 400
    """


class LiveAgentUnavailable(LiveAgentError):
    """The tool did not answer properly; the call may or may not have taken effect and is made again.

    `retry_after` is the pause in seconds that the tool asked for, if it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LiveAgentRefused(LiveAgentError):
    """The tool refused the call for good; the text says why."""


class WebhookRejected(LiveAgentError):
    """The webhook is not from whom it says, or too old; it is answered with 401 and nothing of it is kept."""


class WebhookUnreadable(WebhookRejected):
    """The webhook is signed but cannot be read; it is answered with 400 and nothing of it is kept."""


class Act(str, Enum):
    """What an agent did in an outside tool."""

    SAID = "said"
    TYPING = "typing"
    STOPPED_TYPING = "stopped_typing"
    CLAIMED = "claimed"
    NOTED = "noted"  # a private note
    HANDED_BACK = "handed_back"  # to the bot, which starts fresh
    RESUMED = "resumed"  # to the bot, which carries on with what it was in the middle of
    RESOLVED = "resolved"


@dataclass(frozen=True)
class AgentEvent:
    """What an agent did in an outside tool.

    Attributes:
        key: The tool's own id of the event, the same whether it came by webhook or by sweep; it makes repeats one.
        handoff_id: Ours, which every adapter plants in what it opens. Where a tool does not send it back, leave it
            empty and name the `thread`.
        thread: The tool's own id of the conversation, as `open` returned it under `THREAD`; it stands for the latest
            handoff that was opened there.
        text: A message, a note, or the line for the bot at a hand-back.
        at: When it happened by the tool's clock. Events that arrive together are carried out in this order, and an
            end that is older than its handoff is passed over.
    """

    handoff_id: str
    act: Act
    key: str
    agent_id: str = ""
    agent_name: str = ""
    text: str = ""
    thread: str = ""
    at: datetime | None = None


class LiveAgentChannel(Protocol):
    """Carries handoffs to people and their answers back. All calls block, and each ends within 30 seconds.

    The relay calls `open`, `say` and `close` in that order for each handoff, one at a time, and again after
    `LiveAgentUnavailable` or a crash: a call that already took effect must then change nothing, so adapters carry our
    ids into the tool and look before they create. Calls for different handoffs come from several threads at once.
    """

    name: str

    def open(self, handoff: Handoff, transcript: Sequence[Message], earlier: Reference | None) -> Reference:
        """Show a handoff, its card (`tandem.conversations.context_card`) and what was said before to agents.

        Args:
            handoff: Its card is empty when an agent took the conversation over (`handoff.taken_over`).
            transcript: What was said so far; the same at each attempt. The relay passes on later words with `say`.
            earlier: What `open` returned for the conversation's handoff before this one, if it went to this channel.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        ...

    def say(self, reference: Reference, handoff: Handoff, message: Message, again: bool) -> None:
        """Pass on one message of the customer, or of an agent who answered at the desk (see `message.author`).

        Args:
            again: An earlier attempt at this call may have taken effect: look before you create. False is a promise
                that there was none.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        ...

    def close(self, reference: Reference, handoff: Handoff) -> None:
        """End a handoff: handed back, resolved (`handoff.outcome`), or the customer left the queue.

        Called also when the end came from the tool itself.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        ...

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Check a webhook and name it; a repeat has the same id. Quick: it runs before the webhook is answered.

        Args:
            headers: Header names in lower case.

        Raises:
            WebhookRejected: Bad signature, or too old.
            WebhookUnreadable: Signed, but not readable.
        """
        ...

    def answer(self, body: bytes) -> Mapping[str, Any] | None:
        """Return what the tool wants to read in the answer to a checked webhook (JSON-ready); None for nothing."""
        ...

    def read(self, body: bytes) -> Sequence[AgentEvent]:
        """Read what a stored webhook tells; nothing, if it is not about an agent's act or an echo of our own."""
        ...

    def sweep(self, reference: Reference, handoff: Handoff, since: datetime) -> Sequence[AgentEvent]:
        """Ask the tool what happened in a handoff, for webhooks that were lost; oldest first.

        Args:
            since: Nothing before this moment (our clock) needs telling; telling it again does no harm.

        Raises:
            LiveAgentUnavailable, LiveAgentRefused
        """
        ...
