"""Values of keys as bytes: partition keys hashed, sort keys so that bytes sort as values do."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from pileus.languages.item_expressions import numbers
from pileus.languages.item_expressions.key_conditions import SortCondition
from pileus.languages.item_expressions.values import Value

# docs: ServiceQuotas, partition and sort keys
PARTITION_KEY_BYTES_MAX = 2048
SORT_KEY_BYTES_MAX = 1024
# Above every sort key that can be.
SORT_END = b"\xff" * (SORT_KEY_BYTES_MAX + 1)

_ZERO, _POSITIVE, _NEGATIVE = b"\x80", b"\xc0", b"\x40"
_MAGNITUDE_BIAS = 0x4000
_COMPLEMENT = bytes(255 - byte for byte in range(256))
# Between the attributes of a sort key that has several, and what stands for a zero byte in one.
_END, _ZERO_BYTE = b"\x00\x01", b"\x00\xff"


# One for each type, to be copied: that takes half the time of making one.
_HASHES = {kind: blake2b(digest_size=16, person=kind.encode()) for kind in "SNB"}


def hashed(value: Value) -> bytes:
    """A partition key's value, as items are found by it."""
    ((kind, content),) = value.items()
    return hashed_raw(kind, content if kind == "B" else content.encode("utf-8", "surrogatepass"))


def hashed_raw(kind: str, raw: bytes) -> bytes:
    hashing = _HASHES[kind].copy()
    hashing.update(raw)
    return hashing.digest()


def ordered(value: Value) -> bytes:
    """A sort key's value: these bytes sort as values of its type do."""
    ((kind, content),) = value.items()
    if kind == "S":
        encoded: bytes = content.encode("utf-8", "surrogatepass")
        return encoded
    return bytes(content) if kind == "B" else ordered_number(content)


def ordered_number(text: str) -> bytes:
    """Sign, magnitude, and the digits by two; a longer one of equal beginning is larger."""
    number = numbers.parse(text)
    if not number:
        return _ZERO
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    digits += "0" * (len(digits) % 2)
    pairs = bytes(int(digits[place : place + 2]) + 1 for place in range(0, len(digits), 2))
    magnitude = (number.adjusted() + _MAGNITUDE_BIAS).to_bytes(2, "big")
    if number > 0:
        return _POSITIVE + magnitude + pairs
    # The end makes of two with equal beginnings the longer one the smaller.
    return _NEGATIVE + (magnitude + pairs).translate(_COMPLEMENT) + b"\xff"


def following(prefix: bytes) -> bytes:
    """The first bytes that do not begin with a prefix any more."""
    shortened = prefix.rstrip(b"\xff")
    if not shortened:
        return SORT_END
    return shortened[:-1] + bytes([shortened[-1] + 1])


# Keys of several attributes, which global indexes may have.


def hashed_all(values: Sequence[Value]) -> bytes:
    """The values of a partition key that may have several attributes."""
    if len(values) == 1:
        return hashed(values[0])
    hashing = blake2b(digest_size=16, person=b"several")
    for value in values:
        ((kind, content),) = value.items()
        raw = content if kind == "B" else content.encode("utf-8", "surrogatepass")
        hashing.update(kind.encode() + len(raw).to_bytes(4, "big") + raw)
    return hashing.digest()


def ordered_all(values: Sequence[Value]) -> bytes:
    """The values of a sort key that has several attributes: sorted by the first, then the next."""
    return b"".join(_part(value) + _END for value in values)


def _part(value: Value) -> bytes:
    return ordered(value).replace(b"\x00", _ZERO_BYTE)


def bounds_of_all(conditions: Sequence[SortCondition]) -> tuple[bytes, bytes]:
    """From the first that is meant up to the first that is not any more; only the last condition
    is another than equality."""
    if not conditions:
        return b"", SORT_END
    *equal, last = conditions
    above = ordered_all([each.values[0] for each in equal])
    beyond = following(above)
    part = above + _part(last.values[0])
    first = part + _END
    match last.name:
        case "=":
            return first, following(first)
        case "<":
            return above, first
        case "<=":
            return above, following(first)
        case ">":
            return following(first), beyond
        case ">=":
            return first, beyond
        case "begins_with":
            return part, following(part)
    return first, following(above + _part(last.values[1]) + _END)
