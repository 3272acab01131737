"""StartMessageMoveTask, its timer, and what asks about a task."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.kernel import arns
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import dead_letters, errors
from pileus.services.sqs import store as queue_store
from pileus.services.sqs.extras import extras_of
from pileus.services.sqs.kinds import kind_of
from pileus.services.sqs.moves import store
from pileus.services.sqs.moves.store import CANCELLED, COMPLETED, FAILED, RUNNING, Task
from pileus.services.sqs.queue_urls import name_of
from pileus.services.sqs.queues import SOURCES

if TYPE_CHECKING:
    from pileus.kernel.call import Call

MOVE_TIMER = "sqs:move"
# docs: API_StartMessageMoveTask, API_ListMessageMoveTasks
PER_SECOND_MAX = 500
LISTED_MAX = 10
_MOVED_AT_ONCE = 50


class Handle(msgspec.Struct, frozen=True, rename="camel"):
    """What a task handle says, as AWS's do too."""

    task_id: str
    source_arn: str

    def text(self) -> str:
        return base64.b64encode(msgspec.json.encode(self)).decode()


class Start(NamedTuple):
    """A StartMessageMoveTask as its transaction sees it."""

    task_id: str
    destination: str
    per_second: int


def the_source(call: Call, params: Mapping[str, Any]) -> str:
    """The dead-letter queue that a request's SourceArn names."""
    return _queue_arn("SourceArn", params["SourceArn"])


def the_task(call: Call, params: Mapping[str, Any]) -> str:
    """The dead-letter queue whose task the handle means."""
    return _handle(params["TaskHandle"]).source_arn


def _handle(text: str) -> Handle:
    try:
        handle = msgspec.json.decode(base64.b64decode(text, validate=True), type=Handle)
    except (binascii.Error, ValueError):
        handle = None
    if handle is None or arns.parse(handle.source_arn) is None:
        raise errors.invalid_parameter("Value for parameter TaskHandle is invalid.")
    return handle


