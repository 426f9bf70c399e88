"""Small real bundles for tests, made with nothing but onnx: a softmax over a weighted sum."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from pydantic import BaseModel

from serinus import bundle as bundles
from serinus.bundle import Bundle
from serinus.category import Category
from serinus.fields import AnyField
from serinus.golden import Natives
from serinus.metadata import Checksum, Metadata, Parity
from serinus.schema import ClassificationSchema, InputSchema, NanPolicy, RegressionSchema, Rows
from serinus.session import RUNTIME

LABELS = ("CONFIRMED", "CANDIDATE", "FALSE_POSITIVE")


def softmax(weights: NDArray[np.float32], *, nan_policy: NanPolicy = "reject") -> bytes:
    """A graph that answers softmax(rows @ weights); a NaN counts as 0 where the policy allows it."""
    features, classes = weights.shape
    graph = helper.make_graph(
        [
            helper.make_node("IsNaN", ["input"], ["missing"]),
            helper.make_node("Where", ["missing", "zero", "input"], ["filled"]),
            helper.make_node("MatMul", ["filled" if nan_policy == "allow" else "input", "weights"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
            helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
        ],
        "softmax",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", features])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes]),
        ],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.zeros((), np.float32), "zero")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def native(weights: NDArray[np.float32], rows: Rows) -> Natives:
    scores = np.nan_to_num(rows) @ weights
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def write_bundle(
    models: Path,
    name: str = "linear",
    *,
    weights: NDArray[np.float32] | None = None,
    labels: Sequence[str] = LABELS,
    nan_policy: NanPolicy = "reject",
    f1_score: float = 0.9,
    names: Sequence[str] | None = None,
    categories: Mapping[int, Category] | None = None,
    fields: Sequence[AnyField] = (),
    version: str = "1.0.0",
) -> Bundle:
    """A bundle of `weights` [F, C] (by default the identity: the largest of three features wins) in `models`."""
    weights = np.eye(len(labels), dtype=np.float32) * 5 if weights is None else weights
    model = softmax(weights, nan_policy=nan_policy)
    rows = np.random.default_rng(0).normal(size=(64, len(weights))).astype(np.float32)
    for place, category in (categories or {}).items():
        unknown = 1 if category.others == "unknown" else 0
        rows[:, place] = np.arange(64) % (len(category.words) + unknown) - unknown
    metadata = Metadata(
        model_name=name,
        version=version,
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        framework="numpy",
        framework_version=np.__version__,
        performance={"f1_score": f1_score, "accuracy": f1_score},
        input_schema=InputSchema.of(len(weights), names, categories).model_copy(update={"fields": tuple(fields)}),
        output_schema=ClassificationSchema(classes=len(labels), labels=tuple(labels)),
        nan_policy=nan_policy,
        checksum=Checksum(value=bundles.digest(model)),
        parity=Parity(
            rows=64, max_difference=0, tolerance=1e-5, label_flips=0, ties=0, runtime=RUNTIME, kinds={"normal": 64}
        ),
    )
    folder = models / name / f"v{version}"
    golden = folder.parent / "golden.npz"
    folder.parent.mkdir(parents=True, exist_ok=True)
    np.savez(golden, rows=rows, native=native(weights, rows))
    contents = {"model.onnx": model, "metadata.json": metadata.model_dump_json(indent=2).encode()}
    bundles.write(folder, {**contents, "golden.npz": golden.read_bytes()})
    golden.unlink()
    return Bundle.load(folder)


def weighted_sum(weights: NDArray[np.float32]) -> bytes:
    """A graph that answers rows @ weights, one value per row."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["input", "weights"], ["value"])],
        "weighted_sum",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", len(weights)])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(weights.reshape(-1, 1), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def write_regressor(
    models: Path,
    name: str = "sum",
    *,
    weights: Sequence[float] = (1, 1, 1),
    performance: Mapping[str, float] | None = None,
    version: str = "1.0.0",
) -> Bundle:
    """A bundle in `models` that answers the sum of the features, each times its weight."""
    factors = np.array(weights, np.float32)
    model = weighted_sum(factors)
    rows = np.random.default_rng(0).normal(size=(64, len(factors))).astype(np.float32)
    golden = io.BytesIO()
    np.savez(golden, rows=rows, native=rows.astype(np.float64) @ factors)
    metadata = Metadata(
        model_name=name,
        version=version,
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        framework="numpy",
        framework_version=np.__version__,
        performance={"rmse": 1.0} if performance is None else dict(performance),
        input_schema=InputSchema.of(len(factors)),
        output_schema=RegressionSchema(),
        nan_policy="reject",
        checksum=Checksum(value=bundles.digest(model)),
        parity=Parity(
            rows=64, max_difference=0, tolerance=1e-5, label_flips=0, ties=0, runtime=RUNTIME, kinds={"normal": 64}
        ),
    )
    contents = {"model.onnx": model, "metadata.json": metadata.model_dump_json(indent=2).encode()}
    bundles.write(models / name / f"v{version}", {**contents, "golden.npz": golden.getvalue()})
    return Bundle.load(models / name / f"v{version}")


def write_service(folder: Path, *models: str, features: int = 3, extra: str = "", **how: Any) -> Path:
    """A service.toml of linear models, the first of them the best, its bundles in ./models, each written as `how`
    says; `extra` is appended."""
    for place, name in enumerate(models):
        normal = np.random.default_rng(place).normal(size=(features, len(LABELS)))
        weights = (normal * 3.5 / features**0.5).astype(np.float32)
        write_bundle(folder / "models", name, weights=weights, f1_score=0.9 - place / 100, **how)
    about = f'[service]\nname = "{folder.name}"\ntask = "classification"\nlabels = {list(LABELS)}\n'
    pinned = "".join(f'{name} = "1.0.0"\n' for name in models)
    file = folder / "service.toml"
    file.write_text(f"{about}[input]\nfeatures = {features}\n[models]\n{pinned}{extra}")
    return file


def resigned(folder: Path, name: str, contents: bytes) -> None:
    """Replace one file of a bundle and write SHA256SUMS to match, as a careful forger would."""
    (folder / name).write_bytes(contents)
    listed = [line.split()[1] for line in (folder / bundles.SUMS).read_text().splitlines()]
    files = {file: (folder / file).read_bytes() for file in (*listed, name)}
    lines = [f"{bundles.digest(contents)}  {file}\n" for file, contents in files.items()]
    (folder / bundles.SUMS).write_text("".join(lines))


def with_reference(bundle: Bundle, arrays: Mapping[str, NDArray[np.generic]], **summaries: BaseModel) -> Bundle:
    """`bundle` made anew with `arrays` in reference.npz, and with `summaries` of them in its metadata."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's own options stand among the names
    contents = {name: (bundle.folder / name).read_bytes() for name in bundles.FILES}
    contents["metadata.json"] = bundle.metadata.model_copy(update=summaries).model_dump_json(indent=2).encode()
    bundles.write(bundle.folder, {**contents, bundles.REFERENCE: file.getvalue()}, replace=True)
    return Bundle.load(bundle.folder)
