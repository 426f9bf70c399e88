"""What a service's fields say of a model's features: their names, their words, and how a row is made of them."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from export.errors import Refused
from export.feature_names import agreed
from export.original import Original
from serinus.category import UNKNOWN
from serinus.names import difference
from serinus.schema import InputSchema, Rows
from serinus.sections import Input


def described(original: Original, said: Input) -> Original:
    """`original`, its features called and read as `said`; Refused where it knows otherwise."""
    if not said.fields:
        raise Refused("the service takes a vector, and has no [[input.fields]] that say what its features are made of")
    if original.features != said.features:
        raise Refused(f"the model takes {original.features} features, the service's fields make {said.features}")
    agreed({"the model": original.names, "the service": said.names})
    if wrong := [*_other_words(original, said), *_other_codes(original, said), *_not_missing(original, said)]:
        raise Refused("; ".join(wrong))
    places = {name: place for place, name in enumerate(said.names)}
    words = {places[field.name]: field.category for field in said.given if field.is_feature and field.category}
    codes = {place: known for place, known in original.codes.items() if place not in words}
    return replace(original, names=said.names, categories=words, codes=codes)


def recorded(schema: InputSchema, said: Input | None) -> InputSchema:
    """`schema`, with what its features were made of."""
    if said is None:
        return schema
    return schema.model_copy(update={"fields": said.fields, "missing": tuple(sorted(said.missing))})


def check_rows(original: Original, rows: Rows, called: str) -> None:
    """Refuse rows that hold in place of a word what is the number of none: they were coded in another way."""
    for place, category in original.categories.items():
        least = UNKNOWN if category.others == "unknown" else 0
        numbers = rows[~np.isnan(rows[:, place]), place]
        strange = (numbers != np.trunc(numbers)) | (numbers < least) | (numbers >= len(category.words))
        if strange.any():
            raise Refused(
                f"{called} holds {numbers[strange][0]:g} as {(original.names or ())[place]}, expected the numbers of "
                f"its words, {least:g} to {len(category.words) - 1}; {strange.sum():,} of {len(rows):,} rows do so"
            )


def _other_words(original: Original, said: Input) -> Iterator[str]:
    """A model that was trained on words has its own numbers for them."""
    fields = {field.name: field for field in said.given}
    for place, category in original.categories.items():
        field = fields.get(said.names[place])
        if found := difference(category.words, field.values if field else ()):
            yield f"the model and the service disagree on the words of {said.names[place]}: {found}"
        elif field and field.others == "unknown" and category.others == "reject":
            yield f"the model knows no words of {field.name} but its own: say others = 'reject'"


def _other_codes(original: Original, said: Input) -> Iterator[str]:
    """A model that was trained on whole numbers in place of words may have had others."""
    for field in said.given:
        known = original.codes.get(said.names.index(field.name)) if field.is_feature and field.values else None
        if known is not None and known.max() >= len(field.values):
            has = f"the {len(field.values)} words of {field.name} are 0 to {len(field.values) - 1} to the service"
            yield f"{has}, and the model was trained with {known.max():.0f}"


def _not_missing(original: Original, said: Input) -> Iterator[str]:
    for field in said.given:
        if field.optional and field.is_feature and original.nan_policy == "reject":
            yield f"the service's field {field.name} is optional, and the model takes no missing values"
