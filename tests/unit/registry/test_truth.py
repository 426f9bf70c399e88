"""How right two versions are, where the truth is known: as scikit-learn counts, and never by a column that is none."""

import io
import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from sklearn import metrics
from typer.testing import CliRunner

from serinus.bundle import Bundle
from serinus.cli import app
from serinus.cli.models.rows import rows_to_ask
from serinus.cli.models.screen import WIDTH, screen
from serinus.cli.models.truth import truth_of
from serinus.cli.models.verdicts import change_of
from serinus.errors import InputError, JobError
from serinus.prediction import Classes, Values
from serinus.registry.compare import Comparison, compare
from serinus.registry.predictions import Predictions
from serinus.registry.truth import figures, of_labels, of_values
from tests.bundles import LABELS, write_bundle, write_regressor

ROWS = np.random.default_rng(3).normal(size=(400, 3)).astype(np.float32)
YIELD = ROWS.astype(np.float64) @ [1, 1, 1] + np.random.default_rng(4).normal(size=400)
KINDS = ["csv", "jsonl", "parquet", "npz"]


@pytest.fixture
def regressors(tmp_path: Path) -> tuple[Bundle, Bundle]:
    worse = {"rmse": 300.0, "r2": 0.5, "bias": -10.0}
    better = {"rmse": 120.0, "r2": 0.75, "bias": 5.0}
    return (
        write_regressor(tmp_path / "models", weights=(1, 1, 0.5), performance=worse),
        write_regressor(tmp_path / "models", weights=(1, 1, 0.9), performance=better, version="1.1.0"),
    )


def table(folder: Path, kind: str, truth: list) -> Path:
    file, names = folder / f"plots.{kind}", ("f0", "f1", "f2")
    columns = {**dict(zip(names, ROWS.T, strict=True)), "plot": [f"p{i}" for i in range(len(ROWS))], "yield": truth}
    match kind:
        case "npz":
            np.savez(file, X=ROWS, **{"yield": np.array(truth)})
        case "parquet":
            pq.write_table(pa.table(columns), file)
        case "jsonl":
            rows = pa.table(columns).to_pylist()
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case "csv":
            lines = [
                ",".join("" if cell is None else str(cell) for cell in row)
                for row in zip(*columns.values(), strict=True)
            ]
            file.write_text("\n".join([",".join(columns), *lines]))
    return file


def asked(two: tuple[Bundle, Bundle], file: Path, target: str = "yield") -> Comparison:
    return compare(*two, None, rows_to_ask(file, (two[0].metadata, two[1].metadata), target))


