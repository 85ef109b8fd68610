"""Who makes a request: a program with the API token, or an agent with a session."""
from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from tandem.conversations.model import Agent
from tandem.conversations.store import clean_id
from tandem.desk.accounts import Role
from tandem.desk.errors import Forbidden, Unauthenticated
from tandem.desk.sessions import Session

if TYPE_CHECKING:
    from tandem.desk.app import Desk

DEFAULT_PROGRAM = "api"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Principal:
    """Who acts. `session` is None for a program with the token."""

    agent: Agent
    role: Role
    session: Session | None = None

    @property
    def via(self) -> str:
        """How the audit log names the way in."""
        return "session" if self.session else "token"

    def require(self, role: Role) -> None:
        """Raises Forbidden unless the role covers `role`."""
        if not self.role.covers(role):
            raise Forbidden(f"this needs the role {role.value}")

    def named(self, name: str | None) -> Principal:
        """A program may say for whom it acts; an agent always acts for itself."""
        if self.session is not None or not name:
            return self
        return Principal(_agent(name), self.role)


def desk_of(request: Request) -> Desk:
    """The application's parts."""
    return cast("Desk", request.app.state.desk)


def cookie_name(secure: bool) -> str:
    """The session cookie. The `__Host-` prefix forbids other hosts to set it, but browsers accept it over TLS only."""
    return "__Host-tandem_desk" if secure else "tandem_desk"


def session_of(request: Request, touch: bool = True) -> Session | None:
    """The session of the request's cookie; blocking."""
    desk = desk_of(request)
    session_id = request.cookies.get(cookie_name(desk.settings.secure_cookies))
    return desk.sessions.find(session_id, touch) if session_id else None


def principal(request: Request) -> Principal:
    """The caller of an API route.

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
    if request.method not in SAFE_METHODS:
        sent = request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(sent.encode(), session.csrf_token.encode()):
            raise Forbidden("the X-CSRF-Token header is missing or wrong; reload the page")
    return Principal(Agent(session.account.id, session.account.name), session.account.role, session)


def admin(caller: Annotated[Principal, Depends(principal)]) -> Principal:
    """A caller that may read and erase customers' data as a whole."""
    caller.require(Role.ADMIN)
    return caller


def _program(header: str, request: Request) -> Principal:
    expected = desk_of(request).settings.api_token
    scheme, _, token = header.partition(" ")
    if not expected:
        raise Unauthenticated("the API token is not configured; set TANDEM_API_TOKEN, see docs/settings.md")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), expected.encode()):
        raise Unauthenticated("the API token is wrong")
    # Header values come as Latin-1; clients that send UTF-8 mean UTF-8.
    name = request.headers.get("x-tandem-agent", "").encode("latin-1", "replace").decode("utf-8", "replace")
    return Principal(_agent(name or DEFAULT_PROGRAM), Role.ADMIN)


def _agent(name: str) -> Agent:
    name = clean_id(name.strip()[:121], "the agent's name")[:120]
    return Agent(name, name)


CallerDep = Annotated[Principal, Depends(principal)]
AdminDep = Annotated[Principal, Depends(admin)]
