"""Who acts at the desk, and what their role allows."""
from __future__ import annotations

from dataclasses import dataclass

from tandem.agents.accounts import Role
from tandem.conversations.model import Agent
from tandem.conversations.store import clean_id
from tandem.desk.errors import Forbidden
from tandem.desk.security.sessions import Session


@dataclass(frozen=True)
class Principal:
    """Who acts. `session` is None for a program with the token."""

    agent: Agent
    role: Role
    session: Session | None = None

    @property
    def via(self) -> str:
        """Return how the audit log names the way in."""
        return "session" if self.session else "token"

    def require(self, role: Role) -> None:
        """Raise Forbidden unless the role covers `role`."""
        if not self.role.covers(role):
            raise Forbidden(f"this needs the role {role.value}")

    def named(self, name: str | None) -> Principal:
        """Let a program say for whom it acts; an agent always acts for itself."""
        if self.session is not None or not name:
            return self
        return Principal(agent_named(name), self.role)


def agent_named(name: str) -> Agent:
    """Return an agent that a program names.

    Raises:
        InvalidMessage: The name is empty or cannot be shown.
    """
    name = clean_id(name.strip()[:121], "the agent's name")[:120]
    return Agent(name, name)
