from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from export.errors import Refused
from export.exporter import Request, export
from export.from_sklearn import load
from export.gate import ParityFailed
from export.golden_rows import golden_file
from export.original import Original
from serinus.golden import Natives
from serinus.schema import Rows
from tests.export.originals import (
    attribute,
    disguised,
    graph_of,
    pickled,
    proof,
    sample_rows,
    three_classes,
    two_classes,
    values,
)
from tests.export.test_exporter import NOW


def forest(file: Path) -> Original:
    rows = sample_rows()
    return load(pickled(file, RandomForestClassifier(4, random_state=0).fit(rows, three_classes(rows))), None)


def test_a_failure_says_how_many_rows_of_which_kinds_and_shows_the_first(tmp_path: Path) -> None:
    original = forest(tmp_path / "model.pkl")
    wrong = original.graph()
    routes = attribute(wrong, "nodes_missing_value_tracks_true")
    routes.ints[:] = [1 - route for route in routes.ints]
    with pytest.raises(ParityFailed) as failed:
        proof(original, graph_of(original, wrong), sample_rows())
    message = str(failed.value)
    assert "differs from the original on" in message
    assert "missing-many" in message
    assert "tolerance 1e-05" in message
    assert "labels flip" in message
    assert message.count("\n  row ") == 5
    assert "original [" in message
    assert "served [" in message


def test_a_failed_export_leaves_nothing_behind(tmp_path: Path) -> None:
    """This model says something else than its trees do, as a wrongly converted one would."""
    rows = sample_rows()
    model = disguised(RandomForestClassifier(4, random_state=0).fit(rows, three_classes(rows)))
    source = pickled(tmp_path / "model.pkl", model)
    with pytest.raises(ParityFailed, match="Nothing was written"):
        export(Request(source, "forest", "1.0.0", sample=rows), tmp_path / "models", created_at=NOW)
    assert not (tmp_path / "models").exists()


def test_a_failed_replacement_keeps_the_bundle_that_was_there(tmp_path: Path) -> None:
    rows = sample_rows()
    model = RandomForestClassifier(4, random_state=0).fit(rows, three_classes(rows))
    kept = export(
        Request(pickled(tmp_path / "model.pkl", model), "forest", "1.0.0"), tmp_path / "models", created_at=NOW
    )
    source = pickled(tmp_path / "wrong.pkl", disguised(model))
    with pytest.raises(ParityFailed):
        export(Request(source, "forest", "1.0.0"), tmp_path / "models", created_at=NOW, replace=True)
    assert type(kept).load(kept.folder).digest == kept.digest
    assert [folder.name for folder in (tmp_path / "models/forest").iterdir()] == ["v1.0.0"]


def test_an_original_that_answers_no_number_is_refused(tmp_path: Path) -> None:
    rows = sample_rows()
    model = LogisticRegression().fit(rows, two_classes(rows))
    original = load(pickled(tmp_path / "model.pkl", model), None)

    def broken(rows: Rows) -> Natives:
        return np.where(rows[:, :1] > 0, np.nan, original.predict(rows))

    with pytest.raises(Refused, match="the original itself answers"):
        proof(replace(original, predict=broken), graph_of(original), rows)


def test_an_original_may_overflow_on_huge_rows(tmp_path: Path) -> None:
    original = forest(tmp_path / "model.pkl")

    def overflowing(rows: Rows) -> Natives:
        return np.where(np.abs(rows).max(axis=1, keepdims=True) > 1e30, np.inf, original.predict(rows))

    verdict = proof(replace(original, predict=overflowing), graph_of(original), sample_rows())
    assert np.abs(verdict.probes.rows[verdict.probes.kinds == "huge"]).max() < 1e30


def test_the_tolerance_of_values_follows_their_spread(tmp_path: Path) -> None:
    rows = sample_rows()
    tolerances = []
    for number, targets in enumerate((values(rows) / 1e4, values(rows) * 1e3)):
        fitted = GradientBoostingRegressor(n_estimators=5).fit(rows, targets)
        original = load(pickled(tmp_path / f"{number}.pkl", fitted), None)
        tolerances.append(proof(original, graph_of(original), rows).comparison.tolerance)
    assert tolerances[0] == 1e-5
    assert tolerances[1] == pytest.approx(1e-5 * np.std(values(rows) * 1e3), rel=0.7)


def test_huge_rows_do_not_widen_the_tolerance_of_the_others(tmp_path: Path) -> None:
    """Trees beside a weighted sum answer with 1e37 on rows of 1e37; an error of 1 elsewhere must still be seen."""
    rows = sample_rows()
    original = load(
        pickled(tmp_path / "m.pkl", GradientBoostingRegressor(n_estimators=5).fit(rows, values(rows))), None
    )

    def summed(rows: Rows) -> Natives:
        return np.asarray(original.predict(rows) + rows[:, :1].astype(np.float64))

    with pytest.raises(ParityFailed, match="sample"):
        proof(replace(original, predict=summed), graph_of(original), rows)


def test_golden_rows_cover_every_kind_the_worst_and_the_nearest_to_a_tie(tmp_path: Path) -> None:
    original = forest(tmp_path / "model.pkl")
    verdict = proof(original, graph_of(original), sample_rows(missing=0.1))
    (tmp_path / "golden.npz").write_bytes(golden_file(verdict))
    with np.load(tmp_path / "golden.npz") as golden:
        kept, native = golden["rows"], golden["native"]
    assert (kept.dtype, len(kept) >= 64) == (np.float32, True)
    places = {row.tobytes() for row in kept}
    for kind in np.unique(verdict.probes.kinds):
        rows = verdict.probes.rows[verdict.probes.kinds == kind]
        assert sum(row.tobytes() in places for row in rows) >= min(8, len(np.unique(rows, axis=0)))
    worst = verdict.probes.rows[verdict.comparison.differences.argmax()]
    best_two = np.sort(verdict.native, axis=1)[:, -2:]
    nearest = verdict.probes.rows[(best_two[:, 1] - best_two[:, 0]).argmin()]
    assert {worst.tobytes(), nearest.tobytes()} <= places
    np.testing.assert_array_equal(native, original.predict(kept))
