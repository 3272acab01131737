"""Whether an upload can be completed as it is asked, and what the object then is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.kernel import checksums
from pileus.services.s3 import errors
from pileus.services.s3.multipart.facts import UploadFacts
from pileus.services.s3.multipart.store import Part
from pileus.services.s3.objects import digests
from pileus.services.s3.objects.digests import ALGORITHMS, COMPOSITE, FULL_OBJECT

# docs: AmazonS3/latest/userguide/qfacts; the last part may be smaller.
PART_BYTES_MIN = 5 << 20


class Completion(msgspec.Struct, frozen=True):
    """The object that the parts make."""

    size_bytes: int
    etag: str
    checksum: str  # of the upload's algorithm; empty without one
    parts: int
    # Uploaded, but not asked for.
    unused: list[int]


def judge(
    asked: Sequence[Mapping[str, Any]],
    present: Sequence[Part],
    known: UploadFacts,
    upload_id: str,
) -> Completion:
    """Take the parts that the request lists; raises AWS's errors."""
    if not asked:
        raise errors.invalid_request("You must specify at least one part")
    by_number = {part.number: part for part in present}
    used: list[Part] = []
    for each in asked:
        number, etag = each.get("PartNumber"), each.get("ETag")
        if number is None or etag is None:
            raise errors.malformed_xml()
        if used and number <= used[-1].number:
            raise errors.invalid_part_order(upload_id)
        part = by_number.get(number)
        if part is None or part.etag != etag.strip('"'):
            raise errors.invalid_part(number, etag.strip('"'), upload_id)
        _check_checksum(each, part, known)
        used.append(part)
    for part in used[:-1]:
        if part.size_bytes < PART_BYTES_MIN:
            raise errors.entity_too_small(part.number, part.size_bytes, PART_BYTES_MIN, part.etag)
    numbers = {part.number for part in used}
    return Completion(
        sum(part.size_bytes for part in used),
        etag_of(used),
        checksum_of(used, known),
        len(used),
        [part.number for part in present if part.number not in numbers],
    )


def _check_checksum(each: Mapping[str, Any], part: Part, known: UploadFacts) -> None:
    """Where each part's checksum counts, each must be given; none may be another."""
    kept = msgspec.json.decode(part.checksums)
    for algorithm in ALGORITHMS:
        given = each.get(f"Checksum{algorithm}")
        if given is not None and algorithm in kept and given != kept[algorithm]:
            raise errors.error(
                "InvalidPart",
                "One or more of the specified parts could not be found.  The part may not have "
                "been uploaded, or the specified entity tag may not match the part's entity tag.",
                PartNumber=str(part.number),
            )
    if known.checksum_type == COMPOSITE and each.get(f"Checksum{known.algorithm}") is None:
        raise errors.invalid_request(
            f"The upload was created using a {known.algorithm.lower()} checksum. The complete "
            "request must include the checksum for each part. It was missing for part "
            f"{part.number} in the request."
        )


def etag_of(parts: Sequence[Part]) -> str:
    """The MD5 of the parts' MD5s, with how many they are."""
    together = hashlib.md5(usedforsecurity=False)
    for part in parts:
        together.update(bytes.fromhex(part.md5))
    return f"{together.hexdigest()}-{len(parts)}"


def checksum_of(parts: Sequence[Part], known: UploadFacts) -> str:
    """Of the whole, or the checksum of the parts' checksums with how many they are."""
    algorithm = known.algorithm
    if not algorithm:
        return ""
    pieces = [base64.b64decode(msgspec.json.decode(part.checksums)[algorithm]) for part in parts]
    if known.checksum_type == COMPOSITE:
        together = checksums.new_checksum(algorithm.lower())
        together.update(b"".join(pieces))
        return f"{checksums.encoded(together)}-{len(parts)}"
    whole = pieces[0]
    for part, piece in zip(parts[1:], pieces[1:], strict=True):
        whole = checksums.joined(algorithm.lower(), whole, piece, part.size_bytes)
    return base64.b64encode(whole).decode()


def check_request(settings: Mapping[str, Any], known: UploadFacts, completion: Completion) -> None:
    """Compare what the request says of the whole object with what it is."""
    kind = settings.get("checksum_type")
    if kind is not None and kind != known.checksum_type:
        raise errors.invalid_request(
            f"The upload was created using the {known.checksum_type or 'null'} checksum mode. The "
            "complete request must use the same checksum mode."
        )
    size_bytes = settings.get("mpu_object_size")
    if size_bytes is not None and size_bytes != completion.size_bytes:
        raise errors.invalid_request(
            f"The provided 'x-amz-mp-object-size' header value {size_bytes} does not match what "
            f"was computed: {completion.size_bytes}"
        )
    for algorithm, text in digests.stated(settings).items():
        given = text.partition("-")[0] if known.checksum_type != FULL_OBJECT else text
        digests.check_form(algorithm, given)
        if algorithm == known.algorithm and given != completion.checksum.partition("-")[0]:
            raise errors.bad_digest(algorithm.lower())
