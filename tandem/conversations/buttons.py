"""Buttons belong to the message that offered them, and those that answer a question count once.

On the way to the customer each payload gets the number of its message (`/affirm#12`), and comes back with it. What is
only a choice from a menu may be pressed at any time; an answer only while its question is the bot's latest.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.conversations.model import Author, Message

BACK_TO_BOT = "/back_to_bot"  # the payload of the button that leaves the queue: open as long as the customer waits
OUTDATED = "/outdated_button"  # stands in the ledger for an answer to a question that is no longer open
ASIDE = "aside"  # the key in the data of a bot's message that leaves its question open
_YES, _NO = "affirm", "deny"
_DETAIL = "inform"
_A_CHOICE = re.compile(r'/inform\{\s*"order_number":[^,]*\}')  # of an order: it may be made again, and changes nothing
_STAMP = re.compile(r"#(\d{1,9})$")


@dataclass(frozen=True)
class ButtonPress:
    """A button that was offered, and pressed.

    Attributes:
        title: What the customer saw on it.
        payload: What it says to the bot: the button's own, or `OUTDATED`.
        message: The number of the message that offered it.
    """

    title: str
    payload: str
    message: int


def stamped(message: Message) -> list[dict[str, Any]]:
    """Return the buttons and quick replies of a message as they go to the customer."""
    return [_stamp(button, message.seq) for button in _given(message)]


def message_of(payload: str) -> int | None:
    """Return the number of the message that offered the button with this payload, if it tells."""
    return _unstamp(payload)[1]


def find_press(messages: Sequence[Message], payload: str) -> ButtonPress | None:
    """Return the button that this payload is of, among the messages of a conversation; None if none was offered."""
    plain, number = _unstamp(payload)
    offers = [(one, button) for one in messages if one.author is not Author.CUSTOMER
              and (number is None or one.seq == number)
              for button in _given(one) if button.get("payload") == plain]
    if not offers:
        return None
    offered, button = offers[-1]
    title = str(button.get("title") or plain)
    # Without a number, as from before payloads had one, it must be clear which question is meant.
    is_clear = number is not None or all(_same(offered, one) for one, _ in offers)
    counts = not _is_answer(plain) or (is_clear and _is_open(offered, messages))
    return ButtonPress(title, plain if counts else OUTDATED, offered.seq)


def is_yes(payload: Any) -> bool:
    """Check whether the payload says yes to a question."""
    return isinstance(payload, str) and _intent(payload) == _YES


def is_no(payload: Any) -> bool:
    """Check whether the payload says no to a question."""
    return isinstance(payload, str) and _intent(payload) == _NO


def _is_answer(payload: str) -> bool:
    """Check whether a payload answers a question; all others begin something, or choose an order."""
    return _intent(payload) in (_YES, _NO) or (_intent(payload) == _DETAIL and not _A_CHOICE.fullmatch(payload))


def _is_open(offered: Message, messages: Sequence[Message]) -> bool:
    """Check that the question is the bot's latest, in the same hands, and that no button of it was pressed since."""
    said = [one for one in messages if one.author is Author.BOT and not one.data.get(ASIDE)]
    if not said or messages[-1].epoch != offered.epoch:
        return False
    last = said[-1]  # and what was said with it
    latest = [one for one in said if _same(one, offered)
              and (one.seq == last.seq or (one.reply_to is not None and one.reply_to == last.reply_to))]
    if not latest:
        return False
    copies = {one.seq for one in messages if _same(one, offered)}
    return not any(one.data.get("button_of") in copies for one in messages
                   if one.author is Author.CUSTOMER and one.seq > latest[-1].seq)


def _same(one: Message, other: Message) -> bool:
    """Check whether two messages ask the same question: in the same words, or for the same yes."""
    if one.author is Author.CUSTOMER:
        return False
    if one.seq == other.seq:
        return True
    ids = [(message.data.get("question") or {}).get("id") for message in (one, other)]
    if any(ids):
        return ids[0] == ids[1]
    return bool(one.text) and one.text == other.text and one.data.get("buttons") == other.data.get("buttons")


def _given(message: Message) -> list[Mapping[str, Any]]:
    given = [*(message.data.get("buttons") or ()), *(message.data.get("quick_replies") or ())]
    return [button for button in given if isinstance(button, Mapping)]


def _stamp(button: Mapping[str, Any], seq: int) -> dict[str, Any]:
    payload = button.get("payload")
    if not isinstance(payload, str) or not payload.startswith("/") or payload == BACK_TO_BOT:
        return dict(button)
    return {**button, "payload": f"{payload}#{seq}"}


def _unstamp(payload: str) -> tuple[str, int | None]:
    found = _STAMP.search(payload)
    return (payload[: found.start()], int(found[1])) if found else (payload, None)


def _intent(payload: str) -> str:
    return payload.removeprefix("/").partition("{")[0]
