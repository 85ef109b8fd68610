"""Live agents in Slack: a thread for each customer in the agents' channel (docs/slack.md)."""
from __future__ import annotations

from tandem.live_agents.adapters.slack.adapter import SlackChannel

__all__ = ["SlackChannel"]
