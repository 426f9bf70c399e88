"""Performance figures: which of two is the better one. The only place that knows that an error is better small.

A figure is known by a word of its name, whatever stands around it: `rmse`, `cv_rmse` and `RMSE_kg_per_ha` are the
same. Of a figure that is not known more is better, as it is of a score that some library calls negative (`neg_`).
"""

import math
import re
from collections.abc import Mapping
from typing import Literal

Better = Literal["more", "less", "near zero"]

NEAR_ZERO = frozenset({"bias", "mbe", "mpe"})
LESS = frozenset(
    {
        *("rmse", "nrmse", "rmsle", "rmspe", "mse", "msle", "mae", "nmae", "medae", "mdae", "mape", "smape", "wape"),
        *("mdape", "error", "errors", "loss", "logloss", "nll", "brier", "ece", "mce", "deviance", "pinball", "crps"),
        *("sse", "rss", "rmsd", "rrmse", "mspe", "misclassification", "perplexity", "aic", "bic", "fpr", "fnr"),
    }
)
NEGATIVE = frozenset({"neg", "negative"})
HEADLINES = ("f1", "f1_score", "rmse")


def better(figure: str) -> Better:
    """Which values of the figure that is called `figure` are the better ones."""
    words = set(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", figure).lower()))
    if words & NEGATIVE:
        return "more"
    if words & NEAR_ZERO:
        return "near zero"
    return "less" if words & LESS else "more"


def merit(figure: str, value: float) -> float:
    """A number that is the larger the better `value` is as that figure; what is no number is worse than any."""
    if math.isnan(value):
        return -math.inf
    match better(figure):
        case "more":
            return value
        case "less":
            return -value
        case "near zero":
            return -abs(value)


def headline(performance: Mapping[str, float]) -> str | None:
    """The one figure to show where there is room for one."""
    known = [figure for figure in HEADLINES if figure in performance]
    return next(iter([*known, *performance]), None)
