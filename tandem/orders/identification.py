"""Whose order it is: nothing is shown or changed before the channel or the customer has shown that.

All of it is kept in the ledger's database, so that no restart, `/restart` or new conversation resets the count of
guesses.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select
from sqlalchemy.engine import Connection, Engine

from tandem.db.engine import now, reading
from tandem.orders.errors import (
    InvalidContact,
    InvalidOrderNumber,
    NotIdentified,
    NotMatched,
    OrderNotFound,
    RefusedForNow,
)
from tandem.orders.identification_tables import grants, hold_others_back, misses, refusals
from tandem.orders.identifiers import (
    Contact,
    normalise_contact,
    normalise_email,
    normalise_order_number,
    normalise_postcode,
)
from tandem.orders.model import Order
from tandem.orders.system import OrderSystem
from tandem.shop.phones import normalise_phone
from tandem.shop.shop_file import current_shop

_NOBODYS = "202 555 0100"  # a phone number

# Built once: to build a query costs as much as to run it.
_GRANTED = (
    select(grants.c.order_number)
    .where(grants.c.conversation == bindparam("subject"), grants.c.expires_at > bindparam("at"))
    .order_by(grants.c.granted_at.desc(), grants.c.order_number)
)


@dataclass(frozen=True)
class IdentificationLimits:
    """How many wrong answers are allowed. Misses older than `window` are forgotten.

    Misses are counted for the conversation, for the order number over all conversations, and for the e-mail address,
    postcode or phone number over all conversations: order numbers run in sequence, so one known address could be tried
    against all.
    A postcode is shared by neighbours, who get more room.
    """

    offer_person_after: int = 3
    refuse_after: int = 6
    refuse_postcode_after: int = 30
    refuse_for: timedelta = timedelta(minutes=30)
    window: timedelta = timedelta(hours=12)
    grant_for: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class VerifiedOrder:
    """The customer named this order and what stands on it. Valid in one conversation until `until` (UTC)."""

    order: Order
    until: datetime


@dataclass(frozen=True)
class _Subject:
    """Something for which misses are counted, and how many of them are too many."""

    key: str
    refuse_after: int


class IdentificationService:
    """Matches customers with orders, and limits the guessing.

    Args:
        engine: The ledger's database; `tandem.db.schema.upgrade` made its tables.
        order_system: Where the orders are.
        clock: The present moment, with a zone.
        on_verified: Called with a conversation and the e-mail address on the order that it has matched.
    """

    def __init__(
        self,
        engine: Engine,
        order_system: OrderSystem,
        clock: Callable[[], datetime] = now,
        limits: IdentificationLimits = IdentificationLimits(),
        on_verified: Callable[[str, str], None] | None = None,
    ) -> None:
        self._engine = engine
        self._orders = order_system
        self._clock = clock
        self._limits = limits
        self._on_verified = on_verified

    def verify(self, conversation_id: str, order_number: str, contact: str) -> VerifiedOrder:
        """Match an order number with the e-mail address, postcode or phone number on the order.

        Raises:
            InvalidOrderNumber, InvalidContact: The text cannot be one, or is none that the shop matches with; not
                counted as a miss.
            NotMatched: They do not belong together, or there is no such order.
            RefusedForNow: Too many misses; nothing was compared.
            OrderSystemUnavailable: Nothing was compared, and no miss counted.
        """
        number = normalise_order_number(order_number)
        normalised = normalise_contact(contact)
        if normalised.kind not in current_shop().match_with:
            raise InvalidContact(contact)
        subjects = self._subjects(conversation_id, number, normalised)
        with reading(self._engine).connect() as connection:
            self._stop_if_refused(connection, subjects, self._clock())
        # Outside the transaction: a slow order system must not hold the ledger's writers up.
        order = self._find(number)
        matched = _matches(order, normalised, contact)
        with self._engine.begin() as connection:
            hold_others_back(connection)
            now = self._clock()
            self._stop_if_refused(connection, subjects, now)
            self._prune(connection, now)
            if order is None or not matched:
                missed = self._count_miss(connection, subjects, now)
                verified = None
            else:
                verified = self._grant(connection, conversation_id, order, now)
        if verified is not None:
            if self._on_verified is not None:
                self._on_verified(conversation_id, verified.order.email)
            return verified
        raise NotMatched(missed, offer_person=missed >= self._limits.offer_person_after)

    def is_refused(self, conversation_id: str) -> bool:
        """Check whether this conversation has missed too often, so that nothing it gives now is compared."""
        query = select(func.max(refusals.c.until)).where(refusals.c.subject == _key("conversation", conversation_id))
        with reading(self._engine).connect() as connection:
            until = connection.execute(query).scalar()
        return until is not None and until > self._clock()

    def is_verified(self, conversation_id: str, order_number: str) -> bool:
        """Check whether this conversation has matched this order, and the grant has not expired."""
        try:
            number = normalise_order_number(order_number)
        except InvalidOrderNumber:
            return False
        return number in self.verified_orders(conversation_id)

    def verified_orders(self, conversation_id: str) -> tuple[str, ...]:
        """Return the numbers of the orders this conversation has matched, the latest first."""
        of = {"subject": _key("conversation", conversation_id), "at": self._clock()}
        with reading(self._engine).connect() as connection:
            return tuple(connection.execute(_GRANTED, of).scalars())

    def matched_for_another(self, conversation_id: str, email: str) -> bool:
        """Check whether this conversation has matched an order that is not of this address."""
        with reading(self._engine).connect() as connection:
            return connection.execute(select(grants.c.order_number).where(
                _others(conversation_id, email), grants.c.expires_at > self._clock()).limit(1)).first() is not None

    def forget_all_but(self, conversation_id: str, email: str | None) -> None:
        """Take back what a conversation has matched of other addresses than this one; with None, all of it.

        What one person has proved is not proved for whoever uses the conversation next. Misses stay counted.
        """
        with self._engine.begin() as connection:
            connection.execute(delete(grants).where(_others(conversation_id, email)))

    def order_for(self, conversation_id: str, number: str, identity_email: str | None = None) -> Order:
        """Return the order, if it may be shown in this conversation.

        Args:
            identity_email: The address the channel vouches for, if it does.

        Raises:
            InvalidOrderNumber: The text is no order number.
            NotIdentified: Neither this conversation nor the channel has shown that it is the customer's; also when
                there is no such order.
            OrderNotFound: The conversation has matched it, but it is gone.
            OrderSystemUnavailable: The order system does not answer.
        """
        number = normalise_order_number(number)
        verified = self.is_verified(conversation_id, number)
        order = self._find(number)
        owned = bool(identity_email) and _matches(order, Contact(normalise_email(identity_email or ""), is_email=True))
        if not verified and not owned:
            raise NotIdentified(number)
        if order is None:
            raise OrderNotFound(number)
        return order

    def _subjects(self, conversation_id: str, number: str, normalised: Contact) -> tuple[_Subject, ...]:
        limits = self._limits
        return (
            _Subject(_key("conversation", conversation_id), limits.refuse_after),
            _Subject(_key("order", number), limits.refuse_after),
            _Subject(_key("contact", normalised.value), limits.refuse_postcode_after if normalised.kind == "postcode"
                     else limits.refuse_after),
        )

    def _find(self, number: str) -> Order | None:
        try:
            return self._orders.find(number)
        except OrderNotFound:
            return None

    def _stop_if_refused(self, connection: Connection, subjects: Sequence[_Subject], now: datetime) -> None:
        query = select(func.max(refusals.c.until)).where(refusals.c.subject.in_([s.key for s in subjects]))
        until = connection.execute(query).scalar()
        if until is not None and until > now:
            raise RefusedForNow(until)

    def _count_miss(self, connection: Connection, subjects: Sequence[_Subject], now: datetime) -> int:
        """Record a miss for each subject; the number of the conversation's own within the window."""
        connection.execute(insert(misses), [{"subject": subject.key, "at": now} for subject in subjects])
        counts = []
        for subject in subjects:
            count = connection.execute(
                select(func.count()).select_from(misses).where(misses.c.subject == subject.key)
                .where(misses.c.at > now - self._limits.window)
            ).scalar_one()
            counts.append(count)
            if count >= subject.refuse_after:
                connection.execute(delete(refusals).where(refusals.c.subject == subject.key))
                connection.execute(insert(refusals).values(subject=subject.key, until=now + self._limits.refuse_for))
        return int(counts[0])

    def _grant(self, connection: Connection, conversation_id: str, order: Order, now: datetime) -> VerifiedOrder:
        key, until = _key("conversation", conversation_id), now + self._limits.grant_for
        connection.execute(
            delete(grants).where(grants.c.conversation == key).where(grants.c.order_number == order.number)
        )
        connection.execute(
            insert(grants).values(conversation=key, order_number=order.number, granted_at=now, expires_at=until,
                                  contact=_key("contact", normalise_email(order.email)))
        )
        return VerifiedOrder(order, until)

    def _prune(self, connection: Connection, now: datetime) -> None:
        connection.execute(delete(misses).where(misses.c.at <= now - self._limits.window))
        connection.execute(delete(refusals).where(refusals.c.until <= now))
        connection.execute(delete(grants).where(grants.c.expires_at <= now))


