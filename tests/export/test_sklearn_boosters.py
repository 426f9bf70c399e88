"""XGBoost's and LightGBM's own estimators, alone in a pickle and inside models of scikit-learn."""

import copy
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from export.errors import Refused
from export.from_sklearn import load, of_model
from export.gate import ParityFailed
from export.original import Original
from serinus.session import session
from tests.export.originals import (
    FEATURES,
    graph_of,
    pickled,
    proof,
    sample_rows,
    three_classes,
    two_classes,
    values,
)
from tests.export.test_sklearn_compositions import forest, lgb, lgb_value, members, named, xgb, xgb_value

ALONE = {
    "XGBClassifier": (xgb(), three_classes, "xgboost"),
    "XGBClassifier of two classes": (xgb(), two_classes, "xgboost"),
    "XGBClassifier that answers labels": (xgb(objective="multi:softmax"), three_classes, "xgboost"),
    "XGBRegressor": (xgb_value(), values, "xgboost"),
    "XGBRFClassifier": (xgboost.XGBRFClassifier(n_estimators=4, max_depth=3, n_jobs=1), two_classes, "xgboost"),
    "XGBRFRegressor": (xgboost.XGBRFRegressor(n_estimators=4, max_depth=3, n_jobs=1), values, "xgboost"),
    "LGBMClassifier": (lgb(), named, "lightgbm"),
    "LGBMClassifier of two classes": (lgb(), two_classes, "lightgbm"),
    "LGBMRegressor": (lgb_value(), values, "lightgbm"),
}


def native(model: Any, rows: Any) -> Any:
    return model.predict_proba(rows) if hasattr(model, "classes_") else model.predict(rows)[:, None]


@pytest.mark.parametrize(("model", "targets", "framework"), ALONE.values(), ids=ALONE)
def test_an_estimator_in_a_pickle_is_exported(tmp_path: Path, model: Any, targets: Any, framework: str) -> None:
    rows = sample_rows(missing=0.1)
    original = load(pickled(tmp_path / "model.joblib", model.fit(rows, targets(rows))), None)
    assert original.framework == framework
    assert original.nan_policy == "allow"
    np.testing.assert_allclose(original.predict(rows), native(model, rows), atol=1e-7)
    assert proof(original, graph_of(original), rows).comparison.is_equal


@pytest.mark.parametrize("booster", [xgb, lgb])
def test_a_booster_in_a_pickle_is_exported(tmp_path: Path, booster: Any) -> None:
    rows = sample_rows()
    fitted = booster().fit(rows, two_classes(rows))
    inner = fitted.get_booster() if booster is xgb else fitted.booster_
    original = load(pickled(tmp_path / "model.pkl", inner), ("no", "yes"))
    assert original.output.model_dump()["labels"] == ("no", "yes")
    np.testing.assert_allclose(original.predict(rows), fitted.predict_proba(rows), atol=1e-7)


def test_words_for_classes_are_labels_in_the_order_of_the_model() -> None:
    rows = sample_rows()
    assert of_model(lgb().fit(rows, named(rows)), None).output.model_dump()["labels"] == ("high", "low", "middle")
    numbered = xgb().fit(rows, three_classes(rows))
    assert of_model(numbered, None).output.model_dump()["labels"] == ("0", "1", "2")
    assert of_model(numbered, ("a", "b", "c")).output.model_dump()["labels"] == ("a", "b", "c")


def stopped_early(model: Any) -> Any:
    rows = sample_rows()
    chance = np.random.default_rng(0).integers(3, size=100)
    model.set_params(n_estimators=40)
    if isinstance(model, xgboost.XGBClassifier):
        model.set_params(early_stopping_rounds=5)
        return model.fit(rows, three_classes(rows), eval_set=[(rows[:100], chance)], verbose=False)
    stop = lightgbm.early_stopping(5, verbose=False)
    return model.fit(rows, three_classes(rows), eval_X=rows[:100], eval_y=chance, callbacks=[stop])


