"""Reads an adapter's keys of endpoints.yml; what is wrong is named with the channel, the key and the page."""
from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tandem.handoff.routing import LiveAgentConfigError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ALLOW_HTTP = "allow_http"  # the key that permits http beyond this machine, for adapters that have it


@dataclass(frozen=True)
class AdapterConfig:
    """What endpoints.yml gives for one channel. Every method raises `LiveAgentConfigError`.

    Attributes:
        name: The channel's.
        keys: All that the adapter knows.
        page: The page of docs/ that explains them.
    """

    name: str
    values: Mapping[str, Any]
    keys: Collection[str]
    page: str

    def __post_init__(self) -> None:
        for key in sorted(set(self.values) - set(self.keys)):
            raise self.wrong(f"{key} is not known; there are {', '.join(sorted(self.keys))}")

    def wrong(self, what: str) -> LiveAgentConfigError:
        """The error that says what is wrong with which key; never with its value, which may be a secret."""
        return LiveAgentConfigError(f"live_agent: {self.name}: {what}; see docs/{self.page}")

    def required(self, key: str, default: Any = None) -> Any:
        """The value of a key that must be there."""
        value = self.values.get(key, default)
        if value is None or value == "":
            raise self.wrong(f"{key} is missing")
        return value

    def like(self, key: str, pattern: str, what: str, default: str | None = None) -> str:
        """A text of this form; `what` finishes "key must be"."""
        value = self.required(key, default)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self.wrong(f"{key} must be {what}")
        return value

    def address(self, key: str, example: str, default: str | None = None) -> str:
        """An https address; http only on this machine, or where `allow_http` is set."""
        value, http_too = self.required(key, default), self.values.get(ALLOW_HTTP, False)
        if not isinstance(http_too, bool):
            raise self.wrong(f"{ALLOW_HTTP} must be true or false")
        try:
            parts = urlsplit(value if isinstance(value, str) else "")
            fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise self.wrong(f"{key} must be an address such as {example}")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not http_too:
            fix = f"; set {ALLOW_HTTP}: true for a closed network" if ALLOW_HTTP in self.keys else ""
            raise self.wrong(f"{key} must begin with https{fix}")
        return str(value)

    def timeout(self, default: float, most: float) -> float:
        """Seconds for each of connecting, sending and waiting, from 1 to `most`."""
        value = self.values.get("timeout", default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value <= most:
            raise self.wrong(f"timeout must be 1 to {most:g} seconds")
        return float(value)
