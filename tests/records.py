"""Services with fields, made for tests: each of their models answers a weighted sum of the features."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from functions.predict.stock import Stock
from serinus import bundle as bundles
from serinus import service as services
from serinus.bundle import Bundle
from serinus.errors import StoreDown
from serinus.features.store import Stored, Unreadable
from serinus.metadata import Checksum, Metadata, Parity
from serinus.schema import ClassificationSchema, InputSchema, RegressionSchema, Rows
from serinus.service import Service
from serinus.session import RUNTIME
from serinus.stores import open_lookup
from tests.bundles import native, softmax

PLOTS = """
[service]
name = "plots"
task = "regression"
target = "yield"
unit = "kg_per_ha"
[input]
rows = "plots"
missing = ["?"]
[[input.fields]]
name = "plot_id"
type = "integer"
minimum = 1
feature = false
example = 1
[[input.fields]]
name = "latitude"
type = "float"
minimum = -90
maximum = 90
unit = "deg"
example = -0.499127
description = "north of the equator"
[[input.fields]]
name = "longitude"
type = "float"
minimum = -180
maximum = 180
unit = "deg"
[[input.fields]]
name = "planting_date"
type = "date"
minimum = 2000-01-01
example = "2021-10-07"
[[input.fields]]
name = "season"
type = "string"
values = ["Long Rains", "Short Rains"]
[[input.fields]]
name = "altitude"
type = "float"
minimum = -430
maximum = 5895
unit = "m"
source = "either"
[[input.fields]]
name = "precip_total"
type = "float"
minimum = 0
maximum = 5000
unit = "mm"
source = "either"
optional = true
[[input.fields]]
name = "gdd_sum"
type = "float"
minimum = 0
maximum = 3000
source = "store"
[[input.fields]]
name = "variety"
type = "string"
values = ["H614", "DK8031"]
others = "unknown"
source = "either"
default = "H614"
[[input.fields]]
name = "irrigated"
type = "boolean"
source = "either"
optional = true
[[input.fields]]
name = "planting_day"
derive = "day_of_year"
of = ["planting_date"]
[models]
ensemble = "1.0.0"
xgboost = "1.0.0"
ridge = "1.0.0"
[auto]
by = "r2"
[features]
entity = "plot_id"
store = "parquet"
address = "features"
retries = 0
max_age_h = 48
[gateway]
max_batch_size = 100
"""
PATIENTS = """
[service]
name = "patients"
task = "classification"
labels = ["RETAINED", "INTERRUPTED"]
[input]
rows = "patients"
[[input.fields]]
name = "patient_id"
type = "string"
max_length = 40
feature = false
example = "IIT-000123"
[[input.fields]]
name = "visit_date"
type = "date"
[[input.fields]]
name = "weight_kg"
type = "float"
minimum = 1
maximum = 300
optional = true
[[input.fields]]
name = "sex"
type = "string"
values = ["FEMALE", "MALE"]
source = "either"
[[input.fields]]
name = "visits"
type = "integer"
minimum = 0
source = "either"
default = 0
[[input.fields]]
name = "day"
derive = "day_of_year"
of = ["visit_date"]
[models]
lightgbm = "1.0.0"
other = "1.0.0"
[features]
entity = "patient_id"
store = "redis"
address = "redis://127.0.0.1:1/0"
retries = 0
[bands]
label = "INTERRUPTED"
from = { low = 0.0, medium = 0.3, high = 0.6 }
"""
NOW = 1_700_000_000.0
KEPT = {"altitude": 1252.0, "precip_total": 450.25, "gdd_sum": 1200.5, "variety": "DK8031", "irrigated": True}

PROVEN = Parity(rows=64, max_difference=0, tolerance=1e-5, label_flips=0, ties=0, runtime=RUNTIME, kinds={"normal": 64})


def write_record_bundle(
    models: Path, name: str, service: Service, *, version: str = "1.0.0", figure: float = 0.9, seed: int = 0
) -> Bundle:
    """A bundle of random weights for the features of `service`, any of which may be missing."""
    about, said = service.service, service.input
    weights = np.random.default_rng(seed).normal(size=(said.features, len(about.labels) or 1)) / said.features
    weights = weights.astype(np.float32)
    rows = _rows(service)
    if about.labels:
        model, truth = softmax(weights, nan_policy="allow"), native(weights, rows)
    else:
        model, truth = _weighted_sum(weights), np.nan_to_num(rows) @ weights
    metadata = Metadata(
        model_name=name,
        version=version,
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        framework="numpy",
        framework_version=np.__version__,
        performance={"f1_score": figure, "r2": figure},
        input_schema=_schema(service),
        output_schema=ClassificationSchema(classes=len(about.labels), labels=about.labels)
        if about.labels
        else RegressionSchema(target=about.target, unit=about.unit),
        nan_policy="allow",
        checksum=Checksum(value=bundles.digest(model)),
        parity=PROVEN,
    )
    golden = io.BytesIO()
    np.savez(golden, rows=rows, native=truth)
    contents = {"model.onnx": model, "metadata.json": metadata.model_dump_json(indent=2).encode()}
    folder = models / name / f"v{version}"
    bundles.write(folder, {**contents, "golden.npz": golden.getvalue()})
    return Bundle.load(folder)


def write_record_service(folder: Path, text: str) -> Path:
    """A service.toml that says `text`, and in ./models the bundles it names, the first of them the best."""
    folder.mkdir(parents=True)
    file = folder / "service.toml"
    file.write_text(text)
    service = services.load(file)
    for place, (name, version) in enumerate(service.models.items()):
        write_record_bundle(folder / "models", name, service, version=version, figure=0.9 - place / 100, seed=place)
    return file


def _schema(service: Service) -> InputSchema:
    said = service.input
    words: dict[int, Any] = {
        said.names.index(field.name): field.category for field in said.given if field.is_feature and field.category
    }
    kept = {"fields": said.fields, "missing": tuple(sorted(said.missing))}
    return InputSchema.of(said.features, said.names, words).model_copy(update=kept)


def _rows(service: Service) -> Rows:
    rows = np.random.default_rng(0).normal(size=(64, service.input.features)).astype(np.float32)
    for place, category in _schema(service).categories_by_place.items():
        rows[:, place] = np.arange(64) % len(category.words)
    return rows


def _weighted_sum(weights: NDArray[np.float32]) -> bytes:
    graph = helper.make_graph(
        [
            helper.make_node("IsNaN", ["input"], ["missing"]),
            helper.make_node("Where", ["missing", "zero", "input"], ["filled"]),
            helper.make_node("MatMul", ["filled", "weights"], ["value"]),
        ],
        "weighted_sum",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", len(weights)])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.zeros((), np.float32), "zero")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


class Shelf:
    """A feature store in memory. asked: whom each question was about."""

    def __init__(self, kept: Mapping[str, Stored | Unreadable] | None = None) -> None:
        self.kept = dict(kept or {})
        self.is_down = False
        self.asked: list[list[str]] = []

    def get(self, entities: Sequence[str]) -> Mapping[str, Stored | Unreadable]:
        self.asked.append(list(entities))
        self.ping()
        return {entity: self.kept[entity] for entity in entities if entity in self.kept}

    def put(self, records: Mapping[str, Stored]) -> None:
        self.kept.update(records)

    def entities(self) -> Iterator[str]:
        return iter(self.kept)

    def ping(self) -> None:
        if self.is_down:
            raise StoreDown("no answer from 10.0.0.7", retry_after_s=2.5)


def stock_of(service: Service, shelf: Shelf, clock: Callable[[], float] = lambda: NOW) -> Stock:
    assert service.features is not None
    hours = service.features.max_age_h
    return Stock(open_lookup(service, shelf), shelf, hours and hours * 3600, clock)
