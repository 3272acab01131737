"""The cluster's store: PostgreSQL, served by a few lanes that share the partitions."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from pileus.kernel.database.jobs import PARTITIONS, Job
from pileus.kernel.database.lane import Lane
from pileus.kernel.database.migrations import migrate
from pileus.kernel.database.postgres_connection import Connection, open_connection
from pileus.kernel.database.postgres_dialect import schema
from pileus.kernel.database.postgres_session import PostgresReader, PostgresWriter
from pileus.kernel.database.readers import Readers
from pileus.kernel.database.statements import Row, StatementFailed
from pileus.kernel.database.store import Asking, StoreRefused, StoreSettings

LANES = 4
READERS_MAX = 4
VERSION_MIN = 150_000
MIGRATION_SECONDS_MAX = 600
# Two servers that start together must not both migrate.
MIGRATION_LOCK = 0x70696C657573

LANE_TABLES = f"""
CREATE TABLE IF NOT EXISTS pileus_partitions (part BIGINT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS pileus_lanes (lane TEXT PRIMARY KEY, batch BIGINT NOT NULL);
INSERT INTO pileus_partitions SELECT generate_series(0, {PARTITIONS - 1}) ON CONFLICT DO NOTHING;
"""


class PostgresStore(Asking):
    """Rows in one PostgreSQL database; functions of one partition run one after another."""

    def __init__(self, url: str, settings: StoreSettings, *, lanes: int = LANES) -> None:
        self._url = url
        self._settings = settings
        self._lanes = [
            Lane(f"lane-{number}", lambda: PostgresWriter(url), settings) for number in range(lanes)
        ]
        self._readers = Readers(
            "reader", lambda: PostgresReader(url), settings, READERS_MAX, takes_turns=False
        )

    async def start(self) -> None:
        """Migrate, connect the lanes, begin to serve."""
        opened: list[Lane] = []
        try:
            self._prepare()
            for lane in self._lanes:
                await lane.start()
                opened.append(lane)
        except psycopg.OperationalError as error:
            for lane in opened:
                await lane.stop()
            raise StoreRefused(f"PostgreSQL cannot be reached: {error}") from error

    async def stop(self) -> None:
        """Finish what was taken and close the connections."""
        for lane in self._lanes:
            lane.refuse()
        await self._readers.stop()
        for lane in self._lanes:
            await lane.stop()

    def is_together(self, part_a: int, part_b: int) -> bool:
        """One database holds all partitions."""
        return True

    def partition_sets(self) -> Sequence[range]:
        """One database holds all partitions."""
        return [range(PARTITIONS)]

    def submit(self, job: Job) -> None:
        """Hand a job to the lane of its partition."""
        self._lanes[job.part % len(self._lanes)].submit(job)

    def submit_read(self, job: Job) -> None:
        """Hand a job to the readers."""
        self._readers.submit(job)

    def _prepare(self) -> None:
        """Runs on the event loop's thread: nothing is served before it ends."""
        with open_connection(
            self._url, statement_milliseconds_max=MIGRATION_SECONDS_MAX * 1000
        ) as connection:
            if connection.info.server_version < VERSION_MIN:
                raise StoreRefused("Pileus needs PostgreSQL 15 or newer.")
            connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
            connection.execute(LANE_TABLES, prepare=False)
            facts = [
                ("store_id", self._settings.store_id),
                ("created_at", str(self._settings.created_at)),
            ]
            migrate(PostgresSchemaConnection(connection), self._settings.schemas, facts)


class PostgresSchemaConnection:
    """What migrating needs, on a PostgreSQL connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: str | int) -> list[Row]:
        """Run one statement and return its rows."""
        return self._connection.execute(sql.replace("?", "%s").encode(), values).fetchall()

    def script(self, sql: str) -> None:
        """Run several statements of the common dialect."""
        try:
            self._connection.execute(schema(sql).encode(), prepare=False)
        except psycopg.Error as error:
            raise StatementFailed(sql, error) from error

    def begin(self) -> None:
        """Begin."""
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Commit."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back."""
        self._connection.execute("ROLLBACK")
