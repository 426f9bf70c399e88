"""Shares after Thompson, only among arms that passed the safety gate.

An arm's share is the chance that it is the best, given what was counted: much for the good, little for the bad, some
for those of which little is known. Whether an arm is safe is not decided here, nor ever by how well it rewards: the
caller says which arms passed, and the others get nothing.

Give the shares to `Split.shifted`. A candidate whose share grows keeps all its subjects; one whose share falls loses
those who came last. A subject that changed arms is counted no more, as it has known both. Bounds of rates still hold
while shares follow the counts, those of mean latency do not.
"""

from collections.abc import Collection, Mapping

import numpy as np

from serinus.arms.tallies import Tally
from serinus.errors import ExperimentError, listed

DRAWS = 10_000


def thompson(
    rewards: Mapping[str, Tally], passed: Collection[str], *, floor: float, generator: np.random.Generator
) -> dict[str, float]:
    """A share for every arm of `rewards`, 1 in sum; for each that passed at least `floor`. The same for the same seed.

    rewards: how many subjects were served well, of how many: right answers, not errors
    """
    _check(rewards, passed, floor)
    arms = [arm for arm in rewards if arm in passed]
    events = np.array([rewards[arm].events for arm in arms], np.float64)
    of = np.array([rewards[arm].of for arm in arms], np.float64)
    drawn = generator.beta(events + 1, of - events + 1, size=(DRAWS, len(arms)))
    best = np.bincount(np.argmax(drawn, axis=1), minlength=len(arms)) / DRAWS
    shares = floor + (1 - floor * len(arms)) * best
    return dict.fromkeys(rewards, 0.0) | dict(zip(arms, shares.tolist(), strict=True))


def _check(rewards: Mapping[str, Tally], passed: Collection[str], floor: float) -> None:
    unknown = [arm for arm in passed if arm not in rewards]
    if unknown:
        raise ExperimentError(f"arms {listed(unknown)} passed: expected some of {listed(list(rewards))}")
    if not passed:
        raise ExperimentError("no arm passed: expected at least one, such as the control")
    if not 0 <= floor * len(set(passed)) <= 1:
        raise ExperimentError(f"a floor of {floor} for {len(set(passed))} arms: expected 0 to {1 / len(set(passed))}")
