"""The files of an export as AWS lays them out: where they lie and what stands in them."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b, md5
from typing import Any

import msgspec

from pileus.services.dynamodb.exports.store import FULL, Export

# docs: S3DataExport.Output
_FULL_VERSION, _INCREMENTAL_VERSION = "2020-06-30", "2023-08-01"
_EXTENSIONS = {"DYNAMODB_JSON": "json", "ION": "ion"}


def _root(export: Export) -> str:
    prefix = export.request.prefix
    return f"{prefix}/AWSDynamoDB" if prefix else "AWSDynamoDB"


def started_key(export: Export) -> str:
    return f"{_root(export)}/{export.id}/_started"


def manifest_key(export: Export, name: str) -> str:
    """Of `summary` or `files`."""
    return f"{_root(export)}/{export.id}/manifest-{name}.json"


def checksum_key(export: Export, name: str) -> str:
    return manifest_key(export, name).removesuffix("json") + "checksum"


def data_key(export: Export, number: int) -> str:
    """The same name each time that a file is written, so that a crash leaves none twice."""
    digest = blake2b(f"{export.arn} {number}".encode(), digest_size=16).digest()
    name = base64.b32encode(digest).decode().rstrip("=").lower()
    folder = f"/{export.id}/data" if export.request.type == FULL else "/data"
    return f"{_root(export)}{folder}/{name}.{_EXTENSIONS[export.request.format]}.gz"


def compressed(lines: Sequence[bytes]) -> bytes:
    return gzip.compress(b"".join(lines), compresslevel=6, mtime=0)


def checksum(content: bytes) -> str:
    return base64.b64encode(md5(content, usedforsecurity=False).digest()).decode()


def manifest_line(key: str, items: int, content: bytes, etag: str) -> str:
    told = {
        "itemCount": items, "md5Checksum": checksum(content), "etag": etag.strip('"'),
        "dataFileS3Key": key,
    }  # fmt: skip
    return msgspec.json.encode(told).decode()


def summary(export: Export) -> bytes:
    asked = export.request
    is_full = asked.type == FULL
    told: dict[str, Any] = {
        "version": _FULL_VERSION if is_full else _INCREMENTAL_VERSION,
        "exportArn": export.arn,
        "startTime": _time(export.started_at),
        "endTime": _time(export.ended_at),
        "tableArn": export.table_arn,
        "tableId": export.table_id,
    }
    if is_full:
        told["exportTime"] = _time(asked.at)
    else:
        told |= {"exportFromTime": _time(asked.from_at), "exportToTime": _time(asked.to_at)}
    told |= {
        "s3Bucket": asked.bucket,
        "s3Prefix": asked.prefix or None,
        "s3SseAlgorithm": asked.sse or "AES256",
        "s3SseKmsKeyId": asked.kms_key or None,
        "manifestFilesS3Key": manifest_key(export, "files"),
        "billedSizeBytes": export.size,
        "itemCount": export.items,
        "outputFormat": asked.format,
    }
    if not is_full:
        told["outputView"] = asked.view
    told["exportType"] = asked.type
    return msgspec.json.encode(told)


def _time(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"
