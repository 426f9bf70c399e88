"""What people should know of a rollout though it decides nothing; each is told once a step."""

from enum import IntFlag

import numpy as np

from serinus.canary.findings import Findings
from serinus.canary.measurement import Ints
from serinus.canary.state import State
from serinus.policy import Policy


class Alert(IntFlag):
    """SAMPLE_RATIO: requests are not shared out as set, or not all of them are measured; INCIDENT: both releases fail;
    BOTH_UNHEALTHY: the golden rows of both are wrong; INPUT_DRIFT: the running release answers other than it used to;
    SLOW_MACHINE: slow, but in too few environments to be the release; THROTTLED: the account's limits were hit;
    ELSEWHERE: somebody moved the alias; LATE: counts changed after they were said to be complete; FAILING: the promoted
    release fails too much, and no baseline tells whether it is its fault"""

    SAMPLE_RATIO = 1
    INCIDENT = 2
    BOTH_UNHEALTHY = 4
    INPUT_DRIFT = 8
    SLOW_MACHINE = 16
    THROTTLED = 32
    ELSEWHERE = 64
    LATE = 128
    FAILING = 256


def alerts(policy: Policy, state: State, found: Findings) -> Ints:
    """All that are due, as bits, [...]."""
    watched = state.step == len(policy.steps)
    due = {
        Alert.SAMPLE_RATIO: state.broken,
        Alert.INCIDENT: found.errors.shared,
        Alert.BOTH_UNHEALTHY: found.health.shared,
        Alert.INPUT_DRIFT: found.drift.shared,
        Alert.SLOW_MACHINE: found.latency.shared,
        Alert.THROTTLED: found.throttled,
        Alert.ELSEWHERE: state.elsewhere,
        Alert.LATE: np.full(state.step.shape, state.late > 0),
        Alert.FAILING: found.failing & watched,
    }
    bits: Ints = sum(
        (alert * flag.astype(np.int64) for alert, flag in due.items()), np.zeros(state.step.shape, np.int64)
    )
    return bits
