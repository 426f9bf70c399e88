"""Rollouts told by hand: what each release did in a window, the same in every window of a stretch."""

from collections.abc import Mapping, Sequence

import numpy as np

from serinus.canary.measurement import Check, Ints, Measurement, Window, check_of, counts_of
from serinus.canary.state import References, State, begun
from serinus.policy import Policy
from serinus.rollout import Decision, judge

WINDOW_S, BAKE_S = 60, 1800
POLICY = Policy(window_s=WINDOW_S)
SHARES = (5, 3, 2)  # of the answers, by label, in tens
STARTED = {"started": 3}  # environments: enough that slowness can be the release's


def side(requests: int, **counts: int) -> Mapping[str, int]:
    """What a release did in a window: answered `requests` well and warm, but for what `counts` says."""
    return {"requests": requests, "warm": requests, **counts}


def answers(requests: int, shares: Sequence[int] = SHARES) -> list[int]:
    return [requests * share // sum(shares) for share in shares]


def counts(candidate: Mapping[str, int], baseline: Mapping[str, int], **shares: Sequence[int]) -> Ints:
    """Counts of a window in which both answer `SHARES`, or as `candidate_shares` and `baseline_shares` say."""
    return counts_of(
        candidate,
        baseline,
        len(SHARES),
        candidate_answers=answers(candidate.get("requests", 0), shares.get("candidate_shares", SHARES)),
        baseline_answers=answers(baseline.get("requests", 0), shares.get("baseline_shares", SHARES)),
    )


def window(start_s: int, told: Ints, weight: float = 0.1) -> Window:
    return Window(start_s, np.asarray(weight), told)


def windows(since_s: int, until_s: int, told: Ints, weight: float = 0.1) -> tuple[Window, ...]:
    return tuple(window(start_s, told, weight) for start_s in range(since_s, until_s, WINDOW_S))


def measurement(until_s: float, windows: Sequence[Window] = (), checks: Sequence[Check] = ()) -> Measurement:
    """Read at `until_s`, when both sides were complete up to then."""
    return Measurement(until_s, (until_s, until_s), tuple(windows), tuple(checks))


def stretch(since_s: int, until_s: int, told: Ints, weight: float = 0.1, *, checked: bool = True) -> Measurement:
    """Every window of it alike. checked: golden rows were right at its end."""
    checks = [check_of(until_s, failed=False)] if checked else []
    return measurement(until_s, windows(since_s, until_s, told, weight), checks)


def references(error_rate: float = 0.005, known: Sequence[int] = (5000, 3000, 2000)) -> References:
    return References(np.asarray(error_rate), np.asarray(known))


def fresh(policy: Policy = POLICY, **known: object) -> State:
    return begun(policy, references(**known), 0.0, len(SHARES))


def judged(*measurements: Measurement, policy: Policy = POLICY, state: State | None = None) -> Decision:
    return judge(policy, fresh(policy) if state is None else state, measurements)


WELL = counts(side(10), side(90))
SILENCE = counts({}, {})
