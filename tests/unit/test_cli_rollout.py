"""serinus rollout plan and simulate, as they are called."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from serinus.canary.recording import read
from serinus.cli import app
from serinus.errors import ReleaseError

SERVICE = str(Path(__file__).parents[2] / "services" / "kepler" / "service.toml")
FAILING = ("simulate", "--scenario", "errors-100", "--runs", "5", "--jobs", "1")


def called(*words: str) -> Result:
    return CliRunner().invoke(app, ["rollout", *words])


def test_without_a_scenario_the_scenarios_are_listed() -> None:
    told = json.loads(called("simulate", "--json").stdout)
    assert {"healthy-1", "errors-20", "rollback-fails"} <= set(told)


def test_one_scenario_is_one_object() -> None:
    told = json.loads(called(*FAILING, "--json").stdout)
    assert (told["scenario"], told["rate_per_min"], told["verdicts"]["rollback"]) == ("errors-100", 100, 5)


def test_several_are_a_list_in_the_order_they_were_asked_for() -> None:
    told = json.loads(called(*FAILING, "--rate", "2/s", "--rate", "20", "--mode", "both", "--json").stdout)
    assert [(row["rate_per_min"], row["mode"]) for row in told] == [
        (120, "sequential"), (20, "sequential"), (120, "naive"), (20, "naive"),
    ]  # fmt: skip


def test_what_must_not_be_ends_with_exit_code_1_and_says_so(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('candidate.errors = 1.0\nexpect = "promote"\n')
    came = called("simulate", "--scenario", str(mine), "--runs", "5")
    assert came.exit_code == 1
    assert "mine at 100/min: promoted 0.0 %, expected 90 % or more" in came.stdout


@pytest.mark.parametrize("rate", ["fast", "-1", "0", "nan", "1/hour"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    came = called("simulate", "--scenario", "errors-100", f"--rate={rate}")
    assert came.exit_code == 2
    assert "expected" in came.output


def test_an_unknown_scenario_is_refused_with_those_there_are() -> None:
    came = called("simulate", "--scenario", "errors-21")
    assert isinstance(came.exception, ReleaseError)
    assert "errors-20" in str(came.exception)


@pytest.mark.parametrize("file", ["run.pdf", "nowhere/run.png"])
def test_a_picture_that_cannot_be_drawn_is_refused_before_anything_is_played(tmp_path: Path, file: str) -> None:
    came = called(*FAILING, "--chart", str(tmp_path / file))
    assert came.exit_code == 2
    assert "expected a file" in came.output


def test_a_run_is_drawn_and_recorded(tmp_path: Path) -> None:
    page, record = tmp_path / "run.html", tmp_path / "run.jsonl"
    assert called(*FAILING, "--chart", str(page), "--record", str(record)).exit_code == 0
    assert "<svg" in page.read_text()
    assert read(record).looks[-1].decision.verdict.name == "ROLLBACK"
    assert "bit for bit" in called("replay", str(record)).stdout


def test_a_plan_tells_steps_harm_and_what_is_found() -> None:
    came = called("plan", SERVICE, "--rate", "100/min", "--broken", "1.0", "--runs", "20", "--json")
    told = json.loads(came.stdout)
    assert [stage["weight"] for stage in told["stages"]] == [0.1, 0.5, 0.9]
    assert (told["caught"][0]["kind"], told["caught"][0]["found"]) == ("fails 1", 1.0)


def test_shares_that_are_none_are_refused() -> None:
    assert called("plan", SERVICE, "--rate", "100", "--broken", "many").exit_code == 2


@pytest.mark.parametrize("command", ["plan", "simulate", "replay"])
def test_help_shows_an_example(command: str) -> None:
    assert f"Try: serinus rollout {command}" in called(command, "--help").stdout
