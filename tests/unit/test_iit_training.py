import lightgbm
import numpy as np
import pytest

from services.iit.booster import MOST_TREES, Features, UnfitName, Visits, trained
from services.iit.evaluation import by_band, by_group, expected_calibration_error, performance, reliability
from services.iit.platt import CalibrationFailed, Platt, calibrated, fitted
from services.iit.splits import SHARES, split

FEATURES = Features(("a", "b", "word"), {"word": ("u", "v", "w", "x", "y", "z")})


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


@pytest.fixture(scope="module")
def visits() -> Visits:
    """Two numbers and a word, some missing, that say something of the outcome."""
    rng = np.random.default_rng(5)
    rows = np.column_stack([rng.normal(size=(4_000, 2)), rng.integers(6, size=4_000)]).astype(np.float32)
    risk = sigmoid(rows[:, 0] - 1 + 0.8 * np.isin(rows[:, 2], [1, 4]))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return Visits(rows, rng.random(4_000) < risk)


@pytest.fixture(scope="module")
def booster(visits: Visits) -> lightgbm.Booster:
    first, then = np.arange(3_000), np.arange(3_000, 4_000)
    return trained(visits.only(first), visits.only(then), FEATURES, seed=1)


def test_no_patient_is_in_two_parts() -> None:
    patients = np.random.default_rng(1).integers(500, size=2_000)
    parts = split(patients, seed=0)
    places = [parts.train, parts.stop, parts.calibrate, parts.held_out]
    assert sorted(np.concatenate(places)) == list(range(2_000))
    assert len({patient for part in places for patient in set(patients[part])}) == sum(
        len(set(patients[part])) for part in places
    )
    assert [len(part) / 2_000 for part in places] == pytest.approx(list(SHARES.values()), abs=0.03)


def test_training_stops_where_more_trees_do_not_help(booster: lightgbm.Booster) -> None:
    assert 0 < booster.best_iteration < MOST_TREES


def test_the_same_seed_grows_the_same_trees(booster: lightgbm.Booster, visits: Visits) -> None:
    first, then = np.arange(3_000), np.arange(3_000, 4_000)
    again = trained(visits.only(first), visits.only(then), FEATURES, seed=1)
    assert again.model_to_string() == booster.model_to_string()


def test_platt_finds_the_sigmoid_that_made_the_outcomes() -> None:
    rng = np.random.default_rng(0)
    sums = rng.normal(size=40_000)
    platt = fitted(sums, rng.random(40_000) < sigmoid(0.6 * sums - 0.9))
    assert platt.slope == pytest.approx(0.6, abs=0.05)
    assert platt.shift == pytest.approx(-0.9, abs=0.05)


@pytest.mark.parametrize("platt", [Platt(0.5, -1.25), Platt(1.0, 0.0), Platt(3.0, 2.0)])
def test_calibration_lies_in_the_models_own_file(
    booster: lightgbm.Booster, visits: Visits, platt: Platt, tmp_path
) -> None:
    calibrated(booster, platt, visits.rows).save_model(tmp_path / "model.txt")
    read = lightgbm.Booster(model_file=tmp_path / "model.txt")
    raw = booster.predict(visits.rows, raw_score=True, num_iteration=booster.best_iteration)
    np.testing.assert_allclose(read.predict(visits.rows, raw_score=True), platt(raw), atol=1e-12)
    np.testing.assert_allclose(read.predict(visits.rows), sigmoid(platt(raw)), atol=1e-12)
    assert read.num_trees() == booster.best_iteration


def test_a_model_of_one_leaf_is_calibrated_too(visits: Visits) -> None:
    rows = np.zeros_like(visits.rows)
    grown = trained(Visits(rows, visits.happened), Visits(rows, visits.happened), Features("abc", {}), seed=0)
    raw = grown.predict(rows, raw_score=True)
    moved = calibrated(grown, Platt(2.0, 1.0), rows)
    np.testing.assert_allclose(moved.predict(rows, raw_score=True), 2 * raw + 1)


def test_an_average_of_trees_is_not_calibrated_in_silence(visits: Visits) -> None:
    """The shift of one tree would be divided by how many there are."""
    forest = {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5, "verbosity": -1}
    booster = lightgbm.train(forest, lightgbm.Dataset(visits.rows, visits.happened), 5)
    with pytest.raises(CalibrationFailed, match="do not add up"):
        calibrated(booster, Platt(1.0, 1.0), visits.rows)


def test_calibration_mends_a_model_that_was_trained_on_balanced_classes() -> None:
    rng = np.random.default_rng(2)
    sums = rng.normal(size=20_000)
    truth = rng.random(20_000) < sigmoid(sums - 2)
    before, after = sigmoid(sums), sigmoid(fitted(sums[:10_000], truth[:10_000])(sums))
    errors = [expected_calibration_error(reliability(truth[10_000:], risks[10_000:])) for risks in (before, after)]
    assert errors[0] > 0.2
    assert errors[1] < 0.02


@pytest.mark.parametrize(
    ("truth", "why"), [([False] * 4, "both classes"), ([True, True, False, False], "learnt nothing")]
)
def test_what_cannot_be_calibrated_is_said(truth: list[bool], why: str) -> None:
    with pytest.raises(CalibrationFailed, match=why):
        fitted(np.array([-2.0, -1.0, 1.0, 2.0]), np.array(truth))


def test_the_calibration_error_is_the_mean_gap_between_said_and_seen() -> None:
    truth = np.array([False] * 50 + [True] * 50)
    risks = np.array([0.1] * 50 + [0.7] * 50)
    assert expected_calibration_error(reliability(truth, risks)) == pytest.approx(0.5 * 0.1 + 0.5 * 0.3)
    assert sum(one.visits for one in reliability(truth, risks)) == 100


def test_the_figures_are_those_of_the_label_that_is_answered() -> None:
    truth, risks = np.array([False, False, True, True]), np.array([0.1, 0.6, 0.5, 0.4])
    figures = performance(truth, risks)
    assert figures["accuracy"] == 0.5
    assert figures["precision"] == 0.5
    assert figures["recall"] == 0.5
    assert figures["roc_auc"] == 0.5


def test_a_group_too_small_to_judge_gets_no_figure() -> None:
    rng = np.random.default_rng(0)
    groups = np.array(["many"] * 400 + ["few"] * 20)
    truth = rng.random(420) < 0.3
    judged = by_group(truth, rng.random(420), groups)
    assert 0.35 < judged["many"]["roc_auc"] < 0.65
    assert judged["few"]["roc_auc"] is None
    assert judged["few"]["visits"] == 20


def test_every_patient_is_in_one_band() -> None:
    risks = np.array([0.0, 0.15, 0.3, 0.35, 1.0])
    bands = by_band(np.array([False, False, True, True, True]), risks, {"high": 0.35, "low": 0.0, "medium": 0.15})
    assert {name: band["visits"] for name, band in bands.items()} == {"low": 1, "medium": 2, "high": 2}
    assert bands["high"]["observed"] == 1.0


@pytest.mark.parametrize("name", ["times before", "a,b", "a:b", "[a]", 'say "a"'])
def test_a_name_that_lightgbm_would_change_is_refused(name: str) -> None:
    with pytest.raises(UnfitName, match="rename"):
        Features(("fine", name), {})
