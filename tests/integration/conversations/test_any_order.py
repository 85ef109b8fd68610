"""Whatever happens in whatever order, twice or with a crash in between: the promises hold."""
from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tandem.conversations.model import Agent, Author, Delivery, Kind, NotAllowed, Owner, Receipt
from tandem.conversations.outbox import OutboundMessage
from tandem.conversations.queue_answers import FOR_BOT, QueueAnswers
from tandem.conversations.router import BACK_TO_BOT
from tandem.conversations.turn_queue import BOT_EPOCH
from tests.fakes.core import ANNA, BEN, Core, core_over

AGENTS = st.sampled_from([ANNA, BEN])
HELD = {Delivery.SENT, Delivery.DOUBT, Delivery.DELIVERED}


class Conversation(RuleBasedStateMachine):
    """One conversation under random events, beside a small model of what must be so."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.core: Core = self.stack.enter_context(core_over(f"sqlite:///{Path(folder) / 'core.db'}"))
        self.names = 0
        self.owner = Owner.BOT
        self.holder: str | None = None
        self.epoch = 0
        self.sent: list[str] = []  # the customer's message ids, in order
        self.for_bot: list[Receipt] = []  # turns that began
        self.told: list[str] = []  # handoffs the bot was told to be over
        self.ended: list[str] = []  # handoffs that ended
        self.shown: list[tuple[int, bool]] = []  # (epoch, announces) of each bot reply that was recorded
        self.fenced = 0
        self.arrived: list[int] = []  # what the customer's channel took, in order
        self.on_the_way: list[OutboundMessage] = []
        self.seen: tuple[str | None, str | None, int] = (Owner.BOT.value, None, 0)

    def teardown(self) -> None:
        self.stack.close()

    @initialize()
    def begin(self) -> None:
        self.writes("Hello")

    # -- the customer ---------------------------------------------------------------------------------------------

    @rule(text=st.sampled_from(["Where is it?", "A person, please", BACK_TO_BOT, "/greet"]))
    def writes(self, text: str) -> None:
        self.names += 1
        client_id = f"m{self.names}"
        receipt = self.core.says(text, client_id)
        if text == BACK_TO_BOT and self.owner is Owner.WAITING:
            self.close(Owner.BOT)
        if self.owner is Owner.RESOLVED:
            self.move(Owner.BOT)
        self.sent.append(client_id)
        assert not receipt.duplicate
        assert receipt.for_bot is (self.owner is Owner.BOT)
        if receipt.for_bot:
            self.for_bot.append(receipt)
            untold = [one for one in self.ended if one not in self.told]
            assert (receipt.handed_back.id if receipt.handed_back else None) == (untold[-1] if untold else None)
            self.told += untold

    @rule(data=st.data())
    def is_answered_while_waiting(self, data: st.DataObject) -> None:
        seq = data.draw(st.sampled_from([one.seq for one in self.core.ledger.messages("c")
                                         if one.author is Author.CUSTOMER]))
        before = [one.seq for one in self.core.ledger.replies_to("c", seq) if one.author is Author.SYSTEM]
        answers = QueueAnswers(self.core.ledger)
        told = [answers.say("c", seq, "You are first.", {}, tells_standing=True) for _ in range(2)]
        after = [one.seq for one in self.core.ledger.replies_to("c", seq) if one.author is Author.SYSTEM]
        assert [one.seq if one else None for one in told] == 2 * [after[0] if after else None], "said once"
        assert bool(after) is (bool(before) or self.owner is Owner.WAITING), "and only to who waits"

    @rule(data=st.data(), for_bot=st.sampled_from(["", "where is it"]))
    def leaves_in_words(self, data: st.DataObject, for_bot: str) -> None:
        written = [one for one in self.core.ledger.messages("c") if one.author is Author.CUSTOMER]
        seq = data.draw(st.sampled_from([one.seq for one in written]))
        receipt = QueueAnswers(self.core.ledger).leave("c", seq, for_bot)
        if receipt is None:
            return
        assert self.owner is Owner.WAITING, "only who waits leaves the queue"
        self.close(Owner.BOT)
        assert receipt.for_bot and receipt.message.seq == seq and receipt.handed_back is not None
        assert receipt.message.data.get(FOR_BOT, "") == for_bot
        self.told += [one for one in self.ended if one not in self.told]
        self.for_bot.append(receipt)

    @rule(data=st.data())
    def the_channel_repeats(self, data: st.DataObject) -> None:
        client_id = data.draw(st.sampled_from(self.sent))
        receipt = self.core.says(data.draw(st.sampled_from(["again", BACK_TO_BOT])), client_id)
        assert receipt.duplicate and not receipt.for_bot and receipt.handed_back is None

    # -- the bot --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.for_bot)
    @rule(data=st.data(), number=st.integers(0, 1))
    def replies(self, data: st.DataObject, number: int) -> None:
        """Any turn that ever began speaks now, perhaps late, perhaps for the second time."""
        turn = data.draw(st.sampled_from(self.for_bot))
        seq, epoch = turn.message.seq, turn.conversation.epoch
        known = len(self.core.ledger.replies_to("c", seq))
        recorded = self.core.bot_says(f"re {seq}", epoch, reply_to=seq, key=f"{seq}.{number}")
        if len(self.core.ledger.replies_to("c", seq)) > known:
            assert recorded is not None and (self.owner, self.epoch) == (Owner.BOT, epoch)
            self.shown.append((epoch, False))
        elif recorded is None:
            assert (self.owner, self.epoch) != (Owner.BOT, epoch)
            self.fenced += 1

    @precondition(lambda self: self.for_bot)
    @rule(times=st.integers(1, 3), announces=st.booleans())
    def hands_off(self, times: int, announces: bool) -> None:
        moved = self.owner in (Owner.BOT, Owner.RESOLVED)
        found = {self.core.hands_off().id for _ in range(times)}
        assert len(found) == 1
        if moved:
            self.move(Owner.WAITING)
        [handoff_id] = found
        if announces:
            before = self.core.ledger.last_seq("c")
            for _ in range(times):
                told = self.core.bot_says("A person comes.", 0, announces=handoff_id, key=f"{handoff_id}.x")
                if told is None:
                    assert self.owner is Owner.AGENT, "who waits must be told"
                    self.fenced += 1
            if self.core.ledger.last_seq("c") > before:
                assert self.owner is Owner.WAITING, "an agent is there: nobody is announced any more"
                self.shown.append((self.epoch, True))

    @precondition(lambda self: self.ended)
    @rule(data=st.data())
    def announces_what_is_over(self, data: st.DataObject) -> None:
        handoff_id = data.draw(st.sampled_from(self.ended))
        if self.owner is Owner.BOT:
            return
        before = self.core.ledger.last_seq("c")
        self.fenced += self.core.bot_says("late", -1, announces=handoff_id, key=f"late {handoff_id}") is None
        assert self.core.ledger.last_seq("c") == before

    # -- agents ---------------------------------------------------------------------------------------------------

    @rule(agent=AGENTS)
    def claims(self, agent: Agent) -> None:
        allowed = self.owner is Owner.WAITING or self.holder == agent.id
        if self.attempt(lambda: self.core.ownership.claim("c", agent, "joined"), allowed) and self.holder != agent.id:
            self.move(Owner.AGENT, agent)

    @rule(agent=AGENTS)
    def takes_over(self, agent: Agent) -> None:
        self.core.ownership.take_over("c", agent, "joined")
        if self.holder != agent.id:
            self.move(Owner.AGENT, agent)

    @rule(agent=AGENTS, repeats=st.integers(1, 2))
    def says(self, agent: Agent, repeats: int) -> None:
        self.names += 1
        client_id = f"r{self.names}"
        for _ in range(repeats):
            self.attempt(lambda: self.core.ownership.reply("c", agent, f"say {client_id}", client_id),
                         self.holder == agent.id)

    @rule(agent=AGENTS)
    def notes(self, agent: Agent) -> None:
        assert self.core.ownership.note("c", agent, "a note").delivery is Delivery.NONE

    @rule(agent=AGENTS)
    def releases(self, agent: Agent) -> None:
        if self.attempt(lambda: self.core.ownership.release("c", agent), self.holder == agent.id):
            self.move(Owner.WAITING)

    @rule(agent=AGENTS)
    def hands_back(self, agent: Agent) -> None:
        allowed = self.owner is Owner.WAITING or self.holder == agent.id
        if self.attempt(lambda: self.core.ownership.hand_back("c", agent), allowed):
            self.close(Owner.BOT)

    @rule(agent=AGENTS)
    def resolves(self, agent: Agent) -> None:
        allowed = self.owner in (Owner.WAITING, Owner.BOT) or self.holder == agent.id
        if self.attempt(lambda: self.core.ownership.resolve("c", agent), allowed):
            self.close(Owner.RESOLVED)

    # -- crashes, deliveries, time ----------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 21, 31, 600, -40, -7200]))
    def time_passes(self, seconds: int) -> None:
        self.core.clock.advance(seconds=seconds)

    @rule()
    def somebody_takes_over_dead_turns(self) -> None:
        for receipt in self.core.turns.adopt():
            assert self.epoch == receipt.conversation.epoch
            assert self.owner is (Owner.BOT if receipt.for_bot else Owner.WAITING)
            if not receipt.for_bot:
                assert receipt.handed_back is None
                continue
            assert self.epoch in (receipt.message.epoch, receipt.message.data.get(BOT_EPOCH))
            assert receipt.handed_back is None or receipt.handed_back.id in self.told
            self.for_bot.append(receipt)

    @precondition(lambda self: self.for_bot)
    @rule(data=st.data())
    def a_turn_ends(self, data: st.DataObject) -> None:
        self.core.turns.finish("c", data.draw(st.sampled_from(self.for_bot)).message.seq)

    @rule()
    def a_courier_sets_out(self) -> None:
        outbound_messages = self.core.outbox.lease(["telegram"])
        assert len(outbound_messages) <= 1, "one at a time"
        self.on_the_way += outbound_messages

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data(), end=st.sampled_from(["sent", "sent and died", "failed", "doubtful", "refused"]))
    def a_courier_comes_back(self, data: st.DataObject, end: str) -> None:
        outbound = self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1)))
        if end in ("sent", "sent and died", "doubtful"):
            self.arrived.append(outbound.message.seq)
        if end == "sent":
            self.core.outbox.sent(outbound)
        elif end in ("failed", "doubtful"):
            self.core.outbox.failed(outbound, "500", end == "doubtful")
        elif end == "refused":
            self.core.outbox.refused(outbound, "blocked")

    @rule(data=st.data())
    def the_customers_side_acknowledges(self, data: st.DataObject) -> None:
        self.core.outbox.acknowledge("c", data.draw(st.integers(0, self.core.ledger.last_seq("c"))))

    # -- what must be so --------------------------------------------------------------------------------------------

    @invariant()
    def the_owner_and_epoch_are_as_expected(self) -> None:
        now = self.core.ledger.conversation("c")
        assert (now.owner, now.epoch) == (self.owner, self.epoch)
        current = [one for one in self.core.ledger.handoffs("c") if one.closed_at is None]
        assert len(current) == (now.owner in (Owner.WAITING, Owner.AGENT))
        holder = current[0].claimed_by if current and now.owner is Owner.AGENT else None
        assert holder == self.holder
        owner, held, epoch = self.seen
        assert epoch <= now.epoch
        assert (epoch < now.epoch) is ((owner, held) != (now.owner.value, holder)), "a new owner, a new epoch"
        self.seen = (now.owner.value, holder, now.epoch)

    @invariant()
    def the_transcript_has_no_gaps_repeats_or_forbidden_words(self) -> None:
        messages = self.core.ledger.messages("c")
        assert [one.seq for one in messages] == list(range(1, len(messages) + 1))
        assert [one.client_id for one in messages if one.author is Author.CUSTOMER] == self.sent
        assert [one.epoch for one in messages] == sorted(one.epoch for one in messages)
        bot = [one for one in messages if one.author is Author.BOT]
        assert [one.epoch for one in bot] == [epoch for epoch, _ in self.shown]
        spoke = {one.epoch for one in messages if one.author is Author.AGENT and one.kind is Kind.TEXT}
        assert not spoke & {epoch for epoch, announces in self.shown if not announces}
        assert self.core.ledger.fenced("c") == self.fenced

    @invariant()
    def what_counts_as_sent_was_sent_and_what_was_sent_twice_is_in_doubt(self) -> None:
        for one in self.core.ledger.messages("c"):
            times = self.arrived.count(one.seq)
            if one.delivery is Delivery.SENT:
                assert times >= 1
            if one.author is Author.CUSTOMER or one.kind is Kind.NOTE:
                assert (one.delivery, times) == (Delivery.NONE, 0)

    # -- the model ----------------------------------------------------------------------------------------------------

    def attempt(self, step: Callable[[], object], allowed: bool) -> bool:
        try:
            step()
        except NotAllowed:
            assert not allowed
            return False
        assert allowed
        return True

    def move(self, owner: Owner, agent: Agent | None = None) -> None:
        self.owner, self.holder, self.epoch = owner, agent.id if agent else None, self.epoch + 1

    def close(self, owner: Owner) -> None:
        known = {one.id for one in self.core.ledger.handoffs("c") if one.closed_at is not None}
        self.ended += sorted(known - set(self.ended))
        self.move(owner)


Conversation.TestCase.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestAnyOrder = Conversation.TestCase
