import gzip
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import onnx
import onnxmltools
import pandas as pd
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxmltools.convert.common.data_types import FloatTensorType

from export.boundaries import rounded_up
from export.errors import ExportError, Refused
from export.exporter import Request, export
from export.from_lightgbm import SUPPORTED, load, of_booster
from export.gate import ParityFailed
from serinus.category import Category
from serinus.prediction import Values
from serinus.predictor import Predictor
from serinus.schema import Rows
from tests.export.originals import (
    FEATURES,
    attribute,
    graph_of,
    proof,
    sample_rows,
    three_classes,
    two_classes,
    values,
)
from tests.export.test_exporter import NOW

BINARY = {"objective": "binary"}
MULTI = {"objective": "multiclass", "num_class": 3}
VALUE = {"objective": "regression"}
FOREST = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}


def own_objective(answers: NDArray[np.float64], dataset: lightgbm.Dataset) -> tuple[NDArray[Any], NDArray[Any]]:
    return answers - dataset.get_label(), np.ones(len(answers))


def trained(
    rows: Any, targets: NDArray[Any], params: Mapping[str, object], *, rounds: int = 8, **more: Any
) -> lightgbm.Booster:
    """A LightGBM model; `more` goes to its Dataset."""
    quick = {"num_leaves": 7, "min_data_in_leaf": 5, "min_data_per_group": 5, "cat_smooth": 1.0}
    settings = {**quick, "num_threads": 1, "deterministic": True, "verbosity": -1, **params}
    dataset = lightgbm.Dataset(rows, targets, params={"verbosity": -1}, **more)
    return lightgbm.train(settings, dataset, rounds)


def with_codes(rows: Rows, *, kinds: int = 12) -> Rows:
    """`rows` whose third column is a code."""
    coded = rows.copy()
    coded[:, 2] = np.random.default_rng(3).integers(kinds, size=len(rows)) * 3
    return coded


def by_code(rows: Rows) -> NDArray[np.int64]:
    chance = np.random.default_rng(5).uniform(size=len(rows)) < 0.2
    return (np.isin(rows[:, 2], [3, 6, 9, 18, 24]) ^ (rows[:, 0] > 0.7) ^ chance).astype(np.int64)


def stock(booster: lightgbm.Booster) -> onnx.ModelProto:
    """What the converter makes that everybody uses."""
    given = [("input", FloatTensorType([None, booster.num_feature()]))]
    model: onnx.ModelProto = onnxmltools.convert_lightgbm(booster, initial_types=given, zipmap=False, target_opset=15)
    return model


def amounts(rows: Rows) -> NDArray[np.float64]:
    return np.exp(values(rows) / 20)


TARGETS = {
    "binary": two_classes,
    "multiclass": three_classes,
    "poisson": amounts,
    "gamma": amounts,
    "tweedie": amounts,
    "cross_entropy": lambda rows: two_classes(rows) * 0.8 + 0.1,
}


@pytest.mark.parametrize("boosting", [{}, {"boosting": "dart"}, FOREST], ids=["gbdt", "dart", "rf"])
@pytest.mark.parametrize("objective", SUPPORTED)
def test_an_objective_answers_as_the_original(objective: str, boosting: Mapping[str, object]) -> None:
    rows = sample_rows(missing=0.1)
    settings = {"objective": objective, "num_class": 3 if objective == "multiclass" else 1, **boosting}
    original = of_booster(trained(rows, TARGETS.get(objective, values)(rows), settings), None)
    compared = proof(original, graph_of(original), rows).comparison
    assert compared.worst < compared.tolerance / 5


