"""Which addresses Pileus may call on users' behalf."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address

# Where clouds give credentials to whoever asks from the machine; never called for anybody.
_METADATA = (
    ip_network("169.254.0.0/16"),
    ip_network("fe80::/10"),
    ip_network("fd00:ec2::/32"),
    ip_network("100.100.100.200/32"),
)
_PRIVATE = (
    ip_network("10.0.0.0/8"),
    ip_network("172.16.0.0/12"),
    ip_network("192.168.0.0/16"),
    ip_network("100.64.0.0/10"),
    ip_network("fc00::/7"),
)
# IPv6 addresses that carry an IPv4 address in their last 32 bits.
_NAT64 = ip_network("64:ff9b::/96")


class Rules:
    """Loopback and private addresses are for those who listen on loopback only, or list them."""

    def __init__(self, listens_on: str, listed: Sequence[str]) -> None:
        self._is_alone = is_loopback(listens_on)
        self._networks: list[IPv4Network | IPv6Network] = []
        self._names: set[str] = set()
        for text in listed:
            try:
                self._networks.append(ip_network(text, strict=False))
            except ValueError:
                self._names.add(text.lower().rstrip("."))

    def allow(self, host: str, address: Address) -> bool:
        """Whether the address, to which the host's name has led, may be called."""
        address = _bare(address)
        if address.is_multicast or any(address in network for network in _METADATA):
            return False
        if self._is_alone or address.is_global:
            return True
        is_listed = any(address in network for network in self._networks)
        return is_listed or host.lower().rstrip(".") in self._names


def closed_networks(listens_on: str, listed: Sequence[str]) -> tuple[str, ...]:
    """The private networks that functions may not call, by the same rules."""
    if is_loopback(listens_on):
        return ()
    closed: list[IPv4Network | IPv6Network] = [*_PRIVATE]
    for text in listed:
        try:
            allowed = ip_network(text, strict=False)
        except ValueError:
            continue  # A name: functions ask for it themselves.
        closed = [part for each in closed for part in _without(each, allowed)]
    return tuple(map(str, closed))


def _without(
    network: IPv4Network | IPv6Network, allowed: IPv4Network | IPv6Network
) -> Iterable[IPv4Network | IPv6Network]:
    if isinstance(network, IPv4Network) and isinstance(allowed, IPv4Network):
        if network.subnet_of(allowed):
            return ()
        return network.address_exclude(allowed) if allowed.subnet_of(network) else (network,)
    if isinstance(network, IPv6Network) and isinstance(allowed, IPv6Network):
        if network.subnet_of(allowed):
            return ()
        return network.address_exclude(allowed) if allowed.subnet_of(network) else (network,)
    return (network,)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _bare(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
