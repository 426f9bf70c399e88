"""Where, in the numbers a caller sends, the trees of a model turn: exact to the last bit of a float32.

Behind a scaler a tree compares scaled numbers. The steps in front of it are monotone, so bisection over the float32
numbers finds the smallest input that goes right at a node; it and its lower neighbour pin that node down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.original import Tree
from export.steps import Step, apply_unrounded
from serinus.schema import LARGEST, Rows

Floats = NDArray[np.float32]
Ordinals = NDArray[np.int64]
BITS = 33


@dataclass(frozen=True)
class Turns:
    """A tree whose `at` (float32, one per node) are inputs, not scaled numbers: left below, right from there on."""

    tree: Tree
    at: Floats


def turns(tree: Tree, steps: Sequence[Step]) -> Turns:
    inner = tree.feature >= 0
    at = np.zeros(len(tree.feature), np.float32)
    at[inner] = first_reaching(tree.threshold[inner], tree.feature[inner], steps)
    return Turns(tree, at)


def first_reaching(targets: NDArray[np.floating], features: NDArray[np.int32], steps: Sequence[Step]) -> Floats:
    """The smallest float32 that the `steps` of a feature take to `targets` or above; infinity where none does.

    Behind the steps, float32 targets are compared with float32 numbers, float64 targets with what is not rounded yet.
    """
    if not steps:
        return rounded_up(targets)
    own = [step.of(features) for step in steps]
    low = np.full(len(targets), ordinal(np.float32(-LARGEST)), np.int64)
    high = np.full(len(targets), ordinal(np.float32(np.inf)), np.int64)
    for _ in range(BITS):
        middle = (low + high) // 2
        with np.errstate(over="ignore"):
            reaches = apply_unrounded(own, number(middle)).astype(targets.dtype) >= targets
        high = np.where(reaches, middle, high)
        low = np.where(reaches | (low == high), low, middle + 1)
    return np.where(np.isposinf(targets), np.float32(np.inf), number(high))  # where a scaler overflows is no turn


def rounded_up(numbers: NDArray[np.floating]) -> Floats:
    """The smallest float32 numbers at or above `numbers`."""
    with np.errstate(over="ignore", under="ignore"):
        nearest = numbers.astype(np.float32)
    return np.where(nearest >= numbers, nearest, above(nearest))


def ordinal(values: Rows | np.float32) -> Ordinals:
    """Integers in the order of the float32 numbers; neighbours differ by one, and -0.0 shares 0 with 0.0."""
    bits = np.asarray(values, np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def number(ordinals: Ordinals) -> Floats:
    """The float32 numbers of `ordinals`."""
    bits = np.where(ordinals < 0, -ordinals | 0x80000000, ordinals)
    return bits.astype(np.uint32).view(np.float32)


def below(values: Floats) -> Floats:
    """The next float32 down; minus infinity below the least."""
    with np.errstate(over="ignore"):
        return np.nextafter(values, np.float32(-np.inf))


def above(values: Floats) -> Floats:
    """The next float32 up; infinity above the largest."""
    with np.errstate(over="ignore"):
        return np.nextafter(values, np.float32(np.inf))
