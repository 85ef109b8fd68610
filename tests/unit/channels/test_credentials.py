"""The keys of the channels in credentials.yml."""
from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.channels.channel import InputChannel
from rasa.shared.exceptions import RasaException

from tandem.channels.credentials import Credentials
from tandem.channels.messaging import Facebook, Slack, Telegram, Twilio
from tandem.channels.rest import Rest
from tandem.channels.webchat.server import WebChat

ROOT = Path(__file__).parents[3]
HOOK = "https://chat.example.com/webhooks/x/webhook"
GOOD: dict[type[InputChannel], dict[str, Any]] = {
    Telegram: {"access_token": "4711:secret", "verify": "shop_bot", "webhook_url": HOOK},
    Slack: {"slack_token": "xoxb-secret", "slack_signing_secret": "secret"},
    Twilio: {"account_sid": "AC1", "auth_token": "secret", "twilio_number": "+15550100", "webhook_url": HOOK},
    Facebook: {"verify": "secret", "secret": "secret", "page-access-token": "secret"},
    Rest: {"token": "a secret of ours"},
    WebChat: {"messages_per_minute": 5},
}


@pytest.mark.parametrize(("channel", "wrong", "told"), [
    (Telegram, {"access_token": None}, "access_token is missing; it must be the bot's token, as BotFather shows it"),
    (Telegram, {"access_token": ["secret"]}, "access_token must be the bot's token, as BotFather shows it; see"),
    (Telegram, {"verify": "@shop_bot"}, "verify must be the bot's user name, without @, not '@shop_bot'"),
    (Telegram, {"webhook_url": "chat.example.com"}, "webhook_url must be an address such as https://"),
    (Slack, {"slack_token": ""}, "slack_token must be the bot's token, which begins with xoxb-; see"),
    (Slack, {"slack_signing_secret": None}, "slack_signing_secret is missing"),
    (Slack, {"use_threads": "yes"}, "use_threads must be true or false, not 'yes'"),
    (Slack, {"conversation_granularity": "team"}, "conversation_granularity must be one of sender, channel, thread"),
    (Slack, {"errors_ignore_retry": "http_timeout"}, "errors_ignore_retry must be a list of Slack's errors"),
    (Twilio, {"account_sid": None}, "account_sid is missing"), (Twilio, {"auth_token": None}, "auth_token is missing"),
    (Twilio, {"twilio_number": None}, "twilio_number is missing; it must be a number in quotes such as"),
    (Twilio, {"webhook_url": "chat.example.com"}, "webhook_url must be the address as it stands at Twilio"),
    (Facebook, {"page-access-token": None}, "page-access-token is missing; it must be the page's access token"),
    (Facebook, {"secret": None}, "secret is missing"), (Facebook, {"verify": None}, "verify is missing"),
    (Rest, {"token": ["secret"]}, "token must be a text; see"),
    (WebChat, {"proxies": "one"}, "proxies must be a whole number from 0 on, not 'one'"),
])
def test_a_key_that_is_missing_or_wrong_is_named(channel: type[InputChannel], wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(RasaException) as raised:
        channel.from_credentials({**GOOD[channel], **wrong})
    assert str(raised.value).startswith(f"credentials.yml: {channel.name()}: {told}")
    assert "'secret'" not in str(raised.value) and "not ['" not in str(raised.value)


@pytest.mark.parametrize("channel", [Telegram, Slack, Twilio, Facebook])
def test_a_channel_without_keys_names_those_it_needs(channel: type[InputChannel]) -> None:
    with pytest.raises(RasaException) as raised:
        channel.from_credentials(None)
    needed = {key for key in GOOD[channel] if key != "webhook_url" or channel is Telegram}
    assert {line.split()[2] for line in str(raised.value).splitlines()} == needed


@pytest.mark.parametrize("channel", GOOD)
def test_what_is_right_is_taken(channel: type[InputChannel]) -> None:
    assert channel.from_credentials(GOOD[channel]).name() == channel.name()


def test_ids_of_digits_alone_need_no_quotes_and_unknown_keys_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        made = Facebook.from_credentials({**GOOD[Facebook], "verify": 4711, "page_acces_token": "x"})
    assert made.fb_verify == "4711"
    assert "facebook: page_acces_token is not known, did you mean page-access-token?" in caplog.text


def test_every_key_of_every_channel_is_documented() -> None:
    page = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("channels.md", "webchat.md"))
    known = [field.alias for model in Credentials.__subclasses__() if model.__module__ == Credentials.__module__
             for field in model.__fields__.values()]
    assert len(known) > 20 and [key for key in known if key not in page] == []


def test_the_examples_in_the_projects_own_file_name_keys_that_exist() -> None:
    text = (ROOT / "credentials.yml").read_text(encoding="utf-8")
    examples = yaml.safe_load("\n".join(line.removeprefix("# ") for line in text.splitlines()[2:]))
    channels = {f"tandem.channels.messaging.{one.__name__}": one for one in (Telegram, Slack, Twilio, Facebook)}
    for name, channel in channels.items():
        channel.from_credentials({key: str(value).replace("${", "").replace("}", "")
                                  for key, value in examples[name].items()})
