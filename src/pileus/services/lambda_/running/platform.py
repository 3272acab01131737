"""Lambda's memory: what it keeps while the process lives, and how one event runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import arns, metering
from pileus.kernel.call import Call, Context
from pileus.kernel.errors import AwsError
from pileus.kernel.fleet import Failure, InvocationResult
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.functions.configurations import ALLOW_LOOPS, Function
from pileus.services.lambda_.functions.function_names import LATEST, LATEST_PUBLISHED, Named
from pileus.services.lambda_.functions.live_functions import LiveFunctions
from pileus.services.lambda_.layers import package_users
from pileus.services.lambda_.provisioned.rules import ACCOUNT_LIMIT
from pileus.services.lambda_.running import lineage, log_lines, outcomes, system_log
from pileus.services.lambda_.running.admission import Admission
from pileus.services.lambda_.running.environments import Environment, Invocation
from pileus.services.lambda_.running.figures import Figures
from pileus.services.lambda_.running.log_writer import LogWriter
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.running.pool import Pool
from pileus.services.lambda_.running.provisioning import Provisioning
from pileus.services.lambda_.running.traced import Traced
from pileus.services.lambda_.running.tracing import Tracing
from pileus.services.lambda_.snap_start import snap_start_errors
from pileus.services.lambda_.versions.routing import Alias

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel

_NAME = "lambda"
_LATEST_NAMES = ("", LATEST)
RATE_PER_CONCURRENCY = 10
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"
UNRESERVED_RATE = "FunctionInvocationRateLimitExceeded"


# Runs an event in a durable function, to the end of the execution.
RunDurable = Callable[[Call, Function, Invocation], Awaitable[Outcome]]


class Platform:
    """One for each kernel. Only for the event loop's thread."""

    # Told by the part that knows, which stands on this one.
    run_durable: RunDurable

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.functions = LiveFunctions(kernel.waiting, self._function_changed)
        self.admission = Admission()
        self.figures = Figures(kernel.metrics, self.admission)
        self.logs = LogWriter(kernel)
        self.tracing = Tracing(kernel)
        self.pool = Pool(kernel, self.logs)
        self.provisioning = Provisioning(kernel, self.pool)

    def _function_changed(self, topic: str) -> None:
        """The topic is the ARN of a function, a version or an alias."""
        named = function_names.split(topic)
        if self.pool.names_of(named.arn):
            self._kernel.tasks.start("retire environments", self._retire_old(named))

    async def _retire_old(self, changed: Named) -> None:
        call = self._call_for(changed.arn)
        latest = await self.functions.load(call, changed.arn)
        for name in self.pool.names_of(changed.arn):
            named = function_names.split(name)
            current = latest
            if latest is not None and named.qualifier:
                found = await self.functions.target(call, latest, named)
                current = found if isinstance(found, Function) else None
            self.pool.retire_old(name, current)

    def _call_for(self, arn: str) -> Call:
        parts = arns.parse(arn)
        assert parts is not None
        context = Context(parts.account, parts.region, _NAME)
        return self._kernel.call_for(context, _NAME, "Retire", arn)

    async def runnable(self, call: Call, named: Named) -> Function:
        """What runs an event for this name: $LATEST, a version, or the one an alias chooses.

        Raises AWS's error where there is none, or where no events may run in it now.
        """
        function = self.functions.known(named.arn)
        if function is None or named.qualifier not in _LATEST_NAMES:
            target = await self.target(call, named)
            while isinstance(target, Alias):
                target = await self._chosen(call, named, target)
            function = target
        if not named.qualifier and function.capacity is not None:
            return await self.runnable(call, named._replace(qualifier=LATEST_PUBLISHED))
        check_state(function)
        return function

    async def target(self, call: Call, named: Named) -> Function | Alias:
        """What a name means; raises AWS's error where there is nothing."""
        function = await self.functions.load(call, named.arn)
        found: Function | Alias | None = function
        if function is not None and named.qualifier not in _LATEST_NAMES:
            found = await self.functions.target(call, function, named)
        if found is None:
            raise errors.function_not_found(named.qualified_arn)
        return found

    async def _chosen(self, call: Call, named: Named, alias: Alias) -> Function | Alias:
        """The version for one event, or the alias as it is now if that version has gone."""
        version = alias.choose(self._kernel.ids.fraction() if alias.other else 0.0)
        try:
            return await self.target(call, named._replace(qualifier=version))
        except AwsError:
            # The alias was moved before the version could be deleted.
            now = await self.target(call, named)
            if now == alias:
                raise
            return now

    async def run(self, call: Call, function: Function, invocation: Invocation) -> Outcome:
        """Run one event in an environment; raises where it could not begin (throttles, faults)."""
        if function.durable is not None and not invocation.is_replay:
            return await self.run_durable(call, function, invocation)
        header = self._follow(function, invocation)
        account = account_of(function.arn)
        reservations = self.functions.known_reservations(account)
        if reservations is None:
            reservations = await self.functions.reservations(call, account)
        header, traced = self.tracing.begin(function, header)
        invocation = invocation._replace(trace_id=header)
        try:
            self._check_rate(function, reservations)
            was_unreserved = self.admission.enter(function, account, reservations)
        except AwsError:
            self.figures.throttled(function, invocation.invoked_arn)
            if traced:
                self.tracing.end(traced, function, invocation, None, b"")
            raise
        self.figures.began(function, invocation.invoked_arn, account, was_unreserved)
        work = self._kernel.work.begin(f"event {invocation.request_id} in {function.arn}")
        try:
            environment = await self.pool.take(call, function)
            self._note_utilization(function, invocation.invoked_arn)
            try:
                result = await environment.run(invocation)
                if self.pool.is_closed and result.failure is Failure.EXIT:
                    # We ended it, not the function.
                    raise errors.stopping()
                return self._conclude(environment, invocation, result, traced)
            finally:
                self.pool.release(environment)
        finally:
            self._kernel.work.end(work)
            self.admission.leave(function, account, was_unreserved)
            self.figures.left(account)

    def _follow(self, function: Function, invocation: Invocation) -> str:
        """The header with this run in the event's lineage; refuses what goes round in a loop."""
        header = invocation.trace_id
        if lineage.runs(header, function.arn) >= lineage.RUNS_MAX:
            latest = self.functions.known(function.arn) or function
            if latest.recursive_loop != ALLOW_LOOPS:
                self.figures.note(
                    invocation.invoked_arn, function.version, "RecursiveInvocationsDropped",
                    "Count", 1,
                )  # fmt: skip
                raise errors.recursive()
        return lineage.extended(header, function.arn)

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
        self,
        environment: Environment,
        invocation: Invocation,
        result: InvocationResult,
        traced: Traced | None,
    ) -> Outcome:
        """Write the end of the log, count what it cost, and say what came of it."""
        function, request_id = environment.function, invocation.request_id
        if environment.is_provisioned and result.init_ms is not None:
            # It was initialised before the event came: that is paid, but not by the event.
            self._count(function, result.init_ms)
            result = msgspec.structs.replace(result, init_ms=None)
        now = self._kernel.clock.now()
        outcome, line = outcomes.outcome(result, request_id, function, now)
        environment.write_end(
            system_log.end(function, request_id, result, outcome.error_type, line, traced, now), now
        )
        if traced:
            failure = outcome.payload if outcome.function_error else b""
            self.tracing.end(traced, function, invocation, result, failure)
        if sent := environment.take_segments():
            self.tracing.send(function.arn, sent)
        self.figures.ended(function, invocation.invoked_arn, result, bool(outcome.function_error))
        self._note_provisioned(environment, invocation.invoked_arn)
        self._count(function, log_lines.billed_ms(result))
        if function.is_version:
            outcome = outcome._replace(executed_version=function.version)
        if invocation.wants_tail:
            outcome = outcome._replace(log_tail=outcomes.tail(environment.take_tail()))
        return outcome

    def _note_utilization(self, function: Function, invoked_arn: str) -> None:
        """Tell how many of the environments that are kept ready are at work."""
        mine = self.pool.of(function)
        if mine.provisioned and function.capacity is None:
            count = len(mine.provisioned)
            self.figures.provisioned(invoked_arn, count - len(mine.ready), count)

    def _note_provisioned(self, environment: Environment, invoked_arn: str) -> None:
        """Tell what ran where environments are kept ready, and what found none of them free."""
        function = environment.function
        if function.capacity is not None:
            return
        if environment.is_provisioned:
            name = "ProvisionedConcurrencyInvocations"
        elif self.pool.of(function).provisioned:
            name = "ProvisionedConcurrencySpilloverInvocations"
        else:
            return
        self.figures.note(invoked_arn, function.version, name, "Count", 1)

    def show(self) -> dict[str, Any]:
        """What `/_pileus/lambda` answers."""
        functions: dict[str, Any] = self.figures.show()
        for arn, (alive, idle) in self.pool.counts().items():
            named = function_names.split(arn)
            environments = functions.setdefault(named.arn, {}).setdefault("environments", {})
            environments[named.qualifier or LATEST] = {
                "alive": alive, "idle": idle, "busy": alive - idle
            }  # fmt: skip
        return {"environments_max": self.pool.count_max, "functions": functions}

    def _count(self, function: Function, billed_ms: float) -> None:
        key = _gb_seconds(account_of(function.arn))
        self._kernel.metering.count(key, billed_ms * function.memory_mb / 1_024_000)

    async def close(self) -> None:
        await self.pool.close()
        await self.logs.close()


def check_state(function: Function) -> None:
    """Refuse an event for what cannot run it."""
    if function.state.status == "Pending" and function.is_snap_started:
        raise snap_start_errors.not_ready()
    status = function.state.status if function.capacity is None else function.status
    if status != "Active":
        raise errors.function_in_state(status)


def account_of(function_arn: str) -> str:
    """The ARN that names the account and region of a function."""
    return function_arn[: function_arn.index("function:")]


@lru_cache(maxsize=1_000)
def _gb_seconds(account_arn: str) -> metering.Key:
    parts = arns.parse(account_arn)
    assert parts is not None
    return (parts.account, parts.region, _NAME, "Invoke", "gb-seconds")


def platform_of(call: Call) -> Platform:
    found: Platform = call.kernel.memory[_NAME]
    return found


async def start(call: Call) -> None:
    call.kernel.memory[_NAME] = Platform(call.kernel)
    call.kernel.tasks.start("sweep unpacked packages", package_users.sweep(call))


async def stop(call: Call) -> None:
    await platform_of(call).close()
