"""Requests to websites, by host: `BUCKET.s3-website-REGION.amazonaws.com`, or with a dot.

docs: AmazonS3/latest/userguide/WebsiteEndpoints, CustomErrorDocSupport
"""

from __future__ import annotations

from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request, Response
from pileus.services.s3 import errors, names, store
from pileus.services.s3.settings import cors, documents
from pileus.services.s3.websites import configurations, error_pages, refusals, routing
from pileus.services.s3.websites.routing import Asked, Configuration, Redirect

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

HOST_PART = ".s3-website"
# Of the answers of GetObject, by AWS's members.
_HEADERS = {
    "AcceptRanges": "Accept-Ranges",
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ContentLength": "Content-Length",
    "ContentRange": "Content-Range",
    "ContentType": "Content-Type",
    "ETag": "ETag",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "VersionId": "x-amz-version-id",
}
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
_DATES = {"Expires": "Expires", "LastModified": "Last-Modified"}


def matches(request: Request) -> bool:
    name, part, rest = request.headers.get("host", "").lower().rpartition(HOST_PART)
    return bool(name and part) and rest[:1] in (".", "-")


async def answer(call: Call, request: Request) -> Response:
    host = request.headers["host"].lower()
    bucket = host.rpartition(HOST_PART)[0]
    try:
        response = await _answer(call, request, host, bucket)
    except AwsError as error:
        response = error_pages.page(error, call.request_id)
    if request.method != "OPTIONS" and "origin" in request.headers:
        verdict = await cors.judge(call, request, {"Bucket": bucket})
        if verdict is not None and verdict.headers:
            response.headers.update(verdict.headers)
    return response


async def _answer(call: Call, request: Request, host: str, bucket: str) -> Response:
    if not names.is_new_name(bucket):
        raise errors.invalid_bucket_name(bucket)
    if request.method == "OPTIONS":
        return await _preflight(call, request, bucket)
    configuration: Configuration = await call.read(
        _find, about=names.the_bucket(call, {"Bucket": bucket})
    )
    if request.method not in ("GET", "HEAD"):
        raise errors.method_not_allowed(request.method, "OBJECT", {"Allow": "GET, HEAD, OPTIONS"})
    try:
        key = unquote(request.path[1:], errors="strict")
    except UnicodeDecodeError:
        raise errors.invalid_uri() from None
    target = f"{request.path}?{request.query}" if request.query else request.path
    asked = Asked(host, key, target)
    redirect = routing.redirect_of_all(configuration, asked) or routing.redirect_of_rules(
        configuration, asked
    )
    if redirect is not None:
        return _redirected(call, redirect)
    return await _page(call, request, bucket, configuration, asked)


def _find(tx: Transaction) -> Configuration:
    """Step about the bucket."""
    bucket = store.find_bucket(tx)
    found: Configuration | None = documents.find(tx, bucket, configurations.KIND)
    if found is None:
        raise refusals.no_such_website(bucket.name)
    return found


async def _preflight(call: Call, request: Request, bucket: str) -> Response:
    verdict = await cors.judge(call, request, {"Bucket": bucket, "Key": request.path[1:]})
    if verdict is None:
        raise errors.no_such_bucket(bucket)
    found = verdict.answer or verdict.refusal
    if isinstance(found, AwsError):
        raise found
    assert found is not None, "a preflight is answered or refused"
    return found


async def _page(
    call: Call, request: Request, bucket: str, configuration: Configuration, asked: Asked
) -> Response:
    """The object that is asked for, or what the website has in its place."""
    key = routing.key_of_page(configuration, asked.key)
    try:
        found = await _object(call, request, bucket, key, _conditions(request))
    except AwsError as error:
        if error.status == 304:
            headers = {**error.headers, **error_pages.ids(call.request_id)}
            return Response(304, headers)
        folder = routing.key_of_folder(configuration, asked.key)
        if error.code == "NoSuchKey" and folder and await _is_there(call, bucket, folder):
            return _redirected(call, routing.redirect_to_folder(asked.key))
        redirect = routing.redirect_of_rules(configuration, asked, error.status)
        if redirect is not None:
            return _redirected(call, redirect)
        return await _error_document(call, request, bucket, configuration, error)
    location = found.get("WebsiteRedirectLocation")
    if location is not None:
        return _redirected(call, Redirect(routing.MOVED, location))
    return _shown(call, found, found.get("StatusCode", 200))


async def _error_document(
    call: Call, request: Request, bucket: str, configuration: Configuration, error: AwsError
) -> Response:
    key = (configuration.get("ErrorDocument") or {}).get("Key")
    if key is None or not 400 <= (error.status or 400) < 500:
        return error_pages.page(error, call.request_id)
    try:
        found = await _object(call, request, bucket, key, {})
    except AwsError as second:
        return error_pages.page(error, call.request_id, second)
    response = _shown(call, found, error.status or 400)
    response.headers["x-amz-error-code"] = error.code
    response.headers["x-amz-error-message"] = error.message
    return response


async def _object(
    call: Call, request: Request, bucket: str, key: str, conditions: dict[str, Any]
) -> dict[str, Any]:
    operation = "GetObject" if request.method == "GET" else "HeadObject"
    return await call.invoke("s3", operation, Bucket=bucket, Key=key, **conditions)


async def _is_there(call: Call, bucket: str, key: str) -> bool:
    try:
        await call.invoke("s3", "HeadObject", Bucket=bucket, Key=key)
    except AwsError:
        return False
    return True


def _conditions(request: Request) -> dict[str, Any]:
    headers = request.headers
    found: dict[str, Any] = {
        member: headers[name]
        for name, member in (
            ("if-match", "IfMatch"), ("if-none-match", "IfNoneMatch"), ("range", "Range")
        )
        if name in headers
    }  # fmt: skip
    for name, member in (
        ("if-modified-since", "IfModifiedSince"), ("if-unmodified-since", "IfUnmodifiedSince")
    ):  # fmt: skip
        instant = _instant(headers.get(name))
        if instant is not None:
            found[member] = instant
    return found


def _instant(text: str | None) -> int | None:
    """Epoch milliseconds of an HTTP date; what is none is no condition."""
    try:
        return None if text is None else int(parsedate_to_datetime(text).timestamp()) * 1000
    except (ValueError, OverflowError):
        return None


def _redirected(call: Call, redirect: Redirect) -> Response:
    try:
        # Headers of requests are read as Latin-1, whatever their bytes mean.
        raw = redirect.location.encode("latin-1")
    except UnicodeEncodeError:
        raw = redirect.location.encode("utf-8", "replace")
    headers = {"Location": quote(raw, safe=_VISIBLE), **error_pages.ids(call.request_id)}
    return Response(redirect.status, headers)


def _shown(call: Call, found: dict[str, Any], status: int) -> Response:
    headers = error_pages.ids(call.request_id)
    headers |= {
        header: error_pages.header_text(str(found[member]))
        for member, header in _HEADERS.items()
        if member in found
    }
    headers |= {
        header: formatdate(found[member] / 1000, usegmt=True)
        for member, header in _DATES.items()
        if member in found
    }
    for name, value in (found.get("Metadata") or {}).items():
        headers[error_pages.header_text(f"x-amz-meta-{name}")] = error_pages.header_text(value)
    return Response(status, headers, found.get("Body", b""))
