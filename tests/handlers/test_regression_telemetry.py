"""What logs and metrics tell of a regressor: how many values lie where its sample's lay, and what they are like."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.predict.lambda_telemetry import LambdaTelemetry
from functions.predict.telemetry import Observation, Predicted
from tests.bundles import write_regressor
from tests.handlers.conftest import Api, api_of, loaded
from tests.tenths import with_edges

TENTHS = [10, 20, 30, 40, 50, 60, 70, 80, 90]
HUGE = 3e38


@pytest.fixture
def plots(tmp_path: Path) -> Any:
    """Makes the API of two regressors, of which the second remembers no sample."""

    def make(extra: str = "") -> Api:
        with_edges(write_regressor(tmp_path / "models", "sum"), TENTHS)
        write_regressor(tmp_path / "models", "ten", weights=(10, 10, 10), performance={"rmse": 2.0})
        about = '[service]\nname = "plots"\ntask = "regression"\n[input]\nfeatures = 3\n'
        file = tmp_path / "service.toml"
        file.write_text(f'{about}[models]\nsum = "1.0.0"\nten = "1.0.0"\n{extra}')
        return api_of(loaded(file))

    return make


def metrics(api: Api) -> dict[str, float]:
    lines = [line for line in api.get("/metrics").text.splitlines() if line.startswith("predict")]
    return {name: float(figure) for name, figure in (line.rsplit(" ", 1) for line in lines)}


def test_a_value_is_counted_in_the_bin_of_the_sample_and_logged(plots):
    api = plots()
    assert api.post("/predict", {"features": [5, 5, 5]}).status_code == 200
    line = api.logged[-1]
    assert (line["predictions"], line["values"]) == ({"sum": {"b1": 1}}, {"sum": 15.0})
    assert metrics(api)['predictions_total{class="b1",model="sum",status="success",version="1.0.0"}'] == 1


def test_of_a_batch_the_log_tells_what_its_values_are_like(plots):
    api = plots()
    answer = api.post("/predict/batch", {"samples": [[1, 0, 0], [25, 0, 0], [HUGE, HUGE, HUGE], [100, 0, 0]]})
    assert answer.json()["failed"] == 1
    line = api.logged[-1]
    assert line["predictions"] == {"sum": {"b0": 1, "b2": 1, "b9": 1}}
    assert line["values"] == {"sum": {"count": 3, "mean": 42.0, "min": 1.0, "max": 100.0}}
    found = metrics(api)
    assert found['prediction_errors_total{model="sum"}'] == 1
    assert sum(count for name, count in found.items() if 'class="b' in name and name.startswith("predictions_t")) == 3


def test_a_model_that_remembers_no_sample_has_its_values_counted_all_the_same(plots):
    api = plots()
    api.post("/predict", {"features": [1, 1, 1], "return_all_models": True})
    assert api.logged[-1]["predictions"] == {"sum": {"b0": 1}, "ten": {"": 1}}
    assert api.logged[-1]["values"] == {"sum": 3.0, "ten": 30.0}
    assert metrics(api)['predictions_total{class="",model="ten",status="success",version="1.0.0"}'] == 1


def test_no_value_at_all_is_nothing_to_tell(plots):
    api = plots()
    assert 400 <= api.post("/predict", {"features": [HUGE, HUGE, HUGE]}).status_code < 500
    assert "values" not in api.logged[-1]


def test_values_about_people_are_not_logged(plots):
    api = plots("[privacy]\npersonal = true\n")
    api.post("/predict", {"features": [5, 5, 5]})
    assert "values" not in api.logged[-1]
    assert "15.0" not in api.log.getvalue()


def test_cloudwatch_gets_the_bins_with_the_count(capsys):
    telemetry = LambdaTelemetry("plots", "7")
    telemetry.loaded("sum", "1.0.0", 0.1)
    one = Predicted("sum", "1.0.0", 0.001, {"b1": 1, "b9": 2}, values=[15.0, 100.0, 110.0])
    telemetry.answered(Observation("req_1", "POST", "/predict", 200, 0.002, [one]))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [metric] = [line for line in lines if "classes" in line]
    assert (metric["predictions_total"], metric["classes"]) == (3, {"b1": 1, "b9": 2})
    assert lines[-1]["values"] == {"sum": {"count": 3, "mean": 75.0, "min": 15.0, "max": 110.0}}
