"""What the judge remembers of a rollout between two looks.

All arrays have the same leading axes: none for a rollout, one for many simulated ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from serinus.canary.measurement import KINDS, Floats, Ints, Kind, Window
from serinus.canary.trees import chosen
from serinus.evidence import EITHER_WAY, LABEL_RATIOS, SPREAD, Growing
from serinus.policy import Policy

RECENT_MIN = 5  # what the original systems' thresholds look at
MOST_TOLERATED = 0.99  # of errors: a release that fails always can be replaced too
COINS = (Kind.ERRORS, Kind.SLOW, Kind.VERY_SLOW)


@dataclass(frozen=True)
class References:
    """What was known before the rollout began, and is not changed by it.

    error_rate: of the running release, over its last 3,000 requests or more, [...]; NaN: unknown
    answers: how often it, or its bundle's sample, gave each label or bin, [..., K]; none of any: unknown
    """

    error_rate: Floats
    answers: Ints


@dataclass(frozen=True)
class Evidence:
    """Of one step. alone: each side's errors against fixed rates, [..., 2, 1]; relative: the candidate's errors, slow
    and very slow answers against the baseline's, [..., 3, J]; labels: its answers against the baseline's, [..., K, J];
    pairs: answers to the same inputs, [..., J]; sides: its share of the requests against its weight, [..., J]; totals:
    counts [..., 2, F]"""

    alone: Growing
    relative: Growing
    labels: Floats
    pairs: Floats
    sides: Growing
    totals: Ints

    @classmethod
    def fresh(cls, shape: tuple[int, ...], labels: int) -> "Evidence":
        return cls(
            Growing.fresh(*shape, 2, 1),
            Growing.fresh(*shape, len(COINS), len(SPREAD)),
            np.zeros((*shape, labels, len(LABEL_RATIOS))),
            np.zeros((*shape, len(SPREAD))),
            Growing.fresh(*shape, len(EITHER_WAY)),
            np.zeros((*shape, 2, KINDS + labels), np.int64),
        )


@dataclass(frozen=True)
class State:
    """begun_s: of the rollout; step: its place in the policy, as many as there are steps once the candidate has all
    traffic; weight: the share it has; entered_s: when it got there; since_s: when its evidence begins; shifted_s: when
    the weight changed last; raised: how often the step's weight was raised; until_s: up to when was judged; complete_s:
    up to when each side's counts are complete; read_at_s: the time of the last look

    recent: counts of the last whole minutes and the running one, each [..., 2, F]; failures: of golden rows, in a row,
    failures_alone: while the baseline's were right, others_failures: of the baseline's; checked: they were right once
    in this step; checked_s: when they were replayed last; broken: the share of requests was not the weight; elsewhere:
    the alias was not at this weight in the window that was judged last; told: the alerts of this step, as bits
    windows: by start; those not judged yet, and the last that were; late: those that changed, in the last look, after
    they were judged
    """

    references: References
    begun_s: float
    step: Ints
    weight: Floats
    entered_s: Floats
    since_s: Floats
    shifted_s: Floats
    raised: Ints
    until_s: float
    complete_s: tuple[float, float]
    read_at_s: float
    evidence: Evidence
    recent: tuple[Ints, ...]
    failures: Ints
    failures_alone: Ints
    others_failures: Ints
    checked: NDArray[np.bool_]
    checked_s: Floats
    broken: NDArray[np.bool_]
    elsewhere: NDArray[np.bool_]
    told: Ints
    windows: Mapping[int, Window] = field(default_factory=dict)
    late: int = 0


def begun(policy: Policy, references: References, at_s: float, labels: int, shape: tuple[int, ...] = ()) -> State:
    """The state of a rollout whose first step begins at `at_s`. labels: how many the service has, or bins of values."""
    start = float(at_s - at_s % policy.window_s)
    return State(
        references=references,
        begun_s=start,
        step=np.zeros(shape, np.int64),
        weight=np.full(shape, policy.steps[0].weight),
        entered_s=np.full(shape, at_s, np.float64),
        since_s=np.full(shape, at_s, np.float64),
        shifted_s=np.full(shape, at_s, np.float64),
        raised=np.zeros(shape, np.int64),
        until_s=start,
        complete_s=(start, start),
        read_at_s=float(at_s),
        evidence=Evidence.fresh(shape, labels),
        recent=(np.zeros((*shape, 2, KINDS + labels), np.int64),) * (RECENT_MIN + 1),
        failures=np.zeros(shape, np.int64),
        failures_alone=np.zeros(shape, np.int64),
        others_failures=np.zeros(shape, np.int64),
        checked=np.zeros(shape, np.bool_),
        checked_s=np.full(shape, -np.inf),
        broken=np.zeros(shape, np.bool_),
        elsewhere=np.zeros(shape, np.bool_),
        told=np.zeros(shape, np.int64),
    )


def error_rates(policy: Policy, references: References) -> tuple[Floats, Floats]:
    """The error rate that is tolerated, and the one that is too much: more where the running release fails more."""
    tolerated = np.minimum(np.fmax(policy.errors.tolerated, references.error_rate), MOST_TOLERATED)
    return tolerated, np.minimum(np.maximum(policy.errors.limit, 3 * tolerated), (1 + tolerated) / 2)


def moved(state: State, where: NDArray[np.bool_], step: Ints, weight: Floats, raised: Ints) -> State:
    """The state where the candidate gets another share of the traffic now. A new step begins without evidence; the same
    step at another weight goes on with what it has. Environments that started go on too."""
    fresh = where & (step != state.step)
    return replace(
        state,
        step=np.where(where, step, state.step),
        weight=np.where(where, weight, state.weight),
        raised=np.where(where, raised, state.raised),
        entered_s=np.where(fresh, state.read_at_s, state.entered_s),
        since_s=np.where(fresh, state.read_at_s, state.since_s),
        shifted_s=np.where(where, state.read_at_s, state.shifted_s),
        checked=state.checked & ~fresh,
        broken=state.broken & ~fresh,
        told=np.where(fresh, 0, state.told),
        evidence=chosen(fresh, anew(state), state.evidence) if np.any(fresh) else state.evidence,
    )


def anew(state: State) -> Evidence:
    """None; but the environments that started are still there."""
    anew = Evidence.fresh(state.step.shape, state.evidence.totals.shape[-1] - KINDS)
    anew.totals[..., Kind.STARTED] = state.evidence.totals[..., Kind.STARTED]
    return anew
