"""The relay over Chatwoot while answers are lost, webhooks vanish, repeat and change places, and relays die."""
from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, HandoffRequest, InboundMessage, Kind, Owner
from tandem.conversations.ownership import Ownership
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.worker import Relay
from tests.fakes.ready import open_ready
from tests.unit.live_agents.chatwoot.conftest import CARD, Chatwoot


class Shop:
    """A ledger and a relay over Chatwoot, with a seed of troubles."""

    def __init__(self, chatwoot: Chatwoot, folder: Path, seed: int) -> None:
        self.chatwoot, self.random = chatwoot, random.Random(seed)
        self.engine = open_ready(f"sqlite:///{folder / 'shop.db'}")
        self.ledger = Ledger(self.engine, chatwoot.clock)
        self.ownership = Ownership(self.ledger)
        self.kept: list[tuple[dict[str, str], bytes]] = []
        self.start()

    def start(self) -> None:
        actions = AgentActions(self.ledger, self.ownership)
        self.relay = Relay(self.ledger, actions, {"chatwoot": self.chatwoot.restart()})

    def restart(self) -> None:
        self.relay.close()
        self.start()

    def settle(self, calm: bool = False) -> None:
        for _ in range(80):
            if not calm and self.random.random() < 0.1:
                self.chatwoot.server.lose = 1
            worked = self.relay.step()
            self.chatwoot.clock.advance(milliseconds=20)
            worked |= self.deliver(calm)
            if not worked:
                return

    def deliver(self, calm: bool) -> bool:
        new = self.chatwoot.account.webhooks()
        if calm:
            new, self.kept = self.kept + new, []
        else:
            new = [webhook for webhook in new if self.random.random() > 0.2] + \
                [webhook for webhook in new if self.random.random() < 0.2]
            self.random.shuffle(new)
            if self.random.random() < 0.3:
                new, self.kept = self.kept, new
        requests = len(self.chatwoot.server.seen)
        for headers, body in new:
            signed = {**self.chatwoot.account.signed(body), "x-chatwoot-delivery": headers["x-chatwoot-delivery"]}
            self.relay.receive_webhook("chatwoot", signed, body)
        assert len(self.chatwoot.server.seen) == requests, "a webhook is answered without asking Chatwoot"
        return bool(new)

    def calm_down(self) -> None:
        self.chatwoot.server.lose = 0
        for _ in range(4):
            self.chatwoot.clock.advance(minutes=31)
            self.settle(calm=True)

    def heard(self) -> list[str]:
        return [message.text for message in self.ledger.transcript("web-1")
                if message.author is Author.AGENT and message.kind is Kind.TEXT]


@pytest.fixture(params=range(4))
def shop(request: pytest.FixtureRequest, chatwoot: Chatwoot, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(chatwoot, tmp_path, request.param)
    yield made
    made.relay.close()
    made.engine.dispose()


def test_no_word_is_lost_doubled_or_out_of_order(shop: Shop) -> None:
    told, said, notes = [], [], 0
    for turn in range(3):
        shop.ledger.receive(InboundMessage("web-1", "rest", f"question {turn}"))
        handoff = shop.ownership.open_handoff(HandoffRequest(
            "web-1", "Mood is falling", "trend", 0.8, CARD, "chatwoot"))[0]
        shop.settle()
        shop.calm_down()
        place = next(one for one in shop.chatwoot.account.conversations.values()
                     if one["custom_attributes"]["tandem_handoff_id"] == handoff.id)
        for number in range(6):
            word = f"customer {turn}.{number}"
            shop.ledger.receive(InboundMessage("web-1", "rest", word))
            told.append(word)
            shop.chatwoot.clock.advance(seconds=1)
            word = f"agent {turn}.{number}"
            shop.chatwoot.account.says(place, "Kim", word)
            shop.chatwoot.account.says(place, "Kim", f"note {turn}.{number}", private=True)
            said.append(word)
            notes += 1
            shop.settle()
            if shop.random.random() < 0.2:
                shop.restart()
        shop.calm_down()
        shop.chatwoot.account.change(place, status=("pending", "resolved")[turn % 2])
        shop.settle()
        shop.calm_down()
        assert shop.ledger.conversation("web-1").owner is (Owner.BOT, Owner.RESOLVED)[turn % 2]
        assert place["status"] == ("pending", "resolved")[turn % 2]
    assert shop.chatwoot.messages("incoming") == told
    assert sorted(shop.heard()) == sorted(said)
    kept = [message.text for message in shop.ledger.transcript("web-1") if message.kind is Kind.NOTE]
    assert len(kept) == len(set(kept)) == notes
    cards = [message for message in shop.chatwoot.account.messages if message["content_attributes"].get("tandem", "")
             .endswith(":card")]
    assert len(cards) == 3 and len(shop.chatwoot.account.contacts) == 1
    assert len(shop.chatwoot.account.conversations) == 2, "the first is taken up again, the second was resolved"
    assert not any(shop.relay.dead().values())
