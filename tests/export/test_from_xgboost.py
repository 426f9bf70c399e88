import json
from pathlib import Path

import numpy as np
import onnx
import onnxmltools
import pytest
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from export.errors import Refused
from export.from_xgboost import load, of_booster
from export.gate import ParityFailed
from tests.export.originals import (
    FEATURES,
    attribute,
    booster,
    graph_of,
    proof,
    sample_rows,
    three_classes,
    two_classes,
    values,
)

SOFTPROB = {"objective": "multi:softprob", "num_class": 3}
BINARY = {"objective": "binary:logistic"}


def stock(trained: xgboost.Booster) -> onnx.ModelProto:
    """What the converter makes without our help."""
    given = [("input", FloatTensorType([None, FEATURES]))]
    model: onnx.ModelProto = onnxmltools.convert_xgboost(trained, initial_types=given, target_opset=15)
    return model


@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize(
    ("params", "targets"),
    [
        (SOFTPROB, three_classes),
        ({"objective": "multi:softmax", "num_class": 3}, three_classes),
        (BINARY, two_classes),
        ({**BINARY, "num_parallel_tree": 3, "subsample": 0.7}, two_classes),
        ({"objective": "reg:squarederror"}, values),
        ({"objective": "reg:absoluteerror"}, values),
        ({"objective": "count:poisson"}, values),
        ({"objective": "reg:gamma"}, values),
        ({"objective": "reg:tweedie"}, values),
        ({"objective": "reg:squarederror", "grow_policy": "lossguide", "max_leaves": 6}, values),
    ],
    ids=lambda case: case.get("objective") if isinstance(case, dict) else None,
)
def test_every_supported_objective_passes_the_gate(tmp_path, params, targets, suffix) -> None:
    rows = sample_rows(missing=0.1)
    booster(tmp_path / f"model.{suffix}", rows, np.abs(targets(rows)), params)
    original = load(tmp_path / f"model.{suffix}", None)
    verdict = proof(original, graph_of(original), rows)
    assert verdict.comparison.is_equal
    assert "missing-at-turn" in verdict.probes.kinds


def test_two_classes_get_two_columns(tmp_path: Path) -> None:
    rows = sample_rows()
    trained = booster(tmp_path / "model.json", rows, two_classes(rows), BINARY)
    second = trained.predict(xgboost.DMatrix(rows))
    assert np.array_equal(load(tmp_path / "model.json", None).predict(rows), np.stack([1 - second, second], axis=1))


def test_a_model_that_answers_labels_is_served_with_its_probabilities(tmp_path: Path) -> None:
    """multi:softmax predicts the class alone; its probabilities are those that softprob gives for the same trees."""
    rows = sample_rows()
    trained = booster(
        tmp_path / "model.json", rows, three_classes(rows), {"objective": "multi:softmax", "num_class": 3}
    )
    margins = trained.predict(xgboost.DMatrix(rows), output_margin=True).astype(np.float64)
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    answers = load(tmp_path / "model.json", None).predict(rows)
    np.testing.assert_allclose(answers, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    assert np.array_equal(answers.argmax(axis=1), trained.predict(xgboost.DMatrix(rows)))


def early_stopped(file: Path) -> xgboost.Booster:
    rows = sample_rows()
    chance = np.random.default_rng(0).integers(3, size=100)
    return booster(
        file,
        rows,
        three_classes(rows),
        SOFTPROB,
        rounds=40,
        evals=[(xgboost.DMatrix(rows[:100], chance), "validation")],
        early_stopping_rounds=5,
        verbose_eval=False,
    )


def test_early_stopping_leaves_the_rounds_after_the_best_one_out(tmp_path: Path) -> None:
    trained = early_stopped(tmp_path / "model.json")
    assert trained.num_boosted_rounds() > trained.best_iteration + 1
    classifier = xgboost.XGBClassifier()
    classifier.load_model(tmp_path / "model.json")
    rows = sample_rows()
    original = load(tmp_path / "model.json", None)
    np.testing.assert_array_equal(original.predict(rows), classifier.predict_proba(rows))
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_without_the_slice_an_early_stopped_model_is_caught(tmp_path: Path) -> None:
    trained = early_stopped(tmp_path / "model.json")
    original = load(tmp_path / "model.json", None)
    with pytest.raises(ParityFailed):
        proof(original, graph_of(original, stock(trained)))


@pytest.mark.parametrize(
    "names", [[f"flux_{i}" for i in range(FEATURES)], ["a b", "c:d=e", "ümläut,;", "Ω'\"\\", "f9"]]
)
def test_feature_names_that_the_converter_cannot_read_are_kept_and_passed_by(tmp_path: Path, names: list[str]) -> None:
    rows = sample_rows()
    trained = xgboost.train({**BINARY, "nthread": 1}, xgboost.DMatrix(rows, two_classes(rows), feature_names=names), 4)
    trained.save_model(tmp_path / "model.json")
    with pytest.raises(RuntimeError, match="Unable to interpret '"):
        stock(trained)
    original = load(tmp_path / "model.json", None)
    assert original.names == tuple(names)
    assert proof(original, graph_of(original)).comparison.is_equal


def test_a_first_tree_that_is_a_bare_zero_does_not_shift_the_answers(tmp_path: Path) -> None:
    """The converter then takes the base score, a probability, for a margin."""
    rows = sample_rows()
    matrix = xgboost.DMatrix(rows, two_classes(rows))
    first = xgboost.train({**BINARY, "base_score": 0.3, "nthread": 1, "min_child_weight": 1e9}, matrix, 1)
    trained = xgboost.train({"min_child_weight": 1}, matrix, 4, xgb_model=first)
    trained.save_model(tmp_path / "model.json")
    original = load(tmp_path / "model.json", None)
    with pytest.raises(ParityFailed):
        proof(original, graph_of(original, stock(trained)))
    assert proof(original, graph_of(original)).comparison.is_equal


@pytest.mark.parametrize("base_score", [0.5, 0.03, 0.97])
def test_the_base_score_is_the_one_of_the_model(tmp_path: Path, base_score: float) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, two_classes(rows), {**BINARY, "base_score": base_score})
    original = load(tmp_path / "model.json", None)
    assert proof(original, graph_of(original)).comparison.is_equal


