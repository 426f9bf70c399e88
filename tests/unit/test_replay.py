"""What was recorded is judged again: as it was, or by another policy for as long as its traffic was the same."""

import json
from collections.abc import Sequence

import pytest

from serinus.canary.recording import Recording, parsed
from serinus.policy import Drift, Errors, Health, Policy, Step
from serinus.replay import Again, as_measured, replayed
from serinus.rollout import Verdict
from tests.recorded import POLICY, lines, opening


def recorded(looks: int, *, policy: Policy = POLICY, errors: int = 0, begun_at_s: float = 0.0) -> Recording:
    return parsed("".join(f"{line}\n" for line in lines(opening(policy, begun_at_s), looks, errors=errors)), "it")


def tampered(recording_lines: Sequence[str], number: int, **changes: object) -> Recording:
    changed = [*recording_lines]
    changed[number - 1] = json.dumps(json.loads(changed[number - 1]) | changes)
    return parsed("".join(f"{line}\n" for line in changed), "it")


def verdicts(again: Sequence[Again]) -> list[str]:
    return [one.decision.verdict.name for one in again]


@pytest.mark.parametrize("begun_at_s", [0.0, 1_764_000_003.25])
@pytest.mark.parametrize("errors", [0, 2])
def test_every_decision_is_the_recorded_one_bit_for_bit(errors, begun_at_s):
    recording = recorded(40, errors=errors, begun_at_s=begun_at_s)
    again = list(replayed(recording))
    assert len(again) == len(recording.looks)
    assert [one.differing for one in again] == [()] * len(again)


def test_a_broken_release_is_rolled_back_again():
    again = list(replayed(recorded(40, errors=2)))
    assert again[-1].decision.verdict is Verdict.ROLLBACK
    assert again[-1].decision.weight == 0


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        pytest.param({"verdict": "ADVANCE"}, "verdict", id="verdict"),
        pytest.param({"reason": "all is well"}, "reason", id="reason"),
        pytest.param({"weight": 0.5}, "weight", id="weight"),
        pytest.param({"alerts": ["LATE"]}, "alerts", id="alerts"),
        pytest.param({"evidence": {}}, "evidence", id="evidence"),
        pytest.param({"check_in_s": 5.0}, "check_in_s", id="when golden rows are replayed"),
    ],
)
def test_a_decision_that_is_another_now_says_what_of_it(changes, name):
    again = list(replayed(tampered(lines(opening(), 3), 5, **changes)))
    assert [one.differing for one in again[:2]] == [(), (name,)]


def test_another_policy_with_the_same_weights_judges_all_of_it():
    again = list(replayed(recorded(20), Policy(uneasy=5)))
    assert len(again) == 20
    assert not any(one.parts for one in again)


def test_another_policy_is_judged_no_further_than_its_traffic_was_measured():
    recording = recorded(40, errors=1, policy=Policy(errors=Errors(mode="off"), drift=Drift(mode="off")))
    again = list(replayed(recording, Policy()))
    assert len(again) < len(recording.looks) == 40
    assert verdicts(again)[-1] == "ROLLBACK"
    assert [one.parts for one in again] == [False] * (len(again) - 1) + [True]


def test_with_another_first_weight_nothing_can_be_judged():
    assert list(replayed(recorded(3), Policy(steps=(Step(weight=0.2),)))) == []


def test_other_windows_than_those_measured_are_not_asked_for():
    recording = recorded(40, errors=2)
    assert verdicts(list(replayed(recording, Policy(window_s=60)))) == verdicts(list(replayed(recording)))


def test_the_first_weight_that_the_traffic_said_is_every_policys_that_lets_it_say_so():
    policy = as_measured(Policy(health=Health(failures=2)), opening(Policy().at(20)))
    assert [step.weight for step in policy.steps] == [0.25, 0.5, 0.9]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Policy(first_weight="steps"), id="its steps say it"),
        pytest.param(Policy(harm=20), id="it bounds the harm"),
        pytest.param(Policy(steps=(Step(weight=0.3), Step(weight=0.5))), id="it never begins so low"),
        pytest.param(Policy(steps=(Step(weight=0.1, bake_min=10), Step(weight=0.5))), id="it bakes for less"),
    ],
)
def test_a_first_weight_that_would_be_another_stays_so(other):
    assert as_measured(other, opening(Policy().at(20))).steps == other.steps
