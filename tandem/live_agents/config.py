"""The keys of an adapter in endpoints.yml; what is wrong is named with the channel, the key and the page."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import validator

from tandem.configuration import ConfigModel, read_section
from tandem.handoff.routing import LiveAgentConfigError

Options = TypeVar("Options", bound="AdapterOptions")

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ALLOW_HTTP = "allow_http"  # the key that permits http beyond this machine, for adapters that have it
PRINTABLE = r"[^\x00-\x1f\x7f]+\Z"  # what may go into a header


class AdapterOptions(ConfigModel):
    """The keys of an adapter in endpoints.yml; each adapter's own model adds its fields.

    Declare `allow_http: bool = False` before the addresses of an adapter that may be told to do without TLS.
    """

    @classmethod
    def read(cls: type[Options], name: str, options: Mapping[str, Any], page: str) -> Options:
        """Read the options of the channel `name`; a key that is left empty counts as not there.

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
    """Make a validator of an `AdapterOptions` model: these fields are https addresses.

    Http is for this machine only, or where `allow_http` is set. What an address looks like, the field's description
    says: "an address such as https://chat.example.com".
    """
    return validator(*fields, allow_reuse=True)(_check_address)


def base_address(*fields: str) -> Any:
    """Make the same for addresses that paths are put after: no user, query or fragment, no slash at the end."""
    return validator(*fields, allow_reuse=True)(_check_base_address)


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


def _check_base_address(cls: type[AdapterOptions], value: str, values: Mapping[str, Any]) -> str:
    parts = urlsplit(_check_address(cls, value, values))
    if parts.username is not None or parts.query or parts.fragment:
        raise TypeError
    return value.rstrip("/")
