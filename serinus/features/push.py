"""Puts the rows of a file into a store, some at a time, and keeps a journal of how far it got."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol, Self

import orjson

from serinus.errors import InputError
from serinus.features.chunks import in_chunks
from serinus.features.rows import Row, Rows
from serinus.features.store import FeatureStore, Stored, Value

MOST_NAMED = 20


@dataclass(frozen=True)
class Survey:
    """repeated: the numbers of the rows whose entity stands in another row, too: which of them is right?"""

    rows: int
    repeated: tuple[int, ...]


@dataclass(frozen=True)
class Done:
    """place: where reading goes on; named: the first of the bad rows, each with its number and what is wrong."""

    survey: Survey
    at: float
    place: int = 0
    rows: int = 0
    pushed: int = 0
    bad: int = 0
    named: tuple[str, ...] = ()

    def after(self, place: int, rows: int, pushed: int, bad: list[str]) -> Self:
        return replace(
            self,
            place=place,
            rows=self.rows + rows,
            pushed=self.pushed + pushed,
            bad=self.bad + len(bad),
            named=(*self.named, *bad)[:MOST_NAMED],
        )


@dataclass(frozen=True)
class Journal:
    """file: next to what is pushed; job: another job's journal counts for nothing."""

    file: Path
    job: str

    def read(self) -> Done | None:
        try:
            kept = orjson.loads(self.file.read_bytes())
            done = kept["done"]
            survey = Survey(done["survey"]["rows"], tuple(done["survey"]["repeated"]))
            return (
                Done(**{**done, "survey": survey, "named": tuple(done["named"])}) if kept["job"] == self.job else None
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None  # then all is pushed, once more perhaps, which does no harm

    def write(self, done: Done) -> None:
        scratch = self.file.with_name(f"{self.file.name}.new")
        with suppress(OSError):  # next to a file that is only ours to read: then each push is one from the start
            scratch.write_bytes(orjson.dumps({"job": self.job, "done": asdict(done)}))
            scratch.replace(self.file)

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)


class Form(Protocol):
    """InputError when a row is no good."""

    def entity_in(self, row: Mapping[str, object], *, as_text: bool) -> str: ...
    def values_in(self, row: Mapping[str, object], *, as_text: bool) -> dict[str, Value]: ...


@dataclass(frozen=True)
class Push:
    """tell: what is said of a bad row, which is less where it is a patient's; size: rows put at a time."""

    rows: Rows
    form: Form
    store: FeatureStore
    tell: Callable[[InputError], str]
    size: int

    def survey(self, entity: str) -> Survey:
        """Which entities stand in several rows. Reads the file once, and holds a number per entity."""
        first: dict[int, int] = {}
        repeated: set[int] = set()
        number = 0
        for number, (_, row) in enumerate(self.rows.read(0, only=entity), start=1):
            name = self._entity(row)
            if name is not None and (before := first.setdefault(hash(name), number)) != number:
                repeated |= {before, number}
        return Survey(number, tuple(sorted(repeated)))

    def run(self, done: Done) -> Iterator[Done]:
        """From where `done` has got to; each time some more are certainly in the store, how far that is."""
        repeated = frozenset(done.survey.repeated)
        for some in in_chunks(self.rows.read(done.place), self.size):
            records: dict[str, Stored] = {}
            bad: list[str] = []
            for number, (_, row) in enumerate(some, start=done.rows + 1):
                try:
                    entity, values = self._record(row, is_repeated=number in repeated)
                except InputError as error:
                    bad.append(f"row {number}: {self.tell(error)}")
                except ValueError as error:
                    bad.append(f"row {number}: {error}")
                else:
                    records[entity] = Stored(values, done.at)
            self.store.put(records)
            done = done.after(some[-1][0], len(some), len(records), bad)
            yield done

    def _record(self, row: Row, *, is_repeated: bool) -> tuple[str, dict[str, Value]]:
        if isinstance(row, str):
            raise ValueError(row)
        if is_repeated:
            raise ValueError("its entity stands in another row, too")
        as_text = self.rows.as_text
        return self.form.entity_in(row, as_text=as_text), self.form.values_in(row, as_text=as_text)

    def _entity(self, row: Row) -> str | None:
        try:
            return None if isinstance(row, str) else self.form.entity_in(row, as_text=self.rows.as_text)
        except InputError:
            return None
