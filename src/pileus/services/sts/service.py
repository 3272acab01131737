"""STS, as a table."""

from __future__ import annotations

from pileus.kernel.service import Operations, Service, Timer
from pileus.services.sts import operations, sessions

STS = Service(
    name="sts",
    package=__package__,
    operations=[
        Operations(
            [
                operations.get_caller_identity,
                operations.assume_role,
                operations.get_session_token,
            ],
            about=sessions.about,
        ),
        Operations([operations.get_access_key_info], about=sessions.about, reads=True),
    ],
    timers=[Timer(sessions.FORGET, sessions.forget)],
    start=sessions.start,
)
