"""Operations whose transactions had to wait for what was prepared."""

from __future__ import annotations

from typing import Any

from pileus.kernel import dispatch
from pileus.kernel.database.jobs import Job
from pileus.kernel.errors import service_unavailable


def test_who_waited_is_told_when_the_store_takes_no_more() -> None:
    told: list[tuple[Any, BaseException | None]] = []
    refusal = service_unavailable("The store is stopping.")
    job = Job(lambda tx: None, (), 0, "queue", lambda result, error: told.append((result, error)))

    def refuse(job: Job) -> None:
        raise refusal

    dispatch.go_on(refuse, job)
    assert [(None, refusal)] == told
