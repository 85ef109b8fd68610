"""The calls of the Sunshine Conversations API v2 that are needed here."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from tandem.live_agents.adapters.zendesk.config import ZendeskOptions
from tandem.live_agents.adapters.zendesk.outbound import CONVERSATION
from tandem.live_agents.http_client import Calls, pages
from tandem.live_agents.json_payloads import Json, mapping, moment, objects, text
from tandem.live_agents.protocol import LiveAgentUnavailable

_PAGES = 30  # of 100 messages each: more are not read in one go


class SunshineApi:
    """One app's conversations."""

    def __init__(self, options: ZendeskOptions, transport: httpx.BaseTransport | None = None) -> None:
        self._calls = Calls(f"{options.api_url}/v2/apps/{options.app_id}", auth=(options.key_id, options.key_secret),
                            timeout=options.timeout, transport=transport)

    def begin(self) -> None:
        """Begin a piece of work in this thread, which must end in time."""
        self._calls.begin()

    def ensure_user(self, external_id: str, profile: Mapping[str, str]) -> None:
        """Create the user, if there is none with this external id."""
        body: dict[str, Any] = {"externalId": external_id, **({"profile": dict(profile)} if profile else {})}
        self._calls.call("POST", "/users", body, expected=frozenset({409}))

    def find_conversation(self, external_id: str) -> Json | None:
        """Find the user's conversation that we made."""
        answer = self._calls.call("GET", "/conversations", params={
            "filter[userExternalId]": external_id, "page[size]": 100}, expected=frozenset({404}))
        return next((found for found in objects(answer.data.get("conversations"))
                     if mapping(found.get("metadata")).get(CONVERSATION) == external_id), None)

    def create_conversation(self, external_id: str) -> Json:
        """Create a personal conversation of the user, with our id in its metadata."""
        made = self._calls.call("POST", "/conversations", {
            "type": "personal", "participants": [{"userExternalId": external_id, "subscribeSDKClient": False}],
            "metadata": {CONVERSATION: external_id},
        }).data.get("conversation")
        if not isinstance(made, dict) or not isinstance(made.get("id"), str):
            raise LiveAgentUnavailable("POST /conversations: the answer has no conversation")
        return made

    def conversation(self, conversation_id: str) -> Json:
        """Read a conversation, with who is in control of it; {} if it is no more."""
        answer = self._calls.call("GET", f"/conversations/{quote(conversation_id, safe='')}",
                                  expected=frozenset({404}))
        found = answer.data.get("conversation")
        return found if answer.status != 404 and isinstance(found, dict) else {}

    def post(self, conversation_id: str, author: Mapping[str, str], text: str, metadata: Mapping[str, Any]) -> str:
        """Write a message; its id."""
        answer = self._calls.call("POST", f"/conversations/{quote(conversation_id, safe='')}/messages", {
            "author": dict(author), "content": {"type": "text", "text": text}, "metadata": dict(metadata)})
        messages = objects(answer.data.get("messages"))
        return str(messages[0].get("id") or "") if messages else ""

    def control(self, action: str, conversation_id: str, body: Mapping[str, Any]) -> None:
        """Do a switchboard action: passControl, offerControl or releaseControl."""
        gone = frozenset({404}) if action == "releaseControl" else frozenset()
        self._calls.call("POST", f"/conversations/{quote(conversation_id, safe='')}/{action}", dict(body),
                         expected=gone)

    def messages(self, conversation_id: str, since: datetime) -> list[Json]:
        """Read the conversation's messages from `since` on, the oldest first."""
        found: list[tuple[datetime, Json]] = []
        for page in pages(lambda before: self._page(conversation_id, before), _PAGES, newest_first=True):
            dated = [(moment(message.get("received")) or since, message) for message in page]
            found += dated
            if any(at < since for at, _ in dated):
                break
        return [message for at, message in sorted(found, key=lambda one: one[0]) if at >= since]

    def _page(self, conversation_id: str, before: str) -> tuple[Sequence[Json], str]:
        answer = self._calls.call("GET", f"/conversations/{quote(conversation_id, safe='')}/messages",
                                  params={"page[before]": before} if before else {})
        meta = mapping(answer.data.get("meta"))
        return objects(answer.data.get("messages")), text(meta.get("beforeCursor")) if meta.get("hasMore") else ""
