"""Transitional states of groups and pipes, played in platform time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from e2e.pipes.piping import Piping
from support.refusals import Refusal, refusal
from support.running import Running


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus"), aws_delays=True).start()
    running.freeze()
    yield running
    running.stop()


def test_a_pipe_changes_in_ten_seconds(pileus: Running, aws: Any, account: str) -> None:
    piping = Piping(pileus, aws, account)

    def state() -> str:
        return str(piping.client.describe_pipe(Name="p")["CurrentState"])

    piping.create(TargetParameters={"InputTemplate": "<$.body>"})
    piping.send("a")
    assert ("CREATING", []) == (state(), piping.bodies())
    expected = "Pipe p cannot be changed while it is CREATING."
    assert Refusal("ConflictException", expected, 409) == refusal(
        piping.client.stop_pipe, Name="p"
    )  # fmt: skip
    pileus.advance(10)
    assert ("RUNNING", ['"a"']) == (state(), piping.bodies())
    piping.client.stop_pipe(Name="p")
    assert "STOPPING" == state()
    pileus.advance(10)
    assert "STOPPED" == state()
    piping.client.delete_pipe(Name="p")
    assert "DELETING" == state()
    pileus.advance(10)
    assert [] == piping.client.list_pipes()["Pipes"]


def test_a_group_goes_in_half_a_minute(pileus: Running, aws: Any) -> None:
    client = aws("scheduler")
    client.create_schedule_group(Name="g")
    client.delete_schedule_group(Name="g")
    client.delete_schedule_group(Name="g")
    assert "DELETING" == client.get_schedule_group(Name="g")["State"]
    pileus.advance(30)
    found = [group["Name"] for group in client.list_schedule_groups()["ScheduleGroups"]]
    assert ["default"] == found
