"""Makes sense of one request's URL and headers, as the parser collected them."""

from __future__ import annotations

from urllib.parse import urlsplit

METHODS = {
    name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
}

# Decoding and lower-casing a name costs more than finding it; the table cannot grow past this.
NAMES_MAX = 1024
NAME_BYTES_MAX = 48
NAMES: dict[bytes, str] = {}
for sdk_name in (
    "Host", "User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Content-Length",
    "Connection", "Authorization", "X-Amz-Date", "X-Amz-Target", "X-Amz-Security-Token",
    "X-Amz-Content-SHA256", "X-Amzn-Query-Mode", "amz-sdk-invocation-id", "amz-sdk-request",
):  # fmt: skip
    NAMES[sdk_name.encode()] = NAMES[sdk_name.lower().encode()] = sdk_name.lower()


class RefusedError(Exception):
    """Raised inside parser callbacks; carries the status that the client is refused with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def name_of(name: bytes) -> str:
    text = name.decode("latin-1").lower()
    if len(NAMES) < NAMES_MAX and len(name) <= NAME_BYTES_MAX:
        NAMES[name] = text
    return text


def size_of(pairs: list[tuple[bytes, bytes]]) -> int:
    return sum([len(name) + len(value) for name, value in pairs])


def headers_of(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Lower-case names and decoded values; a repeated header is joined."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key = NAMES.get(name) or name_of(name)
        text = value.decode("latin-1")
        if key in headers:
            if key == "host":
                raise RefusedError(400)
            text = f"{headers[key]}{'; ' if key == 'cookie' else ','}{text}"
        headers[key] = text
    return headers


def check(headers: dict[str, str], is_http_10: bool) -> None:
    """What the parser lets through but this server does not."""
    if "host" not in headers and not is_http_10:
        raise RefusedError(400)
    if "transfer-encoding" in headers and (
        # Older peers do not know the header and would see another end of the message.
        is_http_10 or headers["transfer-encoding"].strip().lower() != "chunked"
    ):
        raise RefusedError(400)
    if "expect" in headers and headers["expect"].lower() != "100-continue":
        raise RefusedError(417)


def target_of(url: bytes, headers: dict[str, str]) -> tuple[str, str]:
    """Path and query as received; the absolute form's authority replaces the Host header."""
    text = url.decode("latin-1")
    if "#" in text:
        raise RefusedError(400)
    if text[:1] == "/":
        path, _, query = text.partition("?")
        return path, query
    if text == "*":
        return "*", ""
    if not text.lower().startswith(("http://", "https://")):
        raise RefusedError(400)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise RefusedError(400) from None
    if not parts.netloc or "@" in parts.netloc:
        raise RefusedError(400)
    headers["host"] = parts.netloc
    return parts.path or "/", parts.query
