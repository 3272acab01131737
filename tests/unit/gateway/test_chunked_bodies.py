"""Decoding of aws-chunked bodies: published examples, every cut of them, every change."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.gateway.chunked_bodies import ChunkDecoder, open_body
from pileus.gateway.signature_errors import Family
from pileus.gateway.signatures import ChunkSeed, Identity, Signatures
from pileus.gateway.signing_keys import signing_key
from pileus.kernel.access import Key
from pileus.kernel.checksums import ALGORITHMS, encoded, new_checksum
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from support.signing import Clocks, Keys

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY = hashlib.sha256(b"").hexdigest()

# The example of "Signature calculations for the Authorization header: transferring payload in
# multiple chunks", and of the same with trailing headers.
EXAMPLE_KEY = "AKIAIOSFODNN7EXAMPLE"
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EXAMPLE_INSTANT = 1_369_353_600_000  # 2013-05-24T00:00:00Z
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
    "SignedHeaders={names},Signature={signature}"
)


def example(has_trailers: bool) -> Request:
    headers = {
        "host": "s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": SIGNED_TRAILER if has_trailers else SIGNED,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "content-length": "66824",
    }
    if has_trailers:
        del headers["content-length"]
        headers["x-amz-trailer"] = "x-amz-checksum-crc32c"
        signatures = (
            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        )
    else:
        signatures = (
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        )
    names = ";".join(sorted(headers))
    headers["authorization"] = AUTHORIZATION.format(names=names, signature=signatures[0])
    body = (
        b"10000;chunk-signature=%b\r\n%b\r\n400;chunk-signature=%b\r\n%b\r\n"
        b"0;chunk-signature=%b\r\n"
        % (
            signatures[1].encode(), b"a" * 65536, signatures[2].encode(), b"a" * 1024,
            signatures[3].encode(),
        )
    )  # fmt: skip
    if has_trailers:
        body += (
            b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
            b"x-amz-trailer-signature:"
            b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
        )
    body += b"\r\n"
    return Request("PUT", "/examplebucket/chunkObject.txt", "", headers, body)


def identify(request: Request) -> Identity:
    key = Key(EXAMPLE_SECRET, "1", "arn")
    clocks = Clocks(EXAMPLE_INSTANT, EXAMPLE_INSTANT)
    return Signatures(Keys(**{EXAMPLE_KEY: key}), clocks).identify(request, Family.S3)


@pytest.mark.parametrize("has_trailers", [False, True])
def test_published_example_is_decoded(has_trailers: bool) -> None:
    request = example(has_trailers)
    trailers = open_body(request, identify(request))
    assert request.body == b"a" * 66560
    assert trailers == ({"x-amz-checksum-crc32c": "sOO8/Q=="} if has_trailers else {})


@pytest.mark.parametrize("has_trailers", [False, True])
def test_published_example_is_decoded_as_it_comes(has_trailers: bool) -> None:
    request = example(has_trailers)
    raw = request.body

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(raw), 1000):
            yield raw[at : at + 1000]

    async def read() -> bytes:
        request.body, request.stream = b"", pieces()
        trailers = open_body(request, identify(request))
        assert request.stream is not None
        body = b"".join([piece async for piece in request.stream])
        assert trailers == ({"x-amz-checksum-crc32c": "sOO8/Q=="} if has_trailers else {})
        return body

    assert asyncio.run(read()) == b"a" * 66560


# Bodies of our own making.

SEED = ChunkSeed(
    "test", "test", signing_key("test", "20250101", "us-east-1", "s3"), "0" * 64,
    "20250101T000000Z", "20250101/us-east-1/s3/aws4_request",
)  # fmt: skip


def chunked(
    chunks: list[bytes],
    payload: str = SIGNED,
    trailers: dict[str, str] | None = None,
    seed: ChunkSeed = SEED,
) -> tuple[bytes, dict[str, str]]:
    """The body and the headers that a client sends."""
    previous = seed.signature
    body = b""
    for chunk in [*chunks, b""]:
        line = f"{len(chunk):x}"
        if payload != UNSIGNED_TRAILER:
            hashes = f"{EMPTY}\n{hashlib.sha256(chunk).hexdigest()}"
            previous = signature_of("PAYLOAD", previous, hashes, seed)
            line += f";chunk-signature={previous}"
        body += line.encode() + b"\r\n" + chunk + (b"\r\n" if chunk else b"")
    headers = {"x-amz-decoded-content-length": str(sum(map(len, chunks)))}
    if trailers:
        headers["x-amz-trailer"] = ",".join(trailers)
        lines = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        body += lines.replace("\n", "\r\n").encode()
        if payload == SIGNED_TRAILER:
            digest = hashlib.sha256(lines.encode()).hexdigest()
            signature = signature_of("TRAILER", previous, digest, seed)
            body += f"x-amz-trailer-signature:{signature}\r\n".encode()
    return body + b"\r\n", headers


def signature_of(kind: str, previous: str, hashes: str, seed: ChunkSeed) -> str:
    text = f"AWS4-HMAC-SHA256-{kind}\n{seed.stamp}\n{seed.scope}\n{previous}\n{hashes}"
    return seed.signing_key.sign(text.encode())


def decode(
    body: bytes,
    headers: dict[str, str],
    payload: str = SIGNED,
    seed: ChunkSeed | None = SEED,
    cuts: list[int] | None = None,
) -> bytes:
    decoder = ChunkDecoder(payload, seed, headers)
    pieces = []
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts or []), len(body)]
    for start, end in pairwise(edges):
        pieces += decoder.feed(body[start:end])
    decoder.end()
    return b"".join(pieces)


def code_of(
    body: bytes, headers: dict[str, str], payload: str = SIGNED, seed: ChunkSeed | None = SEED
) -> str:
    with pytest.raises(AwsError) as refused:
        decode(body, headers, payload, seed)
    return refused.value.code


LARGE = b"\r\n;0123456789" * 1000
chunk_lists = st.lists(st.integers(8192, 9000), max_size=3).map(
    lambda sizes: [LARGE[:size] for size in sizes]
)


@settings(max_examples=60, deadline=None)
@given(
    chunks=chunk_lists,
    last=st.binary(max_size=40),
    cuts=st.lists(st.integers(0, 60_000), max_size=6),
    payload=st.sampled_from([SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]),
)
def test_body_is_decoded_however_it_is_cut(
    chunks: list[bytes], last: bytes, cuts: list[int], payload: str
) -> None:
    chunks = [*chunks, last] if last else chunks
    body = b"".join(chunks)
    trailers = {"x-amz-checksum-crc32": checksum("crc32", body)} if payload != SIGNED else None
    raw, headers = chunked(chunks, payload, trailers)
    assert decode(raw, headers, payload, cuts=cuts) == body


def checksum(algorithm: str, body: bytes) -> str:
    computed = new_checksum(algorithm)
    computed.update(body)
    return encoded(computed)


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_every_changed_byte_of_a_signed_body_is_refused(at: int, flip: int) -> None:
    raw, headers = chunked([LARGE[:8192], b"end"])
    at %= len(raw)
    changed = raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :]
    try:
        body = decode(changed, headers)
    except AwsError:
        return
    # Line ends, and the case of a size, are no part of what is signed.
    assert body == LARGE[:8192] + b"end"
    assert raw[at : at + 1] in b"\r\n0123456789abcdef"


def test_signature_out_of_order_is_refused() -> None:
    one, headers = chunked([LARGE[:8192], LARGE[1:8193]])
    middle = one.index(b"\r\n2000;") + 2
    end = one.index(b"\r\n0;") + 2
    swapped = one[middle:end] + one[:middle] + one[end:]
    assert code_of(swapped, headers) == "SignatureDoesNotMatch"


def test_body_cut_short_is_refused() -> None:
    raw, headers = chunked([LARGE[:8192], b"end"])
    last = raw.index(b"\r\n0;") + 2
    for at in (0, 5, 100, 8300, last, len(raw) - 10):
        assert code_of(raw[:at], headers) == "IncompleteBody"


def test_decoded_length_must_be_right() -> None:
    raw, _ = chunked([b"abc"])
    assert code_of(raw, {"x-amz-decoded-content-length": "4"}) == "IncompleteBody"
    assert code_of(raw, {"x-amz-decoded-content-length": "2"}) == "IncompleteBody"
    assert code_of(raw, {"x-amz-decoded-content-length": "-3"}) == "MissingContentLength"
    assert code_of(raw, {}) == "MissingContentLength"


def test_only_the_last_chunk_may_be_small() -> None:
    raw, headers = chunked([b"abc", b"def"])
    assert code_of(raw, headers) == "InvalidChunkSizeError"
    raw, headers = chunked([LARGE[:8192], b"def"])
    assert decode(raw, headers) == LARGE[:8192] + b"def"


@pytest.mark.parametrize("line", [b"zz;chunk-signature=0", b"3", b"", b"-3;x", b"1" * 5000])
def test_malformed_chunk_is_refused(line: bytes) -> None:
    assert code_of(line + b"\r\nabc\r\n", {"x-amz-decoded-content-length": "3"}) == (
        "IncompleteBody"
    )


def test_body_of_an_unknown_key_is_decoded_unchecked() -> None:
    raw, headers = chunked([b"abc"])
    assert decode(raw.replace(b"=", b"=00"), headers, seed=None) == b"abc"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_checksum_in_a_trailer_is_verified(algorithm: str) -> None:
    name = f"x-amz-checksum-{algorithm}"
    chunks = [LARGE[:9999], b"end"]
    body = b"".join(chunks)
    raw, headers = chunked(chunks, UNSIGNED_TRAILER, {name: checksum(algorithm, body)})
    assert decode(raw, headers, UNSIGNED_TRAILER, seed=None) == body
    wrong = {name: checksum(algorithm, b"other")}
    raw, headers = chunked(chunks, UNSIGNED_TRAILER, wrong)
    with pytest.raises(AwsError) as refused:
        decode(raw, headers, UNSIGNED_TRAILER, seed=None)
    assert refused.value.code == "BadDigest"
    assert refused.value.message == (
        f"The {algorithm.upper()} you specified did not match the calculated checksum."
    )


def test_announced_checksum_must_come() -> None:
    raw, headers = chunked([b"abc"], UNSIGNED_TRAILER)
    headers["x-amz-trailer"] = "x-amz-checksum-crc32"
    assert code_of(raw, headers, UNSIGNED_TRAILER, None) == "MalformedTrailerError"


def test_trailers_must_be_announced_signed_and_bounded() -> None:
    raw, headers = chunked([b"abc"], SIGNED_TRAILER, {"x-amz-checksum-crc32": "NSRBwg=="})
    assert decode(raw, headers, SIGNED_TRAILER) == b"abc"
    changed = raw.replace(b"x-amz-trailer-signature:", b"x-amz-trailer-signature:0")
    assert code_of(changed, headers, SIGNED_TRAILER) == "SignatureDoesNotMatch"
    added = raw.replace(b"x-amz-checksum", b"x-amz-acl:public-read\r\nx-amz-checksum")
    assert code_of(added, headers, SIGNED_TRAILER) == "MalformedTrailerError"
    assert code_of(raw + b"a" * 9000, headers, SIGNED_TRAILER) == "MalformedTrailerError"
    garbage = raw.replace(b"x-amz-checksum-crc32:", b"x-amz-checksum-crc32")
    assert code_of(garbage, headers, SIGNED_TRAILER) == "MalformedTrailerError"


def test_streamed_body_must_have_its_signed_hash() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    async def read(content_sha256: str) -> bytes:
        request = Request("PUT", "/b/k", "", {}, stream=pieces())
        identity = Identity("k", "1", "arn", "r", "s3")
        identity.content_sha256 = content_sha256
        open_body(request, identity)
        assert request.stream is not None
        return b"".join([piece async for piece in request.stream])

    assert asyncio.run(read(hashlib.sha256(b"abc").hexdigest())) == b"abc"
    with pytest.raises(AwsError) as refused:
        asyncio.run(read(EMPTY))
    assert refused.value.code == "XAmzContentSHA256Mismatch"
