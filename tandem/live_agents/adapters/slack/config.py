"""The keys of a `slack` channel in endpoints.yml."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tandem.live_agents.config import AdapterConfig
from tandem.live_agents.http_client import TIMEOUT

API = "https://slack.com/api"
CLAIM = "eyes"  # the reaction with which an agent claims
_KEYS = frozenset({"bot_token", "signing_secret", "channel", "claim_reaction", "api_url", "timeout"})


@dataclass(frozen=True)
class SlackOptions:
    """How to reach the agents' channel.

    Attributes:
        channel: The channel's id, such as C024BE91L.
        claim_reaction: Name of the emoji that claims, without colons.
        timeout: Seconds for each of connecting, sending and waiting.
    """

    bot_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    channel: str
    claim_reaction: str = CLAIM
    api_url: str = API
    timeout: float = TIMEOUT


def read_options(name: str, options: Mapping[str, Any]) -> SlackOptions:
    """The options of endpoints.yml, checked.

    Raises:
        LiveAgentConfigError: A key is missing, wrong or unknown; the text names it.
    """
    given = AdapterConfig(name, options, _KEYS, "slack.md")
    return SlackOptions(
        bot_token=given.like("bot_token", r"xoxb-[\x21-\x7e]{1,500}", "a bot token, which begins with xoxb-"),
        signing_secret=given.like("signing_secret", r"[\x21-\x7e]{16,200}",
                                  "the signing secret of the app's Basic Information"),
        channel=given.like("channel", r"[CG][A-Z0-9]{4,30}", "a channel's id such as C024BE91L"),
        claim_reaction=given.like("claim_reaction", r"[a-z0-9_+'-]{1,100}",
                                  "an emoji's name without colons, such as eyes", CLAIM),
        api_url=given.address("api_url", API, API).rstrip("/"), timeout=given.timeout(TIMEOUT, 20),
    )
