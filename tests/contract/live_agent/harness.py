"""What the conformance suite needs of an adapter: a stand-in for its tool, and hands for the tool's agents.

To put an adapter under the suite, write `<type>_harness.py` beside this file with a class `HARNESS` that follows
`Harness`. Nothing else is to be registered. docs/live-agent-channels.md says how to go about it.
"""
from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
    echoes: bool = True  # sends webhooks about what we did ourselves
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

    def signed(self, body: bytes) -> ToolWebhook:
        """A webhook of the tool's with this body."""
        ...

    # -- troubles ---------------------------------------------------------------------------------------------

    def outage(self, on: bool) -> None:
        """While on, the tool answers every call with an error of its own, and does nothing."""
        ...

    def lose_answers(self, count: int) -> None:
        """The next `count` calls that write take effect, but their answers are lost."""
        ...


class _Server(uvicorn.Server):
    """uvicorn, stopped at once: by itself it looks ten times a second whether it is to stop, and pauses once more."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()
        self._asked_to_stop = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        self.is_up.set()
        await self._asked_to_stop.wait()

    def stop(self) -> None:
        """Stop it; called from another thread."""
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._asked_to_stop.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=1)
        await self.lifespan.shutdown()


class ServedHarness:
    """What the harnesses of tools share whose stand-in is a `StandIn`, on a port of its own."""

    def start(self, clock: Clock) -> None:
        self._clock = clock
        self._tool = self.stand_in(clock)
        self._stack = ExitStack()
        self._url = self._stack.enter_context(serving(self._tool.app))

    def stand_in(self, clock: Clock) -> Any:
        """A `StandIn` with its `app`."""
        raise NotImplementedError

    def stop(self) -> None:
        self._stack.close()

    def attach(self, ledger: Ledger, ownership: Ownership) -> None:
        self._ledger = ledger

    def webhooks(self) -> list[ToolWebhook]:
        made, self._tool.made = self._tool.made, []
        return [ToolWebhook(headers, body) for headers, body in made]

    def signed(self, body: bytes) -> ToolWebhook:
        return ToolWebhook(self._tool.signed(body), body)

    def outage(self, on: bool) -> None:
        self._tool.down = on

    def lose_answers(self, count: int) -> None:
        self._tool.lost = count


@contextmanager
def serving(app: Any, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """Serve an ASGI application on a free port of 127.0.0.1, in a thread, and give its address."""
    server = _Server(uvicorn.Config(app, port=0, log_level="error", access_log=False, ws="none", lifespan=lifespan))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert server.is_up.wait(10), "the stand-in did not start"
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.stop()
        thread.join(5)
