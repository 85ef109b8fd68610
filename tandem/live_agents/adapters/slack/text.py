"""Texts as Slack writes them: escaping outwards, and back to plain text inwards."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tandem.live_agents.rendering import split_text

LIMIT = 3900  # characters of one message; Slack asks for fewer than 4000
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARK = re.compile(r"<([^<>\n]*)>")
_SCHEME = re.compile(r"^(https?://|mailto:|tel:)")


def escape(text: str) -> str:
    """Text that Slack shows as it is: without control sequences, no mention can come about."""
    return "".join(_ESCAPED.get(sign, sign) for sign in text)


def parts(text: str) -> Iterator[str]:
    """The text, escaped, in messages that Slack takes; parts of blanks alone, which it does not take, are left out."""
    return (escape(part) for part in split_text(text, LIMIT, _size) if part.strip())


def plain(text: str, blocks: Any, name_of: Callable[[str], str]) -> str:
    """What a person wrote, without Slack's notation.

    Args:
        blocks: The message's blocks, which tell the signs of its emoji.
        name_of: The display name of a user's id.
    """
    read, end = "", 0
    for mark in _MARK.finditer(text):
        read += _unescape(text[end:mark.start()]) + _marked(mark.group(1), name_of)
        end = mark.end()
    read += _unescape(text[end:])
    for token, sign in sorted(_emoji(blocks).items(), key=lambda one: -len(one[0])):
        read = read.replace(token, sign)
    return read


def _size(sign: str) -> int:
    return len(_ESCAPED.get(sign, sign)) + (ord(sign) > 0xFFFF)


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _marked(content: str, name_of: Callable[[str], str]) -> str:
    target, _, label = content.partition("|")
    label, address = _unescape(label), _unescape(target)
    if target.startswith("@"):
        return f"@{label or name_of(target[1:])}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    bare = _SCHEME.sub("", address)
    if not label or label == address:
        return address if address.startswith("http") else bare
    return label if label.rstrip("/") == bare.rstrip("/") else f"{label} ({address})"


def _emoji(blocks: Any) -> Mapping[str, str]:
    """The emoji in a message's blocks: how they stand in the text, and their signs."""
    found: dict[str, str] = {}
    waiting = [blocks]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += [inner for inner in value.values() if isinstance(inner, (list, dict))]
            name, code = value.get("name"), value.get("unicode")
            if value.get("type") == "emoji" and isinstance(name, str) and isinstance(code, str):
                sign = _sign(code)
                tone = value.get("skin_tone")
                if sign:
                    found[f":{name}::skin-tone-{tone}:" if tone else f":{name}:"] = sign
    return found


def _sign(code: str) -> str:
    try:
        return "".join(chr(int(point, 16)) for point in code.split("-"))
    except (ValueError, OverflowError):
        return ""
