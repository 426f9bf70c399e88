"""What a table's column says is to be predicted: classes, or a value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from serinus.tables.inference import NO_WORDS
from serinus.tables.kinds import Held, held, is_number, kind_of
from serinus.tables.table import Table, TableError

Task = Literal["classification", "regression"]
FEW_NUMBERS = 10  # so many whole numbers are classes, more are a count
MOST_WORDS = 32


@dataclass(frozen=True)
class Target:
    """counts: how many rows say what, of classes in the order of their labels; lacking: how many rows say nothing."""

    name: str
    task: Task
    counts: Mapping[str, int]
    lacking: int

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.counts) if self.task == "classification" else ()


def target_of(table: Table, name: str, task: Task | None, missing: Collection[str] = ()) -> Target:
    """Words, and few whole numbers such as 0 and 1, are classes, other numbers a value; unless `task` says which."""
    column = held(table, name).without({*NO_WORDS, *missing})
    if column.is_strange or len(column.counts) < 2:
        raise TableError(f"column {name!r} must say two things at least, it says {_said(column)}")
    found = task or _task(column)
    if found == "regression" and not all(map(is_number, column.texts)):
        raise TableError(f"column {name!r} holds {_said(column)}: a regressor's target must be a number in every row")
    counts = column.texts if found == "regression" else {text: column.texts[text] for text in _ordered(column)}
    return Target(name, found, counts, column.missing)


def _task(column: Held) -> Task:
    if not all(map(is_number, column.texts)):
        if kind_of(column) in ("string", "boolean") and len(column.counts) <= MOST_WORDS:
            return "classification"
        raise TableError(
            f"column {column.name!r} holds {_said(column)}: too many to be classes, and no numbers; "
            "name another column, or say --task classification"
        )
    is_whole = all(float(text).is_integer() for text in column.texts)
    return "classification" if is_whole and len(column.counts) <= FEW_NUMBERS else "regression"


def _ordered(column: Held) -> list[str]:
    """As numpy.unique orders them, and with that most libraries."""
    numbers = all(map(is_number, column.texts))
    return sorted(column.texts, key=float) if numbers else sorted(column.texts)


def _said(column: Held) -> str:
    if column.is_strange:
        return str(column.type)
    kind = kind_of(column) if column.counts else "value"
    return f"{len(column.counts):,} different {kind}s"
