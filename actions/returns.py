"""Sending things back."""
from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from actions.base.bare_names import only_names
from actions.base.choices import means_all, read_choice
from actions.base.claims import REASONS, earlier_claim
from actions.base.consent import CONFIRMED, RETURN_ITEM, ActRefused, AskForConsent, ConsentedAction, ConsentForm
from actions.base.customer_orders import names
from actions.base.form_draft import FormDraft
from actions.base.item_choice import chosen_skus, corrected_item, named_item
from actions.base.order_context import OrderContext
from actions.base.order_form import ANSWERS
from actions.base.order_questions import ALL
from actions.base.order_threads import with_orders
from actions.base.reply import Reply
from actions.base.return_matters import ADDS, CHOOSING, MATTERS, MONEY, matter_beside
from actions.base.return_reasons import denies, read_told_reason
from actions.base.return_replies import item_not_come, not_returnable, not_set_up_yet
from actions.base.services import formats_of, shop_policies
from actions.base.turn import REQUESTED_SLOT, CurrentTurn
from actions.base.turn_orders import orders_of
from tandem.conversations.consent import Question
from tandem.conversations.consent_reader import ConsentAnswer, asks, read_answer
from tandem.orders.acts.service import BOT
from tandem.orders.errors import (
    InvalidOrderNumber,
    NotIdentified,
    NotReturnable,
    OrderNotFound,
    OrderSystemUnavailable,
    UnknownItem,
)
from tandem.orders.model import Order, ReturnReason
from tandem.orders.policies import return_refusal
from tandem.services import Services
from tandem.wording.phrases import notice

PHRASES = Path("data/responses/returns.yml")
_KEEPS = re.compile(r"\b(?:keep(?:ing)?|stay(?:s|ing)?)\b", re.IGNORECASE)
_DROPS_ALL = re.compile(r"\b(?:(?:leave|forget|keep) (?:it|that|this|them|everything|all)|never ?mind)\b",
                        re.IGNORECASE)
_ADDS = re.compile(r"\b(?:too|as well|also|both)\b", re.IGNORECASE)
_REASONS = frozenset(reason.value for reason in ReturnReason)


