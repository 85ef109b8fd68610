"""Scenes 1 to 4 and the acts, lived in a browser by customers whose orders are in a real Medusa."""
from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tandem.orders.model import Address, OrderStatus
from tests.contract.engines.harness import HOME, Wanted
from tests.shop_engine.conftest import RealMedusa
from tests.system.conftest import Stack, running
from tests.system.faults.trouble import LINKED
from tests.system.scenes.conftest import Customer, owner_of

pytestmark = pytest.mark.timeout(900)
NewCustomer = Callable[..., Customer]
ENGINE = """
orders:
  engine: medusa
  url: {address}
  key: ${{MEDUSA_KEY}}
"""
ELSEWHERE = replace(HOME, street="20 Hill Road", postcode="60614", city="Chicago", region="IL")
ORDERS = (  # of people whom the demo's page can sign in
    Wanted("TD-30421", OrderStatus.SHIPPED, "on-time@example.com"),
    Wanted("TD-304210", OrderStatus.DELIVERED, "xon-time@example.com", ELSEWHERE),  # almost the same number, address
    Wanted("TD-30422", OrderStatus.SHIPPED, "late@example.com"),
    Wanted("TD-30433", OrderStatus.PROCESSING, "new@example.com"),
    Wanted("TD-30300", OrderStatus.DELIVERED, "delivered@example.com"),
    Wanted("TD-30350", OrderStatus.DELIVERED, "refund@example.com"),
)
REFUSED = "with that number and that e-mail address or postcode"


@pytest.fixture(scope="module")
def placed(medusa: RealMedusa) -> Mapping[str, str]:
    """The ids of the customers' orders by number."""
    medusa.changed = True  # the contract's orders are placed anew after this
    return {wanted.number: medusa.admin.place(wanted) for wanted in ORDERS}


