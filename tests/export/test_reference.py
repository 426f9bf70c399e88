"""What a bundle remembers of the rows it was exported with, and that it is true of them."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from export import statistics
from export.errors import ExportError, Refused
from export.exporter import Request, export
from export.from_sklearn import load
from export.npz import packed
from export.reference import of_sample
from export.samples import Sample
from serinus import reference
from serinus.bundle import FILES, REFERENCE, Bundle
from serinus.prediction import Classes, Values
from serinus.predictor import Predictor
from serinus.reference import NotKept
from serinus.schema import Rows
from tests.export.originals import graph_of, pickled, sample_rows, three_classes, two_classes, values
from tests.export.test_exporter import NOW

SAMPLE = sample_rows(missing=0.1, count=500)
NAMES = np.array(["none", "some", "many"])


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fitted = RandomForestClassifier(6, max_depth=4, random_state=0).fit(SAMPLE, NAMES[three_classes(SAMPLE)])
    return pickled(tmp_path_factory.mktemp("forest") / "model.pkl", fitted)


@pytest.fixture(scope="module")
def regressor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = sample_rows()
    fitted = GradientBoostingRegressor(n_estimators=5).fit(rows, values(rows))
    return pickled(tmp_path_factory.mktemp("trees") / "model.pkl", fitted)


def made(source: Path, folder: Path, **more: Any) -> Bundle:
    return export(Request(source, "model", "1.0.0", **more), folder, created_at=NOW)


def answered(bundle: Bundle, rows: Rows) -> Classes:
    answers = Predictor(bundle).predict(rows)
    assert isinstance(answers, Classes)
    return answers


def test_the_statistics_are_those_of_the_sample(forest: Path, tmp_path: Path) -> None:
    bundle = made(forest, tmp_path, sample=SAMPLE)
    kept = reference.inputs(bundle)
    np.testing.assert_allclose(kept.missing, np.isnan(SAMPLE).mean(axis=0))
    np.testing.assert_allclose(kept.mean, np.nanmean(SAMPLE.astype(float), axis=0))
    np.testing.assert_allclose(kept.std, np.nanstd(SAMPLE.astype(float), axis=0))
    np.testing.assert_array_equal(kept.minimum, np.nanmin(SAMPLE, axis=0))
    np.testing.assert_array_equal(kept.maximum, np.nanmax(SAMPLE, axis=0))
    there = np.count_nonzero(~np.isnan(SAMPLE), axis=0)
    np.testing.assert_array_equal(kept.counts.sum(axis=1), there)
    assert (abs(kept.counts - there[:, None] / 10) <= 1).all()
    said = bundle.metadata.reference
    assert said is not None
    assert (said.rows, said.of, said.bins, said.source) == (500, 500, 10, {})


def test_the_answers_are_those_of_the_bundle(forest: Path, tmp_path: Path) -> None:
    bundle = made(forest, tmp_path, sample=SAMPLE)
    answers, kept = answered(bundle, SAMPLE), reference.outputs(bundle)
    assert kept.classes is not None
    assert kept.classes.tolist() == [int((answers.ids == number).sum()) for number in range(3)]
    np.testing.assert_array_equal(kept.counts, reference.binned(answers.confidence, kept.edges))
    assert kept.counts.sum() == 500


def test_a_regressor_keeps_a_histogram_of_its_values(regressor: Path, tmp_path: Path) -> None:
    bundle = made(regressor, tmp_path, sample=sample_rows())
    answers, kept = Predictor(bundle).predict(sample_rows()), reference.outputs(bundle)
    assert isinstance(answers, Values)
    assert kept.classes is None
    np.testing.assert_array_equal(kept.counts, reference.binned(answers.values, kept.edges))


def test_a_feature_of_few_values_has_a_bin_for_each() -> None:
    rows = np.float32([[0, 5, np.nan]] * 6 + [[1, 5, np.nan]] * 3 + [[7, 5, np.nan]])
    kept = statistics.inputs(rows)
    assert kept["input_counts"].tolist() == [[6, 3, 1, *[0] * 7], [10, *[0] * 9], [0] * 10]
    assert kept["input_edges"][0].tolist() == [0, 1, *[np.inf] * 7]
    assert kept["input_missing"].tolist() == [0, 0, 1]
    assert np.isnan(np.float64(kept["input_mean"])[2])


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=200))
def test_every_value_falls_into_a_bin_and_no_bin_is_crowded(values: list[float]) -> None:
    given = np.array(values, np.float32)
    edges = statistics.edges_of(given)
    counts = reference.binned(given, edges)
    assert (np.diff(edges[np.isfinite(edges)]) >= 0).all()
    assert counts.sum() == len(values)
    _, alike = np.unique(given, return_counts=True)
    assert counts.max(initial=0) <= -(-len(values) // 10) + alike.max(initial=0)


def test_no_value_lies_on_the_other_side_of_an_edge_when_it_is_read_again() -> None:
    """Deciles between two float32 numbers would."""
    values = np.nextafter(np.float32(1), np.arange(1_000, dtype=np.float32) * 2 - 999)
    values = np.concatenate([values, np.linspace(0, 2, 999, dtype=np.float32)])
    edges = statistics.edges_of(values)
    assert np.isin(edges, values).all()


def test_background_rows_are_rows_of_the_sample_that_are_answered_as_the_sample_is(
    forest: Path, tmp_path: Path
) -> None:
    bundle = made(forest, tmp_path, sample=SAMPLE)
    rows = reference.background(bundle)
    known = {row.tobytes() for row in SAMPLE}
    assert len(rows) == 100
    assert all(row.tobytes() in known for row in rows)
    means = [answered(bundle, some).probabilities.mean(axis=0) for some in (rows, SAMPLE)]
    np.testing.assert_allclose(means[0], means[1], atol=0.02)


def test_background_rows_can_be_left_out(forest: Path, tmp_path: Path) -> None:
    bundle = made(forest, tmp_path, sample=SAMPLE, background=False)
    assert bundle.metadata.background is None
    assert reference.inputs(bundle).counts.sum() > 0
    with pytest.raises(NotKept, match="--no-background"):
        reference.background(bundle)
    with np.load(bundle.reference) as arrays:
        assert "background_rows" not in arrays.files


@pytest.mark.parametrize("travels", [True, False])
def test_no_row_of_the_sample_travels_unless_it_may(forest: Path, tmp_path: Path, travels: bool) -> None:
    bundle = made(forest, tmp_path, sample=SAMPLE, background=travels)
    known = {row.tobytes() for row in SAMPLE}
    with np.load(bundle.folder / "golden.npz") as golden:
        assert any(row.tobytes() in known for row in golden["rows"]) is travels


def test_without_a_sample_there_is_no_fourth_file(forest: Path, tmp_path: Path) -> None:
    bundle = made(forest, tmp_path)
    assert set(bundle.files) == set(FILES)
    assert (bundle.metadata.reference, bundle.metadata.background, bundle.metadata.calibration) == (None, None, None)


def test_the_scores_of_a_classifier_are_what_the_true_class_lacks(forest: Path, tmp_path: Path) -> None:
    rows, truth = sample_rows(missing=0.2, count=50), NAMES[three_classes(sample_rows(missing=0.2, count=50))]
    (tmp_path / "held_out.csv").write_text(
        "a,b,c,d,e,class\n"
        + "".join(
            f"{','.join('' if np.isnan(value) else repr(float(value)) for value in row)},{name}\n"
            for row, name in zip(rows, truth, strict=True)
        )
    )
    bundle = made(forest, tmp_path / "m", calibration=tmp_path / "held_out.csv", target="class")
    answers = answered(bundle, rows)
    of_true = answers.probabilities[np.arange(50), [answers.labels.index(name) for name in truth]]
    np.testing.assert_array_equal(reference.calibration(bundle), np.sort(1 - of_true.astype(float)))
    said = bundle.metadata.calibration
    assert said is not None
    assert (said.score, said.rows, said.of) == ("1 - probability of the true class", 50, 50)
    assert set(said.source) == {"held_out.csv"}
    assert (said.also_in_sample, "cannot be seen" in said.held_out) == (None, True)


def test_the_scores_of_a_regressor_are_its_residuals(regressor: Path, tmp_path: Path) -> None:
    rows = sample_rows()
    bundle = made(regressor, tmp_path, calibration=Sample(rows, truth=values(rows)))
    answers = Predictor(bundle).predict(rows)
    assert isinstance(answers, Values)
    np.testing.assert_array_equal(reference.calibration(bundle), np.sort(abs(values(rows) - answers.values)))
    assert bundle.metadata.calibration is not None
    assert bundle.metadata.calibration.score == "absolute residual"


def test_scores_are_drawn_when_there_are_many(regressor: Path, tmp_path: Path) -> None:
    rows = sample_rows(count=3_000)
    bundle = made(regressor, tmp_path, calibration=Sample(rows, truth=values(rows)))
    said = bundle.metadata.calibration
    assert said is not None
    assert (said.rows, said.of, len(reference.calibration(bundle))) == (2_000, 3_000, 2_000)


def test_calibration_rows_that_stand_in_the_sample_are_counted(regressor: Path, tmp_path: Path) -> None:
    rows = sample_rows()
    held_out = Sample(np.concatenate([rows[:30], rows[:20] + 1]), truth=np.zeros(50))
    said = made(regressor, tmp_path, sample=rows, calibration=held_out).metadata.calibration
    assert said is not None
    assert said.also_in_sample == 30


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        (Sample(SAMPLE), "needs the truth: name its column with --target"),
        (Sample(SAMPLE[:18], truth=np.array(["some"] * 18)), "at least 19 rows that the model takes, got 18"),
        (Sample(SAMPLE, truth=np.array(["soon"] * 500)), "row 0 is 'soon', expected one of 'many', 'none', 'some'"),
        (Sample(SAMPLE[:, :4], truth=np.array(["some"] * 500)), "takes 5 features"),
        (Sample(SAMPLE, truth=np.array(["some"] * 499)), "the truth of 500 rows is needed"),
    ],
    ids=["no truth", "too few", "another class", "too narrow", "too short"],
)
def test_a_calibration_set_that_cannot_be_one_is_refused(
    forest: Path, tmp_path: Path, calibration: Sample, message: str
) -> None:
    with pytest.raises(ExportError, match=message):
        made(forest, tmp_path / "m", calibration=calibration)
    assert not (tmp_path / "m").exists()


def test_a_truth_that_cannot_be_is_refused_before_the_work(forest: Path, tmp_path: Path) -> None:
    request = Request(forest, "m", "1.0.0", calibration=Sample(SAMPLE, truth=np.array(["soon"] * 500)))
    steps: list[str] = []
    with pytest.raises(ExportError, match="'soon'"):
        export(request, tmp_path, created_at=NOW, progress=steps.append)
    assert steps == [f"loading {forest}"]


def test_the_columns_of_a_calibration_set_are_those_of_the_sample(forest: Path, tmp_path: Path) -> None:
    calibration = Sample(SAMPLE, ("a", "c", "b", "d", "e"), NAMES[three_classes(SAMPLE)])
    with pytest.raises(Refused, match="another order"):
        made(forest, tmp_path, sample=Sample(SAMPLE, ("a", "b", "c", "d", "e")), calibration=calibration)


def test_rows_that_the_model_does_not_take_are_left_out(tmp_path: Path) -> None:
    whole, gaps = sample_rows(), sample_rows(missing=0.1)
    model = LogisticRegression(max_iter=10_000).fit(
        (whole - whole.mean(axis=0)) / whole.std(axis=0), two_classes(whole)
    )
    source = pickled(tmp_path / "model.pkl", model)
    bundle = made(source, tmp_path, sample=gaps, calibration=Sample(gaps, truth=two_classes(gaps)))
    full = int((~np.isnan(gaps).any(axis=1)).sum())
    reference_rows, calibration_rows = bundle.metadata.reference, bundle.metadata.calibration
    assert reference_rows is not None
    assert calibration_rows is not None
    assert (reference_rows.of, calibration_rows.of) == (full, full)
    with pytest.raises(Refused, match=r"answers none of the 400 rows of the sample.*missing value"):
        made(source, tmp_path / "other", sample=np.full((400, 5), np.nan))


def test_rows_that_the_original_does_not_know_are_left_out(regressor: Path) -> None:
    original = replace(load(regressor, None), knows=lambda rows: rows[:, 0] > 0)
    rows = sample_rows()
    kept = of_sample(original, graph_of(original), Sample(rows), background=True)
    assert kept.reference is not None
    assert kept.reference.of == (rows[:, 0] > 0).sum()
    assert (np.asarray(kept.arrays["background_rows"])[:, 0] > 0).all()


def test_the_same_rows_make_the_same_bytes_at_any_time(forest: Path, tmp_path: Path) -> None:
    more = {"sample": SAMPLE, "calibration": Sample(SAMPLE, truth=NAMES[three_classes(SAMPLE)])}
    first, second = (made(forest, tmp_path / at, **more) for at in "ab")
    assert first.digest == second.digest
    assert REFERENCE in first.files
    packing = zipfile.ZipFile(io.BytesIO(packed({"a": np.zeros(3)}))).infolist()
    assert {entry.date_time for entry in packing} == {(1980, 1, 1, 0, 0, 0)}
