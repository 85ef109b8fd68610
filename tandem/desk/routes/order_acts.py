"""The desk's JSON API over acts on orders: what may be done, what it will do, and doing it once."""
from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Path, Query, Request

from tandem.conversations.model import InvalidMessage
from tandem.desk.errors import Conflict
from tandem.desk.routes.conversations import ERRORS
from tandem.desk.routes.orders import order_form, waiting_for_orders
from tandem.desk.schemas import (
    DoOrderActBody,
    ErrorOut,
    OrderActBody,
    OrderActOut,
    OrderActPreviewOut,
    PossibleActsOut,
)
from tandem.desk.security.auth import CallerDep
from tandem.desk.security.principal import Principal
from tandem.desk.security.responses import SafeJSONResponse
from tandem.desk.views.order_acts import OrderActService
from tandem.orders.acts.requests import (
    ActRequest,
    AddNote,
    ExchangeItems,
    ExpediteOrder,
    IssueVoucher,
    RefundOrder,
    ReshipItems,
)
from tandem.orders.acts.service import ActPreview
from tandem.orders.model import Order
from tandem.orders.money import Money

Number = Annotated[str, Path(max_length=64, description="The order's number")]
ConversationId = Annotated[str | None, Query(max_length=255, description="Whose customer has shown the order")]

router = APIRouter(prefix="/api/orders", tags=["orders"], default_response_class=SafeJSONResponse,
                   responses={**ERRORS, 503: {"model": ErrorOut}})


@router.get("/{number:path}/acts", responses={200: {"model": PossibleActsOut}})
async def possible_acts(
    request: Request, number: Number, caller: CallerDep, conversation_id: ConversationId = None,
) -> SafeJSONResponse:
    """Return what the caller may do to an order, and how much they may still give for it today.

    An agent names the conversation that they hold and whose customer has shown that the order is theirs; a supervisor
    and a program need none.
    """
    found = await waiting_for_orders(
        request, lambda work: OrderActService(work).possible(caller, number, conversation_id))
    return SafeJSONResponse({
        "order": order_form(request, found.order), "acts": [act.value for act in found.acts],
        "refundable": _money(found.order.refundable), "left_to_give": _money(found.left)})


@router.post("/{number:path}/acts/preview", responses={200: {"model": OrderActPreviewOut}})
async def preview_act(request: Request, number: Number, caller: CallerDep, body: OrderActBody) -> SafeJSONResponse:
    """Return what an act would do; nothing is changed. The token is sent back to have it done."""
    who = _as(request, caller, body)
    seen = await waiting_for_orders(request, lambda work: OrderActService(work).preview(
        who, number, body.conversation_id, _wanted(body)))
    return SafeJSONResponse({**_preview(seen), "token": seen.token})


@router.post("/{number:path}/acts", responses={200: {"model": OrderActOut}})
async def do_act(request: Request, number: Number, caller: CallerDep, body: DoOrderActBody) -> SafeJSONResponse:
    """Do what the preview has shown: once for each key, however often it is sent.

    409 `order_changed`: look again. 503: it may or may not have been done; send the same again.
    """
    who = _as(request, caller, body)
    done, order, words = await waiting_for_orders(request, lambda work: OrderActService(work).do(
        who, number, body.conversation_id, _wanted(body), body.token, body.key))
    return SafeJSONResponse({
        **_preview(done.preview), "reference": done.result.reference, "repeated": done.repeated, "says": words,
        "order": order_form(request, order)})


def _as(request: Request, caller: Principal, body: OrderActBody) -> Principal:
    """See that the page shows the conversation that is meant, and for whom a program acts."""
    shown = request.headers.get("x-shown-conversation")
    if shown is not None and unquote(shown, errors="replace") != body.conversation_id:
        raise Conflict("the page shows another conversation; nothing was done")
    return caller.named(body.agent.strip() if body.agent else None)


def _wanted(body: OrderActBody) -> Callable[[Order], ActRequest]:
    def request(order: Order) -> ActRequest:
        amount = _amount(body.amount, order.total.currency)
        if body.act == "refund":
            return RefundOrder(amount)
        if body.act == "voucher":
            if amount is None:
                raise InvalidMessage("a voucher needs an amount such as 10.00")
            return IssueVoucher(amount)
        if body.act == "exchange":
            return ExchangeItems(tuple(body.skus), body.wanted)
        if body.act == "reship":
            return ReshipItems(tuple(body.skus))
        return AddNote(body.text) if body.act == "note" else ExpediteOrder()

    return request


def _amount(text: str | None, currency: str) -> Money | None:
    try:
        return Money(Decimal(text), currency) if text is not None else None
    except InvalidOperation:
        raise InvalidMessage("the amount is none; write it as 12.50") from None


def _preview(seen: ActPreview) -> dict[str, Any]:
    return {
        "act": seen.request.act.value, "number": seen.order.number, "amount": _money(seen.amount),
        "method": seen.method.value if seen.method else None,
        "items": [{"sku": line.sku, "name": line.name, "quantity": line.quantity} for line in seen.lines]}


def _money(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}
