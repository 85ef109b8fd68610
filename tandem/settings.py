"""The only reader of the environment.

Every other module gets its settings as an argument. `load()` reads and checks them all at once, so that a wrong
value stops a process at its start, by name, and not a customer in the middle of a conversation.
"""
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from pydantic import Field, validator
from pydantic.fields import ModelField

from tandem.configuration import ConfigModel, ConfigurationError, read_section
from tandem.shop.shop_file import current_shop

_SECRET = "a text of at least 16 characters"
_ADDRESS = "an address such as https://desk.example.com or https://shop.example.com/desk"
_PORT = "a port from 1 to 65535"
_SMTP = "an address such as smtps://user:password@mail.example.com"
_MAIL = "an e-mail address"
_TOKEN = "a token of at least 16 characters, or two of them separated by a comma"


class SettingsError(ConfigurationError):
    """A setting is missing or cannot be read; the message names it and its fix."""


class Settings(ConfigModel):
    """What the operator may set. A field's environment variable is its name with `TANDEM_` before it, but for two."""

    class Config:
        from_text = True
        allow_population_by_field_name = True
        alias_generator = staticmethod(lambda name: f"TANDEM_{name.upper()}")

    database_url: str = "sqlite:///var/tandem.db"
    orders_url: str = ""
    tracker_url: str = "sqlite:///var/rasa.db"
    identity_secret: str = Field("", repr=False, description=_SECRET)
    secret_key: str = Field("", repr=False, description=_SECRET)
    api_token: str = Field("", repr=False, description=_TOKEN)
    metrics_token: str = Field("", repr=False, description=_TOKEN)
    rasa_token: str = Field("", repr=False, description=_TOKEN)
    actions_token: str = Field("", repr=False, description=_TOKEN)
    rest_token: str = Field("", repr=False, description=_TOKEN)
    demo: bool = Field(False, description="1 or 0")
    demo_password: str = Field("", repr=False)
    host: str = "127.0.0.1"
    rasa_port: int = Field(5005, ge=1, le=65535, description=_PORT)
    actions_host: str = "127.0.0.1"
    actions_port: int = Field(5055, ge=1, le=65535, description=_PORT)
    actions_webhook: str = Field("", alias="TANDEM_ACTIONS_URL")
    desk_port: int = Field(5080, ge=1, le=65535, description=_PORT)
    workers: int = Field(1, ge=1, le=64, description="a number of workers from 1 to 64")
    proxies: int = Field(0, ge=0, le=10, description="a number of proxies from 0 to 10")
    public_desk_url: str = Field("", alias="TANDEM_DESK_URL", description=_ADDRESS)
    retention_days: int = Field(0, ge=0, le=36_500, description="a number of days, or 0 to keep everything")
    shop_name: str = "Tandem Shop"
    shop_timezone: ZoneInfo = Field(ZoneInfo("America/New_York"), description="a time zone such as Europe/Berlin")
    shop_locale: Locale = Field(Locale("en", "US"), description="a language, perhaps with a country: de, en_US")
    webchat_origins: tuple[str, ...] = Field((), description="origins such as https://shop.example.com, separated by "
                                                             "commas")
    secure_cookies: bool = Field(False, description="1 or 0")
    smtp_url: str = Field("", repr=False, description=_SMTP)
    mail_from: str = Field("", description=_MAIL)
    shopify_webhook_secret: str = Field("", repr=False, description=_SECRET)
    woocommerce_webhook_secret: str = Field("", repr=False, description=_SECRET)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @validator("identity_secret", "secret_key", "api_token", "metrics_token", "rasa_token", "actions_token",
               "rest_token", "shopify_webhook_secret", "woocommerce_webhook_secret")
    def _is_long(cls, value: str, field: ModelField) -> str:
        """Check the length of a token, which may be two, the new one and the old, while it is changed."""
        parts = [part.strip() for part in value.split(",", 2)] if field.field_info.description == _TOKEN else [value]
        if len(parts) > 2 or (value and min(map(len, parts)) < 16):
            raise ValueError
        return ",".join(parts)

    @validator("smtp_url")
    def _is_mail_server(cls, value: str) -> str:
        try:
            found = urlsplit(value)
            wrong = found.scheme not in ("smtp", "smtps") or not found.hostname or found.port == 0
        except ValueError:
            raise ValueError from None
        if value and wrong:
            raise ValueError
        return value

    @validator("mail_from", always=True)
    def _is_sender(cls, value: str, values: dict[str, Any]) -> str:
        """Check the address from which e-mails come; it is needed where any are sent."""
        if (value or values.get("smtp_url")) and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", value):
            raise ValueError
        return value

    @validator("public_desk_url")
    def _is_address(cls, value: str) -> str:
        try:
            found = urlsplit(value)
        except ValueError:
            raise ValueError from None
        if value and (found.scheme not in ("http", "https") or not found.hostname or found.query or found.fragment):
            raise ValueError
        return value.rstrip("/")

    @validator("shop_timezone", pre=True)
    def _is_zone(cls, value: str | ZoneInfo) -> ZoneInfo:
        try:
            return ZoneInfo(value) if isinstance(value, str) else value
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError from None

    @validator("shop_locale", pre=True)
    def _is_locale(cls, value: str | Locale) -> Locale:
        try:
            return Locale.parse(value.replace("-", "_")) if isinstance(value, str) else value
        except (UnknownLocaleError, ValueError):
            raise ValueError from None

    @validator("webchat_origins", pre=True)
    def _are_origins(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        origins = tuple(part.strip().rstrip("/") for part in parts if part.strip())
        if not all(origin == "*" or origin.startswith(("http://", "https://")) for origin in origins):
            raise ValueError
        return origins

    @validator("log_level", pre=True)
    def _in_capitals(cls, value: str) -> str:
        return value.upper()

    @validator("log_format", pre=True)
    def _in_small_letters(cls, value: str) -> str:
        return value.lower()

    @property
    def demo_on_loopback(self) -> bool:
        """Check whether this is a demo that only this machine can reach: it may be tried without tokens."""
        return self.demo and _is_loopback(self.host)

    @property
    def rasa_url(self) -> str:
        """Return where this machine reaches the Rasa server."""
        return _http(self.host, self.rasa_port)

    @property
    def actions_url(self) -> str:
        """Return where Rasa reaches the action server."""
        return self.actions_webhook or f"{self.local_actions_url}/webhook"

    @property
    def local_actions_url(self) -> str:
        """Return where this machine reaches the action server."""
        return _http(self.actions_host, self.actions_port)

    @property
    def desk_url(self) -> str:
        """Return where agents' browsers reach the desk."""
        return self.public_desk_url or self.local_desk_url

    @property
    def desk_base_path(self) -> str:
        """Return the path under which browsers reach the desk, such as "/desk"; empty at the root of its host."""
        return urlsplit(self.public_desk_url).path.rstrip("/")

    @property
    def local_desk_url(self) -> str:
        """Return where this machine reaches the desk."""
        return _http(self.host, self.desk_port)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reachable(host: str) -> str:
    """Return where this machine reaches what listens on `host`: loopback for "every address"."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host


def _http(host: str, port: int) -> str:
    there = _reachable(host)
    return f"http://[{there}]:{port}" if ":" in there else f"http://{there}:{port}"


# What keeps libraries from talking.
QUIET: Mapping[str, str] = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONUNBUFFERED": "1",
}

VARIABLES = tuple(field.alias for field in Settings.__fields__.values())
_RETIRED = frozenset({"TANDEM_FAULTS", "TANDEM_FAULTS_SEED"})  # in the compose.yaml of earlier versions; passed over
_OF_THE_SHOP = ("name", "timezone", "locale")  # stand in data/shop.yml, and the environment may say otherwise
_ALSO_READ = {"TANDEM_WORKERS": "SANIC_WORKERS"}  # the name that Rasa's users know


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; what the environment leaves open of the shop is as data/shop.yml says.

    Args:
        environ: The environment to read; the process's own when None. Empty values count as not set.

    Raises:
        SettingsError: A value cannot be read, or an unknown `TANDEM_` variable is set.
        ShopFileError: data/shop.yml cannot be read.
    """
    source = os.environ if environ is None else environ
    given = {name: value.strip() for name, value in source.items()
             if name.startswith("TANDEM_") and name not in _RETIRED}
    values: dict[str, Any] = {name: value for name, value in given.items() if value or name not in VARIABLES}
    named = {}  # what to call a variable that was read by its other name
    for name, other in _ALSO_READ.items():
        if name not in values and source.get(other, "").strip():
            values[name] = source[other].strip()
            named[name] = other
    shop = current_shop()
    for key in _OF_THE_SHOP:
        values.setdefault(f"TANDEM_SHOP_{key.upper()}", getattr(shop, key))
    try:
        return read_section(Settings, values, where="", page="settings.md", error=SettingsError)
    except SettingsError as error:
        text = str(error)
        for name, other in named.items():
            text = text.replace(name, other)
        raise SettingsError(text) from None


def child_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that Tandem starts: this process's own, and `overrides` over it."""
    return {**os.environ, **overrides}


def set_defaults(variables: Mapping[str, str]) -> None:
    """Set variables of libraries in this process's own environment, unless the operator has set them."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def is_set(variable: str) -> bool:
    """Check whether an environment variable has a value; for those that only Rasa's yml files name."""
    return bool(os.environ.get(variable))


def colour_wanted(terminal: bool) -> bool:
    """Check whether to colour what is printed: on a terminal, unless `NO_COLOR` is set (no-color.org)."""
    return terminal and not os.environ.get("NO_COLOR")


def project_root() -> Path:
    """Return the folder that holds `config.yml`: the working directory of every Tandem process."""
    return Path.cwd()


def expand(value: str, environ: Mapping[str, str] | None = None) -> str:
    """Replace each `${NAME}` in `value` by that environment variable, as Rasa does in its own yml files.

    Raises:
        SettingsError: A variable is not set.
    """
    source = os.environ if environ is None else environ

    def lookup(match: re.Match[str]) -> str:
        if match[1] not in source:
            raise SettingsError(f"{match[1]} is not set in the environment")
        return source[match[1]]

    return re.sub(r"\$\{(\w+)\}", lookup, value)
