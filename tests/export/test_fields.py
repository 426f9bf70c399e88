"""A model that was trained on what a service's fields make becomes a bundle that knows them."""

from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pandas
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeRegressor

from export.errors import Refused
from export.exporter import Request, export
from export.samples import Sample
from serinus.bundle import Bundle
from serinus.golden import replay
from serinus.predictor import Predictor
from serinus.record import Form
from serinus.sections import Input
from tests.export.originals import pickled
from tests.export.test_exporter import NOW

FIELDS = [
    {"name": "plot_id", "type": "integer", "feature": False},
    {"name": "season", "type": "string", "values": ["Short Rains", "Long Rains"], "others": "unknown"},
    {"name": "rain", "type": "float", "optional": True, "minimum": 0},
    {"name": "irrigated", "type": "boolean"},
    {"name": "sown", "type": "date"},
    {"name": "day", "derive": "day_of_year", "of": ["sown"]},
]
PLOTS = Input.model_validate({"fields": FIELDS, "missing": ["?", "n/a"]})
FORM = Form.of(PLOTS, "allow")


def rows(count: int = 300) -> np.ndarray:
    generator = np.random.default_rng(0)
    season, irrigated = generator.integers(2, size=(2, count))
    rain = np.where(generator.uniform(size=count) < 0.1, np.nan, generator.uniform(0, 900, count))
    return np.stack([season, rain, irrigated, generator.integers(1, 366, count)], axis=1).astype(np.float32)


def truth(rows: np.ndarray) -> np.ndarray:
    return np.where(rows[:, 0] == 1, 20, 10) + np.nan_to_num(rows[:, 1]) / 100 + rows[:, 3] / 50


def trained(file: Path, **more: object) -> Path:
    """By whole numbers, as train.py does."""
    table = rows()
    settings = {"objective": "regression", "verbosity": -1, "min_data_per_group": 1, "num_threads": 1}
    more = {"feature_name": list(FORM.names), "categorical_feature": [0]} | more
    lightgbm.train(settings, lightgbm.Dataset(table, truth(table), **more), 5).save_model(file)
    return file


def request(folder: Path, fields: Input = PLOTS, **more: object) -> Request:
    return Request(trained(folder / "model.txt"), "plots", "1.0.0", fields=fields, **{"sample": rows()} | more)


def changed(name: str, /, **what: object) -> Input:
    fields = [field | what if field["name"] == name else field for field in FIELDS]
    return Input.model_validate({"fields": fields, "missing": ["?"]})


def test_a_bundle_knows_what_its_features_are_made_of(tmp_path: Path) -> None:
    bundle: Bundle = export(request(tmp_path), tmp_path, created_at=NOW)
    schema = Bundle.load(bundle.folder).metadata.input_schema
    assert schema.names == FORM.names
    assert schema.fields == PLOTS.fields
    assert schema.missing == ("?", "n/a")
    assert schema.categories["season"].words == ("Short Rains", "Long Rains")
    assert bundle.metadata.parity.kinds["category"] > 0
    record = {"season": "Long Rains", "rain": None, "irrigated": True, "sown": "2021-10-07", "plot_id": 1}
    row = FORM.read(record).row
    native = lightgbm.Booster(model_file=tmp_path / "model.txt").predict(row)
    np.testing.assert_allclose(Predictor(bundle).predict(row).values, native, rtol=1e-6)
    assert replay(bundle, Predictor(bundle)).is_equal


def test_names_come_from_the_fields_where_the_model_has_none(tmp_path: Path) -> None:
    source = trained(tmp_path / "model.txt", feature_name="auto")
    bundle = export(Request(source, "plots", "1.0.0", fields=PLOTS), tmp_path, created_at=NOW)
    assert bundle.metadata.input_schema.names == FORM.names
    assert bundle.metadata.input_schema.named


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (changed("rain", name="rainfall"), "the model and the service disagree on the features: missing rain"),
        (changed("rain", feature=False), "the model takes 4 features, the service's fields make 3"),
        (Input.model_validate({"features": 4}), "no .*input.fields"),
        (changed("season", values=["Short Rains"]), "0 to 0 to the service, and the model was trained with 1"),
        (Input.model_validate({"fields": [*FIELDS[:1], *FIELDS[2:4], FIELDS[1], *FIELDS[4:]]}), "another order"),
    ],
    ids=["renamed", "fewer", "vector", "more codes", "moved"],
)
def test_fields_that_are_not_the_models_are_refused(tmp_path: Path, fields: Input, message: str) -> None:
    with pytest.raises(Refused, match=message):
        export(request(tmp_path, fields), tmp_path, created_at=NOW)


