"""Services with fields: named values in, what is stored of the thing they name beside them, flat answers out."""

from dataclasses import dataclass

import httpx
import pytest

from serinus.errors import ServiceError
from serinus.features.store import Stored
from serinus.record import Form
from tests.handlers.conftest import Api, api_of, loaded
from tests.records import KEPT, NOW, PATIENTS, PLOTS, Shelf, stock_of, write_record_service

SAID = {
    "plot_id": 1,
    "latitude": -0.499127,
    "longitude": 37.612253,
    "planting_date": "2021-10-07",
    "season": "Short Rains",
}
EVERYTHING = SAID | {"altitude": 1000.0, "precip_total": 400.0, "variety": "H614", "irrigated": False}
FRESH = Stored(KEPT, NOW - 60)


@dataclass(frozen=True)
class Farm:
    """The API of plots, and its feature store, which has plots 1 to 3."""

    api: Api
    shelf: Shelf

    def predict(self, said: object, path: str = "/predict") -> httpx.Response:
        return self.api.post(path, said)

    def batch(self, *plots: object, **options: object) -> httpx.Response:
        return self.api.post("/predict/batch", {"plots": list(plots), **options})

    def expected(self, said: dict[str, object], model: str, kept: object = KEPT) -> float:
        ensemble = self.api.ensemble
        form = Form.of(ensemble.service.input, "allow")
        filled = form.read(said, form.base(kept))
        return float(ensemble.predictors[model].predict(filled.row).values[0])


@pytest.fixture(scope="session")
def plots_file(tmp_path_factory):
    return write_record_service(tmp_path_factory.mktemp("session") / "plots", PLOTS)


@pytest.fixture
def farm(plots_file) -> Farm:
    ensemble = loaded(plots_file)
    shelf = Shelf({str(plot): FRESH for plot in (1, 2, 3)})
    return Farm(api_of(ensemble, stock_of(ensemble.service, shelf)), shelf)


@pytest.fixture
def clinic(tmp_path) -> Api:
    ensemble = loaded(write_record_service(tmp_path / "patients", PATIENTS))
    shelf = Shelf({"IIT-000123": Stored({"sex": "FEMALE", "visits": 4}, NOW)})
    return api_of(ensemble, stock_of(ensemble.service, shelf))


def test_a_plot_gets_the_documented_answer(farm):
    body = farm.predict(SAID | {"model_name": "ensemble"}).json()
    assert body.pop("timestamp")
    assert body.pop("request_id").startswith("req_")
    used = body.pop("features_used")
    sources = body.pop("feature_sources")
    assert body == {
        "plot_id": 1,
        "predicted_yield_kg_per_ha": farm.expected(SAID, "ensemble"),
        "model_name": "ensemble",
        "model_version": "1.0.0",
        "confidence_score": None,
    }
    assert used == {
        **{name: SAID[name] for name in ("latitude", "longitude", "season")},
        **{name: KEPT[name] for name in ("altitude", "precip_total", "gdd_sum", "variety", "irrigated")},
        "planting_day": 280,
    }
    assert sources == {
        **dict.fromkeys(("latitude", "longitude", "season"), "request"),
        **dict.fromkeys(("altitude", "precip_total", "gdd_sum", "variety", "irrigated"), "store"),
        "planting_day": "derived",
    }


def test_what_the_request_says_wins_over_what_is_stored(farm):
    said = SAID | {"altitude": 10.0, "variety": "other"}
    body = farm.predict(said).json()
    assert (body["features_used"]["altitude"], body["feature_sources"]["altitude"]) == (10.0, "request")
    assert (body["features_used"]["variety"], body["feature_sources"]["variety"]) == ("other", "request")
    assert body["predicted_yield_kg_per_ha"] == farm.expected(said, "ensemble")


def test_what_nobody_says_is_a_default_or_missing(farm):
    farm.shelf.kept["1"] = Stored({"altitude": 1, "gdd_sum": 2}, NOW)
    body = farm.predict(SAID | {"precip_total": "?"}).json()
    assert (body["features_used"]["variety"], body["feature_sources"]["variety"]) == ("H614", "default")
    assert (body["features_used"]["precip_total"], body["feature_sources"]["precip_total"]) == (None, "missing")


