"""What a form has of its answers while one message is worked on."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from actions.base.reply import Reply


@dataclass
class FormDraft:
    """A form's slots while one message is worked on, and what will be said."""

    slots: dict[str, Any]
    replies: list[Reply] = field(default_factory=list)
    failed_lookups: float | None = None
    answered: bool = False  # the message was an answer, although it left the slot empty
    over: bool = False  # the form ends without its action
    needless: frozenset[str] = frozenset()  # details that this order does not need
    moved_on: bool = False  # and what else the message says is answered

    def leave(self, reply: Reply) -> None:
        """Say this and end the form."""
        self.replies.append(reply)
        self.over = True

    def move_on(self, reply: Reply) -> None:
        """Say this, end the form, and let the rules answer the message as if freshly asked."""
        self.leave(reply)
        self.moved_on = True
