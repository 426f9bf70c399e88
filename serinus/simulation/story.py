"""What is shown of one rollout: what both releases did, what spoke against the candidate, and what was decided when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serinus.canary.measurement import BASELINE, CANDIDATE, Kind, Window, measured
from serinus.policy import Policy

Numbers = NDArray[np.float64]
BINS_MOST = 240  # more are narrower than a pen's stroke
BINS_S = (60, 300, 900, 3600)
SHORT_S = 600  # a rollout that ends sooner is shown window by window


@dataclass(frozen=True)
class Side:
    """What one release did, [bins] each: requests; errors; warm: answers that could be slow, slow: those that were"""

    requests: Numbers
    errors: Numbers
    warm: Numbers
    slow: Numbers


@dataclass(frozen=True)
class Trigger:
    """Against the candidate, in powers of ten (golden rows: failures in a row; naive triggers: as they come), at each
    look. limit: from where on it is rolled back; enough: from where on if it also is bad by itself; uneasy: from where
    on it is not promoted. NaN: there is none"""

    mode: str
    value: Numbers
    limit: Numbers
    enough: float
    uneasy: float


@dataclass(frozen=True)
class Look:
    """weight: from then on; alerts: by the names of `serinus.canary.alerts.Alert`"""

    at_min: float
    verdict: str
    reason: str
    weight: float
    alerts: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """All times are minutes since the rollout began. bins_min: the middles of the bins that both sides are counted in,
    bin_min: how much of each was measured; first_weight: before the first look; steps_min: when a step ended"""

    title: str
    candidate_name: str
    baseline_name: str
    first_weight: float
    bins_min: Numbers
    bin_min: Numbers
    candidate: Side
    baseline: Side
    triggers: Mapping[str, Trigger]
    looks: tuple[Look, ...]
    steps_min: tuple[float, ...]
    policy: Mapping[str, Any]

    @property
    def end_min(self) -> float:
        return self.looks[-1].at_min

    @property
    def decisions(self) -> tuple[Look, ...]:
        """The looks after which something was done: all that are not HOLD, and those that raised the weight."""
        weights = (self.first_weight, *(look.weight for look in self.looks))
        moved = (after != before for before, after in pairwise(weights))
        return tuple(look for look, has in zip(self.looks, moved, strict=True) if look.verdict != "HOLD" or has)

    @property
    def last(self) -> Look:
        """The look that tells how it ended."""
        return next((look for look in reversed(self.looks) if look.verdict != "HOLD"), self.looks[-1])

    @property
    def is_over(self) -> bool:
        return self.last.verdict in ("PROMOTE", "ROLLBACK", "ABORT")

    @property
    def alerts(self) -> tuple[tuple[float, str], ...]:
        return tuple((look.at_min, alert) for look in self.looks for alert in look.alerts)


def story_of(recording: Iterable[Mapping[str, Any]]) -> Story:
    """The story that the lines of a recording tell. ValueError: no look is in it."""
    lines = list(recording)
    head = next(line for line in lines if line["kind"] == "rollout")
    policy, begun_at_s = Policy.model_validate(head["policy"]), head["begun_at_s"]
    windows, until_s = _windows(lines, begun_at_s)
    looks, evidence = _looks(lines, begun_at_s)
    if not looks:
        raise ValueError("expected a recording with at least one decision, got none")
    bin_s = _bin_s(until_s - begun_at_s, policy.window_s)
    starts_s = np.arange(begun_at_s, max(until_s, begun_at_s + 1), bin_s)
    measured_s = np.clip(until_s - starts_s, 1, bin_s)
    return Story(
        title=f"{head['service']}: {head['candidate']} beside {head['baseline']}",
        candidate_name=str(head["candidate"]),
        baseline_name=str(head["baseline"]),
        first_weight=policy.steps[0].weight,
        bins_min=(starts_s - begun_at_s + measured_s / 2) / 60,
        bin_min=measured_s / 60,
        candidate=_side(windows, CANDIDATE, starts_s, bin_s),
        baseline=_side(windows, BASELINE, starts_s, bin_s),
        triggers={name: _trigger(policy, name, [told[name] for told in evidence]) for name in evidence[0]},
        looks=tuple(looks),
        steps_min=tuple(look.at_min for look in looks if look.verdict in ("ADVANCE", "PROMOTE")),
        policy=head["policy"],
    )


def _windows(lines: Iterable[Mapping[str, Any]], begun_at_s: float) -> tuple[list[Window], float]:
    """Each window once, and the time up to which both sides are complete."""
    windows: dict[int, Window] = {}
    until_s = begun_at_s
    for measurement in (measured(line) for line in lines if line["kind"] == "measurement"):
        for window in measurement.windows:
            known = windows.get(window.start_s)
            windows[window.start_s] = window if known is None else known.joined(window)
        until_s = max(until_s, min(measurement.complete_until_s))
    return [windows[start_s] for start_s in sorted(windows) if begun_at_s <= start_s < until_s], until_s


def _looks(lines: Iterable[Mapping[str, Any]], begun_at_s: float) -> tuple[list[Look], list[Mapping[str, Any]]]:
    """A decision was made when the last measurement before it was read."""
    looks, evidence, at_s = [], [], begun_at_s
    for line in lines:
        if line["kind"] == "measurement":
            at_s = max(at_s, line["read_at_s"])
        if line["kind"] == "decision":
            at_min = (at_s - begun_at_s) / 60
            looks.append(Look(at_min, line["verdict"], line["reason"], line["weight"], tuple(line["alerts"])))
            evidence.append(line["evidence"])
    return looks, evidence


def _bin_s(seconds: float, window_s: int) -> int:
    if seconds <= SHORT_S:
        return window_s
    return next((bin_s for bin_s in BINS_S if seconds / bin_s <= BINS_MOST), BINS_S[-1])


def _side(windows: Iterable[Window], side: int, starts_s: Numbers, bin_s: int) -> Side:
    kinds = (Kind.REQUESTS, Kind.ERRORS, Kind.WARM, Kind.SLOW)
    sums = np.zeros((len(kinds), len(starts_s)))
    for window in windows:
        sums[:, int((window.start_s - starts_s[0]) // bin_s)] += window.counts[side, list(kinds)]
    return Side(*sums)


def _trigger(policy: Policy, name: str, told: Iterable[tuple[Any, Any]]) -> Trigger:
    mode = str(getattr(policy, name).mode)
    value, limit = np.array([[_number(value), _number(limit)] for value, limit in told]).T
    judges = mode == "sequential"
    has_uneasy = judges and (name in ("errors", "latency") or policy.drift.disagreement is not None)
    uneasy = 1.0 if judges and name == "health" else float(np.log10(policy.uneasy)) if has_uneasy else np.nan
    enough = float(np.log10(policy.attributed)) if judges and name == "errors" else np.nan
    return Trigger(mode, value, limit, enough, uneasy)


def _number(told: Any) -> float:
    """What JSON does not have comes as a word, or as nothing."""
    return np.inf if told is None else float(told)
