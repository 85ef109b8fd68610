"""`tandem orders`: look whether the shop's orders are reached."""
from __future__ import annotations

import argparse
from typing import Any

from tandem.orders.check import check_orders
from tandem.orders.errors import OrderSystemUnavailable
from tandem.orders.factory import open_order_system, orders_section
from tandem.run.errors import RunError
from tandem.settings import Settings


def add_orders_command(commands: Any) -> None:
    """Add `tandem orders check`."""
    parser = commands.add_parser("orders", help="the shop's orders")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("check", help="sign in, read the newest order, and say what may be done").set_defaults(
        command=_check)


def _check(settings: Settings, _options: argparse.Namespace) -> int:
    section = orders_section(settings)
    told = "TANDEM_ORDERS_URL" if settings.orders_url else "no orders: in endpoints.yml, so Tandem's own tables"
    lines = [("engine", f"{section.engine} ({told if section.from_environment else 'endpoints.yml'})")]
    try:
        report = check_orders(open_order_system(settings))
    except OrderSystemUnavailable as error:
        raise RunError(f"{section.engine}: {error}") from error
    for name, text in (*lines, *report.lines):
        print(f"{name:<15} {text}")
    for warning in report.warnings:
        print(f"{'look at':<15} {warning}")
    return 0
