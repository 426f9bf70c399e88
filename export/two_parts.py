"""A float64 weight in two parts whose sums float32 keeps: a multiple of the grain, and a small rest."""

import math

FLOAT32_BITS = 23


def grain(largest_sum: float) -> float:
    """The power of two whose multiples float32 adds up exactly, as long as no sum is larger than `largest_sum`."""
    return 2.0 ** (math.ceil(math.log2(largest_sum or 1.0)) - FLOAT32_BITS)
