"""Models made of models: votes, stacks, calibrations, and gradient boosting by histograms."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray
from onnx import numpy_helper
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from export.errors import Refused
from export.from_sklearn import of_model
from export.gate import ParityFailed
from tests.export.originals import attribute, graph_of, proof, sample_rows, three_classes, two_classes, values

NAMES = np.array(["middle", "high", "low"])
Targets = Callable[[Any], NDArray[Any]]


def forest() -> Any:
    return RandomForestClassifier(6, random_state=0)


def xgb(**more: Any) -> Any:
    return xgboost.XGBClassifier(n_estimators=6, max_depth=3, n_jobs=1, **more)


def lgb(**more: Any) -> Any:
    return lightgbm.LGBMClassifier(n_estimators=6, num_leaves=7, n_jobs=1, verbosity=-1, **more)


def xgb_value() -> Any:
    return xgboost.XGBRegressor(n_estimators=6, max_depth=3, n_jobs=1)


def lgb_value() -> Any:
    return lightgbm.LGBMRegressor(n_estimators=6, num_leaves=7, n_jobs=1, verbosity=-1)


def scaled(estimator: Any) -> Any:
    return make_pipeline(SimpleImputer(), StandardScaler(), estimator)


def named(rows: Any) -> NDArray[np.str_]:
    words: NDArray[np.str_] = NAMES[three_classes(rows)]
    return words


def members(*estimators: Any) -> list[tuple[str, Any]]:
    return [(f"m{number}", estimator) for number, estimator in enumerate(estimators)]


COMPOSED = {
    "soft vote": (
        VotingClassifier(members(forest(), scaled(LogisticRegression()), xgb(), lgb()), voting="soft"),
        named,
    ),
    "weighted soft vote": (VotingClassifier(members(forest(), xgb()), voting="soft", weights=[1, 2.5]), two_classes),
    "hard vote": (VotingClassifier(members(forest(), scaled(LogisticRegression()), xgb(), lgb())), named),
    "weighted hard vote of two classes": (
        VotingClassifier(
            members(
                forest(),
                scaled(GradientBoostingClassifier(n_estimators=4)),
                DecisionTreeClassifier(max_depth=3),
                HistGradientBoostingClassifier(max_iter=4),
            ),
            weights=[1, 2, 1, 1],
        ),
        two_classes,
    ),
    "vote of values": (
        VotingRegressor(members(RandomForestRegressor(6), scaled(Ridge()), xgb_value(), lgb_value())),
        values,
    ),
    "weighted vote of values": (
        VotingRegressor(members(RandomForestRegressor(6), xgb_value()), weights=[3, 1]),
        values,
    ),
    "stack": (StackingClassifier(members(forest(), xgb(), lgb()), cv=2), named),
    "stack of two classes": (StackingClassifier(members(forest(), xgb()), cv=2), two_classes),
    "stack that passes features through to a forest": (
        StackingClassifier(members(xgb(), lgb()), final_estimator=forest(), cv=2, passthrough=True),
        two_classes,
    ),
    "stack of predictions": (StackingClassifier(members(forest(), lgb()), cv=2, stack_method="predict"), three_classes),
    "stack of margins": (
        StackingClassifier(members(scaled(LogisticRegression())), cv=2, stack_method="decision_function"),
        three_classes,
    ),
    "stack of values": (StackingRegressor(members(RandomForestRegressor(6), xgb_value(), lgb_value()), cv=2), values),
    "stack of values under XGBoost": (
        StackingRegressor(members(RandomForestRegressor(6)), final_estimator=xgb_value(), cv=2, passthrough=True),
        values,
    ),
    "stack of values under LightGBM": (
        StackingRegressor(members(RandomForestRegressor(6), xgb_value()), final_estimator=lgb_value(), cv=2),
        values,
    ),
    "sigmoid": (CalibratedClassifierCV(scaled(LogisticRegression()), cv=2), named),
    "sigmoid of one model": (CalibratedClassifierCV(xgb(), cv=2, ensemble=False), three_classes),
    "isotonic": (CalibratedClassifierCV(forest(), method="isotonic", cv=2), named),
    "isotonic of two classes": (CalibratedClassifierCV(lgb(), method="isotonic", cv=2), two_classes),
    "isotonic of margins": (
        CalibratedClassifierCV(scaled(GradientBoostingClassifier(n_estimators=4)), method="isotonic", cv=2),
        two_classes,
    ),
    "histograms": (HistGradientBoostingClassifier(max_iter=6), named),
    "histograms of two classes": (HistGradientBoostingClassifier(max_iter=6), two_classes),
    "histograms of values": (HistGradientBoostingRegressor(max_iter=6), values),
    "histograms of counts": (HistGradientBoostingRegressor(max_iter=6, loss="poisson"), lambda rows: abs(values(rows))),
    "histograms of amounts": (
        HistGradientBoostingRegressor(max_iter=6, loss="gamma"),
        lambda rows: abs(values(rows)) + 1,
    ),
    "vote behind a scaler": (
        make_pipeline(SimpleImputer(), MinMaxScaler(), VotingClassifier(members(forest(), xgb()))),
        named,
    ),
    "vote of votes": (
        VotingClassifier(
            members(
                StackingClassifier(members(forest(), xgb()), cv=2),
                VotingClassifier(members(ExtraTreesClassifier(4), lgb()), voting="soft"),
            ),
            voting="soft",
        ),
        named,
    ),
    "search": (GridSearchCV(forest(), {"max_depth": [2, 4]}, cv=2), named),
}


@pytest.mark.parametrize(("model", "targets"), COMPOSED.values(), ids=COMPOSED)
def test_models_of_models_pass_the_gate(model: Any, targets: Targets) -> None:
    rows = sample_rows(missing=0.15)
    original = of_model(model.fit(rows, targets(rows)), None)
    assert original.nan_policy == "allow"
    verdict = proof(original, graph_of(original), rows)
    assert verdict.comparison.is_equal
    assert verdict.comparison.tolerance < 1e-2


def test_a_calibrated_model_that_was_fitted_before_passes_the_gate() -> None:
    rows = sample_rows(missing=0.15)
    fitted = FrozenEstimator(forest().fit(rows, three_classes(rows)))
    original = of_model(CalibratedClassifierCV(fitted, cv=2).fit(rows, three_classes(rows)), None)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_hard_vote_is_not_judged_where_a_member_is_undecided() -> None:
    """Two leaves of a class each make 0.5 and 0.5, added up in an order of its own by each library."""
    rows = np.repeat(np.arange(6, dtype=np.float32), 40)[:, None]
    targets = np.tile([0, 1, 2, 0, 1, 2, 1, 0], 30)
    undecided = RandomForestClassifier(7, max_depth=2, bootstrap=False, random_state=0)
    vote = VotingClassifier([("forest", undecided), ("other", DecisionTreeClassifier(max_depth=1))], voting="hard")
    original = of_model(make_pipeline(StandardScaler(), vote).fit(rows, targets), None)
    assert original.settled is not None
    assert not original.settled(rows).any()
    nested = VotingClassifier([("inner", vote), ("tree", DecisionTreeClassifier(random_state=0))], voting="hard")
    clear = of_model(nested.fit(rows, targets), None).settled
    assert clear is not None
    assert not clear(rows).any()


def test_a_soft_vote_is_judged_everywhere() -> None:
    rows = sample_rows()
    vote = VotingClassifier([("forest", forest()), ("nb", DecisionTreeClassifier(max_depth=3))], voting="soft")
    assert of_model(vote.fit(rows, three_classes(rows)), None).settled is None


def test_a_hard_vote_answers_shares_and_the_class_that_scikit_learn_predicts() -> None:
    rows = sample_rows()
    vote = VotingClassifier(members(forest(), DecisionTreeClassifier(max_depth=2), xgb(), lgb())).fit(rows, named(rows))
    original = of_model(vote, None)
    answers = original.predict(rows)
    assert set(np.unique(answers)) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert (answers == 0.5).any()
    labels = np.array(original.output.model_dump()["labels"])
    assert np.array_equal(labels[answers.argmax(axis=1)], vote.predict(rows))


def test_a_vote_that_ends_in_a_tie_goes_to_the_first_class() -> None:
    rows = sample_rows()
    opposite = two_classes(rows)
    vote = VotingClassifier(members(DecisionTreeClassifier(max_depth=1), DecisionTreeClassifier(max_depth=1)))
    vote.fit(rows, opposite)
    vote.estimators_[1].fit(rows, 1 - opposite)
    original = of_model(vote, None)
    assert np.all(original.predict(rows) == 0.5)
    assert (vote.predict(rows) == 0).all()
    assert proof(original, graph_of(original), rows).comparison.worst == 0


def test_gradient_boosting_votes_for_the_second_class_when_it_is_undecided() -> None:
    """Its own rule, which its probabilities of exactly one half do not show."""
    rows = sample_rows()
    even = np.arange(len(rows)) % 2
    vote = VotingClassifier(members(GradientBoostingClassifier(n_estimators=1, min_impurity_decrease=10.0))).fit(
        rows, even
    )
    assert (vote.estimators_[0].predict_proba(rows) == 0.5).all()
    original = of_model(vote, None)
    assert (original.predict(rows) == [0, 1]).all()
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_a_forest_that_is_torn_votes_as_scikit_learn_does() -> None:
    """Half of its trees for one class, half for the other: exactly one half, however they are added up."""
    rows = sample_rows()
    vote = VotingClassifier(members(ExtraTreesClassifier(50, random_state=0))).fit(rows[:40], two_classes(rows)[:40])
    assert (vote.estimators_[0].predict_proba(rows) == 0.5).any()
    original = of_model(vote, None)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_forests_are_added_up_in_float64() -> None:
    rows = sample_rows()
    original = of_model(RandomForestClassifier(60, random_state=0).fit(rows, three_classes(rows)), None)
    assert proof(original, graph_of(original), rows).comparison.worst < 3.1e-8  # half a step of float32 below 1


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=4)),
        VotingClassifier(members(lgb(), forest()), voting="soft"),
    ],
    ids=["histograms behind a scaler", "LightGBM in a vote"],
)
def test_thresholds_rounded_to_the_nearest_float32_are_caught(model: Any) -> None:
    rows = sample_rows().astype(np.float64)
    original = of_model(model.fit(rows, two_classes(rows)), None)
    wrong = original.graph()
    for node in wrong.graph.node:
        for found in node.attribute:
            if found.name == "nodes_values_as_tensor":
                rounded = numpy_helper.to_array(found.t).astype(np.float32).astype(np.float64)
                found.t.CopyFrom(numpy_helper.from_array(rounded))
    with pytest.raises(ParityFailed):
        proof(original, graph_of(original, wrong), rows.astype(np.float32))
    assert proof(original, graph_of(original), rows.astype(np.float32)).comparison.is_equal


def test_missing_values_of_histogram_boosting_go_where_it_sends_them() -> None:
    rows = sample_rows(missing=0.2)
    original = of_model(HistGradientBoostingClassifier(max_iter=6).fit(rows, two_classes(rows)), None)
    wrong = original.graph()
    routes = attribute(wrong, "nodes_missing_value_tracks_true")
    routes.ints[:] = [1 - route for route in routes.ints]
    with pytest.raises(ParityFailed, match="missing-"):
        proof(original, graph_of(original, wrong), rows)


def test_members_answer_with_one_thread(tmp_path: Path) -> None:
    rows = sample_rows()
    vote = VotingClassifier(members(RandomForestClassifier(4, n_jobs=2)), n_jobs=2).fit(rows, two_classes(rows))
    of_model(vote, None)
    assert vote.estimators_[0].n_jobs == 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            VotingClassifier(members(GaussianNB(), forest())),
            "cannot export a sklearn.naive_bayes.Gauss",
        ),
        (VotingClassifier(members(forest()), weights=[-1]), r"has the weights \[-1.0\], expected positive ones"),
        (CalibratedClassifierCV(forest(), method="temperature", cv=2), "calibration 'temperature' is not supported"),
        (HistGradientBoostingClassifier(categorical_features=[0], max_iter=2), "has categorical features"),
        (StackingClassifier(members(forest()), cv=2, stack_method="predict_proba", final_estimator=GaussianNB()), "NB"),
    ],
    ids=["another member", "negative weight", "temperature", "categories", "another last model"],
)
def test_what_cannot_be_composed_is_refused_by_name(model: Any, message: str) -> None:
    rows = sample_rows()
    model.fit(np.floor(np.abs(rows) % 100), two_classes(rows))
    with pytest.raises(Refused, match=message):
        of_model(model, None)


def test_a_stack_of_words_is_refused() -> None:
    rows = sample_rows()
    fitted = forest().fit(rows, named(rows))
    stack = StackingClassifier(members(fitted), cv="prefit", stack_method="predict_proba").fit(rows, named(rows))
    original = of_model(stack, None)
    assert proof(original, graph_of(original), rows).comparison.is_equal
    stack.stack_method_ = ["predict"]
    with pytest.raises(Refused, match="answers words to the model that is stacked on it"):
        of_model(stack, None)


def test_a_calibrated_member_that_has_not_seen_every_class_is_refused() -> None:
    rows = sample_rows()
    model = CalibratedClassifierCV(forest(), cv=2).fit(rows, three_classes(rows))
    model.calibrated_classifiers_[0].estimator.fit(rows, two_classes(rows))
    with pytest.raises(Refused, match=r"knows the classes \[0, 1\] of \[0, 1, 2\]"):
        of_model(model, None)


def test_a_decision_that_no_graph_has_is_refused() -> None:
    rows = sample_rows()
    stack = StackingClassifier(members(scaled(LogisticRegression())), cv=2, stack_method="decision_function")
    stack.fit(rows, two_classes(rows)).estimators_[0] = forest().fit(rows, two_classes(rows))
    with pytest.raises(Refused, match="RandomForestClassifier has no decision_function"):
        of_model(stack, None)


class Judge(RandomForestClassifier):
    """A forest that says it has margins."""

    def decision_function(self, rows: Any) -> Any:
        return self.predict_proba(rows)[:, 1]


Judge.__module__, Judge.__name__ = "sklearn.ensemble", "RandomForestClassifier"


def test_a_calibrated_decision_that_no_graph_has_is_refused() -> None:
    rows = sample_rows()
    with pytest.raises(Refused, match="RandomForestClassifier has no decision_function"):
        of_model(CalibratedClassifierCV(Judge(4), cv=2).fit(rows, two_classes(rows)), None)


def test_a_member_that_has_not_seen_every_class_is_refused() -> None:
    rows = sample_rows()
    vote = VotingClassifier(members(forest(), forest()), voting="soft").fit(rows, three_classes(rows))
    vote.estimators_[1].fit(rows, two_classes(rows))
    with pytest.raises(Refused, match=r"knows the classes \[0, 1\], the whole model 3"):
        of_model(vote, None)


def test_a_regressor_in_a_vote_of_classes_is_refused() -> None:
    rows = sample_rows()
    vote = VotingClassifier(members(forest()), voting="soft").fit(rows, two_classes(rows))
    vote.estimators_[0] = RandomForestRegressor(2).fit(rows, values(rows))
    with pytest.raises(Refused, match="RandomForestRegressor answers no classes where a classifier is needed"):
        of_model(vote, None)
    mean = VotingRegressor(members(RandomForestRegressor(2))).fit(rows, values(rows))
    mean.estimators_[0] = forest().fit(rows, two_classes(rows))
    with pytest.raises(Refused, match="RandomForestClassifier answers classes where a regressor is needed"):
        of_model(mean, None)
