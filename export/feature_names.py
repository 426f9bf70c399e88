"""The names of the features, which several files may know and must agree on."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from export.errors import Refused
from serinus.names import difference

Names = tuple[str, ...]


def fitted_names(fitted: Any) -> Names | None:
    """The columns a scikit-learn object was fitted with, if they had names."""
    names = getattr(fitted, "feature_names_in_", None)
    return None if names is None else tuple(map(str, names))


def agreed(known: Mapping[str, Names | None]) -> Names | None:
    """The names that all sources (their descriptions are the keys) agree on, in order; None when none knows them."""
    told = {source: names for source, names in known.items() if names is not None}
    if not told:
        return None
    (first, expected), *others = told.items()
    for source, names in others:
        if found := difference(expected, names):
            raise Refused(f"{first} and {source} disagree on the features: {found}")
    return expected


@contextmanager
def unnamed_rows() -> Iterator[None]:
    """scikit-learn warns about rows without names; ours are checked, and then are plain arrays."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
        yield
