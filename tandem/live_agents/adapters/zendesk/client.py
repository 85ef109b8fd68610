"""The calls of the Sunshine Conversations API v2 that are needed here."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import httpx

from tandem.live_agents.adapters.zendesk.config import ZendeskOptions
from tandem.live_agents.adapters.zendesk.outbound import CONVERSATION
from tandem.live_agents.http_client import Calls
from tandem.live_agents.protocol import LiveAgentUnavailable

_PAGES = 30  # of 100 messages each: more are not read in one go


class SunshineApi:
    """One app's conversations."""

    def __init__(self, options: ZendeskOptions, transport: httpx.BaseTransport | None = None) -> None:
        self._calls = Calls(f"{options.api_url}/v2/apps/{options.app_id}", auth=(options.key_id, options.key_secret),
                            timeout=options.timeout, transport=transport)

    def begin(self) -> None:
        """This thread begins a piece of work, which must end in time."""
        self._calls.begin()

    def ensure_user(self, external_id: str, profile: Mapping[str, str]) -> None:
        """Create the user, if there is none with this external id."""
        body: dict[str, Any] = {"externalId": external_id, **({"profile": dict(profile)} if profile else {})}
        self._calls.call("POST", "/users", body, expected=frozenset({409}))

    def find_conversation(self, external_id: str) -> Mapping[str, Any] | None:
        """The user's conversation that we made."""
        answer = self._calls.call("GET", "/conversations", params={
            "filter[userExternalId]": external_id, "page[size]": 100}, expected=frozenset({404}))
        return next((found for found in _objects(answer.data, "conversations")
                     if (found.get("metadata") or {}).get(CONVERSATION) == external_id), None)

    def create_conversation(self, external_id: str) -> Mapping[str, Any]:
        """A personal conversation of the user, with our id in its metadata."""
        made = self._calls.call("POST", "/conversations", {
            "type": "personal", "participants": [{"userExternalId": external_id, "subscribeSDKClient": False}],
            "metadata": {CONVERSATION: external_id},
        }).data.get("conversation")
        if not isinstance(made, dict) or not isinstance(made.get("id"), str):
            raise LiveAgentUnavailable("POST /conversations: the answer has no conversation")
        return made

    def conversation(self, conversation_id: str) -> Mapping[str, Any]:
        """A conversation, with who is in control of it; {} if it is no more."""
        answer = self._calls.call("GET", f"/conversations/{quote(conversation_id, safe='')}",
                                  expected=frozenset({404}))
        found = answer.data.get("conversation")
        return found if answer.status != 404 and isinstance(found, dict) else {}

    def post(self, conversation_id: str, author: Mapping[str, str], text: str, metadata: Mapping[str, Any]) -> str:
        """Write a message; its id."""
        answer = self._calls.call("POST", f"/conversations/{quote(conversation_id, safe='')}/messages", {
            "author": dict(author), "content": {"type": "text", "text": text}, "metadata": dict(metadata)})
        messages = _objects(answer.data, "messages")
        return str(messages[0].get("id") or "") if messages else ""

    def control(self, action: str, conversation_id: str, body: Mapping[str, Any]) -> None:
        """A switchboard action: passControl, offerControl or releaseControl."""
        gone = frozenset({404}) if action == "releaseControl" else frozenset()
        self._calls.call("POST", f"/conversations/{quote(conversation_id, safe='')}/{action}", dict(body),
                         expected=gone)

    def messages(self, conversation_id: str, since: datetime) -> list[Mapping[str, Any]]:
        """The conversation's messages from `since` on, the oldest first."""
        found: list[Mapping[str, Any]] = []
        for page in self._pages(conversation_id):
            found += page
            if any((at := moment(message.get("received"))) is not None and at < since for message in page):
                break
        dated = [(moment(message.get("received")), message) for message in found]
        return [message for at, message in sorted(
            ((at or since, message) for at, message in dated), key=lambda one: one[0]) if at >= since]

    def _pages(self, conversation_id: str) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Pages of messages, the newest first."""
        params: dict[str, str | int] = {}
        for _ in range(_PAGES):
            answer = self._calls.call("GET", f"/conversations/{quote(conversation_id, safe='')}/messages",
                                      params=params)
            yield _objects(answer.data, "messages")
            meta = answer.data.get("meta")
            before = meta.get("beforeCursor") if isinstance(meta, dict) and meta.get("hasMore") else None
            if not isinstance(before, str):
                return
            params = {"page[before]": before}


def moment(value: Any) -> datetime | None:
    """A time of Zendesk's, `YYYY-MM-DDThh:mm:ss.SSSZ`; None if it is not one."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return (read if read.tzinfo else read.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _objects(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
