"""What `tandem doctor` finds in config.yml, credentials.yml, endpoints.yml data/shop.yml and data/duty.yml."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tandem.configuration import ConfigurationError
from tandem.handoff.business_hours import DUTY, read_duty
from tandem.handoff.routing import read_channels, read_routing
from tandem.live_agents.factory import build_channels
from tandem.run.channel_names import trouble_with_channel
from tandem.run.diagnosis import Diagnosis
from tandem.run.open_channels import open_channels
from tandem.sentiment.settings import EscalationSettings
from tandem.settings import Settings
from tandem.shop.shop_file import SHOP, read_shop

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PROVIDED = {"TANDEM_ACTIONS_URL", "TANDEM_TRACKER_URL"}  # `tandem run` sets these itself


def findings(settings: Settings, root: Path, environment_has: Callable[[str], bool]) -> Iterator[Diagnosis]:
    """Look at each file, and what it names.

    Args:
        environment_has: Whether an environment variable is set.
    """
    for name in ("credentials.yml", "endpoints.yml"):
        finding, content = _file(root, name, environment_has)
        yield finding
        if name == "credentials.yml" and isinstance(content, dict):
            yield from _channels(content, root)
            yield _open_channels(settings, root)
    yield _shop(root)
    yield _escalation(root)
    yield _live_agents(root, settings.shop_timezone)


def _file(root: Path, name: str, environment_has: Callable[[str], bool]) -> tuple[Diagnosis, Any]:
    try:
        content = yaml.safe_load((root / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Diagnosis(name, "missing", f"restore {name}, or run this in the project's folder"), None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return Diagnosis(name, "not readable", f"fix its YAML: {' '.join(str(error).split())}"), None
    unset = sorted({variable for variable in _VARIABLE.findall(str(content))
                    if variable not in _PROVIDED and not environment_has(variable)})
    fix = f"set {', '.join(unset)}, which {name} names" if unset else ""
    state = f"{', '.join(unset)} not set" if unset else "readable, and all it names is set"
    return Diagnosis(name, state, fix), content


def _channels(content: dict[str, Any], root: Path) -> Iterator[Diagnosis]:
    for name in map(str, content):
        trouble = trouble_with_channel(name, root)
        if trouble:
            yield Diagnosis(f"channel {name}", "cannot be used as it stands", trouble)


def _open_channels(settings: Settings, root: Path) -> Diagnosis:
    """Check whether a channel asks nobody who they are; `tandem run` starts with one only as a demo on loopback."""
    found = list(open_channels(settings, root))
    return Diagnosis("open channels", f"{len(found)}" if found else "none", " ".join(found))


def _shop(root: Path) -> Diagnosis:
    """Check what is the shop's own; without the file Tandem runs, with order numbers of digits alone."""
    if not (root / SHOP).is_file():
        fix = "write data/shop.yml, at least order_numbers; see docs/shop.md"
        return Diagnosis("shop", "data/shop.yml missing", fix)
    try:
        shop = read_shop(root / SHOP)
    except ConfigurationError as error:
        return Diagnosis("shop", "not configured rightly", str(error))
    return Diagnosis("shop", f"{shop.name}, order numbers such as {shop.numbers().example}")


def _escalation(root: Path) -> Diagnosis:
    """Check the keys of config.yml that say when a person is brought in."""
    try:
        EscalationSettings.from_file(root / "config.yml")
    except ConfigurationError as error:
        return Diagnosis("escalation", "not configured rightly", str(error))
    return Diagnosis("escalation", "config.yml can be read")


def _live_agents(root: Path, zone: ZoneInfo) -> Diagnosis:
    """Check the channels and rules of endpoints.yml's `live_agent:`, and the duty hours; no tool is called."""
    path = root / "endpoints.yml"
    try:
        duty, _ = read_duty(zone, root / DUTY)
        configured = read_channels(path)
        build_channels(configured)
        read_routing(path, duty)
    except ConfigurationError as error:
        return Diagnosis("live agents", "not configured rightly", str(error))
    return Diagnosis("live agents", ", ".join(one.name for one in configured))