def test_values_far_from_zero_are_added_up_as_xgboost_does(tmp_path: Path) -> None:
    """It begins with the base score. Added last, as the converter has it, other digits are lost on the way."""
    rows = sample_rows(count=2_000)
    truth = 2_000 + values(rows)
    trained = booster(tmp_path / "model.json", rows, truth, {"learning_rate": 0.03, "max_depth": 5}, rounds=300)
    original = load(tmp_path / "model.json", None)
    assert proof(original, graph_of(original), rows).comparison.worst == 0
    with pytest.raises(ParityFailed):
        proof(original, graph_of(original, stock(trained)), rows)


ONE_BASE = ["2.5E-1", "[2.5E-1]", "0.25"]


@pytest.mark.parametrize(
    ("params", "written"),
    [
        *((BINARY, base) for base in ONE_BASE),
        *(({}, base) for base in ONE_BASE),
        *((SOFTPROB, base) for base in [*ONE_BASE, "[2.5E-1,2.5E-1,2.5E-1]", "[-3.0E-2,1.8E-2,1.2E-2]"]),
    ],
    ids=str,
)
def test_the_base_score_is_read_in_every_form_that_xgboost_ever_wrote(tmp_path, params, written) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, (three_classes if params is SOFTPROB else two_classes)(rows), params)
    saved = json.loads((tmp_path / "model.json").read_text())
    saved["learner"]["learner_model_param"]["base_score"] = written
    (tmp_path / "model.json").write_text(json.dumps(saved))
    original = load(tmp_path / "model.json", None)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_base_score_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, two_classes(rows), BINARY)
    saved = json.loads((tmp_path / "model.json").read_text())
    saved["learner"]["learner_model_param"]["base_score"] = "[2.5E-1,2.5E-1]"
    (tmp_path / "model.json").write_text(json.dumps(saved))
    with pytest.raises(Refused, match=r"is not an XGBoost model: .*base_score"):
        load(tmp_path / "model.json", None)


def test_a_booster_in_memory_stays_as_it_is(tmp_path: Path) -> None:
    rows, names = sample_rows(), [f"flux_{i}" for i in range(FEATURES)]
    matrix = xgboost.DMatrix(rows, three_classes(rows), feature_names=names)
    trained = xgboost.train({"objective": "multi:softmax", "num_class": 3, "nthread": 1}, matrix, 3)
    before = trained.predict(matrix)
    assert of_booster(trained, None).predict(rows).shape == (len(rows), 3)
    assert trained.feature_names == names
    np.testing.assert_array_equal(trained.predict(matrix), before)


