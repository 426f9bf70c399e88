"""Regressors: one flat answer with a value; all of them together, and how far they are apart."""

import numpy as np
import pytest

from serinus.blend import combine
from serinus.prediction import Values
from tests.bundles import write_regressor
from tests.handlers.conftest import Api, api_of, loaded
from tests.handlers.test_records import FRESH, SAID
from tests.records import PLOTS, Shelf, stock_of, write_record_service

SUMS = """
[service]
name = "sums"
task = "regression"
target = "yield"
unit = "t/ha"
[input]
features = 3
[models]
sum = "1.0.0"
double = "1.0.0"
[auto]
by = "rmse"
[ensemble]
how = "weighted"
weights = { sum = 1, double = 3 }
"""
NAME = "predicted_yield_t/ha"


@pytest.fixture(scope="module")
def sums(tmp_path_factory) -> Api:
    """Two regressors of three features without names."""
    folder = tmp_path_factory.mktemp("sums")
    write_regressor(folder / "models", "sum", weights=(1, 1, 1), performance={"rmse": 1.0})
    write_regressor(folder / "models", "double", weights=(2, 2, 2), performance={"rmse": 2.0})
    file = folder / "service.toml"
    file.write_text(SUMS)
    return api_of(loaded(file))


def test_a_vector_gets_a_value_and_no_features_back(sums):
    body = sums.post("/predict", {"features": [1, 2, 3]}).json()
    assert {name: value for name, value in body.items() if name not in ("timestamp", "request_id")} == {
        NAME: 6.0,
        "model_name": "sum",
        "model_version": "1.0.0",
        "confidence_score": None,
    }


def test_a_batch_of_vectors_is_answered_row_by_row(sums):
    body = sums.post("/predict/batch", {"samples": [[1, 2, 3], [1, 2], [0, 0, 1]], "model_name": "double"}).json()
    assert body["predictions"] == [
        {NAME: 12.0, "confidence_score": None},
        None,
        {NAME: 2.0, "confidence_score": None},
    ]
    assert (body["model_name"], body["samples"], body["failed"], body["errors"][0]["index"]) == ("double", 3, 1, 1)


@pytest.mark.parametrize(("voting", "value"), [(None, 10.5), ("mean", 9.0), ("median", 9.0), ("weighted", 10.5)])
def test_all_models_come_to_one_value(sums, voting, value):
    asked = {"features": [1, 2, 3], "return_all_models": True, "voting": voting}
    body = sums.post("/predict", asked).json()
    assert body["ensemble_prediction"] == {NAME: value, "voting": voting or "weighted"}
    assert {name: one[NAME] for name, one in body["individual_predictions"].items()} == {"sum": 6.0, "double": 12.0}
    assert (body["spread"], body["lowest"], body["highest"]) == (3.0, 6.0, 12.0)


def test_plots_get_every_models_value_beside_their_features(tmp_path):
    ensemble = loaded(write_record_service(tmp_path / "plots", PLOTS))
    api = api_of(ensemble, stock_of(ensemble.service, Shelf({"1": FRESH})))
    body = api.post("/predict", SAID | {"return_all_models": True, "voting": "median"}).json()
    values = [one["predicted_yield_kg_per_ha"] for one in body["individual_predictions"].values()]
    blend = combine([Values(np.array([value], np.float32)) for value in values], "median")
    assert body["ensemble_prediction"]["predicted_yield_kg_per_ha"] == blend.values[0]
    assert (body["plot_id"], body["feature_sources"]["altitude"]) == (1, "store")
    refused = api.post("/predict", SAID | {"voting": "weighted"}).json()
    assert refused["errors"][0]["expected"] == "mean or median"


@pytest.mark.parametrize(
    ("options", "field", "expected"),
    [
        ({"voting": "soft"}, "voting", "mean or median or weighted"),
        ({"return_probabilities": True}, "return_probabilities", "one of"),
        ({"model": "sum", "model_name": "double"}, "model_name", "what model says"),
        ({"model_name": 1}, "model_name", "a model's name"),
        ({"model_name": "nobody"}, "model", "one of auto, sum, double"),
    ],
)
def test_options_that_a_regressor_has_not_are_refused(sums, options, field, expected):
    for path, rows in (("/predict", {"features": [1, 2, 3]}), ("/predict/batch", {"samples": [[1, 2, 3]]})):
        problem = sums.post(path, rows | options).json()
        assert (problem["status"], problem["errors"][0]["field"]) == (422, field)
        assert expected in problem["errors"][0]["expected"]


@pytest.mark.parametrize("options", [{}, {"return_all_models": True}])
def test_a_value_that_is_no_number_is_refused(sums, options):
    problem = sums.post("/predict", {"features": [3e38, 3e38, 0], **options}).json()
    assert problem["status"] == 422
    assert "finite answer" in problem["errors"][0]["expected"]


def test_a_value_that_is_no_number_is_one_samples_error(sums):
    body = sums.post("/predict/batch", {"samples": [[3e38, 3e38, 0], [1, 1, 1]]}).json()
    assert [error["index"] for error in body["errors"]] == [0]
    assert body["predictions"][1][NAME] == 3.0


def test_a_classifier_takes_either_name_of_a_model(fresh):
    body = fresh.post("/predict", {"features": [1, 2, 3], "model_name": "bent"}).json()
    assert body["model"]["name"] == "bent"
    assert fresh.post("/predict", {"features": [1, 2, 3], "voting": "mean"}).status_code == 422
