"""Which of two figures is the better one."""

import math

import pytest

from serinus.figures import better, headline, merit


@pytest.mark.parametrize(
    "figure",
    [
        *("rmse", "RMSE", "cv_rmse", "rmse_kg_per_ha", "mae", "mse", "mape", "brier", "brier_score", "log_loss"),
        *("logloss", "ece", "val_loss", "error_rate", "mean_absolute_error", "max_error", "mean_poisson_deviance"),
        *("RMSE (kg/ha)", "meanSquaredError"),
    ],
)
def test_of_an_error_less_is_better(figure):
    assert better(figure) == "less"
    assert merit(figure, 1.0) > merit(figure, 2.0)


@pytest.mark.parametrize(
    "figure",
    [
        *("r2", "R2", "r_squared", "f1_score", "accuracy", "roc_auc", "explained_variance", "lift", "neg_log_loss"),
        *("neg_mean_squared_error", "rmseish", "recall", "precision", "specificity", ""),
    ],
)
def test_of_a_score_and_of_what_nobody_knows_more_is_better(figure):
    assert better(figure) == "more"
    assert merit(figure, 2.0) > merit(figure, 1.0)


@pytest.mark.parametrize("figure", ["bias", "cv_bias", "bias_kg_per_ha", "mean_bias_error", "abs_bias"])
def test_a_bias_is_better_near_zero_whichever_its_sign(figure):
    assert better(figure) == "near zero"
    assert merit(figure, -1.0) > merit(figure, 2.0)
    assert merit(figure, 1.0) > merit(figure, -2.0)


@pytest.mark.parametrize("figure", ["rmse", "r2", "bias"])
def test_what_is_no_number_is_worse_than_any(figure):
    assert merit(figure, math.nan) < min(merit(figure, -1e300), merit(figure, 1e300))


@pytest.mark.parametrize(
    ("performance", "expected"),
    [
        pytest.param({"accuracy": 1.0, "f1_score": 1.0}, "f1_score", id="a classifier"),
        pytest.param({"mae": 1.0, "rmse": 1.0}, "rmse", id="a regressor"),
        pytest.param({"lift": 1.0, "accuracy": 1.0}, "lift", id="the first, of strange ones"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_one_figure_stands_for_all(performance, expected):
    assert headline(performance) == expected
