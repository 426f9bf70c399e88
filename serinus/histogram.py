"""Answers, or the values of a feature, counted in bins that never move."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

INVALID, MISSING = "invalid", "missing"
Part = TypeVar("Part")
Values = NDArray[np.floating] | NDArray[np.integer]


@dataclass(frozen=True)
class Histogram:
    """names, counts: by bin; the last bin holds what fits in no other. edges: what parts those others, or None where
    each of them is a class.

    Bin i holds what lies above edges[i - 1] and not above edges[i]; the first is open below, the last but one above.
    """

    names: tuple[str, ...]
    edges: tuple[float, ...] | None
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.names) < 2 or len(self.counts) != len(self.names):
            raise ValueError(f"expected a count for each of 2 bins or more, got {self.counts} for {self.names}")
        if wrong := [count for count in self.counts if type(count) is not int or count < 0]:
            raise ValueError(f"expected counts that are whole numbers from 0 on, got {wrong[0]!r} in {self.counts}")
        if self.edges is None:
            return
        if len(self.edges) != len(self.names) - 2:
            raise ValueError(
                f"expected {len(self.names) - 2} edges between {len(self.names) - 1} bins, got {self.edges}"
            )
        if not np.isfinite(self.edges).all() or (np.diff(self.edges) < 0).any():
            raise ValueError(f"expected edges that are numbers and ascend, got {self.edges}")

    @property
    def total(self) -> int:
        return sum(self.counts)

    def counted(self, values: Values) -> "Histogram":
        """`values` [N], numbers or places of classes, in the bins of this one: their counts alone, all N of them."""
        if values.ndim != 1:
            raise ValueError(f"expected one column of values, got shape {values.shape}")
        places = self._classes(values) if self.edges is None else self._bins(values, np.asarray(self.edges, np.float32))
        return replace(self, counts=tuple(np.bincount(places, minlength=len(self.names)).tolist()))

    def told(self, counts: Mapping[str, int]) -> "Histogram":
        """Counts by name, as the log tells them, in the bins of this one; it tells none of the last."""
        if unknown := sorted(set(counts) - set(self.names[:-1])):
            raise ValueError(f"expected counts of {', '.join(self.names[:-1])}, got one of {unknown[0]!r}")
        return replace(self, counts=(*(counts.get(name, 0) for name in self.names[:-1]), 0))

    def has_bins_of(self, other: "Histogram") -> bool:
        return (self.names, self.edges) == (other.names, other.edges)

    def __add__(self, other: "Histogram") -> "Histogram":
        demand_same_bins(self, other)
        return replace(self, counts=tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))

    def to_dict(self) -> dict[str, object]:
        """As JSON takes it."""
        edges = None if self.edges is None else list(self.edges)
        return {"names": list(self.names), "edges": edges, "counts": list(self.counts)}

    @classmethod
    def from_dict(cls, told: Mapping[str, object]) -> "Histogram":
        match told:
            case {"names": list(names), "edges": None, "counts": list(counts)}:
                return cls(_all(str, names), None, _all(int, counts))
            case {"names": list(names), "edges": list(edges), "counts": list(counts)}:
                return cls(_all(str, names), _all(float, edges), _all(int, counts))
        raise ValueError(f"expected lists of names, edges and counts, got {dict(told)!r}")

    def _classes(self, values: Values) -> NDArray[np.intp]:
        if values.dtype.kind not in "iu":
            raise ValueError(f"expected places of classes, which are whole numbers, got {values.dtype}")
        last = len(self.names) - 1
        return np.where((values >= 0) & (values < last), values, last).astype(np.intp)

    def _bins(self, values: Values, edges: NDArray[np.float32]) -> NDArray[np.intp]:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinity, which is no answer
            rounded = values.astype(np.float32)
        return np.where(np.isfinite(rounded), edges.searchsorted(rounded, side="left"), len(self.names) - 1)


def demand_same_bins(first: Histogram, *others: Histogram) -> None:
    for other in others:
        if not first.has_bins_of(other):
            raise ValueError(
                f"expected the bins {first.names} with edges {first.edges}, got {other.names} with {other.edges}"
            )


def _all(kind: type[Part], parts: list[object]) -> tuple[Part, ...]:
    if wrong := [part for part in parts if not isinstance(part, kind)]:
        raise ValueError(f"expected nothing but {kind.__name__}, got {wrong[0]!r} in {parts}")
    return tuple(part for part in parts if isinstance(part, kind))
