"""Several models, one answer."""

import numpy as np
import pytest

from serinus.bundle import Bundle
from serinus.ensemble import Ensemble, vote
from serinus.errors import BundleError, ServiceError, UnknownModel
from serinus.prediction import Classes, Values
from serinus.predictor import Predictor
from serinus.service import Service
from tests.bundles import LABELS, resigned, write_bundle, write_regressor

ABC = ("a", "b", "c")


def answers(*rows: list[float]) -> Classes:
    shares = np.array(rows, np.float32)
    return Classes(ABC, shares.argmax(axis=1), shares)


def test_soft_voting_goes_by_the_mean_probability():
    result = vote([answers([0.6, 0.4, 0]), answers([0.45, 0.55, 0]), answers([0.1, 0.9, 0])], "soft")
    assert result.classes.ids.tolist() == [1]
    assert result.classes.probabilities[0].tolist() == pytest.approx([0.3833, 0.6167, 0], abs=1e-4)


def test_hard_voting_goes_by_the_number_of_votes():
    result = vote([answers([0.51, 0.49, 0]), answers([0.51, 0.49, 0]), answers([0, 1, 0])], "hard")
    assert result.classes.ids.tolist() == [0]
    assert result.classes.probabilities[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0])


def test_soft_and_hard_voting_can_differ():
    models = [answers([0.51, 0.49, 0]), answers([0.51, 0.49, 0]), answers([0, 1, 0])]
    assert vote(models, "soft").classes.ids.tolist() == [1]


@pytest.mark.parametrize(
    ("models", "agreement"),
    [
        pytest.param([answers([1, 0, 0]), answers([1, 0, 0]), answers([1, 0, 0])], 1, id="all"),
        pytest.param([answers([1, 0, 0]), answers([1, 0, 0]), answers([0, 1, 0])], 2 / 3, id="two of three"),
        pytest.param([answers([1, 0, 0]), answers([0, 1, 0]), answers([0, 0, 1])], 1 / 3, id="none with another"),
        pytest.param([answers([0.5, 0, 0.4]), answers([0, 0.5, 0.4])], 0, id="the winner is nobody's first"),
        pytest.param([answers([1, 0, 0])], 1, id="alone"),
    ],
)
def test_the_agreement_is_the_share_of_models_that_predict_the_ensembles_class(models, agreement):
    assert vote(models, "soft").agreement.tolist() == pytest.approx([agreement])


def test_a_soft_tie_goes_to_the_first_label():
    result = vote([answers([0, 1, 0]), answers([1, 0, 0])], "soft")
    assert (result.classes.ids.tolist(), result.tied.tolist()) == ([0], [True])


def test_a_hard_tie_goes_to_the_highest_mean_probability():
    result = vote([answers([0.6, 0.4, 0]), answers([0.1, 0.9, 0])], "hard")
    assert (result.classes.ids.tolist(), result.tied.tolist()) == ([1], [True])


def test_a_hard_tie_never_goes_to_a_class_without_votes():
    result = vote([answers([0.5, 0, 0.45]), answers([0, 0.5, 0.45])], "hard")
    assert result.classes.ids.tolist() == [0]


def test_rows_vote_for_themselves():
    result = vote([answers([1, 0, 0], [0, 0, 1]), answers([1, 0, 0], [0, 1, 0])], "hard")
    assert result.agreement.tolist() == [1, 0.5]
    assert result.tied.tolist() == [False, True]


def service(models: list[str], **changes: object) -> Service:
    return Service.model_validate(
        {
            "service": {"name": "tiny", "task": "classification", "labels": LABELS},
            "input": {"features": 3},
            "models": dict.fromkeys(models, "1.0.0"),
        }
        | changes
    )


def ensemble(tmp_path, of: Service, **bundles: dict) -> Ensemble:
    for name, how in bundles.items():
        write_bundle(tmp_path, name, **how)
    return Ensemble.load(of, tmp_path)


def test_auto_is_the_best_by_the_services_figure(tmp_path):
    loaded = ensemble(tmp_path, service(["worse", "better"]), worse={"f1_score": 0.8}, better={"f1_score": 0.9})
    assert loaded.best == "better"
    assert loaded.named("auto") is loaded.predictors["better"]


def test_between_equals_auto_is_the_first(tmp_path):
    assert ensemble(tmp_path, service(["one", "two"]), one={}, two={}).best == "one"


def test_a_single_model_needs_no_figure(tmp_path):
    assert ensemble(tmp_path, service(["one"], auto={"by": "roc_auc"}), one={}).best == "one"


def test_a_figure_that_no_model_has_stops_the_start(tmp_path):
    with pytest.raises(ServiceError, match="by = 'roc_auc': no model of tiny has that performance figure"):
        ensemble(tmp_path, service(["one", "two"], auto={"by": "roc_auc"}), one={}, two={})


