"""Bodies in aws-chunked form: pieces with signatures of their own, and trailers with checksums.

Pieces are handed on as they come, before the signature that follows them is known. Whoever takes
them keeps nothing unless the iteration ends without an error.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Sequence

from pileus.gateway import signature_errors as errors
from pileus.gateway.signatures import ChunkSeed, Identity
from pileus.kernel.checksums import ALGORITHMS, Checksum, encoded, new_checksum
from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request
from pileus.kernel.trailing_work import TrailingWork

LINE_BYTES_MAX = 1024
TRAILERS_BYTES_MAX = 8192
# Docs: "Signature calculations for the Authorization header: transferring payload in chunks".
CHUNK_BYTES_MIN = 8192
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
# A thread is asked once for so much.
HASHED_BYTES = 1024 * 1024
SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")
SIGNATURE = "x-amz-trailer-signature"
CHECKSUM = "x-amz-checksum-"
WIRE_NAMES = {"crc32": "CRC32", "crc32c": "CRC32C", "crc64nvme": "CRC64NVME"} | {
    "sha1": "SHA1",
    "sha256": "SHA256",
}

LINE, DATA, DATA_END, TRAILERS = range(4)


def incomplete_body() -> AwsError:
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
    return AwsError("IncompleteBody", message, status=400)


def missing_length() -> AwsError:
    message = "You must provide the Content-Length HTTP header."
    return AwsError("MissingContentLength", message, status=411)


def small_chunk(size: int) -> AwsError:
    message = "Only the last chunk is allowed to have a size less than 8192 bytes"
    return AwsError("InvalidChunkSizeError", message, status=403, BadChunkSize=str(size))


def malformed_trailer() -> AwsError:
    message = (
        "The request contained trailing data that was not well-formed or did not conform to our "
        "published schema."
    )
    return AwsError("MalformedTrailerError", message, status=400)


def bad_digest(algorithm: str) -> AwsError:
    message = f"The {WIRE_NAMES[algorithm]} you specified did not match the calculated checksum."
    return AwsError("BadDigest", message, status=400)


def mismatch(seed: ChunkSeed, to_sign: str, signature: str) -> AwsError:
    return AwsError(
        "SignatureDoesNotMatch",
        f"{errors.MISMATCH}Check your key and signing method.",
        status=403,
        AWSAccessKeyId=seed.access_key_id,
        StringToSign=to_sign,
        SignatureProvided=signature,
    )


class SignatureChain:
    """Each piece's signature covers the one before it; the first follows the request's."""

    def __init__(self, seed: ChunkSeed, is_elliptic: bool) -> None:
        self.seed = seed
        self.is_elliptic = is_elliptic
        self.algorithm = "AWS4-ECDSA-P256-SHA256" if is_elliptic else "AWS4-HMAC-SHA256"
        self.previous = seed.signature

    def check(self, kind: str, hashes: str, signature: str) -> None:
        """Check the next signature: of a `PAYLOAD` piece, or of the `TRAILER`."""
        seed = self.seed
        to_sign = f"{self.algorithm}-{kind}\n{seed.stamp}\n{seed.scope}\n{self.previous}\n{hashes}"
        given = signature.rstrip("*")
        if not self.holds(to_sign, given):
            raise mismatch(seed, to_sign, signature)
        self.previous = given

    def holds(self, to_sign: str, signature: str) -> bool:
        seed = self.seed
        if self.is_elliptic:
            from pileus.gateway import elliptic_signatures

            return elliptic_signatures.holds(seed.access_key_id, seed.secret, to_sign, signature)
        expected = seed.signing_key.sign(to_sign.encode())
        return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


class ChunkDecoder:
    """Takes the raw bytes in any pieces and gives the decoded ones; raises what S3 answers."""

    def __init__(
        self, streamed_payload: str, seed: ChunkSeed | None, headers: dict[str, str]
    ) -> None:
        self.is_signed = not streamed_payload.startswith("STREAMING-UNSIGNED")
        self.has_trailers = streamed_payload.endswith("-TRAILER")
        is_elliptic = "ECDSA" in streamed_payload
        self.chain = SignatureChain(seed, is_elliptic) if seed and self.is_signed else None
        length = headers.get("x-amz-decoded-content-length", "")
        if not (length.isascii() and length.isdigit()):
            raise missing_length()
        self.bytes_left = int(length)
        self.trailers: dict[str, str] = {}
        self.announced = [
            name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",")
        ]
        self.checksums: dict[str, Checksum] = {}
        for name in self.announced:
            algorithm = name.removeprefix(CHECKSUM)
            if algorithm in ALGORITHMS and algorithm != name:
                self.checksums[algorithm] = new_checksum(algorithm)
        self.state = LINE
        self.pending = bytearray()
        self.size = 0
        self.chunk_left = 0
        self.signature = ""
        self.hash = hashlib.sha256()
        # The size of the chunk before, where only the last may be so small.
        self.small_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Decode what can be decoded; the rest waits for the next call."""
        pieces: list[bytes] = []
        if data and self.state == DATA and not self.pending:
            # The inside of a chunk is handed on without being copied twice.
            inside = data[: self.chunk_left]
            data = data[len(inside) :]
            pieces.append(self.took(inside))
        self.pending += data
        while self.state != TRAILERS:
            if self.state == DATA:
                if not self.pending:
                    break
                pieces.append(self.take_data())
            elif not self.read_line():
                break
        if len(self.pending) > TRAILERS_BYTES_MAX:
            raise malformed_trailer()
        return pieces

    def take_data(self) -> bytes:
        piece = bytes(memoryview(self.pending)[: self.chunk_left])
        del self.pending[: len(piece)]
        return self.took(piece)

    def took(self, piece: bytes) -> bytes:
        """Count the data of a chunk, or a part of it, into what is checked later."""
        self.chunk_left -= len(piece)
        if self.chain is not None:
            self.hash.update(piece)
        for checksum in self.checksums.values():
            checksum.update(piece)
        if not self.chunk_left:
            self.state = DATA_END
        return piece

    def read_line(self) -> bool:
        end = self.pending.find(b"\n", 0, LINE_BYTES_MAX)
        if end < 0:
            if len(self.pending) >= LINE_BYTES_MAX:
                raise incomplete_body()
            return False
        line = bytes(self.pending[:end]).removesuffix(b"\r")
        del self.pending[: end + 1]
        if self.state == DATA_END:
            if line:
                raise incomplete_body()
            self.check_chunk()
            self.state = LINE
        else:
            self.begin_chunk(line)
        return True

    def begin_chunk(self, line: bytes) -> None:
        size, _, extension = line.partition(b";")
        if SIZE.fullmatch(size) is None:
            raise incomplete_body()
        self.size = self.chunk_left = int(size, 16)
        name, _, signature = extension.partition(b"=")
        if self.is_signed and name != b"chunk-signature":
            raise incomplete_body()
        self.signature = signature.decode("latin-1")
        if self.size and self.small_bytes:
            raise small_chunk(self.small_bytes)
        self.small_bytes = self.size if self.size < CHUNK_BYTES_MIN else 0
        if self.size > self.bytes_left:
            raise incomplete_body()
        self.bytes_left -= self.size
        if self.size:
            self.state = DATA
            return
        self.check_chunk()
        self.state = TRAILERS

    def check_chunk(self) -> None:
        if self.chain is not None:
            hashes = f"{EMPTY_HASH}\n{self.hash.hexdigest()}"
            self.chain.check("PAYLOAD", hashes, self.signature)
            self.hash = hashlib.sha256()

    def end(self) -> None:
        """Check what can only be checked when all has come: length, trailers, checksums."""
        if self.state != TRAILERS or self.bytes_left:
            raise incomplete_body()
        self.read_trailers()
        for algorithm, checksum in self.checksums.items():
            given = self.trailers.get(f"{CHECKSUM}{algorithm}")
            if given is None:
                raise malformed_trailer()
            if not hmac.compare_digest(given.encode(), encoded(checksum).encode()):
                raise bad_digest(algorithm)

    def read_trailers(self) -> None:
        for line in bytes(self.pending).decode("latin-1").split("\n"):
            name, colon, value = line.strip().partition(":")
            if colon:
                self.trailers[name.strip().lower()] = value.strip()
            elif name:
                raise malformed_trailer()
        signature = self.trailers.pop(SIGNATURE, "")
        if self.trailers and not self.has_trailers:
            raise malformed_trailer()
        if any(name not in self.announced for name in self.trailers):
            raise malformed_trailer()
        if self.chain is not None and self.has_trailers:
            lines = "".join(f"{name}:{value}\n" for name, value in sorted(self.trailers.items()))
            self.chain.check("TRAILER", hashlib.sha256(lines.encode()).hexdigest(), signature)


