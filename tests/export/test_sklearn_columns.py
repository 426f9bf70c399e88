"""Pipelines that select columns, fill, scale and encode them."""

from typing import Any

import numpy as np
import pandas
import pytest
import xgboost
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from export.errors import Refused
from export.from_sklearn import of_model
from export.gate import Proof
from export.original import Original
from export.sklearn_words import UNHEARD
from serinus.category import UNKNOWN, Category
from serinus.session import session
from tests.export.originals import graph_of, proof
from tests.export.passengers import COUNT, NUMBERS, WORDS, columns, one_hot, passengers, rows_of, saved
from tests.export.test_sklearn_compositions import forest, lgb, xgb

TABLE = passengers()
CODED = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def fitted(model: Any, table: Any = TABLE) -> Any:
    return clone(model).fit(table, saved(TABLE))


def exported(model: Any) -> tuple[Original, Proof]:
    """The original of `model` and its passed proof, which holds without a sample too."""
    original = of_model(model, None)
    proof(original, graph_of(original))
    return original, proof(original, graph_of(original), rows_of(original, TABLE))


PIPELINES = {
    "one-hot and logistic regression": make_pipeline(columns(), LogisticRegression()),
    "one-hot and forest": make_pipeline(columns(), forest()),
    "dense one-hot and XGBoost": make_pipeline(columns(sparse_threshold=0), xgb()),
    "sparse one-hot and XGBoost": make_pipeline(columns(sparse_threshold=1), xgb()),
    "sparse one-hot and LightGBM": make_pipeline(columns(sparse_threshold=1), lgb()),
    "one-hot and histograms": make_pipeline(columns(sparse_threshold=0), HistGradientBoostingClassifier(max_iter=4)),
    "ordinals and histograms": make_pipeline(columns(CODED), HistGradientBoostingClassifier(max_iter=4)),
    "ordinals, missing ones apart": make_pipeline(
        columns(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=-2)),
        xgb(),
    ),
    "whole ordinals": make_pipeline(
        columns(make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder(dtype=np.int64))), forest()
    ),
    "narrow one-hot": make_pipeline(columns(one_hot(dtype=np.float32), sparse_threshold=0), StandardScaler(), lgb()),
    "first category dropped": make_pipeline(columns(one_hot(drop="first")), LogisticRegression()),
    "binary categories dropped": make_pipeline(
        columns(OneHotEncoder(handle_unknown="ignore", drop="if_binary")), LogisticRegression()
    ),
    "a word for the missing": make_pipeline(
        columns(
            make_pipeline(
                SimpleImputer(strategy="constant", fill_value="nowhere"), OneHotEncoder(handle_unknown="ignore")
            )
        ),
        LogisticRegression(),
    ),
    "the rest passed through": make_pipeline(
        ColumnTransformer([("words", CODED, WORDS), ("name", "drop", ["name"])], remainder="passthrough"), xgb()
    ),
    "the rest scaled": make_pipeline(
        ColumnTransformer([("words", CODED, WORDS), ("name", "drop", ["name"])], remainder=StandardScaler()), lgb()
    ),
    "numbers as categories": make_pipeline(
        ColumnTransformer([("encode", OneHotEncoder(handle_unknown="ignore"), ["deck", "alone", "sex"])]), forest()
    ),
    "numbers as ordinals": make_pipeline(
        ColumnTransformer([("encode", CODED, ["deck", "port"]), ("keep", "passthrough", NUMBERS)]), xgb()
    ),
    "words and numbers filled together": make_pipeline(
        ColumnTransformer([("both", one_hot(), ["sex", "port", "deck"])]), LogisticRegression()
    ),
    "truths filled and scaled": make_pipeline(
        ColumnTransformer([("both", SimpleImputer(strategy="most_frequent"), ["alone", "deck", "fare"])]),
        StandardScaler(),
        forest(),
    ),
    "a scaler behind the columns": make_pipeline(columns(sparse_threshold=0), StandardScaler(), forest()),
    "another scaler behind the columns": make_pipeline(
        columns(numbers=SimpleImputer(), sparse_threshold=0), MinMaxScaler(), HistGradientBoostingClassifier(max_iter=4)
    ),
    "columns by their type": make_pipeline(
        ColumnTransformer(
            [("n", SimpleImputer(), make_column_selector(dtype_include=np.number)), ("w", CODED, ["sex"])]
        ),
        forest(),
    ),
    "columns by position": make_pipeline(
        ColumnTransformer([("n", StandardScaler(), [2]), ("w", one_hot(), slice(3, 5))]), forest()
    ),
    "columns of columns": make_pipeline(
        ColumnTransformer([("x", columns(sparse_threshold=0), [*NUMBERS, *WORDS]), ("n", "passthrough", ["deck"])]),
        forest(),
    ),
    "frames on the way": make_pipeline(columns(one_hot(sparse_output=False)), LogisticRegression()).set_output(
        transform="pandas"
    ),
    "a vote of pipelines": VotingClassifier(
        [("a", make_pipeline(columns(), forest())), ("b", make_pipeline(columns(CODED), xgb()))], voting="soft"
    ),
    "a stack of pipelines": StackingClassifier(
        [("a", make_pipeline(columns(), forest())), ("b", make_pipeline(columns(), lgb()))], cv=2
    ),
}


