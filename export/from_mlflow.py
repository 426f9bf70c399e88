"""MLflow model directories as originals: the file in them, read by its own converter, named by the signature."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from export import from_keras, from_lightgbm, from_onnx, from_sklearn, from_xgboost
from export.errors import Refused
from export.mlflow_models import MLmodel, described
from export.mlflow_rows import example_rows, names_of
from export.original import Original
from export.skops_files import SKOPS

Load = Callable[[Path, Sequence[str] | None], Original]
Flavour = Mapping[str, Any]
OBJECTS = (".pkl", ".joblib", SKOPS)
AGAIN = "log it again with serialization_format='skops' or 'pickle'"


def load(source: Path, labels: Sequence[str] | None) -> Original:
    model = described(source)
    flavour = _flavour(source, model)
    file, read = FLAVOURS[flavour](source, model.flavors[flavour])
    if not file.exists():
        raise Refused(f"{source} is to hold {file.relative_to(source)}, which is not there")
    original = read(file, labels)
    original = replace(original, names=names_of(model, original), training={**original.training, **_known(model)})
    return replace(original, examples=example_rows(source, model, original))


def _known(model: MLmodel) -> dict[str, str]:
    known = {"mlflow_run_id": model.run_id, "mlflow_model_id": model.model_id}
    return {name: said for name, said in known.items() if said is not None}


def _flavour(source: Path, model: MLmodel) -> str:
    known = next((flavour for flavour in FLAVOURS if flavour in model.flavors), None)
    if known is not None:
        return known
    function = model.flavors.get("python_function", {})
    if set(model.flavors) <= {"python_function"}:
        raise Refused(
            f"{source} is a Python function ({function.get('loader_module', 'unknown')}) and nothing else: code cannot "
            f"be exported. Log the model inside by its own flavour: {', '.join(FLAVOURS)}"
        )
    others = ", ".join(sorted(set(model.flavors) - {"python_function"}))
    raise Refused(f"{source} is a model of the flavour {others}; supported are {', '.join(FLAVOURS)}")


def _xgboost(folder: Path, said: Flavour) -> tuple[Path, Load]:
    return folder / said.get("data", "model.xgb"), from_xgboost.load


def _lightgbm(folder: Path, said: Flavour) -> tuple[Path, Load]:
    file = folder / said.get("data", "model.lgb")
    return (_object(file), from_sklearn.load) if file.suffix != ".lgb" else (file, from_lightgbm.load)


def _sklearn(folder: Path, said: Flavour) -> tuple[Path, Load]:
    return _object(folder / said.get("pickled_model", "model.pkl")), from_sklearn.load


def _object(file: Path) -> Path:
    if file.suffix not in OBJECTS:
        raise Refused(f"{file} is in the format {file.suffix[1:]}, which is not read here: {AGAIN}")
    return file


def _onnx(folder: Path, said: Flavour) -> tuple[Path, Load]:
    return folder / said.get("data", "model.onnx"), from_onnx.load


def _keras(folder: Path, said: Flavour) -> tuple[Path, Load]:
    places = list(_keras_places(folder, said))
    return next((place for place in places if place.exists()), places[0]), from_keras.load


def _keras_places(folder: Path, said: Flavour) -> Iterator[Path]:
    """Where MLflow has kept Keras models over the years: in formats that it does not always name."""
    if "saved_model_dir" in said:
        yield folder / said["saved_model_dir"]
    inside = folder / said.get("data", "data")
    yield from (inside / "model.keras", inside / "model.h5", inside / "model", inside)


FLAVOURS: dict[str, Callable[[Path, Flavour], tuple[Path, Load]]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "keras": _keras,
    "tensorflow": _keras,
    "sklearn": _sklearn,
    "onnx": _onnx,
}
