"""The words of an update, by the mood and the language that a customer was left in: data/responses, data/languages."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale

from tandem.order_updates.changes import ChangeKind, OrderChange
from tandem.orders.model import Order
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats
from tandem.wording.phrases import fresh_notice, has_notice

PHRASES = Path("data/responses/order_updates.yml")
LANGUAGES = Path("data/languages")


class UpdateWording:
    """Writes updates.

    Args:
        zone, locale: The shop's.
    """

    def __init__(self, zone: ZoneInfo, locale: Locale) -> None:
        self._zone = zone
        self._locale = locale

    def text(self, change: OrderChange, order: Order, mood: str, language: str, now: datetime) -> str:
        """Write what has become of an order.

        Raises:
            NoticeError: There are no words for it.
        """
        tag = language.partition("-")[0]
        translated = next((name for name in _shorter(_name(change, order)) if tag and _has(name, tag)), None)
        if translated is None:
            tag, name, path = "", _name(change, order), PHRASES
        else:
            name, path = f"{translated}_{tag}", LANGUAGES / f"{tag}.yml"
        formats = Formats(Locale(tag) if tag else self._locale)
        dates = Dates(now, self._zone, formats)
        values = {"number": order.number, "items": formats.items(order.items)}
        if order.expected_by is not None:
            # In another language without the phrases of data/responses/dates.yml, which are in the shop's.
            local = order.expected_by.astimezone(self._zone)
            values["when"] = f"{formats.weekday(local)}, {formats.date(local)}" if tag else dates.when(local)
            values["expected"] = values["when"] if tag else dates.ago(local)
        if order.refund is not None:
            values.update(amount=formats.money(order.refund.amount), days=formats.span(*order.refund.business_days),
                          method="" if tag else dates.method(order.refund.method))
        return fresh_notice(name, (), path, {"mood": mood}, **values)

    def gone(self, number: str, mood: str, language: str) -> str:
        """Write that an order is not to be found any more."""
        name, tag = f"update_{ChangeKind.GONE.value}", language.partition("-")[0]
        if tag and _has(name, tag):
            return fresh_notice(f"{name}_{tag}", (), LANGUAGES / f"{tag}.yml", {"mood": mood}, number=number)
        return fresh_notice(name, (), PHRASES, {"mood": mood}, number=number)

    def mail(self, text: str, order: Order) -> tuple[str, str]:
        """Write the subject and the body of an e-mail with this update."""
        values = {"number": order.number, "customer": order.customer_name, "text": text}
        return (fresh_notice("update_mail_subject", (), PHRASES, None, **values),
                fresh_notice("update_mail", (), PHRASES, None, **values).replace("\n", "\n\n"))


def _name(change: OrderChange, order: Order) -> str:
    """Name the phrase, more exactly where there is more to say."""
    name = f"update_{change.kind.value}"
    if change.kind is ChangeKind.CANCELLED and order.refund is not None:
        return f"{name}_refund"
    if change.kind is ChangeKind.LATE and order.status.shipped:
        return f"{name}_on_its_way"
    if change.kind in (ChangeKind.SHIPPED, ChangeKind.PARTLY_SHIPPED) and order.expected_by is None:
        return f"{name}_no_date"
    return name


def _shorter(name: str) -> Iterator[str]:
    """Yield a name and its beginnings, as replies in other languages are looked for."""
    while name.count("_"):
        yield name
        name = name.rpartition("_")[0]


def _has(name: str, tag: str) -> bool:
    path = LANGUAGES / f"{tag}.yml"
    return path.is_file() and has_notice(f"{name}_{tag}", path)