@pytest.mark.parametrize(
    ("params", "targets"),
    [
        ({**BINARY, "sigmoid": 0.3}, two_classes),
        ({**BINARY, "is_unbalance": True}, two_classes),
        ({**BINARY, "use_missing": False}, two_classes),
        ({**VALUE, "reg_sqrt": True}, lambda rows: values(rows) - 50),
        ({"objective": "regression_l1", "reg_sqrt": True}, values),
        ({**VALUE, "extra_trees": True, "max_depth": 3}, values),
        ({**BINARY, "data_sample_strategy": "goss"}, two_classes),
        ({**VALUE, "monotone_constraints": [1, 0, -1, 0, 0]}, values),
    ],
    ids=["sigmoid", "unbalanced", "no-missing", "sqrt", "l1-sqrt", "extra", "goss", "monotone"],
)
def test_what_changes_the_answers_is_followed(params, targets) -> None:
    rows = sample_rows(missing=0.1)
    original = of_booster(trained(rows, targets(rows), params), None)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_threshold_that_float32_rounds_up_stays_below_the_number_it_was_learnt_below() -> None:
    """LightGBM compares with float64 thresholds; the stock converter rounds them to the nearest float32."""
    rows = sample_rows()
    booster = trained(rows, two_classes(rows), BINARY)
    original = of_booster(booster, None)
    with pytest.raises(ParityFailed, match=r"threshold|turn"):
        proof(original, graph_of(original, stock(booster)), rows)
    assert proof(original, graph_of(original), rows).comparison.is_equal


@pytest.mark.parametrize("towards", [-np.inf, np.inf], ids=["down", "up"])
def test_any_single_threshold_moved_by_one_bit_is_caught(towards: float) -> None:
    rows = with_codes(sample_rows())
    original = of_booster(trained(rows, by_code(rows), BINARY, rounds=2, categorical_feature=[2]), None)
    inner = [i for i, mode in enumerate(attribute(original.graph(), "nodes_modes").strings) if mode != b"LEAF"]
    assert len(inner) > 8
    for node in inner:
        wrong = original.graph()
        tensor = attribute(wrong, "nodes_values_as_tensor").t
        thresholds = numpy_helper.to_array(tensor).copy()
        thresholds[[node]] = np.nextafter(rounded_up(thresholds[[node]]), np.float32(towards))
        tensor.CopyFrom(numpy_helper.from_array(thresholds))
        with pytest.raises(ParityFailed, match="turn"):
            proof(original, graph_of(original, wrong))


def test_numbers_as_small_as_lightgbms_zero_are_zero() -> None:
    """It has thresholds at 1e-35, and takes everything up to there for 0."""
    rows = sample_rows()
    rows[:, 0] = np.random.default_rng(0).choice([0.0, 1e-3, -1e-3], len(rows))
    booster = trained(rows, (rows[:, 0] > 0).astype(int) + (rows[:, 0] >= 0), VALUE)
    original = of_booster(booster, None)
    (tree, *_) = original.trees
    assert {np.float32(1e-35), np.float32(-1e-35)} & {np.nextafter(t, np.float32(0)) for t in tree.threshold}
    with pytest.raises(ParityFailed, match=r"threshold|tiny|turn"):
        proof(original, graph_of(original, stock(booster)), rows)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_category_is_cut_off_after_the_point() -> None:
    """The stock converter compares for equality, and 3.7 is no category to it."""
    rows = with_codes(sample_rows())
    booster = trained(rows, by_code(rows), BINARY, categorical_feature=[2])
    original = of_booster(booster, None)
    np.testing.assert_array_equal(original.codes[2], np.arange(12) * 3)
    with pytest.raises(ParityFailed, match="category"):
        proof(original, graph_of(original, stock(booster)), rows)
    assert proof(original, graph_of(original), rows).comparison.is_equal


@pytest.mark.parametrize("kinds", [2, 4, 300])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_categories_of_any_number_answer_as_the_original(kinds: int, missing: float) -> None:
    rows = with_codes(sample_rows(count=3000), kinds=kinds)
    targets = np.random.default_rng(0).integers(2, size=kinds * 3)[rows[:, 2].astype(int)]
    rows[np.random.default_rng(1).uniform(size=len(rows)) < missing, 2] = np.nan
    settings = {**BINARY, "max_cat_threshold": 100, "max_cat_to_onehot": 3, "num_leaves": 15}
    original = of_booster(trained(rows, targets, settings, categorical_feature=[2]), None)
    verdict = proof(original, graph_of(original), rows)
    assert verdict.comparison.worst < 1e-6
    tried = verdict.probes.rows[verdict.probes.kinds == "category", 2]
    assert {-1.0, -0.5, 0.0, 0.5, 3.5, 3e9} <= set(tried.tolist())
    assert np.isnan(tried).any()


