"""What the adapter asks of a Chatwoot account: contacts, conversations, messages."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from tandem.live_agents.adapters.chatwoot.config import ChatwootOptions
from tandem.live_agents.adapters.chatwoot.inbound import created_at, mark_of
from tandem.live_agents.adapters.chatwoot.outbound import MARK
from tandem.live_agents.http_client import Calls, pages, seconds, words_of
from tandem.live_agents.json_payloads import Json, mapping, objects
from tandem.live_agents.protocol import LiveAgentError, LiveAgentRefused, LiveAgentUnavailable

PAGES = 100  # of 20 messages each, that are looked through at most
MINUTE = 60.0  # seconds: Chatwoot counts messages by the minute
# Answers besides 401 and 403 that a later attempt may change.
PASSING = frozenset({402, 407, 408, 421, 423, 425, 429})
_FOR_GOOD = ("validation failed", "only allowed in api inboxes")  # in the words of a refused message
_NAME = 255  # characters


class ChatwootNotFound(LiveAgentRefused):
    """Chatwoot has no such thing, or no longer."""


class Invalid(LiveAgentRefused):
    """Chatwoot does not take these values (422)."""


def error_of(name: str, status: int, content: bytes, headers: Mapping[str, str]) -> LiveAgentError:
    """Return what an answer of Chatwoot's other than 2xx means; the call may have taken effect if it is unavailable."""
    words = words_of(content)
    text = f"{name}: answered with {status}" + (f": {words}" if words else "")
    if status in (401, 403):
        return LiveAgentUnavailable(f"{text}; check token and the inbox's members, see docs/chatwoot.md")
    if status == 422:
        return LiveAgentUnavailable(text, MINUTE) if "too many messages" in words.lower() else Invalid(text)
    if status == 404:
        return ChatwootNotFound(text)
    if status >= 500 or status in PASSING:
        return LiveAgentUnavailable(text, seconds(headers.get("retry-after", "")))
    if 300 <= status < 400:
        return LiveAgentRefused(f"{text}: redirected; give url as Chatwoot is reached in the end")
    return LiveAgentRefused(text)


