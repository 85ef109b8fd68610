"""Accounts, one's own password and the audit log: their API and their pages."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, StrictBool, StrictInt, StrictStr
from starlette.responses import Response

from tandem.agents import accounts, audit
from tandem.agents.accounts import MAX_PASSWORD, AccountError, Role
from tandem.agents.presence import capacity_of, set_capacity
from tandem.conversations.model import ConversationNotFound, NotAllowed
from tandem.desk.errors import Conflict, Forbidden, NotFound
from tandem.desk.routes.conversations import ERRORS
from tandem.desk.routes.pages import SessionDep, SupervisorSessionDep, link
from tandem.desk.security.auth import AdminDep, CallerDep, SupervisorDep, desk_of
from tandem.desk.security.principal import Principal
from tandem.desk.security.responses import SafeJSONResponse
from tandem.desk.security.sign_in_attempts import SignInRefused, TooManyAttempts

api = APIRouter(prefix="/api", responses=ERRORS, default_response_class=SafeJSONResponse, tags=["accounts"])
pages = APIRouter(include_in_schema=False)
AgentId = Annotated[str, Path(max_length=64, description="The sign-in name")]
Word = Annotated[str, Query(max_length=255)]
Before = Annotated[int | None, Query(ge=1, le=2**62, description="Only lines older than the one of this id")]


class NewAccount(BaseModel):
    """An account to make."""

    id: StrictStr = Field(..., max_length=64, description="The sign-in name: a-z, 0-9, dot, dash, underscore")
    name: StrictStr = Field(..., max_length=120, description="What colleagues and customers see")
    password: StrictStr = Field(..., max_length=MAX_PASSWORD)
    role: Role = Role.AGENT


class AccountChange(BaseModel):
    """What becomes different; what is left out stays."""

    role: Role | None = None
    active: StrictBool | None = Field(None, description="false closes the account and ends its sessions")
    name: StrictStr | None = Field(None, max_length=120)
    capacity: StrictInt | None = Field(None, description="Conversations that the agent takes at a time, 1 to 100")


class NewPassword(BaseModel):
    """A password that an admin sets."""

    password: StrictStr = Field(..., max_length=MAX_PASSWORD)


class OwnPassword(NewPassword):
    """A password that an agent sets."""

    current: StrictStr = Field(..., max_length=MAX_PASSWORD)


class AccountOut(BaseModel):
    """An account."""

    id: str
    name: str
    role: Role
    active: bool
    capacity: int


class AuditPage(BaseModel):
    """Lines of the audit log, the newest first; `older` is the `before` of the next page."""

    entries: list[dict[str, Any]]
    older: int | None


@api.get("/accounts", response_model=list[AccountOut])
def list_accounts(request: Request, caller: AdminDep) -> SafeJSONResponse:
    """List all accounts. Needs the role admin, like all that concerns accounts of others."""
    engine = desk_of(request).services.engine
    return SafeJSONResponse([_form(request, one) for one in accounts.list_agents(engine)])


@api.post("/accounts", response_model=AccountOut, status_code=201)
def add_account(request: Request, caller: AdminDep, body: NewAccount) -> SafeJSONResponse:
    """Make an account."""
    with _recorded(request, caller, "account_add", f"{body.id} {body.role.value}"):
        made = accounts.add_agent(desk_of(request).services.engine, body.id, body.name, body.password, body.role)
    return SafeJSONResponse(_form(request, made), status_code=201)


@api.patch("/accounts/{agent_id}", response_model=AccountOut)
def change_account(request: Request, caller: AdminDep, agent_id: AgentId, body: AccountChange) -> SafeJSONResponse:
    """Change an account's role, display name or capacity, close it or open it again."""
    engine = desk_of(request).services.engine
    _known(request, agent_id)
    if body.capacity is not None:
        with _recorded(request, caller, "account_capacity", f"{agent_id} {body.capacity}"):
            set_capacity(engine, agent_id, body.capacity)
    rest = body.copy(exclude={"capacity"})
    if rest.dict(exclude_none=True):
        changed = " ".join(_what(rest))
        with _recorded(request, caller, "account_change", f"{agent_id} {changed}"):
            accounts.change(engine, agent_id, role=body.role, active=body.active, name=body.name)
    return SafeJSONResponse(_form(request, _known(request, agent_id)))


@api.post("/accounts/{agent_id}/password", status_code=204, response_class=SafeJSONResponse)
def set_password(request: Request, caller: AdminDep, agent_id: AgentId, body: NewPassword) -> None:
    """Set a password, which ends the account's sessions."""
    _known(request, agent_id)
    with _recorded(request, caller, "account_password", agent_id):
        accounts.set_password(desk_of(request).services.engine, agent_id, body.password)