def test_flipped_missing_values_are_caught(tmp_path: Path) -> None:
    rows = sample_rows(missing=0.2)
    booster(tmp_path / "model.json", rows, two_classes(rows), BINARY)
    original = load(tmp_path / "model.json", None)
    wrong = original.graph()
    routes = attribute(wrong, "nodes_missing_value_tracks_true")
    routes.ints[:] = [1 - route for route in routes.ints]
    with pytest.raises(ParityFailed, match="missing-"):
        proof(original, graph_of(original, wrong))


@pytest.mark.parametrize("towards", [-np.inf, np.inf], ids=["down", "up"])
def test_any_single_threshold_moved_by_one_bit_is_caught(tmp_path: Path, towards: float) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, two_classes(rows), BINARY, rounds=2)
    original = load(tmp_path / "model.json", None)
    inner = [i for i, mode in enumerate(attribute(original.graph(), "nodes_modes").strings) if mode != b"LEAF"]
    assert len(inner) > 8
    for node in inner:
        wrong = original.graph()
        thresholds = attribute(wrong, "nodes_values").floats
        thresholds[node] = np.nextafter(np.float32(thresholds[node]), np.float32(towards))
        with pytest.raises(ParityFailed, match="turn"):
            proof(original, graph_of(original, wrong))


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"objective": "reg:logistic"}, "objective 'reg:logistic'"),
        ({"objective": "binary:logitraw"}, "objective 'binary:logitraw'"),
        ({"objective": "binary:hinge"}, "objective 'binary:hinge'"),
        ({"objective": "rank:pairwise"}, "objective 'rank:pairwise'"),
        ({"booster": "dart"}, "booster 'dart'"),
        ({"booster": "gblinear", "max_depth": None}, "booster 'gblinear'"),
        ({**SOFTPROB, "num_parallel_tree": 4}, "num_parallel_tree=4 with 3 classes"),
        ({**BINARY, "min_child_weight": 1e9}, "no split in any tree"),
    ],
    ids=lambda case: case if isinstance(case, str) else None,
)
def test_what_would_be_converted_wrongly_is_refused_by_name(tmp_path, params, named) -> None:
    rows = sample_rows()
    known = {name: setting for name, setting in {"max_depth": 3, **params}.items() if setting is not None}
    matrix = xgboost.DMatrix(rows, two_classes(rows))
    xgboost.train({"nthread": 1, **known}, matrix, 3).save_model(tmp_path / "model.json")
    with pytest.raises(Refused, match=named):
        load(tmp_path / "model.json", None)


def test_several_targets_are_refused(tmp_path: Path) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, np.stack([values(rows), values(rows)], axis=1), {})
    with pytest.raises(Refused, match="2 targets at once"):
        load(tmp_path / "model.json", None)


def test_categorical_features_are_refused(tmp_path: Path) -> None:
    rows = np.abs(sample_rows()).astype(np.int64) % 5
    matrix = xgboost.DMatrix(rows, two_classes(rows), feature_types=["c"] * FEATURES, enable_categorical=True)
    xgboost.train({**BINARY, "nthread": 1}, matrix, 3).save_model(tmp_path / "model.json")
    with pytest.raises(Refused, match="categorical features"):
        load(tmp_path / "model.json", None)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("A", "B"), "3 classes, but 2 labels were given: A, B"),
        (("A", "B", "A"), "got A more than once"),
    ],
)
def test_labels_must_fit_the_classes(tmp_path: Path, labels: tuple[str, ...], message: str) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, three_classes(rows), SOFTPROB, rounds=1)
    with pytest.raises(Refused, match=message):
        load(tmp_path / "model.json", labels)


def test_labels_for_a_regressor_are_refused(tmp_path: Path) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, values(rows), {}, rounds=1)
    with pytest.raises(Refused, match="one number per row"):
        load(tmp_path / "model.json", ("low", "high"))


def test_unnamed_classes_are_numbered(tmp_path: Path) -> None:
    rows = sample_rows()
    booster(tmp_path / "model.json", rows, three_classes(rows), SOFTPROB, rounds=1)
    assert load(tmp_path / "model.json", None).output.model_dump()["labels"] == ("0", "1", "2")


def test_the_old_binary_format_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"binf" + bytes(200))
    with pytest.raises(Refused, match=r"model_file='model.bin'\).save_model\('model.json'\)"):
        load(tmp_path / "model.bin", None)


def test_a_json_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"learner": 3}')
    with pytest.raises(Refused, match="is not an XGBoost model"):
        load(tmp_path / "model.json", None)