@pytest.mark.parametrize("model", [xgb(), lgb()], ids=["XGBoost", "LightGBM"])
def test_rounds_after_the_best_one_are_left_out_alone_and_in_a_vote(tmp_path: Path, model: Any) -> None:
    rows, model = sample_rows(), stopped_early(model)
    vote = VotingClassifier(members(forest(), forest()), voting="soft").fit(rows, three_classes(rows))
    vote.estimators_[1] = model
    for whole in (model, vote):
        original = load(pickled(tmp_path / "model.pkl", whole), None)
        np.testing.assert_allclose(original.predict(rows), whole.predict_proba(rows), atol=1e-7)
        assert proof(original, graph_of(original), rows).comparison.is_equal


def test_xgboost_still_has_the_rounds_after_the_best_one() -> None:
    rows, model = sample_rows(), stopped_early(xgb())
    every = model.predict_proba(rows, iteration_range=(0, model.get_booster().num_boosted_rounds()))
    assert np.abs(every - model.predict_proba(rows)).max() > 0.01


def holed(number: float) -> Any:
    rows = sample_rows(missing=0.2)
    return np.where(np.isnan(rows), np.float32(number), rows)


@pytest.mark.parametrize("number", [0.0, -999.9])
def test_a_number_that_stands_for_missing_values_is_one_in_the_graph_too(number: float) -> None:
    rows = holed(number)
    model = xgb(missing=number).fit(rows, three_classes(rows))
    original = of_model(model, None)
    np.testing.assert_array_equal(original.predict(rows), model.predict_proba(rows))
    assert proof(original, graph_of(original), rows).comparison.is_equal
    forgetful = of_model(copy.deepcopy(model).set_params(missing=np.nan), None)
    with pytest.raises(ParityFailed):
        proof(original, graph_of(forgetful), rows)


def test_a_missing_number_is_one_in_a_vote_and_behind_missing_values() -> None:
    rows = holed(0.0)
    vote = VotingRegressor(members(xgboost.XGBRegressor(n_estimators=4, missing=0.0, n_jobs=1), lgb_value()))
    original = of_model(vote.fit(rows, values(rows)), None)
    assert original.nan_policy == "allow"
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_the_columns_of_a_frame_are_the_feature_names() -> None:
    names = [f"flux {number}" for number in range(FEATURES)]
    frame = pandas.DataFrame(sample_rows(), columns=names)
    model = xgb().fit(frame, two_classes(sample_rows()))
    original = of_model(model, None)
    assert original.names == tuple(names)
    np.testing.assert_allclose(original.predict(sample_rows()), model.predict_proba(frame), atol=1e-7)
    assert model.get_booster().feature_names == names


def with_ports() -> tuple[Any, Any]:
    rows = sample_rows()
    ports = pandas.Categorical.from_codes(np.arange(len(rows)) % 3, categories=["C", "Q", "S"])
    targets = (rows[:, 0] + np.array([0.0, 2.0, -2.0])[ports.codes] > 0).astype(int)
    return pandas.DataFrame({"size": rows[:, 0], "port": ports}), targets


def test_words_of_lightgbm_are_words_of_the_bundle() -> None:
    table, targets = with_ports()
    model = lgb(min_child_samples=5, min_data_per_group=5, cat_smooth=1).fit(table, targets)
    original = of_model(model, None)
    assert original.categories[1].words == ("C", "Q", "S")
    rows = np.stack([table["size"], table["port"].cat.codes], axis=1).astype(np.float32)
    np.testing.assert_allclose(original.predict(rows), model.predict_proba(table), atol=1e-7)


def test_words_of_lightgbm_inside_another_model_are_refused() -> None:
    table, targets = with_ports()
    vote = VotingClassifier(members(lgb(min_child_samples=5, min_data_per_group=5, cat_smooth=1)), voting="soft")
    with pytest.raises(Refused, match="cannot have categories of words: encode them in front of it"):
        of_model(vote.fit(table, targets), None)


