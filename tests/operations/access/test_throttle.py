"""Throttles: what they forget, and whom an address stands for."""

from __future__ import annotations

import pytest
from page_accounts import SetClock

from operations.access.throttle import BY_ADDRESS, MOST_KEPT, Throttle, network_of


def test_a_throttle_forgets_the_oldest_and_what_is_an_hour_ago() -> None:
    """No flood of keys fills the memory, and a failure counts for an hour."""
    throttle, clock = Throttle(BY_ADDRESS), SetClock()
    for _ in range(6):
        throttle.failed("a", clock())
    assert throttle.seconds_left("a", clock()) == 10
    for number in range(MOST_KEPT):
        throttle.failed(str(number), clock())
    assert throttle.seconds_left("a", clock()) == 0
    for _ in range(6):
        throttle.failed("b", clock())
    clock.move(minutes=61)
    assert throttle.seconds_left("b", clock()) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_throttled_with_its_network(address: str, network: str) -> None:
    """A customer of IPv6 has all addresses of a network."""
    assert network_of(address) == network
