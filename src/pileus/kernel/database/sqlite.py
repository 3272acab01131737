"""The embedded store: SQLite files with one writer each and group commit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import apsw

from pileus.kernel.database.files import RealFiles
from pileus.kernel.database.jobs import PARTITIONS, Job
from pileus.kernel.database.lane import Lane
from pileus.kernel.database.migrations import migrate, store_facts
from pileus.kernel.database.place import Lock, check_file_system
from pileus.kernel.database.readers import Readers
from pileus.kernel.database.short_reads import SECONDS_MAX as SHORT_SECONDS_MAX
from pileus.kernel.database.short_reads import ShortReads
from pileus.kernel.database.sqlite_session import SqliteReader, SqliteWriter, open_connection
from pileus.kernel.database.statements import Row, StatementFailed
from pileus.kernel.database.store import Asking, StoreRefused, StoreSettings

WRITER_CACHE_KIB = 16_384
READER_CACHE_KIB = 4_096
READERS_MAX = 2


class SqliteStore(Asking):
    """Rows in `directory/store/N.sqlite`; with several files each holds a range of partitions."""

    def __init__(
        self,
        directory: Path,
        settings: StoreSettings,
        *,
        files: int = 1,
        vfs: str | None = None,
        refuses_network: bool = True,
    ) -> None:
        assert 1 <= files <= PARTITIONS
        self._directory = directory
        self._settings = settings
        self._files = files
        self._vfs = vfs
        self._refuses_network = refuses_network
        self._lock = Lock(directory / "lock")
        self._lanes: list[Lane] = []
        self._readers: list[Readers] = []
        self._short_reads: list[ShortReads] = []
        for number, parts in enumerate(self.partition_sets()):
            self._add_file(number, parts, directory / "store" / f"{number}.sqlite")

    async def start(self) -> None:
        """Take the directory, open and migrate its files, begin to serve."""
        folder = self._directory / "store"
        RealFiles().make_folder(folder)
        if self._refuses_network:
            check_file_system(folder)
        self._lock.take()
        for started, lane in enumerate(self._lanes):
            try:
                await lane.start()
            except BaseException:
                for other in self._lanes[:started]:
                    await other.stop()
                self._lock.release()
                raise

    async def stop(self) -> None:
        """Finish what was taken, close the files, let the directory go."""
        for lane in self._lanes:
            lane.refuse()
        for short_reads in self._short_reads:
            short_reads.stop()
        # The writers close last: the last to close moves the log into the file.
        for readers in self._readers:
            await readers.stop()
        for lane in self._lanes:
            await lane.stop()
        self._lock.release()

    def is_together(self, part_a: int, part_b: int) -> bool:
        """Say whether both partitions live in one file."""
        return self._files == 1 or self._file(part_a) == self._file(part_b)

    def partition_sets(self) -> Sequence[range]:
        """The partitions of each file."""
        edges = [-(-number * PARTITIONS // self._files) for number in range(self._files + 1)]
        return [range(low, high) for low, high in pairwise(edges)]

    def submit(self, job: Job) -> None:
        """Hand a job to the writer of its partition's file."""
        self._lanes[job.part * self._files // PARTITIONS].submit(job)

    def submit_read(self, job: Job) -> None:
        """Hand a job to the readers of its partition's file."""
        self._readers[job.part * self._files // PARTITIONS].submit(job)

    def submit_short_read(self, job: Job) -> None:
        """Do a job soon, on this thread."""
        self._short_reads[job.part * self._files // PARTITIONS].submit(job)

    def _file(self, part: int) -> int:
        return part * self._files // PARTITIONS

    def _add_file(self, number: int, parts: range, path: Path) -> None:
        def open_writer() -> SqliteWriter:
            connection = open_connection(
                path, vfs=self._vfs, cache_kib=WRITER_CACHE_KIB, is_reader=False
            )
            try:
                self._prepare(connection, number)
            except BaseException:
                connection.close()
                raise
            return SqliteWriter(connection, parts)

        def open_reader() -> SqliteReader:
            connection = open_connection(
                path, vfs=self._vfs, cache_kib=READER_CACHE_KIB, is_reader=True
            )
            return SqliteReader(connection, parts)

        def open_short_reader() -> SqliteReader:
            connection = open_connection(
                path, vfs=self._vfs, cache_kib=READER_CACHE_KIB, is_reader=True,
                busy_milliseconds=0,
            )  # fmt: skip
            return SqliteReader(connection, parts, SHORT_SECONDS_MAX)

        readers = Readers(
            f"reader-{number}", open_reader, self._settings, READERS_MAX, takes_turns=True
        )
        self._short_reads.append(ShortReads(open_short_reader, self._settings, readers))
        self._readers.append(readers)
        self._lanes.append(Lane(f"writer-{number}", open_writer, self._settings))

    def _prepare(self, connection: apsw.Connection, number: int) -> None:
        wanted = {
            "store_id": self._settings.store_id,
            "created_at": str(self._settings.created_at),
            "files": str(self._files),
            "file": str(number),
        }
        schemas = SqliteSchemaConnection(connection)
        migrate(schemas, self._settings.schemas, list(wanted.items()))
        found = store_facts(schemas)
        if found["files"] != wanted["files"] or found["file"] != wanted["file"]:
            raise StoreRefused(
                f"This store was made with {found['files']} files, not {self._files}: its "
                "partitions are split between them and stay so."
            )


class SqliteSchemaConnection:
    """What migrating needs, on a SQLite connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: str | int) -> list[Row]:
        """Run one statement and return its rows."""
        return list(self._connection.execute(sql, values))

    def script(self, sql: str) -> None:
        """Run several statements."""
        try:
            self._connection.execute(sql).fetchall()
        except apsw.Error as error:
            raise StatementFailed(sql, error) from error

    def begin(self) -> None:
        """Begin."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back where a transaction is open."""
        if not self._connection.get_autocommit():
            self._connection.execute("ROLLBACK")
