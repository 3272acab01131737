"""What a field's value is compared by: numbers, IP addresses, wildcards, letters of any case."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, NamedTuple

from pileus.languages.event_patterns.errors import InvalidPattern

# docs: eventbridge/latest/userguide/eb-create-pattern-operators, numeric matching
NUMBER_MAX = 5_000_000_000
_IPV4 = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)
_IPV6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_WILDCARD_PARTS = re.compile(r"\\[*\\]|\*|[^*\\]+", re.DOTALL)
_BITS = {4: 32, 6: 128}

Address = tuple[int, int]
_ADDRESS_LENGTH_MAX = 64
_ADDRESS_ENDS = frozenset("0123456789abcdefABCDEF:")


def number(text: str) -> int | float:
    """The number that a JSON token spells."""
    return int(text) if len(text) <= 40 and _INTEGER.fullmatch(text) else float(text)


def comparable(text: str) -> int | float:
    """A number of a comparison; AWS compares within a range only."""
    value = number(text)
    if not -NUMBER_MAX <= value <= NUMBER_MAX:
        raise InvalidPattern("Value must be between -5.0E9 and 5.0E9, inclusive")
    return value


def exact_key(value: Any) -> Hashable:
    """Equal for values that match each other exactly: 1 and 1.0, one IP address spelled twice."""
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, str):
        return address(value) or value
    key: Hashable = value
    return key


def address(text: str) -> Address | None:
    """The version and number of an IP address, or None."""
    if not text or len(text) > _ADDRESS_LENGTH_MAX or text[-1] not in _ADDRESS_ENDS:
        return None
    return _address(text)


# A value is asked for by each of a field's conditions in turn.
@lru_cache(maxsize=1024)
def _address(text: str) -> Address | None:
    try:
        if _IPV4.fullmatch(text):
            return 4, int(ipaddress.IPv4Address(text))
        if _IPV6.fullmatch(text):
            found = ipaddress.IPv6Address(text)
            mapped = found.ipv4_mapped
            return (6, int(found)) if mapped is None else (4, int(mapped))
    except ValueError:
        pass
    return None


class Like(NamedTuple):
    """Texts with these pieces, between which anything may stand."""

    pieces: tuple[str, ...]
    folds: bool = False


class Unlike(NamedTuple):
    """Values that are no such texts."""

    likes: tuple[Like, ...]


class Unequal(NamedTuple):
    """Values that are none of these; booleans never are."""

    keys: frozenset[Hashable]


class Range(NamedTuple):
    """Numbers between two."""

    low: int | float
    is_low_open: bool
    high: int | float
    is_high_open: bool


class Network(NamedTuple):
    """IP addresses of one version, as numbers, between two."""

    version: int
    low: int
    high: int


class Present:
    """Any value."""


Test = Like | Unlike | Unequal | Range | Network | Present


def prefix(text: str) -> Like:
    return Like((text, ""))


def suffix(text: str) -> Like:
    return Like(("", text))


def prefix_of_any_case(text: str) -> Like:
    return Like((text.lower(), ""), folds=True)


def suffix_of_any_case(text: str) -> Like:
    return Like(("", text.lower()), folds=True)


def of_any_case(text: str) -> Like:
    return Like((text.lower(),), folds=True)


def between(
    bottom: int | float | None, is_bottom_open: bool, top: int | float | None, is_top_open: bool
) -> Range:
    """The numbers of a range; None has no bound there but that of all comparisons."""
    low = -NUMBER_MAX if bottom is None else bottom
    high = NUMBER_MAX if top is None else top
    return Range(low, is_bottom_open, high, is_top_open)


def cidr(text: str) -> Network:
    """From the address that is given to the last of its network. Raises InvalidPattern."""
    ip, slash, mask = text.partition("/")
    if not slash or "/" in mask.rstrip("/") or not mask.strip("/"):
        raise InvalidPattern("Malformed CIDR, one '/' required")
    mask = mask.rstrip("/")
    if not _INTEGER.fullmatch(mask) or len(mask) > 9:
        raise InvalidPattern("Malformed CIDR, mask bits must be an integer")
    mask_bits = int(mask)
    if mask_bits < 0:
        raise InvalidPattern("Malformed CIDR, mask bits must not be negative")
    found = address(ip)
    if found is None:
        is_spelled = _IPV4.fullmatch(ip) or _IPV6.fullmatch(ip)
        raise InvalidPattern(f"{'Invalid' if is_spelled else 'Nonstandard'} IP address: {ip}")
    version, low = found
    bits = _BITS[version]
    if mask_bits >= bits:
        raise InvalidPattern(f"IPv{version} mask bits must be < {bits}")
    high = low | ((1 << (bits - mask_bits)) - 1)
    return Network(version, low, high)


def wildcard(text: str) -> Like:
    """`*` stands for anything, `\\*` and `\\\\` for themselves. Raises InvalidPattern."""
    return Like(tuple(_pieces(text)))


def _pieces(text: str) -> list[str]:
    pieces = [""]
    at = 0
    while at < len(text):
        found = _WILDCARD_PARTS.match(text, at)
        if found is None:
            raise InvalidPattern(f"Invalid escape character at pos {_position(text, at)}")
        part = found[0]
        if part == "*":
            if text.startswith("*", at + 1):
                raise InvalidPattern(
                    f"Consecutive wildcard characters at pos {_position(text, at)}"
                )
            pieces.append("")
        else:
            pieces[-1] += part[1] if part[0] == "\\" else part
        at = found.end()
    return pieces


def _position(text: str, at: int) -> int:
    """AWS counts the bytes, and the quote before them."""
    return 1 + len(text[:at].encode("utf-8", "surrogatepass"))
