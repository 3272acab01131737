"""Operations on a bucket's website configuration, and what may stand in one.

docs: AmazonS3/latest/API/API_PutBucketWebsite, userguide/how-to-page-redirect
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pileus.services.s3 import errors, store
from pileus.services.s3.settings import documents
from pileus.services.s3.websites import refusals

if TYPE_CHECKING:
    from pileus.kernel.call import Call

KIND = "website"
ROUTING_RULES_MAX = 50
_ERROR_CODE = re.compile(r"[45]\d\d")
_REDIRECT_CODE = re.compile(r"3(?!00)\d\d")


def put_bucket_website(
    call: Call,
    *,
    bucket: str,
    website_configuration: dict[str, Any],
    content_md5: str | None = None,
    checksum_algorithm: str | None = None,
    expected_bucket_owner: str | None = None,
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    check(website_configuration)
    documents.check(call, "WebsiteConfiguration", website_configuration)
    documents.put(call.tx, found, KIND, website_configuration)


def get_bucket_website(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> dict[str, Any]:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    configuration: dict[str, Any] | None = documents.find(call.tx, found, KIND)
    if configuration is None:
        raise refusals.no_such_website(bucket)
    return configuration


def delete_bucket_website(
    call: Call, *, bucket: str, expected_bucket_owner: str | None = None
) -> None:
    found = store.find_bucket(call.tx, expected_bucket_owner)
    store.remove_setting(call.tx, found, KIND)


def check(configuration: Mapping[str, Any]) -> None:
    """Raise AWS's error for a configuration that cannot be."""
    rules = configuration.get("RoutingRules")
    redirect = configuration.get("RedirectAllRequestsTo")
    index = configuration.get("IndexDocument")
    if redirect is not None:
        if rules:
            raise refusals.redirect_with_rules()
        if index is not None or configuration.get("ErrorDocument") is not None:
            raise errors.malformed_xml()
        _check_protocol(redirect)
        return
    if index is None:
        raise refusals.index_missing()
    suffix = index.get("Suffix")
    if not suffix or "/" in suffix:
        raise refusals.index_malformed(suffix or "")
    error_document = configuration.get("ErrorDocument")
    if error_document is not None and not error_document.get("Key"):
        raise errors.malformed_xml()
    _check_rules(rules or [])


def _check_rules(rules: Sequence[Mapping[str, Any]]) -> None:
    if len(rules) > ROUTING_RULES_MAX:
        raise refusals.too_many_routing_rules(len(rules), ROUTING_RULES_MAX)
    for rule in rules:
        redirect, condition = rule.get("Redirect"), rule.get("Condition")
        if not redirect:
            raise errors.malformed_xml()
        if condition is not None and not condition:
            raise refusals.condition_empty()
        _check_protocol(redirect)
        if "ReplaceKeyWith" in redirect and "ReplaceKeyPrefixWith" in redirect:
            raise refusals.two_replacements()
        code = redirect.get("HttpRedirectCode")
        if code is not None and _REDIRECT_CODE.fullmatch(code) is None:
            raise refusals.redirect_code_invalid(code)
        code = (condition or {}).get("HttpErrorCodeReturnedEquals")
        if code is not None and _ERROR_CODE.fullmatch(code) is None:
            raise refusals.error_code_invalid(code)


def _check_protocol(redirect: Mapping[str, Any]) -> None:
    if redirect.get("Protocol") not in (None, "http", "https"):
        raise refusals.protocol_invalid()
