"""What is lived in one conversation: questions to the bot, a person, words both ways, back to the bot, a question."""
from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Owner
from tandem.conversations.ownership import Ownership
from tandem.conversations.tables import messages
from tests.system.faults.clients import PATIENCE, Agent, Customer, PushCustomer, RestCustomer, Stuck, WebCustomer, Wire
from tests.system.faults.history import History, Side, carried, read_entries, read_memory
from tests.system.faults.orders import done, errand_of, run_errand
from tests.system.faults.tool import OutsideTool, ToolAgent
from tests.system.faults.watched import run_watch, watched_by

QUESTIONS = (
    "what are your opening hours", "how much is delivery", "which ways of paying do you take?",
    "how long do I have to send something back?", "do you ship to Canada?", "how long does delivery usually take?",
    "can you wrap it as a gift?", "how do I unsubscribe from the newsletter?",
)
PERSON = ("Can I talk to a person?", "agent please", "please connect me with a human being",
          "I would like to speak to a real person please")
LEGAL = ("you will be hearing from my lawyer", "I am taking this to small claims court",
         "my attorney will contact you")  # whose handoffs go to the outside tool
CHANNELS: tuple[type[Customer], ...] = (WebCustomer, WebCustomer, WebCustomer, RestCustomer, PushCustomer)


@dataclass
class Stage:
    """What every conversation of a run is lived on."""

    wire: Wire
    rasa_url: str
    desk_url: str
    token: str
    ledger: Ledger
    pushed: dict[str, PushCustomer]
    tool: OutsideTool
    trackers: Engine
    orders: Engine
    errands: int = 0
    watched: int = 0  # customers who were asked whether they want to be told of an order
    told: int = 0  # and were
    handoffs: int = 0
    to_the_tool: int = 0
    take_overs: int = 0
    messages: int = 0


async def live(stage: Stage, number: int) -> History:
    """One conversation from first word to rest; what went wrong on the way is in `stuck`. Never raises Stuck."""
    rng = random.Random(f"{stage.wire.rng.random()} {number}")
    customer = CHANNELS[number % len(CHANNELS)](stage.wire, stage.rasa_url)
    history = History("", customer.channel, customer=customer.side)
    try:
        await customer.begin()
        history.conversation_id = customer.conversation_id
        if isinstance(customer, PushCustomer):
            stage.pushed[customer.conversation_id] = customer
        questions = rng.sample(QUESTIONS, len(QUESTIONS))  # each once: who repeats themselves gets a person
        for _ in range(rng.choice((1, 1, 2))):
            await _ask(stage, customer, questions.pop())
        if rng.random() < 0.5:
            history.errand = errand_of(rng, number)
            stage.errands += 1
            await run_errand(customer, rng, history.errand, lambda: _is_with_bot(stage, customer))
            await _leave_queue(stage, customer)
        elif rng.random() < 0.7:
            history.watched = watched_by(rng, number)
            stage.watched += 1
            was_told = await run_watch(
                customer, history.watched, stage.orders, lambda: _is_with_bot(stage, customer))
            stage.told += was_told  # not in one step: others count while this one waits
            await _leave_queue(stage, customer)
        if not isinstance(customer, RestCustomer) and rng.random() < 0.5:
            await _ask(stage, customer, *(questions.pop() for _ in range(3)))
        for meeting in range(1, rng.choice((1, 1, 1, 2)) + 1):
            await _meet(stage, rng, customer, history, questions.pop(), f"{number}.{meeting}")
        await _ask(stage, customer, questions.pop())
        await _rest(stage, customer)
    except Stuck as stuck:
        relay = await asyncio.to_thread(carried, stage.ledger, history.conversation_id)
        history.stuck = f"{stuck} (at {stage.ledger.clock():%H:%M:%S}{'; relay: ' if relay else ''}{relay})"
    finally:
        await customer.end()
    history.cases = stage.tool.cases.get(history.conversation_id, [])
    history.breaches = stage.tool.breaches.get(history.conversation_id, [])
    stage.messages += len(history.customer.sent) + len(history.customer.shown)
    return await asyncio.to_thread(_as_stored, stage, history)


def _as_stored(stage: Stage, history: History) -> History:
    """The conversation with what the databases know of it."""
    if history.errand is not None:
        history.errand_done = done(stage.orders, history.errand)
    read_memory(stage.trackers, history)
    return read_entries(stage.ledger, history)


async def _is_with_bot(stage: Stage, customer: Customer) -> bool:
    now = await asyncio.to_thread(stage.ledger.conversation, customer.conversation_id)
    return now.owner is Owner.BOT


