"""Many simulated rollouts at once, judged by `serinus.rollout.look` as real ones are."""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from serinus.canary.decision import Verdict
from serinus.canary.measurement import CANDIDATE, KINDS, Check, Ints, Kind, Measurement, Window
from serinus.canary.state import State, begun
from serinus.canary.trees import mapped
from serinus.policy import Policy
from serinus.rollout import look
from serinus.simulation.latency import Numbers
from serinus.simulation.scenario import Scenario
from serinus.simulation.service import Service, lost

ABREAST = 1000  # runs that go side by side: more do not fit the processor's memory
CHECKED_TWICE_S = 5  # golden rows are replayed at most so often
ENOUGH_OPEN = 0.9  # of the runs; with fewer, those that ended are dropped


@dataclass(frozen=True)
class Plan:
    """What is simulated: how often, how fast it is looked at, and for how long after promotion."""

    scenario: Scenario
    policy: Policy
    rate_per_min: float
    runs: int
    seed: int = 1
    look_s: int = 10
    watch_h: float = 0


@dataclass(frozen=True)
class Outcomes:
    """How the runs ended, [runs] each: verdict (HOLD: not at all); minutes until then, since the harm began if it began
    before; step: where; bad: answers that the candidate spoilt until then; alerts: all that were given, as bits;
    taken_back: what was rolled back after it had been promoted"""

    verdict: Ints
    minutes: Numbers
    step: Ints
    bad: Numbers
    alerts: Ints
    taken_back: NDArray[np.bool_]

    def share(self, verdict: Verdict) -> float:
        return float(np.mean(self.verdict == verdict))


