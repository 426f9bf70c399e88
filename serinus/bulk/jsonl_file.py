"""A file of JSON lines as input of a job: {"features": [...], ids...} or {"name": number, ..., ids...}."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice

import orjson

from serinus.bulk.chunk import Chunk, Reading
from serinus.bulk.columns import VECTOR, Columns, Found
from serinus.bulk.json_ids import IdKind, kind_of
from serinus.bulk.jsonl_piece import JsonlPiece, Layout
from serinus.bulk.text import Text, TextFile
from serinus.errors import JobError

SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class JsonlFile:
    """Names and kinds of the ids are those of the file's first rows; a later row that differs is a bad row."""

    file: TextFile

    @property
    def format(self) -> str:
        return "jsonl.gz" if self.file.is_gzipped else "jsonl"

    @property
    def size(self) -> int:
        return self.file.stored_bytes

    @property
    def found(self) -> Found:
        names = dict.fromkeys(name for row in self._sample for name in row)
        return Found(tuple(names), vector=any(isinstance(row.get(VECTOR), list) for row in self._sample))

    def most_rows(self, columns: Columns) -> int | None:
        """How many good rows the file can hold at most, when that is known: a digit in a list, and its comma, are two
        bytes; by name, an empty object is a row of missing values."""
        return None if self.file.is_gzipped else self.size // (2 * columns.width if columns.as_vector else 3) + 1

    def count(self) -> int:
        return sum(JsonlPiece(piece).rows for piece in self.file.pieces(whole_lines))

    def chunks(self, reading: Reading) -> Iterator[Chunk]:
        kinds = {name: self._kind(name) for name in reading.columns.ids}
        layout = Layout(reading, kinds, frozenset(self.found.names))
        for index, piece in enumerate(self.file.pieces(whole_lines)):
            yield Chunk(index, piece.reached, partial(JsonlPiece(piece).contents, layout))

    def _kind(self, name: str) -> IdKind:
        return kind_of([row[name] for row in self._sample if row.get(name) is not None])

    @cached_property
    def _sample(self) -> list[dict[str, object]]:
        """The file's first rows, as far as they are objects."""
        head = self.file.head()
        lines = head[: whole_lines(head) or None].splitlines()
        rows = list(islice(_objects(lines), SAMPLE_ROWS))
        if not rows:
            raise JobError(f"{self.file.path} holds no JSON object among its first lines")
        return rows


def whole_lines(text: Text) -> int:
    return text.rfind(b"\n") + 1


def _objects(lines: list[bytes]) -> Iterator[dict[str, object]]:
    for line in lines:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(row, dict):
            yield json.loads(line)  # orjson makes floats of integers of more than 64 bits
