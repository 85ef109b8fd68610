"""The keys of a `template` channel in endpoints.yml."""
from __future__ import annotations

from pydantic import Field

from tandem.live_agents.config import AdapterOptions, base_address
from tandem.live_agents.http_client import TIMEOUT


class TemplateOptions(AdapterOptions):
    """How to reach the help desk.

    Attributes:
        token: With which we call its API.
        secret: With which it signs its webhooks.
        timeout: Seconds for each of connecting, sending and waiting for an answer.
    """

    allow_http: bool = False
    url: str = Field(description="an address such as https://help.example.com")
    token: str = Field(regex=r"[!-~]{8,200}\Z", repr=False, description="8 to 200 signs without spaces")
    secret: str = Field(min_length=16, repr=False, description="a text of at least 16 characters")
    timeout: float = Field(TIMEOUT, ge=1, le=25, description="1 to 25 seconds")

    _url = base_address("url")
