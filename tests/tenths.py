"""Bundles that remember how the answers to their sample were spread."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serinus.bundle import Bundle
from serinus.metadata import ReferenceSummary
from serinus.reference import BINS, STATISTICS
from tests.bundles import LABELS, with_reference


def with_edges(bundle: Bundle, edges: Sequence[float]) -> Bundle:
    """`bundle` made anew to remember a sample of which the answers are parted by nine `edges`."""
    features = bundle.metadata.input_schema.features
    arrays: dict[str, NDArray[np.generic]] = {
        **{name: np.zeros(features) for name in STATISTICS},
        "input_edges": np.zeros((features, BINS - 1), np.float32),
        "input_counts": np.zeros((features, BINS), np.int64),
        "output_classes": np.zeros(len(LABELS), np.int64),
        "output_edges": np.array(edges, np.float32),
        "output_counts": np.zeros(BINS, np.int64),
    }
    return with_reference(bundle, arrays, reference=ReferenceSummary(rows=9, of=9, bins=BINS, arrays=tuple(arrays)))
