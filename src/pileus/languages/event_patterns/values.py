"""What a field's value is compared by: numbers, IP addresses, wildcards, letters of any case."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from typing import Any

from pileus.languages.event_patterns.errors import InvalidPattern

Test = Callable[[Any], bool]

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


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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


class _TextTest:
    """Whether a string starts with, ends with or is one of some texts."""

    __slots__ = ("_folds", "_kind", "_texts")

    def __init__(self, kind: str, folds: bool, texts: Iterable[str]) -> None:
        self._kind = kind
        self._folds = folds
        self._texts = tuple(text.lower() if folds else text for text in texts)

    @property
    def group(self) -> tuple[str, bool]:
        return self._kind, self._folds

    def with_all(self, others: Iterable[_TextTest]) -> _TextTest:
        texts = (text for each in (self, *others) for text in each._texts)
        return _TextTest(self._kind, self._folds, texts)

    def __call__(self, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        text = value.lower() if self._folds else value
        if self._kind == "start":
            return text.startswith(self._texts)
        return text.endswith(self._texts) if self._kind == "end" else text in self._texts


def prefix(text: str) -> Test:
    return _TextTest("start", False, (text,))


def suffix(text: str) -> Test:
    return _TextTest("end", False, (text,))


def prefix_of_any_case(text: str) -> Test:
    return _TextTest("start", True, (text,))


def suffix_of_any_case(text: str) -> Test:
    return _TextTest("end", True, (text,))


def of_any_case(text: str) -> Test:
    return _TextTest("whole", True, (text,))


def merged(tests: Iterable[Test]) -> tuple[Test, ...]:
    """The same tests, with those on texts of one kind as one: long lists meet long arrays."""
    others: list[Test] = []
    groups: dict[tuple[str, bool], list[_TextTest]] = {}
    for test in tests:
        if isinstance(test, _TextTest):
            groups.setdefault(test.group, []).append(test)
        else:
            others.append(test)
    return (*(group[0].with_all(group[1:]) for group in groups.values()), *others)


def between(
    bottom: int | float | None, is_bottom_open: bool, top: int | float | None, is_top_open: bool
) -> Test:
    """A test for numbers of a range; None has no bound there but that of all comparisons."""
    low = -NUMBER_MAX if bottom is None else bottom
    high = NUMBER_MAX if top is None else top

    def test(value: Any) -> bool:
        return (
            is_number(value)
            and (low < value if is_bottom_open else low <= value)
            and (value < high if is_top_open else value <= high)
        )

    return test


def cidr(text: str) -> Test:
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

    def test(value: Any) -> bool:
        other = address(value) if isinstance(value, str) else None
        return other is not None and other[0] == version and low <= other[1] <= high

    return test


def wildcard(text: str) -> Test:
    """`*` stands for anything, `\\*` and `\\\\` for themselves. Raises InvalidPattern."""
    pieces = _pieces(text)
    if len(pieces) == 1:
        whole = pieces[0]
        return lambda value: isinstance(value, str) and value == whole
    first, *middle, last = pieces
    length_min = sum(len(piece) for piece in pieces)

    def test(value: Any) -> bool:
        if not isinstance(value, str) or len(value) < length_min:
            return False
        if not (value.startswith(first) and value.endswith(last)):
            return False
        # The first place of each piece leaves most for the next, so nothing is tried twice.
        at, end = len(first), len(value) - len(last)
        for piece in middle:
            found = value.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return at <= end

    return test


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
