"""One rollout that is judged alone comes to what it comes to among many, bit for bit."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from serinus.canary.alerts import Alert
from serinus.canary.measurement import Measurement, Window, check_of
from serinus.canary.remembered import as_text
from serinus.canary.trees import mapped
from serinus.policy import Policy, Step
from serinus.rollout import State, Verdict, begun, judge
from serinus.simulation.drive import Drive
from serinus.simulation.run import Part, Plan, Race, simulated
from serinus.simulation.scenario import Metrics, found

SHORT = Policy(steps=(Step(weight=0.1, bake_min=3), Step(weight=0.5, bake_min=3)))
LONG = Policy()
RUNS = 3


class Overheard(Race):
    """A race of which is known what its judge was told."""

    def __init__(self, plan: Plan) -> None:
        super().__init__([Part(plan, 0, plan.runs)])
        self.references = self.state.references
        self.heard: list[tuple[np.ndarray, list[Measurement]]] = []

    def _told(self) -> list[Measurement]:
        told = super()._told()
        self.heard.append((self.runs, told))
        return told


@dataclass
class End:
    verdict: Verdict
    minutes: float
    step: int
    alerts: int
    state: State


def alone(race: Overheard, run: int) -> End:
    """What becomes of one of its runs when it is judged by itself."""
    references = mapped(lambda array: array[run], race.references)
    state = begun(race.policy, references, 0.0, len(race.plan.scenario.baseline.answers))
    alerts = Alert(0)
    for runs, told in race.heard:
        [place] = np.flatnonzero(runs == run)
        before, decision = state, judge(race.policy, state, [measured(one, int(place)) for one in told])
        for alert in decision.alerts:
            alerts |= Alert[alert]
        state = decision.state
        if decision.verdict >= Verdict.PROMOTE:
            return End(decision.verdict, state.read_at_s / 60, int(before.step), int(alerts), state)
    return End(Verdict.HOLD, float("nan"), 0, int(alerts), state)


def measured(measurement: Measurement, place: int) -> Measurement:
    """Of the run at this place among the others."""
    windows = (Window(one.start_s, one.weight[place], one.counts[place]) for one in measurement.windows)
    checks = (
        check_of(one.at_s, failed=bool(one.failed[place]), others_failed=bool(one.others_failed[place]))
        for one in measurement.checks
        if one.made[place]
    )
    return replace(measurement, windows=tuple(windows), checks=tuple(checks))


def raced(name: str, policy: Policy, rate_per_min: float, *, looks: int = 1000) -> Overheard:
    race = Overheard(Plan(found(name), policy, rate_per_min, RUNS))
    while race.is_going_on and len(race.heard) < looks:
        race.advance()
    return race


@pytest.mark.parametrize(
    ("name", "policy", "rate_per_min"),
    [
        pytest.param("errors-20", LONG, 100, id="errors-20"),
        pytest.param("errors-10-beside-1", SHORT, 100, id="errors-10-beside-1"),
        pytest.param("slow-3", LONG, 100, id="slow-3"),
        pytest.param("drift-reversed", LONG, 100, id="drift-reversed"),
        pytest.param("drift-swap", LONG, 300, id="drift-swap"),
        pytest.param("health-flap", LONG, 20, id="health-flap"),
        pytest.param("shared-incident", SHORT, 1000, id="shared-incident"),
        pytest.param("healthy-1", SHORT, 1000, id="healthy-1"),
        pytest.param("metric-late", SHORT, 1000, id="metric-late"),
        pytest.param("metric-duplicate", SHORT, 1000, id="metric-duplicate"),
        pytest.param("throttling", SHORT, 1000, id="throttling"),
        pytest.param("errors-20", LONG.naive(), 100, id="naive"),
    ],
)
def test_verdict_minute_step_and_alerts_are_those_of_the_race(name, policy, rate_per_min):
    race = raced(name, policy, rate_per_min)
    for run in range(RUNS):
        end, together = alone(race, run), race.outcomes
        assert end.verdict == together.verdict[run]
        assert end.minutes == together.minutes[run]
        assert (end.step, end.alerts) == (together.step[run], together.alerts[run])


@pytest.mark.parametrize("name", ["healthy-1", "slow-1.3", "drift-mild", "latency-swings"])
def test_after_a_step_the_state_is_the_same_bit_for_bit(name):
    race = raced(name, SHORT, 1000, looks=24)
    assert (race.state.step == 1).any() or name != "healthy-1"
    for run in range(RUNS):
        ours = mapped(lambda array, run=run: array[run], race.state)
        assert as_text(alone(race, run).state) == as_text(ours)


@pytest.mark.parametrize(
    ("name", "policy", "rate_per_min"),
    [
        pytest.param("errors-20", LONG, 100, id="errors-20"),
        pytest.param("slow-3", LONG, 100, id="slow-3"),
        pytest.param("drift-reversed", LONG, 100, id="drift-reversed"),
        pytest.param("health-flap", LONG, 20, id="health-flap"),
        pytest.param("bursty", SHORT, 1000, id="bursty"),
        pytest.param("metric-late", SHORT, 1000, id="metric-late"),
        pytest.param("metric-duplicate", SHORT, 1000, id="metric-duplicate"),
        pytest.param("sticky-user", SHORT, 1000, id="sticky-user"),
        pytest.param("errors-20", LONG.naive(), 100, id="naive"),
    ],
)
def test_a_drive_ends_as_a_race_of_one(name, policy, rate_per_min):
    assert_ends_alike(Plan(found(name), policy, rate_per_min, runs=1))


@pytest.mark.parametrize(
    "metrics",
    [pytest.param(Metrics(lost=(2, 3)), id="lost"), pytest.param(Metrics(blind=(2, 4)), id="nobody looks")],
)
def test_a_drive_with_faults_ends_as_a_race_of_one(metrics):
    scenario = found("healthy-1").model_copy(update={"metrics": metrics})
    assert_ends_alike(Plan(scenario, SHORT, 1000, runs=1))


def assert_ends_alike(plan: Plan) -> None:
    moments, together = list(Drive.of(plan).moments()), simulated(plan)
    last = [moment for moment in moments if moment.decision is not None][-1]
    assert last.decision is not None
    assert last.decision.verdict == together.verdict[0]
    assert last.at_s / 60 == together.minutes[0]
