"""Whose a conversation is in a browser: sessions that open it, are renewed when the customer becomes known, and end.

A session token names a conversation and a generation. It opens the conversation as long as the conversation stands at
that generation, which rises when the customer becomes known and ends with signing out: whoever kept an older token has
nothing. Which sign-in keeps a conversation, and why: docs/webchat.md.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.engine import Connection
from sqlalchemy.engine.row import Row

from tandem.conversations import store
from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Author, Conversation, ConversationNotFound, Identity, Kind, Owner

VISIT = timedelta(hours=1)  # of silence end a visit, as they end a session of Rasa's
CLOSED = -1  # the generation of a conversation that no token opens any more
_LEFT = "The customer has left this conversation: they signed out, or another customer signed in. " \
        "What is written here no longer reaches them."


@dataclass(frozen=True)
class SessionClaim:
    """What a session token says: a conversation, and its generation; None in tokens of versions without one."""

    conversation_id: str
    generation: int | None


class MatchedOrders(Protocol):
    """What a conversation has matched order numbers with (see `tandem.orders.identification`)."""

    def matched_for_another(self, conversation_id: str, email: str) -> bool:
        """Check whether the conversation has matched an order of another address."""

    def forget_all_but(self, conversation_id: str, email: str | None) -> None:
        """Take back what it has matched of other addresses; with None, all of it."""


def opens(claim: SessionClaim, conversation: Conversation) -> bool:
    """Check whether the session still opens the conversation.

    A token without a generation, from before there were any, goes on opening a conversation whose customer was never
    known; nobody can say who else holds a copy of it.
    """
    if claim.generation is None:
        return conversation.session == 0 and conversation.known_as is None
    return claim.generation == conversation.session


class CustomerSessions:
    """Resumes and ends the sessions of customers; all blocking, each one transaction."""

    def __init__(self, ledger: Ledger, matched_orders: MatchedOrders) -> None:
        self._ledger = ledger
        self._matched = matched_orders

    def resume(self, claim: SessionClaim, identity: Identity | None) -> Conversation | None:
        """Go on with a conversation as this customer, or None where a new one must begin.

        Without an identity the one that the conversation had ends. With one, a conversation goes on if it is the same
        customer's, or a visitor's who is evidently the same person. Another customer's sign-in closes it.
        """
        try:
            before = self._ledger.conversation(claim.conversation_id)
        except ConversationNotFound:
            return None
        matched_another = identity is not None and self._matched.matched_for_another(before.id, identity.email)
        if opens(claim, before) and identity is None and before.identity is not None:
            self._matched.forget_all_but(before.id, None)
        elif identity is not None and before.identity is None and _is_of(before, identity):
            self._matched.forget_all_but(before.id, identity.email)
        return self._resume(claim, identity, matched_another)

    def sign_out(self, claim: SessionClaim) -> bool:
        """End the session and the identity for good; return whether the session was still good."""
        now = self._ledger.clock()
        with self._ledger.engine.begin() as connection:
            try:
                row = store.lock(connection, claim.conversation_id)
            except ConversationNotFound:
                return False
            if not opens(claim, store.to_conversation(row, now)):
                return False
            _close(connection, row, now)
            return True

    def _resume(self, claim: SessionClaim, identity: Identity | None, matched_another: bool) -> Conversation | None:
        now = self._ledger.clock()
        with self._ledger.engine.begin() as connection:
            try:
                row = store.lock(connection, claim.conversation_id)
            except ConversationNotFound:
                return None
            conversation = store.to_conversation(row, now)
            valid = opens(claim, conversation)
            if conversation.session == CLOSED or not _may_go_on(conversation, valid, identity, matched_another, now):
                if valid and identity is not None:
                    _close(connection, row, now)
                return None
            if identity is not None:
                renewed = row.session if conversation.identity is not None else row.session + 1
                if row.identity != store.from_identity(identity) or row.session != renewed:
                    row = store.change(connection, row, now, identity=store.from_identity(identity), session=renewed)
            elif conversation.identity is not None:
                row = store.change(connection, row, now, identity=_ended(row, now))
            return store.to_conversation(row, now)


def _is_of(conversation: Conversation, identity: Identity) -> bool:
    return conversation.known_as is not None and conversation.known_as.subject == identity.subject


def _may_go_on(
    conversation: Conversation, valid: bool, identity: Identity | None, matched_another: bool, now: datetime,
) -> bool:
    if identity is None:
        return valid
    if conversation.known_as is not None:
        return _is_of(conversation, identity)  # whose token proves more than a session does
    last = conversation.last_customer_at
    return valid and not matched_another and (last is None or now - last <= VISIT)


def _close(connection: Connection, row: Row, now: datetime) -> None:
    """End a session for good; people who have the conversation are told."""
    row = store.change(connection, row, now, session=CLOSED, customer_typing_until=None, identity=_ended(row, now))
    if row.owner in (Owner.WAITING.value, Owner.AGENT.value):
        store.append(connection, row, now, author=Author.SYSTEM, kind=Kind.NOTE, text=_LEFT)


def _ended(row: Row, now: datetime) -> dict[str, object] | None:
    """Return the stored identity of a conversation, ended now."""
    known = store.to_identity(row.identity)
    if known is None or not known.holds_at(now):
        stored: dict[str, object] | None = row.identity
        return stored
    return {**row.identity, "expires_at": now.isoformat()}
