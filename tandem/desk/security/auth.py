"""Who makes a request: a program with the API token, or an agent with a session."""
from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from tandem.access.tokens import accepts, bearer_of, same
from tandem.agents.accounts import Role
from tandem.conversations.model import Agent
from tandem.desk.app_state import Desk
from tandem.desk.errors import Forbidden, Unauthenticated
from tandem.desk.security.principal import Principal, agent_named
from tandem.desk.security.sessions import Session

DEFAULT_PROGRAM = "api"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def desk_of(request: Request) -> Desk:
    """Return the application's parts."""
    return cast(Desk, request.app.state.desk)


def cookie_name(secure: bool) -> str:
    """Name the session cookie. The `__Host-` prefix keeps other hosts from setting it, and needs TLS."""
    return "__Host-tandem_desk" if secure else "tandem_desk"


def session_of(request: Request) -> Session | None:
    """Find the session of the request's cookie; blocking. Only what an agent does keeps it from ending idle.

    Raises:
        HTTPException: 429, the account sends too many requests.
    """
    desk = desk_of(request)
    session_id = request.cookies.get(cookie_name(desk.settings.secure_cookies))
    session = desk.sessions.find(session_id, touch=_done_by_hand(request)) if session_id else None
    if session is not None:
        desk.pace.agent(session.account.id)
    return session


def _done_by_hand(request: Request) -> bool:
    """Check whether an agent did this: what an open page fetches by itself to stay fresh is no sign of life."""
    if request.method not in SAFE_METHODS:
        return True
    by_script = request.url.path.startswith(("/desk/", "/api/")) or "html-fragment" in request.headers.get("accept", "")
    return not by_script or request.query_params.get("first", "") in ("1", "true")  # a conversation is opened


def principal(request: Request) -> Principal:
    """Return the caller of an API route.

    Raises:
        Unauthenticated: No session and no token, or a wrong token.
        Forbidden: A writing request by session without its CSRF token.
    """
    header = request.headers.get("authorization")
    if header is not None:
        return _program(header, request)
    session = session_of(request)
    if session is None:
        raise Unauthenticated("sign in at the desk, or send Authorization: Bearer with the API token")
    if request.method not in SAFE_METHODS and not same(session.csrf_token, request.headers.get("x-csrf-token")):
        raise Forbidden("the X-CSRF-Token header is missing or wrong; reload the page")
    return Principal(Agent(session.account.id, session.account.name), session.account.role, session)


def metrics_reader(request: Request) -> None:
    """Return a caller that may read the metrics: with the metrics token, which opens nothing else, or as for the API.

    Raises:
        Unauthenticated: Neither.
    """
    if not accepts(desk_of(request).settings.metrics_token, bearer_of(request.headers.get("authorization"))):
        principal(request)


def supervisor(caller: Annotated[Principal, Depends(principal)]) -> Principal:
    """Return a caller that may look after the desk as a whole."""
    caller.require(Role.SUPERVISOR)
    return caller


def admin(caller: Annotated[Principal, Depends(principal)]) -> Principal:
    """Return a caller that may read and erase customers' data as a whole."""
    caller.require(Role.ADMIN)
    return caller


def _program(header: str, request: Request) -> Principal:
    tokens = desk_of(request).settings.api_token
    if not tokens:
        raise Unauthenticated("the API token is not configured; set TANDEM_API_TOKEN, see docs/settings.md")
    if not accepts(tokens, bearer_of(header)):
        desk_of(request).pace.wrong_token(request.client.host if request.client else "")
        raise Unauthenticated("the API token is wrong")
    desk_of(request).pace.program()
    # Header values come as Latin-1; clients that send UTF-8 mean UTF-8.
    name = request.headers.get("x-tandem-agent", "").encode("latin-1", "replace").decode("utf-8", "replace")
    return Principal(agent_named(name or DEFAULT_PROGRAM), Role.ADMIN)


CallerDep = Annotated[Principal, Depends(principal)]
SupervisorDep = Annotated[Principal, Depends(supervisor)]
MetricsDep = Annotated[None, Depends(metrics_reader)]
AdminDep = Annotated[Principal, Depends(admin)]
