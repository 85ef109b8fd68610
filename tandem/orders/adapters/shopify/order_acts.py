"""Refunds, gift cards and notes in Shopify."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from tandem.orders.acts.requests import ActRequest, AddNote, IssueVoucher, RefundOrder, voucher_code
from tandem.orders.adapters.shopify import queries
from tandem.orders.adapters.shopify.client import ShopifyClient
from tandem.orders.adapters.shopify.refusals import error_codes, refuse
from tandem.orders.engine import EngineOrder, EngineRefused
from tandem.orders.money import Money

_PAID = frozenset({"SALE", "CAPTURE"})
_LONGEST_NOTE = 5000


class ShopifyActs:
    """The acts of a shop, over its client."""

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client

    def act(self, target: EngineOrder, request: ActRequest, reference: str) -> str:
        """Do an act, marked with `reference`.

        Raises:
            EngineRefused: Shopify will not, or has no such act.
        """
        if isinstance(request, RefundOrder) and request.amount is not None:
            return self._refund(target, request.amount, reference)
        if isinstance(request, IssueVoucher):
            return self._gift_card(target, request, reference)
        if isinstance(request, AddNote):
            return self._note(target, request.text, reference)
        raise EngineRefused("Shopify has no such act")

    def made(self, target: EngineOrder, request: ActRequest, reference: str) -> str | None:
        """Look for the mark in the notes of the order and of its refunds.

        Of gift cards nobody can look for a code: asked for again, Shopify says that it is taken.
        """
        if isinstance(request, IssueVoucher):
            return None
        known = self._money(target)
        if isinstance(request, AddNote):
            return reference if reference in str(known.get("note") or "") else None
        return next((str(one["id"]) for one in known["refunds"] if one.get("note") == reference), None)

    def _money(self, target: EngineOrder) -> Mapping[str, Any]:
        return dict(self._client.ask(queries.MONEY, {"id": target.id})["order"])

    def _refund(self, target: EngineOrder, amount: Money, reference: str) -> str:
        known = self._money(target)
        if known["presentmentCurrencyCode"] != known["currencyCode"]:
            raise EngineRefused("it was paid in another currency than the shop's")
        parts, left = [], amount.amount
        for paid, rest in _payments(known["transactions"]):
            part = min(left, rest)
            if part > 0:
                parts.append({"orderId": target.id, "parentId": paid["id"], "gateway": paid["gateway"],
                              "kind": "REFUND", "amount": str(part)})
                left -= part
        if left > 0:
            raise EngineRefused("its payments do not hold so much any more")
        said = self._client.ask(queries.REFUND, {"key": reference, "input": {
            "orderId": target.id, "note": reference, "notify": False, "transactions": parts}},
            repeatable=False)["refundCreate"]
        refuse(said["userErrors"])
        return str((said.get("refund") or {}).get("id") or reference)

    def _gift_card(self, target: EngineOrder, request: IssueVoucher, reference: str) -> str:
        code = voucher_code(reference).replace("-", "")  # letters and digits
        ends = datetime.now(timezone.utc) + timedelta(days=request.days)
        said = self._client.ask(queries.GIFT_CARD, {"input": {
            "code": code, "expiresOn": f"{ends:%Y-%m-%d}", "note": f"{target.order.number} {reference}",
            "initialAmount": {"amount": str(request.amount.amount), "currencyCode": request.amount.currency}}},
            repeatable=False)["giftCardCreate"]
        if "TAKEN" not in error_codes(said["userErrors"]):  # by an earlier try: nobody else has this code
            refuse(said["userErrors"])
        return code

    def _note(self, target: EngineOrder, text: str, reference: str) -> str:
        before = str(self._money(target).get("note") or "")
        note = "\n".join(filter(None, (before, f"{text} ({reference})")))
        if len(note) > _LONGEST_NOTE:
            raise EngineRefused("its note is full")
        refuse(self._client.ask(queries.ADDRESS, {"input": {"id": target.id, "note": note}},
                                repeatable=False)["orderUpdate"]["userErrors"])
        return reference


def _payments(transactions: Any) -> Iterator[tuple[Mapping[str, Any], Decimal]]:
    """Yield what was paid, with what of it was not given back yet."""
    good = [one for one in transactions if one["status"] in ("SUCCESS", "PENDING")]
    for paid in good:
        if paid["kind"] in _PAID and paid["status"] == "SUCCESS":
            back = sum(_amount(one) for one in good
                       if one["kind"] == "REFUND" and (one.get("parentTransaction") or {}).get("id") == paid["id"])
            yield paid, _amount(paid) - back


def _amount(transaction: Mapping[str, Any]) -> Decimal:
    return Decimal(str(transaction["amountSet"]["shopMoney"]["amount"]))
