"""The catalogue of scenarios, and those of one's own."""

import tomllib
from importlib import resources
from pathlib import Path

import pytest

from serinus.errors import ReleaseError
from serinus.policy import Policy
from serinus.simulation.scenario import Scenario, catalogue, found

DESIGNED = [
    "healthy-0.1",
    "healthy-0.5",
    "healthy-1",
    "errors-5",
    "errors-10",
    "errors-20",
    "errors-50",
    "errors-100",
    "shared-incident",
    "baseline-worse",
    "intermittent",
    "slow-1.3",
    "slow-2",
    "slow-3",
    "slow-5",
    "cold-starts",
    "heavy-tail",
    "drift-swap",
    "drift-shift",
    "drift-quarter-sigma",
    "drift-half-sigma",
    "drift-sigma",
    "drift-constant",
    "drift-nan",
    "input-drift",
    "low-traffic",
    "metric-gap",
    "metric-late",
    "metric-duplicate",
    "sample-ratio",
    "health-flap",
    "health-hard",
    "late-failure",
    "controller-crash",
    "diurnal",
    "throttling",
    "sticky-user",
    "rollback-fails",
]
OWN = """
about = "the candidate forgets what it learned, and is slow about it"
candidate = { answers = [0.2, 0.3, 0.5], slower = 1.5 }
then.errors = 0.3
after_min = 12
metrics.lost = [3, 5]
policy.errors.limit = 0.02
policy.alpha = 0.01
expect = "rollback"
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "forgetful.toml"
    file.write_text(OWN)
    return file


def test_the_catalogue_has_what_was_designed() -> None:
    assert set(DESIGNED) <= set(catalogue())


@pytest.mark.parametrize("name", catalogue())
def test_every_scenario_says_what_happens_and_what_is_right(name: str) -> None:
    [told] = [told for known, told in tomllib.loads(_text("scenarios.toml")).items() if known == name]
    assert told["about"]
    assert found(name).name == name
    assert "expect" in told or name in ("errors-2", "drift-mild", "drift-half-sigma")  # these may go either way


def test_bands_are_only_of_scenarios_that_there_are() -> None:
    assert set(tomllib.loads(_text("bands.toml"))) <= set(catalogue())


def test_a_scenario_of_ones_own_is_read(own: Path) -> None:
    scenario = found(str(own))
    assert (scenario.name, scenario.expect, scenario.metrics.lost) == ("forgetful", "rollback", (3, 5))


def test_the_candidate_is_as_the_baseline_but_for_what_is_said(own: Path) -> None:
    candidate, baseline, later, baseline_later = found(str(own)).behaviours()
    assert (candidate.errors, candidate.slower, candidate.answers) == (baseline.errors, 1.5, (0.2, 0.3, 0.5))
    assert (later.errors, later.slower, baseline_later) == (0.3, 1.5, baseline)


def test_a_scenario_changes_only_what_it_says_of_a_policy(own: Path) -> None:
    policy = found(str(own)).changed(Policy(requests=99))
    assert (policy.errors.limit, policy.errors.ratio, policy.alpha, policy.requests) == (0.02, 1.5, 0.01, 99)


@pytest.mark.parametrize(
    ("scenario", "minutes"),
    [
        pytest.param({"then": {"errors": 0.2}}, set(range(30)), id="from the beginning"),
        pytest.param({"after_min": 10}, set(range(10, 30)), id="from a minute on"),
        pytest.param({"after_min": 10, "until_min": 12}, {10, 11}, id="until another"),
        pytest.param({"after_min": 5, "every_min": 10, "for_min": 2}, {5, 6, 15, 16, 25, 26}, id="again and again"),
    ],
)
def test_what_comes_later_comes_when_it_is_said_to(scenario: dict[str, object], minutes: set[int]) -> None:
    told = Scenario.model_validate(scenario)
    assert {minute for minute in range(30) if told.is_later(minute)} == minutes


@pytest.mark.parametrize(
    ("scenario", "onset_min"),
    [
        pytest.param({"then": {"errors": 0.2}, "after_min": 20}, 20, id="good at first"),
        pytest.param({"both_then": {"errors": 0.2}, "after_min": 20}, 20, id="both good at first"),
        pytest.param({"candidate": {"errors": 0.1}, "then": {"errors": 0.2}, "after_min": 20}, 0, id="never good"),
    ],
)
def test_harm_begins_when_the_candidate_is_another_than_the_baseline(
    scenario: dict[str, object], onset_min: float
) -> None:
    assert Scenario.model_validate(scenario).onset_min == onset_min


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        pytest.param("baseline.answers = [0.5, 0.3]", "baseline.answers: .* must add up to 1, and are 0.8", id="sum"),
        pytest.param("reference = [0.5, 0.3, 0.1]", "reference: .* add up to 1, and are 0.9", id="sum of references"),
        pytest.param("candidate.answers = [1.0, 0.0]", "candidate: .* of 3 answers, .* not 2", id="number of answers"),
        pytest.param("reference = [0.5, 0.5]", "reference: .* of 3 answers, .* not 2", id="number of references"),
        pytest.param("baseline.errors = 1.1", "baseline.errors: .* less than or equal to 1, got 1.1", id="a share"),
        pytest.param("candidate.errors = 2", "candidate.errors: .* less than or equal to 1, got 2", id="candidate"),
        pytest.param("then.slower = 0", "then.slower: .* greater than 0, got 0", id="later"),
        pytest.param("both_then.sigma = inf", "both_then.sigma: .* finite number, got inf", id="infinite"),
        pytest.param(
            "candidate.fails = 1", "candidate.fails: Extra inputs are not permitted, got 1", id="no behaviour"
        ),
        pytest.param("candidate = 3", "candidate: .* valid dictionary, got 3", id="no table"),
        pytest.param("errors = 1", "errors: Extra inputs are not permitted, got 1", id="unknown entry"),
        pytest.param("metrics.lost = [10]", "metrics.lost.1: Field required", id="half an interval"),
        pytest.param("traffic = 'heavy'", "traffic: .* 'poisson', 'diurnal' or 'bursty', got 'heavy'", id="traffic"),
        pytest.param("expect = 'wonders'", "expect: .* 'promote', 'rollback'.*, got 'wonders'", id="expectation"),
        pytest.param("rate_per_min = 1e9", "rate_per_min: .* less than 10000000, got 1000000000.0", id="too fast"),
        pytest.param("every_min = 3", "the scenario: .*every_min and for_min are only of use", id="half a repetition"),
        pytest.param("policy.alpha = 2", "policy.alpha: .* less than 1, got 2", id="policy"),
        pytest.param(
            "policy.nowhere.x = 1", "policy.nowhere: Extra inputs are not permitted", id="no part of a policy"
        ),
        pytest.param("policy.alpha.x = 1", "policy.alpha: .* valid number, got {'x': 1}", id="no table of a policy"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_with_its_file_and_entry(
    tmp_path: Path, contents: str, message: str
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(contents)
    with pytest.raises(ReleaseError, match=rf"wrong\.toml: {message}"):
        found(str(file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"cannot read scenario .*mine\.toml: .*No such file"):
        found(str(tmp_path / "mine.toml"))


def test_a_file_that_is_no_toml_is_named_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("about = ")
    with pytest.raises(ReleaseError, match=r"cannot read scenario .*mine\.toml: Invalid value \(at"):
        found(str(tmp_path / "mine.toml"))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ReleaseError, match=r"cannot read scenario .*mine\.toml: 'utf-8'"):
        found(str(tmp_path / "mine.toml"))


def test_a_name_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(ReleaseError, match=r"no scenario 'error-20': expected a \.toml file or one of: .*errors-20"):
        found("error-20")


def _text(name: str) -> str:
    return resources.files("serinus.simulation").joinpath(name).read_text()
