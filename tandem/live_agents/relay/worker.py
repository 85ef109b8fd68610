"""The relay: carries open handoffs to outside live-agent tools and agents' actions back, through any crash.

Each channel has a small pool of threads of its own, so that neither a slow tool nor a slow handoff holds up the others.
Leases keep several relays apart; they are renewed while a call is under way.
"""
from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from tandem.conversations.ledger import Ledger
from tandem.conversations.model import Handoff
from tandem.live_agents.protocol import Act, AgentEvent, LiveAgentChannel
from tandem.live_agents.relay.agent_actions import AgentActions
from tandem.live_agents.relay.inbound import Inbox, StoredEvent, StoredWebhook, legible
from tandem.live_agents.relay.progress import Progress, RelayLease
from tandem.live_agents.relay.sync import HandoffSync
from tandem.logs import about

logger = logging.getLogger(__name__)

POLL = 0.1  # seconds between looks for work
PAUSE = 1.0  # seconds after a look that failed
READING = 0.3  # seconds that a look waits for webhooks to be read; a tool that is slow to give a name is not waited for
WORKERS = 4  # handoffs of one channel that are carried at the same time
RENEW = timedelta(seconds=5)  # of leases, while calls are under way
TIDY = timedelta(minutes=10)
STRANGE = timedelta(minutes=1)  # so long an event may be ahead of the handoff that it is about
FRESH = timedelta(seconds=10)  # an older sign that somebody writes is out of date


class UnknownChannel(LookupError):
    """No outside live-agent channel has this name."""


