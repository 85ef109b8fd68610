"""The keys of Tandem's channels in credentials.yml; docs/channels.md explains them."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import Extra, Field
from rasa.shared.exceptions import RasaException

from tandem.configuration import ConfigModel, nearest, read_section

logger = logging.getLogger(__name__)

C = TypeVar("C", bound="Credentials")


class Credentials(ConfigModel):
    """What credentials.yml gives for one channel. A key that is not known is passed over with a warning, as Rasa does.

    A channel of your own names its model as `credentials` (`tandem.channels.routed.RoutedChannel`).
    """

    class Config:
        extra = Extra.ignore
        empty_is_default = True
        page = "channels.md"

    @classmethod
    def read(cls: type[C], channel: str, credentials: Mapping[str, Any] | None) -> C:
        """Read and check the keys of the channel of this name.

        Raises:
            RasaException: A key is missing or wrong; the text names it, and never shows a secret.
        """
        fields = {field.alias: field for field in cls.__fields__.values()}
        given = dict(credentials or {})
        for key in given:
            if key not in fields and cls.__config__.extra is Extra.ignore:
                told = nearest(str(key), list(fields))
                logger.warning("credentials.yml: %s: %s; see docs/channels.md", channel, told)
            elif key in fields and type(given[key]) is int and issubclass(fields[key].type_, str):
                given[key] = str(given[key])  # an id of digits alone, without quotes
        return read_section(cls, given, where=f"credentials.yml: {channel}", page=getattr(cls.__config__, "page", ""),
                            error=RasaException)


def _required(description: str, **more: Any) -> Any:
    return Field(..., min_length=1, description=description, **more)


class RestCredentials(Credentials):
    """Of `tandem.channels.rest.Rest`."""

    token: str = Field("", repr=False)


class TelegramCredentials(Credentials):
    """Of `tandem.channels.messaging.Telegram`."""

    access_token: str = _required("the bot's token, as BotFather shows it", repr=False)
    verify: str = _required("the bot's user name, without @", regex=r"\w+\Z")
    webhook_url: str = _required("an address such as https://chat.example.com/webhooks/telegram/webhook",
                                 regex=r"https?://\S+\Z")


class SlackCredentials(Credentials):
    """Of `tandem.channels.messaging.Slack`."""

    slack_token: str = _required("the bot's token, which begins with xoxb-", repr=False)
    slack_signing_secret: str = _required("the signing secret of the app's Basic Information", repr=False)
    slack_channel: str | None = None
    proxy: str | None = None
    slack_retry_reason_header: str = "x-slack-retry-reason"
    slack_retry_number_header: str = "x-slack-retry-num"
    errors_ignore_retry: tuple[str, ...] | None = Field(None, description="a list of Slack's errors")
    use_threads: bool = False
    conversation_granularity: Literal["sender", "channel", "thread"] = "sender"


class TwilioCredentials(Credentials):
    """Of `tandem.channels.messaging.Twilio`."""

    account_sid: str = _required("the account's SID, which begins with AC")
    auth_token: str = _required("the account's auth token", repr=False)
    twilio_number: str = _required('a number in quotes such as "+15550100" or "whatsapp:+15550100"')
    webhook_url: str | None = Field(None, regex=r"https?://\S+\Z", description=(
        "the address as it stands at Twilio, such as https://chat.example.com/webhooks/twilio/webhook"))


class FacebookCredentials(Credentials):
    """Of `tandem.channels.messaging.Facebook`."""

    verify: str = _required("the word with which Facebook verifies the address", repr=False)
    secret: str = _required("the app's secret", repr=False)
    page_access_token: str = _required("the page's access token", repr=False, alias="page-access-token")


class WebChatOptions(Credentials):
    """Of `tandem.channels.webchat.server.WebChat`. Each worker process counts for itself.

    Attributes:
        messages_per_minute: Of one conversation; an address may send eight times as many, for customers who share it.
        sessions_per_minute: New or resumed conversations from one address.
        streams_per_address: Pages of customers of one address that are open at the same time.
        proxies: How many proxies of the shop's own stand in front, each adding to `X-Forwarded-For`.
    """

    class Config:
        extra = Extra.forbid
        page = "webchat.md"

    messages_per_minute: int = Field(default=40, ge=1)
    sessions_per_minute: int = Field(default=60, ge=1)
    streams_per_address: int = Field(default=500, ge=1)
    proxies: int = Field(default=0, ge=0)
