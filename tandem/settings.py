"""The only reader of the environment.

Every other module gets its settings as an argument. `load()` reads and checks them all at once, so that a wrong
value stops a process at its start, by name, and not a customer in the middle of a conversation.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

T = TypeVar("T")


class SettingsError(ValueError):
    """A setting is missing or cannot be read; the message names it and its fix."""


FAULT_ACTIONS = ("kill", "hang", "locked", "full", "drop", "back")


@dataclass(frozen=True)
class FaultRule:
    """A fault for tests (`tandem/faults.py`): where, how likely each time (0 to 1), what, and for how many seconds."""

    point: str
    probability: float
    action: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Settings:
    """What the operator may set. Each field names its environment variable in `VARIABLES`."""

    database_url: str = "sqlite:///var/tandem.db"
    orders_url: str = ""
    tracker_url: str = "sqlite:///var/rasa.db"
    identity_secret: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    api_token: str = field(default="", repr=False)  # each token: one value, or two separated by a comma
    metrics_token: str = field(default="", repr=False)
    rasa_token: str = field(default="", repr=False)
    actions_token: str = field(default="", repr=False)
    rest_token: str = field(default="", repr=False)
    demo: bool = False
    demo_password: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    rasa_port: int = 5005
    actions_host: str = "127.0.0.1"
    actions_port: int = 5055
    actions_webhook: str = ""
    desk_port: int = 5080
    workers: int = 1
    proxies: int = 0
    public_desk_url: str = ""
    retention_days: int = 0
    shop_name: str = "Tandem Shop"
    shop_timezone: ZoneInfo = ZoneInfo("America/New_York")
    webchat_origins: tuple[str, ...] = ()
    secure_cookies: bool = False
    log_level: str = "INFO"
    log_format: str = "text"
    faults: tuple[FaultRule, ...] = ()
    faults_seed: int = 0

    @property
    def demo_on_loopback(self) -> bool:
        """Whether this is a demo that only this machine can reach: it may be tried without tokens."""
        return self.demo and _is_loopback(self.host)

    @property
    def rasa_url(self) -> str:
        """Where this machine reaches the Rasa server."""
        return _http(self.host, self.rasa_port)

    @property
    def actions_url(self) -> str:
        """Where Rasa reaches the action server."""
        return self.actions_webhook or f"{self.local_actions_url}/webhook"

    @property
    def local_actions_url(self) -> str:
        """Where this machine reaches the action server."""
        return _http(self.actions_host, self.actions_port)

    @property
    def desk_url(self) -> str:
        """Where agents' browsers reach the desk."""
        return self.public_desk_url or self.local_desk_url

    @property
    def desk_base_path(self) -> str:
        """The path under which agents' browsers reach the desk, such as "/desk"; empty at the root of its host."""
        return urlsplit(self.public_desk_url).path.rstrip("/")

    @property
    def local_desk_url(self) -> str:
        """Where this machine reaches the desk."""
        return _http(self.host, self.desk_port)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reachable(host: str) -> str:
    """Where this machine reaches what listens on `host`: loopback for "every address"."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host


def _http(host: str, port: int) -> str:
    there = _reachable(host)
    return f"http://[{there}]:{port}" if ":" in there else f"http://{there}:{port}"


def _text(value: str) -> str:
    return value


def _flag(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if value.lower() not in known:
        raise ValueError("expected 1 or 0")
    return known[value.lower()]


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise ValueError("expected a port from 1 to 65535")
    return int(value)


def _proxies(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= 10):
        raise ValueError("expected a number of proxies from 0 to 10")
    return int(value)


def _address(value: str) -> str:
    found = urlsplit(value)
    if found.scheme not in ("http", "https") or not found.hostname or found.query or found.fragment:
        raise ValueError("expected an address such as https://desk.example.com or https://shop.example.com/desk")
    return value.rstrip("/")


def _workers(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 64):
        raise ValueError("expected a number of workers from 1 to 64")
    return int(value)


def _number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError("expected a whole number") from None


def _days(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= 36_500):
        raise ValueError("expected a number of days, or 0 to keep everything")
    return int(value)


def _zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("expected a time zone such as Europe/Berlin") from error


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
    for origin in origins:
        if origin != "*" and not origin.startswith(("http://", "https://")):
            raise ValueError("expected origins such as https://shop.example.com, separated by commas")
    return origins


def _level(value: str) -> str:
    if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("expected DEBUG, INFO, WARNING or ERROR")
    return value.upper()


def _log_format(value: str) -> str:
    if value.lower() not in {"text", "json"}:
        raise ValueError("expected text or json")
    return value.lower()


def _secret(value: str) -> str:
    if len(value) < 16:
        raise ValueError("expected at least 16 characters")
    return value


def _tokens(value: str) -> str:
    """One token, or the new and the old one while they are changed: "new,old"."""
    tokens = [part.strip() for part in value.split(",")]
    if len(tokens) > 2 or any(len(token) < 16 for token in tokens):
        raise ValueError("expected a token of at least 16 characters, or two of them separated by a comma")
    return ",".join(tokens)


def _fault_rules(value: str) -> tuple[FaultRule, ...]:
    return tuple(_fault_rule(part.strip()) for part in value.split(",") if part.strip())


def _fault_rule(text: str) -> FaultRule:
    point, *rest = text.split(":")
    if len(rest) not in (2, 3) or rest[1] not in FAULT_ACTIONS or (rest[1] == "back") != (point == "clock"):
        raise ValueError(f"expected point:probability:action[:seconds], an action of {', '.join(FAULT_ACTIONS)}")
    rule = FaultRule(point, float(rest[0]), rest[1], float(rest[2]) if len(rest) == 3 else 0.0)
    if not 0 <= rule.probability <= 1 or rule.seconds < 0:
        raise ValueError("expected a probability from 0 to 1 and seconds from 0")
    return rule


# What keeps libraries from talking.
QUIET: Mapping[str, str] = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONUNBUFFERED": "1",
}

VARIABLES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "TANDEM_DATABASE_URL": ("database_url", _text),
    "TANDEM_ORDERS_URL": ("orders_url", _text),
    "TANDEM_TRACKER_URL": ("tracker_url", _text),
    "TANDEM_IDENTITY_SECRET": ("identity_secret", _secret),
    "TANDEM_SECRET_KEY": ("secret_key", _secret),
    "TANDEM_API_TOKEN": ("api_token", _tokens),
    "TANDEM_METRICS_TOKEN": ("metrics_token", _tokens),
    "TANDEM_RASA_TOKEN": ("rasa_token", _tokens),
    "TANDEM_ACTIONS_TOKEN": ("actions_token", _tokens),
    "TANDEM_REST_TOKEN": ("rest_token", _tokens),
    "TANDEM_DEMO": ("demo", _flag),
    "TANDEM_DEMO_PASSWORD": ("demo_password", _text),
    "TANDEM_HOST": ("host", _text),
    "TANDEM_RASA_PORT": ("rasa_port", _port),
    "TANDEM_ACTIONS_HOST": ("actions_host", _text),
    "TANDEM_ACTIONS_PORT": ("actions_port", _port),
    "TANDEM_ACTIONS_URL": ("actions_webhook", _text),
    "TANDEM_DESK_PORT": ("desk_port", _port),
    "TANDEM_DESK_URL": ("public_desk_url", _address),
    "TANDEM_WORKERS": ("workers", _workers),
    "TANDEM_RETENTION_DAYS": ("retention_days", _days),
    "TANDEM_PROXIES": ("proxies", _proxies),
    "TANDEM_SHOP_NAME": ("shop_name", _text),
    "TANDEM_SHOP_TIMEZONE": ("shop_timezone", _zone),
    "TANDEM_WEBCHAT_ORIGINS": ("webchat_origins", _origins),
    "TANDEM_SECURE_COOKIES": ("secure_cookies", _flag),
    "TANDEM_LOG_LEVEL": ("log_level", _level),
    "TANDEM_LOG_FORMAT": ("log_format", _log_format),
    "TANDEM_FAULTS": ("faults", _fault_rules),
    "TANDEM_FAULTS_SEED": ("faults_seed", _number),
}


_ALSO_READ = {"TANDEM_WORKERS": "SANIC_WORKERS"}  # the name that Rasa's users know


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: The environment to read; the process's own when None. Empty values count as not set.

    Raises:
        SettingsError: A value cannot be read, or an unknown `TANDEM_` variable is set.
    """
    source = os.environ if environ is None else environ
    unknown = sorted(name for name in source if name.startswith("TANDEM_") and name not in VARIABLES)
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: no such setting; see docs/settings.md")
    values: dict[str, Any] = {}
    for name, (field_name, read) in VARIABLES.items():
        raw = source.get(name, "").strip()
        if not raw and name in _ALSO_READ:
            name = _ALSO_READ[name]
            raw = source.get(name, "").strip()
        if not raw:
            continue
        try:
            values[field_name] = read(raw)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}; see docs/settings.md") from error
    return Settings(**values)


