"""Acts that need the customer's yes: the question that asks for it, and the gate before the act.

`docs/designers.md` tells how to add one. Whatever a form or a rule believes, the act happens only if the ledger has a
plain yes to the bot's latest question, and that question named this act and its object.
"""
from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecutionRejected, ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base.choices import means_the_other
from actions.base.customer_orders import number_in
from actions.base.form_draft import FormDraft
from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import ANSWERS, EXITS, OrderForm, leave_form
from actions.base.refused_act import refuses_act
from actions.base.reply import Reply, in_a_row
from actions.base.reply_action import ReplyAction
from actions.base.services import formats_of
from actions.base.status import status_reply
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from actions.base.turn_orders import orders_of
from tandem.conversations.consent import OTHERS, Consents, Question, consent_key
from tandem.conversations.consent_reader import ConsentAnswer, drops_the_matter, regrets, says_more_than_no
from tandem.orders.errors import NotIdentified, OrderNotFound, OrderSystemUnavailable
from tandem.orders.model import Order
from tandem.services import Services
from tandem.wording.dates import Dates

CONFIRMED = "confirmed"  # the slot, and the last question of each of these forms
MOST_ASKED = 3  # times that the same is asked; after that, what is not clear is a no
SOON = 6  # messages of both sides after an act in which "undo it" means that act
_YES_OR_NO = frozenset({"affirm", "deny"})
_TOLD_BESIDE: Mapping[str, Callable[[Order, Dates], Reply]] = {  # flows that only tell something of the same order
    "order_status": status_reply, "track_parcel": status_reply}


@dataclass(frozen=True)
class ConsentedAct:
    """An act that needs a yes.

    Attributes:
        name: Of its intent; `<name>_form` asks, and `action_<name>` acts.
        slots: What the question names besides the order.
        kept: The response that says that everything stays as it is; it gets the order's `number`.
        regret_reply: The response, after the act, that says what can still be done about it; it gets `number`.
        optional: Whether its form asks for a yes only to some orders, those for which its slots are filled.
        several: Whether it may be asked for several orders at once. Then `kept` and `regret_reply` with "_several" get
            their `numbers`.
    """

    name: str
    slots: tuple[str, ...]
    kept: str
    regret_reply: str
    several: bool = False
    optional: bool = False

    def question(self, slots: Mapping[str, Any]) -> Question:
        """Return what has to be agreed to, as the slots stand."""
        others = {OTHERS: str(slots[OTHERS])} if self.several and slots.get(OTHERS) else {}
        return Question(self.name, str(slots.get("order_number") or ""),
                        {slot: str(slots.get(slot) or "") for slot in self.slots} | others)

    def of_orders(self, response: str, numbers: Sequence[str], services: Services) -> Reply:
        """Return a response about the orders of these numbers."""
        if len(numbers) > 1:
            return Reply(f"{response}_several", {"numbers": formats_of(services).joined_list(numbers)})
        return Reply(response, {"number": numbers[0]})


CANCEL_ORDER = ConsentedAct("cancel_order", (), "utter_cancel_order_kept", "utter_cancel_order_way_back", several=True)
CHANGE_ADDRESS = ConsentedAct(
    "change_address", ("new_address",), "utter_change_address_kept", "utter_change_address_way_back")
RETURN_ITEM = ConsentedAct(
    "return_item", ("return_item", "return_reason"), "utter_return_item_kept", "utter_return_item_way_back")
GET_REFUND = ConsentedAct(
    "get_refund", ("refund_amount",), "utter_get_refund_kept", "utter_get_refund_way_back", optional=True)
ACTS: Mapping[str, ConsentedAct] = {
    act.name: act for act in (CANCEL_ORDER, CHANGE_ADDRESS, RETURN_ITEM, GET_REFUND)}


