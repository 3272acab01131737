"""S3: small objects at many connections, and a large one against a copy of its file."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from bench.figures import Figure
from bench.loads import Load, LoadFailed, apply
from bench.s3_requests import UNSIGNED, Objects
from bench.sqs_measures import Sizes
from bench.systems import HOST, Server, System, running

SMALL_BYTES = 4096
KEYS = 1_000
LARGE_BYTES = 1 << 30
_PIECE_BYTES = 1 << 20
_PATIENCE_SECONDS = 300.0
_numbers = count()


def _bucket(server: Server) -> str:
    name = f"bench-{next(_numbers)}"
    server.client("s3").create_bucket(Bucket=name)
    return name


def put(server: Server, sizes: Sizes) -> Load:
    """Objects of 4 KB, each with a key and a content of its own."""
    return apply(
        server, "put_objects", count=sizes.requests, seconds_max=sizes.seconds,
        bucket=_bucket(server),
    )  # fmt: skip


def get(server: Server, sizes: Sizes) -> Load:
    """Any of a thousand objects of 4 KB."""
    bucket = _bucket(server)
    apply(server, "put_objects", count=KEYS, seconds_max=_PATIENCE_SECONDS, bucket=bucket)
    return apply(
        server, "get_objects", count=sizes.requests, seconds_max=sizes.seconds, bucket=bucket,
        keys=KEYS,
    )  # fmt: skip


def large(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """A gigabyte put and read by one connection each, in turn with copies of the file."""
    for system in systems:
        if system.name != "pileus":
            continue
        put, read = (
            Figure(f"S3 {what} of 1 GB, one connection", "MB/s", system.name)
            for what in ("upload", "download")
        )
        copy = Figure("copy of the file of 1 GB with fsync", "MB/s", "cp")
        with running(system) as server, tempfile.TemporaryDirectory(dir=server.data) as folder:
            place = Path(folder)
            _fill(place / "file")
            bucket = _bucket(server)
            for _ in range(rounds):
                copy.values.append(_rate(_copy, place / "file", place / "copy"))
                put.values.append(_rate(_upload, server, bucket, place / "file"))
                read.values.append(_rate(_download, server, bucket, place / "read"))
        for figure in (put, read):
            assert figure.value is not None
            assert copy.value is not None
            figure.note = f"{figure.value / copy.value:.2f} x the copy, target >= 0.5"
        yield from (put, read, copy)


def _rate(work: object, *arguments: object) -> float:
    assert callable(work)
    started = time.perf_counter()
    work(*arguments)
    return LARGE_BYTES / 1e6 / (time.perf_counter() - started)


def _fill(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(LARGE_BYTES // _PIECE_BYTES):
            file.write(os.urandom(_PIECE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        while piece := read.read(_PIECE_BYTES):
            write.write(piece)
        write.flush()
        os.fsync(write.fileno())


def _upload(server: Server, bucket: str, path: Path) -> None:
    head = Objects(server.address, bucket).head("PUT", "large", UNSIGNED, LARGE_BYTES)
    with _connected(server) as connection, path.open("rb") as file:
        connection.sendall(head)
        connection.sendfile(file)
        answer = connection.recv(_PIECE_BYTES)
    if b" 200 " not in answer[:20]:
        raise LoadFailed(f"an upload was answered with {answer[:300]!r}")


def _download(server: Server, bucket: str, path: Path) -> None:
    buffer = bytearray(_PIECE_BYTES)
    with _connected(server) as connection, path.open("wb") as file:
        connection.sendall(Objects(server.address, bucket).get("large"))
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(_PIECE_BYTES)
        body = head.partition(b"\r\n\r\n")[2]
        file.write(body)
        left = LARGE_BYTES - len(body)
        while left:
            taken = connection.recv_into(buffer)
            if not taken:
                raise LoadFailed(f"a download ended {left} bytes early")
            file.write(memoryview(buffer)[:taken])
            left -= taken


def _connected(server: Server) -> socket.socket:
    return socket.create_connection((HOST, server.port), timeout=_PATIENCE_SECONDS)
