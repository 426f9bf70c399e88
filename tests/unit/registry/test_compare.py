"""Two bundles side by side, and on one screen."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from serinus.bench import Speed
from serinus.bundle import Bundle
from serinus.cli.models.answers import answers
from serinus.cli.models.picture import picture
from serinus.cli.models.rows import rows_to_ask
from serinus.cli.models.screen import WIDTH, screen
from serinus.errors import InputError, JobError
from serinus.registry.compare import Comparison, compare
from serinus.registry.predictions import Difference, Predictions
from tests.shelves import made

HEIGHT = 50
EYE = np.eye(3, dtype=np.float32)


def speed_of(folder: Path) -> Speed:
    """1.1.0 takes half of the time of 1.0.0."""
    ms = 1.0 if folder.name == "v1.0.0" else 0.5
    return Speed(2 * ms, ms, ms, ms, ms, ms, 1000 / ms, 5000 / ms, 80.0)


@pytest.fixture
def first(tmp_path: Path) -> Bundle:
    return made(tmp_path, weights=5 * EYE)


@pytest.fixture
def second(tmp_path: Path) -> Bundle:
    return made(tmp_path, "1.1.0", seed=1, weights=(5 * EYE + np.eye(3, k=1)).astype(np.float32))


def shown(comparison: Comparison) -> str:
    console = Console(width=WIDTH, file=io.StringIO())
    console.print(screen(comparison))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_golden_rows_of_both_are_asked(first, second):
    comparison = compare(first, second, speed_of)
    assert comparison.source == "golden rows of both, edge cases included"
    assert not isinstance(comparison.predictions, str)
    assert comparison.predictions.rows == 128
    assert 0.5 < comparison.predictions.agreement < 1
    assert sum(map(sum, comparison.predictions.flips)) == 128


def test_a_bundle_agrees_with_itself(first):
    comparison = compare(first, first, None)
    assert not isinstance(comparison.predictions, str)
    assert (comparison.predictions.rows, comparison.predictions.agreement) == (64, 1)
    assert comparison.predictions.largest == ()
    assert comparison.first.speed is None
    assert shown(comparison).splitlines()[2].split() == ["what", "digest", *2 * [first.digest[:12]], "the", "same"]
    assert "speed here" not in shown(comparison)


def test_what_changed_is_on_the_screen(first, second):
    text = shown(compare(first, second, speed_of))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "linear 1.0.0 linear 1.1.0 change" in lines[0]
    assert any("f1_score 0.9 0.899 -0.0010" in line for line in lines)
    assert any("one row, p50 1.000 ms 0.500 ms -50.0 %" in line for line in lines)
    assert any("256 rows at once 5,000 rows/s 10,000 rows/s +100.0 %" in line for line in lines)
    assert "schema: the same for every caller" in lines
    assert any(line.startswith("1.0.0 \\ 1.1.0 CONFIRMED CANDIDATE FALSE_POSITIVE") for line in lines)
    assert len(lines) <= HEIGHT


def test_the_better_of_two_measurements_is_taken(first, second):
    seconds = iter([1.0, 2.0, 4.0, 3.0])

    def noisy(folder: Path) -> Speed:
        ms = next(seconds)
        return Speed(ms, ms, ms, ms, ms, ms, 1000 / ms, 1000 / ms, 80.0)

    comparison = compare(first, second, noisy)
    assert comparison.first.speed is not None
    assert comparison.second.speed is not None
    assert (comparison.first.speed.p50_ms, comparison.first.speed.throughput_rps) == (1.0, 1000.0)
    assert (comparison.second.speed.p50_ms, comparison.second.speed.throughput_rps) == (2.0, 500.0)


def test_versions_of_other_features_are_compared_but_for_their_predictions(first, tmp_path):
    other = made(tmp_path, "2.0.0", seed=2, weights=np.eye(4, 3, dtype=np.float32))
    comparison = compare(first, other, None)
    assert comparison.schema[0] == "features: 3 -> 4"
    text = shown(comparison)
    assert "which demands a new MAJOR version: features: 3 -> 4" in text
    assert "predictions not compared: they take other features" in text


def test_however_much_there_is_to_tell_it_stays_one_screen(tmp_path):
    labels = tuple(f"a_rather_long_name_of_a_class_{number}" for number in range(30))
    rng = np.random.default_rng(0)
    bundles = []
    for seed in (1, 2):
        weights = rng.normal(size=(40, 30)).astype(np.float32)
        name = "a" * 60
        bundle = made(tmp_path, f"{seed}.0.0", seed=seed, name=name, labels=labels, weights=weights)
        facts = {f"hyper_parameter_{number}": [seed] * 50 for number in range(30)}
        figures = {f"figure_with_a_long_name_{number}": seed / 3 for number in range(30)}
        metadata = bundle.metadata.model_copy(update={"training": facts, "performance": figures})
        bundles.append(Bundle(bundle.folder, metadata, bundle.model, bundle.digest, bundle.files))
    text = shown(compare(bundles[0], bundles[1], speed_of))
    lines = text.splitlines()
    assert len(lines) <= HEIGHT
    assert max(map(len, lines)) <= WIDTH
    assert "... and 26 more" in text
    assert "... and 24 more" in text
    assert "most frequent flips" in text


def test_a_regression_is_told_in_values():
    largest = (Difference("row 3", "1.5", "2.5", 1.0),)
    told = Predictions(1000, 2, 0.75, ((), ()), (), 0.02, 0.01, 0.5, largest)
    console = Console(width=WIDTH, file=io.StringIO())
    console.print(*answers(told, "rows of fields.csv", ("1.0.0", "1.1.0")))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "1,000 rows of fields.csv, 2 more refused: 75.00 % the same value, within 1 % of their spread" in text
    assert "row 3" in text
    assert "\\" not in text


def test_the_picture_is_svg_that_needs_nothing_from_elsewhere(first, second):
    drawn = picture(screen(compare(first, second, speed_of)), width=WIDTH, title="serinus models compare")
    assert drawn.startswith("<svg")
    assert drawn.count("http") == 1  # the namespace
    assert str(first.folder.parent) not in drawn


def test_rows_of_a_file_are_asked_whatever_kind_of_file_it_is(first, second, tmp_path):
    rows = np.random.default_rng(1).normal(size=(300, 3)).astype(np.float32)
    np.savez(tmp_path / "rows.npz", X=rows)
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",", header="f0,f1,f2", comments="", fmt="%.9g")
    pq.write_table(pa.table({f"f{place}": column for place, column in enumerate(rows.T)}), tmp_path / "rows.parquet")
    found = [
        compare(first, second, None, rows_to_ask(tmp_path / name, (first.metadata, second.metadata)))
        for name in ("rows.npz", "rows.csv", "rows.parquet")
    ]
    assert [comparison.source for comparison in found] == [f"rows of rows.{kind}" for kind in ("npz", "csv", "parquet")]
    array, text, table = (comparison.predictions for comparison in found)
    assert isinstance(array, Predictions)
    assert isinstance(text, Predictions)
    assert isinstance(table, Predictions)
    assert array.rows == text.rows == table.rows == 300
    assert (array.flips, array.agreement) == (text.flips, text.agreement) == (table.flips, table.agreement)
    assert array.largest[0].size == text.largest[0].size == table.largest[0].size
    row = int(array.largest[0].row.removeprefix("row "))
    assert text.largest[0].row == f"line {row + 2}"
    assert table.largest[0].row == f"row {row + 1}"


def test_rows_that_cannot_be_read_are_counted(first, second, tmp_path):
    (tmp_path / "rows.csv").write_text("f0,f1,f2\n1,2,3\n1,oops,3\n1,2,\n")
    asked = rows_to_ask(tmp_path / "rows.csv", (first.metadata, second.metadata))
    found = compare(first, second, None, asked).predictions
    assert not isinstance(found, str)
    assert (found.rows, found.refused) == (1, 2)


def test_a_file_that_has_no_rows_of_the_models_is_refused(first, second, tmp_path):
    np.savez(tmp_path / "rows.npz", X=np.zeros((2, 5)))
    with pytest.raises(InputError, match="expected rows of 3 numbers"):
        compare(first, second, None, rows_to_ask(tmp_path / "rows.npz", (first.metadata, second.metadata)))
    with pytest.raises(JobError, match="is not a file"):
        compare(first, second, None, rows_to_ask(tmp_path / "none.csv", (first.metadata, second.metadata)))
