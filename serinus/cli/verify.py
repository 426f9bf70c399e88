"""`serinus verify`: is a bundle whole, and does it still answer as the original did?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serinus.cli.options import JsonOption
from serinus.cli.records import form_of

if TYPE_CHECKING:
    from serinus.metadata import BackgroundSummary, CalibrationSummary, Metadata, ReferenceSummary


def verify(
    bundle: Annotated[Path, typer.Argument(help="The folder of a bundle, such as models/xgboost/v1.0.0.")],
    as_json: JsonOption = False,
) -> None:
    """Check every checksum of a bundle, replay its golden rows, read its reference. Needs no training library.

    Try: serinus verify models/xgboost/v1.0.0
    """
    import json

    from rich.console import Console
    from rich.table import Table

    from serinus import reference
    from serinus.bundle import Bundle
    from serinus.errors import BundleError
    from serinus.golden import replay
    from serinus.predictor import Predictor
    from serinus.session import RUNTIME

    loaded = Bundle.load(bundle)
    form = form_of(loaded.metadata)
    if form is not None and form.names != loaded.metadata.input_schema.names:
        raise BundleError(f"{bundle}: its fields make other features than it has: {', '.join(form.names)}")
    reference.check(loaded)
    comparison = replay(loaded, Predictor(loaded))
    if not comparison.is_equal:
        raise BundleError(
            f"{bundle} does not answer as its original did on {comparison.wrong.sum()} of {len(comparison.wrong)} "
            f"golden rows (by up to {comparison.worst:.3g}, tolerance {comparison.tolerance:.3g}) with {RUNTIME}"
        )
    result = {
        "model": loaded.metadata.model_name,
        "version": loaded.metadata.version,
        "digest": loaded.digest,
        "runtime": RUNTIME,
        "golden_rows": len(comparison.wrong),
        "max_difference": comparison.worst,
        "tolerance": comparison.tolerance,
        "ties": int(comparison.ties.sum()),
        **({"fields": len(form.given), "derived": len(form.derived)} if form else {}),
        **kept(loaded.metadata),
    }
    if as_json:
        print(json.dumps(result))
        return
    table = Table("", title=f"{bundle} is whole and answers as its original did", show_header=False)
    table.add_column(overflow="fold")
    for key, value in result.items():
        table.add_row(key.replace("_", " "), f"{value:.3g}" if isinstance(value, float) else str(value))
    Console().print(table)


def kept(metadata: "Metadata") -> dict[str, str | int]:
    """What the bundle remembers of its sample, and how it was made smaller, where it does and was."""
    parts: dict[str, ReferenceSummary | CalibrationSummary | BackgroundSummary | None] = {
        "reference_rows": metadata.reference,
        "calibration_rows": metadata.calibration,
        "background_rows": metadata.background,
    }
    told: dict[str, str | int] = {name: part.rows for name, part in parts.items() if part is not None}
    if metadata.calibration is not None and metadata.calibration.also_in_sample:
        told["calibration_rows_also_in_sample"] = metadata.calibration.also_in_sample
    if (cost := metadata.quantization) is not None:
        told["quantization"] = (
            f"{cost.method}: {cost.bytes_before:,} to {cost.bytes_after:,} bytes, {cost.flips:,} flips "
            f"in {cost.rows:,} rows, differences up to {cost.max_difference:.3g}"
        )
        told["float32_before"] = f"{cost.exact.rows:,} rows tried, differences up to {cost.exact.max_difference:.3g}"
    return told