def _queue_arn(parameter: str, text: str) -> str:
    parts = arns.parse(text)
    if parts is None or parts.service != "sqs" or not parts.resource:
        raise errors.invalid_parameter(
            f"You must use this format to specify the {parameter}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    return text


async def start_message_move_task(
    call: Call,
    *,
    source_arn: str,
    destination_arn: str | None = None,
    max_number_of_messages_per_second: int | None = None,
) -> dict[str, Any]:
    rate = max_number_of_messages_per_second
    if rate is not None and not 1 <= rate <= PER_SECOND_MAX:
        raise errors.invalid_value(
            "MaxNumberOfMessagesPerSecond", rate, f"Must be between 1 and {PER_SECOND_MAX}."
        )
    if not await call.read(is_there, about=source_arn):
        raise errors.no_such_resource("SourceArn")
    account = source_arn.rpartition(":")[0] + ":"
    if not await call.read(has_sources, f"{name_of(source_arn)}/", about=account):
        raise errors.invalid_parameter("Source queue must be configured as a Dead Letter Queue.")
    if destination_arn:
        await _check_destination(call, source_arn, destination_arn)
    start = Start(call.kernel.ids.uuid(), destination_arn or "", rate or 0)
    await call.transaction(begin, start, about=source_arn)
    return {"TaskHandle": Handle(start.task_id, source_arn).text()}


async def _check_destination(call: Call, source_arn: str, destination_arn: str) -> None:
    _queue_arn("DestinationArn", destination_arn)
    if source_arn == destination_arn:
        raise errors.invalid_parameter(
            "Source queue arn and destination queue arn cannot be equal."
        )
    if not await call.read(is_there, about=destination_arn):
        raise errors.no_such_resource("DestinationArn")
    if source_arn.endswith(".fifo") != destination_arn.endswith(".fifo"):
        raise errors.invalid_parameter(
            "The source queue and the destination queue must be of the same type."
        )


def is_there(tx: Transaction) -> bool:
    """Step: whether the queue that the transaction is about exists."""
    return queue_store.seek(tx, tx.about) is not None


def has_sources(tx: Transaction, prefix: str) -> bool:
    """Step about the account: whether any queue names this one as its dead-letter queue."""
    return bool(tx.listed(SOURCES, at_most=1, prefix=prefix))


def begin(tx: Transaction, start: Start) -> None:
    """Step: start the task, if the queue has none that runs."""
    arn = tx.about
    found = queue_store.seek(tx, arn)
    if found is None:
        raise errors.no_such_resource("SourceArn")
    queue, state = found
    earlier = store.recent(tx, arn, LISTED_MAX)
    if any(task.status == RUNNING for task in earlier):
        raise errors.invalid_parameter(
            "There is already a task running. Only one active task is allowed for a source queue "
            "arn at a given time."
        )
    if len(earlier) == LISTED_MAX:
        store.delete(tx, arn, earlier[-1])
    to_move = kind_of(queue).counts(tx, queue, state).visible
    store.insert(tx, arn, start.task_id, start.destination, start.per_second, to_move)
    tx.set_timer(MOVE_TIMER, arn, tx.now)


def move_messages(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: move a page of messages; as many a second as the task may."""
    tx = call.tx
    running = [task for task in store.recent(tx, key, 1) if task.status == RUNNING]
    if queue_store.seek(tx, key) is None or not running:
        return
    task = running[0]
    # At 500 a second a page of 50 is due every 100 ms, at 7 a second one of 7 every second.
    page = min(_MOVED_AT_ONCE, task.per_second or _MOVED_AT_ONCE)
    try:
        moved = _move_page(tx, task, key, page)
    except _CannotMove as obstacle:
        # The page has been undone: what stands before the obstacle is moved after all.
        moved = _move_page(tx, task, key, obstacle.moved) if obstacle.moved else 0
        failed = task._replace(status=FAILED, moved=task.moved + moved, failure=obstacle.reason)
        store.update(tx, key, failed)
        return
    task = task._replace(moved=task.moved + moved)
    if moved < page:
        store.update(tx, key, task._replace(status=COMPLETED))
        return
    store.update(tx, key, task)
    pause_ms = page * 1000 // task.per_second if task.per_second else 0
    tx.set_timer(MOVE_TIMER, key, tx.now + pause_ms)


class _CannotMove(Exception):
    """A message has nowhere to go; `moved` others could go before it."""

    def __init__(self, moved: int, reason: str) -> None:
        super().__init__(reason)
        self.moved = moved
        self.reason = reason


def _move_page(tx: Transaction, task: Task, arn: str, limit: int) -> int:
    """Move up to so many messages, or none and raise `_CannotMove`."""
    return tx.statements.savepoint(lambda: _move(tx, task, arn, limit))


def _move(tx: Transaction, task: Task, arn: str, limit: int) -> int:
    queue, state = queue_store.find(tx, arn)
    reachable: set[str] = set()
    messages = kind_of(queue).remove(tx, queue, state, limit)
    for moved, message in enumerate(messages):
        destination = task.destination or extras_of(message.extras).dead_letter_source
        if not destination:
            raise _CannotMove(moved, "CouldNotDetermineMessageSource")
        if destination not in reachable:
            if not dead_letters.is_there(tx, destination):
                raise _CannotMove(moved, "AWS.SimpleQueueService.NonExistentQueue")
            reachable.add(destination)
        dead_letters.move_back(tx, arn, destination, message)
    return len(messages)


def cancel_message_move_task(call: Call, *, task_handle: str) -> dict[str, Any]:
    handle = _handle(task_handle)
    for task in store.recent(call.tx, call.about, LISTED_MAX):
        if task.id == handle.task_id:
            if task.status != RUNNING:
                raise errors.invalid_parameter("Only active tasks can be cancelled.")
            store.update(call.tx, call.about, task._replace(status=CANCELLED))
            call.tx.finish_timer(MOVE_TIMER, call.about)
            return {"ApproximateNumberOfMessagesMoved": task.moved}
    raise errors.no_such_task()


def list_message_move_tasks(
    call: Call, *, source_arn: str, max_results: int | None = None
) -> dict[str, Any]:
    limit = 1 if max_results is None else max_results
    if not 1 <= limit <= LISTED_MAX:
        raise errors.invalid_value(
            "MaxResults", limit, f"Must be between 1 and {LISTED_MAX}, if provided."
        )
    if queue_store.seek(call.tx, call.about) is None:
        raise errors.no_such_resource("SourceArn")
    tasks = store.recent(call.tx, call.about, limit)
    return {"Results": [_result(task, source_arn) for task in tasks]} if tasks else {}


def _result(task: Task, source_arn: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "Status": task.status,
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started_at,
    }
    if task.status == RUNNING:
        result["TaskHandle"] = Handle(task.id, source_arn).text()
    if task.destination:
        result["DestinationArn"] = task.destination
    if task.per_second:
        result["MaxNumberOfMessagesPerSecond"] = task.per_second
    if task.status == FAILED:
        result["FailureReason"] = task.failure
    return result
