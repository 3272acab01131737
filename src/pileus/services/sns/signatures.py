"""Signatures that are begun before the transaction that needs them.

Signing with RSA takes longer than all the rest of a publish, and lets go of the interpreter
meanwhile. So a publish has its signature begun when it arrives: threads make the newest, and the
transaction makes what is not made yet.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from pileus.services.sns.signing import Signer

# The transactions' own thread signs too.
_THREADS = max(1, min(4, (os.cpu_count() or 1)) - 1)
# What is not begun is signed in its transaction; so many would take the threads some 50 ms.
_WAITING_MAX = 256


class Signs(Protocol):
    """Signs texts, and knows where its certificate is found."""

    path: str

    def sign(self, text: str, version: str) -> str: ...


class _Signature:
    """Made once, by whoever comes first; the others wait for it."""

    __slots__ = ("_claims", "_is_made", "_value", "signer", "text", "version")

    def __init__(self, signer: Signer, text: str, version: str) -> None:
        self.signer = signer
        self.text = text
        self.version = version
        # Taking the only one is one step, whichever thread does it.
        self._claims = [True]
        self._is_made = threading.Lock()
        self._is_made.acquire()
        self._value = ""

    def make(self) -> bool:
        try:
            self._claims.pop()
        except IndexError:
            return False
        try:
            self._value = self.signer.sign(self.text, self.version)
        finally:
            self._is_made.release()
        return True

    def value(self) -> str:
        if not self.make():
            with self._is_made:
                pass
        # Empty where signing failed on its thread: it then fails here.
        return self._value or self.signer.sign(self.text, self.version)


class Begun(NamedTuple):
    """The name and the instant that a message will have, and its signature."""

    id: str
    at: int
    signature: _Signature
    path: str

    def sign(self, text: str, version: str) -> str:
        signature = self.signature
        if text == signature.text and version == signature.version:
            return signature.value()
        return signature.signer.sign(text, version)


class SigningThreads:
    """Threads that sign, started when there is something to sign for the first time."""

    def __init__(self) -> None:
        self._waiting: deque[_Signature] = deque()
        self._bell: SimpleQueue[bool] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def begin(self, signer: Signer, text: str, version: str) -> _Signature | None:
        """None where too many wait already."""
        if len(self._waiting) >= _WAITING_MAX:
            return None
        if not self._threads:
            for number in range(_THREADS):
                thread = threading.Thread(target=self._serve, name=f"sns-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
        signature = _Signature(signer, text, version)
        self._waiting.append(signature)
        self._bell.put(True)
        return signature

    def stop(self) -> None:
        for _ in self._threads:
            self._bell.put(False)
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _serve(self) -> None:
        while self._bell.get():
            # The newest first: transactions begin with the oldest. A text that cannot be encoded
            # fails again for who needs its signature.
            with suppress(ValueError):
                self._waiting.pop().make()
