"""The secrets: from the environment, or, for the demo only, made up once and kept beside the demo's database."""
from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from tandem.access.tokens import SECRETS
from tandem.private_files import private_folder
from tandem.run.errors import RunError, SecretsMissing
from tandem.settings import Settings

KEPT_IN = Path("var/demo-keys.json")
REQUIRED = ("secret_key", "identity_secret", "api_token")
_MADE_UP = {**SECRETS, "demo_password": "TANDEM_DEMO_PASSWORD"}
_OPEN_ON_LOOPBACK = ("rasa_token", "rest_token")  # a demo of this machine alone may be tried without these


def missing_secrets(settings: Settings) -> list[str]:
    """Name the environment variables of the secrets that must be set outside demo mode, and are not."""
    return [SECRETS[name] for name in REQUIRED if not getattr(settings, name)]


def with_secrets(settings: Settings, path: Path = KEPT_IN) -> Settings:
    """Return the settings with every secret in place.

    In demo mode those that are not set are made up once and read from `path` ever after, so that agents stay signed
    in and customers stay known over a restart.

    Raises:
        SecretsMissing: A secret is not set and this is no demo.
        RunError: `path` cannot be read or written.
    """
    if not settings.demo:
        missing = missing_secrets(settings)
        if missing:
            raise SecretsMissing(f"{', '.join(missing)}: not set, and there is no default outside demo mode. Make each "
                              "with `openssl rand -hex 32`, or set TANDEM_DEMO=1 for the demo; see docs/settings.md")
        return settings
    spared = _OPEN_ON_LOOPBACK if settings.demo_on_loopback else ()
    wanted = [name for name in _MADE_UP if name not in spared and not getattr(settings, name)]
    if not wanted:
        return settings
    try:
        stored = _read(path)
        fresh = {name: _make_up(name) for name in wanted if name not in stored}
        if fresh:
            stored.update(fresh)
            _write(path, stored)
    except (OSError, ValueError) as error:
        raise RunError(f"the demo's keys in {path} cannot be used ({error}); remove it for new ones") from error
    filled: dict[str, Any] = {name: stored[name] for name in wanted}
    return settings.copy(update=filled)


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the secrets as environment variables, for the processes that are started."""
    return {variable: value for name, variable in _MADE_UP.items() if (value := getattr(settings, name))}


def _make_up(name: str) -> str:
    return secrets.token_urlsafe(12) if name == "demo_password" else secrets.token_hex(32)


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(stored, dict) or any(not isinstance(value, str) or len(value) < 16 for value in stored.values()):
        raise ValueError("not a table of keys")
    return stored


def _write(path: Path, stored: dict[str, str]) -> None:
    private_folder(path.parent)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(stored, file, indent=2)
    fresh.replace(path)
