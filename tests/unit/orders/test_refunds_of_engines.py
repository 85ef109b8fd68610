"""Refunds in engines where the contract does not go: several payments, crashes between them, currencies, gateways."""
from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tandem.orders.acts.requests import IssueVoucher, RefundOrder, voucher_code
from tandem.orders.adapters.http.config import HttpRequests
from tandem.orders.adapters.sql.config import SqlActs
from tandem.orders.engine import EngineRefused
from tandem.orders.model import OrderAct
from tandem.orders.money import Money
from tests.contract.engines.medusa_shop import FakeMedusa
from tests.contract.engines.woocommerce_shop import FakeWooCommerce
from tests.contract.engines.woocommerce_shop import engine_over as woocommerce
from tests.fakes.transport import Reply, Transport, reply
from tests.unit.orders.test_medusa import engine as medusa
from tests.unit.orders.test_shopify import engine as shopify
from tests.unit.orders.test_shopify import found, node

MARK = "tandem-0123456789"


def dollars(amount: str) -> Money:
    return Money(Decimal(amount))


def paid_twice(fake: FakeMedusa) -> tuple[str, list[dict[str, Any]]]:
    """An order of 60.50 that was paid by 40.50 and 20.00; its number, its payments."""
    order = next(one for one in fake.orders.values() if one["fulfillment_status"] == "not_fulfilled")
    [payment] = order["payment_collections"][0]["payments"]
    payment["amount"] = 40.5
    order["payment_collections"][0]["payments"].append({"id": "pay_more", "amount": 20.0, "refunds": []})
    return str(order["custom_display_id"]), order["payment_collections"][0]["payments"]


def test_medusa_refunds_by_as_many_payments_as_it_takes_and_goes_on_after_a_crash() -> None:
    fake = FakeMedusa()
    number, payments = paid_twice(fake)
    request = RefundOrder(dollars("50.00"))
    payments[0]["refunds"].append({"id": "ref_1", "amount": 40.5, "note": MARK, "created_at": fake.now()})
    [target] = medusa(fake).by_number((number,))
    assert medusa(fake).made(target, request, MARK) is None, "only a part of it was done"
    medusa(fake).act(target, request, MARK)
    assert [[one["amount"] for one in payment["refunds"]] for payment in payments] == [[40.5], [9.5]]
    [target] = medusa(fake).by_number((number,))
    assert medusa(fake).made(target, request, MARK) == MARK and target.order.refundable == dollars("10.50")
    with pytest.raises(EngineRefused):
        medusa(fake).act(target, RefundOrder(dollars("10.51")), "tandem-other")


def test_a_gateway_that_gives_no_money_back_is_a_refusal_in_woocommerce() -> None:
    fake = FakeWooCommerce()
    fake.gateway = False
    [target] = woocommerce(fake).by_number(("20410", "TD-20410"))
    with pytest.raises(EngineRefused, match="cannot_create_order_refund"):
        woocommerce(fake).act(target, RefundOrder(dollars("5.00")), MARK)
    assert OrderAct.REFUND not in woocommerce(fake, refund=False).acts


def test_a_coupon_of_woocommerce_is_for_this_customer_and_once() -> None:
    fake = FakeWooCommerce()
    [target] = woocommerce(fake).by_number(("20410", "TD-20410"))
    code = woocommerce(fake).act(target, IssueVoucher(dollars("5.00"), 30), MARK)
    assert code == voucher_code(MARK) == woocommerce(fake).made(target, IssueVoucher(dollars("5.00"), 30), MARK)
    made = fake.coupons[code.lower()]
    assert (made["amount"], made["usage_limit"], made["email_restrictions"]) == ("5.00", 1, ["ava@example.com"])


def money(**changes: Any) -> Reply:
    """What Shopify tells of the payments of an order: 30.00 and 6.00, of which 10.00 went back."""
    def paid(name: str, kind: str, amount: str, parent: str | None = None) -> dict[str, Any]:
        return {"id": name, "kind": kind, "status": "SUCCESS", "gateway": "bogus",
                "amountSet": {"shopMoney": {"amount": amount}}, "parentTransaction": parent and {"id": parent}}

    return reply(200, json={"data": {"order": {
        "currencyCode": "USD", "presentmentCurrencyCode": "USD", "note": None, "refunds": [], "transactions": [
            paid("t1", "AUTHORIZATION", "36.00"), paid("t2", "CAPTURE", "30.00"), paid("t3", "SALE", "6.00"),
            paid("t4", "REFUND", "10.00", "t2")], **changes}}})


def sent(transport: Transport) -> Mapping[str, Any]:
    variables: Mapping[str, Any] = json.loads(transport.requests[-1].body or "")["variables"]
    return variables


def test_shopify_refunds_by_what_is_left_of_each_payment_under_a_key() -> None:
    [target] = shopify(Transport(found(node()))).by_number(("TD-1001",))
    done = reply(200, json={"data": {"refundCreate": {"refund": {"id": "r1"}, "userErrors": []}}})
    transport = Transport(money(), done)
    assert shopify(transport).act(target, RefundOrder(dollars("22.00")), MARK) == "r1"
    variables = sent(transport)
    assert variables["key"] == MARK and variables["input"]["note"] == MARK
    assert [(one["parentId"], one["amount"]) for one in variables["input"]["transactions"]] == [
        ("t2", "20.00"), ("t3", "2.00")]
    for answer, amount in ((money(), "26.01"), (money(presentmentCurrencyCode="EUR"), "1.00")):
        with pytest.raises(EngineRefused):
            shopify(Transport(answer)).act(target, RefundOrder(dollars(amount)), MARK)
    marked = money(refunds=[{"id": "r1", "note": MARK}, {"id": "r2", "note": None}])
    assert shopify(Transport(marked)).made(target, RefundOrder(dollars("22.00")), MARK) == "r1"
    assert shopify(Transport(money())).made(target, RefundOrder(dollars("22.00")), MARK) is None


def test_a_gift_card_whose_code_is_taken_was_made_by_the_try_before() -> None:
    [target] = shopify(Transport(found(node()))).by_number(("TD-1001",))
    taken = reply(200, json={"data": {"giftCardCreate": {"giftCard": None, "userErrors": [{"code": "TAKEN"}]}}})
    code = shopify(Transport(taken)).act(target, IssueVoucher(dollars("5.00")), MARK)
    assert code == voucher_code(MARK).replace("-", "") and 8 <= len(code) <= 20 and code.isalnum()


def test_shopify_does_only_what_its_version_and_the_shop_let_it() -> None:
    def acts(**options: Any) -> frozenset[OrderAct]:
        return shopify(Transport(found()), token="t", **options).acts

    assert OrderAct.REFUND in acts() and OrderAct.VOUCHER not in acts()
    assert OrderAct.REFUND not in acts(version="2025-10"), "it knows no key"
    assert OrderAct.VOUCHER in acts(gift_cards=True)


@pytest.mark.parametrize(("given", "told"), [
    ({"refund": "INSERT INTO r VALUES (:id, :amount, :key)"}, "without done"),
    ({"refund": "INSERT INTO r VALUES (:id, :amount)", "done": "SELECT 1 FROM r WHERE k = :key"}, "without :key"),
    ({"note": "INSERT INTO n VALUES (:key)", "done": "DELETE FROM n WHERE k = :key"}, "done"),
])
def test_statements_that_could_not_be_found_again_are_refused(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        SqlActs.parse_obj(given)


def test_a_request_without_a_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="must hold"):
        HttpRequests.parse_obj({"by_number": {"path": "/a"}, "by_email": {"path": "/b"}, "refund": {"path": "/c/{id}"}})
