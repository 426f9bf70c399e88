"""Bundles that do not fit their service are refused with what does not fit, by name."""

from pathlib import Path

import numpy as np
import pytest

from serinus import service as services
from serinus.category import Category
from serinus.ensemble import Ensemble
from serinus.errors import ServiceError
from serinus.fit import misfits
from serinus.names import difference
from serinus.schema import RegressionSchema
from tests.bundles import write_bundle, write_regressor

SERVICE = """
[service]
name = "tiny"
task = "classification"
labels = ["CONFIRMED", "CANDIDATE", "FALSE_POSITIVE"]
[input]
features = 3
{names}
[models]
linear = "1.0.0"
bent = "1.0.0"
"""
NAMES = ("depth", "period", "snr")


def service(folder: Path, names: str = "") -> services.Service:
    file = folder / "service.toml"
    file.write_text(SERVICE.format(names=names))
    return services.load(file)


MISMATCHES = {
    "renamed": (("depth", "duration", "snr"), "missing period, unexpected duration"),
    "swapped": (("period", "depth", "snr"), r"another order \('depth' or 'period' at 0; 'period' or 'depth' at 1\)"),
}


@pytest.mark.parametrize(("names", "found"), MISMATCHES.values(), ids=MISMATCHES)
def test_models_that_name_their_features_differently_are_refused(
    tmp_path: Path, names: tuple[str, ...], found: str
) -> None:
    write_bundle(tmp_path / "models", "linear", names=NAMES)
    write_bundle(tmp_path / "models", "bent", names=names)
    with pytest.raises(ServiceError, match=f"model linear and model bent disagree on the features: {found}"):
        Ensemble.load(service(tmp_path), tmp_path / "models")


@pytest.mark.parametrize(("names", "found"), MISMATCHES.values(), ids=MISMATCHES)
def test_a_model_with_other_names_than_the_service_says_is_refused(
    tmp_path: Path, names: tuple[str, ...], found: str
) -> None:
    write_bundle(tmp_path / "models", "linear", names=names)
    write_bundle(tmp_path / "models", "bent")
    with pytest.raises(ServiceError, match=f"service tiny and model linear disagree on the features: {found}"):
        Ensemble.load(service(tmp_path, f"names = {list(NAMES)}"), tmp_path / "models")


def test_a_feature_short_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path / "models", "linear", names=NAMES)
    write_bundle(tmp_path / "models", "bent", names=NAMES[:2], weights=np.ones((2, 3), np.float32))
    with pytest.raises(ServiceError, match=r"expects features 3, model bent has 2.*missing snr, unexpected none"):
        Ensemble.load(service(tmp_path), tmp_path / "models")


def test_unnamed_models_fit_by_their_width(tmp_path: Path) -> None:
    written = {name: write_bundle(tmp_path / "models", name).metadata for name in ("linear", "bent")}
    assert misfits(service(tmp_path, f"names = {list(NAMES)}"), written) == []


def test_as_many_names_as_features_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="3 features need as many different names, got 2"):
        service(tmp_path, 'names = ["a", "b"]')


def test_a_long_list_of_moved_names_is_shortened() -> None:
    names = [f"f{i}" for i in range(20)]
    assert str(difference(names, names[::-1])).endswith("and 15 more)")
    assert str(difference(names, ["x"])).startswith("missing f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 10 more")


WORDS = Category(words=("red", "green"))
OTHER_WORDS = {
    "another word": (Category(words=("red", "blue")), "missing green, unexpected blue"),
    "another order": (Category(words=("green", "red")), r"another order \('red' or 'green' at 0"),
    "one more": (Category(words=("red", "green", "blue")), "missing none, unexpected blue"),
    "none": (None, "missing red, green, unexpected none"),
}


@pytest.mark.parametrize(("words", "found"), OTHER_WORDS.values(), ids=OTHER_WORDS)
def test_models_to_which_a_word_is_another_number_are_refused(
    tmp_path: Path, words: Category | None, found: str
) -> None:
    write_bundle(tmp_path / "models", "linear", names=NAMES, categories={1: WORDS})
    write_bundle(tmp_path / "models", "bent", categories={1: words} if words else None)
    with pytest.raises(ServiceError, match=f"model linear and model bent disagree on the words of .*: {found}"):
        Ensemble.load(service(tmp_path), tmp_path / "models")


