"""Which functions a capacity provider runs, and how much of them."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.services.lambda_.capacity import rules
from pileus.services.lambda_.functions.configurations import Capacity, Function, Scaling


def a_function(**changes: Any) -> Function:
    settings: dict[str, Any] = {
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "name": "f", "id": "1",
        "revision_id": "1", "modified_at": 0, "runtime": "python3.13", "handler": "index.handler",
        "role": "role", "code_digest": "", "code_sha256": "", "code_size": 0, "memory_mb": 2048,
        "capacity": Capacity("provider"),
    }  # fmt: skip
    return Function(**settings | changes)


@pytest.mark.parametrize(
    "runtime",
    ["python3.13", "python3.14", "nodejs22.x", "nodejs24.x", "java21", "java25", "dotnet8",
     "dotnet10", "provided.al2023"],
)  # fmt: skip
def test_newer_runtimes_run_on_a_provider(runtime: str) -> None:
    assert rules.refuse(a_function(runtime=runtime), ["x86_64"]) is None


@pytest.mark.parametrize(
    "runtime",
    ["python3.9", "python3.12", "nodejs20.x", "java17", "java8.al2", "dotnet6", "provided.al2",
     "ruby3.4", "go1.x"],
)  # fmt: skip
def test_older_runtimes_do_not(runtime: str) -> None:
    refused = rules.refuse(a_function(runtime=runtime), ["x86_64"])
    assert refused is not None
    assert f"Runtime {runtime} is not supported" in refused.message


@pytest.mark.parametrize(
    ("runtime", "memory_mb", "capacity", "expected"),
    [
        ("python3.13", 2048, Capacity("p"), 16),
        ("python3.13", 8192, Capacity("p"), 64),
        ("python3.13", 8192, Capacity("p", gib_per_vcpu=8.0), 16),
        ("nodejs22.x", 2048, Capacity("p"), 64),
        ("java21", 4096, Capacity("p", gib_per_vcpu=4.0), 32),
        ("python3.13", 8192, Capacity("p", max_concurrency=5), 5),
    ],
)
def test_an_environment_is_meant_for_so_many_events(
    runtime: str, memory_mb: int, capacity: Capacity, expected: int
) -> None:
    function = a_function(runtime=runtime, memory_mb=memory_mb, capacity=capacity)
    assert expected == rules.concurrency(function)


@pytest.mark.parametrize(
    ("scaling", "kept", "is_off"),
    [
        (None, 3, False),
        (Scaling(minimum=5), 5, False),
        (Scaling(minimum=0, maximum=4), 0, False),
        (Scaling(maximum=2), 2, False),
        (Scaling(maximum=9), 3, False),
        (Scaling(minimum=0, maximum=0), 0, True),
    ],
)
def test_so_many_environments_are_kept(scaling: Scaling | None, kept: int, is_off: bool) -> None:
    assert (kept, is_off) == (rules.kept(scaling), rules.is_off(scaling))


def test_events_are_limited_only_by_the_most_environments() -> None:
    assert rules.running_max(a_function()) is None
    assert rules.running_max(a_function(scaling=Scaling(minimum=1))) is None
    limited = a_function(scaling=Scaling(maximum=3), capacity=Capacity("p", max_concurrency=4))
    assert 12 == rules.running_max(limited)
