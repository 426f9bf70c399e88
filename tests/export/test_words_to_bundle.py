"""A table of words and numbers, from a pickled Pipeline to the answers of its bundle."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from export.errors import ExportError
from export.exporter import Request, export
from serinus.bundle import Bundle
from serinus.golden import replay
from serinus.predictor import Predictor
from tests.export.originals import pickled
from tests.export.passengers import NUMBERS, WORDS, columns, passengers, saved
from tests.export.test_exporter import NOW
from tests.export.test_sklearn_compositions import xgb


@pytest.fixture
def request_of_a_pipeline(tmp_path: Path) -> Request:
    table = passengers()
    table[[*NUMBERS, *WORDS]].to_csv(tmp_path / "sample.csv", index=False)
    model = make_pipeline(columns(), xgb()).fit(table, saved(table))
    source = pickled(tmp_path / "model.joblib", model)
    return Request(source, "saved", "1.0.0", labels=("no", "yes"), sample=tmp_path / "sample.csv")


def test_a_bundle_takes_the_words_of_its_pipeline_and_answers_as_it_does(
    request_of_a_pipeline: Request, tmp_path: Path
) -> None:
    bundle: Bundle = export(request_of_a_pipeline, tmp_path / "models", created_at=NOW)
    schema = bundle.metadata.input_schema
    assert schema.names == (*NUMBERS, *WORDS)
    assert {name: category.words for name, category in schema.categories.items()} == {
        "sex": ("female", "male"),
        "port": ("C", "Q", "S"),
    }
    assert "category" in bundle.metadata.parity.kinds
    answers = Predictor(bundle).predict(np.float32([[22, 7, 1, 2], [np.nan, 70, 0, np.nan], [30, 8, -1, -1]]))
    assert np.isfinite(answers.probabilities).all()
    assert replay(bundle, Predictor(bundle)).is_equal


def test_a_sample_with_a_column_that_the_model_drops_is_refused_by_its_name(
    request_of_a_pipeline: Request, tmp_path: Path
) -> None:
    passengers().to_csv(tmp_path / "sample.csv", index=False)
    with pytest.raises(ExportError, match="unexpected name, deck, alone"):
        export(request_of_a_pipeline, tmp_path / "models", created_at=NOW)
