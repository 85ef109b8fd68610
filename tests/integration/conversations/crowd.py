"""Processes that work on one conversation at once, each with an engine of its own. Used by test_races.py."""
from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tandem.conversations.model import Agent, NotAllowed
from tandem.db.engine import now
from tests.fakes.core import Core, core_over

MESSAGES = 25  # what each customer's device sends, every one of them twice
AGENTS_SAY = 40
_barrier: Any = None


def at_once(core: Core, works: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]) -> list[Any]:
    """Run these, each in its own process, beginning together; their results in order."""
    core.engine.dispose()  # SQLite's connections must not be carried over a fork; it is quicker than a fresh start
    url = core.engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(works))
    with ProcessPoolExecutor(len(works), context, initializer=_arrive, initargs=(barrier,)) as pool:
        futures = [pool.submit(_run, work, url, arguments) for work, arguments in works]
        return [future.result(timeout=100) for future in futures]


def _arrive(barrier: Any) -> None:
    global _barrier
    _barrier = barrier


def _run(work: Callable[..., Any], url: str, arguments: tuple[Any, ...]) -> Any:
    with core_over(url, now) as core:
        core.ledger.conversation("c")  # the connection stands
        _barrier.wait(60)
        return work(core, *arguments)


def open_and_claim(core: Core, name: str) -> tuple[str, str | None]:
    """Open a handoff and try to claim it: its id, and the name if that worked."""
    opened = core.hands_off().id
    try:
        core.ownership.claim("c", Agent(name, name.title()), f"{name} has joined")
    except NotAllowed:
        return opened, None
    return opened, name


def customer(core: Core, device: str) -> dict[str, Any]:
    """A device that sends each message twice, with the bot that answers it, and that asks for a person now and then."""
    chance = random.Random(device)
    accepted: list[str] = []
    spoken = told = 0
    for number in range(MESSAGES):
        client_id = f"{device}.{number}"
        receipts = [core.says(client_id, client_id) for _ in range(2)]
        accepted += [one.message.text for one in receipts if not one.duplicate]
        for receipt in receipts:
            told += receipt.handed_back is not None
            if receipt.for_bot:
                if chance.random() < 0.4:
                    core.hands_off()
                seq = receipt.message.seq
                core.bot_says(f"re {client_id}", receipt.conversation.epoch, reply_to=seq, key=f"{seq}.0")
                spoken += 1
    return {"accepted": accepted, "spoken": spoken, "told": told}


def agent(core: Core, name: str) -> list[str]:
    """An agent who claims whatever waits, says two things, and hands back. What was taken of what they said."""
    said: list[str] = []
    me = Agent(name, name.title())
    for number in range(AGENTS_SAY):
        text = f"{name}.{number}"
        try:
            core.ownership.claim("c", me)
            for _ in range(2):
                core.ownership.reply("c", me, text, text)
            said.append(text)
            core.ownership.note("c", me, f"note {text}")
            core.ownership.hand_back("c", me, text)
        except NotAllowed:
            continue
    return said


def courier(core: Core, quiet: int) -> list[int]:
    """Deliver until nothing has come for `quiet` looks; the sequence numbers in the order they arrived."""
    arrived: list[int] = []
    idle = 0
    while idle < quiet:
        outbound_messages = core.outbox.lease(["telegram"])
        idle = 0 if outbound_messages else idle + 1
        for outbound in outbound_messages:
            arrived.append(outbound.message.seq)
            core.outbox.sent(outbound)
    return arrived
