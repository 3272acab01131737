"""What EventBridge Scheduler consists of: operations, rows, timers. No logic."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Timer
from pileus.services.scheduler import groups, resources, runs, schedules, tagging
from pileus.services.scheduler.resource_names import the_group, the_schedule, the_tagged_group

SCHEDULER = Service(
    name="scheduler",
    package=__package__,
    operations=[
        Operations(
            [schedules.create_schedule, schedules.update_schedule, schedules.delete_schedule],
            about=the_schedule,
        ),
        Operations([schedules.get_schedule], about=the_schedule, reads=True),
        Operations([schedules.list_schedules, groups.list_schedule_groups]),
        Operations(
            [groups.create_schedule_group, groups.get_schedule_group, groups.delete_schedule_group],
            about=the_group,
        ),
        Operations([tagging.tag_resource, tagging.untag_resource], about=the_tagged_group),
        Operations([tagging.list_tags_for_resource], about=the_tagged_group, reads=True),
    ],
    timers=[
        Timer(runs.RUN_TIMER, runs.run),
        Timer(runs.ATTEMPT_TIMER, runs.attempt),
        Timer(groups.DROP_TIMER, groups.drop),
        Timer(schedules.FORGET_TIMER, schedules.forget_deletions),
    ],
    resource_types=[resources.SCHEDULE, resources.SCHEDULE_GROUP],
)
