"""The calls of the help desk's API that are needed here."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import httpx

from tandem.live_agents.adapters.template.config import TemplateOptions
from tandem.live_agents.http_client import Calls, pages
from tandem.live_agents.json_payloads import Json, mapping, objects, text
from tandem.live_agents.protocol import LiveAgentUnavailable

_PAGES = 100  # of messages, that are looked through at most


class TemplateApi:
    """One help desk. Its methods raise `LiveAgentUnavailable` or `LiveAgentRefused`, as `http_client.error_of` says."""

    def __init__(self, options: TemplateOptions, transport: httpx.BaseTransport | None = None) -> None:
        self._calls = Calls(f"{options.url}/api", {"Authorization": f"Bearer {options.token}"},
                            timeout=options.timeout, transport=transport)

    def begin(self) -> None:
        """Begin a piece of work in this thread, which must end in time."""
        self._calls.begin()

    def find_ticket(self, key: str) -> str:
        """Find the ticket that we made under this key, and return its id; empty if there is none."""
        found = objects(self._calls.call("GET", "/tickets", params={"key": key}).data.get("tickets"))
        return next((text(ticket.get("id")) for ticket in found if ticket.get("key") == key), "")

    def create_ticket(self, key: str, customer: str, subject: str) -> str:
        """Create a ticket, and return its id."""
        made = self._calls.call("POST", "/tickets", {"key": key, "customer": customer, "subject": subject})
        ticket_id = text(mapping(made.data.get("ticket")).get("id"))
        if not ticket_id:
            raise LiveAgentUnavailable("POST /tickets: the answer has no ticket")
        return ticket_id

    def ticket(self, ticket_id: str) -> Json:
        """Read a ticket; {} if it was deleted."""
        answer = self._calls.call("GET", f"/tickets/{ticket_id}", expected=frozenset({404}))
        return mapping(answer.data.get("ticket"))

    def close_ticket(self, ticket_id: str) -> None:
        """Close it; it may be closed or deleted already."""
        self._calls.call("POST", f"/tickets/{ticket_id}/close", {}, expected=frozenset({404, 409}))

    def write(self, ticket_id: str, key: str, author: str, words: str, private: bool = False) -> None:
        """Add a message that carries our key."""
        self._calls.call("POST", f"/tickets/{ticket_id}/messages",
                         {"key": key, "author": author, "text": words, "private": private})

    def messages(self, ticket_id: str, since: datetime) -> Iterator[Json]:
        """Read the messages of a ticket since then, the oldest first."""

        def page(cursor: str) -> tuple[Sequence[Json], str]:
            answer = self._calls.call("GET", f"/tickets/{ticket_id}/messages", params={
                "since": since.isoformat(), **({"cursor": cursor} if cursor else {})}).data
            return objects(answer.get("messages")), text(answer.get("next"))

        for messages in pages(page, _PAGES, newest_first=False):
            yield from messages
