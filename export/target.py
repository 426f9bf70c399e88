"""What a regressor's value is called, and where the truth of a sample is."""

from dataclasses import replace

from export.errors import Refused
from export.original import Original
from export.samples import Columns
from serinus.schema import RegressionSchema


def named(original: Original, target: str | None, unit: str | None) -> Original:
    """`original`, its value called `target` and counted in `unit` where that is said."""
    schema = original.output
    if isinstance(schema, RegressionSchema):
        told = {name: said for name, said in (("target", target), ("unit", unit)) if said}
        return replace(original, output=schema.model_copy(update=told))
    if unit is not None:
        raise Refused(f"the model answers classes, which have no unit such as {unit}: leave --unit out")
    return original


def columns_of(original: Original, target: str | None) -> Columns:
    return Columns(
        features=original.features,
        names=original.names,
        categories=original.categories,
        target=target,
        truth_is_words=not isinstance(original.output, RegressionSchema),
    )
