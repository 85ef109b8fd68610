"""Nothing that is asked all the time reads all that is kept: every statement, as the code sends it, explained."""
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rasa.shared.core.events import ActionExecuted
from sqlalchemy import delete, func, select

from tandem.agents import audit
from tandem.agents.accounts import Role, add_agent
from tandem.conversations import counters, queue
from tandem.conversations.casefile import CaseFile
from tandem.conversations.context_card import ContextCard
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Agent, Author, HandoffRequest, Identity, InboundMessage, Mood, Owner
from tandem.conversations.outbox import OutboundMessage, Outbox
from tandem.conversations.ownership import Ownership
from tandem.conversations.router import Router
from tandem.conversations.tables import conversations, messages
from tandem.conversations.turn_queue import TurnQueue
from tandem.desk.app import create_app
from tandem.desk.housekeeping import Housekeeping
from tandem.desk.security.sign_in_attempts import SignInAttempts, SignInRefused
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.tables import relays
from tandem.live_agents.relay.worker import Relay
from tandem.orders.demo_shop import seed
from tandem.orders.errors import IdentificationError
from tandem.rasa_ext.tracker_store import CachedTrackerStore
from tandem.retention import prune
from tandem.services import Services, open_services, open_watchdog
from tandem.settings import Settings
from tests.fakes.live_agent import FakeTool
from tests.fakes.talk import DOMAIN
from tests.integration.desk.conftest import PASSWORD, TOKEN, sign_in
from tests.integration.growth.plans import Statements

ANNA, BEN = Agent("anna", "Anna"), Agent("ben", "Ben")
MOOD = Mood("negative", 0.9, -0.5, "worried", 0.4, 0.2)
OLD, NEW, WITH_BOT = "c24000", "a new one", "c49001"  # conversations
OWNERS = ((Owner.WAITING,), (Owner.AGENT, Owner.BOT), tuple(Owner))
MOST_STEPS = 400  # thousand steps of SQLite's machine that one statement may take: some 10 ms


@pytest.fixture
def services(year_url: str) -> Iterator[Services]:
    opened = open_services(Settings(database_url=year_url, tracker_url=year_url, api_token=TOKEN))
    counters.fold(opened.engine, 1)
    yield opened
    opened.engine.dispose()


