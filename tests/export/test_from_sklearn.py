from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from export.boundaries import first_reaching
from export.errors import Refused
from export.from_sklearn import load
from export.gate import ParityFailed
from export.original import Original
from tests.export.originals import (
    FEATURES,
    attribute,
    graph_of,
    pickled,
    proof,
    sample_rows,
    three_classes,
    two_classes,
    values,
)

CROSS_VALIDATED = {"cv": 2, "l1_ratios": (0,), "use_legacy_attributes": False, "scoring": "accuracy"}
NAMES = np.array(["CONFIRMED", "CANDIDATE", "FALSE_POSITIVE"])


def named(value: object) -> str:
    """A function by its name: its address is another in every process."""
    return getattr(value, "__name__", str(value))


def stock(fitted: Any) -> onnx.ModelProto:
    """What the converter makes without our help."""
    model: onnx.ModelProto = to_onnx(
        fitted,
        initial_types=[("input", FloatTensorType([None, FEATURES]))],
        options={id(fitted): {"zipmap": False}},
        target_opset={"": 17, "ai.onnx.ml": 3},
    )
    return model


@pytest.mark.parametrize("missing", [0.0, 0.15], ids=["complete", "with NaN"])
@pytest.mark.parametrize(
    ("estimator", "targets"),
    [
        (RandomForestClassifier(8, random_state=0), three_classes),
        (RandomForestClassifier(8, random_state=0), two_classes),
        (ExtraTreesClassifier(8, random_state=0), three_classes),
        (ExtraTreesClassifier(8, random_state=0), two_classes),
        (DecisionTreeClassifier(random_state=0), three_classes),
        (DecisionTreeClassifier(random_state=0), two_classes),
        (RandomForestRegressor(8, random_state=0), values),
        (ExtraTreesRegressor(8, random_state=0), values),
        (DecisionTreeRegressor(random_state=0), values),
    ],
    ids=named,
)
def test_every_supported_tree_passes_the_gate(tmp_path, estimator, targets, missing) -> None:
    rows = sample_rows(missing=missing)
    original = load(pickled(tmp_path / "model.pkl", estimator.fit(rows, targets(rows))), None)
    assert original.nan_policy == "allow"
    assert proof(original, graph_of(original), rows).comparison.is_equal


@pytest.mark.parametrize(
    ("estimator", "targets"),
    [
        (GradientBoostingClassifier(n_estimators=8), three_classes),
        (GradientBoostingClassifier(n_estimators=8), two_classes),
        (GradientBoostingClassifier(n_estimators=8, loss="exponential"), two_classes),
        (GradientBoostingRegressor(n_estimators=8), values),
        (GradientBoostingRegressor(n_estimators=8, loss="quantile"), values),
        (LogisticRegression(max_iter=5000), three_classes),
        (LogisticRegression(max_iter=5000), two_classes),
        (LogisticRegression(fit_intercept=False, solver="liblinear"), two_classes),
        (make_pipeline(StandardScaler(), LogisticRegressionCV(**CROSS_VALIDATED)), three_classes),
        (LinearRegression(), values),
        (LinearRegression(fit_intercept=False), values),
        (make_pipeline(StandardScaler(), Ridge()), values),
        (RidgeCV(), values),
        (Lasso(), values),
        (LassoCV(), values),
        (ElasticNet(), values),
        (ElasticNetCV(), values),
    ],
    ids=named,
)
def test_every_model_that_refuses_nan_passes_the_gate_without(tmp_path, estimator, targets) -> None:
    rows = sample_rows()
    original = load(pickled(tmp_path / "model.pkl", estimator.fit(rows, targets(rows))), None)
    assert original.nan_policy == "reject"
    verdict = proof(original, graph_of(original), sample_rows(missing=0.05))
    assert verdict.comparison.is_equal
    assert not np.isnan(verdict.probes.rows).any()


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(clip=True), RobustScaler()], ids=str)
@pytest.mark.parametrize(
    ("estimator", "targets"),
    [
        (RandomForestClassifier(8, random_state=0), three_classes),
        (GradientBoostingRegressor(n_estimators=8), values),
        (LogisticRegression(), two_classes),
    ],
    ids=named,
)
def test_pipelines_with_imputer_and_scaler_pass_the_gate_with_nan(tmp_path, scaler, estimator, targets) -> None:
    rows = sample_rows(missing=0.1)
    pipeline = make_pipeline(SimpleImputer(strategy="median"), scaler, estimator).fit(rows, targets(rows))
    original = load(pickled(tmp_path / "model.joblib", pipeline), None)
    assert original.nan_policy == "allow"
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_scaler_alone_does_not_make_nan_welcome(tmp_path: Path) -> None:
    rows = sample_rows()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, two_classes(rows))
    assert load(pickled(tmp_path / "model.pkl", pipeline), None).nan_policy == "reject"


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_without_our_routing_the_stock_converter_loses_missing_values(
    tmp_path: Path, kind: Callable[..., RandomForestClassifier]
) -> None:
    rows = sample_rows(missing=0.2)
    forest = kind(8, random_state=0).fit(rows, three_classes(rows))
    original = load(pickled(tmp_path / "model.pkl", forest), None)
    with pytest.raises(ParityFailed, match="missing-"):
        proof(original, graph_of(original, stock(forest)), rows)


