"""`serinus export`: a trained model becomes a verified bundle."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from serinus.cli.options import JsonOption
from serinus.cli.verify import kept

if TYPE_CHECKING:
    from rich.table import Table

    from serinus.bundle import Bundle
    from serinus.service import Service


def export(
    source: Annotated[
        str,
        typer.Argument(
            help="The trained model: .keras, .h5 or a SavedModel folder; .json or .ubj; .txt; .pkl or .joblib; .onnx; "
            "an MLflow folder, or models:/name@alias, models:/name/3, runs:/id/model."
        ),
    ],
    *,
    name: Annotated[str, typer.Option(help="What services call the model, such as xgboost.")],
    version: Annotated[str, typer.Option(help="Its version, such as 1.0.0; a bundle is immutable.")],
    framework: Annotated[
        str | None,
        typer.Option(help="keras, xgboost, lightgbm, sklearn, onnx or mlflow, when the file's name does not tell."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Names of the classes in training order, with commas: A,B,C.")
    ] = None,
    sample: Annotated[
        Path | None,
        typer.Option(help="Rows the model was trained for: .npz (X), .npy, .csv or .parquet of the feature columns."),
    ] = None,
    service: Annotated[
        str | None,
        typer.Option(
            help="A folder in services/, or a service.toml, whose fields the features are made of; the sample is a "
            "table of them."
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The sample's column that is no feature but the truth; a regressor's value.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="What a regressor's value is counted in, such as kg_per_ha.")] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Rows with their truth that the model was not trained on; formats as --sample.")
    ] = None,
    background: Annotated[
        bool | None,
        typer.Option(
            "--background/--no-background",
            help="Whether to keep 100 rows of the sample as they are; unless said, not those of people.",
        ),
    ] = None,
    preprocessing: Annotated[
        Path | None,
        typer.Option(help="A pickled scikit-learn imputer or scaler (or Pipeline) to put in front of the model."),
    ] = None,
    quantize: Annotated[
        Literal["dynamic-int8", "float16"] | None,
        typer.Option(help="Make the model smaller, and judge on the sample what that costs."),
    ] = None,
    max_flips: Annotated[
        int, typer.Option(min=0, help="How many labels of the sample --quantize may change, as a count.")
    ] = 0,
    training: Annotated[Path | None, typer.Option(help="A JSON object to keep as metadata.training.")] = None,
    performance: Annotated[Path | None, typer.Option(help="A JSON object of figures, such as f1_score.")] = None,
    out: Annotated[
        Path, typer.Option("--out", "--models", envvar="SERINUS_MODELS", help="The folder to put the bundle in.")
    ] = Path("models"),
    replace: Annotated[bool, typer.Option("--replace", help="Replace a bundle of the same version.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Turn a trained model into a bundle that is proven to answer as the original does.

    At least 10,000 rows go through the original library and through ONNX Runtime: rows like the sample's, every
    threshold of every tree, missing, tiny and huge values. One wrong answer, and nothing is written.

    Try: serinus export model.json --name xgboost --version 1.0.0 --labels CONFIRMED,CANDIDATE --sample train.npz
    """
    if max_flips and not quantize:
        raise typer.BadParameter("--max-flips is what --quantize may cost, and goes with it")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reads it when it is imported
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # our own status line is there already
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # who exports has not agreed to it
    from rich.console import Console

    from export.accuracy import Smaller
    from export.exporter import Request
    from export.exporter import export as made

    served = _service(service)
    personal = served is not None and served.privacy.personal
    value, measured_in, column = _named(served, target, unit)
    request = Request(
        source=source,
        name=name,
        version=version,
        framework=framework,
        labels=tuple(label.strip() for label in labels.split(",")) if labels else None,
        sample=sample,
        preprocessing=preprocessing,
        target=value,
        unit=measured_in,
        column=column,
        calibration=calibration,
        background=not personal if background is None else background,
        smaller=Smaller(quantize, max_flips) if quantize else None,
        training=_json_object(training),
        performance=_json_object(performance),
        fields=served.input if served else None,
        is_personal=personal,
    )
    with Console(stderr=True).status("starting") as status:
        bundle = made(request, out, created_at=datetime.now(UTC), replace=replace, progress=status.update)
    if as_json:
        print(bundle.metadata.model_dump_json(indent=2))
    else:
        Console().print(report(bundle))


def report(bundle: "Bundle") -> "Table":
    """What the parity gate saw, and where the bundle lies."""
    from rich.table import Table

    parity = bundle.metadata.parity
    table = Table("", title="Exported and proven")
    table.add_column(f"{bundle.metadata.model_name} {bundle.metadata.version}", overflow="fold")
    table.add_row("rows tried", f"{parity.rows:,} of {len(parity.kinds)} kinds")
    table.add_row("largest difference", f"{parity.max_difference:.3g} (tolerance {parity.tolerance:.3g})")
    table.add_row("label flips", f"{parity.label_flips} ({parity.ties} ties)")
    table.add_row("missing values", bundle.metadata.nan_policy)
    for what, rows in kept(bundle.metadata).items():
        table.add_row(what.replace("_", " "), f"{rows:,}" if isinstance(rows, int) else rows)
    table.add_row("model.onnx", f"{len(bundle.model) / 1024:,.0f} KB")
    table.add_row("digest", bundle.digest)
    table.add_row("folder", str(bundle.folder))
    return table


def _service(name: str | None) -> "Service | None":
    from serinus import service as services

    return services.load(services.find(name)) if name else None


def _named(
    service: "Service | None", target: str | None, unit: str | None
) -> tuple[str | None, str | None, str | None]:
    """What the model's value is called and counted in, and the column that holds the truth."""
    if service is None or service.service.task == "classification":
        return target, unit, None
    about = service.service
    if unit not in (None, about.unit):
        raise typer.BadParameter(f"--unit {unit} is not what {service.name} counts in: {about.unit}")
    return about.target, about.unit, target


def _json_object(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        loaded = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"cannot read {file}: {error}") from error
    if not isinstance(loaded, dict):
        raise typer.BadParameter(f"{file} must hold a JSON object, not a {type(loaded).__name__}")
    return loaded
