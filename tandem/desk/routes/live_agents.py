"""Routes for outside live-agent tools: their webhooks, and the dead letters of the relay."""
from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from tandem.agents import audit
from tandem.desk.errors import DeskError, NotFound, Unauthenticated
from tandem.desk.routes.conversations import ERRORS
from tandem.desk.security.auth import SupervisorDep, desk_of
from tandem.desk.security.principal import Principal
from tandem.desk.security.responses import SafeJSONResponse
from tandem.live_agents.protocol import WebhookRejected, WebhookUnreadable
from tandem.live_agents.relay.worker import Relay, UnknownChannel

logger = logging.getLogger(__name__)

MAX_WEBHOOK = 512_000  # bytes

HandoffId = Annotated[str, Path(max_length=64)]
WebhookId = Annotated[int, Path(ge=1, le=2**31 - 1)]

door = APIRouter(prefix="/live-agents", tags=["live agents"], responses=ERRORS, default_response_class=SafeJSONResponse)
router = APIRouter(prefix="/api/relays", tags=["live agents"], responses=ERRORS,
                   default_response_class=SafeJSONResponse)


class DeadLetters(BaseModel):
    """What could not be carried."""

    handoffs: list[dict[str, Any]] = Field(..., description="handoffs that a tool did not take")
    webhooks: list[dict[str, Any]] = Field(..., description="webhooks that could not be read")
    events: list[dict[str, Any]] = Field(..., description="agents' acts that could not be carried out")


class ReplayResult(BaseModel):
    """What is tried again."""

    replayed: str


class DiscardResult(BaseModel):
    """What is given up."""

    discarded: str


class Unreadable(DeskError):
    """A webhook is not what its tool is known to send."""

    status, error = 400, "bad_request"


@contextlib.asynccontextmanager
async def working(relay: Relay) -> AsyncIterator[None]:
    """Let the relay work for as long as the desk runs."""
    task = asyncio.get_running_loop().create_task(relay.run(), name="relay") if relay.channels else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        relay.close()


@door.post("/{channel}/webhook")
async def webhook(request: Request, channel: Annotated[str, Path(max_length=64)]) -> SafeJSONResponse:
    """Take a webhook of a live-agent tool: it is checked, stored and answered; the work comes later."""
    desk = desk_of(request)
    address = request.client.host if request.client else "unknown"
    body = await _body(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        answer = await run_in_threadpool(desk.relay.receive_webhook, channel, headers, body)
    except UnknownChannel as error:
        desk.pace.rejected_webhook(address)
        raise NotFound("endpoints.yml has no live-agent channel of this name") from error
    except WebhookUnreadable as error:
        raise Unreadable(str(error)) from error
    except WebhookRejected as error:
        desk.pace.rejected_webhook(address)
        logger.warning("A webhook for %s was rejected: %s", channel, error)
        raise Unauthenticated(str(error)) from error
    return SafeJSONResponse(answer if answer is not None else {"status": "kept"})


@router.get("/dead", responses={200: {"model": DeadLetters}})
def dead_letters(request: Request, caller: SupervisorDep) -> SafeJSONResponse:
    """Return the dead letters of all live-agent channels. Needs the role supervisor."""
    return SafeJSONResponse(desk_of(request).relay.dead())


@router.post("/{handoff_id}/replay", responses={200: {"model": ReplayResult}})
def replay(
    request: Request, handoff_id: HandoffId, caller: SupervisorDep,
    skip: Annotated[bool, Query(description="Leave the message out at which it stopped")] = False,
) -> SafeJSONResponse:
    """Retry a dead handoff, and its agents' dead actions, from where they stopped. Needs the role supervisor."""
    with _dead_letter(request, caller, "skip" if skip else "replay", handoff_id) as relay:
        _require(relay.replay(handoff_id, skip), handoff_id)
    return SafeJSONResponse({"replayed": handoff_id})


@router.post("/webhooks/{webhook_id}/replay", responses={200: {"model": ReplayResult}})
def replay_webhook(request: Request, webhook_id: WebhookId, caller: SupervisorDep) -> SafeJSONResponse:
    """Read a dead webhook again, after its adapter was fixed. Needs the role supervisor."""
    with _dead_letter(request, caller, "replay", f"webhook {webhook_id}") as relay:
        _require(relay.replay_webhook(webhook_id), f"webhook {webhook_id}")
    return SafeJSONResponse({"replayed": str(webhook_id)})


@router.post("/{handoff_id}/discard", responses={200: {"model": DiscardResult}})
def discard(request: Request, handoff_id: HandoffId, caller: SupervisorDep) -> SafeJSONResponse:
    """Give up a dead handoff, and its agents' dead actions, for good; the conversation itself is not touched.

    Needs the role supervisor.
    """
    with _dead_letter(request, caller, "discard", handoff_id) as relay:
        _require(relay.discard(handoff_id), handoff_id)
    return SafeJSONResponse({"discarded": handoff_id})


@router.post("/webhooks/{webhook_id}/discard", responses={200: {"model": DiscardResult}})
def discard_webhook(request: Request, webhook_id: WebhookId, caller: SupervisorDep) -> SafeJSONResponse:
    """Give a dead webhook up for good, and empty it. Needs the role supervisor."""
    with _dead_letter(request, caller, "discard", f"webhook {webhook_id}") as relay:
        _require(relay.discard_webhook(webhook_id), f"webhook {webhook_id}")
    return SafeJSONResponse({"discarded": str(webhook_id)})


@contextlib.contextmanager
def _dead_letter(request: Request, caller: Principal, action: str, letter: str) -> Iterator[Relay]:
    """Do something about a dead letter, with its line of the audit log in the same transaction."""
    desk = desk_of(request)
    _require(letter in _dead_names(desk.relay), letter)
    with audit.recorded(desk.services.engine, caller.agent.id, caller.via, action, detail=letter):
        yield desk.relay


def _dead_names(relay: Relay) -> set[str]:
    """Name all dead letters as the audit log does."""
    dead = relay.dead()
    handoffs = {one["handoff_id"] for one in (*dead["handoffs"], *dead["events"])}
    return handoffs | {f"webhook {one['id']}" for one in dead["webhooks"]}


def _require(exists: bool, letter: str) -> None:
    if not exists:
        raise NotFound(f"no dead letter belongs to {letter}")


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_WEBHOOK:
            raise HTTPException(413, f"a webhook may have at most {MAX_WEBHOOK} bytes")
    return body