class ActRefused(Exception):
    """The order system will not do it; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.response)
        self.reply = reply


class AskForConsent(ReplyAction):
    """Asks for a yes to an act; asked again, it says how to answer."""

    act: ClassVar[ConsentedAct]
    asks: ClassVar[str]  # the response; the same with "_again" when it is asked again

    def name(self) -> str:
        return f"action_ask_{self.act.name}_form_confirmed"

    @abstractmethod
    def values(self, question: Question, services: Services) -> Mapping[str, str]:
        """Return what the response needs besides slots."""

    def reply(self, turn: CurrentTurn) -> Reply:
        services, form = self._open(), f"{self.act.name}_form"
        wanted = self.act.question(turn.tracker.slots)
        question = Consents(services.ledger).to_ask(turn.conversation_id, turn.seq, wanted, turn.activates(form))
        response = f"{self.asks}_several" if len(question.numbers) > 1 else self.asks
        response = f"{response}_again" if question.asked > 1 else response
        return Reply(response, self.values(question, services), question=vars(question))


class ConsentForm(OrderForm):
    """A form whose last slot is `confirmed`: filled by what the ledger has of the answer, whatever the NLU reads."""

    act: ClassVar[ConsentedAct]

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        if turn.activates(self.form) and refuses_act(turn.text, self.act.name):
            Reply("utter_not_begun").say(dispatcher)
            return [SlotSet(CONFIRMED, None), *leave_form()]
        asked_for = turn.slot(REQUESTED_SLOT)
        if asked_for in self.details and asked_for != CONFIRMED and self._continues(turn) and not self._typed(turn):
            dropped = drops_the_matter(turn.text)
            if dropped is not None and not await self.keeps_a_part(turn):
                self._left(turn, dropped).say(dispatcher)
                emptied = [SlotSet(slot, None) for slot in self.details]
                if says_more_than_no(turn.text) and self._is_another_matter(turn):  # that is answered, too
                    over = [SlotSet(REQUESTED_SLOT, None), ActiveLoop(None), ActionExecutionRejected(self.form)]
                    return [*emptied, *over]
                return [*emptied, *leave_form()]
        return await super().run(dispatcher, tracker, domain)

    async def keeps_a_part(self, turn: CurrentTurn) -> bool:
        """Check whether the message only takes something out of what was wished: "keep the mugs"."""
        return False

    def _left(self, turn: CurrentTurn, answer: ConsentAnswer) -> Reply:
        if answer is ConsentAnswer.LATER:
            return Reply("utter_take_your_time")
        return self.act.of_orders(self.act.kept, self.act.question(turn.tracker.slots).numbers, self._open())

    async def prepare(self, turn: CurrentTurn) -> None:
        if turn.slot(REQUESTED_SLOT) == CONFIRMED and self._continues(turn):
            consents = Consents((await asyncio.to_thread(self._open)).ledger)
            turn.verdict = await asyncio.to_thread(consents.verdict, turn.conversation_id, turn.seq)

    def is_done_by(self, turn: CurrentTurn) -> bool:
        return turn.verdict is not None and turn.verdict.used_by == turn.seq

    def settle(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        draft.slots[CONFIRMED] = None
        verdict = turn.verdict
        if verdict is None or not verdict.question.is_about_the_same(self.act.question(draft.slots)):
            return  # another object by now, which is asked about anew
        if self._asks_beside(turn):
            draft.replies.append(_TOLD_BESIDE[turn.intent](order, OrderContext.of(self._open(), turn).dates))
            return
        if verdict.agrees or self.is_done_by(turn):
            draft.slots[CONFIRMED] = True
        elif verdict.answer is ConsentAnswer.LATER:
            draft.leave(self._left(turn, ConsentAnswer.LATER))
        elif verdict.refuses or (turn.intent == "deny" and verdict.answer is ConsentAnswer.OTHER):
            self.refused(order, draft, turn)
        elif not self._is_another_matter(turn) and (
                verdict.answer is not ConsentAnswer.OTHER or turn.intent in _YES_OR_NO):
            draft.answered = True  # not clear enough: it is asked again
            if verdict.question.asked >= MOST_ASKED:
                draft.slots[CONFIRMED] = False

    def refused(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        """Take a no: the act's action says that all stays as it is, unless the message goes on to something else."""
        if turn.verdict is not None and turn.verdict.says_more and self._is_another_matter(turn):
            draft.move_on(self.act.of_orders(self.act.kept, self.act.question(draft.slots).numbers, self._open()))
        else:
            draft.slots[CONFIRMED] = False

    def _leads_elsewhere(self, turn: CurrentTurn) -> bool:
        verdict = turn.verdict
        if verdict is not None and (verdict.agrees or verdict.refuses or verdict.answer is ConsentAnswer.LATER):
            return False
        return not self._asks_beside(turn) and super()._leads_elsewhere(turn)

    def _asks_beside(self, turn: CurrentTurn) -> bool:
        """Check whether the message asks how the order stands for which a yes is waited for."""
        verdict = turn.verdict
        is_answer = verdict is not None and (
            verdict.agrees or verdict.refuses or verdict.answer is ConsentAnswer.LATER or self.is_done_by(turn))
        return bool(verdict is not None and not is_answer and turn.intent in _TOLD_BESIDE
                    and not turn.entity("order_number") and not means_the_other(turn.text))

    def say_left(self, turn: CurrentTurn, dispatcher: CollectingDispatcher) -> None:
        """Another act instead, while it was asked whether to do this one: this one is not done."""
        if turn.slot(REQUESTED_SLOT) == CONFIRMED and turn.intent in ACTS:
            self._left(turn, ConsentAnswer.STOP).say(dispatcher)

    def _is_another_matter(self, turn: CurrentTurn) -> bool:
        return turn.intent not in ANSWERS | EXITS and not self._is_own(turn)


