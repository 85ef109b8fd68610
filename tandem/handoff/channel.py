"""The Protocol of live-agent channels: the tools people answer customers with."""
from __future__ import annotations

from typing import Protocol

from tandem.conversations.model import Handoff, Message


class LiveAgentError(Exception):
    """The live-agent tool cannot be reached or refused the call; the handoff stays open and is tried again."""


class LiveAgentChannel(Protocol):
    """Carries a handoff to people. A call may come twice for the same handoff or message; the second changes nothing.

    What agents do comes back through `tandem.conversations.ownership`: claim, reply, hand back, resolve.
    """

    name: str

    def open(self, handoff: Handoff) -> None:
        """Show a new handoff, with its card, to agents.

        Raises:
            LiveAgentError: It could not be shown.
        """
        ...

    def customer_wrote(self, handoff: Handoff, message: Message) -> None:
        """Pass on what the customer says while the handoff is open."""
        ...

    def close(self, handoff: Handoff) -> None:
        """The handoff ended on our side: handed back, resolved, or the customer left the queue."""
        ...
