"""How isolation is done on this machine, in words for the log and for `pileus doctor`."""

from __future__ import annotations

import sys

from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import cgroups, landlock, launch
from pileus.sandbox.networks import outside


def describe(settings: FleetSettings) -> dict[str, str]:
    """Looks and changes nothing; whether it all works is the probe's to say."""
    version = cgroups.version() if sys.platform == "linux" else 0
    groups = f"control groups, version {version}"
    found = {
        "isolation": settings.isolation,
        "memory": groups if version else "sampled during invocations",
        "cpu": groups if version else "not limited",
        "clock": "shown to Python, Node.js and Ruby functions" if settings.clock_page else "real",
    }
    if settings.isolation == "process":
        return found | {"users": "that of Pileus", "network": "the machine's own"}
    is_apart = launch.has_privilege()
    users = "one of the machine for each function" if is_apart else "that of Pileus, in namespaces"
    known = landlock.version()
    return found | {
        "users": users,
        "network": outside.describe(),
        "landlock": f"version {known}" if known else "none",
    }
