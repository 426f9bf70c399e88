"""Rollouts of a few looks, judged and recorded as a controller does it."""

from collections.abc import Iterator

import numpy as np

from serinus.canary.measurement import Measurement, Window, check_of, counts_of
from serinus.canary.recording import Opening, look_lines, opening_line
from serinus.policy import Policy
from serinus.rollout import Decision, References, begun, judge

LABELS = ("cat", "dog")
POLICY = Policy()


def opening(policy: Policy = POLICY, begun_at_s: float = 0.0) -> Opening:
    references = References(np.asarray(0.005), np.array([1500, 1500]))
    return Opening("tiny", "2", "1", begun_at_s, LABELS, policy, references)


def window(start_s: int, weight: float, *, errors: int = 0) -> Window:
    """Of 600 requests a minute, a tenth of them the candidate's."""
    candidate = {"requests": 10, "errors": errors, "warm": 10 - errors}
    answers = {"candidate_answers": [5, 5 - errors], "baseline_answers": [45, 45]}
    counts = counts_of(candidate, {"requests": 90, "warm": 90}, len(LABELS), **answers)
    return Window(start_s, np.asarray(weight), counts)


def judged(start: Opening, looks: int, *, errors: int = 0) -> Iterator[tuple[list[Measurement], Decision]]:
    """Every 10 s, until it is decided."""
    state, weight = begun(start.policy, start.references, start.begun_at_s, len(LABELS)), start.policy.steps[0].weight
    first_s = int(start.begun_at_s) // 10 * 10
    for start_s in range(first_s, first_s + 10 * looks, 10):
        until_s = float(start_s + 10)
        checks = (check_of(start_s, failed=False),)
        told = [Measurement(until_s, (until_s, until_s), (window(start_s, weight, errors=errors),), checks)]
        decision = judge(start.policy, state, told)
        yield told, decision
        state, weight = decision.state, decision.weight
        if decision.is_over:
            return


def lines(start: Opening, looks: int, *, errors: int = 0) -> list[str]:
    told = [opening_line(start)]
    for measurements, decision in judged(start, looks, errors=errors):
        told += look_lines(measurements, decision)
    return told
