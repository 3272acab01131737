"""Traffic on objects for the crash test: what is acknowledged reads back byte for byte."""

from __future__ import annotations

import hashlib
import http.client
import random
import re
from collections.abc import Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client, Lost, Refused
from simulation.crash_queues import Turn

_BUCKET = "crash-objects"
_KEYS = 20
_PART_BYTES = 5 << 20
_ABSENT = ""
# Some in rows, some in files.
_SIZES = (0, 10, 4_000, 65_536, 65_537, 300_000)


class ObjectTraffic:
    """Written once, overwritten, deleted, put together from parts; each by a thread of its own."""

    name = "object"

    def __init__(self) -> None:
        # What each key may hold: digests, of which the last acknowledged is one.
        self.possible: dict[str, set[str]] = {}
        self.problems: list[str] = []
        self._read = 0
        self._numbers = count()

    def prepare(self, client: Client) -> None:
        ask(client, "PUT", f"/{_BUCKET}")

    def turns(self) -> Sequence[Turn]:
        return [self.put, self.overwrite, self.put_parts]

    def put(self, client: Client, chance: random.Random) -> None:
        self._write(client, f"once/{next(self._numbers)}", _content(chance))

    def overwrite(self, client: Client, chance: random.Random) -> None:
        key = f"again/{chance.randrange(_KEYS)}"
        if chance.random() < 0.3:
            self._note(key, _ABSENT, lambda: ask(client, "DELETE", f"/{_BUCKET}/{key}"))
        else:
            self._write(client, key, _content(chance))

    def put_parts(self, client: Client, chance: random.Random) -> None:
        key = f"parts/{chance.randrange(_KEYS)}"
        bodies = [chance.randbytes(70_000)]
        if chance.random() < 0.1:
            # All parts but the last must be large.
            bodies.insert(0, chance.randbytes(1000) * (_PART_BYTES // 1000 + 1))
        place = f"/{_BUCKET}/{key}"
        begun = ask(client, "POST", f"{place}?uploads").decode()
        upload_id = re.findall(r"<UploadId>(\w+)</UploadId>", begun)[0]
        listed = ""
        for number, body in enumerate(bodies, 1):
            ask(client, "PUT", f"{place}?uploadId={upload_id}&partNumber={number}", body)
            etag = hashlib.md5(body).hexdigest()
            listed += f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        digest = hashlib.sha256(b"".join(bodies)).hexdigest()
        whole = f"{place}?uploadId={upload_id}"
        self._note(key, digest, lambda: ask(client, "POST", whole, document))

    def _write(self, client: Client, key: str, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        self._note(key, digest, lambda: ask(client, "PUT", f"/{_BUCKET}/{key}", content))

    def _note(self, key: str, digest: str, work: Any) -> None:
        possible = self.possible.setdefault(key, {_ABSENT})
        possible.add(digest)
        # A refusal may come from a commit whose outcome is not known (503), a loss always does.
        work()
        self.possible[key] = {digest}

    def settle(self, client: Client) -> None:
        for key, possible in self.possible.items():
            found = _read(client, key)
            if found not in possible:
                self.problems.append(f"{key} is not what was acknowledged")
            self._read += 1
            self.possible[key] = {found}
        listed = ask(client, "GET", f"/{_BUCKET}?list-type=2&prefix=again/").decode()
        shown = set(re.findall(r"<Key>([^<]*)</Key>", listed))
        there = {
            key
            for key, possible in self.possible.items()
            if key.startswith("again/") and possible != {_ABSENT}
        }
        if shown != there:
            self.problems.append(f"the list differs from what is there: {sorted(shown ^ there)}")
        for key in [key for key in self.possible if key.startswith("once/")]:
            ask(client, "DELETE", f"/{_BUCKET}/{key}")
            del self.possible[key]

    def summary(self) -> str:
        return f"{self._read} objects read"


def _content(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice(_SIZES))


def _read(client: Client, key: str) -> str:
    try:
        return hashlib.sha256(ask(client, "GET", f"/{_BUCKET}/{key}")).hexdigest()
    except Refused as refusal:
        if str(refusal).startswith("404"):
            return _ABSENT
        raise


def ask(
    client: Client,
    method: str,
    target: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    answered: dict[str, str] | None = None,
) -> bytes:
    """One unsigned request; the headers of the answer are put into `answered`."""
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        found = answer.read()
    except (OSError, http.client.HTTPException) as loss:
        raise Lost(str(loss)) from None
    finally:
        connection.close()
    if answer.status >= 300:
        raise Refused(f"{answer.status} {found[:200]!r}")
    if answered is not None:
        answered.update((name.lower(), value) for name, value in answer.getheaders())
    return found
