"""Rows of the acceptance table: shares, medians, and what must not be so."""

import pytest

from serinus.policy import Policy
from serinus.simulation.run import Plan
from serinus.simulation.scenario import Scenario, found
from serinus.simulation.table import Row, rows

POLICY = Policy(first_weight="steps")
CELLS = ("healthy-1", "errors-5", "errors-20", "errors-100", "slow-3", "drift-constant", "sample-ratio", "health-hard")


def row(scenario: Scenario, runs: int = 60, policy: Policy = POLICY) -> Row:
    [only] = rows([Plan(scenario, policy, 100, runs)])
    return only


@pytest.fixture(scope="module")
def failing() -> Row:
    return row(found("errors-100"), runs=20)


@pytest.mark.parametrize("name", CELLS)
def test_a_scenario_comes_out_within_its_band(name: str) -> None:
    assert row(found(name)).wrong == ()


def test_every_run_has_one_verdict(failing: Row) -> None:
    assert sum(failing.verdicts.values()) == failing.runs == 20


def test_a_row_is_told_by_the_names_that_are_documented(failing: Row) -> None:
    told = failing.to_dict()
    documented = {
        "scenario",
        "rate_per_min",
        "runs",
        "mode",
        "verdicts",
        "median_minutes",
        "median_bad_answers",
        "alerts",
    }
    assert documented <= set(told)
    assert set(told["verdicts"]) == {"promote", "rollback", "hold", "abort"}
    assert (told["scenario"], told["verdicts"]["rollback"]) == ("errors-100", 20)


def test_what_must_not_be_is_said_in_words() -> None:
    healthy = Scenario(name="mine", expect="rollback")
    assert row(healthy, runs=20).wrong == (
        "rolled back 0.0 %, expected 90 % or more",
        "promoted 100.0 %, expected 1 % at most",
    )


def test_plain_thresholds_are_not_held_to_the_bands() -> None:
    naive = row(found("cold-starts"), runs=20, policy=POLICY.naive())
    assert (naive.mode, naive.verdicts["rollback"], naive.wrong) == ("naive", 20, ())
