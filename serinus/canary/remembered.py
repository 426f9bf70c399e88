"""The state of a rollout as text, so that whoever judges next goes on exactly where the last one was."""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from serinus.canary.measurement import Window
from serinus.canary.state import State
from serinus.canary.trees import packed, unpacked


def as_text(state: State) -> str:
    return json.dumps(packed(state), allow_nan=False)


def recalled(text: str, like: State) -> State:
    """like: a state of the same rollout, such as it was when it began"""
    told: dict[str, Any] = json.loads(text)
    window = Window(0, np.asarray(0.0), like.evidence.totals)
    windows = {int(start_s): unpacked(one, window) for start_s, one in told.pop("windows").items()}
    return replace(unpacked(told, like), windows=windows)
