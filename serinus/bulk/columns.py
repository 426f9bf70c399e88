"""Which columns of a file are the model's features, and which are kept as ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from serinus.errors import JobError, listed
from serinus.fields import GivenField, Kind
from serinus.names import twice
from serinus.record import Form
from serinus.schema import InputSchema

VECTOR = "features"  # the one column, or JSON member, that may hold all features as a list


@dataclass(frozen=True)
class Held:
    """What a column of a typed file holds, and which fields can be that."""

    kind: str
    fields: tuple[Kind, ...]


@dataclass(frozen=True)
class Found:
    """What a file offers. names: its columns; fractions: those known to hold floats; unfit: those that hold no
    numbers, and what they hold; wordless: those that hold no words; vector: whether it has VECTOR as a list.
    held: what its columns hold, where they have types."""

    names: tuple[str, ...]
    fractions: tuple[str, ...] = ()
    unfit: Mapping[str, str] = field(default_factory=dict)
    wordless: Mapping[str, str] = field(default_factory=dict)
    vector: bool = False
    held: Mapping[str, Held] = field(default_factory=dict)


@dataclass(frozen=True)
class Columns:
    """ids: the file's columns to keep. features: its columns in the model's order, none where they come as one list.
    names: what the model calls its features. drops_others: whether the ids were chosen, so that others may be left.
    left_out: columns of one name that are no features: nobody could say which is meant."""

    ids: tuple[str, ...]
    features: tuple[str, ...]
    names: tuple[str, ...]
    drops_others: bool = False
    left_out: tuple[str, ...] = ()

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
    _check_names(found, keep)
    features = () if found.vector else _features(found, schema, keep)
    _check_kinds(found, schema, features)
    ids = _ids(found, {VECTOR} if found.vector else set(features), keep, taken)
    return Columns(ids, features, schema.names, drops_others=bool(keep))


def match_fields(found: Found, form: Form, *, keep: Sequence[str], taken: Sequence[str]) -> Columns:
    """Find the fields that rows are made of in a file; JobError when one is missing, even one that may be missing in
    every row: a column that is spelt otherwise must not become one of missing values."""
    needed = tuple(field.name for field in form.needed)
    doubled = {name for name in twice(found.names) if name not in needed and name not in keep}
    found = replace(found, names=tuple(name for name in found.names if name not in doubled))
    _check_names(found, keep)
    if missing := [name for name in needed if name not in found.names]:
        others = [name for name in found.names if name not in needed]
        raise JobError(
            f"the file lacks {len(missing)} of the {len(needed)} fields that rows are made of: {listed(missing)}; "
            f"it has instead: {listed(others) or 'nothing'}"
        )
    if unfit := [told for field in form.needed if (told := _unfit(field, found))]:
        raise JobError(f"columns that cannot hold their fields: {listed(unfit)}")
    ids = _ids(found, set(needed), keep, taken)
    return Columns(ids, needed, needed, drops_others=bool(keep), left_out=tuple(sorted(doubled)))


def _unfit(field: GivenField, found: Found) -> str | None:
    held = found.held.get(field.name)
    return None if held is None or field.type in held.fields else f"{field.name} ({held.kind}, expected {field.type})"


def _check_names(found: Found, keep: Sequence[str]) -> None:
    if repeated := twice(found.names):
        raise JobError(f"the file has more than one column named {listed(repeated)}")
    if unknown := [name for name in keep if name not in found.names]:
        raise JobError(f"the file has no column {listed(unknown)} to keep as id; it has {listed(found.names)}")


def _ids(found: Found, used: set[str], keep: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    if both := [name for name in keep if name in used]:
        raise JobError(f"{listed(both)} cannot be an id column: the model takes it as a feature")
    ids = tuple(name for name in found.names if name not in used and (not keep or name in keep))
    if clash := [name for name in ids if name in taken]:
        raise JobError(f"id column {listed(clash)} is named like a column of the output; choose others with --id")
    return ids


def _check_kinds(found: Found, schema: InputSchema, features: Sequence[str]) -> None:
    places = schema.categories_by_place
    words = [features[place] for place in places] if features else [VECTOR] * bool(places)
    numbers = [name for place, name in enumerate(features) if place not in places]
    if unfit := [f"{name} ({found.unfit[name]})" for name in numbers if name in found.unfit]:
        raise JobError(f"the features must be numbers, these columns hold something else: {listed(unfit)}")
    if unfit := [f"{name} ({found.wordless[name]})" for name in words if name in found.wordless]:
        raise JobError(
            f"the features {listed([*schema.categories])} must be words, these columns hold no text: {listed(unfit)}"
        )


def _features(found: Found, schema: InputSchema, keep: Sequence[str]) -> tuple[str, ...]:
    offered = set(found.names)
    missing = [name for name in schema.names if name not in offered]
    if not missing:
        return schema.names
    if schema.named:
        known = {*schema.names, *keep}
        others = [name for name in found.names if name not in known]
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