def test_the_mean_of_a_random_forest_is_served() -> None:
    rows = sample_rows()
    booster = trained(rows, values(rows), {**VALUE, **FOREST})
    original = of_booster(booster, None)
    with pytest.raises(ParityFailed):
        proof(original, graph_of(original, stock(booster)), rows)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_value_missing_where_none_was_in_training_goes_where_zero_goes() -> None:
    rows = sample_rows()
    original = of_booster(trained(rows, two_classes(rows), BINARY), None)
    answers = original.predict(np.stack([np.full(FEATURES, np.nan), np.zeros(FEATURES)]).astype(np.float32))
    np.testing.assert_array_equal(answers[0], answers[1])
    assert proof(original, graph_of(original), rows).comparison.is_equal


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_flipped_missing_values_are_caught(missing: float) -> None:
    rows = sample_rows(missing=missing)
    original = of_booster(trained(rows, two_classes(rows), BINARY), None)
    wrong = original.graph()
    routes = attribute(wrong, "nodes_missing_value_tracks_true")
    routes.ints[:] = [1 - route for route in routes.ints]
    with pytest.raises(ParityFailed, match="missing-"):
        proof(original, graph_of(original, wrong), rows)


def stopped_early(rows: Rows) -> lightgbm.Booster:
    training, later = lightgbm.Dataset(rows[:200], two_classes(rows)[:200]), rows[200:]
    watched = training.create_valid(later, two_classes(rows)[200:])
    settings = {**BINARY, "verbosity": -1, "num_threads": 1, "learning_rate": 0.5}
    stop = [lightgbm.early_stopping(20, verbose=False)]
    return lightgbm.train(settings, training, 100, valid_sets=[watched], callbacks=stop, keep_training_booster=True)


def test_after_early_stopping_the_best_iteration_answers(tmp_path: Path) -> None:
    """An object keeps all trees, as in a pickled LGBMClassifier; a text file those up to the best one."""
    rows = sample_rows()
    joblib.dump(stopped_early(rows), tmp_path / "booster.joblib")
    booster = joblib.load(tmp_path / "booster.joblib")
    assert booster.num_trees() > booster.best_iteration > 0
    booster.save_model(tmp_path / "model.txt")
    pickled, saved = of_booster(booster, None), load(tmp_path / "model.txt", None)
    assert len(pickled.trees) == len(saved.trees) == booster.best_iteration
    assert np.abs(pickled.predict(rows)[:, 1] - booster.predict(rows, num_iteration=-1)).max() > 0.01
    np.testing.assert_array_equal(pickled.predict(rows), saved.predict(rows))
    assert proof(pickled, graph_of(pickled), rows).comparison.is_equal
    assert graph_of(pickled) == graph_of(saved)


def test_a_file_that_keeps_all_iterations_answers_with_all_of_them(tmp_path: Path) -> None:
    rows = sample_rows()
    stopped_early(rows).save_model(tmp_path / "model.txt", num_iteration=-1)
    original = load(tmp_path / "model.txt", None)
    assert len(original.trees) == lightgbm.Booster(model_file=tmp_path / "model.txt").num_trees()
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_trees_without_a_split_count_too() -> None:
    rows = sample_rows()
    first = trained(rows, values(rows), VALUE, rounds=2)
    bare = trained(rows, values(rows), {**VALUE, "min_data_in_leaf": 10_000}, rounds=1)
    text = first.model_to_string().replace("Tree=0", "Tree=9").replace("tree_sizes=", "unread=")
    constant = "Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=2.5\nis_linear=0\nshrinkage=1\n\n\n"
    booster = lightgbm.Booster(model_str=text.replace("Tree=9", f"{constant}Tree=9"))
    assert (booster.num_trees(), bare.num_trees()) == (3, 1)
    original = of_booster(booster, None)
    np.testing.assert_allclose(original.predict(rows)[:, 0], first.predict(rows) + 2.5)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_scores_in_the_thousands_keep_the_last_digits_of_their_difference() -> None:
    rows = sample_rows()
    text = trained(rows, three_classes(rows), {**MULTI, "num_leaves": 31}).model_to_string()
    leaves = re.compile(r"(?<=^leaf_value=).*$", re.MULTILINE)
    steep = leaves.sub(lambda found: " ".join(str(float(leaf) * 3000) for leaf in found[0].split()), text)
    original = of_booster(lightgbm.Booster(model_str=steep.replace("tree_sizes=", "unread=")), None)
    assert proof(original, graph_of(original), rows).comparison.worst < 1e-6


