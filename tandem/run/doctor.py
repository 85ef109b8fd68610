"""`tandem doctor`: what would keep Tandem from running here, each with its mend."""
from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tandem.database import open_engine
from tandem.handoff.duty import DUTY, DutyError, read_duty
from tandem.handoff.factory import build_channels
from tandem.handoff.routing import LiveAgentConfigError, read_channels, read_routing
from tandem.run.errors import RunError
from tandem.run.keys import missing_keys
from tandem.run.model import require_model
from tandem.run.ports import addresses, trouble_with
from tandem.settings import Settings

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^;\s]+)[ \t]*\\?$", re.MULTILINE)  # without a marker
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `mend` is empty when it is well."""

    subject: str
    state: str
    mend: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return not self.mend


def examine(settings: Settings, root: Path, environment_has: Callable[[str], bool]) -> list[Finding]:
    """Look at everything; nothing is changed but the database's folder, which is made.

    Args:
        environment_has: Whether an environment variable is set.
    """
    return [
        _python(),
        _packages(root),
        *_secrets(settings),
        *_ports(settings),
        _model(root),
        *_databases(settings),
        *_rasa_files(root, environment_has),
        _live_agents(root, settings.shop_timezone),
    ]


def _python() -> Finding:
    state = ".".join(str(part) for part in sys.version_info[:3])
    mend = "" if sys.version_info[:2] == (3, 10) else "Python 3.10 is needed: install it and run `make install`"
    return Finding("Python", state, mend)


def _packages(root: Path) -> Finding:
    """Whether every pinned package is installed in the pinned version."""
    try:
        pins = _PIN.findall((root / "requirements.txt").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return Finding("packages", f"requirements.txt cannot be read: {error}", "restore requirements.txt")
    off = [f"{name} is {found}, not {wanted}" for name, wanted in pins if (found := _version(name)) != wanted]
    return Finding("packages", "; ".join(off) or f"{len(pins)} as pinned", "run `make install`" if off else "")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _secrets(settings: Settings) -> Iterator[Finding]:
    missing = missing_keys(settings)
    if settings.demo:
        yield Finding("secrets", "made up for the demo where not set")
    elif missing:
        yield Finding("secrets", f"{', '.join(missing)} not set", "set each to the output of `openssl rand -hex 32`")
    else:
        yield Finding("secrets", "set")


def _ports(settings: Settings) -> Iterator[Finding]:
    for address in addresses(settings):
        trouble = trouble_with(address)
        yield Finding(f"port {address.port} ({address.process})", "not free" if trouble else "free",
                      f"{trouble}. If that is Tandem itself, all is well" if trouble else "")


def _model(root: Path) -> Finding:
    try:
        return Finding("model", f"{require_model(root).name}, trained on the present data")
    except RunError as error:
        return Finding("model", "missing or not fresh", str(error))


def _databases(settings: Settings) -> Iterator[Finding]:
    urls = {"TANDEM_DATABASE_URL": settings.database_url, "TANDEM_TRACKER_URL": settings.tracker_url}
    if settings.orders_url and not settings.orders_url.startswith(("http://", "https://")):
        urls["TANDEM_ORDERS_URL"] = settings.orders_url
    for setting, url in urls.items():
        yield _database(setting, url)


def _database(setting: str, url: str) -> Finding:
    subject = f"database of {setting}"
    try:
        engine = open_engine(url)
        try:
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE tandem_doctor (id INTEGER)"))
                connection.execute(text("DROP TABLE tandem_doctor"))
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError, ImportError) as error:
        reason = str(error).splitlines()[0]
        return Finding(subject, f"cannot be written: {reason}",
                       f"check {setting}, that the server runs, and that this user may create tables there")
    return Finding(subject, "reachable and writable")


def _rasa_files(root: Path, environment_has: Callable[[str], bool]) -> Iterator[Finding]:
    provided = {"TANDEM_ACTIONS_URL", "TANDEM_TRACKER_URL"}  # `tandem run` sets these itself
    for name in ("credentials.yml", "endpoints.yml"):
        try:
            content = yaml.safe_load((root / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            yield Finding(name, "missing", f"restore {name}, or run this in the project's folder")
            continue
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            yield Finding(name, "not readable", f"mend its YAML: {' '.join(str(error).split())}")
            continue
        unset = sorted({variable for variable in _VARIABLE.findall(str(content))
                        if variable not in provided and not environment_has(variable)})
        mend = f"set {', '.join(unset)}, which {name} names" if unset else ""
        yield Finding(name, f"{', '.join(unset)} not set" if unset else "readable, and all it names is set", mend)


def _live_agents(root: Path, zone: ZoneInfo) -> Finding:
    """The channels and rules of endpoints.yml's `live_agent:`, and the duty hours; no tool is called."""
    path = root / "endpoints.yml"
    try:
        duty, _ = read_duty(zone, root / DUTY)
        configured = read_channels(path)
        build_channels(configured)
        read_routing(path, duty)
    except (LiveAgentConfigError, DutyError) as error:
        return Finding("live agents", "not configured rightly", str(error))
    except (yaml.YAMLError, UnicodeDecodeError):
        return Finding("live agents", "not known", "mend endpoints.yml first")
    return Finding("live agents", ", ".join(one.name for one in configured))