def ledger_calls(services: Services) -> dict[Callable[..., Any], Callable[[], Any]]:
    """Each public method of the ledger's services, and a call of it that finds something."""
    ledger, ownership, deliveries = services.ledger, services.ownership, services.outbox
    turns = TurnQueue(ledger)
    parcels: list[OutboundMessage] = []

    def inbound(conversation: str, **more: Any) -> InboundMessage:
        channel = "webchat" if conversation != OLD else "telegram"
        return InboundMessage(conversation, channel, "Where is my order?", **more)

    def reopened() -> None:
        ownership.open_handoff(HandoffRequest(NEW, "Asked for a person", "intent:ask_for_human",
                                              card=ContextCard(summary="a card")))
        ownership.claim(NEW, ANNA, capacity=5)

    def informed() -> None:
        with ledger.engine.begin() as connection:
            ledger.inform_bot(connection, NEW, 1)

    def leased() -> None:
        parcels.extend(deliveries.lease(["webchat", "telegram"]))
        assert parcels

    return {
        Ledger.receive: lambda: [ledger.receive(inbound(one, client_id="k1")) for one in (NEW, OLD, NEW, WITH_BOT)],
        Ledger.has_received: lambda: ledger.has_received(inbound(OLD, client_id="m3")),
        Ledger.start: lambda: ledger.start(inbound(NEW, identity=Identity("s", "eve@example.com"))),
        Ledger.record_reading: lambda: ledger.record_reading(NEW, 1, MOOD, "order_status"),
        Ledger.record_bot_reply: lambda: [ledger.record_bot_reply(NEW, epoch, "Tomorrow", key="b1", reply_to=1)
                                          for epoch in (0, 7)],
        Ledger.inform_bot: informed,
        Ledger.set_typing: lambda: ledger.set_typing(NEW, Author.CUSTOMER, ""),
        TurnQueue.waits: lambda: turns.waits(NEW, 2),
        TurnQueue.renew: lambda: turns.renew(NEW, 1),
        TurnQueue.adopt: lambda: [turns.adopt(channels) for channels in (None, ["webchat"])],
        TurnQueue.give_back: lambda: turns.give_back(NEW, 1, 1, timedelta(seconds=1)),
        TurnQueue.finish: lambda: turns.finish(NEW, 1),
        TurnQueue.finish_answered: lambda: turns.finish_answered(NEW, 1, 1, "done", [2]),
        Ledger.find: lambda: ledger.find(NEW),
        Ledger.conversation: lambda: ledger.conversation(NEW),
        Ledger.messages: lambda: [ledger.messages(OLD, after=3, for_customer=True), ledger.messages(OLD, limit=60)],
        Ledger.latest_messages: lambda: ledger.latest_messages(OLD, 10),
        Ledger.know_email: lambda: ledger.know_email(NEW, "eve@example.com"),
        Ledger.last_seq: lambda: ledger.last_seq(OLD),
        Ledger.transcript: lambda: ledger.transcript(OLD),
        Ledger.replies_to: lambda: ledger.replies_to(NEW, 1),
        Ledger.handoffs: lambda: ledger.handoffs(OLD),
        Ledger.open_handoff: lambda: ledger.open_handoff(NEW),
        Ledger.open_handoffs: lambda: [ledger.open_handoffs(), ledger.open_handoffs(cards=False)],
        Ledger.position: ledger.position,
        Ledger.changes_since: lambda: ledger.changes_since(ledger.position()),
        Ledger.fenced: lambda: [ledger.fenced(), ledger.fenced(OLD)],
        Ledger.list: lambda: [ledger.list(owners, limit=50) for owners in OWNERS],
        Ownership.open_handoff: lambda: ownership.open_handoff(HandoffRequest(NEW, "Asked", "intent:ask_for_human")),
        Ownership.notify_waiting: lambda: ownership.notify_waiting(ledger.open_handoffs()[NEW], "Still waiting"),
        Ownership.claim: lambda: ownership.claim(NEW, ANNA, "Anna is here", capacity=5),
        Ownership.reply: lambda: ownership.reply(NEW, ANNA, "Hello", "r1"),
        Ownership.note: lambda: ownership.note(NEW, BEN, "A good customer"),
        Ownership.release: lambda: ownership.release(NEW, ANNA),
        Ownership.take_over: lambda: ownership.take_over(NEW, BEN, capacity=5),
        Ownership.hand_back: lambda: ownership.hand_back(NEW, BEN, "It is on its way"),
        Ownership.reply_late: lambda: ownership.reply_late(NEW, BEN, "One more thing"),
        Ownership.leave_queue: lambda: [reopened(), ownership.release(NEW, ANNA), ownership.leave_queue(NEW)],
        Ownership.resolve: lambda: [reopened(), ownership.resolve(NEW, ANNA)],
        Outbox.lease: leased,
        Outbox.fetch: lambda: [deliveries.fetch(one, 0, 10) for one in (OLD, NEW)],
        Outbox.renew: lambda: deliveries.renew(parcels),
        Outbox.part_sent: lambda: deliveries.part_sent(parcels[0], 1),
        Outbox.not_begun: lambda: deliveries.not_begun(parcels[-1]),
        Outbox.failed: lambda: deliveries.failed(parcels[0], "away"),
        Outbox.sent: lambda: deliveries.sent(parcels[-1]),
        Outbox.refused: lambda: deliveries.refused(parcels[-1], "no"),
        Outbox.cannot_push: lambda: deliveries.cannot_push(parcels[-1]),
        Outbox.retry: lambda: deliveries.retry(NEW, 2),
        Outbox.answered: lambda: deliveries.answered(NEW, [2]),
        Outbox.acknowledge: lambda: deliveries.acknowledge(OLD, 20),
        Outbox.acknowledgeable: lambda: deliveries.acknowledgeable(OLD, 20),
        Outbox.counts: deliveries.counts,
        Router.receive: lambda: services.router.receive(inbound(NEW, client_id="k9")),
        Router.receive_in: lambda: services.router.receive_in(ledger.find(NEW), inbound(NEW, client_id="k10")),
        CaseFile.record_order: lambda: services.case_file.record_order(NEW, "TD-1", "shipped", {}),
        CaseFile.record_attempt: lambda: services.case_file.record_attempt(NEW, "find", "found"),
        CaseFile.record_promise: lambda: services.case_file.record_promise(NEW, "a call"),
        CaseFile.entries: lambda: services.case_file.entries(OLD),
        CaseFile.read: lambda: services.case_file.read(OLD),
        queue.places: lambda: queue.places(ledger),
        queue.place_of: lambda: queue.place_of(ledger, "c49990"),
        queue.claim_pace: lambda: queue.claim_pace(ledger),
        queue.unanswered: lambda: queue.unanswered(ledger),
        queue.said_while_waiting: lambda: [queue.said_while_waiting(ledger, "@", since)
                                             for since in (None, ledger.clock())],
        Ledger.erase: lambda: [ledger.erase(one) for one in (NEW, "c100")],
    }