class ChatwootApi:
    """One account and inbox. Every method raises `LiveAgentUnavailable` or `LiveAgentRefused`, as `error_of` says."""

    def __init__(self, options: ChatwootOptions, transport: httpx.BaseTransport | None = None) -> None:
        self._calls = Calls(f"{options.url}/api/v1", {
            "Api-Access-Token": options.token,  # nginx drops the underscores of the name in Chatwoot's pages
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # Chatwoot 4.12 refused tokens of compressed requests
        }, timeout=options.timeout, transport=transport, error_of=error_of)
        self._path = f"/accounts/{options.account_id}"
        self._inbox_id = options.inbox_id

    def begin(self) -> None:
        """Begin a piece of work in this thread, which must end in time."""
        self._calls.begin()

    def own_id(self) -> int:
        """Return the id of the user to whom the token belongs."""
        return _id(self._get("/profile"), "profile")

    # -- contacts ---------------------------------------------------------------------------------------------

    def contact(self, identifier: str, email: str) -> int | None:
        """Return the id of the contact with this identifier, else of the one with this e-mail (empty: none)."""
        found = self._filtered("identifier", identifier) or self._searched(identifier)
        return found or (self._filtered("email", email) if email else None)

    def create_contact(self, identifier: str, name: str, email: str) -> int:
        """Create a contact and return its id. Raises `Invalid` also if identifier or address are taken."""
        body: dict[str, Any] = {"inbox_id": self._inbox_id, "identifier": identifier, "name": name[:_NAME]}
        if email:
            body["email"] = email
        payload = mapping(self._post(f"{self._path}/contacts", body).get("payload"))
        return _id(mapping(payload.get("contact")), "contact")

    def _filtered(self, key: str, value: str) -> int | None:
        condition = {"attribute_key": key, "filter_operator": "equal_to", "values": [value], "query_operator": None}
        return _exactly(_list(self._post(f"{self._path}/contacts/filter", {"payload": [condition]})), key, value)

    def _searched(self, identifier: str) -> int | None:
        """Search by text: with some of Chatwoot's settings the filter misses contacts with only an identifier."""
        return _exactly(_list(self._get(f"{self._path}/contacts/search", q=identifier)), "identifier", identifier)

    # -- conversations ----------------------------------------------------------------------------------------

    def conversations_of(self, contact_id: int) -> list[Json]:
        """Return the contact's latest conversations in inboxes that the token's user can see."""
        return _list(self._get(f"{self._path}/contacts/{contact_id}/conversations"))

    def conversation(self, conversation_id: str) -> Json:
        """Read one conversation."""
        return _object(self._get(f"{self._path}/conversations/{conversation_id}"), "conversation")

    def create_conversation(self, source_id: str, contact_id: int, attributes: Json) -> Json:
        """Create an open conversation, or return the contact's only one if the inbox is set to keep one."""
        body = {"source_id": source_id, "inbox_id": self._inbox_id, "contact_id": contact_id, "status": "open",
                "custom_attributes": attributes}
        try:
            made = self._post(f"{self._path}/conversations", body)
        except Invalid as error:
            if "source_id" not in str(error):
                raise
            # The source belongs to another contact, into which agents have merged ours: Chatwoot knows whom.
            del body["contact_id"]
            made = self._post(f"{self._path}/conversations", body)
        # The answer to a creation has fewer fields in some versions.
        return self.conversation(str(_id(made, "conversation")))

    def set_attributes(self, conversation: Json, attributes: Json) -> None:
        """Set custom attributes beside those that are there."""
        kept = {**mapping(conversation.get("custom_attributes")), **attributes}  # older versions replace them all
        self._post(f"{self._path}/conversations/{conversation['id']}/custom_attributes",
                        {"custom_attributes": kept, "merge": True})

    def set_status(self, conversation: Json, status: str) -> None:
        """Make it open, pending or resolved. A user's token that opens may become the assignee by that."""
        self._post(f"{self._path}/conversations/{conversation['id']}/toggle_status", {"status": status})

    def assign(self, conversation: Json, agent_id: int) -> None:
        """Assign it to an agent; 0 to nobody."""
        self._post(f"{self._path}/conversations/{conversation['id']}/assignments", {"assignee_id": agent_id})

    # -- messages ---------------------------------------------------------------------------------------------

    def create_message(self, conversation_id: str, mark: str, content: str, kind: str, private: bool = False) -> None:
        """Add a message.

        Args:
            mark: Ours, by which `is_there` finds it.
            kind: incoming or outgoing.
        """
        try:
            self._post(f"{self._path}/conversations/{conversation_id}/messages", {
                "content": content, "message_type": kind, "private": private, "content_type": "text",
                "content_attributes": {MARK: mark},
            })
        except Invalid as error:
            # Chatwoot answers so to any failure here, also after it has saved the message.
            if any(words in str(error).lower() for words in _FOR_GOOD):
                raise
            raise LiveAgentUnavailable(str(error)) from error

    def is_there(self, conversation_id: str, mark: str, since: datetime) -> bool:
        """Check whether a message of ours is in the conversation; `since` by Chatwoot's clock is early enough."""
        return any(mark_of(message) == mark for message in self.latest(conversation_id, since))

    def latest(self, conversation_id: str, since: datetime) -> Iterator[Json]:
        """Return the conversation's messages back to `since`, the newest first."""
        for page in pages(lambda before: self._page(conversation_id, before), PAGES, newest_first=True):
            for message in page:
                at = created_at(message)
                if at is not None and at < since:
                    return
                yield message

    def _page(self, conversation_id: str, before: str) -> tuple[Sequence[Json], str]:
        """Return the 20 messages before the one with this id, the newest first, and the id of the oldest."""
        params = {"before": before} if before else {}
        found = _list(self._get(f"{self._path}/conversations/{conversation_id}/messages", **params))
        page = sorted((message for message in found if isinstance(message.get("id"), int)
                       and (not before or message["id"] < int(before))),
                      key=lambda message: int(message["id"]), reverse=True)
        return page, str(page[-1]["id"]) if page else ""

    def _get(self, path: str, **params: str) -> Json:
        return self._calls.call("GET", path, params=params).data

    def _post(self, path: str, body: Mapping[str, Any]) -> Json:
        return self._calls.call("POST", path, body).data


def _exactly(contacts: Sequence[Json], key: str, value: str) -> int | None:
    """Pick exact matches: Chatwoot's search takes part of the words and any case; e-mail matches in any case."""
    wanted = value.lower() if key == "email" else value
    for contact in contacts:
        found = contact.get(key)
        if isinstance(found, str) and (found.lower() if key == "email" else found) == wanted:
            return _id(contact, "contact")
    return None


def _list(answer: Json) -> list[Json]:
    found = answer.get("payload")
    if not isinstance(found, list):
        raise LiveAgentUnavailable("Chatwoot's answer has no list; is url right?")
    return objects(found)


def _object(answer: Json, what: str) -> Json:
    if not isinstance(answer.get("id"), int):
        raise LiveAgentUnavailable(f"Chatwoot's answer has no {what}; is url right?")
    return answer


def _id(answer: Json, what: str) -> int:
    return int(_object(answer, what)["id"])
