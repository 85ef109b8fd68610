"""The web chat: a widget that any page embeds with one script tag, and the endpoints it talks to (docs/webchat.md)."""
from tandem.channels.webchat.server import WebChat

__all__ = ["WebChat"]
