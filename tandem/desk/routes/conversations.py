"""The desk's JSON API over conversations, for programs with the token and for the desk's own pages."""
from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Query, Request

from tandem.conversations.model import Owner
from tandem.desk.agent_service import AgentService
from tandem.desk.errors import Conflict
from tandem.desk.schemas import (
    AgentBody,
    CloseBody,
    ConversationHead,
    ConversationList,
    ConversationOut,
    ErrorOut,
    HandBackBody,
    MessageOut,
    TextBody,
    TypingBody,
    conversation_form,
    message_form,
)
from tandem.desk.security.auth import CallerDep, desk_of
from tandem.desk.security.principal import Principal
from tandem.desk.security.responses import SafeJSONResponse
from tandem.desk.views.queue import Entry, sort_waiting

ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorOut, "description": text} for code, text in (
        (400, "The body is not JSON"), (401, "Not signed in, or the token is wrong"),
        (403, "The role or the CSRF token forbids it"), (404, "There is no such conversation"),
        (409, "The conversation's owner forbids it"), (413, "The body is larger than 1 MB"),
        (422, "A value is missing or not acceptable"),
    )
}


def shown_is_meant(request: Request, caller: CallerDep) -> None:
    """See that a step goes to the conversation that the agent has before their eyes.

    Raises:
        Conflict: The page says in `X-Shown-Conversation`, percent-encoded, that it shows another one.
    """
    shown = request.headers.get("x-shown-conversation")
    if shown is not None and unquote(shown, errors="replace") != request.path_params.get("conversation_id"):
        raise Conflict("the page shows another conversation; nothing was done")


router = APIRouter(prefix="/api/conversations", tags=["conversations"], responses=ERRORS,
                   default_response_class=SafeJSONResponse, dependencies=[Depends(shown_is_meant)])
Id = Annotated[str, Path(description="The Rasa sender id")]
Limit = Annotated[int, Query(ge=1, le=1000)]
HEAD: dict[int | str, dict[str, Any]] = {200: {"model": ConversationHead}}
MESSAGE: dict[int | str, dict[str, Any]] = {200: {"model": MessageOut}}


def _work(request: Request) -> AgentService:
    return desk_of(request).work


def _as(caller: Principal, body: AgentBody | None) -> Principal:
    return caller.named(body.agent.strip() if body and body.agent else None)


def _head(request: Request, conversation_id: str) -> SafeJSONResponse:
    work = _work(request)
    return SafeJSONResponse(conversation_form(work.conversation(conversation_id), work.handoff(conversation_id)))


@router.get("", responses={200: {"model": ConversationList}})
def list_conversations(
    request: Request, caller: CallerDep, owner: Owner | None = None, limit: Limit = 100,
) -> SafeJSONResponse:
    """List conversations of one owner or all; those that wait in the order of the queue, others the latest first."""
    ledger = _work(request).services.ledger
    handoffs = ledger.open_handoffs(cards=False)
    # The whole queue is read before it is cut: its order is not the order in which conversations changed.
    found = ledger.list((owner,) if owner else tuple(Owner), limit=10_000 if owner is Owner.WAITING else limit)
    entries = [Entry(one, handoffs.get(one.id)) for one in found]
    if owner is Owner.WAITING:
        entries = list(sort_waiting(entries, ledger.clock()))[:limit]
    return SafeJSONResponse({"conversations": [conversation_form(one.conversation, one.handoff) for one in entries]})


# Ids may contain slashes, so the steps below are declared before the conversation itself.


@router.post("/{conversation_id:path}/claim", responses=HEAD)
def claim(request: Request, conversation_id: Id, caller: CallerDep, body: AgentBody | None = None) -> SafeJSONResponse:
    """Take a waiting conversation. 409 when somebody else has it."""
    _work(request).claim(_as(caller, body), conversation_id)
    return _head(request, conversation_id)


