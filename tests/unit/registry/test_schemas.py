"""What a caller would notice of another schema."""

from typing import Any

import pytest

from serinus.category import Category
from serinus.fields import DerivedField, GivenField
from serinus.metadata import Metadata
from serinus.registry.predictions import comparable
from serinus.registry.schemas import changes
from serinus.schema import ClassificationSchema, InputSchema, RegressionSchema
from tests.bundles import write_bundle

WORDS = Category(words=("red", "green"))
NAMES = ("a", "b", "c")


@pytest.fixture
def metadata(tmp_path) -> Metadata:
    return write_bundle(tmp_path, names=NAMES, categories={2: WORDS}, nan_policy="allow").metadata


def inputs(names: Any = NAMES, words: Category | None = WORDS) -> dict[str, Any]:
    return {"input_schema": InputSchema.of(len(names), names, {} if words is None else {2: words})}


def classes(*labels: str) -> dict[str, Any]:
    return {"output_schema": ClassificationSchema(classes=len(labels), labels=labels)}


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        pytest.param({}, [], id="the same"),
        pytest.param({"version": "1.2.0", "performance": {"f1_score": 1.0}}, [], id="another training"),
        pytest.param(
            inputs(("a", "b", "c", "d")),
            ["features: 3 -> 4", "names of the features: missing none, unexpected d"],
            id="one more feature",
        ),
        pytest.param(inputs(("a", "x", "c")), ["names of the features: missing b, unexpected x"], id="renamed"),
        pytest.param(
            inputs(("b", "a", "c")),
            ["names of the features: another order ('a' or 'b' at 0; 'b' or 'a' at 1)"],
            id="swapped",
        ),
        pytest.param(inputs(words=None), ["categories of c: 2 words -> a number"], id="words no more"),
        pytest.param(
            inputs(words=Category(words=("red", "blue"))),
            ["categories of c: missing green, unexpected blue"],
            id="other words",
        ),
        pytest.param(
            inputs(words=Category(words=("red", "green"), others="unknown")),
            ["categories of c: unknown words: reject -> unknown"],
            id="unknown words",
        ),
        pytest.param({"nan_policy": "reject"}, ["missing values: allow -> reject"], id="no missing values any more"),
        pytest.param(
            classes("CONFIRMED", "FALSE_POSITIVE", "CANDIDATE"),
            ["labels: another order ('CANDIDATE' or 'FALSE_POSITIVE' at 1; 'FALSE_POSITIVE' or 'CANDIDATE' at 2)"],
            id="labels in another order",
        ),
        pytest.param(
            classes("CONFIRMED", "OTHER"),
            ["labels: missing CANDIDATE, FALSE_POSITIVE, unexpected OTHER"],
            id="other labels",
        ),
        pytest.param({"output_schema": RegressionSchema()}, ["task: classification -> regression"], id="another task"),
    ],
)
def test_a_change_is_named_with_what_it_was_and_becomes(metadata, update, expected):
    assert changes(metadata, metadata.model_copy(update=update)) == expected


def test_missing_values_taken_from_now_on_break_nobody(metadata):
    assert changes(metadata.model_copy(update={"nan_policy": "reject"}), metadata) == []


def test_another_unit_is_another_output(metadata):
    tons, kilos = (metadata.model_copy(update={"output_schema": RegressionSchema(unit=unit)}) for unit in ("t", "kg"))
    assert changes(tons, kilos) == ["output: target 'value', unit 't' -> target 'value', unit 'kg'"]


def made_of(**rain: Any) -> dict[str, Any]:
    fields = (GivenField(name="a", type="float", **rain), DerivedField(name="b", derive="log1p", of=("a",)))
    return {"input_schema": inputs()["input_schema"].model_copy(update={"fields": fields})}


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (made_of(unit="mm"), []),
        (made_of(unit="mm", minimum=0, description="as gauged"), []),
        (made_of(unit="cm"), ["what a means: a float in mm -> a float in cm"]),
        (made_of(unit="mm", default=3), ["what a means: a float in mm -> a float in mm, 3 where missing"]),
        (inputs(), []),
    ],
    ids=["the same", "another range", "another unit", "a default", "fields no more"],
)
def test_features_that_are_made_otherwise_are_others(
    metadata: Metadata, update: dict[str, Any], expected: list[str]
) -> None:
    earlier = metadata.model_copy(update=made_of(unit="mm"))
    assert changes(earlier, metadata.model_copy(update=update)) == expected
    told = comparable(earlier, metadata.model_copy(update=update))
    assert (told is None) == (not expected)
