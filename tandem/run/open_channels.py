"""Which channels of credentials.yml would take anybody's word for who writes: refused outside a demo on loopback."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tandem.run.errors import UnprotectedChannels
from tandem.settings import Settings

CREDENTIALS = Path("credentials.yml")
_REST = ("tandem.channels.rest.Rest",)
_TWILIO = ("tandem.channels.messaging.Twilio", "tandem.channels.twilio.Twilio")
_OPEN_IN_RASA = {  # Rasa's own channels that check nobody, by either name
    "rest": "RestInput", "callback": "CallbackInput", "telegram": "TelegramInput", "twilio": "TwilioInput",
    "mattermost": "MattermostInput", "rocketchat": "RocketChatInput", "twilio_voice": "TwilioVoiceInput",
    "socketio": "SocketIOInput",
}


def require_closed(settings: Settings, root: Path) -> None:
    """Check all channels.

    Raises:
        UnprotectedChannels: At least one is open and this is no demo on loopback; the text has a line for each.
    """
    found = list(open_channels(settings, root))
    if found:
        raise UnprotectedChannels("\n".join(found))


def open_channels(settings: Settings, root: Path) -> Iterator[str]:
    """List each open channel with its reason and its fix; none in a demo that only this machine can reach."""
    if settings.demo_on_loopback:
        return
    try:
        content = yaml.safe_load((root / CREDENTIALS).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return  # Rasa says what is wrong with the file
    for name, options in content.items() if isinstance(content, Mapping) else ():
        given = options if isinstance(options, Mapping) else {}
        for names, why in _CHECKS:
            reason = why(settings, given) if name in names else None
            if reason:
                yield f"credentials.yml: {name}: {reason}"


def _rest(settings: Settings, options: Mapping[str, Any]) -> str | None:
    if settings.rest_token or options.get("token") or settings.demo:
        return None  # a demo that others can reach makes one up
    return ("whoever reaches it could write as any customer. Set TANDEM_REST_TOKEN (`openssl rand -hex 32`), which "
            "callers then send as Authorization: Bearer, or take the channel out; see docs/channels.md")


def _twilio(_: Settings, options: Mapping[str, Any]) -> str | None:
    if options.get("webhook_url"):
        return None
    return ("without webhook_url Twilio's signature cannot be checked, and whoever knows the address could write as "
            "any customer. Set it to the address as it stands at Twilio; see docs/channels.md")


def _rasas_own(_: Settings, options: Mapping[str, Any]) -> str | None:
    if options.get("jwt_key"):  # of socketio
        return None
    return ("this is Rasa's own channel: it checks nobody, and nothing said on it reaches the desk. Use Tandem's "
            "channel of that name, or wrap it; see docs/channels.md")


_CHECKS: tuple[tuple[tuple[str, ...], Callable[[Settings, Mapping[str, Any]], str | None]], ...] = (
    (_REST, _rest),
    (_TWILIO, _twilio),
    (tuple(_OPEN_IN_RASA) + tuple(
        f"rasa.core.channels.{module}.{kind}" for module, kind in _OPEN_IN_RASA.items()), _rasas_own),
)
