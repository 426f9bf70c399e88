"""What a policy makes of the scenarios, one row each, and whether that is what must come out."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from math import sqrt
from typing import Any

import numpy as np

from serinus.canary.alerts import Alert
from serinus.canary.decision import Verdict
from serinus.sections import Section
from serinus.simulation.run import Outcomes, Plan, together
from serinus.simulation.scenario import catalogue

BANDS = "bands.toml"
RUNS_OF_BANDS = 400
SELDOM, MOSTLY = 1.0, 90.0  # %, where no band says more


class Band(Section):
    """Shares of the runs in %, and medians; None: whatever comes."""

    promoted_least: float | None = None
    promoted_most: float | None = None
    rolled_back_least: float | None = None
    rolled_back_most: float | None = None
    in_first_step_least: float | None = None
    minutes_most: float | None = None
    spoilt_most: float | None = None


EXPECTED = {
    "promote": Band(promoted_least=MOSTLY, rolled_back_most=SELDOM),
    "rollback": Band(rolled_back_least=MOSTLY, promoted_most=SELDOM),
    "hold": Band(rolled_back_most=SELDOM, promoted_most=SELDOM),
    "not promoted": Band(promoted_most=SELDOM),
    "not rolled back": Band(rolled_back_most=SELDOM),
    "anything": Band(),
}


@dataclass(frozen=True)
class Row:
    """verdicts: runs by verdict, hold: undecided to the end; in_first_step: runs that were rolled back there; minutes,
    spoilt: medians over the runs with the verdict that most have; alerts: runs by alert; taken_back: runs that were
    promoted first; wrong: in words, what must not be so"""

    scenario: str
    rate_per_min: float
    runs: int
    mode: str
    verdicts: dict[str, int]
    in_first_step: int
    minutes: float | None
    spoilt: float | None
    alerts: dict[str, int]
    alerted: int
    taken_back: int
    wrong: tuple[str, ...] = ()

    def share(self, verdict: str) -> float:
        """In %."""
        return 100 * self.verdicts[verdict] / self.runs

    def to_dict(self) -> dict[str, Any]:
        return {
            "scenario": self.scenario,
            "rate_per_min": self.rate_per_min,
            "runs": self.runs,
            "mode": self.mode,
            "verdicts": self.verdicts,
            "rolled_back_in_first_step": self.in_first_step,
            "median_minutes": self.minutes,
            "median_bad_answers": self.spoilt,
            "alerts": self.alerted,
            "alerts_by_name": self.alerts,
            "taken_back_after_promotion": self.taken_back,
            "wrong": list(self.wrong),
        }


def rows(plans: Sequence[Plan]) -> list[Row]:
    """What comes of plans that differ in nothing but the traffic."""
    return [_row(plan, came) for plan, came in zip(plans, together(plans), strict=True)]


def _row(plan: Plan, came: Outcomes) -> Row:
    """With what of it must not be so if the policy is the default one."""
    verdicts = {
        name.lower(): int(np.sum(came.verdict == Verdict[name])) for name in ("PROMOTE", "ROLLBACK", "HOLD", "ABORT")
    }
    most = came.verdict == Verdict[max(verdicts, key=lambda name: verdicts[name]).upper()]
    naive = plan.policy.is_naive
    told = {alert.name.lower(): int(np.sum((came.alerts & alert) > 0)) for alert in Alert if alert.name}
    found = Row(
        scenario=plan.scenario.name,
        rate_per_min=plan.rate_per_min,
        runs=plan.runs,
        mode="naive" if naive else "sequential",
        verdicts=verdicts,
        in_first_step=int(np.sum((came.verdict == Verdict.ROLLBACK) & (came.step == 0))),
        minutes=_median(came.minutes[most]),
        spoilt=_median(came.bad[most]),
        alerts={name: runs for name, runs in told.items() if runs},
        alerted=int(np.sum(came.alerts > 0)),
        taken_back=int(np.sum(came.taken_back)),
    )
    return found if naive else replace(found, wrong=tuple(_wrong(found, _band(plan))))


def _median(values: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    there = values[~np.isnan(values)]
    return round(float(np.median(there)), 2) if len(there) else None


def _wrong(found: Row, band: Band) -> Iterator[str]:
    promoted, rolled_back = found.share("promote"), found.share("rollback")
    in_first_step = 100 * found.in_first_step / found.runs
    for what, share, least in (
        ("promoted", promoted, band.promoted_least),
        ("rolled back", rolled_back, band.rolled_back_least),
        ("rolled back in the first step", in_first_step, band.in_first_step_least),
    ):
        if least is not None and share < least - _slack(least, found.runs):
            yield f"{what} {share:.1f} %, expected {least:g} % or more"
    for what, share, most in (
        ("promoted", promoted, band.promoted_most),
        ("rolled back", rolled_back, band.rolled_back_most),
    ):
        if most is not None and share > most + _slack(most, found.runs):
            yield f"{what} {share:.1f} %, expected {most:g} % at most"
    longer = 1 + max(0.0, 1 / sqrt(found.runs) - 1 / sqrt(RUNS_OF_BANDS))
    for what, median, most in (
        ("minutes", found.minutes, band.minutes_most),
        ("spoilt answers", found.spoilt, band.spoilt_most),
    ):
        if most is not None and median is not None and median > most * longer:
            yield f"{median:g} {what}, expected {most:g} at most"


def _band(plan: Plan) -> Band:
    """Of the catalogue's scenarios, and not of one's own that is called the same: of that is known what it expects."""
    scenario = plan.scenario
    is_known = catalogue().get(scenario.name) == scenario
    bands = _bands().get(scenario.name, {}) if is_known else {}
    return bands.get(f"{plan.rate_per_min:g}", EXPECTED[scenario.expect])


def _slack(share: float, runs: int) -> float:
    """What chance does to a share in % when there are fewer runs than the bands allow for: three standard errors."""
    spread = sqrt(max(share, SELDOM) * max(100 - share, SELDOM))
    return 3 * spread * max(0.0, 1 / sqrt(runs) - 1 / sqrt(RUNS_OF_BANDS))


@cache
def _bands() -> dict[str, dict[str, Band]]:
    told = tomllib.loads(resources.files(__package__).joinpath(BANDS).read_text())
    return {name: {rate: Band(**band) for rate, band in bands.items()} for name, bands in told.items()}
