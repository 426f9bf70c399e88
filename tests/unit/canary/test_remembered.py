"""What a judge remembers survives as text, bit for bit."""

import numpy as np
import pytest

from serinus.canary.measurement import Measurement, Window, counts_of
from serinus.canary.recording import Told
from serinus.canary.remembered import as_text, recalled
from serinus.canary.state import References
from serinus.policy import Policy
from serinus.rollout import begun, judge
from tests.recorded import judged, opening, window

START = opening()
FIRST = begun(START.policy, START.references, 0.0, len(START.labels))


def test_windows_that_wait_for_their_judgement_are_recalled():
    waiting = Measurement(20.0, (0.0, 0.0), (window(0, 0.1), window(10, float("nan"))))
    state = judge(START.policy, FIRST, [waiting]).state
    back = recalled(as_text(state), FIRST)
    assert list(back.windows) == [0, 10]
    assert all(back.windows[start_s].same(state.windows[start_s]) for start_s in (0, 10))


def test_a_judge_who_recalls_decides_as_one_who_remembers():
    state = FIRST
    for measurements, decision in judged(START, 40, errors=2):
        state = recalled(as_text(state), FIRST)
        again = judge(START.policy, state, measurements)
        assert Told.of(again).differing(Told.of(decision)) == ()
        assert as_text(again.state) == as_text(decision.state)
        state = again.state


@pytest.mark.parametrize("labels", [0, 1, 3])
def test_any_number_of_labels_is_recalled(labels):
    references = References(np.asarray(0.005), np.zeros(labels, np.int64))
    first = begun(Policy(), references, 0.0, labels)
    counts = counts_of({"requests": 10}, {"requests": 90}, labels)
    told = [Measurement(10.0, (10.0, 10.0), (Window(0, np.asarray(0.1), counts),))]
    back = recalled(as_text(first), first)
    assert as_text(judge(Policy(), back, told).state) == as_text(judge(Policy(), first, told).state)
