"""Features in Parquet files, `<root>/<YYYY-MM-DD>/<any name>.parquet`: the newest date counts, and is in memory.

A date holds all entities, not just those that are new. So what is put goes to the newest date in a file of its own, or,
on a later day, to a new date that begins with what the one before it held. No reader ever sees a part of either.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from serinus.errors import StoreDown
from serinus.features.folder import Folder
from serinus.features.partition import AT, Partition, load, newest, write_rows
from serinus.features.store import Stored, Unreadable


@dataclass(frozen=True)
class Freshness:
    """In seconds. look_s: until we look for a newer date; trust_s: how long what is in memory counts if that fails;
    wait_s: how long a request waits for it."""

    look_s: float
    trust_s: float
    wait_s: float


class ParquetStore:
    def __init__(
        self, folder: Folder, entity: str, freshness: Freshness, clock: Callable[[], float], aside: Executor
    ) -> None:
        self._folder = folder
        self._entity = entity
        self._freshness = freshness
        self._clock = clock
        self._aside = aside
        self._lock = threading.Lock()
        self._looking: Future[Partition] | None = None
        self._partition: Partition | None = None
        self._looked = float("-inf")
        self._has_failed = False

    def get(self, entities: Sequence[str]) -> Mapping[str, Stored | Unreadable]:
        return self._something().get(entities)

    def entities(self) -> Iterator[str]:
        return self._something().all_entities()

    def ping(self) -> None:
        """Also reads what is to be read, however long that takes."""
        self._look().result()
        self._something()

    def put(self, records: Mapping[str, Stored]) -> None:
        if not records:
            return
        before = self._look().result()
        date = max(before.contents.date, _date(max(stored.at for stored in records.values())))
        if before.contents.date not in ("", date):
            rows = before.table.append_column(self._entity, before.entities)
            write_rows(self._folder, f"{date}/carried-over.parquet", rows)
        write_rows(self._folder, f"{date}/pushed-{_digest(records)}.parquet", self._rows(records))
        self._looked = float("-inf")  # what is in memory is the past

    def _something(self) -> Partition:
        """Nothing at all is more likely a wrong address than a place where nobody has features yet."""
        partition = self._current()
        if not partition.contents.date:
            raise StoreDown(f"{self._folder.where} holds no folder such as 2026-01-31 with Parquet files")
        return partition

    def _current(self) -> Partition:
        age, partition = self._clock() - self._looked, self._partition
        if partition is not None and age < self._freshness.look_s:
            return partition
        looking = self._look()
        if partition is not None and age < self._freshness.trust_s:
            return partition
        try:
            return looking.result(self._freshness.wait_s)
        except Late:
            if partition is None or self._has_failed:
                raise StoreDown(f"{self._folder.where} is still being read") from None
            return partition  # nobody had asked for long; who asks next is answered from what is being read

    def _look(self) -> "Future[Partition]":
        """One thread looks, aside, for all who want to know."""
        with self._lock:
            if self._looking is None or self._looking.done():
                self._looking = self._aside.submit(self._refresh)
            return self._looking

    def _refresh(self) -> Partition:
        looked = self._clock()
        try:
            partition = self._newest()
        except StoreDown:
            self._has_failed = True
            raise
        self._partition, self._looked, self._has_failed = partition, looked, False
        return partition

    def _newest(self) -> Partition:
        contents, partition = newest(self._folder), self._partition
        if partition is not None and partition.contents == contents:
            return partition
        return load(self._folder, contents, self._entity)

    def _rows(self, records: Mapping[str, Stored]) -> pa.Table:
        names = dict.fromkeys(name for stored in records.values() for name in stored.values)
        columns = {name: [stored.values.get(name) for stored in records.values()] for name in names}
        return pa.table(
            {
                self._entity: pa.array(records, pa.string()),
                **{name: pa.array(values) for name, values in columns.items()},
                AT: pa.array([stored.at for stored in records.values()], pa.float64()),
            }
        )


def _digest(records: Mapping[str, Stored]) -> str:
    """The same entities, the same file: pushed again, it takes the place of what it was."""
    return hashlib.sha256("\n".join(sorted(records)).encode()).hexdigest()[:16]


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
