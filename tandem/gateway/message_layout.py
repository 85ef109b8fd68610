"""A message of the ledger as the sends that bring it to the customer: each is one call, and fits the channel."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rasa.core.channels.channel import OutputChannel

from tandem.conversations.buttons import stamped
from tandem.conversations.channel_capabilities import ChannelCapabilities, capabilities_of
from tandem.conversations.model import Author, Message
from tandem.live_agents.rendering import split_text

_BESIDE = ("custom", "image", "attachment", "elements")  # each a send of its own
_ELLIPSIS = "…"

_UNTOLD = 10**9  # of a channel that is not declared nothing is known, so nothing is cut

Part = dict[str, Any]
Button = dict[str, str]


def parts_of(message: Message, capabilities: ChannelCapabilities) -> list[Part]:
    """Return the sends of a message, in order, as the dictionaries that Rasa's output channels take.

    Texts are cut after a line or a word where they are too long, and the speaker stands before each piece on channels
    that do not show who speaks. Buttons go with the last piece; where they cannot be carried, their titles are lines.
    """
    speaker = message.name if message.author is Author.AGENT and not capabilities.names_speaker else ""
    label = f"{speaker}: " if speaker else ""
    buttons = _buttons(message, capabilities)
    text = message.text
    if not _fit(buttons, capabilities):
        text, buttons = "\n".join([text, *(f"• {button['title']}" for button in buttons)]).strip(), []
    pieces = _cut(text, capabilities.limit - capabilities.size(label), capabilities)
    if buttons and capabilities.button_text is not None:
        pieces += _cut(pieces.pop(), capabilities.button_text - capabilities.size(label), capabilities)
    beside = [{key: message.data[key]} for key in _BESIDE if message.data.get(key)]
    parts: list[Part] = [{"text": f"{label}{piece}"} for piece in pieces] if pieces != [""] or not beside else []
    if buttons:
        parts[-1]["buttons"] = buttons
    return [*parts, *beside]


def declared(channel: str, conversation_id: str) -> ChannelCapabilities:
    """Return what the channel can do for this conversation; one that is not declared lays messages out itself."""
    known = capabilities_of(channel, conversation_id)
    return known or ChannelCapabilities(channel, push=True, buttons=None, limit=_UNTOLD)


def legible_to(output: OutputChannel, part: Mapping[str, Any]) -> Part:
    """Write a part for an output; blank lines are kept from splitting the text, as Rasa's own outputs otherwise do."""
    if getattr(output, "keeps_blank_lines", False) or not part.get("text"):
        return dict(part)
    return {**part, "text": re.sub(r"\n(?=\n)", "\n ", part["text"])}


def _cut(text: str, limit: int, capabilities: ChannelCapabilities) -> list[str]:
    pieces = list(split_text(text, max(limit, 1), capabilities.size))
    # No service takes a message of nothing but blanks.
    return [piece for piece in pieces if piece.strip()] or pieces[:1] or [""]


def _buttons(message: Message, capabilities: ChannelCapabilities) -> list[Button]:
    found = []
    for given in stamped(message):
        if not given.get("title"):
            continue
        title = str(given["title"])
        target = "url" if given.get("url") else "payload"
        found.append({"title": _short(title, capabilities.title), target: str(given.get(target) or title)})
    return found


def _fit(buttons: list[Button], capabilities: ChannelCapabilities) -> bool:
    if capabilities.buttons is not None and len(buttons) > capabilities.buttons:
        return False
    most = capabilities.payload
    return most is None or all(len(button.get("payload", "").encode("utf-8", "replace")) <= most for button in buttons)


def _short(title: str, limit: int | None) -> str:
    return title if limit is None or len(title) <= limit else title[: limit - 1].rstrip() + _ELLIPSIS
