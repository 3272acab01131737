"""PostObject: a form that a browser posts to a bucket becomes an object.

docs: AmazonS3/latest/API/RESTObjectPOST, sigv4-authentication-HTTPPOST
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from pileus.kernel.access import SignedText
from pileus.services.s3 import errors, names, store
from pileus.services.s3.objects import encryption, facts, puts
from pileus.services.s3.objects.digests import Digests
from pileus.services.s3.objects.writes import OBJECT_BYTES_MAX, Draft, Written
from pileus.services.s3.posts import fields, policies, refusals
from pileus.services.s3.posts.forms import Form, boundary_of
from pileus.services.s3.posts.policies import Policy

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_VERSION_4 = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_FILE_NAME = "${filename}"
_STATUSES = ("200", "201", "204")


async def post_object(
    call: Call,
    *,
    bucket: str,
    content_type: str | None = None,
    body: bytes | AsyncIterator[bytes] = b"",
) -> dict[str, Any]:
    form = Form(body, boundary_of(content_type))
    # Who sends much learns before whether there is a bucket for it.
    await call.read(store.find_bucket, about=call.about)
    try:
        await form.read_fields()
    except ConnectionError:
        raise errors.incomplete_body() from None
    given = form.fields
    if not given.get("key"):
        raise refusals.field_missing("key")
    given["key"] = given["key"].replace(_FILE_NAME, form.file_name)
    policy = await _allowed(call, bucket, given)
    settings = fields.settings_of(given)
    digest = Digests(settings, {})
    draft = Draft(
        names.key_bytes(given["key"]), 0, "", "", facts.read(settings), "ObjectCreated:Post"
    )
    pieces = _sized(form, policy)
    content = b"".join([each async for each in pieces]) if isinstance(body, bytes) else pieces
    _, written = await puts.store_body(call, draft, content, digest)
    return _answer(call, bucket, given, written)


async def _allowed(call: Call, bucket: str, given: Mapping[str, str]) -> Policy | None:
    """What a signed form may bring; None for one that nobody signed."""
    is_version_4 = any(name in given for name in _VERSION_4)
    is_version_2 = "awsaccesskeyid" in given or "signature" in given
    if "policy" not in given:
        if is_version_4 or is_version_2:
            raise refusals.field_missing("Policy")
        return None
    if is_version_4:
        for name in _VERSION_4:
            if name not in given:
                raise refusals.field_missing(name.title())
        signed = SignedText(
            given["policy"],
            given["x-amz-signature"],
            given["x-amz-credential"],
            given["x-amz-algorithm"],
            given.get("x-amz-security-token", ""),
        )
    else:
        for name in ("AWSAccessKeyId", "Signature"):
            if name.lower() not in given:
                raise refusals.field_missing(name)
        signed = SignedText(
            given["policy"],
            given["signature"],
            given["awsaccesskeyid"],
            session_token=given.get("x-amz-security-token", ""),
        )
    nows = await call.kernel.verify_text(signed, "s3")
    policy = policies.read(given["policy"])
    policies.check(policy, {**given, "bucket": bucket}, nows)
    return policy


async def _sized(form: Form, policy: Policy | None) -> AsyncIterator[bytes]:
    """The file, as long as it has the size that the policy allows."""
    size_bytes = 0
    size_max_bytes = OBJECT_BYTES_MAX
    if policy is not None and policy.size_max_bytes is not None:
        size_max_bytes = min(size_max_bytes, policy.size_max_bytes)
    async for piece in form.file():
        size_bytes += len(piece)
        if size_bytes > size_max_bytes:
            raise refusals.too_large(size_bytes, size_max_bytes)
        yield piece
    if policy is not None and size_bytes < policy.size_min_bytes:
        raise refusals.too_small(size_bytes, policy.size_min_bytes)


def _answer(call: Call, bucket: str, given: Mapping[str, str], written: Written) -> dict[str, Any]:
    key = given["key"]
    location = f"{call.host_url}/{bucket}/{quote(key, safe='/')}"
    etag = f'"{written.etag}"'
    answer: dict[str, Any] = {
        "StatusCode": 204,
        "Location": location,
        "ETag": etag,
        **encryption.described(written.encryption),
    }
    if written.version_id is not None:
        answer["VersionId"] = written.version_id
    target = given.get("success_action_redirect") or given.get("redirect")
    redirect = _redirect(target, {"bucket": bucket, "key": key, "etag": etag}) if target else ""
    status = given.get("success_action_status")
    if redirect:
        answer |= {"StatusCode": 303, "Location": redirect}
    elif status in _STATUSES:
        answer["StatusCode"] = int(status)
        if status == "201":
            answer["ContentType"] = "application/xml"
            answer["Body"] = (
                '<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>'
                f"<Location>{escape(location)}</Location><Bucket>{escape(bucket)}</Bucket>"
                f"<Key>{escape(_visible(key))}</Key><ETag>{escape(etag)}</ETag></PostResponse>"
            ).encode()
    return answer


def _visible(text: str) -> str:
    """Without what XML cannot carry."""
    return "".join([each if each >= " " or each in "\t\n" else "\ufffd" for each in text])


def _redirect(target: str, told: Mapping[str, str]) -> str:
    """The page that the browser goes to; empty where that cannot be read as a URL."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    return urlunsplit(parts._replace(query=query))
