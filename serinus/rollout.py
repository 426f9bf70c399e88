"""Judge a release by what it did beside the running one: hold, advance, promote, roll back or abort.

Numbers in, a decision out. First the guards: is what was measured fit to be judged? Then the triggers: does anything
speak against the candidate beyond doubt? Only then, and only on evidence that errors and latency are all right, comes
the next step. Silence holds, and at the deadline it aborts. What moves a real alias calls `judge`; what simulates a
thousand rollouts at once calls `look`, of which `judge` is the case of one.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from serinus.canary.absorbing import absorbed
from serinus.canary.alerts import alerts
from serinus.canary.decision import Decision as Decision
from serinus.canary.decision import Look, decided
from serinus.canary.decision import Verdict as Verdict
from serinus.canary.findings import OFF, SEQUENTIAL, Findings, Flags, failing, throttled
from serinus.canary.limits import limits
from serinus.canary.measurement import CANDIDATE, Floats, Ints, Kind
from serinus.canary.measurement import Measurement as Measurement
from serinus.canary.naive import NAIVE
from serinus.canary.state import References as References
from serinus.canary.state import State as State
from serinus.canary.state import begun as begun
from serinus.canary.state import moved
from serinus.policy import Policy as Policy

MOST_RAISED = 0.5
MODES = {"sequential": SEQUENTIAL, "naive": NAIVE, "off": OFF}


def judge(policy: Policy, state: State, measurements: Sequence[Measurement]) -> Decision:
    """What is to be done after `measurements`, why, and the state to judge the next ones from."""
    seen, after = look(policy, state, measurements)
    return decided(policy, seen, after)


def look(policy: Policy, state: State, measurements: Sequence[Measurement]) -> tuple[Look, State]:
    """The same for one rollout or for many alike, as arrays [...] and without words."""
    state = absorbed(policy, state, measurements)
    ripe = _is_ripe(policy, state)
    found = _findings(policy, state, ripe)
    verdict = _verdict(policy, state, found, ripe)
    due = alerts(policy, state, found)
    is_short = _is_to_be_raised(policy, state, found) & (verdict == Verdict.HOLD)
    after = _followed(policy, replace(state, told=state.told | due), verdict, is_short)
    return Look(found, verdict, due & ~state.told, state), after


def _findings(policy: Policy, state: State, ripe: Flags) -> Findings:
    """The bounds on errors and latency are costly: asked for only where nothing else keeps the candidate back."""
    judges = {name: MODES[getattr(policy, name).mode][name] for name in SEQUENTIAL}
    drift, health = (judges[name](policy, state, np.zeros_like(ripe)) for name in ("drift", "health"))
    errors, latency = (
        judges[name](policy, state, ripe & drift.proven & health.proven) for name in ("errors", "latency")
    )
    return Findings(
        errors, latency, drift, health, failing(policy, state), throttled(state), state.evidence.sides.log_e
    )


def _verdict(policy: Policy, state: State, found: Findings, ripe: Flags) -> Ints:
    """The first that holds. Golden rows need no traffic, so no guard stands before them."""
    is_watched, is_last = state.step == len(policy.steps), state.step == len(policy.steps) - 1
    fit = _is_fit(policy, state, found) & ~is_watched
    guilty = found.errors.guilty | found.latency.guilty | found.drift.guilty
    failing_after = is_watched & found.failing & (policy.watch.errors == "rollback")
    proven = fit & ripe & (state.weight > 0) & _is_proven(policy, found)
    cases = {
        Verdict.ROLLBACK: found.health.guilty | (guilty & fit) | failing_after,
        Verdict.PROMOTE: proven & is_last,
        Verdict.ADVANCE: proven,
        Verdict.ABORT: _is_late(policy, state) & ~is_watched,
    }
    return np.select(list(cases.values()), list(cases), Verdict.HOLD)


def _is_fit(policy: Policy, state: State, found: Findings) -> Flags:
    """Whether what was measured may be judged: requests are shared out as set, and nobody else moved the alias."""
    uneven = found.sides >= np.log(policy.uneasy)
    fit: Flags = ~(state.broken | uneven | state.elsewhere) | policy.is_naive
    return fit


def _is_ripe(policy: Policy, state: State) -> Flags:
    """Whether the step has baked, and the candidate answered enough."""
    requests = state.evidence.totals[..., CANDIDATE, Kind.REQUESTS]
    return _is_baked(policy, state, times=1) & ((requests >= policy.requests) | policy.is_naive)


def _is_proven(policy: Policy, found: Findings) -> Flags:
    """Whether there is evidence that all is well, and nothing that makes uneasy."""
    errors, latency, drift, health = found.errors, found.latency, found.drift, found.health
    uneasy = errors.uneasy | latency.uneasy | drift.uneasy | health.uneasy | (found.throttled & (not policy.is_naive))
    return errors.proven & latency.proven & drift.proven & health.proven & ~uneasy


def _is_late(policy: Policy, state: State) -> Flags:
    """By the clock; whether a step has baked is known as late as its last window, which is when to abort at once."""
    is_over = state.read_at_s - state.entered_s >= policy.deadline * limits(policy).bake_s[state.step]
    return is_over | (_is_baked(policy, state, times=1) & (policy.without_evidence == "abort"))


def _is_baked(policy: Policy, state: State, *, times: float | Floats) -> Flags:
    return state.until_s - state.since_s >= times * limits(policy).bake_s[state.step]


def _followed(policy: Policy, state: State, verdict: Ints, raised: Flags) -> State:
    """The state once the verdict is carried out."""
    onward = (verdict == Verdict.ADVANCE) | (verdict == Verdict.PROMOTE)
    back = (verdict == Verdict.ROLLBACK) | (verdict == Verdict.ABORT)
    if not np.any(onward | back | raised):
        return state
    step = state.step + onward
    higher = np.minimum(2 * state.weight, _most(policy, state))
    weight = np.select([back, onward, raised], [0.0, limits(policy).weight[step], higher], state.weight)
    return moved(state, onward | back | raised, step, weight, np.where(onward, 0, state.raised + raised))


def _is_to_be_raised(policy: Policy, state: State, found: Findings) -> Flags:
    """Whether a step that has baked, and only knows too little, is to have more traffic; again after half as long."""
    due = _is_baked(policy, state, times=1 + state.raised / 2) & (state.weight < _most(policy, state))
    triggers = (found.errors, found.latency, found.drift, found.health)
    doubted = np.any([trigger.uneasy | trigger.shared for trigger in triggers], axis=0) | found.throttled
    is_calm = _is_fit(policy, state, found) & ~doubted
    return due & is_calm & (state.step < len(policy.steps)) & (policy.without_evidence == "raise")


def _most(policy: Policy, state: State) -> Floats:
    """What the weight of a step may be raised to."""
    following = limits(policy).weight[np.minimum(state.step + 1, len(policy.steps))]
    return np.maximum(state.weight, np.minimum(MOST_RAISED, following))