@pytest.mark.parametrize("model", PIPELINES.values(), ids=PIPELINES)
def test_pipelines_of_columns_pass_the_gate_and_answer_the_table_they_were_fitted_on(model: Any) -> None:
    model = fitted(model)
    original, verdict = exported(model)
    assert verdict.comparison.is_equal
    assert original.nan_policy == "allow"
    rows = rows_of(original, TABLE)
    known = original.knows(rows) if original.knows else np.ones(COUNT, bool)
    assert known.all()
    np.testing.assert_allclose(original.predict(rows), model.predict_proba(TABLE), atol=1e-7)


def test_only_the_columns_that_are_read_are_features() -> None:
    original = of_model(fitted(make_pipeline(columns(), forest())), None)
    assert (original.features, original.names) == (4, ("age", "fare", "sex", "port"))
    assert original.categories == {
        2: Category(words=("female", "male"), others="unknown"),
        3: Category(words=("C", "Q", "S"), others="unknown"),
    }


def test_a_table_without_names_keeps_all_its_columns() -> None:
    model = make_pipeline(ColumnTransformer([("n", StandardScaler(), [1]), ("w", CODED, [2])]), forest())
    table = TABLE[["name", "fare", "sex"]].to_numpy()
    table[:, 0] = 7.5
    original = of_model(fitted(model, table), None)
    assert (original.features, original.names, list(original.categories)) == (3, None, [2])
    assert proof(original, graph_of(original)).comparison.is_equal


def answered(original: Original, rows: Any) -> Any:
    return session(graph_of(original)).run(["probabilities"], {"input": np.float32(rows)})[0]


@pytest.mark.parametrize("others", ["ignore", "error"])
def test_unknown_words_are_what_the_encoder_makes_of_them(others: str) -> None:
    model = fitted(
        make_pipeline(ColumnTransformer([("w", OneHotEncoder(handle_unknown=others), ["sex"])]), LogisticRegression())
    )
    original = of_model(model, None)
    assert original.categories[0].others == ("unknown" if others == "ignore" else "reject")
    if others == "error":
        assert np.isnan(answered(original, [[UNKNOWN]])).all()
        return
    expected = model.predict_proba(pandas.DataFrame({"sex": ["somebody else"]}))
    np.testing.assert_allclose(answered(original, [[UNKNOWN]]), expected, atol=1e-7)
    np.testing.assert_allclose(original.predict(np.float32([[UNKNOWN]])), expected)