def words(*, ordered: bool = False, count: int = 600) -> pd.DataFrame:
    generator = np.random.default_rng(4)
    soils = pd.Categorical(generator.choice(["clay", "loam", "sand", "silt"], count), ordered=ordered)
    crops = pd.Categorical(generator.choice(["maize", "bean"], count))
    return pd.DataFrame({"rain": generator.normal(size=count), "soil": soils, "crop": crops})


def by_word(frame: pd.DataFrame) -> NDArray[np.float64]:
    soil = frame["soil"].isin(["loam", "silt"]).to_numpy().astype(float)
    return soil * 3 + (frame["crop"] == "bean").to_numpy() * (frame["rain"] > 0).to_numpy()


def test_the_words_of_a_dataframe_are_the_words_of_the_model(tmp_path: Path) -> None:
    frame = words()
    booster = trained(frame, by_word(frame), VALUE)
    booster.save_model(tmp_path / "model.txt")
    original = load(tmp_path / "model.txt", None)
    assert original.names == ("rain", "soil", "crop")
    assert original.categories == {
        1: Category(words=("clay", "loam", "sand", "silt"), others="unknown"),
        2: Category(words=("bean", "maize"), others="unknown"),
    }
    assert original.codes == {}
    rows = np.stack([frame["rain"], frame["soil"].cat.codes, frame["crop"].cat.codes], axis=1).astype(np.float32)
    expected = booster.predict(frame.assign(rain=rows[:, 0]))
    np.testing.assert_array_equal(original.predict(rows)[:, 0], expected)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_words_reach_the_bundle_and_its_predictor(tmp_path: Path) -> None:
    frame = words().round({"rain": 2})
    booster = trained(frame, by_word(frame), VALUE)
    booster.save_model(tmp_path / "model.txt")
    frame.to_csv(tmp_path / "sample.csv", index=False)
    request = Request(tmp_path / "model.txt", "soils", "1.0.0", sample=tmp_path / "sample.csv")
    bundle = export(request, tmp_path / "models", created_at=NOW)
    schema = bundle.metadata.input_schema
    assert schema.categories["soil"].words == ("clay", "loam", "sand", "silt")
    assert bundle.metadata.parity.kinds["category"] > 1000
    soil, crop = (schema.categories[name].number_of(word) for name, word in (("soil", "loam"), ("crop", "rye")))
    asked = pd.DataFrame({"rain": [0.5], "soil": pd.Categorical(["loam"]), "crop": pd.Categorical(["rye"])})
    served = Predictor(bundle).predict(np.array([[0.5, soil, crop]], np.float32))
    assert isinstance(served, Values)
    np.testing.assert_allclose(served.values, booster.predict(asked), rtol=1e-6)


def test_a_sample_shows_when_the_words_are_another_columns(tmp_path: Path) -> None:
    """LightGBM does not say that the words are soil's here, and crop a number."""
    frame = words().assign(crop=np.arange(600) % 4)[["rain", "crop", "soil"]]
    trained(frame, by_word(words()), VALUE, categorical_feature=["crop"]).save_model(tmp_path / "model.txt")
    frame.to_csv(tmp_path / "sample.csv", index=False)
    request = Request(tmp_path / "model.txt", "soils", "1.0.0", sample=tmp_path / "sample.csv")
    with pytest.raises(ExportError, match=r"sample.csv: .*(crop|soil)"):
        export(request, tmp_path / "models", created_at=NOW)


