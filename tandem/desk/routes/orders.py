"""The desk's JSON API over a customer's orders.

Its work waits for the order system in threads of its own: however slow that is, the desk answers everything else.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Path, Request

from tandem.desk.agent_service import AgentService
from tandem.desk.routes.conversations import ERRORS, Id, shown_is_meant
from tandem.desk.schemas import AgentBody, ErrorOut, FindOrderBody, OrderOut, OrdersOut
from tandem.desk.security.auth import CallerDep, desk_of
from tandem.desk.security.principal import Principal
from tandem.desk.security.responses import SafeJSONResponse
from tandem.desk.views.orders import OrderService
from tandem.orders.model import Order
from tandem.orders.summary import summarise

THREADS = 8  # requests that wait for the order system at a time

_Result = TypeVar("_Result")
Number = Annotated[str, Path(max_length=64, description="The order's number")]
_UNAVAILABLE: dict[int | str, dict[str, Any]] = {503: {"model": ErrorOut}}
ORDER: dict[int | str, dict[str, Any]] = {200: {"model": OrderOut}, **_UNAVAILABLE}
ORDERS: dict[int | str, dict[str, Any]] = {200: {"model": OrdersOut}, **_UNAVAILABLE}

router = APIRouter(prefix="/api/conversations", tags=["orders"], responses=ERRORS,
                   default_response_class=SafeJSONResponse, dependencies=[Depends(shown_is_meant)])


async def waiting_for_orders(request: Request, step: Callable[[AgentService], _Result]) -> _Result:
    """Do a step that waits for the order system, in a thread apart."""
    state = request.app.state
    if not hasattr(state, "order_threads"):
        state.order_threads = CapacityLimiter(THREADS)
    return await to_thread.run_sync(step, desk_of(request).work, limiter=state.order_threads)


def _as(caller: Principal, body: AgentBody | None) -> Principal:
    return caller.named(body.agent.strip() if body and body.agent else None)


@router.post("/{conversation_id:path}/orders/find", responses=ORDER)
async def find_order(request: Request, conversation_id: Id, caller: CallerDep, body: FindOrderBody) -> SafeJSONResponse:
    """Find an order by its number and the e-mail or postcode on it, as the customer names them.

    For the agent who holds the conversation. 409 if they do not match; misses are counted as the bot counts them, and
    after too many the answer is 429.
    """
    who = _as(caller, body)
    order = await waiting_for_orders(
        request, lambda work: OrderService(work).find(who, conversation_id, body.number, body.contact))
    return SafeJSONResponse(order_form(request, order))


@router.post("/{conversation_id:path}/orders/recent", responses=ORDERS)
async def recent_orders(
    request: Request, conversation_id: Id, caller: CallerDep, body: AgentBody | None = None,
) -> SafeJSONResponse:
    """Return the latest orders of a customer whom the channel vouches for, for the agent who holds the conversation."""
    who = _as(caller, body)
    found = await waiting_for_orders(request, lambda work: OrderService(work).recent(who, conversation_id))
    return SafeJSONResponse({"orders": [order_form(request, order) for order in found]})


@router.post("/{conversation_id:path}/orders/{number}/look-up", responses=ORDER)
async def look_up_order(
    request: Request, conversation_id: Id, number: Number, caller: CallerDep,
) -> SafeJSONResponse:
    """Look up an order of this customer. 409 unless the customer has shown that it is theirs."""
    order = await waiting_for_orders(request, lambda work: OrderService(work).look_up(caller, conversation_id, number))
    return SafeJSONResponse(order_form(request, order))


@router.post("/{conversation_id:path}/orders/{number}/cancel", responses=ORDER)
async def cancel_order(
    request: Request, conversation_id: Id, number: Number, caller: CallerDep, body: AgentBody | None = None,
) -> SafeJSONResponse:
    """Cancel an order of this customer for the agent who holds the conversation; repeats change nothing."""
    who = _as(caller, body)
    order = await waiting_for_orders(request, lambda work: OrderService(work).cancel(who, conversation_id, number))
    return SafeJSONResponse(order_form(request, order))


def order_form(request: Request, order: Order) -> dict[str, Any]:
    """Write an order as `OrderOut`."""
    zone = desk_of(request).settings.shop_timezone
    return {"number": order.number, "status": order.status.value, "facts": summarise(order, zone)}
