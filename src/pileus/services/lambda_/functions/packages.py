"""Takes the packages of functions: from the request or from S3, unpacked once by the fleet."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from pileus.kernel.blobs import BlobGone, Staged
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.fleet import BadPackage, Installed, PackageTooLarge
from pileus.services.lambda_ import errors
from pileus.services.lambda_.layers import package_users

# docs: lambda/latest/dg/gettingstarted-limits
ZIPPED_BYTES_MAX = 52_428_800


# Through S3 a package may be as large zipped as unzipped.
STORED_BYTES_MAX = 262_144_000


class Package(NamedTuple):
    """A zip that was checked and unpacked."""

    digest: str  # SHA-256, hexadecimal
    sha256: str  # SHA-256, base64
    size_bytes: int
    unzipped_bytes: int
    zipped: bytes


async def take(call: Call, code: Mapping[str, Any], arn: str) -> Package:
    """Fetch, check and unpack what `code` (AWS's FunctionCode) names for a function or layer."""
    zipped = code.get("ZipFile")
    if zipped is None:
        if code.get("S3Bucket") is None:
            raise errors.code_missing()
        zipped = await _from_s3(call, code)
    else:
        if code.get("S3Bucket") is not None or code.get("S3Key") is not None:
            raise errors.code_twice()
        # Only direct uploads are limited in their zipped size.
        if len(zipped) > ZIPPED_BYTES_MAX:
            raise errors.zip_too_large()
    digest = hashlib.sha256(zipped).digest()
    try:
        installed = await call.kernel.fleet.install(digest.hex(), zipped)
    except BadPackage as problem:
        raise errors.bad_zip() from problem
    except PackageTooLarge as problem:
        raise errors.unzipped_too_large() from problem
    await package_users.note(call, digest.hex(), arn)
    sha256 = base64.b64encode(digest).decode()
    return Package(digest.hex(), sha256, len(zipped), installed.unpacked_bytes, zipped)


@asynccontextmanager
async def staged(call: Call, package: Package, arn: str) -> AsyncIterator[Staged]:
    """Have a taken package safe for a transaction; a refusal takes its unpacked files away."""
    try:
        async with call.kernel.blobs.staged(
            package.zipped, about=arn, size_max_bytes=STORED_BYTES_MAX
        ) as kept:
            yield kept
    except AwsError:
        await drop(call, package, arn)
        raise


async def drop(call: Call, package: Package, arn: str) -> None:
    """A package was taken, and will not be used."""
    await package_users.check(call, f"{package.digest} {arn}", {})


async def _from_s3(call: Call, code: Mapping[str, Any]) -> bytes:
    wanted = {"Bucket": code["S3Bucket"], "Key": code.get("S3Key", "")}
    if code.get("S3ObjectVersion") is not None:
        wanted["VersionId"] = code["S3ObjectVersion"]
    try:
        found = await call.invoke("s3", "GetObject", **wanted)
    except AwsError as refusal:
        if refusal.code == "NotImplemented":
            raise
        raise errors.invalid_parameter(
            f"Error occurred while GetObject. S3 Error Code: {refusal.code}. "
            f"S3 Error Message: {refusal.message}"
        ) from refusal
    body = found["Body"]
    return body if isinstance(body, bytes) else b"".join([chunk async for chunk in body])


async def installed(call: Call, arn: str, digest: str) -> Installed:
    """The unpacked package of a function; unpacked again where this machine has lost it."""
    fleet = call.kernel.fleet
    found = fleet.installed(digest)
    if found is not None:
        return found
    try:
        found = await fleet.install(digest, await call.kernel.blobs.load(digest, about=arn))
    except (BlobGone, BadPackage, PackageTooLarge) as problem:
        raise errors.zip_unreadable() from problem
    await package_users.note(call, digest, arn)
    return found