@pytest.mark.parametrize("path", ["/predict", "/api/v1/predict"])
@pytest.mark.parametrize("name", ["model", "model_name"])
def test_a_model_is_asked_by_either_name(farm, path, name):
    body = farm.predict(SAID | {name: "ridge"}, path).json()
    assert (body["model_name"], body["predicted_yield_kg_per_ha"]) == ("ridge", farm.expected(SAID, "ridge"))
    assert farm.predict(SAID | {"model": "ridge", "model_name": "ridge"}, path).json()["model_name"] == "ridge"


def test_auto_says_which_model_it_was(farm):
    assert farm.predict(SAID | {"model": "auto"}).json()["model_name"] == "ensemble"


def test_a_model_is_named_by_the_path(farm):
    assert farm.predict(SAID, "/models/xgboost/predict").json()["model_name"] == "xgboost"
    farm.shelf.kept["1"] = FRESH
    assert farm.predict(SAID | {"plot_id": 2}, "/models/xgboost/predict").json()["model_name"] == "xgboost"
    assert farm.predict(SAID, "/models/nobody/predict").status_code == 404
    assert farm.predict(SAID | {"model": "ridge"}, "/models/xgboost/predict").status_code == 422


def test_a_batch_is_answered_plot_by_plot(farm):
    plots = [SAID, SAID | {"plot_id": 9}, SAID | {"latitude": 91}, SAID | {"plot_id": 2, "altitude": 5}]
    body = farm.batch(*plots, model_name="ridge").json()
    first, *bad, last = body["predictions"]
    assert bad == [None, None]
    assert first["plot_id"] == 1
    assert first["predicted_yield_kg_per_ha"] == pytest.approx(farm.expected(plots[0], "ridge"), rel=1e-6)
    assert last["predicted_yield_kg_per_ha"] == pytest.approx(farm.expected(plots[3], "ridge"), rel=1e-6)
    assert last["feature_sources"]["altitude"] == "request"
    assert [(error["index"], error["errors"][0]["field"]) for error in body["errors"]] == [
        (1, "plots[1].plot_id"),
        (2, "plots[2].latitude"),
    ]
    assert (body["model_name"], body["model_version"], body["samples"], body["failed"]) == ("ridge", "1.0.0", 4, 2)
    assert farm.shelf.asked == [["1", "9", "2"]]


def test_a_batch_may_call_its_list_samples(farm):
    body = farm.predict({"samples": [SAID, 7]}, "/predict/batch").json()
    assert body["predictions"][0]["plot_id"] == 1
    assert body["errors"][0]["errors"][0]["field"] == "samples[1]"


def test_a_service_with_fields_takes_no_vectors(farm):
    problem = farm.predict({"features": [1.0] * 9}).json()
    assert problem["errors"][0]["field"] == "features"
    assert "one of the fields plot_id, latitude" in problem["errors"][0]["expected"]


def test_a_body_is_read_the_same_by_both_readers(farm):
    """A text with a colon in it leaves the quick reader in doubt."""
    quick = farm.predict(SAID | {"variety": "ab"}).json()
    careful = farm.predict(SAID | {"variety": "a:b"}).json()
    assert quick["predicted_yield_kg_per_ha"] == careful["predicted_yield_kg_per_ha"]
    batch = farm.batch(SAID | {"variety": "ab"}, SAID | {"variety": "a:b"}).json()
    assert [one["features_used"]["variety"] for one in batch["predictions"]] == ["ab", "a:b"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"plot_id": 1, "plot_id": 2}', id="twice"),
        pytest.param(b'{"plot_id": 1, "plot_id"  : 1}', id="spaced"),
        pytest.param(b'{"plot_id": 1, "plot\\u005fid": 1}', id="escaped"),
        pytest.param(b'{"plot_id": 1, "plot_id": 1, "season": ":::"}', id="among colons"),
    ],
)
def test_a_name_given_twice_is_refused(farm, body):
    for path, sent in (("/predict", body), ("/predict/batch", b'{"plots": [%s]}' % body)):
        problem = farm.predict(sent, path).json()
        assert (problem["status"], problem["errors"][0]["value"]) == (422, "2 times")
        assert problem["errors"][0]["field"].endswith("plot_id")