def test_without_division_the_stock_scaler_turns_at_other_numbers(tmp_path: Path) -> None:
    rows = sample_rows(count=2000)
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(8, random_state=0))
    original = load(pickled(tmp_path / "model.pkl", pipeline.fit(rows, three_classes(rows))), None)
    stock_pipeline = stock(pipeline)
    assert "Scaler" in [node.op_type for node in stock_pipeline.graph.node]
    with pytest.raises(ParityFailed):
        proof(original, graph_of(replace(original, steps=()), stock_pipeline), rows)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_without_double_precision_the_stock_regression_is_too_far_off(tmp_path: Path) -> None:
    rows = sample_rows() + np.float32([0, 0, 0, 1e5, 0])
    model = LogisticRegression().fit(sample_rows(), two_classes(sample_rows()))
    model.coef_, model.intercept_ = np.array([[1.0, 0.0, 0.0, 1.1, 0.0]]), np.array([-1.1e5])
    original = load(pickled(tmp_path / "model.pkl", model), None)
    assert proof(original, graph_of(original), rows).comparison.worst < 1e-6
    with pytest.raises(ParityFailed):
        proof(original, graph_of(original, stock(model)), rows)


def test_swapped_labels_are_caught(tmp_path: Path) -> None:
    rows = sample_rows()
    forest = RandomForestClassifier(8, random_state=0).fit(rows, three_classes(rows))
    original = load(pickled(tmp_path / "model.pkl", forest), None)
    wrong = original.graph()
    columns = attribute(wrong, "target_ids")
    columns.ints[:] = [{0: 1, 1: 0}.get(column, column) for column in columns.ints]
    with pytest.raises(ParityFailed, match="labels flip"):
        proof(original, graph_of(original, wrong), rows)


@pytest.mark.parametrize("steps", [(), (StandardScaler(),), (MinMaxScaler(),)], ids=str)
@pytest.mark.parametrize("towards", [-np.inf, np.inf], ids=["down", "up"])
def test_any_threshold_moved_by_one_bit_is_caught_behind_a_scaler_too(tmp_path, steps, towards) -> None:
    rows = sample_rows()
    model = make_pipeline(*steps, DecisionTreeClassifier(max_depth=4, random_state=0)).fit(rows, three_classes(rows))
    original = load(pickled(tmp_path / "model.pkl", model), None)
    inner = [i for i, mode in enumerate(attribute(original.graph(), "nodes_modes").strings) if mode != b"LEAF"]
    assert len(inner) > 6
    for node in inner:
        wrong = original.graph()
        tensor = attribute(wrong, "nodes_values_as_tensor").t
        before = np.array(numpy_helper.to_array(tensor))
        after = before.copy()
        after[node] = np.nextafter(last_left(before[node]), np.float32(towards))
        tensor.CopyFrom(numpy_helper.from_array(after, tensor.name))
        place = attribute(wrong, "nodes_featureids").ints[node]
        if first_right(original, place, before[node]) == first_right(original, place, after[node]):
            continue  # no float32 input falls between a threshold and its neighbour: a scaler can leave gaps
        with pytest.raises(ParityFailed, match="turn"):
            proof(original, graph_of(original, wrong), rows)


def last_left(threshold: np.float64) -> np.float32:
    nearest = np.float32(threshold)
    return nearest if nearest <= threshold else np.nextafter(nearest, np.float32(-np.inf))


def first_right(original: Original, place: int, threshold: np.float64) -> np.float32:
    """The smallest input that a tree behind the scaler sends right."""
    target = np.nextafter(last_left(threshold), np.float32(np.inf))
    (first,) = first_reaching(target[None], np.zeros(1, np.int32), original.on_the_way.get(place, ()))
    return np.float32(first)


def test_text_classes_become_labels_in_the_order_of_the_model(tmp_path: Path) -> None:
    rows = sample_rows()
    forest = RandomForestClassifier(4, random_state=0).fit(rows, NAMES[three_classes(rows)])
    original = load(pickled(tmp_path / "model.pkl", forest), None)
    assert original.output.model_dump()["labels"] == ("CANDIDATE", "CONFIRMED", "FALSE_POSITIVE")
    assert proof(original, graph_of(original), rows).comparison.is_equal


