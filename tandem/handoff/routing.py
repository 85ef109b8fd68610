"""Which live-agent channel a handoff goes to: the `live_agent:` section of endpoints.yml."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tandem.handoff.business_hours import BusinessHours
from tandem.settings import SettingsError, expand
from tandem.wording.language import fits as language_fits
from tandem.wording.language import tag_of

DESK = "desk"
_NAME = re.compile(r"[a-z0-9_-]{1,64}")


class LiveAgentConfigError(ValueError):
    """The `live_agent:` section cannot be read; the text names the key and its fix."""


@dataclass(frozen=True)
class ChannelConfig:
    """One live-agent channel: its name in endpoints.yml, its adapter's type, the adapter's own keys."""

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """Sends handoffs to `channel` if all conditions that are set hold."""

    channel: str
    triggers: tuple[str, ...] = ()  # signal names; "intent:*" style prefixes end in *
    on_duty: bool | None = None
    languages: tuple[str, ...] = ()  # tags in lower case; `pt` takes `pt-br` too

    def matches(self, trigger: str, on_duty: bool, language: str) -> bool:
        """Whether a handoff with this trigger, opened on or off duty for a customer of this language, goes here."""
        fits = not self.triggers or any(
            trigger == wanted or (wanted.endswith("*") and trigger.startswith(wanted[:-1])) for wanted in self.triggers
        )
        understood = not self.languages or any(language_fits(language, wanted) for wanted in self.languages)
        return fits and understood and self.on_duty in (None, on_duty)


@dataclass(frozen=True)
class Routing:
    """Chooses a channel for each handoff: the first rule that matches, else the default."""

    duty: BusinessHours
    default: str = DESK
    rules: tuple[Rule, ...] = ()

    def choose(self, trigger: str, at: datetime, language: str = "") -> str:
        """The name of the channel for a handoff opened at `at`; `language` is a tag, empty if it is not known."""
        on_duty = self.duty.on_duty(at)
        return next((rule.channel for rule in self.rules if rule.matches(trigger, on_duty, language)), self.default)


def read_channels(path: Path) -> tuple[ChannelConfig, ...]:
    """The live-agent channels of endpoints.yml; only the desk if the section is missing.

    Raises:
        LiveAgentConfigError: A key is missing or wrong, or an environment variable that is named is not set.
    """
    return tuple(ChannelConfig(channel.name, channel.type, {key: _filled(value) for key, value in
                                                            channel.options.items()})
                 for channel in _configured(_section(path)))


def read_routing(path: Path, duty: BusinessHours) -> Routing:
    """The routing rules of endpoints.yml.

    Raises:
        LiveAgentConfigError: A rule names an unknown channel or key, or a channel is wrong.
    """
    section = _section(path)
    names = [channel.name for channel in _configured(section)]
    rules = [_rule(item) for item in _list(section, "rules")]
    default = str(section.get("default") or names[0])
    _require_known([default, *(rule.channel for rule in rules)], [*names, DESK])
    return Routing(duty, default, tuple(rules))


def _section(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    section = (content or {}).get("live_agent") or {}
    if not isinstance(section, dict):
        raise LiveAgentConfigError("live_agent: must be a mapping; see docs/live-agent-channels.md")
    return section


def _configured(section: Mapping[str, Any]) -> list[ChannelConfig]:
    """The channels as they stand in the file, environment variables not filled in."""
    single = {key: value for key, value in section.items() if key not in ("type", "channels", "rules", "default")}
    if section.get("channels") and (single or "type" in section):
        key = "type" if "type" in section else next(iter(single))
        raise LiveAgentConfigError(f"live_agent: {key} stands beside channels; give it to one of them")
    read = []
    for item in _list(section, "channels") or [{"type": section.get("type", DESK), **single}]:
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            raise LiveAgentConfigError("live_agent: each channel needs a type; see docs/live-agent-channels.md")
        name = str(item.get("name") or item["type"])
        if not _NAME.fullmatch(name):
            raise LiveAgentConfigError(
                f"live_agent: {name[:80]!r} cannot name a channel; use 1 to 64 of a-z, 0-9, dash, underscore")
        if (name == DESK) != (item["type"] == DESK):
            raise LiveAgentConfigError("live_agent: the name desk is for the embedded desk, which has no other")
        read.append(ChannelConfig(name, item["type"], {
            key: value for key, value in item.items() if key not in ("type", "name")}))
    names = [channel.name for channel in read]
    if len(set(names)) != len(names):
        raise LiveAgentConfigError("live_agent: two channels have the same name; give each its own")
    return read


def _list(section: Mapping[str, Any], key: str) -> list[Any]:
    value = section.get(key) or []
    if not isinstance(value, list):
        raise LiveAgentConfigError(f"live_agent: {key} must be a list")
    return value


def _rule(item: Any) -> Rule:
    if not isinstance(item, dict):
        raise LiveAgentConfigError("live_agent: rules: each rule must be a mapping with a channel")
    unknown = sorted(set(item) - {"channel", "triggers", "on_duty", "languages"})
    if unknown:
        raise LiveAgentConfigError(f"live_agent: rules: unknown key {unknown[0]}")
    triggers, on_duty = item.get("triggers") or [], item.get("on_duty")
    if not isinstance(triggers, list) or not all(isinstance(one, str) for one in triggers):
        raise LiveAgentConfigError("live_agent: rules: triggers must be a list of signal names")
    if on_duty not in (None, True, False):
        raise LiveAgentConfigError("live_agent: rules: on_duty must be true or false")
    languages = item.get("languages") or []
    tags = [tag_of(one) for one in languages] if isinstance(languages, list) else [""]
    if not all(tags):
        raise LiveAgentConfigError("live_agent: rules: languages must be a list of tags such as de or pt-br, "
                                   "in quotes where YAML reads them otherwise (\"no\")")
    return Rule(str(item.get("channel")), tuple(triggers), on_duty, tuple(tags))


def _require_known(wanted: Sequence[str], names: Sequence[str]) -> None:
    for name in wanted:
        if name not in names:
            raise LiveAgentConfigError(f"live_agent: no channel is called {name}; there are {', '.join(names)}")


def _filled(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return expand(value)
    except SettingsError as error:
        raise LiveAgentConfigError(f"live_agent: {error}; see docs/live-agent-channels.md") from error
