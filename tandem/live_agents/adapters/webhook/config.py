"""The keys of a `webhook` channel in endpoints.yml."""
from __future__ import annotations

from pydantic import Field

from tandem.live_agents.config import AdapterOptions, address
from tandem.live_agents.http_client import TIMEOUT


class WebhookOptions(AdapterOptions):
    """Where the integrator's server is, and the secret that signs both directions.

    Attributes:
        timeout: Seconds for each of connecting, sending and waiting for an answer.
    """

    allow_http: bool = False
    url: str = Field(description="an address such as https://support.example.com/tandem")
    secret: str = Field(min_length=16, repr=False, description="a text of at least 16 characters")
    timeout: float = Field(TIMEOUT, ge=1, le=25, description="1 to 25 seconds")

    _url = address("url")
