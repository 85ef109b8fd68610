"""The `live_agent:` section of endpoints.yml."""
from __future__ import annotations

import re
from datetime import datetime, time, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tandem.handoff.business_hours import BusinessHours
from tandem.handoff.routing import ChannelConfig, LiveAgentConfigError, read_channels, read_routing
from tandem.live_agents.adapters.webhook import WebhookChannel
from tandem.live_agents.factory import build_channels

DAY = BusinessHours(ZoneInfo("UTC"), {day: ((time(9), time(17)),) for day in range(7)})
NOON = datetime(2025, 3, 12, 12, 0, tzinfo=timezone.utc)
NIGHT = datetime(2025, 3, 12, 23, 0, tzinfo=timezone.utc)


def endpoints(folder: Path, text: str) -> Path:
    path = folder / "endpoints.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_the_section_everything_goes_to_the_desk(tmp_path: Path) -> None:
    for text in ("", "action_endpoint: {url: x}\n", "live_agent:\n"):
        path = endpoints(tmp_path, text)
        assert read_channels(path) == (ChannelConfig("desk", "desk", {}),)
        assert read_routing(path, DAY).choose("anger", NOON) == "desk"
    assert build_channels(read_channels(tmp_path / "missing.yml")) == {}


def test_one_channel_is_named_by_its_type_and_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_SECRET", "a secret that only tests use")
    path = endpoints(tmp_path, "live_agent:\n  type: webhook\n  url: https://x.example.com/\n"
                               "  secret: ${SUPPORT_SECRET}\n")
    [config] = read_channels(path)
    assert (config.name, config.options["secret"]) == ("webhook", "a secret that only tests use")
    assert isinstance(build_channels([config])["webhook"], WebhookChannel)
    assert read_routing(path, DAY).choose("anger", NOON) == "webhook"


def test_rules_send_by_trigger_and_hours_and_the_first_that_fits_wins(tmp_path: Path) -> None:
    path = endpoints(tmp_path, """
live_agent:
  channels:
    - type: desk
    - {name: night, type: webhook, url: "https://n.example.com", secret: "${NOT_NEEDED_FOR_ROUTING}"}
    - {name: legal, type: webhook, url: "https://l.example.com", secret: "${NOT_NEEDED_FOR_ROUTING}"}
  rules:
    - {channel: legal, triggers: ["intent:legal_threat", "intent:safety*"]}
    - {channel: night, on_duty: false}
""")
    routing = read_routing(path, DAY)
    assert routing.choose("intent:legal_threat", NIGHT) == "legal"
    assert routing.choose("intent:safety_hazard", NOON) == "legal"
    assert routing.choose("anger", NIGHT) == "night"
    assert routing.choose("anger", NOON) == "desk"


def test_rules_send_by_language(tmp_path: Path) -> None:
    path = endpoints(tmp_path, """
live_agent:
  channels:
    - type: desk
    - {name: berlin, type: webhook, url: "https://b.example.com", secret: "${NOT_NEEDED_FOR_ROUTING}"}
    - {name: lisbon, type: webhook, url: "https://p.example.com", secret: "${NOT_NEEDED_FOR_ROUTING}"}
  rules:
    - {channel: berlin, languages: [de, "no"], on_duty: true}
    - {channel: lisbon, languages: [pt_PT, es]}
""")
    routing = read_routing(path, DAY)
    tags = ("de", "de-at", "no", "pt", "pt-pt", "es-mx", "en", "", "d")
    chosen = {tag: routing.choose("anger", NOON, tag) for tag in tags}
    assert chosen == {"de": "berlin", "de-at": "berlin", "no": "berlin", "pt": "desk", "pt-pt": "lisbon",
                      "es-mx": "lisbon", "en": "desk", "": "desk", "d": "desk"}
    assert routing.choose("anger", NIGHT, "de") == "desk"
    assert routing.choose("anger", NOON) == "desk"


