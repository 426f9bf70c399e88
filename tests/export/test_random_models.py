"""Random small models of every family answer as their originals, whatever their shape, classes, objective and gaps.

Each model is drawn by hypothesis, which shrinks what differs; the draw, its seed included, is in the failure's report.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import sklearn.ensemble
import sklearn.linear_model
import sklearn.preprocessing
import sklearn.tree
import xgboost
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from export.boundaries import above, below
from export.converters import load
from export.errors import Refused
from export.gate import ParityFailed
from export.graph import finish
from export.original import Original
from serinus.golden import Comparison, Natives, compare
from serinus.prediction import Answers, Classes, Values
from serinus.schema import ClassificationSchema, Rows, refused
from serinus.session import session
from tests.export.originals import graph_of, pickled, proof

pytestmark = pytest.mark.no_cover  # traced, it takes half as long again, and others reach the same lines

FEATURES = 4
TRAINED_ON = 120
TRIED = 300
TOLERANCE = 1e-5
QUIET = {"verbosity": -1, "num_threads": 1, "seed": 1, "deterministic": True}


def models(count: int) -> settings:
    """How many models a family gets: with those of the other families, 500."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )


@dataclass(frozen=True)
class Table:
    """Rows to train on: of numbers that repeat, differ by little, or are missing."""

    seed: int
    is_coarse: bool
    missing: float

    def made(self) -> tuple[Rows, np.random.Generator]:
        """The rows, and what else is drawn by chance."""
        generator = np.random.default_rng(self.seed)
        rows = generator.normal(size=(TRAINED_ON, FEATURES)) * 10.0 ** generator.integers(-3, 4, FEATURES)
        rows = rows.round(1) if self.is_coarse else rows
        rows[generator.uniform(size=rows.shape) < self.missing] = np.nan
        return rows.astype(np.float32), generator


def tables(*, missing: Sequence[float] = (0.0, 0.4)) -> st.SearchStrategy[Table]:
    return st.builds(
        Table, seed=st.integers(0, 2**32 - 1), is_coarse=st.booleans(), missing=st.sampled_from(list(missing))
    )


