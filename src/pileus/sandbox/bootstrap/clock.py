"""Shows a function the platform's clock instead of the machine's; monotonic time stays real.

The functions of `time` are replaced by bound methods, which behave like built-in ones when a class
keeps them as attributes. `datetime` keeps its types: only their methods that ask for the time are
replaced, so instances, subclasses, pickles and C code go on as before.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import time
from collections.abc import Callable
from time import struct_time
from typing import Any

from .clock_page import CLOCK_WORD, open_page, shifted_ns

# Where an environment finds the page, if there is one.
NANOSECONDS = 1_000_000_000
PAGE = "/var/runtime/.clock"

_real_time, _real_time_ns = time.time, time.time_ns
_real_clock_gettime, _real_clock_gettime_ns = time.clock_gettime, time.clock_gettime_ns
_real_gmtime, _real_localtime, _real_ctime = time.gmtime, time.localtime, time.ctime
_real_asctime, _real_strftime = time.asctime, time.strftime


class PlatformClock:
    """The replacements, by the names that `time` gives them."""

    def __init__(self, page: memoryview) -> None:
        self._page = page

    def time(self) -> float:
        word = self._page[CLOCK_WORD]
        return shifted_ns(word, _real_time_ns()) / NANOSECONDS if word else _real_time()

    def time_ns(self) -> int:
        word = self._page[CLOCK_WORD]
        return shifted_ns(word, _real_time_ns()) if word else _real_time_ns()

    def clock_gettime(self, clock_id: int, /) -> float:
        if clock_id == time.CLOCK_REALTIME:
            return self.time()
        return _real_clock_gettime(clock_id)

    def clock_gettime_ns(self, clock_id: int, /) -> int:
        if clock_id == time.CLOCK_REALTIME:
            return self.time_ns()
        return _real_clock_gettime_ns(clock_id)

    def gmtime(self, seconds: float | None = None, /) -> struct_time:
        return _real_gmtime(self.time() if seconds is None else seconds)

    def localtime(self, seconds: float | None = None, /) -> struct_time:
        return _real_localtime(self.time() if seconds is None else seconds)

    def ctime(self, seconds: float | None = None, /) -> str:
        return _real_ctime(self.time() if seconds is None else seconds)

    def asctime(self, *moment: Any) -> str:
        return _real_asctime(*moment or (self.localtime(),))

    def strftime(self, form: str, *moment: Any) -> str:
        return _real_strftime(form, *moment or (self.localtime(),))


def install(path: str) -> None:
    """Show the clock of the page from now on; an empty path leaves the machine's."""
    page = open_page(path) if path else None
    if page is None:
        return
    clock = PlatformClock(page)
    for name in vars(PlatformClock):
        if not name.startswith("_"):
            setattr(time, name, getattr(clock, name))
    _replace_methods(page)


def _replace_methods(page: memoryview) -> None:
    real_now = datetime.datetime.__dict__["now"]
    real_utcnow = datetime.datetime.__dict__["utcnow"]

    def now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
        word = page[CLOCK_WORD]
        if not word:
            return real_now.__get__(None, cls)(tz)
        return cls.fromtimestamp(shifted_ns(word, _real_time_ns()) / NANOSECONDS, tz)

    def utcnow(cls: Any) -> Any:
        word = page[CLOCK_WORD]
        if not word:
            return real_utcnow.__get__(None, cls)()
        return cls.utcfromtimestamp(shifted_ns(word, _real_time_ns()) / NANOSECONDS)

    def today(cls: Any) -> Any:
        return cls.fromtimestamp(time.time())

    _replace(datetime.datetime, "now", now)
    _replace(datetime.datetime, "utcnow", utcnow)
    _replace(datetime.date, "today", today)


def _replace(kind: type, name: str, function: Callable[..., Any]) -> None:
    """Change a method of a type written in C: its dictionary is only hidden, not constant."""
    (members,) = gc.get_referents(kind.__dict__)
    function.__qualname__ = f"{kind.__qualname__}.{name}"
    members[name] = classmethod(function)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def epoch_ms() -> int:
    return time.time_ns() // 1_000_000
