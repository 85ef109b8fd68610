"""Which live-agent channel a handoff goes to: the `live_agent:` section of endpoints.yml."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import Extra, Field, validator

from tandem.configuration import ConfigModel, ConfigurationError, read_section, read_yaml
from tandem.handoff.business_hours import BusinessHours
from tandem.settings import SettingsError, expand
from tandem.wording.language import fits as language_fits
from tandem.wording.language import tag_of

DESK = "desk"
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_WHERE = "endpoints.yml: live_agent"
_PAGE = "live-agent-channels.md"


class LiveAgentConfigError(ConfigurationError):
    """The `live_agent:` section cannot be read; the text names the key and its fix."""


@dataclass(frozen=True)
class ChannelConfig:
    """One live-agent channel: its name in endpoints.yml, its adapter's type, the adapter's own keys."""

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)


class Rule(ConfigModel):
    """Sends handoffs to `channel` if all conditions that are set hold.

    Attributes:
        triggers: Names of signals, or beginnings of names with an asterisk: `intent:*`.
        languages: Tags in lower case; `pt` takes `pt-br` too.
    """

    class Config:
        empty_is_default = True

    channel: str = Field(description="the name of a channel")
    triggers: tuple[str, ...] = Field((), description="a list of signal names")
    on_duty: bool | None = None
    languages: tuple[str, ...] = Field((), description="a list of tags such as de or pt-br, in quotes where YAML reads "
                                                       "them otherwise (\"no\")")

    @validator("languages", each_item=True)
    def _is_tag(cls, value: str) -> str:
        tag = tag_of(value)
        if not tag:
            raise ValueError
        return tag

    def matches(self, trigger: str, on_duty: bool, language: str) -> bool:
        """Check whether a handoff with this trigger, opened on or off duty in this language, goes here."""
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
        """Choose the channel for a handoff opened at `at`, by its name; `language` is a tag, empty if not known."""
        on_duty = self.duty.on_duty(at)
        return next((rule.channel for rule in self.rules if rule.matches(trigger, on_duty, language)), self.default)


class _Channel(ConfigModel):
    """A channel as it stands in the file; its further keys are its adapter's."""

    class Config:
        extra = Extra.allow

    type: str = Field(description="the channel's type, such as desk, chatwoot or webhook")
    name: str = ""

    @validator("name", pre=True, always=True)
    def _is_name(cls, value: Any, values: Mapping[str, Any]) -> str:
        kind = values.get("type", DESK)
        name = str(value or kind)
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:80]!r} cannot name a channel; use 1 to 64 of a-z, 0-9, dash, underscore")
        if "type" in values and (name == DESK) != (kind == DESK):
            raise ValueError(f"cannot be {name}: the name desk is for the embedded desk, which has no other")
        return name

    @property
    def options(self) -> dict[str, Any]:
        return {key: value for key, value in self if key not in ("type", "name")}


class _Section(ConfigModel):
    class Config:
        empty_is_default = True

    channels: tuple[_Channel, ...] = ()
    rules: tuple[Rule, ...] = ()
    default: str = ""

    @validator("channels")
    def _are_told_apart(cls, channels: tuple[_Channel, ...]) -> tuple[_Channel, ...]:
        if len({channel.name for channel in channels}) != len(channels):
            raise ValueError("have two of the same name; give each its own")
        return channels


def read_channels(path: Path) -> tuple[ChannelConfig, ...]:
    """Read the live-agent channels of endpoints.yml; only the desk if the section is missing.

    Raises:
        LiveAgentConfigError: A key is missing or wrong, or an environment variable that is named is not set.
    """
    return tuple(
        ChannelConfig(channel.name, channel.type, {key: _filled(value) for key, value in channel.options.items()})
        for channel in _section(path).channels)


def read_routing(path: Path, duty: BusinessHours) -> Routing:
    """Read the routing rules of endpoints.yml.

    Raises:
        LiveAgentConfigError: A rule names an unknown channel or key, or a channel is wrong.
    """
    section = _section(path)
    names = [channel.name for channel in section.channels]
    default = section.default or names[0]
    wanted = {"default": default, **{f"rules {number}": rule.channel for number, rule in enumerate(section.rules, 1)}}
    for key, channel in wanted.items():
        if channel not in (*names, DESK):
            there = ", ".join(dict.fromkeys((*names, DESK)))
            raise LiveAgentConfigError(
                f"{_WHERE}: {key}: no channel is called {channel}; there are {there}; see docs/{_PAGE}")
    return Routing(duty, default, section.rules)


def _section(path: Path) -> _Section:
    """Read the section `live_agent:` with at least one channel; environment variables are not filled in."""
    content = read_yaml(path, LiveAgentConfigError) or {}
    given = content.get("live_agent") if isinstance(content, Mapping) else content
    given = {} if given is None else given
    return read_section(_Section, _with_channels(given) if isinstance(given, Mapping) else given,
                        where=_WHERE, page=_PAGE, error=LiveAgentConfigError)


def _with_channels(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section with a list of channels, of which the only one may stand in the section itself."""
    section = {key: value for key, value in values.items() if key in _Section.__fields__}
    single = {key: value for key, value in values.items() if key not in section}
    if not section.get("channels"):
        return {**section, "channels": [{"type": DESK, **single}]}
    if single:
        raise LiveAgentConfigError(
            f"{_WHERE}: {next(iter(single))} stands beside channels; give it to one of them; see docs/{_PAGE}")
    return section


def _filled(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return expand(value)
    except SettingsError as error:
        raise LiveAgentConfigError(f"{_WHERE}: {error}; see docs/{_PAGE}") from error
