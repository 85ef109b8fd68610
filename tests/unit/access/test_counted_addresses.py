"""What the limits count an address as: whoever has a whole network of them gets no more for it."""
from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException

from tandem.access.proxies import counted_as
from tandem.desk.security.rate_limit import REJECTED, Pace


@pytest.mark.parametrize(("one", "other", "same"), [
    ("2001:db8:1:2::5", "2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::5", "2001:db8:1:3::5", False),
    ("203.0.113.7", "203.0.113.8", False), ("::ffff:203.0.113.7", "203.0.113.7", True),
    ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False), ("fe80::1%eth0", "fe80::2%eth0", True),
    ("testclient", "unknown", False), ("", "203.0.113.7", False),
])
def test_addresses_of_one_ipv6_network_count_as_one(one: str, other: str, same: bool) -> None:
    assert (counted_as(one) == counted_as(other)) is same
    assert len(counted_as(one + "x" * 1000)) <= 64


def test_a_network_of_addresses_gives_no_more_guesses_at_a_token() -> None:
    pace = Pace(limited=True)
    for number in range(REJECTED):
        pace.wrong_token(f"2001:db8:1:2::{number:x}")
    with pytest.raises(HTTPException):
        pace.wrong_token("2001:db8:1:2::ffff")
    pace.wrong_token("2001:db8:1:3::1")
