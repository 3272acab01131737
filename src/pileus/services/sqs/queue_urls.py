"""Queue URLs: every form that clients hold, and the one that answers give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pileus.kernel import arns
from pileus.services.sqs import errors

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# Queues of this region have AWS's own short path; the URL of any other names its region, so that
# queues of one name in two regions have different URLs on one host.
DEFAULT_REGION = "us-east-1"

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")


def the_queue(call: Call, params: Mapping[str, Any]) -> str:
    """The queue that a request's QueueUrl means."""
    return arn_of(params["QueueUrl"], call.account, call.region)


def the_named_queue(call: Call, params: Mapping[str, Any]) -> str:
    """The queue of a request that has its name (and, for another account's, the owner)."""
    account = params.get("QueueOwnerAWSAccountId") or call.account
    return arns.build("sqs", call.region, account, params["QueueName"])


@lru_cache(maxsize=4096)
def arn_of(url: str, account: str, region: str) -> str:
    """The ARN behind a URL, a path, or a bare name; raises InvalidAddress.

    The host decides nothing but the region, and that only where it names one.
    """
    _, separator, rest = url.partition("://")
    host, _, path = rest.partition("/") if separator else ("", "", url)
    match [unquote(part) for part in path.partition("?")[0].split("/") if part]:
        case ["queue", named_region, owner, name] if _REGION.fullmatch(named_region):
            return arns.build("sqs", named_region, _account(owner, url), name)
        case [owner, name]:
            return arns.build("sqs", _region_in(host) or region, _account(owner, url), name)
        case [name]:
            return arns.build("sqs", _region_in(host) or region, account, name)
        case _:
            raise errors.invalid_address(url)


def url_of(host_url: str, arn: str) -> str:
    """The URL of a queue, on the host by which the caller reached us."""
    _, _, _, region, account, name = arn.split(":", 5)
    if region == DEFAULT_REGION:
        return f"{host_url}/{account}/{name}"
    return f"{host_url}/queue/{region}/{account}/{name}"


def name_of(arn: str) -> str:
    return arn.rpartition(":")[2]


def _account(text: str, url: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise errors.invalid_address(url)
    return text


def _region_in(host: str) -> str:
    """The region in `sqs.REGION.HOST` or `REGION.queue.HOST`, else nothing."""
    labels = host.partition(":")[0].split(".")
    for first, second in pairwise(labels):
        if first in ("sqs", "sqs-fips") and _REGION.fullmatch(second):
            return second
        if second == "queue" and _REGION.fullmatch(first):
            return first
    return ""
