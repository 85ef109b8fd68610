"""Reads an adapter's keys of endpoints.yml; what is wrong is named with the channel, the key and the page."""
from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import validator

from tandem.configuration import ConfigModel, read_section
from tandem.handoff.routing import LiveAgentConfigError

Options = TypeVar("Options", bound="AdapterOptions")

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ALLOW_HTTP = "allow_http"  # the key that permits http beyond this machine, for adapters that have it


class AdapterOptions(ConfigModel):
    """The keys of an adapter in endpoints.yml; each adapter's own model adds its fields.

    Declare `allow_http: bool = False` before the addresses of an adapter that may be told to do without TLS.
    """

    @classmethod
    def read(cls: type[Options], name: str, options: Mapping[str, Any], page: str) -> Options:
        """The options of the channel `name`; a key that is left empty counts as not there.

        Args:
            page: The page of docs/ that explains the keys.

        Raises:
            LiveAgentConfigError: A key is missing, wrong or unknown; the text names it, and never shows a secret.
        """
        known = {field.alias for field in cls.__fields__.values()}
        given = {key: value for key, value in options.items() if key not in known or value not in (None, "")}
        return read_section(cls, given, where=f"endpoints.yml: live_agent: {name}", page=page,
                            error=LiveAgentConfigError)


def address(*fields: str) -> Any:
    """A validator of an `AdapterOptions` model: these fields are https addresses.

    Http is for this machine only, or where `allow_http` is set. What an address looks like, the field's description
    says: "an address such as https://chat.example.com".
    """
    return validator(*fields, allow_reuse=True)(_check_address)


def _check_address(cls: type[AdapterOptions], value: str, values: Mapping[str, Any]) -> str:
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise TypeError  # in the words of the field's description
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not values.get(ALLOW_HTTP):
        fix = f"; set {ALLOW_HTTP}: true for a closed network" if ALLOW_HTTP in cls.__fields__ else ""
        raise ValueError(f"must begin with https{fix}")
    return value


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