def test_all_that_the_ledger_is_asked(services: Services, statements: Statements) -> None:
    calls = ledger_calls(services)
    public = {method for kind in (Ledger, TurnQueue, Ownership, Outbox, Router, CaseFile)
              for name, method in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
    assert public <= set(calls), "a method of the ledger that this test does not call"
    with statements.captured():
        for call in calls.values():
            call()
    check(statements, services, least=60)


def test_all_that_the_desk_is_asked(services: Services, statements: Statements) -> None:
    relay = Relay(services.ledger, AgentActions(services.ledger, services.ownership), {"tool": FakeTool()})
    app = create_app(services.settings, services, relay=relay)
    program = TestClient(app, headers={"Authorization": f"Bearer {TOKEN}"})
    add_agent(services.engine, "sam", "Sam", PASSWORD, Role.SUPERVISOR)
    with statements.captured():
        sam = sign_in(TestClient(app, follow_redirects=False), "sam")
        for path in ("/", "/?c=c49990", "/desk/queue", "/desk/queue/more?section=resolved&rank=-1e12&last=",
                     "/desk/queue/more?section=bot&rank=-1.7e9&last=x",
                     "/desk/queue/more?section=waiting&rank=0&last=x",
                     "/desk/conversation?c=c49990", "/desk/conversation?c=c30000",
                     "/numbers", "/dead-letters"):
            assert sam.get(path).status_code == 200, path
        for path in ("/metrics", "/healthz", "/api/stats", "/api/conversations", "/api/conversations?owner=waiting",
                     "/api/conversations?owner=bot", "/api/conversations/c49990", "/api/relays/dead"):
            assert program.get(path).status_code == 200, path
        for step in ("claim", "release"):
            assert sam.post(f"/api/conversations/c49991/{step}").status_code == 200
        with pytest.raises(SignInRefused):
            SignInAttempts(services.engine).attempt("sam", "a wrong password", "10.0.0.7")
        audit.entries(services.engine)
        for which in ({"conversation_id": OLD}, {"actor": "agent1"}, {"action": "none of these"},
                      {"actor": "agent1", "action": "none of these"}):
            audit.entries(services.engine, **which)
        for _ in range(2):
            open_watchdog(services).look()
        queue.unannounced(services.ledger, ["c49990", OLD])
        for _ in range(3):
            relay.step()
        body = b'[{"act": "say", "key": "k", "handoff_id": "h49950", "text": "hello"}]'
        relay.receive_webhook("tool", {"x-signature": "good", "x-delivery": "new"}, body)
        relay.step()
    relay.close()
    check(statements, services, least=60)


async def test_all_that_the_bot_asks(services: Services, statements: Statements, year_url: str) -> None:
    seed(services.engine, services.ledger.clock(), services.settings.shop_timezone)
    with statements.captured():
        store = CachedTrackerStore(DOMAIN, year_url)
        for who in (OLD, "nobody yet"):
            tracker = await store.get_or_create_tracker(who)
            tracker.update(ActionExecuted("action_listen"))
            await store.save(tracker)
            assert await store.retrieve(who) is not None
        assert await store.retrieve_full_tracker("c25000") is not None
        for contact in ("wrong@example.com", "wrong@example.com"):
            with pytest.raises(IdentificationError):
                services.identification.verify(OLD, "TD-10421", contact)
        services.identification.verified_orders(OLD)
        services.orders.open_orders("eve@example.com")
        services.handoff.queue_position("c49990")
    check(statements, services, least=15)


@pytest.mark.parametrize("query", [
    select(messages.c.delivery, func.count()).group_by(messages.c.delivery),
    select(func.count()).select_from(messages).where(messages.c.attempts > 1),
    select(messages.c.id).where(messages.c.attempts == 99).order_by(messages.c.id).limit(20),
    delete(relays).where(~select(conversations.c.id).where(conversations.c.id == relays.c.conversation_id).exists()),
], ids=["counts", "retried", "in the order of ids", "orphans"])
def test_the_check_finds_what_it_looks_for(services: Services, statements: Statements, query: Any) -> None:
    with statements.captured(), services.engine.connect() as connection:
        transaction = connection.begin()
        connection.execute(query)
        transaction.rollback()
    assert len(statements.scans(services.engine)) == 1


def test_all_that_pruning_asks(services: Services, statements: Statements, year_url: str) -> None:
    with statements.captured():
        Housekeeping(services).look()
        removed = prune(services.ledger, year_url, 364, sleep=lambda _: None)  # some two days' worth
    assert removed["conversations"] > 50
    check(statements, services, least=25)


@pytest.fixture
def statements() -> Statements:
    return Statements()


def check(statements: Statements, services: Services, least: int) -> None:
    """No statement walks through a table that grows, and none takes long."""
    assert len(statements.seen) >= least, "hardly anything was asked"
    scans = statements.scans(services.engine)
    assert not scans, "\n\n".join(f"{statement}\n{plan}" for statement, plan in scans.items())
    assert {one: steps for one, steps in statements.steps.items() if steps > MOST_STEPS} == {}
