"""A customer's rights: every conversation is found, everything is given out, nothing is left behind."""
from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import MetaData, String, insert, inspect, select
from sqlalchemy.engine import Engine

from tandem import privacy
from tandem.agents import audit
from tandem.conversations.ledger import TURN_LEASE, Ledger
from tandem.conversations.model import HandoffRequest, Identity, InboundMessage
from tandem.conversations.turn_queue import TurnQueue
from tandem.db.schema import TRACKERS
from tandem.live_agents.relay.tables import agent_events, relays
from tandem.order_updates.subscriptions import Subscriptions
from tandem.orders.demo_shop import seed
from tandem.orders.errors import NotMatched
from tandem.services import Services, open_services
from tandem.settings import Settings
from tests.fakes.ready import open_ready

LATE = "late@example.com"


@pytest.fixture
def tracker_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'rasa.db'}"


@pytest.fixture
def services(ready_url: str, tracker_url: str) -> Iterator[Services]:
    opened = open_services(Settings(database_url=ready_url, tracker_url=tracker_url, demo=True))
    seed(opened.engine, opened.ledger.clock(), opened.settings.shop_timezone)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def tracker(tracker_url: str) -> Iterator[Engine]:
    engine = open_ready(tracker_url, TRACKERS)
    yield engine
    engine.dispose()


def remembers(tracker: Engine, conversation_id: str, text: str) -> None:
    """What Rasa saves at the end of a turn."""
    with tracker.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO events (sender_id, type_name, timestamp, data) VALUES (?, 'user', 1.0, ?)",
            (conversation_id, json.dumps({"event": "user", "text": text})))


def remembered(tracker: Engine) -> int:
    with tracker.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM events").scalar())


def says(
    services: Services, conversation_id: str, text: str = "Where is it?", identity: Identity | None = None,
) -> None:
    message = services.ledger.receive(InboundMessage(conversation_id, "rest", text, identity=identity)).message
    TurnQueue(services.ledger).finish(conversation_id, message.seq)


def found(services: Services, email: str) -> list[str]:
    return privacy.conversations_of(services.ledger, services.orders, email)


def test_who_was_identified_by_number_and_postcode_is_found_by_the_address_on_the_order(services: Services) -> None:
    says(services, "matched")
    says(services, "missed")
    services.identification.verify("matched", "TD-10388", "60614")
    with pytest.raises(NotMatched):
        services.identification.verify("missed", "TD-10388", "on-time@example.com")
    assert found(services, " Late@Example.com") == ["matched"]
    assert found(services, "on-time@example.com") == []


def test_what_was_shown_before_addresses_were_kept_is_found_through_the_order_system(services: Services) -> None:
    says(services, "older")
    services.case_file.record_order("older", "TD-10388", "shipped", {"Status": "shipped"})
    says(services, "another")
    services.case_file.record_order("another", "TD-10421", "shipped", {"Status": "shipped"})
    assert found(services, LATE) == ["older"]


def test_an_identity_that_has_ended_is_found_all_the_same(services: Services) -> None:
    says(services, "c1", identity=Identity("s1", "first@example.com"))
    says(services, "c1", identity=Identity("s1", "Second@example.com"))
    services.ledger.start(InboundMessage("c2", "rest", "", identity=Identity("s1", "first@example.com")))
    assert found(services, "first@example.com") == ["c1", "c2"]
    assert found(services, "second@example.com") == ["c1"]


@pytest.mark.parametrize("odd", [
    "", "@", "no address", "a\x00@b", "x" * 300 + "@example.com", "\ud800@example.com", "%@%"])
def test_odd_addresses_find_nobody(services: Services, odd: str) -> None:
    says(services, "c1", identity=Identity("s1", "first@example.com"))
    assert found(services, odd) == []


def everything_of(engine: Engine, conversation_id: str) -> set[str]:
    """The tables in which the id stands, in whatever column of text."""
    tables = MetaData()
    tables.reflect(engine)
    named = set()
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, String) and connection.execute(
                        select(column).where(column == conversation_id).limit(1)).first() is not None:
                    named.add(table.name)
    return named


def live(services: Services, tracker: Engine) -> None:
    """A conversation that leaves a trace wherever one can be left."""
    says(services, "c1", "My secret word", Identity("s1", "first@example.com"))
    remembers(tracker, "c1", "My secret word")
    services.identification.verify("c1", "TD-10388", LATE)
    services.case_file.record_promise("c1", "a call")
    handoff, _ = services.ownership.open_handoff(HandoffRequest("c1", "x", "y", channel="removed"))
    at = services.ledger.clock()
    with services.engine.begin() as connection:
        connection.execute(insert(relays).values(
            handoff_id=handoff.id, conversation_id="c1", channel="removed", epoch=1, reference={"thread": "t1"},
            relayed_seq=1, state="open", calling=False, attempts=0, tried_seq=0, next_attempt_at=at))
        connection.execute(insert(agent_events).values(
            channel="removed", key="e1", handoff_id=handoff.id, conversation_id="c1", act="said", agent_id="a",
            agent_name="Robin", text="My own word", sort_at=at, state="dead", attempts=9, next_attempt_at=at))
    Subscriptions(services.ledger, timezone.utc).offer("c1", services.orders.find("TD-10388"), 1)
    services.ledger.record_bot_reply("c1", 0, "Said too late")
    audit.record(services.engine, "anna", "session", "read", "c1")


