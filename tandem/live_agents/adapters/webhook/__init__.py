"""Live agents over our own signed, versioned JSON; the contract is `schema.json` beside this file."""
from __future__ import annotations

from tandem.live_agents.adapters.webhook.adapter import WebhookChannel

__all__ = ["WebhookChannel"]
