"""Invoices, and payments that did not go through."""
from __future__ import annotations

from pathlib import Path

from actions.base.customer_orders import accessible_orders
from actions.base.order_action import OrderAction
from actions.base.order_context import OrderContext
from actions.base.order_form import OrderForm
from actions.base.reply import Reply
from actions.base.reply_action import ReplyAction
from actions.base.several_orders import SeveralOrders
from actions.base.status import status_reply
from actions.base.turn import CurrentTurn
from tandem.conversations.consent import OTHERS
from tandem.orders.errors import InvoiceNotReady, OrderSystemUnavailable
from tandem.orders.model import Order, OrderStatus
from tandem.wording.phrases import notice

PHRASES = Path("data/responses/payment.yml")


class ValidateInvoiceForm(SeveralOrders, OrderForm):
    form = "invoice_form"


class ActionInvoice(OrderAction):
    """Hands over the invoice, or says where it was mailed."""

    each = True
    forgets = (OTHERS,)

    def name(self) -> str:
        return "action_invoice"

    def answer(self, order: Order, context: OrderContext) -> Reply:
        try:
            invoice = context.services.orders.invoice(order.number)
        except InvoiceNotReady:
            return Reply("utter_invoice_not_ready", {"number": order.number})
        values = {
            "number": order.number, "invoice": invoice.number, "total": context.formats.money(invoice.total),
            "email": invoice.sent_to, "url": invoice.url,
        }
        if not context.is_vouched_for(order):
            values["email"] = notice("masked_email", PHRASES)
        return Reply("utter_invoice_link" if invoice.url else "utter_invoice_by_mail", values)


class ActionPaymentProblem(ReplyAction):
    """Tells of an order on hold if there is one, else what helps when a payment fails."""

    asks_orders = True

    def name(self) -> str:
        return "action_payment_problem"

    def reply(self, turn: CurrentTurn) -> Reply:
        services = self._open()
        try:
            orders = accessible_orders(services, turn).orders
        except OrderSystemUnavailable:
            orders = ()
        on_hold = next((order for order in orders if order.status is OrderStatus.PAYMENT_FAILED), None)
        if on_hold is None:
            return Reply("utter_payment_problem")
        return status_reply(on_hold, OrderContext.of(services, turn).dates)