def answered(two: tuple[Bundle, Bundle], file: Path) -> Predictions:
    found = asked(two, file).predictions
    assert isinstance(found, Predictions)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_two_regressors_are_judged_by_the_truth_in_a_table(regressors, tmp_path, kind):
    found = answered(regressors, table(tmp_path, kind, YIELD.tolist()))
    assert found.judged is not None
    assert found.judged.rows == 400
    for weight, got in ((0.5, found.judged.first), (0.9, found.judged.second)):
        values = (ROWS @ np.float32([[1], [1], [weight]]))[:, 0].astype(np.float64)
        expected = {
            "rmse": metrics.root_mean_squared_error(YIELD, values),
            "mae": metrics.mean_absolute_error(YIELD, values),
            "r2": metrics.r2_score(YIELD, values),
            "bias": (values - YIELD).mean(),
        }
        assert got == pytest.approx(expected, rel=1e-5)
    apart = np.abs(0.4 * ROWS[:, 2])
    assert found.mean == pytest.approx(apart.mean(), rel=1e-4)
    assert found.p95 == pytest.approx(np.percentile(apart, 95, method="lower"), rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_unknown_truth_are_asked_but_not_judged(regressors, tmp_path, kind):
    truth = [math.nan if kind == "npz" else None, *YIELD.tolist()[1:]]
    found = answered(regressors, table(tmp_path, kind, truth))
    assert found.judged is not None
    assert (found.rows, found.judged.rows) == (400, 399)
    assert math.isfinite(found.judged.first["rmse"])


def test_what_means_that_a_value_is_missing_means_that_the_truth_is(regressors):
    told = regressors[0].metadata
    schema = told.input_schema.model_copy(update={"missing": ("?",)})
    column = pa.chunked_array([["?", "", None, "NaN", "2.5"]])
    known = truth_of(column, "yield", told.model_copy(update={"input_schema": schema}))
    np.testing.assert_array_equal(known, [math.nan] * 4 + [2.5])
    with pytest.raises(InputError, match=r"yield: got '\?', expected a finite number"):
        truth_of(column, "yield", told)


def test_rows_that_are_not_asked_take_their_truth_with_them(regressors, tmp_path):
    file = tmp_path / "plots.csv"
    file.write_text("f0,yield,f1,f2\n1,2,1,0\nx,900,1,1\n,900,1,1\n2,2,1,0\n")
    found = answered(regressors, file)
    assert found.judged is not None
    assert (found.rows, found.refused, found.judged.rows) == (2, 2, 2)
    assert (found.judged.first["mae"], found.judged.first["bias"]) == (0.5, 0.5)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("bad", ["much", "inf"])
def test_a_truth_that_is_no_number_is_refused(regressors, tmp_path, kind, bad):
    file = table(tmp_path, kind, [bad, *map(str, YIELD.tolist()[1:])])
    with pytest.raises(InputError, match=f"yield: got '{bad}', expected a finite number, the truth"):
        asked(regressors, file)


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_that_is_not_there_is_named_with_what_is(regressors, tmp_path, kind):
    with pytest.raises(JobError, match=r"has no (column|array) .*'harvest'.* it has .*"):
        asked(regressors, table(tmp_path, kind, YIELD.tolist()), "harvest")


def test_a_feature_is_no_truth(regressors, tmp_path):
    with pytest.raises(JobError, match="the model takes it as a feature"):
        asked(regressors, table(tmp_path, "csv", YIELD.tolist()), "f1")


def test_arrays_without_names_hold_no_truth(regressors, tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    with pytest.raises(JobError, match=r"the truth is in \.csv, \.jsonl, \.parquet or \.npz"):
        asked(regressors, tmp_path / "rows.npy")
    np.savez(tmp_path / "rows.npz", X=ROWS, **{"yield": YIELD[:-1]})
    with pytest.raises(JobError, match="400 rows, but 399 values of 'yield'"):
        asked(regressors, tmp_path / "rows.npz")


def test_two_classifiers_are_judged_by_their_labels(tmp_path):
    weights = np.eye(3, dtype=np.float32)
    two = tuple(
        write_bundle(tmp_path / "models", weights=w.astype(np.float32), version=version, names=("f0", "f1", "f2"))
        for w, version in ((weights, "1.0.0"), (weights[::-1], "1.1.0"))
    )
    truth = [LABELS[best] for best in (ROWS + np.random.default_rng(5).normal(size=ROWS.shape)).argmax(axis=1)]
    found = answered(two, table(tmp_path, "csv", truth))  # type: ignore[arg-type]  # it is two
    assert found.judged is not None
    predicted = [LABELS[best] for best in ROWS.argmax(axis=1)]
    expected = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "f1_score": metrics.f1_score(truth, predicted, average="macro"),
    }
    assert found.judged.first == pytest.approx(expected)
    assert found.judged.second["accuracy"] < found.judged.first["accuracy"]
    with pytest.raises(InputError, match="truth: got '0', expected a label of the models, such as 'CANDIDATE'"):
        answered(two, table(tmp_path, "csv", ["0"] * len(ROWS)))  # type: ignore[arg-type]  # it is two


def test_labels_that_no_model_knows_count_as_mistakes():
    assert of_labels(np.array(["a", "a"]), np.array(["a", "new"])) == pytest.approx(
        {"accuracy": 0.5, "f1_score": 1 / 3}
    )


def test_a_truth_that_never_changes_explains_nothing():
    assert "r2" not in of_values(np.array([1.0, 2.0]), np.array([1.0, 1.0]))


def test_a_model_that_overflows_is_infinitely_wrong():
    found = of_values(np.array([np.inf, 1.0]), np.array([1.0, 2.0]))
    assert (found["rmse"], found["bias"], found["r2"]) == (math.inf, math.inf, -math.inf)


def test_no_truth_no_figure():
    assert figures([Values(np.float32([1]))], [np.array([math.nan])]) == {}
    assert figures([Classes(("a",), np.array([0]), np.float32([[1]]))], [np.array([""])]) == {}


@pytest.mark.parametrize(
    ("figure", "was", "becomes", "told"),
    [
        ("rmse", 300.0, 120.0, "-180 better"),
        ("rmse", 0.5, 0.75, "+0.2500 worse"),
        ("r2", 0.5, 0.75, "+0.2500 better"),
        ("bias", -10.0, 5.0, "+15.0000 better"),
        ("bias", -10.0, 10.0, "+20.0000"),
        ("mae", 1.0, 1.0, "+0.0000"),
        ("lift", None, 1.0, ""),
        ("mae", 1.0, math.inf, "+inf worse"),
    ],
)
def test_a_change_says_whether_it_is_for_the_better(figure, was, becomes, told):
    change = change_of(figure, was, becomes)
    assert change.plain == told
    assert change.style == ("green" if "better" in told else "red" if "worse" in told else "")


def test_two_regressors_fit_on_one_screen(regressors, tmp_path):
    console = Console(width=WIDTH, file=io.StringIO())
    console.print(screen(asked(regressors, table(tmp_path, "csv", YIELD.tolist()))))
    assert isinstance(console.file, io.StringIO)
    lines = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
    assert "performance rmse 300 120 -180 better" in lines
    assert "bias -10 5 +15.0000 better" in lines
    assert "truth of 400 rows first second change" in lines
    assert any(line.startswith("rmse ") and line.endswith("better") for line in lines)
    assert any("(mean)" in line for line in lines)
    assert len(lines) <= 50


def test_the_command_line_takes_a_target(regressors, tmp_path):
    rows = str(table(tmp_path, "parquet", YIELD.tolist()))
    folders = [str(bundle.folder) for bundle in regressors]
    run = CliRunner().invoke(
        app, ["models", "compare", *folders, "--rows", rows, "--target", "yield", "--no-speed", "--json"]
    )
    assert run.exit_code == 0, run.output
    judged = json.loads(run.stdout)["predictions"]["judged"]
    assert judged["rows"] == 400
    assert judged["second"]["rmse"] < judged["first"]["rmse"]
    without = CliRunner().invoke(app, ["models", "compare", *folders, "--target", "yield"])
    assert without.exit_code == 2
