"""service.toml: what it may say, and how a wrong one is refused."""

from pathlib import Path

import pytest

from serinus import service as services
from serinus.errors import ServiceError

GOOD = """
[service]
name = "tiny"
task = "classification"
labels = ["a", "b"]
[input]
features = 3
[models]
linear = "1.0.0"
bent = "0.2.10"
"""


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> Path:
        file = tmp_path / "service.toml"
        file.write_text(text)
        return file

    return write


def test_what_a_file_leaves_out_has_a_default(written):
    service = services.load(written(GOOD))
    assert (service.name, service.input.features, service.best_by) == ("tiny", 3, "f1_score")
    assert (service.ensemble.voting, service.gateway.max_batch_size) == ("soft", 100)


def test_bundles_lie_by_name_and_version(written):
    service = services.load(written(GOOD))
    assert service.bundles(Path("m")) == {"linear": Path("m/linear/v1.0.0"), "bent": Path("m/bent/v0.2.10")}


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        pytest.param("features = 3", "features = 0", "input.features", "greater than 0, got 0", id="no features"),
        pytest.param("features = 3", 'features = "x"', "input.features", "got 'x'", id="features as text"),
        pytest.param("features", "featurs", "input.featurs", "Extra inputs are not permitted", id="misspelt entry"),
        pytest.param("[input]", "[inputs]", "input", "Field required", id="misspelt section"),
        pytest.param('"tiny"', '"Tiny one"', "service.name", "got 'Tiny one'", id="name"),
        pytest.param('"classification"', '"ranking"', "service.task", "got 'ranking'", id="task"),
        pytest.param('["a", "b"]', '["a"]', "", "two or more different labels, got ['a']", id="one label"),
        pytest.param('["a", "b"]', '["a", "b", "a"]', "", "different labels, got ['a', 'b', 'a']", id="label twice"),
        pytest.param('"1.0.0"', '"1.0"', "models.linear", "got '1.0'", id="version"),
        pytest.param("linear =", '"../linear" =', "models.../linear", "got '../linear'", id="model name"),
        pytest.param('linear = "1.0.0"\nbent = "0.2.10"', "", "models", "at least 1 item", id="no model"),
        pytest.param("[input]", '[ensemble]\nvoting = "loud"\n[input]', "ensemble.voting", "got 'loud'", id="voting"),
        pytest.param("[input]", "[gateway]\nmax_batch_size = 0\n[input]", "gateway", "got 0", id="batch size"),
        pytest.param("[input]", "[bulk]\nmax_bad_rate = 1.5\n[input]", "bulk", "got 1.5", id="rate"),
        pytest.param(
            "[input]", '[gateway]\ncors = ["https://a.org/"]\n[input]', "gateway.cors.0", "org/'", id="origin"
        ),
        pytest.param("[input]", "[rollot]\n[input]", "rollot", "Extra inputs are not permitted", id="unknown section"),
    ],
)
def test_a_wrong_entry_is_named_with_its_value(written, old, new, where, message):
    assert old in GOOD
    file = written(GOOD.replace(old, new))
    with pytest.raises(ServiceError) as refusal:
        services.load(file)
    assert str(refusal.value).startswith(f"{file}: {where}")
    assert message in str(refusal.value)


def test_a_file_that_is_no_toml_is_refused(written):
    with pytest.raises(ServiceError, match=r"service\.toml is not TOML: .*line 1"):
        services.load(written("service: tiny"))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "service.toml"
    file.write_bytes(b'name = "\xff"')
    with pytest.raises(ServiceError, match="is not TOML"):
        services.load(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ServiceError, match=r"cannot read .*gone\.toml: No such file"):
        services.load(tmp_path / "gone.toml")


def test_a_service_is_found_by_name_or_by_path(tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "service.toml").touch()
    assert services.find("tiny", folder=tmp_path) == tmp_path / "tiny" / "service.toml"
    assert services.find("x/y.toml", folder=tmp_path) == Path("x/y.toml")


def test_an_unknown_service_says_which_are_known(tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "service.toml").touch()
    with pytest.raises(ServiceError, match=r"no service 'big': .* one of: tiny"):
        services.find("big", folder=tmp_path)


PLOTS = """
[[input.fields]]
name = "plot_id"
type = "integer"
feature = false
[[input.fields]]
name = "rain"
type = "float"
source = "either"
[features]
entity = "plot_id"
store = "redis"
[bands]
label = "a"
from = { low = 0, high = 0.5 }
"""
FIELDED = GOOD.replace("[input]\nfeatures = 3\n", PLOTS)


def test_the_features_of_a_service_with_fields_follow_from_them(written):
    service = services.load(written(FIELDED))
    assert (service.input.features, service.input.names) == (1, ("rain",))
    assert service.features is not None
    assert (service.features.ttl_s, service.features.timeout_ms) == (300, 200)


@pytest.mark.parametrize(("probability", "word"), [(0, "low"), (0.49, "low"), (0.5, "high"), (1, "high")])
def test_a_band_begins_at_its_least_probability(written, probability, word):
    bands = services.load(written(FIELDED)).bands
    assert bands is not None
    assert bands.of(probability) == word


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('[features]\nentity = "plot_id"\nstore = "redis"\n', "", "fields rain come from the store"),
        ('entity = "plot_id"', 'entity = "plot"', "features.entity 'plot' must be a string or integer"),
        ("feature = false\n", "", "field plot_id is the entity: say feature = false"),
        ('source = "either"\n', "", "[features] is of no use"),
        ('label = "a"', 'label = "c"', "bands.label 'c' is none of the labels"),
        ("low = 0,", "low = 0.1,", "the first at 0"),
        ("[bands]", '[ensemble]\nhow = "weighted"\n[bands]', "needs ensemble.weights"),
        ("[bands]", "[ensemble.weights]\nlinear = inf\n[bands]", "weights.linear: Input should be a finite number"),
        ("[bands]", "[ensemble.weights]\nlinear = 1\n[bands]", "says nothing of bent; 0 leaves a model out"),
        ("[bands]", "[ensemble.weights]\nx = 1\n[bands]", "ensemble.weights for models the service does not name: x"),
    ],
)
def test_sections_that_contradict_each_other_are_refused(written, old, new, message):
    assert old in FIELDED
    with pytest.raises(ServiceError) as refusal:
        services.load(written(FIELDED.replace(old, new, 1)))
    assert message in str(refusal.value)
