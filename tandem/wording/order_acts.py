"""What a customer is told of what was done to their order, in their language if its file has the words."""
from __future__ import annotations

from pathlib import Path

from tandem.orders.acts.requests import AddNote, IssueVoucher
from tandem.orders.acts.service import ActDone
from tandem.wording.dates import Dates
from tandem.wording.formats import Formats
from tandem.wording.phrases import has_notice, notice

PHRASES = Path("data/responses/order_acts.yml")
LANGUAGES = Path("data/languages")


def told_of_act(
    done: ActDone, dates: Dates, business_days: tuple[int, int], language: str = "", phrases: Path = PHRASES,
) -> str:
    """Return the sentence for the customer; empty for what is among the people of the shop.

    Args:
        business_days: Which a refund takes, least and most.
        language: The customer's, as a tag; empty is English.
    """
    seen, request = done.preview, done.preview.request
    if isinstance(request, AddNote):
        return ""
    formats: Formats = dates.formats
    values = {
        "number": seen.order.number, "amount": formats.money(seen.amount) if seen.amount else "",
        "method": dates.method(seen.method) if seen.method else "", "days": formats.span(*business_days),
        "items": formats.items(seen.lines), "code": done.result.reference,
        "valid_days": formats.number(request.days) if isinstance(request, IssueVoucher) else "",
    }
    name, tag = f"act_{request.act.value}", language.partition("-")[0]
    translated = LANGUAGES / f"{tag}.yml"
    if tag.isalpha() and translated.is_file() and has_notice(f"{name}_{tag}", translated):
        return notice(f"{name}_{tag}", translated, **values)
    return notice(name, phrases, **values)
