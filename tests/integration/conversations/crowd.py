"""Processes that work on one conversation at once, each with an engine of its own. Used by test_races.py."""
from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tandem.conversations.model import Agent, NotAllowed
from tandem.database import now
from tests.fakes.heart import Heart, heart_over

MESSAGES = 25  # what each customer's device sends, every one of them twice
AGENTS_SAY = 40
_barrier: Any = None


def at_once(heart: Heart, works: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]) -> list[Any]:
    """Run these, each in its own process, beginning together; their results in order."""
    heart.engine.dispose()  # SQLite's connections must not be carried over a fork; it is quicker than a fresh start
    url = heart.engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(works))
    with ProcessPoolExecutor(len(works), context, initializer=_arrive, initargs=(barrier,)) as pool:
        futures = [pool.submit(_run, work, url, arguments) for work, arguments in works]
        return [future.result(timeout=100) for future in futures]


def _arrive(barrier: Any) -> None:
    global _barrier
    _barrier = barrier


def _run(work: Callable[..., Any], url: str, arguments: tuple[Any, ...]) -> Any:
    with heart_over(url, now) as heart:
        heart.ledger.conversation("c")  # the connection stands
        _barrier.wait(60)
        return work(heart, *arguments)


def open_and_claim(heart: Heart, name: str) -> tuple[str, str | None]:
    """Open a handoff and try to claim it: its id, and the name if that worked."""
    opened = heart.hands_off().id
    try:
        heart.ownership.claim("c", Agent(name, name.title()), f"{name} has joined")
    except NotAllowed:
        return opened, None
    return opened, name


def customer(heart: Heart, device: str) -> dict[str, Any]:
    """A device that sends each message twice, with the bot that answers it, and that asks for a person now and then."""
    chance = random.Random(device)
    accepted: list[str] = []
    spoken = told = 0
    for number in range(MESSAGES):
        client_id = f"{device}.{number}"
        receipts = [heart.says(client_id, client_id) for _ in range(2)]
        accepted += [one.message.text for one in receipts if not one.duplicate]
        for receipt in receipts:
            told += receipt.handed_back is not None
            if receipt.for_bot:
                if chance.random() < 0.4:
                    heart.hands_off()
                seq = receipt.message.seq
                heart.bot_says(f"re {client_id}", receipt.conversation.epoch, reply_to=seq, key=f"{seq}.0")
                spoken += 1
    return {"accepted": accepted, "spoken": spoken, "told": told}


def agent(heart: Heart, name: str) -> list[str]:
    """An agent who claims whatever waits, says two things, and hands back. What was taken of what they said."""
    said: list[str] = []
    me = Agent(name, name.title())
    for number in range(AGENTS_SAY):
        text = f"{name}.{number}"
        try:
            heart.ownership.claim("c", me)
            for _ in range(2):
                heart.ownership.reply("c", me, text, text)
            said.append(text)
            heart.ownership.note("c", me, f"note {text}")
            heart.ownership.hand_back("c", me, text)
        except NotAllowed:
            continue
    return said


def courier(heart: Heart, quiet: int) -> list[int]:
    """Deliver until nothing has come for `quiet` looks; the sequence numbers in the order they arrived."""
    arrived: list[int] = []
    idle = 0
    while idle < quiet:
        parcels = heart.deliveries.lease(["telegram"])
        idle = 0 if parcels else idle + 1
        for parcel in parcels:
            arrived.append(parcel.message.seq)
            heart.deliveries.sent(parcel)
    return arrived
