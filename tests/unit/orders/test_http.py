"""The HTTP adapter when the service misbehaves. What it does when all is well, the contract suite says."""
from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
import requests

from tandem.orders.adapters.http.adapter import HttpOrderSystem
from tandem.orders.adapters.http.json_format import JsonFormatError, from_json, to_json
from tandem.orders.demo_orders import demo_orders
from tandem.orders.errors import NotCancellable, OrderNotFound, OrderSystemUnavailable
from tandem.orders.factory import open_order_system
from tandem.orders.http_client import PAUSES
from tandem.orders.model import Order, OrderStatus
from tandem.orders.policies import DEFAULT_POLICIES
from tandem.settings import Settings, SettingsError
from tests.fakes.transport import Reply, Transport, reply

ORDER = DEFAULT_POLICIES.applied_to(
    demo_orders(datetime(2025, 3, 12, 15, 0, tzinfo=timezone.utc), timezone.utc)[0])


class Service(Transport):
    """Answers with each of `answers` in turn, the last one for ever; keeps what it was sent."""

    def system(self, url: str = "https://orders.example.com/api") -> HttpOrderSystem:
        return HttpOrderSystem(url, adapter=self, sleep=self.pauses.append)


def _found(**changes: Any) -> Reply:
    return reply(200, json={**to_json(ORDER), **changes})


@pytest.mark.parametrize("trouble", [
    reply(503), reply(502), reply(429), requests.ConnectionError("refused"),
    requests.ReadTimeout("slow"), requests.exceptions.ChunkedEncodingError("cut"),
], ids=repr)
def test_a_passing_failure_is_tried_again(trouble: Reply | Exception) -> None:
    service = Service(trouble, _found())
    assert service.system().find(ORDER.number) == ORDER
    assert len(service.requests) == 2 and service.pauses == [PAUSES[0]]


def test_a_lasting_failure_is_raised_after_three_attempts() -> None:
    service = Service(reply(500))
    with pytest.raises(OrderSystemUnavailable, match="status 500"):
        service.system().find(ORDER.number)
    assert len(service.requests) == 3 and service.pauses == list(PAUSES)


def test_a_write_is_tried_again_with_the_same_key() -> None:
    service = Service(requests.ReadTimeout("slow"), _found(status="cancelled"))
    assert service.system().cancel(ORDER.number, idempotency_key="c1/é\n").status is OrderStatus.CANCELLED
    assert {request.headers["Idempotency-Key"] for request in service.requests} == {"c1/%C3%A9%0A"}
    assert len(service.requests) == 2


def test_a_refusal_is_not_tried_again() -> None:
    service = Service(reply(409, json={"error": {"code": "not_cancellable", "status": "shipped"}}))
    with pytest.raises(NotCancellable) as refused:
        service.system().cancel(ORDER.number, idempotency_key="a")
    assert refused.value.status is OrderStatus.SHIPPED and len(service.requests) == 1


@pytest.mark.parametrize("answer", [
    reply(200, content=b""), reply(200, content=b"<html>"), reply(200, json=[]),
    reply(200, json=None), reply(200, content=b"\xff\xfe"), reply(200, json={"number": 1}),
    reply(404), reply(404, json={"detail": "Not Found"}), reply(401),
    reply(302, headers={"Location": "https://elsewhere.example.com"}),
    reply(409, json={"error": {"code": "not_cancellable", "status": "flying"}}),
    reply(409, json={"error": {"code": "not_cancellable"}}), reply(409, json={"error": "no"}),
    _found(placed_at="2025-03-12T15:00:00"), _found(placed_at="soon"), _found(status="flying"), _found(items=None),
    _found(can_cancel="no"), _found(can_cancel=1), _found(return_until="2025-04-01T23:59:59"),
    _found(total={"amount": 59.9, "currency": "USD"}), _found(total={"amount": "NaN", "currency": "USD"}),
    reply(200, content=b"[" * 100_000),
], ids=lambda answer: str(answer.status) + str(answer.content[:60]))
def test_nonsense_is_unavailable_and_nothing_else(answer: Reply) -> None:
    with pytest.raises(OrderSystemUnavailable):
        Service(answer).system().find(ORDER.number)


def test_an_answer_about_another_order_is_refused() -> None:
    with pytest.raises(OrderSystemUnavailable, match="another order"):
        Service(_found()).system().find("TD-10388")


def test_the_service_says_that_there_is_no_such_order() -> None:
    with pytest.raises(OrderNotFound):
        Service(reply(404, json={"error": {"code": "order_not_found"}})).system().find("TD-10388")


def test_addresses_stay_out_of_urls_and_the_password_out_of_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    service = Service(reply(200, json={"orders": []}))
    system = service.system("https://shop:s3cret%21@orders.example.com/api/")
    assert system.open_orders("on-time@example.com") == ()
    request = service.requests[0]
    assert str(request.url) == "https://orders.example.com/api/orders/search"
    assert json.loads(request.body) == {"email": "on-time@example.com", "open": True, "limit": 100}
    assert request.headers["Authorization"] == "Basic c2hvcDpzM2NyZXQh"
    assert "s3cret" not in caplog.text and "on-time" not in caplog.text


def test_the_service_may_say_itself_what_may_be_done_to_an_order() -> None:
    until = "2025-04-01T23:59:59+02:00"
    said = {"can_cancel": not ORDER.can_cancel, "can_change_address": not ORDER.can_change_address}
    found = Service(_found(**said, return_until=until)).system().find(ORDER.number)
    assert (found.can_cancel, found.can_change_address) == tuple(said.values())
    assert found.return_until == datetime.fromisoformat(until)


@pytest.mark.parametrize("said", [{}, {"can_cancel": None, "can_change_address": None, "return_until": None}])
def test_of_what_the_service_does_not_say_the_shops_policies_do(said: dict[str, None]) -> None:
    silent = {key: value for key, value in to_json(ORDER).items()
              if key not in ("can_cancel", "can_change_address", "return_until")}
    assert Service(reply(200, json={**silent, **said})).system().find(ORDER.number) == ORDER


def test_new_fields_of_the_service_do_no_harm() -> None:
    assert Service(_found(colour="red")).system().find(ORDER.number) == ORDER


def test_an_error_of_the_format_names_its_place() -> None:
    data = to_json(ORDER)
    data["items"][0]["quantity"] = "two"
    with pytest.raises(JsonFormatError, match=r"order\.items\[0\]\.quantity: expected int"):
        from_json(Order, data, "order")
    data["items"][0].pop("quantity")
    with pytest.raises(JsonFormatError, match="quantity: missing"):
        from_json(Order, data, "order")


def test_the_url_chooses_the_system() -> None:
    assert isinstance(open_order_system(Settings(orders_url="https://orders.example.com")), HttpOrderSystem)


@pytest.mark.parametrize("url", ["orders.example.com", "https://", "http://[", "https://host:99999", "mongodb://x/y",
                                 "sqlite:///\x00", "postgresql://host:port/x"])
def test_an_unusable_url_names_the_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="TANDEM_ORDERS_URL"):
        open_order_system(Settings(orders_url=url))
