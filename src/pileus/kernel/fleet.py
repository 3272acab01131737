"""The interface to execution environments: what a Lambda-like service asks of a sandbox host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

# Where clouds give credentials to whoever asks from the machine: link-local addresses, EC2's by
# IPv6, Alibaba's, Azure's.
METADATA = ("169.254.0.0/16", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32")
# docs: lambda/latest/dg/troubleshooting-networking: AWS lets no function out by port 25.
SMTP_PORT = 25


class Network(StrEnum):
    """What an environment may reach besides the Runtime API and the Pileus endpoint."""

    PUBLIC = "public"
    # A network of the user's own, with nothing in it and no way out.
    VPC = "vpc"
    ISOLATED = "isolated"


class ImageProgram(msgspec.Struct, frozen=True):
    """What an environment of a container image runs; its tree is the image's own."""

    command: list[str]
    working_directory: str


class Mount(msgspec.Struct, frozen=True):
    """A directory of a shared file system that an environment may write."""

    file_system: str  # its id
    path: str  # within the file system: "/" or "/some/directory"
    target: str  # "/mnt/name"
    # What a directory that is missing is made with; None: it must be there.
    permissions: int | None = None


class EnvironmentSpec(msgspec.Struct, frozen=True):
    """All that a host must know to start one environment; crosses the socket to the host."""

    environment_id: str
    function_arn: str
    runtime: str  # AWS's name: "python3.12", "nodejs20.x"
    handler: str
    memory_mb: int
    ephemeral_mb: int
    timeout_seconds: int
    variables: dict[str, str]  # complete: AWS_LAMBDA_*, credentials, user's own
    code_path: str  # unpacked package, read-only from inside as /var/task
    layer_paths: tuple[str, ...]  # merged to /opt in this order
    network: Network = Network.PUBLIC
    # `code_path` is then the image's tree, and there are no layers.
    image: ImageProgram | None = None
    mounts: tuple[Mount, ...] = ()
    # After INIT it waits to be restored by its first event: SnapStart.
    is_snap_started: bool = False


class Failure(StrEnum):
    """Why an environment or an invocation ended without a result of its own."""

    NONE = ""
    ERROR = "error"  # the handler raised; payload is the error document
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    EXIT = "exit"  # the process ended; exit_reason tells how
    INIT_ERROR = "init-error"  # module code raised or handler missing; payload is the document
    INIT_TIMEOUT = "init-timeout"
    FAULT = "fault"  # the platform found what is wrong, such as no bootstrap; payload says what
    # Of a SnapStart environment, before it took its first event; payload may be a document.
    RESTORE_ERROR = "restore-error"
    RESTORE_TIMEOUT = "restore-timeout"


class InvocationResult(msgspec.Struct, frozen=True):
    """What came of one invocation. Durations in milliseconds of real time."""

    failure: Failure
    payload: bytes  # the function's answer or the error document
    duration_ms: float
    max_memory_mb: int
    # Only on the first invocation of an environment.
    init_ms: float | None = None
    exit_reason: str = ""  # "exit status 1", "signal: killed"
    # False where the environment died with this invocation and must not be used again.
    is_reusable: bool = True
    # False where the environment had died before it took the event: it can run elsewhere.
    has_begun: bool = True
    # Of that memory, what other environments have at the same time.
    shared_memory_mb: int = 0
    # How long extensions went on after the runtime had answered; None without such.
    post_runtime_ms: float | None = None
    # Of all processes since the last invocation ended; None where nobody counts it.
    cpu_ms: float | None = None
    # Only on the first invocation of a SnapStart environment, which then has no `init_ms`.
    restore_ms: float | None = None


class Prepared(msgspec.Struct, frozen=True):
    """What came of the INIT of a SnapStart environment."""

    failure: Failure = Failure.NONE
    payload: bytes = b""  # the error document, if there is one
    init_ms: float = 0.0


class LogLine(msgspec.Struct, frozen=True):
    """One line that a function wrote; `at` is the platform's clock, epoch milliseconds."""

    at: int
    text: str
    # Written during INIT: it belongs to no invocation.
    is_init: bool = False
    # No line of the log, but a segment that was sent to the X-Ray daemon.
    is_segment: bool = False


