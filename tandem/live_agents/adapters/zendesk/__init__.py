"""Live agents in Zendesk, reached through the switchboard of Sunshine Conversations (docs/zendesk.md)."""
from __future__ import annotations

from tandem.live_agents.adapters.zendesk.adapter import ZendeskChannel

__all__ = ["ZendeskChannel"]
