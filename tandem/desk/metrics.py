"""How the desk stands, in numbers: for the API, for the supervisors' page, and for Prometheus (prometheus.py)."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, union

from tandem.agents.presence import Presence, everybody
from tandem.conversations import counters
from tandem.conversations.tables import conversations, handoffs
from tandem.live_agents.relay.worker import Relay
from tandem.order_updates.contact_method import ContactMethod
from tandem.order_updates.notifier import COUNTED
from tandem.order_updates.subscriptions import Subscriptions
from tandem.services import Services

PERIOD = timedelta(days=7)  # what the times and shares look back on
PRESENCE = ("available", "away", "offline")  # in the order in which agents are listed


@dataclass(frozen=True)
class Spread:
    """Durations in seconds; None without any. p95: 19 of 20 were not longer."""

    count: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True)
class Metrics:
    """All of them. Times and shares are of the last `PERIOD`; counts without a period are of all that is kept."""

    waiting: int
    longest_wait_seconds: float
    open_by_agent: Mapping[str, int]
    agents: tuple[Presence, ...]
    handoffs: int  # opened in the period
    first_response: Spread  # from the opening of a handoff to an agent's first word, or to now where none came yet
    handle_time: Spread  # from the claim to the end
    containment: float | None  # share of the conversations of the period that needed nobody; 0..1
    deliveries: Mapping[str, int]  # messages in each delivery state
    retried: int  # messages that took more than one attempt
    in_doubt: int  # may or may not have arrived
    fenced: int  # bot replies suppressed because a person owned the conversation
    dead: int  # dead letters of outside live-agent tools
    subscriptions: int = 0  # orders of which customers are to be told
    updates: Mapping[str, int] = field(default_factory=dict)  # told without asking, by way

    def to_dict(self) -> dict[str, Any]:
        """Write it JSON-ready, for `GET /api/stats`."""
        agents = [{**asdict(one), "seen_at": one.seen_at.isoformat() if one.seen_at else None} for one in self.agents]
        return {**asdict(self), "agents": agents}


def read_metrics(services: Services, relay: Relay) -> Metrics:
    """Read them; blocking."""
    ledger = services.ledger
    now = ledger.clock()
    current = ledger.open_handoffs(cards=False)
    # Those who wait are those whose handoff nobody has: the owner may move between two queries, a handoff does not.
    waiting = [one.opened_at for one in current.values() if one.claimed_by is None]
    counted = counters.read(services.engine)
    deliveries = services.outbox.counts(counted)
    first, handled, opened = _times(services, now - PERIOD)
    agents = everybody(services.engine, current, now)
    return Metrics(
        waiting=len(waiting), longest_wait_seconds=round((now - min(waiting)).total_seconds(), 1) if waiting else 0.0,
        open_by_agent=dict(Counter(one.claimed_by for one in current.values() if one.claimed_by)),
        agents=tuple(sorted(agents, key=lambda one: (PRESENCE.index(one.state), one.name))), handoffs=opened,
        first_response=spread(first), handle_time=spread(handled), containment=_containment(services, now - PERIOD),
        deliveries=deliveries, retried=counted.get("retried", 0), in_doubt=deliveries.get("doubt", 0),
        fenced=counted.get("fenced", 0),
        dead=relay.dead_count(),
        subscriptions=Subscriptions(ledger, services.settings.shop_timezone).count(),
        updates={way.value: counted.get(f"{COUNTED}{way.value}", 0) for way in ContactMethod},
    )


def spread(seconds: Sequence[float]) -> Spread:
    """Measure the median and the 95th percentile, by the nearest rank."""
    ranked = sorted(seconds)

    def rank(share: float) -> float | None:
        return round(ranked[max(0, -(-int(share * 100) * len(ranked) // 100) - 1)], 1) if ranked else None

    return Spread(len(ranked), rank(0.5), rank(0.95))


def figures(numbers: Metrics) -> Iterator[tuple[str, str, str]]:
    """Write (label, value, explanation), for the page."""
    yield "Waiting now", str(numbers.waiting), f"longest {duration(numbers.longest_wait_seconds)}"
    yield "With agents", str(sum(numbers.open_by_agent.values())), "open conversations"
    yield "Handoffs", str(numbers.handoffs), "opened in 7 days"
    for label, times in (("First response", numbers.first_response), ("Handle time", numbers.handle_time)):
        waits = ", those who still wait by their wait so far" if times is numbers.first_response else ""
        spread = f"median of {times.count} in 7 days{waits}; 19 of 20 within {duration(times.p95)}"
        yield label, duration(times.p50), spread if times.count else "none in 7 days"
    share = "–" if numbers.containment is None else f"{round(numbers.containment * 100)} %"
    yield "Containment", share, "of conversations needed nobody, 7 days"
    yield "Fenced", str(numbers.fenced), "bot replies held back while a person had the customer"
    yield "Retried", str(numbers.retried), "messages that took more than one attempt"
    yield "In doubt", str(numbers.in_doubt), "messages that may have arrived"
    yield "Not delivered", str(numbers.deliveries.get("failed", 0)), "messages given up or refused"
    told = sum(numbers.updates.get(method.value, 0) for method in (ContactMethod.CHAT, ContactMethod.MAIL))
    yield "Order updates", str(told), f"told without asking; {numbers.subscriptions} orders are watched"
    yield "Dead letters", str(numbers.dead), "not carried to or from outside tools"


def duration(seconds: float | None) -> str:
    """Write a duration in a few characters."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{rest} s" if minutes < 1 else f"{minutes} min {rest:02} s" if minutes < 60 else \
        f"{minutes // 60} h {minutes % 60:02} min"


def _times(services: Services, since: datetime) -> tuple[list[float], list[float], int]:
    """Read first response times, handle times and the number of the handoffs that opened since then."""
    query = select(handoffs.c.opened_at, handoffs.c.claimed_at, handoffs.c.closed_at, handoffs.c.first_reply_at).where(
        handoffs.c.opened_at > since)
    with services.ledger.reading.connect() as connection:
        rows = connection.execute(query).all()
    # Who still waits counts by the wait so far: else the figure is best while nobody is answered.
    now = services.ledger.clock()
    first = [((row.first_reply_at or now) - row.opened_at).total_seconds() for row in rows
             if row.first_reply_at or not row.closed_at]
    handled = [(row.closed_at - row.claimed_at).total_seconds() for row in rows if row.closed_at and row.claimed_at]
    return first, handled, len(rows)


def _containment(services: Services, since: datetime) -> float | None:
    active = conversations.c.last_customer_at > since
    of_people = select(handoffs.c.conversation_id)
    with_people = union(of_people.where(handoffs.c.closed_at.is_(None)), of_people.where(handoffs.c.closed_at > since))
    count = select(func.count()).select_from(conversations).where(active)
    with services.ledger.reading.connect() as connection:
        every = int(connection.execute(count).scalar_one())
        needed = int(connection.execute(count.where(conversations.c.id.in_(with_people))).scalar_one())
    return round(1 - needed / every, 4) if every else None
