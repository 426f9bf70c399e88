"""What the judge remembers is written as JSON and read back exactly."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from serinus.canary.absorbing import absorbed
from serinus.canary.measurement import check_of
from serinus.canary.remembered import as_text, recalled
from serinus.canary.state import State
from serinus.canary.trees import chosen, mapped, packed, unpacked
from serinus.rollout import judge
from tests.unit.canary.told import POLICY, WELL, counts, fresh, judged, measurement, side, stretch, window, windows

FAILING = counts(side(10, errors=2, warm=8), side(90, errors=1, warm=89))


@dataclass(frozen=True)
class Leaf:
    numbers: np.ndarray
    flags: np.ndarray


@dataclass(frozen=True)
class Tree:
    leaf: Leaf
    pair: tuple[np.ndarray, np.ndarray]
    named: Mapping[int, Leaf]
    at_s: float
    name: str = "tree"


def tree(times: float = 1) -> Tree:
    leaf = Leaf(times * np.array([1.5, -np.inf]), np.array([True, False]))
    return Tree(leaf, (times * np.arange(2), times * np.arange(2.0)), {7: leaf}, -np.inf)


def begun() -> State:
    return fresh()


def waiting_for_a_side() -> State:
    return absorbed(POLICY, fresh(), [stretch(0, 600, FAILING), measurement(630, [window(600, WELL, np.nan)])])


def in_the_second_step() -> State:
    state = judged(stretch(0, 1800, FAILING), stretch(1800, 2100, WELL)).state
    return judge(
        POLICY, state, [stretch(2100, 2400, WELL, 0.5), measurement(2400, (), [check_of(2401, failed=True)])]
    ).state


def rolled_back() -> State:
    return judged(stretch(0, 300, counts(side(10, errors=10, warm=0), side(90)))).state


states = pytest.mark.parametrize("state", [begun, waiting_for_a_side, in_the_second_step, rolled_back])


@states
def test_a_state_is_read_back_exactly(state: Callable[[], State]) -> None:
    told = as_text(state())
    assert as_text(recalled(told, fresh())) == told


@states
def test_a_state_that_was_read_back_has_the_same_types(state: Callable[[], State]) -> None:
    was = state()
    read = recalled(as_text(was), fresh())
    assert mapped(lambda array: np.asarray(array).dtype.str, read) == mapped(
        lambda array: np.asarray(array).dtype.str, was
    )
    assert list(read.windows) == list(was.windows)


@states
def test_a_rollout_goes_on_from_what_was_read_back_as_if_nothing_had_been(state: Callable[[], State]) -> None:
    was = state()
    read = recalled(as_text(was), fresh())
    more = measurement(9000, windows(2400, 9000, FAILING, float(was.weight)), [check_of(8990, failed=False)])
    assert json.dumps(packed(judge(POLICY, read, [more]))) == json.dumps(packed(judge(POLICY, was, [more])))


def test_a_state_begun_at_a_whole_second_keeps_parts_of_seconds() -> None:
    later = judge(POLICY, fresh(), [stretch(0, 1800, WELL), measurement(1800.5)]).state
    assert float(recalled(as_text(later), fresh()).since_s) == 1800.5


def test_every_array_is_changed_and_all_else_is_kept() -> None:
    doubled = mapped(lambda array: 2 * array, tree())
    assert doubled.leaf.numbers.tolist() == [3.0, -np.inf]
    assert [part.tolist() for part in doubled.pair] == [[0, 2], [0, 2]]
    assert doubled.named[7].numbers.tolist() == [3.0, -np.inf]
    assert (doubled.at_s, doubled.name) == (-np.inf, "tree")


def test_each_run_is_chosen_from_one_or_the_other() -> None:
    one = chosen(np.array([True, False]), tree(10), tree())
    assert one.leaf.numbers.tolist() == [15.0, -np.inf]
    assert one.pair[0].tolist() == [0, 1]


def test_numbers_that_json_lacks_are_words() -> None:
    assert packed((np.array([np.inf, -np.inf, np.nan, 1.5]), -np.inf)) == [["inf", "-inf", "nan", 1.5], "-inf"]


def test_words_are_numbers_again() -> None:
    numbers, at_s = unpacked([["inf", "-inf", 1.5], "-inf"], (np.zeros(3), 0.0))
    assert (numbers.tolist(), at_s) == ([np.inf, -np.inf, 1.5], -np.inf)
