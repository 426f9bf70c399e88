"""How measurements become what the judge knows.

They are put together by window, and each window is judged once, in the order of time, as soon as both releases have
told all of it. So the state depends on what was measured, and not on when or in which portions it was read.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from serinus.canary.limits import limits
from serinus.canary.measurement import BASELINE, CANDIDATE, KINDS, Check, Floats, Ints, Kind, Measurement
from serinus.canary.state import COINS, Evidence, State, anew, error_rates
from serinus.canary.trees import chosen
from serinus.errors import ReleaseError
from serinus.evidence import EITHER_WAY, SPREAD, coin, labels_coin, trials
from serinus.policy import Policy

MINUTE_S = 60
SAME_WEIGHT = 1e-9
REMEMBERED_S = 300  # how long a window that was judged is kept, to tell one that is told again from one told too late
SPOILT = 10_000.0  # the e-value of a wrong sample ratio that spoils all evidence of the step
MOST_UNEVEN = 3.0  # standard deviations of the candidate's share of the requests


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
    return judged if policy.is_naive else _shared_out(judged)  # the plain thresholds know no guard


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
        evidence=chosen(mended, anew(state), state.evidence),
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
