"""What is measured of one simulated rollout, and when, with all that may be wrong with measurements."""

from dataclasses import dataclass, field

import numpy as np

from serinus.canary.measurement import Check, Ints, Measurement, Window, check_of
from serinus.policy import Policy
from serinus.simulation.run import CHECKED_TWICE_S
from serinus.simulation.service import Service, lost


@dataclass
class Meter:
    """service: of one run; windows, checks: not told yet"""

    service: Service
    policy: Policy
    next_check_s: float = 0.0
    windows: list[Window] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def measure(self, start_s: int, weight: float) -> None:
        """One window more, during which this is the candidate's share of the traffic."""
        if start_s % 60 == 0:
            self.service.minute(start_s // 60)
        counts, metrics = self._counted(start_s, weight), self.service.scenario.metrics
        if is_within(metrics.lost, start_s):
            counts = lost(counts, metrics.lost_side)
        self.windows.append(Window(start_s, np.asarray(weight), counts[0]))
        for check_s in range(start_s, start_s + self.policy.window_s, CHECKED_TWICE_S):
            self._check(check_s)

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

    def _counted(self, start_s: int, weight: float) -> Ints:
        scenario, seconds = self.service.scenario, self.policy.window_s
        timed = self.policy.latency.mode == "naive"
        counts = self.service.window(start_s, seconds, np.asarray([weight]), timed=timed)
        if scenario.sticky_min:
            self.service.sticky(counts, start_s, seconds, by_request=self.policy.is_naive)
        return counts

    def _check(self, at_s: int) -> None:
        if self.next_check_s <= at_s:
            check = self.service.checks(at_s, np.ones(1, np.bool_))
            failed, others_failed = bool(check.failed[0]), bool(check.others_failed[0])
            self.checks.append(check_of(at_s, failed=failed, others_failed=others_failed))
            self.next_check_s = at_s + (self.policy.health.again_s if failed else self.policy.health.every_s)


def is_within(minutes: tuple[float, float] | None, at_s: float) -> bool:
    return minutes is not None and minutes[0] * 60 <= at_s < minutes[1] * 60
