"""What follows from a change to an object inside S3: it is told, planned for, replicated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.services.s3.lifecycle import agenda
from pileus.services.s3.notifications import announcements
from pileus.services.s3.replication import queues

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.s3.changes import ObjectChanged
    from pileus.services.s3.store import Bucket

_FOLLOWERS = (announcements.tell, agenda.note, queues.note)
_KINDS = (announcements.KIND, agenda.KIND, queues.KIND)


def are_there(bucket: Bucket) -> bool:
    """Whether anything may follow from changes in a bucket."""
    return any(bucket.has_setting(kind) for kind in _KINDS)


def follow(call: Call, fact: ObjectChanged) -> None:
    """Listener: each change is announced once, since that costs more than most that follows."""
    for note in _FOLLOWERS:
        note(call, fact)
