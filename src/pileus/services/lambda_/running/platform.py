"""Lambda's memory: what it keeps while the process lives, and how one event runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pileus.kernel import arns
from pileus.kernel.call import Call, Context
from pileus.kernel.fleet import Failure, InvocationResult
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions.concurrency import ACCOUNT_LIMIT
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import Named
from pileus.services.lambda_.functions.live_functions import LiveFunctions
from pileus.services.lambda_.running import log_lines, outcomes
from pileus.services.lambda_.running.admission import Admission
from pileus.services.lambda_.running.environments import Environment, Invocation
from pileus.services.lambda_.running.log_writer import LogWriter
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.running.pool import Pool

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel

_NAME = "lambda"
RATE_PER_CONCURRENCY = 10
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"
UNRESERVED_RATE = "FunctionInvocationRateLimitExceeded"


class Platform:
    """One for each kernel. Only for the event loop's thread."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.functions = LiveFunctions(kernel.waiting, self._function_changed)
        self.admission = Admission()
        self.logs = LogWriter(kernel)
        self.pool = Pool(kernel, self.logs)

    def _function_changed(self, arn: str) -> None:
        if self.pool.has(arn):
            self._kernel.tasks.start("retire environments", self._retire_old(arn))

    async def _retire_old(self, arn: str) -> None:
        call = self._call_for(arn)
        self.pool.retire_old(arn, await self.functions.load(call, arn))

    def _call_for(self, arn: str) -> Call:
        parts = arns.parse(arn)
        assert parts is not None
        context = Context(parts.account, parts.region, _NAME)
        return self._kernel.call_for(context, _NAME, "Retire", arn)

    async def runnable(self, call: Call, named: Named) -> Function:
        """The function, if events may run in it now."""
        function = self.functions.known(named.arn)
        if function is None:
            function = await self.functions.load(call, named.arn)
        if function is None:
            raise errors.function_not_found(named.qualified_arn)
        if function.state.status == "Pending":
            raise errors.function_in_state("Pending")
        return function

    async def run(self, call: Call, function: Function, invocation: Invocation) -> Outcome:
        """Run one event in an environment; raises where it could not begin (throttles, faults)."""
        account = account_of(function.arn)
        reservations = self.functions.known_reservations(account)
        if reservations is None:
            reservations = await self.functions.reservations(call, account)
        self._check_rate(function, reservations)
        was_unreserved = self.admission.enter(function, account, reservations)
        try:
            with self._kernel.work.running(f"event {invocation.request_id} in {function.arn}"):
                environment = await self.pool.take(call, function)
                try:
                    result = await environment.run(invocation)
                    if self.pool.is_closed and result.failure is Failure.EXIT:
                        # We ended it, not the function.
                        raise errors.stopping()
                    return self._conclude(environment, invocation, result)
                finally:
                    self.pool.release(environment)
        finally:
            self.admission.leave(function, account, was_unreserved)

    def _check_rate(self, function: Function, reservations: Mapping[str, int]) -> None:
        """AWS takes ten times the concurrency in a second; not enforced by default.

        docs: lambda/latest/dg/gettingstarted-limits, function-level limits
        """
        quotas = self._kernel.quotas
        if not quotas.is_enforced:
            return
        reserved = reservations.get(function.name)
        concurrency = ACCOUNT_LIMIT - sum(reservations.values()) if reserved is None else reserved
        rate = concurrency * RATE_PER_CONCURRENCY
        if rate and not quotas.allows(f"lambda:{function.arn}", rate, self._kernel.clock.now()):
            raise errors.throttled(RESERVED_RATE if reserved is not None else UNRESERVED_RATE)

    def _conclude(
        self, environment: Environment, invocation: Invocation, result: InvocationResult
    ) -> Outcome:
        """Write the end of the log, count what it cost, and say what came of it."""
        function, request_id = environment.function, invocation.request_id
        outcome, line = outcomes.outcome(result, request_id, function, self._kernel.clock.now())
        if line:
            environment.write(line)
        environment.write(log_lines.end(request_id))
        environment.write(log_lines.report(request_id, function, result, outcome.error_type))
        environment.log.flush_soon()
        parts = arns.parse(function.arn)
        assert parts is not None
        megabyte_ms = log_lines.billed_ms(result) * function.memory_mb
        self._kernel.metering.count(
            (parts.account, parts.region, _NAME, "Invoke", "gb-seconds"), megabyte_ms / 1_024_000
        )
        if invocation.wants_tail:
            outcome = outcome._replace(log_tail=outcomes.tail(environment.take_tail()))
        return outcome

    async def close(self) -> None:
        await self.pool.close()
        await self.logs.close()


def account_of(function_arn: str) -> str:
    """The ARN that names the account and region of a function."""
    return function_arn[: function_arn.index("function:")]


def platform_of(call: Call) -> Platform:
    found: Platform = call.kernel.memory[_NAME]
    return found


async def start(call: Call) -> None:
    call.kernel.memory[_NAME] = Platform(call.kernel)


async def stop(call: Call) -> None:
    await platform_of(call).close()
