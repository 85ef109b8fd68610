"""What the shop allows, and the small sums of the model."""
from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tandem.db.engine import now
from tandem.orders.demo_orders import demo_orders
from tandem.orders.errors import InvalidAddress, ReturnRefusal
from tandem.orders.model import Address, Order, OrderStatus
from tandem.orders.money import Money
from tandem.orders.policies import PoliciesOfTheFile, ShopPolicies, check_address, return_refusal
from tandem.settings import load

AT = datetime(2025, 3, 12, 15, 0, tzinfo=timezone.utc)
ORDERS = {order.number: order for order in demo_orders(AT, timezone.utc)}


@pytest.mark.parametrize("status", list(OrderStatus))
def test_only_what_has_not_left_can_be_changed(status: OrderStatus) -> None:
    order = ShopPolicies().applied_to(replace(ORDERS["TD-10433"], status=status))
    allowed = status in (OrderStatus.PROCESSING, OrderStatus.PAYMENT_FAILED)
    assert order.can_cancel is order.can_change_address is allowed


def test_what_the_order_system_says_stands_over_the_shops_policies() -> None:
    packed = replace(ORDERS["TD-10433"], can_cancel=False, can_change_address=True, refundable=Money(Decimal(5)))
    late = replace(ORDERS["TD-10300"], return_until=AT)
    assert ShopPolicies().applied_to(packed) == packed
    assert ShopPolicies().applied_to(late).return_until == AT
    assert return_refusal(ShopPolicies().applied_to(late), AT + timedelta(seconds=1)) is ReturnRefusal.WINDOW_CLOSED


def test_the_window_ends_at_the_end_of_a_day_in_the_shops_zone() -> None:
    policies = ShopPolicies(return_days=30, zone=ZoneInfo("Asia/Tokyo"))
    order = policies.applied_to(ORDERS["TD-10300"])  # delivered on March 7 at 23:05 in Tokyo
    deadline = order.return_until
    assert deadline is not None and deadline.isoformat() == "2025-04-06T23:59:59+09:00"
    assert return_refusal(order, deadline) is None
    assert return_refusal(order, deadline.replace(day=7)) is ReturnRefusal.WINDOW_CLOSED


def test_an_order_not_delivered_has_no_deadline() -> None:
    assert ShopPolicies().applied_to(ORDERS["TD-10421"]).return_until is None


def test_a_region_may_be_missing_from_an_address_but_no_street() -> None:
    check_address(Address("A", "1 High St", "Leeds", "LS1 1AA", country="GB"))
    with pytest.raises(InvalidAddress):
        check_address(Address("A", "", "Leeds", "LS1 1AA", country="GB"))


@pytest.mark.parametrize(("money", "text"), [
    (Money(Decimal("59.9")), "$59.90"), (Money(Decimal("1234.5"), "EUR"), "€1,234.50"),
    (Money(Decimal(10), "SEK"), "10.00 SEK"),
])
def test_money_is_written_with_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


def test_money_of_two_currencies_does_not_add() -> None:
    assert Money(Decimal("0.10")) + Money(Decimal("0.20")) == Money(Decimal("0.30"))
    with pytest.raises(ValueError, match="EUR"):
        Money(Decimal(1)) + Money(Decimal(1), "EUR")


def test_a_delivered_parcel_is_no_longer_delayed() -> None:
    late = ORDERS["TD-10388"]
    delivered: Order = replace(late, status=OrderStatus.DELIVERED)
    assert late.delayed and not delivered.delayed


def test_the_shops_file_says_what_may_be_done_and_until_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "data/shop.yml"
    file.parent.mkdir()
    policies = PoliciesOfTheFile.of(load({}))
    new = replace(ORDERS["TD-10433"], placed_at=now() - timedelta(hours=2))
    for at, (text, cancel, change) in enumerate([
        ("cancellation: {until: never}", False, True),
        ("cancellation: {within_hours: 1}\naddress_change: {within_hours: 3}", False, True),
        ("address_change: {until: never}", True, False),
    ], 1):
        file.write_text(text)
        os.utime(file, ns=(at, at))
        allowed = policies.applied_to(new)
        assert (allowed.can_cancel, allowed.can_change_address) == (cancel, change), text


@pytest.mark.parametrize(("days", "refusal"), [
    (14, None), (3, ReturnRefusal.WINDOW_CLOSED), (0, ReturnRefusal.WINDOW_CLOSED),
])
def test_the_shops_file_says_how_long_returns_are_taken(
    days: int, refusal: ReturnRefusal | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/shop.yml").write_text(f"returns: {{days: {days}}}\nrefunds: {{days: 2-3}}\n")
    policies = ShopPolicies.of(load({}))
    assert policies.refund_business_days == (2, 3)
    assert return_refusal(policies.applied_to(ORDERS["TD-10300"]), AT) is refusal
