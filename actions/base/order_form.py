"""What all forms about an order have in common: which order it is, whose it is, and what else must be asked.

A form's validation runs after each message while the form is active. It either takes the message as an answer or
steps aside (`ActionExecutionRejected`), and then Rasa's rules answer the message and come back to the form.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isabstract
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecutionRejected, ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.base.form_draft import FormDraft
from actions.base.order_context import OrderContext
from actions.base.order_questions import ORDER_SLOTS, OrderQuestions, phone_given
from actions.base.order_threads import with_orders
from actions.base.reply import Reply
from actions.base.services import services
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from actions.base.turn_orders import orders_of
from tandem.conversations.consent_reader import asks as asks_somewhere
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.model import Order
from tandem.services import Services

ANSWERS = frozenset({"inform", "affirm", "deny", "nlu_fallback", "out_of_scope"})  # intents of a bare answer
EXITS = frozenset({"never_mind", "goodbye"})


class OrderForm(OrderQuestions, Action):
    """Validation of a form whose slots are `order_number`, `contact` and `details`."""

    free_text: ClassVar[frozenset[str]] = frozenset()  # details that any sentence may answer
    accepts: ClassVar[frozenset[str]] = frozenset()  # intents of other flows that answer a question of this one

    def __init__(self, open_services: Callable[[], Services] = services) -> None:
        self._open = open_services

    def name(self) -> str:
        return f"validate_{self.form}"

    def objection(self, order: Order, context: OrderContext) -> Reply | None:
        """Say why this order is not for this form, at once instead of asking on."""
        return None

    async def prepare(self, turn: CurrentTurn) -> None:
        """Read what must be known before anything else."""

    def say_left(self, turn: CurrentTurn, dispatcher: CollectingDispatcher) -> None:
        """Say what stays as it is where the message goes on to another flow."""

    def is_done_by(self, turn: CurrentTurn) -> bool:
        """Check whether this very message has done already what the form is for, in a turn that broke off."""
        return False

    def check(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        """Fill details that the order answers, and take out what is no answer."""

    def settle(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        """Decide what the details, as they are now, come to."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = CurrentTurn(tracker)
        await self.prepare(turn)
        if self._leads_elsewhere(turn):
            self.say_left(turn, dispatcher)
            return self._step_aside(turn)
        draft = self._begin(turn)
        try:
            await with_orders(self._work, turn, draft)
        except OrderSystemUnavailable:
            draft.failed_lookups = float(turn.slot("failed_lookups") or 0) + 1
            draft.leave(Reply("utter_order_system_unavailable"))
        if self._is_no_answer(turn, draft):
            return self._step_aside(turn)
        for reply in draft.replies:
            reply.say(dispatcher)
        events = self._events(turn, draft)
        return [*events, ActionExecutionRejected(self.form)] if self._also_asks(turn, draft) else events

    # -- is the message for this form? ------------------------------------------------------------------------

    def _leads_elsewhere(self, turn: CurrentTurn) -> bool:
        if not self._continues(turn) or self._typed(turn) or self._corrects_a_miss(turn):
            return False
        if turn.intent in EXITS:
            return True
        requested = turn.slot(REQUESTED_SLOT)
        if requested in self.free_text or turn.intent in self.accepts or turn.intent in ANSWERS or self._is_own(turn):
            return False
        # "How much is delivery to 94107?" is no answer to "Which postcode is on the order?"
        postcode_in_passing = requested == "contact" and turn.entity("postcode") and not turn.entity("email")
        return starts_a_flow(turn.intent) or bool(postcode_in_passing)

    def _is_own(self, turn: CurrentTurn) -> bool:
        return turn.intent == self.form.removesuffix("_form")

    def _is_no_answer(self, turn: CurrentTurn, draft: FormDraft) -> bool:
        """Check whether the message answers nothing that was asked: then the rules answer it."""
        if not self._continues(turn) or self._is_own(turn) or draft.replies or draft.answered:
            return False
        if draft.slots.get(str(turn.slot(REQUESTED_SLOT))) is not None:
            return False
        told = any(turn.filled.get(slot) is not None for slot in ORDER_SLOTS)
        return not (told and turn.intent in ANSWERS)

    def _also_asks(self, turn: CurrentTurn, draft: FormDraft) -> bool:
        """Check whether a message that answers the form also asks something: then the rules answer that first."""
        requested = str(turn.slot(REQUESTED_SLOT))
        if draft.over or not self._continues(turn) or draft.slots.get(requested) is None or requested in self.free_text:
            return False
        elsewhere = turn.intent not in ANSWERS | EXITS | self.accepts and not self._is_own(turn)
        return elsewhere and not starts_a_flow(turn.intent) and asks_somewhere(turn.text)

    def _step_aside(self, turn: CurrentTurn) -> list[EventType]:
        taken_back = [SlotSet(slot, None) for slot in ("contact", *self.details) if slot in turn.filled]
        return [*taken_back, ActionExecutionRejected(self.form)]

    # -- the work ---------------------------------------------------------------------------------------------

    def _begin(self, turn: CurrentTurn) -> FormDraft:
        """Return the slots to start from: nothing of an earlier round, nothing that a free text happened to contain."""
        slots = {name: _one(turn.slot(name)) for name in (*ORDER_SLOTS, *self.details)}
        if isinstance(turn.slot("order_number"), list):  # several in one message
            slots["order_number"] = turn.entity("order_number") or slots["order_number"]
        if self._resumes(turn):
            return FormDraft(slots)
        if turn.activates(self.form):
            slots.update({name: turn.filled.get(name) for name in ("contact", *self.details)})
        elif turn.slot(REQUESTED_SLOT) in self.free_text and self._continues(turn):
            slots.update({name: turn.before(name) for name in ORDER_SLOTS})
        if self._continues(turn):
            slots.update(self._typed(turn))
        phone = phone_given(turn) if turn.slot(REQUESTED_SLOT) not in self.free_text else None
        if phone and (slots["contact"] is None or slots["contact"] in phone):  # a postcode may look like a part of it
            slots["contact"] = phone
        return FormDraft(slots)

    def _would_ask_in_vain(self, services: Services, turn: CurrentTurn, draft: FormDraft) -> bool:
        """Check whether a number or contact would be asked for that is not looked at after too many misses."""
        if not services.identification.is_refused(turn.conversation_id):
            return False
        return bool(draft.slots["order_number"]) or not orders_of(services, turn).all()

    def _work(self, turn: CurrentTurn, draft: FormDraft) -> None:
        services = self._open()
        if self._takes_none(turn):
            draft.leave(Reply("utter_none_of_these"))
            return
        self._choose_order(services, turn, draft)
        order = self._identify(services, turn, draft) if draft.slots["order_number"] else None
        if order is None:
            if not draft.over and self._would_ask_in_vain(services, turn, draft):
                draft.replies.clear()
                draft.leave(Reply("utter_refused_for_now"))  # what is asked for now would not be looked at
            return
        objection = None if self.is_done_by(turn) else self.objection(order, OrderContext.of(services, turn))
        if objection is not None:
            services.case_file.record_attempt(turn.conversation_id, self.form, objection.response, turn.message_id)
            draft.leave(objection)
            return
        self.check(order, draft, turn)
        self.settle(order, draft, turn)

    # -- what comes of it -------------------------------------------------------------------------------------

    def _events(self, turn: CurrentTurn, draft: FormDraft) -> list[EventType]:
        events: list[EventType] = [
            SlotSet(name, value) for name, value in draft.slots.items() if turn.slot(name) != value
        ]
        if draft.failed_lookups is not None and draft.failed_lookups != turn.slot("failed_lookups"):
            events.append(SlotSet("failed_lookups", draft.failed_lookups))
        if self._resumes(turn):  # once: the form's next round starts fresh
            events.append(SlotSet("last_handoff", {**turn.slot("last_handoff"), "resume": False}))
        missing = [slot for slot in (*ORDER_SLOTS, *self.details)
                   if draft.slots.get(slot) is None and slot not in draft.needless]
        if draft.moved_on:
            emptied = [SlotSet(slot, None) for slot in self.details if turn.slot(slot) is not None]
            return [*emptied, SlotSet(REQUESTED_SLOT, None), ActiveLoop(None), ActionExecutionRejected(self.form)]
        if not events:  # Rasa takes a form that sets no slot for one that has refused the message
            events.append(SlotSet("order_number", draft.slots["order_number"]))
        if draft.over:
            return [*events, *leave_form()]
        return [*events, SlotSet(REQUESTED_SLOT, missing[0] if missing else None)]


def _one(value: Any) -> Any:
    """Take one value: Rasa makes a list of what a message names twice, and the last is meant: "not 10402, 10417"."""
    return (value[-1] if value else None) if isinstance(value, list) else value


def starts_a_flow(intent: str) -> bool:
    """Check whether the intent has a form here: of those validated by actions, so Rasa need not send its domain."""
    return f"{intent}_form" in form_names()


def form_names(kind: type[OrderForm] = OrderForm) -> frozenset[str]:
    """Return the names of all forms of a kind."""
    own = frozenset() if isabstract(kind) else frozenset({str(kind.form)})
    return own.union(*(form_names(one) for one in kind.__subclasses__()))


def leave_form() -> list[EventType]:
    """End the form without its closing action, and wait for the customer."""
    return [SlotSet(REQUESTED_SLOT, None), ActiveLoop(None), FollowupAction("action_listen")]
