"""`serinus rollout replay`, as people and programs use it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from serinus.canary.recording import append
from serinus.cli import app
from serinus.errors import ReleaseError, ServiceError
from serinus.policy import Drift, Policy
from tests.recorded import lines, opening


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Of a release that fails, until it is rolled back."""
    file = tmp_path / "rollout.jsonl"
    append(file, lines(opening(), 40, errors=2))
    return file


@pytest.fixture
def changed(file: Path) -> Path:
    """With another weight in its second decision."""
    told = file.read_text().splitlines()
    told[4] = json.dumps(json.loads(told[4]) | {"weight": 0.2})
    file.write_text("".join(f"{line}\n" for line in told))
    return file


def invoke(*arguments: object) -> Any:
    asked = ["rollout", "replay", *map(str, arguments)]
    return CliRunner().invoke(app, asked, catch_exceptions=False, env={"COLUMNS": "120"})


def run(*arguments: object) -> str:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json"), parse_constant=pytest.fail)


def with_rollout(service: Path, rollout: str) -> Path:
    service.write_text(f"{service.read_text()}\n[rollout]\n{rollout}\n")
    return service


def looks(file: Path) -> int:
    return file.read_text().count('"decision"')


def test_it_says_what_it_is_for():
    assert "Try" in run("--help")


def test_all_decisions_are_recomputed(file):
    assert f"all {looks(file)} decisions recomputed bit for bit" in run(file)


def test_the_looks_that_matter_are_shown(file):
    shown = run(file)
    assert "Rollout of tiny: version 2 beside 1" in shown
    assert shown.count("HOLD 0.1") == 1
    assert shown.count("ROLLBACK 0") == 1


def test_every_look_is_shown_when_asked_for(file):
    assert run(file, "--all-looks").count("HOLD 0.1") == looks(file) - 1


def test_a_decision_that_is_another_now_is_named(changed):
    result = invoke(changed)
    assert result.exit_code == 1
    assert f"decision 2 of {looks(changed)}, 0.3 min in (line 5), is another now:" in result.stdout
    assert "weight: recorded 0.2, recomputed 0.1" in result.stdout


def test_programs_are_told_what_differs(changed):
    result = invoke(changed, "--json")
    assert result.exit_code == 1
    facts = json.loads(result.stdout)
    assert facts["same"] is False
    assert facts["first_difference"]["differing"] == ["weight"]
    assert facts["first_difference"]["recorded"]["weight"] == 0.2


def test_programs_are_told_that_all_is_the_same(file):
    facts = told(file)
    assert (facts["same"], facts["first_difference"], facts["counterfactual_from_s"]) == (True, None, None)
    assert facts["decisions"] == facts["recomputed"] == looks(file)
    assert facts["looks"][-1]["recomputed"]["verdict"] == "ROLLBACK"


def test_numbers_that_json_lacks_are_told_as_words(tmp_path):
    append(tmp_path / "it", lines(opening(Policy(drift=Drift(mode="off"))), 1))
    assert told(tmp_path / "it")["looks"][0]["recorded"]["evidence"]["drift"] == [0, "inf"]


def test_an_unfinished_end_is_told(file):
    file.write_text(file.read_text()[:-9])
    assert f"all {looks(file) - 1} decisions recomputed bit for bit; line " in (shown := run(file))
    assert "is half written, and left out" in shown


def test_a_recording_without_decisions_is_told(tmp_path):
    append(tmp_path / "it", lines(opening(), 0))
    assert "no decision is recorded" in run(tmp_path / "it")


def test_another_policy_that_parts_from_it_is_shown_beside_it(file, tiny_service):
    service = with_rollout(tiny_service, "alpha = 0.5\nattributed = 1.1")
    shown = run(file, "--policy", service)
    assert "ROLLBACK 0" in shown
    assert "parts from it after" in shown
    assert "decisions after that are counterfactual, and were not judged" in shown


def test_programs_are_told_from_when_on_it_is_counterfactual(file, tiny_service):
    facts = told(file, "--policy", with_rollout(tiny_service, "alpha = 0.5\nattributed = 1.1"))
    assert facts["counterfactual_from_s"] == facts["looks"][-1]["at_s"]
    assert facts["recomputed"] < facts["decisions"] == looks(file)


def test_another_policy_that_goes_as_far_is_compared_throughout(file, tiny_service):
    shown = run(file, "--policy", with_rollout(tiny_service, "deadline = 5"))
    assert "has the same share of the traffic throughout; 0 of" in shown


def test_another_policy_that_ends_otherwise_says_so(file, tiny_service):
    service = with_rollout(tiny_service, "errors = { limit = 0.9, tolerated = 0.8, ratio = 99 }")
    assert "ends otherwise, after" in run(file, "--policy", service)


def test_a_policy_that_begins_otherwise_is_not_judged(file, tiny_service):
    service = with_rollout(tiny_service, 'first_weight = "steps"\nsteps = [{ weight = 0.2 }]')
    assert "begins with another share of the traffic: all that was measured is" in run(file, "--policy", service)


def test_an_unknown_service_is_named(file):
    with pytest.raises(ServiceError, match="no service 'nowhere'"):
        invoke(file, "--policy", "nowhere")


def test_a_file_that_is_no_recording_is_named(tiny_service):
    with pytest.raises(ReleaseError, match=r"service.toml, line 1: expected one JSON object"):
        invoke(tiny_service)
