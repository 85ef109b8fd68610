"""What the adapter asks of a Chatwoot account: contacts, conversations, messages."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.live_agents.adapters.chatwoot.http import Call, Invalid
from tandem.live_agents.adapters.chatwoot.inbound import created_at, mapping
from tandem.live_agents.protocol import LiveAgentUnavailable

MARK = "tandem"  # in a message's content_attributes: ours, and which
PAGES = 100  # of 20 messages each, that are looked through at most
_FOR_GOOD = ("validation failed", "only allowed in api inboxes")  # in the words of a refused message
_NAME = 255  # characters

Json = Mapping[str, Any]


class Account:
    """One account and inbox, for the length of one call of the relay's.

    Every method raises `LiveAgentUnavailable` or `LiveAgentRefused`, as `Call.post` says.
    """

    def __init__(self, call: Call, account_id: int, inbox_id: int) -> None:
        self._call = call
        self._path = f"accounts/{account_id}"
        self._inbox_id = inbox_id

    def own_id(self) -> int:
        """The id of the user to whom the token belongs."""
        return _id(self._call.get("profile"), "profile")

    # -- contacts ---------------------------------------------------------------------------------------------

    def contact(self, identifier: str, email: str) -> int | None:
        """The id of the contact with this identifier, or else of the one with this e-mail address (empty: none)."""
        found = self._filtered("identifier", identifier) or self._searched(identifier)
        return found or (self._filtered("email", email) if email else None)

    def create_contact(self, identifier: str, name: str, email: str) -> int:
        """A new contact's id. Raises `Invalid` also if identifier or address are taken."""
        body: dict[str, Any] = {"inbox_id": self._inbox_id, "identifier": identifier, "name": name[:_NAME]}
        if email:
            body["email"] = email
        answer = self._call.post(f"{self._path}/contacts", body)
        payload = answer.get("payload") if isinstance(answer, dict) else None
        return _id(payload.get("contact") if isinstance(payload, dict) else None, "contact")

    def _filtered(self, key: str, value: str) -> int | None:
        condition = {"attribute_key": key, "filter_operator": "equal_to", "values": [value], "query_operator": None}
        return _exactly(_list(self._call.post(f"{self._path}/contacts/filter", {"payload": [condition]})), key, value)

    def _searched(self, identifier: str) -> int | None:
        """With some of Chatwoot's settings the filter leaves out contacts that have an identifier and nothing else."""
        return _exactly(_list(self._call.get(f"{self._path}/contacts/search", q=identifier)), "identifier", identifier)

    # -- conversations ----------------------------------------------------------------------------------------

    def conversations_of(self, contact_id: int) -> list[Json]:
        """The contact's latest conversations in inboxes that the token's user can see."""
        return _list(self._call.get(f"{self._path}/contacts/{contact_id}/conversations"))

    def conversation(self, conversation_id: str) -> Json:
        """One conversation. Raises `NotThere` if it was deleted."""
        return _object(self._call.get(f"{self._path}/conversations/{conversation_id}"), "conversation")

    def create_conversation(self, source_id: str, contact_id: int, attributes: Json) -> Json:
        """A new open conversation, or the contact's only one if the inbox is set to keep one."""
        body = {"source_id": source_id, "inbox_id": self._inbox_id, "contact_id": contact_id, "status": "open",
                "custom_attributes": attributes}
        try:
            made = self._call.post(f"{self._path}/conversations", body)
        except Invalid as error:
            if "source_id" not in str(error):
                raise
            # The source belongs to another contact, into which agents have merged ours: Chatwoot knows whom.
            del body["contact_id"]
            made = self._call.post(f"{self._path}/conversations", body)
        # The answer to a creation has fewer fields in some versions.
        return self.conversation(str(_id(made, "conversation")))

    def set_attributes(self, conversation: Json, attributes: Json) -> None:
        """Set custom attributes beside those that are there."""
        kept = {**mapping(conversation, "custom_attributes"), **attributes}  # older versions replace them all
        self._call.post(f"{self._path}/conversations/{conversation['id']}/custom_attributes",
                        {"custom_attributes": kept, "merge": True})

    def set_status(self, conversation: Json, status: str) -> None:
        """Make it open, pending or resolved. A user's token that opens may become the assignee by that."""
        self._call.post(f"{self._path}/conversations/{conversation['id']}/toggle_status", {"status": status})

    def assign(self, conversation: Json, agent_id: int) -> None:
        """Assign it to an agent; 0 to nobody."""
        self._call.post(f"{self._path}/conversations/{conversation['id']}/assignments", {"assignee_id": agent_id})

    # -- messages ---------------------------------------------------------------------------------------------

    def create_message(self, conversation_id: str, mark: str, content: str, kind: str, private: bool = False) -> None:
        """Add a message.

        Args:
            mark: Ours, by which `is_there` finds it.
            kind: incoming or outgoing.
        """
        try:
            self._call.post(f"{self._path}/conversations/{conversation_id}/messages", {
                "content": content, "message_type": kind, "private": private, "content_type": "text",
                "content_attributes": {MARK: mark},
            })
        except Invalid as error:
            # Chatwoot answers so to any failure here, also after it has saved the message.
            if any(words in str(error).lower() for words in _FOR_GOOD):
                raise
            raise LiveAgentUnavailable(str(error)) from error

    def is_there(self, conversation_id: str, mark: str, since: datetime) -> bool:
        """Whether a message of ours is in the conversation; `since` by Chatwoot's clock is early enough."""
        return any(mark_of(message) == mark for message in self.latest(conversation_id, since))

    def latest(self, conversation_id: str, since: datetime) -> Iterator[Json]:
        """The conversation's messages back to `since`, the newest first."""
        before: int | None = None
        for _ in range(PAGES):
            params = {"before": before} if before is not None else {}
            page = _list(self._call.get(f"{self._path}/conversations/{conversation_id}/messages", **params))
            page = sorted((message for message in page if isinstance(message.get("id"), int)),
                          key=lambda message: int(message["id"]), reverse=True)
            if before is not None:
                page = [message for message in page if message["id"] < before]
            for message in page:
                at = created_at(message)
                if at is not None and at < since:
                    return
                yield message
            if not page:
                return
            before = int(page[-1]["id"])


def mark_of(message: Json) -> str | None:
    """Ours, if we have made the message."""
    mark = mapping(message, "content_attributes").get(MARK)
    return mark if isinstance(mark, str) else None


def _exactly(contacts: Sequence[Json], key: str, value: str) -> int | None:
    """Chatwoot's search takes part of the words and any case; an e-mail address is the same in any case."""
    wanted = value.lower() if key == "email" else value
    for contact in contacts:
        found = contact.get(key)
        if isinstance(found, str) and (found.lower() if key == "email" else found) == wanted:
            return _id(contact, "contact")
    return None


def _list(answer: Any) -> list[Json]:
    found = answer.get("payload") if isinstance(answer, dict) else answer
    if not isinstance(found, list):
        raise LiveAgentUnavailable("Chatwoot's answer has no list; is url right?")
    return [item for item in found if isinstance(item, dict)]


def _object(answer: Any, what: str) -> Json:
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), int):
        raise LiveAgentUnavailable(f"Chatwoot's answer has no {what}; is url right?")
    return answer


def _id(answer: Any, what: str) -> int:
    return int(_object(answer, what)["id"])