@router.post("/{conversation_id:path}/take-over", responses=HEAD)
def take_over(
    request: Request, conversation_id: Id, caller: CallerDep, body: AgentBody | None = None,
) -> SafeJSONResponse:
    """Take a conversation from the bot or the queue; from a colleague as a supervisor."""
    _work(request).take_over(_as(caller, body), conversation_id)
    return _head(request, conversation_id)


@router.post("/{conversation_id:path}/release", responses=HEAD)
def release(
    request: Request, conversation_id: Id, caller: CallerDep, body: AgentBody | None = None,
) -> SafeJSONResponse:
    """Put a claimed conversation back into the queue."""
    _work(request).release(_as(caller, body), conversation_id)
    return _head(request, conversation_id)


@router.post("/{conversation_id:path}/hand-back", responses=HEAD)
def hand_back(
    request: Request, conversation_id: Id, caller: CallerDep, body: HandBackBody | None = None,
) -> SafeJSONResponse:
    """Give the conversation to the bot, with a line it will pass on, to carry on where it was or to start fresh."""
    note, resume = (body.note_for_bot, body.resume) if body else ("", False)
    _work(request).hand_back(_as(caller, body), conversation_id, note, resume)
    return _head(request, conversation_id)


@router.post("/{conversation_id:path}/resolve", responses=HEAD)
def resolve(
    request: Request, conversation_id: Id, caller: CallerDep, body: CloseBody | None = None,
) -> SafeJSONResponse:
    """Resolve the conversation; the customer's next message goes to the bot."""
    _work(request).resolve(_as(caller, body), conversation_id, body.note_for_bot if body else "")
    return _head(request, conversation_id)


@router.post("/{conversation_id:path}/reply", responses=MESSAGE)
def reply(request: Request, conversation_id: Id, caller: CallerDep, body: TextBody) -> SafeJSONResponse:
    """Say something to the customer. A repeat of `client_id` answers with the first message."""
    message = _work(request).reply(_as(caller, body), conversation_id, body.text, body.client_id)
    return SafeJSONResponse(message_form(message))


@router.post("/{conversation_id:path}/note", responses=MESSAGE)
def note(request: Request, conversation_id: Id, caller: CallerDep, body: TextBody) -> SafeJSONResponse:
    """Leave a private note for agents; the customer never gets it."""
    message = _work(request).note(_as(caller, body), conversation_id, body.text, body.client_id)
    return SafeJSONResponse(message_form(message))


@router.post("/{conversation_id:path}/typing", status_code=204, response_class=SafeJSONResponse)
def typing(request: Request, conversation_id: Id, caller: CallerDep, body: TypingBody | None = None) -> None:
    """Show the customer that the agent writes; the sign fades by itself after six seconds."""
    _work(request).typing(_as(caller, body), conversation_id, body.writes if body else True)


@router.post("/{conversation_id:path}/messages/{seq}/retry", responses=MESSAGE)
def retry(
    request: Request, conversation_id: Id, seq: Annotated[int, Path(ge=1, le=2**31 - 1)], caller: CallerDep,
    body: AgentBody | None = None,
) -> SafeJSONResponse:
    """Try a message again whose delivery failed or is in doubt."""
    return SafeJSONResponse(message_form(_work(request).retry(_as(caller, body), conversation_id, seq)))


@router.get("/{conversation_id:path}", responses={200: {"model": ConversationOut}})
def get_conversation(
    request: Request, conversation_id: Id, caller: CallerDep,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Leave out messages up to this seq")] = 0,
) -> SafeJSONResponse:
    """Return one conversation with its open handoff, the context card, and its messages."""
    work = _work(request)
    conversation = work.conversation(conversation_id)
    desk_of(request).readings.note(caller.agent.id, caller.via, conversation_id)
    messages = work.services.ledger.messages(conversation_id, after=after, limit=100_000)
    return SafeJSONResponse(conversation_form(conversation, work.handoff(conversation_id), messages))
