"""What the conformance suite needs of an adapter: a stand-in for its tool, and hands for the tool's agents.

To put an adapter under the suite, write `<type>_harness.py` beside this file with a class `HARNESS` that follows
`Harness`. Nothing else is to be registered. docs/live-agent-channels.md says how to go about it.
"""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import uvicorn

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Handoff
from tandem.conversations.ownership import Ownership
from tandem.live_agents.protocol import LiveAgentChannel
from tests.fakes.clock import Clock


@dataclass(frozen=True)
class Traits:
    """What the tool can do. The suite leaves out what a tool has no means for, by name of the trait."""

    sweeps: bool = False  # can be asked for what its webhooks missed
    timed: bool = False  # says when each event happened, so that events that come together are put in order
    claims: bool = True  # tells that an agent has taken a conversation
    notes: bool = True  # tells of private notes
    typing: bool = True  # tells that an agent writes
    line_for_bot: bool = True  # an agent can leave a line for the bot at a hand-back
    resumes: bool = True  # an agent can choose that the bot carries on where it was
    signs: bool = True  # signs its webhooks' bodies; else they carry a secret only
    sweeps_outcomes: bool = True  # tells a sweep whether an agent handed back or resolved; else it counts as hand-back


@dataclass(frozen=True)
class ToolWebhook:
    """A webhook that the tool sends: header names in lower case."""

    headers: dict[str, str]
    body: bytes


class Harness(Protocol):
    """A tool with agents. Its server enforces the tool's own shapes: required fields, types, tokens, limits."""

    traits: Traits

    def start(self, clock: Clock) -> None:
        """Start the stand-in, on a free port of 127.0.0.1; its events happen at `clock()`."""
        ...

    def stop(self) -> None:
        """Stop it."""
        ...

    def channel(self) -> LiveAgentChannel | None:
        """The adapter, made as `from_options` makes it; None for the desk, which is inside."""
        ...

    def attach(self, ledger: Ledger, ownership: Ownership) -> None:
        """For the desk's hands; a tool outside knows nothing of our ledger."""
        ...

    # -- what agents see --------------------------------------------------------------------------------------

    def openings(self, conversation_id: str) -> list[str]:
        """What was put before agents at each opening, card and transcript, as they read it; the oldest first."""
        ...

    def talk(self, conversation_id: str) -> list[str]:
        """What agents got to read since, in order, whichever handoff: words of the customer and of agents at the desk.

        One item a message, as it was written: parts of a text that the tool cuts are joined, markup is undone, a
        speaker's name before the text is taken off.
        """
        ...

    def is_open(self, conversation_id: str) -> bool:
        """Whether agents see the conversation among those to be answered."""
        ...

    # -- what agents do ---------------------------------------------------------------------------------------

    def agent_claims(self, handoff: Handoff, agent: str = "Kim") -> None: ...

    def agent_types(self, handoff: Handoff, agent: str = "Kim") -> None: ...

    def agent_says(self, handoff: Handoff, text: str, agent: str = "Kim") -> None: ...

    def agent_notes(self, handoff: Handoff, text: str, agent: str = "Kim") -> None: ...

    def agent_hands_back(
        self, handoff: Handoff, line: str = "", agent: str = "Kim", resume: bool | None = None,
    ) -> None:
        """Give the customer to the bot: to carry on, to start fresh, or without choosing."""
        ...

    def agent_resolves(self, handoff: Handoff, agent: str = "Kim") -> None: ...

    def webhooks(self) -> list[ToolWebhook]:
        """The webhooks that the tool has made since the last call, in order, echoes of our own doings among them."""
        ...

    # -- troubles ---------------------------------------------------------------------------------------------

    def outage(self, on: bool) -> None:
        """While on, the tool answers every call with an error of its own, and does nothing."""
        ...

    def lose_answers(self, count: int) -> None:
        """The next `count` calls that write take effect, but their answers are lost."""
        ...


@contextmanager
def serving(app: Any, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """An ASGI application on a free port of 127.0.0.1, in a thread; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False, ws="none",
                                           lifespan=lifespan, timeout_graceful_shutdown=1))
    started = threading.Event()
    startup = server.startup

    async def tell(*args: Any, **values: Any) -> None:
        await startup(*args, **values)
        started.set()

    server.startup = tell
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert started.wait(10), "the stand-in did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(5)