def test_a_name_means_its_model(tmp_path):
    loaded = ensemble(tmp_path, service(["one", "two"]), one={}, two={})
    assert loaded.named("two") is loaded.predictors["two"]


def test_an_unknown_name_says_which_are_known(tmp_path):
    with pytest.raises(UnknownModel, match="no model is named 'three'; expected one of: auto, one, two"):
        ensemble(tmp_path, service(["one", "two"]), one={}, two={}).named("three")


def test_answers_come_in_the_services_order_of_labels(tmp_path):
    trained = LABELS[::-1]
    loaded = ensemble(tmp_path, service(["one"]), one={"labels": trained})
    answer = loaded.answer(loaded.named("one"), np.array([[1, 0, 0]], np.float32))
    assert answer.labels == LABELS
    assert answer.labels[answer.ids[0]] == trained[0]
    assert answer.confidence[0] == answer.probabilities.max()


@pytest.mark.parametrize(
    ("policies", "expected"),
    [(["allow", "allow"], "allow"), (["allow", "reject"], "reject")],
    ids=["all allow", "one rejects"],
)
def test_a_missing_value_is_taken_only_where_all_models_take_it(tmp_path, policies, expected):
    bundles = {name: {"nan_policy": policy} for name, policy in zip(["one", "two"], policies, strict=True)}
    assert ensemble(tmp_path, service(["one", "two"]), **bundles).nan_policy == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"input": {"features": 4}}, "expects features 4, model one has 3", id="features"),
        pytest.param(
            {"service": {"name": "tiny", "task": "classification", "labels": ["a", "b", "c"]}},
            "expects labels ",
            id="labels",
        ),
        pytest.param(
            {"service": {"name": "tiny", "task": "regression"}},
            "expects task regression, model one has classification",
            id="task",
        ),
    ],
)
def test_a_bundle_that_does_not_fit_stops_the_start(tmp_path, changes, message):
    with pytest.raises(ServiceError, match=message):
        ensemble(tmp_path, service(["one"], **changes), one={})


def test_a_bundle_in_anothers_place_stops_the_start(tmp_path):
    write_bundle(tmp_path, "one").folder.parent.rename(tmp_path / "two")
    with pytest.raises(ServiceError, match=r"names two 1\.0\.0, the bundle in its place is one 1\.0\.0"):
        Ensemble.load(service(["two"]), tmp_path)


def test_a_tampered_bundle_stops_the_start(tmp_path):
    folder = write_bundle(tmp_path, "one").folder
    resigned(folder, "model.onnx", b"other")
    with pytest.raises(BundleError, match=r"model\.onnx was altered"):
        Ensemble.load(service(["one"]), tmp_path)


def test_values_have_no_labels_to_order(tmp_path):
    class Constant(Predictor):
        def __init__(self, bundle: Bundle) -> None:
            super().__init__(bundle)

        def predict(self, rows):
            return Values(rows[:, 0])

    loaded = ensemble(tmp_path, service(["one"]), one={})
    constant = Constant(Bundle.load(tmp_path / "one" / "v1.0.0"))
    assert loaded.answer(constant, np.ones((1, 3), np.float32)).values.tolist() == [1]


def regressors(tmp_path, by: str | None = None, **figures: dict) -> Ensemble:
    for place, (name, performance) in enumerate(figures.items()):
        write_regressor(tmp_path, name, weights=(place + 1, 0, 0), performance=performance)
    about = {"name": "tiny", "task": "regression"}
    models = dict.fromkeys(figures, "1.0.0")
    extra = {"ensemble": {"how": "weighted", "weights": {name: 10**i for i, name in enumerate(models)}}}
    auto = {"auto": {"by": by}} if by else {}
    one = Service.model_validate({"service": about, "input": {"features": 3}, "models": models, **extra, **auto})
    return Ensemble.load(one, tmp_path)


@pytest.mark.parametrize(
    ("by", "expected"),
    [(None, "small"), ("rmse", "small"), ("mae", "large"), ("r2", "large"), ("bias", "small"), ("lift", "large")],
)
def test_auto_knows_of_which_figure_less_is_better(tmp_path, by, expected):
    small = {"rmse": 1.0, "mae": 3.0, "r2": 0.1, "bias": -1.0, "lift": 1.0}
    large = {"rmse": 2.0, "mae": 2.0, "r2": 0.2, "bias": -2.0, "lift": 2.0}
    assert regressors(tmp_path, by, large=large, small=small).best == expected


def test_regressors_are_combined_by_their_names_not_their_places(tmp_path):
    loaded = regressors(tmp_path, one={"rmse": 1.0}, two={"rmse": 1.0})
    rows = np.float32([[1, 0, 0], [2, 0, 0]])
    each = {name: loaded.predictors[name].predict(rows) for name in ("two", "one")}
    assert loaded.blend(each).values.tolist() == pytest.approx([(1 + 10 * 2) / 11, 2 * (1 + 10 * 2) / 11])
    assert loaded.blend(each, "mean").values.tolist() == [1.5, 3]