async def _leave_queue(stage: Stage, customer: Customer) -> None:
    """Go back to the bot, if it has brought in a person over an errand: the meeting of the script comes later."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not await _is_with_bot(stage, customer):
        try:
            await asyncio.to_thread(Ownership(stage.ledger).leave_queue, customer.conversation_id)
        except OperationalError as error:  # the run locks the database now and then
            if asyncio.get_running_loop().time() > end:
                raise Stuck(f"the customer could not leave the queue: {error.orig}") from error
            await asyncio.sleep(1.0)


async def _ask(stage: Stage, customer: Customer, *questions: str) -> None:
    """Ask one after the other without waiting for answers, which any worker may take, and then wait for all.

    Whoever asks the same too often is handed over; they leave the queue, since the meeting of the script comes later.
    """
    before = customer.heard
    for question in questions:
        await customer.say(question)
    end = asyncio.get_running_loop().time() + PATIENCE
    while not await customer.heard_within(2.0, before + len(questions)):
        if not await _is_with_bot(stage, customer):
            await _leave_queue(stage, customer)
            return
        if asyncio.get_running_loop().time() > end:
            raise Stuck(f"the customer waited for an answer to {questions[-1]!r}")


async def _meet(
    stage: Stage, rng: random.Random, customer: Customer, history: History, question: str, number: str,
) -> None:
    names = rng.sample([f"robin-{index}" for index in range(20)], 2)
    agents = [Agent(stage.wire, stage.desk_url, stage.token, name, customer.conversation_id, side)
              for name, side in zip(names, (history.agent, Side()))]
    agent: Agent | ToolAgent = agents[0]
    dice = rng.random()
    if dice < 0.2:
        stage.take_overs += 1
        await _take_over(customer, agents[0], question)
    elif dice < 0.5:
        stage.to_the_tool += 1
        agent = await _hand_to_the_tool(stage, rng, customer, agents[0], history)
    else:
        stage.handoffs += 1
        agent = await _hand_off(stage, rng, customer, agents, history, number)
    for turn in range(1, rng.randint(2, 4)):
        said = f"[{number}] customer's word {turn}"
        await customer.say(said)
        await agent.sees(said)
        replies = [f"[{number}] agent's word {turn}{letter}" for letter in "ab"[: rng.randint(1, 2)]]
        for reply in replies:
            await agent.reply(reply)
        await customer.hears(replies[-1])
    step = rng.choice(("hand-back", "resolve"))
    await agent.step(step, note_for_bot="a voucher is on its way")
    await agent.look()


async def _take_over(customer: Customer, agent: Agent, question: str) -> None:
    """An agent steps in while the bot is answering."""
    saying = asyncio.create_task(customer.say(question))
    await asyncio.sleep(0.02)
    status, answer = await agent.step("take-over")
    await saying
    if status != 200:
        raise Stuck(f"take-over: {answer}")


async def _hand_off(
    stage: Stage, rng: random.Random, customer: Customer, agents: list[Agent], history: History, number: str,
) -> Agent:
    """The customer asks for a person, may write on while the handoff opens, and two agents claim at once."""
    asking = asyncio.create_task(customer.say(rng.choice(PERSON)))
    if rng.random() < 0.5 and not isinstance(customer, RestCustomer):
        await asyncio.sleep(rng.uniform(0, 0.4))
        await asking
        await customer.say(f"[{number}] it is about my parcel")
    await asking
    await _until_waiting(customer, agents[0])
    answers = await asyncio.gather(*(agent.step("claim") for agent in agents))
    won = [(agent, answer) for agent, (status, answer) in zip(agents, answers) if status == 200]
    history.claims += [(answer["epoch"], agent.name) for agent, answer in won]
    if not won:
        raise Stuck(f"nobody could claim: {answers}")
    return agents[0].colleague(won[0][0].name)


async def _hand_to_the_tool(
    stage: Stage, rng: random.Random, customer: Customer, watch: Agent, history: History,
) -> ToolAgent:
    """The customer threatens; such handoffs go to the outside tool, where somebody takes it."""
    before = len(stage.tool.cases.get(customer.conversation_id, []))
    words = rng.choice(LEGAL)
    await customer.say(words)
    await _until_waiting(customer, watch, words)
    end = asyncio.get_running_loop().time() + PATIENCE
    while len(stage.tool.cases.get(customer.conversation_id, [])) == before:
        if asyncio.get_running_loop().time() > end:
            raise Stuck("the tool waited for the handoff")
        await asyncio.sleep(0.2)
    agent = ToolAgent(stage.wire, stage.desk_url, stage.tool, watch, history.agent)
    await agent.joins()
    return agent


async def _until_waiting(customer: Customer, agent: Agent, words: str = PERSON[0]) -> None:
    """Wait for the handoff. A customer who is told that it did not work asks again, as they are told to."""
    for _ in range(20):
        heard = customer.heard
        if await agent.sees_owner("waiting", 15.0):
            return
        if customer.heard == heard and heard:
            await customer.say(words)
    raise Stuck("the agent waited for the handoff")


async def _rest(stage: Stage, customer: Customer) -> None:
    """Wait until nothing is on its way any more, and the customer has all."""
    end = asyncio.get_running_loop().time() + PATIENCE
    was_busy = True
    while True:
        busy, last_seq = await asyncio.to_thread(_state, stage.ledger, customer.conversation_id)
        told = all(case.closed for case in stage.tool.cases.get(customer.conversation_id, []))
        if was_busy:
            customer.look_again()
        elif not busy and told and customer.has_all(last_seq):
            return
        was_busy = busy
        if asyncio.get_running_loop().time() > end:
            raise Stuck(f"the end: {'still busy' if busy else 'somebody does not have all'}")
        await asyncio.sleep(0.8)


def _state(ledger: Ledger, conversation_id: str) -> tuple[bool, int]:
    query = select(messages.c.seq, messages.c.kind, messages.c.turn, messages.c.delivery).where(
        messages.c.conversation_id == conversation_id)
    with ledger.reading.connect() as connection:
        rows = connection.execute(query).all()
    busy = any(row.turn == "open" or row.delivery == "pending" for row in rows)
    return busy, max((row.seq for row in rows if row.kind != "note"), default=0)
