"""Export: load a trained model, convert it, prove the result equal to it, write the bundle."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydantic import JsonValue

from export.accuracy import Proven, Smaller, shrunk
from export.calibration import with_known_truth
from export.converters import load
from export.errors import ExportError, Refused
from export.extras import need
from export.field_tables import FieldTable, sample_of_fields
from export.fields import check_rows, described, recorded
from export.gate import prove
from export.golden_rows import golden_file
from export.mlflow_uris import located
from export.original import Original
from export.preprocessing import behind
from export.probes import Probes, probes
from export.reference import Kept, of_sample, with_calibration
from export.samples import ARRAYS, Sample, Source, sample_of
from export.served import Progress
from export.target import columns_of, named
from serinus import bundle as bundles
from serinus.bundle import GOLDEN, METADATA, MODEL, Bundle
from serinus.errors import listed
from serinus.metadata import NAME, SEMVER, Checksum, Metadata
from serinus.record import Form
from serinus.registry.folder_store import is_registered
from serinus.schema import InputSchema
from serinus.sections import Input
from serinus.service import bundle_folder

SEED = 0


@dataclass(frozen=True)
class Request:
    """What to export, and what to say about it.

    source: a file, a folder, or an address in MLflow, as models:/name@alias
    sample: rows like those the model was trained on, a file or an array; the gate draws its rows from them
    preprocessing: a pickled scikit-learn transformer that made the rows the model was trained on
    target: the column of the sample that holds the truth; what a regressor's value is called. unit: what it is in
    column: the column that holds the truth, where it is called otherwise
    calibration: rows of known truth that the model was not trained on
    background: whether the bundle keeps rows of the sample as they are, as background or as golden rows
    smaller: how to make the graph smaller, which is judged on the sample
    fields: the service's input, where it has fields: what the features are called and made of
    is_personal: whether errors about rows must say no value
    """

    source: Path | str
    name: str
    version: str
    framework: str | None = None
    labels: tuple[str, ...] | None = None
    sample: Source | None = None
    preprocessing: Path | None = None
    target: str | None = None
    unit: str | None = None
    column: str | None = None
    calibration: Source | None = None
    background: bool = True
    smaller: Smaller | None = None
    training: Mapping[str, JsonValue] = field(default_factory=dict)
    performance: Mapping[str, float] = field(default_factory=dict)
    fields: Input | None = None
    is_personal: bool = False


@dataclass(frozen=True)
class Given:
    """What a request names, read; `source`: the digests of the original's files."""

    original: Original
    source: Mapping[str, str]
    sample: Sample | None = None
    calibration: Sample | None = None


def export(
    request: Request, models: Path, *, created_at: datetime, replace: bool = False, progress: Progress = lambda _: None
) -> Bundle:
    """Make the bundle of `request` in the folder `models`; nothing is written unless the gate was passed."""
    folder = bundle_folder(models, request.name, request.version)
    _check(request, folder, replace=replace)
    progress(f"loading {request.source}")
    given = _read(request, progress)
    progress("converting")
    model = _converted(given.original, request)
    proven = Proven(given.original, model, prove(given.original, model, _probes(given, request), progress))
    if request.smaller is not None and given.sample is not None:
        proven = shrunk(proven, given.sample, request.smaller, progress)
    progress("describing the sample")
    kept = _kept(request, given, proven.model)
    progress(f"writing {folder}")
    metadata = _metadata(request, proven, given.source, created_at).model_copy(update=kept.summaries)
    contents = {METADATA: metadata.model_dump_json(indent=2).encode(), GOLDEN: golden_file(proven.proof)}
    bundles.write(folder, {MODEL: proven.model, **contents, **kept.files}, replace=replace)
    return Bundle.load(folder)


