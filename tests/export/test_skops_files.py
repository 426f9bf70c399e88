"""Models that skops keeps: read without running code, and refused when they hold what we do not know."""

from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from export.converters import load
from export.errors import Refused
from tests.export.originals import graph_of, proof, sample_rows, three_classes


def test_a_kept_pipeline_is_exported(tmp_path: Path) -> None:
    rows = sample_rows()
    fitted = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(rows, three_classes(rows))
    skops.io.dump(fitted, tmp_path / "model.skops")
    original = load(tmp_path / "model.skops", None, None)
    np.testing.assert_array_equal(original.predict(rows), fitted.predict_proba(rows))
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_types_of_others_are_refused_by_name(tmp_path: Path) -> None:
    skops.io.dump(make_pipeline(FunctionTransformer(proof), RandomForestClassifier(2)), tmp_path / "model.skops")
    with pytest.raises(Refused, match=r"holds tests.export.originals.proof: only types of collections, lightgbm"):
        load(tmp_path / "model.skops", None, None)


def test_what_is_no_skops_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.skops").write_bytes(b"no archive")
    with pytest.raises(Refused, match=r"cannot read .*model.skops: BadZipFile"):
        load(tmp_path / "model.skops", None, None)
