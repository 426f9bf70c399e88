"""Which columns of a file are the model's features, and which are kept as ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from serinus.errors import JobError, listed
from serinus.schema import InputSchema, twice

VECTOR = "features"  # the one column, or JSON member, that may hold all features as a list


@dataclass(frozen=True)
class Found:
    """What a file offers. names: its columns; fractions: those known to hold floats; unfit: those that hold no
    numbers, and what they hold; vector: whether it has VECTOR as a list."""

    names: tuple[str, ...]
    fractions: tuple[str, ...] = ()
    unfit: Mapping[str, str] = field(default_factory=dict)
    vector: bool = False


@dataclass(frozen=True)
class Columns:
    """ids: the file's columns to keep. features: its columns in the model's order, none where they come as one list.
    names: what the model calls its features. drops_others: whether the ids were chosen, so that others may be left."""

    ids: tuple[str, ...]
    features: tuple[str, ...]
    names: tuple[str, ...]
    drops_others: bool = False

    @property
    def as_vector(self) -> bool:
        return not self.features

    @property
    def width(self) -> int:
        return len(self.names)


def match(found: Found, schema: InputSchema, *, keep: Sequence[str], taken: Sequence[str]) -> Columns:
    """Find the features of `schema` in a file; `keep` names the id columns, or none for all that are left.

    JobError when a feature is missing, or when an id column is named like one the output adds (`taken`).
    """
    if repeated := twice(found.names):
        raise JobError(f"the file has more than one column named {listed(repeated)}")
    if unknown := [name for name in keep if name not in found.names]:
        raise JobError(f"the file has no column {listed(unknown)} to keep as id; it has {listed(found.names)}")
    features = () if found.vector else _features(found, schema, keep)
    if unfit := [f"{name} ({found.unfit[name]})" for name in features if name in found.unfit]:
        raise JobError(f"the features must be numbers, these columns hold something else: {listed(unfit)}")
    used = {VECTOR} if found.vector else set(features)
    if both := [name for name in keep if name in used]:
        raise JobError(f"{listed(both)} cannot be an id column: the model takes it as a feature")
    ids = tuple(name for name in found.names if name not in used and (not keep or name in keep))
    if clash := [name for name in ids if name in taken]:
        raise JobError(f"id column {listed(clash)} is named like a column of the output; choose others with --id")
    return Columns(ids, features, schema.names, drops_others=bool(keep))


def _features(found: Found, schema: InputSchema, keep: Sequence[str]) -> tuple[str, ...]:
    missing = [name for name in schema.names if name not in set(found.names)]
    if not missing:
        return schema.names
    others = [name for name in found.names if name not in set(schema.names) | set(keep)]
    if schema.named:
        raise JobError(
            f"the file lacks {len(missing)} of the model's {schema.features} features: {listed(missing)}; "
            f"it has instead: {listed(others) or 'nothing'}"
        )
    fractions = tuple(name for name in found.fractions if name not in keep)
    by_place = tuple(name for name in found.names if name not in keep)
    for candidates in (by_place, fractions):
        if len(candidates) == schema.features:
            return candidates
    raise JobError(
        f"the model takes {schema.features} unnamed features, the file has {len(by_place)} columns that could be them; "
        f"name the other columns with --id, or put the features in one list column {VECTOR!r}"
    )