def _check(request: Request, folder: Path, *, replace: bool) -> None:
    """Refuse early what would be refused at the end."""
    if not re.fullmatch(NAME, request.name):
        raise ExportError(f"the name {request.name!r} must be lowercase letters, digits, _ and -, a letter first")
    if not re.fullmatch(SEMVER, request.version):
        raise ExportError(f"the version {request.version!r} must be three numbers, as in 1.0.0")
    if request.smaller is not None and request.sample is None:
        raise ExportError(f"what {request.smaller.method} costs is judged on a sample: give one with --sample")
    if folder.exists() and not replace:
        raise ExportError(f"{folder} exists, and a bundle is immutable: give the model a new version, or --replace it")
    if is_registered(folder):
        raise ExportError(f"{folder} is registered, and what others know is not replaced: give it a new version")


def _read(request: Request, progress: Progress) -> Given:
    original, source = _original(request)
    original = named(original, request.target, request.unit)
    if request.fields is not None:
        original = described(original, request.fields)
    sample = calibration = None
    if request.sample is not None:
        sample = _sample(request, request.sample, original, progress)
        original = replace(original, names=original.names or sample.names)
    if request.calibration is not None:
        calibration = _sample(request, request.calibration, original, progress)
        calibration = with_known_truth(original, calibration)
    return Given(original, source, sample, calibration)


def _sample(request: Request, source: Source, original: Original, progress: Progress) -> Sample:
    columns = columns_of(original, request.column or request.target)
    if request.fields is None:
        return sample_of(source, columns)
    if not isinstance(source, Path) or source.suffix in ARRAYS:
        sample = sample_of(source, columns)
        check_rows(original, sample.rows, str(source) if isinstance(source, Path) else "the sample")
        return sample
    form = Form.of(request.fields, original.nan_policy)
    table = FieldTable(source, form, columns.target, columns.truth_is_words, request.is_personal)
    sample, ignored = sample_of_fields(table)
    progress(f"read {len(sample.rows):,} rows of {source}" + (f"; no fields: {listed(ignored)}" if ignored else ""))
    return sample


def _original(request: Request) -> tuple[Original, dict[str, str]]:
    """The model of `request` behind its preprocessing, and the digests of both."""
    with TemporaryDirectory(prefix="serinus-") as scratch:
        found = located(request.source, Path(scratch))
        try:
            original, digests = load(found.path, request.framework, request.labels), _digests(found.path)
        except Refused as error:  # it may name a file that is gone by the time this is read
            raise Refused(str(error).replace(str(found.path), str(request.source))) from error
    original = replace(original, training={**original.training, **found.known})
    if request.preprocessing is None:
        return original, digests
    served = replace(behind(request.preprocessing, original), examples=None)  # which are rows from behind it
    return served, digests | _digests(request.preprocessing)


def _probes(given: Given, request: Request) -> Probes:
    rows = given.original.examples if given.sample is None else given.sample.rows
    return probes(given.original, rows, np.random.default_rng(SEED), travels=request.background)


def _kept(request: Request, given: Given, model: bytes) -> Kept:
    kept = Kept()
    if given.sample is not None:
        kept = of_sample(given.original, model, given.sample, background=request.background)
    if given.calibration is not None:
        kept = with_calibration(kept, given.original, model, given.calibration, given.sample)
    return kept


def _converted(original: Original, request: Request) -> bytes:
    need("onnx")
    from export.graph import finish  # here, so that a missing onnx is reported as such

    return finish(original, {"name": request.name, "version": request.version, "framework": original.framework})


def _metadata(request: Request, proven: Proven, source: Mapping[str, str], created_at: datetime) -> Metadata:
    original = proven.original
    return Metadata(
        model_name=request.name,
        version=request.version,
        created_at=created_at,
        framework=original.framework,
        framework_version=original.framework_version,
        training={**original.training, **request.training},
        performance=dict(request.performance),
        input_schema=recorded(InputSchema.of(original.features, original.names, original.categories), request.fields),
        output_schema=original.output,
        nan_policy=original.nan_policy,
        dependencies=dict(sorted(original.dependencies.items())),
        source=dict(source),
        checksum=Checksum(value=bundles.digest(proven.model)),
        parity=proven.parity,
        quantization=proven.quantization,
    )


def _digests(source: Path) -> dict[str, str]:
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    return {file.relative_to(source.parent).as_posix(): bundles.digest(file.read_bytes()) for file in files}