def test_an_unknown_word_and_a_missing_one_are_both_missing_to_lightgbm() -> None:
    frame = words()
    booster = trained(frame, by_word(frame), VALUE)
    strange = pd.DataFrame({"rain": [0.5] * 2, "soil": ["peat", None], "crop": ["bean"] * 2})
    strange = strange.astype({"soil": "category", "crop": "category"})
    original = of_booster(booster, None)
    answers = original.predict(np.float32([[0.5, -1, 0], [0.5, np.nan, 0]]))[:, 0]
    np.testing.assert_array_equal(answers, booster.predict(strange))


def test_categories_that_are_no_words_are_words_to_a_caller() -> None:
    frame = words()
    frame["soil"] = pd.Categorical(frame["soil"].cat.codes + 7)
    frame["crop"] = pd.Categorical(frame["crop"] == "bean")
    original = of_booster(trained(frame, by_word(words()), VALUE), None)
    assert [category.words for category in original.categories.values()] == [("7", "8", "9", "10"), ("False", "True")]


@pytest.mark.parametrize(
    ("frame", "more", "message"),
    [
        (words(ordered=True), {}, r"2 such columns, and 1 categorical features.*none of them ordered"),
        (words(), {"categorical_feature": ["soil"]}, "2 such columns, and 1 categorical features"),
        (
            words().assign(crop=np.arange(600) % 9)[["rain", "crop", "soil"]],
            {"categorical_feature": ["crop"]},
            "feature crop has the code 8, with 4 words",
        ),
        (
            words().assign(soil=pd.Categorical(np.array(["1", 1] * 300, object), categories=["1", 1])),
            {},
            "feature soil read alike: 1 is there more than once",
        ),
    ],
    ids=["ordered", "not-all", "another-column", "alike"],
)
def test_words_that_cannot_be_told_apart_are_refused(frame: pd.DataFrame, more: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        of_booster(trained(frame, by_word(words()), VALUE, **more), None)


def test_a_category_column_that_was_always_empty_has_no_words() -> None:
    frame = words().assign(crop=pd.Categorical([None] * 600, categories=[]))
    original = of_booster(trained(frame, by_word(words()), VALUE), None)
    assert list(original.categories) == [1]


def test_names_are_the_models_own_unless_lightgbm_made_them_up() -> None:
    rows = sample_rows()
    names = [f"flux_{i}" for i in range(FEATURES)]
    named = of_booster(trained(rows, two_classes(rows), BINARY, feature_name=names), None)
    unnamed = of_booster(trained(rows, two_classes(rows), BINARY), None)
    assert (named.names, unnamed.names, unnamed.features) == (tuple(names), None, FEATURES)


@pytest.mark.parametrize(
    ("params", "targets", "message"),
    [
        ({**BINARY, "zero_as_missing": True}, two_classes, "zeros that are missing.*zero_as_missing=false"),
        ({**VALUE, "linear_tree": True}, values, "linear trees.*linear_tree=false"),
        ({"objective": "multiclassova", "num_class": 3}, three_classes, "do not add up to 1.*train with multiclass"),
        ({"objective": own_objective}, values, "no objective, or one of its user's own"),
        ({"objective": "cross_entropy_lambda"}, two_classes, "objective 'cross_entropy_lambda'.*supported: binary"),
        ({**VALUE, "min_data_in_leaf": 10_000}, values, "no split in any tree"),
    ],
    ids=lambda case: case if isinstance(case, str) else None,
)
def test_what_could_not_be_right_is_refused_with_the_way_out(params, targets, message: str) -> None:
    rows = sample_rows(missing=0.1)
    with pytest.raises(Refused, match=message):
        of_booster(trained(rows, targets(rows), params), None)


def test_a_model_that_diverged_is_refused() -> None:
    rows = sample_rows()
    settings = {**MULTI, "learning_rate": 3.0, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0}
    with pytest.raises(Refused, match=r"leaves that are no numbers.*lower learning_rate"):
        of_booster(trained(rows, three_classes(rows), settings, rounds=200), None)


def test_a_ranker_is_refused() -> None:
    rows = sample_rows()
    booster = trained(rows, two_classes(rows), {"objective": "lambdarank"}, group=[20] * 20)
    with pytest.raises(Refused, match="objective 'lambdarank'"):
        of_booster(booster, None)


def saved(folder: Path) -> str:
    rows = sample_rows()
    file = folder / "model.txt"
    trained(rows, two_classes(rows), BINARY).save_model(file)
    return file.read_text()


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.7])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, share: float) -> None:
    """LightGBM itself would end the process."""
    text = saved(tmp_path)
    (tmp_path / "model.txt").write_text(text[: int(len(text) * share)])
    with pytest.raises(Refused, match="was cut or changed"):
        load(tmp_path / "model.txt", None)


