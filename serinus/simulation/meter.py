"""What is measured of simulated rollouts, and when, with all that may be wrong with measurements."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serinus.canary.measurement import Check, Ints, Measurement, Window
from serinus.canary.trees import mapped
from serinus.policy import Policy
from serinus.simulation.latency import Numbers
from serinus.simulation.service import Service, lost

CHECKED_EVERY_S = 5  # golden rows are replayed at most so often


@dataclass
class Meter:
    """service: of one run or many; next_check_s: of golden rows, [runs]; windows, checks: not told yet"""

    service: Service
    policy: Policy
    next_check_s: Numbers
    windows: list[Window] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @classmethod
    def of(cls, service: Service, policy: Policy) -> "Meter":
        return cls(service, policy, np.zeros(service.runs))

    def measure(self, start_s: int, weight: Numbers) -> Ints:
        """One window more, during which this is the candidate's share of the traffic. What really happened."""
        if start_s % 60 == 0:
            self.service.minute(start_s // 60)
        counts, metrics = self._counted(start_s, weight), self.service.scenario.metrics
        told = lost(counts, metrics.lost_side) if is_within(metrics.lost, start_s) else counts
        self.windows.append(Window(start_s, weight, told))
        for check_s in range(start_s, start_s + self.policy.window_s, CHECKED_EVERY_S):
            self._check(check_s, is_watched=weight >= 1)
        return counts

    def told(self, at_s: int) -> list[Measurement]:
        """What is measured by now, and was not told yet."""
        metrics = self.service.scenario.metrics
        complete_s = float(at_s - metrics.late_s)
        ready = [window for window in self.windows if window.start_s + self.policy.window_s <= complete_s]
        told = [Measurement(float(at_s), (complete_s, complete_s), tuple(ready), tuple(self.checks))]
        if metrics.twice:
            told = [*told, Measurement(float(at_s), (complete_s, complete_s), tuple(reversed(ready)))] * 2
        kept = ready[-1:] if metrics.twice else []
        self.windows = [*kept, *self.windows[len(ready) :]]
        self.checks = []
        return told

    def kept(self, going_on: NDArray[np.bool_]) -> None:
        """Only these runs go on."""
        self.service.kept(going_on)
        self.next_check_s = self.next_check_s[going_on]
        self.windows = list(mapped(lambda array: array[going_on], tuple(self.windows)))

    def _counted(self, start_s: int, weight: Numbers) -> Ints:
        scenario, seconds = self.service.scenario, self.policy.window_s
        timed = self.policy.latency.mode == "naive"
        counts = self.service.window(start_s, seconds, weight, timed=timed)
        if scenario.sticky_min:
            self.service.sticky(counts, start_s, seconds, by_request=self.policy.is_naive)
        return counts

    def _check(self, at_s: int, *, is_watched: NDArray[np.bool_]) -> None:
        check = self.service.checks(at_s, self.next_check_s <= at_s)
        usually = np.where(is_watched, self.policy.watch.every_s, self.policy.health.every_s)
        soon = np.where(check.failed, self.policy.health.again_s, usually)
        self.next_check_s = np.where(check.made, at_s + soon, self.next_check_s)
        self.checks.append(check)


def is_within(minutes: tuple[float, float] | None, at_s: float) -> bool:
    return minutes is not None and minutes[0] * 60 <= at_s < minutes[1] * 60
