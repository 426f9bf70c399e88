"""What each of the four triggers makes of the evidence of a step. Everything is an array [...], one entry a rollout."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from serinus.canary.limits import limits
from serinus.canary.measurement import BASELINE, CANDIDATE, KINDS, Floats, Ints, Kind
from serinus.canary.state import State, error_rates
from serinus.evidence import binomial_cdf, divergence, labels_log_e, log_mean
from serinus.policy import Policy
from serinus.samples import least_answers

Flags = NDArray[np.bool_]
THROTTLE, THROTTLED = (Kind.THROTTLED, Kind.REQUESTS), 0.01
STALE = 10  # times as long ago as golden rows are replayed
LEAST_SLOW = 0.05  # the share of slow answers that is always all right: the threshold is the 95th percentile


@dataclass(frozen=True)
class Finding:
    """guilty: the candidate is worse than the baseline, beyond doubt; proven: it is shown to be all right; uneasy: too
    much speaks against it to promote it; shared: something is wrong, but not, or not only, with the candidate

    e: the logarithm of the e-value against it, and the least that makes it guilty
    """

    guilty: Flags
    proven: Flags
    uneasy: Flags
    shared: Flags
    e: Floats
    limit: Floats


@dataclass(frozen=True)
class Findings:
    """failing: the candidate fails too much, whatever the baseline does; throttled: the account's limits keep requests
    from both; sides: the logarithm of the e-value against the requests being shared out by the weight"""

    errors: Finding
    latency: Finding
    drift: Finding
    health: Finding
    failing: Flags
    throttled: Flags
    sides: Floats


def errors(policy: Policy, state: State, asked: Flags) -> Finding:
    """Guilty: it fails much more than the baseline; or it fails too much, and more than the baseline at the same time.

    Wald's test and the exact bound prove; asked: where the bound is, which costs.
    """
    evidence, needed = state.evidence, limits(policy)
    alone, relative = evidence.alone.log_e, evidence.relative.log_e[..., 0]
    fails, others_fail = np.moveaxis(alone >= needed.alone[state.step][..., None], -1, 0)
    uneasy, by_itself = np.log(policy.uneasy), relative >= np.log(policy.attributed)
    candidate = evidence.totals[..., CANDIDATE, :]
    ran = candidate[..., Kind.REQUESTS] - candidate[..., Kind.REFUSED]
    passed = evidence.alone.whole[..., CANDIDATE, 0] <= np.log(policy.beta)
    _, limit = error_rates(policy, state.references)
    return Finding(
        guilty=(relative >= needed.relative[state.step]) | (fails & by_itself),
        proven=passed | _bounded(policy, candidate[..., Kind.ERRORS], ran, limit, asked & ~passed),
        uneasy=(alone[..., CANDIDATE] >= uneasy) | (relative >= uneasy),
        shared=fails & others_fail & ~by_itself,
        e=relative,
        limit=needed.relative[state.step],
    )


def latency(policy: Policy, state: State, asked: Flags) -> Finding:
    """Guilty: many more of its warm answers are slow, or very slow, than of the baseline's; and it ran in enough
    different environments that it is not one slow machine (which is `shared`)."""
    candidate, baseline = (state.evidence.totals[..., side, :] for side in (CANDIDATE, BASELINE))
    slow, very_slow = (state.evidence.relative.log_e[..., place] for place in (1, 2))
    matters = candidate[..., Kind.VERY_SLOW] >= policy.latency.tail_share * candidate[..., Kind.WARM]
    slow = np.where(matters, np.maximum(slow, very_slow), slow)
    share = baseline[..., Kind.SLOW] / np.maximum(baseline[..., Kind.WARM], policy.requests)  # of few it says little
    limit = np.minimum(policy.latency.proven_below * np.maximum(LEAST_SLOW, share), 0.99)
    is_slow = slow >= limits(policy).slow[state.step]
    enough = candidate[..., Kind.STARTED] >= policy.latency.environments
    return Finding(
        guilty=is_slow & enough,
        proven=_bounded(policy, candidate[..., Kind.SLOW], candidate[..., Kind.WARM], limit, asked),
        uneasy=slow >= np.log(policy.uneasy),
        shared=is_slow & ~enough,
        e=slow,
        limit=limits(policy).slow[state.step],
    )


def drift(policy: Policy, state: State, asked: Flags) -> Finding:
    """Guilty: its answers differ from the baseline's, certainly and by much, while the baseline's are as ever; or it
    differs too often on the same inputs. Shared: the baseline's own answers moved."""
    has_labels = state.evidence.labels.shape[-2] > 1
    answers = _answers(policy, state) if has_labels else off(policy, state, asked)
    if policy.drift.disagreement is None:
        return answers
    paired, needed = log_mean(state.evidence.pairs), limits(policy).pairs[state.step]
    pairs = state.evidence.totals[..., CANDIDATE, Kind.PAIRS]
    return replace(
        answers,
        guilty=answers.guilty | (paired >= needed),
        proven=answers.proven & (pairs >= policy.drift.least),
        uneasy=paired >= np.log(policy.uneasy),
        e=np.maximum(answers.e, paired),
        limit=needed,
    )


