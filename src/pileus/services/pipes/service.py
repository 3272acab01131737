"""What EventBridge Pipes consists of: operations, rows, the pollers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Timer, Worker
from pileus.services.pipes import pipes, poller, resources, tagging
from pileus.services.pipes.resource_names import the_pipe, the_tagged_pipe

PIPES = Service(
    name="pipes",
    package=__package__,
    operations=[
        Operations(
            [
                pipes.create_pipe,
                pipes.update_pipe,
                pipes.start_pipe,
                pipes.stop_pipe,
                pipes.delete_pipe,
            ],
            about=the_pipe,
        ),
        Operations([pipes.describe_pipe], about=the_pipe, reads=True),
        Operations([pipes.list_pipes]),
        Operations([tagging.tag_resource, tagging.untag_resource], about=the_tagged_pipe),
        Operations([tagging.list_tags_for_resource], about=the_tagged_pipe, reads=True),
    ],
    timers=[Timer(pipes.STATE_TIMER, pipes.settle)],
    workers=[Worker(pipes.POLLER, poller.poll)],
    resource_types=[resources.PIPE],
)
