"""A decision on a rollout, in words and numbers that a tired person understands."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from serinus.canary.alerts import Alert
from serinus.canary.findings import Finding, Findings
from serinus.canary.limits import limits
from serinus.canary.measurement import BASELINE, CANDIDATE, KINDS, Ints, Kind
from serinus.canary.state import State, error_rates
from serinus.evidence import log_mean
from serinus.policy import Mode, Policy


class Verdict(IntEnum):
    """HOLD: go on watching; ADVANCE: to the next step; PROMOTE: all traffic to the candidate; ROLLBACK: it is bad;
    ABORT: it did not prove itself in time. After the last two the running release has all the traffic again."""

    HOLD = 0
    ADVANCE = 1
    PROMOTE = 2
    ROLLBACK = 3
    ABORT = 4


@dataclass(frozen=True)
class Look:
    """What one look found and came to, [...] each. alerts: those not told before, as bits; judged: the state that it
    looked at, with the measurements in it and nothing done yet"""

    found: Findings
    verdict: Ints
    alerts: Ints
    judged: State


@dataclass(frozen=True)
class Decision:
    """weight: the candidate's share of the traffic from now on; evidence: by trigger, against the candidate, and how
    much of it rolls back, in powers of ten (3: chance does this in one of 1,000 healthy rollouts at most; of health:
    failures in a row); check_in_s: when golden rows are to be replayed next; state: to judge what comes next"""

    verdict: Verdict
    reason: str
    weight: float
    alerts: tuple[str, ...]
    evidence: Mapping[str, tuple[float, float]]
    check_in_s: float
    state: State

    @property
    def is_over(self) -> bool:
        return self.verdict in (Verdict.ROLLBACK, Verdict.ABORT)


def decided(policy: Policy, seen: Look, after: State) -> Decision:
    """The decision on one rollout."""
    verdict, found = Verdict(int(seen.verdict)), seen.found
    triggers = {"errors": found.errors, "latency": found.latency, "drift": found.drift, "health": found.health}
    failing = int(after.failures) > 0
    return Decision(
        verdict=verdict,
        reason=_reason(policy, seen, after),
        weight=float(after.weight),
        alerts=tuple(alert.name or "" for alert in Alert if int(seen.alerts) & alert),
        evidence={name: _shown(policy, name, trigger) for name, trigger in triggers.items()},
        check_in_s=policy.health.again_s if failing else _every_s(policy, after),
        state=after,
    )


def _every_s(policy: Policy, state: State) -> float:
    return policy.watch.every_s if int(state.step) == len(policy.steps) else policy.health.every_s


def _shown(policy: Policy, name: str, finding: Finding) -> tuple[float, float]:
    is_log = name != "health" and getattr(policy, name).mode == "sequential"
    scale = np.log(10) if is_log else 1.0
    return float(f"{finding.e / scale:.9g}"), float(f"{finding.limit / scale:.9g}")


def _reason(policy: Policy, seen: Look, after: State) -> str:
    state, found = seen.judged, seen.found
    match Verdict(int(seen.verdict)):
        case Verdict.ROLLBACK:
            return f"{_guilt(policy, state, found)}: rolled back"
        case Verdict.ADVANCE | Verdict.PROMOTE:
            share = limits(policy).weight[int(state.step) + 1]
            return f"{_proof(state)}: {share:.0%} of the traffic next"
        case Verdict.ABORT:
            minutes = (state.read_at_s - float(state.entered_s)) / 60
            return f"not shown to be all right in {minutes:.0f} minutes ({_missing(policy, state, found)}): taken back"
        case _:
            raised = f", with {float(after.weight):.1%} of the traffic" if after.weight > state.weight else ""
            return f"{_missing(policy, state, found)}: hold{raised}"


def _guilt(policy: Policy, state: State, found: Findings) -> str:
    if found.health.guilty:
        beside = "" if state.others_failures else ", and right on the running release"
        return f"golden rows are wrong, {int(state.failures)} times in a row{beside}"
    if state.step == len(policy.steps):
        return _alone(state)
    if found.errors.guilty:
        beyond = (
            "" if found.errors.e >= found.errors.limit else f", beyond doubt more than {_error_limit(policy, state)}"
        )
        odds = _odds(policy.errors.mode, found.errors)
        return f"{_rates(state, 'fails', Kind.ERRORS, Kind.REQUESTS)}{beyond}; {odds}"
    if found.latency.guilty:
        return f"{_rates(state, 'is slow in', Kind.SLOW, Kind.WARM)}; {_odds(policy.latency.mode, found.latency)}"
    return f"{_difference(policy, state)}; {_odds(policy.drift.mode, found.drift)}"


def _error_limit(policy: Policy, state: State) -> str:
    _, limit = error_rates(policy, state.references)
    return f"{float(limit):.3g}"


def _alone(state: State) -> str:
    errors, requests = (int(state.evidence.totals[CANDIDATE, kind]) for kind in (Kind.ERRORS, Kind.REQUESTS))
    return f"fails {errors / max(requests, 1):.2%} ({errors:,} of {requests:,}), with no other release beside it"


def _difference(policy: Policy, state: State) -> str:
    disagrees = log_mean(state.evidence.pairs) >= limits(policy).pairs[state.step]
    if policy.drift.mode == "sequential" and disagrees:
        return _disagreements(state)
    n, m = (int(answers) for answers in state.evidence.totals[..., KINDS:].sum(axis=-1))
    return f"its {n:,} answers are not shared out as the {m:,} of the running release"


def _disagreements(state: State) -> str:
    differ, pairs = (int(state.evidence.totals[CANDIDATE, kind]) for kind in (Kind.DISAGREEMENTS, Kind.PAIRS))
    return f"answers {differ:,} of {pairs:,} inputs otherwise than the running release"


def _proof(state: State) -> str:
    errors = _rates(state, "fails", Kind.ERRORS, Kind.REQUESTS)
    return f"{errors}; {_rates(state, 'is slow in', Kind.SLOW, Kind.WARM)}; nothing speaks against it"


def _missing(policy: Policy, state: State, found: Findings) -> str:
    """What keeps the candidate from its next step, the first that does. Errors and latency come last: the costly bounds
    on them are asked for only where all else is proven."""
    baked_s, bake_s = state.until_s - float(state.since_s), float(limits(policy).bake_s[int(state.step)])
    requests = int(state.evidence.totals[CANDIDATE, Kind.REQUESTS])
    is_watched = state.step == len(policy.steps)
    for holds, reason in (
        (state.elsewhere, "the alias is not at the weight that was set"),
        (state.broken | (found.sides >= np.log(policy.uneasy)), _ratio(state)),
        (found.health.shared, f"golden rows are wrong on both, {int(state.failures)} times in a row"),
        (found.health.uneasy, f"golden rows are wrong, {int(state.failures)} times in a row"),
        (found.failing & is_watched, _alone(state)),
        (found.errors.shared, f"{_rates(state, 'fails', Kind.ERRORS, Kind.REQUESTS)}: both do"),
        (found.latency.shared, f"slow, but only {_environments(state)} environments answered"),
        (found.throttled, "the account's limits keep requests away"),
        (is_watched, f"watched for {max(0, baked_s) / 3600:.1f} of {policy.watch.hours:g} hours"),
        (found.errors.uneasy, f"uneasy: {_rates(state, 'fails', Kind.ERRORS, Kind.REQUESTS)}"),
        (found.latency.uneasy, f"uneasy: {_rates(state, 'is slow in', Kind.SLOW, Kind.WARM)}"),
        (found.drift.uneasy, f"uneasy: {_disagreements(state)}"),
        (np.bool_(baked_s < bake_s), f"{max(0, baked_s) / 60:.0f} of {bake_s / 60:.0f} minutes"),
        (np.bool_(requests < policy.requests), f"{requests} of {policy.requests} requests"),
        (~found.drift.proven, "its answers may differ from the running release's"),
        (~found.health.proven, "golden rows were not right lately in this step"),
        (~found.errors.proven, f"{_rates(state, 'fails', Kind.ERRORS, Kind.REQUESTS)}, not surely below the limit"),
        (~found.latency.proven, f"{_rates(state, 'is slow in', Kind.SLOW, Kind.WARM)}, not surely few enough"),
    ):
        if holds:
            return reason
    return "all is well"


def _rates(state: State, what: str, kind: Kind, of: Kind) -> str:
    told = []
    for side in (CANDIDATE, BASELINE):
        events, tried = (int(state.evidence.totals[side, column]) for column in (kind, of))
        told.append(f"{events / max(tried, 1):.2%} ({events:,} of {tried:,})")
    return f"{what} {told[CANDIDATE]}, the running release {told[BASELINE]}"


def _odds(mode: Mode, finding: Finding) -> str:
    if mode == "naive":
        return f"{float(finding.e):.3g} in five minutes, more than {float(finding.limit):.3g}"
    return f"by chance less than once in {10 ** min(float(finding.e) / np.log(10), 15.0):,.0f}"


def _ratio(state: State) -> str:
    candidate, baseline = (int(state.evidence.totals[side, Kind.REQUESTS]) for side in (CANDIDATE, BASELINE))
    share = candidate / max(candidate + baseline, 1)
    return (
        f"the candidate was given {share:.1%} of {candidate + baseline:,} requests instead of {float(state.weight):.1%}"
    )


def _environments(state: State) -> int:
    return int(state.evidence.totals[CANDIDATE, Kind.STARTED])