def test_whole_numbers_as_categories_of_lightgbm_pass_the_gate_inside_another_model() -> None:
    rows = sample_rows()
    rows[:, 2] = np.arange(len(rows)) % 6
    targets = (rows[:, 0] + np.array([0, 2, -2, 1, -1, 3])[rows[:, 2].astype(int)] > 0).astype(int)
    model = lgb(min_child_samples=5, min_data_per_group=5, cat_smooth=1)
    vote = VotingClassifier(members(model, forest()), voting="soft").fit(rows, targets)
    vote.estimators_[0].fit(rows, targets, categorical_feature=[2])
    original = of_model(vote, None)
    assert original.codes[2].tolist() == [0, 1, 2, 3, 4, 5]
    verdict = proof(original, graph_of(original), rows)
    assert verdict.comparison.is_equal
    assert "category" in verdict.probes.kinds


def test_encoded_words_as_categories_of_lightgbm_pass_the_gate() -> None:
    table, targets = with_ports()
    coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan).set_output(transform="pandas")
    table = table.assign(port=table.port.astype(object))[["port"]]
    model = make_pipeline(coded, lgb(min_child_samples=5, min_data_per_group=5, cat_smooth=1))
    original: Original = of_model(model.fit(table, targets, lgbmclassifier__categorical_feature=[0]), None)
    assert original.categories[0].words == ("C", "Q", "S")
    assert proof(original, graph_of(original)).comparison.is_equal


@pytest.mark.parametrize("is_sparse", [True, False], ids=["sparse", "dense"])
def test_lightgbm_takes_tiny_numbers_for_zero_but_not_in_a_sparse_matrix(is_sparse: bool) -> None:
    rows = sample_rows()
    rows[:, 0] = np.random.default_rng(0).choice([0.0, 1e-3, -1e-3], len(rows))
    rows[:, 1] = np.arange(len(rows)) % 3
    parts = [("keep", "passthrough", [0]), ("encode", OneHotEncoder(), [1])]
    selection = ColumnTransformer(parts, sparse_threshold=float(is_sparse))
    targets = (rows[:, 0] > 0).astype(int) + (rows[:, 0] >= 0)
    model = make_pipeline(selection, lgb_value()).fit(rows, targets)
    tiny = rows[:3].copy()
    tiny[:, 0] = [0, -1e-35, -1e-34]
    expected = model.predict(tiny.astype(np.float64))
    assert (expected[0] == expected[1]) == (not is_sparse)
    original = of_model(model, None)
    np.testing.assert_allclose(original.predict(tiny)[:, 0], expected)
    assert proof(original, graph_of(original), rows).comparison.is_equal
    served = session(graph_of(original)).run(["value"], {"input": tiny})[0][:, 0]
    np.testing.assert_allclose(served, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (xgboost.XGBRegressor(objective="binary:logistic", n_estimators=2), "trained for another task than its class"),
        (xgboost.XGBRegressor(booster="gblinear", n_estimators=2), "booster 'gblinear'"),
        (xgboost.XGBClassifier(booster="dart", n_estimators=2), "booster 'dart'"),
        (xgboost.XGBRegressor(objective="reg:logistic", n_estimators=2), "objective 'reg:logistic'"),
        (
            make_pipeline(
                OrdinalEncoder(), VotingRegressor(members(xgboost.XGBRegressor(objective="binary:logistic")))
            ),
            "XGBRegressor answers classes where a regressor is needed",
        ),
    ],
    ids=["regressor of classes", "gblinear", "dart", "reg:logistic", "in a vote"],
)
def test_what_boosters_refuse_is_refused_in_an_estimator_too(model: Any, message: str) -> None:
    rows = sample_rows()
    with pytest.raises(Refused, match=message):
        of_model(model.fit(rows, two_classes(rows)), None)


def test_an_unfitted_booster_is_refused() -> None:
    for model in (xgb(), lgb()):
        with pytest.raises(Refused, match="is not fitted"):
            of_model(model, None)


def test_something_else_in_a_pickle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"cannot export a builtins\.dict; supported are"):
        load(pickled(tmp_path / "model.pkl", {"model": 1}), None)