@pytest.fixture(scope="module")
def stack(
    project_root: Path, trained_model: Path, medusa: RealMedusa, placed: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The whole of Tandem over this Medusa; only endpoints.yml says so."""
    assert trained_model.is_file() and placed
    folder = tmp_path_factory.mktemp("medusa-stack")
    project = folder / "project"
    project.mkdir()
    for name in (*LINKED, "credentials.yml"):
        (project / name).symlink_to(project_root / name)
    shutil.copytree(project_root / "data", project / "data")
    endpoints = (project_root / "endpoints.yml").read_text(encoding="utf-8")
    (project / "endpoints.yml").write_text(endpoints + ENGINE.format(address=medusa.address), encoding="utf-8")
    with running(project, folder, MEDUSA_KEY=medusa.admin.key) as started:
        yield started


def test_a_known_customer_hears_of_the_order_in_one_reply(new_customer: NewCustomer) -> None:
    customer = new_customer("on-time@example.com")
    customer.asks("Where is my order?")
    assert "was shipped" in customer.texts("bot")[0], customer.texts("bot")


def test_a_stranger_is_shown_nothing_until_number_and_contact_match(new_customer: NewCustomer) -> None:
    customer = new_customer()
    customer.asks("Where is my order?")
    for near in ("TD-30421, xon-time@example.com", "TD-304210 and on-time@example.com", "TD-30421 and 60614"):
        customer.asks(near)
        said = " ".join(customer.texts("bot"))
        assert REFUSED in said and "shipped" not in said and "delivered" not in said, said
    customer.asks("TD-30421 and on-time@example.com")
    customer.hears("was shipped", "bot")


def test_number_and_postcode_find_the_order_too(new_customer: NewCustomer) -> None:
    customer = new_customer()
    customer.asks("track my order")
    customer.asks("TD-30422, 94107")
    said = " ".join(customer.texts("bot"))
    assert "travels with our carrier under the tracking number NB20411US" in said, said  # Medusa names no carrier


def test_an_upset_customer_gets_the_facts_and_a_person(new_customer: NewCustomer, stack: Stack) -> None:
    customer = new_customer("late@example.com")
    customer.say("I'm really upset that my package hasn't arrived on time. What can I do about this?")
    customer.status("Finding a person")
    assert "shipped" in customer.texts("bot")[0], customer.texts("bot")
    assert owner_of(stack, customer.conversation_id) == "waiting"


def test_an_angry_customer_goes_to_a_person_at_once(new_customer: NewCustomer, stack: Stack) -> None:
    customer = new_customer("on-time@example.com")
    customer.say("I'm really angry that my item is delayed.")
    customer.status("Finding a person")
    assert owner_of(stack, customer.conversation_id) == "waiting"


def test_the_address_is_changed_then_the_order_cancelled_in_medusa(
    new_customer: NewCustomer, medusa: RealMedusa, placed: Mapping[str, str],
) -> None:
    customer, order = new_customer("new@example.com"), placed["TD-30433"]
    customer.asks("please send my order to another address: 12 Oak Street, Springfield, IL 62704")
    assert medusa.admin.order(order)["shipping_address"]["address_1"] == HOME.street, "nobody has said yes"
    customer.asks("yes")
    customer.hears("12 Oak Street", "bot")
    moved = medusa.admin.order(order)["shipping_address"]
    assert (moved["address_1"].lower(), moved["postal_code"]) == ("12 oak street", "62704")
    customer.asks("cancel my order please")
    assert medusa.admin.order(order)["status"] != "canceled", "nobody has said yes"
    customer.asks("yes, cancel it")
    customer.hears("TD-30433 is cancelled", "bot")
    assert medusa.admin.order(order)["status"] == "canceled"


def test_what_was_delivered_is_sent_back_in_medusa(
    new_customer: NewCustomer, medusa: RealMedusa, placed: Mapping[str, str],
) -> None:
    customer = new_customer("delivered@example.com")
    customer.asks("I want to return the towel")
    customer.asks("it's too small")
    assert not medusa.admin.order(placed["TD-30300"])["returns"], "nobody has said yes"
    customer.asks("yes, set it up")
    [request] = medusa.admin.order(placed["TD-30300"])["returns"]
    assert (request["status"], len(request["items"])) == ("requested", 1)


def test_a_refund_by_an_agent_is_done_once_in_medusa_and_the_customer_hears_of_it(
    new_customer: NewCustomer, stack: Stack, medusa: RealMedusa, placed: Mapping[str, str],
) -> None:
    customer = new_customer("refund@example.com")
    customer.say("I want to talk to a person")
    customer.status("Finding a person")
    key = uuid.uuid4().hex
    with stack.api as api:
        api.headers["X-Tandem-Agent"] = "anna"
        assert api.post(f"/api/conversations/{customer.conversation_id}/claim").status_code == 200
        wish: dict[str, Any] = {"conversation_id": customer.conversation_id, "act": "refund", "amount": "12.50"}
        seen = api.post("/api/orders/TD-30350/acts/preview", json=wish, timeout=60)
        assert seen.status_code == 200, seen.text
        done = [api.post("/api/orders/TD-30350/acts", json={**wish, "token": seen.json()["token"], "key": key},
                         timeout=60) for _ in range(2)]
    assert [one.json().get("repeated") for one in done] == [False, True], [one.text for one in done]
    payments = medusa.admin.order(placed["TD-30350"])["payment_collections"][0]["payments"]
    assert [refund["amount"] for one in payments for refund in one["refunds"]] == [12.5]
    again = new_customer("refund@example.com")
    again.asks("where is my refund?")
    again.hears("$12.50", "bot")


def test_who_is_signed_in_is_told_of_no_order_of_another(new_customer: NewCustomer) -> None:
    customer = new_customer("on-time@example.com")
    customer.asks("where is order TD-304210?")
    assert not any("was delivered" in text for text in customer.texts("bot")), customer.texts("bot")


def test_the_address_of_what_was_shipped_stays(
    new_customer: NewCustomer, medusa: RealMedusa, placed: Mapping[str, str],
) -> None:
    """Medusa would take it."""
    customer = new_customer("on-time@example.com")
    customer.asks("please send my order to another address: 12 Oak Street, Springfield, IL 62704")
    customer.asks("yes")
    kept = medusa.admin.order(placed["TD-30421"])["shipping_address"]
    assert Address("", kept["address_1"], kept["city"], kept["postal_code"], "") == Address(
        "", HOME.street, HOME.city, HOME.postcode, "")