def test_a_file_with_a_changed_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text(saved(tmp_path).replace("num_leaves=7", "num_leaves=17", 1))
    with pytest.raises(Refused, match="was cut or changed"):
        load(tmp_path / "model.txt", None)


@pytest.mark.parametrize("content", [b"", b"tree of life\n", b'{"name": "tree"}', gzip.compress(b"forest\n", mtime=0)])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.txt").write_bytes(content)
    with pytest.raises(Refused, match="is not a LightGBM model"):
        load(tmp_path / "model.txt", None)


def test_a_file_that_lightgbm_cannot_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("tree\nversion=v4\n\nend of trees\n\nfeature_importances:\n")
    with pytest.raises(Refused, match="is not a LightGBM model: Model file doesn't specify the number of classes"):
        load(tmp_path / "model.txt", None)


def test_names_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    text = saved(tmp_path).replace("Column_0", "H\u00f6he", 1)
    (tmp_path / "model.txt").write_bytes(text.encode("latin-1"))
    with pytest.raises(Refused, match="is not text in UTF-8"):
        load(tmp_path / "model.txt", None)


def test_half_of_a_gzipped_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(saved(tmp_path).encode())
    (tmp_path / "model.txt.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Refused, match="gzipped, but not to its end"):
        load(tmp_path / "model.txt.gz", None)


def test_line_ends_of_windows_and_gzip_do_not_change_a_model(tmp_path: Path) -> None:
    text = saved(tmp_path)
    (tmp_path / "windows.txt").write_bytes(text.replace("\n", "\r\n").encode())
    (tmp_path / "zipped.txt.gz").write_bytes(gzip.compress(text.encode()))
    graphs = {graph_of(load(tmp_path / name, None)) for name in ("model.txt", "windows.txt", "zipped.txt.gz")}
    assert len(graphs) == 1


@pytest.mark.parametrize(
    ("labels", "message"),
    [(("A", "B"), "3 classes, but 2 labels were given: A, B"), (("A", "B", "A"), "got A more than once")],
)
def test_labels_must_fit_the_classes(labels: tuple[str, ...], message: str) -> None:
    rows = sample_rows()
    with pytest.raises(Refused, match=message):
        of_booster(trained(rows, three_classes(rows), MULTI, rounds=1), labels)


def test_labels_for_a_regressor_are_refused() -> None:
    rows = sample_rows()
    with pytest.raises(Refused, match="one number per row"):
        of_booster(trained(rows, values(rows), VALUE, rounds=1), ("low", "high"))


@pytest.mark.parametrize(
    ("params", "targets"),
    [
        (VALUE, lambda rows: values(rows) / 10 + 1e4),
        ({"objective": "gamma"}, lambda rows: amounts(rows) * 1e6),
    ],
    ids=["offset", "exponential"],
)
def test_hundreds_of_trees_keep_the_last_digits_of_their_sum(params, targets) -> None:
    """A sum in float32 would be up to the tolerance off, and the exponential of a large one beyond it."""
    rows = sample_rows()
    original = of_booster(trained(rows, targets(rows), params, rounds=200), None)
    compared = proof(original, graph_of(original), rows).comparison
    assert compared.worst < compared.tolerance / 10
