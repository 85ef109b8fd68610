"""E-mails on their way: each is sent once, or nobody knows, which is written down; it is never sent a second time."""
from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import or_, select, update

from tandem.conversations.ledger import Ledger
from tandem.order_updates.mail import Mailer, MailFailed
from tandem.order_updates.tables import order_mails

logger = logging.getLogger(__name__)

MOST = 20  # sent in one go
_LEASE = timedelta(minutes=5)  # longer than a send takes; who has not said by then how it ended is dead
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))  # then it is given up


class MailQueue:
    """Sends what is due; blocking."""

    def __init__(self, ledger: Ledger, mailer: Mailer) -> None:
        self._ledger = ledger
        self._mailer = mailer

    def send_due(self) -> int:
        """Send what is due; return how many were taken."""
        return sum(self._send(number) for number in self._due())

    def _due(self) -> list[int]:
        now = self._ledger.clock()
        table = order_mails
        due = or_(table.c.next_attempt_at <= now, table.c.next_attempt_at > now + 2 * _PAUSES[-1])
        query = select(table.c.id).where(table.c.state.in_(("todo", "sending")), due).order_by(table.c.id).limit(MOST)
        with self._ledger.reading.connect() as connection:
            return list(connection.execute(query).scalars())

    def _send(self, number: int) -> bool:
        table = order_mails
        with self._ledger.engine.begin() as connection:
            row = connection.execute(select(table).where(table.c.id == number).with_for_update(
                skip_locked=True)).first()
            now = self._ledger.clock()
            if row is None or row.state not in ("todo", "sending") or row.next_attempt_at > now + 2 * _PAUSES[-1]:
                return False
            if row.state == "sending":
                if row.next_attempt_at > now:
                    return False  # another process is at it
                connection.execute(update(table).where(table.c.id == number).values(
                    state="doubt", error="a process died while it was being sent", text=""))
                return False
            connection.execute(update(table).where(table.c.id == number).values(
                state="sending", attempts=row.attempts + 1, next_attempt_at=now + _LEASE))
        values: dict[str, object] = {"state": "sent", "error": None, "text": ""}
        try:
            self._mailer.send(row.address, row.subject, row.text, number)
        except MailFailed as error:
            gone = error.maybe_sent or error.final or row.attempts >= len(_PAUSES)
            logger.warning("An e-mail about an order was not taken: %s", error)
            if gone:
                values = {"state": "doubt" if error.maybe_sent else "failed", "error": str(error), "text": ""}
            else:
                values = {"state": "todo", "error": str(error),
                          "next_attempt_at": self._ledger.clock() + _PAUSES[row.attempts]}
        with self._ledger.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == number, table.c.state == "sending").values(**values))
        return values["state"] == "sent"
