"""What a Host header says: service, region, account, and the label in front of them.

AWS's own names, the names that LocalStack's users know, and the prefixes that SDKs inject
(`endpoint.hostPrefix` of the service models) in front of either, and of a bare endpoint.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from pileus.kernel.local_names import LOCAL_NAMES


class Kind(Enum):
    """What answers at a name."""

    PLAIN = "plain"  # the name says nothing: an endpoint, an address, or unknown
    SERVICE = "service"
    BUCKET = "bucket"
    WEBSITE = "website"
    STAGE = "stage"
    FUNCTION_URL = "function-url"
    LOAD_BALANCER = "load-balancer"
    DISTRIBUTION = "distribution"


class HostName(NamedTuple):
    """Hints; empty where the name does not tell. `service` is a signing name or endpoint prefix."""

    kind: Kind
    service: str = ""
    region: str = ""
    account: str = ""
    # The bucket, API, function URL, load balancer or distribution.
    label: str = ""


NAMES_MAX = 1024
PLAIN = HostName(Kind.PLAIN)

AWS_NAMES = ("amazonaws.com.cn", "amazonaws.com", "api.aws", "on.aws")
BASES = LOCAL_NAMES + AWS_NAMES
OTHER_DOMAINS = {"cloudfront.net": "cloudfront"}

REGION = re.compile(r"[a-z]{2,5}(-[a-z]+)+-[0-9]")
ACCOUNT = re.compile(r"[0-9]{12}")
# s3-us-west-2, s3-website-us-east-1: older forms with the region in the same label.
OLD_S3 = re.compile(r"(s3(?:-website)?)-(" + REGION.pattern + ")")

KINDS = {
    "s3": Kind.BUCKET,
    "s3-accelerate": Kind.BUCKET,
    "s3-accesspoint": Kind.BUCKET,
    "s3-website": Kind.WEBSITE,
    "execute-api": Kind.STAGE,
    "lambda-url": Kind.FUNCTION_URL,
    "elb": Kind.LOAD_BALANCER,
    "cloudfront": Kind.DISTRIBUTION,
}
OF_BUCKETS = (Kind.BUCKET, Kind.WEBSITE)
# Labels that are not themselves the name of a service.
SERVICES = {
    "queue": "sqs",
    "ddb": "dynamodb",
    "s3-accelerate": "s3",
    "s3-accesspoint": "s3",
    "s3-website": "s3",
    "lambda-url": "lambda",
    "elb": "elasticloadbalancing",
}
# Endpoint prefixes of more than one label, where the last label alone is another service.
DOTTED_SERVICES = frozenset(
    {
        "a2i-runtime.sagemaker",
        "api.ecr",
        "api.ecr-public",
        "api.sagemaker",
        "api.tunneling.iot",
        "credentials.iot",
        "data-ats.iot",
        "data.iot",
        "data.jobs.iot",
        "data.mediastore",
        "featurestore-runtime.sagemaker",
        "ingest.timestream",
        "metrics.sagemaker",
        "models.lex",
        "participant.connect",
        "portal.sso",
        "query.timestream",
        "runtime.lex",
        "runtime.sagemaker",
        "streams.dynamodb",
    }
)
# What SDKs put in front of a service's name with a dash (Kinesis: by its endpoint rules).
DASHED_PREFIXES = {
    "analytics-": ("omics",),
    "control-": ("kinesis",),
    "control-storage-": ("omics",),
    "data-": ("kinesis", "lakeformation", "servicediscovery", "signer"),
    "query-": ("lakeformation",),
    "runtime-": ("medical-imaging",),
    "storage-": ("omics",),
    "stream-": ("logs",),
    "streaming-": ("logs",),
    "sync-": ("states",),
    "tags-": ("omics",),
    "workflows-": ("omics",),
}
# And with a dot.
DOTTED_PREFIXES = frozenset(
    {
        "api", "api-fulfill", "cp", "data", "dataplane", "datatransformation", "dp", "env",
        "geofencing", "management", "maps", "metadata", "monitor", "ops", "places", "routes",
        "runtime", "scheduling", "streaming", "tracking",
    }
)  # fmt: skip


@lru_cache(maxsize=NAMES_MAX)
def parse(host: str) -> HostName:
    """Read a Host header, port and all."""
    name = name_of(host)
    if not name or is_address(name):
        return PLAIN
    for domain, service in OTHER_DOMAINS.items():
        if name.endswith(f".{domain}"):
            return HostName(KINDS[service], service, label=name[: -len(domain) - 1])
    labels = labels_before_base(name)
    return PLAIN if not labels else read_labels(labels)


def name_of(host: str) -> str:
    """The name or address without its port, in lower case, without a final dot."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).rstrip(".")


def is_address(name: str) -> bool:
    if not name[-1:].isdecimal() and ":" not in name:
        return False
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def labels_before_base(name: str) -> list[str]:
    """The labels in front of a name that stands for the whole; none for other names."""
    for base in BASES:
        if name.endswith(f".{base}"):
            return name[: -len(base) - 1].split(".")
        if name == base or is_prefixed_local(name):
            return []
    return []


def is_prefixed_local(name: str) -> bool:
    """Whether an SDK put a dashed prefix in front of a local name: sync-localhost."""
    return any(
        name.endswith(base) and name[: -len(base)] in DASHED_PREFIXES for base in LOCAL_NAMES
    )


def read_labels(labels: list[str]) -> HostName:
    region = ""
    while labels and (REGION.fullmatch(labels[-1]) or labels[-1] == "dualstack"):
        found = labels.pop()
        region = region or ("" if found == "dualstack" else found)
    if not labels:
        return HostName(Kind.PLAIN, region=region)
    word = labels.pop()
    if (old := OLD_S3.fullmatch(word)) is not None:
        word, region = old.group(1), old.group(2)
    if word.startswith("s3express-"):
        word = "s3"
    word = without_prefix(word.removesuffix("-fips"))
    if labels and REGION.fullmatch(labels[-1]) and KINDS.get(word) not in OF_BUCKETS:
        # us-east-1.queue, name.us-east-1.elb; but a bucket may be named like a region.
        region = region or labels.pop()
    for count in (2, 1):
        joined = ".".join([*labels[-count:], word])
        if joined in DOTTED_SERVICES:
            return HostName(Kind.SERVICE, joined, region, label=".".join(labels[:-count]))
    return place(word, region, labels)


def place(word: str, region: str, labels: list[str]) -> HostName:
    service = SERVICES.get(word, word)
    kind = KINDS.get(word)
    if kind is not None:
        if not labels:
            return HostName(Kind.SERVICE, service, region)
        return HostName(kind, service, region, label=".".join(labels))
    account = ""
    while labels and (labels[0] in DOTTED_PREFIXES or ACCOUNT.fullmatch(labels[0])):
        found = labels.pop(0)
        account = found if found.isdecimal() else account
    if not labels and not account and ACCOUNT.fullmatch(word):
        # An account in front of a bare endpoint.
        return HostName(Kind.PLAIN, region=region, account=word)
    if not labels and word in DOTTED_PREFIXES:
        return HostName(Kind.PLAIN, region=region, account=account)
    if word == "iot" and labels:
        # A device endpoint of an account: abc123-ats.iot.us-east-1.
        service = "data-ats.iot"
    return HostName(Kind.SERVICE, service, region, account, ".".join(labels))


def without_prefix(word: str) -> str:
    for prefix, services in DASHED_PREFIXES.items():
        rest = word.removeprefix(prefix)
        if rest != word and rest in services:
            return rest
    return word
