"""Headers of S3 that a presigned URL carries in its query, so that its user need not send them.

SDKs move what they can there: metadata, tags, the storage class, the source of a copy. Checksums
are passed over, as by AWS: SDKs put that of an empty body there, since they do not know the real.
"""

from __future__ import annotations

from urllib.parse import unquote

from pileus.kernel.request import Request

# Parameters of the signature itself, which no header of the same name needs to repeat.
OF_SIGNATURES = frozenset(
    {
        "x-amz-algorithm", "x-amz-content-sha256", "x-amz-credential", "x-amz-date",
        "x-amz-expires", "x-amz-signature", "x-amz-signedheaders",
    }
)  # fmt: skip
OF_CHECKSUMS = ("x-amz-checksum-", "x-amz-sdk-checksum-", "x-amz-trailer")
# Signature version 2 carries these besides.
OF_BODIES = frozenset({"content-type", "content-md5"})


def decoded_pairs(query: str) -> list[tuple[str, str]]:
    """Names and values in their order, each byte a character, as the values of headers are."""
    pairs = []
    for item in query.split("&"):
        name, _, value = item.partition("=")
        pairs.append((unquote(name, "latin-1"), unquote(value.replace("+", " "), "latin-1")))
    return pairs


def carried_headers(query: str) -> dict[str, str]:
    """The headers by their lower-case names; none where the URL is not presigned."""
    if "Signature=" not in query:
        return {}
    is_version_2 = "X-Amz-Signature=" not in query
    headers: dict[str, str] = {}
    for given, value in decoded_pairs(query):
        name = given.lower()
        is_own = name.startswith("x-amz-") and name not in OF_SIGNATURES
        if is_own or (is_version_2 and name in OF_BODIES):
            headers.setdefault(name, value)
    return headers


def heeded_headers(query: str) -> dict[str, str]:
    """Those of the carried headers that change what a request does."""
    carried = carried_headers(query)
    return {name: text for name, text in carried.items() if not name.startswith(OF_CHECKSUMS)}


def with_more_headers(request: Request, headers: dict[str, str]) -> Request:
    """The request as if it had those headers too; what it has itself goes before."""
    if not headers:
        return request
    return request.changed(headers={**headers, **request.headers})