def simulated(plan: Plan) -> Outcomes:
    """The outcomes of all runs of a plan; the same for the same seed."""
    parts = [_abreast(plan, first, min(ABREAST, plan.runs - first)) for first in range(0, plan.runs, ABREAST)]
    names = Outcomes.__dataclass_fields__
    return Outcomes(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _abreast(plan: Plan, first: int, runs: int) -> Outcomes:
    seeds = (plan.seed, crc32(plan.scenario.name.encode()), int(plan.rate_per_min * 10), first)
    race = Race(plan, Service.opened(plan.scenario, plan.rate_per_min, runs, np.random.default_rng(seeds)), runs)
    while race.is_going_on:
        race.advance()
    return race.outcomes


class Race:
    """Runs that go side by side until each has its verdict."""

    def __init__(self, plan: Plan, service: Service, runs: int) -> None:
        self.plan, self.service, self.harm = plan, service, _harm(plan.scenario)
        self.policy = plan.scenario.changed(plan.policy)
        labels = len(plan.scenario.baseline.answers)
        self.state = begun(self.policy, service.references, 0.0, labels, (runs,))
        self.at_s, self.runs, self.open = 0, np.arange(runs), np.ones(runs, np.bool_)
        self.next_check_s = np.zeros(runs)
        self.bad = np.zeros(runs)
        self.windows: list[Window] = []
        self.checks: list[Check] = []
        self.outcomes = Outcomes(
            verdict=np.zeros(runs, np.int64),
            minutes=np.full(runs, np.nan),
            step=np.zeros(runs, np.int64),
            bad=np.full(runs, np.nan),
            alerts=np.zeros(runs, np.int64),
            taken_back=np.zeros(runs, np.bool_),
        )
        bakes_min = sum(step.bake_min for step in self.policy.steps)
        self.longest_s = bakes_min * self.policy.deadline * 60 + plan.watch_h * 3600

    @property
    def is_going_on(self) -> bool:
        return bool(self.open.any()) and self.at_s < self.longest_s

    def advance(self) -> None:
        """One window more, and a look if it is time for one."""
        scenario, seconds = self.plan.scenario, self.policy.window_s
        if self.at_s % 60 == 0:
            self.service.minute(self.at_s // 60)
        counts = self._counted(self.at_s)
        self.bad += self.harm(counts) * (self.at_s >= scenario.after_min * 60)
        if _is_within(scenario.metrics.lost, self.at_s):
            counts = lost(counts, scenario.metrics.lost_side)
        self.windows.append(Window(self.at_s, self.state.weight, counts))
        for check_s in range(self.at_s, self.at_s + seconds, CHECKED_TWICE_S):
            self._check(check_s)
        self.at_s += seconds
        if self.at_s % self._look_s == 0 and not _is_within(scenario.metrics.blind, self.at_s):
            self._look()

    @property
    def _look_s(self) -> float:
        """Seconds between looks: fewer are made once every candidate was promoted."""
        is_watched = bool((self.state.step == len(self.policy.steps)).all())
        return self.policy.watch.every_s if is_watched else self.plan.look_s

    def _counted(self, at_s: int) -> Ints:
        seconds, naive = self.policy.window_s, self.policy.latency.mode == "naive"
        counts = self.service.window(at_s, seconds, self.state.weight, timed=naive)
        if self.plan.scenario.sticky_min:
            self.service.sticky(counts, at_s, seconds, by_request=self.policy.is_naive)
        return counts

    def _check(self, at_s: int) -> None:
        made = self.next_check_s <= at_s
        if made.any():
            check = self.service.checks(at_s, made)
            self.checks.append(check)
            soon = np.where(check.failed, self.policy.health.again_s, self.policy.health.every_s)
            self.next_check_s = np.where(made, at_s + soon, self.next_check_s)

    def _look(self) -> None:
        before = self.state
        seen, self.state = look(self.policy, self.state, self._told())
        verdict = np.asarray(seen.verdict)
        self.outcomes.alerts[self.runs] |= np.where(self.open, seen.alerts, 0)
        ends = self.open & (verdict >= Verdict.PROMOTE)
        if ends.any():
            self._end(ends, verdict, before)
        if np.mean(self.open) < ENOUGH_OPEN:
            self._drop()

    def _told(self) -> list[Measurement]:
        """What is measured by now."""
        metrics = self.plan.scenario.metrics
        complete_s = float(self.at_s - metrics.late_s)
        ready = [window for window in self.windows if window.start_s + self.policy.window_s <= complete_s]
        told = [Measurement(float(self.at_s), (complete_s, complete_s), tuple(ready), tuple(self.checks))]
        if metrics.twice:
            told = [*told, Measurement(told[0].read_at_s, told[0].complete_until_s, tuple(reversed(ready)))] * 2
        kept = ready[-1:] if metrics.twice else []
        self.windows = [*kept, *self.windows[len(ready) :]]
        self.checks = []
        return told

    def _end(self, ends: NDArray[np.bool_], verdict: Ints, before: State) -> None:
        scenario, runs, outcomes = self.plan.scenario, self.runs[ends], self.outcomes
        promoted_before = outcomes.verdict[runs] == Verdict.PROMOTE
        onset_min = np.where(verdict[ends] == Verdict.ROLLBACK, scenario.after_min, 0.0)
        outcomes.taken_back[runs] = promoted_before & (verdict[ends] == Verdict.ROLLBACK)
        outcomes.verdict[runs] = verdict[ends]
        outcomes.minutes[runs] = self.at_s / 60 - onset_min
        outcomes.step[runs] = before.step[ends]
        outcomes.bad[runs] = self.bad[ends] + self._spoilt_meanwhile(before.weight)[ends]
        self.open &= ~ends | ((verdict == Verdict.PROMOTE) & (self.plan.watch_h > 0))

    def _spoilt_meanwhile(self, weight: Numbers) -> Numbers:
        """By the candidate, while taking the traffic back fails."""
        stuck_s, seconds = self.plan.scenario.stuck_s, self.policy.window_s
        windows = (
            self.service.window(self.at_s + more_s, seconds, weight, timed=False)
            for more_s in range(0, stuck_s, seconds)
        )
        return sum((self.harm(counts) for counts in windows), np.zeros(len(self.runs)))

    def _drop(self) -> None:
        """Those that ended take no more time."""
        going_on = self.open
        self.state = mapped(lambda array: array[going_on], self.state)
        self.windows = list(mapped(lambda array: array[going_on], tuple(self.windows)))
        self.service.kept(going_on)
        self.next_check_s, self.bad, self.runs = self.next_check_s[going_on], self.bad[going_on], self.runs[going_on]
        self.open = self.open[going_on]


def _is_within(minutes: tuple[float, float] | None, at_s: float) -> bool:
    return minutes is not None and minutes[0] * 60 <= at_s < minutes[1] * 60


def _harm(scenario: Scenario) -> Callable[[Ints], Numbers]:
    """Counts the answers of the candidate that are not as they should be: otherwise shared out, slow, or failed."""
    usual = scenario.baseline
    candidate, _, later, _ = scenario.behaviours()
    moved = max(float(np.abs(np.subtract(one.answers, usual.answers)).sum()) / 2 for one in (candidate, later))
    if moved and not scenario.both_then:
        return lambda counts: np.multiply(counts[:, CANDIDATE, KINDS:].sum(axis=1), moved, dtype=np.float64)
    if any((one.slower, one.spikes) != (usual.slower, usual.spikes) for one in (candidate, later)):
        return lambda counts: counts[:, CANDIDATE, Kind.SLOW].astype(float)
    return lambda counts: counts[:, CANDIDATE, Kind.ERRORS].astype(float)
