"""Live agents in Chatwoot, over an inbox of the type API; docs/chatwoot.md says how to connect it."""
from __future__ import annotations

from tandem.live_agents.adapters.chatwoot.adapter import ChatwootChannel

__all__ = ["ChatwootChannel"]