class ValidateReturnItemForm(ConsentForm):
    """Asks what goes back, if there is a choice, and why; says what will happen, and asks for a yes."""

    form = "return_item_form"
    act = RETURN_ITEM
    details = ("return_item", "return_reason", "confirmed")
    accepts = MATTERS

    def objection(self, order: Order, context: OrderContext) -> Reply | None:
        not_come = item_not_come(order, context) if self._chooses(order, context.turn) else None
        if not_come is not None:
            return not_come
        refused = return_refusal(order, context.dates.at)
        return not_returnable(order, refused, context) if refused else None

    def _chooses(self, order: Order, turn: CurrentTurn) -> bool:
        """Check whether what the message names is what it wants sent back: "no, the chair"."""
        if turn.activates(self.form) or turn.slot(REQUESTED_SLOT) == "return_item":
            return not means_all(turn.text)
        return self._continues(turn) and only_names(turn.text, [item.name for item in order.items], CHOOSING)

    def _asks_for_money(self, turn: CurrentTurn) -> bool:
        """Check whether the message wants the money of what is not sent back yet."""
        asked = turn.answer if turn.intent == "order_fact" else turn.intent
        return self._continues(turn) and turn.slot(REQUESTED_SLOT) in self.details and asked in MONEY

    def _leads_elsewhere(self, turn: CurrentTurn) -> bool:
        return turn.rest is None and not self._asks_for_money(turn) and super()._leads_elsewhere(turn)

    async def prepare(self, turn: CurrentTurn) -> None:
        await super().prepare(turn)
        await self.keeps_a_part(turn)

    async def keeps_a_part(self, turn: CurrentTurn) -> bool:
        asked = self._continues(turn) and turn.slot(REQUESTED_SLOT) in ("return_item", "return_reason")
        if asked and _KEEPS.search(turn.text) and not _DROPS_ALL.search(turn.text):
            turn.rest = await with_orders(self._rest, turn)
        return turn.rest is not None

    def _rest(self, turn: CurrentTurn) -> str | None:
        """Return what still goes back where a message takes something out of the return; None if it does not."""
        try:
            order = orders_of(self._open(), turn).order(str(turn.slot("order_number") or ""))
        except (InvalidOrderNumber, NotIdentified, OrderNotFound, OrderSystemUnavailable):
            return None
        items = {item.sku: item.name for item in order.delivered_items}
        chosen = read_choice(turn.text, list(items.values())) or ()
        goes = [list(items)[place] for place in chosen]
        before = chosen_skus(turn.before("return_item"))
        if before is not None and not set(goes) & set(before) and not any(names(turn.text, items[sku]) for sku in goes):
            return None  # of one thing: "keep the mugs" keeps what was to go back
        return ",".join(goes) if goes and len(goes) < len(items) else None

    def _answers_beside(self, draft: FormDraft, turn: CurrentTurn, items: Mapping[str, str], asked: str | None) -> bool:
        """Take what is said of another thing of the order as that: the return stays as it was."""
        going = chosen_skus(turn.before("return_item"))
        refuses = turn.verdict is not None and turn.verdict.refuses
        if asked not in ("return_reason", CONFIRMED) or going is None or refuses or turn.rest is not None:
            return False
        matter = matter_beside(turn, items, set(going))
        if matter is None:
            return False
        services, turn.verdict = self._open(), None
        draft.slots.update({slot: turn.before(slot) for slot in ("return_item", "return_reason")})
        if asked == "return_reason":
            draft.slots["return_reason"] = None
        if matter.response:
            named = formats_of(services).joined(items[sku] for sku in matter.skus)
            draft.replies.append(Reply(matter.response, {"item": named}))
            services.case_file.record_attempt(turn.conversation_id, matter.intent or turn.intent,
                                              f"said of {named}, beside a return", turn.message_id)
        return True

    def check(self, order: Order, draft: FormDraft, turn: CurrentTurn) -> None:
        items = {item.sku: item.name for item in order.delivered_items}
        starts = turn.activates(self.form)
        asked = None if starts else turn.slot(REQUESTED_SLOT)
        if self._answers_beside(draft, turn, items, asked):
            return
        if turn.rest is not None:
            draft.slots.update(return_item=turn.rest, return_reason=turn.before("return_reason"))
            draft.answered = True
        if asked == "return_item" and read_choice(turn.text, list(items.values())) == ():
            draft.leave(Reply(self.act.kept, {"number": order.number}))
            return
        self._check_item(draft, turn, items, turn.text if starts else None, asked)
        if starts:
            self._take_up_claim(draft, turn, items)
        self._check_reason(draft, turn, asked)
        skus = chosen_skus(draft.slots["return_item"])
        draft.slots["returning"] = formats_of(self._open()).items(
            [item for item in order.delivered_items if skus is None or item.sku in skus])
        if self._asks_for_money(turn):
            draft.replies.append(not_set_up_yet(order, skus, self._open()))

    def _check_item(
        self, draft: FormDraft, turn: CurrentTurn, items: dict[str, str], opening: str | None, asked: str | None,
    ) -> None:
        chosen = draft.slots["return_item"] or opening
        if len(items) == 1:
            draft.slots["return_item"] = next(iter(items))
        elif chosen and chosen != ALL:
            draft.slots["return_item"] = named_item(str(chosen), items)
        named = corrected_item(turn.text, items) if asked in ("return_reason", CONFIRMED) and len(items) > 1 else None
        going = chosen_skus(turn.before("return_item"))
        if named == ALL and turn.verdict is not None and turn.verdict.refuses:
            return  # "no, keep it all"
        adds = bool(_ADDS.search(turn.text) or ADDS.search(turn.text))
        if named and named != ALL and going is not None and adds:  # "put the bag in as well"
            both = {*going, *named.split(",")}
            named = ALL if len(both) == len(items) else ",".join(sku for sku in items if sku in both)
        elif named and named == draft.slots["return_item"] and turn.verdict is not None and turn.verdict.refuses:
            turn.verdict = None  # "the towel goes back, keep the mugs" refuses nothing of what was asked
        if named and named != draft.slots["return_item"]:  # "no, the towel"
            draft.slots["return_item"] = named
            if asked == "return_reason":
                draft.slots["return_reason"] = None
            draft.answered = True

    def _take_up_claim(self, draft: FormDraft, turn: CurrentTurn, items: dict[str, str]) -> None:
        """Take the thing of which the customer has just said what is wrong for the one that goes back."""
        claim = earlier_claim(turn, items)
        if claim is None or not claim.skus:
            return
        if draft.slots["return_item"] is None and not means_all(turn.text):
            draft.slots["return_item"] = ALL if len(claim.skus) == len(items) else ",".join(claim.skus)
        if draft.slots["return_item"] == ",".join(claim.skus) and draft.slots["return_reason"] is None:
            draft.slots["return_reason"] = REASONS[claim.intent] or None

    def _check_reason(self, draft: FormDraft, turn: CurrentTurn, asked: str | None) -> None:
        agrees = turn.verdict is not None and turn.verdict.agrees
        if agrees or (asked == "return_item" and turn.entity("return_reason") is None):
            draft.slots["return_reason"] = turn.before("return_reason")
        reason, before = draft.slots["return_reason"], turn.before("return_reason")
        told = None if asked == "return_item" else read_told_reason(turn.text)
        if told is ReturnReason.OTHER and before is not None:
            told = None  # it says no more than what is known
        if reason and denies(turn.text, str(reason)):  # "I didn't say it's damaged"
            reason = draft.slots["return_reason"] = turn.text if before in (None, reason) else before
        if reason and reason not in _REASONS:
            # Any sentence is a reason, but a yes, a no, a question, or what answers an earlier question again is not.
            is_reason = (turn.intent in ANSWERS - {"affirm", "deny"} and not asks(turn.text)
                         and not turn.says_only("email", "postcode", "order_number"))
            goes_on = asked == "return_reason" and read_answer(turn.text, self.act.name) is ConsentAnswer.EXPLICIT_YES
            told = told or (ReturnReason.OTHER if is_reason or goes_on else None)
            draft.slots["return_reason"] = told.value if told else None
        elif told and asked == CONFIRMED and turn.verdict is not None and turn.verdict.answer is ConsentAnswer.OTHER:
            turn.verdict, draft.answered = None, True  # "just don't like it" refuses nothing
            draft.slots["return_reason"] = told.value
        elif told and (reason is None or self._is_told_anew(turn, asked)):
            draft.slots["return_reason"] = told.value
        if asked == CONFIRMED and draft.slots["return_reason"] != before:
            draft.answered = True

    def _is_told_anew(self, turn: CurrentTurn, asked: str | None) -> bool:
        """Check whether the message gives another reason beside the question for a yes: "I just don't like it"."""
        answers = turn.verdict is not None and (turn.verdict.agrees or turn.verdict.refuses)
        return asked == CONFIRMED and not answers and turn.intent in ANSWERS


