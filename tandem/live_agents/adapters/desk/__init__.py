"""The embedded desk, the default live-agent channel: it reads the ledger itself, so there is nothing to carry."""
from __future__ import annotations

from tandem.live_agents.adapters.desk.adapter import DeskChannel

__all__ = ["DeskChannel"]
