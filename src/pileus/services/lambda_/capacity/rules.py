"""What may run on a capacity provider, and how much of it. Pure.

docs: lambda/latest/dg/lambda-managed-instances, -capacity-providers, -runtimes, -scaling, -quotas
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.capacity import capacity_errors
from pileus.services.lambda_.functions.configurations import Capacity, Change, Function, Scaling

PROVIDERS_MAX = 1_000
MEMORY_MB_MIN = 2_048
MEMORY_MB_MAX = 32_768
TIMEOUT_SECONDS_MAX = 5_400
VCPUS_DEFAULT = 400
ENVIRONMENTS_DEFAULT = 3
ARCHITECTURE_DEFAULT = "x86_64"
OFF = Change("Deactivated")
# The worker that keeps the environments of a version.
WORKER = "lambda:managed"
_GIB_PER_VCPU_DEFAULT = 2.0
# The first runtime of each language that takes several events at a time, and how many of them for
# each vCPU where a function says nothing.
_LANGUAGES = {"python": (3.13, 16), "nodejs": (22, 64), "java": (21, 32), "dotnet": (8, 32)}
_OWN_RUNTIME, _OWN_CONCURRENCY = "provided.al2023", 8


def worker_key(version: Function) -> str:
    """A later function of the same name has other workers."""
    return f"{version.id}:{version.version}"


def capacity(config: Mapping[str, Any]) -> Capacity:
    """What a function says of its capacity."""
    found = config["LambdaManagedInstancesCapacityProviderConfig"]
    return Capacity(
        found["CapacityProviderArn"],
        found.get("PerExecutionEnvironmentMaxConcurrency", 0),
        found.get("ExecutionEnvironmentMemoryGiBPerVCpu", 0.0),
    )


def refuse(function: Function, architectures: list[str]) -> AwsError | None:
    """Why a function cannot run on a provider of these architectures; None where it can."""
    if function.image is None and _per_vcpu(function.runtime) is None:
        return capacity_errors.runtime_unsupported(function.runtime)
    if function.memory_mb < MEMORY_MB_MIN:
        return capacity_errors.memory_too_small(function.memory_mb, MEMORY_MB_MIN)
    if function.vpc is not None:
        return capacity_errors.not_with("VpcConfig")
    if function.snap_start_on != "None":
        return capacity_errors.not_with("SnapStart")
    if function.architecture not in architectures:
        return capacity_errors.architecture_differs(function.architecture)
    return None


def _per_vcpu(runtime: str) -> int | None:
    """How many events a runtime takes at a time for each vCPU; None where it takes one only."""
    if runtime == _OWN_RUNTIME:
        return _OWN_CONCURRENCY
    for language, (first, count) in _LANGUAGES.items():
        number = runtime.removeprefix(language).removesuffix(".x")
        if runtime.startswith(language) and _version(number) >= _version(str(first)):
            return count
    return None


def _version(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()


def concurrency(function: Function) -> int:
    """How many events one environment of it is meant for."""
    wanted = function.capacity
    if wanted is not None and wanted.max_concurrency:
        return wanted.max_concurrency
    ratio = (wanted.gib_per_vcpu if wanted is not None else 0) or _GIB_PER_VCPU_DEFAULT
    vcpus = max(1, int(function.memory_mb / 1024 / ratio))
    return (_per_vcpu(function.runtime) or _OWN_CONCURRENCY) * vcpus


def kept(scaling: Scaling | None) -> int:
    """How many environments of a version are kept."""
    if scaling is None:
        return ENVIRONMENTS_DEFAULT
    least = ENVIRONMENTS_DEFAULT if scaling.minimum is None else scaling.minimum
    return least if scaling.maximum is None else min(least, scaling.maximum)


def is_off(scaling: Scaling | None) -> bool:
    """docs: -scaling: none at the least and none at the most deactivates a version."""
    return scaling is not None and scaling.maximum == 0


def running_max(function: Function) -> int | None:
    """How many events a version may run at a time; None where nothing limits it but the account."""
    scaling = function.scaling
    if scaling is None or scaling.maximum is None:
        return None
    return scaling.maximum * concurrency(function)


def refuse_scaling(scaling: Scaling) -> AwsError | None:
    least, most = scaling.minimum, scaling.maximum
    if least is not None and most is not None and least > most:
        return capacity_errors.scaling_inverted()
    return None
