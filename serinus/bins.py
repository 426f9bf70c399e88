"""How a regressor's values are counted: by the tenths of the values that it gave to the sample it was exported with.

As long as what it answers is like what it answered then, each bin gets about a tenth.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serinus.bundle import REFERENCE
from serinus.errors import BundleError
from serinus.reference import BINS, Edges, Keeper, outputs
from serinus.schema import RegressionSchema

NAMES = tuple(f"b{place}" for place in range(BINS))
UNKNOWN = ""  # the name of the one bin of a bundle that remembers no sample


@dataclass(frozen=True)
class Bins:
    """edges: float32, ascending; none where there is but one bin."""

    edges: Edges

    @classmethod
    def of(cls, model: Keeper) -> "Bins":
        """The bins of a regressor; BundleError when its bundle does not hold what it says it holds."""
        metadata = model.metadata
        if metadata.reference is None or not isinstance(metadata.output_schema, RegressionSchema):
            return cls(np.empty(0, np.float32))
        edges = outputs(model).edges
        if np.isnan(edges).any() or (edges[1:] < edges[:-1]).any():
            raise BundleError(f"{model.folder / REFERENCE}: output_edges must ascend, got {edges.tolist()}")
        return cls(edges)

    def counts(self, values: NDArray[np.float32]) -> Mapping[str, int]:
        """How many of `values`, all of them numbers, lie in each bin that any lies in."""
        if not len(self.edges):
            return {UNKNOWN: len(values)} if len(values) else {}
        places = self.edges.searchsorted(values, side="left")
        if len(places) == 1:
            return {NAMES[places[0]]: 1}
        times = np.bincount(places, minlength=BINS).tolist()
        return {name: count for name, count in zip(NAMES, times, strict=True) if count}
