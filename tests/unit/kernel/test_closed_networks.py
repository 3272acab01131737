"""Which private networks functions may not call."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from pileus.kernel.egress_addresses import closed_networks


def is_closed(address: str, *allowed: str, listens_on: str = "0.0.0.0") -> bool:
    networks = [ip_network(each) for each in closed_networks(listens_on, allowed)]
    return any(ip_address(address) in network for network in networks)


def test_who_listens_on_loopback_closes_nothing() -> None:
    assert () == closed_networks("127.0.0.1", ["10.0.0.0/8"])


def test_private_networks_are_closed_and_the_internet_is_not() -> None:
    addresses = ["10.1.2.3", "172.16.0.1", "192.168.1.1", "fd00::1", "8.8.8.8", "2600::1"]
    assert [True] * 4 + [False] * 2 == [is_closed(each) for each in addresses]


def test_what_is_listed_is_cut_out() -> None:
    allowed = ("10.1.0.0/16", "192.168.1.7", "database.internal", "172.16.0.0/8")
    addresses = ["10.1.2.3", "10.2.0.1", "192.168.1.7", "192.168.1.8", "172.16.0.1"]
    assert [False, True, False, True, False] == [is_closed(each, *allowed) for each in addresses]
