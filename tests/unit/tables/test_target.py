"""What a column says is to be predicted."""

from pathlib import Path

import pyarrow as pa
import pytest

from serinus.tables.table import Table, TableError
from serinus.tables.target import FEW_NUMBERS, MOST_WORDS, Target, Task, target_of


def told(cells: list[object], task: Task | None = None, *, as_text: bool = True) -> Target:
    return target_of(Table(Path("a"), pa.table({"y": cells}), as_text=as_text), "y", task)


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        pytest.param(["yes", "no", "yes"], ("no", "yes"), id="words"),
        pytest.param(["true", "false"], ("false", "true"), id="truths"),
        pytest.param(["1", "0"], ("0", "1"), id="0 and 1"),
        pytest.param(["10", "9", "8"], ("8", "9", "10"), id="few whole numbers"),
    ],
)
def test_words_and_few_whole_numbers_are_classes_in_their_order(cells: list[object], labels: tuple[str, ...]) -> None:
    found = told(cells)
    assert (found.task, found.labels) == ("classification", labels)


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["1.5", "2"], id="fractions"),
        pytest.param(list(map(str, range(FEW_NUMBERS + 1))), id="many whole numbers"),
    ],
)
def test_other_numbers_are_values(cells: list[object]) -> None:
    found = told(cells)
    assert (found.task, found.labels) == ("regression", ())


def test_columns_of_parquet_are_told_by_the_same_rules() -> None:
    assert told([True, False], as_text=False).labels == ("False", "True")
    assert told([1, 0, None], as_text=False).labels == ("0", "1")
    assert told([0.0, 1.0, float("nan")], as_text=False).task == "classification"
    assert told([0.5, 1.0], as_text=False).task == "regression"


def test_somebody_may_know_better() -> None:
    assert told(["1", "2", "3"], "regression").task == "regression"
    words = [f"w{number}" for number in range(MOST_WORDS + 1)]
    assert len(told(words, "classification").labels) == MOST_WORDS + 1


def test_rows_that_say_nothing_are_counted() -> None:
    found = told(["a", "b", "?", ""])
    assert (found.counts, found.lacking) == ({"a": 1, "b": 1}, 2)


@pytest.mark.parametrize(
    ("cells", "task", "why"),
    [
        pytest.param(["a", "a"], None, "must say two things at least, it says 1 different strings", id="one word"),
        pytest.param(["", ""], None, "it says 0 different values", id="nothing"),
        pytest.param([f"w{n}" for n in range(40)], None, "40 different strings: too many to be classes", id="texts"),
        pytest.param(["2021-10-07", "2021-10-08"], None, "2 different dates: too many", id="dates"),
        pytest.param(["a", "b"], "regression", "target must be a number in every row", id="no numbers"),
    ],
)
def test_what_cannot_be_predicted_is_refused(cells: list[object], task: Task | None, why: str) -> None:
    with pytest.raises(TableError, match=why):
        told(cells, task)


def test_a_list_cannot_be_predicted() -> None:
    with pytest.raises(TableError, match="it says list"):
        told([[1], [2]], as_text=False)
