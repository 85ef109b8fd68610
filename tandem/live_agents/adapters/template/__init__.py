"""Live agents in an invented help desk with tickets: the template for a new adapter, which works as it stands.

docs/writing-a-live-agent-adapter.md walks through making yours of it.
"""
from __future__ import annotations

from tandem.live_agents.adapters.template.adapter import TemplateChannel

__all__ = ["TemplateChannel"]
