"""The contract of order systems, on a SQLite file and on PostgreSQL."""
from tests.contract.orders.test_order_acts import *  # noqa: F403
from tests.contract.orders.test_order_system import *  # noqa: F403
