"""The canonical form of a request that signatures are computed over."""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

# "%" and "+" are not among them: the first is encoded again, the second may mean a space.
PLAIN_PATH = re.compile(r"/[A-Za-z0-9\-._~/]*")
PLAIN_QUERY = re.compile(r"[A-Za-z0-9\-._~]*")
BLANKS = re.compile(r"[ \t]+")


def encode(data: bytes) -> str:
    return quote_from_bytes(data, safe="-_.~")


def canonical_path(path: str, is_s3: bool) -> str:
    """S3 encodes once and keeps every segment; the others remove dots and encode again."""
    is_plain = PLAIN_PATH.fullmatch(path) is not None
    if is_s3:
        return path if is_plain else quote_from_bytes(unquote_to_bytes(path), safe="/-_.~")
    if not is_plain or "//" in path or "/." in path:
        path = quote_from_bytes(without_dots(path or "/").encode("latin-1"), safe="/-_.~")
    return path


def without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{end}"


def canonical_query(query: str, without: str = "") -> str:
    """Sorted pairs, each name and value encoded once; `without` names a pair to leave out."""
    return joined([(canonical_part(n), canonical_part(v)) for n, v in pairs_of(query, without)])


def literal_query(query: str, without: str = "") -> str:
    """Sorted pairs as they were sent: what botocore signs, though it encodes most before."""
    return joined(pairs_of(query, without))


def pairs_of(query: str, without: str) -> list[tuple[str, str]]:
    pairs = []
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if item and name != without:
            pairs.append((name, value))
    return pairs


def joined(pairs: list[tuple[str, str]]) -> str:
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def canonical_part(text: str) -> str:
    if PLAIN_QUERY.fullmatch(text) is not None:
        return text
    return encode(unquote_to_bytes(text.replace("+", " ").encode("latin-1")))


def canonical_headers(headers: dict[str, str], names: tuple[str, ...]) -> str:
    """A line for each signed header; one that is missing counts as empty and will not verify."""
    if ":authority" in names:
        # JavaScript's SDK signs the host by this name where it speaks HTTP/2.
        headers = {**headers, ":authority": headers.get("host", "")}
    lines = "".join([f"{name}:{headers.get(name, '')}\n" for name in names])
    if "  " in lines or "\t" in lines:
        lines = "".join(
            [f"{name}:{BLANKS.sub(' ', headers.get(name, '')).strip()}\n" for name in names]
        )
    return lines
