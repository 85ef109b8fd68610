"""What each messaging channel can do for those who answer on it: declared here once.

The numbers are those of the services' published pages (docs/channels.md names them). The delivery worker cuts texts and
lays out buttons by them; the desk shows them to agents.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tandem.conversations.store import MAX_TEXT


@dataclass(frozen=True)
class ChannelCapabilities:
    """What one channel can do.

    Attributes:
        label: Its name as people know it.
        push: It takes what is said without being asked; else the customer's side fetches it.
        live: The customer's side, while it is open, has it at once all the same.
        window: Hours after the customer's last word in which the service takes what is pushed; None for always.
        acknowledges: It tells that the customer's side has a message.
        typing: Customers see that an agent writes.
        buttons: How many one message carries; 0: they are written as lines, None: any number.
        title, payload: The longest title (characters) and payload (bytes) of a button; None for any.
        limit: The longest text of one message; what is longer goes in several, in order.
        button_text: The longest text that buttons may stand under, if less.
        wide: Lengths count UTF-16 units, of which an emoji has two; else characters.
        names_speaker: It shows by itself who speaks; else the agent's name stands before the text.
    """

    label: str
    push: bool = False
    live: bool = False
    window: int | None = None
    acknowledges: bool = False
    typing: bool = False
    buttons: int | None = 0
    title: int | None = None
    payload: int | None = None
    limit: int = MAX_TEXT
    button_text: int | None = None
    wide: bool = False
    names_speaker: bool = False

    def size(self, text: str) -> int:
        """Measure a text as the service counts it."""
        return len(text.encode("utf-16-le", "replace")) // 2 if self.wide else len(text)


SMS = ChannelCapabilities("SMS", push=True, limit=1600)
WHATSAPP = replace(SMS, label="WhatsApp", window=24)

CHANNELS: Mapping[str, ChannelCapabilities] = {  # by the channel's name, as in addresses and response variations
    "rest": ChannelCapabilities("REST", acknowledges=True, buttons=None, names_speaker=True),
    "webchat": ChannelCapabilities("Web chat", live=True, acknowledges=True, typing=True, buttons=None,
                                   names_speaker=True),
    "telegram": ChannelCapabilities("Telegram", push=True, buttons=100, payload=64, limit=4096, wide=True),
    "slack": ChannelCapabilities("Slack", push=True, buttons=25, title=75, payload=2000, limit=40_000,
                                 button_text=3000),
    "twilio": SMS,
    "facebook": ChannelCapabilities("Facebook Messenger", push=True, window=24, buttons=13, title=20, payload=1000,
                                    limit=2000, button_text=640),
}
_WHATSAPP = ("whatsapp:", "twilio:whatsapp:", "twilio::whatsapp:")  # how the ids of such conversations begin


def capabilities_of(channel: str, conversation_id: str = "") -> ChannelCapabilities | None:
    """Return what the channel can do for this conversation; None for one that is not declared."""
    if channel == "twilio" and conversation_id.startswith(_WHATSAPP):
        return WHATSAPP
    return CHANNELS.get(channel)