@pytest.mark.parametrize("classes", [np.array([3, 1, 2]), np.array([3.0, 1.0, 2.0])], ids=["int", "float"])
def test_numbered_classes_can_be_named(tmp_path: Path, classes: Any) -> None:
    rows = sample_rows()
    file = pickled(tmp_path / "model.pkl", DecisionTreeClassifier().fit(rows, classes[three_classes(rows)]))
    assert load(file, None).output.model_dump()["labels"] == ("1", "2", "3")
    assert load(file, ("low", "middle", "high")).output.model_dump()["labels"] == ("low", "middle", "high")


@pytest.mark.parametrize(
    ("classes", "labels", "message"),
    [
        (NAMES, tuple(NAMES), "CONFIRMED, CANDIDATE, FALSE_POSITIVE, but .* CANDIDATE, CONFIRMED, FALSE_POSITIVE"),
        (NAMES, ("A", "B", "C"), "given are A, B, C, but the model was trained with CANDIDATE"),
        (np.arange(3), ("1", "0", "2"), "given are 1, 0, 2, but the model was trained with 0, 1, 2"),
        (np.arange(3), ("A", "B"), "3 classes, but 2 labels"),
    ],
    ids=["another order", "other names", "other numbers", "too few"],
)
def test_labels_that_contradict_the_model_are_refused(tmp_path, classes, labels, message) -> None:
    rows = sample_rows()
    file = pickled(tmp_path / "model.pkl", DecisionTreeClassifier().fit(rows, classes[three_classes(rows)]))
    with pytest.raises(Refused, match=message):
        load(file, labels)


def test_the_models_own_labels_may_be_repeated(tmp_path: Path) -> None:
    rows = sample_rows()
    file = pickled(tmp_path / "model.pkl", DecisionTreeClassifier().fit(rows, NAMES[three_classes(rows)]))
    assert load(file, tuple(sorted(NAMES))).output.model_dump()["labels"] == tuple(sorted(NAMES))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (DummyClassifier(), "cannot export a sklearn.dummy.DummyClassifier; supported are RandomForestClassifier"),
        (make_pipeline(PCA(2), LogisticRegression()), "cannot put a .*PCA in front"),
        (GradientBoostingClassifier(n_estimators=2, init=DummyClassifier()), "starts from init=DummyClassifier"),
    ],
    ids=named,
)
def test_what_is_not_supported_is_refused_by_name(tmp_path: Path, model: Any, message: str) -> None:
    rows = sample_rows()
    with pytest.raises(Refused, match=message):
        load(pickled(tmp_path / "model.pkl", model.fit(rows, two_classes(rows))), None)


def test_a_forest_of_several_outputs_is_refused(tmp_path: Path) -> None:
    rows = sample_rows()
    forest = RandomForestRegressor(2).fit(rows, np.stack([values(rows), values(rows)], axis=1))
    with pytest.raises(Refused, match="2 outputs"):
        load(pickled(tmp_path / "model.pkl", forest), None)


def test_a_regression_of_several_outputs_is_refused(tmp_path: Path) -> None:
    rows = sample_rows()
    model = LinearRegression().fit(rows, np.stack([values(rows), values(rows)], axis=1))
    with pytest.raises(Refused, match="2 outputs"):
        load(pickled(tmp_path / "model.pkl", model), None)


def test_a_classifier_of_one_class_is_refused(tmp_path: Path) -> None:
    tree = DecisionTreeClassifier().fit(sample_rows(), np.full(400, "only"))
    with pytest.raises(Refused, match="one class 'only'"):
        load(pickled(tmp_path / "model.pkl", tree), None)


def test_an_unfitted_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not fitted"):
        load(pickled(tmp_path / "model.pkl", RandomForestClassifier()), None)


def test_the_columns_a_pipeline_was_fitted_with_are_its_feature_names(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(sample_rows(), columns=["a", "b", "c", "d", "e"])
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, two_classes(sample_rows()))
    original = load(pickled(tmp_path / "model.pkl", pipeline), None)
    assert original.names == ("a", "b", "c", "d", "e")
    assert proof(original, graph_of(original)).comparison.is_equal


def test_a_scaler_that_works_in_place_does_not_touch_the_rows(tmp_path: Path) -> None:
    rows = sample_rows()
    pipeline = make_pipeline(StandardScaler(copy=False), LogisticRegression()).fit(rows.copy(), two_classes(rows))
    original = load(pickled(tmp_path / "model.pkl", pipeline), None)
    before = rows.copy()
    original.predict(rows)
    assert np.array_equal(rows, before)
