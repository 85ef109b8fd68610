"""Whatever customer, bot and agents do in whatever order, the bot comes back clean: the tenth time too."""
from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rasa.core.agent import Agent

from tandem.conversations.model import Author, Owner, Receipt
from tests.fakes.core import ANNA
from tests.integration.handback.shop import CUSTOMER, Shop, is_response, open_shop

# What customers write, as it is read. A few open and fill forms, so that agents come in the middle of them.
WORDS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("hi", "greet", {}),
    ("thanks", "thanks", {}),
    ("I want to send something back", "return_item", {}),
    ("TD-10300", "inform", {"order_number": "TD-10300"}),
    ("delivered@example.com", "inform", {"email": "delivered@example.com"}),
    ("MUG-004", "inform", {"return_item": "MUG-004"}),
    ("new address, please", "change_address", {}),
    ("12 Elm Street, Boston", "inform", {}),
    ("yes", "affirm", {}),
    ("no", "deny", {}),
    ("something else entirely", "nlu_fallback", {}),
    ("How do I pay?", "payment_methods", {}),
)
FOREIGN = "TD-99999"  # an order that is only ever named to people


class Conversation(RuleBasedStateMachine):
    """One conversation; beside it, what the bot has been given and what people left for it."""

    dialogue: ClassVar[Agent]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.shop: Shop = self.stack.enter_context(open_shop(self.dialogue, folder))
        self.number = 0
        self.for_bot: list[str] = []  # what Rasa may have seen
        self.notes: list[str] = []  # lines left for the bot that it has to pass on
        self.pending: tuple[str, bool] | None = None  # the line and the wish of the latest hand-back
        self.flow: str | None = None  # the form that a handoff interrupted
        self.kept: dict[str, Any] = {}

    def teardown(self) -> None:
        self.stack.close()

    @property
    def owner(self) -> Owner:
        return self.shop.core.ledger.conversation(CUSTOMER).owner

    def memory(self) -> tuple[str | None, dict[str, Any]]:
        tracker = self.shop.tracker()
        return tracker.active_loop_name, dict(tracker.current_slot_values())

    @initialize()
    def begin(self) -> None:
        self.shop.says("hi", "greet")
        self.for_bot.append("hi")

    # -- the customer -----------------------------------------------------------------------------------------------

    @rule(words=st.sampled_from(WORDS))
    def writes(self, words: tuple[str, str, dict[str, str]]) -> None:
        text, intent, entities = words
        owner = self.owner
        bots = owner in (Owner.BOT, Owner.RESOLVED)
        memory = None if bots else self.memory()
        if not bots:
            self.number += 1
            text, entities = f"{text} (between us, {self.number})", {**entities, "order_number": FOREIGN}
        receipt = self.shop.receipt(text, intent, **entities)
        replies = self.shop.replies(receipt.message)
        if memory is not None:
            authors = {one.author for one in self.shop.core.ledger.replies_to(CUSTOMER, receipt.message.seq)}
            # Whoever waits is answered by the system, which is no turn of the bot.
            allowed = {Author.SYSTEM} if owner is Owner.WAITING else set()
            assert authors <= allowed, "said to a person"
            assert self.memory() == memory, "said to a person"
            return
        self.for_bot.append(text)
        assert replies
        self.answered(receipt, intent, replies)
        self.check_memory()

    def answered(self, receipt: Receipt, intent: str, replies: list[str]) -> None:
        pending, self.pending = self.pending, None
        assert (receipt.handed_back is not None) is (pending is not None)
        if pending is None:
            return
        note, resume = pending
        if note:
            assert replies[0] == f"My colleague has told me: {note}."
            self.notes.append(replies.pop(0))
        form, slots = self.memory()
        if resume and self.flow and intent in ("greet", "thanks", "affirm", "deny", "nlu_fallback"):
            assert is_response(replies[0], "utter_resume")
            assert form == self.flow
            for slot, value in self.kept.items():
                assert slots[slot] == value, slot
        elif intent == "greet":
            assert (form is None and is_response(replies[0], "utter_greet_handed_back")) \
                or is_response(replies[0], "utter_greet_resolved") or is_response(replies[0], "utter_greet")
        elif intent == "payment_methods":
            assert form is None and is_response(replies[-1], "utter_payment_methods")
        elif intent in ("inform", "affirm", "deny") and not resume:
            assert form in (None, "order_status_form"), "no answer to an old question"
            said_now = {self.kept_of("return_item"), *(("MUG-004",) if intent == "inform" else ())}
            assert slots["return_item"] in said_now, "only the message to the bot itself may fill a slot"
            assert slots["new_address"] == self.kept_of("new_address")

    def kept_of(self, slot: str) -> Any:
        return self.before.get(slot)

    @precondition(lambda self: self.owner in (Owner.BOT, Owner.RESOLVED))
    @rule()
    def asks_for_a_person(self) -> None:
        self.interrupted()
        self.for_bot.append("A person please")
        [announced] = self.shop.says("A person please", "ask_for_human")
        assert is_response(announced, "utter_handoff")
        assert self.owner is Owner.WAITING
        self.pending = None

    def interrupted(self) -> None:
        form, slots = self.memory()
        self.flow = form
        self.before = slots
        self.kept = {slot: slots[slot] for slot in ("return_item", "return_reason", "new_address")
                     if slots[slot] is not None}

    # -- people -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.owner is Owner.WAITING)
    @rule()
    def claims(self) -> None:
        self.shop.core.ownership.claim(CUSTOMER, ANNA)

    @precondition(lambda self: self.owner in (Owner.BOT, Owner.RESOLVED))
    @rule()
    def takes_over(self) -> None:
        if self.pending is None:
            self.interrupted()
        self.shop.core.ownership.take_over(CUSTOMER, ANNA)

    @precondition(lambda self: self.owner is Owner.AGENT)
    @rule()
    def says(self) -> None:
        self.number += 1
        self.shop.core.ownership.reply(CUSTOMER, ANNA, f"{FOREIGN} is your order, says Anna, {self.number}")

    @precondition(lambda self: self.owner in (Owner.AGENT, Owner.WAITING))
    @rule(line=st.booleans(), resume=st.booleans())
    def hands_back(self, line: bool, resume: bool) -> None:
        self.number += 1
        note = f"refund {self.number} promised by Friday" if line else ""
        self.shop.core.ownership.hand_back(CUSTOMER, None, note, "", resume)
        self.pending = (note, resume)

    @precondition(lambda self: self.owner in (Owner.AGENT, Owner.WAITING))
    @rule()
    def resolves(self) -> None:
        self.shop.core.ownership.resolve(CUSTOMER, None)
        self.pending = ("", False)

    # -- what must be so --------------------------------------------------------------------------------------------

    def check_memory(self) -> None:
        """The bot knows only what it was told."""
        tracker = self.shop.tracker()
        assert FOREIGN not in repr(tracker.current_slot_values())
        seen = [event.text for event in tracker.events if event.type_name == "user"]
        assert seen == self.for_bot, "each word once, in order, and none that was said to a person"

    @invariant()
    def the_bot_spoke_only_to_what_it_was_asked(self) -> None:
        said = self.shop.core.ledger.messages(CUSTOMER, limit=10_000)
        asked = {one.seq: one for one in said if one.author is Author.CUSTOMER}
        for one in said:
            if one.author is Author.BOT:
                assert one.reply_to is not None and "between us" not in asked[one.reply_to].text
        texts = [one.text for one in said if one.author is Author.BOT]
        assert all(texts.count(note) == 1 for note in self.notes)


@pytest.mark.parametrize("resume", [True, False])
def test_the_tenth_handoff_works_like_the_first(dialogue: Agent, tmp_path: Path, resume: bool) -> None:
    with open_shop(dialogue, tmp_path) as shop:
        heard = []
        for number in range(10):
            shop.says("I want to send something back", "return_item")
            asked = shop.says("A person please", "ask_for_human")
            shop.core.ownership.claim(CUSTOMER, ANNA)
            assert shop.says(f"hello {number}", "greet") == []
            shop.core.ownership.hand_back(CUSTOMER, ANNA, "all is well", "", resume)
            heard.append((asked, shop.says("hi", "greet"), shop.tracker().active_loop_name))
            shop.says("How do I pay?", "payment_methods")
        assert heard == [heard[0]] * 10
        assert len(heard[0][1]) == (3 if resume else 2)
        assert len(shop.core.ledger.handoffs(CUSTOMER)) == 10


def test_any_order(dialogue: Agent) -> None:
    Conversation.dialogue = dialogue
    run_state_machine_as_test(Conversation, settings=settings(
        max_examples=8, stateful_step_count=20, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck)))
