"""Compare, rotate and derive tokens. A setting holds one token, or the new and the old one: "new,old"."""
from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from tandem.settings import Settings

SECRETS: Mapping[str, str] = {  # field of the settings: its variable; each is for one use only
    "secret_key": "TANDEM_SECRET_KEY", "identity_secret": "TANDEM_IDENTITY_SECRET", "api_token": "TANDEM_API_TOKEN",
    "metrics_token": "TANDEM_METRICS_TOKEN", "rasa_token": "TANDEM_RASA_TOKEN",
    "actions_token": "TANDEM_ACTIONS_TOKEN", "rest_token": "TANDEM_REST_TOKEN",
}


def valid_tokens(setting: str) -> Sequence[str]:
    """Return the tokens of a setting, the newest first; none if it is not set."""
    return [token for token in setting.split(",") if token]


def current_token(setting: str) -> str:
    """Return the token to send: the newest one; empty if none is set."""
    return next(iter(valid_tokens(setting)), "")


def accepts(setting: str, actual: str | None) -> bool:
    """Check a token against each valid one, in constant time. Without a valid token nothing is accepted."""
    sent = (actual or "").encode("utf-8", "surrogatepass")
    return any([hmac.compare_digest(sent, token.encode()) for token in valid_tokens(setting)])


def same(expected: str, actual: str | None) -> bool:
    """Compare two secrets in constant time; an empty one is never the same."""
    return bool(expected) and hmac.compare_digest((actual or "").encode("utf-8", "surrogatepass"), expected.encode())


def bearer_of(header: str | None) -> str:
    """Return the token of an Authorization header, empty if it carries none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def derived(secret: str, use: str) -> str:
    """Derive a token for one use from another secret: 64 hexadecimal digits that tell nothing about it."""
    return hmac.new(secret.encode(), f"tandem {use}".encode(), hashlib.sha256).hexdigest()


def actions_tokens(settings: Settings) -> str:
    """Return the action server's tokens: those set, or one derived from TANDEM_SECRET_KEY; empty without it."""
    if settings.actions_token or not settings.secret_key:
        return settings.actions_token
    return derived(settings.secret_key, "action server")
