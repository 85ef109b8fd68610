"""Takes messages from the outbox to the customer's channel, one at a time per conversation, in order."""
from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp
import requests
from rasa.core.channels.channel import OutputChannel
from sqlalchemy.exc import SQLAlchemyError

from tandem.channels.output import to_rasa
from tandem.conversations.deliveries import Deliveries, Parcel
from tandem.conversations.model import Author

logger = logging.getLogger(__name__)

POLL = 0.25  # seconds between looks into the outbox when nobody nudges
SEND_TIMEOUT = 15.0  # seconds a channel may take; less than the lease of a delivery


class Refused(Exception):
    """The channel will never take this message: a blocked bot, an unknown recipient."""


class Deliverer:
    """The delivery worker of one Rasa server process."""

    def __init__(
        self, deliveries: Deliveries, output_for: Callable[[str, Mapping[str, Any]], OutputChannel | None],
        on_change: Callable[[str], None],
    ) -> None:
        self._deliveries = deliveries
        self._output_for = output_for
        self._on_change = on_change
        self._wake = asyncio.Event()

    def nudge(self) -> None:
        """Look into the outbox now."""
        self._wake.set()

    async def run(self, channels: Callable[[], Sequence[str]]) -> None:
        """Deliver until cancelled. `channels` names those this process can send on."""
        while True:
            try:
                parcels = await asyncio.to_thread(self._deliveries.lease, channels())
                await asyncio.gather(*(self.deliver(parcel) for parcel in parcels))
            except SQLAlchemyError:
                logger.exception("The outbox could not be read; it is tried again")
                parcels = []
                await asyncio.sleep(1.0)
            if parcels:
                continue  # the next message of the same conversations may be ready now
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL)
            self._wake.clear()

    async def deliver(self, parcel: Parcel) -> None:
        """Make one attempt and write down how it ended."""
        message = parcel.message
        if not message.text and not message.data.get("image") and not message.data.get("custom"):
            await asyncio.to_thread(self._deliveries.sent, message)
            return
        try:
            output = self._output_for(parcel.channel, parcel.address)
            if output is None:
                await asyncio.to_thread(self._deliveries.cannot_push, message)
            else:
                speaker = message.name if message.author is Author.AGENT else ""
                recipient = str(parcel.address.get("recipient") or message.conversation_id)
                await asyncio.wait_for(output.send_response(recipient, to_rasa(message, speaker)), SEND_TIMEOUT)
                await asyncio.to_thread(self._deliveries.sent, message)
        except Refused as error:
            await asyncio.to_thread(self._deliveries.refused, message, str(error))
        except (aiohttp.ClientConnectorError, requests.ConnectTimeout, ConnectionRefusedError) as error:
            await asyncio.to_thread(self._deliveries.failed, message, _words(error))
        except (asyncio.TimeoutError, requests.ReadTimeout, aiohttp.ServerDisconnectedError) as error:
            await asyncio.to_thread(self._deliveries.failed, message, _words(error), True)
        except SQLAlchemyError:
            raise
        except Exception as error:  # a channel may raise anything; the message stays in the outbox
            logger.warning("Sending on %s failed: %s", parcel.channel, _words(error))
            await asyncio.to_thread(self._deliveries.failed, message, _words(error))
        self._on_change(message.conversation_id)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
