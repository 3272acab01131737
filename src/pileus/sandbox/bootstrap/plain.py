"""What a runtime of process mode runs first: joins its groups, then serves or execs."""

from __future__ import annotations

import json
import os
import resource
import sys

from ..isolation import linux
from . import clock, python_runtime

# A variable for this program only: functions do not see it.
SETTINGS = "PILEUS_PROCESS"
_OPEN_FILES_MAX = 1024
# How a shell would have ended.
_NOT_FOUND = 127


def main() -> None:
    """Be the runtime that the settings describe."""
    settings = json.loads(os.environ.pop(SETTINGS))
    for descriptor in settings["groups"]:
        os.write(descriptor, b"0")
        os.close(descriptor)
    os.dup2(settings["runtime"], python_runtime.RUNTIME_CONNECTION)
    os.setsid()
    if sys.platform == "linux":
        linux.die_with_parent()
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES_MAX, _OPEN_FILES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    os.chdir(os.environ["LAMBDA_TASK_ROOT"])
    os.umask(0o022)
    if settings["program"]:
        program: list[str] = settings["program"]
        try:
            os.execvpe(program[0], program, os.environ)
        except OSError as refused:
            print(f"{program[0]}: {refused.strerror}", flush=True)
            os._exit(_NOT_FOUND)
    sys.path.insert(0, settings["libraries"])
    clock.install(settings["clock_page"])
    python_runtime.serve(python_runtime.prepare())