class StartFailure(Exception):
    """The sandbox itself could not be made (no interpreter, limits, host gone): not user code."""


class Installed(msgspec.Struct, frozen=True):
    """A package that was unpacked: where, and how many bytes its files take."""

    code_path: str
    unpacked_bytes: int


class ImageLayer(NamedTuple):
    """One layer of a container image, the lowest first."""

    read: Callable[[], AsyncIterator[bytes]]
    is_compressed: bool  # by gzip
    diff_id: str  # the digest of the uncompressed layer, as the image's configuration says


class BadPackage(Exception):
    """Not a zip, or one that must not be unpacked (path traversal, links that lead outside)."""


class PackageTooLarge(Exception):
    """The package would take more bytes when unpacked than AWS allows: 250 MB, images 10 GB."""


OnOutput = Callable[[Sequence[LogLine]], None]


class Sink(Protocol):
    """Takes a streamed answer while it comes. Nothing is called after the invocation's result."""

    def begin(self, content_type: str, on_taken: Callable[[int], None]) -> None:
        """The function has begun to answer. Whoever reads on calls `on_taken` with the number of
        bytes that it took: the function waits where too many of them are on their way.
        """
        ...

    def put(self, piece: bytes) -> None: ...


class Environment(Protocol):
    """One sandbox: takes one invocation at a time."""

    @property
    def environment_id(self) -> str: ...

    @property
    def is_alive(self) -> bool: ...

    async def invoke(
        self,
        request_id: str,
        payload: bytes,
        *,
        deadline_ms: int,
        timeout_seconds: float,
        trace_id: str,
        client_context: str | None = None,
        invoked_arn: str = "",
        sink: Sink | None = None,
    ) -> InvocationResult:
        """Run one event. The first call waits for INIT; output is reported before it returns.

        A function that streams its answer streams it into `sink`, where there is one; its result
        then has no payload but an error document. Others answer with their result alone.

        `deadline_ms` is what the function is told (platform clock); `timeout_seconds` is the real
        time after which the host kills the tree.
        """
        ...

    async def prepared(self) -> Prepared:
        """Wait for the end of INIT; only where the spec is snap-started."""
        ...

    def expire(self) -> None:
        """End the running invocation as a timeout now: its virtual deadline has passed."""
        ...

    async def stop(self) -> None:
        """SHUTDOWN: end the tree. Returns when no process of it is left."""
        ...


class Fleet(Protocol):
    """Starts environments somewhere: on this machine, later on chosen nodes."""

    async def start(
        self, spec: EnvironmentSpec, on_output: OnOutput, on_exit: Callable[[], None]
    ) -> Environment:
        """Create an environment; returns once its process exists, INIT may still run.

        Raises StartFailure. `on_exit` is called once if the environment ends unasked.
        """
        ...

    def installed(self, digest: str) -> Installed | None:
        """What an earlier `install` of the package with this SHA-256 (hexadecimal) left here."""
        ...

    async def install(self, digest: str, package: bytes) -> Installed:
        """Unpack a zip so that environments can mount it; again for a known digest: no work.

        Raises BadPackage or PackageTooLarge, and then leaves nothing behind.
        """
        ...

    def packages(self) -> list[str]:
        """The digests of all packages that are unpacked here."""
        ...

    async def remove(self, digest: str) -> None:
        """Remove an unpacked package, as soon as no environment uses it; a later `install` wins."""
        ...

    async def install_image(self, digest: str, layers: Sequence[ImageLayer]) -> Installed:
        """Merge an image's layers to a tree that environments have as their root; once for each
        digest of a manifest. It is found and removed like a package.

        Raises BadPackage or PackageTooLarge, and then leaves nothing behind.
        """
        ...

    async def remove_file_system(self, file_system: str) -> None:
        """Remove all files of a shared file system; one that is not there is no error."""
        ...

    def describe(self) -> dict[str, str]:
        """How isolation is done here (cgroups, uids, network), for log and doctor."""
        ...

    def runtimes(self) -> dict[str, str]:
        """AWS runtime names that can run here, each with the interpreter it is mapped to."""
        ...

    async def close(self) -> None: ...