def classes_of(rows: Rows, generator: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Every class at least once; they depend on the rows, and on chance."""
    scores = np.nan_to_num(rows) @ generator.normal(size=(rows.shape[1], count)) + generator.normal(size=count)
    scores += generator.normal(size=scores.shape) * scores.std()
    targets = scores.argmax(axis=1)
    targets[:count] = np.arange(count)
    return targets


def amounts_of(rows: Rows, generator: np.random.Generator) -> NDArray[np.float64]:
    """Positive numbers, as counts and gamma models want them."""
    wanted = np.nan_to_num(rows / (np.nanstd(rows, axis=0) + 1e-9)) @ generator.normal(size=rows.shape[1])
    return np.exp(np.clip(wanted / 3, -3, 3)) + 0.01


def rows_for(original: Original, trained: Rows, generator: np.random.Generator) -> Rows:
    """Rows near those it was trained on, on its thresholds and beside them, with gaps, zeros and large numbers."""
    rows = trained[generator.integers(len(trained), size=TRIED)]
    rows = (rows + generator.normal(size=rows.shape) * np.nan_to_num(np.nanstd(trained, axis=0))).astype(np.float32)
    places = generator.uniform(size=rows.shape)
    for feature in range(rows.shape[1]):
        edges = [t.threshold[(t.feature == feature) & np.isfinite(t.threshold)] for t in original.trees]
        known = np.concatenate(edges) if edges else np.zeros(0, np.float32)
        around = np.concatenate([below(known), known, above(known), np.array([0.0, -0.0, 1e30, -1e30], np.float32)])
        rows[:, feature] = np.where(places[:, feature] < 0.4, generator.choice(around, len(rows)), rows[:, feature])
    for feature, codes in original.codes.items():
        odd = np.array([-1, 1e6, 0.5, codes.max() + 1], np.float32)
        rows[:, feature] = generator.choice(np.concatenate([codes, codes, odd]), len(rows))
    for feature, category in original.categories.items():
        lowest = -1 if category.others == "unknown" else 0
        rows[:, feature] = generator.integers(lowest, len(category.words), len(rows))
    if original.nan_policy == "allow":
        rows[generator.uniform(size=rows.shape) < 0.2] = np.nan
    rows = rows[~refused(rows, original.nan_policy)]
    return rows if original.knows is None else rows[original.knows(rows)]


def check(file: Path, trained: Rows, generator: np.random.Generator) -> None:
    """The graph of the model in `file` answers as it does; a boosted model that never splits is refused."""
    try:
        original = load(file, None, None)
    except Refused as refusal:
        assert "no split in any tree" in str(refusal)  # noqa: PT017  # it says more, and of many kinds of model
        return
    rows = rows_for(original, trained, generator)
    if original.settled is not None:
        rows = rows[original.settled(rows)]
    compared, native = comparison(original, rows)
    worst = int(compared.differences.argmax())
    note(f"largest difference {compared.worst:.3g} on {rows[worst]}: {native[worst]}")
    assert compared.is_equal
    assert len(rows) > TRIED / 4


def comparison(original: Original, rows: Rows) -> tuple[Comparison, Natives]:
    graph = session(finish(original, {}))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        native = original.predict(rows)
    output = original.output
    served: Answers
    if isinstance(output, ClassificationSchema):
        label, probabilities = graph.run(["label", "probabilities"], {"input": rows})
        served, tolerance = Classes(output.labels, label, probabilities), TOLERANCE
    else:
        served = Values(graph.run(["value"], {"input": rows})[0][:, 0])
        tolerance = TOLERANCE * max(1.0, float(native.std()), float(np.abs(native).max()) / 10)
    return compare(native, served, tolerance), native


XGBOOST = {
    "binary:logistic": {},
    "multi:softprob": {"num_class": 3},
    "multi:softmax": {"num_class": 5},
    "reg:squarederror": {},
    "reg:absoluteerror": {},
    "count:poisson": {},
    "reg:gamma": {},
    "reg:tweedie": {"tweedie_variance_power": 1.3},
}


@models(120)
@given(
    table=tables(),
    objective=st.sampled_from(sorted(XGBOOST)),
    depth=st.integers(1, 6),
    rounds=st.integers(1, 12),
    options=st.fixed_dictionaries(
        {},
        optional={
            "grow_policy": st.just("lossguide"),
            "subsample": st.just(0.5),
            "base_score": st.sampled_from([0.3, 0.7]),
            "learning_rate": st.sampled_from([0.01, 1.0]),
            "max_delta_step": st.just(0.5),
            "monotone_constraints": st.just("(1,0,-1,0)"),
        },
    ),
    kind=st.sampled_from([".json", ".ubj"]),
)
def test_xgboost(
    tmp_path: Path,
    table: Table,
    objective: str,
    depth: int,
    rounds: int,
    options: dict[str, Any],
    kind: str,
) -> None:
    rows, generator = table.made()
    more = XGBOOST[objective]
    count = more.get("num_class", 2)
    is_classifier = objective.startswith(("binary", "multi"))
    targets = classes_of(rows, generator, count) if is_classifier else amounts_of(rows, generator)
    params = {"objective": objective, "max_depth": depth, "nthread": 1, "seed": 1, **more, **options}
    trained = xgboost.train(params, xgboost.DMatrix(rows, targets, nthread=1), rounds)
    file = tmp_path / f"model{kind}"
    trained.save_model(file)
    check(file, rows, generator)


LIGHTGBM = {
    "binary": {"sigmoid": 1.5},
    "multiclass": {"num_class": 4},
    "regression": {},
    "regression_l1": {},
    "huber": {},
    "quantile": {"alpha": 0.3},
    "poisson": {},
    "gamma": {},
    "tweedie": {"tweedie_variance_power": 1.4},
}
BOOSTING = {
    "gbdt": {},
    "dart": {"drop_rate": 0.5},
    "goss": {},
    "rf": {"bagging_freq": 1, "bagging_fraction": 0.5, "feature_fraction": 0.75},
}


@models(130)
@given(
    table=tables(),
    objective=st.sampled_from(sorted(LIGHTGBM)),
    boosting=st.sampled_from(sorted(BOOSTING)),
    leaves=st.integers(2, 20),
    rounds=st.integers(1, 12),
    categories=st.integers(0, 40),
    options=st.fixed_dictionaries(
        {},
        optional={
            "use_missing": st.just(False),
            "max_bin": st.just(7),
            "extra_trees": st.just(True),
            "boost_from_average": st.just(False),
            "max_cat_to_onehot": st.just(1),
            "path_smooth": st.just(2.0),
        },
    ),
)
def test_lightgbm(
    tmp_path: Path,
    table: Table,
    objective: str,
    boosting: str,
    leaves: int,
    rounds: int,
    categories: int,
    options: dict[str, Any],
) -> None:
    rows, generator = table.made()
    more = LIGHTGBM[objective]
    is_classifier = objective in ("binary", "multiclass")
    targets: Any = amounts_of(rows, generator)
    if is_classifier:
        targets = classes_of(rows, generator, int(more.get("num_class", 2)))
    if categories:
        column = generator.integers(categories, size=len(rows)).astype(np.float32)
        rows[:, 1] = np.where(np.isnan(rows[:, 1]), np.nan, column)
    params = {"objective": objective, "boosting": boosting, "num_leaves": leaves, "min_data_in_leaf": 3, **QUIET}
    data = lightgbm.Dataset(rows, targets, categorical_feature=[1] if categories else [], params=QUIET)
    trained = lightgbm.train({**params, **BOOSTING[boosting], **more, **options}, data, rounds)
    file = tmp_path / "model.txt"
    trained.save_model(file)
    check(file, rows, generator)


TREES = {
    "RandomForestClassifier": sklearn.ensemble.RandomForestClassifier,
    "ExtraTreesClassifier": sklearn.ensemble.ExtraTreesClassifier,
    "DecisionTreeClassifier": sklearn.tree.DecisionTreeClassifier,
    "RandomForestRegressor": sklearn.ensemble.RandomForestRegressor,
    "ExtraTreesRegressor": sklearn.ensemble.ExtraTreesRegressor,
    "DecisionTreeRegressor": sklearn.tree.DecisionTreeRegressor,
}
SCALERS = {
    "none": None,
    "standard": sklearn.preprocessing.StandardScaler,
    "robust": sklearn.preprocessing.RobustScaler,
    "minmax": sklearn.preprocessing.MinMaxScaler,
}


@models(120)
@given(
    table=tables(),
    kind=st.sampled_from(sorted(TREES)),
    count=st.integers(2, 5),
    depth=st.sampled_from([1, 3, 6, None]),
    trees=st.integers(1, 12),
    scaler=st.sampled_from(sorted(SCALERS)),
    named=st.booleans(),
)
def test_sklearn_trees(
    tmp_path: Path,
    table: Table,
    kind: str,
    count: int,
    depth: int | None,
    trees: int,
    scaler: str,
    named: bool,
) -> None:
    rows, generator = table.made()
    many = {} if kind.startswith("Decision") else {"n_estimators": trees}
    estimator = TREES[kind](max_depth=depth, random_state=1, **many)
    targets: Any = amounts_of(rows, generator)
    if kind.endswith("Classifier"):
        targets = classes_of(rows, generator, count)
        targets = np.array(["zebra", "ant", "cow", "bee", "dog"])[targets] if named else targets
    make = SCALERS[scaler]
    whole = estimator if make is None else sklearn.pipeline.make_pipeline(make(), estimator)
    check(pickled(tmp_path / "model.pkl", whole.fit(rows, targets)), rows, generator)


BOOSTED = {
    "GradientBoostingClassifier": sklearn.ensemble.GradientBoostingClassifier,
    "GradientBoostingRegressor": sklearn.ensemble.GradientBoostingRegressor,
}


@models(40)
@given(
    table=tables(missing=[0.0]),
    kind=st.sampled_from(sorted(BOOSTED)),
    count=st.integers(2, 4),
    depth=st.integers(1, 4),
    rounds=st.integers(1, 10),
)
def test_sklearn_boosting(tmp_path: Path, table: Table, kind: str, count: int, depth: int, rounds: int) -> None:
    rows, generator = table.made()
    is_classifier = kind.endswith("Classifier")
    targets = classes_of(rows, generator, count) if is_classifier else amounts_of(rows, generator)
    estimator = BOOSTED[kind](max_depth=depth, n_estimators=rounds, random_state=1).fit(rows, targets)
    check(pickled(tmp_path / "model.pkl", estimator), rows, generator)


@models(50)
@given(
    table=tables(),
    is_classifier=st.booleans(),
    count=st.integers(2, 4),
    leaves=st.integers(2, 20),
    rounds=st.integers(1, 8),
    options=st.fixed_dictionaries({}, optional={"max_bins": st.just(5), "l2_regularization": st.just(3.0)}),
)
def test_hist_gradient_boosting(
    tmp_path: Path,
    table: Table,
    is_classifier: bool,
    count: int,
    leaves: int,
    rounds: int,
    options: dict[str, Any],
) -> None:
    rows, generator = table.made()
    kind = sklearn.ensemble.HistGradientBoostingClassifier
    targets: Any = classes_of(rows, generator, count)
    if not is_classifier:
        kind, targets = sklearn.ensemble.HistGradientBoostingRegressor, amounts_of(rows, generator)
    estimator = kind(max_leaf_nodes=leaves, max_iter=rounds, min_samples_leaf=3, random_state=1, **options)
    check(pickled(tmp_path / "model.pkl", estimator.fit(rows, targets)), rows, generator)


def members(generator: np.random.Generator, *, is_classifier: bool) -> list[tuple[str, Any]]:
    """Two or three estimators of different families, some of them behind a scaler."""
    small = {"n_estimators": 4, "max_depth": 3, "random_state": 1}
    tree, linear = sklearn.ensemble.RandomForestRegressor(**small), sklearn.linear_model.Ridge()
    boosted: list[Any] = [xgboost.XGBRegressor(**small, n_jobs=1), lightgbm.LGBMRegressor(**small, **QUIET)]
    if is_classifier:
        tree, linear = sklearn.ensemble.RandomForestClassifier(**small), sklearn.linear_model.LogisticRegression()
        boosted = [xgboost.XGBClassifier(**small, n_jobs=1), lightgbm.LGBMClassifier(**small, **QUIET)]
    scaled = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), linear)
    known = {"tree": tree, "linear": scaled, "xgboost": boosted[0], "lightgbm": boosted[1]}
    chosen = generator.choice(sorted(known), size=generator.integers(2, 4), replace=False)
    return [(str(name), known[str(name)]) for name in chosen]


@models(50)
@given(
    table=tables(missing=[0.0]),
    is_classifier=st.booleans(),
    count=st.integers(2, 4),
    how=st.sampled_from(["soft", "hard", "stacked", "stacked with the rows"]),
    named=st.booleans(),
)
def test_compositions(tmp_path: Path, table: Table, is_classifier: bool, count: int, how: str, named: bool) -> None:
    rows, generator = table.made()
    parts = members(generator, is_classifier=is_classifier)
    passthrough = {"passthrough": how == "stacked with the rows", "cv": 2}
    whole: Any
    targets: Any = amounts_of(rows, generator)
    if is_classifier:
        targets = classes_of(rows, generator, count)
        if named and "xgboost" not in dict(parts):  # XGBoost takes numbers only
            targets = np.array(["zebra", "ant", "cow", "bee"])[targets]
        whole = sklearn.ensemble.VotingClassifier(parts, voting="hard" if how == "hard" else "soft")
        if how.startswith("stacked"):
            whole = sklearn.ensemble.StackingClassifier(parts, **passthrough)
    else:
        whole = sklearn.ensemble.VotingRegressor(parts, weights=generator.uniform(0.5, 2, len(parts)))
        if how.startswith("stacked"):
            whole = sklearn.ensemble.StackingRegressor(parts, **passthrough)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge, or a class is rare, is none of our concern
        whole.fit(rows, targets)
    check(pickled(tmp_path / "model.pkl", whole), rows, generator)


def test_undecided_members_of_a_hard_vote_do_not_fail_the_gate(tmp_path: Path) -> None:
    """Found by the test above: on a row the forest's best two classes are 5e-17 apart, and the graph swaps them."""
    rows, generator = Table(112, is_coarse=False, missing=0.0).made()
    parts = members(generator, is_classifier=True)
    amounts_of(rows, generator)
    vote = sklearn.ensemble.VotingClassifier(parts, voting="hard").fit(rows, classes_of(rows, generator, 4))
    original = load(pickled(tmp_path / "model.pkl", vote), None, None)
    near = rows_for(original, rows, generator)
    near = near[(np.abs(near) < 1e6).all(axis=1)]
    assert not comparison(original, near)[0].is_equal
    assert proof(original, graph_of(original), near).comparison.is_equal
    with pytest.raises(ParityFailed):
        proof(replace(original, settled=None), graph_of(original), near)


@models(30)
@given(table=tables(missing=[0.0]), count=st.integers(2, 5), strength=st.sampled_from([0.01, 1.0, 100.0]))
def test_logistic_regression(tmp_path: Path, table: Table, count: int, strength: float) -> None:
    rows, generator = table.made()
    pipeline = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(), sklearn.linear_model.LogisticRegression(C=strength, max_iter=50)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge is none of our concern
        fitted = pipeline.fit(rows, classes_of(rows, generator, count))
    check(pickled(tmp_path / "model.pkl", fitted), rows, generator)


@pytest.mark.parametrize("seed", range(2))
def test_a_wrong_graph_is_noticed(tmp_path: Path, seed: int) -> None:
    """The comparison has teeth: thresholds moved by one float32 are found."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(TRAINED_ON, FEATURES)).astype(np.float32)
    file = tmp_path / "model.json"
    trained = xgboost.train({"max_depth": 4, "nthread": 1}, xgboost.DMatrix(rows, rows[:, 0] * 9, nthread=1), 10)
    trained.save_model(file)
    original = load(file, None, None)

    def moved() -> Any:
        graph = original.graph()
        (values,) = [a for a in graph.graph.node[0].attribute if a.name == "nodes_values"]
        values.floats[:] = above(np.array(values.floats, np.float32)).tolist()
        return graph

    rows = rows_for(original, rows, generator)
    assert comparison(original, rows)[0].is_equal
    assert not comparison(replace(original, graph=moved), rows)[0].is_equal
