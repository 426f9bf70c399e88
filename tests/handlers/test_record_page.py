"""The OpenAPI page of a service with fields: its own names, units and words, and examples that are really answered."""

import pytest

from functions.predict.regression import predicted_name
from functions.predict.value_shapes import BatchValueAnswer, EveryValueAnswer, ValueAnswer
from serinus.service import Service
from tests.handlers.conftest import Api, api_of, loaded
from tests.handlers.test_records import FRESH
from tests.records import PATIENTS, PLOTS, Shelf, stock_of, write_record_service

ONE, BATCH, NAMED = "/api/v1/predict", "/api/v1/predict/batch", "/api/v1/models/{name}/predict"
SPARSE = """
[service]
name = "sparse"
task = "regression"
[input]
fields = [
    { name = "cold", type = "float", maximum = -5.5 },
    { name = "few", type = "integer", minimum = 2 },
    { name = "narrow", type = "float", minimum = 0.2, maximum = 0.5 },
    { name = "wet", type = "boolean" },
    { name = "word", type = "string", values = ["x", "y"], others = "unknown" },
    { name = "note", type = "string", feature = false, max_length = 1 },
    { name = "from", type = "date", maximum = 1999-01-01 },
    { name = "to", type = "date", minimum = 2030-01-01 },
    { name = "days", derive = "days_between", of = ["from", "to"] },
]
[models]
only = "1.0.0"
"""


def api(folder, text: str, *kept: str) -> Api:
    ensemble = loaded(write_record_service(folder / "service", text))
    stock = stock_of(ensemble.service, Shelf(dict.fromkeys(kept, FRESH))) if ensemble.service.features else None
    return api_of(ensemble, stock)


@pytest.fixture(scope="module")
def plots(tmp_path_factory) -> Api:
    return api(tmp_path_factory.mktemp("page"), PLOTS, "1")


@pytest.fixture(scope="module")
def page(plots) -> dict:
    return plots.get("/openapi.json").json()


@pytest.fixture(scope="module", params=[PLOTS, PATIENTS, SPARSE], ids=["plots", "patients", "sparse"])
def any_api(request, tmp_path_factory) -> Api:
    return api(tmp_path_factory.mktemp("page"), request.param, "1")


def example(page: dict, path: str) -> dict:
    return page["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]


def answers(page: dict, path: str) -> dict[str, dict]:
    shown = page["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["examples"]
    return {name: one["value"] for name, one in shown.items()}


def test_a_record_is_shown_by_its_fields(page):
    body = page["components"]["schemas"]["PredictBody"]
    properties = body["properties"]
    assert body["required"] == ["plot_id", "latitude", "longitude", "planting_date", "season"]
    assert body["additionalProperties"] is False
    assert "features" not in properties
    assert "gdd_sum" not in properties
    assert body["description"] == "Looked up by plot_id: gdd_sum."
    assert properties["latitude"] == {
        "type": "number",
        "minimum": -90,
        "maximum": 90,
        "x-unit": "deg",
        "x-source": "request",
        "description": "north of the equator: a number from -90 to 90 (deg).",
        "examples": [-0.499127],
    }
    assert properties["season"]["enum"] == ["Long Rains", "Short Rains"]
    assert properties["planting_date"]["format"] == "date"
    assert properties["altitude"]["type"] == ["number", "null"]
    assert "Looked up where it is not said" in properties["altitude"]["description"]
    assert properties["variety"]["examples"] == ["H614", "DK8031"]
    assert properties["variety"]["default"] == "H614"
    assert properties["voting"]["enum"] == ["mean", "median", None]
    assert properties["model_name"]["enum"] == ["auto", "ensemble", "xgboost", "ridge"]
    assert "return_probabilities" not in properties


def test_a_batch_is_shown_by_the_name_of_its_list(page):
    batch = page["components"]["schemas"]["BatchBody"]
    assert batch["required"] == ["plots"]
    assert batch["properties"]["plots"]["maxItems"] == 100
    assert "latitude" in batch["properties"]["plots"]["items"]["properties"]


@pytest.mark.parametrize("path", [ONE, BATCH, NAMED])
def test_the_example_is_answered_as_the_page_says(any_api, path):
    page = any_api.get("/openapi.json").json()
    name = next(iter(any_api.ensemble.predictors))
    answer = any_api.post(path.format(name=name), example(page, path))
    assert answer.status_code == 200, answer.text
    shown = next(iter(answers(page, path).values()))
    assert set(answer.json()) == set(shown)
    if is_all_said(any_api.ensemble.service):
        for member in set(shown) - {"timestamp", "request_id", "metadata", "model"}:
            assert answer.json()[member] == shown[member]


def is_all_said(service: Service) -> bool:
    """Whether requests can say everything: what the store says of an example, the page does not know."""
    return all(field.source != "store" for field in service.input.given)


def test_the_example_of_every_model_is_answered_as_the_page_says(any_api):
    page = any_api.get("/openapi.json").json()
    answer = any_api.post(ONE, example(page, ONE) | {"return_all_models": True})
    assert set(answer.json()) == set(answers(page, ONE)["every model"])


def test_the_answers_schema_has_what_the_answers_have(any_api):
    page = any_api.get("/openapi.json").json()
    schemas, single = page["components"]["schemas"], page["paths"][ONE]["post"]["responses"]["200"]["content"]
    shapes = [one["$ref"].rpartition("/")[2] for one in single["application/json"]["schema"]["oneOf"]]
    for shape, shown in zip(shapes, answers(page, ONE).values(), strict=True):
        assert set(shown) == set(schemas[shape]["properties"]) == set(schemas[shape]["required"])
    [sample] = next(iter(answers(page, BATCH).values()))["predictions"]
    assert set(sample) == set(schemas["Sample"]["properties"]) - ({"risk_band"} - set(sample))


def test_the_answers_are_of_the_documented_shapes(plots, page):
    name = predicted_name(plots.ensemble.service.service)
    one, every = answers(page, ONE).values()
    [many] = answers(page, BATCH).values()
    told = {"plot_id", "features_used", "feature_sources"}
    ValueAnswer.model_validate(plain(one, name, told))
    everyone = plain(every, name, told)
    everyone["ensemble_prediction"] = plain(everyone["ensemble_prediction"], name)
    each = everyone["individual_predictions"].items()
    everyone["individual_predictions"] = {model: plain(value, name) for model, value in each}
    EveryValueAnswer.model_validate(everyone)
    BatchValueAnswer.model_validate(many | {"predictions": [plain(one, name, told) for one in many["predictions"]]})


def plain(answer: dict, name: str, told: set[str] = frozenset()) -> dict:
    """`answer` with the value called as in the shapes, and without what it tells of its record."""
    return {("predicted" if member == name else member): answer[member] for member in answer if member not in told}


def test_the_page_says_what_becomes_of_unknown_plots_and_absent_stores(page):
    assert {"404", "503"} <= set(page["paths"][ONE]["post"]["responses"])
    assert {"409", "422"} <= set(page["paths"]["/api/v1/models/reload"]["post"]["responses"])
