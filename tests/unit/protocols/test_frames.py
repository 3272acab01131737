"""The binary frames of event streams, held against botocore's decoder."""

from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from pileus.protocols.event_stream import Decoder, Frame, Long, Timestamp, encode_frame
from pileus.protocols.failures import WireError

# The example of a message without headers and payload in AWS's description of the format.
EMPTY = bytes.fromhex("000000100000000005c248eb7d98c8ff")


def decoded(data: bytes) -> list[Frame]:
    decoder = Decoder()
    found = list(decoder.feed(data))
    decoder.finish()
    return found


def test_an_empty_message() -> None:
    assert EMPTY == encode_frame({}, b"")
    assert [Frame({}, b"")] == decoded(EMPTY)


HEADERS = st.dictionaries(
    st.text(alphabet=":abc-", min_size=1, max_size=9),
    st.booleans()
    | st.integers(-(2**31), 2**31 - 1)
    | st.integers(-(2**63), 2**63 - 1).map(Long)
    | st.binary(max_size=9)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
    | st.integers(0, 4 * 10**12).map(Timestamp),
)


@given(headers=HEADERS, payload=st.binary(max_size=50))
def test_botocore_reads_every_type_of_header(headers: dict[str, Any], payload: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(encode_frame(headers, payload))
    (event,) = list(buffer)
    assert headers == event.headers
    assert payload == event.payload


@given(headers=HEADERS, payload=st.binary(max_size=50))
def test_frames_survive_our_own_decoder(headers: dict[str, Any], payload: bytes) -> None:
    frame = encode_frame(headers, payload)
    assert [Frame(headers, payload)] * 2 == decoded(frame + frame)


def test_small_integers_and_identifiers_are_read() -> None:
    headers = b"\x01a\x02\xff" + b"\x01b\x03\x01\x00" + b"\x01c\x09" + bytes(range(16))
    frame = reframed(headers)
    assert {"a": -1, "b": 256, "c": bytes(range(16))} == decoded(frame)[0].headers


def reframed(headers: bytes) -> bytes:
    """A frame around headers that are already encoded."""
    import struct
    import zlib

    prelude = struct.pack(">II", 16 + len(headers), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers
    return message + struct.pack(">I", zlib.crc32(message))


def test_frames_may_come_a_byte_at_a_time() -> None:
    frame = encode_frame({":event-type": "a"}, b"payload")
    decoder = Decoder()
    found = [each for byte in frame for each in decoder.feed(bytes([byte]))]
    assert [Frame({":event-type": "a"}, b"payload")] == found


@pytest.mark.parametrize("position", range(len(EMPTY)))
def test_a_changed_byte_is_noticed(position: int) -> None:
    broken = bytearray(EMPTY)
    broken[position] ^= 0x41
    with pytest.raises(WireError):
        decoded(bytes(broken))


@pytest.mark.parametrize(
    "headers",
    [b"\x05a", b"\x01a", b"\x01a\x0c", b"\x01a\x07\x00\x09x", b"\x01a\x09xx", b"\x01\xff\x00"],
)
def test_malformed_headers_are_refused(headers: bytes) -> None:
    with pytest.raises(WireError):
        decoded(reframed(headers))


def test_a_giant_frame_is_refused_before_it_has_come() -> None:
    import struct
    import zlib

    prelude = struct.pack(">II", 2**31, 0)
    with pytest.raises(WireError, match="impossible length"):
        list(Decoder().feed(prelude + struct.pack(">I", zlib.crc32(prelude))))


def test_a_stream_that_ends_within_a_frame_is_refused() -> None:
    with pytest.raises(WireError, match="ended within a frame"):
        decoded(EMPTY[:-1])