class ActionAskReturnItemConsent(AskForConsent):
    act = RETURN_ITEM
    asks = "utter_ask_return_item_form_confirmed"

    def values(self, question: Question, services: Services) -> Mapping[str, str]:
        days = formats_of(services).span(*shop_policies(services).refund_business_days)
        reason = question.details["return_reason"] or ReturnReason.OTHER.value
        return {"why": notice(f"return_reason_{reason}", PHRASES), "days": days}


class ActionReturnItem(ConsentedAction):
    """Registers the return after a yes."""

    act = RETURN_ITEM
    forgets = ("return_item", "return_reason", "confirmed")

    def do(self, order: Order, context: OrderContext, key: str) -> Reply:
        chosen = str(context.turn.slot("return_item") or ALL)
        reason = str(context.turn.slot("return_reason") or ReturnReason.OTHER.value)
        try:
            request = context.services.acts.start_return(
                order.number, chosen_skus(chosen), ReturnReason(reason), BOT, idempotency_key=key,
                conversation_id=context.turn.conversation_id)
        except NotReturnable as error:
            raise ActRefused(not_returnable(order, error.reason, context)) from error
        except UnknownItem as error:
            raise ActRefused(Reply("utter_return_item_unknown", {"number": order.number})) from error
        values = {
            "number": order.number, "return_id": request.id, "send_by": context.dates.day(request.send_by),
            "days": context.formats.span(*context.policies.refund_business_days), "url": request.label_url,
            "returned": context.formats.items([item for item in order.items if item.sku in request.skus]),
        }
        context.promise(f"Return {request.id}: free label, refund {values['days']} business days after inspection")
        return Reply("utter_return_item_label" if request.label_url else "utter_return_item_label_by_mail", values)
