"""What SQS consists of: operations, rows, the target for deliveries, timers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Target, Timer
from pileus.services.sqs import (
    deposits,
    permissions,
    queue_tags,
    queues,
    receipts,
    receives,
    resources,
    sends,
    upkeep,
)
from pileus.services.sqs.fifo import attempts
from pileus.services.sqs.moves import tasks
from pileus.services.sqs.queue_urls import the_named_queue, the_queue

SQS = Service(
    name="sqs",
    package=__package__,
    operations=[
        Operations([queues.create_queue], about=the_named_queue),
        Operations([queues.get_queue_url], about=the_named_queue, reads=True),
        Operations([queues.list_queues], reads=True),
        Operations(
            [
                queues.delete_queue,
                queues.purge_queue,
                queues.set_queue_attributes,
                queues.list_dead_letter_source_queues,
                permissions.add_permission,
                permissions.remove_permission,
                queue_tags.tag_queue,
                queue_tags.untag_queue,
                sends.send_message,
                sends.send_message_batch,
                receives.receive_message,
                receipts.delete_message,
                receipts.delete_message_batch,
                receipts.change_message_visibility,
                receipts.change_message_visibility_batch,
            ],
            about=the_queue,
        ),
        Operations(
            [queues.get_queue_attributes, queue_tags.list_queue_tags], about=the_queue, reads=True
        ),
        Operations([tasks.start_message_move_task], about=tasks.the_source),
        Operations([tasks.list_message_move_tasks], about=tasks.the_source, reads=True),
        Operations([tasks.cancel_message_move_task], about=tasks.the_task),
    ],
    targets=[
        Target("sqs", accept=deposits.accept, accept_all=deposits.accept_all, refuses_cleanly=True)
    ],
    timers=[
        Timer(deposits.EXPIRE_TIMER, upkeep.expire),
        Timer(attempts.FORGET_TIMER, upkeep.forget),
        Timer(upkeep.DROP_TIMER, upkeep.drop),
        Timer(upkeep.FORGET_DELETION_TIMER, upkeep.forget_deletion),
        Timer(tasks.MOVE_TIMER, tasks.move_messages),
    ],
    resource_types=[resources.QUEUE, resources.QUEUE_POLICY],
    # docs: sqs-api-permissions-reference; a batch needs the permission of the single action.
    iam_actions={
        "SendMessageBatch": "sqs:SendMessage",
        "DeleteMessageBatch": "sqs:DeleteMessage",
        "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    },
)
