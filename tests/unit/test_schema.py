"""Input and output schemas, and the check of rows against them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serinus.category import REFUSED, UNKNOWN, Category
from serinus.names import twice
from serinus.schema import LARGEST, OVERFLOWS, ClassificationSchema, InputSchema, expected_number, problem_with, refused


def test_unnamed_features_get_numbers():
    schema = InputSchema.of(3)
    assert (schema.names, schema.named, schema.shape) == (("f0", "f1", "f2"), False, ("N", 3))


def test_named_features_keep_their_order():
    schema = InputSchema.of(2, ["width", "height"])
    assert (schema.names, schema.named) == (("width", "height"), True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"shape": ("N", 4)}, "features 3, shape ('N', 4) and 3 names disagree", id="shape"),
        pytest.param({"names": ("a", "b")}, "2 names disagree", id="names missing"),
        pytest.param({"names": ("a", "b", "a")}, r"got ['a'] more than once", id="names twice"),
        pytest.param({"features": 0}, "greater than 0", id="no features"),
        pytest.param({"dtype": "float64"}, "Input should be 'float32'", id="dtype"),
        pytest.param({"unit": "m"}, "Extra inputs are not permitted", id="unknown member"),
    ],
)
def test_an_input_schema_that_contradicts_itself_is_refused(change, message):
    members = InputSchema.of(3).model_dump() | change
    with pytest.raises(ValidationError) as refusal:
        InputSchema.model_validate(members)
    assert message in str(refusal.value)


def test_words_are_known_by_name_and_by_place():
    colour = Category(words=("red", "green"))
    schema = InputSchema.of(3, ["width", "colour", "height"], {1: colour})
    assert (schema.categories, schema.categories_by_place) == ({"colour": colour}, {1: colour})
    assert InputSchema.model_validate_json(schema.model_dump_json()) == schema


def test_a_category_is_of_a_feature_that_is_there():
    members = InputSchema.of(3).model_dump() | {"categories": {"f3": {"words": ["a"]}}}
    with pytest.raises(ValidationError, match=r"categories of features that are not there: \['f3'\]"):
        InputSchema.model_validate(members)


def test_the_words_of_a_category_differ():
    with pytest.raises(ValidationError, match=r"must differ from each other, got \['a'\] more than once"):
        Category(words=("a", "b", "a"))


def test_a_word_is_its_place_among_the_words_and_every_other_what_the_category_says():
    strict, lenient = Category(words=("b", "a", "0")), Category(words=("b", "a", "0"), others="unknown")
    assert [strict.number_of(word) for word in ("b", "a", "0")] == [0, 1, 2]
    assert (strict.number_of("A"), lenient.number_of("A")) == (REFUSED, UNKNOWN)
    assert math.isnan(lenient.number_of(None))
    assert refused(np.array([[strict.number_of("A")]], np.float32), "allow").tolist() == [True]


@pytest.mark.parametrize("labels", [("a",), ("a", "a"), ("a", "b", "c")], ids=["too few", "twice", "too many"])
def test_classes_need_as_many_different_labels(labels):
    with pytest.raises(ValidationError, match="2 classes need as many different labels"):
        ClassificationSchema(classes=2, labels=labels)


def test_names_that_stand_twice_are_told():
    assert twice(["b", "a", "b", "c", "a"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("nan_policy", "expected"),
    [
        pytest.param("reject", [False, True, True, True, True], id="reject"),
        pytest.param("allow", [False, False, True, True, True], id="allow"),
    ],
)
def test_rows_with_values_a_model_must_not_see_are_refused(nan_policy, expected):
    rows = np.array([[0, -1], [0, np.nan], [np.inf, 0], [-np.inf, 0], [np.nan, np.inf]], np.float32)
    assert refused(rows, nan_policy).tolist() == expected


def test_a_whole_batch_of_no_rows_is_fine():
    assert refused(np.empty((0, 3), np.float32), "reject").tolist() == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(math.nan, "NaN", id="nan"),
        pytest.param(math.inf, "Infinity", id="infinity"),
        pytest.param(-math.inf, "-Infinity", id="minus infinity"),
        pytest.param(1e39, 1e39, id="too large for float32"),
        pytest.param(-1e39, -1e39, id="too small for float32"),
    ],
)
def test_a_wrong_number_is_named_with_what_was_expected(value, shown):
    problem = problem_with(value, "features[3]", "reject")
    assert problem is not None
    assert (problem.field, problem.value) == ("features[3]", shown)
    assert "number" in problem.expected


def test_a_missing_value_is_fine_where_the_model_knows_what_to_do_with_it():
    assert problem_with(math.nan, "a", "allow") is None
    assert "null" in expected_number("allow")
    assert "null" not in expected_number("reject")


@pytest.mark.parametrize(
    ("value", "is_fine"),
    [
        pytest.param(LARGEST, True, id="largest"),
        pytest.param(math.nextafter(OVERFLOWS, 0), True, id="rounds down to the largest"),
        pytest.param(OVERFLOWS, False, id="rounds up to infinity"),
        pytest.param(5e-324, True, id="subnormal"),
    ],
)
def test_a_number_is_refused_from_where_float32_rounds_it_to_infinity(value, is_fine):
    assert (problem_with(value, "a", "reject") is None) == is_fine
    assert (problem_with(-value, "a", "reject") is None) == is_fine


@given(st.floats(allow_nan=False))
def test_a_number_is_fine_exactly_when_its_float32_is_finite(value):
    with np.errstate(over="ignore"):
        finite = bool(np.isfinite(np.float32(value)))
    assert (problem_with(value, "a", "reject") is None) == finite