def test_an_erasure_leaves_nothing_anywhere(services: Services, tracker: Engine, tracker_url: str) -> None:
    live(services, tracker)
    before = everything_of(services.engine, "c1")
    assert {"conversations", "messages", "handoffs", "case_entries", "fenced_replies", "customer_emails", "relays",
            "agent_events", "audit_log", "order_subscriptions"} <= before
    privacy.erase(services.ledger, tracker_url, ["c1"], "ada", "session")
    assert everything_of(services.engine, "c1") == set()
    assert remembered(tracker) == 0
    assert services.identification.verified_orders("c1") == ()
    assert found(services, "first@example.com") == found(services, LATE) == []
    [line, read] = audit.entries(services.engine, conversation_id="c1")
    assert (line.action, read.action) == ("erase", "read") and "c1" not in (line.detail, line.conversation_id)


def test_no_table_of_the_schema_is_forgotten(services: Services, tracker: Engine, tracker_url: str) -> None:
    """A table that comes later and names conversations has to be filled in `live`, given out and erased."""
    known = inspect(services.engine)
    named = {table for table in known.get_table_names() if {"conversation_id", "conversation"} & {
        column["name"] for column in known.get_columns(table)}}
    live(services, tracker)
    filled = everything_of(services.engine, "c1") | {"identification_grants"}  # that one knows it by a digest
    assert named <= filled


def test_an_export_gives_out_every_word(services: Services, tracker: Engine, tracker_url: str) -> None:
    live(services, tracker)
    [kept] = privacy.export(services.ledger, tracker_url, ["c1"], "ada", "session")
    assert json.loads(json.dumps(kept)) == kept
    assert [one["text"] for one in kept["tracker"]] == ["My secret word"]
    assert [one["text"] for one in kept["relayed"]["agent_events"]] == ["My own word"]
    assert [one["reference"] for one in kept["relayed"]["relays"]] == [{"thread": "t1"}]
    assert [one["order_number"] for one in kept["identified"]] == ["TD-10388"]
    assert [one["text"] for one in kept["fenced_replies"]] == ["Said too late"]
    assert kept["emails"] == ["first@example.com", LATE]
    assert [one["action"] for one in kept["audit"]] == ["export", "read"]


def test_an_erasure_waits_for_the_turn_that_saves_its_tracker_at_its_end(
    services: Services, tracker: Engine, tracker_url: str,
) -> None:
    message = services.ledger.receive(InboundMessage("c1", "rest", "Where is it?")).message
    begun = threading.Event()

    def turn() -> None:
        begun.wait(10)
        time.sleep(0.5)
        remembers(tracker, "c1", "Where is it?")
        TurnQueue(services.ledger).finish("c1", message.seq)

    running = threading.Thread(target=turn)
    running.start()
    begun.set()
    privacy.erase(services.ledger, tracker_url, ["c1"], "ada", "session")
    running.join()
    assert remembered(tracker) == 0
    assert everything_of(services.engine, "c1") == set()


def test_a_turn_whose_process_died_does_not_hold_an_erasure_up_for_ever(
    services: Services, tracker: Engine, tracker_url: str,
) -> None:
    services.ledger.receive(InboundMessage("c1", "rest", "Where is it?"))
    moment = services.ledger.clock()
    later = Ledger(services.engine, lambda: moment)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal moment
        waited.append(seconds)
        moment += timedelta(seconds=seconds)

    privacy.erase(later, tracker_url, ["c1"], "ada", "session", sleep)
    assert TURN_LEASE.total_seconds() - 1 < sum(waited) < TURN_LEASE.total_seconds() + 1
    assert everything_of(services.engine, "c1") == set()


def test_a_bot_that_always_answers_is_said_and_nothing_is_half_erased(
    services: Services, tracker: Engine, tracker_url: str,
) -> None:
    says(services, "c1")
    message = services.ledger.receive(InboundMessage("c1", "rest", "And now?")).message
    with pytest.raises(privacy.BotIsAnswering):
        privacy.erase(services.ledger, tracker_url, ["c1"], "ada", "session",
                        lambda _: TurnQueue(services.ledger).renew("c1", message.seq))
    assert [one.text for one in services.ledger.messages("c1")] == ["Where is it?", "And now?"]
