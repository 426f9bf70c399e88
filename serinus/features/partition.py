"""The newest dated folder of Parquet files, in memory, with an index from entity to rows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serinus.errors import StoreDown
from serinus.features.folder import File, Folder
from serinus.features.packing import without_nan
from serinus.features.plain import plain, texts
from serinus.features.store import Stored, Unreadable

DATE = re.compile(r"\d{4}-\d\d-\d\d")
AT = "__at"  # when a row was put, in files of ours; in others' it is when the file was written


@dataclass(frozen=True)
class Contents:
    """date: of the folder, "" when there is none; files: what it is made of."""

    date: str
    files: tuple[File, ...]


@dataclass(frozen=True)
class Partition:
    """table: the columns of all files, with AT; entities: the name in each row."""

    contents: Contents
    table: pa.Table
    entities: pa.ChunkedArray

    def get(self, entities: Sequence[str]) -> Mapping[str, Stored | Unreadable]:
        rows = {entity: self._newest(self._rows(entity)) for entity in entities}
        found: dict[str, Stored | Unreadable] = {
            entity: Unreadable(f"it stands in {len(places)} rows") for entity, places in rows.items() if len(places) > 1
        }
        single = {entity: places[0] for entity, places in rows.items() if len(places) == 1}
        records = self.table.take(pa.array(single.values(), pa.int64())).to_pylist()
        return found | dict(zip(single, map(_stored, records), strict=True))

    def all_entities(self) -> Iterator[str]:
        return iter(dict.fromkeys(self.entities.to_pylist()))

    def _newest(self, rows: list[int]) -> list[int]:
        """Pushed again on the same day, an entity stands in several files."""
        if len(rows) < 2:
            return rows
        at = {row: self.table.column(AT)[row].as_py() for row in rows}
        return [row for row in rows if at[row] == max(at.values())]

    def _rows(self, entity: str) -> list[int]:
        hashes, order = self._index
        first, last = (np.searchsorted(hashes, hash(entity), side) for side in ("left", "right"))
        return [row for row in order[first:last].tolist() if self.entities[row].as_py() == entity]

    @cached_property
    def _index(self) -> "tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.intp]]]":
        """The hash of each name, sorted, and the row it is of: a tenth of the memory that a dict of names takes."""
        hashes = np.fromiter(map(hash, self.entities.to_pylist()), np.int64, len(self.entities))
        order = np.argsort(hashes, kind="stable")
        return hashes[order], order


def newest(folder: Folder) -> Contents:
    """The latest date that has files; a folder that is just being made has none yet."""
    for date in sorted(filter(DATE.fullmatch, folder.names()), reverse=True):
        if files := folder.files(date):
            return Contents(date, tuple(sorted(files)))
    return Contents("", ())


def load(folder: Folder, contents: Contents, entity: str) -> Partition:
    tables = [_table(folder, file, entity) for file in contents.files]
    table = _together(tables, folder.where) if tables else pa.table({entity: pa.array([], pa.string()), AT: []})
    partition = Partition(contents, table.drop_columns([entity]), table.column(entity))
    partition._index  # noqa: B018  # now, not in somebody's request
    return partition


def write_rows(folder: Folder, path: str, rows: pa.Table) -> None:
    stream = pa.BufferOutputStream()
    pq.write_table(rows, stream, compression="zstd")
    folder.write(path, bytes(stream.getvalue()))


def _table(folder: Folder, file: File, entity: str) -> pa.Table:
    where = f"{folder.where}/{file.path}"
    contents = folder.read(file.path)
    try:
        table = pq.read_table(pa.BufferReader(contents), page_checksum_verification=True)
    except (pa.ArrowException, OSError):
        raise StoreDown(f"{where} is not a Parquet file, or not all of one") from None
    if entity not in table.column_names or len(set(table.column_names)) < table.num_columns:
        raise StoreDown(f"{where}: expected a column {entity}, each name once, got {', '.join(table.column_names)}")
    names = texts(table.column(entity), f"column {entity} of {where}")
    if AT not in table.column_names:
        table = table.append_column(AT, pa.array([file.modified] * table.num_rows, pa.float64()))
    rows = plain(table.drop_columns([entity]), where)
    return rows.append_column(entity, names).filter(names.is_valid())


def _together(tables: Iterable[pa.Table], where: str) -> pa.Table:
    try:
        return pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    except pa.ArrowException:
        raise StoreDown(f"{where}: the files of the newest date hold columns of one name and several kinds") from None


def _stored(record: dict[str, object]) -> Stored | Unreadable:
    at = record.pop(AT)
    if not isinstance(at, float):
        return Unreadable(f"its {AT} is no number")
    return Stored(without_nan(record), at)  # type: ignore[arg-type]  # plain() has left nothing but values
