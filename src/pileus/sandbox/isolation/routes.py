"""Routes that lead nowhere: places that a function must not reach, whatever way out it gets."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable

from . import linux

_NETLINK_ROUTE = 0
_NEW_ROUTE, _REQUEST_CREATE_ACK = 24, 0x1 | 0x4 | 0x400
_ERROR = 2
_TABLE_MAIN, _STATIC, _UNIVERSE, _UNREACHABLE = 254, 4, 0, 7
_DESTINATION, _PRIORITY = 1, 6
_MESSAGE = struct.Struct("=LHHLL")
_ROUTE = struct.Struct("=BBBBBBBBL")
_ATTRIBUTE = struct.Struct("=HH")
# Of IPv6 that is switched off there is nothing to close.
_NO_SUCH_FAMILY = (errno.EOPNOTSUPP, errno.EAFNOSUPPORT, errno.ENODEV, errno.EACCES, errno.ENOTSUP)


def close_off(networks: Iterable[str]) -> None:
    """Make networks unreachable from this network namespace; functions cannot take it back."""
    with (
        linux.step("routes"),
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as kernel,
    ):
        for text in networks:
            address, _, prefix = text.partition("/")
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            _add(kernel, family, socket.inet_pton(family, address), int(prefix))


def _add(kernel: socket.socket, family: int, destination: bytes, prefix: int) -> None:
    body = _ROUTE.pack(family, prefix, 0, 0, _TABLE_MAIN, _STATIC, _UNIVERSE, _UNREACHABLE, 0)
    # Before any route to the same network that is made later.
    for kind, value in ((_DESTINATION, destination), (_PRIORITY, struct.pack("=L", 1))):
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value
    size = _MESSAGE.size + len(body)
    kernel.send(_MESSAGE.pack(size, _NEW_ROUTE, _REQUEST_CREATE_ACK, 1, 0) + body)
    answer = kernel.recv(1 << 12)
    _, kind, _, _, _ = _MESSAGE.unpack_from(answer)
    (result,) = struct.unpack_from("=i", answer, _MESSAGE.size)
    if kind != _ERROR or result == 0 or -result == errno.EEXIST:
        return
    if family == socket.AF_INET6 and -result in _NO_SUCH_FAMILY:
        return
    raise OSError(-result, os.strerror(-result))
