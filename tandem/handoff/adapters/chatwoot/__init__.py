"""Live agents in Chatwoot, over an inbox of the type API; docs/chatwoot.md says how to connect it."""
from __future__ import annotations

from tandem.handoff.adapters.chatwoot.channel import ChatwootChannel

__all__ = ["ChatwootChannel"]
