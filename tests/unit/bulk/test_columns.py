"""Which columns are features, which are ids, and what is said when that cannot be told."""

import pytest

from serinus.bulk.columns import Columns, Found, match
from serinus.category import Category
from serinus.errors import JobError
from serinus.schema import InputSchema

NAMED = InputSchema.of(2, ["lat", "lon"])
UNNAMED = InputSchema.of(2)
WORDY = InputSchema.of(2, ["lat", "lon"], {1: Category(words=("a",))})
TAKEN = ("prediction", "model")


def test_named_features_are_found_anywhere_and_the_rest_is_kept_in_order() -> None:
    columns = match(Found(("z", "lon", "a", "lat")), NAMED, keep=(), taken=TAKEN)
    assert columns == Columns(ids=("z", "a"), features=("lat", "lon"), names=("lat", "lon"))


@pytest.mark.parametrize(
    ("found", "keep", "features"),
    [
        (Found(("x", "y")), (), ("x", "y")),
        (Found(("f1", "f0", "id")), (), ("f0", "f1")),
        (Found(("id", "x", "y")), ("id",), ("x", "y")),
        (Found(("id", "x", "y"), fractions=("x", "y")), (), ("x", "y")),
        (Found(("id", "score", "x", "y"), fractions=("score", "x", "y")), ("score",), ("x", "y")),
    ],
    ids=["all", "by name", "all but the ids", "the fractions", "the fractions but the ids"],
)
def test_unnamed_features_are_found_by_place(found: Found, keep: tuple[str, ...], features: tuple[str, ...]) -> None:
    assert match(found, UNNAMED, keep=keep, taken=TAKEN).features == features


def test_a_list_of_features_needs_no_names() -> None:
    columns = match(Found(("id", "features"), vector=True), NAMED, keep=(), taken=TAKEN)
    assert (columns.as_vector, columns.ids, columns.width) == (True, ("id",), 2)


WIDE = Found(tuple(f"x{i}" for i in range(9)))
REFUSED = {
    "missing": (
        Found(("id", "lat", "long")),
        NAMED,
        (),
        "lacks 1 of the model's 2 features: 'lon'; it has instead: 'id', 'long'",
    ),
    "all missing": (Found(()), NAMED, (), "lacks 2 of the model's 2 features: 'lat', 'lon'; it has instead: nothing"),
    "cannot tell": (WIDE, UNNAMED, (), "takes 2 unnamed features, the file has 9 columns that could be them"),
    "long": (WIDE, NAMED, (), "'x0', 'x1', 'x2', 'x3', 'x4' and 4 more"),
    "unknown id": (Found(("lat", "lon")), NAMED, ("id",), "no column 'id' to keep as id; it has 'lat', 'lon'"),
    "id is feature": (Found(("lat", "lon")), NAMED, ("lat",), "'lat' cannot be an id column"),
    "clash": (Found(("lat", "lon", "model")), NAMED, (), "id column 'model' is named like a column of the output"),
    "no words": (
        Found(("lat", "lon"), unfit={"lon": "string"}, wordless={"lat": "double", "lon": "int64"}),
        WORDY,
        (),
        "the features 'lon' must be words, these columns hold no text: 'lon .int64.'",
    ),
    "list without words": (
        Found(("features",), wordless={"features": "list<double>"}, vector=True),
        WORDY,
        (),
        "must be words, these columns hold no text: 'features .list<double>.'",
    ),
    "unfit": (
        Found(("lat", "lon"), unfit={"lon": "string"}),
        NAMED,
        (),
        "must be numbers, these columns hold something else: 'lon .string.'",
    ),
}


@pytest.mark.parametrize(("found", "schema", "keep", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_named(found: Found, schema: InputSchema, keep: tuple[str, ...], message: str) -> None:
    with pytest.raises(JobError, match=message):
        match(found, schema, keep=keep, taken=TAKEN)
