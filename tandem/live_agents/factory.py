"""Builds live-agent channels from their configuration."""
from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable, Mapping

from tandem.handoff.routing import DESK, ChannelConfig, LiveAgentConfigError
from tandem.live_agents.protocol import LiveAgentChannel

ADAPTERS: Mapping[str, str] = {  # type in endpoints.yml: module and class
    "desk": "tandem.live_agents.adapters.desk:DeskChannel",
    "chatwoot": "tandem.live_agents.adapters.chatwoot:ChatwootChannel",
    "webhook": "tandem.live_agents.adapters.webhook:WebhookChannel",
    "zendesk": "tandem.live_agents.adapters.zendesk:ZendeskChannel",
    "slack": "tandem.live_agents.adapters.slack:SlackChannel",
}
_BEFORE = "tandem.handoff.adapters."  # where the adapters stood until 2026-11


def build_channels(configs: Iterable[ChannelConfig]) -> dict[str, LiveAgentChannel]:
    """Build the outside channels by name; the embedded desk needs no relay and is left out.

    An adapter class has `from_options(name, options)`, which raises `LiveAgentConfigError` naming a wrong key. A type
    with a colon names an adapter outside Tandem, "module:Class".

    Raises:
        LiveAgentConfigError: A type is not known or an option is wrong.
    """
    built: dict[str, LiveAgentChannel] = {}
    for config in configs:
        if config.type == DESK:
            continue
        place = ADAPTERS.get(config.type, config.type)
        if place.startswith(_BEFORE):
            place = f"{__package__}.adapters.{place.removeprefix(_BEFORE)}"
            warnings.warn(f"live_agent: {config.type} is now {place}; change endpoints.yml, the old path will go",
                          FutureWarning, stacklevel=2)
        module_name, _, class_name = place.partition(":")
        try:
            adapter = getattr(importlib.import_module(module_name), class_name)
        except (ImportError, AttributeError, ValueError) as error:
            raise LiveAgentConfigError(
                f"live_agent: there is no type {config.type}; there are {', '.join(ADAPTERS)}, or module:Class"
            ) from error
        built[config.name] = adapter.from_options(config.name, config.options)
    return built
