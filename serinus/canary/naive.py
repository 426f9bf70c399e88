"""The plain thresholds of the original systems, to compare with: each looks at the last five minutes, and no further.

They answer at any number of requests, take what chance does for a fault, and promote on silence.
"""

import numpy as np

from serinus.canary.findings import Finding, Flags
from serinus.canary.measurement import BASELINE, CANDIDATE, KINDS, Floats, Ints, Kind
from serinus.canary.state import RECENT_MIN, State
from serinus.policy import Policy

TINY = 1e-10  # what empty bins are filled with


def errors(policy: Policy, state: State, asked: Flags) -> Finding:
    """More than the limit, 5 %, of the requests of five minutes failed."""
    counts = _recent(state)[..., CANDIDATE, :]
    return _finding(state, counts[..., Kind.ERRORS] / np.maximum(counts[..., Kind.REQUESTS], 1), policy.errors.limit)


def latency(policy: Policy, state: State, asked: Flags) -> Finding:
    """Requests took more than twice as long as the baseline's, in the mean of five minutes, cold starts included."""
    recent = _recent(state)
    mean = recent[..., Kind.DURATION_MS] / np.maximum(recent[..., Kind.REQUESTS], 1)
    candidate, baseline = mean[..., CANDIDATE], mean[..., BASELINE]
    return _finding(state, np.where(baseline > 0, candidate / np.maximum(baseline, TINY), 0), policy.latency.limit)


def drift(policy: Policy, state: State, asked: Flags) -> Finding:
    """KL(candidate || baseline) of the answers of five minutes, as it comes."""
    candidate, baseline = (_recent(state)[..., side, KINDS:] + TINY for side in (CANDIDATE, BASELINE))
    p, q = (one / one.sum(-1, keepdims=True) for one in (candidate, baseline))
    both = (candidate.sum(-1) > 1) & (baseline.sum(-1) > 1)
    return _finding(state, np.where(both, np.sum(p * np.log(p / q), axis=-1), 0), policy.drift.limit)


def health(policy: Policy, state: State, asked: Flags) -> Finding:
    """Three failures in a row, whatever the baseline does."""
    return _finding(state, state.failures.astype(float), policy.health.failures - 0.5)


NAIVE = {"errors": errors, "latency": latency, "drift": drift, "health": health}


def _recent(state: State) -> Ints:
    recent: Ints = np.sum(state.recent[:-1], axis=0)
    return np.where((state.until_s - state.since_s >= RECENT_MIN * 60)[..., None, None], recent, 0)


def _finding(state: State, value: Floats, limit: float) -> Finding:
    nothing = np.zeros(state.step.shape, np.bool_)
    return Finding(value > limit, ~nothing, nothing, nothing, value, np.full_like(value, limit))
