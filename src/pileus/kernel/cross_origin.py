"""What a resource says of requests that pages of other origins send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from pileus.kernel.errors import AwsError
from pileus.kernel.request import Request, Response

if TYPE_CHECKING:
    from pileus.kernel.call import Call


class CrossOrigin(msgspec.Struct, frozen=True):
    """Where a resource has rules of its own for pages. The gateway's hold for what it leaves open.

    A preflight has its whole answer here. Of other requests, `is_admitted` lets in pages that the
    gateway would turn away, and `headers` are all that the answer tells browsers.
    """

    answer: Response | AwsError | None = None
    is_admitted: bool = False
    # None: the gateway's own headers, which let pages of the machine itself read every answer.
    headers: Mapping[str, str] | None = None
    # Said in the place of the gateway's own refusal.
    refusal: AwsError | None = None


# Judges a request by the labels of its route; None where the resource has no rules.
Judge = Callable[["Call", Request, Mapping[str, str]], Awaitable[CrossOrigin | None]]
