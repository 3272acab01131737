"""Keys derived from secrets, kept for as long as they are in use."""

from __future__ import annotations

import hmac
from functools import lru_cache

# A key serves one secret for one day, region and service.
KEYS_MAX = 4096


@lru_cache(maxsize=KEYS_MAX)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode("latin-1"), "sha256")
    return key
