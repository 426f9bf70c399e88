"""What docs/rollout.md shows works as it is written there."""

import re
import tomllib
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from serinus.canary.alerts import Alert
from serinus.policy import Policy, policy_of
from serinus.simulation.scenario import catalogue

PAGE = Path(__file__).parents[2] / "docs" / "rollout.md"
TEXT = PAGE.read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_judge_can_be_called_as_shown() -> None:
    [code] = blocks("python")
    said = StringIO()
    with redirect_stdout(said):
        exec(compile(code, str(PAGE), "exec"), {})
    assert said.getvalue().startswith("ROLLBACK 0.0 fails 75.00% (9 of 12)")


def test_the_settings_shown_are_taken_and_are_the_defaults_where_they_say_so() -> None:
    [shown] = blocks("toml")
    policy = policy_of(tomllib.loads(shown)["rollout"])
    told = policy.model_copy(update={"harm": None, "drift": policy.drift.model_copy(update={"disagreement": None})})
    assert told == Policy()


@pytest.mark.parametrize("alert", [alert.name for alert in Alert])
def test_every_alert_is_explained(alert: str) -> None:
    assert f"| `{alert}` |" in TEXT


def test_every_scenario_is_in_the_acceptance_table() -> None:
    table = TEXT.partition("acceptance table: begin")[2].partition("acceptance table: end")[0]
    shown = {line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")}
    assert shown - {"scenario", "---"} == set(catalogue())
