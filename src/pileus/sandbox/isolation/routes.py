"""Routes that lead nowhere: what a function must not reach, whatever way out it gets."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable

from . import linux

_NETLINK_ROUTE = 0
_NEW_ROUTE, _NEW_RULE, _REQUEST_CREATE_ACK = 24, 32, 0x1 | 0x4 | 0x400
_ERROR = 2
_TABLE_MAIN, _STATIC, _UNIVERSE, _UNREACHABLE = 254, 4, 0, 7
_DESTINATION, _PRIORITY = 1, 6
# Of rules: what they match, and the action that refuses it.
_IP_PROTOCOL, _DESTINATION_PORTS = 22, 24
_PROHIBIT = 8
_MESSAGE = struct.Struct("=LHHLL")
_ROUTE = _RULE = struct.Struct("=BBBBBBBBL")
_ATTRIBUTE = struct.Struct("=HH")
# Of IPv6 that is switched off there is nothing to close.
_NO_SUCH_FAMILY = (errno.EOPNOTSUPP, errno.EAFNOSUPPORT, errno.ENODEV, errno.EACCES, errno.ENOTSUP)


def close_off(networks: Iterable[str], ports: Iterable[int] = ()) -> None:
    """Make networks and the outside's TCP ports unreachable from this network namespace.

    Functions cannot take it back.
    """
    with (
        linux.step("routes"),
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as kernel,
    ):
        for text in networks:
            address, _, prefix = text.partition("/")
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            _add_route(kernel, family, socket.inet_pton(family, address), int(prefix))
        for port in ports:
            for family in (socket.AF_INET, socket.AF_INET6):
                _add_rule(kernel, family, port)


def _add_route(kernel: socket.socket, family: int, destination: bytes, prefix: int) -> None:
    head = _ROUTE.pack(family, prefix, 0, 0, _TABLE_MAIN, _STATIC, _UNIVERSE, _UNREACHABLE, 0)
    # Before any route to the same network that is made later.
    attributes = ((_DESTINATION, destination), (_PRIORITY, struct.pack("=L", 1)))
    refused = _ask(kernel, _NEW_ROUTE, head, attributes)
    if refused and not (family == socket.AF_INET6 and refused in _NO_SUCH_FAMILY):
        raise OSError(refused, os.strerror(refused))


def _add_rule(kernel: socket.socket, family: int, port: int) -> None:
    head = _RULE.pack(family, 0, 0, 0, 0, 0, 0, _PROHIBIT, 0)
    attributes = (
        # After the rule for addresses of this machine, and before all others.
        (_PRIORITY, struct.pack("=L", 1)),
        (_IP_PROTOCOL, struct.pack("=B", socket.IPPROTO_TCP)),
        (_DESTINATION_PORTS, struct.pack("=HH", port, port)),
    )
    refused = _ask(kernel, _NEW_RULE, head, attributes)
    # A kernel that routes without rules cannot close a port, and sandboxes do without.
    if refused and refused not in _NO_SUCH_FAMILY:
        raise OSError(refused, os.strerror(refused))


def _ask(
    kernel: socket.socket, kind: int, head: bytes, attributes: Iterable[tuple[int, bytes]]
) -> int:
    """Zero, or the number of the error with which the kernel refuses."""
    body = head
    for attribute, value in attributes:
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), attribute) + value
        body += bytes(-len(value) % 4)
    size = _MESSAGE.size + len(body)
    kernel.send(_MESSAGE.pack(size, kind, _REQUEST_CREATE_ACK, 1, 0) + body)
    answer = kernel.recv(1 << 12)
    _, answered, _, _, _ = _MESSAGE.unpack_from(answer)
    (result,) = struct.unpack_from("=i", answer, _MESSAGE.size)
    return -int(result) if answered == _ERROR and -result != errno.EEXIST else 0