def test_a_patient_gets_a_class_and_the_band_of_the_risk(clinic):
    body = clinic.post("/predict", {"patient_id": "IIT-000123", "visit_date": "2024-06-03"}).json()
    risk = body["prediction"]["probabilities"]["INTERRUPTED"]
    assert body["patient_id"] == "IIT-000123"
    assert body["prediction"]["risk_band"] == clinic.ensemble.service.bands.of(risk)
    assert body["features_used"] == {"weight_kg": None, "sex": "FEMALE", "visits": 4, "day": 155}
    assert body["feature_sources"] == {"weight_kg": "missing", "sex": "store", "visits": "store", "day": "derived"}
    assert sorted(body["metadata"]) == ["request_id", "timestamp"]


def test_a_batch_of_patients_is_answered_one_by_one(clinic):
    patients = [{"patient_id": "IIT-000123", "visit_date": "2024-06-03"}, {"patient_id": "?", "visit_date": "x"}]
    body = clinic.post("/predict/batch", {"patients": patients}).json()
    first, second = body["predictions"]
    assert (first["patient_id"], first["features_used"]["visits"], second) == ("IIT-000123", 4, None)
    assert first["risk_band"] in ("low", "medium", "high")
    assert body["model"]["name"] == "lightgbm"
    assert body["errors"][0]["errors"][0]["field"] == "patients[1].visit_date"


def test_every_model_says_its_band(clinic):
    asked = {"patient_id": "IIT-000123", "visit_date": "2024-06-03", "return_all_models": True}
    body = clinic.post("/predict", asked).json()
    assert body["patient_id"] == "IIT-000123"
    assert "risk_band" in body["ensemble_prediction"]
    assert all("risk_band" in one for one in body["individual_predictions"].values())


def test_health_says_which_models_and_whether_the_store_answers(farm):
    body = farm.api.get("/health").json()
    assert body["models_loaded"] == ["ensemble", "xgboost", "ridge"]
    assert (body["status"], body["mlflow_connected"], body["feature_store_available"]) == ("healthy", None, True)


def test_a_store_that_is_down_leaves_the_service_healthy(plots_file):
    ensemble, shelf = loaded(plots_file), Shelf()
    shelf.is_down = True
    answer = api_of(ensemble, stock_of(ensemble.service, shelf)).get("/api/v1/health")
    assert (answer.status_code, answer.json()["feature_store_available"]) == (200, False)


def test_the_models_say_what_they_predict(farm):
    models = farm.api.get("/models").json()["models"]
    assert [(one["target"], one["unit"]) for one in models] == [("yield", "kg_per_ha")] * 3


def test_metrics_count_what_was_looked_up(farm):
    farm.predict(SAID)
    farm.predict(SAID)
    farm.batch(SAID, SAID | {"plot_id": 2})
    text = farm.api.get("/metrics").text
    assert "feature_cache_hits_total 2.0" in text
    assert "feature_cache_misses_total 2.0" in text
    assert "feature_store_available 1.0" in text


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('"latitude"', '"model"', "fields cannot be called 'model'"),
        ('"latitude"', '"plots"', "fields cannot be called 'plots'"),
        ('rows = "plots"', 'rows = "voting"', "rows cannot be 'voting'"),
        ('"plot_id"', '"timestamp"', "the entity cannot be called 'timestamp'"),
        ('"plot_id"', '"predicted_yield_kg_per_ha"', "the entity cannot be called"),
    ],
)
def test_a_name_that_means_two_things_stops_the_start(tmp_path, old, new, wrong):
    ensemble = loaded(write_record_service(tmp_path / "plots", PLOTS.replace(old, new)))
    with pytest.raises(ServiceError, match=wrong):
        api_of(ensemble, stock_of(ensemble.service, Shelf()))


def test_stored_features_without_a_store_stop_the_start(plots_file):
    with pytest.raises(ServiceError, match="no store to ask"):
        api_of(loaded(plots_file))
