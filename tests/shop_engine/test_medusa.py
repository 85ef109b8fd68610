"""The contract of engines on a real Medusa 2, and the traps that only the real one has."""
from __future__ import annotations

import pytest

from tandem.orders.errors import AddressNotChangeable
from tandem.orders.model import OrderStatus, ReturnReason
from tests.contract.engines.harness import ORDERS, EngineShop
from tests.contract.engines.test_acts import *  # noqa: F403
from tests.contract.engines.test_acts import ELSEWHERE
from tests.contract.engines.test_money_and_goods import *  # noqa: F403
from tests.contract.engines.test_reading import *  # noqa: F403
from tests.shop_engine.conftest import RealMedusa, WatchedClient

pytestmark = pytest.mark.timeout(600)
NEW, DELIVERED = ORDERS["new"].number, ORDERS["delivered"].number


def test_medusa_passes_over_a_filter_that_it_does_not_know(shop: EngineShop, medusa: RealMedusa) -> None:
    """Why no filter is trusted; if this fails, Medusa has changed, for the better."""
    answer = WatchedClient(medusa).call("GET", "/admin/orders", query={"email": "nobody@example.com", "limit": 5})
    assert len(answer.data["orders"]) == 5


def test_a_packed_order_is_unpacked_and_cancelled_and_keeps_its_address(
    shop: EngineShop, medusa: RealMedusa,
) -> None:
    medusa.changed = True
    medusa.admin.pack(medusa.ids["new"])
    assert shop.system.find(NEW).status is OrderStatus.PROCESSING
    with pytest.raises(AddressNotChangeable):
        shop.system.change_address(NEW, ELSEWHERE, idempotency_key="a")
    assert shop.system.cancel(NEW, idempotency_key="b").status is OrderStatus.CANCELLED


def test_a_return_that_was_begun_and_left_does_not_lock_the_order(shop: EngineShop, medusa: RealMedusa) -> None:
    medusa.changed = True
    medusa.admin.post("/returns", {"order_id": medusa.ids["delivered"], "location_id": medusa.admin.location,
                                   "metadata": {"tandem": True}})
    assert shop.system.find(DELIVERED).return_request is None
    request = shop.system.start_return(DELIVERED, reason=ReturnReason.DAMAGED, idempotency_key="a")
    assert request.reason is ReturnReason.DAMAGED


def test_a_plain_number_is_found_by_its_place(shop: EngineShop, medusa: RealMedusa) -> None:
    medusa.changed = True
    with medusa._database.begin() as connection:
        connection.exec_driver_sql('UPDATE "order" SET custom_display_id = NULL')
        serial = connection.exec_driver_sql(
            f"SELECT display_id FROM \"order\" WHERE id = '{medusa.ids['new']}'").scalar_one()
    found = [one.order for one in shop.system.engine.by_number((str(serial),))]
    assert [(order.number, order.email) for order in found] == [(str(serial), ORDERS["new"].email)]