@api.delete("/accounts/{agent_id}", status_code=204, response_class=SafeJSONResponse)
def delete_account(request: Request, caller: AdminDep, agent_id: AgentId) -> None:
    """Delete an account for good. The customers it has go back to the queue, with the place they had."""
    _known(request, agent_id)
    desk = desk_of(request)
    for conversation_id, handoff in desk.services.ledger.open_handoffs(cards=False).items():
        if handoff.claimed_by == agent_id:
            try:
                desk.work.release(caller, conversation_id)
            except (NotAllowed, ConversationNotFound):
                continue  # it ended just now
    with _recorded(request, caller, "account_delete", agent_id):
        accounts.remove(desk.services.engine, agent_id)


@api.post("/me/password", status_code=204, response_class=SafeJSONResponse)
def change_own_password(request: Request, caller: CallerDep, body: OwnPassword) -> None:
    """Change the password of the signed-in agent, who proves the present one. Their other sessions end."""
    desk, session = desk_of(request), caller.session
    if session is None:
        raise Forbidden("a program has no password")
    address = request.client.host if request.client else "unknown"
    try:
        desk.sign_in.attempt(session.account.id, body.current, address)
    except TooManyAttempts as error:
        raise Conflict(f"too many attempts; {error}") from error
    except SignInRefused as error:
        raise Forbidden("the present password is wrong") from error
    with _recorded(request, caller, "own_password"):
        accounts.set_password(desk.services.engine, session.account.id, body.password, session.id_hash)


@api.get("/audit", response_model=AuditPage)
def audit_log(
    request: Request, caller: SupervisorDep, actor: Word = "", action: Word = "", conversation_id: Word = "",
    before: Before = None, limit: Annotated[int, Query(ge=1, le=audit.MAX_PAGE)] = 100,
) -> SafeJSONResponse:
    """Read the audit log, the newest lines first. Needs the role supervisor."""
    found = _entries(request, actor, action, conversation_id, before, limit)
    return SafeJSONResponse({"entries": [{**asdict(one), "at": one.at.isoformat()} for one in found],
                             "older": found[-1].id if len(found) == limit else None})


@pages.get("/accounts")
def accounts_page(request: Request, session: SessionDep) -> Response:
    """Show all accounts to an admin.

    Raises:
        Forbidden: The agent is none.
    """
    if not session.account.role.covers(Role.ADMIN):
        raise Forbidden("this page is for admins")
    desk = desk_of(request)
    found = [_form(request, one) for one in accounts.list_agents(desk.services.engine)]
    return desk.pages.render("accounts.html", session=session, accounts=found, roles=[role.value for role in Role])


@pages.get("/account")
def own_account_page(request: Request, session: SessionDep) -> Response:
    """Show the signed-in agent their account, to change the password."""
    return desk_of(request).pages.render("account.html", session=session)


@pages.get("/audit")
def audit_page(
    request: Request, session: SupervisorSessionDep, actor: Word = "", action: Word = "", conversation_id: Word = "",
    before: Before = None,
) -> Response:
    """Show the audit log to supervisors."""
    actor, action, conversation_id = actor.strip(), action.strip(), conversation_id.strip()
    found = _entries(request, actor, action, conversation_id, before, 100)
    asked = {"actor": actor, "action": action, "conversation_id": conversation_id}
    older = ""
    if len(found) == 100:
        older = "/audit?" + urlencode({**{key: value for key, value in asked.items() if value}, "before": found[-1].id},
                                      errors="replace")
    return desk_of(request).pages.render("audit.html", session=session, entries=found, asked=asked, older=older,
                                         link=link)


def _entries(
    request: Request, actor: str, action: str, conversation_id: str, before: int | None, limit: int,
) -> list[audit.AuditEntry]:
    words = {"actor": actor, "action": action, "conversation_id": conversation_id}
    plain = {name: value.replace("\x00", "") for name, value in words.items()}
    return list(audit.entries(desk_of(request).services.engine, **plain, before=before, limit=limit))


def _form(request: Request, account: accounts.Account) -> dict[str, Any]:
    capacity = capacity_of(desk_of(request).services.engine, account.id)
    return {"id": account.id, "name": account.name, "role": account.role.value, "active": account.active,
            "capacity": capacity or 0}


def _known(request: Request, agent_id: str) -> accounts.Account:
    found = accounts.find(desk_of(request).services.engine, agent_id.replace("\x00", ""))
    if found is None:
        raise NotFound(f"there is no account {agent_id!r}"[:100])
    return found


def _what(change: AccountChange) -> Iterator[str]:
    if change.role is not None:
        yield f"role {change.role.value}"
    if change.active is not None:
        yield "opened" if change.active else "closed"
    if change.name is not None:
        yield "renamed"


@contextmanager
def _recorded(request: Request, caller: Principal, action: str, detail: str = "") -> Iterator[None]:
    """Change an account, with its line of the audit log in the same transaction.

    Raises:
        Conflict: The account cannot be made or changed so.
    """
    engine = desk_of(request).services.engine
    try:
        with audit.recorded(engine, caller.agent.id, caller.via, action, detail=detail):
            yield
    except AccountError as error:
        raise Conflict(str(error)) from error