@pytest.mark.parametrize(
    ("place", "number", "message"),
    [
        (0, 2, "the sample holds 2 as season, expected the numbers of its words, -1 to 1; 1 of 300 rows"),
        (0, 0.5, "the sample holds 0.5 as season"),
        (0, -2, "the sample holds -2 as season"),
    ],
)
def test_a_sample_coded_in_another_way_is_refused(tmp_path: Path, place: int, number: float, message: str) -> None:
    sample = rows()
    sample[7, place] = number
    with pytest.raises(Refused, match=message):
        export(request(tmp_path, sample=Sample(sample, FORM.names)), tmp_path, created_at=NOW)


def test_unknown_and_missing_words_may_stand_in_a_sample(tmp_path: Path) -> None:
    sample = rows()
    sample[:2, 0] = [-1, np.nan]
    assert export(request(tmp_path, sample=sample), tmp_path, created_at=NOW).metadata.reference


def of_words(folder: Path) -> Request:
    """A model that knows the words itself, by the table it was trained on."""
    table = pandas.DataFrame(rows(), columns=list(FORM.names))
    words = pandas.Categorical.from_codes(table["season"].astype(int), ["Short Rains", "Long Rains"])
    data = lightgbm.Dataset(table.assign(season=words), truth(rows()))
    lightgbm.train({"verbosity": -1, "num_threads": 1}, data, 5).save_model(folder / "words.txt")
    return Request(folder / "words.txt", "plots", "1.0.0", fields=PLOTS, sample=rows())


def test_a_model_that_knows_the_words_agrees_with_the_fields(tmp_path: Path) -> None:
    schema = export(of_words(tmp_path), tmp_path, created_at=NOW).metadata.input_schema
    assert schema.categories["season"].words == ("Short Rains", "Long Rains")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"values": ["Long Rains", "Short Rains"]}, "disagree on the words of season: another order"),
        ({"type": "integer", "values": (), "others": "reject"}, "disagree on the words of season: missing Short Rains"),
    ],
    ids=["moved", "numbers"],
)
def test_a_model_that_knows_other_words_is_refused(tmp_path: Path, what: dict[str, object], message: str) -> None:
    made = of_words(tmp_path)
    with pytest.raises(Refused, match=message):
        export(Request(made.source, "plots", "1.0.0", fields=changed("season", **what)), tmp_path, created_at=NOW)


def one_hot(folder: Path, handle_unknown: str) -> Request:
    """A scikit-learn model that was fitted on the words themselves, and raises an error for others or ignores them."""
    table = pandas.DataFrame({"season": ["Short Rains", "Long Rains"] * 20, "rain": np.arange(40.0)})
    encoder = OneHotEncoder(categories=[["Short Rains", "Long Rains"]], handle_unknown=handle_unknown)
    columns = make_column_transformer((encoder, ["season"]), remainder="passthrough")
    model = make_pipeline(columns, DecisionTreeRegressor(max_depth=3)).fit(table, table["rain"])
    return Request(pickled(folder / "model.joblib", model), "plots", "1.0.0")


@pytest.mark.parametrize(("handle_unknown", "others"), [("ignore", "unknown"), ("error", "reject")])
def test_a_pipeline_agrees_on_words(tmp_path: Path, handle_unknown: str, others: str) -> None:
    said = Input.model_validate({"fields": [FIELDS[1] | {"others": others}, {"name": "rain", "type": "float"}]})
    made = one_hot(tmp_path, handle_unknown)
    schema = export(replace(made, fields=said), tmp_path, created_at=NOW).metadata.input_schema
    assert schema.categories["season"].others == others


def test_a_pipeline_that_knows_no_other_word_is_no_model_of_unknown_ones(tmp_path: Path) -> None:
    said = Input.model_validate({"fields": [FIELDS[1], {"name": "rain", "type": "float"}]})
    with pytest.raises(Refused, match="the model knows no words of season but its own: say others = 'reject'"):
        export(replace(one_hot(tmp_path, "error"), fields=said), tmp_path, created_at=NOW)


def test_a_model_that_takes_no_missing_values_has_no_optional_fields(tmp_path: Path) -> None:
    model = LinearRegression().fit(np.nan_to_num(rows()), truth(rows()))
    made = Request(pickled(tmp_path / "model.joblib", model), "plots", "1.0.0", fields=PLOTS)
    with pytest.raises(Refused, match="field rain is optional, and the model takes no missing values"):
        export(made, tmp_path, created_at=NOW)
    needed = changed("rain", optional=False)
    assert export(replace(made, fields=needed), tmp_path, created_at=NOW).metadata.nan_policy == "reject"