@dataclass(frozen=True)
class Grant:
    """An order that a conversation has matched, from when until when."""

    order_number: str
    granted_at: datetime
    expires_at: datetime


def grants_of(engine: Engine, conversation_id: str) -> list[Grant]:
    """Read what a conversation has matched and is still kept, the oldest first."""
    query = select(grants.c.order_number, grants.c.granted_at, grants.c.expires_at).where(
        grants.c.conversation == _key("conversation", conversation_id)).order_by(grants.c.granted_at)
    with reading(engine).connect() as connection:
        return [Grant(**row) for row in connection.execute(query).mappings()]


def forget(connection: Connection, conversation_id: str) -> None:
    """Take back, inside a transaction, what a conversation has matched. Its misses stay counted."""
    connection.execute(delete(grants).where(grants.c.conversation == _key("conversation", conversation_id)))


def _matches(order: Order | None, normalised: Contact, given: str = "") -> bool:
    """Compare with all contacts of the order, or with a stand-in of none, in the same number of steps.

    Args:
        given: A phone number as the customer wrote it: without a country's code it is one of where the order goes.
    """
    email = normalise_email(order.email) if order else "nobody@example.invalid"
    postcode = normalise_postcode(order.postcode) if order else "00000"
    same_email = compare_digest(_digest(email), _digest(normalised.value))
    same_postcode = compare_digest(_digest(postcode), _digest(normalised.value))
    country = order.shipping_address.country if order else "US"
    phone = normalise_phone(order.phone if order else _NOBODYS, country)
    same_phone = compare_digest(_digest(phone), _digest(normalise_phone(given, country))) and bool(phone)
    same = {"email": same_email, "postcode": same_postcode, "phone": same_phone}
    return order is not None and same[normalised.kind]


def _others(conversation_id: str, email: str | None) -> Any:
    """Return the grants of a conversation for orders of other addresses than this one."""
    mine = grants.c.conversation == _key("conversation", conversation_id)
    if email is None:
        return mine
    theirs = grants.c.contact != _key("contact", normalise_email(email))
    return and_(mine, or_(theirs, grants.c.contact.is_(None)))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _key(kind: str, value: str) -> str:
    """Make a fixed-length name for what is counted: the tables hold no addresses, and no hostile text reaches SQL."""
    return f"{kind}:{_digest(value).hex()}"
