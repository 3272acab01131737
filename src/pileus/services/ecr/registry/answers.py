"""The registry's answers: its headers, and errors in the form that clients read."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.errors import AwsError
from pileus.kernel.request import Response

_HEADERS = {"docker-distribution-api-version": "registry/2.0"}
# What the errors of the API are called here, with their status.
_OF_AWS = {
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
    "InvalidParameterException": (400, "NAME_INVALID"),
    "ImageNotFoundException": (404, "MANIFEST_UNKNOWN"),
    "LayersNotFoundException": (400, "MANIFEST_BLOB_UNKNOWN"),
    "ReferencedImagesNotFoundException": (400, "MANIFEST_BLOB_UNKNOWN"),
    "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
    "UploadNotFoundException": (404, "BLOB_UPLOAD_UNKNOWN"),
    "LimitExceededException": (400, "SIZE_INVALID"),
    "ServiceUnavailable": (503, "UNAVAILABLE"),
}


class Refused(Exception):
    """The registry's own refusal."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def answer(status: int, headers: dict[str, str] | None = None, body: Any = b"") -> Response:
    return Response(status, {**_HEADERS, **(headers or {})}, body)


def in_json(document: Any, headers: dict[str, str] | None = None) -> Response:
    return answer(
        200, {"content-type": "application/json", **(headers or {})}, msgspec.json.encode(document)
    )


def refusal(refused: Refused) -> Response:
    document = {"errors": [{"code": refused.code, "message": refused.message}]}
    headers = {"content-type": "application/json", **refused.headers}
    return answer(refused.status, headers, msgspec.json.encode(document))


def of_aws(error: AwsError) -> Refused:
    status, code = _OF_AWS.get(error.code, (error.status or 400, "UNSUPPORTED"))
    return Refused(status, code, error.message)


def unsupported() -> Refused:
    return Refused(405, "UNSUPPORTED", "The operation is unsupported.")


def digest_invalid(reason: str = "provided digest did not match uploaded content") -> Refused:
    return Refused(400, "DIGEST_INVALID", reason)
