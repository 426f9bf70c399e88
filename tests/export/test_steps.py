from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from export.errors import Refused
from export.steps import Step, apply, steps_of
from tests.export.originals import FEATURES, sample_rows

TRANSFORMERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    MinMaxScaler(),
    MinMaxScaler(feature_range=(-2, 3), clip=True),
    RobustScaler(),
    RobustScaler(with_centering=False, quantile_range=(5, 95)),
    RobustScaler(with_scaling=False),
    SimpleImputer(),
    SimpleImputer(strategy="median"),
    SimpleImputer(strategy="most_frequent"),
    SimpleImputer(strategy="constant", fill_value=-7.1),
    make_pipeline(SimpleImputer(), StandardScaler(), MinMaxScaler(), RobustScaler(), "passthrough"),
]


@pytest.mark.parametrize("fitted_on", [np.float32, np.float64])
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=str)
def test_steps_do_what_the_transformer_does_to_the_last_bit(transformer: Any, fitted_on: type) -> None:
    transformer.fit(sample_rows(missing=0.1).astype(fitted_on))
    rows = np.concatenate([sample_rows(missing=0.2, count=4000), np.zeros((1, FEATURES), np.float32)])
    expected = transformer.transform(rows.copy())
    stepped = apply(steps_of(transformer), rows)
    assert expected.dtype == stepped.dtype == np.float32
    np.testing.assert_array_equal(stepped, expected)


@pytest.mark.parametrize("transformer", [MinMaxScaler(), RobustScaler()], ids=str)
def test_these_scalers_compute_in_double_precision_and_single_would_differ(transformer: Any) -> None:
    """StandardScaler casts its constants to float32 first; these do not, and NumPy then computes in float64."""
    transformer.fit(sample_rows().astype(np.float64))
    rows = sample_rows(count=4000)
    single = [Step(step.operation, step.constant.astype(np.float32)) for step in steps_of(transformer)]
    assert (apply(single, rows) != transformer.transform(rows.copy())).any()


def test_multiplying_by_the_inverse_as_the_stock_scaler_does_would_differ() -> None:
    scaler = StandardScaler().fit(sample_rows())
    subtract, divide = steps_of(scaler)
    rows = sample_rows(count=4000)
    stock = apply([subtract, Step("Mul", (1 / scaler.scale_).astype(np.float32))], rows)
    assert (stock != apply([subtract, divide], rows)).any()


def all_missing() -> Any:
    rows = sample_rows()
    rows[:, 2] = np.nan
    return rows


@pytest.mark.parametrize(
    ("transformer", "rows", "message"),
    [
        (PCA(2), sample_rows(), "cannot put a PCA in front of a model; supported are SimpleImputer, StandardScaler"),
        (SimpleImputer(missing_values=-1), sample_rows(), "must fill NaN, this one fills -1"),
        (SimpleImputer(add_indicator=True), sample_rows(missing=0.1), "add_indicator=True adds columns"),
        (
            SimpleImputer(strategy="most_frequent"),
            np.array([["a", "b"], ["a", "c"]], object),
            "must fill with numbers, this one fills with .*a",
        ),
        (SimpleImputer(), all_missing(), "drops the features 2, which were always missing"),
    ],
    ids=["another kind", "another missing value", "indicator", "text", "empty column"],
)
@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_what_is_no_arithmetic_on_features_is_refused(transformer: Any, rows: Any, message: str) -> None:
    with pytest.raises(Refused, match=message):
        steps_of(transformer.fit(rows))


def test_an_unfitted_transformer_is_refused() -> None:
    with pytest.raises(Refused, match="StandardScaler is not fitted"):
        steps_of(StandardScaler())


def test_an_empty_column_may_be_kept() -> None:
    imputer = SimpleImputer(keep_empty_features=True).fit(all_missing())
    rows = sample_rows(missing=0.5)
    np.testing.assert_array_equal(apply(steps_of(imputer), rows), imputer.transform(rows.copy()))