def _answers(policy: Policy, state: State) -> Finding:
    labels, needed = state.evidence.totals[..., KINDS:], limits(policy).labels[state.step]
    candidate, baseline = labels[..., CANDIDATE, :], labels[..., BASELINE, :]
    size, certain = divergence(candidate, baseline), labels_log_e(state.evidence.labels)
    enough = _enough(policy, candidate, baseline)
    moved = _moved(policy, baseline, state.references.answers)
    return Finding(
        guilty=enough & (certain >= needed) & (size > policy.drift.limit) & ~moved,
        proven=enough & (size < policy.drift.passed_below),
        uneasy=np.zeros_like(moved),
        shared=moved,
        e=certain,
        limit=needed,
    )


def health(policy: Policy, state: State, asked: Flags) -> Finding:
    """Guilty: its golden rows were wrong several times in a row while the baseline's were right. Proven: they were
    right in this step, and not long ago."""
    failures, age_s = state.failures.astype(float), state.read_at_s - state.checked_s
    guilty = state.failures_alone >= policy.health.failures
    return Finding(
        guilty=guilty,
        proven=state.checked & (state.failures == 0) & (age_s <= STALE * policy.health.every_s),
        uneasy=state.failures > 0,
        shared=(state.failures >= policy.health.failures) & ~guilty,
        e=failures,
        limit=np.full_like(failures, policy.health.failures),
    )


def off(policy: Policy, state: State, asked: Flags) -> Finding:
    """Of a trigger that is not judged."""
    nothing, zero = np.zeros(state.step.shape, np.bool_), np.zeros(state.step.shape)
    return Finding(nothing, ~nothing, nothing, nothing, zero, zero + np.inf)


def failing(policy: Policy, state: State) -> Flags:
    """Whether the candidate fails too much, whatever the baseline does."""
    flags: Flags = state.evidence.alone.log_e[..., CANDIDATE] >= limits(policy).alone[state.step]
    return flags


def throttled(state: State) -> Flags:
    """Whether, in the last minutes, the limits of the account kept requests from both releases."""
    kept_away, asked = (np.sum([minute[..., kind] for minute in state.recent], axis=(0, -1)) for kind in THROTTLE)
    flags: Flags = kept_away > THROTTLED * (kept_away + asked)
    return flags


SEQUENTIAL = {"errors": errors, "latency": latency, "drift": drift, "health": health}
OFF = dict.fromkeys(SEQUENTIAL, off)


def _bounded(policy: Policy, events: Ints, of: Ints, limit: Floats, asked: Flags) -> Flags:
    """Whether the rate's exact upper bound is below `limit`, which is so if P(X <= events | limit) is small."""
    below = np.zeros_like(asked)
    if np.any(asked):
        some = np.asarray(events)[asked], np.asarray(of)[asked], np.asarray(limit)[asked]
        below[asked] = binomial_cdf(*some) < 1 - policy.confidence
    return below


def _enough(policy: Policy, candidate: Ints, baseline: Ints) -> Flags:
    """Whether chance alone no longer looks like a drift beyond the limit."""
    n, m = candidate.sum(-1), baseline.sum(-1)
    least = least_answers(candidate.shape[-1], policy.drift.limit)
    return (np.minimum(n, m) >= policy.drift.least) & (n * m >= least * (n + m))


def _moved(policy: Policy, baseline: Ints, reference: Ints) -> Flags:
    enough = (baseline.sum(-1) >= policy.drift.least) & (reference.sum(-1) >= policy.drift.least)
    return enough & (divergence(baseline, reference) > policy.drift.limit)