class Relay:
    """One worker; several processes may run one each."""

    def __init__(self, ledger: Ledger, acts: AgentActions, channels: Mapping[str, LiveAgentChannel]) -> None:
        self._ledger = ledger
        self._acts = acts
        self._channels = dict(channels)
        self._progress = Progress(ledger)
        self._inbox = Inbox(ledger)
        self._carrier = HandoffSync(ledger, self._progress, self._found)
        self._pools = {name: ThreadPoolExecutor(WORKERS, f"relay-{name}") for name in channels}
        self._running: dict[str, Future[None]] = {}
        self._readers: dict[str, ThreadPoolExecutor] = {}
        self._reading: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._renewed_at: datetime | None = None
        self._tidied_at: datetime | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Return the names of the outside channels."""
        return tuple(self._channels)

    async def run(self) -> None:
        """Carry until cancelled."""
        while True:
            try:
                worked = await asyncio.to_thread(self.dispatch)
            except Exception:  # whatever it was, the next look must come
                logger.exception("The relay could not do its work; it tries again")
                await asyncio.sleep(PAUSE)
            else:
                await asyncio.sleep(0 if worked else POLL)

    def close(self) -> None:
        """Take no more work on. Calls under way are left to end by themselves."""
        for pool in (*self._pools.values(), *self._readers.values()):
            pool.shutdown(wait=False, cancel_futures=True)

    def dispatch(self) -> bool:
        """Carry out what agents did, start what is due outwards without waiting, and return whether there was any.

        Blocking on the database only: what asks a tool does so in threads of that tool.
        """
        if not self._channels:
            return False
        self._renew()
        self._tidy()
        self._progress.adopt(self._channels)
        worked = self._read_webhooks() + self._carry_out_events()
        for name in self._channels:
            worked += self._start(name)
        return worked > 0

    def step(self) -> bool:
        """Do what `dispatch` does, wait for what it started, and return whether there was anything."""
        worked = self.dispatch()
        if self._reading:
            wait(self._reading.values())
            self._end_readings()
            self._carry_out_events()
        with self._lock:
            started = list(self._running.values())
        while wait(started, timeout=RENEW.total_seconds()).not_done:
            self._renew()
        return worked

    def receive_webhook(self, channel: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any] | None:
        """Check a webhook and keep it, before it is answered; what to answer (JSON-ready), if anything.

        Args:
            headers: Header names in lower case.

        Raises:
            UnknownChannel: No channel has this name.
            WebhookRejected: Bad signature, or too old.
            WebhookUnreadable: Signed, but not readable.
        """
        adapter = self._channels.get(channel)
        if adapter is None:
            raise UnknownChannel(channel)
        self._inbox.keep(channel, adapter.delivery_id(headers, body), body)
        return adapter.answer(body)

    def dead(self) -> dict[str, Any]:
        """List the dead letters: handoffs a tool did not take, webhooks not readable, events that could not be done."""
        unreadable, undone = self._inbox.dead()
        return {"handoffs": list(self._progress.dead()), "webhooks": list(unreadable), "events": list(undone)}

    def dead_count(self) -> int:
        """Count the dead letters."""
        return self._inbox.dead_count() + self._progress.dead_count()

    def replay(self, handoff_id: str, skip: bool = False) -> bool:
        """Try a dead handoff, and its agents' dead events, again from where they stopped; False if none is dead.

        Args:
            skip: Leave the message out at which the handoff stopped.
        """
        return bool(self._progress.replay(handoff_id, skip) | (self._inbox.replay_events(handoff_id) > 0))

    def replay_webhook(self, webhook_id: int) -> bool:
        """Read a dead webhook again; False if there is no such dead webhook."""
        return self._inbox.replay_webhook(webhook_id)

    def discard(self, handoff_id: str) -> bool:
        """Give a dead handoff, and its agents' dead events, up for good; False if none is dead."""
        return bool(self._progress.discard(handoff_id) | (self._inbox.discard_events(handoff_id) > 0))

    def discard_webhook(self, webhook_id: int) -> bool:
        """Give a dead webhook up for good; False if there is no such dead webhook."""
        return self._inbox.discard_webhook(webhook_id)

    # -- outwards ---------------------------------------------------------------------------------------------

    def _start(self, name: str) -> int:
        with self._lock:
            self._running = {key: future for key, future in self._running.items() if not future.done()}
            running = set(self._running)
        free = WORKERS - sum(key.startswith(f"{name}/") for key in running)
        if free <= 0:
            return 0
        leases = self._progress.lease(name, free, [key.partition("/")[2] for key in running])
        for lease in leases:
            future = self._pools[name].submit(self._carrier.sync, self._channels[name], lease)
            with self._lock:
                self._running[self._key(lease)] = future
        return len(leases)

    def _key(self, lease: RelayLease) -> str:
        return f"{lease.channel}/{lease.handoff_id}"

    def _renew(self) -> None:
        now = self._ledger.clock()
        if self._renewed_at is not None and timedelta(0) <= now - self._renewed_at < RENEW:
            return
        self._renewed_at = now
        with self._lock:
            running = [key.partition("/")[2] for key, future in self._running.items() if not future.done()]
        if running:
            self._progress.renew(running)

    def _tidy(self) -> None:
        now = self._ledger.clock()
        if self._tidied_at is None or abs(now - self._tidied_at) > TIDY:
            self._tidied_at = now
            self._inbox.tidy()

    # -- inwards ----------------------------------------------------------------------------------------------

    def _read_webhooks(self) -> int:
        """Read what has come, in the order of each channel; to read it may mean to ask the tool for a name."""
        self._end_readings()
        waiting: dict[str, list[StoredWebhook]] = {}
        for webhook in self._inbox.unread(but=list(self._reading)):
            waiting.setdefault(webhook.channel, []).append(webhook)
        for channel, found in waiting.items():
            if channel not in self._readers:
                self._readers[channel] = ThreadPoolExecutor(1, f"relay-{channel}-in")
            self._reading[channel] = self._readers[channel].submit(self._read_in_order, channel, found)
        wait([self._reading[channel] for channel in waiting], timeout=READING)
        self._end_readings()
        return sum(map(len, waiting.values()))

    def _end_readings(self) -> None:
        for channel, reading in list(self._reading.items()):
            if reading.done():
                del self._reading[channel]
                reading.result()

    def _read_in_order(self, channel: str, waiting: Sequence[StoredWebhook]) -> None:
        for webhook in waiting:
            try:
                done = self._read(webhook)
            except SQLAlchemyError:
                raise  # the database's fault, not the webhook's: it stays first, so that no later word overtakes it
            except Exception as error:  # an outside payload may break any reader; it is kept with its error
                logger.exception("A webhook of %s could not be read", webhook.channel)
                if not self._inbox.webhook_failed(webhook, f"{type(error).__name__}: {error}"):
                    logger.error("A webhook of %s is given up; see the desk's dead letters", webhook.channel)
            else:
                if done:
                    self._inbox.webhook_done(webhook)
        self._progress.sign_of_life(channel)

    def _read(self, webhook: StoredWebhook) -> bool:
        adapter = self._channels.get(webhook.channel)
        known = True
        for event in adapter.read(webhook.body) if adapter is not None else ():
            handoff = self._handoff(webhook.channel, event)
            if handoff is None:
                known = False
            elif event.act in (Act.TYPING, Act.STOPPED_TYPING):
                if self._ledger.clock() - webhook.received_at < FRESH:
                    self._acts.typing(handoff, legible(event.agent_name) or webhook.channel.title(),
                                      event.act is Act.TYPING)
            else:
                self._inbox.record(webhook.channel, handoff, event)
        if not known and self._ledger.clock() - webhook.received_at < STRANGE:
            # The tool may be quicker than its answer to `open`, which names the thread.
            self._inbox.webhook_postponed(webhook)
            return False
        return True

    def _found(self, channel: str, event: AgentEvent) -> None:
        if event.act in (Act.TYPING, Act.STOPPED_TYPING) or self._inbox.knows(channel, event.key):
            return
        handoff = self._handoff(channel, event)
        if handoff is not None:
            self._inbox.record(channel, handoff, event)

    def _handoff(self, channel: str, event: AgentEvent) -> Handoff | None:
        """Return the handoff that an event is about, if it went to this channel: a tool has no say in others."""
        handoff_id = event.handoff_id or (self._progress.by_thread(channel, event.thread) if event.thread else None)
        handoff = self._progress.handoff(handoff_id) if handoff_id else None
        return handoff if handoff is not None and handoff.channel == channel else None

    def _carry_out_events(self) -> int:
        done = 0
        while lease := self._inbox.lease_events():
            for event in lease:
                handoff = self._progress.handoff(event.handoff_id)
                try:
                    if handoff is not None:
                        self._acts.apply(event, handoff)
                except Exception as error:  # one event must not stop the others
                    logger.warning("%s: %s could not be carried out", event.channel, event.act.value, exc_info=True,
                                   extra=_about(event))
                    if not self._inbox.event_failed(event, f"{type(error).__name__}: {error}"):
                        logger.error("%s: an agent's act is given up; see the desk's dead letters", event.channel,
                                     extra=_about(event))
                else:
                    self._inbox.event_done(event)
            done += len(lease)
        return done


def _about(event: StoredEvent) -> dict[str, Any]:
    return about(event.conversation_id, handoff_id=event.handoff_id)
