"""The address from which a function's or layer's package can be fetched, and what answers there."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, unquote

from pileus.kernel import arns
from pileus.kernel.blobs import BlobGone
from pileus.kernel.call import Call
from pileus.kernel.request import Request, Response

# AWS's address is a presigned one of S3 that holds for ten minutes.
VALID_SECONDS = 600
PREFIX = "/_aws/lambda/code/"


def location(call: Call, arn: str, digest: str) -> str:
    """Who knows the package's digest may have the package: it cannot be guessed."""
    path = quote(f"{PREFIX}{arn}/{digest}", safe="/")
    expires_at = call.now // 1000 + VALID_SECONDS
    return f"{call.host_url}{path}?Expires={expires_at}"


def matches(request: Request) -> bool:
    return request.path.startswith(PREFIX)


async def answer(call: Call, request: Request) -> Response:
    arn, _, digest = unquote(request.path[len(PREFIX) :]).rpartition("/")
    if request.method not in ("GET", "HEAD"):
        return _refusal(405, "MethodNotAllowed")
    if arns.parse(arn) is None:
        return _refusal(404, "NoSuchKey")
    expires = parse_qs(request.query).get("Expires", ["0"])[0]
    if not expires.isdecimal() or int(expires[:18]) * 1000 < call.now:
        return _refusal(403, "AccessDenied")
    try:
        zipped = await call.kernel.blobs.load(digest, about=arn)
    except BlobGone:
        return _refusal(404, "NoSuchKey")
    return Response(200, {"content-type": "application/zip"}, zipped)


def _refusal(status: int, code: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>'
    return Response(status, {"content-type": "application/xml"}, body.encode())
