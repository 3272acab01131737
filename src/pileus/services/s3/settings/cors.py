"""Operations on a bucket's CORS configuration, and what it says to pages in browsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel.cross_origin import CrossOrigin
from pileus.kernel.request import Request, Response
from pileus.services.s3 import errors, names, store
from pileus.services.s3.settings import cors_rules, documents, refusals
from pileus.services.s3.settings.cors_rules import Rule

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

KIND = "cors"
# docs: AmazonS3/latest/userguide/ManageCorsUsing
RULES_MAX = 100
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
_ID_LENGTH_MAX = 255
_COPY_SOURCE = "x-amz-copy-source"


def put_bucket_cors(
    call: Call,
    *,
    bucket: str,
    cors_configuration: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    documents.check(call, "CORSConfiguration", cors_configuration)
    rules = cors_configuration["CORSRules"]
    if len(rules) > RULES_MAX:
        raise refusals.too_many_cors_rules(RULES_MAX)
    for rule in rules:
        _check(rule)
    documents.put(call.tx, found, KIND, rules)


def _check(rule: Rule) -> None:
    if len(rule.get("ID", "")) > _ID_LENGTH_MAX or rule.get("MaxAgeSeconds", 0) < 0:
        raise errors.malformed_xml()
    for method in rule["AllowedMethods"]:
        if method not in METHODS:
            raise refusals.unsupported_cors_method(method)
    for member in ("AllowedOrigins", "AllowedHeaders"):
        for pattern in rule.get(member) or ():
            if pattern.count("*") > 1:
                raise refusals.several_wildcards(member[:-1], pattern)
    for header in rule.get("ExposeHeaders") or ():
        if "*" in header:
            raise refusals.exposed_wildcard(header)


def get_bucket_cors(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    rules = documents.find(call.tx, found, KIND)
    if rules is None:
        raise refusals.no_such_cors(bucket)
    return {"CORSRules": rules}


def delete_bucket_cors(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    store.remove_setting(call.tx, found, KIND)


# Pages.


async def judge(call: Call, request: Request, labels: Mapping[str, str]) -> CrossOrigin | None:
    """What the bucket that a page asks for says. Buckets without rules leave it to the gateway."""
    bucket = labels.get("Bucket", "")
    is_preflight = request.method == "OPTIONS"
    headers = request.headers
    origin = headers.get("origin")
    if not names.is_new_name(bucket):
        return None
    about = names.the_bucket(call, {"Bucket": bucket})
    found: list[Rule] | None = await call.read(find, about=about)
    method = headers.get("access-control-request-method")
    if found is None:
        # In a path it may be no name of a bucket at all.
        is_named = is_preflight and headers.get("host", "").lower().startswith(f"{bucket}.")
        return CrossOrigin(refusals.cors_bucket_missing(method or "")) if is_named else None
    if origin is None:
        return CrossOrigin(refusals.origin_missing()) if is_preflight else None
    kind = "OBJECT" if labels.get("Key") else "BUCKET"
    if not is_preflight:
        return _judge_request(found, origin, request, kind)
    if method is None:
        return CrossOrigin(refusals.cors_method_missing())
    if not found:
        return CrossOrigin(refusal=refusals.cors_not_enabled(method, kind))
    return CrossOrigin(
        _preflight(found, origin, method, request) or refusals.cors_not_allowed(method, kind)
    )


def find(tx: Transaction) -> list[Rule] | None:
    """Step about the bucket: its rules; None where there is no such bucket."""
    bucket = store.seek_bucket(tx)
    return None if bucket is None else documents.find(tx, bucket, KIND) or []


def _judge_request(
    rules: list[Rule], origin: str, request: Request, kind: str
) -> CrossOrigin | None:
    if not rules:
        return None
    found = cors_rules.match(rules, origin, request.method)
    if found is None:
        return CrossOrigin(headers={})
    # A rule is the owner's word for what is in this bucket: not for the bucket itself, and not for
    # what another bucket holds, which a copy would read.
    is_admitted = _COPY_SOURCE not in request.headers and (
        kind == "OBJECT" or request.method not in ("PUT", "DELETE")
    )
    return CrossOrigin(is_admitted=is_admitted, headers=cors_rules.answer_headers(found, origin))


def _preflight(rules: list[Rule], origin: str, method: str, request: Request) -> Response | None:
    requested = cors_rules.requested_headers(request.headers.get("access-control-request-headers"))
    found = cors_rules.match(rules, origin, method, requested)
    if found is None:
        return None
    answer = cors_rules.answer_headers(found, origin, requested)
    if request.headers.get("access-control-request-private-network") == "true":
        # Browsers ask before a page of the network reaches the machine itself.
        answer["Access-Control-Allow-Private-Network"] = "true"
    return Response(200, answer)