class ChunkedBody:
    """The decoded pieces of a body that is still coming; `trailers` are known at its end."""

    def __init__(self, pieces: AsyncIterator[bytes], decoder: ChunkDecoder) -> None:
        self.pieces = pieces
        self.decoder = decoder

    @property
    def trailers(self) -> dict[str, str]:
        return self.decoder.trailers

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for raw in self.pieces:
            for piece in self.decoder.feed(raw):
                yield piece
        self.decoder.end()


class HashedBody:
    """The pieces of a body whose SHA-256 was signed with the request."""

    def __init__(self, pieces: AsyncIterator[bytes], content_sha256: str) -> None:
        self.pieces = pieces
        self.content_sha256 = content_sha256

    async def __aiter__(self) -> AsyncIterator[bytes]:
        computed = hashlib.sha256()

        def update(pieces: Sequence[bytes]) -> None:
            for piece in pieces:
                computed.update(piece)

        held: list[bytes] = []
        held_bytes = 0
        hashing = TrailingWork(update)
        try:
            async for piece in self.pieces:
                held.append(piece)
                held_bytes += len(piece)
                if held_bytes >= HASHED_BYTES:
                    await hashing.give(held)
                    held, held_bytes = [], 0
                yield piece
            await hashing.give(held)
            await hashing.finished()
        finally:
            await hashing.rest()
        if computed.hexdigest() != self.content_sha256:
            raise errors.s3_content_hash_differs(self.content_sha256, computed.hexdigest())


def open_body(request: Request, identity: Identity) -> dict[str, str]:
    """Decode the body of an identified request in place.

    Returns the trailers, empty until the end of a body that is still coming.
    """
    if not identity.streamed_payload.endswith(("-PAYLOAD", "-TRAILER")):
        if request.stream is not None and identity.content_sha256:
            hashed = HashedBody(request.stream, identity.content_sha256)
            request.stream = aiter(hashed)
        return {}
    decoder = ChunkDecoder(identity.streamed_payload, identity.chunk_seed, request.headers)
    if request.stream is not None:
        request.stream = aiter(ChunkedBody(request.stream, decoder))
    else:
        request.body = b"".join(decoder.feed(request.body))
        decoder.end()
    return decoder.trailers
