"""The keys of a `zendesk` channel in endpoints.yml."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, validator

from tandem.live_agents.adapters.zendesk.outbound import FIELDS
from tandem.live_agents.config import PRINTABLE, AdapterOptions, base_address
from tandem.live_agents.http_client import TIMEOUT

HOST = "https://api.smooch.io"
AGENTS = "zd-agentWorkspace"  # how Zendesk names the switchboard integration of its agents
_TEXT = "a text"


class ZendeskOptions(AdapterOptions):
    """How to reach a Zendesk account.

    Attributes:
        integration: Id or name of the switchboard integration that gets customers: the agents'.
        bot_integration: Ours, if the switchboard has one: it holds the conversation while the opening is written.
        ticket_fields: Ids of ticket fields by what of the handoff goes there.
        timeout: Seconds for each of connecting, sending and waiting.
    """

    app_id: str = Field(regex=r"[A-Za-z0-9_-]{1,100}\Z", description="an id such as 5d8cff3cd55b040010928b5b")
    key_id: str = Field(regex=PRINTABLE, description=_TEXT)
    key_secret: str = Field(regex=PRINTABLE, repr=False, description=_TEXT)
    webhook_secret: str = Field(regex=PRINTABLE, min_length=16, repr=False,
                                description="a text of at least 16 characters")
    integration: str = Field(AGENTS, regex=PRINTABLE, description=_TEXT)
    bot_integration: str = Field("", regex=PRINTABLE, description=_TEXT)
    allow_http: bool = False
    api_url: str = Field(HOST, description=f"an address such as {HOST}")
    ticket_fields: Mapping[str, Any] = Field({}, description="a mapping of what to a field's id")
    tags: tuple[str, ...] = Field((), regex=r"[^\s,]{1,80}\Z", description="a list of words")
    timeout: float = Field(TIMEOUT, ge=1, le=25, description="1 to 25 seconds")

    _api_url = base_address("api_url")

    @validator("ticket_fields")
    def _name_what_is_known(cls, value: Mapping[str, Any]) -> Mapping[str, str]:
        for what, field_id in value.items():
            if what not in FIELDS:
                raise ValueError(f"has {what}, which is not known; there are {', '.join(FIELDS)}")
            if isinstance(field_id, bool) or not re.fullmatch(r"[0-9]{1,20}", str(field_id)):
                raise ValueError(f"has {what}, which must be the number of a ticket field")
        return {what: str(field_id) for what, field_id in value.items()}