def test_an_unknown_number_is_answered_with_no_number_where_the_encoder_raises_an_error() -> None:
    decks = make_pipeline(
        ColumnTransformer([("d", OneHotEncoder(), ["deck"]), ("n", "passthrough", ["fare"])]), forest()
    )
    model = fitted(decks)
    original, verdict = exported(model)
    rows = np.float32([[10.0, 1], [10.0, 4], [10.0, 1.5]])
    assert original.names == ("fare", "deck")
    assert original.knows is not None
    assert original.knows(rows).tolist() == [True, False, False]
    assert np.isnan(answered(original, rows)).all(axis=1).tolist() == [False, True, True]
    assert np.isnan(original.predict(rows)).all(axis=1).tolist() == [False, True, True]
    with pytest.raises(ValueError, match="Found unknown categories"):
        model.predict_proba(pandas.DataFrame({"deck": [4], "fare": [10.0]}))
    assert np.isin(verdict.probes.rows[:, 1], [1, 2, 3]).all()


@pytest.mark.parametrize("missing", [np.nan, None], ids=str)
def test_a_missing_word_is_what_it_was_when_the_model_was_fitted(missing: Any) -> None:
    table = TABLE.astype({"port": object})
    table.loc[table.port.isna(), "port"] = missing
    model = fitted(make_pipeline(ColumnTransformer([("w", OneHotEncoder(), ["port"])]), LogisticRegression()), table)
    original = of_model(model, None)
    expected = model.predict_proba(pandas.DataFrame({"port": pandas.Series([missing], dtype=object)}))
    np.testing.assert_allclose(original.predict(np.float32([[np.nan]])), expected)
    np.testing.assert_allclose(answered(original, [[np.nan]]), expected, atol=1e-7)
    assert original.nan_policy == "allow"


@pytest.mark.parametrize("numbers", [StandardScaler(), SimpleImputer()], ids=str)
def test_missing_values_are_refused_where_a_word_may_not_be_missing(numbers: Any) -> None:
    selection = ColumnTransformer([("n", numbers, ["fare"]), ("w", OneHotEncoder(), ["sex"])])
    original = of_model(fitted(make_pipeline(selection, forest())), None)
    assert original.nan_policy == "reject"
    assert proof(original, graph_of(original)).comparison.is_equal


def test_none_among_numbers_is_what_a_missing_one_is() -> None:
    table = TABLE.assign(deck=TABLE.deck.astype(object).where(TABLE.deck != 3, None))
    selection = ColumnTransformer([("d", OneHotEncoder(handle_unknown="ignore"), ["deck"])])
    model = fitted(make_pipeline(selection, forest()), table)
    original = of_model(model, None)
    rows = np.float32([[1], [2], [np.nan], [5]])
    expected = model.predict_proba(pandas.DataFrame({"deck": pandas.Series([1, 2, None, 5], dtype=object)}))
    np.testing.assert_allclose(original.predict(rows), expected)
    assert np.abs(expected[2] - expected[3]).max() > 0.01
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_none_is_filled_where_the_imputer_fills_none() -> None:
    table = TABLE.assign(port=TABLE.port.astype(object).where(TABLE.port.notna(), None))
    filled = make_pipeline(SimpleImputer(missing_values=None, strategy="most_frequent"), OneHotEncoder())
    model = fitted(make_pipeline(ColumnTransformer([("w", filled, ["port"])]), forest()), table)
    original = of_model(model, None)
    expected = model.predict_proba(pandas.DataFrame({"port": pandas.Series([None], dtype=object)}))
    np.testing.assert_allclose(answered(original, [[np.nan]]), expected, atol=1e-7)


def test_steps_that_do_nothing_are_passed_by() -> None:
    model = make_pipeline("passthrough", columns(), FunctionTransformer(), forest())
    original, verdict = exported(fitted(model))
    assert verdict.comparison.is_equal
    assert original.features == 4


def test_zeros_of_a_sparse_matrix_are_missing_to_xgboost() -> None:
    """The same trees answer otherwise to the same numbers in a dense matrix."""
    table = TABLE.assign(fare=TABLE.fare.where(TABLE.fare > 40, 0.0))
    selection = ColumnTransformer(
        [("w", OneHotEncoder(handle_unknown="ignore"), WORDS), ("n", "passthrough", ["fare"])], sparse_threshold=1
    )
    model = fitted(make_pipeline(selection, xgboost.XGBClassifier(n_estimators=9, max_depth=4, n_jobs=1)), table)
    dense = selection.fit(table).transform(table).toarray()
    assert np.abs(model[-1].predict_proba(dense) - model.predict_proba(table)).max() > 0.01
    original = of_model(model, None)
    rows = rows_of(original, table)
    np.testing.assert_allclose(answered(original, rows), model.predict_proba(table), atol=1e-6)
    assert proof(original, graph_of(original), rows).comparison.is_equal


