"""The question whether to tell of an order's changes without being asked again, and what customers say to it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from actions.base.order_context import OrderContext
from actions.base.reply import Reply
from actions.base.turn import CurrentTurn
from tandem.conversations.consent import Consents
from tandem.conversations.consent_reader import ConsentAnswer
from tandem.conversations.model import ConversationNotFound, Owner
from tandem.order_updates.changes import has_news_to_come
from tandem.order_updates.contact_method import can_be_notified
from tandem.order_updates.notifier import UPDATE
from tandem.order_updates.subscriptions import ACT, Subscriptions
from tandem.orders.errors import OrderNotFound, OrderSystemUnavailable
from tandem.orders.model import Order, OrderStatus
from tandem.services import Services
from tandem.shop.shop_file import current_shop

# After these the question is asked: they tell of something that is still to come, and ask nothing themselves.
OFFERED_AFTER = frozenset({
    "utter_order_status_processing", "utter_order_status_processing_delayed", "utter_order_status_processing_no_date",
    "utter_order_status_shipped", "utter_order_status_shipped_no_date", "utter_order_status_held",
    "utter_order_status_delayed", "utter_order_status_partly_shipped", "utter_order_status_partly_delivered",
    "utter_order_status_back_ordered", "utter_order_status_out_for_delivery",
    "utter_order_status_out_for_delivery_no_time", "utter_track_parcel_link", "utter_track_parcel_link_scanned",
    "utter_track_parcel_number", "utter_track_parcel_number_scanned", "utter_refund_pending_inspection",
    "utter_refund_pending_return", "utter_order_status_shipped_promised", "utter_fact_notify",
    "utter_fact_notify_on_its_way",
})
WISHED = ("utter_fact_notify", "utter_fact_notify_on_its_way")  # the answers to who wants to be told
_TELLS_STANDING = ("utter_order_status_", "utter_refund_")
_ANGRY = "angry"
_PROMISE = "Tell when something changes with order {number}"  # for agents


def with_offer(order: Order, reply: Reply, context: OrderContext) -> Reply:
    """Put the question after a reply about an order, where it is due; blocking."""
    services, turn = context.services, context.turn
    subscriptions = _of(services)
    if reply.response.startswith(_TELLS_STANDING):
        subscriptions.answered(turn.conversation_id, order, str(turn.slot("mood") or ""))
    if reply.response not in OFFERED_AFTER or not _may_ask(order, reply, context):
        return reply
    wished = reply.response in WISHED
    if wished and order.number in subscriptions.active(turn.conversation_id):
        return Reply("utter_order_updates_active", {"number": order.number})
    if not subscriptions.offer(turn.conversation_id, order, turn.seq, wished):
        return reply
    question = subscriptions.question(turn.conversation_id, turn.seq, order.number)
    response = "utter_order_updates_offer_mail" if services.settings.smtp_url else "utter_order_updates_offer"
    return replace(reply, then=Reply(response, {"number": order.number}, question=vars(question)))


def _may_ask(order: Order, reply: Reply, context: OrderContext) -> bool:
    turn = context.turn
    if (not current_shop().order_updates.offer or reply.buttons or reply.then or turn.active_form or turn.seq < 1
            or turn.has_pending_wishes or turn.slot("mood") == _ANGRY):
        return False
    if not has_news_to_come(order) or order.status in (OrderStatus.LOST, OrderStatus.PAYMENT_FAILED):
        return False
    try:
        conversation = context.services.ledger.conversation(turn.conversation_id)
    except ConversationNotFound:
        return False
    return conversation.owner is Owner.BOT and can_be_notified(conversation, bool(context.services.settings.smtp_url))


def answer_to_offer(
    open_services: Callable[[], Services], turn: CurrentTurn, only_yes: bool = False,
) -> Reply | None:
    """Do what a message says to the question, if that is the bot's latest for a yes; blocking.

    Args:
        only_yes: Pass over anything but a plain yes.

    Returns:
        What to say; None where the message is about something else.
    """
    if turn.active_form or turn.seq < 1:
        return None
    services = open_services()
    number = _of(services).agree(turn.conversation_id, turn.seq, str(turn.slot("mood") or ""),
                                 str(turn.slot("language") or ""))
    if number is not None:
        services.case_file.record_promise(turn.conversation_id, _PROMISE.format(number=number), turn.message_id)
        return Reply("utter_order_updates_agreed", {"number": number})
    verdict = None if only_yes else Consents(services.ledger).verdict(turn.conversation_id, turn.seq)
    if verdict is None or verdict.question.act != ACT or not verdict.alone:
        return None
    if verdict.refuses and not verdict.says_more:
        return Reply("utter_order_updates_declined")
    if verdict.answer is ConsentAnswer.UNCLEAR:
        return Reply("utter_order_updates_unclear", {"number": verdict.question.number})
    return None


def stop_updates(services: Services, turn: CurrentTurn) -> Reply | None:
    """Tell nothing more; None where nothing would have been told. Blocking."""
    numbers = _of(services).stop(turn.conversation_id)
    if not numbers:
        return None
    if len(numbers) > 1:
        return Reply("utter_order_updates_stopped_several")
    return Reply("utter_order_updates_stopped", {"number": numbers[0]})


def follows_an_update(services: Services, turn: CurrentTurn) -> bool:
    """Check whether the last thing said before this message was an update; blocking."""
    before = services.ledger.messages(turn.conversation_id, after=max(0, turn.seq - 2), limit=1) if turn.seq > 1 else ()
    return any(UPDATE in one.data for one in before)


def changed_by_customer(services: Services, turn: CurrentTurn) -> None:
    """Note that the customer knows what they have just done to an order; blocking."""
    subscriptions = _of(services)
    number = str(turn.slot("order_number") or "")
    if number not in subscriptions.active(turn.conversation_id):
        return
    try:
        subscriptions.answered(turn.conversation_id, services.orders.find(number))
    except (OrderNotFound, OrderSystemUnavailable):
        return  # then they hear it once more


def _of(services: Services) -> Subscriptions:
    return Subscriptions(services.ledger, services.settings.shop_timezone)