@pytest.mark.parametrize(
    ("linear", "bent", "expected"),
    [("unknown", "unknown", "unknown"), ("unknown", "reject", "reject"), ("reject", "unknown", "reject")],
)
def test_an_unknown_word_is_taken_only_where_all_models_take_it(
    tmp_path: Path, linear: str, bent: str, expected: str
) -> None:
    for name, others in (("linear", linear), ("bent", bent)):
        category = Category.model_validate({"words": ("red", "green"), "others": others})
        write_bundle(tmp_path / "models", name, names=NAMES if name == "bent" else None, categories={1: category})
    schema = Ensemble.load(service(tmp_path), tmp_path / "models").schema
    assert schema.categories == {"period": Category.model_validate({"words": ("red", "green"), "others": expected})}
    assert (schema.names, schema.named) == (NAMES, True)


def test_the_service_may_name_what_its_models_do_not(tmp_path: Path) -> None:
    for name in ("linear", "bent"):
        write_bundle(tmp_path / "models", name)
    assert not Ensemble.load(service(tmp_path), tmp_path / "models").schema.named
    named = Ensemble.load(service(tmp_path, f"names = {list(NAMES)}"), tmp_path / "models").schema
    assert (named.names, named.named) == (NAMES, True)


FIELDS = """
[[input.fields]]
name = "depth"
type = "float"
optional = true
[[input.fields]]
name = "season"
type = "string"
values = ["Long Rains", "Short Rains"]
[[input.fields]]
name = "planted"
type = "date"
[[input.fields]]
name = "day"
derive = "day_of_year"
of = ["planted"]
"""
SEASON = Category(words=("Long Rains", "Short Rains"))


@pytest.fixture
def fielded(tmp_path):
    """A service of fields, and what is wrong with a bundle for it."""
    file = tmp_path / "service.toml"
    models = '[models]\nlinear = "1.0.0"\n'
    file.write_text(SERVICE.partition("[input]")[0] + FIELDS + models)
    service = services.load(file)

    def found(**how: object) -> list[str]:
        said = {"names": ("depth", "season", "day"), "categories": {1: SEASON}, "nan_policy": "allow"} | how
        bundle = write_bundle(tmp_path / "models", **({"fields": service.input.fields} | said))
        return misfits(service, {"linear": bundle.metadata})

    found.service = service
    return found


def test_a_bundle_of_the_same_fields_fits(fielded):
    assert fielded() == []
    assert fielded.service.input.names == ("depth", "season", "day")


def test_words_must_be_the_fields(fielded):
    [wrong] = fielded(categories={1: Category(words=("Short Rains", "Long Rains"))})
    assert wrong.startswith("service tiny and model linear disagree on the words of season: another order")


def test_a_field_of_words_must_be_one_to_the_model(fielded):
    [wrong] = fielded(categories={})
    assert "disagree on the words of season: missing Long Rains, Short Rains" in wrong


def test_an_optional_field_needs_a_model_that_takes_missing_values(fielded):
    [wrong] = fielded(nan_policy="reject")
    assert wrong == "field depth of service tiny is optional, model linear takes no missing values"


def test_a_field_may_not_mean_something_else_than_when_the_model_was_proven(fielded):
    *others, day = fielded.service.input.fields
    [wrong] = fielded(fields=(*others, day.model_copy(update={"derive": "month"})))
    assert wrong == "day is the day_of_year of planted to service tiny, the month of planted to model linear"


def test_a_model_must_say_what_its_features_are_made_of(fielded):
    assert fielded(fields=()) == [
        "model linear does not say what its features are made of: export it with --service tiny"
    ]


def test_fields_need_a_model_with_names(fielded):
    assert "service tiny has fields, model linear has features without names" in fielded(names=None, categories={})


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ('target = "yield"\nunit = "t/ha"', None),
        ('target = "yield"\nunit = "kg_per_ha"', "predicts yield in kg_per_ha, model sum predicts yield in t/ha"),
        ('target = "loss"\nunit = "t/ha"', "predicts loss in t/ha, model sum predicts yield in t/ha"),
    ],
)
def test_a_regressor_of_something_else_is_refused(tmp_path: Path, said: str, wrong: str | None) -> None:
    metadata = write_regressor(tmp_path / "models", "sum").metadata
    metadata = metadata.model_copy(update={"output_schema": RegressionSchema(target="yield", unit="t/ha")})
    file = tmp_path / "service.toml"
    about = f'[service]\nname = "tiny"\ntask = "regression"\n{said}\n'
    file.write_text(f'{about}[input]\nfeatures = 3\n[models]\nsum = "1.0.0"\n')
    found = misfits(services.load(file), {"sum": metadata})
    assert found == ([] if wrong is None else [f"service tiny {wrong}"])
