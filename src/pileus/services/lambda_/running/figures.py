"""What functions did: stated for CloudWatch, and the newest of it kept for `/_pileus/lambda`."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from typing import Any

from pileus.kernel.fleet import InvocationResult
from pileus.kernel.metrics import Metrics, Series
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running import metric_series
from pileus.services.lambda_.running.admission import Admission

# How many of a function's newest durations are kept, and of how many functions.
_DURATIONS_KEPT = 1_000
_FUNCTIONS_KEPT = 1_000


class _OfFunction:
    """Since the process began; only the durations are the newest."""

    __slots__ = (
        "cold_starts",
        "cpu_ms",
        "durations_ms",
        "errors",
        "init_ms",
        "invocations",
        "memory_mb_max",
        "throttles",
    )

    def __init__(self) -> None:
        self.invocations = self.errors = self.throttles = self.cold_starts = 0
        self.memory_mb_max = 0
        self.cpu_ms = 0.0
        self.durations_ms: deque[float] = deque(maxlen=_DURATIONS_KEPT)
        self.init_ms: deque[float] = deque(maxlen=_DURATIONS_KEPT)


class Figures:
    """Only for the event loop's thread."""

    def __init__(self, metrics: Metrics, admission: Admission) -> None:
        self._metrics = metrics
        self._admission = admission
        self._concurrent: Counter[str] = Counter()  # by account
        self._functions: OrderedDict[str, _OfFunction] = OrderedDict()

    def note(self, invoked_arn: str, version: str, name: str, unit: str, value: float) -> None:
        """Any other metric of a function, by CloudWatch's name: UrlRequestCount, IteratorAge."""
        self._metrics.note(metric_series.series(invoked_arn, version, name, unit), value)

    def began(
        self, function: Function, invoked_arn: str, account: str, was_unreserved: bool
    ) -> None:
        """An invocation was let in."""
        self._concurrent[account] += 1
        concurrent = metric_series.of_invocations(invoked_arn, function.version).concurrent
        total = metric_series.of_account(account, "ConcurrentExecutions")
        samples: list[tuple[Series, float]] = [
            (concurrent, self._admission.running(function.arn)),
            (total, self._concurrent[account]),
        ]
        if was_unreserved:
            unreserved = metric_series.of_account(account, "UnreservedConcurrentExecutions")
            samples.append((unreserved, self._admission.unreserved(account)))
        self._metrics.note_all(samples)

    def provisioned(self, invoked_arn: str, busy: int, environments: int) -> None:
        """An event found so many of the environments that are kept ready at work."""
        note, of_function = self._metrics.note, metric_series.of_function
        note(of_function(invoked_arn, "ProvisionedConcurrentExecutions"), busy)
        note(of_function(invoked_arn, "ProvisionedConcurrencyUtilization"), busy / environments)

    def left(self, account: str) -> None:
        self._concurrent[account] -= 1
        if not self._concurrent[account]:
            del self._concurrent[account]

    def throttled(self, function: Function, invoked_arn: str) -> None:
        """An invocation was turned away: AWS counts it neither as invocation nor as error."""
        self.note(invoked_arn, function.version, "Throttles", "Count", 1)
        self._of(function).throttles += 1

    def ended(
        self, function: Function, invoked_arn: str, result: InvocationResult, is_error: bool
    ) -> None:
        version = function.version
        of = metric_series.of_invocations(invoked_arn, version)
        duration_ms = round(result.duration_ms, 2)
        self._metrics.note_all(
            (
                (of.invocations, 1),
                (of.errors, 1 if is_error else 0),
                (of.throttles, 0),
                (of.duration, duration_ms),
            )
        )
        if result.post_runtime_ms is not None:
            extra_ms = round(result.post_runtime_ms, 2)
            name = "PostRuntimeExtensionsDuration"
            self.note(invoked_arn, version, name, "Milliseconds", extra_ms)
        mine = self._of(function)
        mine.invocations += 1
        mine.errors += is_error
        mine.cpu_ms += result.cpu_ms or 0.0
        mine.durations_ms.append(duration_ms)
        mine.memory_mb_max = max(mine.memory_mb_max, result.max_memory_mb)
        if result.init_ms is not None:
            mine.cold_starts += 1
            mine.init_ms.append(round(result.init_ms, 2))

    def _of(self, function: Function) -> _OfFunction:
        found = self._functions.get(function.arn)
        if found is None:
            found = self._functions[function.arn] = _OfFunction()
            if len(self._functions) > _FUNCTIONS_KEPT:
                self._functions.popitem(last=False)
        return found

    def show(self) -> dict[str, dict[str, Any]]:
        """By the function's ARN."""
        return {
            arn: {
                "concurrency": self._admission.running(arn),
                "invocations": found.invocations,
                "errors": found.errors,
                "throttles": found.throttles,
                "cold_starts": found.cold_starts,
                "init_ms_p50": quantile(found.init_ms, 0.5),
                "init_ms_p99": quantile(found.init_ms, 0.99),
                "duration_ms_p50": quantile(found.durations_ms, 0.5),
                "duration_ms_p99": quantile(found.durations_ms, 0.99),
                "memory_mb_max": found.memory_mb_max,
                "cpu_ms": round(found.cpu_ms, 1),
            }
            for arn, found in self._functions.items()
        }


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which so large a share of the values lies; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
