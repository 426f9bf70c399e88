"""What two models answer on the same rows, counted by hand."""

from dataclasses import dataclass

import numpy as np
import pytest

from serinus.category import Category
from serinus.metadata import Metadata
from serinus.prediction import Answers, Classes, Values
from serinus.registry.predictions import BATCH_ROWS, Block, comparable, predictions
from serinus.schema import InputSchema, RegressionSchema, Rows
from tests.bundles import write_bundle

LABELS = ("A", "B", "C")
NAN = float("nan")


@pytest.fixture
def metadata(tmp_path) -> Metadata:
    return write_bundle(tmp_path, labels=LABELS).metadata


@dataclass(frozen=True)
class Told:
    """Answers with its rows: they are the probabilities, or the first number the value."""

    metadata: Metadata
    labels: tuple[str, ...] = LABELS
    shift: float = 0.0

    def predict(self, rows: Rows) -> Answers:
        if self.metadata.output_schema.task == "regression":
            return Values(rows[:, 0] + np.float32(self.shift))
        return Classes(self.labels, rows.argmax(axis=1), rows)


def block(*rows: tuple[float, ...], unreadable: int = 0) -> Block:
    return Block(np.array(rows, np.float32), lambda row: f"row {row}", unreadable)


def test_labels_are_compared_by_name_and_probabilities_by_label(metadata):
    """The second model has its labels in another order, so the same numbers mean other labels."""
    found = predictions(Told(metadata), Told(metadata, ("B", "A", "C")), [block((0.7, 0.2, 0.1), (0.1, 0.2, 0.7))])
    assert found is not None
    assert (found.rows, found.agreement) == (2, 0.5)
    assert found.labels == (("A", "B", "C"), ("B", "A", "C"))
    assert found.flips == ((1, 0, 0), (0, 0, 0), (0, 0, 1))
    assert [(row.row, row.first, row.second) for row in found.largest] == [
        ("row 0", "A 0.700", "B 0.700"),
        ("row 1", "C 0.700", "C 0.700"),
    ]
    assert found.largest[0].size == pytest.approx(0.5)
    assert (found.median, found.p95) == pytest.approx((0.1, 0.1))


def test_labels_that_only_one_model_has_are_no_difference_of_probabilities(metadata):
    found = predictions(Told(metadata), Told(metadata, ("A", "B", "D")), [block((0.5, 0.2, 0.3), (0.1, 0.1, 0.8))])
    assert found is not None
    assert found.agreement == 0.5
    assert found.largest == ()


def test_rows_one_of_the_two_must_not_see_are_counted_and_left_out(metadata):
    lenient = metadata.model_copy(update={"nan_policy": "allow"})
    rows = block((1, 0, 0), (NAN, 0, 0), (0, float("inf"), 0), unreadable=3)
    found = predictions(Told(lenient), Told(metadata), [rows])
    assert found is not None
    assert (found.rows, found.refused) == (1, 5)
    assert predictions(Told(lenient), Told(metadata), [block((NAN, 0, 0))]) is None


def test_the_furthest_of_many_batches_are_found_with_their_places(metadata):
    rows = np.tile(np.array([[1, 0, 0]], np.float32), (3 * BATCH_ROWS, 1))
    rows[100], rows[150] = (0, 1, 0), (0.4, 0.6, 0)
    found = predictions(Told(metadata), Told(metadata, ("B", "A", "C")), [Block(rows, str), Block(rows[:10], str)])
    assert found is not None
    assert found.rows == 3 * BATCH_ROWS + 10
    assert len(found.largest) == 5
    assert {difference.row for difference in found.largest} <= {str(row) for row in range(len(rows))} - {"150"}


def test_values_are_the_same_within_a_hundredth_of_their_spread(metadata):
    regression = metadata.model_copy(update={"output_schema": RegressionSchema()})
    rows = block(*((float(value), 0.0, 0.0) for value in (*range(101), 1e30)))
    for shift, agreement in ((0.4, 1.0), (0.6, 1 / 102)):
        found = predictions(Told(regression), Told(regression, shift=shift), [rows])
        assert found is not None
        assert found.agreement == pytest.approx(agreement)
        assert found.flips == ()
    assert found.largest[0].size == pytest.approx(0.6, abs=1e-5)


def test_answers_that_are_no_numbers_differ_unless_they_are_the_same(metadata):
    regression = metadata.model_copy(update={"output_schema": RegressionSchema()})

    class Overflowing(Told):
        def predict(self, rows: Rows) -> Answers:
            return Values(np.where(rows[:, 0] > 1, [[self.shift], [np.inf]], rows[:, 0])[0 if self.shift else 1])

    found = predictions(Overflowing(regression), Overflowing(regression, shift=NAN), [block((0, 0, 0), (2, 0, 0))])
    assert found is not None
    assert [(row.row, row.first, row.second, row.size) for row in found.largest] == [("row 1", "inf", "nan", np.inf)]
    same = predictions(Overflowing(regression), Overflowing(regression), [block((0, 0, 0), (2, 0, 0))])
    assert same is not None
    assert (same.largest, same.agreement) == ((), 1.0)


def test_a_classifier_and_a_regression_have_no_answers_in_common(metadata):
    regression = metadata.model_copy(update={"output_schema": RegressionSchema()})
    assert comparable(metadata, regression) == "one is a classification, the other a regression"
    with pytest.raises(TypeError, match="one model answers classes, the other values"):
        predictions(Told(metadata), Told(regression), [block((1, 0, 0))])


def test_models_of_other_features_cannot_be_asked_the_same_rows(metadata):
    words = {0: Category(words=("red", "green"))}
    schemas = {
        "they take other features: missing f2, unexpected x": InputSchema.of(3, ("f0", "f1", "x")),
        "to one of them the words of a category are other numbers": InputSchema.of(3, ("f0", "f1", "f2"), words),
    }
    for reason, schema in schemas.items():
        assert comparable(metadata, metadata.model_copy(update={"input_schema": schema})) == reason
    assert comparable(metadata, metadata) is None
