"""What is older than the shop keeps goes, and nothing else; beside traffic, on both databases, once at a time."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text
from sqlalchemy.engine import Engine

from tandem.agents import audit
from tandem.agents.tables import audit_log, sign_in_attempts
from tandem.conversations import jobs
from tandem.conversations.model import ConversationNotFound
from tandem.conversations.tables import messages
from tandem.conversations.turn_queue import TurnQueue
from tandem.db.engine import open_engine
from tandem.db.schema import TRACKERS
from tandem.live_agents.relay.tables import agent_events, relays
from tandem.retention import JOB, PruningInProgress, PruningStopped, prune
from tests.fakes.core import ANNA, Core, core_over
from tests.fakes.ready import open_ready

DAYS = 30


@pytest.fixture
def core(ready_url: str) -> Iterator[Core]:
    with core_over(ready_url) as opened:
        yield opened


@pytest.fixture(params=["apart", "together"])
def tracker_url(request: pytest.FixtureRequest, ready_url: str, tmp_path: Path) -> str:
    """The trackers' database: one of its own, or the ledger's."""
    url = ready_url if request.param == "together" else f"sqlite:///{tmp_path / 'rasa.db'}"
    engine = open_ready(url, TRACKERS)
    with engine.begin() as connection:
        for who in ("ended", "with a person", "turn", "pending", "young", "regular"):
            connection.execute(text("INSERT INTO events (sender_id, type_name, data) VALUES (:who, 'user', 'x')"),
                               {"who": who})
    engine.dispose()
    return url


def remembered(url: str) -> set[str]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {row[0] for row in connection.execute(text("SELECT DISTINCT sender_id FROM events"))}
    engine.dispose()
    return found


def settle(core: Core, conversation: str) -> None:
    """The bot is done with all that was written, and all is with the customer."""
    turns = TurnQueue(core.ledger)
    for message in core.ledger.transcript(conversation):
        turns.finish(conversation, message.seq)
    core.outbox.acknowledge(conversation, 1000)


def kept(core: Core) -> set[str]:
    return {one.id for one in core.ledger.list()}


def shop(core: Core) -> None:
    """One conversation of each kind, of which all but "young" and "regular" were silent for longer than DAYS."""
    for name in ("ended", "with a person", "turn", "pending", "regular"):
        core.says("Where is my order?", conversation=name)
        core.bot_says("Tomorrow.", conversation=name)
        core.case_file.record_attempt(name, "find", "found")
        if name in ("ended", "regular"):
            handoff = core.hands_off(name)
            with core.engine.begin() as connection:
                connection.execute(relays.insert().values(
                    handoff_id=handoff.id, conversation_id=name, channel="tool", epoch=1, relayed_seq=1, state="closed",
                    next_attempt_at=core.clock()))
                connection.execute(agent_events.insert().values(
                    channel="tool", key=name, handoff_id=handoff.id, conversation_id=name, act="say", agent_id="a",
                    agent_name="A", text="", sort_at=core.clock(), state="done", next_attempt_at=core.clock()))
            core.ownership.claim(name, ANNA)
            core.bot_says("too late", epoch=0, conversation=name)
            core.ownership.resolve(name, ANNA)
        if name != "turn":
            settle(core, name)
    core.hands_off("with a person")
    core.bot_says("One more thing.", conversation="pending")
    with core.engine.begin() as connection:
        connection.execute(sign_in_attempts.insert().values(
            agent_id="anna", address="::1", at=core.clock(), succeeded=True))
        connection.execute(audit_log.insert().values(
            at=core.clock(), actor="anna", via="session", action="claim", conversation_id="ended"))
    core.clock.advance(days=DAYS + 1)
    for name in ("young", "regular"):
        core.says("I am back", conversation=name)
        settle(core, name)


def rows_about(engine: Engine, conversation: str) -> dict[str, int]:
    """How many rows of each table name a conversation."""
    found = {}
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for column in ("conversation_id", "sender_id"):
                if column in {one["name"] for one in inspect(connection).get_columns(table)}:
                    count = connection.execute(text(f"SELECT count(*) FROM {table} WHERE {column} = :it"),
                                               {"it": conversation}).scalar_one()
                    found.update({table: count} if count else {})
    return found


def test_only_what_is_old_and_over_goes(core: Core, tracker_url: str) -> None:
    shop(core)
    removed = prune(core.ledger, tracker_url, DAYS, sleep=lambda _: None)
    assert kept(core) == {"with a person", "turn", "pending", "young", "regular"}
    assert rows_about(core.engine, "ended") == {}, "no table names it any more"
    assert "ended" not in remembered(tracker_url)
    assert remembered(tracker_url) == {"with a person", "turn", "pending", "young", "regular"}
    assert core.texts("with a person") == ["Where is my order?", "Tomorrow."], "a person still has it"
    assert "One more thing." in core.texts("pending") and core.texts("turn")[0] == "Where is my order?"
    assert core.texts("regular") == core.texts("young") == ["I am back"], "what is old goes from a talk that goes on"
    assert core.ledger.handoffs("regular") == [] and core.case_file.entries("regular") == []
    assert rows_about(core.engine, "regular").keys() <= {"messages", "events"}
    assert len(core.case_file.entries("with a person")) == 1
    with core.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(sign_in_attempts)).scalar_one() == 0
    assert audit.entries(core.engine) == []
    assert removed["conversations"] == 1 and removed["audit_log"] == 1
    core.says("Hello again", conversation="ended")
    assert core.texts("ended") == ["Hello again"]


def test_pruned_again_there_is_nothing_to_do(core: Core, tracker_url: str) -> None:
    shop(core)
    prune(core.ledger, tracker_url, DAYS, sleep=lambda _: None)
    assert {name: count for name, count in prune(core.ledger, tracker_url, DAYS, sleep=lambda _: None).items()
            if count} == {}


def test_many_conversations_go_in_batches_beside_those_that_stay(core: Core, tracker_url: str) -> None:
    for number in range(70):
        core.says("Hello", conversation=f"c{number:02}")
        if number % 3:
            settle(core, f"c{number:02}")
    core.clock.advance(days=DAYS + 1)
    pauses: list[float] = []
    removed = prune(core.ledger, tracker_url, DAYS, sleep=pauses.append)
    assert removed["conversations"] == 46 and len(kept(core)) == 24
    assert len(pauses) >= 3


def test_customers_write_and_agents_answer_meanwhile(core: Core, tracker_url: str) -> None:
    names = [f"c{number:02}" for number in range(40)]
    for name in names:
        core.says("Hello", conversation=name)
        settle(core, name)
    core.clock.advance(days=DAYS + 1)
    stop, failed, said = threading.Event(), [], []

    def talk(mine: list[str]) -> None:
        number = 0
        while not stop.is_set() or number < len(mine):
            name = mine[number % len(mine)]
            try:
                core.says(f"I am back {number}", conversation=name)
                if number < len(mine):
                    said.append(name)
                settle(core, name)
            except ConversationNotFound:
                pass  # erased between two words of the test
            except Exception as error:
                failed.append(error)
            number += 1

    talkers = [threading.Thread(target=talk, args=(names[part::3],)) for part in range(3)]
    for thread in talkers:
        thread.start()
    prune(core.ledger, tracker_url, DAYS, sleep=lambda _: None)
    stop.set()
    for thread in talkers:
        thread.join(60)
    assert failed == []
    assert set(said) == set(names) == kept(core), "who has written since is there"
    with core.engine.connect() as connection:
        assert connection.execute(select(func.count()).where(messages.c.text == "Hello")).scalar_one() == 0


def test_one_process_prunes_at_a_time_and_once_a_day(core: Core, tracker_url: str) -> None:
    at = core.clock()
    assert jobs.take(core.engine, JOB, at)
    with pytest.raises(PruningInProgress):
        prune(core.ledger, tracker_url, DAYS)
    core.clock.advance(minutes=6)  # it was killed: its lease is over
    day = timedelta(days=1)
    prune(core.ledger, tracker_url, DAYS, every=day)
    with pytest.raises(PruningInProgress):
        prune(core.ledger, tracker_url, DAYS, every=day)
    core.clock.advance(days=1)
    prune(core.ledger, tracker_url, DAYS, every=day)


def test_pruning_stops_between_two_batches_when_asked_and_goes_on_the_next_time(core: Core, tracker_url: str) -> None:
    for number in range(50):
        core.says("Hello", conversation=f"c{number:02}")
        settle(core, f"c{number:02}")
    core.clock.advance(days=DAYS + 1)
    with pytest.raises(PruningStopped):
        prune(core.ledger, tracker_url, DAYS, goes_on=lambda: False)
    assert 0 < len(kept(core)) < 50
    prune(core.ledger, tracker_url, DAYS, every=timedelta(days=1), sleep=lambda _: None)
    assert kept(core) == set(), "it was not done, so that it is due"