class ConsentedAction(OrderAction):
    """Does what the customer has said yes to: once for each question, whoever says it how often."""

    act: ClassVar[ConsentedAct]
    changes = True

    def name(self) -> str:
        return f"action_{self.act.name}"

    @abstractmethod
    def do(self, order: Order, context: OrderContext, key: str) -> Reply:
        """Do the act, and say what came of it; blocking.

        Args:
            key: The idempotency key: the same for every try at what this question asked.

        Raises:
            ActRefused: The order system will not do it.
            OrderSystemUnavailable: The order system does not answer.
        """

    def answer(self, order: Order, context: OrderContext) -> Reply:
        turn, consents = context.turn, Consents(context.services.ledger)
        wanted = self.act.question(turn.tracker.slots)
        verdict = consents.begin(turn.conversation_id, wanted, turn.seq)
        if verdict is None or not verdict.allows(wanted, turn.seq):
            used = verdict is not None and verdict.used_by is not None and verdict.question.is_about_the_same(wanted)
            return (Reply("utter_already_agreed") if used
                    else self.act.of_orders(self.act.kept, wanted.numbers, context.services))
        first = self._act(order, verdict.question, context)
        return in_a_row([first, *(self._act_on(number, verdict.question, context) for number in wanted.numbers[1:])])

    def _act(self, order: Order, question: Question, context: OrderContext) -> Reply:
        """Do it to one of the orders that were agreed to; run again after a crash, the order system does it once."""
        turn = context.turn
        try:
            reply = self.do(order, context, consent_key(turn.conversation_id, question, order.number))
        except ActRefused as refused:
            return refused.reply
        Consents(context.services.ledger).finish(turn.conversation_id, question, order.number, turn.seq)
        return reply

    def _act_on(self, number: str, question: Question, context: OrderContext) -> Reply:
        """Do it to one of the others; what was done before it is told whatever comes of this one."""
        try:
            return self._act(orders_of(context.services, context.turn).order(number), question, context)
        except (NotIdentified, OrderNotFound):
            return Reply("utter_order_not_found", {"number": number})
        except OrderSystemUnavailable:
            return Reply("utter_fact_done_unsure", {"number": number})


def unchanged_reply(services: Services, turn: CurrentTurn) -> Reply | None:
    """Return what says that all stays as it is, where the message leaves the form of an act; else None."""
    act = ACTS.get(turn.form_before.removesuffix("_form"))
    if act is None or not number_in(turn.slot("order_number")):
        return None
    if act.optional and not all(turn.slot(slot) for slot in act.slots):
        return None
    return act.of_orders(act.kept, act.question(turn.tracker.slots).numbers, services)


def regret_reply(services: Services, turn: CurrentTurn) -> Reply | None:
    """Return what can be done about an act that a message soon after it regrets.

    None if there was none, or no regret.
    """
    if turn.active_form or not regrets(turn.text):
        return None
    acts = Consents(services.ledger).acts(turn.conversation_id)
    latest = next((act for act in acts if act.done), None)
    if latest is None or not latest.seq < turn.seq <= latest.seq + SOON or latest.question.act not in ACTS:
        return None
    act = ACTS[latest.question.act]
    together = [one.number for one in acts if one.done and one.question.id == latest.question.id]
    return act.of_orders(act.regret_reply, sorted(together, key=latest.question.numbers.index), services)
