"""Many simulated rollouts at once, judged by `serinus.rollout.look` as real ones are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from serinus.canary.decision import Verdict
from serinus.canary.measurement import CANDIDATE, KINDS, Ints, Kind, Measurement
from serinus.canary.state import State, begun
from serinus.canary.trees import Tree, mapped
from serinus.policy import Policy
from serinus.rollout import look
from serinus.simulation.latency import Numbers
from serinus.simulation.meter import Meter, is_within
from serinus.simulation.scenario import Scenario
from serinus.simulation.service import Service

Flags = NDArray[np.bool_]
ABREAST = 1000  # runs that go side by side: more do not fit the processor's memory
ENOUGH_OPEN = 0.9  # of the runs of a part; with fewer, those that ended are dropped


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

    @classmethod
    def none(cls, runs: int) -> "Outcomes":
        """Of runs that did not end yet."""
        unknown, zeros = np.full(runs, np.nan), np.zeros(runs, np.int64)
        return cls(zeros.copy(), unknown.copy(), zeros.copy(), unknown.copy(), zeros.copy(), np.zeros(runs, np.bool_))

    def share(self, verdict: Verdict) -> float:
        return float(np.mean(self.verdict == verdict))


def simulated(plan: Plan) -> Outcomes:
    """The outcomes of all runs of a plan; the same for the same seed."""
    parts = [
        Race([Part(plan, first, min(ABREAST, plan.runs - first))]).run()[0] for first in range(0, plan.runs, ABREAST)
    ]
    return mapped(lambda *arrays: np.concatenate(arrays), *parts)


def together(plans: Sequence[Plan]) -> list[Outcomes]:
    """The outcomes of plans that differ in nothing but the traffic, each as if alone. Side by side, which is faster,
    unless there are too many, or they are watched: how often that is looked at depends on all of them."""
    first = plans[0]
    if first.watch_h or first.runs * len(plans) > ABREAST:
        return [simulated(plan) for plan in plans]
    return Race([Part(plan, 0, plan.runs) for plan in plans]).run()


@dataclass(frozen=True)
class Part:
    """Some of the runs of a plan: so many from the run `first` on."""

    plan: Plan
    first: int
    runs: int

    def service(self) -> Service:
        plan = self.plan
        seeds = (plan.seed, crc32(plan.scenario.name.encode()), int(plan.rate_per_min * 10), self.first)
        return Service.opened(plan.scenario, plan.rate_per_min, self.runs, np.random.default_rng(seeds))


class Race:
    """Runs that go side by side until each has its verdict."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.plan, self.parts = parts[0].plan, parts
        self.scenario = self.plan.scenario
        self.policy = self.scenario.changed(self.plan.policy)
        self.meters = [Meter.of(part.service(), self.policy) for part in parts]
        runs, labels = sum(part.runs for part in parts), len(self.scenario.baseline.answers)
        references = _joined([meter.service.references for meter in self.meters])
        self.state = begun(self.policy, references, 0.0, labels, (runs,))
        self.at_s, self.runs, self.open = 0, np.arange(runs), np.ones(runs, np.bool_)
        self.harm, self.onset_min, self.bad = _harm(self.scenario), self.scenario.onset_min, np.zeros(runs)
        self.outcomes = Outcomes.none(runs)
        bakes_min = sum(step.bake_min for step in self.policy.steps)
        self.longest_s = bakes_min * self.policy.deadline * 60 + self.plan.watch_h * 3600

    def run(self) -> list[Outcomes]:
        """Of each part, once all is over."""
        while self.is_going_on:
            self.advance()
        ends = np.cumsum([part.runs for part in self.parts])
        starts = ends - [part.runs for part in self.parts]
        return [
            mapped(lambda array, start=start, end=end: array[start:end], self.outcomes)
            for start, end in zip(starts, ends, strict=True)
        ]

    @property
    def is_going_on(self) -> bool:
        return bool(self.open.any()) and self.at_s < self.longest_s

    def advance(self) -> None:
        """One window more, and a look if it is time for one."""
        counts = np.concatenate(
            [
                meter.measure(self.at_s, weight)
                for meter, weight in zip(self.meters, self._shared(self.state.weight), strict=True)
            ]
        )
        self.bad += self.harm(counts) * (self.at_s >= self.onset_min * 60)
        self.at_s += self.policy.window_s
        if self.at_s % self._look_s == 0 and not is_within(self.scenario.metrics.blind, self.at_s):
            self._look()

    @property
    def _look_s(self) -> float:
        """Seconds between looks: fewer are made once every candidate was promoted."""
        is_watched = bool((self.state.step == len(self.policy.steps)).all())
        return self.policy.watch.every_s if is_watched else self.plan.look_s

    def _look(self) -> None:
        before = self.state
        seen, self.state = look(self.policy, before, self._told())
        self.outcomes.alerts[self.runs] |= np.where(self.open, seen.alerts, 0)
        ends = self.open & (seen.verdict >= Verdict.PROMOTE)
        if ends.any():
            self._end(ends, seen.verdict, before)
        self._drop()

    def _told(self) -> list[Measurement]:
        told = [meter.told(self.at_s) for meter in self.meters]
        return [_joined(same) for same in zip(*told, strict=True)]

    def _end(self, ends: Flags, verdict: Ints, before: State) -> None:
        runs, outcomes = self.runs[ends], self.outcomes
        promoted_before = outcomes.verdict[runs] == Verdict.PROMOTE
        at_min = self.at_s / 60
        since_min = self.onset_min if at_min >= self.onset_min else 0.0
        outcomes.taken_back[runs] = promoted_before & (verdict[ends] == Verdict.ROLLBACK)
        outcomes.verdict[runs] = verdict[ends]
        outcomes.minutes[runs] = at_min - np.where(verdict[ends] == Verdict.ROLLBACK, since_min, 0.0)
        outcomes.step[runs] = before.step[ends]
        outcomes.bad[runs] = self.bad[ends] + self._spoilt_meanwhile(ends & (verdict != Verdict.PROMOTE), before)[ends]
        self.open &= ~ends | ((verdict == Verdict.PROMOTE) & (self.plan.watch_h > 0))

    def _spoilt_meanwhile(self, back: Flags, before: State) -> Numbers:
        """By the candidates that are taken back, while that fails."""
        parts = zip(self.meters, self._shared(back), self._shared(before.weight), strict=True)
        return np.concatenate([self._stuck(meter, *of_meter) for meter, *of_meter in parts])

    def _stuck(self, meter: Meter, back: Flags, weight: Numbers) -> Numbers:
        seconds, spoilt = self.policy.window_s, np.zeros(len(back))
        if back.any():
            for at_s in range(self.at_s, self.at_s + self.scenario.stuck_s, seconds):
                spoilt += self.harm(meter.service.window(at_s, seconds, weight, timed=False))
        return spoilt * back

    def _drop(self) -> None:
        """Those that ended take no more time; but in each part only once it has many, whatever the others have."""
        going_on = np.concatenate(
            [
                is_open if is_open.sum() < ENOUGH_OPEN * len(is_open) else np.ones_like(is_open)
                for is_open in self._shared(self.open)
            ]
        )
        if going_on.all():
            return
        for meter, of_meter in zip(self.meters, self._shared(going_on), strict=True):
            meter.kept(of_meter)
        self.state = mapped(lambda array: array[going_on], self.state)
        self.bad, self.runs, self.open = self.bad[going_on], self.runs[going_on], self.open[going_on]

    def _shared(self, array: NDArray[Any]) -> list[NDArray[Any]]:
        """The part of each meter in an array of all runs."""
        return np.split(array, np.cumsum([meter.service.runs for meter in self.meters])[:-1])


def _joined(trees: Sequence[Tree]) -> Tree:
    """The runs of all, one after the other."""
    return mapped(lambda *arrays: np.concatenate(arrays), *trees) if len(trees) > 1 else trees[0]


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
