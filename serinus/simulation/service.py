"""A simulated service: what its two releases do in each window, in many independent runs at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serinus.canary.measurement import BASELINE, CANDIDATE, KINDS, Check, Ints, Kind
from serinus.canary.state import References
from serinus.canary.trees import mapped
from serinus.simulation.latency import HISTORY, Numbers, Thresholds, slower_share, thresholds, total_ms
from serinus.simulation.scenario import Behaviour, Scenario

DAY_MIN, SWING_OF_DAY, BURSTINESS = 1440, 0.8, 0.5
PAIRED_MOST = 50  # in a window; more would say nothing new


@dataclass(frozen=True)
class Release:
    """slow, very_slow: the shares of its answers that are, [runs]"""

    behaviour: Behaviour
    slow: Numbers
    very_slow: Numbers

    @classmethod
    def of(cls, behaviour: Behaviour, limits: Thresholds, random: np.random.Generator) -> "Release":
        runs = (len(limits.slow), behaviour.environments)
        machines = np.exp(random.normal(0, behaviour.environment_sigma, runs)) if behaviour.environment_sigma else 1.0
        return cls(
            behaviour,
            *(
                np.broadcast_to(slower_share(behaviour, limit[:, None], machines), runs).mean(axis=1)
                for limit in (limits.slow, limits.very_slow)
            ),
        )


@dataclass
class Service:
    """Where a scenario is played, with a clock that starts at 0. In the order of the runs that are still going on.

    first, later: the candidate and the baseline; swing: of all latencies this minute, [runs]
    """

    scenario: Scenario
    rate_per_min: float
    random: np.random.Generator
    limits: Thresholds
    first: tuple[Release, Release]
    later: tuple[Release, Release]
    references: References
    load: Numbers
    swing: Numbers
    started: tuple[Ints, Ints]

    @classmethod
    def opened(cls, scenario: Scenario, rate_per_min: float, runs: int, random: np.random.Generator) -> "Service":
        limits = thresholds(scenario.baseline, runs, random)
        releases = tuple(Release.of(behaviour, limits, random) for behaviour in scenario.behaviours())
        usual = np.array(scenario.reference or scenario.baseline.answers)
        references = References(
            random.binomial(HISTORY, scenario.baseline.errors, runs) / HISTORY,
            random.multinomial(HISTORY, usual / usual.sum(), runs),
        )
        ones = np.ones(runs)
        return cls(
            scenario,
            rate_per_min,
            random,
            limits,
            (releases[0], releases[1]),
            (releases[2], releases[3]),
            references,
            ones,
            ones,
            (np.zeros(runs, np.int64), np.zeros(runs, np.int64)),
        )

    @property
    def runs(self) -> int:
        return len(self.load)

    def minute(self, minute: int) -> None:
        """What the traffic and all latencies are like in this minute."""
        runs = self.runs
        if self.scenario.traffic == "bursty":
            self.load = self.random.gamma(BURSTINESS, 1 / BURSTINESS, runs)
        if self.scenario.traffic == "diurnal":
            self.load = np.full(runs, 1 + SWING_OF_DAY * np.sin(2 * np.pi * minute / DAY_MIN))
        if self.scenario.swings:
            self.swing = self.random.lognormal(0, self.scenario.swings, runs)

    def releases(self, at_s: float) -> tuple[Release, Release]:
        return self.later if self.scenario.is_later(at_s / 60) else self.first

    def window(self, at_s: float, seconds: int, weight: Numbers, *, timed: bool) -> Ints:
        """Counts [runs, 2, F] of the window that starts at `at_s`. timed: with durations, which take long."""
        true_weight = np.minimum(weight * self.scenario.real_weight, 1.0)
        asked = self.rate_per_min / 60 * seconds * self.load
        sides = [
            self._side(release, self.random.poisson(asked * share), timed=timed)
            for release, share in zip(self.releases(at_s), (true_weight, 1 - true_weight), strict=True)
        ]
        counts = np.stack(sides, axis=1)
        self._start(counts)
        if self.scenario.shadowed:
            self._pair(counts, self.releases(at_s)[CANDIDATE].behaviour)
        return counts

    def sticky(self, counts: Ints, at_s: float, seconds: int, *, by_request: bool) -> None:
        """Adds a user who sticks to the candidate and always fails: each request counts, or the user does, once."""
        if by_request:
            requests = self.random.poisson(self.scenario.sticky_min / 60 * seconds, len(counts))
        else:
            requests = np.full(len(counts), int(at_s == 0))
        for kind in (Kind.REQUESTS, Kind.ERRORS):
            counts[:, CANDIDATE, kind] += requests

    def checks(self, at_s: float, made: NDArray[np.bool_]) -> Check:
        """Golden rows, replayed on both releases where `made`."""
        failed, others_failed = (
            self.random.random(len(made)) < release.behaviour.unhealthy for release in self.releases(at_s)
        )
        return Check(at_s, failed & made, others_failed & made, made)

    def kept(self, going_on: NDArray[np.bool_]) -> None:
        """Only these runs go on."""
        changing = (self.limits, self.first, self.later, self.load, self.swing, self.started)
        kept = mapped(lambda array: array[going_on], changing)
        self.limits, self.first, self.later, self.load, self.swing, self.started = kept

    def _side(self, release: Release, requests: Ints, *, timed: bool) -> Ints:
        behaviour, random = release.behaviour, self.random
        slow, very_slow = self._shares(release)
        counts = np.zeros((len(requests), KINDS + len(behaviour.answers)), np.int64)
        errors = random.binomial(requests, behaviour.errors)
        well = requests - errors
        cold = random.binomial(well, behaviour.cold)
        counts[:, Kind.REQUESTS] = requests
        counts[:, Kind.ERRORS] = errors
        counts[:, Kind.WARM] = well - cold
        counts[:, Kind.SLOW] = random.binomial(well - cold, slow)
        counts[:, Kind.VERY_SLOW] = random.binomial(
            counts[:, Kind.SLOW], np.minimum(very_slow / np.maximum(slow, 1e-12), 1)
        )
        if behaviour.throttled:
            counts[:, Kind.THROTTLED] = random.binomial(requests, behaviour.throttled)
        if timed:
            counts[:, Kind.DURATION_MS] = total_ms(behaviour, requests, cold, random)
        counts[:, KINDS:] = _shared_out(well, behaviour.answers, random)
        return counts

    def _shares(self, release: Release) -> tuple[Numbers, Numbers]:
        if not self.scenario.swings:
            return release.slow, release.very_slow
        return (
            slower_share(release.behaviour, self.limits.slow, self.swing),
            slower_share(release.behaviour, self.limits.very_slow, self.swing),
        )

    def _start(self, counts: Ints) -> None:
        """The first requests of each side find no environment."""
        for side, (release, before) in enumerate(zip(self.first, self.started, strict=True)):
            started = np.minimum(release.behaviour.environments - before, counts[:, side, Kind.REQUESTS])
            counts[:, side, Kind.STARTED] = started
            before += started

    def _pair(self, counts: Ints, behaviour: Behaviour) -> None:
        pairs = np.minimum(
            self.random.binomial(counts[:, CANDIDATE, Kind.REQUESTS], self.scenario.shadowed), PAIRED_MOST
        )
        counts[:, CANDIDATE, Kind.PAIRS] = pairs
        counts[:, CANDIDATE, Kind.DISAGREEMENTS] = self.random.binomial(pairs, behaviour.disagrees)


def lost(counts: Ints, side: str) -> Ints:
    """Counts of which one side's were never measured."""
    there = counts.copy()
    there[:, BASELINE if side == "baseline" else CANDIDATE] = 0
    return there


def _shared_out(answers: Ints, probabilities: tuple[float, ...], random: np.random.Generator) -> Ints:
    """Answers by label, [runs, K]: a multinomial, one label after the other."""
    given, left = [], 1.0
    for probability in probabilities[:-1]:
        given.append(random.binomial(answers, min(1.0, probability / left) if left > 0 else 0.0))
        answers, left = answers - given[-1], left - probability
    return np.stack([*given, answers], axis=1)
