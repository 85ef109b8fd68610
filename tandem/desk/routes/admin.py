"""How the desk stands, and customers' rights over their data."""
from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from starlette.responses import PlainTextResponse, Response

from tandem import privacy, run_state
from tandem.agents import presence
from tandem.conversations.model import InvalidMessage
from tandem.db.engine import now, reading
from tandem.desk.errors import NotFound, Unavailable
from tandem.desk.metrics import read_metrics
from tandem.desk.prometheus import CONTENT_TYPE, exposition
from tandem.desk.routes.conversations import ERRORS
from tandem.desk.schemas import CustomerExport, ErasureResult, PresenceBody, Stats
from tandem.desk.security.auth import AdminDep, CallerDep, MetricsDep, desk_of
from tandem.desk.security.responses import SafeJSONResponse
from tandem.orders.errors import OrderSystemUnavailable

router = APIRouter(prefix="/api", responses=ERRORS, default_response_class=SafeJSONResponse)
health = APIRouter(tags=["operation"])
OneConversation = Annotated[str | None, Query(max_length=255)]
OneEmail = Annotated[str | None, Query(max_length=254)]


@health.get("/healthz")
def healthz(request: Request) -> dict[str, str]:
    """Answer 200 while the desk and its database answer; 503 if the database does not."""
    with reading(desk_of(request).services.engine).connect() as connection:
        connection.execute(select(1))
    return {"status": "ok"}


@health.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, caller: MetricsDep) -> Response:
    """Write the numbers of `/api/stats` for Prometheus, which sends the metrics token as its bearer token."""
    desk = desk_of(request)
    runs = run_state.read(run_state.installation_of(desk.settings.database_url))
    return Response(exposition(read_metrics(desk.services, desk.relay), runs), media_type=CONTENT_TYPE)


@router.get("/stats", responses={200: {"model": Stats}}, tags=["operation"])
def stats(request: Request, caller: CallerDep) -> SafeJSONResponse:
    """Tell who waits and for how long, who is at the desk, how quickly people answer, and how deliveries stand."""
    desk = desk_of(request)
    return SafeJSONResponse(read_metrics(desk.services, desk.relay).to_dict())


@router.post("/me/presence", status_code=204, response_class=SafeJSONResponse, tags=["operation"])
def set_presence(request: Request, caller: CallerDep, body: PresenceBody) -> None:
    """Say that the signed-in agent steps away, or is back."""
    presence.set_away(desk_of(request).services.engine, caller.agent.id, body.away)


@router.get("/customers/export", responses={200: {"model": CustomerExport}}, tags=["customers"])
def export_customer(
    request: Request, caller: AdminDep, conversation_id: OneConversation = None, email: OneEmail = None,
) -> SafeJSONResponse:
    """Export all that is kept of one conversation, or of each of an e-mail address. Needs the role admin."""
    desk = desk_of(request)
    ids = _ids(request, conversation_id, email)
    found = privacy.export(desk.services.ledger, desk.settings.tracker_url, ids, caller.agent.id, caller.via)
    return SafeJSONResponse({"exported_at": now().isoformat(), "conversations": found})


@router.delete("/customers", responses={200: {"model": ErasureResult}}, tags=["customers"])
def erase_customer(
    request: Request, caller: AdminDep, conversation_id: OneConversation = None, email: OneEmail = None,
) -> SafeJSONResponse:
    """Erase a conversation, or every conversation of an e-mail address: transcript, bot's memory, relay, audit log.

    Needs the role admin. Orders belong to the order system and are not touched.
    """
    desk = desk_of(request)
    ids = _ids(request, conversation_id, email)
    privacy.erase(desk.services.ledger, desk.settings.tracker_url, ids, caller.agent.id, caller.via)
    return SafeJSONResponse({"erased": ids})


def _ids(request: Request, conversation_id: str | None, email: str | None) -> list[str]:
    desk = desk_of(request)
    if (conversation_id is None) == (email is None):
        raise InvalidMessage("give either conversation_id or email")
    if conversation_id is not None:
        return [desk.work.conversation(conversation_id).id]
    try:
        found = privacy.conversations_of(desk.services.ledger, desk.services.orders, email or "")
    except OrderSystemUnavailable as error:
        raise Unavailable("the order system does not answer, so conversations might be missed; try again") from error
    if not found:
        raise NotFound("no conversation is known under this e-mail address")
    return found
