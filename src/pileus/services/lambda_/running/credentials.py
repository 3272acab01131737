"""The temporary credentials of execution roles, kept for half their life."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from pileus.kernel.call import Call
from pileus.services.lambda_.functions.configurations import Function

SESSION_NAME_LENGTH_MIN = 2  # docs: AssumeRole, RoleSessionName


class Credentials(NamedTuple):
    access_key_id: str
    secret_access_key: str
    session_token: str
    fetched_at: int
    expires_at: int

    def is_fresh(self, now: int) -> bool:
        return now < self.fetched_at + (self.expires_at - self.fetched_at) // 2


class RoleCredentials:
    """Only for the event loop's thread. One question to STS at a time for each function."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Credentials] = {}
        self._asking: dict[tuple[str, str], asyncio.Lock] = {}

    async def of(self, call: Call, function: Function) -> Credentials:
        """Credentials of the function's role, whose session is named as the function."""
        key = (function.role, function.name)
        known = self._known.get(key)
        if known is not None and known.is_fresh(call.kernel.clock.now()):
            return known
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:
            known = self._known.get(key)
            if known is None or not known.is_fresh(call.kernel.clock.now()):
                known = self._known[key] = await _assume(call, function)
        self._asking.pop(key, None)
        return known

    def forget(self, function: Function) -> None:
        self._known.pop((function.role, function.name), None)


async def _assume(call: Call, function: Function) -> Credentials:
    now = call.kernel.clock.now()
    session = function.name.ljust(SESSION_NAME_LENGTH_MIN, "-")
    answer = await call.invoke("sts", "AssumeRole", RoleArn=function.role, RoleSessionName=session)
    given = answer["Credentials"]
    return Credentials(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], now,
        given["Expiration"],
    )  # fmt: skip
