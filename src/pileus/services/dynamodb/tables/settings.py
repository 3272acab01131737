"""A table's settings as they are kept, and what follows from them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from pileus.services.dynamodb.table_names import name_of

PAY_PER_REQUEST, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
ACTIVE, CREATING, UPDATING, DELETING = "ACTIVE", "CREATING", "UPDATING", "DELETING"


class Throughput(msgspec.Struct, frozen=True):
    """Provisioned capacity units, and when they were changed last (0: never)."""

    read: int = 0
    write: int = 0
    increased_at: int = 0
    decreased_at: int = 0
    # How often it fell on the UTC day of the last time.
    decreases: int = 0


class Index(msgspec.Struct, frozen=True, dict=True):
    name: str
    number: int
    is_global: bool
    partition_key: str
    sort_key: str | None
    projection: str  # ALL, KEYS_ONLY, INCLUDE
    included: tuple[str, ...] = ()
    throughput: Throughput = Throughput()
    on_demand: dict[str, int] | None = None
    status: str = ACTIVE
    is_filling: bool = False
    warm: dict[str, int] | None = None
    # Of a global index whose keys have several attributes: those behind the first.
    more_partition_keys: tuple[str, ...] = ()
    more_sort_keys: tuple[str, ...] = ()

    @cached_property
    def partition_keys(self) -> tuple[str, ...]:
        return (self.partition_key, *self.more_partition_keys)

    @cached_property
    def sort_keys(self) -> tuple[str, ...]:
        return () if self.sort_key is None else (self.sort_key, *self.more_sort_keys)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return self.partition_keys + self.sort_keys

    @property
    def has_several(self) -> bool:
        """Whether a key of it has several attributes."""
        return bool(self.more_partition_keys or self.more_sort_keys)

    def attributes(self, table: Table) -> frozenset[str] | None:
        """What it has of an item; None for all."""
        if self.projection == "ALL":
            return None
        return frozenset({*self.keys, *table.keys, *self.included})


class Stream(msgspec.Struct, frozen=True):
    """The latest stream; `is_on` says whether records are written."""

    number: int
    label: str
    view: str
    is_on: bool


class Policy(msgspec.Struct, frozen=True):
    text: str
    revision_id: str


class Insights(msgspec.Struct, frozen=True):
    """Contributor insights of a table or an index."""

    mode: str
    updated_at: int
    created_at: int


class Destination(msgspec.Struct, frozen=True):
    """A Kinesis stream that is told of changes; `problem` says why it could not be enabled."""

    stream_arn: str
    status: str
    precision: str
    problem: str = ""

    @property
    def is_told(self) -> bool:
        return self.status in (ACTIVE, UPDATING)


class Replica(msgspec.Struct, frozen=True):
    """Another region's table of the same global table; `settings` is what was asked for it."""

    region: str
    status: str
    settings: dict[str, Any] = {}

    @property
    def is_told(self) -> bool:
        return self.status in (CREATING, ACTIVE, UPDATING)


class Restored(msgspec.Struct, frozen=True):
    """What a table was made of."""

    table_arn: str
    backup_arn: str
    at: int
    is_going_on: bool


class Table(msgspec.Struct, frozen=True, dict=True):
    """A table's settings, as they were at one revision.

    What follows from them is worked out once: each request asks for it.
    """

    arn: str
    number: int
    id: str
    created_at: int
    types: dict[str, str]
    partition_key: str
    sort_key: str | None
    billing: str
    throughput: Throughput
    indexes: tuple[Index, ...] = ()
    status: str = ACTIVE
    stream: Stream | None = None
    table_class: str = ""
    class_changed_at: tuple[int, ...] = ()
    is_protected: bool = False
    sse: dict[str, Any] | None = None
    on_demand: dict[str, int] | None = None
    on_demand_since: int = 0
    # When it became one on demand lately.
    on_demand_switches: tuple[int, ...] = ()
    # What was asked for; see capacity_changes.
    warm: dict[str, int] | None = None
    policy: Policy | None = None
    ttl_attribute: str = ""
    is_ttl_on: bool = False
    # Names the expiries that count: taken anew each time.
    ttl_number: int = 0
    ttl_changed_at: int = 0
    # By the index's name; the table's own are named "".
    insights: dict[str, Insights] = {}
    # Days that can be restored; 0 without point-in-time recovery.
    recovery_days: int = 0
    recovers_since: int = 0
    # Names the recorded changes; 0 where none are.
    changes: int = 0
    destinations: tuple[Destination, ...] = ()
    # The other members of a global table, and what names the versions of its items.
    replicas: tuple[Replica, ...] = ()
    versions: int = 0
    # When it became a member by CreateGlobalTable, as in 2017; 0 for never.
    linked_at: int = 0
    # Auto scaling that was asked for; see replicas.scaling.
    scaling: dict[str, dict[str, Any]] = {}
    # Of a table that was restored: RestoreSummary.
    restored: Restored | None = None

    @cached_property
    def name(self) -> str:
        return name_of(self.arn)

    @cached_property
    def partition_keys(self) -> tuple[str, ...]:
        return (self.partition_key,)

    @cached_property
    def sort_keys(self) -> tuple[str, ...]:
        return () if self.sort_key is None else (self.sort_key,)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return self.partition_keys + self.sort_keys

    @cached_property
    def stream_arn(self) -> str:
        return f"{self.arn}/stream/{self.stream.label}" if self.stream is not None else ""

    @cached_property
    def tells_changes(self) -> bool:
        """Whether anybody is told of what changes."""
        if self.changes or (self.stream is not None and self.stream.is_on):
            return True
        return any(each.is_told for each in self.destinations)

    @cached_property
    def is_followed(self) -> bool:
        """Whether a write of an item is a write of something else too."""
        return bool(self.indexes or self.is_ttl_on or self.replicas or self.tells_changes)

    @cached_property
    def indexes_by_name(self) -> tuple[Index, ...]:
        return tuple(sorted(self.indexes, key=lambda index: index.name))

    def index(self, name: str) -> Index | None:
        return next((index for index in self.indexes if index.name == name), None)

    def destination(self, stream_arn: str) -> Destination | None:
        return next((each for each in self.destinations if each.stream_arn == stream_arn), None)

    def with_destination(self, changed: Destination) -> Table:
        """The same table, where a destination that it has is as given."""
        every = tuple(
            changed if each.stream_arn == changed.stream_arn else each for each in self.destinations
        )
        return msgspec.structs.replace(self, destinations=every)

    def replica(self, region: str) -> Replica | None:
        return next((each for each in self.replicas if each.region == region), None)

    def changed_replica(self, changed: Replica) -> Table:
        """The same table, where a replica that it has is as given."""
        every = tuple(changed if each.region == changed.region else each for each in self.replicas)
        return msgspec.structs.replace(self, replicas=every)

    def with_index(self, changed: Index) -> Table:
        """The same table, where an index is as given; it may be new."""
        others = [index for index in self.indexes if index.name != changed.name]
        return msgspec.structs.replace(self, indexes=(*others, changed))

    def without_index(self, name: str) -> Table:
        left = tuple(index for index in self.indexes if index.name != name)
        return msgspec.structs.replace(self, indexes=left)
