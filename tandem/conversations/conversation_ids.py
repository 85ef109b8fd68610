"""Conversation ids that no other channel can claim.

REST names its conversations as it likes: the id is the sender. Any other channel's new conversation is named after the
channel and the sender, `telegram:4711`, and REST may not use such names. Conversations that began before that under
the bare sender keep their ids.
"""
from __future__ import annotations

import hashlib
from collections.abc import Collection

from sqlalchemy import select

from tandem.conversations.channel_capabilities import CHANNELS
from tandem.conversations.model import InvalidMessage
from tandem.conversations.store import MAX_ID, clean_id
from tandem.conversations.tables import conversations
from tandem.conversations.transcript import Transcript

BARE = "rest"  # the channel whose conversations are named by the sender alone


def conversation_id_for(transcript: Transcript, channel: str, sender: str) -> str:
    """Return the id of the conversation that a sender has on a channel, whether or not it has begun; blocking.

    Raises:
        InvalidMessage: The sender cannot be part of an id.
    """
    sender = clean_id(sender, "the sender")
    # A second name is for the case that REST had a conversation of the first one before such names were kept from it.
    names = [_named(channel, sender, colons) for colons in (":", "::")]
    old = [] if sender.startswith(f"{channel}:") else [sender]
    query = select(conversations.c.id, conversations.c.channel).where(conversations.c.id.in_([*old, *names]))
    with transcript.reading.connect() as connection:
        found = {row.id: row.channel for row in connection.execute(query).all()}
    for one in old:
        if found.get(one) == channel:
            return one
    return next((name for name in names if found.get(name, channel) == channel), names[-1])


def require_bare(transcript: Transcript, sender: str, channels: Collection[str]) -> None:
    """Check that a sender on REST does not bear a name of another channel; blocking.

    Args:
        channels: The channels that this server has, besides those that Tandem knows.

    Raises:
        InvalidMessage: It does, and no conversation of REST has had that name before.
    """
    prefix = sender.partition(":")[0]
    if prefix == BARE or ":" not in sender or prefix not in {*CHANNELS, *channels}:
        return
    query = select(conversations.c.id).where(conversations.c.id == clean_id(sender, "sender"),
                                             conversations.c.channel == BARE)
    with transcript.reading.connect() as connection:
        if connection.execute(query).first() is None:
            raise InvalidMessage(f"a sender that begins with {prefix}: belongs to another channel, {prefix}")


def sender_of(channel: str, conversation_id: str) -> str:
    """Return the sender in a conversation's id, as the channel's service knows them."""
    for start in (f"{channel}::", f"{channel}:"):
        if conversation_id.startswith(start):
            return conversation_id[len(start):]
    return conversation_id


def _named(channel: str, sender: str, colons: str) -> str:
    name = f"{channel}{colons}{sender}"
    if len(name) <= MAX_ID:
        return name
    return f"{channel}{colons}{hashlib.sha256(sender.encode('utf-8', 'replace')).hexdigest()}"
