"""What the judge remembers of a rollout between two looks, and how measurements become it.

Measurements are put together by window, and each window is judged once, in the order of time, as soon as both releases
have told all of it. So the state depends on what was measured and not on when or in which portions it was read.
All arrays have the same leading axes: none for a rollout, one for many simulated ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from serinus.canary.limits import limits
from serinus.canary.measurement import BASELINE, CANDIDATE, KINDS, Check, Floats, Ints, Kind, Measurement, Window
from serinus.canary.trees import chosen
from serinus.errors import ReleaseError
from serinus.evidence import EITHER_WAY, LABEL_RATIOS, SPREAD, Growing, coin, labels_coin, trials
from serinus.policy import Policy

MINUTE_S = 60
SAME_WEIGHT = 1e-9
RECENT_MIN = 5  # what the original systems' thresholds look at
REMEMBERED_S = 300  # how long a window that was judged is kept, to tell one that is told again from one told too late
SPOILT = 10_000.0  # the e-value of a wrong sample ratio that spoils all evidence of the step
MOST_UNEVEN = 3.0  # standard deviations of the candidate's share of the requests
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


def absorbed(policy: Policy, state: State, measurements: Sequence[Measurement]) -> State:
    """The state after `measurements`, in whatever order, repeated or not."""
    state = _gathered(policy, state, measurements)
    for start_s in range(int(state.until_s), int(min(state.complete_s)) - policy.window_s + 1, policy.window_s):
        state = _judged(policy, state, start_s)
    forgotten = state.until_s - REMEMBERED_S
    kept = {start_s: window for start_s, window in sorted(state.windows.items()) if start_s >= forgotten}
    state = replace(state, windows=kept)
    checks = (check for one in measurements for check in one.checks if check.at_s <= state.read_at_s)
    for check in sorted(checks, key=lambda check: check.at_s):
        state = _checked(policy, state, check)
    return state


def _gathered(policy: Policy, state: State, measurements: Sequence[Measurement]) -> State:
    windows, late = dict(state.windows), 0
    for window in (window for measurement in measurements for window in measurement.windows):
        if window.start_s % policy.window_s:
            raise ReleaseError(f"a window starts at {window.start_s}, expected a multiple of {policy.window_s} s")
        known = windows.get(window.start_s)
        joined = window if known is None else known.joined(window)
        if window.start_s >= state.until_s:
            windows[window.start_s] = joined
        elif window.start_s >= state.until_s - REMEMBERED_S and (known is None or not joined.same(known)):
            late += window.start_s >= state.begun_s
    told = (np.minimum(one.complete_until_s, one.read_at_s) for one in measurements)  # nothing is before it was read
    complete = np.max([state.complete_s, *told], axis=0)
    read_at_s = float(max([state.read_at_s, *(measurement.read_at_s for measurement in measurements)]))
    return replace(
        state, windows=windows, late=late, complete_s=(float(complete[0]), float(complete[1])), read_at_s=read_at_s
    )


def _judged(policy: Policy, state: State, start_s: int) -> State:
    """After the window that starts at `start_s`, of which all is told."""
    evidence, recent, elsewhere = state.evidence, state.recent, state.elsewhere
    if start_s % MINUTE_S == 0:
        recent = (*recent[1:], np.zeros_like(recent[-1]))
        evidence = _another_minute(evidence, 1 / limits(policy).minutes[state.step])
    window = state.windows.get(start_s)
    if window is not None:
        since = start_s >= state.shifted_s
        elsewhere = since & (np.abs(window.weight - state.weight) > SAME_WEIGHT)
        counted = since & (np.abs(window.weight - state.weight) <= SAME_WEIGHT)
        counts = np.where(counted[..., None, None], window.counts, 0)
        counts[..., Kind.STARTED] = window.counts[..., Kind.STARTED]  # most start in the very window of the change
        recent = (*recent[:-1], recent[-1] + counts)
        evidence = _more(policy, state, evidence, counts)
    judged = replace(
        state, evidence=evidence, recent=recent, elsewhere=elsewhere, until_s=float(start_s + policy.window_s)
    )
    return _shared_out(judged)


def _shared_out(state: State) -> State:
    """After a look at how the requests are shared out. Not as set, they spoil the evidence of the step, which begins
    anew once those of the last minutes are; the deadline of the step stays."""
    broken = state.broken | (state.evidence.sides.log_e >= np.log(SPOILT))
    if not np.any(broken):
        return state
    requests = np.sum([minute[..., Kind.REQUESTS] for minute in state.recent], axis=0)
    both, spread = requests.sum(axis=-1), np.sqrt(state.weight * (1 - state.weight))
    is_even = np.abs(requests[..., CANDIDATE] - both * state.weight) <= MOST_UNEVEN * spread * np.sqrt(both) + 1
    mended = broken & is_even
    return replace(
        state,
        since_s=np.where(mended, state.until_s, state.since_s),
        broken=broken & ~mended,
        evidence=chosen(mended, _anew(state), state.evidence),
    )


def _another_minute(evidence: Evidence, share: Floats) -> Evidence:
    return replace(
        evidence,
        alone=evidence.alone.begun(share[..., None]),
        relative=evidence.relative.begun(share[..., None]),
        sides=evidence.sides.begun(share),
    )


def _more(policy: Policy, state: State, evidence: Evidence, counts: Ints) -> Evidence:
    """After one more window's counts [..., 2, F], which came while the weight was the state's."""
    candidate, baseline, weight = counts[..., CANDIDATE, :], counts[..., BASELINE, :], state.weight
    tolerated, limit = error_rates(policy, state.references)
    ran = counts[..., Kind.REQUESTS] - counts[..., Kind.REFUSED]
    alone = trials(counts[..., Kind.ERRORS], ran, tolerated[..., None], np.asarray(limit)[..., None, None])
    nulls = np.array([policy.errors.ratio, policy.latency.ratio, policy.latency.tail_ratio])
    relative = coin(candidate[..., COINS], baseline[..., COINS], weight[..., None], nulls[:, None] * SPREAD, nulls)
    labels = labels_coin(candidate[..., KINDS:], baseline[..., KINDS:], weight)
    sides = coin(candidate[..., Kind.REQUESTS], baseline[..., Kind.REQUESTS], weight, EITHER_WAY)
    return Evidence(
        evidence.alone.seen(alone),
        evidence.relative.seen(relative),
        evidence.labels + labels,
        evidence.pairs + _pairs(policy, candidate),
        evidence.sides.seen(sides),
        evidence.totals + counts,
    )


def error_rates(policy: Policy, references: References) -> tuple[Floats, Floats]:
    """The error rate that is tolerated, and the one that is too much: more where the running release fails more."""
    tolerated = np.minimum(np.fmax(policy.errors.tolerated, references.error_rate), MOST_TOLERATED)
    return tolerated, np.minimum(np.maximum(policy.errors.limit, 3 * tolerated), (1 + tolerated) / 2)


def _pairs(policy: Policy, candidate: Ints) -> Floats:
    tolerated = policy.drift.disagreement
    if tolerated is None:
        return np.zeros(len(SPREAD))
    alternatives = np.minimum(tolerated * np.array(SPREAD), (1 + tolerated) / 2)
    return trials(candidate[..., Kind.DISAGREEMENTS], candidate[..., Kind.PAIRS], tolerated, alternatives)


def _checked(policy: Policy, state: State, check: Check) -> State:
    """After golden rows were replayed. Once wrong too often in a row, and only on the candidate, it is too late."""
    is_new = check.made & (check.at_s > state.checked_s)
    counted = is_new & (state.failures_alone < policy.health.failures)
    rows = (
        (state.failures, check.failed),
        (state.failures_alone, check.failed & ~check.others_failed),
        (state.others_failures, check.others_failed),
    )
    failures, alone, others = (np.where(counted, np.where(failed, times + 1, 0), times) for times, failed in rows)
    return replace(
        state,
        failures=failures,
        failures_alone=alone,
        others_failures=others,
        checked=state.checked | (is_new & ~check.failed & (check.at_s >= state.since_s)),
        checked_s=np.where(is_new, float(check.at_s), state.checked_s),
    )


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
        evidence=chosen(fresh, _anew(state), state.evidence) if np.any(fresh) else state.evidence,
    )


def _anew(state: State) -> Evidence:
    """None; but the environments that started are still there."""
    anew = Evidence.fresh(state.step.shape, state.evidence.totals.shape[-1] - KINDS)
    anew.totals[..., Kind.STARTED] = state.evidence.totals[..., Kind.STARTED]
    return anew
