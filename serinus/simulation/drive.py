"""One simulated rollout, step by step: traffic, measurements, the judge, and an alias that is moved as it says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from serinus.canary.measurement import Measurement
from serinus.canary.recording import Opening, look_lines, opening_line
from serinus.canary.trees import mapped
from serinus.release.routing import Routing
from serinus.rollout import Decision
from serinus.simulation.alias import FakeAlias, Version
from serinus.simulation.controller import Controller, Status
from serinus.simulation.meter import Meter, is_within
from serinus.simulation.run import Part, Plan

BASELINE, CANDIDATE = "1", "2"


def fresh_alias() -> FakeAlias:
    return FakeAlias({BASELINE: Version(), CANDIDATE: Version()}, Routing(BASELINE))


@dataclass(frozen=True)
class Moment:
    """What one look saw and came to. decision: none at the very first, and once all is decided; routing: of the alias
    after it; is_pending: it is not where it is to be; alerts: of whoever moves it, besides the decision's"""

    at_s: int
    measurements: tuple[Measurement, ...]
    decision: Decision | None
    routing: Routing
    status: Status
    is_pending: bool
    alerts: tuple[str, ...]


@dataclass
class Drive:
    """A rollout that may be interfered with between two moments: its alias be moved, its controller be replaced."""

    plan: Plan
    meter: Meter
    controller: Controller
    alias: FakeAlias = field(default_factory=fresh_alias)

    @classmethod
    def of(cls, plan: Plan, alias: FakeAlias | None = None) -> "Drive":
        """With the traffic that a plan of one run has."""
        scenario, alias = plan.scenario, alias or fresh_alias()
        service = Part(plan, 0, 1).service()
        policy, labels = scenario.changed(plan.policy), tuple(map(str, range(len(scenario.baseline.answers))))
        references = mapped(lambda array: array[0], service.references)
        opening = Opening(scenario.name, CANDIDATE, BASELINE, 0.0, labels, policy, references)
        controller = Controller.begun(opening, alias, watch_s=plan.watch_h * 3600)
        return cls(plan, Meter.of(service, policy), controller, alias)

    @property
    def opening(self) -> Opening:
        return self.controller.opening

    def moments(self) -> Iterator[Moment]:
        """As long as a plan's runs last, and until the traffic is back, or that is given up."""
        window_s = self.opening.policy.window_s
        moment = self._moment(0, [], None)
        yield moment
        for start_s in count(0, window_s):
            if moment.status != "judging" or (start_s >= self._longest_s and not moment.is_pending):
                return
            self.measure(start_s)
            at_s = start_s + window_s
            if at_s % self.plan.look_s == 0 and not is_within(self.plan.scenario.metrics.blind, at_s):
                moment = self._look(at_s)
                yield moment

    def measure(self, start_s: int) -> None:
        """One window more, with the traffic shared out as the alias has it."""
        self.meter.measure(start_s, np.array([self.alias.routing.share(CANDIDATE)]))

    def told(self, at_s: int) -> list[Measurement]:
        """What is measured by now, and was not told yet."""
        return [mapped(lambda array: array[0], told) for told in self.meter.told(at_s)]

    def _look(self, at_s: int) -> Moment:
        measurements = self.told(at_s)
        decision = self.controller.decide(measurements)
        if decision is not None and decision.is_over:
            self.alias.throttled += self.plan.scenario.stuck_s // self.plan.look_s
        return self._moment(at_s, measurements, decision)

    def _moment(self, at_s: int, measurements: list[Measurement], decision: Decision | None) -> Moment:
        progress = self.controller.carry_out()
        told = (progress.status, progress.is_pending, progress.alerts)
        return Moment(at_s, tuple(measurements), decision, self.alias.routing, *told)

    @property
    def _longest_s(self) -> float:
        policy = self.opening.policy
        bakes_min = sum(step.bake_min for step in policy.steps)
        return bakes_min * policy.deadline * 60 + self.plan.watch_h * 3600


def lines(opening: Opening, moments: Iterable[Moment]) -> Iterator[str]:
    """The recording of it."""
    yield opening_line(opening)
    for moment in moments:
        if moment.decision is not None:
            yield from look_lines(moment.measurements, moment.decision)