def test_the_examples_of_the_page_can_be_read(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(live_agent:.*?)```", Path("docs/live-agent-channels.md").read_text("utf-8"), re.S)
    assert len(blocks) >= 2
    for block in blocks:
        read_routing(endpoints(tmp_path, block), DAY)
    routing = read_routing(endpoints(tmp_path, blocks[1]), DAY)
    assert routing.choose("anger", NOON, "de") == "berlin"
    assert routing.choose("anger", NIGHT, "de") == "night"
    assert routing.choose("anger", NOON) == "desk"


@pytest.mark.parametrize(("section", "named"), [
    ("just text", "must be a mapping"),
    ("{channels: [5]}", "channels 1 must be a mapping, not 5; see docs/live-agent-channels.md"),
    ("{channels: [{type: desk}, {name: x}]}", "channels 2: type is missing; it must be the channel's type"),
    ("{channels: {type: desk}}", "channels must be a list"),
    ("{channels: [{type: webhook}, {type: webhook}]}", "same name"),
    ("{channels: [{type: webhook, name: Über}]}", "cannot name a channel"),
    ("{channels: [{type: webhook, name: a/b}]}", "cannot name a channel"),
    ("{channels: [{type: webhook, name: desk}]}", "the name desk"),
    ("{channels: [{type: desk}], type: webhook}", "type stands beside channels"),
    ("{type: desk, rules: 5}", "rules must be a list"),
    ("{type: desk, rules: [5]}", "must be a mapping"),
    ("{type: desk, rules: [{channel: desk, trigger: anger}]}", "rules 1: trigger is not known, did you mean triggers"),
    ("{type: desk, rules: [{channel: desk, triggers: anger}]}", "triggers must be a list"),
    ("{type: desk, rules: [{channel: desk, on_duty: sometimes}]}", "on_duty must be true or false"),
    ("{type: desk, rules: [{channel: desk, languages: de}]}", "languages must be a list"),
    ("{type: desk, rules: [{channel: desk, languages: [no]}]}", "in quotes"),
    ("{type: desk, rules: [{channel: desk, languages: [\"Swiss German\"]}]}", "languages must be a list"),
    ("{type: desk, rules: [{triggers: [anger]}]}", "rules 1: channel is missing; it must be the name of a channel"),
    ("{type: desk, rules: [{channel: nowhere}]}", "rules 1: no channel is called nowhere; there are desk"),
    ("{type: desk, default: nowhere}", "default: no channel is called nowhere; there are desk"),
    ("{type: 5}", "type must be the channel's type"),
])
def test_each_mistake_is_named(tmp_path: Path, section: str, named: str) -> None:
    path = endpoints(tmp_path, f"live_agent: {section}\n")
    with pytest.raises(LiveAgentConfigError, match=named) as raised:
        read_routing(path, DAY)
    assert str(raised.value).startswith("endpoints.yml: live_agent")


@pytest.mark.parametrize(("text", "named"), [("- 1\n", "must be a mapping"), ("a: [\n", "endpoints.yml: cannot be")])
def test_a_file_of_another_form_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(LiveAgentConfigError, match=named):
        read_routing(endpoints(tmp_path, text), DAY)


def test_a_variable_that_is_not_set_and_a_type_that_is_none_are_named(tmp_path: Path) -> None:
    path = endpoints(tmp_path, "live_agent: {type: webhook, url: 'https://x.example.com', secret: '${NOT_SET_HERE}'}\n")
    with pytest.raises(LiveAgentConfigError, match="NOT_SET_HERE"):
        read_channels(path)
    for kind in ("chatwut", "no.such.module:Class", "tandem.live_agents.relay.worker:NoSuchClass", ":", ""):
        with pytest.raises(LiveAgentConfigError, match="there is no type"):
            build_channels([ChannelConfig("x", kind, {})])


def test_an_adapter_outside_tandem_is_named_by_its_module() -> None:
    kind = "tandem.live_agents.adapters.webhook:WebhookChannel"
    options = {"url": "https://x.example.com", "secret": "a secret that only tests use"}
    assert build_channels([ChannelConfig("mine", kind, options)])["mine"].name == "mine"
