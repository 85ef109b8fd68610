"""The keys of a `chatwoot` channel in endpoints.yml."""
from __future__ import annotations

from pydantic import Field

from tandem.live_agents.config import AdapterOptions, base_address

_NUMBER = "a number, as in the address of Chatwoot's page"
# They go into a header: what is refused there would be shown in the error.
_TOKEN, _AS_SHOWN = r"[!-~]{8,200}\Z", "8 to 200 signs without spaces, as Chatwoot shows it"


class ChatwootOptions(AdapterOptions):
    """One account and one API inbox of a Chatwoot.

    Attributes:
        url: Where agents sign in, without a path of Chatwoot's own.
        token: The access token of a user; a bot's does not reach contacts and lists of messages.
        secret: With which Chatwoot signs the inbox's webhooks.
        timeout: Seconds for each of connecting, sending and waiting for an answer.
    """

    allow_http: bool = False
    url: str = Field(description="an address such as https://chat.example.com")
    account_id: int = Field(ge=1, from_text=True, description=_NUMBER)
    inbox_id: int = Field(ge=1, from_text=True, description=_NUMBER)
    token: str = Field(regex=_TOKEN, repr=False, description=_AS_SHOWN)
    secret: str = Field(regex=_TOKEN, repr=False, description=_AS_SHOWN)
    timeout: float = Field(8.0, ge=1, le=20, description="1 to 20 seconds")

    _url = base_address("url")
