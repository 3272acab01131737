"""What is known of an upload before it is an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.services.s3 import errors
from pileus.services.s3.objects import digests
from pileus.services.s3.objects import facts as object_facts
from pileus.services.s3.objects.digests import COMPOSITE, FULL_OBJECT
from pileus.services.s3.objects.facts import Facts

# docs: AmazonS3/latest/userguide/checking-object-integrity-upload
_ALWAYS_FULL = {"CRC64NVME"}
_ALWAYS_COMPOSITE = {"SHA1", "SHA256"}


class UploadFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts of the object to be, and the checksum that its parts must bring."""

    object: Facts
    algorithm: str = ""
    checksum_type: str = ""


_decode = msgspec.json.Decoder(UploadFacts).decode


def of_text(text: str) -> UploadFacts:
    return _decode(text)


def text_of(facts: UploadFacts) -> str:
    return msgspec.json.encode(facts).decode()


def read(settings: Mapping[str, Any]) -> UploadFacts:
    """As CreateMultipartUpload gives them; raises AWS's errors."""
    algorithm, kind = settings.get("checksum_algorithm"), settings.get("checksum_type")
    found = object_facts.read(settings)
    if algorithm is None:
        if kind is not None:
            raise errors.invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
                "header."
            )
        return UploadFacts(found)
    if algorithm not in digests.ALGORITHMS:
        raise errors.unsupported_checksum()
    if kind is None:
        kind = FULL_OBJECT if algorithm in _ALWAYS_FULL else COMPOSITE
    wrong = {FULL_OBJECT: _ALWAYS_COMPOSITE, COMPOSITE: _ALWAYS_FULL}.get(kind)
    if wrong is None:
        raise errors.invalid_request("Value for x-amz-checksum-type header is invalid.")
    if algorithm in wrong:
        raise errors.invalid_request(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum "
            "algorithm."
        )
    return UploadFacts(found, algorithm, kind)
