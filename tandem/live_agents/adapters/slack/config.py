"""The keys of a `slack` channel in endpoints.yml."""
from __future__ import annotations

from pydantic import Field

from tandem.live_agents.config import AdapterOptions, base_address
from tandem.live_agents.http_client import TIMEOUT

API = "https://slack.com/api"


class SlackOptions(AdapterOptions):
    """How to reach the agents' channel.

    Attributes:
        channel: The channel's id, such as C024BE91L.
        claim_reaction: Name of the emoji with which an agent claims, without colons.
        timeout: Seconds for each of connecting, sending and waiting.
    """

    bot_token: str = Field(regex=r"xoxb-[!-~]{1,500}\Z", repr=False,
                           description="a bot token, which begins with xoxb-")
    signing_secret: str = Field(regex=r"[!-~]{16,200}\Z", repr=False,
                                description="the signing secret of the app's Basic Information")
    channel: str = Field(regex=r"[CG][A-Z0-9]{4,30}\Z", description="a channel's id such as C024BE91L")
    claim_reaction: str = Field("eyes", regex=r"[a-z0-9_+'-]{1,100}\Z",
                                description="an emoji's name without colons, such as eyes")
    api_url: str = Field(API, description=f"an address such as {API}")
    timeout: float = Field(TIMEOUT, ge=1, le=20, description="1 to 20 seconds")

    _api_url = base_address("api_url")