def child_environment(overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that Tandem starts: this process's own, and `overrides` over it."""
    return {**os.environ, **overrides}


def set_defaults(variables: Mapping[str, str]) -> None:
    """Set variables of libraries in this process's own environment, unless the operator has set them."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def is_set(variable: str) -> bool:
    """Whether an environment variable has a value; for those that only `credentials.yml` or `endpoints.yml` name."""
    return bool(os.environ.get(variable))


def colour_wanted(terminal: bool) -> bool:
    """Whether to colour what is printed: on a terminal, unless `NO_COLOR` is set (no-color.org)."""
    return terminal and not os.environ.get("NO_COLOR")


def project_root() -> Path:
    """The folder that holds `config.yml`: the working directory of every Tandem process."""
    return Path.cwd()


def expand(value: str, environ: Mapping[str, str] | None = None) -> str:
    """`value` with each `${NAME}` replaced by that environment variable, as Rasa does in its own yml files.

    Raises:
        SettingsError: A variable is not set.
    """
    source = os.environ if environ is None else environ

    def lookup(match: re.Match[str]) -> str:
        if match[1] not in source:
            raise SettingsError(f"{match[1]} is not set in the environment")
        return source[match[1]]

    return re.sub(r"\$\{(\w+)\}", lookup, value)
