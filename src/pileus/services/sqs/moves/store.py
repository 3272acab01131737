"""Rows of message move tasks."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.transaction import Transaction

RUNNING = "RUNNING"
COMPLETED = "COMPLETED"
CANCELLED = "CANCELLED"
FAILED = "FAILED"


class Task(NamedTuple):
    started_at: int
    id: str
    status: str
    destination: str  # empty: each message goes back to where it came from
    per_second: int  # 0: as fast as it goes
    moved: int
    to_move: int
    failure: str


_TASK = "started_at, id, status, destination, per_second, moved, to_move, failure"
_INSERT = f"""
INSERT INTO sqs_move_tasks (part, arn, {_TASK})
VALUES (:part, :arn, :now, :id, :status, :destination, :per_second, 0, :to_move, '')
"""
_RECENT = f"""
SELECT {_TASK} FROM sqs_move_tasks WHERE part = :part AND arn = :arn
ORDER BY started_at DESC, id DESC LIMIT :limit
"""
_UPDATE = """
UPDATE sqs_move_tasks SET status = :status, moved = :moved, failure = :failure
WHERE part = :part AND arn = :arn AND started_at = :started_at AND id = :id
"""
_DELETE = """
DELETE FROM sqs_move_tasks
WHERE part = :part AND arn = :arn AND started_at = :started_at AND id = :id
"""


def insert(
    tx: Transaction, arn: str, task_id: str, destination: str, per_second: int, to_move: int
) -> None:
    tx.run(
        _INSERT, arn=arn, id=task_id, status=RUNNING, destination=destination,
        per_second=per_second, to_move=to_move,
    )  # fmt: skip


def recent(tx: Transaction, arn: str, limit: int) -> list[Task]:
    """The last tasks of a source queue, the newest first."""
    return [Task(*row) for row in tx.all(_RECENT, at_most=limit, arn=arn, limit=limit)]


def update(tx: Transaction, arn: str, task: Task) -> None:
    tx.run(
        _UPDATE, arn=arn, started_at=task.started_at, id=task.id, status=task.status,
        moved=task.moved, failure=task.failure,
    )  # fmt: skip


def delete(tx: Transaction, arn: str, task: Task) -> None:
    tx.run(_DELETE, arn=arn, started_at=task.started_at, id=task.id)
