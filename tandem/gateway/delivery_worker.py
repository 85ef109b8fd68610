"""Takes messages from the outbox to the customer's channel, one at a time per conversation, in order."""
from __future__ import annotations

import asyncio
import functools
import logging
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import aiohttp
import requests
import urllib3
from rasa.core.channels.channel import OutputChannel
from sqlalchemy.exc import SQLAlchemyError

from tandem.conversations.conversation_ids import sender_of
from tandem.conversations.outbox import LEASE, OutboundMessage, Outbox
from tandem.conversations.writing import write
from tandem.executors import NotBegun
from tandem.gateway.fenced_output import KEPT
from tandem.gateway.message_layout import declared, legible_to, parts_of
from tandem.logs import about

logger = logging.getLogger(__name__)

POLL = 0.25  # seconds between looks into the outbox when nobody nudges
SEND_TIMEOUT = 15.0  # seconds a channel may take; less than the lease of a delivery
BLOCKING_SEND = 12.0  # seconds of them for a send in a thread, once it is begun
MAX_SENDS = 20  # conversations of one channel that one process sends to at a time
_RENEW = LEASE.total_seconds() / 4  # between signs of life of the sends in progress
_LAST_WORDS = 5.0  # seconds that sends in progress get to end when the server stops
_WRITE_PAUSES = (0.1, 0.5, 2.0, 5.0)  # seconds between attempts to write down how a send ended

_SECRETS = re.compile(r"(?<=\?)[^\s'\")]+|(?<=/bot)\d+:[\w-]+")  # a query, a Telegram token
_NOT_REACHED = (
    aiohttp.ClientConnectorError, requests.ConnectTimeout, urllib3.exceptions.NewConnectionError,
    ConnectionRefusedError, socket.gaierror,
)
_MAYBE_ARRIVED = (
    asyncio.TimeoutError, TimeoutError, ConnectionError, requests.Timeout, requests.ConnectionError,
    aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError,
)


class DeliveryRefused(Exception):
    """The channel will never take this message: a blocked bot, an unknown recipient."""


class DeliveryDeferred(Exception):
    """The channel answered that it cannot take the message now; it has not arrived."""


