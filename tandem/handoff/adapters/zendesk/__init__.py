"""Live agents in Zendesk, reached through the switchboard of Sunshine Conversations (docs/zendesk.md)."""
from __future__ import annotations

from tandem.handoff.adapters.zendesk.channel import ZendeskChannel

__all__ = ["ZendeskChannel"]
