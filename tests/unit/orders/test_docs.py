"""The page for integrators says what the code does."""
from __future__ import annotations

import json
import re
from pathlib import Path

from actions.base import order_threads
from tandem.orders import guarded, http_client
from tandem.orders.adapters.http import json_format
from tandem.orders.adapters.sql import tables
from tandem.orders.identification import IdentificationLimits
from tandem.orders.model import Order

PAGE = (Path(__file__).parents[3] / "docs" / "order-systems.md").read_text(encoding="utf-8")


def test_the_order_of_the_page_can_be_read() -> None:
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    order = json_format.from_json(Order, json.loads(example.group(1)))
    assert order.delayed and order.shipment is not None and order.shipment.held_at == "Gary, IN"


def test_every_refusal_is_on_the_page() -> None:
    for kind, status in json_format._STATUS_CODES.items():
        assert re.search(rf"\| {status} \|.*`{json_format._code(kind)}`", PAGE), kind.__name__


def test_every_table_is_on_the_page() -> None:
    for name in tables.metadata.tables:
        assert f"`{name}`" in PAGE


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    limits = IdentificationLimits()
    assert f"is offered | {limits.offer_person_after} |" in PAGE
    assert f"compared any more | {limits.refuse_after} |" in PAGE
    assert f"neighbours share | {limits.refuse_postcode_after} |" in PAGE
    assert f"{limits.refuse_for.seconds // 60} minutes from" in PAGE
    assert f"misses count | {limits.window.seconds // 3600} hours |" in PAGE
    silence, connect = http_client.SILENCE_SECONDS, http_client.CONNECT_SECONDS
    assert f"silent for {silence:.0f} s, and take {connect:.0f} s to connect" in PAGE
    assert f"together end after {http_client.TOTAL_SECONDS:.0f} s" in PAGE
    assert f"in {guarded.THREADS} threads" in PAGE and f"after {guarded.CALL_SECONDS:.0f} s, all calls" in PAGE
    assert f"one action after {order_threads.ORDER_SECONDS:.0f} s" in PAGE
    assert http_client.TOTAL_SECONDS < guarded.CALL_SECONDS, "the adapter ends by itself"
