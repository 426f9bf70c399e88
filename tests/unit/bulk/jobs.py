"""Real jobs on real bundles for the tests of serinus.bulk."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper

from serinus import bundle as bundles
from serinus import service as services
from serinus.bulk import local
from serinus.bulk.formats import Format
from serinus.bulk.local import Outcome
from serinus.bulk.plan import Request, plan
from serinus.bulk.scorer import Scorer, load
from serinus.bulk.sources import Cut
from serinus.category import Category
from serinus.schema import NanPolicy
from tests.bundles import LABELS, write_bundle

FEATURES = 3
SERVICE = """
[service]
name = "tiny"
task = "{task}"
labels = {labels}
[input]
features = {features}
[models]
{models}
[ensemble]
voting = "{voting}"
[bulk]
max_bad_rate = {max_bad_rate}
"""


@dataclass(frozen=True)
class Bench:
    """A service with its bundles in a folder."""

    folder: Path
    nan_policy: NanPolicy = "allow"
    names: tuple[str, ...] | None = None
    max_bad_rate: float = 0.9
    features: int = FEATURES
    voting: str = "soft"
    categories: Mapping[int, Category] = field(default_factory=dict)

    @property
    def service(self) -> Path:
        return self.folder / "service.toml"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    def scorer(self, model: str = "linear") -> Scorer:
        if not self.service.exists():
            self._write()
        return load(services.load(self.service), self.models, model)

    def _write(self) -> None:
        weights = np.eye(self.features, len(LABELS), dtype=np.float32) * 5
        for name, sign in (("linear", 1), ("bent", -1)):
            if (self.models / name).exists():
                continue
            write_bundle(
                self.models,
                name,
                weights=weights * np.float32(sign),
                nan_policy=self.nan_policy,
                names=self.names,
                categories=self.categories,
                f1_score=0.9 if name == "linear" else 0.8,
            )
        text = SERVICE.format(
            task="classification",
            labels=json.dumps(LABELS),
            features=self.features,
            models='linear = "1.0.0"\nbent = "1.0.0"',
            voting=self.voting,
            max_bad_rate=self.max_bad_rate,
        )
        self.service.write_text(text)


def run(
    scorer: Scorer,
    file: Path,
    out: Path,
    *,
    format: Format = "parquet",
    keep: Sequence[str] = (),
    cut: Cut | None = None,
    workers: int = 2,
) -> Outcome:
    request = Request(file, format, tuple(keep), cut or Cut())
    return local.run(plan(request, scorer), out, workers=workers)


def predictions(out: Path) -> list[dict[str, Any]]:
    """The rows of all prediction parts, in order."""
    return [row for part in sorted(out.glob("predictions/part-*")) for row in rows_of(part)]


def quarantine(out: Path) -> list[dict[str, Any]]:
    return [row for part in sorted(out.glob("quarantine/part-*")) for row in rows_of(part)]


def rows_of(part: Path) -> list[dict[str, Any]]:
    if part.suffix == ".parquet":
        rows: list[dict[str, Any]] = pq.read_table(part).to_pylist()
        return rows
    if part.suffix == ".csv":
        with part.open(newline="") as text:
            return list(csv.DictReader(text))
    return [json.loads(line) for line in part.read_bytes().splitlines()]


def tree(out: Path) -> dict[str, bytes]:
    """Every file under `out`, hidden ones too."""
    return {str(file.relative_to(out)): file.read_bytes() for file in sorted(out.rglob("*")) if file.is_file()}


def rows(count: int, features: int = FEATURES, *, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(size=(count, features)).astype(np.float32)


def winners(numbers: np.ndarray[Any, np.dtype[np.float32]]) -> list[str]:
    """What the model `linear` says of `numbers`: the label of the largest of the first features."""
    return [LABELS[best] for best in np.nan_to_num(numbers)[:, : len(LABELS)].argmax(axis=1)]


def table(numbers: np.ndarray[Any, np.dtype[np.float32]], **ids: Any) -> pa.Table:
    return pa.table({**ids, **{f"f{i}": np.ascontiguousarray(column) for i, column in enumerate(numbers.T)}})


def write_csv(file: Path, columns: pa.Table) -> Path:
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(columns.column_names)
        writer.writerows(row.values() for row in columns.to_pylist())
    return file


def write_jsonl(file: Path, columns: pa.Table) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in columns.to_pylist()))
    return file


def write_regressor(bench: Bench) -> Scorer:
    """A service whose one model, `sum`, answers the sum of the features."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["input", "ones"], ["value"])],
        "sum",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", FEATURES])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(np.ones((FEATURES, 1), np.float32), "ones")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    like = write_bundle(bench.models, "linear")
    metadata = like.metadata.model_dump(mode="json") | {
        "model_name": "sum",
        "output_schema": {"task": "regression"},
        "checksum": {"value": bundles.digest(model.SerializeToString())},
    }
    files = {"model.onnx": model.SerializeToString(), "metadata.json": json.dumps(metadata).encode()}
    bundles.write(bench.models / "sum" / "v1.0.0", {**files, "golden.npz": like.golden.read_bytes()})
    text = SERVICE.format(
        task="regression", labels="[]", features=FEATURES, models='sum = "1.0.0"', voting="soft", max_bad_rate=0.5
    )
    bench.service.write_text(text)
    return load(services.load(bench.service), bench.models, "auto")
