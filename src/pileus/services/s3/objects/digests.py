"""What is computed of a body as it comes: its MD5, and the checksum that its sender gives."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from pileus.kernel import checksums
from pileus.services.s3 import errors

ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
SIZES_BYTES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
FULL_OBJECT, COMPOSITE = "FULL_OBJECT", "COMPOSITE"
_HEADER = "x-amz-checksum-"
KEYWORDS = {
    "CRC32": "checksum_crc32",
    "CRC32C": "checksum_crc32_c",
    "CRC64NVME": "checksum_crc64_nvme",
    "SHA1": "checksum_sha1",
    "SHA256": "checksum_sha256",
}
_ALGORITHMS = {keyword: algorithm for algorithm, keyword in KEYWORDS.items()}


def stated(settings: Mapping[str, Any]) -> dict[str, str]:
    """The checksums that headers state, by algorithm; raises where one is malformed."""
    found = {
        _ALGORITHMS[keyword]: value
        for keyword, value in settings.items()
        if value is not None and keyword in _ALGORITHMS
    }
    if len(found) > 1:
        raise errors.several_checksums()
    return found


def check_form(algorithm: str, text: str) -> None:
    try:
        size_bytes = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        size_bytes = -1
    if size_bytes != SIZES_BYTES[algorithm]:
        raise errors.invalid_checksum(algorithm)


class Digests:
    """Watches a body go by, and then says what was in it, or that it is not what was announced.

    `also` names an algorithm to compute though the request gives no value for it.
    """

    def __init__(
        self, settings: Mapping[str, Any], trailers: Mapping[str, str], also: str = ""
    ) -> None:
        self._stated = stated(settings)
        for name, text in self._stated.items():
            check_form(name, text)
        self._trailers = trailers
        self._wanted_md5 = _md5_of(settings.get("content_md5"))
        self._announced = settings.get("checksum_algorithm") or ""
        self._md5 = hashlib.md5(usedforsecurity=False)
        computed = set(self._stated) | ({also} if also else set())
        self._checksums = {name: checksums.new_checksum(name.lower()) for name in computed}
        self.size_bytes = 0

    @property
    def has_md5(self) -> bool:
        """Whether the sender gives one."""
        return self._wanted_md5 is not None

    def update(self, data: bytes) -> None:
        self.size_bytes += len(data)
        self._md5.update(data)
        for checksum in self._checksums.values():
            checksum.update(data)

    def check(self) -> dict[str, str]:
        """After the end: the checksums of the body. Raises where it is not what was announced."""
        if self._wanted_md5 is not None and self._wanted_md5 != self._md5.digest():
            raise errors.bad_md5(
                base64.b64encode(self._wanted_md5).decode(),
                base64.b64encode(self._md5.digest()).decode(),
            )
        found = {name: checksums.encoded(value) for name, value in self._checksums.items()}
        for name, text in self._stated.items():
            if found[name] != text:
                raise errors.bad_digest(name)
        if self._trailers:
            # The gateway has compared these with the body.
            for name in ALGORITHMS:
                text = self._trailers.get(_HEADER + name.lower(), "")
                if text:
                    found[name] = text
        if self._announced and not found:
            raise errors.checksum_missing()
        return found

    def md5(self) -> str:
        """In hexadecimal digits."""
        return self._md5.hexdigest()


def _md5_of(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != 16:
        raise errors.invalid_md5(text)
    return found


def described(checksums_: Mapping[str, str], checksum_type: str) -> dict[str, Any]:
    """The members that tell of an object's checksums."""
    found: dict[str, Any] = {f"Checksum{name}": text for name, text in checksums_.items()}
    if found:
        found["ChecksumType"] = checksum_type or FULL_OBJECT
    return found
