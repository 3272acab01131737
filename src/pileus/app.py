"""Puts Pileus together: the only file that knows all services."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from ipaddress import ip_address
from pathlib import Path

from pileus import sdk_commands
from pileus.gateway.doors import Doors
from pileus.gateway.server import Listener, Server
from pileus.gateway.steps import Steps
from pileus.init_hooks import InitHooks
from pileus.kernel import processors
from pileus.kernel.clock import Clock
from pileus.kernel.clock_page import ClockPage
from pileus.kernel.database.migrations import NewerStore, Schema, SchemaFailed, read_schema
from pileus.kernel.database.sqlite import SqliteStore
from pileus.kernel.database.store import Store, StoreRefused, StoreSettings
from pileus.kernel.egress_addresses import closed_networks
from pileus.kernel.fleet import METADATA, SMTP_PORT, Fleet
from pileus.kernel.kernel import Kernel
from pileus.kernel.mail import read_url
from pileus.kernel.service import Service
from pileus.sandbox.fleet_local import LocalFleet
from pileus.sandbox.frames import FleetSettings
from pileus.services.cloudwatch.service import CLOUDWATCH
from pileus.services.dynamodb.service import DYNAMODB, DYNAMODB_STREAMS
from pileus.services.ecr.service import ECR
from pileus.services.efs.service import EFS
from pileus.services.events.service import EVENTS
from pileus.services.iam.service import IAM
from pileus.services.kinesis.service import KINESIS
from pileus.services.lambda_.service import LAMBDA
from pileus.services.logs.service import LOGS
from pileus.services.pipes.service import PIPES
from pileus.services.s3.service import S3
from pileus.services.scheduler.service import SCHEDULER
from pileus.services.schemas.service import SCHEMAS
from pileus.services.sns.service import SNS
from pileus.services.sqs.service import SQS
from pileus.services.sts.service import STS
from pileus.services.xray.service import XRAY
from pileus.settings import Settings

log = logging.getLogger(__name__)

SERVICES: tuple[Service, ...] = (
    CLOUDWATCH,
    DYNAMODB,
    DYNAMODB_STREAMS,
    ECR,
    EFS,
    EVENTS,
    IAM,
    KINESIS,
    LAMBDA,
    LOGS,
    PIPES,
    S3,
    SCHEDULER,
    SCHEMAS,
    SNS,
    SQS,
    STS,
    XRAY,
)

_STOP_SECONDS = 5.0


class StartRefused(Exception):
    """Pileus cannot start as asked; the message says what to do."""


class App:
    """One Pileus: a kernel with its parts, and the server in front of it."""

    def __init__(
        self,
        settings: Settings,
        *,
        services: Sequence[Service] = SERVICES,
        clock: Clock | None = None,
        fleet: Fleet | None = None,
        is_strict_store: bool = False,
    ) -> None:
        self.settings = settings
        check_smtp(settings)
        self.kernel = Kernel(settings, services, clock or Clock())
        self.kernel.store = self._make_store(is_strict_store)
        self.steps = Steps(self.kernel)
        self.server = Server(
            self.steps.handle,
            self.kernel.clock,
            self.kernel.ids.uuid,
            wants_stream=self.steps.wants_stream,
            body_limit=self.steps.body_limit,
        )
        self.doors = Doors(self.server, self.kernel.tasks)
        self.kernel.fleet = fleet if fleet is not None else self._make_fleet()
        self.init_hooks = InitHooks(self.kernel.host_url)
        self.kernel.init_hooks = self.init_hooks
        self.listener: Listener | None = None

    async def start(self) -> None:
        """Open the store, take up where an earlier process left off, listen."""
        settings = self.settings
        check_listening(settings)
        hooks = self.init_hooks
        await hooks.run("boot")
        try:
            await self.kernel.start()
        except (StoreRefused, NewerStore, SchemaFailed) as refusal:
            raise StartRefused(str(refusal)) from refusal
        await hooks.run("start")
        try:
            self.listener = await self.server.start(settings.host, settings.port)
        except OSError as error:
            await self.kernel.stop()
            raise StartRefused(
                f"Cannot listen on {settings.host}:{settings.port}: {error.strerror or error}."
            ) from error
        self.kernel.host_url = f"http://localhost:{self.listener.port}"
        self.init_hooks.endpoint_url = self.kernel.host_url
        await hooks.run("ready")
        if isinstance(self.kernel.fleet, LocalFleet):
            self.kernel.tasks.start("try a sandbox", self._try_sandbox(self.kernel.fleet))

    async def _try_sandbox(self, fleet: LocalFleet) -> None:
        """Tell early, and once, why functions will not run here."""
        if self.settings.isolation == "process":
            log.warning("functions run without isolation: --isolation process is in force")
        elif refusal := await fleet.probe():
            log.warning("%s", refusal)

    async def stop(self) -> None:
        await self.init_hooks.run("shutdown")
        await self.server.stop(_STOP_SECONDS)
        await self.kernel.stop()
        await self.kernel.fleet.close()

    def _make_fleet(self) -> Fleet:
        data = self.settings.data.resolve()
        clock_page = data / "sandbox" / "clock"
        ClockPage(clock_page, self.kernel.clock)
        fleet_settings = FleetSettings(
            state_directory=str(data / "sandbox"),
            packages_directory=str(data / "packages"),
            file_systems_directory=str(data / "file-systems"),
            clock_page=str(clock_page),
            isolation=self.settings.isolation,
            unreachable=METADATA
            + closed_networks(self.settings.host, self.settings.allowed_egress),
            closed_ports=() if self.settings.open_smtp else (SMTP_PORT,),
            node_modules=str(data / sdk_commands.PLACE / "node_modules"),
        )
        return LocalFleet(fleet_settings, self.doors.open, self.doors.close, processors.roam)

    def _make_store(self, is_strict: bool) -> Store:
        kernel, settings = self.kernel, self.settings
        store_settings = StoreSettings(
            schemas=schemas(kernel.services),
            make_transaction=kernel.make_transaction,
            on_commit=kernel.on_commit,
            is_strict=is_strict,
            store_id=kernel.ids.uuid(),
            created_at=kernel.clock.now(),
        )
        if settings.store == "sqlite":
            return SqliteStore(settings.data, store_settings, files=settings.store_files)
        try:
            from pileus.kernel.database.postgres import PostgresStore
        except ImportError as error:
            raise StartRefused(
                "A PostgreSQL store needs psycopg: install Pileus with its `cluster` extra."
            ) from error
        return PostgresStore(settings.store, store_settings)


def schemas(services: Sequence[Service]) -> list[Schema]:
    """The tables of the kernel and of every service."""
    found = [_schema("kernel", "pileus.kernel")]
    found += [_schema(service.name, service.package) for service in services if service.has_schema]
    return found


def _schema(name: str, package: str) -> Schema:
    with resources.as_file(resources.files(package) / "schema.sql") as path:
        return read_schema(name, Path(path))


def check_listening(settings: Settings) -> None:
    """Refuse to serve the neighbourhood by accident."""
    host = settings.host
    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback and not settings.insecure:
        raise StartRefused(
            f"Listening on {host} lets everybody who reaches it use every service, because IAM is "
            "not enforced. Give --insecure if that is meant, or listen on 127.0.0.1."
        )


def check_smtp(settings: Settings) -> None:
    """Refuse a mail server that cannot be meant before anything is opened."""
    try:
        if settings.smtp:
            read_url(settings.smtp)
    except ValueError as error:
        raise StartRefused(str(error)) from error


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    if sys.platform == "win32":
        asyncio.run(_serve(settings))
    else:
        import uvloop

        uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    app = App(settings)
    loop = asyncio.get_running_loop()
    if settings.one_processor:
        processors.settle()
        loop.set_default_executor(ThreadPoolExecutor(initializer=processors.roam))
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await app.start()
    # What was loaded by now stays: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.enable()
    assert app.listener is not None
    log.info("Pileus listens on http://%s:%d", settings.host, app.listener.port)
    log.info("Ready.")
    await stopping.wait()
    log.info("Stopping.")
    await app.stop()
