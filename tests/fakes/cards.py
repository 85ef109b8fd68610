"""Cards as another version of Tandem, or something else, left them in the database."""
from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.engine import Engine

from tandem.conversations.tables import handoffs


def put_card(engine: Engine, conversation_id: str, card: Any) -> None:
    """Let the conversation's handoffs have this card, of whatever shape."""
    with engine.begin() as connection:
        connection.execute(update(handoffs).where(handoffs.c.conversation_id == conversation_id).values(card=card))