def test_words_have_one_number_in_all_encoders_of_a_feature() -> None:
    backwards = OrdinalEncoder(categories=[["male", "female"]], handle_unknown="use_encoded_value", unknown_value=-1)
    parts = [("forwards", OneHotEncoder(handle_unknown="ignore"), ["sex"]), ("backwards", backwards, ["sex"])]
    original, verdict = exported(fitted(make_pipeline(ColumnTransformer(parts), forest())))
    assert original.categories == {0: Category(words=("female", "male"), others="unknown")}
    assert verdict.comparison.is_equal


def test_encoders_that_do_not_mind_other_words_may_know_different_ones() -> None:
    filled = SimpleImputer(strategy="constant", fill_value="nowhere")
    spoken = make_pipeline(filled, OneHotEncoder(handle_unknown="ignore"))
    parts = [("a", one_hot(), ["port"]), ("b", spoken, ["port"]), ("c", CODED, ["port"])]
    model = fitted(make_pipeline(ColumnTransformer(parts), forest()))
    original, verdict = exported(model)
    assert original.categories == {0: Category(words=("C", "Q", "S", "nowhere"), others="unknown")}
    assert verdict.comparison.is_equal
    expected = model.predict_proba(pandas.DataFrame({"port": ["nowhere", "Q"]}))
    np.testing.assert_allclose(answered(original, [[3], [1]]), expected, atol=1e-7)


def test_one_encoder_that_rejects_other_words_decides_for_all() -> None:
    parts = [("a", OneHotEncoder(handle_unknown="ignore"), ["sex"]), ("b", OrdinalEncoder(), ["sex"])]
    original = of_model(fitted(make_pipeline(ColumnTransformer(parts), forest())), None)
    assert original.categories[0].others == "reject"


def test_no_word_is_the_one_that_stands_for_the_unknown() -> None:
    original = of_model(fitted(make_pipeline(columns(), forest())), None)
    assert all(UNHEARD not in category.words for category in original.categories.values())


def other_words() -> Any:
    """An encoder that was fitted on other words than the one beside it."""
    parts = [("a", OneHotEncoder(), ["sex"]), ("b", OneHotEncoder(), ["sex"])]
    model = fitted(make_pipeline(ColumnTransformer(parts), forest()))
    model[0].named_transformers_["b"].categories_[0][0] = "girl"
    return model


def words_and_numbers() -> Any:
    parts = [("a", OrdinalEncoder(), ["sex"]), ("b", "passthrough", ["sex"])]
    table = TABLE.assign(sex=(TABLE.sex == "male").astype(float))
    model = fitted(make_pipeline(ColumnTransformer(parts), forest()), table)
    model[0].named_transformers_["a"].categories_[0] = np.array(["female", "male"], object)
    return model


def of(transformer: Any, names: list[str], table: Any = TABLE) -> Any:
    return fitted(make_pipeline(ColumnTransformer([("x", transformer, names)]), forest()), table)


def words_from_elsewhere() -> Any:
    model = of(make_pipeline(OrdinalEncoder(), OneHotEncoder()), ["sex"])
    model[0].named_transformers_["x"][1].categories_ = [np.array(["a", "b"], object)]
    return model


def among(stranger: object, categories: Any = None) -> Any:
    """An encoder with something among its categories that no column has."""
    model = of(OneHotEncoder(), ["sex"])
    known = [*model[0].named_transformers_["x"].categories_[0], stranger] if categories is None else categories
    model[0].named_transformers_["x"].categories_ = [np.array(known, object)]
    return model


def dropped() -> Any:
    model = of(StandardScaler(), ["fare"])
    model[0].transformers_ = [("x", "drop", ["fare"])]
    return model


