"""Which converter reads which file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from export import from_keras, from_lightgbm, from_mlflow, from_onnx, from_sklearn, from_xgboost
from export.errors import ExportError, Refused
from export.lightgbm_files import is_lightgbm
from export.mlflow_models import is_mlflow
from export.original import Original

Load = Callable[[Path, Sequence[str] | None], Original]
FOLDER = "folder"


@dataclass(frozen=True)
class Converter:
    """`wrote` tells by what is inside, where several libraries use a suffix."""

    load: Load
    suffixes: tuple[str, ...]
    wrote: Callable[[Path], bool] = Path.exists


CONVERTERS = {
    "mlflow": Converter(from_mlflow.load, (FOLDER,), is_mlflow),
    "keras": Converter(from_keras.load, (".keras", ".h5", ".hdf5", FOLDER)),
    "lightgbm": Converter(from_lightgbm.load, (".txt", ".bst", ".model", ".gz"), is_lightgbm),
    "xgboost": Converter(from_xgboost.load, (".json", ".ubj", ".model", ".bst")),
    "sklearn": Converter(from_sklearn.load, (".pkl", ".joblib", ".skops")),
    "onnx": Converter(from_onnx.load, (".onnx",)),
}
PYTORCH = "a PyTorch file, weights without their model: export the .onnx file that torch.onnx.export makes of the model"
NO_WAY_BACK = {
    ".pb": "a frozen TensorFlow graph, which does not say what goes in and what comes out: export the .keras file or "
    "the SavedModel folder it was made of",
    ".tflite": "a TensorFlow Lite file, often rounded to fewer bits than the model it was made of: export that model",
    ".pt": PYTORCH,
    ".pth": PYTORCH,
}


def load(source: Path, framework: str | None, labels: Sequence[str] | None) -> Original:
    """The trained model in `source`, read by the converter of `framework`, or of its suffix."""
    if not source.exists():
        raise ExportError(f"no model {source}")
    if framework is not None and framework not in CONVERTERS:
        raise Refused(f"unknown framework {framework!r}; supported are {', '.join(CONVERTERS)}")
    return CONVERTERS[framework or _framework(source)].load(source, labels)


def _framework(source: Path) -> str:
    kind = FOLDER if source.is_dir() else source.suffix
    if kind in NO_WAY_BACK:
        raise Refused(f"{source} is {NO_WAY_BACK[kind]}")
    for framework, converter in CONVERTERS.items():
        if kind in converter.suffixes and converter.wrote(source):
            return framework
    known = "; ".join(f"{name}: {', '.join(converter.suffixes)}" for name, converter in CONVERTERS.items())
    raise Refused(
        f"cannot tell what {source} is from its name and first bytes; give --framework, or one of these: {known}"
    )