class DeliveryWorker:
    """The delivery worker of one Rasa server process. A channel that hangs holds up its own conversations only."""

    def __init__(
        self, deliveries: Outbox, output_for: Callable[[str, Mapping[str, Any]], OutputChannel | None],
        on_change: Callable[[str], None],
    ) -> None:
        self._outbox = deliveries
        self._output_for = output_for
        self._on_change = on_change
        self._wake = asyncio.Event()
        self._sends: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._sending: dict[tuple[str, int], OutboundMessage] = {}  # that are being sent
        self._busy: Counter[str] = Counter()  # sends by channel

    def nudge(self) -> None:
        """Look into the outbox now."""
        self._wake.set()

    async def run(self, channels: Callable[[], Sequence[str]]) -> None:
        """Deliver until cancelled. `channels` names those this process can send on."""
        renewing = asyncio.get_running_loop().create_task(self._keep_leases())
        try:
            while True:
                self._wake.clear()
                await self._take(channels())
                # Not `wait_for`: it swallows a cancellation that comes as the event is set, and would never end.
                alarm = asyncio.get_running_loop().call_later(POLL, self._wake.set)
                await self._wake.wait()
                alarm.cancel()
        finally:
            renewing.cancel()
            await self._end_sends()

    async def deliver(self, outbound: OutboundMessage) -> None:
        """Make one attempt and write down how it ended."""
        ended = await self._attempt(outbound)
        await self._write_down(ended, outbound)
        self._on_change(outbound.message.conversation_id)

    async def _write_down(self, note: Callable[[], None], outbound: OutboundMessage) -> None:
        for pause in (*_WRITE_PAUSES, None):
            try:
                await write(outbound.message.conversation_id, note)
                return
            except SQLAlchemyError:
                if pause is None:
                    raise  # the attempt stays open in the outbox, and the message is in doubt
                logger.warning("The ledger did not take how a delivery on %s ended; tried again", outbound.channel,
                               extra=_about(outbound))
                await asyncio.sleep(pause)

    async def _take(self, channels: Sequence[str]) -> None:
        for together, free in self._free(channels):
            try:
                # Not those of its own whose leases ran out: they are on their way, and would go twice.
                leased = await asyncio.to_thread(self._outbox.lease, together, free, frozenset(self._sends))
            except Exception:  # whatever it was, the next look must come
                logger.exception("The outbox could not be read; it is tried again")
                await asyncio.sleep(1.0)
                return
            for outbound in leased:
                self._begin(outbound)

    def _free(self, channels: Sequence[str]) -> list[tuple[list[str], int]]:
        """Return channels and how many messages to take for each: one that hangs takes no place of another."""
        at_rest = [channel for channel in channels if not self._busy[channel]]
        at_work = [([channel], MAX_SENDS - self._busy[channel]) for channel in channels if self._busy[channel]]
        return [(at_rest, MAX_SENDS)] * bool(at_rest) + [one for one in at_work if one[1] > 0]

    def _begin(self, outbound: OutboundMessage) -> None:
        key = (outbound.message.conversation_id, outbound.message.seq)
        self._sending[key] = outbound
        task = asyncio.get_running_loop().create_task(self.deliver(outbound))
        self._sends[key] = task
        self._busy[outbound.channel] += 1
        task.add_done_callback(functools.partial(self._ended, key, outbound.channel))

    def _ended(self, key: tuple[str, int], channel: str, task: asyncio.Task[None]) -> None:
        self._sends.pop(key, None)
        self._sending.pop(key, None)
        self._busy[channel] -= 1
        self._wake.set()  # the next message of the conversation may be ready now
        if not task.cancelled() and task.exception() is not None:
            logger.error("The delivery of message %d was not written down", key[1], exc_info=task.exception(),
                         extra=about(key[0]))

    async def _keep_leases(self) -> None:
        """Hold on to what is being sent: a send may wait for a thread, or to be written down."""
        while True:
            await asyncio.sleep(_RENEW)
            try:
                if self._sending:
                    await asyncio.to_thread(self._outbox.renew, list(self._sending.values()))
            except Exception:  # whatever it was, the next sign of life must come
                logger.exception("The leases of messages on their way were not renewed; tried again")

    async def _send(self, outbound: OutboundMessage, output: OutputChannel) -> None:
        """Send the parts that the customer does not have yet, each written down before the next."""
        message = outbound.message
        recipient = str(outbound.address.get("recipient") or sender_of(outbound.channel, message.conversation_id))
        parts = parts_of(message, declared(outbound.channel, message.conversation_id))
        for number, part in enumerate(parts[outbound.parts_sent:], outbound.parts_sent + 1):
            await asyncio.wait_for(output.send_response(recipient, legible_to(output, part)), SEND_TIMEOUT)
            if number < len(parts):
                await self._write_down(functools.partial(self._outbox.part_sent, outbound, number), outbound)

    async def _end_sends(self) -> None:
        sends = list(self._sends.values())
        if sends:
            _, late = await asyncio.wait(sends, timeout=_LAST_WORDS)
            for task in late:
                task.cancel()

    async def _attempt(self, outbound: OutboundMessage) -> Callable[[], None]:
        """Send, and return what writes down how it ended."""
        message = outbound.message
        if not message.text and not any(message.data.get(name) for name in KEPT):
            return functools.partial(self._outbox.sent, outbound)
        try:
            output = self._output_for(outbound.channel, outbound.address)
            if output is None:
                return functools.partial(self._outbox.cannot_push, outbound)
            await self._send(outbound, output)
        except SQLAlchemyError:
            raise  # a part is with the customer and could not be written down
        except NotBegun:
            return functools.partial(self._outbox.not_begun, outbound)
        except DeliveryRefused as error:
            return functools.partial(self._outbox.refused, outbound, str(error))
        except Exception as error:  # a channel may raise anything; the message stays in the outbox
            logger.warning("Sending message %d on %s failed: %s", message.seq, outbound.channel, _words(error),
                           extra=_about(outbound))
            return functools.partial(self._outbox.failed, outbound, _words(error), maybe_arrived(error))
        return functools.partial(self._outbox.sent, outbound)


def maybe_arrived(error: BaseException) -> bool:
    """Check whether a send that ended in this error may have arrived all the same."""
    chain = list(_chain(error))
    if any(isinstance(one, _NOT_REACHED) for one in chain):
        return False
    return any(isinstance(one, _MAYBE_ARRIVED) for one in chain)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Return the error and what it came from: the clients wrap the errors of the connection in their own."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _about(outbound: OutboundMessage) -> dict[str, Any]:
    return about(outbound.message.conversation_id, outbound.message.epoch)


def _words(error: BaseException) -> str:
    """Write the error for logs and the desk, without the tokens that some services want in the address."""
    return _SECRETS.sub("…", f"{type(error).__name__}: {error}")[:300]