REFUSED = {
    "other words": (
        other_words,
        "two encoders of feature sex know different words, .* an error for others: female, girl",
    ),
    "words and numbers": (words_and_numbers, "words to an encoder, but numbers to something else: feature sex"),
    "rare categories": (
        lambda: of(OneHotEncoder(min_frequency=120, handle_unknown="ignore"), ["port"]),
        "groups infrequent categories: fit it without min_frequency",
    ),
    "short numbers": (
        lambda: of(OneHotEncoder(dtype=np.int8), ["sex"]),
        "answers int8; supported are float64",
    ),
    "a category that no row holds": (
        lambda: of(OneHotEncoder(), ["deck"], TABLE.assign(deck=TABLE.deck / 10)),
        "has the category 0.1, which no row can hold: it is no float32",
    ),
    "days": (
        lambda: of(OneHotEncoder(), ["day"], TABLE.assign(day=pandas.Timestamp("2026-01-01").as_unit("ns"))),
        r"has categories of datetime64\[ns\]; supported are words and numbers",
    ),
    "two kinds of missing": (
        lambda: of(OneHotEncoder(), ["w"], TABLE.assign(w=pandas.Series(["a", None, np.nan] * 100, dtype=object))),
        "has both NaN and None for a missing word",
    ),
    "weights": (
        lambda: fitted(make_pipeline(columns(transformer_weights={"words": 2.0}), forest())),
        "with transformer_weights is not supported",
    ),
    "a function": (
        lambda: of(FunctionTransformer(np.log1p), ["fare"]),
        "what the function of a FunctionTransformer does",
    ),
    "another imputer": (lambda: of(KNNImputer(), ["fare"]), "cannot put a sklearn.impute._knn.KNNImputer in front"),
    "a word for a word": (
        lambda: of(make_pipeline(SimpleImputer(missing_values="male", strategy="most_frequent"), CODED), ["sex"]),
        "must fill NaN or None, this one fills 'male'",
    ),
    "an indicator": (
        lambda: of(make_pipeline(SimpleImputer(strategy="most_frequent", add_indicator=True), CODED), ["port"]),
        "add_indicator=True adds columns",
    ),
    "words filled twice": (
        lambda: of(make_pipeline(one_hot().steps[0][1], *(step for _, step in one_hot().steps)), ["port"]),
        "fills words that another step made",
    ),
    "an encoder of what another one made": (
        lambda: of(make_pipeline(OrdinalEncoder(), OneHotEncoder()), ["sex"]),
        "raises an error for numbers it does not know, and it reads what another encoder made",
    ),
    "a scaler of a sparse matrix": (
        lambda: of(make_pipeline(OneHotEncoder(), StandardScaler(with_mean=False)), ["sex"]),
        "a StandardScaler behind a sparse matrix",
    ),
    "columns of a sparse matrix": (
        lambda: of(make_pipeline(OneHotEncoder(), ColumnTransformer([("x", "passthrough", [0])])), ["sex"]),
        "a ColumnTransformer behind a sparse matrix",
    ),
    "a stack on a sparse matrix": (
        lambda: fitted(
            make_pipeline(columns(sparse_threshold=1), StackingClassifier([("a", forest())], cv=2, passthrough=True))
        ),
        "a StackingClassifier that passes a sparse matrix through",
    ),
    "words from elsewhere": (words_from_elsewhere, "reads words that another step made: encode them as they come in"),
    "words among numbers": (lambda: among(3), "has words and 3 as categories of one feature"),
    "something else": (lambda: among(b"x", [b"x", b"y"]), r"has the category b'x'; supported are words and numbers"),
    "nothing left": (dropped, "drops every column"),
}


@pytest.mark.parametrize(("made", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_encoded_truthfully_is_refused_by_name(made: Any, message: str) -> None:
    model = made()
    with pytest.raises(Refused, match=message):
        of_model(model, None)


def test_a_model_that_does_not_run_any_more_is_refused() -> None:
    model = fitted(make_pipeline(columns(), forest()))
    del model[0].named_transformers_["numbers"][0]._fill_dtype  # which scikit-learn 1.4 did not write
    with pytest.raises(Refused, match=r"Pipeline does not run under sklearn .*AttributeError: .*_fill_dtype"):
        of_model(model, None)
